/**
 * Single pictures in the place of the video, and the age of one. The next one is decoded before it replaces the last, so
 * nothing flickers, and a broken one never shows.
 */
import { localized, msg, str } from '@lit/localize';
import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { everySecond } from './running-time.ts';
import type { Still } from './session-media.ts';

/** `at`: when it came, epoch milliseconds; sizes are pixels of the picture. */
export type ShownStill = { at: number; width: number; height: number };

@customElement('still-picture')
export class StillPicture extends LitElement {
  static override styles = css`
    :host {
      position: absolute;
      inset: 0;
      background: var(--stage);
    }

    img {
      width: 100%;
      height: 100%;
      object-fit: var(--picture-fit, contain);
    }

    img:not([src]) {
      visibility: hidden;
    }
  `;

  @property({ attribute: false }) still: Still | undefined;
  /** Accessible name of the picture; empty while it is behind something else. */
  @property({ attribute: false }) name = '';
  @query('img') private readonly image!: HTMLImageElement;
  #url = '';

  override disconnectedCallback(): void {
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
    const { naturalWidth: width, naturalHeight: height } = next;
    this.dispatchEvent(
      new CustomEvent<ShownStill>('still-shown', { detail: { at: still.at, width, height } }),
    );
  }

  protected override render(): TemplateResult {
    return html`<img alt=${this.name} />`;
  }
}

/** How old it is. Beside the picture and not in it, or it would be turned and zoomed too. */
@customElement('still-age')
@localized()
export class StillAge extends LitElement {
  /** When the picture came, epoch milliseconds. */
  @property({ attribute: false }) since = 0;
  #stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop ??= everySecond(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    this.#stop?.();
    this.#stop = undefined;
    super.disconnectedCallback();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): string {
    const age = Math.max(0, Math.round((Date.now() - this.since) / 1_000));
    return msg(str`Still, ${age} s ago`);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'still-age': StillAge;
    'still-picture': StillPicture;
  }
}
