/**
 * A call in virtual time: phone → link → relay → link → viewer. The relay's media session is the real one; the links are
 * impairment.ts; phone and viewer do what Chromium does with RTP as far as loss is concerned: retransmission history and
 * once per round trip on the one side, NACK with retries and decoding in order on the other.
 */
import { put16 } from '../../codec/bytes.ts';
import * as rtcp from '../../codec/rtcp.ts';
import { addReportBlock, writeNack, writePli, writeReceiverReport } from '../../codec/rtcp-write.ts';
import * as rtp from '../../codec/rtp.ts';
import { SequenceUnwrapper } from '../../codec/serial.ts';
import { MediaSession } from '../../relay/media-session.ts';
import type { PacketReceiver, PeerEvents } from '../../relay/peer.ts';
import { NO_PACKETS } from '../../relay/worker-protocol.ts';
import { type Impairment, LinkDirection } from './impairment.ts';
import { SYNTHETIC_HEADER_BYTES, syntheticPacket, writeVp8Payload } from './media-packets.ts';
import { VirtualTime } from './virtual-time.ts';

const VIDEO = { type: 96, rtxType: 97, ssrc: 2_000, rtxSsrc: 2_001 };
const AUDIO = { type: 111, ssrc: 1_000 };
const PACKET_BYTES = 1_000;
/** Chromium: NackRequester's process interval and retries. */
const NACK_INTERVAL_MS = 20;
const NACK_RETRIES = 10;
/** Chromium asks for a keyframe when it has had nothing to decode for so long; at first it waits 200 ms. */
const NOTHING_TO_DECODE_MS = 3_000;
const NO_KEYFRAME_MS = 200;

export type CallOptions = {
  /** Phone to relay and relay to viewer; both directions of each are impaired alike. */
  uplink: Partial<Impairment>;
  downlink: Partial<Impairment>;
  seconds: number;
  seed?: number;
  framesPerS?: number;
  packetsPerFrame?: number;
  /** Of the phone's picture and voice. */
  startSequence?: number;
};

export type CallResult = {
  framesSent: number;
  /** Milliseconds from sending to complete and decodable, in the order of the frames; absent for one never shown. */
  delaysMs: (number | undefined)[];
  keyframes: number;
  /** Numbers of the picture from the first to the last that the viewer got, how many of them it never got, and how many
   * the relay gave up. */
  numbers: number;
  missing: number;
  unrecovered: number;
  /** Packets of the picture that the relay sent more than once under the same number of the same source. */
  repeated: number;
  voiceShare: number;
  counters: typeof NO_PACKETS;
  cacheBytes: number;
};

/** One end's connection: what the relay sends goes over the link to `deliver`. */
class VirtualPipe {
  readonly pipe = { iceUfrag: 'ufra', icePwd: 'p'.repeat(22), fingerprint: 'sha-256 AB', candidates: [] };
  readonly receiver: PacketReceiver;
  readonly events: PeerEvents;
  connected = false;
  readonly #time: VirtualTime;
  readonly #toRelay: LinkDirection;
  readonly #fromRelay: LinkDirection;
  /** SRTP drops what it has had. */
  readonly #seen = new Set<string>();
  deliver: (packet: Buffer) => void = () => {};

  constructor(
    time: VirtualTime,
    impairment: Partial<Impairment>,
    seed: number,
    receiver: PacketReceiver,
    events: PeerEvents,
  ) {
    this.#time = time;
    this.#toRelay = new LinkDirection(impairment, seed);
    this.#fromRelay = new LinkDirection(impairment, seed + 1);
    this.receiver = receiver;
    this.events = events;
  }

  accept(): string[] {
    return [];
  }

  close(): void {}

  /** From the relay. */
  send(packet: Buffer): boolean {
    const copy = Buffer.from(packet);
    for (const at of this.#fromRelay.admit(this.#time.now, copy.length)) {
      this.#time.at(at, () => this.deliver(copy));
    }
    return true;
  }

  /** To the relay. */
  transmit(packet: Buffer): void {
    const copy = Buffer.from(packet);
    for (const at of this.#toRelay.admit(this.#time.now, copy.length)) {
      this.#time.at(at, () => {
        if (rtp.isRtcp(copy)) {
          this.receiver.rtcp(copy, this.#time.now);
          return;
        }
        const key = `${rtp.ssrc(copy)}/${rtp.sequenceNumber(copy)}`;
        if (!this.#seen.has(key)) {
          this.#seen.add(key);
          this.receiver.rtp(copy, this.#time.now);
        }
      });
    }
  }
}

/** Sends frames and a voice, and again what is asked for. */
class Phone {
  readonly sentAt: number[] = [];
  keyframes = 0;
  readonly #time: VirtualTime;
  readonly #pipe: VirtualPipe;
  readonly #roundTripMs: number;
  readonly #history = new Map<number, { packet: Buffer; resentAt: number }>();
  #sequence: number;
  #voiceSequence: number;
  #rtxSequence = 1;
  #transportSequence = 0;
  #keyframeWanted = true;
  voicePackets = 0;

  constructor(time: VirtualTime, pipe: VirtualPipe, roundTripMs: number, startSequence: number) {
    this.#time = time;
    this.#pipe = pipe;
    this.#roundTripMs = roundTripMs;
    this.#sequence = startSequence;
    this.#voiceSequence = startSequence;
    pipe.deliver = (packet) => this.#receive(packet);
  }

  /** One frame; its packets leave a millisecond apart, as Chromium's pacer lets them. */
  frame(packets: number): void {
    const frame = this.sentAt.length;
    const keyframe = this.#keyframeWanted;
    this.#keyframeWanted = false;
    this.keyframes += keyframe ? 1 : 0;
    this.sentAt.push(this.#time.now);
    const count = keyframe ? packets * 4 : packets;
    for (let index = 0; index < count; index++) {
      const packet = syntheticPacket(PACKET_BYTES, VIDEO.type, VIDEO.ssrc, {
        sequence: this.#sequence & 0xffff,
        timestamp: frame * 4_500,
        marker: index === count - 1,
      });
      writeVp8Payload(packet, { pictureId: frame, start: index === 0, keyframe });
      packet.writeUInt32BE(frame, SYNTHETIC_HEADER_BYTES + 20);
      packet.writeUInt16BE(count, SYNTHETIC_HEADER_BYTES + 24);
      packet[SYNTHETIC_HEADER_BYTES + 26] = keyframe ? 1 : 0;
      this.#history.set(this.#sequence & 0xffff, { packet: Buffer.from(packet), resentAt: -1e9 });
      this.#sequence++;
      this.#time.after(index, () => this.#transmit(packet));
    }
  }

  voice(): void {
    this.voicePackets++;
    const sequence = this.#voiceSequence++ & 0xffff;
    this.#transmit(syntheticPacket(120, AUDIO.type, AUDIO.ssrc, { sequence, timestamp: sequence * 960 }));
  }

  #transmit(packet: Buffer): void {
    put16(packet, 21, this.#transportSequence++);
    this.#pipe.transmit(packet);
  }

  #receive(packet: Buffer): void {
    for (let at = 0, end = rtcp.nextRtcp(packet, 0); end > 0; at = end, end = rtcp.nextRtcp(packet, at)) {
      const kind = rtcp.rtcpKind(packet, at, end);
      if (kind === rtcp.PLI) {
        this.#keyframeWanted = true;
      } else if (kind === rtcp.NACK && rtcp.mediaSsrc(packet, at) === VIDEO.ssrc) {
        const numbers = new Uint16Array(512);
        const count = rtcp.readNack(packet, at, end, numbers);
        for (const number of numbers.subarray(0, count)) {
          this.#resend(number);
        }
      }
    }
  }

  #resend(number: number): void {
    const kept = this.#history.get(number);
    // The same packet once per round trip (Chromium's RtpPacketHistory).
    if (kept === undefined || this.#time.now - kept.resentAt < this.#roundTripMs) {
      return;
    }
    kept.resentAt = this.#time.now;
    const target = Buffer.alloc(kept.packet.length + 2);
    const length = rtp.writeRtx(
      target,
      kept.packet,
      kept.packet.length,
      VIDEO.rtxSsrc,
      VIDEO.rtxType,
      this.#rtxSequence++,
    );
    this.#transmit(target.subarray(0, length));
  }
}

type Frame = { packets: Set<number>; count: number; keyframe: boolean; completeAt?: number };

/** Gets packets, asks for those that it misses, and decodes frames in order; a keyframe may be jumped to. */
class Viewer {
  readonly arrivals = new Set<number>();
  readonly #plain = new Set<number>();
  repeated = 0;
  readonly shownAt = new Map<number, number>();
  voicePackets = 0;
  readonly #time: VirtualTime;
  readonly #pipe: VirtualPipe;
  readonly #roundTripMs: number;
  readonly #frames = new Map<number, Frame>();
  readonly #missing = new Map<number, { sentAt: number; retries: number }>();
  readonly #unwrapper = new SequenceUnwrapper();
  readonly #voices = new Set<number>();
  #newest = -1;
  #next = -1;
  #ssrc = 0;
  #progressAt = 0;
  #first = -1;

  constructor(time: VirtualTime, pipe: VirtualPipe, roundTripMs: number) {
    this.#time = time;
    this.#pipe = pipe;
    this.#roundTripMs = roundTripMs;
    pipe.deliver = (packet) => this.#receive(packet);
    time.every(NACK_INTERVAL_MS, () => this.#ask());
    time.every(1_000, () => this.#report());
    time.every(NO_KEYFRAME_MS, () => this.#askForKeyframe());
  }

  get numbers(): number {
    return this.#newest < 0 ? 0 : this.#newest - this.#first + 1;
  }

  #receive(packet: Buffer): void {
    if (rtp.isRtcp(packet)) {
      return;
    }
    const type = rtp.payloadType(packet);
    if (type === AUDIO.type) {
      this.#voices.add(rtp.sequenceNumber(packet));
      this.voicePackets = this.#voices.size;
      return;
    }
    const payload = rtp.validateRtp(packet);
    const isRtx = type === VIDEO.rtxType;
    if (isRtx) {
      rtp.unwrapRtx(packet, packet.length, this.#ssrc, VIDEO.type);
    } else {
      this.#ssrc = rtp.ssrc(packet);
    }
    const sequence = this.#unwrapper.unwrap(rtp.sequenceNumber(packet));
    if (!isRtx) {
      this.repeated += this.#plain.has(sequence) ? 1 : 0;
      this.#plain.add(sequence);
    }
    this.#take(sequence);
    const number = packet.readUInt32BE(payload + 20);
    if (number < this.#next) {
      return;
    }
    const frame = this.#frames.get(number) ?? {
      packets: new Set<number>(),
      count: packet.readUInt16BE(payload + 24),
      keyframe: packet[payload + 26] === 1,
    };
    this.#frames.set(number, frame);
    frame.packets.add(sequence);
    if (frame.packets.size === frame.count && frame.completeAt === undefined) {
      frame.completeAt = this.#time.now;
      this.#jump(number, frame);
      this.#decode();
    }
  }

  #take(sequence: number): void {
    this.arrivals.add(sequence);
    this.#missing.delete(sequence);
    if (this.#newest < 0) {
      this.#first = sequence;
      this.#newest = sequence;
    }
    if (sequence > this.#newest) {
      for (let gap = this.#newest + 1; gap < sequence; gap++) {
        this.#missing.set(gap, { sentAt: Number.NEGATIVE_INFINITY, retries: 0 });
      }
      this.#newest = sequence;
      this.#ask();
    }
  }

  #ask(): void {
    const numbers: number[] = [];
    for (const [sequence, entry] of this.#missing) {
      if (this.#time.now - entry.sentAt >= this.#roundTripMs) {
        entry.sentAt = this.#time.now;
        numbers.push(sequence);
        if (++entry.retries > NACK_RETRIES) {
          this.#missing.delete(sequence);
        }
      }
    }
    if (numbers.length > 0) {
      const packet = Buffer.alloc(1_200);
      const end = writeNack(packet, 0, 1, this.#ssrc, numbers.slice(0, 250));
      this.#pipe.transmit(packet.subarray(0, end));
    }
  }

  #report(): void {
    const packet = Buffer.alloc(64);
    const lost = this.#newest < 0 ? 0 : this.#newest - this.#first + 1 - this.#plain.size;
    let end = writeReceiverReport(packet, 0, 1);
    end = addReportBlock(packet, 0, end, this.#ssrc, 0, lost, Math.max(0, this.#newest), 0, 0, 0);
    this.#pipe.transmit(packet.subarray(0, end));
  }

  #askForKeyframe(): void {
    const patience = this.#next < 0 ? NO_KEYFRAME_MS : NOTHING_TO_DECODE_MS;
    if (this.#ssrc !== 0 && this.#time.now - this.#progressAt >= patience) {
      this.#progressAt = this.#time.now;
      const packet = Buffer.alloc(12);
      writePli(packet, 0, 1, this.#ssrc);
      this.#pipe.transmit(packet);
    }
  }

  /** A complete keyframe lies ahead: what is before it and not complete is given up. */
  #jump(number: number, frame: Frame): void {
    if (frame.keyframe && number > this.#next) {
      this.#next = number;
      for (const older of this.#frames.keys()) {
        if (older < number) {
          this.#frames.delete(older);
        }
      }
    }
  }

  #decode(): void {
    for (;;) {
      const frame = this.#frames.get(this.#next);
      if (this.#next < 0 || frame?.completeAt === undefined) {
        return;
      }
      this.shownAt.set(this.#next, this.#time.now);
      this.#progressAt = this.#time.now;
      this.#frames.delete(this.#next);
      this.#next++;
    }
  }
}

function answerTo(offer: string, lines: Record<string, string[]>): string {
  let kind = '';
  return offer
    .split('\r\n')
    .flatMap((line) => {
      kind = /^m=(\w+)/.exec(line)?.[1] ?? kind;
      if (line.startsWith('a=fingerprint')) {
        return [`a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`];
      }
      if (line === 'a=setup:actpass') {
        return ['a=setup:active', ...(lines[kind] ?? [])];
      }
      return line.startsWith('a=ssrc') ? [] : [line];
    })
    .join('\r\n');
}

/** Runs a call and says what came of it. */
export function virtualCall(options: CallOptions): CallResult {
  const { seconds, seed = 1, framesPerS = 20, packetsPerFrame = 3, startSequence = 1 } = options;
  const time = new VirtualTime(1e7);
  const counters = { ...NO_PACKETS };
  const pipes: VirtualPipe[] = [];
  let wakeAt = Number.POSITIVE_INFINITY;
  const session = new MediaSession(
    1,
    (_name, receiver, events) => {
      const impairment = pipes.length === 0 ? options.uplink : options.downlink;
      const pipe = new VirtualPipe(time, impairment, seed + 10 * pipes.length, receiver, events);
      pipes.push(pipe);
      return pipe;
    },
    {
      peerState: () => {},
      peerMedia: () => {},
      peerLossy: () => {},
      wake: (at) => {
        if (at < wakeAt) {
          wakeAt = at;
          time.at(Math.max(at, time.now + 4), () => {
            if (at === wakeAt) {
              wakeAt = Number.POSITIVE_INFINITY;
              session.poll(time.now);
            }
          });
        }
      },
    },
    counters,
  );
  const phoneLines = {
    audio: [`a=ssrc:${AUDIO.ssrc} cname:x`],
    video: [`a=ssrc-group:FID ${VIDEO.ssrc} ${VIDEO.rtxSsrc}`, `a=ssrc:${VIDEO.ssrc} cname:x`],
  };
  session.answer('c', answerTo(session.createPeer('c', 'customer', 'VP8') ?? '', phoneLines));
  session.answer('t', answerTo(session.createPeer('t', 'technician', 'VP8') ?? '', {}));
  const [phonePipe, viewerPipe] = pipes;
  if (phonePipe === undefined || viewerPipe === undefined) {
    throw new Error('no connections');
  }
  const roundTrip = ({ delayMs = 0, jitterMs = 0 }: Partial<Impairment>) => 2 * delayMs + jitterMs;
  const phone = new Phone(time, phonePipe, roundTrip(options.uplink), startSequence);
  const viewer = new Viewer(time, viewerPipe, roundTrip(options.downlink));
  for (const pipe of pipes) {
    pipe.connected = true;
    pipe.events.connected();
  }
  session.setGate(true, time.now);
  let cacheBytes = 0;
  time.every(50, () => {
    session.tick(time.now);
    for (const peer of session.stats.peers) {
      cacheBytes = Math.max(cacheBytes, ...peer.up.map((up) => up.cacheBytes));
    }
  });
  const stopFrames = time.every(1_000 / framesPerS, () => phone.frame(packetsPerFrame));
  const stopVoice = time.every(20, () => phone.voice());
  time.run(time.now + seconds * 1_000);
  stopFrames();
  stopVoice();
  time.run(time.now + 3_000);
  return {
    framesSent: phone.sentAt.length,
    delaysMs: phone.sentAt.map((sentAt, frame) => {
      const shownAt = viewer.shownAt.get(frame);
      return shownAt === undefined ? undefined : shownAt - sentAt;
    }),
    keyframes: phone.keyframes,
    numbers: viewer.numbers,
    missing: viewer.numbers - viewer.arrivals.size,
    unrecovered: session.stats.peers.flatMap(({ up }) => up).reduce((sum, up) => sum + up.unrecovered, 0),
    repeated: viewer.repeated,
    voiceShare: viewer.voicePackets / phone.voicePackets,
    counters,
    cacheBytes,
  };
}

/** Share of the time that the picture stands still, with frames shown this long after they were sent at the earliest. */
export function freezeShare({ delaysMs }: CallResult, framesPerS: number, bufferMs: number): number {
  const interval = 1_000 / framesPerS;
  const shown = delaysMs
    .map((delay, frame) => (delay === undefined ? undefined : frame * interval + Math.max(delay, bufferMs)))
    .filter((at) => at !== undefined);
  // Chromium: a gap of three mean intervals and of 150 ms more than the mean.
  const limit = Math.max(3 * interval, interval + 150);
  let frozen = 0;
  for (let index = 1; index < shown.length; index++) {
    const gap = (shown[index] ?? 0) - (shown[index - 1] ?? 0);
    frozen += gap > limit ? gap : 0;
  }
  return frozen / (delaysMs.length * interval);
}
