/**
 * The media connections of one party of a session: the one that carries and, while that one is in doubt, a newer one
 * beside it that shall take over (make-before-break, facts/reliability.md 1.3). Nothing here is ever repaired.
 */
import type { MediaPlane, PeerCloseReason, PeerListener } from './media-plane.ts';
import type { IceServer, PeerId, ServerEvent, SessionId, VideoCodec } from './protocol.ts';
import { type Estimation, MEDIA_WATCHDOG_MS, type MediaRole, type PartyName } from './worker-protocol.ts';

/** One page with its socket, as far as a session needs it. */
export type Participant = {
  /** What the browser can send or show, best first. */
  readonly videoCodecs: readonly VideoCodec[];
  send(event: ServerEvent): void;
  /** Sends a binary frame unless the page reads too slowly: a later still is worth more than a late one. False when dropped. */
  sendStill(frame: Uint8Array): boolean;
  /** Drops the event when the page reads too slowly: what it tells is over by the time it would be read. */
  sendVolatile(event: ServerEvent): void;
};

/** What a party should be sending while the session is active. */
export type DueMedia = { audio: boolean; video: boolean };

export const NOTHING_DUE: DueMedia = { audio: false, video: false };

/**
 * Pauses before the next try, by the number of tries in a row that brought no media: at once after a fault, and
 * little work on a path that stays broken (S4).
 */
const RETRY_DELAYS_MS = [0, 300, 1_000, 2_000, 5_000] as const;
/** When no worker has room; `onRoom` comes sooner where it can. */
const NO_ROOM_DELAY_MS = 1_000;
/** New connections of a party: this many at once, and one per second in the long run, whatever its page says. */
const PEERS_BURST = 3;
const PEER_EARNED_EVERY_MS = 1_000;
/** The older connection goes at the latest this long after the newer one is up: it may have nothing to send. */
const HANDOVER_TIMEOUT_MS = 3_000;
/** Without what is due for this long a party counts as lost (product.md, "Session states"). */
const SILENCE_MAX_MS = 5_000;

type Peer = {
  readonly id: PeerId;
  connected: boolean;
  /** Only of meaning while `connected`. */
  connectedAt: number;
  flowing: boolean;
  readonly estimation: Estimation;
  /** How many it can be sent at once. */
  readonly voices: number;
};

export type PartyOptions = {
  sessionId: SessionId;
  party: PartyName;
  role: MediaRole;
  /** Nobody is to be sent what it says. */
  muted?: () => boolean;
  /** Asked at each offer, because credentials are good for a time only; empty without TURN. */
  iceServers: () => IceServer[];
};

export type PartyMediaEvents = {
  connected(): void;
  failed(reason: PeerCloseReason): void;
  /** What is due has been missing for five seconds. */
  silent(): void;
  /** It is there again, or not due any more. */
  heard(): void;
  /** Something is to be settled now. */
  changed(): void;
};

export class PartyMedia {
  readonly #sessionId: SessionId;
  readonly #party: PartyName;
  readonly #role: MediaRole;
  readonly #muted: () => boolean;
  readonly #iceServers: () => IceServer[];
  readonly #plane: MediaPlane;
  readonly #events: PartyMediaEvents;
  readonly #now: () => number;
  #participant: Participant | undefined;
  /** Oldest first, two at most. */
  #peers: Peer[] = [];
  /** The one there is must be replaced. */
  #renewing = false;
  #estimation: Estimation = 'sendSide';
  #due = NOTHING_DUE;
  #voices = 1;
  #gateOpen = false;
  #triesInARow = 0;
  #retryAt = 0;
  #allowance = PEERS_BURST;
  #allowanceAt: number;
  /** Since when what is due has been missing. */
  #silentSince: number | undefined;
  #silent = false;

  constructor(
    { sessionId, party, role, muted = () => false, iceServers }: PartyOptions,
    plane: MediaPlane,
    events: PartyMediaEvents,
    now: () => number,
  ) {
    this.#sessionId = sessionId;
    this.#party = party;
    this.#role = role;
    this.#muted = muted;
    this.#iceServers = iceServers;
    this.#plane = plane;
    this.#events = events;
    this.#now = now;
    this.#allowanceAt = now();
  }

  get participant(): Participant | undefined {
    return this.#participant;
  }

  get connected(): boolean {
    return this.#peers.some((peer) => peer.connected);
  }

  /** True from `silent` to `heard`. */
  get silent(): boolean {
    return this.#silent;
  }

  owns(peerId: PeerId): boolean {
    return this.#peers.some((peer) => peer.id === peerId);
  }

  /**
   * A page is here, for the first time or again.
   * @param held connections that the page still has. One that it has not is of no use any more; nor is one that is
   *        not up yet, because words about it may have been lost with the socket before.
   */
  join(participant: Participant, held: readonly PeerId[]): void {
    this.#participant = participant;
    for (const peer of [...this.#peers]) {
      if (!peer.connected || !held.includes(peer.id)) {
        this.#close(peer, held.includes(peer.id));
      }
    }
    if (this.#peers.length === 0) {
      // A page that was just loaded has not said yet what it will send.
      this.#due = NOTHING_DUE;
      this.#renewing = false;
      this.#estimation = 'sendSide';
    }
    this.#triesInARow = 0;
    this.#retryAt = 0;
  }

  /** The page's socket is gone. Its connections may live on; new ones wait until somebody can answer. */
  leave(participant: Participant): void {
    if (this.#participant === participant) {
      this.#participant = undefined;
    }
  }

  /** This party has no place in the session any more. */
  remove(): void {
    for (const peer of [...this.#peers]) {
      this.#close(peer, true);
    }
    this.#participant = undefined;
  }

  /** The session is over and its peers are closed with it. */
  end(): void {
    this.#participant = undefined;
    this.#peers = [];
  }

  expect(due: DueMedia): void {
    if (due.audio === this.#due.audio && due.video === this.#due.video) {
      return;
    }
    this.#due = due;
    for (const { id } of this.#peers) {
      this.#plane.expect(id, due);
    }
  }

  /** The browser gave a connection up. */
  peerFailed(peerId: PeerId): void {
    if (this.owns(peerId)) {
      this.#plane.closePeer(peerId);
      this.#lost(peerId, 'failed');
    }
  }

  /** The browser hears nothing on this connection; it goes on until a newer one has taken over. */
  peerStalled(peerId: PeerId): void {
    if (this.#isInUse(peerId)) {
      this.#renew();
      this.#events.changed();
    }
  }

  /** A worker has room again. */
  retryNow(): void {
    this.#retryAt = Math.min(this.#retryAt, this.#now());
  }

  /**
   * Does what is to be done by now.
   * @param codec undefined while nobody knows the other side
   * @param voices how many others speak: a connection with fewer lines is replaced by one that has them
   * @returns epoch milliseconds of the next thing to do; Infinity for nothing
   */
  settle(gateOpen: boolean, codec: VideoCodec | undefined, voices: number): number {
    this.#voices = voices;
    this.#gateOpen = gateOpen;
    const handOverAt = this.#handOver();
    const offerAt = codec === undefined ? Number.POSITIVE_INFINITY : this.#offer(codec);
    return Math.min(handOverAt, offerAt, this.#listen());
  }

  // -------------------------------------------------------------- two connections

  #isInUse(peerId: PeerId): boolean {
    const [only] = this.#peers;
    return this.#peers.length === 1 && only?.id === peerId && only.connected;
  }

  #renew(): void {
    if (!this.#renewing) {
      this.#renewing = true;
      this.#pauseBeforeNext();
    }
  }

  #pauseBeforeNext(): void {
    const delay = RETRY_DELAYS_MS[Math.min(this.#triesInARow, RETRY_DELAYS_MS.length - 1)] ?? 0;
    this.#triesInARow += 1;
    this.#retryAt = this.#now() + delay;
  }

  #handOver(): number {
    const [older, newer] = this.#peers;
    if (!older || !newer?.connected) {
      return Number.POSITIVE_INFINITY;
    }
    if (!newer.flowing && older.flowing && this.#isDue) {
      // Only what carries takes over; if it never does, its watchdog says so.
      return Number.POSITIVE_INFINITY;
    }
    const latest = newer.connectedAt + HANDOVER_TIMEOUT_MS;
    if (!newer.flowing && this.#now() < latest) {
      return latest;
    }
    this.#close(older, true);
    return Number.POSITIVE_INFINITY;
  }

  #offer(codec: VideoCodec): number {
    const [only] = this.#peers;
    // A state and no event: whatever becomes of the first try, the wish stays.
    const isMisjudged =
      only?.connected === true && (only.estimation !== this.#estimation || only.voices < this.#voices);
    const wanted = only === undefined || (this.#peers.length === 1 && (this.#renewing || isMisjudged));
    if (!this.#participant || !wanted) {
      return Number.POSITIVE_INFINITY;
    }
    const now = this.#now();
    const at = Math.max(this.#retryAt, this.#allowedAt(now));
    if (now < at) {
      return at;
    }
    const id = this.#plane.createPeer(
      {
        ...{ sessionId: this.#sessionId, party: this.#party, role: this.#role },
        ...{ codec, estimation: this.#estimation, voices: this.#voices, muted: this.#muted() },
      },
      this.#listener(),
    );
    if (id === undefined) {
      this.#retryAt = now + NO_ROOM_DELAY_MS;
      return this.#retryAt;
    }
    this.#allowance -= 1;
    this.#renewing = false;
    const [estimation, voices] = [this.#estimation, this.#voices];
    this.#peers.push({ id, connected: false, connectedAt: 0, flowing: false, estimation, voices });
    if (this.#due.audio || this.#due.video) {
      this.#plane.expect(id, this.#due);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Token bucket: when the next connection may be made. */
  #allowedAt(now: number): number {
    const earned = (now - this.#allowanceAt) / PEER_EARNED_EVERY_MS;
    this.#allowance = Math.min(PEERS_BURST, this.#allowance + earned);
    this.#allowanceAt = now;
    return this.#allowance >= 1 ? now : now + Math.ceil((1 - this.#allowance) * PEER_EARNED_EVERY_MS);
  }

  #close(peer: Peer, tell: boolean): void {
    this.#peers = this.#peers.filter((held) => held !== peer);
    this.#plane.closePeer(peer.id);
    if (tell) {
      this.#participant?.send({ type: 'peerClosed', peerId: peer.id });
    }
  }

  // -------------------------------------------------------------- silence

  #listen(): number {
    if (!this.#isDue || this.#peers.some((peer) => peer.flowing)) {
      this.#hear();
      return Number.POSITIVE_INFINITY;
    }
    if (this.#silentSince === undefined) {
      // A connection that is up has the benefit of the doubt: the watchdog of its worker says what is missing.
      if (this.connected) {
        return Number.POSITIVE_INFINITY;
      }
      this.#silentSince = this.#now();
    }
    const at = this.#silentSince + SILENCE_MAX_MS;
    if (this.#now() < at) {
      return at;
    }
    if (!this.#silent) {
      this.#silent = true;
      this.#events.silent();
    }
    return Number.POSITIVE_INFINITY;
  }

  get #isDue(): boolean {
    return this.#gateOpen && (this.#due.audio || this.#due.video);
  }

  #hear(): void {
    this.#silentSince = undefined;
    if (this.#silent) {
      this.#silent = false;
      this.#events.heard();
    }
  }

  // -------------------------------------------------------------- what the plane says

  #listener(): PeerListener {
    const sessionId = this.#sessionId;
    const of = (peerId: PeerId) => this.#peers.find((peer) => peer.id === peerId);
    const tell = (peerId: PeerId, event: ServerEvent) => {
      if (of(peerId)) {
        this.#participant?.send(event);
      }
    };
    return {
      offer: (peerId, sdp) => {
        const iceServers = this.#iceServers();
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
        const peer = of(peerId);
        if (peer) {
          peer.connected = true;
          peer.connectedAt = this.#now();
          if (!this.#due.audio && !this.#due.video) {
            this.#triesInARow = 0;
          }
          this.#events.connected();
          this.#events.changed();
        }
      },
      media: (peerId, flowing) => {
        const peer = of(peerId);
        if (peer) {
          this.#mediaOf(peer, flowing);
        }
      },
      lossy: (peerId) => {
        if (of(peerId)) {
          this.#estimation = 'receiveSide';
          this.#events.changed();
        }
      },
      closed: (peerId, reason) => this.#lost(peerId, reason),
    };
  }

  #mediaOf(peer: Peer, flowing: boolean): void {
    peer.flowing = flowing;
    if (flowing) {
      this.#triesInARow = 0;
    } else {
      if (this.#peers.every((each) => !each.flowing)) {
        this.#silentSince ??= this.#now() - MEDIA_WATCHDOG_MS;
      }
      const [older] = this.#peers;
      if (peer === this.#peers.at(-1)) {
        if (older !== peer && older?.flowing) {
          this.#close(peer, true);
        }
        this.#renew();
      }
    }
    this.#events.changed();
  }

  #lost(peerId: PeerId, reason: PeerCloseReason): void {
    const peer = this.#peers.find((held) => held.id === peerId);
    if (!peer) {
      return;
    }
    const wasNewest = peer === this.#peers.at(-1);
    this.#peers = this.#peers.filter((held) => held !== peer);
    this.#participant?.send({ type: 'peerClosed', peerId });
    if (wasNewest) {
      this.#renewing = this.#peers.length > 0;
      if (reason === 'workerLost') {
        this.#retryAt = this.#now();
      } else {
        this.#pauseBeforeNext();
      }
    }
    this.#events.failed(reason);
    this.#events.changed();
  }
}
