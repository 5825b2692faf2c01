/** Running times. Every second each of them writes its own text; nothing around it renders again. */
import { LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { duration } from './localization.ts';

type Tick = (now: number) => void;

const SECOND_MS = 1_000;
const listeners = new Set<Tick>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Calls back at each full second of this computer's clock; returns the undo. No listener, no timer. */
export function everySecond(tick: Tick): () => void {
  listeners.add(tick);
  schedule();
  return () => {
    listeners.delete(tick);
    if (listeners.size === 0) {
      clearTimeout(timer);
      timer = undefined;
    }
  };
}

function schedule(): void {
  if (timer !== undefined) {
    return;
  }
  // To the full second, or the figures would skip one now and then; the 5 ms keep an early timer behind it.
  timer = setTimeout(
    () => {
      timer = undefined;
      const now = Date.now();
      for (const tick of [...listeners]) {
        tick(now);
      }
      if (listeners.size > 0) {
        schedule();
      }
    },
    SECOND_MS - (Date.now() % SECOND_MS) + 5,
  );
}

/** `since` counts up, `until` counts down; both are epoch milliseconds of the relay's clock. */
@customElement('running-time')
export class RunningTime extends LitElement {
  @property({ attribute: false }) since = 0;
  @property({ attribute: false }) until = 0;
  /** Relay's clock minus this computer's, in milliseconds. */
  @property({ attribute: false }) clockOffsetMs = 0;

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
    const now = Date.now() + this.clockOffsetMs;
    return duration(this.until > 0 ? this.until - now : now - this.since);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'running-time': RunningTime;
  }
}
