/**
 * A media worker: the child process that carries packets. Speaks `worker-protocol.ts` with the front that forked
 * it and lives no longer than that; knows no account, no PIN and no store.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { LoadMeter } from './load-meter.ts';
import { MediaSession } from './media-session.ts';
import { afterSample, chooseShed, NO_OVERLOAD, type Overload, SAMPLE_INTERVAL_MS } from './overload.ts';
import { guard, Transport } from './peer.ts';
import type { PeerId, SessionId } from './protocol.ts';
import { Recorders } from './recorders.ts';
import { TurnIngress } from './turn-ingress.ts';
import {
  ALIVE_INTERVAL_MS,
  NO_PACKETS,
  type PacketCounters,
  type SessionStats,
  STATS_INTERVAL_MS,
  type WorkerCommand,
  type WorkerConfig,
  type WorkerEvent,
} from './worker-protocol.ts';

/** The one timer of the media plane: feedback, keyframe retries, reports. Half of the feedback interval. */
const TICK_INTERVAL_MS = 50;

/**
 * After a stall as long as this the packets that came meanwhile are taken in before anybody is found to be silent or
 * anything to be lost.
 */
const STALL_MS = 500;

/**
 * Between ticks the worker wakes only for requests for missing packets that are due; no more often than this, because
 * a few milliseconds of a round trip do not show.
 */
const MIN_WAKE_MS = 4;

/**
 * The young generation is collected after so many packets. By itself V8 waits for some 6 000 by reckoning, because the bytes of a
 * packet lie outside of it: as many kB that are in no cache (`forward --paired` with 40 and 80 sessions: CPU 0.96 and 0.99 of
 * waiting; collecting every 500 packets costs 1 to 5 %).
 */
const COLLECT_EVERY_PACKETS = 2_000;

/** The same fault again within this is told once: a broken hot path would tell thousands. */
const FAULT_INTERVAL_MS = 1_000;

/** A disk that hangs keeps the worker no longer; the front kills it a second later. */
const RECORDINGS_END_MS = 2_000;

/** Exit codes that the front can tell from a crash. */
const EXIT_BAD_CONFIG = 2;

class Worker {
  readonly #counters: PacketCounters = { ...NO_PACKETS };
  readonly #ingress: TurnIngress | undefined;
  readonly #transport: Transport;
  readonly #sessions = new Map<SessionId, MediaSession>();
  readonly #sessionOf = new Map<PeerId, MediaSession>();
  readonly #recorders = new Recorders((sessionId) => this.#session(sessionId), send);
  readonly #faultAt = new Map<string, number>();
  readonly #ticker: ReturnType<typeof setInterval>;
  #tickDueAt: number;
  /** The one-shot timer beside the ticker, and when it is due; infinite while nothing is. */
  #waker: ReturnType<typeof setTimeout> | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #statsAt: number;
  #aliveAt: number;
  readonly #meter = new LoadMeter();
  #sampledAt: number;
  #sampledPackets = 0;
  #collectedPackets = 0;
  #packetsPerS = 0;
  #overload: Overload = NO_OVERLOAD;
  /** Sessions whose video is dropped, longest first. */
  #shed: ReadonlySet<SessionId> = new Set();
  /** By session, packets received up to the last report and between the last two. */
  #costs = new Map<SessionId, { total: number; recent: number }>();
  #maxLagMs = 0;
  #utilisation = performance.eventLoopUtilization();

  constructor(config: WorkerConfig) {
    const onFault = (where: string, error: unknown) => this.#fault(where, error);
    const { ingressPort: port, bindAddress } = config;
    this.#ingress = port === undefined ? undefined : new TurnIngress({ port, bindAddress }, onFault);
    this.#transport = new Transport(config, this.#counters, onFault, this.#ingress);
    const now = performance.now();
    this.#tickDueAt = now + TICK_INTERVAL_MS;
    this.#statsAt = now + STATS_INTERVAL_MS;
    this.#aliveAt = now + ALIVE_INTERVAL_MS;
    this.#sampledAt = now;
    this.#ticker = setInterval(() => this.#tick(performance.now()), TICK_INTERVAL_MS);
  }

  async start(): Promise<void> {
    await this.#ingress?.listen();
  }

  /** What a command does wrong is told and costs that command, not the other sessions of this process. */
  readonly command = guard(
    'command',
    (where, error) => this.#fault(where, error),
    (command: WorkerCommand) => this.#obey(command),
  );

  #obey(command: WorkerCommand): void {
    switch (command.type) {
      case 'createPeer':
        this.#createPeer(command);
        break;
      case 'answer':
        this.#answer(command.peerId, command.sdp);
        break;
      case 'closePeer':
        this.#closePeer(command.peerId);
        break;
      case 'gate':
        this.#session(command.sessionId).setGate(command.open, performance.now());
        break;
      case 'expect':
        this.#sessionOf.get(command.peerId)?.expect(command.peerId, command);
        break;
      case 'mute':
        this.#session(command.sessionId).mute(command.party, command.muted, performance.now());
        break;
      case 'closeSession':
        this.#closeSession(command.sessionId);
        break;
      case 'startRecording':
      case 'pauseRecording':
      case 'resumeRecording':
      case 'noteRecording':
      case 'stopRecording':
        this.#recorders.obey(command, performance.now());
        break;
      case 'collectStats':
        this.#sendStats(performance.now());
        break;
      case 'shutdown':
        this.shutdown();
    }
  }

  shutdown(): void {
    clearInterval(this.#ticker);
    this.#meter.setFine(false);
    clearTimeout(this.#waker);
    // Before the sessions: what their last moment has brought belongs to the recordings.
    const recorded = this.#recorders.close('relayStopped');
    for (const session of this.#sessions.values()) {
      session.close();
    }
    const exit = () => process.exit(0);
    setTimeout(exit, RECORDINGS_END_MS);
    // The last message goes out in its own time.
    recorded.then(() => setImmediate(exit));
  }

  #createPeer(command: WorkerCommand & { type: 'createPeer' }): void {
    const { peerId, sessionId, role, codec, estimation, party, voices } = command;
    if (this.#sessionOf.has(peerId)) {
      send({ type: 'peerRefused', peerId, code: 'internal' });
      return;
    }
    const session = this.#session(sessionId);
    const sdp = session.createPeer(peerId, role, codec, estimation, { party, voices });
    if (sdp === undefined) {
      send({ type: 'peerRefused', peerId, code: 'relayFull' });
      return;
    }
    this.#sessionOf.set(peerId, session);
    send({ type: 'offer', peerId, sdp });
  }

  #answer(peerId: PeerId, sdp: string): void {
    const result = this.#sessionOf.get(peerId)?.answer(peerId, sdp) ?? { problem: 'no such peer' };
    if ('candidates' in result) {
      send({ type: 'candidates', peerId, candidates: result.candidates });
    } else {
      send({ type: 'answerRejected', peerId, code: 'badSdp', problem: result.problem });
    }
  }

  #closePeer(peerId: PeerId): void {
    this.#sessionOf.get(peerId)?.closePeer(peerId);
    this.#sessionOf.delete(peerId);
    send({ type: 'peerState', peerId, state: 'closed' });
  }

  #closeSession(sessionId: SessionId): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) {
      return;
    }
    this.#sessions.delete(sessionId);
    this.#recorders.sessionClosed(sessionId);
    for (const [peerId, owner] of this.#sessionOf) {
      if (owner === session) {
        this.#closePeer(peerId);
      }
    }
  }

  #session(sessionId: SessionId): MediaSession {
    let session = this.#sessions.get(sessionId);
    if (session === undefined) {
      session = new MediaSession(
        sessionId,
        (name, receiver, events) => this.#transport.open(name, receiver, events),
        {
          peerState: (peerId, state) => {
            if (state !== 'connected') {
              this.#sessionOf.delete(peerId);
            }
            send({ type: 'peerState', peerId, state });
          },
          peerMedia: (peerId, flowing) => send({ type: 'peerMedia', peerId, flowing }),
          peerLossy: (peerId) => send({ type: 'peerLossy', peerId }),
          wake: (at) => this.#wake(at),
        },
        this.#counters,
      );
      this.#sessions.set(sessionId, session);
    }
    return session;
  }

  /** Polls the sessions at this time, unless that is to happen earlier anyway. */
  #wake(at: number): void {
    if (at >= this.#wakeAt) {
      return;
    }
    clearTimeout(this.#waker);
    this.#wakeAt = at;
    const delay = Math.max(MIN_WAKE_MS, Math.ceil(at - performance.now()));
    this.#waker = setTimeout(() => this.#poll(performance.now()), delay);
  }

  #poll(now: number): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    for (const session of this.#sessions.values()) {
      try {
        session.poll(now);
      } catch (error) {
        this.#fault('poll', error);
      }
    }
  }

  #tick(now: number): void {
    const lateMs = now - this.#tickDueAt;
    this.#tickDueAt = now + TICK_INTERVAL_MS;
    if (now - this.#sampledAt >= SAMPLE_INTERVAL_MS) {
      this.#sample(now, lateMs);
    }
    this.#collect();
    if (lateMs < STALL_MS) {
      this.#tickSessions(now);
    } else {
      setImmediate(() => this.#tickSessions(performance.now()));
    }
    if (now >= this.#aliveAt) {
      this.#sendAlive(now);
    }
    if (now >= this.#statsAt) {
      this.#sendStats(now);
    }
  }

  #collect(): void {
    const { received } = this.#counters;
    if (received - this.#collectedPackets >= COLLECT_EVERY_PACKETS) {
      this.#collectedPackets = received;
      globalThis.gc?.({ type: 'minor' });
    }
  }

  #tickSessions(now: number): void {
    for (const session of this.#sessions.values()) {
      try {
        session.tick(now);
      } catch (error) {
        this.#fault('tick', error);
      }
    }
  }

  #sample(now: number, lateMs: number): void {
    const { received } = this.#counters;
    this.#packetsPerS = ((received - this.#sampledPackets) * 1000) / (now - this.#sampledAt);
    this.#sampledPackets = received;
    this.#sampledAt = now;
    const load = this.#meter.sample(lateMs);
    this.#meter.setFine(this.#transport.size > 0);
    this.#maxLagMs = Math.max(this.#maxLagMs, load.lagMs);
    const { level } = this.#overload;
    this.#overload = afterSample(this.#overload, { ...load, packetsPerS: this.#packetsPerS }, now);
    if (this.#overload.shedShare > 0 || this.#shed.size > 0) {
      this.#shedVideo(now);
    }
    if (this.#overload.level !== level) {
      this.#sendAlive(now);
    }
  }

  #shedVideo(now: number): void {
    const costs = [...this.#sessions.keys()].map((id) => ({ id, packets: this.#costs.get(id)?.recent ?? 0 }));
    const before = this.#shed;
    this.#shed = chooseShed(before, costs, this.#overload.shedShare);
    for (const [id, session] of this.#sessions) {
      if (before.has(id) !== this.#shed.has(id)) {
        session.setShedding(this.#shed.has(id), now);
      }
    }
  }

  #sendAlive(now: number): void {
    this.#aliveAt = now + ALIVE_INTERVAL_MS;
    send({
      type: 'alive',
      level: this.#overload.level,
      utilisation: this.#overload.utilisation,
      packetsPerS: this.#packetsPerS,
      sessionsShed: this.#shed.size,
    });
  }

  #sendStats(now: number): void {
    this.#statsAt = now + STATS_INTERVAL_MS;
    const utilisation = performance.eventLoopUtilization();
    const share = performance.eventLoopUtilization(utilisation, this.#utilisation).utilization;
    this.#utilisation = utilisation;
    const { user, system } = process.cpuUsage();
    const sessions = [...this.#sessions.values()].map((session) => session.stats);
    this.#noteCosts(sessions);
    send({
      type: 'stats',
      pid: process.pid,
      uptimeMs: Math.round(process.uptime() * 1000),
      peers: this.#transport.size,
      peerCapacity: this.#transport.capacity,
      peersFlooded: this.#transport.flooded,
      eventLoopLagMs: this.#maxLagMs,
      eventLoopUtilisation: share,
      rssBytes: process.memoryUsage.rss(),
      cpuMs: (user + system) / 1000,
      counters: { ...this.#counters },
      sessions,
    });
    this.#maxLagMs = 0;
  }

  #noteCosts(sessions: readonly SessionStats[]): void {
    const before = this.#costs;
    this.#costs = new Map();
    for (const { sessionId, peers } of sessions) {
      let total = 0;
      for (const { up } of peers) {
        for (const { packets } of up) {
          total += packets;
        }
      }
      // A peer that is gone takes its count with it.
      const recent = Math.max(0, total - (before.get(sessionId)?.total ?? 0));
      this.#costs.set(sessionId, { total, recent });
    }
  }

  #fault(where: string, error: unknown): void {
    const now = performance.now();
    if (now - (this.#faultAt.get(where) ?? Number.NEGATIVE_INFINITY) < FAULT_INTERVAL_MS) {
      return;
    }
    this.#faultAt.set(where, now);
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    send({ type: 'fault', where, message, stack });
  }
}

/** Says it to the front. Called from guarded callbacks too, so it must not throw when the front is gone. */
function send(event: WorkerEvent): void {
  if (process.connected) {
    process.send?.(event, undefined, undefined, () => {});
  }
}

/** Without any interface but loopback libdatachannel finds no address; a demo on a plane still has to work. */
function withUsableAddress(config: WorkerConfig): WorkerConfig {
  const external = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some((address) => !address.internal),
  );
  return config.bindAddress === undefined && !external ? { ...config, bindAddress: '127.0.0.1' } : config;
}

/** An address that is not ours would abort the process at the first peer; better now, with a sentence. */
async function probeAddress(address: string): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  socket.close();
}

async function main(): Promise<void> {
  // First of all: a front that dies while its workers start would leave them behind, with their ports.
  process.on('disconnect', () => process.exit(0));
  if (!process.connected) {
    process.exit(0);
  }
  const config: WorkerConfig = withUsableAddress(Object.freeze(JSON.parse(process.argv[2] ?? 'null')));
  if (config.bindAddress !== undefined) {
    await probeAddress(config.bindAddress);
  }
  const worker = new Worker(config);
  await worker.start();
  process.on('message', worker.command);
  // A Ctrl-C goes to the whole process group; the front drains first and then says `shutdown`.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  send({ type: 'ready', pid: process.pid });
}

main().catch((error: unknown) => {
  process.stderr.write(`The media worker cannot start: ${String(error)}\n`);
  process.exit(EXIT_BAD_CONFIG);
});
