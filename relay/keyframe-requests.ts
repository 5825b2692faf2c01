/** When a source is asked for a keyframe: at once, but not again within the throttle. Pure, time is an argument. */

/** A second request within this brings no second keyframe; LiveKit's throttle (facts/reliability.md 1.2). */
const INTERVAL_MS = 500;

export class KeyframeRequests {
  #wanted = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  /** Somebody needs one. */
  want(): void {
    this.#wanted = true;
  }

  /** One has come. */
  satisfied(): void {
    this.#wanted = false;
  }

  /** @returns whether to send a request now, which is then counted as sent */
  isDue(now: number): boolean {
    if (!this.#wanted || now - this.#sentAt < INTERVAL_MS) {
      return false;
    }
    this.#wanted = false;
    this.#sentAt = now;
    return true;
  }
}
