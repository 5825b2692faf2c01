/**
 * How much the path to each viewer carries, and what the phone is told of it. Pure, time is an argument.
 *
 * A viewer's browser says in a REMB what it believes in. That belief never exceeds one and a half times what it receives
 * and grows by 8 % a second, so most of the time it follows the phone and is no limit: passed on as it is, it would keep
 * a phone that comes out of a bad network slow for most of a minute. It is a limit only after it has *fallen to* what
 * arrives while packets queue; and until it has clearly passed that point again.
 *
 * The queue has to show in the round trip, because the belief alone is no proof: behind loss that reorders, Chromium 156
 * sees queues where there are none, and with 10 % falls to a tenth on a path without any limit (bench loss).
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

/** So much above the least of the last quarter or half of a minute, three times in a row, is a queue. */
const QUEUED_ROUND_TRIP_MS = 40;
const ROUND_TRIPS_IN_A_ROW = 3;
const LEAST_ROUND_TRIP_MS = 15_000;
/** Round trips come five times a second, a fall of the estimate at any time. */
const SAME_QUEUE_MS = 2_000;
/** Without a queue for this long a limit grows as fast as Chromium's own estimate does. */
const QUEUE_GONE_MS = 3_000;
const GROWTH_PER_S = 1.08;

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

/**
 * What is left of a count after each interval: five seconds in the mean, because a picture that is starved has twenty
 * packets a second. With fewer than this, chance makes 20 of 10 %.
 */
const LOSS_KEPT = 0.9;
const MIN_EXPECTED = 50;

const NO_LIMIT = Number.POSITIVE_INFINITY;

/** The path to one viewer. */
export class ViewerBandwidth {
  #estimateBps = 0;
  #estimatedAt = Number.NEGATIVE_INFINITY;
  /** As of `#limitedAt`. */
  #limitBps = NO_LIMIT;
  #limitedAt = 0;
  /** What arrived when the path was full. */
  #fullBps = 0;
  /** The last fall of the estimate, and when packets were last seen to queue. */
  #fellAt = Number.NEGATIVE_INFINITY;
  #queuedAt = Number.NEGATIVE_INFINITY;
  #queuedInARow = 0;
  /** The least round trip of this quarter of a minute and of the one before. */
  #leastRoundTripMs = Number.POSITIVE_INFINITY;
  #leastBeforeMs = Number.POSITIVE_INFINITY;
  #leastSince = Number.NEGATIVE_INFINITY;

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
      this.#fellAt = now;
      this.#confirm(now);
      return;
    }
    const limitBps = Math.max(this.#grown(now), bitsPerSecond);
    if (limitBps > PASSED * this.#fullBps || limitBps > UNUSED * sentBps) {
      this.#limitBps = NO_LIMIT;
    } else if (this.#limitBps !== NO_LIMIT) {
      this.#limit(limitBps, now);
    }
  }

  /** @param roundTripMs to this viewer and back, not smoothed */
  onRoundTrip(roundTripMs: number, now: number): void {
    if (now - this.#leastSince > LEAST_ROUND_TRIP_MS) {
      this.#leastSince = now;
      this.#leastBeforeMs = this.#leastRoundTripMs;
      this.#leastRoundTripMs = Number.POSITIVE_INFINITY;
    }
    this.#leastRoundTripMs = Math.min(this.#leastRoundTripMs, roundTripMs);
    const least = Math.min(this.#leastRoundTripMs, this.#leastBeforeMs);
    this.#queuedInARow = roundTripMs > least + QUEUED_ROUND_TRIP_MS ? this.#queuedInARow + 1 : 0;
    if (this.#queuedInARow >= ROUND_TRIPS_IN_A_ROW) {
      this.#queuedAt = now;
      this.#confirm(now);
    }
  }

  /** @param lossShare of what is sent to this viewer, 0 to 1 */
  onLoss(lossShare: number, sentBps: number, now: number): void {
    if (lossShare > LOSS_OF_FULL_PATH && this.#limitBps === NO_LIMIT) {
      this.#fullBps = sentBps * (1 - lossShare);
      const believedBps = Math.min(this.#estimateBps, PASSED * this.#fullBps);
      this.#limit(Math.max(LOSS_FLOOR_BPS, this.#fullBps, believedBps), now);
    }
  }

  /** Bits per second that should not be exceeded; infinite while the path is not known to be the limit. */
  limitBps(now: number): number {
    return now - this.#estimatedAt < ESTIMATE_VALID_MS ? this.#grown(now) : NO_LIMIT;
  }

  /** A fall and a queue make a limit. */
  #confirm(now: number): void {
    if (Math.abs(this.#fellAt - this.#queuedAt) <= SAME_QUEUE_MS && this.#estimateBps < this.#limitBps) {
      this.#fullBps = this.#estimateBps / SHARE_AFTER_FALL;
      this.#limit(Math.max(FLOOR_BPS, this.#estimateBps), now);
    }
  }

  #limit(bitsPerSecond: number, now: number): void {
    this.#limitBps = bitsPerSecond;
    this.#limitedAt = now;
  }

  #grown(now: number): number {
    const from = Math.max(this.#limitedAt, this.#queuedAt + QUEUE_GONE_MS);
    return now > from ? this.#limitBps * GROWTH_PER_S ** ((now - from) / 1_000) : this.#limitBps;
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

/** Share of packets that are lost, over a few seconds. */
export class LossShare {
  #expected = 0;
  #lost = 0;
  /** Totals at the last tick. */
  #expectedBefore = 0;
  #lostBefore = 0;
  #at = Number.NEGATIVE_INFINITY;
  #inARow = 0;

  /** Intervals of half a second in a row that lost something: a short outage is one or two. */
  get intervalsInARow(): number {
    return this.#inARow;
  }

  /** 0 to 1; 0 while there are too few packets to tell. */
  get share(): number {
    return this.#expected >= MIN_EXPECTED ? this.#lost / this.#expected : 0;
  }

  /** To be called many times a second with the totals; smaller ones than before are a new start. */
  tick(expected: number, lost: number, now: number): void {
    if (now - this.#at < RATE_INTERVAL_MS) {
      return;
    }
    if (expected >= this.#expectedBefore && this.#at !== Number.NEGATIVE_INFINITY) {
      // Late ones that counted as lost at the last tick are taken back.
      const more = lost - this.#lostBefore;
      this.#expected = LOSS_KEPT * this.#expected + expected - this.#expectedBefore;
      this.#lost = Math.max(0, LOSS_KEPT * this.#lost + more);
      this.#inARow = more > 0 ? this.#inARow + 1 : 0;
    }
    this.#expectedBefore = expected;
    this.#lostBefore = lost;
    this.#at = now;
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
