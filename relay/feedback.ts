/**
 * What the relay tells those who send it media: when each packet arrived (TWCC), so that a browser's bandwidth
 * estimate stays up, reception reports with the echo of its sender reports, so that it knows the round trip, and what
 * it wants of them: packets again (NACK), keyframes. Its own view of the round trip is kept here.
 */
import {
  delaySinceLastSrUnits,
  ntpFraction,
  ntpMiddle32,
  ntpMiddle32At,
  ntpSeconds,
  roundTripTimeMs,
} from '../codec/ntp.ts';
import * as rtcp from '../codec/rtcp.ts';
import {
  addReportBlock,
  writeNack,
  writePli,
  writeReceiverReferenceTime,
  writeReceiverReport,
  writeRemb,
} from '../codec/rtcp-write.ts';
import { TwccReceiver } from '../codec/twcc.ts';
import { RoundTrip } from './loss.ts';
import type { Estimation, PacketCounters } from './worker-protocol.ts';

/**
 * Chromium sends its own feedback every 100 ms at ordinary rates, mediasoup does too (facts/reliability.md 1.2).
 * At half of that the relay would spend one packet in nine of a 300 packets/s stream on feedback.
 */
const TRANSPORT_FEEDBACK_INTERVAL_MS = 100;

/** Reception reports; Chromium takes its round trip from them (RFC 3550 section 6.2 asks for at most 5 s). */
const REPORT_INTERVAL_MS = 1_000;

/** Datagrams of TWCC at one time; 4 say about 2 000 packets, what is left goes with the next. */
const MAX_TRANSPORT_FEEDBACKS = 4;

/** Written and sent within one call; the peer copies it. */
const scratch = Buffer.alloc(1_400);

const rembSource = new Uint32Array(1);

/** Sends a finished packet; false when it was not sent. */
export type SendPacket = (packet: Buffer) => boolean;

/** A sender report as it arrived (RFC 3550 section 6.4.1): the same moment on the wall and on the media clock. */
export type SenderReport = {
  ntpSeconds: number;
  ntpFraction: number;
  rtpTimestamp: number;
  arrivedAt: number;
};

/** A source as a reception report needs it. */
export type ReportedSource = {
  /** Undefined until it is known. */
  readonly ssrc: number | undefined;
  readonly reception: Reception;
  readonly senderReport: SenderReport | undefined;
};

/** Loss and jitter of one incoming source (RFC 3550 appendix A.3 and A.8). Sequence numbers are unwrapped. */
export class Reception {
  readonly #clockRateHz: number;
  #first = -1;
  #highest = -1;
  #received = 0;
  /** Difference of the relay's and the sender's clock for the last packet, and its smoothed change, in ticks. */
  #transit = 0;
  #jitter = 0;
  /** At the last report. */
  #expectedBefore = 0;
  #receivedBefore = 0;
  /** Of sources before a restart, so that the sum only grows. */
  #lostBefore = 0;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  get started(): boolean {
    return this.#first >= 0;
  }

  /** Packets that should have come, since the numbers last started anew, and how many of them have not. */
  get expected(): number {
    return this.#expected;
  }

  get missing(): number {
    return this.#expected - this.#received;
  }

  /** Packets that have not come, all sources of this track together; may fall when late ones come. */
  get lost(): number {
    return this.#lostBefore + Math.max(0, this.#expected - this.#received);
  }

  get jitterMs(): number {
    return (this.#jitter / this.#clockRateHz) * 1000;
  }

  get #expected(): number {
    return this.#first < 0 ? 0 : this.#highest - this.#first + 1;
  }

  onPacket(sequence: number, timestamp: number, now: number): void {
    const transit = (now * this.#clockRateHz) / 1000 - timestamp;
    if (this.#first < 0) {
      this.#first = sequence;
    } else {
      const change = Math.abs(transit - this.#transit);
      // Half the circle is the timestamp's wrap and no jitter.
      if (change < 2 ** 31) {
        this.#jitter += (change - this.#jitter) / 16;
      }
    }
    this.#transit = transit;
    this.#received++;
    if (sequence > this.#highest) {
      this.#highest = sequence;
    }
  }

  /** The numbers start anew: another source, or one that jumped. */
  restart(): void {
    this.#lostBefore = this.lost;
    this.#first = -1;
    this.#highest = -1;
    this.#received = 0;
    this.#jitter = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
  }

  /**
   * Appends the report block of `source` and begins a new interval; same result as `addReportBlock`.
   * @param highest what to report as the highest number instead; −1 for the truth
   */
  addBlock(
    target: Uint8Array,
    at: number,
    end: number,
    source: ReportedSource,
    highest: number,
    now: number,
  ): number {
    const expected = this.#expected;
    const lost = expected - this.#received;
    const expectedInterval = expected - this.#expectedBefore;
    const lostInterval = expectedInterval - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    const fraction =
      expectedInterval > 0 && lostInterval > 0
        ? Math.min(255, Math.floor((lostInterval * 256) / expectedInterval))
        : 0;
    const report = source.senderReport;
    return addReportBlock(
      target,
      at,
      end,
      source.ssrc ?? 0,
      fraction,
      lost,
      highest < 0 ? this.#highest : highest,
      Math.floor(this.#jitter),
      report === undefined ? 0 : ntpMiddle32(report.ntpSeconds, report.ntpFraction),
      report === undefined ? 0 : delaySinceLastSrUnits(now - report.arrivedAt),
    );
  }
}

/**
 * For receive-side estimation. libwebrtc takes loss from the differences of the highest number and of the sum of lost packets of two reports, and with
 * that its own idea of the rate, which falls by half the loss three times a second and grows by 8 % a second. As long as
 * there is no such difference it goes by the REMB alone, up and down at once (SendSideBandwidthEstimation,
 * RtpTransportControllerSend). The share of the loss and the echo for the round trip are in other fields.
 */
const SAME_HIGHEST = 1;

/** Feedback to one peer about all it sends. */
export class PeerFeedback {
  /** To this peer and back. */
  readonly roundTrip = new RoundTrip();
  readonly #ssrc: number;
  readonly #send: SendPacket;
  readonly #counters: PacketCounters;
  readonly #estimation: Estimation;
  readonly #transport = new TwccReceiver();
  #transportAt = 0;
  #reportAt = 0;

  /** @param ssrc what the relay calls itself towards this peer */
  constructor(ssrc: number, send: SendPacket, counters: PacketCounters, estimation: Estimation = 'sendSide') {
    this.#ssrc = ssrc;
    this.#estimation = estimation;
    this.#send = send;
    this.#counters = counters;
  }

  /** All packets of this peer, whatever they carry, before anything was sent again; without numbers of the transport none. */
  get transport(): { readonly expected: number; readonly missing: number } {
    return this.#transport;
  }

  /**
   * A packet with this transport-wide sequence number arrived; retransmissions and padding count too.
   * @returns how many numbers before it are missing, when it is the newest; 0 for a late one
   */
  arrived(transportSequence: number, now: number): number {
    const before = this.#transport.highest;
    this.#transport.onPacket(transportSequence, now * 1000);
    return before < 0 ? 0 : Math.max(0, this.#transport.highest - before - 1);
  }

  /** Asks the peer for a keyframe of its source (RFC 4585 section 6.3.1); how often is the caller's concern. */
  requestKeyframe(mediaSsrc: number): void {
    this.#sendScratch(writePli(scratch, 0, this.#ssrc, mediaSsrc));
  }

  /**
   * Asks the peer for packets of its source again (RFC 4585 section 6.2.1).
   * @param sequences unwrapped and ascending; the first `count` are meant, at most 250
   */
  requestPackets(mediaSsrc: number, sequences: ArrayLike<number>, count: number): void {
    this.#counters.nacked += count;
    this.#sendScratch(writeNack(scratch, 0, this.#ssrc, mediaSsrc, sequences, 0, count));
  }

  /** Tells the peer how much it may send in all (draft-alvestrand-rmcat-remb-03). */
  limitBitrate(bitsPerSecond: number, mediaSsrc: number): void {
    rembSource[0] = mediaSsrc;
    this.#sendScratch(writeRemb(scratch, 0, this.#ssrc, bitsPerSecond, rembSource));
  }

  /** An extended report of the peer: the answer to our reference time tells the round trip (RFC 3611 section 4.5). */
  receiveExtendedReport(packet: Uint8Array, at: number, end: number, now: number): void {
    const dlrr = rtcp.findDlrr(packet, at, end, this.#ssrc);
    if (dlrr >= 0) {
      const delay = rtcp.dlrrDelaySinceLastRr(packet, dlrr);
      this.roundTrip.sample(roundTripTimeMs(ntpMiddle32At(now), rtcp.dlrrLastRr(packet, dlrr), delay));
    }
  }

  tick(now: number, sources: readonly ReportedSource[]): void {
    if (now >= this.#transportAt) {
      this.#transportAt = Math.max(this.#transportAt, now - TRANSPORT_FEEDBACK_INTERVAL_MS);
      this.#transportAt += TRANSPORT_FEEDBACK_INTERVAL_MS;
      if (this.#estimation === 'receiveSide') {
        // A page takes silence for a dead path (client/media-watch.ts): an empty report is a sign of life.
        this.#sendScratch(writeReceiverReport(scratch, 0, this.#ssrc));
      } else {
        this.#sendTransportFeedback(sources.find((source) => source.ssrc !== undefined)?.ssrc ?? 0);
      }
    }
    if (now >= this.#reportAt) {
      this.#reportAt = now + REPORT_INTERVAL_MS;
      this.#sendReports(sources, now);
    }
  }

  #sendTransportFeedback(mediaSsrc: number): void {
    for (let count = 0; count < MAX_TRANSPORT_FEEDBACKS; count++) {
      const end = this.#transport.writeFeedback(scratch, 0, this.#ssrc, mediaSsrc);
      if (end <= 0) {
        return;
      }
      this.#sendScratch(end);
    }
  }

  #sendReports(sources: readonly ReportedSource[], now: number): void {
    let end = writeReceiverReport(scratch, 0, this.#ssrc);
    for (const source of sources) {
      if (source.ssrc !== undefined && source.reception.started) {
        const highest = this.#estimation === 'receiveSide' ? SAME_HIGHEST : -1;
        end = source.reception.addBlock(scratch, 0, end, source, highest, now);
      }
    }
    // On the relay's own clock: only its middle bits come back, and they are compared with the same clock.
    this.#sendScratch(
      writeReceiverReferenceTime(scratch, end, this.#ssrc, ntpSeconds(now), ntpFraction(now)),
    );
  }

  #sendScratch(end: number): void {
    if (end > 0 && this.#send(scratch.subarray(0, end))) {
      this.#counters.rtcpSent++;
    }
  }
}
