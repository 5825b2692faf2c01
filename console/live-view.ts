/**
 * The customer's picture and voice with the few things a technician does all day. Stands in the page from the
 * moment a session has a tab, with the stream attached, so that Start has nothing left to build.
 */
import { localized, msg } from '@lit/localize';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { Steady } from '../relay/client/steady.ts';
import type { CameraWish, SessionId, SessionView } from '../relay/protocol.ts';
import './board-toolbar.ts';
import './board-view.ts';
import type { ConsoleBoard } from './console-boards.ts';
import type { Topic } from './console-state.ts';
import { FrameWatch } from './frame-watch.ts';
import './frozen-picture.ts';
import './guest-menu.ts';
import { icon } from './icons.ts';
import './last-picture.ts';
import type { LastPicture } from './last-picture.ts';
import './level-meter.ts';
import { liveViewStyles } from './live-view-styles.ts';
import { microphoneNotice } from './microphone-notice.ts';
import './phone-menu.ts';
import { coveredNote } from './phone-words.ts';
import './photo-buttons.ts';
import './picture-stage.ts';
import './recording-buttons.ts';
import './recording-sign.ts';
import type { PictureStage } from './picture-stage.ts';
import type { Size } from './picture-view.ts';
import './running-time.ts';
import { SessionKeys } from './session-keys.ts';
import { deviceNotes, interruptionSentence, pictureNote } from './session-words.ts';
import type { KeyAction } from './shortcuts.ts';
import './shortcuts-dialog.ts';
import type { ShortcutsDialog } from './shortcuts-dialog.ts';
import { snapshotOf } from './snapshot.ts';
import { StatefulElement } from './stateful-element.ts';
import './still-picture.ts';
import type { ShownStill } from './still-picture.ts';
import './view-menu.ts';

/** When stills end, the last one stays until the video moves again, but no longer than this. */
const STILL_STAYS_MS = 3_000;

/** Events: `end-wanted`, `transfer-wanted`. */
@customElement('live-view')
@localized()
export class LiveView extends StatefulElement {
  static override styles = [StatefulElement.styles, liveViewStyles];
  protected override readonly topics: readonly Topic[] = ['sessions', 'media', 'voice'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  /** In front of the technician, and not behind another tab or page. */
  @property({ attribute: false }) shown = false;
  @query('video') private readonly video!: HTMLVideoElement;
  @state() private hasPicture = false;
  /** The browser wants a click before it plays sound. */
  @state() private soundBlocked = false;
  /** Stills are in the place of the video. */
  @state() private showsStills = false;
  @query('last-picture') private readonly lastPicture!: LastPicture;
  @query('picture-stage') private readonly stage!: PictureStage | null;
  @query('shortcuts-dialog') private readonly shortcuts!: ShortcutsDialog | null;
  /** Of the video, which has none while its track is exchanged: the last one holds. */
  @state() private videoSize: Size | undefined;
  @state() private still: ShownStill | undefined;
  @state() private viewRevision = 0;
  @state() private isFullScreen = false;
  readonly #interruption = new Steady(() => this.requestUpdate());
  #frames: FrameWatch | undefined;
  #stopWaiting: (() => void) | undefined;
  /** Once for each time that the microphone was taken: the browser may still refuse. */
  #listenedAgain = false;

  constructor() {
    super();
    new SessionKeys(
      this,
      () => (this.shown ? this.stage : null),
      (action) => this.#pressed(action),
    );
    this.addEventListener('fullscreenchange', () => {
      this.isFullScreen = this.matches(':fullscreen');
    });
  }

  override disconnectedCallback(): void {
    this.#cleanUp();
    super.disconnectedCallback();
  }

  /** May be called in any state. */
  #cleanUp(): void {
    this.#stopWaiting?.();
    this.#interruption.close();
    this.#frames?.close();
    this.#frames = undefined;
    if (this.video) {
      this.video.srcObject = null;
    }
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    this.#attach();
    this.#settleStills();
    this.#listenAgain();
    if (changed.has('shown') && !this.shown) {
      this.#leaveLargeViews();
    }
  }

  /** A page that was reloaded may play sound without a press as soon as it has the microphone, and not before. */
  #listenAgain(): void {
    const speaks = this.state.media.microphone.status === 'on';
    if (speaks && this.soundBlocked && !this.#listenedAgain) {
      this.#listenedAgain = true;
      this.#allowSound();
    } else if (!speaks) {
      this.#listenedAgain = false;
    }
  }

  #settleStills(): void {
    const mode = this.state.session(this.sessionId)?.customer?.picture.mode;
    const hasStill = this.state.media.of(this.sessionId)?.still !== undefined;
    if (mode === 'stills') {
      this.#stopWaiting?.();
      this.showsStills = hasStill;
    } else if (mode !== 'none' && this.showsStills && this.#stopWaiting === undefined) {
      // With `none`, the last still stays as the last picture.
      this.#waitForVideo();
    }
  }

  #waitForVideo(): void {
    const { video } = this;
    const show = () => {
      this.#stopWaiting?.();
      this.showsStills = false;
    };
    const frame = video.requestVideoFrameCallback(show);
    const timer = setTimeout(show, STILL_STAYS_MS);
    this.#stopWaiting = () => {
      video.cancelVideoFrameCallback(frame);
      clearTimeout(timer);
      this.#stopWaiting = undefined;
    };
  }

  #attach(): void {
    const media = this.state.media.of(this.sessionId);
    const stream = media?.stream ?? null;
    this.#frames ??= new FrameWatch(this.video, () => this.requestUpdate());
    if (this.video.srcObject !== stream) {
      this.video.srcObject = stream;
      if (media) {
        media.beforePictureGoes = () => this.lastPicture.keep(this.video);
      }
      this.hasPicture = false;
      if (stream !== null) {
        void this.#play();
      }
    }
  }

  /** `autoplay` would start it as well; only `play` tells that sound is not allowed. */
  async #play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      // An AbortError only says that a newer stream took the place of this one.
      if (this.isConnected && error instanceof DOMException && error.name === 'NotAllowedError') {
        this.soundBlocked = true;
        this.video.muted = true;
        this.video.play().catch(() => undefined);
      }
    }
  }

  #allowSound(): void {
    this.soundBlocked = false;
    this.video.muted = this.state.media.speakerMuted;
    void this.#play();
  }

  protected override render(): TemplateResult {
    const session = this.state.session(this.sessionId);
    const live = this.state.isLive(this.sessionId);
    const board = live ? this.state.boards.of(this.sessionId) : undefined;
    return html`
      <div class="side-by-side">
      ${
        board && this.shown
          ? html`<board-toolbar .state=${this.state} .board=${board} .sessionId=${this.sessionId}>
              <photo-buttons
                .state=${this.state}
                .sessionId=${this.sessionId}
                .picture=${this.#snapshot}
              ></photo-buttons>
            </board-toolbar>`
          : nothing
      }
      <div class="picture ${live && this.#pausedSince !== undefined ? 'stale' : ''}">
        <picture-stage
          .picture=${this.#pictureSize(board)}
          .shown=${this.shown}
          @view-changed=${this.#viewChanged}
        >
        <video
          autoplay
          playsinline
          class=${this.showsStills ? 'behind' : ''}
          aria-label=${this.shown && !this.showsStills ? msg("Customer's camera") : nothing}
          .muted=${this.state.media.speakerMuted || this.soundBlocked}
          @playing=${this.#pictureCame}
          @resize=${this.#pictureCame}
          @emptied=${this.#pictureWent}
        ></video>
        <last-picture></last-picture>
        ${
          this.showsStills
            ? html`<still-picture
                .still=${this.state.media.of(this.sessionId)?.still}
                .name=${this.shown ? msg("Customer's camera") : ''}
                @still-shown=${this.#stillShown}
              ></still-picture>`
            : nothing
        }
        ${
          board?.still && board.frozen
            ? html`<frozen-picture .still=${board.still} .shown=${this.shown}></frozen-picture>`
            : nothing
        }
        ${
          board
            ? html`<board-view
                slot="over"
                .board=${board}
                .shown=${this.shown}
                .placement=${this.stage?.placement}
              ></board-view>`
            : nothing
        }
        </picture-stage>
        ${session !== undefined && live && this.shown ? this.#overlays(session) : nothing}
      </div>
      </div>
      ${session !== undefined && live && this.shown ? this.#toolbar(session) : nothing}
      <shortcuts-dialog></shortcuts-dialog>
    `;
  }

  #pictureSize(board: ConsoleBoard | undefined): Size | undefined {
    if (board?.frozen && board.still) {
      return board.still;
    }
    return this.showsStills ? (this.still ?? this.videoSize) : this.videoSize;
  }

  /** Since when the picture on the screen is the last one there was; epoch milliseconds of this computer. */
  get #pausedSince(): number | undefined {
    return this.hasPicture && !this.showsStills ? this.#frames?.stillSince : undefined;
  }

  #overlays(session: SessionView): TemplateResult {
    const notes = this.#notes(session);
    return html`
      <recording-sign .state=${this.state} .sessionId=${session.id}></recording-sign>
      <div class="notes" role="status">
        ${notes.map((note) => html`<span class="note">${note}</span>`)}
      </div>
      ${
        this.#pausedSince === undefined
          ? nothing
          : html`<p class="paused">
              ${icon('pause')}${msg('Paused')} <running-time class="number" .since=${this.#pausedSince}></running-time>
            </p>`
      }
      ${
        this.hasPicture || this.showsStills || notes.length > 0 || session.interruption !== undefined
          ? nothing
          : html`<p class="coming"><span class="spinner"></span>${msg('Waiting for the picture …')}</p>`
      }
      ${
        this.showsStills && this.still
          ? html`<p class="age"><still-age .since=${this.still.at}></still-age></p>`
          : nothing
      }
      ${
        this.soundBlocked
          ? html`<button class="button primary sound" @click=${this.#allowSound}>
              ${icon('volume2')}${msg('Turn sound on')}
            </button>`
          : nothing
      }
    `;
  }

  #notes({ status, customer, interruption }: SessionView): TemplateResult[] {
    const trouble = this.#interruption.show(interruption);
    if (status === 'offline' && interruption?.party !== 'technician') {
      return [html`${icon('wifiOff')}${msg('The customer is offline. The same link brings them back.')}`];
    }
    if (interruption !== undefined || customer === undefined) {
      // Not what the page last said of its devices: that is over, or the reason says it better.
      return trouble
        ? [
            html`${icon(trouble.reason === 'hidden' || trouble.reason === 'call' ? 'pause' : 'wifiOff')}
            ${interruptionSentence(trouble, this.hasPicture)}`,
          ]
        : [];
    }
    const note = pictureNote(customer.picture);
    return [
      ...(note ? [html`${icon(customer.picture.mode === 'stills' ? 'image' : 'triangleAlert')}${note}`] : []),
      ...[coveredNote(customer.camera), ...deviceNotes(customer)]
        .filter((words) => words !== '')
        .map((words) => html`${icon('info')}${words}`),
    ];
  }

  #toolbar({ customer, guests }: SessionView): TemplateResult {
    const { microphone, speakerMuted } = this.state.media;
    const speaking = microphone.status === 'on';
    return html`
      ${microphoneNotice(this.state.media)}
      <div class="bar">
        <button
          class="button tool"
          title=${msg('Mute microphone')}
          aria-pressed=${microphone.muted}
          ?disabled=${!speaking}
          @click=${() => microphone.setMuted(!microphone.muted)}
        >
          ${icon(microphone.muted || !speaking ? 'micOff' : 'mic')}<span>${msg('Mute microphone')}</span>
        </button>
        <level-meter
          label=${msg('Level of your microphone')}
          .stream=${microphone.stream}
          .running=${!microphone.muted}
        ></level-meter>
        <button
          class="button tool"
          title=${msg('Mute speaker')}
          aria-pressed=${speakerMuted}
          @click=${() => this.state.media.setSpeakerMuted(!speakerMuted)}
        >
          ${icon(speakerMuted ? 'volumeX' : 'volume2')}<span>${msg('Mute speaker')}</span>
        </button>
        <span class="spring"></span>
        <phone-menu
          .customer=${customer}
          .standing=${this.state.phones.of(this.sessionId)}
          @phone-wish=${({ detail }: CustomEvent<CameraWish>) => this.state.phones.ask(this.sessionId, detail)}
        ></phone-menu>
        <view-menu
          .stage=${this.stage ?? undefined}
          .revision=${this.viewRevision}
          .isFullScreen=${this.isFullScreen}
          @full-screen=${this.#switchFullScreen}
          @picture-in-picture=${this.#switchPictureInPicture}
        ></view-menu>
        <button
          class="button tool"
          title=${msg('Keyboard shortcuts')}
          aria-label=${msg('Keyboard shortcuts')}
          @click=${() => this.shortcuts?.show()}
        >
          ${icon('keyboard')}
        </button>
        <guest-menu
          .commands=${this.state.commands}
          .sessionId=${this.sessionId}
          .guests=${guests ?? []}
        ></guest-menu>
        <recording-buttons .state=${this.state} .sessionId=${this.sessionId}></recording-buttons>
        <button class="button tool" title=${msg('Transfer')} @click=${() => this.dispatchEvent(new CustomEvent('transfer-wanted'))}>
          ${icon('userPlus')}<span>${msg('Transfer')}</span>
        </button>
        <button class="button tool" title=${msg('Hold')} @click=${() => this.state.commands.hold(this.sessionId)}>
          ${icon('pause')}<span>${msg('Hold')}</span>
        </button>
        <button class="button danger" @click=${() => this.dispatchEvent(new CustomEvent('end-wanted'))}>
          ${icon('phoneOff')}${msg('End')}
        </button>
      </div>
    `;
  }

  readonly #snapshot = () =>
    snapshotOf({
      board: this.state.boards.of(this.sessionId),
      video: this.video,
      still: this.showsStills ? this.state.media.of(this.sessionId)?.still?.jpeg : undefined,
    });

  #pictureCame(): void {
    const { videoWidth: width, videoHeight: height } = this.video;
    this.hasPicture = width > 0;
    if (width > 0 && (width !== this.videoSize?.width || height !== this.videoSize.height)) {
      this.videoSize = { width, height };
    }
  }

  // -------------------------------------------------------------- view and keys

  #viewChanged(): void {
    this.viewRevision += 1;
  }

  #stillShown({ detail }: CustomEvent<ShownStill>): void {
    this.still = detail;
  }

  #pressed(action: KeyAction): void {
    const { media } = this.state;
    switch (action) {
      case 'microphone':
        if (media.microphone.status === 'on') {
          media.microphone.setMuted(!media.microphone.muted);
        }
        break;
      case 'speaker':
        media.setSpeakerMuted(!media.speakerMuted);
        break;
      case 'overview':
        void this.shortcuts?.show();
        break;
      case 'fullScreen':
        void this.#switchFullScreen();
        break;
      case 'pictureInPicture':
        void this.#switchPictureInPicture();
        break;
      default:
        this.stage?.perform(action);
    }
  }

  /** With the bar below the picture: nobody should have to leave it to mute or to end. */
  async #switchFullScreen(): Promise<void> {
    try {
      await (document.fullscreenElement === null ? this.requestFullscreen() : document.exitFullscreen());
    } catch {
      // The browser or its owner's policy does not allow it; it has said so itself.
    }
  }

  /** What is over, or behind another page, must not fill the screen. */
  #leaveLargeViews(): void {
    if (this.isFullScreen) {
      void document.exitFullscreen();
    }
    if (!this.state.isLive(this.sessionId) && document.pictureInPictureElement !== null) {
      void document.exitPictureInPicture();
    }
  }

  async #switchPictureInPicture(): Promise<void> {
    try {
      // Within a shadow tree the document names the outermost host.
      await (document.pictureInPictureElement === null
        ? this.video.requestPictureInPicture()
        : document.exitPictureInPicture());
    } catch {
      // As above; also before the first picture.
    }
  }

  #pictureWent(): void {
    this.hasPicture = false;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'live-view': LiveView;
  }
}
