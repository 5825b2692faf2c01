/**
 * Media from the relay: one outgoing source of one browser connection. Third step of a packet's way (peer,
 * uptrack, downtrack, peer): starts at a keyframe, gives the packet this source's numbers in place and sends it. What
 * the viewer misses is sent again out of the uptrack's cache.
 */
import { put16, put24 } from '../codec/bytes.ts';
import { ntpMiddle32 } from '../codec/ntp.ts';
import * as rtcp from '../codec/rtcp.ts';
import { writeSenderReport } from '../codec/rtcp-write.ts';
import * as rtp from '../codec/rtp.ts';
import type { SenderReport, SendPacket } from './feedback.ts';
import type { RoundTrip } from './loss.ts';
import type { TrackFormat } from './negotiation.ts';
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
/** Packets whose last retransmission is remembered; a power of two. */
const RESEND_MEMORY = 1_024;

/** Numbers of one NACK that are looked at. */
const nacked = new Uint16Array(1_024);

/** Written and sent within one call; the peer copies it. */
const scratch = Buffer.alloc(1_536);

export type DowntrackOptions = {
  format: TrackFormat;
  ssrc: number;
  /** Of its retransmissions; without one they are the packets themselves once more. */
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
  #rembBps: number | undefined;

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
  }

  get source(): Uptrack | undefined {
    return this.#source;
  }

  /** When the last media packet went out, milliseconds, monotonic. */
  get sentAt(): number {
    return this.#sentAt;
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
      ...(this.#rembBps !== undefined && { rembBps: this.#rembBps }),
    };
  }

  /** What the viewer's answer took of the payload types offered for this track. */
  onAnswer(payloadTypes: readonly number[]): void {
    const { rtxPayloadType } = this.format;
    const agreed = rtxPayloadType !== undefined && payloadTypes.includes(rtxPayloadType);
    this.#rtxPayloadType = agreed ? rtxPayloadType : undefined;
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
    const { bytes, payloadOffset, arrivedAt } = packet;
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
    const source = this.#source;
    if (source === undefined || !this.#flowing) {
      return;
    }
    this.#nackedAt = now;
    this.#resentAt ??= new Uint32Array(RESEND_MEMORY);
    const interval = Math.max(MIN_RESEND_INTERVAL_MS, RESEND_ROUND_TRIPS * (this.#roundTrip.measuredMs ?? 0));
    for (let index = 0; index < count && index < MAX_RESENDS; index++) {
      const number = nacked[index] ?? 0;
      const sequence = this.#rewriter.incoming(number);
      const slot = sequence < 0 ? -1 : source.cache.find(sequence, now);
      const memory = number & (RESEND_MEMORY - 1);
      if (slot < 0) {
        if (sequence < 0 || !source.isMissing(sequence)) {
          this.#cacheMisses++;
          this.#counters.cacheMisses++;
        }
      } else if ((Math.floor(now) - (this.#resentAt[memory] ?? 0)) >>> 0 >= interval) {
        this.#resentAt[memory] = Math.floor(now);
        this.#resend(source, slot, number, now);
        if (this.#rtxPayloadType !== undefined && this.#fractionLost > RESEND_TWICE_ABOVE) {
          this.#resend(source, slot, number, now);
        }
      }
    }
  }

  receiveBitrateLimit(bitsPerSecond: number): void {
    this.#rembBps = bitsPerSecond;
  }

  close(): void {
    this.switchTo(undefined, 0);
  }

  /** @param number as the viewer knows the packet */
  #resend({ cache }: Uptrack, slot: number, number: number, now: number): void {
    const length = cache.length(slot);
    const header = cache.payloadOffset(slot);
    if (this.#resendAllowance < length) {
      return;
    }
    const rtxType = this.#rtxPayloadType;
    const osnBytes = rtxType === undefined ? 0 : 2;
    cache.copy(slot, scratch, 0, 0, header);
    cache.copy(slot, scratch, header + osnBytes, header, length);
    let end = length + osnBytes;
    if (this.#pictureIds.moves) {
      this.#pictureIds.move(scratch, header + osnBytes, end);
    }
    rtp.setTimestamp(scratch, this.#rewriter.timestamp(rtp.timestamp(scratch)));
    if (rtxType === undefined || this.#rtxSsrc === undefined) {
      rtp.setSequenceNumber(scratch, number);
      rtp.setSsrc(scratch, this.ssrc);
    } else {
      // RFC 4588 section 4: the original number before the payload, and no padding.
      put16(scratch, header, number);
      rtp.setPayloadType(scratch, rtxType);
      rtp.setSequenceNumber(scratch, this.#rtxSequence++);
      rtp.setSsrc(scratch, this.#rtxSsrc);
      end = rtp.stripPadding(scratch, end);
    }
    const bytes = scratch.subarray(0, end);
    const sendTime = absoluteSendTimeOffset(bytes);
    if (sendTime >= 0) {
      put24(bytes, sendTime, now * SEND_TIME_UNITS_PER_MS);
    }
    if (this.#send(bytes)) {
      this.#resendAllowance -= length;
      this.#retransmitted++;
      this.#counters.retransmitted++;
    }
  }
}
