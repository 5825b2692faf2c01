/**
 * Single pictures of the camera for networks that carry no video: as large and as good as the upload allows in about a
 * second, one on the way at a time. Loaded when a session starts, not with the page.
 */
import { STILL_INTERVAL_MIN_MS, STILL_MAX_BYTES } from '../protocol.ts';

export type StillSize = { side: number; quality: number };

/** How big a picture was at a size; what the next one is guessed from. */
export type StillMeasure = { pixels: number; quality: number; bytes: number };

/** Where the pictures come from; tests pass their own. */
export type StillSource = {
  /** Size of the camera's picture; undefined while there is none. */
  size(): { width: number; height: number } | undefined;
  /** The picture of this moment, or undefined when there is none. */
  jpeg(size: { width: number; height: number }, quality: number): Promise<Uint8Array | undefined>;
  close(): void;
};

export type StillHost = {
  /** Resolves when the relay has it; rejects when it was refused or there is no connection. */
  send: (jpeg: Uint8Array) => Promise<void>;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Runs `callback` once after the delay; returns the undo. */
  later: (callback: () => void, delayMs: number) => () => void;
};

/**
 * Longer side and JPEG quality, best first. Text stays readable longer in a large picture with artefacts than in a small
 * one without, so the size goes last.
 */
const SIZES: readonly StillSize[] = [
  { side: 960, quality: 0.7 },
  { side: 960, quality: 0.6 },
  { side: 960, quality: 0.5 },
  { side: 960, quality: 0.4 },
  { side: 800, quality: 0.4 },
  { side: 640, quality: 0.4 },
  { side: 480, quality: 0.4 },
  { side: 400, quality: 0.35 },
  { side: 320, quality: 0.3 },
  { side: 320, quality: 0.2 },
  { side: 240, quality: 0.2 },
];
const SMALLEST = { side: 240, quality: 0.2 };

/** A still may fill the way up for so long; the voice waits behind it in the same queue. */
const UPLOAD_MS = 1_200;
/** What an upload is taken for before the first one was measured: what a voice leaves of a link of 80 kbit/s. */
const FIRST_UPLOAD_BPS = 40_000;
const BUDGET_MIN_BYTES = 4_000;
const BUDGET_MAX_BYTES = 100_000;
/** Of a scene that is not known yet, at quality 0.5: bytes per pixel of an ordinary photo. */
const BYTES_PER_PIXEL = 0.09;
/** Encodings of one still; each guesses from the one before, so the second usually fits. */
const ENCODINGS_MAX = 3;
/** Over the budget by no more than this is not worth another encoding. */
const TOLERANCE = 1.25;

/** @param bps of the last upload; undefined before the first */
export function stillBudget(bps: number | undefined): number {
  const bytes = ((bps ?? FIRST_UPLOAD_BPS) * UPLOAD_MS) / 8_000;
  return Math.round(Math.min(Math.max(bytes, BUDGET_MIN_BYTES), BUDGET_MAX_BYTES));
}

/** The best size that is expected to fit. @param last of the same camera; undefined before the first still */
export function chooseStillSize(
  source: { width: number; height: number },
  budgetBytes: number,
  last: StillMeasure | undefined,
): { width: number; height: number; quality: number } {
  const perPixel =
    last === undefined ? BYTES_PER_PIXEL : last.bytes / (last.pixels * qualityFactor(last.quality));
  const fits = SIZES.find(({ side, quality }) => {
    const { width, height } = fit(source, side);
    return width * height * perPixel * qualityFactor(quality) <= budgetBytes;
  });
  const { side, quality } = fits ?? SMALLEST;
  return { ...fit(source, side), quality };
}

/** Bytes at a quality, as a multiple of those at 0.5; measured on photos with Chromium's encoder. */
function qualityFactor(quality: number): number {
  return 0.45 + quality * quality * 2.2;
}

function fit(source: { width: number; height: number }, side: number): { width: number; height: number } {
  const scale = Math.min(1, side / Math.max(source.width, source.height, 1));
  return {
    width: Math.max(1, Math.round(source.width * scale)),
    height: Math.max(1, Math.round(source.height * scale)),
  };
}

/** Sends stills of one camera until it is closed. While it rests, nothing is drawn and nothing sent. */
export class StillSender {
  readonly #source: StillSource;
  readonly #host: StillHost;
  #intervalMs: number | undefined;
  #busy = false;
  #closed = false;
  #bps: number | undefined;
  /** Upload of the last still. */
  #lastBps: number | undefined;
  #onTheWay: { bytes: number; since: number } | undefined;
  #last: StillMeasure | undefined;
  #cancel: () => void = () => undefined;

  constructor(source: StillSource, host: StillHost) {
    this.#source = source;
    this.#host = host;
  }

  /** Upload in bits per second: of the last still, or less if the one on its way already takes longer. */
  get bps(): number | undefined {
    const { bytes, since } = this.#onTheWay ?? { bytes: 0, since: 0 };
    const tookMs = this.#host.now() - since;
    return bytes > 0 && tookMs >= UPLOAD_MS
      ? Math.min((bytes * 8_000) / tookMs, this.#lastBps ?? Number.POSITIVE_INFINITY)
      : this.#lastBps;
  }

  /** Sends one still after the other, begun this far apart; undefined rests. */
  every(intervalMs: number | undefined): void {
    const resting = this.#intervalMs === undefined;
    this.#intervalMs = intervalMs;
    if (resting && intervalMs !== undefined && !this.#busy) {
      this.#schedule(0);
    }
  }

  close(): void {
    this.#closed = true;
    this.#intervalMs = undefined;
    this.#cancel();
    this.#source.close();
  }

  #schedule(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#host.later(() => void this.#round(), delayMs);
  }

  async #round(): Promise<void> {
    if (this.#busy || this.#intervalMs === undefined) {
      return;
    }
    this.#busy = true;
    const startedAt = this.#host.now();
    const uploadMs = await this.#sendOne().catch(() => undefined);
    this.#busy = false;
    if (this.#intervalMs !== undefined) {
      const tookMs = this.#host.now() - startedAt;
      // After a slow one as long a rest: the voice has the same way, and its buffers must empty.
      this.#schedule(Math.max(this.#intervalMs - tookMs, uploadMs ?? 0, STILL_INTERVAL_MIN_MS));
    }
  }

  /** @returns milliseconds from the first byte to the relay's answer; undefined when nothing was sent */
  async #sendOne(): Promise<number | undefined> {
    const jpeg = await this.#encode();
    // While the picture was made, the person may have paused the camera.
    if (jpeg === undefined || this.#intervalMs === undefined) {
      return undefined;
    }
    const startedAt = this.#host.now();
    this.#onTheWay = { bytes: jpeg.length, since: startedAt };
    try {
      await this.#host.send(jpeg);
    } catch (error) {
      // What could not be sent in that time says as much as what was.
      this.#lastBps = this.bps;
      this.#bps = this.#lastBps;
      throw error;
    } finally {
      this.#onTheWay = undefined;
    }
    const uploadMs = Math.max(1, this.#host.now() - startedAt);
    const bps = (jpeg.length * 8_000) / uploadMs;
    this.#lastBps = bps;
    // Down at once, up by half: one lucky still must not make the next one hold up the voice.
    this.#bps = this.#bps === undefined || bps < this.#bps ? bps : (this.#bps + bps) / 2;
    return uploadMs;
  }

  async #encode(): Promise<Uint8Array | undefined> {
    const budget = stillBudget(this.#bps);
    let jpeg: Uint8Array | undefined;
    for (let encoding = 0; encoding < ENCODINGS_MAX && !this.#closed; encoding++) {
      const source = this.#source.size();
      if (source === undefined) {
        return undefined;
      }
      const { quality, ...size } = chooseStillSize(source, budget, this.#last);
      jpeg = await this.#source.jpeg(size, quality);
      if (jpeg === undefined) {
        return undefined;
      }
      this.#last = { pixels: size.width * size.height, quality, bytes: jpeg.length };
      if (jpeg.length <= budget * TOLERANCE) {
        break;
      }
    }
    return jpeg !== undefined && jpeg.length <= STILL_MAX_BYTES ? jpeg : undefined;
  }
}

/** The camera itself, by way of an element that nobody sees. */
export function cameraStills(track: MediaStreamTrack): StillSource {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  // Refused or interrupted: there is no picture then, and the next round looks again.
  video.play().catch(() => undefined);
  const canvas = document.createElement('canvas');
  return {
    size: () =>
      video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0
        ? { width: video.videoWidth, height: video.videoHeight }
        : undefined,
    jpeg: async ({ width, height }, quality) => {
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext('2d', { alpha: false });
      if (context === null || track.readyState !== 'live' || !track.enabled) {
        return undefined;
      }
      context.imageSmoothingQuality = 'high';
      context.drawImage(video, 0, 0, width, height);
      const blob = await new Promise<Blob | null>((resolve) => {
        canvas.toBlob(resolve, 'image/jpeg', quality);
      });
      return blob === null ? undefined : new Uint8Array(await blob.arrayBuffer());
    },
    close: () => {
      video.pause();
      video.srcObject = null;
      canvas.width = 0;
    },
  };
}
