/**
 * Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): when each packet of a
 * transport arrived, from which the sender (Chromium) estimates its bandwidth.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|  FMT=15 |    PT=205     |           length              |
 * |                     SSRC of packet sender                     |
 * |                      SSRC of media source                     |
 * |      base sequence number     |      packet status count      |
 * |                 reference time                | fb pkt. count |
 * |          packet chunk         |         packet chunk          |
 * .                                                               .
 * |         packet chunk          |  recv delta   |  recv delta   |
 * .                                                               .
 * |           recv delta          |  recv delta   | zero padding  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * Chunks:  |0| S |     run length (13)     |   S: 0 not received, 1 small delta (1 byte), 2 large or negative (2 bytes)
 *          |1|0| 14 symbols of 1 bit       |   |1|1| 7 symbols of 2 bits |
 *
 * Time is in ticks of 250 µs in 32 bits: the reference time (24 bits of 64 ms) is exactly the upper 24 of them.
 */
import { i16, put8, put16, put24, u8, u16, u24 } from './bytes.ts';
import { contentEnd, TWCC } from './rtcp.ts';
import { writeFeedbackHeader } from './rtcp-write.ts';
import { distance32, SequenceUnwrapper, truncate32 } from './serial.ts';

const HEADER_BYTES = 20;
const TICK_US = 250;
/** 64 ms are 256 ticks. */
const REFERENCE_TICKS = 256;

const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;
const MAX_RUN = 0x1fff;
const ONE_BIT_SYMBOLS = 14;
const TWO_BIT_SYMBOLS = 7;
const CHUNK_BYTES = 2;

/** Packets remembered: 1 s at 1000 packets/s, 5 kB a receiver. A power of two, so that the slot is a mask. */
const RING = 1024;
const SLOT = RING - 1;
/** A packet this far behind what was reported was held or repeated: its time says nothing about the path (500 ms at 1000/s). */
const MAX_LATE_PACKETS = 512;
/** One datagram of an IPv6 path with the minimum MTU, minus UDP and SRTCP. */
const MAX_FEEDBACK_BYTES = 1200;
/** A header, one chunk and its largest deltas: with less nothing might fit, and the caller would wait forever. */
const MIN_ROOM_BYTES = HEADER_BYTES + CHUNK_BYTES + 2 * TWO_BIT_SYMBOLS;

/** Scratch of `writeFeedback`, which runs to its end before anybody else can: one for all receivers. */
const symbols = new Uint8Array(RING);
const deltas = new Int16Array(RING);

/** Remembers arrivals of one transport (all SSRCs together) and writes feedback about them. Never allocates. */
export class TwccReceiver {
  readonly #unwrapper = new SequenceUnwrapper();
  readonly #received = new Uint8Array(RING);
  /** Arrival in ticks, low 32 bits; meaningful where `#received` is 1. */
  readonly #ticks = new Int32Array(RING);
  /** First sequence number (unwrapped) of the next feedback. */
  #next = 0;
  #first = 0;
  #highest = -1;
  #arrived = 0;
  #feedbackCount = 0;

  /** Packets that should have come since the first. */
  get expected(): number {
    return this.#highest < 0 ? 0 : this.#highest - this.#first + 1;
  }

  /** How many of them have not; falls when late ones come. */
  get missing(): number {
    return Math.max(0, this.expected - this.#arrived);
  }

  /** The newest sequence number, unwrapped; −1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /**
   * @param sequenceNumber the 16 bits of the header extension
   * @param arrivalUs microseconds on any clock that does not go back
   */
  onPacket(sequenceNumber: number, arrivalUs: number): void {
    const sequence = this.#unwrapper.unwrap(sequenceNumber);
    if (this.#highest < 0) {
      this.#first = sequence;
      this.#next = sequence;
    } else if (sequence > this.#highest) {
      this.#forget(this.#highest + 1, sequence);
    } else if (sequence < this.#oldest() || this.#received[sequence & SLOT] === 1) {
      // Too late, or a duplicate: only the first arrival tells about the path.
      return;
    }
    this.#arrived++;
    this.#received[sequence & SLOT] = 1;
    this.#ticks[sequence & SLOT] = truncate32(Math.floor(arrivalUs / TICK_US));
    this.#highest = Math.max(this.#highest, sequence);
    // A late packet was reported missing: report again from there, as libwebrtc does and expects. Skipped ones that no
    // longer fit the ring are left out.
    this.#next = Math.max(Math.min(this.#next, sequence), this.#highest - RING + 1);
  }

  /**
   * Writes one feedback packet about everything since the last one, or as much of it as fits one datagram: call again
   * until nothing is written.
   * @returns the new offset; `offset` itself when there is nothing to report; −1 with less than 36 bytes of room.
   */
  writeFeedback(target: Uint8Array, offset: number, senderSsrc: number, mediaSsrc: number): number {
    if (this.#next > this.#highest) {
      return offset;
    }
    const room = Math.min(target.length - offset, MAX_FEEDBACK_BYTES) & ~3;
    if (offset < 0 || room < MIN_ROOM_BYTES) {
      return -1;
    }
    let first = this.#next;
    while (this.#received[first & SLOT] !== 1) {
      // Ends at the latest at the highest, which was received.
      first++;
    }
    const reference = Math.floor(truncate32(this.#ticks[first & SLOT] ?? 0) / REFERENCE_TICKS);
    const available = this.#collect(reference * REFERENCE_TICKS, room);

    let end = offset + HEADER_BYTES;
    let deltaBytes = 0;
    let count = 0;
    while (count < available) {
      const left = offset + room - end - CHUNK_BYTES - deltaBytes;
      const covered = writeChunk(target, end, count, available, left);
      if (covered === 0) {
        break;
      }
      for (const stop = count + covered; count < stop; count++) {
        deltaBytes += symbols[count] ?? 0;
      }
      end += CHUNK_BYTES;
    }
    for (let i = 0; i < count; i++) {
      if (symbols[i] === SMALL_DELTA) {
        put8(target, end, deltas[i] ?? 0);
        end += 1;
      } else if (symbols[i] === LARGE_DELTA) {
        put16(target, end, deltas[i] ?? 0);
        end += 2;
      }
    }
    // Zeros without the P bit, as the draft draws them: a padded packet could only stand last in a compound.
    while (((end - offset) & 3) !== 0) {
      put8(target, end++, 0);
    }
    put16(target, offset + 12, this.#next);
    put16(target, offset + 14, count);
    put24(target, offset + 16, reference);
    put8(target, offset + 19, this.#feedbackCount++);
    this.#next += count;
    return writeFeedbackHeader(target, offset, TWCC, end - offset, senderSsrc, mediaSsrc);
  }

  /**
   * Fills the scratch with what is to be said from `#next` on.
   * @returns how many statuses there are before the window ends, before a delta does not fit its 16 bits (8 s: the next
   * feedback starts there with a new reference), or when their deltas alone fill the room.
   */
  #collect(referenceTicks: number, room: number): number {
    const window = this.#highest - this.#next + 1;
    let previous = referenceTicks;
    let deltaBytes = 0;
    for (let i = 0; i < window; i++) {
      const slot = (this.#next + i) & SLOT;
      if (this.#received[slot] !== 1) {
        symbols[i] = NOT_RECEIVED;
        continue;
      }
      const ticks = this.#ticks[slot] ?? 0;
      const delta = distance32(previous, ticks);
      if (delta !== (delta << 16) >> 16 || deltaBytes > room) {
        return i;
      }
      const symbol = delta >= 0 && delta <= 0xff ? SMALL_DELTA : LARGE_DELTA;
      symbols[i] = symbol;
      deltas[i] = delta;
      deltaBytes += symbol;
      previous = ticks;
    }
    return window;
  }

  /** The lowest sequence number that is still taken. */
  #oldest(): number {
    return Math.max(this.#next - MAX_LATE_PACKETS, this.#highest - RING + 1);
  }

  /** Marks `from … to` as not received. */
  #forget(from: number, to: number): void {
    if (to - from >= RING) {
      this.#received.fill(0);
      return;
    }
    for (let sequence = from; sequence <= to; sequence++) {
      this.#received[sequence & SLOT] = 0;
    }
  }
}

/**
 * Writes the chunk for the symbols from `start` on: a run when it covers more than a vector would, else 14 symbols
 * without a large delta, else 7 of any kind. Symbols of a vector behind `available` are zeros that nobody reads.
 * @param room bytes left for the deltas of this chunk; negative when not even the chunk fits
 * @returns the number of symbols covered; 0 when they do not fit.
 */
function writeChunk(target: Uint8Array, at: number, start: number, available: number, room: number): number {
  if (room < 0) {
    return 0;
  }
  const symbol = symbols[start] ?? 0;
  const oneBit = vectorLength(start, available);
  // The symbol is also the size of its delta.
  const maxRun = Math.min(MAX_RUN, available - start, symbol === 0 ? MAX_RUN : Math.floor(room / symbol));
  let run = 0;
  while (run < maxRun && symbols[start + run] === symbol) {
    run++;
  }
  const vector = oneBit > 0 ? oneBit : Math.min(TWO_BIT_SYMBOLS, available - start);
  if (run >= vector && run > 0) {
    put16(target, at, (symbol << 13) | run);
    return run;
  }
  let bits = oneBit > 0 ? 0x8000 : 0xc000;
  let bytes = 0;
  for (let i = 0; i < vector; i++) {
    const each = symbols[start + i] ?? 0;
    bits |= oneBit > 0 ? each << (13 - i) : each << (12 - 2 * i);
    bytes += each;
  }
  put16(target, at, bits);
  return bytes <= room ? vector : 0;
}

/** How many symbols (at most 14) a one-bit vector from `start` could take; 0 when a large delta is among them. */
function vectorLength(start: number, available: number): number {
  const length = Math.min(ONE_BIT_SYMBOLS, available - start);
  for (let i = 0; i < length; i++) {
    if (symbols[start + i] === LARGE_DELTA) {
      return 0;
    }
  }
  return length;
}

// ---------------------------------------------------------------- reading (sender side)

export function twccBaseSequence(b: Uint8Array, at: number): number {
  return u16(b, at + 12);
}

export function twccStatusCount(b: Uint8Array, at: number): number {
  return u16(b, at + 14);
}

/** In 64 ms, 24 bits; it wraps after 12 days. */
export function twccReferenceTime(b: Uint8Array, at: number): number {
  return u24(b, at + 16);
}

/** 8 bits; a gap means lost feedback. */
export function twccFeedbackCount(b: Uint8Array, at: number): number {
  return u8(b, at + 19);
}

/**
 * Reads a sub-packet of kind TWCC into `arrivalTicks`: element i is about sequence number `twccBaseSequence` + i and is
 * the arrival in ticks of 250 µs, 0 … 2^32 − 1 (for a `TimestampUnwrapper`), or −1 when it was not received.
 * @returns the number of statuses; −1 when malformed (chunks or deltas run past the end, reserved symbol, no status)
 * or longer than `arrivalTicks`, whose content is then undefined.
 */
export function readTwccFeedback(b: Uint8Array, at: number, end: number, arrivalTicks: Float64Array): number {
  const stop = contentEnd(b, at, end);
  const count = twccStatusCount(b, at);
  if (at + HEADER_BYTES > stop || count === 0 || count > arrivalTicks.length) {
    return -1;
  }
  const afterChunks = readSymbols(b, at + HEADER_BYTES, stop, count, arrivalTicks);
  if (afterChunks < 0) {
    return -1;
  }
  let next = afterChunks;
  let ticks = twccReferenceTime(b, at) * REFERENCE_TICKS;
  for (let i = 0; i < count; i++) {
    const symbol = arrivalTicks[i] ?? 0;
    if (symbol === NOT_RECEIVED) {
      arrivalTicks[i] = -1;
      continue;
    }
    if (next + symbol > stop) {
      return -1;
    }
    ticks += symbol === SMALL_DELTA ? u8(b, next) : i16(b, next);
    next += symbol;
    arrivalTicks[i] = truncate32(ticks);
  }
  return count;
}

/** Unpacks `count` symbols into `out`; returns the offset behind the chunks, −1 when malformed. */
function readSymbols(b: Uint8Array, start: number, stop: number, count: number, out: Float64Array): number {
  let next = start;
  for (let done = 0; done < count; next += CHUNK_BYTES) {
    if (next + CHUNK_BYTES > stop) {
      return -1;
    }
    const chunk = u16(b, next);
    const isRun = chunk >> 15 === 0;
    const isTwoBit = chunk >> 14 === 3;
    const length = isRun ? chunk & MAX_RUN : isTwoBit ? TWO_BIT_SYMBOLS : ONE_BIT_SYMBOLS;
    for (let i = 0; i < length && done < count; i++, done++) {
      const symbol = isRun ? chunk >> 13 : isTwoBit ? (chunk >> (12 - 2 * i)) & 3 : (chunk >> (13 - i)) & 1;
      if (symbol > LARGE_DELTA) {
        return -1;
      }
      out[done] = symbol;
    }
  }
  return next;
}
