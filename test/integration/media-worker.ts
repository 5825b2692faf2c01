/**
 * A real media worker as a child process, driven over its IPC as the front does, and browsers that are node-datachannel
 * peers: they answer the relay's offer as a browser would and send packets that look like Chromium's.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SyntheticPeer } from '../../bench/synthetic-peer.ts';
import * as rtcp from '../../codec/rtcp.ts';
import * as rtp from '../../codec/rtp.ts';
import type { Role } from '../../relay/protocol.ts';
import type { WorkerCommand, WorkerConfig, WorkerEvent, WorkerStats } from '../../relay/worker-protocol.ts';
import { syntheticPacket, writeVp8Payload } from '../support/media-packets.ts';

const WORKER_FILE = join(import.meta.dirname, '../../relay/worker.js');
const WAIT_MS = 15_000;
const POLL_MS = 10;

/** Waits for a condition; what it waited for is in the failure. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`Waited in vain for ${what}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The front's side of a worker. */
export class TestWorker {
  readonly child: ChildProcess;
  readonly events: WorkerEvent[] = [];

  constructor(config: Partial<WorkerConfig>) {
    const complete: WorkerConfig = {
      portRangeBegin: 21_000,
      portRangeEnd: 21_199,
      mux: false,
      bindAddress: '127.0.0.1',
      announcedIps: [],
      ...config,
    };
    this.child = fork(WORKER_FILE, [JSON.stringify(complete)], { serialization: 'advanced' });
    this.child.on('message', (event: WorkerEvent) => this.events.push(event));
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  command(command: WorkerCommand): void {
    this.child.send(command);
  }

  /** Waits for an event of this type, about this peer if one is named; earlier ones count. */
  async event<T extends WorkerEvent['type']>(
    type: T,
    peerId?: string,
    matches: (event: Extract<WorkerEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<WorkerEvent, { type: T }>> {
    const find = () =>
      this.events.find(
        (event): event is Extract<WorkerEvent, { type: T }> =>
          event.type === type &&
          (peerId === undefined || ('peerId' in event && event.peerId === peerId)) &&
          matches(event as Extract<WorkerEvent, { type: T }>),
      );
    await until(`${type} ${peerId ?? ''}`, () => find() !== undefined || !this.alive);
    const found = find();
    if (found === undefined) {
      throw new Error(`The worker ended before ${type}.`);
    }
    return found;
  }

  async freshStats(): Promise<WorkerStats> {
    const count = this.events.length;
    this.command({ type: 'collectStats' });
    await until('statistics', () => this.events.slice(count).some((event) => event.type === 'stats'));
    const stats = this.events.slice(count).find((event) => event.type === 'stats');
    if (stats?.type !== 'stats') {
      throw new Error('no statistics');
    }
    return stats;
  }

  async end(): Promise<number | null> {
    if (this.alive) {
      const exit = once(this.child, 'exit');
      this.command({ type: 'shutdown' });
      await exit;
    }
    return this.child.exitCode;
  }
}

/** One browser of a session. */
export class Browser {
  readonly peer: SyntheticPeer;
  readonly received: Buffer[] = [];
  readonly #ssrcs: { audio: number; video: number };
  #transportSequence = 0;

  constructor(name: string, ssrcs: { audio: number; video: number }) {
    this.#ssrcs = ssrcs;
    this.peer = new SyntheticPeer({ name, onPacket: (packet) => this.received.push(packet) });
  }

  static async join(worker: TestWorker, peerId: string, sessionId: number, role: Role): Promise<Browser> {
    const base = worker.events.length * 10 + 1_000;
    const browser = new Browser(peerId, { audio: base + 1, video: base + 2 });
    worker.command({ type: 'createPeer', peerId, sessionId, role, codec: 'VP8' });
    const { sdp } = await worker.event('offer', peerId);
    worker.command({ type: 'answer', peerId, sdp: browser.answer(sdp, role) });
    browser.peer.addCandidates((await worker.event('candidates', peerId)).candidates);
    await worker.event('peerState', peerId, (event) => event.state === 'connected');
    await browser.peer.opened;
    return browser;
  }

  answer(offer: string, role: Role): string {
    const { audio, video } = this.#ssrcs;
    return this.peer.answer(offer, [{ ssrc: audio }, role === 'customer' ? { ssrc: video } : undefined]);
  }

  voice(sequence: number): void {
    this.peer.send(
      syntheticPacket(90, 111, this.#ssrcs.audio, {
        sequence,
        timestamp: sequence * 960,
        transportSequence: this.#transportSequence++,
      }),
    );
  }

  picture(sequence: number, keyframe = false): void {
    const packet = syntheticPacket(1_100, 96, this.#ssrcs.video, {
      sequence,
      timestamp: sequence * 3_000,
      transportSequence: this.#transportSequence++,
    });
    writeVp8Payload(packet, { pictureId: sequence, start: true, keyframe });
    this.peer.send(packet);
  }

  /** The retransmission of a picture packet (RFC 4588), as if `picture` had sent it before. */
  repeat(sequence: number): void {
    const original = syntheticPacket(1_100, 96, this.#ssrcs.video, { sequence, timestamp: sequence * 3_000 });
    writeVp8Payload(original, { pictureId: sequence, start: true, keyframe: false });
    const packet = Buffer.alloc(1_102);
    rtp.writeRtx(packet, original, original.length, this.#ssrcs.video + 1_000_000, 97, sequence);
    this.peer.send(packet);
  }

  types(): number[] {
    return this.received.filter((packet) => rtp.isRtp(packet)).map((packet) => rtp.payloadType(packet));
  }

  of(kind: number): Buffer[] {
    return this.received.filter((packet) => {
      for (let at = 0, end = rtcp.nextRtcp(packet, 0); end > 0; at = end, end = rtcp.nextRtcp(packet, at)) {
        if (rtcp.rtcpKind(packet, at, end) === kind) {
          return true;
        }
      }
      return false;
    });
  }
}

export async function pair(worker: TestWorker, sessionId: number) {
  const customer = await Browser.join(worker, `c${sessionId}`, sessionId, 'customer');
  const technician = await Browser.join(worker, `t${sessionId}`, sessionId, 'technician');
  return { customer, technician };
}
