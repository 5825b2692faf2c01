/** What experts and observers see: the customer's picture with the marks on it, how things stand, and the few buttons. */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { GuestStanding } from '../relay/protocol.ts';
import './board-view.ts';
import './frozen-picture.ts';
import type { GuestSession } from './guest-session.ts';
import { guestNotes } from './guest-words.ts';
import { icon } from './icons.ts';
import './last-picture.ts';
import type { LastPicture } from './last-picture.ts';
import { microphoneNotice } from './microphone-notice.ts';
import './picture-stage.ts';
import type { PictureStage } from './picture-stage.ts';
import type { Size } from './picture-view.ts';
import { shared } from './theme.ts';

@customElement('guest-view')
@localized()
export class GuestView extends LitElement {
  static override styles = [
    ...shared,
    css`
      :host {
        display: grid;
        grid-template-rows: 1fr auto auto;
        height: 100dvh;
      }

      .picture {
        position: relative;
        min-height: 0;
        background: var(--stage);
        color: var(--on-stage);
      }

      video {
        display: block;
        width: 100%;
        height: 100%;
        object-fit: var(--picture-fit, contain);
      }

      .notes {
        position: absolute;
        inset: 12px 12px auto;
        display: grid;
        justify-items: center;
        gap: 6px;
      }

      .note {
        padding: 6px 12px;
        border-radius: var(--radius);
        background: rgb(11 18 23 / 82%);
        text-align: center;
      }

      .sound {
        position: absolute;
        bottom: 16px;
        left: 50%;
        translate: -50%;
      }

      .bar {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px;
        padding: 10px 14px;
      }

      .spring {
        flex: 1;
      }
    `,
  ];

  @property({ attribute: false }) session!: GuestSession;
  @property({ attribute: false }) guest!: GuestStanding;
  /** Grows with everything that changes in the session. */
  @property({ attribute: false }) revision = 0;
  @query('video') private readonly video!: HTMLVideoElement;
  @query('last-picture') private readonly lastPicture!: LastPicture;
  @query('picture-stage') private readonly stage!: PictureStage | null;
  @state() private videoSize: Size | undefined;
  @state() private soundBlocked = false;

  protected override firstUpdated(): void {
    const { media } = this.session;
    this.video.srcObject = media.stream;
    media.beforePictureGoes = () => this.lastPicture.keep(this.video);
    void this.#play();
  }

  override disconnectedCallback(): void {
    this.session.media.beforePictureGoes = undefined;
    this.video.srcObject = null;
    super.disconnectedCallback();
  }

  /** `autoplay` would start it as well; only `play` tells that sound is not allowed, as after a reload. */
  async #play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (this.isConnected && error instanceof DOMException && error.name === 'NotAllowedError') {
        this.soundBlocked = true;
        this.video.muted = true;
        this.video.play().catch(() => undefined);
      }
    }
  }

  #allowSound(): void {
    this.soundBlocked = false;
    this.video.muted = false;
    void this.#play();
  }

  protected override render(): TemplateResult {
    const { board, lost } = this.session;
    const still = board?.frozen ? board.still : undefined;
    const notes = guestNotes(this.guest, { lost, hasPicture: this.videoSize !== undefined });
    return html`
      <div class="picture">
        <picture-stage
          .picture=${still ?? this.videoSize}
          .shown=${true}
          .oneTime=${true}
          @view-changed=${() => this.requestUpdate()}
        >
          <video
            autoplay
            playsinline
            aria-label=${msg("Customer's camera")}
            @playing=${this.#pictureCame}
            @resize=${this.#pictureCame}
          ></video>
          <last-picture></last-picture>
          ${still ? html`<frozen-picture .still=${still} .shown=${true}></frozen-picture>` : nothing}
          ${
            board
              ? html`<board-view
                  slot="over"
                  .board=${board}
                  .shown=${true}
                  .placement=${this.stage?.placement}
                ></board-view>`
              : nothing
          }
        </picture-stage>
        <div class="notes" role="status">${notes.map((note) => html`<span class="note">${note}</span>`)}</div>
        ${
          this.soundBlocked
            ? html`<button class="button primary sound" @click=${this.#allowSound}>
                ${icon('volume2')}${msg('Turn sound on')}
              </button>`
            : nothing
        }
      </div>
      ${this.guest.role === 'expert' ? microphoneNotice(this.session) : nothing}
      <div class="bar">
        ${this.guest.role === 'expert' ? this.#microphone() : nothing}
        <span class="spring"></span>
        <button class="button danger" @click=${() => this.session.leave()}>
          ${icon('phoneOff')}${msg('Leave', { id: 'guest-leave' })}
        </button>
      </div>
    `;
  }

  #microphone(): TemplateResult {
    const { microphone } = this.session;
    const speaks = microphone.status === 'on';
    return html`<button
      class="button"
      aria-pressed=${microphone.muted}
      ?disabled=${!speaks}
      @click=${() => microphone.setMuted(!microphone.muted)}
    >
      ${icon(microphone.muted || !speaks ? 'micOff' : 'mic')}${msg('Mute', { id: 'guest-mute' })}
    </button>`;
  }

  #pictureCame(): void {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (width > 0 && (width !== this.videoSize?.width || height !== this.videoSize.height)) {
      this.videoSize = { width, height };
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'guest-view': GuestView;
  }
}
