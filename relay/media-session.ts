/**
 * The media of one session in a worker: its peers, who gets what from whom, and the gate that lets packets
 * through only while the session is active. Lives until it is closed, also while it has no peer, so that the
 * gate outlasts a reconnection.
 */
import { randomInt } from 'node:crypto';
import { Member, type Pipe } from './member.ts';
import { readAnswer, type TrackFormat, writeOffer } from './negotiation.ts';
import type { PacketReceiver, PeerEnd, PeerEvents } from './peer.ts';
import type { PeerId, SessionId, VideoCodec } from './protocol.ts';
import type { Recorder, Source } from './recorder.ts';
import type { Uptrack } from './uptrack.ts';
import {
  type Estimation,
  type MediaRole,
  type PacketCounters,
  type PartyName,
  type SessionStats,
  VOICES_MAX,
} from './worker-protocol.ts';

const KINDS = ['audio', 'video'] as const;

export type OpenPipe = (name: string, receiver: PacketReceiver, events: PeerEvents) => Pipe | undefined;

export type MediaSessionEvents = {
  /** All but `connected` are final and told once; not told for peers that the session was asked to close. */
  peerState(peerId: PeerId, state: 'connected' | PeerEnd): void;
  /** Packets of the peer come, for the first time or again; or were due and have stopped. */
  peerMedia(peerId: PeerId, flowing: boolean): void;
  /** Its browser's own estimate is of no use on this path. Told once. */
  peerLossy(peerId: PeerId): void;
  /** Wants `poll` at this time or a little later, milliseconds, monotonic. Called for every packet while any is missing. */
  wake(at: number): void;
};

export class MediaSession {
  readonly id: SessionId;
  readonly #openPipe: OpenPipe;
  readonly #events: MediaSessionEvents;
  readonly #counters: PacketCounters;
  /** In the order of their making. */
  readonly #members = new Map<PeerId, Member>();
  readonly #muted = new Set<PartyName>();
  #gateOpen = false;
  #sheddingVideo = false;
  #recorder: Recorder | undefined;

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
  createPeer(
    peerId: PeerId,
    role: MediaRole,
    codec: VideoCodec,
    estimation: Estimation = 'sendSide',
    { party = role, voices = 1 }: { party?: PartyName | undefined; voices?: number | undefined } = {},
  ): string | undefined {
    const events = {
      delivering: (now: number) => this.#route(now),
      media: (flowing: boolean) => this.#events.peerMedia(peerId, flowing),
      lossy: () => this.#events.peerLossy(peerId),
      wake: (at: number) => this.#events.wake(at),
    };
    const options = {
      peerId,
      role,
      party,
      codec,
      estimation,
      voices: Math.min(VOICES_MAX, Math.max(1, voices)),
    };
    const member = new Member(options, events, this.#counters);
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
    member.setShedding(this.#sheddingVideo);
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
    member.onAnswer(result.answer);
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

  get recorder(): Recorder | undefined {
    return this.#recorder;
  }

  /** Who writes down what comes through the gate from now on; undefined for nobody. One at a time. */
  setRecorder(recorder: Recorder | undefined, now: number): void {
    this.#recorder?.follow([], now);
    this.#recorder = recorder;
    recorder?.follow(this.#sources(), now);
  }

  /** Nobody is sent what this party says, also over connections that come later. */
  mute(party: PartyName, muted: boolean, now: number): void {
    if (muted) {
      this.#muted.add(party);
    } else {
      this.#muted.delete(party);
    }
    this.#route(now);
  }

  /** What this peer should be sending while the gate is open; nothing until told. */
  expect(peerId: PeerId, due: { audio: boolean; video: boolean }): void {
    this.#members.get(peerId)?.expect(due.audio, due.video);
  }

  /** Opening asks for a keyframe at once: the one that a viewer starts with. */
  setGate(open: boolean, now: number): void {
    if (open === this.#gateOpen) {
      return;
    }
    this.#gateOpen = open;
    this.#recorder?.setGate(open, now);
    for (const member of this.#members.values()) {
      member.setGate(open);
      if (open) {
        member.uptracks.of('video')?.requestKeyframe(now);
      }
    }
  }

  /** While true, video is dropped on arrival and voice goes on: the worker has too much to do. */
  setShedding(video: boolean, now: number = performance.now()): void {
    if (video === this.#sheddingVideo) {
      return;
    }
    this.#sheddingVideo = video;
    for (const member of this.#members.values()) {
      member.setShedding(video);
      if (!video) {
        member.uptracks.of('video')?.requestKeyframe(now);
      }
    }
  }

  /** Asks again for packets that are missing and due. */
  poll(now: number): void {
    for (const member of this.#members.values()) {
      member.poll(now);
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
    this.#limitBitrates(now);
    this.#recorder?.tick(now);
  }

  close(): void {
    for (const member of [...this.#members.values()]) {
      this.#remove(member);
    }
  }

  /** The slowest of those who see a picture decides how much of it is sent, or the way here if that is slower. */
  #limitBitrates(now: number): void {
    for (const publisher of this.#members.values()) {
      const picture = publisher.connected ? publisher.uptracks.of('video') : undefined;
      if (picture !== undefined) {
        let limitBps = publisher.uplinkLimitBps;
        for (const viewer of this.#members.values()) {
          limitBps = Math.min(limitBps, viewer.limitFor(picture, now));
        }
        publisher.limitBitrate(limitBps, now);
      }
    }
  }

  #connected(member: Member): void {
    const now = performance.now();
    member.onConnected();
    this.#route(now);
    if (this.#gateOpen) {
      member.uptracks.of('video')?.requestKeyframe(now);
    }
    this.#events.peerState(member.peerId, 'connected');
  }

  #remove(member: Member): void {
    this.#members.delete(member.peerId);
    member.close();
    this.#route(performance.now());
  }

  /** Gives everybody the voices of all others, and the customer's picture. */
  #route(now: number): void {
    const sources = this.#sources();
    const speaking = sources.filter(({ uptrack }) => uptrack.format.kind === 'audio');
    const picture = sources.find(
      ({ party, uptrack }) => party === 'customer' && uptrack.format.kind === 'video',
    );
    for (const member of this.#members.values()) {
      member.show(picture?.uptrack, now);
      assignVoices(
        member.voices,
        speaking.filter(({ party }) => party !== member.party).map(({ party }) => party),
      );
      for (const { downtrack, party } of member.voices) {
        downtrack.switchTo(speaking.find((source) => source.party === party)?.uptrack, now);
      }
    }
    this.#recorder?.follow(sources, now);
  }

  /** Of each party and kind what is forwarded, the customer's and the technician's first. */
  #sources(): Source[] {
    const parties = new Set<PartyName>(['customer', 'technician']);
    for (const { party } of this.#members.values()) {
      parties.add(party);
    }
    const sources: Source[] = [];
    for (const party of parties) {
      for (const kind of KINDS) {
        const uptrack = kind === 'audio' && this.#muted.has(party) ? undefined : this.#source(party, kind);
        if (uptrack !== undefined) {
          sources.push({ party, uptrack });
        }
      }
    }
    return sources;
  }

  /**
   * The newest peer of a party that has delivered this kind: while a new connection comes up beside an old
   * one, the old one is forwarded. When none has delivered yet, the newest that is connected, to be asked for a
   * keyframe.
   */
  #source(party: PartyName, kind: TrackFormat['kind']): Uptrack | undefined {
    let connected: Uptrack | undefined;
    let delivering: Uptrack | undefined;
    for (const other of this.#members.values()) {
      const uptrack = other.party === party && other.connected ? other.uptracks.of(kind) : undefined;
      connected = uptrack ?? connected;
      delivering = uptrack?.delivers === true ? uptrack : delivering;
    }
    return delivering ?? connected;
  }
}

/**
 * Each voice keeps its line for as long as it is there, so that nobody's changes the loudspeaker; those that come first in the order get
 * one when there are too few.
 */
function assignVoices(
  lines: readonly { party: PartyName | undefined }[],
  speaking: readonly PartyName[],
): void {
  const heard = speaking.slice(0, lines.length);
  for (const line of lines) {
    if (line.party !== undefined && !heard.includes(line.party)) {
      line.party = undefined;
    }
  }
  for (const party of heard) {
    if (!lines.some((line) => line.party === party)) {
      const free = lines.find((line) => line.party === undefined);
      if (free !== undefined) {
        free.party = party;
      }
    }
  }
}
