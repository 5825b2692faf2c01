/**
 * Media from the relay: one outgoing source of one browser connection. Third step of a packet's way (peer,
 * uptrack, downtrack, peer): starts at a keyframe, gives the packet this source's numbers in place and sends it. What
 * the viewer misses is sent again out of the uptrack's cache.
 */
import { put24 } from '../codec/bytes.ts';
import { ntpMiddle32 } from '../codec/ntp.ts';
import * as rtcp from '../codec/rtcp.ts';
import { writeSenderReport } from '../codec/rtcp-write.ts';
import * as rtp from '../codec/rtp.ts';
import { truncate16 } from '../codec/serial.ts';
import type { SenderReport, SendPacket } from './feedback.ts';
import type { RoundTrip } from './loss.ts';
import type { AnsweredSection, TrackFormat } from './negotiation.ts';
import { type Downstream, type RtpPacket, SEND_TIME_UNITS_PER_MS } from './packet.ts';
import { PictureIds } from './picture-ids.ts';
import { withoutRedundancy } from './redundancy.ts';
import { Retransmitter } from './retransmission.ts';
import { Rewriter } from './rewriter.ts';
import type { Uptrack } from './uptrack.ts';
import type { DowntrackStats, PacketCounters } from './worker-protocol.ts';

/** DLSR unit of RFC 3550 section 6.4.1. */
const DLSR_UNITS_PER_MS = 65.536;

/** Reports and the packets between them are few: the share of loss is smoothed over about four of them. */
const MIN_REPORTED_PACKETS = 10;

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
  /** Wants `poll` at this time. */
  wake: (at: number) => void;
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
  readonly #retransmitter: Retransmitter;
  #takesRedundancy = false;
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
  /** At the viewer's last report: what it should have got and did get of this source, as numbers that only grow. */
  #deliverable = 0;
  #delivered = 0;
  #fractionLost = 0;

  constructor(options: DowntrackOptions) {
    this.format = options.format;
    this.ssrc = options.ssrc;
    this.#roundTrip = options.roundTrip;
    this.#send = options.send;
    this.#counters = options.counters;
    this.#rewriter = new Rewriter(options.format.clockRateHz, options.initialSequence);
    this.#pictureIds = new PictureIds(options.format.codec);
    this.#needsKeyframe = options.format.kind === 'video';
    this.#retransmitter = new Retransmitter({
      kind: options.format.kind,
      rtxSsrc: options.rtxSsrc,
      initialSequence: options.initialSequence,
      roundTrip: options.roundTrip,
      rewriter: this.#rewriter,
      pictureIds: this.#pictureIds,
      send: options.send,
      wake: options.wake,
      counters: options.counters,
    });
  }

  get source(): Uptrack | undefined {
    return this.#source;
  }

  /** When the last media packet went out, milliseconds, monotonic. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /** Share of the packets sent to this viewer that it did not get, smoothed. */
  get lossShare(): number {
    return this.#retransmitter.lossShare;
  }

  get retentionMs(): number {
    return this.#retransmitter.retentionMs(this.#sentAt);
  }

  /** False while the path to the viewer is full. */
  set hasRoom(hasRoom: boolean) {
    this.#retransmitter.hasRoom = hasRoom;
  }

  get stats(): DowntrackStats {
    const roundTripMs = this.#roundTrip.measuredMs;
    return {
      kind: this.format.kind,
      packets: this.#packets,
      bytes: this.#bytes,
      plis: this.#plis,
      ...this.#retransmitter.stats,
      fractionLost: this.#fractionLost,
      lossShare: this.#retransmitter.lossShare,
      ...(roundTripMs !== undefined && { roundTripMs }),
    };
  }

  /** What the viewer's answer took of what was offered for this track. */
  onAnswer({ payloadTypes }: Pick<AnsweredSection, 'payloadTypes'>): void {
    const { rtxPayloadType, redPayloadType } = this.format;
    const takes = (payloadType: number | undefined) =>
      payloadType !== undefined && payloadTypes.includes(payloadType);
    this.#retransmitter.agree(takes(rtxPayloadType) ? rtxPayloadType : undefined);
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
    if (this.#packets === 0) {
      this.#retransmitter.onBegin(packet.arrivedAt);
    }
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
    this.#retransmitter.onSent(sequence, bytes, payloadOffset, arrivedAt);
    if (this.#send(bytes)) {
      this.#sentAt = arrivedAt;
      this.#packets++;
      this.#bytes += bytes.length;
      this.#payloadBytes += bytes.length - payloadOffset;
      this.#counters.forwarded++;
      this.#counters.forwardedBytes += bytes.length;
    }
  }

  skip(packet: RtpPacket): void {
    if (this.#flowing && packet.generation === this.#generation) {
      this.#rewriter.skip(packet.sequence);
    }
  }

  /** Passes the publisher's newest sender report on, on this source's own timeline. */
  tick(now: number): void {
    this.#retransmitter.tick(now);
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

  /**
   * A report block about this source; `block` as `findReportBlock` returns it.
   * @returns the round trip in milliseconds that it tells; NaN when it tells none
   */
  receiveReport(packet: Uint8Array, block: number, now: number): number {
    this.#fractionLost = rtcp.blockFractionLost(packet, block) / 256;
    this.#measureLoss(packet, block);
    if (this.#reportedAt > 0 && rtcp.blockLastSr(packet, block) === this.#reportMiddle32) {
      const held = rtcp.blockDelaySinceLastSr(packet, block) / DLSR_UNITS_PER_MS;
      const roundTripMs = Math.max(0, now - this.#reportedAt - held);
      this.#roundTrip.sample(roundTripMs);
      return roundTripMs;
    }
    return Number.NaN;
  }

  /** The viewer misses packets: they go out again. */
  receiveNack(packet: Uint8Array, at: number, end: number, now: number): void {
    this.#retransmitter.onNack(packet, at, end, this.#flowing ? this.#source : undefined, now);
  }

  /** Sends what is to be sent again by now. */
  poll(now: number): void {
    this.#retransmitter.poll(this.#flowing ? this.#source : undefined, now);
  }

  close(): void {
    this.switchTo(undefined, 0);
    this.#retransmitter.close();
  }

  /**
   * How many of the packets sent were lost on the way to this viewer. What it reports itself counts as lost what the
   * relay did not have in time, too.
   */
  #measureLoss(packet: Uint8Array, block: number): void {
    const highest = this.#rewriter.outgoing(truncate16(rtcp.blockHighestSequence(packet, block)));
    const deliverable = this.#packets - (this.#rewriter.newest - highest);
    const delivered = highest - rtcp.blockCumulativeLost(packet, block);
    const sent = deliverable - this.#deliverable;
    if (this.#delivered !== 0 && sent >= MIN_REPORTED_PACKETS) {
      const share = Math.max(0, 1 - (delivered - this.#delivered) / sent);
      // Quick to see that it is bad, slow to believe that it is over.
      const before = this.#retransmitter.lossShare;
      this.#retransmitter.lossShare += (share - before) / (share > before ? 2 : 4);
    }
    if (this.#delivered === 0 || sent >= MIN_REPORTED_PACKETS) {
      this.#deliverable = deliverable;
      this.#delivered = delivered;
    }
  }
}
