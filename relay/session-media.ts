/**
 * Which media connections a session should have, and the steps there: a connection for each party as soon as both
 * are here (prewarmed while waiting), media let through only while the session is active, nothing left at its end.
 * How a party's connection is replaced is in `party-media.ts`.
 */
import type { MediaPlane, PeerCloseReason } from './media-plane.ts';
import { type DueMedia, type Participant, PartyMedia } from './party-media.ts';
import type { IceServer, PeerId, SessionId, VideoCodec } from './protocol.ts';
import { isEnded, type Party, type SessionMachine, settledState } from './session-state.ts';
import type { PartyName } from './worker-protocol.ts';

export type SessionMediaEvents = {
  connected(party: Party): void;
  failed(party: Party, reason: PeerCloseReason): void;
  /** What is due from this party has been missing for five seconds. */
  silent(party: Party): void;
  /** It is there again, or not due any more. */
  heard(party: Party): void;
};

export type Clock = {
  /** Epoch milliseconds. */
  now: () => number;
  /** Runs `callback` once after the delay; returns the undo. */
  later: (callback: () => void, delayMs: number) => () => void;
};

/** Grows over all sessions of a relay. */
export type GuestId = number;
export type GuestOptions = { id: GuestId; role: 'expert' | 'observer' };
type Guest = { role: GuestOptions['role']; media: PartyMedia; muted: boolean };

function guestParty(id: GuestId): PartyName {
  return `guest${id}`;
}

const PARTIES: readonly Party[] = ['customer', 'technician'];

/** First codec of the customer that the technician can show: encoding on the phone costs more than decoding. */
export function chooseVideoCodec(
  customer: readonly VideoCodec[],
  technician: readonly VideoCodec[],
): VideoCodec {
  return customer.find((codec) => technician.includes(codec)) ?? 'VP8';
}

export class SessionMedia {
  readonly #sessionId: SessionId;
  readonly #plane: MediaPlane;
  readonly #clock: Clock;
  readonly #parties: Record<Party, PartyMedia>;
  readonly #guests = new Map<GuestId, Guest>();
  readonly #guestMedia: (guest: GuestOptions) => PartyMedia;
  #codec: VideoCodec | undefined;
  #gateOpen = false;
  #machine: SessionMachine | undefined;
  #live = true;
  #cancelWake: () => void = () => undefined;

  /** @param iceServers asked at each offer, because credentials are good for a time only; empty without TURN */
  constructor(
    sessionId: SessionId,
    plane: MediaPlane,
    events: SessionMediaEvents,
    clock: Clock,
    iceServers: (party: Party) => IceServer[] = () => [],
  ) {
    this.#sessionId = sessionId;
    this.#plane = plane;
    this.#clock = clock;
    const partyMedia = (party: Party) =>
      new PartyMedia(
        { sessionId, party, role: party, iceServers: () => iceServers(party) },
        plane,
        {
          connected: () => events.connected(party),
          failed: (reason) => events.failed(party, reason),
          silent: () => events.silent(party),
          heard: () => events.heard(party),
          changed: () => this.#settleAgain(),
        },
        clock.now,
      );
    this.#guestMedia = (guest) =>
      new PartyMedia(
        {
          sessionId,
          party: guestParty(guest.id),
          role: guest.role,
          muted: () => this.#guests.get(guest.id)?.muted === true,
          iceServers: () => iceServers('technician'),
        },
        plane,
        {
          connected: () => undefined,
          // Whether somebody who only helps is there changes nothing of the session's state.
          failed: () => undefined,
          silent: () => undefined,
          heard: () => undefined,
          changed: () => this.#settleAgain(),
        },
        clock.now,
      );
    this.#parties = { customer: partyMedia('customer'), technician: partyMedia('technician') };
  }

  /** Both parties' connections are up, so Start needs no more than one message. */
  get ready(): boolean {
    return PARTIES.every((party) => this.#parties[party].connected);
  }

  /**
   * What is due from this party has been missing for five seconds.
   * @param held connections of a page that is just coming back; without any it starts anew, and owes nothing yet
   */
  isSilent(party: Party, held?: readonly PeerId[]): boolean {
    return this.#parties[party].silent && (!held || held.some((peerId) => this.owns(peerId, party)));
  }

  /**
   * A page is here, for the first time or again.
   * @param held connections that the page still has; another one of ours is of no use to it any more
   */
  join(party: Party, participant: Participant, held: readonly PeerId[]): void {
    if (this.#live) {
      this.#parties[party].join(participant, held);
    }
  }

  /** The page's socket is gone; its media may flow on. */
  leave(party: Party, participant: Participant): void {
    this.#parties[party].leave(participant);
  }

  // -------------------------------------------------------------- guests

  /** A guest's page is here, for the first time or again. @param held as of `join` */
  joinGuest(guest: GuestOptions, participant: Participant, held: readonly PeerId[]): void {
    if (!this.#live) {
      return;
    }
    let known = this.#guests.get(guest.id);
    if (known === undefined) {
      known = { role: guest.role, media: this.#guestMedia(guest), muted: false };
      this.#guests.set(guest.id, known);
    }
    known.media.join(participant, held);
    this.#settleAgain();
  }

  /** The guest's socket is gone; the media may flow on. */
  leaveGuest(id: GuestId, participant: Participant): void {
    this.#guests.get(id)?.media.leave(participant);
  }

  /** Out of the session: nothing is sent or taken from now on. */
  removeGuest(id: GuestId): void {
    this.#guests.get(id)?.media.remove();
    this.#guests.delete(id);
  }

  muteGuest(id: GuestId, muted: boolean): void {
    const guest = this.#guests.get(id);
    if (guest !== undefined) {
      guest.muted = muted;
      this.#plane.mute(this.#sessionId, guestParty(id), muted);
    }
  }

  ownsGuest(peerId: PeerId, id: GuestId): boolean {
    return this.#guests.get(id)?.media.owns(peerId) === true;
  }

  expectGuest(id: GuestId, due: DueMedia): void {
    this.#guests.get(id)?.media.expect(due);
  }

  guestPeerFailed(peerId: PeerId, id: GuestId): void {
    this.#guests.get(id)?.media.peerFailed(peerId);
  }

  guestPeerStalled(peerId: PeerId, id: GuestId): void {
    this.#guests.get(id)?.media.peerStalled(peerId);
  }

  /** What the page sends while the session is active. */
  expect(party: Party, due: DueMedia): void {
    this.#parties[party].expect(due);
  }

  owns(peerId: PeerId, party: Party): boolean {
    return this.#parties[party].owns(peerId);
  }

  answer(peerId: PeerId, sdp: string): void {
    this.#plane.answer(peerId, sdp);
  }

  /** The browser gave a connection up. */
  peerFailed(peerId: PeerId, party: Party): void {
    this.#parties[party].peerFailed(peerId);
  }

  /** The browser hears nothing on this connection. */
  peerStalled(peerId: PeerId, party: Party): void {
    this.#parties[party].peerStalled(peerId);
  }

  /** A worker has room again. */
  retryNow(): void {
    for (const media of [
      ...Object.values(this.#parties),
      ...[...this.#guests.values()].map((guest) => guest.media),
    ]) {
      media.retryNow();
    }
    this.#settleAgain();
  }

  /** Brings the media plane to what the session's state wants. Cheap when nothing is to do; called every second. */
  settle(machine: SessionMachine): void {
    if (!this.#live) {
      return;
    }
    this.#machine = machine;
    if (isEnded(machine.state)) {
      this.#live = false;
      this.#cancelWake();
      for (const party of PARTIES) {
        this.#parties[party].end();
      }
      for (const { media } of this.#guests.values()) {
        media.end();
      }
      this.#guests.clear();
      this.#plane.closeSession(this.#sessionId);
      return;
    }
    const open = settledState(machine) === 'active';
    if (open !== this.#gateOpen) {
      this.#gateOpen = open;
      this.#plane.gate(this.#sessionId, open);
    }
    const { customer, technician } = this.#parties;
    if (customer.participant && technician.participant) {
      this.#codec ??= chooseVideoCodec(customer.participant.videoCodecs, technician.participant.videoCodecs);
    }
    // Everybody hears everybody else.
    const experts = [...this.#guests.values()].filter(({ role }) => role === 'expert').length;
    const next = PARTIES.map((party) => this.#parties[party].settle(open, this.#codec, 1 + experts));
    for (const { role, media } of this.#guests.values()) {
      next.push(media.settle(open, this.#codec, PARTIES.length + experts - (role === 'expert' ? 1 : 0)));
    }
    this.#wakeAt(Math.min(...next));
  }

  #settleAgain(): void {
    if (this.#machine) {
      this.settle(this.#machine);
    }
  }

  #wakeAt(at: number): void {
    this.#cancelWake();
    this.#cancelWake = Number.isFinite(at)
      ? this.#clock.later(() => this.#settleAgain(), Math.max(0, at - this.#clock.now()))
      : () => undefined;
  }
}
