import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { Steady } from '../relay/client/steady.ts';
import type { DeviceState } from '../relay/protocol.ts';
import { appStyles } from './app-styles.ts';
import './appointment-step.ts';
import { BoardSlot } from './board-slot.ts';
import { detectBrowser } from './browser.ts';
import './camera-step.ts';
import './channel-step.ts';
import { Camera } from './camera.ts';
import { CameraSlot } from './camera-slot.ts';
import type { ConsentAnswer } from './consent-sheet.ts';
import { deviceState } from './device-state.ts';
import { endingOf, leavePage, linkEnding, type WayOn } from './endings.ts';
import './final-step.ts';
import { languageButton } from './language-button.ts';
import { currentLanguage, preferredLanguage, useLanguage } from './localization.ts';
import { MicrophoneLevel } from './microphone-level.ts';
import { PhotoSlot } from './photo-slot.ts';
import { type PhotoReason, photoReasonOf } from './photos.ts';
import { type Entry, parseEntry } from './pin.ts';
import './pin-step.ts';
import './preview-step.ts';
import { RemoteSound } from './remote-sound.ts';
import { type Choices, NO_CHOICES, recallChoices, rememberChoices } from './resume.ts';
import { type Step, stepOf } from './route.ts';
import type { SelfView } from './self-view.ts';
import './self-view.ts';
import type { SessionCondition } from './session-view.ts';
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
  readonly #sound = new RemoteSound(() => this.requestUpdate());
  readonly #camera = new Camera(() => this.mediaChanged());
  readonly #microphoneLevel = new MicrophoneLevel((level) => {
    this.level = level;
  });
  readonly #session: SupportSession;
  readonly #whiteboard = new BoardSlot({
    camera: () => this.shownVideo,
    mirrored: () => this.#camera.isMirrored,
    changed: () => this.requestUpdate(),
  });
  readonly #phone = new CameraSlot({
    camera: this.#camera,
    isPaused: () => this.isPaused,
    pause: (paused) => this.pause(paused),
    media: () => this.#session.media,
    changed: () => this.mediaChanged(),
  });
  readonly #photos = new PhotoSlot({
    camera: () => this.shownVideo,
    paused: () => this.devices.camera === 'paused',
    changed: () => this.requestUpdate(),
  });
  #entry: Entry | undefined = parseEntry(location.pathname);

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
  @state() private level = 0;
  /** Why the customer sends photos instead of the camera's picture. */
  @state() private photoReason: PhotoReason | undefined;
  #brand = 'Fernblick';

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    const language = preferredLanguage();
    void useLanguage(language);
    this.#session = new SupportSession(language, this.#entry, {
      changed: () => this.sessionChanged(),
      whiteboard: this.#whiteboard,
      phone: this.#phone,
      photos: this.#photos,
      remoteAudio: (track, voice) => this.#sound.play(track, voice),
      heard: () => this.#microphoneLevel.heard,
    });
    if (this.#session.standing.kind === 'resuming') {
      this.#choices = recallChoices();
      this.isMuted = this.#choices.muted;
      this.isPaused = this.#choices.paused;
      this.photoReason = this.#choices.photos;
      this.#session.usePhotos(this.photoReason);
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#session.open();
    if (this.#session.standing.kind === 'outside' && this.#entry) {
      this.#session.claim(this.#entry);
    } else if (this.#session.standing.kind === 'resuming') {
      // A reloaded page does not wait for the relay: the camera takes as long as the socket.
      void (this.photoReason ? this.#camera.openMicrophone() : this.reopenCamera());
    }
  }

  private get step(): Step {
    const { standing, problem } = this.#session;
    return stepOf({
      standing: standing.kind,
      byLink: this.#entry !== undefined,
      byChannel: this.#entry !== undefined && 'channel' in this.#entry,
      early: standing.kind === 'claimed' && standing.claim.early !== undefined,
      hasProblem: problem !== undefined,
      tutorialSeen: this.tutorialSeen,
      cameraOpen: this.#camera.isOpen,
      cameraProblem: this.#camera.problem !== undefined || this.needsTap,
      previewSeen: this.previewSeen,
      withoutCamera: this.photoReason !== undefined,
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
        for (const slot of [this.#whiteboard, this.#phone]) {
          void slot.settle(this.#session.socket, standing.sessionId, standing.customer.phase);
        }
        this.#photos.settle(this.#session.socket, standing);
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
    const isWanted = () =>
      !this.photoReason && !this.#camera.isOpen && !this.#camera.isBusy && !this.#camera.problem;
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
    }
    if (video || this.photoReason) {
      this.#wakeLock.hold();
    }
    this.#session.offerMedia({ audio: this.isMuted ? null : audio, video: this.shownVideo }, this.devices);
    this.#phone.phone?.settle();
    this.listen();
    this.requestUpdate();
  }

  /** What others may see; a page that nobody looks at does not show what is around it. */
  private get shownVideo(): MediaStreamTrack | null {
    return this.#phone.outgoing(this.devices.camera === 'on' ? this.#camera.video : null);
  }

  private remember(): void {
    if (this.#session.standing.kind === 'inside') {
      const deviceId = this.#camera.deviceId ?? this.#choices.deviceId;
      const photos = this.photoReason;
      rememberChoices({ muted: this.isMuted, paused: this.isPaused, deviceId, photos });
    }
  }

  private listen(): void {
    const { standing } = this.#session;
    const isActive = standing.kind === 'inside' && standing.customer.phase === 'active';
    const isWaiting = standing.kind === 'inside' && standing.customer.phase === 'waiting';
    const isShown = this.step === 'preview' || isWaiting || (isActive && !this.isMuted);
    this.#microphoneLevel.listen(isShown ? this.#camera.audio : null);
  }

  /** Camera light off, screen may sleep, silence. */
  private release(): void {
    for (const part of [this.#whiteboard, this.#phone, this.#photos, this.#microphoneLevel]) {
      part.close();
    }
    this.#wakeLock.release();
    this.#sound.silence();
    if (this.#camera.isOpen || this.#camera.audio || this.#camera.isBusy) {
      this.#camera.stop();
    }
  }

  /** Any tap will do for what the browser lets only a tap do. */
  private wakeSound(): void {
    this.#microphoneLevel.resume();
    this.#sound.wake();
  }

  private accept(): void {
    this.#sound.unlock();
    void this.#session.accept(currentLanguage(), this.#browser.name);
  }

  private async openCamera(microphone: boolean): Promise<void> {
    this.#microphoneLevel.unlock();
    this.needsTap = false;
    await this.#camera.open(microphone);
  }

  /** @param photos whether they take the place of the camera */
  private async usePhotos(photos: boolean): Promise<void> {
    this.photoReason = photos ? photoReasonOf(this.#camera.problem) : undefined;
    this.#session.usePhotos(this.photoReason);
    await (photos ? this.#camera.openMicrophone() : this.openCamera(true));
  }

  private toggleMicrophone(): void {
    this.isMuted = !this.isMuted;
    this.mediaChanged();
  }

  private pause(paused: boolean): void {
    this.isPaused = paused;
    this.mediaChanged();
  }

  private goOn(wayOn: WayOn): void {
    switch (wayOn) {
      case 'typePin':
        this.#entry = undefined;
        this.tutorialSeen = true;
        history.replaceState(null, '', '/');
        this.#session.forgetProblem();
        break;
      case 'tryLinkAgain':
        if (this.#entry) {
          this.#session.claim(this.#entry);
        }
        break;
      default:
        leavePage(wayOn);
    }
  }

  protected override render(): TemplateResult {
    const step = this.step;
    const isOverPicture = OVER_PICTURE.has(step);
    const { standing } = this.#session;
    const isBare = step === 'session' && standing.kind === 'inside' && standing.customer.phase !== 'waiting';
    return html`
      <div
        class=${isOverPicture ? `stage ${isBare ? 'bare' : ''} ${this.drawing === 'drawing' ? 'drawing' : ''}` : 'page'} @click=${this.wakeSound}>
        ${isOverPicture ? this.selfView(step) : nothing}
        <header>
          <span class="brand"><img src="/capture/mark.svg" alt="" /><span>${this.#brand}</span></span>
          ${languageButton(isBare, (language) => this.#session.speak(language))}
        </header>
        ${this.banner(step)}
        <main>${this.content(step)}</main>
      </div>
      ${this.#sound.element}
    `;
  }

  private selfView(step: Step): TemplateResult {
    const { board } = this.#whiteboard;
    return html`<self-view
      .stream=${this.#phone.phone?.preview ?? this.#camera.preview}
      ?mirrored=${this.#camera.isMirrored}
      ?dimmed=${step === 'terms' || this.isDimmed}
      ?whole=${board?.showsWhole === true}
      >${
        board
          ? html`<board-layer .board=${board} .video=${this.renderRoot.querySelector<SelfView>('self-view')?.video ?? null}></board-layer>`
          : nothing
      }</self-view
    >`;
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
      case 'channel':
        return html`<channel-step
          .channel=${standing.kind === 'claimed' ? standing.claim.channel : undefined}
          ?busy=${isBusy}
          @channel-start=${() => {
            this.tutorialSeen = true;
          }}
          @channel-retry=${() => this.goOn('tryLinkAgain')}
        ></channel-step>`;
      case 'appointment':
        return html`<appointment-step
          .appointment=${standing.kind === 'claimed' ? standing.claim.early : undefined}
          @appointment-due=${() => this.goOn('tryLinkAgain')}
        ></appointment-step>`;
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
          @camera-skipped=${() => this.usePhotos(true)}
          @leave=${() => this.#session.leave()}
        ></camera-step>`;
      case 'preview':
        return html`<preview-step
          ?hasMicrophone=${this.#camera.audio !== null}
          ?canSwitch=${this.#camera.canSwitch}
          .lenses=${this.#camera.lenses}
          .lens=${this.#camera.deviceId}
          .level=${this.level}
          @camera-switch=${() => this.#camera.switch()}
          @lens-chosen=${({ detail }: CustomEvent<string>) => this.#camera.choose(detail)}
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
          .token=${this.#session.overToken}
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
          photos: this.photoReason && {
            reason: this.photoReason,
            state: this.#session.photos.state,
            last: this.#session.photos.last,
          },
          sending: this.#photos.sending,
          findings: this.#session.findings,
          interrupted: this.#camera.isInterrupted,
          canSwitch: this.#camera.canSwitch,
          lenses: this.#camera.lenses,
          lens: this.#camera.deviceId,
          soundBlocked: this.#sound.isBlocked,
          questions: this.#session.questions,
          chat: this.#session.chat,
          drawing: this.drawing,
          hasMore: this.#phone.phone !== undefined,
          frozen: this.#whiteboard.board?.frozen === true,
        }
      }
      .level=${this.level}
      @microphone-toggle=${this.toggleMicrophone}
      @camera-pause=${() => this.pause(!this.isPaused)}
      @camera-switch=${() => this.#camera.switch()}
      @lens-chosen=${({ detail }: CustomEvent<string>) => this.#camera.choose(detail)}
      @camera-retry=${() => this.usePhotos(false)}
      @photo-taken=${({ detail }: CustomEvent<File>) => {
        void this.#session.photos.send(detail);
        void this.#photos.choose(detail);
      }}
      @consent-answer=${({ detail }: CustomEvent<ConsentAnswer>) =>
        this.#session.answerConsent(detail.kind, detail.granted, currentLanguage())}
      @draw=${() => this.#whiteboard.board?.draw(true)}
      @more=${() => this.renderRoot.querySelector('phone-layer')?.open()}
      @leave=${() => this.#session.leave()}
      >${standing.kind === 'inside' ? this.#phone.layer(standing.customer.technician) : nothing}${
        this.#whiteboard.board && this.drawing === 'drawing'
          ? html`<draw-tools slot="tools" .board=${this.#whiteboard.board}></draw-tools>`
          : nothing
      }</session-view
    >`;
  }

  private get drawing(): SessionCondition['drawing'] {
    const { standing } = this.#session;
    const isActive = standing.kind === 'inside' && standing.customer.phase === 'active';
    return isActive ? this.#whiteboard.drawing : 'no';
  }
}
