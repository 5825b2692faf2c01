/** Our media worker as a subject of `bench forward`: the real child process, launched and driven as the front would. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { forkWorker, type WorkerLaunch } from '../relay/worker-process.ts';
import {
  STATS_INTERVAL_MS,
  type WorkerCommand,
  type WorkerConfig,
  type WorkerEvent,
} from '../relay/worker-protocol.ts';
import type { Session } from './forward-load.ts';
import { benchAddress } from './private-network.ts';
import { closeAll, ended, pidOf, type StartSubject, type Subject, within } from './subject.ts';
import { SyntheticPeer } from './synthetic-peer.ts';

/** Below the ephemeral ports of Linux, so that no outgoing socket sits in it; so many for each slot. */
const PORT_RANGE_BEGIN = 20_000;
const PORTS_PER_SLOT = 2_000;

export type RelayOptions = {
  mux: boolean;
  /** How our worker is launched, where that is not as usual. */
  launch?: WorkerLaunch;
  /** A checkout whose built worker is measured; this one when absent. */
  directory?: string;
};

/** @throws when that checkout has no built worker */
export function relay({ mux, launch, directory }: RelayOptions): StartSubject {
  const file = directory === undefined ? undefined : join(directory, 'dist/relay/worker.js');
  if (file !== undefined && !existsSync(file)) {
    throw new Error(`There is no ${file}: build that checkout first.`);
  }
  return async (sessions, slot) => {
    const portRangeBegin = PORT_RANGE_BEGIN + slot * PORTS_PER_SLOT;
    const config: WorkerConfig = {
      portRangeBegin,
      // Two peers a session, and the share that a worker leaves free.
      portRangeEnd: portRangeBegin + Math.ceil(sessions * 2 * 1.2) + 8,
      mux,
      bindAddress: benchAddress(),
      announcedIps: [],
    };
    const fromOther = file === undefined ? undefined : await launcherOf(file);
    const child = (fromOther ?? forkWorker)(config, launch);
    const subject = new RelayUnderTest(child);
    await within(subject.event('ready'), 'the worker to start');
    return subject;
  };
}

/** The other checkout's own way of launching, or, where it has none to import, the plain one. */
async function launcherOf(workerFile: string): Promise<typeof forkWorker> {
  const file = join(dirname(workerFile), 'worker-process.js');
  if (existsSync(file)) {
    const { forkWorker: other }: { forkWorker: typeof forkWorker } = await import(pathToFileURL(file).href);
    return other;
  }
  return (config) => fork(workerFile, [JSON.stringify(config)], { serialization: 'advanced', execArgv: [] });
}

class RelayUnderTest implements Subject {
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();
  readonly #peers = new Map<string, SyntheticPeer>();

  constructor(child: ChildProcess) {
    this.#child = child;
    // A listener for each step of each session that is connecting.
    child.setMaxListeners(100);
  }

  get pid(): number {
    return pidOf(this.#child);
  }

  /** Both peers, then the gate. */
  async connect(session: Session, index: number): Promise<SyntheticPeer> {
    const sessionId = index + 1;
    const publisher = await this.#join(sessionId, 'customer', session.feedback, session);
    await this.#join(sessionId, 'technician', session.receive, undefined);
    this.#command({ type: 'gate', sessionId, open: true });
    return publisher;
  }

  async report(): Promise<Record<string, unknown>> {
    const ageMs = performance.now() - this.#startedAt;
    this.#command({ type: 'collectStats' });
    // Under load this process has left older ones unread.
    const newest = async () => {
      let stats = await this.event('stats');
      while (stats.uptimeMs < ageMs - STATS_INTERVAL_MS / 2) {
        stats = await this.event('stats');
      }
      return stats;
    };
    return await within(newest(), 'the worker to tell its statistics');
  }

  async stop(): Promise<void> {
    this.#command({ type: 'shutdown' });
    await ended(this.#child);
    closeAll(this.#peers.values());
  }

  async #join(
    sessionId: number,
    role: 'customer' | 'technician',
    onPacket: (packet: Buffer) => void,
    ssrcs: { audio: number; video: number } | undefined,
  ): Promise<SyntheticPeer> {
    const peerId = `${sessionId}-${role}`;
    const peer = new SyntheticPeer({ name: peerId, onPacket });
    this.#peers.set(peerId, peer);
    const offer = this.event('offer', peerId);
    this.#command({ type: 'createPeer', peerId, sessionId, role, codec: 'VP8' });
    const { sdp } = await offer;
    const sources = ssrcs === undefined ? [] : [{ ssrc: ssrcs.audio }, { ssrc: ssrcs.video }];
    const candidates = this.event('candidates', peerId);
    const connected = this.event('peerState', peerId);
    this.#command({ type: 'answer', peerId, sdp: peer.answer(sdp, sources) });
    peer.addCandidates((await candidates).candidates);
    await Promise.all([connected, peer.opened]);
    return peer;
  }

  #command(command: WorkerCommand): void {
    this.#child.send(command);
  }

  /** The next event of this type, of this peer if one is named. */
  event<T extends WorkerEvent['type']>(type: T, peerId?: string): Promise<Extract<WorkerEvent, { type: T }>> {
    return new Promise((resolve, reject) => {
      const listen = (event: WorkerEvent) => {
        if (event.type === 'peerRefused' || event.type === 'answerRejected' || event.type === 'fault') {
          reject(new Error(JSON.stringify(event)));
        }
        if (event.type === type && (peerId === undefined || ('peerId' in event && event.peerId === peerId))) {
          this.#child.off('message', listen);
          resolve(event as Extract<WorkerEvent, { type: T }>);
        }
      };
      this.#child.on('message', listen);
    });
  }
}
