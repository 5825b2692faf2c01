/**
 * AV1 aggregation header (AV1 RTP payload format, AOMedia, section 4.4) by offset in an RTP packet.
 *
 *      0 1 2 3 4 5 6 7
 *     +-+-+-+-+-+-+-+-+
 *     |Z|Y| W |N|-|-|-|   Z: goes on with a unit of the packet before; N: first packet of a coded video sequence
 *     +-+-+-+-+-+-+-+-+
 */
import { u8 } from './bytes.ts';

const CONTINUES = 0x80;
const NEW_SEQUENCE = 0x08;

/** First packet of a keyframe: a coded video sequence begins, which it can only with one. N and Z exclude each other. */
export function isKeyframe(b: Uint8Array, offset: number, end: number): boolean {
  return (
    offset >= 0 &&
    offset + 1 < end &&
    end <= b.length &&
    (u8(b, offset) & (CONTINUES | NEW_SEQUENCE)) === NEW_SEQUENCE
  );
}
