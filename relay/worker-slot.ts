/**
 * The place of one media worker, whatever process has it at the moment: starts it, watches it, ends one that hangs or
 * does not receive any more, and starts the next by the rules of `supervision.ts`.
 */
import type { Log } from './log.ts';
import type { WorkerLoad } from './placement.ts';
import type { PeerId } from './protocol.ts';
import { StartError } from './start-error.ts';
import {
  afterDeath,
  type Deaths,
  isHung,
  isStuck,
  type LifeWatch,
  type MediaSample,
  type MediaWatch,
  watchLife,
  watchMedia,
} from './supervision.ts';
import { type WorkerEnd, type WorkerLaunch, WorkerProcess } from './worker-process.ts';
import {
  STATS_INTERVAL_MS,
  type WorkerCommand,
  type WorkerConfig,
  type WorkerEvent,
  type WorkerPulse,
  type WorkerStats,
} from './worker-protocol.ts';

const CALM: WorkerPulse = { level: 'normal', utilisation: 0, packetsPerS: 0, sessionsShed: 0 };

/** What makes no sense is told once in this time: a broken worker may say it without end. */
const NONSENSE_LOG_INTERVAL_MS = 10_000;

/** Why a worker was lost: it ended by itself, said nothing, or received nothing. */
export type LossCause = 'exit' | 'hung' | 'stuck';

/** `pausing`: the next start waits a moment; `resting`: it died too often. */
export type WorkerState = 'starting' | 'ready' | 'pausing' | 'resting';

export type WorkerSlotOptions = {
  index: number;
  config: WorkerConfig;
  launch: WorkerLaunch;
  log: Log;
  /** Monotonic milliseconds. */
  now: () => number;
};

export type WorkerSlotEvents = {
  ready(): void;
  /** The process is lost with everything in it. Told once per process that was ready. */
  lost(): void;
  /** Everything it says, `ready` included. */
  event(event: WorkerEvent): void;
};

export class WorkerSlot {
  readonly index: number;
  readonly peers = new Set<PeerId>();
  /** How often its process was lost, by cause. */
  readonly losses: Record<LossCause, number> = { exit: 0, hung: 0, stuck: 0 };
  /** Messages that made no sense. */
  nonsense = 0;
  /** The last reports of the present process. */
  stats: WorkerStats | undefined;
  pulse: WorkerPulse = CALM;
  /** Sessions placed since the last pulse. */
  recentSessions = 0;
  readonly #options: WorkerSlotOptions;
  readonly #events: WorkerSlotEvents;
  #process: WorkerProcess | undefined;
  #ready = false;
  #resting = false;
  #closing = false;
  /** Why we killed the process, until its exit. */
  #killedFor: LossCause | undefined;
  #deaths: Deaths = [];
  #respawn: NodeJS.Timeout | undefined;
  #life: LifeWatch = { silentMs: 0, checkedAt: 0 };
  #heard = false;
  #media: MediaWatch | undefined;
  #nonsenseLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: WorkerSlotOptions, events: WorkerSlotEvents) {
    this.index = options.index;
    this.#options = options;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** May be given sessions. */
  get ready(): boolean {
    return this.#ready;
  }

  get load(): WorkerLoad {
    const { level, utilisation, packetsPerS } = this.pulse;
    const peerCapacity = this.#ready ? (this.stats?.peerCapacity ?? Number.POSITIVE_INFINITY) : 0;
    const { recentSessions } = this;
    return { level, utilisation, packetsPerS, peers: this.peers.size, peerCapacity, recentSessions };
  }

  get state(): WorkerState {
    if (this.#ready) {
      return 'ready';
    }
    if (this.#resting) {
      return 'resting';
    }
    return this.#process ? 'starting' : 'pausing';
  }

  /**
   * The start with the relay. What fails here is the configuration or the machine, so nothing is tried again.
   * @throws StartError `workerFailed`
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#spawn({
        ready: resolve,
        ended: ({ code, signal }) =>
          reject(new StartError('workerFailed', `Media worker ${this.index} ended with ${signal ?? code}.`)),
      });
    });
  }

  /** Never throws; a command to a worker that is not there is lost with it. */
  send(command: WorkerCommand): void {
    this.#process?.send(command);
  }

  /**
   * Looks after the process; called every `LIFE_CHECK_INTERVAL_MS`.
   * @param sessionsDue see `MediaSample`
   * @param othersReceive see `isStuck`
   */
  check(sessionsDue: number, othersReceive: boolean | undefined): void {
    if (!this.#ready) {
      return;
    }
    const now = this.#options.now();
    this.#life = watchLife(this.#life, this.#heard, now);
    this.#heard = false;
    if (isHung(this.#life)) {
      this.#giveUp('hung');
      return;
    }
    const sample = this.#mediaSample(sessionsDue);
    if (sample) {
      this.#media = watchMedia(this.#media, sample, now);
      if (isStuck(this.#media, sample, othersReceive, now)) {
        this.#giveUp('stuck');
      }
    }
  }

  /** Whether packets have come in lately. */
  get receives(): boolean {
    return this.#media !== undefined && this.#options.now() - this.#media.since < 2 * STATS_INTERVAL_MS;
  }

  close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#respawn);
    return this.#process?.shutDown() ?? Promise.resolve();
  }

  #mediaSample(sessionsDue: number): MediaSample | undefined {
    const { stats } = this;
    return stats && { received: stats.counters.received, cpuMs: stats.cpuMs, sessionsDue };
  }

  #spawn(first?: { ready: () => void; ended: (end: WorkerEnd) => void }): void {
    const { config, launch, now } = this.#options;
    let wasReady = false;
    this.#resting = false;
    this.#killedFor = undefined;
    this.#media = undefined;
    this.#process = new WorkerProcess(config, launch, {
      event: (event) => {
        this.#heard = true;
        if (event.type === 'stats') {
          this.stats = event;
        } else if (event.type === 'alive') {
          this.pulse = event;
          this.recentSessions = 0;
        } else if (event.type === 'ready' && !wasReady) {
          wasReady = true;
          this.#ready = true;
          this.#life = { silentMs: 0, checkedAt: now() };
          first?.ready();
          this.#events.ready();
        }
        this.#events.event(event);
      },
      nonsense: () => this.#countNonsense(),
      ended: (end) => {
        this.#process = undefined;
        this.stats = undefined;
        this.pulse = CALM;
        if (!wasReady && first) {
          first.ended(end);
        } else if (!this.#closing) {
          this.#ended(end);
        }
      },
    });
  }

  /** Ends a process that does not do its work. Its sessions do not wait for the exit. */
  #giveUp(cause: LossCause): void {
    this.#options.log.error({ worker: this.index, cause, peers: this.peers.size }, 'workerGivenUp');
    this.#killedFor = cause;
    this.#ready = false;
    this.#process?.kill();
    this.#events.lost();
  }

  #ended({ code, signal }: WorkerEnd): void {
    const { log, now } = this.#options;
    const cause = this.#killedFor ?? 'exit';
    this.losses[cause]++;
    const { deaths, delayMs, resting } = afterDeath(this.#deaths, now());
    this.#deaths = deaths;
    this.#resting = resting;
    const peers = this.peers.size;
    log.error({ worker: this.index, cause, code, signal, peers, respawnMs: delayMs, resting }, 'workerLost');
    this.#respawn = setTimeout(() => this.#spawn(), delayMs);
    if (this.#ready) {
      this.#ready = false;
      this.#events.lost();
    }
  }

  #countNonsense(): void {
    const { log, now } = this.#options;
    this.nonsense++;
    if (now() - this.#nonsenseLoggedAt > NONSENSE_LOG_INTERVAL_MS) {
      this.#nonsenseLoggedAt = now();
      log.error({ worker: this.index, messages: this.nonsense }, 'workerNonsense');
    }
  }
}
