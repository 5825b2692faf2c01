/**
 * Writes WebM and Matroska (RFC 9559) from front to back, frame by frame: no track waits for another, and what is written
 * so far is a file that plays. Segment and clusters are of unknown size, as in a live stream; length and cues come with
 * the finishing copy (`transcode-presets.ts`).
 */

export type WebmTrack = {
  name: string;
  codecPrivate?: Uint8Array | undefined;
} & (
  | { medium: 'video'; codecId: 'V_VP8' | 'V_VP9' | 'V_MPEG4/ISO/AVC'; width: number; height: number }
  | { medium: 'audio'; codecId: 'A_OPUS'; channels: number }
);

/** Blocks have 16 bits of time relative to their cluster. */
const CLUSTER_MAX_MS = 5_000;
const BLOCK_MIN_MS = -32_768;
/** Bytes that are put together before they go out. */
const BATCH_BYTES = 256 * 1_024;
/** An Opus decoder needs 80 ms to converge (RFC 7845 4.6). */
const SEEK_PREROLL_NS = 80_000_000;
const APP = 'Fernblick';

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const CLUSTER = 0x1f43b675;
const CLUSTER_TIME = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const UNKNOWN_SIZE = Uint8Array.of(0x01, 255, 255, 255, 255, 255, 255, 255);

export class WebmWriter {
  bytes = 0;
  blocks = 0;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #tracks: readonly WebmTrack[];
  readonly #batch = new Uint8Array(BATCH_BYTES);
  #batched = 0;
  /** Time of the open cluster; −1 before the first. */
  #clusterMs = -1;

  /** @param write takes bytes that stay as they are only for the call */
  constructor(tracks: readonly WebmTrack[], write: (bytes: Uint8Array) => void) {
    this.#tracks = tracks;
    this.#write = write;
    const isWebm = tracks.every(({ codecId }) => codecId !== 'V_MPEG4/ISO/AVC');
    this.#put(
      element(
        EBML,
        element(0x4286, uint(1)),
        element(0x42f7, uint(1)),
        element(0x42f2, uint(4)),
        element(0x42f3, uint(8)),
        element(0x4282, text(isWebm ? 'webm' : 'matroska')),
        element(0x4287, uint(4)),
        element(0x4285, uint(2)),
      ),
    );
    this.#put(id(SEGMENT));
    this.#put(UNKNOWN_SIZE);
    this.#put(
      element(INFO, element(0x2ad7b1, uint(1e6)), element(0x4d80, text(APP)), element(0x5741, text(APP))),
    );
    this.#put(element(TRACKS, ...tracks.map(trackEntry)));
  }

  /** @param track place in the list of tracks, from 0 */
  add(track: number, timeMs: number, data: Uint8Array, isKey: boolean): void {
    const time = Math.max(0, Math.round(timeMs));
    let relative = time - this.#clusterMs;
    const isVideoKey = isKey && this.#tracks[track]?.medium === 'video' && relative > 0;
    if (this.#clusterMs < 0 || isVideoKey || relative >= CLUSTER_MAX_MS || relative < BLOCK_MIN_MS) {
      this.#clusterMs = time;
      relative = 0;
      this.#put(id(CLUSTER));
      this.#put(UNKNOWN_SIZE);
      this.#put(element(CLUSTER_TIME, uint(time)));
    }
    this.#put(id(SIMPLE_BLOCK));
    this.#put(size(4 + data.length));
    this.#put(Uint8Array.of(0x80 | (track + 1), relative >> 8, relative & 0xff, isKey ? 0x80 : 0));
    this.#put(data);
    this.blocks++;
  }

  /** Hands on what is still held together. */
  flush(): void {
    if (this.#batched > 0) {
      const batched = this.#batched;
      this.#batched = 0;
      this.#write(this.#batch.subarray(0, batched));
    }
  }

  #put(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (this.#batched + bytes.length > BATCH_BYTES) {
      this.flush();
    }
    if (bytes.length > BATCH_BYTES) {
      this.#write(bytes);
      return;
    }
    this.#batch.set(bytes, this.#batched);
    this.#batched += bytes.length;
  }
}

function trackEntry(track: WebmTrack, index: number): Uint8Array {
  const { medium, name, codecId, codecPrivate } = track;
  return element(
    TRACK_ENTRY,
    element(0xd7, uint(index + 1)),
    element(0x73c5, uint(index + 1)),
    element(0x9c, uint(0)),
    element(0x83, uint(medium === 'video' ? 1 : 2)),
    element(0x86, text(codecId)),
    element(0x536e, text(name)),
    ...(codecPrivate === undefined ? [] : [element(0x63a2, codecPrivate)]),
    ...(track.medium === 'video'
      ? [element(0xe0, element(0xb0, uint(track.width)), element(0xba, uint(track.height)))]
      : [
          element(0x56bb, uint(SEEK_PREROLL_NS)),
          element(0xe1, element(0xb5, float(48_000)), element(0x9f, uint(track.channels))),
        ]),
  );
}

// ---------------------------------------------------------------- EBML (RFC 8794)

function element(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) {
    length += part.length;
  }
  const head = id(number);
  const coded = size(length);
  const bytes = new Uint8Array(head.length + coded.length + length);
  bytes.set(head);
  bytes.set(coded, head.length);
  let at = head.length + coded.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Ids carry their own width. */
function id(number: number): Uint8Array {
  return uint(number);
}

/** The shortest variable-length integer; all ones would mean an unknown size. */
function size(value: number): Uint8Array {
  let width = 1;
  while (value >= 2 ** (7 * width) - 1) {
    width++;
  }
  const bytes = new Uint8Array(width);
  for (let at = width - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) {
    bytes[at] = rest;
  }
  bytes[0] = (bytes[0] ?? 0) | (1 << (8 - width));
  return bytes;
}

function uint(value: number): Uint8Array {
  let width = 1;
  while (value >= 256 ** width) {
    width++;
  }
  const bytes = new Uint8Array(width);
  for (let at = width - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) {
    bytes[at] = rest;
  }
  return bytes;
}

function float(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
