import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';

/** The customer's own picture behind everything else; the same element from preview to end, so that it never flickers. */
@customElement('self-view')
export class SelfView extends LitElement {
  static override styles = css`
    :host {
      display: block;
      position: relative;
      overflow: hidden;
      background: #0b1318;
    }

    video {
      display: block;
      width: 100%;
      height: 100%;
      object-fit: cover;
    }

    /* To the edges, because somebody has drawn there. */
    :host([whole]) video {
      object-fit: contain;
    }

    .mirrored {
      scale: -1 1;
    }

    /* A shade costs a phone nothing; a filter runs over every frame of the video. */
    :host([dimmed])::after {
      content: '';
      position: absolute;
      inset: 0;
      background: rgb(8 16 20 / 0.6);
    }
  `;

  @property({ attribute: false }) stream: MediaStream | null = null;
  @property({ type: Boolean }) mirrored = false;
  /** Something in front of it matters more at the moment, or nobody else sees it. */
  @property({ type: Boolean, reflect: true }) dimmed = false;

  /** All of the picture and not what fills the screen. */
  @property({ type: Boolean, reflect: true }) whole = false;

  get video(): HTMLVideoElement | null {
    return this.renderRoot.querySelector('video');
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.goOn);
  }

  override disconnectedCallback(): void {
    document.removeEventListener('visibilitychange', this.goOn);
    super.disconnectedCallback();
  }

  /** iOS pauses the element with the page and leaves it so. */
  private readonly goOn = (): void => {
    if (document.visibilityState === 'visible') {
      this.renderRoot
        .querySelector('video')
        ?.play()
        .catch(() => {
          // The stream has just been replaced; the new one starts by itself.
        });
    }
  };

  protected override render(): TemplateResult {
    return html`<video
      class=${this.mirrored ? 'mirrored' : ''}
      .muted=${true}
      .srcObject=${this.stream}
      autoplay
      playsinline
      disablepictureinpicture
      aria-hidden="true"
    ></video><slot></slot>`;
  }
}
