/** The frame in which the relay shows a still to the console (PROTOCOL.md, "Stills"). */
import { type SessionId, STILL_FRAME, STILL_SHOWN_HEADER_BYTES } from '../protocol.ts';

export type ShownStill = { sessionId: SessionId; jpeg: Uint8Array<ArrayBuffer> };

/** Undefined for frames of a kind that this page does not know. */
export function readShownStill(frame: ArrayBuffer): ShownStill | undefined {
  const header = new DataView(frame);
  if (frame.byteLength <= STILL_SHOWN_HEADER_BYTES || header.getUint8(0) !== STILL_FRAME) {
    return undefined;
  }
  return { sessionId: header.getFloat64(5), jpeg: new Uint8Array(frame, STILL_SHOWN_HEADER_BYTES) };
}
