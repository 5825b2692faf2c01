/**
 * Continuous picture ids and base-layer counters (VP8: RFC 7741 section 4.2, VP9: RFC 9628 section 4.2) when a viewer's
 * picture changes to another source: Chromium orders frames by them, and takes a smaller one for an old frame. Written
 * in place, in the width that is there. The other codecs have none.
 */
import { distance16 } from '../codec/serial.ts';
import * as vp8 from '../codec/vp8.ts';
import * as vp9 from '../codec/vp9.ts';
import type { TrackFormat } from './negotiation.ts';

type Accessors = Pick<typeof vp8, 'pictureId' | 'tl0PicIdx' | 'rewritePictureId' | 'rewriteTl0PicIdx'>;

/** Undefined for a codec without such counters. */
export const PICTURE_IDS: Record<TrackFormat['codec'], Accessors | undefined> = {
  opus: undefined,
  VP8: vp8,
  VP9: vp9,
  H264: undefined,
  AV1: undefined,
};

const PICTURE_ID_MASK = 0x7fff;
const TL0PICIDX_MASK = 0xff;

/** The counters of one outgoing source; incoming ones are given as read, −1 for one that is not there. */
export class PictureIds {
  readonly #codec: Accessors | undefined;
  /** Outgoing = incoming + offset. */
  #idOffset = 0;
  #tl0Offset = 0;
  /** Of the newest outgoing packet; −1 before the first. */
  #lastId = -1;
  #lastTl0 = -1;

  constructor(codec: TrackFormat['codec']) {
    this.#codec = PICTURE_IDS[codec];
  }

  /** True when outgoing counters differ from the incoming ones. */
  get moves(): boolean {
    return this.#idOffset !== 0 || this.#tl0Offset !== 0;
  }

  /** Another source begins with a packet of these: its counters go on behind the last ones. */
  begin(id: number, tl0: number): void {
    this.#idOffset = this.#lastId < 0 || id < 0 ? 0 : (this.#lastId + 1 - id) & PICTURE_ID_MASK;
    this.#tl0Offset = this.#lastTl0 < 0 || tl0 < 0 ? 0 : (this.#lastTl0 + 1 - tl0) & TL0PICIDX_MASK;
  }

  /** Notes that a packet of these goes out. Late packets of earlier pictures do not count. */
  sent(id: number, tl0: number): void {
    if (id >= 0) {
      const outgoing = (id + this.#idOffset) & PICTURE_ID_MASK;
      // 15 bits moved up by one: the 16-bit distance is then that of their circle.
      if (this.#lastId < 0 || distance16(this.#lastId << 1, outgoing << 1) >= 0) {
        this.#lastId = outgoing;
        this.#lastTl0 = tl0 < 0 ? -1 : (tl0 + this.#tl0Offset) & TL0PICIDX_MASK;
      }
    }
  }

  /** Writes the outgoing counters over whatever is in the packet, in place. */
  write(b: Uint8Array, offset: number, end: number, id: number, tl0: number): void {
    if (id >= 0) {
      this.#codec?.rewritePictureId(b, offset, end, id + this.#idOffset);
    }
    if (tl0 >= 0) {
      this.#codec?.rewriteTl0PicIdx(b, offset, end, tl0 + this.#tl0Offset);
    }
  }

  /** The same for a packet that still has its incoming counters. */
  move(b: Uint8Array, offset: number, end: number): void {
    const codec = this.#codec;
    if (codec !== undefined) {
      this.write(b, offset, end, codec.pictureId(b, offset, end), codec.tl0PicIdx(b, offset, end));
    }
  }
}
