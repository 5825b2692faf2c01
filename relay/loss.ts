/**
 * What has not arrived of one incoming source, and when to ask for it again (NACK, RFC 4585 section 6.2.1). Also the one
 * truth about which late packet is still wanted, so that each goes on exactly once. Pure: sequence numbers are unwrapped,
 * time is an argument, memory is bounded.
 */

/** mediasoup's bound (facts/reliability.md 1.2); a larger hole is not repaired packet by packet. */
const MAX_MISSING = 1_000;
const INITIAL_CAPACITY = 32;

/**
 * A hole is asked for when it is this old and not after a number of later packets: a frame leaves the phone as a burst,
 * so with 5 ms of jitter the packets of one frame overtake each other by the half dozen, and nothing is lost. The
 * window follows the lateness that is seen, up to `MAX_REORDERING_MS`.
 */
const MIN_REORDERING_MS = 10;
const MAX_REORDERING_MS = 50;

/** Chromium answers the same number once per round trip and ignores what comes earlier; the fifth covers its jitter. */
const RETRY_ROUND_TRIPS = 1.2;
/** Where each request goes twice the second covers it, so that the first may come as soon as it can be of use. */
const RETRY_ROUND_TRIPS_TWICE = 1.05;
const MIN_RETRY_MS = 20;
/** Requests for one number (mediasoup, Chromium: 10). Chromium remembers what it sent for a second or more. */
const MAX_TRIES = 10;
/** As long as it may be that the packet was never sent. */
const MAX_TRIES_SUSPECTED = 3;
const MAX_AGE_MS = 2_000;
/** A voice that late is not heard any more. */
const MAX_VOICE_AGE_MS = 500;
/** A browser that has answered none of so many requests for its voice does not do it; Chromium does, Firefox does not. */
const FUTILE_REQUESTS = 200;

/** When fewer first requests than this are answered in time, they go twice too, as all later ones do; about 8 % loss on each way. */
const TROUBLED_SHARE = 0.85;
/** Far enough apart not to be lost together in a short burst. */
const REPEAT_AFTER_MS = 10;

/** Before anything is known (mediasoup's default), and the range that what a browser says is believed in. */
const INITIAL_ROUND_TRIP_MS = 100;
const MIN_ROUND_TRIP_MS = 1;
const MAX_ROUND_TRIP_MS = 1_000;

/** Smoothed round trip of one connection, from whatever measures it; 1/8 as in RFC 6298. */
export class RoundTrip {
  #ms: number | undefined;

  /** Milliseconds; a guess before the first sample. */
  get ms(): number {
    return this.#ms ?? INITIAL_ROUND_TRIP_MS;
  }

  /** Undefined before the first sample. */
  get measuredMs(): number | undefined {
    return this.#ms;
  }

  sample(ms: number): void {
    if (ms >= 0) {
      const bounded = Math.max(MIN_ROUND_TRIP_MS, Math.min(MAX_ROUND_TRIP_MS, ms));
      this.#ms = this.#ms === undefined ? bounded : this.#ms + (bounded - this.#ms) / 8;
    }
  }
}

export class MissingPackets {
  readonly #roundTrip: RoundTrip;
  readonly #isVoice: boolean;
  /** Requests since the last answer; of interest until there has been one. */
  #unanswered = 0;
  /** Ascending, and therefore in the order of their discovery too; the first `#count` are in use. */
  #sequences = new Float64Array(INITIAL_CAPACITY);
  #detectedAt = new Float64Array(INITIAL_CAPACITY);
  #askedAt = new Float64Array(INITIAL_CAPACITY);
  #dueAt = new Float64Array(INITIAL_CAPACITY);
  #tries = new Uint8Array(INITIAL_CAPACITY);
  /** 1 while the second copy of the last request is still to be sent. */
  #repeats = new Uint8Array(INITIAL_CAPACITY);
  /** 1 while nothing newer has come, so that it may not even have been sent. */
  #suspected = new Uint8Array(INITIAL_CAPACITY);
  #suspectedCount = 0;
  #count = 0;
  #nextDueAt = Number.POSITIVE_INFINITY;
  #reorderingMs = MIN_REORDERING_MS;
  /** Smoothed share of first requests that were answered before the second. */
  #answeredShare = 1;
  #abandoned = 0;

  /**
   * @param roundTrip to the sender; samples are added to it
   * @param kind a voice is not waited for as long, and its retransmissions look like late packets
   */
  constructor(roundTrip: RoundTrip, kind: 'audio' | 'video') {
    this.#roundTrip = roundTrip;
    this.#isVoice = kind === 'audio';
  }

  get size(): number {
    return this.#count;
  }

  /** When `collect` has something to ask for; infinite while there is nothing. */
  get nextDueAt(): number {
    return this.#nextDueAt;
  }

  /** How long a packet may be late before it counts as lost. */
  get reorderingMs(): number {
    return this.#reorderingMs;
  }

  /** Numbers given up, since the beginning. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /**
   * A gap has shown: `from … to − 1` did not come, all larger than any before.
   * @returns false when it is too large to be repaired: nothing is missing any more, and a new start is needed
   */
  add(from: number, to: number, now: number): boolean {
    return this.#add(from, to, now, now + this.#reorderingMs, 0);
  }

  /**
   * These have been lost for as long as `reorderingMs` by the numbers of the transport, although nothing newer of this
   * source has come: the end of a frame, or one that is all of a frame. They may have been something else.
   */
  suspect(from: number, to: number, now: number): void {
    this.#suspectedCount += to - from;
    this.#add(from, to, now, now, 1);
  }

  /** Something newer has come: what was suspected is missing for certain. */
  confirm(now: number): void {
    if (this.#suspectedCount === 0) {
      return;
    }
    this.#suspectedCount = 0;
    for (let index = 0; index < this.#count; index++) {
      if (this.#suspected[index] === 1) {
        this.#suspected[index] = 0;
        if (this.#dueAt[index] === Number.POSITIVE_INFINITY) {
          this.#dueAt[index] = now;
          this.#nextDueAt = now;
        }
      }
    }
  }

  #add(from: number, to: number, now: number, dueAt: number, suspected: 0 | 1): boolean {
    if (to - from > MAX_MISSING) {
      this.#abandoned += this.#count + (to - from);
      this.clear();
      return false;
    }
    const overflow = this.#count + (to - from) - MAX_MISSING;
    if (overflow > 0) {
      this.#abandoned += overflow;
      this.#removeFirst(overflow);
    }
    for (let sequence = from; sequence < to; sequence++) {
      if (this.#count === this.#sequences.length) {
        this.#grow();
      }
      const index = this.#count++;
      this.#sequences[index] = sequence;
      this.#detectedAt[index] = now;
      this.#dueAt[index] = dueAt;
      this.#tries[index] = 0;
      this.#repeats[index] = 0;
      this.#suspected[index] = suspected;
    }
    this.#nextDueAt = Math.min(this.#nextDueAt, dueAt);
    return true;
  }

  isMissing(sequence: number): boolean {
    return this.#find(sequence) >= 0;
  }

  /**
   * A packet older than the newest has come, on its own (late) or as a retransmission.
   * @returns whether it was missing; false for a duplicate or one that was given up
   */
  take(sequence: number, now: number, retransmitted: boolean): boolean {
    const index = this.#find(sequence);
    if (index < 0) {
      return false;
    }
    const age = now - (this.#askedAt[index] ?? now);
    if (this.#suspected[index] === 1 && !retransmitted) {
      // Sent only now: it tells nothing about the path.
    } else if (retransmitted || (this.#isVoice && this.#tries[index] !== 0 && 2 * age > this.#roundTrip.ms)) {
      this.#unanswered = Number.NEGATIVE_INFINITY;
      // With more than one request it cannot be told which was answered (Karn).
      if (this.#tries[index] === 1) {
        this.#roundTrip.sample(age);
        this.#answered(1);
      }
    } else {
      this.#learnReordering(now - (this.#detectedAt[index] ?? now));
    }
    this.#remove(index);
    return true;
  }

  /**
   * What this packet carried has been had otherwise.
   * @returns whether it was missing
   */
  fill(sequence: number): boolean {
    const index = this.#find(sequence);
    if (index >= 0) {
      this.#remove(index);
    }
    return index >= 0;
  }

  /**
   * Writes the numbers that are to be asked for now, ascending, and notes that they are.
   * @returns how many; with as many as fit, call again
   */
  collect(now: number, numbers: Float64Array): number {
    if (now < this.#nextDueAt) {
      return 0;
    }
    if (this.#isVoice && this.#unanswered > FUTILE_REQUESTS) {
      this.#nextDueAt = Number.POSITIVE_INFINITY;
      return 0;
    }
    const isTroubled = this.#answeredShare < TROUBLED_SHARE;
    const roundTripMs = this.#roundTrip.ms;
    const retryMs = Math.max(MIN_RETRY_MS, RETRY_ROUND_TRIPS * roundTripMs);
    const retryTwiceMs = Math.max(MIN_RETRY_MS, RETRY_ROUND_TRIPS_TWICE * roundTripMs);
    let collected = 0;
    let nextDueAt = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#count; index++) {
      if ((this.#dueAt[index] ?? 0) <= now && collected < numbers.length) {
        numbers[collected++] = this.#sequences[index] ?? 0;
        // What has gone unanswered once, a frame waits for already; on a short path the next request is as quick as a copy.
        const isAgain = this.#tries[index] !== 0 && roundTripMs > 2 * REPEAT_AFTER_MS;
        const doubles = isTroubled || isAgain;
        this.#ask(index, now, doubles ? retryTwiceMs : retryMs, doubles);
      }
      nextDueAt = Math.min(nextDueAt, this.#dueAt[index] ?? nextDueAt);
    }
    this.#nextDueAt = nextDueAt;
    this.#unanswered += collected;
    return collected;
  }

  /** Gives up what is too old to be of use to anybody. */
  expire(now: number): void {
    const maxAgeMs = this.#isVoice ? MAX_VOICE_AGE_MS : MAX_AGE_MS;
    let expired = 0;
    while (expired < this.#count && now - (this.#detectedAt[expired] ?? now) > maxAgeMs) {
      expired++;
    }
    if (expired > 0) {
      this.#abandoned += expired;
      this.#removeFirst(expired);
    }
  }

  /** For how long the oldest packet at or behind this number has been missing for certain; 0 when none is. */
  oldestAge(sequence: number, now: number): number {
    const index = this.#firstAtOrBehind(sequence);
    const isCertain = index < this.#count && this.#suspected[index] === 0;
    return isCertain ? now - (this.#detectedAt[index] ?? now) : 0;
  }

  clear(): void {
    this.#count = 0;
    this.#suspectedCount = 0;
    this.#nextDueAt = Number.POSITIVE_INFINITY;
  }

  #ask(index: number, now: number, retryMs: number, doubles: boolean): void {
    if (this.#repeats[index] === 1) {
      this.#repeats[index] = 0;
      this.#dueAt[index] = this.#retryAt(index, (this.#askedAt[index] ?? now) + retryMs);
      return;
    }
    if (this.#tries[index] === 1 && this.#suspected[index] === 0) {
      this.#answered(0);
    }
    this.#tries[index] = (this.#tries[index] ?? 0) + 1;
    this.#askedAt[index] = now;
    this.#repeats[index] = doubles ? 1 : 0;
    this.#dueAt[index] = doubles ? now + REPEAT_AFTER_MS : this.#retryAt(index, now + retryMs);
  }

  #retryAt(index: number, at: number): number {
    const maxTries = this.#suspected[index] === 1 ? MAX_TRIES_SUSPECTED : MAX_TRIES;
    return (this.#tries[index] ?? 0) < maxTries ? at : Number.POSITIVE_INFINITY;
  }

  #answered(value: 0 | 1): void {
    this.#answeredShare += (value - this.#answeredShare) / 16;
  }

  #learnReordering(latenessMs: number): void {
    const wanted = Math.max(MIN_REORDERING_MS, Math.min(MAX_REORDERING_MS, 1.1 * latenessMs));
    this.#reorderingMs =
      wanted > this.#reorderingMs ? wanted : this.#reorderingMs + (wanted - this.#reorderingMs) / 32;
  }

  #firstAtOrBehind(sequence: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sequences[middle] ?? 0) < sequence) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  #find(sequence: number): number {
    if (this.#count === 0) {
      return -1;
    }
    const index = this.#firstAtOrBehind(sequence);
    return index < this.#count && this.#sequences[index] === sequence ? index : -1;
  }

  #remove(index: number): void {
    const end = this.#count--;
    this.#sequences.copyWithin(index, index + 1, end);
    this.#detectedAt.copyWithin(index, index + 1, end);
    this.#askedAt.copyWithin(index, index + 1, end);
    this.#dueAt.copyWithin(index, index + 1, end);
    this.#tries.copyWithin(index, index + 1, end);
    this.#repeats.copyWithin(index, index + 1, end);
    this.#suspected.copyWithin(index, index + 1, end);
    if (this.#count === 0) {
      this.#nextDueAt = Number.POSITIVE_INFINITY;
    }
  }

  #removeFirst(count: number): void {
    const end = this.#count;
    this.#count = Math.max(0, end - count);
    this.#sequences.copyWithin(0, count, end);
    this.#detectedAt.copyWithin(0, count, end);
    this.#askedAt.copyWithin(0, count, end);
    this.#dueAt.copyWithin(0, count, end);
    this.#tries.copyWithin(0, count, end);
    this.#repeats.copyWithin(0, count, end);
    this.#suspected.copyWithin(0, count, end);
    if (this.#count === 0) {
      this.#nextDueAt = Number.POSITIVE_INFINITY;
    }
  }

  #grow(): void {
    const capacity = Math.min(MAX_MISSING, 2 * this.#sequences.length);
    const larger = (old: Float64Array) => {
      const array = new Float64Array(capacity);
      array.set(old);
      return array;
    };
    this.#sequences = larger(this.#sequences);
    this.#detectedAt = larger(this.#detectedAt);
    this.#askedAt = larger(this.#askedAt);
    this.#dueAt = larger(this.#dueAt);
    const flags = (old: Uint8Array) => {
      const array = new Uint8Array(capacity);
      array.set(old);
      return array;
    };
    this.#tries = flags(this.#tries);
    this.#repeats = flags(this.#repeats);
    this.#suspected = flags(this.#suspected);
  }
}
