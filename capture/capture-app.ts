import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { Steady } from '../relay/client/steady.ts';
import type { DeviceState } from '../relay/protocol.ts';
import { appStyles } from './app-styles.ts';
import { detectBrowser } from './browser.ts';
import './camera-step.ts';
import { Camera } from './camera.ts';
import { deviceState } from './device-state.ts';
import { endingOf, linkEnding, type WayOn } from './endings.ts';
import './final-step.ts';
import { chooseLanguage, currentLanguage, preferredLanguage, useLanguage } from './localization.ts';
import { MicrophoneLevel } from './microphone-level.ts';
import { parseLinkToken } from './pin.ts';
import './pin-step.ts';
import './preview-step.ts';
import { type Choices, NO_CHOICES, recallChoices, rememberChoices } from './resume.ts';
import { type Step, stepOf } from './route.ts';
import './self-view.ts';
import './session-view.ts';
import { SupportSession } from './support-session.ts';
import './terms-step.ts';
import './tutorial-step.ts';
import { type Trouble, troubleOf } from './trouble.ts';
import { standingPermission } from './user-media.ts';
import { WakeLock } from './wake-lock.ts';

/** Steps that lie over the customer's own picture. */
const OVER_PICTURE: ReadonlySet<Step> = new Set(['preview', 'terms', 'session']);

/**
 * The customer's page: holds what is so, shows the step that follows from it, and passes taps on.
 * What the steps look like and say is in their own files.
 */
@customElement('capture-app')
export class CaptureApp extends LitElement {
  static override styles = appStyles;

  readonly #browser = detectBrowser(navigator.userAgent, navigator.maxTouchPoints);
  readonly #wakeLock = new WakeLock();
  readonly #audio = document.createElement('audio');
  readonly #camera = new Camera(() => this.mediaChanged());
  readonly #microphoneLevel = new MicrophoneLevel((level) => {
    this.level = level;
  });
  readonly #session: SupportSession;
  #linkToken = parseLinkToken(location.pathname);

  readonly #trouble = new Steady(() => this.requestUpdate());
  readonly #mediaTrouble = new Steady(() => this.requestUpdate());
  /** Of the page before a reload. */
  #choices: Choices = NO_CHOICES;
  /** The browser would ask again, and some ask only in a tap. */
  @state() private needsTap = false;
  @state() private tutorialSeen = false;
  @state() private previewSeen = false;
  @state() private isMuted = false;
  @state() private isPaused = false;
  @state() private soundBlocked = false;
  @state() private level = 0;
  #brand = 'Fernblick';

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    const language = preferredLanguage();
    void useLanguage(language);
    this.#audio.autoplay = true;
    this.#session = new SupportSession(language, this.#linkToken, {
      changed: () => this.sessionChanged(),
      remoteAudio: (track) => this.playRemote(track),
    });
    if (this.#session.standing.kind === 'resuming') {
      this.#choices = recallChoices();
      this.isMuted = this.#choices.muted;
      this.isPaused = this.#choices.paused;
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#session.open();
    if (this.#session.standing.kind === 'outside' && this.#linkToken) {
      this.#session.claim({ token: this.#linkToken });
    } else if (this.#session.standing.kind === 'resuming') {
      // A reloaded page does not wait for the relay: the camera takes as long as the socket.
      void this.reopenCamera();
    }
  }

  private get step(): Step {
    const { standing, problem } = this.#session;
    return stepOf({
      standing: standing.kind,
      byLink: this.#linkToken !== undefined,
      hasProblem: problem !== undefined,
      tutorialSeen: this.tutorialSeen,
      cameraOpen: this.#camera.isOpen,
      cameraProblem: this.#camera.problem !== undefined || this.needsTap,
      previewSeen: this.previewSeen,
    });
  }

  private get devices(): DeviceState {
    return deviceState(this.#camera, {
      muted: this.isMuted,
      paused: this.isPaused,
      hidden: document.visibilityState === 'hidden',
    });
  }

  private sessionChanged(): void {
    const { standing } = this.#session;
    switch (standing.kind) {
      case 'claimed':
        this.#brand = standing.claim.brand;
        document.title = this.#brand;
        break;
      case 'inside':
        // The link is used up; a reload continues with the resume token.
        history.replaceState(null, '', '/');
        void this.reopenCamera();
        break;
      case 'over':
      case 'declined':
      case 'gone':
        this.release();
        break;
      default:
        break;
    }
    this.listen();
    this.requestUpdate();
  }

  /** Without a tap, where the browser lets a page do that. */
  private async reopenCamera(): Promise<void> {
    const isWanted = () => !this.#camera.isOpen && !this.#camera.isBusy && !this.#camera.problem;
    if (!isWanted() || this.needsTap) {
      return;
    }
    const permission = await standingPermission(navigator);
    if (permission === 'prompt' && this.#session.standing.kind === 'resuming') {
      return;
    }
    if (isWanted()) {
      await this.#camera.open(true, this.#choices.deviceId);
      this.needsTap = this.#camera.problem === 'denied' && permission === 'prompt';
    }
  }

  private mediaChanged(): void {
    const { audio, video } = this.#camera;
    if (!video && this.#camera.isBusy) {
      // Not known yet what there will be: nobody needs to hear of the moment without.
      this.requestUpdate();
      return;
    }
    this.remember();
    if (video) {
      // The customer's own picture goes dark too, so that "paused" is believed.
      video.enabled = !this.isPaused;
      this.#wakeLock.hold();
    }
    this.#session.offerMedia(
      // A page that nobody looks at does not show what is around it.
      { audio: this.isMuted ? null : audio, video: this.devices.camera === 'paused' ? null : video },
      this.devices,
    );
    this.listen();
    this.requestUpdate();
  }

  private remember(): void {
    if (this.#session.standing.kind === 'inside') {
      const deviceId = this.#camera.deviceId ?? this.#choices.deviceId;
      rememberChoices({ muted: this.isMuted, paused: this.isPaused, deviceId });
    }
  }

  private listen(): void {
    const { standing } = this.#session;
    const isActive = standing.kind === 'inside' && standing.customer.phase === 'active';
    const isShown = this.step === 'preview' || (isActive && !this.isMuted);
    this.#microphoneLevel.listen(isShown ? this.#camera.audio : null);
  }

  /** Camera light off, screen may sleep, silence. */
  private release(): void {
    this.#microphoneLevel.close();
    this.#wakeLock.release();
    this.#audio.srcObject = null;
    if (this.#camera.isOpen || this.#camera.isBusy) {
      this.#camera.stop();
    }
  }

  private playRemote(track: MediaStreamTrack): void {
    this.#audio.srcObject = new MediaStream([track]);
    this.playSound();
  }

  /** While a tap is handled this unlocks the element for all that it plays later. */
  private playSound(): void {
    this.#audio.play().then(
      () => {
        this.soundBlocked = false;
      },
      (error: unknown) => {
        this.soundBlocked = error instanceof Error && error.name === 'NotAllowedError';
      },
    );
  }

  /** Any tap will do for what the browser lets only a tap do. */
  private wakeSound(): void {
    this.#microphoneLevel.resume();
    if (this.soundBlocked) {
      this.playSound();
    }
  }

  private accept(): void {
    this.#audio.srcObject ??= new MediaStream();
    this.playSound();
    void this.#session.accept(currentLanguage(), this.#browser.name);
  }

  private async openCamera(microphone: boolean): Promise<void> {
    this.#microphoneLevel.unlock();
    this.needsTap = false;
    await this.#camera.open(microphone);
  }

  private toggleMicrophone(): void {
    this.isMuted = !this.isMuted;
    this.mediaChanged();
  }

  private togglePause(): void {
    this.isPaused = !this.isPaused;
    this.mediaChanged();
  }

  private goOn(wayOn: WayOn): void {
    switch (wayOn) {
      case 'typePin':
        this.#linkToken = undefined;
        this.tutorialSeen = true;
        history.replaceState(null, '', '/');
        this.#session.forgetProblem();
        break;
      case 'tryLinkAgain':
        if (this.#linkToken) {
          this.#session.claim({ token: this.#linkToken });
        }
        break;
      case 'startOver':
        location.assign('/');
        break;
      case 'reload':
        location.reload();
        break;
    }
  }

  private async switchLanguage(): Promise<void> {
    const language = currentLanguage() === 'de' ? 'en' : 'de';
    await chooseLanguage(language);
    this.#session.speak(language);
  }

  protected override render(): TemplateResult {
    const step = this.step;
    const isOverPicture = OVER_PICTURE.has(step);
    const { standing } = this.#session;
    const isBare = step === 'session' && standing.kind === 'inside' && standing.customer.phase !== 'waiting';
    return html`
      <div class=${isOverPicture ? `stage ${isBare ? 'bare' : ''}` : 'page'} @click=${this.wakeSound}>
        ${isOverPicture ? this.selfView(step) : nothing}
        <header>
          <span class="brand"><img src="/capture/mark.svg" alt="" /><span>${this.#brand}</span></span>
          ${this.languageButton(isBare)}
        </header>
        ${this.banner(step)}
        <main>${this.content(step)}</main>
      </div>
      ${this.#audio}
    `;
  }

  /** The other language by its own name, or by its first two letters where room is short. */
  private languageButton(isShort: boolean): TemplateResult {
    const [language, name] = currentLanguage() === 'de' ? ['en', 'English'] : ['de', 'Deutsch'];
    return html`<button lang=${language} @click=${this.switchLanguage}>
      ${isShort ? html`${language.toUpperCase()} <span class="visually-hidden">${name}</span>` : name}
    </button>`;
  }

  private selfView(step: Step): TemplateResult {
    return html`<self-view
      .stream=${this.#camera.preview}
      ?mirrored=${this.#camera.isMirrored}
      ?dimmed=${step === 'terms' || this.isDimmed}
    ></self-view>`;
  }

  /** Nobody else sees the picture at the moment. */
  private get isDimmed(): boolean {
    const { standing } = this.#session;
    return (
      standing.kind === 'inside' &&
      (standing.customer.phase !== 'active' || this.trouble !== undefined || this.devices.camera === 'paused')
    );
  }

  /** What has kept the session from going on for a moment already. */
  private get trouble(): Trouble | undefined {
    const { standing, connection } = this.#session;
    const trouble =
      standing.kind === 'inside' ? troubleOf(standing.customer, connection === 'open') : undefined;
    return this.#trouble.show(trouble);
  }

  private banner(step: Step): TemplateResult | typeof nothing {
    const isToldElsewhere = step === 'session' || step === 'over' || step === 'declined' || step === 'gone';
    const isLost = this.#session.connection === 'lost' && !isToldElsewhere;
    return html`<div role="status">
      ${isLost ? html`<p class="banner"><span class="spinner"></span>${msg('Connection lost, reconnecting…')}</p>` : nothing}
    </div>`;
  }

  private content(step: Step): TemplateResult {
    const { standing, problem, isBusy } = this.#session;
    switch (step) {
      case 'loading':
        return html`<div class="loading"><span class="spinner"></span><p>${msg('One moment, please.')}</p></div>`;
      case 'tutorial':
        return html`<tutorial-step
          @tutorial-done=${() => {
            this.tutorialSeen = true;
          }}
        ></tutorial-step>`;
      case 'pin':
        return html`<pin-step
          .problem=${problem}
          ?busy=${isBusy}
          @pin-entered=${({ detail }: CustomEvent<string>) => this.#session.claim({ pin: detail })}
          @problem-read=${() => this.#session.forgetProblem()}
        ></pin-step>`;
      case 'camera':
        return html`<camera-step
          .problem=${this.needsTap ? undefined : this.#camera.problem}
          .browser=${this.#browser.kind}
          ?busy=${this.#camera.isBusy}
          ?inside=${standing.kind === 'inside'}
          @camera-wanted=${({ detail }: CustomEvent<boolean>) => this.openCamera(detail)}
          @leave=${() => this.#session.leave()}
        ></camera-step>`;
      case 'preview':
        return html`<preview-step
          ?hasMicrophone=${this.#camera.audio !== null}
          ?canSwitch=${this.#camera.canSwitch}
          .level=${this.level}
          @camera-switch=${() => this.#camera.switch()}
          @preview-done=${() => {
            this.previewSeen = true;
            this.listen();
          }}
        ></preview-step>`;
      case 'terms':
        return html`<terms-step
          .terms=${standing.kind === 'claimed' ? standing.claim.terms[currentLanguage()] : undefined}
          .problem=${problem}
          ?busy=${isBusy}
          @terms-accepted=${this.accept}
          @terms-declined=${() => this.#session.decline(currentLanguage())}
        ></terms-step>`;
      case 'session':
        return this.running();
      case 'linkProblem':
      case 'over':
      case 'declined':
      case 'gone':
        return html`<final-step
          .ending=${endingOf(standing) ?? linkEnding(problem ?? 'internal')}
          ?devicesOff=${standing.kind === 'over' || standing.kind === 'declined'}
          @way-on=${({ detail }: CustomEvent<WayOn>) => this.goOn(detail)}
        ></final-step>`;
    }
  }

  private running(): TemplateResult {
    const { standing, connection, mediaState } = this.#session;
    return html`<session-view
      .condition=${
        standing.kind === 'inside' && {
          customer: standing.customer,
          connected: connection === 'open',
          trouble: this.trouble,
          mediaConnected: !this.#mediaTrouble.show(mediaState === 'connected' ? undefined : true),
          devices: this.devices,
          picture: this.#session.picture,
          interrupted: this.#camera.isInterrupted,
          canSwitch: this.#camera.canSwitch,
          soundBlocked: this.soundBlocked,
        }
      }
      .level=${this.level}
      @microphone-toggle=${this.toggleMicrophone}
      @camera-pause=${this.togglePause}
      @camera-switch=${() => this.#camera.switch()}
      @leave=${() => this.#session.leave()}
    ></session-view>`;
  }
}
