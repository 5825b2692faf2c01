/**
 * Redundant audio (RFC 2198): one packet with the newest block and one or more earlier ones, by offset. Every function
 * takes the array, the payload's offset and its end (without padding), and returns −1 for what is absent or malformed.
 *
 *     0                   1                    2                   3
 *     0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *    |F|   block PT  |  timestamp offset         |   block length    |   for each earlier block, oldest first; F is 1
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *    |0|   block PT  |                                                   for the newest one; then the blocks in this order
 *    +-+-+-+-+-+-+-+-+
 */
import { u8, u16, u24 } from './bytes.ts';
import { setPayloadType } from './rtp.ts';

const FOLLOWS = 0x80;
const BLOCK_HEADER_BYTES = 4;
/** Browsers send one or two; nobody more than nine. */
const MAX_BLOCKS = 16;

/** How many earlier blocks there are; −1 when the headers or lengths do not fit the payload. */
export function redundantBlocks(b: Uint8Array, offset: number, end: number): number {
  if (offset < 0 || end > b.length) {
    return -1;
  }
  let at = offset;
  let bytes = 0;
  let count = 0;
  while (at < end && (u8(b, at) & FOLLOWS) !== 0 && count < MAX_BLOCKS) {
    bytes += u24(b, at + 1) & 0x3ff;
    at += BLOCK_HEADER_BYTES;
    count++;
  }
  return at < end && (u8(b, at) & FOLLOWS) === 0 && at + 1 + bytes < end ? count : -1;
}

/** Where the newest block's data begins; it goes on to the end. Never empty. */
export function primaryOffset(b: Uint8Array, offset: number, end: number): number {
  const count = redundantBlocks(b, offset, end);
  return count < 0 ? -1 : blockOffset(b, offset, count, count);
}

/** Payload type of the newest block; for a payload that `primaryOffset` took. */
export function primaryPayloadType(b: Uint8Array, offset: number, end: number): number {
  const count = redundantBlocks(b, offset, end);
  return count < 0 ? -1 : u8(b, offset + BLOCK_HEADER_BYTES * count) & 0x7f;
}

/** Where the data of earlier block `index` (0 is the oldest) of `count` begins; `count` as `redundantBlocks` said. */
export function blockOffset(b: Uint8Array, offset: number, count: number, index: number): number {
  let at = offset + BLOCK_HEADER_BYTES * count + 1;
  for (let i = 0; i < index; i++) {
    at += blockLength(b, offset, i);
  }
  return at;
}

/** Bytes of earlier block `index`. */
export function blockLength(b: Uint8Array, offset: number, index: number): number {
  return u16(b, offset + BLOCK_HEADER_BYTES * index + 2) & 0x3ff;
}

/** How much earlier than the packet's timestamp block `index` is, in ticks. */
export function blockTimestampOffset(b: Uint8Array, offset: number, index: number): number {
  return u16(b, offset + BLOCK_HEADER_BYTES * index + 1) >> 2;
}

/** Payload type of earlier block `index`. */
export function blockPayloadType(b: Uint8Array, offset: number, index: number): number {
  return u8(b, offset + BLOCK_HEADER_BYTES * index) & 0x7f;
}

/**
 * Turns a packet with earlier blocks into one with the newest alone, in place; without padding.
 * @returns the packet's new end; −1 (untouched) when malformed
 */
export function unwrapRed(b: Uint8Array, offset: number, end: number): number {
  const primary = primaryOffset(b, offset, end);
  if (primary < 0) {
    return -1;
  }
  setPayloadType(b, primaryPayloadType(b, offset, end));
  b.copyWithin(offset, primary, end);
  return offset + end - primary;
}
