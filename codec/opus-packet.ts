/** What an Opus packet says of itself without decoding (RFC 6716 3.1), and the packet of silence. */
import { u8 } from './bytes.ts';

/** 20 ms of silence: CELT, full band, mono, one frame. What a gap is filled with. */
export const SILENCE: Uint8Array = Uint8Array.of(0xf8, 0xff, 0xfe);
export const SILENCE_MS = 20;
/** RFC 6716 3.2.5. */
const PACKET_MAX_MS = 120;
/** Longest packet that a decoder's input takes. */
const PACKET_MAX_BYTES = 3_840;

/** Milliseconds by the configuration: SILK, hybrid, CELT. */
const SILK_MS = [10, 20, 40, 60];
const HYBRID_MS = [10, 20];
const CELT_MS = [2.5, 5, 10, 20];

/** Milliseconds of sound in the packet; 0 when it is no Opus packet. */
export function opusDurationMs(packet: Uint8Array): number {
  if (packet.length === 0 || packet.length > PACKET_MAX_BYTES) {
    return 0;
  }
  const head = u8(packet, 0);
  const configuration = head >> 3;
  const frameMs =
    configuration < 12
      ? (SILK_MS[configuration & 3] ?? 0)
      : configuration < 16
        ? (HYBRID_MS[configuration & 1] ?? 0)
        : (CELT_MS[configuration & 3] ?? 0);
  const code = head & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : packet.length < 2 ? 0 : u8(packet, 1) & 0x3f;
  // Two frames of equal size share the rest of the packet.
  const isOdd = code === 1 && packet.length % 2 === 0;
  const durationMs = frames * frameMs;
  return isOdd || durationMs > PACKET_MAX_MS ? 0 : durationMs;
}

export function isOpusStereo(packet: Uint8Array): boolean {
  return (u8(packet, 0) & 0x04) !== 0;
}

/** Identification header (RFC 7845 5.1). Nothing is to be skipped: a recording begins in the middle of a call. */
export function opusHead(channels: number): Uint8Array {
  const head = new Uint8Array(19);
  head.set(new TextEncoder().encode('OpusHead'));
  head[8] = 1;
  head[9] = channels;
  // 48 000 Hz, little-endian.
  head.set([0x80, 0xbb, 0, 0], 12);
  return head;
}
