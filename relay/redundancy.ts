/**
 * Voice packets that carry earlier ones (RFC 2198), taken apart: the earlier one for a hole in front of it, the newest
 * alone for a viewer that does not know the format. Both are copies that last until the next call.
 */
import * as red from '../codec/red.ts';
import * as rtp from '../codec/rtp.ts';
import type { RtpPacket } from './packet.ts';

const scratch = Buffer.alloc(1_500);

/** How many earlier packets this one carries. */
export function earlierCount({ bytes, payloadOffset }: RtpPacket): number {
  const end = payloadOffset + rtp.payloadLength(bytes, payloadOffset);
  return Math.max(0, red.redundantBlocks(bytes, payloadOffset, end));
}

/**
 * Makes `target` the packet that came `count − index` before its carrier.
 * @param index 0 for the oldest of `count`, as `earlierCount` said
 * @returns false when there is nothing in it
 */
export function takeEarlier(carrier: RtpPacket, count: number, index: number, target: RtpPacket): boolean {
  const { bytes, payloadOffset } = carrier;
  const length = red.blockLength(bytes, payloadOffset, index);
  const block = red.blockOffset(bytes, payloadOffset, count, index);
  bytes.copy(scratch, 0, 0, payloadOffset);
  bytes.copy(scratch, payloadOffset, block, block + length);
  // The padding stays with the carrier.
  rtp.stripPadding(scratch, 0);
  rtp.setMarker(scratch, false);
  rtp.setPayloadType(scratch, red.blockPayloadType(bytes, payloadOffset, index));
  target.bytes = scratch.subarray(0, payloadOffset + length);
  target.payloadOffset = payloadOffset;
  target.arrivedAt = carrier.arrivedAt;
  target.sequence = carrier.sequence - count + index;
  target.timestamp = (carrier.timestamp - red.blockTimestampOffset(bytes, payloadOffset, index)) >>> 0;
  target.redundant = false;
  target.absoluteSendTimeOffset = carrier.absoluteSendTimeOffset;
  return length > 0;
}

/** The newest block of a packet alone; the packet itself stays as it is, and is the result when it is malformed. */
export function withoutRedundancy({ bytes, payloadOffset }: RtpPacket): Buffer {
  bytes.copy(scratch);
  const end = red.unwrapRed(scratch, payloadOffset, rtp.stripPadding(scratch, bytes.length));
  return end < 0 ? bytes : scratch.subarray(0, end);
}
