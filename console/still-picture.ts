/**
 * Single pictures in the place of the video, each with its age. The next one is decoded before it replaces the last, so
 * nothing flickers, and a broken one never shows.
 */
import { localized, msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { everySecond } from './running-time.ts';
import type { Still } from './session-media.ts';

@customElement('still-picture')
@localized()
export class StillPicture extends LitElement {
  static override styles = css`
    :host {
      position: absolute;
      inset: 0;
      background: var(--stage);
    }

    /* Letterboxed like the video. */
    img {
      width: 100%;
      height: 100%;
      object-fit: contain;
    }

    img:not([src]) {
      visibility: hidden;
    }

    .age {
      position: absolute;
      right: 12px;
      bottom: 12px;
      margin: 0;
      padding: 4px 10px;
      border-radius: 99px;
      background: rgb(11 18 23 / 88%);
      color: var(--on-stage);
      font-size: 12.5px;
      font-variant-numeric: tabular-nums;
    }
  `;

  @property({ attribute: false }) still: Still | undefined;
  /** Accessible name of the picture; empty while it is behind something else. */
  @property({ attribute: false }) name = '';
  @query('img') private readonly image!: HTMLImageElement;
  /** When the one on the screen came, epoch milliseconds; 0 before the first. */
  @state() private shownAt = 0;
  #url = '';
  #stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop ??= everySecond(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    this.#stop?.();
    this.#stop = undefined;
    URL.revokeObjectURL(this.#url);
    this.#url = '';
    super.disconnectedCallback();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('still') && this.still !== undefined) {
      void this.#show(this.still);
    }
  }

  async #show(still: Still): Promise<void> {
    const url = URL.createObjectURL(still.jpeg);
    const next = new Image();
    next.src = url;
    try {
      await next.decode();
    } catch {
      // Not a picture after all: the last good one stays.
      URL.revokeObjectURL(url);
      return;
    }
    if (!this.isConnected || still !== this.still) {
      URL.revokeObjectURL(url);
      return;
    }
    this.image.src = url;
    URL.revokeObjectURL(this.#url);
    this.#url = url;
    this.shownAt = still.at;
  }

  protected override render(): TemplateResult {
    const age = Math.max(0, Math.round((Date.now() - this.shownAt) / 1_000));
    return html`
      <img alt=${this.name} />
      ${this.shownAt > 0 ? html`<p class="age">${msg(str`Still, ${age} s ago`)}</p>` : nothing}
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'still-picture': StillPicture;
  }
}
