/** The binary frame in which a part of a photo comes. Pure. */
import {
  type ErrorCode,
  PHOTO_HEADER_BYTES,
  PHOTO_PART_MAX_BYTES,
  type PhotoId,
  type SessionId,
  STILL_HEADER_BYTES,
} from './protocol.ts';

export type PhotoPart = { sessionId: SessionId; photoId: PhotoId; offset: number; bytes: Uint8Array };
export type ReadPhotoPart =
  | { ok: true; id: number; part: PhotoPart }
  | { ok: false; id: number; code: ErrorCode };

/** Never throws. The bytes are a view into `frame`. */
export function readPhotoPart(frame: Uint8Array): ReadPhotoPart {
  const header = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length <= PHOTO_HEADER_BYTES) {
    return { ok: false, id: frame.length < STILL_HEADER_BYTES ? 0 : header.getUint32(1), code: 'badMessage' };
  }
  const id = header.getUint32(1);
  const part = {
    sessionId: header.getFloat64(5),
    photoId: header.getUint32(13),
    offset: header.getUint32(17),
    bytes: frame.subarray(PHOTO_HEADER_BYTES),
  };
  return part.bytes.length > PHOTO_PART_MAX_BYTES
    ? { ok: false, id, code: 'messageTooLarge' }
    : { ok: true, id, part };
}
