/** RTP packets as Chromium sends them through the relay, for unit tests and for load. */
import { put16, put32 } from '../../codec/bytes.ts';
import { writeRtpHeader } from '../../codec/rtp.ts';
import { ABSOLUTE_SEND_TIME_EXTENSION, TRANSPORT_SEQUENCE_EXTENSION } from '../../relay/negotiation.ts';

/** Bytes before the payload: RTP header and an extension block with send time and transport-wide sequence number. */
export const SYNTHETIC_HEADER_BYTES = 24;
/** Where these stand. */
export const ABSOLUTE_SEND_TIME_OFFSET = 17;
export const TRANSPORT_SEQUENCE_OFFSET = 21;

/**
 * A packet of `bytes` with an empty payload: header, then send time and transport-wide sequence number as extensions.
 * The caller fills the payload and may change the numbers in place for the next packet.
 */
export function syntheticPacket(
  bytes: number,
  payloadType: number,
  ssrc: number,
  { sequence = 0, timestamp = 0, transportSequence = 0, marker = false } = {},
): Buffer {
  const packet = Buffer.alloc(bytes);
  writeRtpHeader(packet, marker, payloadType, sequence, timestamp, ssrc);
  packet[0] = (packet[0] ?? 0) | 0x10;
  put16(packet, 12, 0xbede);
  put16(packet, 14, 2);
  packet[16] = (ABSOLUTE_SEND_TIME_EXTENSION << 4) | 2;
  packet[20] = (TRANSPORT_SEQUENCE_EXTENSION << 4) | 1;
  put16(packet, TRANSPORT_SEQUENCE_OFFSET, transportSequence);
  return packet;
}

/** Writes a VP8 descriptor with a 15-bit picture id and, at the start of a frame, its tag (RFC 7741). */
export function writeVp8Payload(
  packet: Buffer,
  frame: { pictureId: number; start: boolean; keyframe: boolean },
): void {
  const at = SYNTHETIC_HEADER_BYTES;
  packet[at] = 0x80 | (frame.start ? 0x10 : 0);
  packet[at + 1] = 0x80;
  put16(packet, at + 2, 0x8000 | (frame.pictureId & 0x7fff));
  // Frame tag: bit 0 is 0 for a keyframe, which goes on with its start code and 1280x720.
  packet[at + 4] = frame.keyframe ? 0x10 : 0x11;
  if (frame.start && frame.keyframe) {
    put32(packet, at + 7, 0x9d012a00);
    put32(packet, at + 10, 0x0005d002);
  }
}

/** A packet without payload, all padding: what Chromium probes with when it has nothing to repeat. */
export function paddingPacket(payloadType: number, ssrc: number, sequence: number): Buffer {
  const packet = syntheticPacket(SYNTHETIC_HEADER_BYTES + 200, payloadType, ssrc, { sequence });
  packet[0] = (packet[0] ?? 0) | 0x20;
  packet[packet.length - 1] = 200;
  return packet;
}
