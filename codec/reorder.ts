/**
 * One source's packets back in the order of their numbers, for a recording: whatever the journal holds out of order or
 * twice goes on in order and once. Time is the arrival that stands in the journal.
 */
import * as rtp from './rtp.ts';
import { SequenceUnwrapper } from './serial.ts';

/** The first packets are waited for so long before the lowest number counts as the beginning: a swap there would cost the first keyframe. */
const START_PATIENCE_US = 100_000;
/** A missing packet is given up so long after its successor came; the relay stops asking for it after 2 s. */
const GAP_PATIENCE_US = 2_500_000;
/** Packets that wait behind a gap; 2.5 s of 8 Mbit/s. */
const WAITING_MAX = 2_048;

export type OrderedPacket = {
  bytes: Uint8Array;
  /** Offsets of the payload and of its end, without padding. */
  payload: number;
  end: number;
  atUs: number;
  /** Packets between the one before and this one never came. */
  afterGap: boolean;
};

export class Reorder {
  /** Packets that never came, and packets that were of no use: malformed, repeated, too late. */
  lost = 0;
  dropped = 0;
  readonly #deliver: (packet: OrderedPacket) => void;
  #unwrapper = new SequenceUnwrapper();
  readonly #waiting = new Map<number, OrderedPacket>();
  /** Arrival of the first of those that wait. */
  #waitingSinceUs = 0;
  /** Unwrapped number that goes on next; −1 until the beginning is known. */
  #next = -1;

  constructor(deliver: (packet: OrderedPacket) => void) {
    this.#deliver = deliver;
  }

  push(bytes: Uint8Array, atUs: number): void {
    const payload = rtp.validateRtp(bytes);
    if (payload < 0) {
      this.dropped++;
      return;
    }
    const sequence = this.#unwrapper.unwrap(rtp.sequenceNumber(bytes));
    if (sequence < this.#next || this.#waiting.has(sequence)) {
      this.dropped++;
      return;
    }
    const end = payload + rtp.payloadLength(bytes, payload);
    const packet = { bytes, payload, end, atUs, afterGap: false };
    if (sequence === this.#next) {
      this.#next++;
      this.#deliver(packet);
      this.#deliverWaiting(atUs);
      return;
    }
    if (this.#waiting.size === 0) {
      this.#waitingSinceUs = atUs;
    }
    this.#waiting.set(sequence, packet);
    if (this.#waiting.size >= WAITING_MAX) {
      this.#skip(atUs);
    }
  }

  /** Gives up what has been missing for too long. */
  advance(nowUs: number): void {
    const patienceUs = this.#next < 0 ? START_PATIENCE_US : GAP_PATIENCE_US;
    while (this.#waiting.size > 0 && nowUs - this.#waitingSinceUs >= patienceUs) {
      this.#skip(nowUs);
    }
  }

  /** Everything that still waits goes on; the next packet begins a new numbering. */
  flush(): void {
    while (this.#waiting.size > 0) {
      this.#skip(Number.POSITIVE_INFINITY);
    }
    this.#unwrapper = new SequenceUnwrapper();
    this.#next = -1;
  }

  #skip(nowUs: number): void {
    let lowest = Number.POSITIVE_INFINITY;
    for (const sequence of this.#waiting.keys()) {
      lowest = Math.min(lowest, sequence);
    }
    const packet = this.#waiting.get(lowest);
    if (packet === undefined) {
      return;
    }
    this.#waiting.delete(lowest);
    packet.afterGap = this.#next >= 0;
    this.lost += packet.afterGap ? lowest - this.#next : 0;
    this.#next = lowest + 1;
    this.#deliver(packet);
    this.#deliverWaiting(nowUs);
  }

  #deliverWaiting(nowUs: number): void {
    for (;;) {
      const packet = this.#waiting.get(this.#next);
      if (packet === undefined) {
        break;
      }
      this.#waiting.delete(this.#next);
      this.#next++;
      this.#deliver(packet);
    }
    // What still waits, waits for another packet now.
    this.#waitingSinceUs = Math.min(nowUs, Number.MAX_SAFE_INTEGER);
  }
}
