/**
 * A photo on its way to the relay, part by part: slow enough that the voice beside it does not notice, and as often as it takes.
 * Where to go on is asked from the relay, so a lost connection costs one part.
 */
import {
  type ErrorCode,
  type Params,
  PHOTO_FRAME,
  PHOTO_HEADER_BYTES,
  PHOTO_PART_MAX_BYTES,
  type PhotoId,
  type PhotoPartResult,
  type PhotoType,
  type Result,
  type SessionId,
  STILL_HEADER_BYTES,
} from '../protocol.ts';
import { type Connection, RequestError } from './connection.ts';

/** So long may a part stand in front of a packet of the voice where both share a slow way up. */
const PART_TARGET_MS = 100;
const PART_MIN_BYTES = 4 * 1024;
/** The relay takes 50 messages per second of a page; the rest is for what people do meanwhile. */
const PART_INTERVAL_MIN_MS = 33;
/** Weight of the newest part in the speed. */
const SPEED_WEIGHT = 0.4;
const RETRY_MS = 500;
const BROKEN_MAX = 2;
/** Refusals that pass by themselves. */
const PASSING: ReadonlySet<string> = new Set([
  'notConnected',
  'tooManyMessages',
  'draining',
  'internal',
  'relayFull',
]);

/** How large the next part is, by how long the last ones took. Pure. */
export class PhotoPace {
  /** Shortest answer so far: what of each time is the way there and back and not the bytes. */
  #roundTripMs = Number.POSITIVE_INFINITY;
  #bytesPerMs: number | undefined;
  #partBytes = PART_MIN_BYTES;

  get partBytes(): number {
    return this.#partBytes;
  }

  /** @param bytes 0 for a message without a part */
  answered(bytes: number, tookMs: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs, tookMs);
    if (bytes === 0) {
      return;
    }
    const speed = bytes / Math.max(1, tookMs - this.#roundTripMs);
    const before = this.#bytesPerMs ?? speed;
    // Down at once, up with care.
    this.#bytesPerMs = Math.min(speed, before + (speed - before) * SPEED_WEIGHT);
    const fitting = this.#bytesPerMs * PART_TARGET_MS;
    this.#partBytes = Math.round(
      Math.max(PART_MIN_BYTES, Math.min(PHOTO_PART_MAX_BYTES, 2 * this.#partBytes, fitting)),
    );
  }
}

export type PhotoFile = { type: PhotoType; bytes: Uint8Array; sha256: string };

export type PhotoSenderHost = {
  sessionId: SessionId;
  /** Both reject with a `RequestError`. */
  offer: (params: Params<'offerPhoto'>) => Promise<Result<'offerPhoto'>>;
  /** @param content of a frame, without kind and id */
  sendPart: (content: Uint8Array) => Promise<PhotoPartResult>;
  /** Under which number, and how much of it the relay has. */
  progress: (photoId: PhotoId, receivedBytes: number) => void;
  /** Monotonic milliseconds. */
  now: () => number;
  wait: (ms: number) => Promise<void>;
};

export type PhotoOutcome = { kept: true; photoId: PhotoId } | { kept: false; code: ErrorCode | 'stopped' };

/**
 * Resolves when the relay has all of it, or will never have it.
 * @param photoId 0 for one that nobody has asked for
 */
export async function sendPhoto(
  host: PhotoSenderHost,
  photoId: PhotoId,
  file: PhotoFile,
  signal: AbortSignal,
): Promise<PhotoOutcome> {
  const pace = new PhotoPace();
  for (let broken = 0; ; ) {
    try {
      return await sendOnce(host, pace, photoId, file, signal);
    } catch (error) {
      const code = error instanceof RequestError ? error.code : 'internal';
      broken += code === 'photoBroken' ? 1 : 0;
      const isPassing = code === 'photoBroken' ? broken < BROKEN_MAX : PASSING.has(code);
      if (signal.aborted || !isPassing) {
        return { kept: false, code: code === 'notConnected' ? 'stopped' : code };
      }
      await host.wait(RETRY_MS);
    }
  }
}

async function sendOnce(
  host: PhotoSenderHost,
  pace: PhotoPace,
  wantedId: PhotoId,
  { type, bytes, sha256 }: PhotoFile,
  signal: AbortSignal,
): Promise<PhotoOutcome> {
  const { sessionId } = host;
  const askedAt = host.now();
  const offered = await host.offer({
    ...{ sessionId, photoId: wantedId, format: type, bytes: bytes.length, sha256 },
  });
  const { photoId } = offered;
  pace.answered(0, host.now() - askedAt);
  let at = offered.receivedBytes;
  host.progress(photoId, at);
  while (at < bytes.length) {
    if (signal.aborted) {
      return { kept: false, code: 'stopped' };
    }
    const part = bytes.subarray(at, at + pace.partBytes);
    const sentAt = host.now();
    const { receivedBytes } = await host.sendPart(partContent(sessionId, photoId, at, part));
    const tookMs = host.now() - sentAt;
    pace.answered(part.length, tookMs);
    at = receivedBytes;
    host.progress(photoId, at);
    await host.wait(Math.max(0, PART_INTERVAL_MIN_MS - tookMs));
  }
  return { kept: true, photoId };
}

function partContent(sessionId: SessionId, photoId: PhotoId, offset: number, part: Uint8Array): Uint8Array {
  const headerBytes = PHOTO_HEADER_BYTES - STILL_HEADER_BYTES;
  const content = new Uint8Array(headerBytes + part.length);
  const header = new DataView(content.buffer);
  header.setFloat64(0, sessionId);
  header.setUint32(8, photoId);
  header.setUint32(12, offset);
  content.set(part, headerBytes);
  return content;
}

/** The host of a page with that connection. */
export function senderOn(
  connection: Pick<Connection, 'request' | 'upload'>,
  sessionId: SessionId,
  progress: PhotoSenderHost['progress'],
): PhotoSenderHost {
  return {
    ...{ sessionId, progress },
    offer: (params) => connection.request('offerPhoto', params),
    sendPart: async (content) => (await connection.upload(PHOTO_FRAME, content)) as PhotoPartResult,
    now: () => performance.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** Undefined where the page is no secure context and cannot say what the file is. */
export async function photoFileOf(blob: Blob, type: PhotoType): Promise<PhotoFile | undefined> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const hash = await globalThis.crypto.subtle?.digest('SHA-256', bytes);
  const sha256 = hash && [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return sha256 === undefined ? undefined : { type, bytes, sha256 };
}
