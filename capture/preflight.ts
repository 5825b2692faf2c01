/**
 * What the phone can find out about itself and its network while its customer waits, in about five seconds: camera,
 * microphone, the relay, the way of the media, the way up. No picture and no sound is sent for it.
 */

import { PREFLIGHT_CHECKS } from '../relay/client/preflight-lights.ts';
import {
  type DeviceState,
  PROBE_MAX_LENGTH,
  type Preflight,
  type PreflightCheck,
  type PreflightFindings,
} from '../relay/protocol.ts';
import { countFrames, type FrameCount } from './frame-count.ts';

/** While the result is being waited for, and afterwards, for what changes. */
const LOOK_MS = 300;
const LOOK_AGAIN_MS = 3_000;

/** Until what is opened has come, as after a reload. */
const OPEN_PATIENCE_MS = 2_500;
/** A camera that is slow to start needs two seconds. */
const FRAME_PATIENCE_MS = 4_000;
/** Even a quiet room is not all zeros. */
const SOUND_PATIENCE_MS = 3_000;
/** The direct way gives up after four seconds, the way through a TURN server is up a second later; then once more. */
const MEDIA_PATIENCE_MS = 10_000;
/** Nobody is there to have a connection with, as in a queue. */
const OFFER_PATIENCE_MS = 5_000;

const PINGS = 3;
const SLOW_MS = 300;
const VERY_SLOW_MS = 1_000;

/**
 * Each probe follows the answer to the one before, and the first that takes long is the last: a narrow link is filled for a
 * second at most, and nobody's Start waits behind the rest.
 */
const PROBE_LENGTHS = [4_096, 8_192, 16_384, 32_768, PROBE_MAX_LENGTH];
const PROBE_LONG_MS = 400;
/** So short that the round trip hides what it took. */
const PROBE_VAGUE_LENGTH = 4_096;
/** Full video has room from here on, and from here on there is some at all (ladder.ts, weak-link.ts). */
const GOOD_KBPS = 1_000;
const NARROW_KBPS = 200;
/** More than anything needs; what is beyond is not measured. */
const ENOUGH_KBPS = 10_000;

export type PreflightHost = {
  devices(): DeviceState;
  camera(): MediaStreamTrack | null;
  /** The microphone has given something else than zeros; undefined where that cannot be measured. */
  heard(): boolean | undefined;
  /** Of the connection for picture and sound; undefined while there is none. */
  mediaPath(): Promise<'udp' | 'turn' | undefined>;
  /** When the relay first wanted such a connection, in milliseconds of `now`. */
  offeredAt(): number | undefined;
  /** Both resolve with the answer. */
  ping(): Promise<unknown>;
  probe(padding: string): Promise<unknown>;
  /** Something has come out, or something else than before. */
  found(): void;
  /** Everything has come out, or something else than before. */
  done(preflight: Preflight): void;
};

/** What it takes from the browser; tests pass their own. Times in milliseconds. */
export type PreflightEnvironment = {
  /** Monotonic. */
  now: () => number;
  /** Runs `callback` once after the delay; returns the undo. */
  later: (callback: () => void, delayMs: number) => () => void;
  countFrames: (track: MediaStreamTrack) => FrameCount;
  /** Text that nothing on the way can make shorter. */
  padding: (length: number) => string;
};

/** Runs while the customer waits, and no longer. */
export class PreflightRun {
  readonly #host: PreflightHost;
  readonly #environment: PreflightEnvironment;
  #findings: Partial<PreflightFindings> = {};
  #roundTripMs: number | undefined;
  #uplinkKbps: number | undefined;
  #startedAt: number | undefined;
  #measuring = false;
  #frames: { track: MediaStreamTrack; count: FrameCount; since: number } | undefined;
  #told = '';
  #cancel: () => void = nothing;
  /** Grows with every start and end: what an older one brings home is thrown away. */
  #generation = 0;

  constructor(host: PreflightHost, environment: PreflightEnvironment = browserEnvironment) {
    this.#host = host;
    this.#environment = environment;
  }

  /** What has come out so far. */
  get findings(): Partial<PreflightFindings> {
    return this.#findings;
  }

  /** May be called in any state, as may `rest`. */
  run(): void {
    if (this.#startedAt === undefined) {
      this.#startedAt = this.#environment.now();
      this.#findings = {};
      this.#roundTripMs = undefined;
      this.#uplinkKbps = undefined;
      this.#told = '';
      this.#generation += 1;
      void this.#look(this.#generation);
    }
  }

  rest(): void {
    this.#startedAt = undefined;
    this.#generation += 1;
    this.#cancel();
    this.#cancel = nothing;
    this.#frames?.count.close();
    this.#frames = undefined;
  }

  /** The relay may have been started again, and remembers nothing of this. */
  tellAgain(): void {
    this.#told = '';
    this.#settle();
  }

  /** Something has changed of what the phone can look at. */
  lookAgain(): void {
    if (this.#startedAt !== undefined) {
      this.#cancel();
      this.#cancel = this.#environment.later(() => void this.#look(this.#generation), 0);
    }
  }

  async #look(generation: number): Promise<void> {
    if (this.#roundTripMs === undefined && !this.#measuring) {
      void this.#measure(generation);
    }
    const path = await this.#host.mediaPath().catch(() => undefined);
    const startedAt = this.#startedAt;
    if (generation !== this.#generation || startedAt === undefined) {
      return;
    }
    const elapsedMs = this.#environment.now() - startedAt;
    this.#find({
      camera: this.#lookAtCamera(elapsedMs),
      microphone: lookAtMicrophone(this.#host.devices(), this.#host.heard(), elapsedMs),
      media: path ?? this.#withoutMedia(elapsedMs),
    });
    this.#cancel();
    const isDone = PREFLIGHT_CHECKS.every((check) => this.#findings[check] !== undefined);
    this.#cancel = this.#environment.later(
      () => void this.#look(generation),
      isDone ? LOOK_AGAIN_MS : LOOK_MS,
    );
  }

  #lookAtCamera(elapsedMs: number): PreflightFindings['camera'] | undefined {
    const { camera } = this.#host.devices();
    const track = camera === 'on' ? this.#host.camera() : null;
    if (this.#frames?.track !== track) {
      this.#frames?.count.close();
      this.#frames = track
        ? { track, count: this.#environment.countFrames(track), since: this.#environment.now() }
        : undefined;
    }
    if (!this.#frames) {
      return camera === 'paused' ? 'paused' : elapsedMs > OPEN_PATIENCE_MS ? 'missing' : undefined;
    }
    const { count, since } = this.#frames;
    return count.frames > 0
      ? 'works'
      : this.#environment.now() - since > FRAME_PATIENCE_MS
        ? 'noPicture'
        : undefined;
  }

  #withoutMedia(elapsedMs: number): PreflightFindings['media'] | undefined {
    const offeredAt = this.#host.offeredAt();
    if (offeredAt === undefined) {
      return elapsedMs > OFFER_PATIENCE_MS ? 'unknown' : undefined;
    }
    const sinceMs = Math.min(elapsedMs, this.#environment.now() - offeredAt);
    return sinceMs > MEDIA_PATIENCE_MS ? 'blocked' : undefined;
  }

  /** A connection that goes in the middle of it is measured anew when it is back. */
  async #measure(generation: number): Promise<void> {
    this.#measuring = true;
    try {
      const roundTripMs = await this.#ping(generation);
      this.#uplinkKbps = await this.#upload(generation, roundTripMs);
      this.#roundTripMs = Math.round(roundTripMs);
    } catch {
      // Not connected, or not waiting any more.
    }
    this.#measuring = false;
    if (generation === this.#generation && this.#roundTripMs !== undefined) {
      this.#find({
        relay: judgeRoundTrip(this.#roundTripMs),
        uplink: judgeUplink(this.#uplinkKbps),
      });
    }
  }

  async #ping(generation: number): Promise<number> {
    const { now } = this.#environment;
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < PINGS && generation === this.#generation; i++) {
      const startedAt = now();
      await this.#host.ping();
      best = Math.min(best, now() - startedAt);
      if (best > VERY_SLOW_MS) {
        break;
      }
    }
    return Math.min(best, 60_000);
  }

  async #upload(generation: number, roundTripMs: number): Promise<number | undefined> {
    const { now, padding } = this.#environment;
    const uploads: Upload[] = [];
    for (const length of PROBE_LENGTHS) {
      if (generation !== this.#generation) {
        break;
      }
      const text = padding(length);
      const startedAt = now();
      try {
        await this.#host.probe(text);
      } catch (error) {
        // Refused half way: what is known by then is worth something. Without a connection, nothing is known.
        if (uploads.length === 0) {
          throw error;
        }
        break;
      }
      const tookMs = now() - startedAt;
      uploads.push({ length, tookMs });
      if (tookMs > roundTripMs + PROBE_LONG_MS) {
        break;
      }
    }
    return estimateUplink(uploads, roundTripMs);
  }

  /** What is still being looked for keeps the finding that it had. */
  #find(next: { [C in PreflightCheck]?: PreflightFindings[C] | undefined }): void {
    const known = Object.entries(next).filter(([, finding]) => finding !== undefined);
    const before = this.#findings;
    this.#findings = { ...before, ...Object.fromEntries(known) };
    if (PREFLIGHT_CHECKS.some((check) => before[check] !== this.#findings[check])) {
      this.#settle();
      this.#host.found();
    }
  }

  #settle(): void {
    const { camera, microphone, relay, media, uplink } = this.#findings;
    if (camera && microphone && relay && media && uplink && this.#startedAt !== undefined) {
      const preflight: Preflight = {
        ...{ camera, microphone, relay, media, uplink },
        ...(this.#roundTripMs !== undefined && { roundTripMs: this.#roundTripMs }),
        ...(this.#uplinkKbps !== undefined && { uplinkKbps: this.#uplinkKbps }),
      };
      const text = JSON.stringify(preflight);
      if (text !== this.#told) {
        this.#told = text;
        this.#host.done(preflight);
      }
    }
  }
}

// ---------------------------------------------------------------- judging, pure

/** @param elapsedMs since it was first looked for */
export function lookAtMicrophone(
  { microphone, pausedBy }: DeviceState,
  heard: boolean | undefined,
  elapsedMs: number,
): PreflightFindings['microphone'] | undefined {
  switch (microphone) {
    case 'none':
      return elapsedMs > OPEN_PATIENCE_MS ? 'missing' : undefined;
    case 'muted':
      return pausedBy === 'interrupted' ? 'silent' : 'muted';
    case 'on':
      // Where nothing can be measured, an open microphone counts.
      return heard === false ? (elapsedMs > SOUND_PATIENCE_MS ? 'silent' : undefined) : 'works';
  }
}

export function judgeRoundTrip(roundTripMs: number): PreflightFindings['relay'] {
  return roundTripMs > VERY_SLOW_MS ? 'verySlow' : roundTripMs > SLOW_MS ? 'slow' : 'works';
}

export function judgeUplink(kbps: number | undefined): PreflightFindings['uplink'] {
  if (kbps === undefined) {
    return 'unknown';
  }
  return kbps >= GOOD_KBPS ? 'good' : kbps >= NARROW_KBPS ? 'narrow' : 'poor';
}

/** `length` in bytes. */
export type Upload = { length: number; tookMs: number };

/**
 * Kilobits per second. The best of several: a link is never faster than it is, but a retransmission or a busy phone makes one
 * upload look slow.
 */
export function estimateUplink(uploads: readonly Upload[], roundTripMs: number): number | undefined {
  const telling = uploads.filter(({ length }) => length > PROBE_VAGUE_LENGTH);
  const rates = (telling.length > 0 ? telling : uploads).map(
    ({ length, tookMs }) => (length * 8) / Math.max(1, tookMs - roundTripMs),
  );
  return rates.length === 0 ? undefined : Math.round(Math.min(ENOUGH_KBPS, Math.max(...rates)));
}

/** How the connection in use goes: by UDP, or through the relay's TURN server. */
export function mediaPathOf(report: RTCStatsReport): 'udp' | 'turn' | undefined {
  const pairs: RTCIceCandidatePairStats[] = [];
  let selected: string | undefined;
  report.forEach((entry: RTCStats) => {
    if (entry.type === 'transport') {
      selected = (entry as RTCTransportStats).selectedCandidatePairId;
    } else if (entry.type === 'candidate-pair') {
      pairs.push(entry as RTCIceCandidatePairStats);
    }
  });
  // Firefox names no selected pair in the transport.
  const pair = pairs.find(({ id }) => id === selected) ?? pairs.find(({ nominated }) => nominated);
  const local: unknown = pair && report.get(pair.localCandidateId);
  return isCandidate(local) ? (local.candidateType === 'relay' ? 'turn' : 'udp') : undefined;
}

function isCandidate(entry: unknown): entry is { candidateType: string } {
  return typeof entry === 'object' && entry !== null && 'candidateType' in entry;
}

function nothing(): void {}

const browserEnvironment: PreflightEnvironment = {
  now: () => performance.now(),
  later: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  countFrames,
  padding: (length) => {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil((length * 3) / 4)));
    return btoa(String.fromCharCode(...bytes)).slice(0, length);
  },
};
