/**
 * One peer of a media session with its tracks: what comes in is told apart here, RTP to the uptracks, RTCP by kind to
 * whom it concerns. Nothing of RTCP is passed through.
 */
import { randomInt } from 'node:crypto';
import * as rtcp from '../codec/rtcp.ts';
import { BandwidthLimit, Rate, ViewerBandwidth } from './bandwidth.ts';
import { Downtrack } from './downtrack.ts';
import { PeerFeedback } from './feedback.ts';
import {
  type Answer,
  AUDIO_FORMAT,
  type MediaSection,
  mediaSections,
  type OutgoingStream,
  type TrackFormat,
  videoFormat,
} from './negotiation.ts';
import type { PacketReceiver, Peer } from './peer.ts';
import type { PeerId, VideoCodec } from './protocol.ts';
import { Uplink } from './uplink.ts';
import { Uptrack } from './uptrack.ts';
import { Uptracks } from './uptracks.ts';
import { Watchdog } from './watchdog.ts';
import type { Estimation, MediaRole, PacketCounters, PartyName, PeerStats } from './worker-protocol.ts';

/** Tracks of one stream are played in sync; no name of ours in it, since every customer can read it. */
const STREAM_ID = 'relay';

/**
 * A peer that is not connected by then is given up, so that a browser that never answers does not keep a port.
 * Pages give up after 4 s themselves; this is for those that cannot say so any more.
 */
const CONNECT_TIMEOUT_MS = 30_000;

/** Who was sent a picture within this is being sent one: at the lowest frame rate a packet comes every second. */
const BEING_SENT_MS = 1_500;

/** What a session needs of a peer. */
export type Pipe = Pick<Peer, 'pipe' | 'connected' | 'accept' | 'send' | 'close'>;

export type MemberEvents = {
  /** One of its uptracks has begun to deliver. */
  delivering(now: number): void;
  /** Packets of this peer come, for the first time or again; or were due and have stopped. */
  media(flowing: boolean): void;
  /** Wants `poll` at this time, in milliseconds, monotonic; a later call may name an earlier one. */
  wake(at: number): void;
  /** Its browser's own estimate is of no use on this path. Said once. */
  lossy(): void;
};

export type MemberOptions = {
  peerId: PeerId;
  role: MediaRole;
  party: PartyName;
  codec: VideoCodec;
  estimation: Estimation;
  /** How many it can be sent at once, at least 1. */
  voices: number;
};

export class Member implements PacketReceiver {
  readonly peerId: PeerId;
  readonly role: MediaRole;
  readonly party: PartyName;
  readonly uptracks: Uptracks;
  readonly downtracks: readonly Downtrack[];
  /** Of the downtracks those of voices, each with the party that it carries. */
  readonly voices: readonly { readonly downtrack: Downtrack; party: PartyName | undefined }[];
  readonly sections: readonly MediaSection[];
  /** What is sent in each section. */
  readonly #sentIn: readonly (Downtrack | undefined)[];
  /** Set right after construction, because pipe and receiver need each other. */
  pipe: Pipe | undefined;
  readonly #events: MemberEvents;
  readonly #counters: PacketCounters;
  readonly #feedback: PeerFeedback;
  readonly #watchdog = new Watchdog();
  readonly #createdAt = performance.now();
  #connectMs: number | undefined;
  /** Everything that went to this peer, and how fast. */
  #sentBytes = 0;
  readonly #sentRate = new Rate();
  readonly #bandwidth = new ViewerBandwidth();
  /** Of who sends a picture. */
  readonly #uplink: Uplink | undefined;
  #saidLossy = false;
  readonly #bandwidthLimit = new BandwidthLimit();
  #gateOpen = false;
  #owesMedia = false;
  /** Last REMB to this peer. */
  #toldBps: number | undefined;

  constructor(
    { peerId, role, party, codec, estimation, voices }: MemberOptions,
    events: MemberEvents,
    counters: PacketCounters,
  ) {
    this.peerId = peerId;
    this.role = role;
    this.party = party;
    this.#events = events;
    this.#counters = counters;
    const send = (packet: Buffer) => {
      const sent = this.pipe?.send(packet) === true;
      this.#sentBytes += sent ? packet.length : 0;
      return sent;
    };
    const video = videoFormat(codec);
    const [audioSsrc = 1, videoSsrc = 2, rtxSsrc = 3, ownSsrc = 4, ...voiceSsrcs] = randomSsrcs(3 + voices);
    this.#feedback = new PeerFeedback(ownSsrc, send, counters, estimation);
    const { roundTrip } = this.#feedback;
    const down = (format: TrackFormat, ssrcs: { ssrc: number; rtxSsrc?: number }) =>
      new Downtrack({
        format,
        ...ssrcs,
        initialSequence: randomInt(1, 2 ** 15),
        roundTrip,
        send,
        wake: (at) => events.wake(at),
        counters,
      });
    const audio = down(AUDIO_FORMAT, { ssrc: audioSsrc });
    const picture = role === 'customer' ? undefined : down(video, { ssrc: videoSsrc, rtxSsrc });
    const more = voiceSsrcs.map((ssrc) => down(AUDIO_FORMAT, { ssrc }));
    this.downtracks = [audio, ...(picture ? [picture] : []), ...more];
    this.voices = [audio, ...more].map((downtrack) => ({ downtrack, party: undefined }));
    this.#sentIn = [audio, picture, ...more];
    this.#uplink = role === 'customer' ? new Uplink(estimation) : undefined;
    const formats = role === 'customer' ? [AUDIO_FORMAT, video] : role === 'observer' ? [] : [AUDIO_FORMAT];
    this.uptracks = new Uptracks(
      formats.map((format) => new Uptrack(format, this.#feedback, counters)),
      this.#feedback,
      counters,
      this.#uplink,
    );
    for (const uptrack of this.uptracks.all) {
      uptrack.onDelivering = (now) => events.delivering(now);
    }
    const streams = {
      audio: stream('audio', audioSsrc),
      ...(picture && { video: { ...stream('video', videoSsrc), rtxSsrc } }),
      // Voices of others are not played in sync with the picture.
      voices: voiceSsrcs.map((ssrc, index) => ({
        ...stream(`audio${index + 2}`, ssrc),
        streamId: `voice${index + 2}`,
      })),
    };
    this.sections = mediaSections(role, codec, streams, estimation);
  }

  get connected(): boolean {
    return this.pipe?.connected === true;
  }

  get stats(): PeerStats {
    const roundTripMs = this.#feedback.roundTrip.measuredMs;
    const { estimateBps } = this.#bandwidth;
    return {
      peerId: this.peerId,
      role: this.role,
      connected: this.connected,
      ...(this.#connectMs !== undefined && { connectMs: this.#connectMs }),
      ...(roundTripMs !== undefined && { roundTripMs }),
      ...(estimateBps > 0 && { estimateBps }),
      ...(this.#toldBps !== undefined && { bitrateLimitBps: this.#toldBps }),
      ...(this.#uplink !== undefined && {
        estimation: this.#uplink.estimation,
        uplinkBps: this.#uplink.bps,
        uplinkLossShare: this.#uplink.lossShare,
      }),
      up: this.uptracks.all.map((uptrack) => uptrack.stats),
      down: this.downtracks.map((downtrack) => downtrack.stats),
    };
  }

  isOverdue(now: number): boolean {
    return this.#connectMs === undefined && now - this.#createdAt > CONNECT_TIMEOUT_MS;
  }

  onConnected(): void {
    this.#connectMs = performance.now() - this.#createdAt;
  }

  /** What the browser agreed to. */
  onAnswer({ sections }: Answer): void {
    for (const [index, section] of sections.entries()) {
      const offered = this.sections[index];
      if (offered !== undefined && offered.direction !== 'sendonly' && section.ssrc !== undefined) {
        this.uptracks.of(offered.kind)?.declare(section.ssrc, section.rtxSsrc);
      }
      this.#sentIn[index]?.onAnswer(section);
    }
  }

  /** The picture that everybody sees; not a customer, whose own it is. */
  show(picture: Uptrack | undefined, now: number): void {
    const video = this.#video;
    // The relay does not transcode: another codec than the viewer agreed to would only be noise.
    video?.switchTo(picture?.format.codec === video.format.codec ? picture : undefined, now);
  }

  setGate(open: boolean): void {
    this.#gateOpen = open;
    for (const uptrack of this.uptracks.all) {
      uptrack.open = open;
    }
    if (!open) {
      for (const downtrack of this.downtracks) {
        downtrack.pause();
      }
    }
  }

  /** While video is shed, this peer's goes no further and nobody's comes to it; it resumes at a keyframe. */
  setShedding(video: boolean): void {
    const uptrack = this.uptracks.of('video');
    if (uptrack !== undefined) {
      uptrack.shed = video;
    }
    if (video) {
      this.#video?.pause();
    }
  }

  /** What the peer should be sending while the gate is open. */
  expect(audio: boolean, video: boolean): void {
    this.#owesMedia = audio || video;
  }

  rtp(packet: Buffer, now: number): void {
    if (this.#watchdog.heard(now)) {
      this.#events.media(true);
    }
    this.uptracks.receive(packet, now);
    this.poll(now);
  }

  rtcp(packet: Buffer, now: number): void {
    if (this.#watchdog.heard(now)) {
      this.#events.media(true);
    }
    let at = 0;
    for (let end = rtcp.nextRtcp(packet, at); end > 0; at = end, end = rtcp.nextRtcp(packet, at)) {
      this.#receiveRtcp(packet, at, end, now);
    }
    if (at !== packet.length) {
      this.#counters.droppedMalformed++;
    }
  }

  /**
   * Bits per second that this viewer's path carries, as far as it shows a picture of this source; infinite for no limit. Somebody
   * who only looks on makes nobody's picture worse.
   */
  limitFor(source: Uptrack, now: number): number {
    return this.role !== 'observer' && this.connected && this.#video?.source === source
      ? this.#bandwidth.limitBps(now)
      : Number.POSITIVE_INFINITY;
  }

  /** Bits per second that the way from this peer carries, where the relay is the one to judge that; else infinite. */
  get uplinkLimitBps(): number {
    return this.#uplink?.limitBps ?? Number.POSITIVE_INFINITY;
  }

  /** Tells this peer, when it is time to, what the slowest of those who see its picture can take. */
  limitBitrate(limitBps: number, now: number): void {
    const ssrc = this.uptracks.of('video')?.ssrc;
    const bps = this.#bandwidthLimit.next(limitBps, now);
    if (bps > 0 && ssrc !== undefined) {
      this.#feedback.limitBitrate(bps, ssrc);
      this.#toldBps = bps;
    }
  }

  /** Asks again for what is due, and sends again what is. */
  poll(now: number): void {
    for (let index = 0; index < this.downtracks.length; index++) {
      this.downtracks[index]?.poll(now);
    }
    const { nextDueAt } = this.uptracks;
    if (now >= nextDueAt) {
      this.uptracks.poll(now);
      this.#events.wake(this.uptracks.nextDueAt);
    } else if (nextDueAt !== Number.POSITIVE_INFINITY) {
      this.#events.wake(nextDueAt);
    }
  }

  tick(now: number): void {
    if (!this.connected) {
      return;
    }
    this.#sentRate.tick(this.#sentBytes, now);
    this.#feedback.tick(now, this.uptracks.all);
    for (const uptrack of this.uptracks.all) {
      uptrack.tick(now);
    }
    const picture = this.uptracks.of('video');
    if (this.#uplink !== undefined && picture !== undefined) {
      const sent = this.#uplink.estimation === 'sendSide' ? this.#feedback.transport : picture.reception;
      this.#uplink.tick(sent, this.#feedback.roundTrip.ms, now);
      if (!this.#saidLossy && this.#uplink.isLossy(now)) {
        this.#saidLossy = true;
        this.#events.lossy();
      }
    }
    const hasRoom = this.#bandwidth.limitBps(now) === Number.POSITIVE_INFINITY;
    for (const downtrack of this.downtracks) {
      downtrack.hasRoom = hasRoom;
      downtrack.tick(now);
    }
    // Who is sent a picture owes a report about every second (RFC 3550 section 6.2), also without a microphone.
    const owesReports = now - (this.#video?.sentAt ?? Number.NEGATIVE_INFINITY) < BEING_SENT_MS;
    if (this.#watchdog.isSilent(this.#gateOpen && (this.#owesMedia || owesReports), now)) {
      this.#events.media(false);
    }
  }

  close(): void {
    for (const downtrack of this.downtracks) {
      downtrack.close();
    }
    for (const uptrack of this.uptracks.all) {
      uptrack.cache.clear();
    }
    this.pipe?.close();
  }

  get #video(): Downtrack | undefined {
    return this.downtracks.find((downtrack) => downtrack.format.kind === 'video');
  }

  /** What is not named is ignored. */
  #receiveRtcp(packet: Buffer, at: number, end: number, now: number): void {
    const kind = rtcp.rtcpKind(packet, at, end);
    switch (kind) {
      case rtcp.SENDER_REPORT:
        this.#receiveSenderReport(packet, at, now);
        this.#receiveReportBlocks(packet, at, now);
        return;
      case rtcp.RECEIVER_REPORT:
        this.#receiveReportBlocks(packet, at, now);
        return;
      case rtcp.EXTENDED_REPORT:
        this.#feedback.receiveExtendedReport(packet, at, end, now);
        return;
      case rtcp.PLI:
      case rtcp.FIR:
      case rtcp.NACK:
      case rtcp.REMB:
        this.#receiveFeedback(kind, packet, at, end, now);
        return;
      case -1:
        this.#counters.droppedMalformed++;
    }
  }

  #receiveSenderReport(packet: Buffer, at: number, now: number): void {
    const report = {
      ntpSeconds: rtcp.srNtpSeconds(packet, at),
      ntpFraction: rtcp.srNtpFraction(packet, at),
      rtpTimestamp: rtcp.srRtpTimestamp(packet, at),
      arrivedAt: now,
    };
    for (const uptrack of this.uptracks.all) {
      uptrack.receiveSenderReport(rtcp.senderSsrc(packet, at), report);
    }
  }

  #receiveReportBlocks(packet: Buffer, at: number, now: number): void {
    for (const downtrack of this.downtracks) {
      const block = rtcp.findReportBlock(packet, at, downtrack.ssrc);
      if (block >= 0) {
        const roundTripMs = downtrack.receiveReport(packet, block, now);
        if (roundTripMs >= 0) {
          this.#bandwidth.onRoundTrip(roundTripMs, now);
        }
        if (downtrack.format.kind === 'video') {
          this.#bandwidth.onLoss(downtrack.lossShare, this.#sentRate.bps, now);
        }
      }
    }
  }

  #receiveFeedback(kind: number, packet: Buffer, at: number, end: number, now: number): void {
    if (kind === rtcp.REMB) {
      this.#bandwidth.onEstimate(rtcp.rembBitrate(packet, at), this.#sentRate.bps, now);
      return;
    }
    const media = rtcp.mediaSsrc(packet, at);
    for (const downtrack of this.downtracks) {
      if (kind === rtcp.FIR && rtcp.findFir(packet, at, end, downtrack.ssrc) >= 0) {
        downtrack.receiveKeyframeRequest(now);
      } else if (kind === rtcp.PLI && media === downtrack.ssrc) {
        downtrack.receiveKeyframeRequest(now);
      } else if (kind === rtcp.NACK && media === downtrack.ssrc) {
        downtrack.receiveNack(packet, at, end, now);
      }
    }
  }
}

function stream(trackId: string, ssrc: number): OutgoingStream {
  return { ssrc, streamId: STREAM_ID, trackId, cname: STREAM_ID };
}

/** Distinct within one connection, as RFC 3550 section 8 asks; 0 is left out because it means "none" in places. */
function randomSsrcs(count: number): number[] {
  const ssrcs = new Set<number>();
  while (ssrcs.size < count) {
    ssrcs.add(randomInt(1, 2 ** 32));
  }
  return [...ssrcs];
}
