/**
 * Which media connections a session should have, and the steps there: a connection for each party as soon as both
 * are here (prewarmed while waiting), media let through only while the session is active, nothing left at its end.
 */
import type { MediaPlane, PeerCloseReason, PeerListener } from './media-plane.ts';
import type { IceServer, PeerId, ServerEvent, SessionId, VideoCodec } from './protocol.ts';
import { isEnded, type Party, type SessionMachine, settledState } from './session-state.ts';

/** One page with its socket, as far as a session needs it. */
export type Participant = {
  /** What the browser can send or show, best first. */
  readonly videoCodecs: readonly VideoCodec[];
  send(event: ServerEvent): void;
  /** Sends a binary frame unless the page reads too slowly: a later still is worth more than a late one. */
  sendStill(frame: Uint8Array): void;
};

/** A connection that just failed is not offered again before this, so that a broken path costs little (S4). */
const RETRY_DELAY_MS = 1_000;

type Slot = {
  participant: Participant;
  peerId: PeerId | undefined;
  connected: boolean;
  retryAt: number;
};

export type SessionMediaEvents = {
  connected(party: Party): void;
  failed(party: Party, reason: PeerCloseReason): void;
};

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
  readonly #events: SessionMediaEvents;
  readonly #now: () => number;
  readonly #iceServers: (party: Party) => IceServer[];
  readonly #slots = new Map<Party, Slot>();
  #codec: VideoCodec | undefined;
  #gateOpen = false;
  #live = true;

  /** @param iceServers asked at each offer, because credentials are good for a time only; empty without TURN */
  constructor(
    sessionId: SessionId,
    plane: MediaPlane,
    events: SessionMediaEvents,
    now: () => number,
    iceServers: (party: Party) => IceServer[] = () => [],
  ) {
    this.#sessionId = sessionId;
    this.#plane = plane;
    this.#events = events;
    this.#now = now;
    this.#iceServers = iceServers;
  }

  /** Both parties' connections are up, so Start needs no more than one message. */
  get ready(): boolean {
    return PARTIES.every((party) => this.#slots.get(party)?.connected === true);
  }

  /**
   * A page is here, for the first time or again.
   * @param held connections that the page still has; another one of ours is of no use to it any more
   */
  join(party: Party, participant: Participant, held: readonly PeerId[]): void {
    const slot = this.#slots.get(party);
    if (slot?.peerId !== undefined && held.includes(slot.peerId)) {
      slot.participant = participant;
      return;
    }
    this.#closePeer(slot);
    this.#slots.set(party, { participant, peerId: undefined, connected: false, retryAt: 0 });
  }

  owns(peerId: PeerId, party: Party): boolean {
    return this.#slots.get(party)?.peerId === peerId;
  }

  answer(peerId: PeerId, sdp: string): void {
    this.#plane.answer(peerId, sdp);
  }

  /** The browser gave a connection up. */
  peerFailed(peerId: PeerId, party: Party): void {
    if (this.owns(peerId, party)) {
      this.#plane.closePeer(peerId);
      this.#lost(party, peerId, 'failed');
    }
  }

  /** Brings the media plane to what the session's state wants. Cheap when nothing is to do; called every second. */
  settle(machine: SessionMachine): void {
    if (!this.#live) {
      return;
    }
    if (isEnded(machine.state)) {
      this.#live = false;
      this.#slots.clear();
      this.#plane.closeSession(this.#sessionId);
      return;
    }
    const open = settledState(machine) === 'active';
    if (open !== this.#gateOpen) {
      this.#gateOpen = open;
      this.#plane.gate(this.#sessionId, open);
    }
    this.#prewarm();
  }

  #prewarm(): void {
    const now = this.#now();
    const customer = this.#slots.get('customer');
    const technician = this.#slots.get('technician');
    if (!customer || !technician) {
      return;
    }
    this.#codec ??= chooseVideoCodec(customer.participant.videoCodecs, technician.participant.videoCodecs);
    for (const party of PARTIES) {
      const slot = this.#slots.get(party);
      if (slot && slot.peerId === undefined && now >= slot.retryAt) {
        slot.peerId = this.#plane.createPeer(
          { sessionId: this.#sessionId, party, codec: this.#codec },
          this.#listener(party),
        );
        if (slot.peerId === undefined) {
          slot.retryAt = now + RETRY_DELAY_MS;
        }
      }
    }
  }

  #listener(party: Party): PeerListener {
    const sessionId = this.#sessionId;
    const tell = (peerId: PeerId, event: ServerEvent) => {
      const slot = this.#slots.get(party);
      if (slot?.peerId === peerId) {
        slot.participant.send(event);
      }
    };
    return {
      offer: (peerId, sdp) => {
        const iceServers = this.#iceServers(party);
        tell(peerId, {
          type: 'offer',
          peerId,
          sessionId,
          sdp,
          ...(iceServers.length > 0 && { iceServers }),
        });
      },
      candidates: (peerId, candidates) => tell(peerId, { type: 'candidates', peerId, candidates }),
      connected: (peerId) => {
        const slot = this.#slots.get(party);
        if (slot?.peerId === peerId) {
          slot.connected = true;
          this.#events.connected(party);
        }
      },
      media: () => undefined,
      closed: (peerId, reason) => this.#lost(party, peerId, reason),
    };
  }

  #lost(party: Party, peerId: PeerId, reason: PeerCloseReason): void {
    const slot = this.#slots.get(party);
    if (slot?.peerId !== peerId) {
      return;
    }
    slot.participant.send({ type: 'peerClosed', peerId });
    slot.peerId = undefined;
    slot.connected = false;
    slot.retryAt = this.#now() + RETRY_DELAY_MS;
    this.#events.failed(party, reason);
  }

  #closePeer(slot: Slot | undefined): void {
    if (slot?.peerId !== undefined) {
      this.#plane.closePeer(slot.peerId);
    }
  }
}
