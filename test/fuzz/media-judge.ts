/** Judges what a media session sends: to whom, whose content, with which numbers, how much of it. */
import { u32 } from '../../codec/bytes.ts';
import { writeNack } from '../../codec/rtcp-write.ts';
import * as rtp from '../../codec/rtp.ts';
import type { FakePeer } from './media-scene.ts';

/** SRTP refuses to protect a packet that is so far behind the newest (facts/peerbench.md 6.3). */
const SRTP_WINDOW = 1_024;
/**
 * The uptrack believes no step forward of more than 3 000 (RFC 3550 appendix A.1), but packets without content between
 * them are not seen here. At half the circle a receiver takes it for a step back.
 */
const LARGEST_STEP = 20_000;
/** What one packet of a browser may set off, in packets; an instant start sends a keyframe and what follows it. */
const MOST_PER_PACKET = 1_100;
/** Beyond this many retransmissions a packet that was sent, somebody is being flooded. */
const MOST_REPEATS = 4;
/** Of statistics in JSON for six peers. */
const MOST_STATS_BYTES = 20_000;

/** A packet with content that went in. */
type Received = { from: FakePeer; gateOpen: boolean; shedding: boolean; video: boolean };

/** What a browser was sent. */
type View = {
  sources: Map<number, { highest: number }>;
  offered: Set<number>;
  rtp: number;
  repeats: number;
  contents: Set<number>;
  blocked: boolean;
  newest: { ssrc: number; sequence: number };
};

export class MediaJudge {
  /** Stands before the index of a packet at its end. */
  static readonly MARK = 0xfe12b11c;

  gateOpen = false;
  shedding = false;
  readonly #complaints: string[];
  readonly #delivered: { to: string; index: number }[];
  readonly #received: Received[] = [];
  readonly #views = new Map<FakePeer, View>();
  #doing = '';
  #from: FakePeer | undefined;
  #kind: 'rtp' | 'rtcp' | undefined;
  #sentNow = 0;
  #inputs = 0;
  #ticks = 0;
  #rtcpSent = 0;

  constructor(complaints: string[], delivered: { to: string; index: number }[]) {
    this.#complaints = complaints;
    this.#delivered = delivered;
  }

  // -------------------------------------------------------------- what goes in

  begin(operation: string): void {
    this.#doing = operation;
  }

  joined(peer: FakePeer): void {
    const offered = [...peer.offer.matchAll(/^a=ssrc:(\d+) /gm)].map(([, ssrc]) => Number(ssrc));
    this.#views.set(peer, {
      sources: new Map(),
      offered: new Set(offered),
      rtp: 0,
      repeats: 0,
      contents: new Set(),
      blocked: false,
      newest: { ssrc: offered.at(-1) ?? 0, sequence: 0 },
    });
  }

  toggleBlocked(peer: FakePeer): void {
    const view = this.#views.get(peer);
    if (view !== undefined) {
      view.blocked = !view.blocked;
    }
  }

  /** @returns the index to be written into the packet */
  received(from: FakePeer, packet: Buffer): number {
    const video = rtp.payloadType(packet) >= 96 && rtp.payloadType(packet) <= 103;
    this.#received.push({ from, gateOpen: this.gateOpen, shedding: this.shedding, video });
    return this.#received.length - 1;
  }

  ticking(): void {
    this.#ticks++;
  }

  handling(from: FakePeer, kind: 'rtp' | 'rtcp', bytes: number): void {
    this.#inputs += 1 + Math.floor(bytes / 200);
    this.#from = from;
    this.#kind = kind;
    this.#sentNow = 0;
  }

  handled(): void {
    if (this.#sentNow > MOST_PER_PACKET) {
      this.#complain(`${this.#sentNow} packets out for one in`);
    }
    this.#from = undefined;
    this.#kind = undefined;
  }

  // -------------------------------------------------------------- what comes out

  /** @returns whether the socket takes it */
  sent(to: FakePeer, packet: Buffer): boolean {
    this.#sentNow++;
    const view = this.#views.get(to);
    if (view === undefined) {
      this.#complain(`sent to ${to.id}, which is not in it yet`);
      return false;
    }
    if (packet.length === 0 || packet.length > 1_500) {
      this.#complain(`sent ${packet.length} bytes`);
    }
    if (rtp.isRtcp(packet)) {
      this.#rtcpSent++;
      return !view.blocked;
    }
    if (rtp.validateRtp(packet) < 0) {
      this.#complain(`sent what is no RTP to ${to.id}`);
      return true;
    }
    this.#judgeNumbers(to, view, packet);
    this.#judgeContent(to, view, packet);
    if (this.#kind === 'rtcp' && this.#from !== to) {
      this.#complain(`feedback of ${this.#from?.id} sent media to ${to.id}`);
    }
    return !view.blocked;
  }

  /** A packet to somebody in the other session, which is only told the time. */
  sentElsewhere(to: FakePeer, packet: Buffer): boolean {
    if (rtp.isRtp(packet)) {
      this.#complain(`media went to ${to.id} of another session`);
    }
    return true;
  }

  /** At the end of the programme: sums. */
  end(statsBytes: number): void {
    if (this.#rtcpSent > 2 * this.#inputs + 40 * this.#ticks + 100) {
      this.#complain(`${this.#rtcpSent} RTCP packets for ${this.#inputs} packets and ${this.#ticks} ticks`);
    }
    if (statsBytes > MOST_STATS_BYTES) {
      this.#complain(`statistics of ${statsBytes} bytes`);
    }
    for (const [peer, view] of this.#views) {
      if (view.repeats > MOST_REPEATS * view.rtp + 50) {
        this.#complain(`${view.repeats} repetitions of ${view.rtp} packets to ${peer.id}`);
      }
    }
  }

  #judgeNumbers(to: FakePeer, view: View, packet: Buffer): void {
    const ssrc = rtp.ssrc(packet);
    const sequence = rtp.sequenceNumber(packet);
    if (!view.offered.has(ssrc)) {
      this.#complain(`source ${ssrc} to ${to.id}, which the offer does not name`);
    }
    const source = view.sources.get(ssrc);
    if (source === undefined) {
      view.sources.set(ssrc, { highest: sequence });
    } else {
      const step = ((sequence - source.highest) << 16) >> 16;
      if (step <= -SRTP_WINDOW || step > LARGEST_STEP) {
        this.#complain(`sequence number ${sequence} to ${to.id} after ${source.highest}`);
      }
      source.highest = step > 0 ? sequence : source.highest;
    }
    view.newest = { ssrc, sequence: view.sources.get(ssrc)?.highest ?? sequence };
  }

  /** Whose it is only the content tells: while a packet of a peer is handled, copies that are due go to it as well. */
  #judgeContent(to: FakePeer, view: View, packet: Buffer): void {
    const index = u32(packet, packet.length - 4);
    const content = this.#received[index];
    if (packet.length < 40 || u32(packet, packet.length - 8) !== MediaJudge.MARK || content === undefined) {
      return;
    }
    if (view.contents.has(index)) {
      view.repeats++;
    } else {
      view.contents.add(index);
      view.rtp++;
      this.#delivered.push({ to: to.id, index });
    }
    if (content.from.role === to.role) {
      this.#complain(`content of ${content.from.id} went to ${to.id} of its own side`);
    }
    if (!content.gateOpen || !this.gateOpen) {
      this.#complain(`content went to ${to.id} that came or left behind the closed gate`);
    }
    if (content.video && (content.shedding || this.shedding)) {
      this.#complain(`a picture went to ${to.id} while video is shed`);
    }
  }

  // -------------------------------------------------------------- for those who send feedback

  /** Sources that this browser was offered. */
  sourcesOf(peer: FakePeer): readonly number[] {
    return [...(this.#views.get(peer)?.offered ?? [])];
  }

  newestTo(peer: FakePeer): number {
    return this.#views.get(peer)?.newest.sequence ?? 0;
  }

  /** A NACK for the last packets that this browser was sent, from `behind` the newest. */
  nackOf(peer: FakePeer, behind: number): Buffer {
    const { ssrc, sequence } = this.#views.get(peer)?.newest ?? { ssrc: 1, sequence: 0 };
    const numbers = Array.from({ length: 17 }, (_, i) => sequence + 65_536 - behind * 8 - 17 + i);
    const packet = Buffer.alloc(64);
    const end = writeNack(packet, 0, 1, ssrc, numbers);
    return packet.subarray(0, end);
  }

  #complain(what: string): void {
    // A flood of the same is one fault.
    if (this.#complaints.length < 10) {
      this.#complaints.push(`${this.#doing}: ${what}`);
    }
  }
}
