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
import { put8, put16, u8, u16 } from './bytes.ts';

const PICTURE_ID = 0x80;
const INTER_PREDICTED = 0x40;
const LAYERS = 0x20;
const FLEXIBLE = 0x10;
const BEGIN = 0x08;
const LONG_PICTURE_ID = 0x80;
const SPATIAL_ID = 0x0e;

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
