/** Both voices of a recording over its whole length; a slider for the place in it. */
import { localized, msg, str } from '@lit/localize';
import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { PlaybackSpeaker } from '../relay/protocol.ts';
import { duration } from './localization.ts';
import { columnsOf } from './playback-time.ts';

const ROW_PX = 36;
const COLUMN_PX = 3;
const STEP_MS = 5_000;
const PAGE_MS = 30_000;
/** Quiet speech is seen too. */
const EXPONENT = 0.6;

/** `seek` with the wanted place in milliseconds. */
@customElement('recording-waveform')
@localized()
export class RecordingWaveform extends LitElement {
  static override styles = css`
    :host {
      display: block;
      position: relative;
      border-radius: var(--radius-small);
      background: var(--sunken);
      color: var(--accent);
      cursor: pointer;
      touch-action: none;
    }

    :host(:focus-visible) {
      outline: 2px solid var(--focus);
      outline-offset: 2px;
    }

    canvas {
      display: block;
      width: 100%;
    }

    i {
      position: absolute;
      inset-block: 0;
      width: 2px;
      background: var(--danger);
      pointer-events: none;
    }
  `;

  @property({ attribute: false }) speakers: readonly PlaybackSpeaker[] = [];
  @property({ attribute: false }) durationMs = 0;
  @property({ attribute: false }) positionMs = 0;
  @query('canvas') private readonly canvas!: HTMLCanvasElement | null;
  readonly #resized = new ResizeObserver(() => this.#draw());

  override connectedCallback(): void {
    super.connectedCallback();
    this.tabIndex = 0;
    this.role = 'slider';
    this.addEventListener('keydown', this.#onKey);
    this.addEventListener('pointerdown', this.#onPointer);
    this.addEventListener('pointermove', this.#onPointer);
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    this.#resized.disconnect();
    super.disconnectedCallback();
  }

  protected override updated(changed: PropertyValues<this>): void {
    const position = duration(this.positionMs);
    const length = duration(this.durationMs);
    this.ariaLabel = msg('Place in the recording');
    this.ariaValueMin = '0';
    this.ariaValueMax = String(Math.round(this.durationMs / 1_000));
    this.ariaValueNow = String(Math.round(this.positionMs / 1_000));
    this.ariaValueText = msg(str`${position} of ${length}`);
    if (changed.has('speakers') || changed.has('durationMs')) {
      this.#draw();
    }
  }

  protected override render(): TemplateResult {
    return html`<canvas height=${ROW_PX * Math.max(1, this.speakers.length)}></canvas>
      <i .style=${`left:${(100 * this.positionMs) / Math.max(1, this.durationMs)}%`}></i>`;
  }

  #draw(): void {
    const { canvas } = this;
    const context = canvas?.getContext('2d');
    if (!canvas || !context) {
      return;
    }
    canvas.width = Math.max(1, Math.round(this.clientWidth));
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = getComputedStyle(this).color;
    const columns = Math.max(1, Math.floor(canvas.width / COLUMN_PX));
    for (const [row, speaker] of this.speakers.entries()) {
      const middle = ROW_PX * (row + 0.5);
      for (const [column, level] of columnsOf(speaker, this.durationMs, columns).entries()) {
        const height = Math.max(1, level ** EXPONENT * (ROW_PX - 4));
        context.fillRect(column * COLUMN_PX, middle - height / 2, COLUMN_PX - 1, height);
      }
    }
  }

  #seek(ms: number): void {
    const positionMs = Math.min(this.durationMs, Math.max(0, ms));
    this.dispatchEvent(new CustomEvent<number>('seek', { detail: positionMs }));
  }

  #onPointer = (event: PointerEvent): void => {
    if (event.type === 'pointerdown' ? event.button === 0 : event.buttons === 1) {
      const { left, width } = this.getBoundingClientRect();
      this.#seek((this.durationMs * (event.clientX - left)) / Math.max(1, width));
    }
  };

  #onKey = (event: KeyboardEvent): void => {
    const wanted: Record<string, number> = {
      ArrowLeft: this.positionMs - STEP_MS,
      ArrowDown: this.positionMs - STEP_MS,
      ArrowRight: this.positionMs + STEP_MS,
      ArrowUp: this.positionMs + STEP_MS,
      PageDown: this.positionMs - PAGE_MS,
      PageUp: this.positionMs + PAGE_MS,
      Home: 0,
      End: this.durationMs,
    };
    const ms = wanted[event.key];
    if (ms !== undefined) {
      event.preventDefault();
      this.#seek(ms);
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'recording-waveform': RecordingWaveform;
  }
}
