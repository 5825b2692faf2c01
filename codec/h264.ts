/**
 * H.264 in RTP (RFC 6184), packetization modes 0 and 1: single NAL units, STAP-A and FU-A; picture size from the
 * sequence parameter set (H.264 7.3.2.1); `profile-level-id` (RFC 6184 8.1). The functions on packets take the array,
 * the payload's offset and the payload's end (without padding), and return −1 or false for what is absent or malformed.
 *
 *  single:  |F|NRI|type 1–23| data
 *  STAP-A:  |F|NRI|   24    | size (16) | NAL unit | size (16) | NAL unit …
 *  FU-A:    |F|NRI|   28    |S|E|R| type | fragment
 */
import { u8, u16 } from './bytes.ts';

export const NAL_IDR = 5;
export const NAL_SPS = 7;
export const NAL_PPS = 8;
export const NAL_STAP_A = 24;
export const NAL_FU_A = 28;

const TYPE_MASK = 0x1f;
const FU_START = 0x80;
const FU_END = 0x40;
/** first_mb_in_slice is Exp-Golomb coded: 0 is a single 1 bit, the first behind the NAL header (H.264 7.3.3). */
const FIRST_SLICE = 0x80;

/** Type of the NAL unit at `offset`, or of the packet's structure (STAP-A, FU-A) when it is the payload's offset. */
export function nalType(b: Uint8Array, offset: number): number {
  return u8(b, offset) & TYPE_MASK;
}

/** Type of the NAL unit that an FU-A carries a part of. */
export function fuNalType(b: Uint8Array, offset: number): number {
  return u8(b, offset + 1) & TYPE_MASK;
}

export function isFuStart(b: Uint8Array, offset: number): boolean {
  return (u8(b, offset + 1) & FU_START) !== 0;
}

export function isFuEnd(b: Uint8Array, offset: number): boolean {
  return (u8(b, offset + 1) & FU_END) !== 0;
}

/**
 * Walks a STAP-A: `at` is the offset of a unit's size field, the first one `offset + 1`; the unit is `at + 2` to the
 * result, which is the next `at`.
 * @returns −1 at the end and when the size does not fit the rest or is 0.
 */
export function nextAggregated(b: Uint8Array, at: number, end: number): number {
  if (at < 0 || at + 2 > end || end > b.length) {
    return -1;
  }
  const size = u16(b, at);
  return size > 0 && at + 2 + size <= end ? at + 2 + size : -1;
}

/**
 * The packet a keyframe starts with: it carries a sequence parameter set, or the first slice of an IDR picture. A later
 * slice of the same picture is none, and neither is a slice whose data looks like one (the type is read where it is).
 */
export function isKeyframe(b: Uint8Array, offset: number, end: number): boolean {
  if (offset < 0 || offset >= end || end > b.length) {
    return false;
  }
  const type = nalType(b, offset);
  if (type === NAL_STAP_A) {
    let at = offset + 1;
    for (let next = nextAggregated(b, at, end); next > 0; at = next, next = nextAggregated(b, at, end)) {
      if (startsKeyframe(b, nalType(b, at + 2), at + 3, next)) {
        return true;
      }
    }
    return false;
  }
  if (type === NAL_FU_A) {
    return isFuStart(b, offset) && startsKeyframe(b, fuNalType(b, offset), offset + 2, end);
  }
  return startsKeyframe(b, type, offset + 1, end);
}

function startsKeyframe(b: Uint8Array, type: number, data: number, end: number): boolean {
  return data < end && (type === NAL_SPS || (type === NAL_IDR && (u8(b, data) & FIRST_SLICE) !== 0));
}

/** Offset of the NAL header of the first unit of `type` in a single-NAL packet or STAP-A (not in an FU-A); else −1. */
export function findNal(b: Uint8Array, offset: number, end: number, type: number): number {
  if (offset < 0 || offset >= end || end > b.length) {
    return -1;
  }
  if (nalType(b, offset) !== NAL_STAP_A) {
    return nalType(b, offset) === type ? offset : -1;
  }
  let at = offset + 1;
  for (let next = nextAggregated(b, at, end); next > 0; at = next, next = nextAggregated(b, at, end)) {
    if (nalType(b, at + 2) === type) {
      return at + 2;
    }
  }
  return -1;
}

// ---------------------------------------------------------------- picture size

/** Profiles whose parameter sets carry chroma format and scaling lists (H.264 7.3.2.1.1). */
const HIGH_PROFILES: readonly number[] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
/** Level 6.2 allows 16 880 pixels in a row; more is damage. */
const MAX_DIMENSION = 16_880;

/** Pixels after cropping, by the sequence parameter set in the packet; −1 when there is none or it is damaged. */
export function keyframeWidth(b: Uint8Array, offset: number, end: number): number {
  const size = pictureSize(b, offset, end);
  return size < 0 ? -1 : size >>> 16;
}

/** Pixels, as `keyframeWidth`. */
export function keyframeHeight(b: Uint8Array, offset: number, end: number): number {
  const size = pictureSize(b, offset, end);
  return size < 0 ? -1 : size & 0xffff;
}

/** Width in the upper, height in the lower 16 bits. */
function pictureSize(b: Uint8Array, offset: number, end: number): number {
  const sps = findNal(b, offset, end, NAL_SPS);
  return sps < 0 ? -1 : new SequenceParameterSet(b, sps + 1, end).pictureSize();
}

/** Reads an SPS bit by bit, leaving out emulation prevention bytes (00 00 03). One object per keyframe. */
class SequenceParameterSet {
  readonly #b: Uint8Array;
  readonly #end: number;
  #at: number;
  #bit = 7;
  #zeros = 0;
  /** Set by reading past the end or an impossible code; the values read since are 0. */
  #isDamaged = false;

  constructor(b: Uint8Array, at: number, end: number) {
    this.#b = b;
    this.#at = at;
    this.#end = end;
  }

  pictureSize(): number {
    const profile = this.#bits(8);
    this.#bits(16);
    this.#unsigned();
    let chromaFormat = 1;
    if (HIGH_PROFILES.includes(profile)) {
      chromaFormat = this.#unsigned();
      if (chromaFormat === 3 && this.#bits(1) === 1) {
        // Separate colour planes count as monochrome for cropping.
        chromaFormat = 0;
      }
      this.#unsigned();
      this.#unsigned();
      this.#bits(1);
      if (this.#bits(1) === 1) {
        this.#skipScalingLists(chromaFormat === 3 ? 12 : 8);
      }
    }
    this.#unsigned();
    this.#skipPictureOrder();
    this.#unsigned();
    this.#bits(1);
    const widthInMacroblocks = this.#unsigned() + 1;
    const heightInMapUnits = this.#unsigned() + 1;
    const fieldFactor = 2 - this.#bits(1);
    if (fieldFactor === 2) {
      this.#bits(1);
    }
    this.#bits(1);
    let cropX = 0;
    let cropY = 0;
    if (this.#bits(1) === 1) {
      cropX = (this.#unsigned() + this.#unsigned()) * (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1);
      cropY = (this.#unsigned() + this.#unsigned()) * (chromaFormat === 1 ? 2 : 1) * fieldFactor;
    }
    const width = 16 * widthInMacroblocks - cropX;
    const height = 16 * heightInMapUnits * fieldFactor - cropY;
    const isPossible = width > 0 && height > 0 && width <= MAX_DIMENSION && height <= MAX_DIMENSION;
    return this.#isDamaged || !isPossible ? -1 : width * 65536 + height;
  }

  #skipPictureOrder(): void {
    const type = this.#unsigned();
    if (type === 0) {
      this.#unsigned();
    } else if (type === 1) {
      this.#bits(1);
      this.#signed();
      this.#signed();
      // At most 255 by the standard; damage cannot make more of it than there are bits.
      for (let i = this.#unsigned(); i > 0 && !this.#isDamaged; i--) {
        this.#signed();
      }
    }
  }

  #skipScalingLists(count: number): void {
    for (let list = 0; list < count; list++) {
      if (this.#bits(1) === 0) {
        continue;
      }
      let next = 8;
      for (let i = list < 6 ? 16 : 64; i > 0 && next !== 0; i--) {
        next = (next + this.#signed()) & 0xff;
      }
    }
  }

  #bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      value = value * 2 + this.#nextBit();
    }
    return value;
  }

  /** ue(v): as many bits behind the first 1 as there were zeros before it (H.264 9.1). */
  #unsigned(): number {
    let zeros = 0;
    while (this.#nextBit() === 0) {
      zeros++;
      if (zeros > 31 || this.#isDamaged) {
        this.#isDamaged = true;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.#bits(zeros);
  }

  /** se(v): 0, 1, −1, 2, −2 … (H.264 9.1.1). */
  #signed(): number {
    const code = this.#unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  #nextBit(): number {
    if (this.#bit === 7 && this.#zeros >= 2 && u8(this.#b, this.#at) === 3) {
      this.#at++;
      this.#zeros = 0;
    }
    if (this.#at >= this.#end) {
      this.#isDamaged = true;
      return 0;
    }
    const byte = u8(this.#b, this.#at);
    const value = (byte >> this.#bit) & 1;
    if (this.#bit > 0) {
      this.#bit--;
    } else {
      this.#bit = 7;
      this.#at++;
      this.#zeros = byte === 0 ? this.#zeros + 1 : 0;
    }
    return value;
  }
}
