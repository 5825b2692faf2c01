/**
 * Media towards the relay: what one browser sends, one `Uptrack` for its voice and one for its picture. Second
 * step of a packet's way (peer, uptrack, downtrack, peer): validated here, accounted, and given to every
 * downstream in a plain loop.
 */
import * as av1 from '../codec/av1.ts';
import { u16 } from '../codec/bytes.ts';
import * as h264 from '../codec/h264.ts';
import * as rtp from '../codec/rtp.ts';
import { add16, SequenceUnwrapper } from '../codec/serial.ts';
import * as vp8 from '../codec/vp8.ts';
import * as vp9 from '../codec/vp9.ts';
import { type PeerFeedback, Reception, type SenderReport } from './feedback.ts';
import { TRANSPORT_SEQUENCE_EXTENSION, type TrackFormat } from './negotiation.ts';
import type { PacketCounters, UptrackStats } from './worker-protocol.ts';

/** A second request within this brings no second keyframe; LiveKit's throttle (facts/reliability.md 1.2). */
const KEYFRAME_REQUEST_INTERVAL_MS = 500;

/**
 * A larger step of the sequence number is believed only when the next packet follows it (RFC 3550 appendix
 * A.1); backwards it allows for retransmissions two seconds late.
 */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 1_000;

/** An undeclared source takes over only from one that is silent for this long. */
const SOURCE_SILENCE_MS = 1_000;

/** Whether a packet with this payload is the first of a keyframe; sound has none to wait for. */
const IS_KEYFRAME: Record<TrackFormat['codec'], (b: Uint8Array, offset: number, end: number) => boolean> = {
  opus: () => false,
  VP8: vp8.isKeyframe,
  H264: h264.isKeyframe,
  VP9: vp9.isKeyframe,
  AV1: av1.isKeyframe,
};

const NO_STATS = { packets: 0, bytes: 0, keyframes: 0, plis: 0 };

/** Every stretch of packets with coherent numbers has its own, in the whole process. */
let lastGeneration = 0;

/**
 * A validated packet on its way. There is one such object per peer, filled anew for each packet: neither it nor
 * its bytes may be kept beyond the call. `bytes` may carry another downstream's SSRC, numbers and timestamp;
 * the values as received are here.
 */
export type RtpPacket = {
  bytes: Buffer;
  payloadOffset: number;
  /** Milliseconds, monotonic. */
  arrivedAt: number;
  /** Unwrapped. */
  sequence: number;
  timestamp: number;
  /** The first packet of a keyframe. */
  keyframe: boolean;
  /** Changes when sequence numbers and timestamps do not continue the ones before. */
  generation: number;
  /** Where the transport-wide sequence number stands; −1 without one. */
  transportSequenceOffset: number;
};

/** Somebody who gets what an uptrack gets: a downtrack, later a recorder. */
export type Downstream = {
  /** True when it writes into the packet. Those that only read are served first and see the bytes as sent. */
  readonly rewrites: boolean;
  forward(packet: RtpPacket): void;
  /** This packet has no content for anybody; a rewriter closes the gap that it leaves. */
  skip(packet: RtpPacket): void;
};

/** One incoming source with everybody who wants it. */
export class Uptrack {
  readonly format: TrackFormat;
  readonly reception: Reception;
  readonly #feedback: PeerFeedback;
  readonly #counters: PacketCounters;
  readonly #unwrapper = new SequenceUnwrapper();
  readonly #downstreams: Downstream[] = [];
  readonly #stats = { ...NO_STATS };
  readonly #isKeyframe: (b: Uint8Array, offset: number, end: number) => boolean;
  #ssrc: number | undefined;
  #senderReport: SenderReport | undefined;
  #generation = ++lastGeneration;
  #lastArrivalAt = Number.NEGATIVE_INFINITY;
  /** The sequence number that would prove a large step right; −1 for none. */
  #resyncAt = -1;
  #keyframeWanted = false;
  #keyframeRequestedAt = Number.NEGATIVE_INFINITY;
  #delivers = false;
  /** While false, packets are accounted and go no further. */
  open = false;
  /** While true, packets go no further because the worker is overloaded. */
  shed = false;
  /** Called once, before the packet that makes `delivers` true is forwarded. */
  onDelivering: () => void = () => {};

  constructor(format: TrackFormat, feedback: PeerFeedback, counters: PacketCounters) {
    this.format = format;
    this.reception = new Reception(format.clockRateHz);
    this.#feedback = feedback;
    this.#counters = counters;
    this.#isKeyframe = IS_KEYFRAME[format.codec];
  }

  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /** Something that a viewer can begin with has come through the open gate. */
  get delivers(): boolean {
    return this.#delivers;
  }

  /** The last sender report of the current source. */
  get senderReport(): SenderReport | undefined {
    return this.#senderReport;
  }

  get stats(): UptrackStats {
    return {
      kind: this.format.kind,
      ...this.#stats,
      lost: this.reception.lost,
      jitterMs: this.reception.jitterMs,
    };
  }

  subscribe(downstream: Downstream): void {
    if (!this.#downstreams.includes(downstream)) {
      if (downstream.rewrites) {
        this.#downstreams.push(downstream);
      } else {
        this.#downstreams.unshift(downstream);
      }
    }
  }

  unsubscribe(downstream: Downstream): void {
    const index = this.#downstreams.indexOf(downstream);
    if (index >= 0) {
      this.#downstreams.splice(index, 1);
    }
  }

  /** The source that the browser's answer declared. */
  declare(ssrc: number): void {
    this.#restart(ssrc);
  }

  /**
   * Takes a packet of this track's payload type.
   * @param packet filled except for `sequence`, `keyframe` and `generation`
   */
  receive(packet: RtpPacket): void {
    const { bytes, arrivedAt } = packet;
    if (!this.#isOurs(rtp.ssrc(bytes), arrivedAt) || !this.#inSequence(rtp.sequenceNumber(bytes))) {
      this.#counters.droppedUnknownSource++;
      return;
    }
    this.#lastArrivalAt = arrivedAt;
    packet.sequence = this.#unwrapper.unwrap(rtp.sequenceNumber(bytes));
    packet.generation = this.#generation;
    this.reception.onPacket(packet.sequence, packet.timestamp, arrivedAt);
    this.#stats.packets++;
    this.#stats.bytes += bytes.length;
    const contentLength = rtp.payloadLength(bytes, packet.payloadOffset);
    const hasContent = contentLength > 0;
    packet.keyframe = this.#isKeyframe(bytes, packet.payloadOffset, packet.payloadOffset + contentLength);
    if (packet.keyframe) {
      this.#stats.keyframes++;
      this.#keyframeWanted = false;
    }
    if (!this.open) {
      this.#counters.droppedGate++;
      return;
    }
    if (this.shed) {
      this.#counters.droppedShed++;
      return;
    }
    if (!this.#delivers && (packet.keyframe || this.format.kind === 'audio')) {
      this.#delivers = true;
      this.onDelivering();
    }
    if (!hasContent) {
      this.#counters.droppedUnasked++;
    }
    const downstreams = this.#downstreams;
    for (let index = 0; index < downstreams.length; index++) {
      if (hasContent) {
        downstreams[index]?.forward(packet);
      } else {
        downstreams[index]?.skip(packet);
      }
    }
  }

  /** A sender report about some source of this peer. */
  receiveSenderReport(ssrc: number, report: SenderReport): void {
    if (ssrc === this.#ssrc) {
      this.#senderReport = report;
    }
  }

  /**
   * Asks the publisher for a keyframe, at once or as soon as the throttle allows, unless one comes before. Behind
   * a closed gate or while shed not at all: a frozen viewer's requests would only hold up the one at its end.
   */
  requestKeyframe(now: number): void {
    if (this.open && !this.shed) {
      this.#keyframeWanted = true;
      this.#askForKeyframe(now);
    }
  }

  tick(now: number): void {
    if (this.#keyframeWanted) {
      this.#askForKeyframe(now);
    }
  }

  #askForKeyframe(now: number): void {
    const ssrc = this.#ssrc;
    if (ssrc === undefined || now - this.#keyframeRequestedAt < KEYFRAME_REQUEST_INTERVAL_MS) {
      return;
    }
    this.#keyframeRequestedAt = now;
    this.#keyframeWanted = false;
    this.#stats.plis++;
    this.#feedback.requestKeyframe(ssrc);
  }

  /** The declared source, or the first to come; another one only when that one has gone silent. */
  #isOurs(ssrc: number, now: number): boolean {
    if (ssrc === this.#ssrc) {
      return true;
    }
    if (this.#ssrc !== undefined && now - this.#lastArrivalAt < SOURCE_SILENCE_MS) {
      return false;
    }
    this.#restart(ssrc);
    return true;
  }

  #inSequence(sequenceNumber: number): boolean {
    const { highest } = this.#unwrapper;
    if (highest < 0) {
      return true;
    }
    const step = this.#unwrapper.peek(sequenceNumber) - highest;
    if (step <= MAX_DROPOUT && step >= -MAX_MISORDER) {
      this.#resyncAt = -1;
      return true;
    }
    if (sequenceNumber !== this.#resyncAt) {
      this.#resyncAt = add16(sequenceNumber, 1);
      return false;
    }
    this.#restart(this.#ssrc);
    return true;
  }

  #restart(ssrc: number | undefined): void {
    this.#ssrc = ssrc;
    this.#senderReport = undefined;
    this.#unwrapper.reset();
    this.#resyncAt = -1;
    this.#generation = ++lastGeneration;
    this.reception.restart();
  }
}

/** All that one peer sends, told apart by payload type. */
export class Uptracks {
  readonly #tracks: readonly Uptrack[];
  readonly #feedback: PeerFeedback;
  readonly #counters: PacketCounters;
  readonly #packet: RtpPacket = {
    bytes: Buffer.alloc(0),
    payloadOffset: 0,
    arrivedAt: 0,
    sequence: 0,
    timestamp: 0,
    keyframe: false,
    generation: 0,
    transportSequenceOffset: -1,
  };

  constructor(tracks: readonly Uptrack[], feedback: PeerFeedback, counters: PacketCounters) {
    this.#tracks = tracks;
    this.#feedback = feedback;
    this.#counters = counters;
  }

  get all(): readonly Uptrack[] {
    return this.#tracks;
  }

  of(kind: 'audio' | 'video'): Uptrack | undefined {
    return this.#tracks.find((track) => track.format.kind === kind);
  }

  /** Takes anything that the peer received and that is not RTCP. */
  receive(bytes: Buffer, now: number): void {
    const payloadOffset = rtp.validateRtp(bytes);
    if (payloadOffset < 0) {
      this.#counters.droppedMalformed++;
      return;
    }
    let extension = rtp.findExtension(bytes, TRANSPORT_SEQUENCE_EXTENSION);
    if (extension >= 0) {
      if (rtp.extensionLength(bytes, extension) === 2) {
        this.#feedback.arrived(u16(bytes, extension), now);
      } else {
        extension = -1;
      }
    }
    const payloadType = rtp.payloadType(bytes);
    for (let index = 0; index < this.#tracks.length; index++) {
      const track = this.#tracks[index];
      if (track?.format.payloadType === payloadType) {
        const packet = this.#packet;
        packet.bytes = bytes;
        packet.payloadOffset = payloadOffset;
        packet.arrivedAt = now;
        packet.timestamp = rtp.timestamp(bytes);
        packet.transportSequenceOffset = extension;
        track.receive(packet);
        return;
      }
      if (track?.format.rtxPayloadType === payloadType) {
        // Chromium probes with retransmissions of old packets; nobody asked for them.
        this.#counters.droppedUnasked++;
        return;
      }
    }
    this.#counters.droppedUnknownSource++;
  }
}
