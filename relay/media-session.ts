/**
 * The media of one session in a worker: its peers, who gets what from whom, and the gate that lets packets
 * through only while the session is active. Lives until it is closed, also while it has no peer, so that the
 * gate outlasts a reconnection.
 */
import { randomInt } from 'node:crypto';
import * as rtcp from '../codec/rtcp.ts';
import { Downtrack, type TransportSequence } from './downtrack.ts';
import { PeerFeedback } from './feedback.ts';
import {
  AUDIO_FORMAT,
  type MediaSection,
  mediaSections,
  type OutgoingStream,
  readAnswer,
  type TrackFormat,
  videoFormat,
  writeOffer,
} from './negotiation.ts';
import type { PacketReceiver, Peer, PeerEvents } from './peer.ts';
import type { PeerId, Role, SessionId, VideoCodec } from './protocol.ts';
import { Uptrack, Uptracks } from './uptrack.ts';
import type { PacketCounters, PeerStats, SessionStats } from './worker-protocol.ts';

/** Tracks of one stream are played in sync; no name of ours in it, since every customer can read it. */
const STREAM_ID = 'relay';

/**
 * A peer that is not connected by then is given up, so that a browser that never answers does not keep a port.
 * Pages give up after 4 s themselves; this is for those that cannot say so any more.
 */
const CONNECT_TIMEOUT_MS = 30_000;

/** What a session needs of a peer. */
export type Pipe = Pick<Peer, 'pipe' | 'connected' | 'accept' | 'send' | 'close'>;
export type OpenPipe = (name: string, receiver: PacketReceiver, events: PeerEvents) => Pipe | undefined;

export type MediaSessionEvents = {
  /** `failed` and `closed` are final and told once; not told for peers that the session was asked to close. */
  peerState(peerId: PeerId, state: 'connected' | 'failed' | 'closed'): void;
};

export class MediaSession {
  readonly id: SessionId;
  readonly #openPipe: OpenPipe;
  readonly #events: MediaSessionEvents;
  readonly #counters: PacketCounters;
  /** In the order of their making. */
  readonly #members = new Map<PeerId, Member>();
  #gateOpen = false;

  constructor(id: SessionId, openPipe: OpenPipe, events: MediaSessionEvents, counters: PacketCounters) {
    this.id = id;
    this.#openPipe = openPipe;
    this.#events = events;
    this.#counters = counters;
  }

  get stats(): SessionStats {
    return {
      sessionId: this.id,
      gateOpen: this.#gateOpen,
      peers: [...this.#members.values()].map((member) => member.stats),
    };
  }

  /** @returns the offer for the browser; undefined when there is no port for another peer */
  createPeer(peerId: PeerId, role: Role, codec: VideoCodec): string | undefined {
    const member = new Member(peerId, role, codec, this.#counters);
    const pipe = this.#openPipe(`${this.id}/${peerId}`, member, {
      connected: () => this.#connected(member),
      lost: (state) => {
        this.#remove(member);
        this.#events.peerState(peerId, state);
      },
    });
    if (pipe === undefined) {
      return undefined;
    }
    member.pipe = pipe;
    member.setGate(this.#gateOpen);
    this.#members.set(peerId, member);
    return writeOffer(pipe.pipe, member.sections, { id: randomInt(1, 2 ** 31), version: 1 });
  }

  /**
   * Takes the browser's answer.
   * @returns the relay's candidates, which it may know from now on, or what is wrong with the answer
   */
  answer(peerId: PeerId, sdp: string): { candidates: string[] } | { problem: string } {
    const member = this.#members.get(peerId);
    if (member === undefined) {
      return { problem: 'no such peer' };
    }
    const result = readAnswer(sdp, member.sections);
    if ('problem' in result) {
      return result;
    }
    const candidates = member.pipe?.accept(result.answer);
    if (candidates === undefined) {
      return { problem: 'refused by the transport' };
    }
    for (const [index, section] of result.answer.sections.entries()) {
      const kind = member.sections[index]?.kind;
      if (kind !== undefined && section.ssrc !== undefined) {
        member.uptracks.of(kind)?.declare(section.ssrc);
      }
    }
    return { candidates };
  }

  /** @returns whether there was such a peer */
  closePeer(peerId: PeerId): boolean {
    const member = this.#members.get(peerId);
    if (member === undefined) {
      return false;
    }
    this.#remove(member);
    return true;
  }

  /** Opening asks for a keyframe at once: the one that a viewer starts with. */
  setGate(open: boolean, now: number): void {
    if (open === this.#gateOpen) {
      return;
    }
    this.#gateOpen = open;
    for (const member of this.#members.values()) {
      member.setGate(open);
      if (open) {
        member.uptracks.of('video')?.requestKeyframe(now);
      }
    }
  }

  tick(now: number): void {
    for (const member of this.#members.values()) {
      if (member.isOverdue(now)) {
        this.#remove(member);
        this.#events.peerState(member.peerId, 'failed');
      } else {
        member.tick(now);
      }
    }
  }

  close(): void {
    for (const member of [...this.#members.values()]) {
      this.#remove(member);
    }
  }

  #connected(member: Member): void {
    member.connected();
    this.#route();
    if (this.#gateOpen) {
      member.uptracks.of('video')?.requestKeyframe(performance.now());
    }
    this.#events.peerState(member.peerId, 'connected');
  }

  #remove(member: Member): void {
    this.#members.delete(member.peerId);
    member.close();
    this.#route();
  }

  /** Everybody gets the newest connected peer of the other side. */
  #route(): void {
    for (const member of this.#members.values()) {
      const publisher = [...this.#members.values()].findLast(
        (other) => other.role !== member.role && other.pipe?.connected === true,
      );
      for (const downtrack of member.downtracks) {
        const source = publisher?.uptracks.of(downtrack.format.kind);
        // The relay does not transcode: another codec than the viewer agreed to would only be noise.
        downtrack.switchTo(source?.format.codec === downtrack.format.codec ? source : undefined);
      }
    }
  }
}

/** One peer with its tracks. */
class Member implements PacketReceiver {
  readonly peerId: PeerId;
  readonly role: Role;
  readonly uptracks: Uptracks;
  readonly downtracks: readonly Downtrack[];
  readonly sections: readonly MediaSection[];
  /** Set right after construction, because pipe and receiver need each other. */
  pipe: Pipe | undefined;
  readonly #counters: PacketCounters;
  readonly #feedback: PeerFeedback;
  readonly #createdAt = performance.now();
  #connectMs: number | undefined;

  constructor(peerId: PeerId, role: Role, codec: VideoCodec, counters: PacketCounters) {
    this.peerId = peerId;
    this.role = role;
    this.#counters = counters;
    const send = (packet: Buffer) => this.pipe?.send(packet) === true;
    const video = videoFormat(codec);
    const transport: TransportSequence = { next: 1 };
    const ssrcs = randomSsrcs(3);
    const down = (format: TrackFormat, ssrc: number) =>
      new Downtrack({ format, ssrc, initialSequence: randomInt(1, 2 ** 15), transport, send, counters });
    const audio = down(AUDIO_FORMAT, ssrcs[0]);
    this.downtracks = role === 'technician' ? [audio, down(video, ssrcs[1])] : [audio];
    this.#feedback = new PeerFeedback(ssrcs[2], send, counters);
    const formats = role === 'customer' ? [AUDIO_FORMAT, video] : [AUDIO_FORMAT];
    this.uptracks = new Uptracks(
      formats.map((format) => new Uptrack(format, this.#feedback, counters)),
      this.#feedback,
      counters,
    );
    this.sections = mediaSections(role, codec, {
      audio: stream('audio', ssrcs[0]),
      ...(role === 'technician' && { video: stream('video', ssrcs[1]) }),
    });
  }

  get stats(): PeerStats {
    return {
      peerId: this.peerId,
      role: this.role,
      connected: this.pipe?.connected === true,
      ...(this.#connectMs !== undefined && { connectMs: this.#connectMs }),
      up: this.uptracks.all.map((uptrack) => uptrack.stats),
      down: this.downtracks.map((downtrack) => downtrack.stats),
    };
  }

  isOverdue(now: number): boolean {
    return this.#connectMs === undefined && now - this.#createdAt > CONNECT_TIMEOUT_MS;
  }

  connected(): void {
    this.#connectMs = performance.now() - this.#createdAt;
  }

  setGate(open: boolean): void {
    for (const uptrack of this.uptracks.all) {
      uptrack.open = open;
    }
    if (!open) {
      for (const downtrack of this.downtracks) {
        downtrack.pause();
      }
    }
  }

  rtp(packet: Buffer, now: number): void {
    this.uptracks.receive(packet, now);
  }

  rtcp(packet: Buffer, now: number): void {
    let at = 0;
    for (let end = rtcp.nextRtcp(packet, at); end > 0; at = end, end = rtcp.nextRtcp(packet, at)) {
      this.#receiveRtcp(packet, at, end, now);
    }
    if (at !== packet.length) {
      this.#counters.droppedMalformed++;
    }
  }

  tick(now: number): void {
    if (this.pipe?.connected !== true) {
      return;
    }
    this.#feedback.tick(now, this.uptracks.all);
    for (const uptrack of this.uptracks.all) {
      uptrack.tick(now);
    }
    for (const downtrack of this.downtracks) {
      downtrack.tick(now);
    }
  }

  close(): void {
    for (const downtrack of this.downtracks) {
      downtrack.close();
    }
    this.pipe?.close();
  }

  /** Consumed here: nothing of RTCP is passed through. What is not named is ignored. */
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
        downtrack.receiveReport(packet, block, now);
      }
    }
  }

  #receiveFeedback(kind: number, packet: Buffer, at: number, end: number, now: number): void {
    const media = rtcp.mediaSsrc(packet, at);
    for (const downtrack of this.downtracks) {
      if (kind === rtcp.REMB) {
        downtrack.receiveBitrateLimit(rtcp.rembBitrate(packet, at));
      } else if (kind === rtcp.FIR && rtcp.findFir(packet, at, end, downtrack.ssrc) >= 0) {
        downtrack.receiveKeyframeRequest(now);
      } else if (kind === rtcp.PLI && media === downtrack.ssrc) {
        downtrack.receiveKeyframeRequest(now);
      } else if (kind === rtcp.NACK && media === downtrack.ssrc) {
        downtrack.receiveNack(packet, at, end);
      }
    }
  }
}

function stream(kind: 'audio' | 'video', ssrc: number): OutgoingStream {
  return { ssrc, streamId: STREAM_ID, trackId: kind, cname: STREAM_ID };
}

/** Distinct within one connection, as RFC 3550 section 8 asks; 0 is left out because it means "none" in places. */
function randomSsrcs(count: 3): [number, number, number] {
  const ssrcs = new Set<number>();
  while (ssrcs.size < count) {
    ssrcs.add(randomInt(1, 2 ** 32));
  }
  const [first = 1, second = 2, third = 3] = ssrcs;
  return [first, second, third];
}
