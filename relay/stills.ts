/**
 * Single pictures that a phone sends over the WebSocket where video does not get through: read, paced and framed for
 * the technician. Pure; the bytes are looked at only as far as needed to know that they are a JPEG.
 */
import {
  type ErrorCode,
  type SessionId,
  STILL_FRAME,
  STILL_HEADER_BYTES,
  STILL_INTERVAL_MIN_MS,
  STILL_MAX_BYTES,
  STILL_SHOWN_HEADER_BYTES,
} from './protocol.ts';

/** What may wait for a console that reads slowly; about two stills, then newer ones are dropped. */
export const STILL_QUEUE_MAX_BYTES = 256 * 1024;

/** Start of image and the first byte of the next marker (ITU-T T.81 B.1.1). */
const JPEG_START = [0xff, 0xd8, 0xff] as const;

export type ReadStill =
  | { ok: true; id: number; jpeg: Uint8Array }
  | { ok: false; id: number; code: ErrorCode };

/** Never throws. `id` is 0 when the frame is too short to carry one; `jpeg` is a view into `frame`. */
export function readStill(frame: Uint8Array): ReadStill {
  if (frame.length < STILL_HEADER_BYTES) {
    return { ok: false, id: 0, code: 'badMessage' };
  }
  const id = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(1);
  if (frame[0] !== STILL_FRAME) {
    return { ok: false, id, code: 'unknownMessage' };
  }
  const jpeg = frame.subarray(STILL_HEADER_BYTES);
  if (jpeg.length > STILL_MAX_BYTES) {
    return { ok: false, id, code: 'messageTooLarge' };
  }
  return JPEG_START.every((byte, index) => jpeg[index] === byte)
    ? { ok: true, id, jpeg }
    : { ok: false, id, code: 'badMessage' };
}

/** The frame that the technician's page gets; a copy, so the original may go away. */
export function showStill(sessionId: SessionId, jpeg: Uint8Array): Uint8Array {
  const frame = new Uint8Array(STILL_SHOWN_HEADER_BYTES + jpeg.length);
  const header = new DataView(frame.buffer);
  header.setUint8(0, STILL_FRAME);
  header.setUint32(1, 0);
  header.setFloat64(5, sessionId);
  frame.set(jpeg, STILL_SHOWN_HEADER_BYTES);
  return frame;
}

/** One session's limit. A still that comes too fast does not push the next one's time out. */
export class StillPace {
  #last = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds; a clock that was set back lets the next still through */
  allows(now: number): boolean {
    if (now >= this.#last && now - this.#last < STILL_INTERVAL_MIN_MS) {
      return false;
    }
    this.#last = now;
    return true;
  }
}
