/**
 * VP8 payload descriptor (RFC 7741 4.2) and the start of a keyframe (RFC 6386 9.1), by offset in an RTP packet.
 * Every function takes the array, the payload's offset (`validateRtp`) and the payload's end (without padding), checks
 * for itself, and returns −1 or false for what is absent or malformed.
 *
 *       0 1 2 3 4 5 6 7
 *      +-+-+-+-+-+-+-+-+
 *      |X|R|N|S|R| PID |   always
 *      +-+-+-+-+-+-+-+-+
 * X:   |I|L|T|K| RSV   |   when X
 *      +-+-+-+-+-+-+-+-+
 * I:   |M| PictureID   |   when I; a second byte when M
 *      +-+-+-+-+-+-+-+-+
 * L:   |   TL0PICIDX   |   when L
 *      +-+-+-+-+-+-+-+-+
 * T/K: |TID|Y| KEYIDX  |   when T or K (not: when L)
 *      +-+-+-+-+-+-+-+-+
 */
import { put8, put16, u8, u16, u24 } from './bytes.ts';

const EXTENDED = 0x80;
const NON_REFERENCE = 0x20;
const START_OF_PARTITION = 0x10;
const PARTITION_MASK = 0x07;
const PICTURE_ID = 0x80;
const TL0PICIDX = 0x40;
const TID = 0x20;
const KEYIDX = 0x10;
const LONG_PICTURE_ID = 0x80;
const LAYER_SYNC = 0x20;

/** Frame tag (3 bytes), start code (3), width (2), height (2). */
const KEYFRAME_HEADER_BYTES = 10;
const KEYFRAME_START_CODE = 0x9d012a;
/** The two bits above a dimension are its upscaling hint. */
const DIMENSION_MASK = 0x3fff;

/** Bytes before the VP8 data; −1 when the descriptor is cut short or nothing follows it. */
export function descriptorLength(b: Uint8Array, offset: number, end: number): number {
  const length = fieldOffset(b, offset, 0) - offset;
  return offset >= 0 && end <= b.length && offset + length < end ? length : -1;
}

/** First packet of a frame: the start of partition 0. */
export function startsFrame(b: Uint8Array, offset: number, end: number): boolean {
  return (
    descriptorLength(b, offset, end) > 0 &&
    (u8(b, offset) & (START_OF_PARTITION | PARTITION_MASK)) === START_OF_PARTITION
  );
}

/** First packet of a keyframe (the inverse key frame bit of the frame tag is 0). */
export function isKeyframe(b: Uint8Array, offset: number, end: number): boolean {
  return startsFrame(b, offset, end) && (u8(b, offset + descriptorLength(b, offset, end)) & 1) === 0;
}

/** Pixels; −1 when the packet does not start a keyframe or its header is damaged. */
export function keyframeWidth(b: Uint8Array, offset: number, end: number): number {
  const header = keyframeHeader(b, offset, end);
  return header < 0 ? -1 : (u8(b, header + 6) | (u8(b, header + 7) << 8)) & DIMENSION_MASK;
}

/** Pixels; −1 as with `keyframeWidth`. */
export function keyframeHeight(b: Uint8Array, offset: number, end: number): number {
  const header = keyframeHeader(b, offset, end);
  return header < 0 ? -1 : (u8(b, header + 8) | (u8(b, header + 9) << 8)) & DIMENSION_MASK;
}

/** The frame is no reference for others and may be dropped (N bit). */
export function isNonReference(b: Uint8Array, offset: number, end: number): boolean {
  return descriptorLength(b, offset, end) > 0 && (u8(b, offset) & NON_REFERENCE) !== 0;
}

/** Width of the picture id's field: 7 or 15; −1 without one. */
export function pictureIdBits(b: Uint8Array, offset: number, end: number): number {
  const at = field(b, offset, end, PICTURE_ID);
  return at < 0 ? -1 : (u8(b, at) & LONG_PICTURE_ID) !== 0 ? 15 : 7;
}

export function pictureId(b: Uint8Array, offset: number, end: number): number {
  const at = field(b, offset, end, PICTURE_ID);
  if (at < 0) {
    return -1;
  }
  return (u8(b, at) & LONG_PICTURE_ID) !== 0 ? u16(b, at) & 0x7fff : u8(b, at);
}

/** Counter of base-layer frames, 8 bits. */
export function tl0PicIdx(b: Uint8Array, offset: number, end: number): number {
  const at = field(b, offset, end, TL0PICIDX);
  return at < 0 ? -1 : u8(b, at);
}

/** Temporal layer, 0 … 3. */
export function temporalId(b: Uint8Array, offset: number, end: number): number {
  const at = field(b, offset, end, TID);
  return at < 0 ? -1 : u8(b, at) >> 6;
}

/** The frame depends on the base layer only: switching up to its layer is possible here (Y bit). */
export function isLayerSync(b: Uint8Array, offset: number, end: number): boolean {
  const at = field(b, offset, end, TID);
  return at >= 0 && (u8(b, at) & LAYER_SYNC) !== 0;
}

/** 5 bits. */
export function keyIndex(b: Uint8Array, offset: number, end: number): number {
  const at = field(b, offset, end, KEYIDX);
  return at < 0 ? -1 : u8(b, at) & 0x1f;
}

/**
 * Writes the low 7 or 15 bits of `value` over the picture id, in the width it has.
 * @returns whether there was one.
 */
export function rewritePictureId(b: Uint8Array, offset: number, end: number, value: number): boolean {
  const at = field(b, offset, end, PICTURE_ID);
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
  const at = field(b, offset, end, TL0PICIDX);
  if (at < 0) {
    return false;
  }
  put8(b, at, value);
  return true;
}

/** Offset of the field that `flag` of the X byte announces; −1 when it does not or the descriptor is malformed. */
function field(b: Uint8Array, offset: number, end: number, flag: number): number {
  const isPresent = (u8(b, offset) & EXTENDED) !== 0 && (u8(b, offset + 1) & flag) !== 0;
  return isPresent && descriptorLength(b, offset, end) > 0 ? fieldOffset(b, offset, flag) : -1;
}

/** Where the field of `flag` is or would be; for 0, where the descriptor ends. Reads no further than 3 bytes in. */
function fieldOffset(b: Uint8Array, offset: number, flag: number): number {
  if ((u8(b, offset) & EXTENDED) === 0) {
    return offset + 1;
  }
  const flags = u8(b, offset + 1);
  let at = offset + 2;
  if (flag === PICTURE_ID) {
    return at;
  }
  if ((flags & PICTURE_ID) !== 0) {
    at += (u8(b, at) & LONG_PICTURE_ID) !== 0 ? 2 : 1;
  }
  if (flag === TL0PICIDX) {
    return at;
  }
  if ((flags & TL0PICIDX) !== 0) {
    at++;
  }
  if (flag === TID || flag === KEYIDX) {
    return at;
  }
  return (flags & (TID | KEYIDX)) !== 0 ? at + 1 : at;
}

/** Offset of the uncompressed header of a keyframe; −1 when there is none. */
function keyframeHeader(b: Uint8Array, offset: number, end: number): number {
  if (!isKeyframe(b, offset, end)) {
    return -1;
  }
  const header = offset + descriptorLength(b, offset, end);
  return header + KEYFRAME_HEADER_BYTES <= end && u24(b, header + 3) === KEYFRAME_START_CODE ? header : -1;
}
