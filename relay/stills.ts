/**
 * Single pictures that a phone sends over the WebSocket, where video does not get through and to draw on: read, paced,
 * put together and framed for the pages. Pure; the bytes are looked at only as far as needed to know that they are a JPEG.
 */
import {
  type ErrorCode,
  FREEZE_FRAME,
  FREEZE_HEADER_BYTES,
  FREEZE_MAX_BYTES,
  FREEZE_PART_MAX_BYTES,
  FREEZE_SHOWN_HEADER_BYTES,
  type SessionId,
  STILL_FRAME,
  STILL_HEADER_BYTES,
  STILL_INTERVAL_MIN_MS,
  STILL_MAX_BYTES,
  STILL_SHOWN_HEADER_BYTES,
  type Surface,
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
  return isJpeg(jpeg) ? { ok: true, id, jpeg } : { ok: false, id, code: 'badMessage' };
}

function isJpeg(bytes: Uint8Array): boolean {
  return JPEG_START.every((byte, index) => bytes[index] === byte);
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

// ---------------------------------------------------------------- a still to draw on

export type FreezePart = { surface: Surface; offset: number; totalBytes: number; bytes: Uint8Array };
export type ReadFreezePart =
  | { ok: true; id: number; part: FreezePart }
  | { ok: false; id: number; code: ErrorCode };

/** Never throws. The bytes are a view into `frame`. */
export function readFreezePart(frame: Uint8Array): ReadFreezePart {
  const header = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length <= FREEZE_HEADER_BYTES) {
    return { ok: false, id: frame.length < STILL_HEADER_BYTES ? 0 : header.getUint32(1), code: 'badMessage' };
  }
  const id = header.getUint32(1);
  const part: FreezePart = {
    surface: header.getUint32(5),
    offset: header.getUint32(9),
    totalBytes: header.getUint32(13),
    bytes: frame.subarray(FREEZE_HEADER_BYTES),
  };
  return part.bytes.length > FREEZE_PART_MAX_BYTES || part.totalBytes > FREEZE_MAX_BYTES
    ? { ok: false, id, code: 'messageTooLarge' }
    : { ok: true, id, part };
}

/** The frame in which a page gets a part of a still. */
export function showFreezePart(sessionId: SessionId, part: FreezePart): Uint8Array {
  const frame = new Uint8Array(FREEZE_SHOWN_HEADER_BYTES + part.bytes.length);
  const header = new DataView(frame.buffer);
  header.setUint8(0, FREEZE_FRAME);
  header.setUint32(1, 0);
  header.setFloat64(5, sessionId);
  header.setUint32(13, part.surface);
  header.setUint32(17, part.offset);
  header.setUint32(21, part.totalBytes);
  frame.set(part.bytes, FREEZE_SHOWN_HEADER_BYTES);
  return frame;
}

/** One still on its way: its parts come in order, and never more than the first one said. */
export class FreezeUpload {
  readonly surface: Surface;
  #jpeg: Uint8Array | undefined;
  #received = 0;

  constructor(surface: Surface) {
    this.surface = surface;
  }

  /** @returns the whole still with its last part */
  take({ offset, totalBytes, bytes }: FreezePart): { jpeg?: Uint8Array } | ErrorCode {
    if (this.#jpeg === undefined && !isJpeg(bytes)) {
      return 'badMessage';
    }
    this.#jpeg ??= new Uint8Array(totalBytes);
    const fits =
      offset === this.#received && totalBytes === this.#jpeg.length && offset + bytes.length <= totalBytes;
    if (!fits) {
      return 'badMessage';
    }
    this.#jpeg.set(bytes, offset);
    this.#received += bytes.length;
    return this.#received === totalBytes ? { jpeg: this.#jpeg } : {};
  }
}
