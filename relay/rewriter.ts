/**
 * Continuous sequence numbers and timestamps for one outgoing source (RFC 3550 section 5.1) out of incoming
 * ones that are dropped in places, pause, or change to another source. Real losses stay visible as gaps, so
 * that the receiver asks for them; what was dropped on purpose leaves no gap. Pure: numbers in, numbers out.
 *
 * All sequence numbers are unwrapped (plain numbers that only grow); a writer cuts them to 16 bits. Timestamps
 * are 32-bit and wrap.
 */
import { distance16, truncate16 } from '../codec/serial.ts';

/**
 * How far behind the newest an outgoing packet may be. libsrtp refuses to protect a sequence number 1024
 * behind (facts/peerbench.md 6.3); half of it leaves room, and is 1.7 s of a 300 packets/s stream.
 */
const MAX_AGE_PACKETS = 512;

/** Deliberate drops that late packets may still have to be told apart from. */
const REMEMBERED_SKIPS = 64;

export class Rewriter {
  readonly #clockRateHz: number;
  /** Outgoing = incoming − offset. */
  #sequenceOffset = 0;
  #timestampOffset = 0;
  /** Incoming numbers: the first of this stretch, and the newest seen in it. */
  #first = 0;
  #newest = -1;
  /** Of the newest outgoing packet; −1 before the first. */
  #lastSequence: number;
  #lastTimestamp = 0;
  #lastAt = -1;
  /** Incoming numbers skipped within this stretch, oldest overwritten first; all below `#foldedBelow` count. */
  readonly #skips = new Float64Array(REMEMBERED_SKIPS);
  #skipCount = 0;
  #foldedBelow = -1;

  /** @param initialSequence the number the first packet goes out with (random, RFC 3550 section 5.1) */
  constructor(clockRateHz: number, initialSequence: number) {
    this.#clockRateHz = clockRateHz;
    this.#lastSequence = initialSequence - 1;
  }

  /**
   * Begins a stretch: this incoming packet goes out right behind the last one. Packets before it are refused.
   * @param continuous true when the same source goes on after a pause: its timestamps keep their meaning. For
   * another source the timestamps are moved so that they advance by the time that has passed.
   * @param now milliseconds, monotonic
   */
  begin(sequence: number, timestamp: number, now: number, continuous: boolean): void {
    this.#sequenceOffset = sequence - (this.#lastSequence + 1);
    if (!continuous && this.#lastAt >= 0) {
      // At least one tick, or two frames would share a timestamp and be taken for one.
      const elapsed = Math.max(1, Math.round(((now - this.#lastAt) * this.#clockRateHz) / 1000));
      this.#timestampOffset = (timestamp - (this.#lastTimestamp + elapsed)) >>> 0;
    }
    this.#first = sequence;
    this.#newest = sequence - 1;
    this.#skipCount = 0;
    this.#foldedBelow = -1;
  }

  /**
   * The outgoing number of an incoming packet, or −1 for one that must not go out: from before this stretch,
   * too old, or skipped earlier.
   */
  sequence(sequence: number): number {
    if (sequence < this.#first || sequence <= this.#newest - MAX_AGE_PACKETS) {
      return -1;
    }
    if (sequence <= this.#foldedBelow) {
      return -1;
    }
    let offset = this.#sequenceOffset;
    if (this.#skipCount > 0 && sequence < this.#newest) {
      // A late packet: the skips behind it do not count for it.
      const remembered = Math.min(this.#skipCount, REMEMBERED_SKIPS);
      for (let index = 0; index < remembered; index++) {
        const skipped = this.#skips[index] ?? 0;
        if (skipped === sequence) {
          return -1;
        }
        if (skipped > sequence) {
          offset--;
        }
      }
    }
    return sequence - offset;
  }

  /** The newest outgoing number. */
  get newest(): number {
    return this.#lastSequence;
  }

  /** What 16 bits on the wire mean now, as the number that `sequence` gave. */
  outgoing(sequenceNumber: number): number {
    return this.#lastSequence + distance16(truncate16(this.#lastSequence), sequenceNumber);
  }

  /**
   * The incoming number of an outgoing one of this stretch, given by its 16 bits on the wire: what the receiver asks
   * for. −1 for one of an earlier stretch and one that is not known any more; a number that never went out because it
   * never came is answered too.
   */
  incoming(sequenceNumber: number): number {
    const outgoing = this.outgoing(sequenceNumber);
    let sequence = outgoing + this.#sequenceOffset;
    // The skips behind the number do not count for it; they are looked at newest first.
    const remembered = Math.min(this.#skipCount, REMEMBERED_SKIPS);
    for (let back = 1; back <= remembered; back++) {
      const skipped = this.#skips[(this.#skipCount - back) % REMEMBERED_SKIPS] ?? 0;
      if (skipped < sequence) {
        break;
      }
      sequence--;
    }
    return outgoing > this.#lastSequence || sequence < this.#first || sequence <= this.#foldedBelow
      ? -1
      : sequence;
  }

  /** The outgoing timestamp of any packet of this stretch. */
  timestamp(timestamp: number): number {
    return (timestamp - this.#timestampOffset) >>> 0;
  }

  /** Notes that a packet went out with the numbers given by `sequence` and `timestamp`. */
  sent(incoming: number, outgoing: number, outgoingTimestamp: number, now: number): void {
    if (incoming > this.#newest) {
      this.#newest = incoming;
      this.#lastSequence = outgoing;
      this.#lastTimestamp = outgoingTimestamp;
      this.#lastAt = now;
    }
  }

  /** Closes the gap that a deliberately dropped packet would leave. A late one leaves its gap: it was seen. */
  skip(sequence: number): void {
    if (sequence <= this.#newest) {
      return;
    }
    this.#newest = sequence;
    this.#sequenceOffset++;
    const slot = this.#skipCount % REMEMBERED_SKIPS;
    if (this.#skipCount >= REMEMBERED_SKIPS) {
      this.#foldedBelow = this.#skips[slot] ?? this.#foldedBelow;
    }
    this.#skips[slot] = sequence;
    this.#skipCount++;
  }
}
