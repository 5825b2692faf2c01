/** How loud a stream is, as a small bar. Draws by itself; nothing around it renders again. */
import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';

/** Often enough to follow speech, a quarter of what the screen could show. */
const DRAW_INTERVAL_MS = 66;
/** Opening the sound system holds the page up for some 10 ms, which Start must not pay for. */
const BEGIN_AFTER_MS = 500;
/** A screen reader asks for the figure, it does not watch it. */
const VALUE_INTERVAL_MS = 1_000;
/** Root mean square in dBFS at the ends of the bar: a quiet room, and speech that is as loud as it should be. */
const FLOOR_DB = -60;
const CEILING_DB = -12;

@customElement('level-meter')
export class LevelMeter extends LitElement {
  static override styles = css`
    :host {
      display: inline-block;
      width: 44px;
      height: 6px;
      border-radius: 3px;
      background: var(--line);
      overflow: hidden;
    }

    i {
      display: block;
      height: 100%;
      border-radius: 3px;
      background: var(--live);
      transform-origin: left;
      transform: scaleX(var(--level, 0));
    }
  `;

  @property({ attribute: false }) stream: MediaStream | undefined;
  /** Accessible name. */
  @property() label = '';
  @property({ attribute: false }) running = true;

  #context: AudioContext | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #heard: MediaStreamTrack | undefined;
  #begin: ReturnType<typeof setTimeout> | undefined;
  #valueAt = 0;

  override disconnectedCallback(): void {
    this.#stop();
    super.disconnectedCallback();
  }

  protected override updated(changed: PropertyValues<this>): void {
    this.role = 'meter';
    this.ariaLabel = this.label;
    this.ariaValueMin = '0';
    this.ariaValueMax = '100';
    this.ariaValueNow ??= '0';
    const track = this.stream?.getAudioTracks()[0];
    if (changed.has('stream') || changed.has('running') || track !== this.#heard) {
      this.#stop();
      if (this.running && track !== undefined && this.isConnected) {
        this.#heard = track;
        this.#begin = setTimeout(() => this.#listen(track), BEGIN_AFTER_MS);
      }
    }
  }

  protected override render(): TemplateResult {
    return html`<i></i>`;
  }

  #listen(track: MediaStreamTrack): void {
    const context = new AudioContext();
    this.#context = context;
    // A page that was opened without a click starts suspended; the first click lets it run.
    void context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#show(levelOf(samples));
    }, DRAW_INTERVAL_MS);
  }

  #show(level: number): void {
    this.style.setProperty('--level', level.toFixed(2));
    const now = performance.now();
    if (now - this.#valueAt > VALUE_INTERVAL_MS) {
      this.#valueAt = now;
      this.ariaValueNow = String(Math.round(level * 100));
    }
  }

  #stop(): void {
    clearTimeout(this.#begin);
    clearInterval(this.#timer);
    this.#timer = undefined;
    void this.#context?.close();
    this.#context = undefined;
    this.#heard = undefined;
    this.#show(0);
  }
}

/** @returns 0 to 1, linear in decibels as ears are */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) {
    sum += sample * sample;
  }
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, (decibels - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}

declare global {
  interface HTMLElementTagNameMap {
    'level-meter': LevelMeter;
  }
}
