/**
 * Media from the relay: one outgoing source of one browser connection. Third step of a packet's way (peer,
 * uptrack, downtrack, peer): starts at a keyframe, gives the packet this source's numbers in place and sends it. What
 * the viewer misses is sent again out of the uptrack's cache.
 */
import { put16, put24 } from '../codec/bytes.ts';
import { ntpMiddle32 } from '../codec/ntp.ts';
import * as red from '../codec/red.ts';
import * as rtcp from '../codec/rtcp.ts';
import { writeSenderReport } from '../codec/rtcp-write.ts';
import * as rtp from '../codec/rtp.ts';
import { PacketCache } from './cache.ts';
import type { SenderReport, SendPacket } from './feedback.ts';
import type { RoundTrip } from './loss.ts';
import type { AnsweredSection, TrackFormat } from './negotiation.ts';
import { absoluteSendTimeOffset, type Downstream, type RtpPacket } from './packet.ts';
import { PictureIds } from './picture-ids.ts';
import { Rewriter } from './rewriter.ts';
import type { Uptrack } from './uptrack.ts';
import type { DowntrackStats, PacketCounters } from './worker-protocol.ts';

/** DLSR unit of RFC 3550 section 6.4.1. */
const DLSR_UNITS_PER_MS = 65.536;

/** Unit of abs-send-time: 24 bits of seconds with 18 behind the point. */
const SEND_TIME_UNITS_PER_MS = 2 ** 18 / 1000;

/** For how long a viewer may ask again: one who loses nothing, and one who has just asked. */
const RETENTION_CALM_MS = 250;
const RETENTION_CALM_ROUND_TRIPS = 4;
const RETENTION_LOSSY_MS = 400;
const RETENTION_LOSSY_ROUND_TRIPS = 12;
const LOSSY_FOR_MS = 10_000;

/** The same packet again sooner than this answers a NACK that crossed the answer to the one before. */
const MIN_RESEND_INTERVAL_MS = 20;
const RESEND_ROUND_TRIPS = 0.8;
/** A viewer that loses more than this loses retransmissions too: each goes twice. */
const RESEND_TWICE_ABOVE = 0.08;
/** Numbers of one NACK that are answered; more than Chromium misses at one time when anything is to be saved. */
const MAX_RESENDS = 256;
/** Whoever asks for more than what was sent, three times over, is not repairing a loss. */
const RESEND_BYTES_PER_BYTE = 2;
const RESEND_ALLOWANCE_BYTES = 128 * 1_024;
/** Half a second of voice with redundancy; the cache grows when more is wanted. */
const SENT_CACHE_BYTES = 4 * 1_024;
/** Packets whose last retransmission is remembered; a power of two. */
const RESEND_MEMORY = 1_024;

/** Numbers of one NACK that are looked at. */
const nacked = new Uint16Array(1_024);

/** Written and sent within one call; the peer copies it. */
const scratch = Buffer.alloc(1_536);

export type DowntrackOptions = {
  format: TrackFormat;
  ssrc: number;
  /** Of the retransmissions of a picture. */
  rtxSsrc?: number;
  /** Random (RFC 3550 section 5.1). */
  initialSequence: number;
  /** To the viewer and back. */
  roundTrip: RoundTrip;
  send: SendPacket;
  counters: PacketCounters;
};

export class Downtrack implements Downstream {
  readonly rewrites = true;
  readonly format: TrackFormat;
  readonly ssrc: number;
  readonly #roundTrip: RoundTrip;
  readonly #send: SendPacket;
  readonly #counters: PacketCounters;
  readonly #rewriter: Rewriter;
  readonly #pictureIds: PictureIds;
  readonly #needsKeyframe: boolean;
  readonly #rtxSsrc: number | undefined;
  #rtxPayloadType: number | undefined;
  /** Voice as sent: without a retransmission stream a packet goes out again as it was, to the last bit. */
  readonly #sent: PacketCache | undefined;
  #takesRedundancy = false;
  #rtxSequence: number;
  #source: Uptrack | undefined;
  #flowing = false;
  #generation = -1;
  #sentAt = Number.NEGATIVE_INFINITY;
  #packets = 0;
  #bytes = 0;
  #payloadBytes = 0;
  /** The publisher's report that was last passed on, its echo in the viewer's reports, and when. */
  #reported: SenderReport | undefined;
  #reportMiddle32 = 0;
  #reportedAt = 0;
  #plis = 0;
  #nackedPackets = 0;
  #nackedAt = Number.NEGATIVE_INFINITY;
  /** When each packet was last sent again, whole milliseconds, by the low bits of its number; made at the first NACK. */
  #resentAt: Uint32Array | undefined;
  #resendAllowance = RESEND_ALLOWANCE_BYTES;
  #retransmitted = 0;
  #cacheMisses = 0;
  #fractionLost = 0;

  constructor(options: DowntrackOptions) {
    this.format = options.format;
    this.ssrc = options.ssrc;
    this.#rtxSsrc = options.rtxSsrc;
    this.#rtxSequence = options.initialSequence;
    this.#roundTrip = options.roundTrip;
    this.#send = options.send;
    this.#counters = options.counters;
    this.#rewriter = new Rewriter(options.format.clockRateHz, options.initialSequence);
    this.#pictureIds = new PictureIds(options.format.codec);
    this.#needsKeyframe = options.format.kind === 'video';
    this.#sent = options.format.kind === 'audio' ? new PacketCache(SENT_CACHE_BYTES) : undefined;
  }

  get source(): Uptrack | undefined {
    return this.#source;
  }

  /** When the last media packet went out, milliseconds, monotonic. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /** Share of packets that the viewer missed, by its last report, before retransmissions. */
  get fractionLost(): number {
    return this.#fractionLost;
  }

  get retentionMs(): number {
    const roundTripMs = this.#roundTrip.ms;
    return this.#sentAt - this.#nackedAt < LOSSY_FOR_MS
      ? Math.max(RETENTION_LOSSY_MS, RETENTION_LOSSY_ROUND_TRIPS * roundTripMs)
      : Math.max(RETENTION_CALM_MS, RETENTION_CALM_ROUND_TRIPS * roundTripMs);
  }

  get stats(): DowntrackStats {
    const roundTripMs = this.#roundTrip.measuredMs;
    return {
      kind: this.format.kind,
      packets: this.#packets,
      bytes: this.#bytes,
      plis: this.#plis,
      nackedPackets: this.#nackedPackets,
      retransmitted: this.#retransmitted,
      cacheMisses: this.#cacheMisses,
      fractionLost: this.#fractionLost,
      ...(roundTripMs !== undefined && { roundTripMs }),
    };
  }

  /** What the viewer's answer took of what was offered for this track. */
  onAnswer({ payloadTypes }: Pick<AnsweredSection, 'payloadTypes'>): void {
    const { rtxPayloadType, redPayloadType } = this.format;
    const takes = (payloadType: number | undefined) =>
      payloadType !== undefined && payloadTypes.includes(payloadType);
    this.#rtxPayloadType = takes(rtxPayloadType) ? rtxPayloadType : undefined;
    this.#takesRedundancy = takes(redPayloadType);
  }

  /** Takes its packets from this uptrack from now on; the viewer sees one continuous source. */
  switchTo(source: Uptrack | undefined, now: number): void {
    if (source === this.#source) {
      return;
    }
    this.#source?.unsubscribe(this);
    this.#source = source;
    source?.subscribe(this);
    const keyframe = this.#needsKeyframe && source !== undefined ? source.replayableKeyframe(now) : -1;
    if (keyframe >= 0) {
      source?.replay(this, keyframe, keyframe, now);
    }
  }

  /** After a pause the stream goes on at a keyframe. */
  pause(): void {
    this.#flowing = false;
  }

  forward(packet: RtpPacket): void {
    if (this.#flowing && packet.generation === this.#generation) {
      this.#forward(packet);
    } else if (this.#needsKeyframe && !packet.keyframe) {
      this.#counters.droppedAwaitingKeyframe++;
      this.#source?.requestKeyframe(packet.arrivedAt);
    } else {
      this.#begin(packet);
      this.#forward(packet);
      // The keyframe itself is late, or was kept for this: what followed it is in the cache.
      const source = this.#source;
      if (source !== undefined && packet.sequence < source.newest) {
        source.replay(this, packet.sequence + 1, source.newest, packet.arrivedAt);
      }
    }
  }

  #begin(packet: RtpPacket): void {
    const continuous = packet.generation === this.#generation;
    this.#rewriter.begin(packet.sequence, packet.timestamp, packet.arrivedAt, continuous);
    if (!continuous) {
      this.#pictureIds.begin(packet.pictureId, packet.tl0PicIdx);
    }
    this.#flowing = true;
    this.#generation = packet.generation;
  }

  #forward(packet: RtpPacket): void {
    const rewriter = this.#rewriter;
    const sequence = rewriter.sequence(packet.sequence);
    if (sequence < 0) {
      this.#counters.droppedStale++;
      return;
    }
    const { payloadOffset, arrivedAt } = packet;
    const bytes = packet.redundant && !this.#takesRedundancy ? withoutRedundancy(packet) : packet.bytes;
    const timestamp = rewriter.timestamp(packet.timestamp);
    rtp.setSequenceNumber(bytes, sequence);
    rtp.setTimestamp(bytes, timestamp);
    rtp.setSsrc(bytes, this.ssrc);
    if (packet.absoluteSendTimeOffset >= 0) {
      put24(bytes, packet.absoluteSendTimeOffset, arrivedAt * SEND_TIME_UNITS_PER_MS);
    }
    const ids = this.#pictureIds;
    // Moved by this viewer, or by the one served before it.
    if (ids.moves || packet.pictureIdsMoved) {
      ids.write(bytes, payloadOffset, bytes.length, packet.pictureId, packet.tl0PicIdx);
      packet.pictureIdsMoved = true;
    }
    ids.sent(packet.pictureId, packet.tl0PicIdx);
    rewriter.sent(packet.sequence, sequence, timestamp, arrivedAt);
    this.#sent?.put(sequence, bytes, payloadOffset, arrivedAt);
    if (this.#send(bytes)) {
      this.#sentAt = arrivedAt;
      this.#packets++;
      this.#bytes += bytes.length;
      this.#payloadBytes += bytes.length - payloadOffset;
      this.#counters.forwarded++;
      this.#counters.forwardedBytes += bytes.length;
      this.#resendAllowance = Math.min(
        RESEND_ALLOWANCE_BYTES,
        this.#resendAllowance + RESEND_BYTES_PER_BYTE * bytes.length,
      );
    }
  }

  skip(packet: RtpPacket): void {
    if (this.#flowing && packet.generation === this.#generation) {
      this.#rewriter.skip(packet.sequence);
    }
  }

  /** Passes the publisher's newest sender report on, on this source's own timeline. */
  tick(now: number): void {
    if (this.#sent !== undefined) {
      this.#sent.retentionMs = this.retentionMs;
      this.#sent.tick(now);
    }
    const report = this.#source?.senderReport;
    if (report === undefined || report === this.#reported || !this.#flowing) {
      return;
    }
    // The publisher's wall clock stays: the viewer needs it only to align voice and picture of one publisher.
    const end = writeSenderReport(
      scratch,
      0,
      this.ssrc,
      report.ntpSeconds,
      report.ntpFraction,
      this.#rewriter.timestamp(report.rtpTimestamp),
      this.#packets,
      this.#payloadBytes,
    );
    if (this.#send(scratch.subarray(0, end))) {
      this.#counters.rtcpSent++;
      this.#reported = report;
      this.#reportMiddle32 = ntpMiddle32(report.ntpSeconds, report.ntpFraction);
      this.#reportedAt = now;
    }
  }

  /** The viewer cannot decode: one throttled request to the publisher, whoever else asks. */
  receiveKeyframeRequest(now: number): void {
    this.#plis++;
    this.#source?.requestKeyframe(now);
  }

  /** A report block about this source; `block` as `findReportBlock` returns it. */
  receiveReport(packet: Uint8Array, block: number, now: number): void {
    this.#fractionLost = rtcp.blockFractionLost(packet, block) / 256;
    if (this.#reportedAt > 0 && rtcp.blockLastSr(packet, block) === this.#reportMiddle32) {
      const held = rtcp.blockDelaySinceLastSr(packet, block) / DLSR_UNITS_PER_MS;
      this.#roundTrip.sample(Math.max(0, now - this.#reportedAt - held));
    }
  }

  /**
   * The viewer misses packets: they go out again from the cache, as retransmissions (RFC 4588) if agreed. What the relay
   * misses itself it has asked for already; the publisher hears nothing of this.
   */
  receiveNack(packet: Uint8Array, at: number, end: number, now: number): void {
    const count = rtcp.readNack(packet, at, end, nacked);
    this.#nackedPackets += count;
    if (!this.#flowing) {
      // Behind a closed gate nothing goes out again either.
      return;
    }
    this.#nackedAt = now;
    this.#resentAt ??= new Uint32Array(RESEND_MEMORY);
    const interval = Math.max(MIN_RESEND_INTERVAL_MS, RESEND_ROUND_TRIPS * (this.#roundTrip.measuredMs ?? 0));
    const copies = this.#fractionLost > RESEND_TWICE_ABOVE ? 2 : 1;
    for (let index = 0; index < count && index < MAX_RESENDS; index++) {
      const number = nacked[index] ?? 0;
      const memory = number & (RESEND_MEMORY - 1);
      if ((Math.floor(now) - (this.#resentAt[memory] ?? 0)) >>> 0 < interval) {
        continue;
      }
      const sent =
        this.#sent === undefined
          ? this.#resend(number, now, copies)
          : this.#repeat(this.#sent, number, now, copies);
      if (sent) {
        this.#resentAt[memory] = Math.floor(now);
      }
    }
  }

  close(): void {
    this.switchTo(undefined, 0);
  }

  /**
   * Sends a packet of a picture as a retransmission (RFC 4588).
   * @param number as the viewer knows it
   * @returns whether it was there
   */
  #resend(number: number, now: number, copies: number): boolean {
    const source = this.#flowing ? this.#source : undefined;
    const sequence = this.#rewriter.incoming(number);
    const rtxType = this.#rtxPayloadType;
    if (source === undefined || sequence < 0 || rtxType === undefined || this.#rtxSsrc === undefined) {
      return false;
    }
    const { cache } = source;
    const slot = cache.find(sequence, now);
    if (slot < 0) {
      this.#missed(source.isMissing(sequence));
      return false;
    }
    const length = cache.length(slot);
    const header = cache.payloadOffset(slot);
    cache.copy(slot, scratch, 0, 0, header);
    cache.copy(slot, scratch, header + 2, header, length);
    if (this.#pictureIds.moves) {
      this.#pictureIds.move(scratch, header + 2, length + 2);
    }
    put16(scratch, header, number);
    rtp.setPayloadType(scratch, rtxType);
    rtp.setTimestamp(scratch, this.#rewriter.timestamp(rtp.timestamp(scratch)));
    rtp.setSsrc(scratch, this.#rtxSsrc);
    const bytes = scratch.subarray(0, rtp.stripPadding(scratch, length + 2));
    const sendTime = absoluteSendTimeOffset(bytes);
    if (sendTime >= 0) {
      put24(bytes, sendTime, now * SEND_TIME_UNITS_PER_MS);
    }
    for (let copy = 0; copy < copies; copy++) {
      // Each copy is a packet of its own: SRTP never sees one number with two contents.
      rtp.setSequenceNumber(bytes, this.#rtxSequence++);
      this.#sendAgain(bytes);
    }
    return true;
  }

  /** Sends a packet of the voice once more. Changing any bit of it would break AES-GCM, which must not see a number twice. */
  #repeat(sent: PacketCache, number: number, now: number, copies: number): boolean {
    const slot = sent.find(this.#rewriter.outgoing(number), now);
    if (slot < 0) {
      this.#missed(this.#source?.isMissing(this.#rewriter.incoming(number)) === true);
      return false;
    }
    const length = sent.length(slot);
    sent.copy(slot, scratch, 0, 0, length);
    const bytes = scratch.subarray(0, length);
    for (let copy = 0; copy < copies; copy++) {
      this.#sendAgain(bytes);
    }
    return true;
  }

  /** @param isOnItsWay the relay has asked for it itself */
  #missed(isOnItsWay: boolean): void {
    if (!isOnItsWay) {
      this.#cacheMisses++;
      this.#counters.cacheMisses++;
    }
  }

  #sendAgain(bytes: Buffer): void {
    if (this.#resendAllowance >= bytes.length && this.#send(bytes)) {
      this.#resendAllowance -= bytes.length;
      this.#retransmitted++;
      this.#counters.retransmitted++;
    }
  }
}

/** The newest block of a packet alone, in a buffer that lasts for this call; the packet stays as it is for others. */
function withoutRedundancy({ bytes, payloadOffset }: RtpPacket): Buffer {
  bytes.copy(scratch);
  const end = red.unwrapRed(scratch, payloadOffset, rtp.stripPadding(scratch, bytes.length));
  return end < 0 ? bytes : scratch.subarray(0, end);
}
