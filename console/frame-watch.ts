/** Whether the picture of a video element moves, whatever the connection behind it claims. */

/** Slow video has five frames per second (relay/client/levels.ts); this is well beyond, and seen soon enough. */
const STILL_AFTER_MS = 1_200;
const LOOK_INTERVAL_MS = 300;

export class FrameWatch {
  readonly #video: HTMLVideoElement;
  readonly #changed: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #frame: number;
  #lastAt: number | undefined;
  #stillSince: number | undefined;

  /** @param changed called when the picture stops and when it moves again */
  constructor(video: HTMLVideoElement, changed: () => void) {
    this.#video = video;
    this.#changed = changed;
    this.#frame = video.requestVideoFrameCallback(() => this.#moved());
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    document.addEventListener('visibilitychange', this.#onVisible);
  }

  /** When the last frame came, epoch milliseconds; undefined while the picture moves, or before the first. */
  get stillSince(): number | undefined {
    return this.#stillSince;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#video.cancelVideoFrameCallback(this.#frame);
    document.removeEventListener('visibilitychange', this.#onVisible);
  }

  /** Nobody draws the frames of a hidden page. */
  readonly #onVisible = (): void => {
    if (this.#lastAt !== undefined && this.#stillSince === undefined) {
      this.#lastAt = Date.now();
    }
  };

  #moved(): void {
    this.#lastAt = Date.now();
    this.#frame = this.#video.requestVideoFrameCallback(() => this.#moved());
    if (this.#stillSince !== undefined) {
      this.#stillSince = undefined;
      this.#changed();
    }
  }

  #look(): void {
    if (
      this.#lastAt !== undefined &&
      this.#stillSince === undefined &&
      document.visibilityState === 'visible' &&
      Date.now() - this.#lastAt > STILL_AFTER_MS
    ) {
      this.#stillSince = this.#lastAt;
      this.#changed();
    }
  }
}
