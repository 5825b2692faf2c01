/**
 * Where uptracks and those who get their packets meet: what a packet is on its way, and what a downstream does.
 */
import * as rtp from '../codec/rtp.ts';
import { ABSOLUTE_SEND_TIME_EXTENSION } from './negotiation.ts';

/**
 * A validated packet on its way. There is one such object per peer, filled anew for each packet: neither it nor
 * its bytes may be kept beyond the call. `bytes` may carry another downstream's SSRC, numbers and timestamp;
 * the values as received are here.
 */
export type RtpPacket = {
  bytes: Buffer;
  payloadOffset: number;
  /** Milliseconds, monotonic. */
  arrivedAt: number;
  /** Unwrapped. */
  sequence: number;
  timestamp: number;
  /** The first packet of a keyframe. */
  keyframe: boolean;
  /** Carries earlier packets too (RFC 2198); not every viewer takes that. */
  redundant: boolean;
  /** Changes when sequence numbers and timestamps do not continue the ones before. */
  generation: number;
  /** Where the sender's clock stands; −1 without it. */
  absoluteSendTimeOffset: number;
  /** Counters of VP8 and VP9 as received; −1 without them. */
  pictureId: number;
  tl0PicIdx: number;
  /** The bytes carry other counters than these. */
  pictureIdsMoved: boolean;
};

export const NO_PACKET: RtpPacket = {
  bytes: Buffer.alloc(0),
  payloadOffset: 0,
  arrivedAt: 0,
  sequence: 0,
  timestamp: 0,
  keyframe: false,
  redundant: false,
  generation: 0,
  absoluteSendTimeOffset: -1,
  pictureId: -1,
  tl0PicIdx: -1,
  pictureIdsMoved: false,
};

/** Somebody who gets what an uptrack gets: a downtrack, later a recorder. */
export type Downstream = {
  /** True when it writes into the packet. Those that only read are served first and see the bytes as sent. */
  readonly rewrites: boolean;
  /** For how long it may ask for a packet again. */
  readonly retentionMs: number;
  forward(packet: RtpPacket): void;
  /** This packet has no content for anybody; a rewriter closes the gap that it leaves. */
  skip(packet: RtpPacket): void;
};

/** Unit of abs-send-time: 24 bits of seconds with 18 behind the point. */
export const SEND_TIME_UNITS_PER_MS = 2 ** 18 / 1000;

/** Where the sender's clock stands in a validated packet; −1 without it. */
export function absoluteSendTimeOffset(bytes: Buffer): number {
  const offset = rtp.findExtension(bytes, ABSOLUTE_SEND_TIME_EXTENSION);
  return offset >= 0 && rtp.extensionLength(bytes, offset) === 3 ? offset : -1;
}
