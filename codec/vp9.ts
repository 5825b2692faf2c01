/**
 * VP9 payload descriptor (RFC 9628 4.2) by offset in an RTP packet: what starts a keyframe, and the counters that a
 * relay rewrites when it switches sources. Every function takes the array, the payload's offset and its end (without
 * padding), and returns −1 or false for what is absent or malformed.
 *
 *       0 1 2 3 4 5 6 7
 *      +-+-+-+-+-+-+-+-+
 *      |I|P|L|F|B|E|V|Z|   always
 *      +-+-+-+-+-+-+-+-+
 * I:   |M| PICTURE ID  |   when I; a second byte when M
 *      +-+-+-+-+-+-+-+-+
 * L:   | TID |U| SID |D|   when L
 *      +-+-+-+-+-+-+-+-+
 *      |   TL0PICIDX   |   when L and not F
 *      +-+-+-+-+-+-+-+-+
 */
import { put8, put16, u8, u16, u24, u32 } from './bytes.ts';

const PICTURE_ID = 0x80;
const INTER_PREDICTED = 0x40;
const LAYERS = 0x20;
const FLEXIBLE = 0x10;
const BEGIN = 0x08;
const LONG_PICTURE_ID = 0x80;
const SPATIAL_ID = 0x0e;
const SCALABILITY = 0x02;
const MAX_REFERENCES = 3;
/** Uncompressed header of a keyframe: sync code (VP9 bitstream 7.2). */
const SYNC_CODE = 0x498342;

/** First packet of a keyframe: begins a frame that predicts from no earlier picture, in the lowest spatial layer. */
export function isKeyframe(b: Uint8Array, offset: number, end: number): boolean {
  if (offset < 0 || offset + 1 >= end || end > b.length) {
    return false;
  }
  const flags = u8(b, offset);
  if ((flags & (INTER_PREDICTED | BEGIN)) !== BEGIN) {
    return false;
  }
  return (flags & LAYERS) === 0 || (u8(b, layersAt(b, offset)) & SPATIAL_ID) === 0;
}

/** Width of the picture id's field: 7 or 15; −1 without one. */
export function pictureIdBits(b: Uint8Array, offset: number, end: number): number {
  return pictureIdAt(b, offset, end) < 0 ? -1 : (u8(b, offset + 1) & LONG_PICTURE_ID) !== 0 ? 15 : 7;
}

export function pictureId(b: Uint8Array, offset: number, end: number): number {
  const at = pictureIdAt(b, offset, end);
  if (at < 0) {
    return -1;
  }
  return (u8(b, at) & LONG_PICTURE_ID) !== 0 ? u16(b, at) & 0x7fff : u8(b, at);
}

/** Counter of base-layer frames, 8 bits; only in non-flexible mode. */
export function tl0PicIdx(b: Uint8Array, offset: number, end: number): number {
  const at = tl0PicIdxAt(b, offset, end);
  return at < 0 ? -1 : u8(b, at);
}

/**
 * Writes the low 7 or 15 bits of `value` over the picture id, in the width it has.
 * @returns whether there was one.
 */
export function rewritePictureId(b: Uint8Array, offset: number, end: number, value: number): boolean {
  const at = pictureIdAt(b, offset, end);
  if (at < 0) {
    return false;
  }
  if ((u8(b, at) & LONG_PICTURE_ID) !== 0) {
    put16(b, at, 0x8000 | (value & 0x7fff));
  } else {
    put8(b, at, value & 0x7f);
  }
  return true;
}

/**
 * Writes the low 8 bits of `value` over TL0PICIDX.
 * @returns whether there was one.
 */
export function rewriteTl0PicIdx(b: Uint8Array, offset: number, end: number, value: number): boolean {
  const at = tl0PicIdxAt(b, offset, end);
  if (at < 0) {
    return false;
  }
  put8(b, at, value);
  return true;
}

function pictureIdAt(b: Uint8Array, offset: number, end: number): number {
  if (offset < 0 || end > b.length || offset + 2 >= end || (u8(b, offset) & PICTURE_ID) === 0) {
    return -1;
  }
  // A second byte of the id still has to leave something behind it.
  return (u8(b, offset + 1) & LONG_PICTURE_ID) !== 0 && offset + 3 >= end ? -1 : offset + 1;
}

function tl0PicIdxAt(b: Uint8Array, offset: number, end: number): number {
  if (offset < 0 || end > b.length || (u8(b, offset) & (LAYERS | FLEXIBLE)) !== LAYERS) {
    return -1;
  }
  const at = layersAt(b, offset) + 1;
  return at < end ? at : -1;
}

/** Where the byte of layer indices is, when there is one. */
function layersAt(b: Uint8Array, offset: number): number {
  if ((u8(b, offset) & PICTURE_ID) === 0) {
    return offset + 1;
  }
  return offset + ((u8(b, offset + 1) & LONG_PICTURE_ID) !== 0 ? 3 : 2);
}

/** Bytes before the VP9 data, with reference indices and scalability structure; −1 when cut short or nothing follows. */
export function descriptorLength(b: Uint8Array, offset: number, end: number): number {
  if (offset < 0 || end > b.length || offset >= end) {
    return -1;
  }
  const flags = u8(b, offset);
  let at =
    (flags & LAYERS) === 0 ? layersAt(b, offset) : layersAt(b, offset) + ((flags & FLEXIBLE) === 0 ? 2 : 1);
  if ((flags & (FLEXIBLE | INTER_PREDICTED)) === (FLEXIBLE | INTER_PREDICTED)) {
    let count = 1;
    while ((u8(b, at++) & 1) !== 0 && count < MAX_REFERENCES) {
      count++;
    }
  }
  if ((flags & SCALABILITY) !== 0) {
    at = behindScalability(b, at, end);
  }
  return at < end ? at - offset : -1;
}

/** First packet of a frame. */
export function startsFrame(b: Uint8Array, offset: number, end: number): boolean {
  return descriptorLength(b, offset, end) > 0 && (u8(b, offset) & BEGIN) !== 0;
}

/**
 * Picture size by the uncompressed header of a keyframe (profile 0), width in the upper and height in the lower 16 bits;
 * −1 when the data at `at` is no keyframe. The descriptor is no proof: some senders leave its P bit 0 in every frame.
 */
export function keyframeSize(b: Uint8Array, at: number, end: number): number {
  // frame marker 2, profile 2 × 1 bit, show_existing_frame, frame_type, show_frame, error_resilient_mode
  if (
    at < 0 ||
    at + 10 > end ||
    end > b.length ||
    u8(b, at) >> 2 !== 0b100000 ||
    u24(b, at + 1) !== SYNC_CODE
  ) {
    return -1;
  }
  // colour space 3 bits, range 1 bit; then width − 1 and height − 1 of 16 bits each, four bits into the byte
  const bits = u32(b, at + 4) % 2 ** 28;
  const width = Math.floor(bits / 2 ** 12) + 1;
  const height = (((bits & 0xfff) << 4) | (u8(b, at + 8) >> 4)) + 1;
  return width <= 0xffff && height <= 0xffff ? width * 65536 + height : -1;
}

/** Behind the scalability structure (RFC 9628 4.2.1) at `at`; `end` when it does not fit. */
function behindScalability(b: Uint8Array, at: number, end: number): number {
  const head = u8(b, at);
  const layers = (head >> 5) + 1;
  let next = at + 1 + ((head & 0x10) !== 0 ? 4 * layers : 0);
  if ((head & 0x08) !== 0) {
    let pictures = u8(b, next++);
    for (; pictures > 0 && next < end; pictures--) {
      next += 1 + ((u8(b, next) >> 2) & 3);
    }
  }
  return next < end ? next : end;
}
