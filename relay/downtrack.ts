/**
 * Media from the relay: one outgoing source of one browser connection. Third step of a packet's way (peer,
 * uptrack, downtrack, peer): starts at a keyframe, gives the packet this source's numbers in place and sends it.
 */
import { put16 } from '../codec/bytes.ts';
import { ntpMiddle32 } from '../codec/ntp.ts';
import * as rtcp from '../codec/rtcp.ts';
import { writeSenderReport } from '../codec/rtcp-write.ts';
import * as rtp from '../codec/rtp.ts';
import type { SenderReport, SendPacket } from './feedback.ts';
import type { TrackFormat } from './negotiation.ts';
import { Rewriter } from './rewriter.ts';
import type { Downstream, RtpPacket, Uptrack } from './uptrack.ts';
import type { DowntrackStats, PacketCounters } from './worker-protocol.ts';

/** DLSR unit of RFC 3550 section 6.4.1. */
const DLSR_UNITS_PER_MS = 65.536;

/** Numbers of one NACK that are counted; more than Chromium puts into one. */
const nacked = new Uint16Array(1_024);

/** Written and sent within one call; the peer copies it. */
const scratch = Buffer.alloc(64);

/** The transport-wide counter of one viewer, shared by all sources that go to it. */
export type TransportSequence = { next: number };

export type DowntrackOptions = {
  format: TrackFormat;
  ssrc: number;
  /** Random (RFC 3550 section 5.1). */
  initialSequence: number;
  transport: TransportSequence;
  send: SendPacket;
  counters: PacketCounters;
};

export class Downtrack implements Downstream {
  readonly rewrites = true;
  readonly format: TrackFormat;
  readonly ssrc: number;
  readonly #transport: TransportSequence;
  readonly #send: SendPacket;
  readonly #counters: PacketCounters;
  readonly #rewriter: Rewriter;
  readonly #needsKeyframe: boolean;
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
  #fractionLost = 0;
  #roundTripMs: number | undefined;
  #rembBps: number | undefined;

  constructor(options: DowntrackOptions) {
    this.format = options.format;
    this.ssrc = options.ssrc;
    this.#transport = options.transport;
    this.#send = options.send;
    this.#counters = options.counters;
    this.#rewriter = new Rewriter(options.format.clockRateHz, options.initialSequence);
    this.#needsKeyframe = options.format.kind === 'video';
  }

  get source(): Uptrack | undefined {
    return this.#source;
  }

  /** When the last media packet went out, milliseconds, monotonic. */
  get sentAt(): number {
    return this.#sentAt;
  }

  get stats(): DowntrackStats {
    return {
      kind: this.format.kind,
      packets: this.#packets,
      bytes: this.#bytes,
      plis: this.#plis,
      nackedPackets: this.#nackedPackets,
      fractionLost: this.#fractionLost,
      ...(this.#roundTripMs !== undefined && { roundTripMs: this.#roundTripMs }),
      ...(this.#rembBps !== undefined && { rembBps: this.#rembBps }),
    };
  }

  /** Takes its packets from this uptrack from now on; the viewer sees one continuous source. */
  switchTo(source: Uptrack | undefined): void {
    if (source !== this.#source) {
      this.#source?.unsubscribe(this);
      this.#source = source;
      source?.subscribe(this);
    }
  }

  /** After a pause the stream goes on at a keyframe. */
  pause(): void {
    this.#flowing = false;
  }

  forward(packet: RtpPacket): void {
    const rewriter = this.#rewriter;
    if (!this.#flowing || packet.generation !== this.#generation) {
      if (this.#needsKeyframe && !packet.keyframe) {
        this.#counters.droppedAwaitingKeyframe++;
        this.#source?.requestKeyframe(packet.arrivedAt);
        return;
      }
      const continuous = packet.generation === this.#generation;
      rewriter.begin(packet.sequence, packet.timestamp, packet.arrivedAt, continuous);
      this.#flowing = true;
      this.#generation = packet.generation;
    }
    const sequence = rewriter.sequence(packet.sequence);
    if (sequence < 0) {
      this.#counters.droppedStale++;
      return;
    }
    const { bytes } = packet;
    const timestamp = rewriter.timestamp(packet.timestamp);
    rtp.setSequenceNumber(bytes, sequence);
    rtp.setTimestamp(bytes, timestamp);
    rtp.setSsrc(bytes, this.ssrc);
    if (packet.transportSequenceOffset >= 0) {
      put16(bytes, packet.transportSequenceOffset, this.#transport.next++);
    }
    rewriter.sent(packet.sequence, sequence, timestamp, packet.arrivedAt);
    if (this.#send(bytes)) {
      this.#sentAt = packet.arrivedAt;
      this.#packets++;
      this.#bytes += bytes.length;
      this.#payloadBytes += bytes.length - packet.payloadOffset;
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
      this.#roundTripMs = Math.max(0, now - this.#reportedAt - held);
    }
  }

  /** The viewer misses packets. Counted only: retransmission is not there yet. */
  receiveNack(packet: Uint8Array, at: number, end: number): void {
    this.#nackedPackets += rtcp.readNack(packet, at, end, nacked);
  }

  receiveBitrateLimit(bitsPerSecond: number): void {
    this.#rembBps = bitsPerSecond;
  }

  close(): void {
    this.switchTo(undefined);
  }
}
