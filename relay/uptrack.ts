/**
 * Media towards the relay: what one browser sends, one `Uptrack` for its voice and one for its picture. Second
 * step of a packet's way (peer, uptrack, downtrack, peer): validated here, accounted, kept for retransmission, and
 * given to every downstream in a plain loop. What is missing is asked for again.
 */
import * as av1 from '../codec/av1.ts';
import * as h264 from '../codec/h264.ts';
import * as rtp from '../codec/rtp.ts';
import { add16, SequenceUnwrapper } from '../codec/serial.ts';
import * as vp8 from '../codec/vp8.ts';
import * as vp9 from '../codec/vp9.ts';
import { PacketCache } from './cache.ts';
import { type PeerFeedback, Reception, type SenderReport } from './feedback.ts';
import { KeyframeRequests } from './keyframe-requests.ts';
import { MissingPackets } from './loss.ts';
import type { TrackFormat } from './negotiation.ts';
import { absoluteSendTimeOffset, type Downstream, NO_PACKET, type RtpPacket } from './packet.ts';
import { PICTURE_IDS } from './picture-ids.ts';
import { earlierCount, takeEarlier } from './redundancy.ts';
import type { PacketCounters, UptrackStats } from './worker-protocol.ts';

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

/**
 * A viewer whose picture has a hole for this long is frozen, and a keyframe comes sooner than the rest of the tries.
 * It is asked for as often while the hole stays.
 */
const HOLE_PATIENCE_MS = 1_000;

/** Packets before the first one that are asked for when it is not the beginning of a picture. */
const LOST_BEGINNING = 8;

/** What a new viewer is started with at once; more would only queue up on its way, and a keyframe is asked for. */
const REPLAY_MAX_PACKETS = 300;
const REPLAY_MAX_BYTES = 128 * 1_024;

/** An uptrack's numbers asked for within one call; a NACK of them fits one packet whatever they are. */
const wanted = new Float64Array(250);

/** A packet out of the cache on its way to a viewer; filled and used up within one call. */
const replayBytes = Buffer.alloc(1_500);

const NO_STATS = { packets: 0, bytes: 0, keyframes: 0, plis: 0, nacked: 0, recovered: 0 };

/** Every stretch of packets with coherent numbers has its own, in the whole process. */
let lastGeneration = 0;

/** One incoming source with everybody who wants it. */
export class Uptrack {
  readonly format: TrackFormat;
  readonly reception: Reception;
  /** What retransmissions of a picture are answered from. */
  readonly cache: PacketCache;
  readonly #feedback: PeerFeedback;
  readonly #counters: PacketCounters;
  readonly #unwrapper = new SequenceUnwrapper();
  readonly #missing: MissingPackets;
  readonly #downstreams: Downstream[] = [];
  readonly #stats = { ...NO_STATS };
  readonly #isKeyframe: (b: Uint8Array, offset: number, end: number) => boolean;
  readonly #pictureIds: (typeof PICTURE_IDS)[TrackFormat['codec']];
  readonly #replayed: RtpPacket = { ...NO_PACKET };
  #ssrc: number | undefined;
  #rtxSsrc: number | undefined;
  #senderReport: SenderReport | undefined;
  #generation = ++lastGeneration;
  #lastArrivalAt = Number.NEGATIVE_INFINITY;
  /** The sequence number that would prove a large step right; −1 for none. */
  #resyncAt = -1;
  /** The next number that comes through the gate when nothing is lost; −1 before the first. */
  #expected = -1;
  /** Numbers from `#expected` to before this are taken for lost at that time, by what the transport's numbers say. */
  #suspectedBelow = -1;
  #suspectedAt = 0;
  /** The newest keyframe that came through the gate: its first packet and its timestamp. */
  #keyframe = -1;
  #keyframeTimestamp = -1;
  readonly #keyframeRequests = new KeyframeRequests();
  #holeReportedAt = Number.NEGATIVE_INFINITY;
  #delivers = false;
  #open = false;
  #shed = false;
  /** Called once, before the packet that makes `delivers` true is forwarded. */
  onDelivering: (now: number) => void = () => {};

  constructor(format: TrackFormat, feedback: PeerFeedback, counters: PacketCounters) {
    this.format = format;
    this.cache = new PacketCache(format.kind);
    this.reception = new Reception(format.clockRateHz);
    this.#feedback = feedback;
    this.#counters = counters;
    this.#missing = new MissingPackets(feedback.roundTrip, format.kind);
    this.#isKeyframe = IS_KEYFRAME[format.codec];
    this.#pictureIds = PICTURE_IDS[format.codec];
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

  /** The newest number that came through the gate, unwrapped; −1 before the first. */
  get newest(): number {
    return this.#expected - 1;
  }

  /** When `poll` has something to do; infinite while nothing is missing. */
  get nextDueAt(): number {
    const { nextDueAt } = this.#missing;
    return this.#suspectedBelow > this.#expected ? Math.min(nextDueAt, this.#suspectedAt) : nextDueAt;
  }

  get stats(): UptrackStats {
    return {
      kind: this.format.kind,
      ...this.#stats,
      lost: this.reception.lost,
      jitterMs: this.reception.jitterMs,
      unrecovered: this.#missing.abandoned,
      cacheBytes: this.cache.bytes,
    };
  }

  /** While false, packets are accounted and go no further. */
  get open(): boolean {
    return this.#open;
  }

  set open(open: boolean) {
    this.#open = open;
    this.#interrupt();
  }

  /** While true, packets go no further because the worker is overloaded. */
  set shed(shed: boolean) {
    this.#shed = shed;
    this.#interrupt();
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

  /** The sources that the browser's answer declared. */
  declare(ssrc: number, rtxSsrc?: number): void {
    this.#restart(ssrc);
    this.#rtxSsrc = rtxSsrc;
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
    this.reception.onPacket(packet.sequence, packet.timestamp, arrivedAt);
    this.#stats.packets++;
    this.#stats.bytes += bytes.length;
    if (!this.#open) {
      this.#counters.droppedGate++;
    } else if (this.#shed) {
      this.#counters.droppedShed++;
    } else {
      this.#accept(packet);
    }
  }

  #accept(packet: RtpPacket): void {
    const { sequence, arrivedAt } = packet;
    const isFirst = this.#expected < 0;
    if (!this.#isNew(sequence, arrivedAt)) {
      this.#counters.droppedDuplicate++;
      return;
    }
    if (packet.redundant && this.#missing.size > 0) {
      this.#forwardEarlier(packet);
    }
    this.#forward(packet);
    if (isFirst && this.format.kind === 'video' && !packet.keyframe) {
      // A picture begins with a keyframe, so the beginning of this one is lost; how much of it cannot be known.
      this.#missing.suspect(Math.max(0, sequence - LOST_BEGINNING), sequence, arrivedAt);
    }
  }

  /**
   * Takes a packet of this track's retransmission payload type (RFC 4588). Only what is missing goes on: Chromium
   * probes the bandwidth with retransmissions of old packets, and SRTP refuses numbers 1024 behind.
   * @param packet as for `receive`; its bytes become those of the original
   */
  receiveRetransmission(packet: RtpPacket): void {
    const { bytes, arrivedAt } = packet;
    const original = rtp.originalSequenceNumber(bytes, packet.payloadOffset);
    const sequence = this.#unwrapper.peek(original);
    const isOurs = this.#rtxSsrc === undefined || rtp.ssrc(bytes) === this.#rtxSsrc;
    const ssrc = this.#ssrc;
    if (original < 0 || ssrc === undefined || !isOurs || !this.#missing.take(sequence, arrivedAt, true)) {
      this.#counters.droppedUnasked++;
      return;
    }
    const length = rtp.unwrapRtx(bytes, bytes.length, ssrc, this.format.payloadType);
    packet.bytes = bytes.subarray(0, length);
    packet.sequence = sequence;
    this.#stats.recovered++;
    this.#counters.recovered++;
    this.#forward(packet);
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
    if (this.#open && !this.#shed) {
      this.#keyframeRequests.want();
      this.#askForKeyframe(now);
    }
  }

  /**
   * So many packets of this source have probably been lost behind the newest: another source of the same transport has
   * got its next one, and numbers of the transport are missing in between.
   */
  suspect(count: number, now: number): void {
    if (this.#expected >= 0 && this.#suspectedBelow <= this.#expected) {
      this.#suspectedBelow = this.#expected + count;
      this.#suspectedAt = now + this.#missing.reorderingMs;
    }
  }

  /** Asks again for what is missing and due. */
  poll(now: number): void {
    const ssrc = this.#ssrc;
    if (ssrc === undefined) {
      return;
    }
    if (this.#suspectedBelow > this.#expected && now >= this.#suspectedAt) {
      this.#missing.suspect(this.#expected, this.#suspectedBelow, now);
      this.#expected = this.#suspectedBelow;
    }
    for (let count = this.#missing.collect(now, wanted); count > 0; ) {
      this.#feedback.requestPackets(ssrc, wanted, count);
      this.#stats.nacked += count;
      count = count === wanted.length ? this.#missing.collect(now, wanted) : 0;
    }
  }

  tick(now: number): void {
    this.poll(now);
    this.#missing.expire(now);
    // Holes before the newest keyframe stop nobody.
    if (
      this.format.kind === 'video' &&
      now - this.#holeReportedAt >= HOLE_PATIENCE_MS &&
      this.#missing.oldestAge(this.#keyframe, now) >= HOLE_PATIENCE_MS
    ) {
      this.#holeReportedAt = now;
      this.requestKeyframe(now);
    }
    this.#askForKeyframe(now);
    this.cache.tick(now);
    let retentionMs = 0;
    for (const downstream of this.#downstreams) {
      retentionMs = Math.max(retentionMs, downstream.retentionMs);
    }
    this.cache.retentionMs = retentionMs;
  }

  /** The first packet of the newest keyframe when it and all that came since are at hand and little enough; else −1. */
  replayableKeyframe(now: number): number {
    const { newest } = this;
    if (this.#keyframe < 0 || newest - this.#keyframe >= REPLAY_MAX_PACKETS) {
      return -1;
    }
    let bytes = 0;
    for (let sequence = this.#keyframe; sequence <= newest; sequence++) {
      const slot = this.cache.find(sequence, now);
      if (slot < 0 && (sequence === this.#keyframe || !this.#missing.isMissing(sequence))) {
        return -1;
      }
      bytes += slot < 0 ? 0 : this.cache.length(slot);
    }
    return bytes <= REPLAY_MAX_BYTES ? this.#keyframe : -1;
  }

  /** Forwards to one downstream what the cache has of these numbers, both ends included; the newest 300 at most. */
  replay(downstream: Downstream, from: number, to: number, now: number): void {
    const packet = this.#replayed;
    for (let sequence = Math.max(from, to - REPLAY_MAX_PACKETS); sequence <= to; sequence++) {
      const slot = this.cache.find(sequence, now);
      if (slot >= 0) {
        const length = this.cache.length(slot);
        this.cache.copy(slot, replayBytes, 0, 0, length);
        packet.bytes = replayBytes.subarray(0, length);
        packet.payloadOffset = this.cache.payloadOffset(slot);
        packet.arrivedAt = now;
        packet.sequence = sequence;
        packet.timestamp = rtp.timestamp(packet.bytes);
        packet.absoluteSendTimeOffset = absoluteSendTimeOffset(packet.bytes);
        this.#inspect(packet);
        downstream.forward(packet);
      }
    }
  }

  /** The relay has asked for this number itself. */
  isMissing(sequence: number): boolean {
    return this.#missing.isMissing(sequence);
  }

  /** Missing packets that this one carries with it go on before it. */
  #forwardEarlier(carrier: RtpPacket): void {
    const count = earlierCount(carrier);
    for (let index = 0; index < count; index++) {
      const sequence = carrier.sequence - count + index;
      if (
        this.#missing.isMissing(sequence) &&
        takeEarlier(carrier, count, index, this.#replayed) &&
        this.#missing.fill(sequence)
      ) {
        this.#stats.recovered++;
        this.#counters.recovered++;
        this.#forward(this.#replayed);
      }
    }
  }

  /** A packet that nobody has had yet, whatever its order. */
  #forward(packet: RtpPacket): void {
    const { bytes, payloadOffset, arrivedAt, sequence } = packet;
    this.#inspect(packet);
    if (packet.keyframe) {
      this.#stats.keyframes++;
      this.#keyframeRequests.satisfied();
      if (sequence > this.#keyframe && packet.timestamp !== this.#keyframeTimestamp) {
        this.#keyframe = sequence;
        this.#keyframeTimestamp = packet.timestamp;
      }
    }
    if (!this.#delivers && (packet.keyframe || this.format.kind === 'audio')) {
      this.#delivers = true;
      this.onDelivering(arrivedAt);
    }
    const hasContent = rtp.payloadLength(bytes, payloadOffset) > 0;
    if (!hasContent) {
      this.#counters.droppedUnasked++;
    } else if (this.format.kind === 'video') {
      this.cache.put(sequence, bytes, payloadOffset, arrivedAt);
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

  /** Fills in what this track knows of a packet of its own. */
  #inspect(packet: RtpPacket): void {
    const { bytes, payloadOffset } = packet;
    const end = payloadOffset + rtp.payloadLength(bytes, payloadOffset);
    packet.generation = this.#generation;
    packet.keyframe = this.#isKeyframe(bytes, payloadOffset, end);
    packet.pictureId = this.#pictureIds?.pictureId(bytes, payloadOffset, end) ?? -1;
    packet.tl0PicIdx = this.#pictureIds?.tl0PicIdx(bytes, payloadOffset, end) ?? -1;
    packet.pictureIdsMoved = false;
  }

  /** Whether nobody has had this number yet; notes the gap that it shows. */
  #isNew(sequence: number, now: number): boolean {
    const expected = this.#expected;
    if (sequence < expected) {
      return this.#missing.take(sequence, now, false);
    }
    this.#expected = sequence + 1;
    this.#missing.confirm(now);
    if (expected >= 0 && sequence > expected && !this.#missing.add(expected, sequence, now)) {
      this.requestKeyframe(now);
    }
    return true;
  }

  #askForKeyframe(now: number): void {
    const ssrc = this.#ssrc;
    const isWanted = this.#open && !this.#shed;
    if (isWanted && ssrc !== undefined && this.#keyframeRequests.isDue(now, this.#feedback.roundTrip.ms)) {
      this.#stats.plis++;
      this.#feedback.requestKeyframe(ssrc);
    }
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
    if (ssrc !== this.#ssrc) {
      this.#rtxSsrc = undefined;
    }
    this.#ssrc = ssrc;
    this.#senderReport = undefined;
    this.#unwrapper.reset();
    this.#resyncAt = -1;
    this.#generation = ++lastGeneration;
    this.reception.restart();
    this.#interrupt();
  }

  /** What comes next does not continue what came before: nothing of that is asked for, kept or started with. */
  #interrupt(): void {
    this.#missing.clear();
    this.#expected = -1;
    this.#suspectedBelow = -1;
    this.#keyframe = -1;
    this.#keyframeTimestamp = -1;
    this.cache.clear();
  }
}
