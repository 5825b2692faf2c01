/** When a source is asked for a keyframe: at once, but not again within the throttle. Pure, time is an argument. */

/** A second request within this brings no second keyframe; LiveKit's throttle (facts/reliability.md 1.2). */
const INTERVAL_MS = 500;
/** What an encoder and a keyframe of a hundred packets take besides the round trip. */
const KEYFRAME_TAKES_MS = 200;
/** A request gets lost like anything else, and the viewer repeats its own only every three seconds (Chromium). */
const MAX_TRIES = 6;

export class KeyframeRequests {
  /** Still to be sent for the last wish; 0 when it is fulfilled. */
  #tries = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** Something has been sent for the wish that is still open, and may be on its way. */
  #isAsked = false;

  /** Somebody needs one, or still does. */
  want(): void {
    this.#isAsked &&= this.#tries > 0;
    this.#tries = MAX_TRIES;
  }

  /** One has come. */
  satisfied(): void {
    this.#tries = 0;
  }

  /** @returns whether to send a request now, which is then counted as sent */
  isDue(now: number, roundTripMs: number): boolean {
    const intervalMs = this.#isAsked ? Math.max(INTERVAL_MS, roundTripMs + KEYFRAME_TAKES_MS) : INTERVAL_MS;
    if (this.#tries === 0 || now - this.#sentAt < intervalMs) {
      return false;
    }
    this.#tries--;
    this.#isAsked = true;
    this.#sentAt = now;
    return true;
  }
}
