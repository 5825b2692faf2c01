/**
 * Whether a media connection still hears the relay. Browsers take half a minute to notice that a path died
 * (facts/reliability.md 1.3); the relay says something every 100 ms while media flow, so silence tells much sooner.
 */

/** What a watch takes from the browser; tests pass their own. Times in milliseconds. */
export type WatchEnvironment = {
  now: () => number;
  /** Runs `callback` again and again; returns the undo. */
  repeat: (callback: () => void, intervalMs: number) => () => void;
  /** Calls back whenever the network or the page may just have come back; returns the undo. */
  onWake: (callback: () => void) => () => void;
};

/** What is known of the connection in use. */
export type Listening = {
  /** Grows with everything that arrives. */
  readonly count: number;
  /** When it last grew, or when something was first due. */
  readonly heardAt: number;
  readonly lookedAt: number;
  readonly patienceMs: number;
  /** When the silence was last told. */
  readonly toldAt: number | undefined;
};

export type Look = { count: number; due: boolean; now: number };

export const LOOK_INTERVAL_MS = 250;
/** The relay sends transport feedback every 100 ms while we send, and reports every second (relay/README.md, RTCP). */
const PATIENCE_MS = 2_000;
/** After a sign that the network changed, seven feedback packets are enough to wait for. */
const SHORT_PATIENCE_MS = 700;
/** A gap between two looks like this: the page was asleep, and silence of that time means nothing. */
const ASLEEP_MS = 1_500;
/** The word may have been lost with the socket, or the relay may have waited before a next try. */
const REPEAT_MS = 2_000;

/** @returns what is known now, and whether it is time to say that nothing comes any more */
export function listen(
  before: Listening | undefined,
  { count, due, now }: Look,
): { listening: Listening; stalled: boolean } {
  const fresh = { count, heardAt: now, lookedAt: now, patienceMs: PATIENCE_MS, toldAt: undefined };
  if (!before || !due || count !== before.count) {
    return { listening: fresh, stalled: false };
  }
  if (now - before.lookedAt > ASLEEP_MS) {
    return { listening: { ...fresh, patienceMs: SHORT_PATIENCE_MS }, stalled: false };
  }
  const isSilent = now - before.heardAt >= before.patienceMs;
  const stalled = isSilent && (before.toldAt === undefined || now - before.toldAt >= REPEAT_MS);
  return {
    listening: { ...before, lookedAt: now, toldAt: stalled ? now : before.toldAt },
    stalled,
  };
}

/** The network or the page may just have come back: listen anew, with less patience. */
export function hurry(before: Listening, now: number): Listening {
  return {
    ...before,
    // A page that slept has not heard anything for long, and that means nothing yet.
    heardAt: Math.max(before.heardAt, now - LOOK_INTERVAL_MS),
    lookedAt: now,
    patienceMs: SHORT_PATIENCE_MS,
    toldAt: undefined,
  };
}

export type MediaWatchOptions = {
  /** Something that grows with everything the connection in use receives; undefined while there is none. */
  count: () => Promise<number | undefined>;
  /** Nothing has come for too long although something was due; told again while it stays so. */
  stalled: () => void;
  environment?: WatchEnvironment;
};

/** Looks while something is due and at no other time. `expect` and `close` may be called in any state. */
export class MediaWatch {
  readonly #options: MediaWatchOptions;
  readonly #environment: WatchEnvironment;
  #listening: Listening | undefined;
  #looking = false;
  #stop: (() => void) | undefined;

  constructor(options: MediaWatchOptions) {
    this.#options = options;
    this.#environment = options.environment ?? browserEnvironment;
  }

  /** @param due the relay should be sending something: because we send, or because the other side does */
  expect(due: boolean): void {
    if (!due) {
      this.close();
    } else if (!this.#stop) {
      const stopLooking = this.#environment.repeat(() => void this.#look(), LOOK_INTERVAL_MS);
      const stopWaking = this.#environment.onWake(() => this.check());
      this.#stop = () => {
        stopLooking();
        stopWaking();
      };
    }
  }

  /** Another connection is in use: what was heard before was heard on another one. */
  restart(): void {
    this.#listening = undefined;
  }

  /** Something happened after which the path may be dead. */
  check(): void {
    if (this.#listening) {
      this.#listening = hurry(this.#listening, this.#environment.now());
    }
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#listening = undefined;
  }

  async #look(): Promise<void> {
    if (this.#looking) {
      return;
    }
    this.#looking = true;
    const count = await this.#options.count().catch(() => undefined);
    this.#looking = false;
    if (!this.#stop) {
      return;
    }
    if (count === undefined) {
      this.#listening = undefined;
      return;
    }
    const now = this.#environment.now();
    const { listening, stalled } = listen(this.#listening, { count, due: true, now });
    this.#listening = listening;
    if (stalled) {
      this.#options.stalled();
    }
  }
}

/** Everything that arrived, RTCP included; ICE's own checks do not count (W3C webrtc-stats, RTCTransportStats). */
export function receivedCount(report: RTCStatsReport): number {
  let packets = 0;
  let bytes = 0;
  for (const stats of report.values() as Iterable<Record<string, unknown>>) {
    if (stats['type'] === 'transport' && typeof stats['packetsReceived'] === 'number') {
      packets += stats['packetsReceived'];
    } else if (stats['type'] === 'candidate-pair' && typeof stats['bytesReceived'] === 'number') {
      // Firefox has no transport statistics.
      bytes += stats['bytesReceived'];
    }
  }
  return packets > 0 ? packets : bytes;
}

/**
 * Calls back when the device goes from one kind of network to another; returns the undo. Only Chromium on Android
 * tells; elsewhere `online` and the silence itself have to do.
 */
export function onNetworkChange(callback: () => void): () => void {
  const network = 'connection' in navigator ? navigator.connection : undefined;
  if (!(network instanceof EventTarget)) {
    return () => undefined;
  }
  const kind = () => ('type' in network ? network.type : undefined);
  let before = kind();
  // Also fired for each new estimate of speed, every few seconds.
  const onChange = () => {
    if (kind() !== before) {
      before = kind();
      callback();
    }
  };
  network.addEventListener('change', onChange);
  return () => network.removeEventListener('change', onChange);
}

const browserEnvironment: WatchEnvironment = {
  now: () => performance.now(),
  repeat: (callback, intervalMs) => {
    const timer = setInterval(callback, intervalMs);
    return () => clearInterval(timer);
  },
  onWake: (callback) => {
    const onVisible = () => {
      if (document.visibilityState === 'visible') {
        callback();
      }
    };
    const stopNetwork = onNetworkChange(callback);
    window.addEventListener('online', callback);
    window.addEventListener('pageshow', callback);
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      window.removeEventListener('online', callback);
      window.removeEventListener('pageshow', callback);
      document.removeEventListener('visibilitychange', onVisible);
      stopNetwork();
    };
  },
};
