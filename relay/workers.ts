/**
 * The media plane as child processes: forks the workers, places each session on one, passes messages both ways and
 * replaces a worker that dies. A worker gets no secret and no store (architecture.md, Processes).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import type { MediaPlane, PeerCloseReason, PeerListener } from './media-plane.ts';
import type { PeerId, SessionId, VideoCodec } from './protocol.ts';
import type { Party } from './session-state.ts';
import { StartError } from './start-error.ts';
import type { WorkerCommand, WorkerConfig, WorkerEvent, WorkerStats } from './worker-protocol.ts';

const WORKER_FILE = join(import.meta.dirname, 'worker.js');
/** Loading the native library takes some 100 ms; a busy machine ten times that. */
const READY_TIMEOUT_MS = 20_000;
/** Pause before a dead worker is replaced, doubled with each death in a row. */
const RESPAWN_MIN_MS = 200;
const RESPAWN_MAX_MS = 5_000;
/** A worker that lived this long died of something new, not of the same thing again. */
const STABLE_MS = 60_000;
/** A worker that does not close by itself within this is killed. */
const SHUTDOWN_TIMEOUT_MS = 3_000;

export type WorkersOptions = {
  config: Pick<Config, 'mediaPorts' | 'mediaMux' | 'mediaWorkers' | 'mediaHost' | 'announcedIps' | 'host'>;
  log: Log;
  /** Monotonic milliseconds. */
  now: () => number;
};

type Worker = {
  index: number;
  child: ChildProcess;
  ready: boolean;
  startedAt: number;
  deaths: number;
  stats: WorkerStats | undefined;
  peers: Set<PeerId>;
};

type Peer = { worker: Worker; sessionId: SessionId; listener: PeerListener };

/** The ports of worker `index`: equal shares of the whole range, so that workers never meet. */
export function portShare(
  range: { begin: number; end: number },
  workers: number,
  index: number,
): { portRangeBegin: number; portRangeEnd: number } {
  const share = Math.floor((range.end - range.begin + 1) / workers);
  const portRangeBegin = range.begin + index * share;
  return { portRangeBegin, portRangeEnd: portRangeBegin + share - 1 };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

export class Workers implements MediaPlane {
  readonly #options: WorkersOptions;
  readonly #workers: Worker[] = [];
  readonly #peers = new Map<PeerId, Peer>();
  readonly #placements = new Map<SessionId, Worker>();
  /** Sessions whose gate should be open, also while no worker has them. */
  readonly #openGates = new Set<SessionId>();
  readonly #respawns = new Set<NodeJS.Timeout>();
  readonly #roomListeners: (() => void)[] = [];
  #closing = false;

  private constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /** Resolves when every worker is ready. @throws StartError `workerFailed` */
  static async start(options: WorkersOptions): Promise<Workers> {
    const workers = new Workers(options);
    const indices = Array.from({ length: options.config.mediaWorkers }, (_, index) => index);
    await Promise.all(indices.map((index) => workers.#spawn(index, 0)));
    return workers;
  }

  get stats(): WorkerStats[] {
    return this.#workers.flatMap((worker) => worker.stats ?? []);
  }

  /** Pids of the live workers, for the operator and for tests that kill them. */
  get pids(): number[] {
    return this.#workers.flatMap((worker) => worker.child.pid ?? []);
  }

  get readyCount(): number {
    return this.#workers.filter((worker) => worker.ready).length;
  }

  // -------------------------------------------------------------- media plane

  createPeer(
    { sessionId, party, codec }: { sessionId: SessionId; party: Party; codec: VideoCodec },
    listener: PeerListener,
  ): PeerId | undefined {
    const worker = this.#place(sessionId);
    if (!worker) {
      return undefined;
    }
    const peerId = randomUUID();
    worker.peers.add(peerId);
    this.#peers.set(peerId, { worker, sessionId, listener });
    this.#send(worker, { type: 'createPeer', peerId, sessionId, role: party, codec });
    return peerId;
  }

  answer(peerId: PeerId, sdp: string): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      this.#send(peer.worker, { type: 'answer', peerId, sdp });
    }
  }

  closePeer(peerId: PeerId): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      this.#forget(peerId);
      this.#send(peer.worker, { type: 'closePeer', peerId });
    }
  }

  gate(sessionId: SessionId, open: boolean): void {
    if (open) {
      this.#openGates.add(sessionId);
    } else {
      this.#openGates.delete(sessionId);
    }
    const worker = this.#placements.get(sessionId);
    if (worker?.ready) {
      this.#send(worker, { type: 'gate', sessionId, open });
    }
  }

  expect(peerId: PeerId, due: { audio: boolean; video: boolean }): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      this.#send(peer.worker, { type: 'expect', peerId, ...due });
    }
  }

  onRoom(callback: () => void): void {
    this.#roomListeners.push(callback);
  }

  closeSession(sessionId: SessionId): void {
    const worker = this.#placements.get(sessionId);
    this.#placements.delete(sessionId);
    this.#openGates.delete(sessionId);
    for (const [peerId, peer] of this.#peers) {
      if (peer.sessionId === sessionId) {
        this.#forget(peerId);
      }
    }
    if (worker) {
      this.#send(worker, { type: 'closeSession', sessionId });
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#respawns) {
      clearTimeout(timer);
    }
    await Promise.all(this.#workers.map((worker) => this.#shutDown(worker)));
  }

  // -------------------------------------------------------------- processes

  /** The session's worker, or the one with the fewest peers that has room. */
  #place(sessionId: SessionId): Worker | undefined {
    const placed = this.#placements.get(sessionId);
    if (placed?.ready) {
      return placed;
    }
    const worker = this.#workers
      .filter((candidate) => candidate.ready && hasRoom(candidate))
      .sort((a, b) => a.peers.size - b.peers.size)[0];
    if (worker) {
      this.#placements.set(sessionId, worker);
      if (this.#openGates.has(sessionId)) {
        this.#send(worker, { type: 'gate', sessionId, open: true });
      }
    }
    return worker;
  }

  #spawn(index: number, deaths: number): Promise<void> {
    const { config, log, now } = this.#options;
    const bindAddress = config.mediaHost || (isLoopback(config.host) ? '127.0.0.1' : '');
    const workerConfig: WorkerConfig = {
      ...portShare(config.mediaPorts, config.mediaWorkers, index),
      mux: config.mediaMux,
      announcedIps: config.announcedIps,
      ...(bindAddress === '' ? {} : { bindAddress }),
    };
    const child = fork(WORKER_FILE, [JSON.stringify(workerConfig)], {
      serialization: 'advanced',
      // Secrets of the front live in its environment; a worker has no use for any of it.
      env: { PATH: process.env['PATH'] },
    });
    const worker: Worker = {
      index,
      child,
      ready: false,
      startedAt: now(),
      deaths,
      stats: undefined,
      peers: new Set(),
    };
    this.#workers[index] = worker;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS);
      child.on('message', (event: WorkerEvent) => {
        if (event.type === 'ready') {
          clearTimeout(timer);
          worker.ready = true;
          resolve();
          for (const listener of this.#roomListeners) {
            listener();
          }
        }
        this.#onEvent(worker, event);
      });
      child.on('error', (error) => log.error({ err: error, worker: index }, 'workerError'));
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        reject(new StartError('workerFailed', `Media worker ${index} ended with ${signal ?? code}.`));
        this.#onExit(worker, code, signal);
      });
    });
  }

  #onExit(worker: Worker, code: number | null, signal: NodeJS.Signals | null): void {
    const { log, now } = this.#options;
    const wasReady = worker.ready;
    worker.ready = false;
    if (this.#closing) {
      return;
    }
    log.error({ worker: worker.index, code, signal, peers: worker.peers.size }, 'workerLost');
    for (const peerId of [...worker.peers]) {
      this.#tellClosed(peerId, 'workerLost');
    }
    if (!wasReady && worker.deaths === 0) {
      return; // Never came up at start: the program refuses to start instead of trying for ever.
    }
    const deaths = now() - worker.startedAt > STABLE_MS ? 1 : worker.deaths + 1;
    const timer = setTimeout(
      () => {
        this.#respawns.delete(timer);
        this.#spawn(worker.index, deaths).catch((error: unknown) =>
          log.error({ err: error, worker: worker.index }, 'workerRespawnFailed'),
        );
      },
      Math.min(RESPAWN_MAX_MS, RESPAWN_MIN_MS * 2 ** (deaths - 1)),
    );
    this.#respawns.add(timer);
  }

  #onEvent(worker: Worker, event: WorkerEvent): void {
    const { log } = this.#options;
    switch (event.type) {
      case 'ready':
        log.debug({ worker: worker.index, workerPid: event.pid }, 'workerReady');
        return;
      case 'stats':
        worker.stats = event;
        return;
      case 'fault':
        log.error({ worker: worker.index, ...event }, 'workerFault');
        return;
      case 'offer':
        this.#peers.get(event.peerId)?.listener.offer(event.peerId, event.sdp);
        return;
      case 'candidates':
        this.#peers.get(event.peerId)?.listener.candidates(event.peerId, event.candidates);
        return;
      case 'peerRefused':
        log.warn({ worker: worker.index, code: event.code }, 'peerRefused');
        this.#tellClosed(event.peerId, 'failed');
        return;
      case 'answerRejected':
        log.warn({ worker: worker.index, code: event.code, problem: event.problem }, 'answerRejected');
        this.#send(worker, { type: 'closePeer', peerId: event.peerId });
        this.#tellClosed(event.peerId, 'badSdp');
        return;
      case 'peerMedia':
        this.#peers.get(event.peerId)?.listener.media(event.peerId, event.flowing);
        return;
      case 'peerState':
        if (event.state === 'connected') {
          this.#peers.get(event.peerId)?.listener.connected(event.peerId);
        } else {
          this.#tellClosed(event.peerId, 'failed');
        }
        return;
    }
  }

  #tellClosed(peerId: PeerId, reason: PeerCloseReason): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      this.#forget(peerId);
      peer.listener.closed(peerId, reason);
    }
  }

  #forget(peerId: PeerId): void {
    this.#peers.get(peerId)?.worker.peers.delete(peerId);
    this.#peers.delete(peerId);
  }

  #send(worker: Worker, command: WorkerCommand): void {
    if (worker.child.connected) {
      // The callback takes the error of a worker that dies under the call; `exit` tells the rest.
      worker.child.send(command, () => undefined);
    }
  }

  #shutDown(worker: Worker): Promise<void> {
    const { child } = worker;
    if (child.exitCode !== null || child.signalCode !== null) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), SHUTDOWN_TIMEOUT_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#send(worker, { type: 'shutdown' });
    });
  }
}

function hasRoom(worker: Worker): boolean {
  return worker.stats === undefined || worker.peers.size < worker.stats.peerCapacity;
}
