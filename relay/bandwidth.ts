/**
 * How much the path to each viewer carries, and what the phone is told of it. Pure, time is an argument.
 *
 * A viewer's browser says in a REMB what it believes in. That belief never exceeds one and a half times what it receives
 * and grows by 8 % a second, so most of the time it follows the phone and is no limit: passed on as it is, it would keep
 * a phone that comes out of a bad network slow for most of a minute. It is a limit only after it has *fallen to* what
 * arrives, which it does when packets begin to queue; and until it has clearly passed that point again.
 */

/** A fall of the estimate: by this much, to no more than this much above what is being sent. */
const FALL = 0.97;
const OF_SENT_RATE = 1.1;
/** On overuse the estimate becomes this share of what arrived (Chromium's AIMD), so what arrived can be told from it. */
const SHARE_AFTER_FALL = 0.85;
/** The path carries this much more than when it was full: it is not the limit any more. */
const PASSED = 1.3;

/** An estimate this far above what is sent is held down by that alone (Chromium: one and a half times). */
const UNUSED = 1.35;

/**
 * Loss alone is no lack of bandwidth, and a radio link may lose a fifth. Beyond this something drops what is too much
 * without queueing it, which the estimate cannot see.
 */
const LOSS_OF_FULL_PATH = 0.3;

/** A viewer that has said nothing for so long says nothing about its path either. */
const ESTIMATE_VALID_MS = 6_000;

/** Below this the picture is not worth its price and the page's ladder takes over; and what loss alone may ask for. */
const FLOOR_BPS = 50_000;
const LOSS_FLOOR_BPS = 150_000;

/** The most that a phone is ever told: more than any picture here needs. */
export const MAX_BITRATE_BPS = 6_000_000;

/** What a REMB is repeated after, and a fall that is told at once. */
const REPEAT_AFTER_MS = 1_000;
/** For how long the end of a limit is repeated, because a browser that misses it stays limited. */
const RELEASE_FOR_MS = 5_000;

/** Halves of the last two of these make a rate. */
const RATE_INTERVAL_MS = 500;

/** The path to one viewer. */
export class ViewerBandwidth {
  #estimateBps = 0;
  #estimatedAt = Number.NEGATIVE_INFINITY;
  #limited = false;
  #floorBps = FLOOR_BPS;
  /** What arrived when the path was full. */
  #fullBps = 0;

  /** Last estimate of the viewer; 0 before the first. */
  get estimateBps(): number {
    return this.#estimateBps;
  }

  /** @param sentBps what the relay sends to this viewer */
  onEstimate(bitsPerSecond: number, sentBps: number, now: number): void {
    const before = this.#estimateBps;
    this.#estimateBps = bitsPerSecond;
    this.#estimatedAt = now;
    if (before > 0 && bitsPerSecond < FALL * before && bitsPerSecond < OF_SENT_RATE * sentBps) {
      this.#limited = true;
      this.#floorBps = FLOOR_BPS;
      this.#fullBps = bitsPerSecond / SHARE_AFTER_FALL;
    } else if (bitsPerSecond > PASSED * this.#fullBps || bitsPerSecond > UNUSED * sentBps) {
      this.#limited = false;
    }
  }

  /** @param lossShare of what is sent to this viewer, 0 to 1 */
  onLoss(lossShare: number, sentBps: number): void {
    if (lossShare > LOSS_OF_FULL_PATH && !this.#limited) {
      this.#limited = true;
      this.#fullBps = sentBps * (1 - lossShare);
      this.#floorBps = Math.max(LOSS_FLOOR_BPS, this.#fullBps);
    }
  }

  /** Bits per second that should not be exceeded; infinite while the path is not known to be the limit. */
  limitBps(now: number): number {
    const valid = this.#limited && now - this.#estimatedAt < ESTIMATE_VALID_MS;
    return valid ? Math.max(this.#floorBps, this.#estimateBps) : Number.POSITIVE_INFINITY;
  }
}

/** When a phone is told how much. */
export class BandwidthLimit {
  #toldBps = Number.POSITIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  #releasedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param limitBps of the slowest viewer; infinite for none
   * @returns what to tell the phone now; 0 for nothing
   */
  next(limitBps: number, now: number): number {
    const isReleased = limitBps === Number.POSITIVE_INFINITY;
    if (!isReleased) {
      this.#releasedAt = now;
    } else if (now - this.#releasedAt > RELEASE_FOR_MS) {
      this.#toldBps = Number.POSITIVE_INFINITY;
      return 0;
    }
    const bps = Math.min(MAX_BITRATE_BPS, limitBps);
    const changed = bps < FALL * this.#toldBps || (isReleased && this.#toldBps < MAX_BITRATE_BPS);
    if (!changed && now - this.#toldAt < REPEAT_AFTER_MS) {
      return 0;
    }
    this.#toldBps = bps;
    this.#toldAt = now;
    return bps;
  }
}

/** Bits per second of a byte counter, smoothed over about a second. */
export class Rate {
  #bps = 0;
  #bytes = 0;
  #at = Number.NEGATIVE_INFINITY;

  get bps(): number {
    return this.#bps;
  }

  /** To be called many times a second with the counter. */
  tick(bytes: number, now: number): void {
    const elapsed = now - this.#at;
    if (elapsed < RATE_INTERVAL_MS) {
      return;
    }
    if (elapsed < 4 * RATE_INTERVAL_MS) {
      this.#bps += (((bytes - this.#bytes) * 8_000) / elapsed - this.#bps) / 2;
    }
    this.#bytes = bytes;
    this.#at = now;
  }
}
