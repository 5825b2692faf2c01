/**
 * The edge around the adaptation ladder: asks the browser once a second how the network is, and does what the ladder
 * says. It owns the stills; connections and camera belong to the page.
 */
import type { PictureState } from '../protocol.ts';
import { createLadder, type Ladder, type NetworkHints, stepLadder } from './ladder.ts';
import { type LinkCounters, sampleLink } from './link-sample.ts';
import type { Preference, SendShape } from './shape.ts';
import type { StillHost } from './stills.ts';

export type AdaptationHost = {
  /** Of the connection that media goes over; undefined while there is none. */
  stats: () => Promise<RTCStatsReport | undefined>;
  shape: (shape: SendShape) => void;
  /** Called when it is another one. */
  picture: (picture: PictureState) => void;
  /** Resolves when the relay has it. */
  sendStill: (jpeg: Uint8Array) => Promise<void>;
};

/** Stills of one camera; see `StillSender`. */
export type Stills = {
  readonly bps: number | undefined;
  every(intervalMs: number | undefined): void;
  close(): void;
};

/** What it takes from the browser; tests pass their own. Times in milliseconds. */
export type AdaptationEnvironment = {
  /** Monotonic. */
  now: () => number;
  /** Runs `callback` once after the delay; returns the undo. */
  later: (callback: () => void, delayMs: number) => () => void;
  hints: () => NetworkHints;
  /** Nobody looks at the page. */
  hidden: () => boolean;
  stills: (camera: MediaStreamTrack, host: StillHost) => Promise<Stills>;
  /** Loads what stills need while the network still lets it through. */
  prepare: () => void;
};

const INTERVAL_MS = 1_000;
/** The relay reports on what it gets every second. */
const UNHEARD_MAX_MS = 3_500;
/** A hidden phone page has no camera on most systems; what is left to do is to find out when it is back. */
const HIDDEN_INTERVAL_MS = 3_000;

export class Adaptation {
  readonly #host: AdaptationHost;
  readonly #environment: AdaptationEnvironment;
  #preference: Preference = 'sharp';
  #savesData = false;
  #ladder: Ladder;
  /** The last one that the page was given. */
  #shape: SendShape;
  /** Undefined while the session is not active: then nothing is measured and nothing sent. */
  #camera: MediaStreamTrack | null | undefined;
  #connected = false;
  /** Since when the relay says nothing of what is sent to it. */
  #unheardSince: number | undefined;
  #prepared = false;
  #failures = 0;
  #counters: LinkCounters | undefined;
  #stills: { camera: MediaStreamTrack; sender: Stills | undefined } | undefined;
  #cancel: () => void = nothing;
  /** Grows with every start and rest: what an older round brings home is thrown away. */
  #generation = 0;

  constructor(host: AdaptationHost, environment: AdaptationEnvironment = browserEnvironment) {
    this.#host = host;
    this.#environment = environment;
    this.#ladder = createLadder(environment.now());
    this.#shape = this.#ladder.shape;
    host.shape(this.#shape);
  }

  get picture(): PictureState {
    return this.#ladder.picture;
  }

  /**
   * The session is active, and this is what may leave the phone of its camera.
   * @param camera null while it is paused or away
   */
  run(camera: MediaStreamTrack | null): void {
    const begins = this.#camera === undefined;
    if (!begins && this.#camera === camera) {
      return;
    }
    this.#camera = camera;
    if (begins) {
      this.#counters = undefined;
      this.#ladder = { ...createLadder(this.#environment.now()), picture: this.#ladder.picture };
    }
    this.#step(undefined);
    if (begins) {
      this.#schedule();
    }
  }

  /** The session is not active (any more): no still leaves from here on. May be called in any state. */
  rest(): void {
    this.#generation += 1;
    this.#cancel();
    this.#cancel = nothing;
    this.#camera = undefined;
    this.#closeStills();
  }

  prefer(preference: Preference): void {
    this.#preference = preference;
    this.#step(undefined);
  }

  /** The person wants few bytes, whatever the browser's own setting says. */
  saveData(saves: boolean): void {
    this.#savesData = saves;
    this.#step(undefined);
  }

  /** A media connection with the relay is up, or none any more. */
  connected(connected: boolean): void {
    if (this.#connected === connected) {
      return;
    }
    this.#connected = connected;
    this.#unheardSince = undefined;
    this.#step(undefined);
  }

  /** A media connection was given up; also one beside another that may be just as dead. */
  failed(): void {
    if (!this.#isUp) {
      this.#failures += 1;
      this.#step(undefined);
    }
  }

  /** A browser calls a connection up for half a minute after its path has died. */
  get #isUp(): boolean {
    const unheardMs = this.#environment.now() - (this.#unheardSince ?? this.#environment.now());
    return this.#connected && unheardMs < UNHEARD_MAX_MS;
  }

  #schedule(): void {
    const generation = this.#generation;
    const delayMs = this.#environment.hidden() ? HIDDEN_INTERVAL_MS : INTERVAL_MS;
    this.#cancel = this.#environment.later(() => void this.#measure(generation), delayMs);
  }

  async #measure(generation: number): Promise<void> {
    // A connection that closes in this moment has nothing to say.
    const report = await this.#host.stats().catch(() => undefined);
    if (!this.#prepared) {
      // Not at Start itself, where the first picture has the way.
      this.#prepared = true;
      this.#environment.prepare();
    }
    if (generation !== this.#generation) {
      return;
    }
    this.#step(report);
    this.#schedule();
  }

  /** @param report undefined when something else than the measurements changed */
  #step(report: RTCStatsReport | undefined): void {
    const camera = this.#camera;
    if (camera === undefined) {
      return;
    }
    const measured = report && sampleLink(report, this.#counters);
    if (measured) {
      this.#counters = measured.counters;
      this.#unheardSince = measured.unheard ? (this.#unheardSince ?? this.#environment.now()) : undefined;
    }
    const connected = this.#isUp;
    this.#failures = connected ? 0 : this.#failures;
    const before = this.#ladder;
    const { width = 0, height = 0 } = camera?.getSettings() ?? {};
    const hints = this.#environment.hints();
    const ladder = stepLadder(
      before,
      {
        preference: this.#preference,
        hints: { ...hints, saveData: hints.saveData || this.#savesData },
        camera: camera === null ? undefined : { width, height },
        connected,
        failures: this.#failures,
        link: measured?.sample,
        stillBps: this.#stills?.sender?.bps,
      },
      this.#environment.now(),
    );
    this.#ladder = ladder;
    if (!isSameShape(ladder.shape, this.#shape)) {
      this.#shape = ladder.shape;
      this.#host.shape(ladder.shape);
    }
    this.#settleStills(camera, ladder);
    if (ladder.picture !== before.picture) {
      this.#host.picture(ladder.picture);
    }
  }

  #settleStills(camera: MediaStreamTrack | null, { stills }: Ladder): void {
    if (camera === null || stills.sending === 'off') {
      this.#closeStills();
      return;
    }
    if (this.#stills?.camera !== camera) {
      this.#closeStills();
      this.#openStills(camera);
    }
    this.#stills?.sender?.every(stills.sending === 'on' ? stills.intervalMs : undefined);
  }

  #openStills(camera: MediaStreamTrack): void {
    const opened: { camera: MediaStreamTrack; sender: Stills | undefined } = { camera, sender: undefined };
    this.#stills = opened;
    const { now, later } = this.#environment;
    this.#environment.stills(camera, { send: this.#host.sendStill, now, later }).then(
      (sender) => {
        if (this.#stills !== opened) {
          sender.close();
          return;
        }
        opened.sender = sender;
        this.#step(undefined);
      },
      () => {
        // The part of the page that makes stills could not be loaded; the next step tries again.
        if (this.#stills === opened) {
          this.#stills = undefined;
        }
      },
    );
  }

  #closeStills(): void {
    this.#stills?.sender?.close();
    this.#stills = undefined;
  }
}

function nothing(): void {}

function isSameShape(one: SendShape, other: SendShape): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Network Information API, in Chromium only; TypeScript's library does not know all of it. */
type NetworkInformation = { type?: string; effectiveType?: string; saveData?: boolean };

const loadStills = () => import('./stills.ts');

const browserEnvironment: AdaptationEnvironment = {
  now: () => performance.now(),
  later: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  hints: () => {
    const { connection } = navigator as Navigator & { connection?: NetworkInformation };
    return {
      cellular: connection?.type === 'cellular',
      slow: connection?.effectiveType !== undefined && connection.effectiveType !== '4g',
      saveData: connection?.saveData === true,
    };
  },
  hidden: () => document.visibilityState === 'hidden',
  stills: async (camera, host) => {
    const { cameraStills, StillSender } = await loadStills();
    return new StillSender(cameraStills(camera), host);
  },
  prepare: () => {
    loadStills().catch(nothing);
  },
};
