/** One socket of the signalling side with what is known of the page behind it. */
import type { LiveSession } from './live-session.ts';
import type { Participant } from './party-media.ts';
import {
  type Account,
  type Channel,
  ERRORS,
  type ErrorCode,
  type GuestId,
  type InvitationMethod,
  type PageRole,
  type ServerMessage,
  type VideoCodec,
} from './protocol.ts';
import type { Socket } from './server.ts';
import { STILL_QUEUE_MAX_BYTES } from './stills.ts';

/** Requests per second and in a burst (S2). */
const RATE_PER_S = 50;
const RATE_BURST = 100;

/** Of one socket; a page needs five, and five more when it measures again. */
const PROBES_MAX = 20;
/** What may wait for a page before strokes in progress and laser to it are dropped: a moment's worth. */
const VOLATILE_QUEUE_MAX_BYTES = 16 * 1024;

/** What a socket is to a session: the customer's page with it, or one that stands before the terms. */
export type Visit = { session: LiveSession; by: InvitationMethod; joined: boolean };

/** One page with its socket. */
export class Page implements Participant {
  readonly socket: Socket;
  videoCodecs: readonly VideoCodec[] = [];
  role: PageRole | undefined;
  account: Account | undefined;
  accountCheckedAt = 0;
  visit: Visit | undefined;
  /** Which guest of which session this page is of, once the guest has come in. */
  guest: { session: LiveSession; id: GuestId } | undefined;
  /** The channel whose page this is, until its customer has answered the terms. */
  channel: Channel | undefined;
  helloTimer: NodeJS.Timeout | undefined;
  /** The request in work and those behind it. */
  queue: Promise<void> = Promise.resolve();
  pending = 0;
  open = true;
  #allowance = RATE_BURST;
  #allowanceAt: number;
  #probes = 0;

  constructor(socket: Socket, now: number) {
    this.socket = socket;
    this.#allowanceAt = now;
  }

  send(message: ServerMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  sendStill(frame: Uint8Array): boolean {
    return this.socket.sendBinary(frame, STILL_QUEUE_MAX_BYTES);
  }

  sendVolatile(message: ServerMessage): void {
    if (!this.socket.isBehind(VOLATILE_QUEUE_MAX_BYTES)) {
      this.send(message);
    }
  }

  refuse(id: number, code: ErrorCode): void {
    this.send({ type: 'error', id, code, message: ERRORS[code] });
  }

  /** Last words, then the end. */
  closeWith(code: ErrorCode, status: number): void {
    this.send({ type: 'closing', code, message: ERRORS[code] });
    this.socket.close(status, code);
  }

  /** False when this probe is one too many. */
  allowsProbe(): boolean {
    this.#probes += 1;
    return this.#probes <= PROBES_MAX;
  }

  /** Token bucket; false when this request is one too many. */
  allows(now: number): boolean {
    const earned = ((now - this.#allowanceAt) / 1000) * RATE_PER_S;
    this.#allowance = Math.min(RATE_BURST, this.#allowance + earned);
    this.#allowanceAt = now;
    this.#allowance -= 1;
    return this.#allowance >= 0;
  }
}
