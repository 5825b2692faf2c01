/**
 * How much the path from a phone carries, seen from the relay (receive-side estimation). Pure, time is an argument, nothing
 * is allocated per packet.
 *
 * A sender's own estimate takes chance losses for congestion: behind 20 % loss Chromium 156 ends at 60 kbit/s on a path that
 * has no limit at all (bench loss). Here only a growing queue counts, and a loss that no radio link has. What is queued
 * shows in the time from the sender's clock (abs-send-time) to ours: its least value of the last moments, which jitter does
 * not reach, against the least of the last ten seconds.
 */
import { SEND_TIME_UNITS_PER_MS } from './packet.ts';

/** One evaluation; the worker's tick. */
const BUCKET_MS = 50;
/** The least transit of so many buckets is the path with its queue: 150 ms hold a voice packet or seven. */
const RECENT_BUCKETS = 3;
/** What arrived is counted over so many: half a second. */
const RATE_BUCKETS = 10;

/** The least transit of the last ten of these is the path without a queue; a clock that drifts 100 ppm moves 1 ms in it. */
const BASE_SLOT_MS = 1_000;
const BASE_SLOTS = 10;

/** A queue that is no chance (as GCC's threshold at rest), besides a full packet's time on a slow link. */
const QUEUE_MS = 30;
const FULL_PACKET_BITS = 12_000;
/** From here on there is a queue, and what arrives is what the path carries. */
const BUSY_QUEUE_MS = 10;
/** A shorter queue tells no rate yet. */
const BUSY_FOR_MS = 150;

/** As GCC: below what arrives, so that the queue empties. More while it is so long that a voice suffers. */
const AFTER_OVERUSE = 0.85;
const AFTER_LONG_QUEUE = 0.6;
const LONG_QUEUE_MS = 200;
/** What was asked for shows after a round trip; then the queue has to shrink for a while. */
const SETTLE_MS = 300;

/** Doubles in a second as long as nothing is known of the path, else creeps: 5 % a second. */
const GROWTH_UNKNOWN_PER_S = 2;
const GROWTH_NEAR_PER_S = 1.05;
/** A loop that was held up longer knows nothing of the time between. */
const LONGEST_STEP_MS = 200;
/** The path carries so much more than when it was full: that is not known any more. */
const PASSED = 1.15;

/** An estimate that nobody uses must not run away: by so much above what arrives. */
const UNUSED_FACTOR = 1.5;
const UNUSED_BPS = 50_000;

/** More is no radio link but somebody who drops what is too much. For as long as the share remembers, once is enough. */
const POLICED_LOSS = 0.35;
const POLICED_SETTLE_MS = 5_000;

/** IPv4, UDP and the authentication tag of SRTP. */
const PACKET_OVERHEAD_BYTES = 28 + 10;

const FLOOR_BPS = 30_000;
const SEND_TIME_WRAP = 2 ** 24;

export class ReceiveSideBandwidth {
  readonly #maxBps: number;
  #bps: number;
  /** The sender's clock: as last read, and unwrapped, in its units. */
  #sendTime = -1;
  #sendUnits = 0;
  /** The running bucket. */
  #bucketAt = Number.NEGATIVE_INFINITY;
  #transit = Number.POSITIVE_INFINITY;
  #bytes = 0;
  /** The last ones; `#bucket` counts them. */
  readonly #transits = new Float64Array(RECENT_BUCKETS).fill(Number.POSITIVE_INFINITY);
  readonly #received = new Float64Array(RATE_BUCKETS);
  #bucket = 0;
  readonly #bases = new Float64Array(BASE_SLOTS).fill(Number.POSITIVE_INFINITY);
  #baseSlot = 0;
  #baseAt = Number.NEGATIVE_INFINITY;
  #queueMs = 0;
  /** While there is a queue. */
  #busyBytes = 0;
  #busyMs = 0;
  /** What the path carried when it was full; 0 when that is not known. */
  #fullBps = 0;
  #settledAt = Number.NEGATIVE_INFINITY;
  /** The queue when the estimate was last lowered, until it is raised again. */
  #loweredAtQueueMs = Number.POSITIVE_INFINITY;

  constructor(startBps: number, maxBps: number) {
    this.#bps = startBps;
    this.#maxBps = maxBps;
  }

  /** Bits per second, headers included. */
  get bps(): number {
    return this.#bps;
  }

  /** Packets with the sender's clock have come; without, nothing can be said. */
  get started(): boolean {
    return this.#sendTime >= 0;
  }

  /** Milliseconds that packets waited lately. */
  get queueMs(): number {
    return this.#queueMs;
  }

  /** @param sendTime abs-send-time of the packet: 24 bits, 18 of them behind the point of a second */
  onPacket(sendTime: number, bytes: number, now: number): void {
    if (this.#sendTime < 0) {
      this.#bucketAt = now;
      this.#baseAt = now;
    } else {
      // Shortest way round: reordered packets go back a little.
      const step = (sendTime - this.#sendTime) & (SEND_TIME_WRAP - 1);
      this.#sendUnits += step < SEND_TIME_WRAP / 2 ? step : step - SEND_TIME_WRAP;
    }
    this.#sendTime = sendTime;
    this.#transit = Math.min(this.#transit, now - this.#sendUnits / SEND_TIME_UNITS_PER_MS);
    this.#bytes += bytes + PACKET_OVERHEAD_BYTES;
  }

  /**
   * To be called many times a second.
   * @param lossShare of all packets, smoothed over seconds, 0 to 1
   */
  tick(now: number, roundTripMs: number, lossShare: number): void {
    const elapsed = now - this.#bucketAt;
    if (this.#sendTime < 0 || elapsed < BUCKET_MS) {
      return;
    }
    const rate = this.#closeBucket(elapsed, now);
    if (now < this.#settledAt) {
      return;
    }
    const threshold = QUEUE_MS + (FULL_PACKET_BITS * 1_000) / this.#bps;
    if (this.#queueMs > threshold && this.#busyMs >= BUSY_FOR_MS) {
      this.#lower((this.#busyBytes * 8_000) / this.#busyMs, now, roundTripMs + SETTLE_MS);
    } else if (lossShare > POLICED_LOSS) {
      this.#lower(rate, now, POLICED_SETTLE_MS);
    } else if (this.#queueMs < threshold / 2) {
      this.#raise(rate, Math.min(elapsed, LONGEST_STEP_MS) / 1_000);
    }
  }

  /** @returns bits per second that arrived lately */
  #closeBucket(elapsed: number, now: number): number {
    const buckets = Math.max(1, Math.round(elapsed / BUCKET_MS));
    for (let index = 0; index < Math.min(buckets, RATE_BUCKETS); index++) {
      this.#received[this.#bucket % RATE_BUCKETS] = this.#bytes / buckets;
      this.#transits[this.#bucket % RECENT_BUCKETS] = this.#transit;
      this.#bucket++;
    }
    if (now - this.#baseAt >= BASE_SLOT_MS) {
      this.#baseAt = now;
      this.#baseSlot = (this.#baseSlot + 1) % BASE_SLOTS;
      this.#bases[this.#baseSlot] = Number.POSITIVE_INFINITY;
    }
    this.#bases[this.#baseSlot] = Math.min(this.#bases[this.#baseSlot] ?? this.#transit, this.#transit);
    const recent = least(this.#transits);
    // Without a packet nothing is known of the queue; old knowledge would make of silence a path that carries nothing.
    this.#queueMs = recent === Number.POSITIVE_INFINITY ? 0 : Math.max(0, recent - least(this.#bases));
    if (this.#queueMs > BUSY_QUEUE_MS) {
      this.#busyBytes += this.#bytes;
      this.#busyMs += elapsed;
    } else {
      this.#busyBytes = 0;
      this.#busyMs = 0;
    }
    this.#bucketAt = now;
    this.#transit = Number.POSITIVE_INFINITY;
    this.#bytes = 0;
    let sum = 0;
    for (let index = 0; index < RATE_BUCKETS; index++) {
      sum += this.#received[index] ?? 0;
    }
    return (sum * 8_000) / (RATE_BUCKETS * BUCKET_MS);
  }

  #lower(fullBps: number, now: number, settleMs: number): void {
    const share = this.#queueMs > LONG_QUEUE_MS ? AFTER_LONG_QUEUE : AFTER_OVERUSE;
    this.#fullBps = fullBps;
    // Voice and headers are in what arrives and do not follow a REMB: where the last step left the queue as long, the
    // next goes down from where it is.
    const from = this.#queueMs >= this.#loweredAtQueueMs ? share * this.#bps : this.#bps;
    this.#bps = Math.max(FLOOR_BPS, Math.min(from, share * fullBps));
    this.#loweredAtQueueMs = this.#queueMs;
    this.#settledAt = now + settleMs;
    this.#busyBytes = 0;
    this.#busyMs = 0;
  }

  #raise(rate: number, seconds: number): void {
    this.#loweredAtQueueMs = Number.POSITIVE_INFINITY;
    if (this.#fullBps > 0 && this.#bps > PASSED * this.#fullBps) {
      this.#fullBps = 0;
    }
    const isNear = this.#fullBps > 0 && this.#bps > AFTER_OVERUSE * this.#fullBps;
    const grown = this.#bps * (isNear ? GROWTH_NEAR_PER_S : GROWTH_UNKNOWN_PER_S) ** seconds;
    const used = Math.min(this.#maxBps, UNUSED_FACTOR * rate + UNUSED_BPS);
    this.#bps = Math.max(this.#bps, Math.min(grown, used));
  }
}

function least(values: Float64Array): number {
  let result = Number.POSITIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    result = Math.min(result, values[index] ?? result);
  }
  return result;
}
