/**
 * The load of `bench forward`: who sends what and when, and how arrivals are counted. The same for every subject.
 *
 * A session is one publisher (video `pps` packets/s of 1100 bytes, voice 50 packets/s of 100 bytes) and one
 * subscriber. Packets are paced on a 1 ms tick with another phase per session, not in bursts. A publisher answers
 * keyframe requests, as a browser does; it repeats nothing, so that a lost packet stays lost.
 */
import { put16, put32 } from '../codec/bytes.ts';
import * as rtcp from '../codec/rtcp.ts';
import { isRtcp, payloadLength, validateRtp } from '../codec/rtp.ts';
import { OPUS_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPES } from '../relay/negotiation.ts';
import {
  SYNTHETIC_HEADER_BYTES,
  syntheticPacket,
  TRANSPORT_SEQUENCE_OFFSET,
  writeVp8Payload,
} from '../test/support/media-packets.ts';

export const AUDIO_PPS = 50;
const VIDEO_BYTES = 1_100;
const AUDIO_BYTES = 100;
const FRAMES_PER_S = 30;
const VIDEO_TICKS_PER_FRAME = 90_000 / FRAMES_PER_S;
const AUDIO_TICKS_PER_PACKET = 48_000 / AUDIO_PPS;
/** Every three seconds, about what a recorder asks for. */
const KEYFRAME_INTERVAL_FRAMES = 90;

/** In the payload, behind the VP8 descriptor and keyframe header: time of sending, and a number per publisher. */
const STAMP_OFFSET = 16;
const SERIAL_OFFSET = 24;
const MARK_BYTES = 28;

/**
 * Sessions begin one after the other within this time, as they do in life: all 80 in the same millisecond meet code that was
 * never run, and the relay drops pictures until it is compiled.
 */
const BEGIN_MS = 2_000;
/** Traffic that is not measured after that: JIT, socket buffers, the first keyframe. */
const WARM_UP_MS = 1_500;
/** After a run: until nothing has come for this long, and no longer than that. */
const QUIET_MS = 300;
const DRAIN_MAX_MS = 4_000;

/** What the other end of a publisher does with packets; RTP goes through `Session.receive`. */
type Sender = { send(packet: Buffer): boolean };

/** Measured packets of one subject. */
export class Tally {
  sent = 0;
  received = 0;
  duplicates = 0;
  latencies: number[] = [];
  measuring = false;

  get summary(): { sent: number; received: number; duplicates: number } {
    return { sent: this.sent, received: this.received, duplicates: this.duplicates };
  }
}

/** One session's two ends as the load sees them. `publisher` is set once it is connected. */
export class Session {
  readonly audio: number;
  readonly video: number;
  readonly #tally: Tally;
  readonly #packetsPerFrame: number;
  readonly #pps: number;
  readonly #videoPacket: Buffer;
  readonly #audioPacket: Buffer;
  /** By serial: 1 once it has arrived, so that nothing counts twice. */
  #arrived = new Uint8Array(4_096);
  #serial = 0;
  #videoSent = 0;
  #audioSent = 0;
  #transportSequence = 0;
  #keyframeAt = 0;
  publisher: Sender | undefined;

  /** @param index from 0; makes the SSRCs distinct within a server */
  constructor(index: number, pps: number, tally: Tally) {
    this.audio = 1_001 + index;
    this.video = 2_001 + index;
    this.#tally = tally;
    this.#pps = pps;
    this.#packetsPerFrame = Math.max(1, Math.round(pps / FRAMES_PER_S));
    this.#videoPacket = syntheticPacket(VIDEO_BYTES, VIDEO_PAYLOAD_TYPES.VP8.media, this.video);
    this.#audioPacket = syntheticPacket(AUDIO_BYTES, OPUS_PAYLOAD_TYPE, this.audio);
  }

  get tally(): Tally {
    return this.#tally;
  }

  /** What a subscriber received. Servers may write header extensions anew, so the payload is looked for. */
  readonly receive = (packet: Buffer): void => {
    if (isRtcp(packet)) {
      return;
    }
    const payload = validateRtp(packet);
    if (payload < 0 || payloadLength(packet, payload) < MARK_BYTES) {
      return;
    }
    const sentAt = packet.readDoubleLE(payload + STAMP_OFFSET);
    const serial = packet.readUInt32LE(payload + SERIAL_OFFSET);
    if (sentAt <= 0 || serial >= this.#serial) {
      return;
    }
    if (this.#arrived[serial] === 1) {
      this.#tally.duplicates++;
      return;
    }
    this.#arrived[serial] = 1;
    this.#tally.received++;
    this.#tally.latencies.push(performance.now() - sentAt);
  };

  /** What a publisher received: feedback. A picture loss makes the next frame a keyframe. */
  readonly feedback = (packet: Buffer): void => {
    let at = 0;
    for (let end = rtcp.nextRtcp(packet, at); end > 0; at = end, end = rtcp.nextRtcp(packet, at)) {
      const kind = rtcp.rtcpKind(packet, at, end);
      if (kind === rtcp.PLI || kind === rtcp.FIR) {
        this.#keyframeAt = Math.floor(this.#videoSent / this.#packetsPerFrame) + 1;
      }
    }
  };

  /** Sends what is due `ranMs` into the load; measured packets carry their time, others 0. */
  send(ranMs: number, phase: number): void {
    const videoDue = Math.floor((ranMs * this.#pps) / 1000 + phase);
    const audioDue = Math.floor((ranMs * AUDIO_PPS) / 1000 + phase);
    while (this.#videoSent < videoDue) {
      const frame = Math.floor(this.#videoSent / this.#packetsPerFrame);
      const start = this.#videoSent % this.#packetsPerFrame === 0;
      const keyframe = frame % KEYFRAME_INTERVAL_FRAMES === 0 || frame === this.#keyframeAt;
      writeVp8Payload(this.#videoPacket, { pictureId: frame, start, keyframe });
      this.#videoSent++;
      this.#emit(this.#videoPacket, this.#videoSent, frame * VIDEO_TICKS_PER_FRAME);
    }
    while (this.#audioSent < audioDue) {
      this.#audioSent++;
      this.#emit(this.#audioPacket, this.#audioSent, this.#audioSent * AUDIO_TICKS_PER_PACKET);
    }
  }

  #emit(packet: Buffer, sequence: number, timestamp: number): void {
    const tally = this.#tally;
    put16(packet, 2, sequence);
    put32(packet, 4, timestamp);
    put16(packet, TRANSPORT_SEQUENCE_OFFSET, this.#transportSequence++);
    const stamp = tally.measuring ? performance.now() : 0;
    packet.writeDoubleLE(stamp, SYNTHETIC_HEADER_BYTES + STAMP_OFFSET);
    if (stamp > 0) {
      packet.writeUInt32LE(this.#serial++, SYNTHETIC_HEADER_BYTES + SERIAL_OFFSET);
      if (this.#serial > this.#arrived.length) {
        const longer = new Uint8Array(this.#arrived.length * 2);
        longer.set(this.#arrived);
        this.#arrived = longer;
      }
    }
    // What the generator's own socket refuses was never under way.
    if (this.publisher?.send(packet) === true && stamp > 0) {
      tally.sent++;
    }
  }
}

/** CPU time of the subjects over exactly the measured time. */
export type Measurement = { ms: number; cpuUs: number[] };

/**
 * Loads all `sessions` and measures for `ms` after a warm-up; those of several subjects should alternate in
 * the list. Resolves when everything that was under way has arrived or is lost.
 * @param cpu reads the CPU time of each subject, in microseconds
 */
export async function load(
  sessions: readonly Session[],
  ms: number,
  cpu: () => number[],
): Promise<Measurement> {
  const tallies = [...new Set(sessions.map((session) => session.tally))];
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const ranMs = performance.now() - startedAt;
    for (let index = 0; index < sessions.length; index++) {
      // Another phase for each session, within one packet's interval.
      const phase = index / sessions.length;
      sessions[index]?.send(Math.max(0, ranMs - phase * BEGIN_MS), phase);
    }
  }, 1);
  try {
    await sleep(BEGIN_MS + WARM_UP_MS);
    const measuredFrom = performance.now();
    const before = cpu();
    for (const tally of tallies) {
      tally.measuring = true;
    }
    await sleep(ms);
    for (const tally of tallies) {
      tally.measuring = false;
    }
    const after = cpu();
    const measuredMs = performance.now() - measuredFrom;
    return { ms: measuredMs, cpuUs: after.map((us, index) => us - (before[index] ?? 0)) };
  } finally {
    clearInterval(timer);
    await drained(tallies);
  }
}

async function drained(tallies: readonly Tally[]): Promise<void> {
  const received = () => tallies.reduce((sum, tally) => sum + tally.received, 0);
  const deadline = performance.now() + DRAIN_MAX_MS;
  for (let before = -1, now = received(); now !== before && performance.now() < deadline; now = received()) {
    before = now;
    await sleep(QUIET_MS);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
