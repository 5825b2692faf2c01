/** A still that both draw on: taken from the camera, sent in parts, and read again from parts. */
import {
  FREEZE_FRAME,
  FREEZE_HEADER_BYTES,
  FREEZE_MAX_BYTES,
  FREEZE_PART_MAX_BYTES,
  FREEZE_SHOWN_HEADER_BYTES,
  type Params,
  type Result,
  type SessionId,
  STILL_HEADER_BYTES,
  type Surface,
} from '../protocol.ts';
import { cameraStills } from './stills.ts';

/** The best that fits; a type plate must be readable. */
const QUALITIES = [0.92, 0.8, 0.6, 0.4] as const;
/** A camera that was just opened has its first picture by then. */
const PICTURE_TIMEOUT_MS = 3_000;
const POLL_MS = 50;
const RETRY_MS = 300;
const RETRIES_MAX = 10;

/** The camera's picture in its full size; undefined when it has none. */
export async function takeStill(camera: MediaStreamTrack): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const source = cameraStills(camera);
  try {
    const deadline = performance.now() + PICTURE_TIMEOUT_MS;
    let size = source.size();
    while (!size && performance.now() < deadline && camera.readyState === 'live') {
      await pause(POLL_MS);
      size = source.size();
    }
    for (const quality of size ? QUALITIES : []) {
      const jpeg = size && (await source.jpeg(size, quality));
      if (jpeg && jpeg.length <= FREEZE_MAX_BYTES) {
        return new Uint8Array(jpeg);
      }
    }
    return undefined;
  } finally {
    source.close();
  }
}

/** @param sendFrame a binary frame without its kind and id, such as `Connection.sendBinary` */
export async function sendStill(
  sendFrame: (kind: number, content: Uint8Array) => Promise<void>,
  surface: Surface,
  jpeg: Uint8Array,
): Promise<void> {
  const headerBytes = FREEZE_HEADER_BYTES - STILL_HEADER_BYTES;
  for (let offset = 0; offset < jpeg.length; offset += FREEZE_PART_MAX_BYTES) {
    const part = jpeg.subarray(offset, offset + FREEZE_PART_MAX_BYTES);
    const content = new Uint8Array(headerBytes + part.length);
    const header = new DataView(content.buffer);
    header.setUint32(0, surface);
    header.setUint32(4, offset);
    header.setUint32(8, jpeg.length);
    content.set(part, headerBytes);
    await sendFrame(FREEZE_FRAME, content);
  }
}

export type ShownPart = {
  sessionId: SessionId;
  surface: Surface;
  offset: number;
  totalBytes: number;
  bytes: Uint8Array<ArrayBuffer>;
};

/** Undefined for frames of another kind. */
export function readShownPart(frame: ArrayBuffer): ShownPart | undefined {
  const header = new DataView(frame);
  if (frame.byteLength <= FREEZE_SHOWN_HEADER_BYTES || header.getUint8(0) !== FREEZE_FRAME) {
    return undefined;
  }
  return {
    sessionId: header.getFloat64(5),
    surface: header.getUint32(13),
    offset: header.getUint32(17),
    totalBytes: header.getUint32(21),
    bytes: new Uint8Array(frame, FREEZE_SHOWN_HEADER_BYTES),
  };
}

type OpenStill = (params: Params<'openStill'>) => Promise<Result<'openStill'>>;

/** Gets the still in front from the relay, part by part. */
export class StillDownload {
  readonly #sessionId: SessionId;
  readonly #surface: Surface;
  #jpeg = new Uint8Array(0);
  #received = 0;

  constructor(sessionId: SessionId, surface: Surface) {
    this.#sessionId = sessionId;
    this.#surface = surface;
  }

  /** A part, which comes before the answer to its request. */
  take({ surface, offset, totalBytes, bytes }: ShownPart): void {
    if (surface !== this.#surface || offset !== this.#received || totalBytes > FREEZE_MAX_BYTES) {
      return;
    }
    if (offset === 0) {
      this.#jpeg = new Uint8Array(totalBytes);
    }
    if (offset + bytes.length <= this.#jpeg.length) {
      this.#jpeg.set(bytes, offset);
      this.#received += bytes.length;
    }
  }

  /** Undefined when the relay has no such still any more, or does not give it. */
  async load(openStill: OpenStill): Promise<Blob | undefined> {
    for (let retries = 0; retries < RETRIES_MAX; ) {
      const before = this.#received;
      try {
        const { totalBytes } = await openStill({
          sessionId: this.#sessionId,
          surface: this.#surface,
          offset: before,
        });
        if (this.#received === totalBytes) {
          return new Blob([this.#jpeg], { type: 'image/jpeg' });
        }
      } catch {
        // The page reads too slowly at the moment, or the connection is away.
      }
      if (this.#received === before) {
        retries += 1;
        await pause(RETRY_MS);
      }
    }
    return undefined;
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
