/**
 * `bench forward`: what the media worker costs per forwarded packet. The worker under test is the real child
 * process, driven over its IPC; this process holds all publishers and subscribers, so there is one clock, and
 * packets carry the time of their sending. Beside it, in turns in the same run, the same load goes over raw
 * libdatachannel pairs without a relay: what the generator itself adds to the delays.
 *
 * A session is one publisher (video `pps` packets/s of 1100 bytes, voice 50 packets/s of 100 bytes) and one
 * subscriber. Packets are paced on a 1 ms tick with another phase per session, not in bursts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { put16, put32 } from '../codec/bytes.ts';
import { isRtcp } from '../codec/rtp.ts';
import { OPUS_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPES } from '../relay/negotiation.ts';
import type { WorkerCommand, WorkerConfig, WorkerEvent, WorkerStats } from '../relay/worker-protocol.ts';
import {
  SYNTHETIC_HEADER_BYTES,
  syntheticPacket,
  TRANSPORT_SEQUENCE_OFFSET,
  writeVp8Payload,
} from '../test/support/media-packets.ts';
import { percentile, round } from './percentiles.ts';
import { endSyntheticPeers, SyntheticPeer } from './synthetic-peer.ts';

const WORKER_FILE = join(import.meta.dirname, '../relay/worker.js');
/** Below the ephemeral ports of Linux, so that no outgoing socket sits in it. */
const PORT_RANGE_BEGIN = 20_000;

const VIDEO_BYTES = 1_100;
const AUDIO_BYTES = 100;
const AUDIO_PPS = 50;
const FRAMES_PER_S = 30;
const VIDEO_TICKS_PER_FRAME = 90_000 / FRAMES_PER_S;
const AUDIO_TICKS_PER_PACKET = 48_000 / AUDIO_PPS;
/** Every three seconds, about what a recorder asks for. */
const KEYFRAME_INTERVAL_FRAMES = 90;
/** Behind the VP8 descriptor and keyframe header. */
const STAMP_OFFSET = SYNTHETIC_HEADER_BYTES + 16;

/** Each kind of run is measured this often, in turns, so that a disturbance does not hit only one of them. */
const ROUNDS = 3;
/** Traffic that is not measured at the start of each run: JIT, socket buffers, the first keyframe. */
const WARM_UP_MS = 1_500;
/** The last packets of a run are on their way for at most this long on a machine that is not drowning. */
const DRAIN_MS = 500;
const STEP_TIMEOUT_MS = 20_000;

/** Packets of one direction of measurement. */
type Tally = { sent: number; received: number; latencies: number[]; measuring: boolean };

export async function forward(argv: string[]): Promise<{ bench: string } & Record<string, unknown>> {
  const { values } = parseArgs({
    args: argv,
    options: {
      sessions: { type: 'string', default: '40' },
      pps: { type: 'string', default: '300' },
      seconds: { type: 'string', default: '10' },
      mux: { type: 'boolean', default: false },
    },
  });
  const sessions = bounded('sessions', values.sessions, 1, 400);
  const pps = bounded('pps', values.pps, 1, 3_000);
  const seconds = bounded('seconds', values.seconds, 2, 600);
  const relay = await RelayUnderTest.start(sessions, values.mux);
  const relayed = newTally();
  const direct = newTally();
  try {
    const rssBefore = relay.rssBytes();
    const publishers = await relay.connect(sessions, relayed);
    const relayLoad = new Load(publishers, pps, relayed);
    const directLoad = new Load(await connectPairs(sessions, direct), pps, direct);
    const idleUsPerS = await relay.idleCpu();
    const measureMs = (seconds * 1000) / ROUNDS;
    let cpuUs = 0;
    let generatorCpuUs = 0;
    let measuredMs = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const run = await measure(relayLoad, measureMs, () => cpuTimeUs(relay.pid));
      cpuUs += run.cpuUs;
      measuredMs += run.ms;
      generatorCpuUs += (await measure(directLoad, measureMs, () => cpuTimeUs(process.pid))).cpuUs;
    }
    const stats = await relay.stats();
    return {
      bench: 'forward',
      sessions,
      pps,
      audio_pps: AUDIO_PPS,
      seconds,
      packets: relayed.received,
      packets_per_s: Math.round(relayed.received / (measuredMs / 1000)),
      cpu_us_per_packet: round((cpuUs - (idleUsPerS * measuredMs) / 1000) / relayed.received, 2),
      cpu_us_per_packet_raw: round(cpuUs / relayed.received, 2),
      idle_cpu_us_per_s: Math.round(idleUsPerS),
      ...summary(relayed),
      kb_per_session: Math.round((relay.rssBytes() - rssBefore) / 1024 / sessions),
      rss_mb: round(relay.rssBytes() / 1024 / 1024),
      setup_p50_ms: round(percentile(relay.setupMs, 0.5)),
      dropped: stats.counters.received - stats.counters.rtcpReceived - stats.counters.forwarded,
      mux: values.mux,
      direct: {
        ...summary(direct),
        generator_cpu_us_per_packet: round(generatorCpuUs / direct.received, 2),
      },
      raw: { latencies_ms: relayed.latencies, direct_latencies_ms: direct.latencies, worker: stats },
    };
  } finally {
    await relay.stop();
    await endSyntheticPeers();
  }
}

function bounded(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`--${name} takes a whole number from ${least} to ${most}.`);
  }
  return value;
}

function newTally(): Tally {
  return { sent: 0, received: 0, latencies: [], measuring: false };
}

function summary({ sent, received, latencies }: Tally): Record<string, number> {
  return {
    loss_percent: round((100 * (sent - received)) / sent, 3),
    p50_ms: round(percentile(latencies, 0.5), 2),
    p99_ms: round(percentile(latencies, 0.99), 2),
  };
}

/** Counts a packet that went out while measuring; its stamp says both. */
function receiveInto(tally: Tally): (packet: Buffer) => void {
  return (packet) => {
    if (isRtcp(packet) || packet.length < STAMP_OFFSET + 8) {
      return;
    }
    const sentAt = packet.readDoubleLE(STAMP_OFFSET);
    if (sentAt > 0) {
      tally.received++;
      tally.latencies.push(performance.now() - sentAt);
    }
  };
}

async function measure(load: Load, ms: number, cpu: () => number): Promise<{ cpuUs: number; ms: number }> {
  load.start();
  await sleep(WARM_UP_MS);
  const startedAt = performance.now();
  const before = cpu();
  load.tally.measuring = true;
  await sleep(ms);
  load.tally.measuring = false;
  const result = { cpuUs: cpu() - before, ms: performance.now() - startedAt };
  load.stop();
  await sleep(DRAIN_MS);
  return result;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Run time of all threads of a process, in microseconds (nanoseconds in the kernel's schedstat). */
function cpuTimeUs(pid: number): number {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has ended between the two calls.
    }
  }
  return total / 1000;
}

/** One publisher's packets, changed in place. */
class Publisher {
  readonly #peer: SyntheticPeer;
  readonly #video: Buffer;
  readonly #audio: Buffer;
  readonly #packetsPerFrame: number;
  #videoSent = 0;
  #audioSent = 0;
  #transportSequence = 0;

  constructor(peer: SyntheticPeer, ssrcs: { audio: number; video: number }, pps: number) {
    this.#peer = peer;
    this.#video = syntheticPacket(VIDEO_BYTES, VIDEO_PAYLOAD_TYPES.VP8.media, ssrcs.video);
    this.#audio = syntheticPacket(AUDIO_BYTES, OPUS_PAYLOAD_TYPE, ssrcs.audio);
    this.#packetsPerFrame = Math.max(1, Math.round(pps / FRAMES_PER_S));
  }

  /** Sends what is due at this moment of the run; `stamp` is 0 outside the measured time. */
  send(videoDue: number, audioDue: number, stamp: number): number {
    let sent = 0;
    while (this.#videoSent < videoDue) {
      const packet = this.#video;
      const frame = Math.floor(this.#videoSent / this.#packetsPerFrame);
      const start = this.#videoSent % this.#packetsPerFrame === 0;
      writeVp8Payload(packet, { pictureId: frame, start, keyframe: frame % KEYFRAME_INTERVAL_FRAMES === 0 });
      this.#videoSent++;
      sent += this.#emit(packet, this.#videoSent, frame * VIDEO_TICKS_PER_FRAME, stamp);
    }
    while (this.#audioSent < audioDue) {
      this.#audioSent++;
      sent += this.#emit(this.#audio, this.#audioSent, this.#audioSent * AUDIO_TICKS_PER_PACKET, stamp);
    }
    return sent;
  }

  get sent(): { video: number; audio: number } {
    return { video: this.#videoSent, audio: this.#audioSent };
  }

  #emit(packet: Buffer, sequence: number, timestamp: number, stamp: number): number {
    put16(packet, 2, sequence);
    put32(packet, 4, timestamp);
    put16(packet, TRANSPORT_SEQUENCE_OFFSET, this.#transportSequence++);
    packet.writeDoubleLE(stamp, STAMP_OFFSET);
    this.#peer.send(packet);
    return stamp > 0 ? 1 : 0;
  }
}

/** Paces all publishers. */
class Load {
  readonly tally: Tally;
  readonly #publishers: readonly Publisher[];
  readonly #pps: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #ranMs = 0;

  constructor(
    peers: readonly { peer: SyntheticPeer; audio: number; video: number }[],
    pps: number,
    tally: Tally,
  ) {
    this.#publishers = peers.map(({ peer, audio, video }) => new Publisher(peer, { audio, video }, pps));
    this.#pps = pps;
    this.tally = tally;
  }

  start(): void {
    const startedAt = performance.now() - this.#ranMs;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#ranMs = now - startedAt;
      const { tally } = this;
      for (const [index, publisher] of this.#publishers.entries()) {
        // Another phase for each session, within one packet's interval.
        const phase = index / this.#publishers.length;
        const videoDue = Math.floor((this.#ranMs * this.#pps) / 1000 + phase);
        const audioDue = Math.floor((this.#ranMs * AUDIO_PPS) / 1000 + phase);
        tally.sent += publisher.send(videoDue, audioDue, tally.measuring ? performance.now() : 0);
      }
    }, 1);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

async function connectPairs(
  sessions: number,
  tally: Tally,
): Promise<{ peer: SyntheticPeer; audio: number; video: number }[]> {
  const pairs = [];
  for (let index = 0; index < sessions; index++) {
    const subscriber = new SyntheticPeer({ name: `direct ${index} in`, onPacket: receiveInto(tally) });
    const peer = new SyntheticPeer({ name: `direct ${index} out`, onPacket: () => {} });
    await within(SyntheticPeer.connect(subscriber, peer), 'a direct pair to connect');
    pairs.push({ peer, subscriber, audio: 1, video: 2 });
  }
  return pairs;
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = deferred();
  const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}.`)), STEP_TIMEOUT_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function deferred(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, rejected) => {
    reject = rejected;
  });
  return { promise, reject };
}

/** The worker process, as the front would drive it. */
class RelayUnderTest {
  readonly setupMs: number[] = [];
  readonly #child: ChildProcess;
  readonly #peers = new Map<string, SyntheticPeer>();

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(sessions: number, mux: boolean): Promise<RelayUnderTest> {
    const config: WorkerConfig = {
      portRangeBegin: PORT_RANGE_BEGIN,
      // Two peers a session, and the share that a worker leaves free.
      portRangeEnd: PORT_RANGE_BEGIN + Math.ceil(sessions * 2 * 1.2) + 8,
      mux,
      bindAddress: '127.0.0.1',
      announcedIps: [],
    };
    const child = fork(WORKER_FILE, [JSON.stringify(config)], { serialization: 'advanced' });
    const relay = new RelayUnderTest(child);
    await within(relay.#event('ready'), 'the worker to start');
    return relay;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  rssBytes(): number {
    return 4096 * Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1]);
  }

  /** Connects the sessions one after the other and opens their gates. */
  async connect(
    sessions: number,
    tally: Tally,
  ): Promise<{ peer: SyntheticPeer; audio: number; video: number }[]> {
    const publishers = [];
    for (let sessionId = 1; sessionId <= sessions; sessionId++) {
      const startedAt = performance.now();
      const ssrcs = { audio: 1_000 + sessionId, video: 2_000 + sessionId };
      const peer = await this.#join(sessionId, 'customer', () => {}, ssrcs);
      await this.#join(sessionId, 'technician', receiveInto(tally), undefined);
      this.#command({ type: 'gate', sessionId, open: true });
      this.setupMs.push(performance.now() - startedAt);
      publishers.push({ peer, ...ssrcs });
    }
    return publishers;
  }

  /** Microseconds of CPU per second with everything connected and nothing sent. */
  async idleCpu(): Promise<number> {
    // What connecting left to do, garbage for example, is not idling.
    await sleep(1_000);
    const before = cpuTimeUs(this.pid);
    const startedAt = performance.now();
    await sleep(2_000);
    return ((cpuTimeUs(this.pid) - before) / (performance.now() - startedAt)) * 1000;
  }

  async stats(): Promise<WorkerStats> {
    const stats = this.#event('stats');
    this.#command({ type: 'collectStats' });
    return await within(stats, 'the worker to tell its statistics');
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#command({ type: 'shutdown' });
    await within(ended, 'the worker to end');
    for (const peer of this.#peers.values()) {
      peer.close();
    }
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
    const offer = this.#event('offer', peerId);
    this.#command({ type: 'createPeer', peerId, sessionId, role, codec: 'VP8' });
    const { sdp } = await within(offer, 'an offer');
    const sources = ssrcs === undefined ? [] : [{ ssrc: ssrcs.audio }, { ssrc: ssrcs.video }];
    const candidates = this.#event('candidates', peerId);
    const connected = this.#event('peerState', peerId);
    this.#command({ type: 'answer', peerId, sdp: peer.answer(sdp, sources) });
    peer.addCandidates((await within(candidates, 'candidates')).candidates);
    await within(Promise.all([connected, peer.opened]), 'a peer to connect');
    return peer;
  }

  #command(command: WorkerCommand): void {
    this.#child.send(command);
  }

  /** The next event of this type, of this peer if one is named. */
  #event<T extends WorkerEvent['type']>(
    type: T,
    peerId?: string,
  ): Promise<Extract<WorkerEvent, { type: T }>> {
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
