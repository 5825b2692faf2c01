/** When the picture of a session got worse and better again, for its log; pure. */
import type { PictureState } from './protocol.ts';

/** A path that changes its mind to and fro must not fill the log: so many lines at once, then one in so many seconds. */
const LINES_BURST = 10;
const LINE_EARNED_EVERY_MS = 10_000;

export class PictureLog {
  #logged: PictureState = { mode: 'video', cause: 'none' };
  #credit = LINES_BURST;
  #creditAt = 0;

  /** @returns what the log is to say of it; undefined when nothing is new, or too much of it was said lately */
  take(picture: PictureState, now: number): PictureState | undefined {
    const { mode, cause } = picture;
    // A camera that is off is a line of the devices.
    if (mode === 'none' || (mode === this.#logged.mode && cause === this.#logged.cause)) {
      return undefined;
    }
    const earned = Math.max(0, now - this.#creditAt) / LINE_EARNED_EVERY_MS;
    this.#credit = Math.min(LINES_BURST, this.#credit + earned);
    this.#creditAt = now;
    if (this.#credit < 1) {
      return undefined;
    }
    this.#credit -= 1;
    this.#logged = picture;
    return picture;
  }
}
