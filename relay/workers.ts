/**
 * The media plane as child processes: places each session on a worker, passes messages both ways, and tells the
 * sessions of a worker that is lost at once, so that they can be placed on a sibling.
 */
import { randomUUID } from 'node:crypto';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import type {
  MediaPlane,
  PeerCloseReason,
  PeerListener,
  PeerWanted,
  RecordingListener,
  RecordingMedia,
  RecordingWanted,
} from './media-plane.ts';
import type { OverloadLevel } from './overload.ts';
import { chooseWorker } from './placement.ts';
import type { PeerId, SessionId } from './protocol.ts';
import { LIFE_CHECK_INTERVAL_MS } from './supervision.ts';
import type { PartyName, WorkerConfig, WorkerEvent, WorkerPulse, WorkerStats } from './worker-protocol.ts';
import { WorkerRecordings } from './worker-recordings.ts';
import { WorkerSlot } from './worker-slot.ts';

export type WorkersOptions = {
  config: Pick<
    Config,
    | 'mediaPorts'
    | 'mediaMux'
    | 'mediaWorkers'
    | 'mediaHost'
    | 'announcedIps'
    | 'turnUrls'
    | 'host'
    | 'mediaPreload'
  >;
  log: Log;
  /** Monotonic milliseconds. */
  now: () => number;
};

/** What operators are told of a worker. */
export type WorkerStatus = Readonly<
  Pick<WorkerSlot, 'index' | 'pid' | 'state' | 'stats' | 'pulse' | 'losses' | 'nonsense'> & {
    peers: { readonly size: number };
  }
>;

type Peer = {
  worker: WorkerSlot;
  sessionId: SessionId;
  listener: PeerListener;
  connected: boolean;
  /** It should be sending while the gate is open. */
  due: boolean;
};

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

export class Workers implements MediaPlane, RecordingMedia {
  readonly #log: Log;
  readonly #workers: readonly WorkerSlot[];
  readonly #peers = new Map<PeerId, Peer>();
  readonly #placements = new Map<SessionId, WorkerSlot>();
  readonly #recordings = new WorkerRecordings();
  /** Sessions whose worker was lost and that have no other yet. */
  readonly #displaced = new Set<SessionId>();
  /** Sessions whose gate should be open, also while no worker has them. */
  readonly #openGates = new Set<SessionId>();
  /** As they were last told of. */
  readonly #levels = new Map<WorkerSlot, OverloadLevel>();
  readonly #roomListeners: (() => void)[] = [];
  readonly #checker: NodeJS.Timeout;

  private constructor(options: WorkersOptions) {
    const { config, log, now } = options;
    this.#log = log;
    this.#workers = Array.from({ length: config.mediaWorkers }, (_, index) => {
      const launch = config.mediaPreload === 'auto' ? {} : { preload: config.mediaPreload };
      const worker: WorkerSlot = new WorkerSlot(
        { index, config: workerConfig(config, index), launch, log, now },
        {
          ready: () => this.#tellRoom(),
          lost: () => this.#abandon(worker),
          event: (event) => this.#guarded(worker, event),
        },
      );
      return worker;
    });
    this.#checker = setInterval(() => this.#check(), LIFE_CHECK_INTERVAL_MS);
  }

  /** Resolves when every worker is ready. @throws StartError `workerFailed` */
  static async start(options: WorkersOptions): Promise<Workers> {
    const workers = new Workers(options);
    try {
      await Promise.all(workers.#workers.map((worker) => worker.start()));
    } catch (error) {
      await workers.close();
      throw error;
    }
    return workers;
  }

  /**
   * Whether a new session would find a worker, or this one has its worker or would find another. While not, whoever
   * wants to begin is told `relayFull`.
   */
  canTake(sessionId?: SessionId): boolean {
    if (sessionId === undefined) {
      return chooseWorker(this.#workers, false) !== undefined;
    }
    const placed = this.#placements.get(sessionId);
    return placed?.ready || chooseWorker(this.#workers, this.#displaced.has(sessionId)) !== undefined;
  }

  get status(): readonly WorkerStatus[] {
    return this.#workers;
  }

  get stats(): WorkerStats[] {
    return this.#workers.flatMap((worker) => worker.stats ?? []);
  }

  /** Pids of the live workers, for the operator and for tests that kill them. */
  get pids(): number[] {
    return this.#workers.flatMap((worker) => worker.pid ?? []);
  }

  get readyCount(): number {
    return this.#workers.filter((worker) => worker.ready).length;
  }

  // -------------------------------------------------------------- media plane

  createPeer(
    { sessionId, party, role, codec, estimation, voices, muted }: PeerWanted,
    listener: PeerListener,
  ): PeerId | undefined {
    const worker = this.#place(sessionId);
    if (!worker) {
      return undefined;
    }
    const peerId = randomUUID();
    worker.peers.add(peerId);
    this.#peers.set(peerId, { worker, sessionId, listener, connected: false, due: false });
    if (muted) {
      // The worker may be another than the one that was told.
      worker.send({ type: 'mute', sessionId, party, muted });
    }
    worker.send({ type: 'createPeer', peerId, sessionId, role, codec, estimation, party, voices });
    return peerId;
  }

  answer(peerId: PeerId, sdp: string): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      peer.worker.send({ type: 'answer', peerId, sdp });
    }
  }

  closePeer(peerId: PeerId): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      this.#forget(peerId);
      peer.worker.send({ type: 'closePeer', peerId });
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
      worker.send({ type: 'gate', sessionId, open });
    }
  }

  mute(sessionId: SessionId, party: PartyName, muted: boolean): void {
    const worker = this.#placements.get(sessionId);
    if (worker?.ready) {
      worker.send({ type: 'mute', sessionId, party, muted });
    }
  }

  expect(peerId: PeerId, due: { audio: boolean; video: boolean }): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      peer.due = due.audio || due.video;
      peer.worker.send({ type: 'expect', peerId, ...due });
    }
  }

  startRecording(recording: RecordingWanted, listener: RecordingListener): boolean {
    const worker = this.#place(recording.sessionId);
    if (!worker) {
      return false;
    }
    this.#recordings.start(worker, { type: 'startRecording', ...recording }, listener);
    return true;
  }

  pauseRecording(recordingId: number, paused: boolean): void {
    this.#recordings.send({ type: paused ? 'pauseRecording' : 'resumeRecording', recordingId });
  }

  noteRecording(recordingId: number, event: string, detail: unknown): void {
    this.#recordings.send({ type: 'noteRecording', recordingId, event, detail });
  }

  stopRecording(recordingId: number, reason: string): void {
    this.#recordings.send({ type: 'stopRecording', recordingId, reason });
  }

  onRoom(callback: () => void): void {
    this.#roomListeners.push(callback);
  }

  closeSession(sessionId: SessionId): void {
    const worker = this.#placements.get(sessionId);
    this.#placements.delete(sessionId);
    this.#openGates.delete(sessionId);
    this.#displaced.delete(sessionId);
    for (const [peerId, peer] of this.#peers) {
      if (peer.sessionId === sessionId) {
        this.#forget(peerId);
      }
    }
    if (worker) {
      worker.send({ type: 'closeSession', sessionId });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#checker);
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  // -------------------------------------------------------------- placement

  /** The session's worker, or the one that has most room for it. */
  #place(sessionId: SessionId): WorkerSlot | undefined {
    const placed = this.#placements.get(sessionId);
    if (placed?.ready) {
      return placed;
    }
    const worker = chooseWorker(this.#workers, this.#displaced.has(sessionId));
    if (worker) {
      worker.recentSessions++;
      this.#displaced.delete(sessionId);
      this.#placements.set(sessionId, worker);
      if (this.#openGates.has(sessionId)) {
        worker.send({ type: 'gate', sessionId, open: true });
      }
    }
    return worker;
  }

  #tellRoom(): void {
    for (const listener of this.#roomListeners) {
      try {
        listener();
      } catch (error) {
        this.#log.error({ err: error }, 'roomListenerFailed');
      }
    }
  }

  // -------------------------------------------------------------- watching

  #check(): void {
    const due = this.#sessionsDue();
    for (const worker of this.#workers) {
      const others = this.#workers.filter((other) => other !== worker && due.has(other));
      const othersReceive = others.length === 0 ? undefined : others.some((other) => other.receives);
      worker.check(due.get(worker)?.size ?? 0, othersReceive);
    }
  }

  /** By worker, the sessions from which packets should be coming. */
  #sessionsDue(): Map<WorkerSlot, Set<SessionId>> {
    const due = new Map<WorkerSlot, Set<SessionId>>();
    for (const { worker, sessionId, connected, due: owes } of this.#peers.values()) {
      if (connected && owes && this.#openGates.has(sessionId)) {
        due.set(worker, (due.get(worker) ?? new Set()).add(sessionId));
      }
    }
    return due;
  }

  /** The sessions of a worker that is lost: placed anew by whoever asks next, and told that they have to ask. */
  #abandon(worker: WorkerSlot): void {
    for (const [sessionId, placed] of this.#placements) {
      if (placed === worker) {
        this.#placements.delete(sessionId);
        this.#displaced.add(sessionId);
      }
    }
    for (const peerId of [...worker.peers]) {
      this.#tellClosed(peerId, 'workerLost');
    }
    this.#recordings.workerLost(worker);
    if (this.readyCount > 0) {
      // They can go on elsewhere at once.
      this.#tellRoom();
    }
  }

  // -------------------------------------------------------------- messages

  #guarded(worker: WorkerSlot, event: WorkerEvent): void {
    try {
      this.#onEvent(worker, event);
    } catch (error) {
      this.#log.error({ err: error, worker: worker.index, event: event.type }, 'workerEventFailed');
    }
  }

  #onEvent(worker: WorkerSlot, event: WorkerEvent): void {
    switch (event.type) {
      case 'ready':
        this.#log.debug({ worker: worker.index, workerPid: event.pid }, 'workerReady');
        return;
      case 'stats':
        return;
      case 'recordingState':
        this.#recordings.onEvent(worker, event);
        return;
      case 'alive':
        this.#onPulse(worker, event);
        return;
      case 'fault':
        this.#log.error({ worker: worker.index, ...event }, 'workerFault');
        return;
      default:
        this.#onPeerEvent(worker, event);
    }
  }

  #onPulse(worker: WorkerSlot, { level, sessionsShed }: WorkerPulse): void {
    const before = this.#levels.get(worker) ?? 'normal';
    if (level !== before) {
      this.#levels.set(worker, level);
      this.#log.warn({ worker: worker.index, level, sessionsShed }, 'workerLoad');
      if (level === 'normal') {
        this.#tellRoom();
      }
    }
  }

  #onPeerEvent(worker: WorkerSlot, event: Extract<WorkerEvent, { peerId: PeerId }>): void {
    const { peerId } = event;
    const peer = this.#peers.get(peerId);
    // A late word about a peer that is closed, or about one that another worker has.
    if (peer?.worker !== worker) {
      return;
    }
    switch (event.type) {
      case 'offer':
        peer.listener.offer(peerId, event.sdp);
        return;
      case 'candidates':
        peer.listener.candidates(peerId, event.candidates);
        return;
      case 'peerRefused':
        this.#log.warn({ worker: worker.index, code: event.code }, 'peerRefused');
        this.#tellClosed(peerId, 'failed');
        return;
      case 'answerRejected':
        this.#log.warn({ worker: worker.index, code: event.code, problem: event.problem }, 'answerRejected');
        worker.send({ type: 'closePeer', peerId });
        this.#tellClosed(peerId, 'badSdp');
        return;
      case 'peerMedia':
        peer.listener.media(peerId, event.flowing);
        return;
      case 'peerLossy':
        peer.listener.lossy(peerId);
        return;
      case 'peerState':
        if (event.state === 'connected') {
          peer.connected = true;
          peer.listener.connected(peerId);
        } else {
          this.#tellClosed(peerId, event.state === 'flooded' ? 'flooded' : 'failed');
        }
        return;
    }
  }

  #tellClosed(peerId: PeerId, reason: PeerCloseReason): void {
    const peer = this.#peers.get(peerId);
    if (!peer) {
      return;
    }
    this.#forget(peerId);
    try {
      peer.listener.closed(peerId, reason);
    } catch (error) {
      // The others of a lost worker have to hear it all the same.
      this.#log.error({ err: error }, 'peerListenerFailed');
    }
  }

  #forget(peerId: PeerId): void {
    this.#peers.get(peerId)?.worker.peers.delete(peerId);
    this.#peers.delete(peerId);
  }
}

function workerConfig(config: WorkersOptions['config'], index: number): WorkerConfig {
  const bindAddress = config.mediaHost || (isLoopback(config.host) ? '127.0.0.1' : '');
  const { portRangeBegin, portRangeEnd } = portShare(config.mediaPorts, config.mediaWorkers, index);
  const turn = config.turnUrls.length > 0;
  return {
    portRangeBegin,
    portRangeEnd: turn ? portRangeEnd - 1 : portRangeEnd,
    ...(turn && { ingressPort: portRangeEnd }),
    mux: config.mediaMux,
    announcedIps: config.announcedIps,
    ...(bindAddress === '' ? {} : { bindAddress }),
  };
}
