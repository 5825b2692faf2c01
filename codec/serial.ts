/**
 * Serial number arithmetic (RFC 1982) for the counters that wrap on the wire, and their way into plain numbers.
 * The only file that knows about wrapping: everything else keeps unwrapped numbers, which are exact to 2^53, and cuts
 * them to the field's width with `truncate16` or `truncate32` when a header is written.
 */

/** The low 16 bits of an unwrapped number, also of a negative one. */
export function truncate16(value: number): number {
  return value & 0xffff;
}

/** The low 32 bits of an unwrapped number, as an unsigned number. */
export function truncate32(value: number): number {
  return value >>> 0;
}

/** RFC 1982 3.1 for 16 bits: `value + delta`, wrapped. */
export function add16(value: number, delta: number): number {
  return (value + delta) & 0xffff;
}

/** RFC 1982 3.1 for 32 bits: `value + delta`, wrapped. */
export function add32(value: number, delta: number): number {
  return (value + delta) >>> 0;
}

/**
 * Signed steps from one 16-bit number to another, −32768 … 32767. Exactly half the circle apart, where RFC 1982 3.2
 * leaves the order undefined, counts as behind.
 */
export function distance16(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Signed steps from one 32-bit number to another, −2^31 … 2^31 − 1; half the circle counts as behind. */
export function distance32(from: number, to: number): number {
  return (to - from) | 0;
}

/** True when `candidate` comes after `reference` on the 16-bit circle. */
export function isNewer16(candidate: number, reference: number): boolean {
  return distance16(reference, candidate) > 0;
}

/** True when `candidate` comes after `reference` on the 32-bit circle. */
export function isNewer32(candidate: number, reference: number): boolean {
  return distance32(reference, candidate) > 0;
}

/**
 * Maps a wrapping counter of 1 to 32 bits to numbers that do not wrap.
 *
 * The first value keeps its low bits and starts one cycle up (65536 + n for 16 bits). Every later value is taken as the
 * nearest one to the **highest** so far, not to the last: a late packet then cannot drag the reference back, and since
 * nothing is further than half a cycle below the highest, no result is ever negative. A jump forward moves the
 * reference; whether a jump of thousands is believed (RFC 3550 A.1) is the caller's decision: `peek`, judge, `unwrap`.
 */
export class SerialUnwrapper {
  readonly #bits: number;
  #highest = -1;

  constructor(bits: number) {
    this.#bits = bits;
  }

  /** The highest unwrapped number so far; −1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** Unwraps `value` and remembers it as the reference when it is the highest. */
  unwrap(value: number): number {
    const unwrapped = this.#highest < 0 ? this.#first(value) : this.peek(value);
    if (unwrapped > this.#highest) {
      this.#highest = unwrapped;
    }
    return unwrapped;
  }

  /** What `value` means now, without moving the reference (the numbers in a received NACK); −1 before the first. */
  peek(value: number): number {
    if (this.#highest < 0) {
      return -1;
    }
    // Shifting to the top of the 32-bit word and back is the wrapped, signed difference for every width.
    const shift = 32 - this.#bits;
    return this.#highest + (((value - this.#highest) << shift) >> shift);
  }

  /** Forgets everything: the next value is a first one. */
  reset(): void {
    this.#highest = -1;
  }

  #first(value: number): number {
    const shift = 32 - this.#bits;
    return 2 ** this.#bits + ((value << shift) >>> shift);
  }
}

/** RTP sequence numbers and transport-wide sequence numbers. */
export class SequenceUnwrapper extends SerialUnwrapper {
  constructor() {
    super(16);
  }
}

/** RTP timestamps and TWCC arrival ticks. */
export class TimestampUnwrapper extends SerialUnwrapper {
  constructor() {
    super(32);
  }
}
