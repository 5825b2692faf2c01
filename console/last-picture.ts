/**
 * The last frame of a video, over it, while its track is exchanged or gone: browsers show black, or nothing, until the
 * next one has its first frame.
 */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';

/** Should no frame ever come, the video itself says so better. */
const KEPT_AT_MOST_MS = 10_000;

@customElement('last-picture')
export class LastPicture extends LitElement {
  static override styles = css`
    :host {
      position: absolute;
      inset: 0;
      background: var(--stage);
    }

    :host([hidden]) {
      display: none;
    }

    canvas {
      width: 100%;
      height: 100%;
      object-fit: var(--picture-fit, contain);
    }
  `;

  @query('canvas') private readonly canvas!: HTMLCanvasElement;
  #release: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.hidden = true;
  }

  override disconnectedCallback(): void {
    this.#release?.();
    super.disconnectedCallback();
  }

  /** Shows what the video shows now, until its next frame. */
  keep(video: HTMLVideoElement): void {
    const { videoWidth, videoHeight } = video;
    const context = this.canvas?.getContext('2d');
    if (!context || videoWidth === 0) {
      return;
    }
    if (this.#release === undefined) {
      this.canvas.width = videoWidth;
      this.canvas.height = videoHeight;
      context.drawImage(video, 0, 0);
      this.hidden = false;
    }
    this.#release?.();
    this.hidden = false;
    const frame = video.requestVideoFrameCallback(() => this.#release?.());
    const timer = setTimeout(() => this.#release?.(), KEPT_AT_MOST_MS);
    this.#release = () => {
      video.cancelVideoFrameCallback(frame);
      clearTimeout(timer);
      this.#release = undefined;
      this.hidden = true;
    };
  }

  protected override render(): TemplateResult {
    return html`<canvas aria-hidden="true"></canvas>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'last-picture': LastPicture;
  }
}
