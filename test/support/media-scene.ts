/**
 * The media of one session without workers and pages: a plane that writes down what it is asked and does nothing, pages
 * that write down what they are told, and a clock that stands still until it is moved.
 */
import type { MediaPlane, PeerCloseReason, PeerListener, PeerWanted } from '../../relay/media-plane.ts';
import type { Participant } from '../../relay/party-media.ts';
import type { IceServer, PeerId, ServerEvent, VideoCodec } from '../../relay/protocol.ts';
import { SessionMedia } from '../../relay/session-media.ts';
import { createMachine, type Party, type SessionMachine } from '../../relay/session-state.ts';
import type { PartyName } from '../../relay/worker-protocol.ts';

export const SESSION = 1001;

export class RecordingPlane implements MediaPlane {
  /** What was asked, in order, as `createPeer customer VP8 p1`. */
  calls: string[] = [];
  readonly listeners = new Map<PeerId, PeerListener>();
  readonly partyOf = new Map<PeerId, PartyName>();
  full = false;
  #last = 0;

  createPeer(
    { sessionId, party, codec, estimation, voices, muted }: PeerWanted,
    listener: PeerListener,
  ): PeerId | undefined {
    if (this.full) {
      this.calls.push(`createPeer ${party} refused`);
      return undefined;
    }
    this.#last += 1;
    const peerId = `p${this.#last}`;
    this.listeners.set(peerId, listener);
    this.partyOf.set(peerId, party);
    const judge = estimation === 'receiveSide' ? ' receiveSide' : '';
    const lines = `${voices > 1 ? ` ${voices} voices` : ''}${muted ? ' muted' : ''}`;
    this.calls.push(`createPeer ${party} ${codec}${judge}${lines} ${peerId} of ${sessionId}`);
    return peerId;
  }

  answer(peerId: PeerId, sdp: string): void {
    this.calls.push(`answer ${peerId} ${sdp}`);
  }

  closePeer(peerId: PeerId): void {
    this.calls.push(`closePeer ${peerId}`);
    this.listeners.delete(peerId);
  }

  gate(sessionId: number, open: boolean): void {
    this.calls.push(`gate ${open ? 'open' : 'closed'} of ${sessionId}`);
  }

  expect(peerId: PeerId, { audio, video }: { audio: boolean; video: boolean }): void {
    this.calls.push(`expect ${peerId}${audio ? ' audio' : ''}${video ? ' video' : ''}`);
  }

  mute(sessionId: number, party: PartyName, muted: boolean): void {
    this.calls.push(`${muted ? 'mute' : 'unmute'} ${party} of ${sessionId}`);
  }

  onRoom(): void {}

  closeSession(sessionId: number): void {
    this.calls.push(`closeSession ${sessionId}`);
    this.listeners.clear();
  }

  /** The calls since the last time somebody asked. */
  take(): string[] {
    return this.calls.splice(0);
  }

  /** As the real plane: a closed peer's listener is told nothing more. */
  close(peerId: PeerId, reason: PeerCloseReason): void {
    const listener = this.listeners.get(peerId);
    this.listeners.delete(peerId);
    listener?.closed(peerId, reason);
  }
}

export class Page implements Participant {
  readonly videoCodecs: readonly VideoCodec[];
  readonly heard: ServerEvent[] = [];

  constructor(videoCodecs: readonly VideoCodec[] = ['VP8', 'H264']) {
    this.videoCodecs = videoCodecs;
  }

  send(event: ServerEvent): void {
    this.heard.push(event);
  }

  sendStill(): boolean {
    return true;
  }

  sendVolatile(): void {}

  take(): ServerEvent[] {
    return this.heard.splice(0);
  }
}

/** Stands still until it is moved, and calls on time what is due meanwhile. */
export class VirtualClock {
  time = 1_000_000;
  #alarms: { at: number; callback: () => void }[] = [];
  readonly now = () => this.time;

  readonly later = (callback: () => void, delayMs: number) => {
    const alarm = { at: this.time + delayMs, callback };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  };

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = this.#alarms.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) {
        break;
      }
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = end;
  }
}

export function mediaScene(iceServers?: (party: Party) => IceServer[]) {
  const plane = new RecordingPlane();
  const told: string[] = [];
  const clock = new VirtualClock();
  const events = {
    connected: (party: Party) => told.push(`${party} connected`),
    failed: (party: Party, reason: PeerCloseReason) => told.push(`${party} ${reason}`),
    silent: (party: Party) => told.push(`${party} silent`),
    heard: (party: Party) => told.push(`${party} heard`),
  };
  const media = new SessionMedia(SESSION, plane, events, clock, iceServers);
  return { plane, media, told, clock, customer: new Page(), technician: new Page() };
}

export function machine(
  state: SessionMachine['state'],
  before: SessionMachine['before'] = null,
): SessionMachine {
  return { ...createMachine(0), state, before };
}

/** Both pages are here and their peers p1 (customer) and p2 (technician) are connected; the record is empty. */
export function prewarmed() {
  const all = mediaScene();
  all.media.join('customer', all.customer, []);
  all.media.join('technician', all.technician, []);
  all.media.settle(machine('waiting'));
  for (const peerId of ['p1', 'p2']) {
    all.plane.listeners.get(peerId)?.connected(peerId);
  }
  all.plane.take();
  all.told.splice(0);
  return all;
}
