/**
 * Experts and observers of one session: invited by a link that one browser uses up, there, away, put out. Each change
 * is on disk together with its line of the log before anybody is shown it.
 */
import type { Participant } from './party-media.ts';
import {
  type ErrorCode,
  GUEST_LINK_LIFE_MS,
  GUEST_LINKS_MAX,
  GUESTS_MAX,
  type GuestId,
  type GuestRole,
  type GuestStanding,
  type GuestState,
  type GuestView,
  type PeerId,
  type SessionEventType,
  type SessionId,
} from './protocol.ts';
import { newToken, type Secrets } from './secrets.ts';
import { type Actor, type LoggedEvent, type LossCause, SYSTEM } from './session-context.ts';
import type { SessionMedia } from './session-media.ts';
import type { GuestRecord, StoreTransaction } from './store.ts';
import type { Note } from './whiteboard.ts';

/** Purposes of the server key; they are part of what is stored, so they never change. */
const TOKEN_PURPOSE = 'guest token';

const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export type GuestsHost = {
  readonly sessionId: SessionId;
  readonly secrets: Secrets;
  /** Epoch milliseconds. */
  now: () => number;
  /** Scheme, host and port under which the relay is reached. */
  origin: () => string;
  ended: () => boolean;
  media: () => Pick<SessionMedia, 'joinGuest' | 'leaveGuest' | 'removeGuest' | 'muteGuest'>;
  /** What a guest sees of the session; the rest of `GuestStanding` is theirs. */
  seen: () => Pick<GuestStanding, 'phase' | 'technician' | 'customerDevices' | 'interruption'>;
  /** Runs `work` as a step of the session, in one transaction. Without a note nothing is done. */
  note: (by: Actor, work: (tx: StoreTransaction) => Promise<Note | undefined>) => Promise<void>;
  /** Shows the session to everybody concerned. */
  show: () => void;
};

/** The keyed hash by which a link is found; undefined for what is no token. */
export function guestTokenMac(secrets: Pick<Secrets, 'hmac'>, token: string): string | undefined {
  return TOKEN_PATTERN.test(token) ? secrets.hmac(TOKEN_PURPOSE, token) : undefined;
}

/** Links are built here and nowhere else. */
export function guestLinkOf(origin: string, token: string): string {
  return `${origin}/g/${token}`;
}

/** Still to come, or there. */
export function isOpen(state: GuestState): boolean {
  return state === 'invited' || isIn(state);
}

/** Has come in, and may go on. */
export function isIn(state: GuestState): boolean {
  return state === 'here' || state === 'away';
}

/**
 * Why a link opens nothing; undefined when it does. The token has 256 bits, so whoever has it may be told plainly what
 * became of it.
 */
export function linkRefusal(
  { state, expiresAt }: Pick<GuestRecord, 'state' | 'expiresAt'>,
  sessionEnded: boolean,
  now: number,
): ErrorCode | undefined {
  if (state === 'revoked') {
    return 'linkRevoked';
  }
  if (state !== 'invited' && state !== 'expired') {
    return 'linkUsed';
  }
  if (sessionEnded) {
    return 'sessionOver';
  }
  return state === 'expired' || now >= expiresAt ? 'linkExpired' : undefined;
}

/** Undefined when another guest may be invited. */
export function roomRefusal(guests: readonly Pick<GuestRecord, 'state'>[]): ErrorCode | undefined {
  const open = guests.filter(({ state }) => isOpen(state)).length;
  return open >= GUESTS_MAX || guests.length >= GUEST_LINKS_MAX ? 'guestsFull' : undefined;
}

type Held = { record: GuestRecord; participant: Participant | undefined };

export class SessionGuests {
  readonly #host: GuestsHost;
  readonly #guests = new Map<GuestId, Held>();

  constructor(host: GuestsHost) {
    this.#host = host;
  }

  /** Whoever was here is missing until their page is here again. */
  async restore(records: readonly GuestRecord[]): Promise<void> {
    for (const record of records) {
      this.#guests.set(record.id, { record, participant: undefined });
    }
    if (this.#host.ended()) {
      await this.over();
      return;
    }
    for (const { id, state } of records) {
      if (state === 'here') {
        await this.#change(id, SYSTEM, (record) => ({
          record: { ...record, state: 'away' },
          event: lineOf('guestLeft', record, { reason: 'relay' }),
        }));
      }
    }
  }

  // -------------------------------------------------------------- what others see

  /** All there ever were. */
  get views(): GuestView[] {
    return [...this.#guests.values()].map(({ record }) => this.#viewOf(record));
  }

  /** Pages that watch. */
  get participants(): Participant[] {
    return [...this.#guests.values()].flatMap(({ participant }) => participant ?? []);
  }

  #viewOf({ id, name, role, state, muted, expiresAt, tokenSealed }: GuestRecord): GuestView {
    const token =
      state === 'invited' && tokenSealed !== null
        ? this.#host.secrets.open(TOKEN_PURPOSE, tokenSealed)
        : undefined;
    return {
      ...{ id, name, role, state, muted, expiresAt },
      ...(token === undefined ? {} : { link: guestLinkOf(this.#host.origin(), token) }),
    };
  }

  /** What this guest's page shows. */
  standing(id: GuestId): GuestStanding | undefined {
    const record = this.#guests.get(id)?.record;
    return record && standingOf(record, this.#host.seen());
  }

  /** Tells every guest how the session stands. */
  show(): void {
    for (const { record, participant } of this.#guests.values()) {
      participant?.send({ type: 'guest', guest: standingOf(record, this.#host.seen()) });
    }
  }

  /** Whether the session has this page for that guest, and not a newer one. */
  isPage(id: GuestId, participant: Participant): boolean {
    return this.#guests.get(id)?.participant === participant;
  }

  // -------------------------------------------------------------- the technician

  async invite(by: Actor, role: GuestRole, name: string): Promise<ErrorCode | undefined> {
    const { sessionId, secrets, now, note, ended } = this.#host;
    let refused: ErrorCode | undefined;
    await note(by, async (tx) => {
      refused = ended() ? 'wrongState' : roomRefusal([...this.#guests.values()].map((held) => held.record));
      if (refused) {
        return undefined;
      }
      const token = newToken();
      const record = await tx.insertGuest({
        ...{ sessionId, name, role, state: 'invited', muted: false, resumeHash: null },
        tokenMac: secrets.hmac(TOKEN_PURPOSE, token),
        tokenSealed: secrets.seal(TOKEN_PURPOSE, token),
        expiresAt: now() + GUEST_LINK_LIFE_MS,
      });
      return {
        events: [lineOf('guestInvited', record)],
        done: () => {
          this.#guests.set(record.id, { record, participant: undefined });
          this.#host.show();
        },
      };
    });
    return refused;
  }

  /** An open link dies; somebody who came by it is put out, and does not come back. */
  async remove(by: Actor, id: GuestId): Promise<ErrorCode | undefined> {
    const done = await this.#change(id, by, (record) => {
      if (!isOpen(record.state)) {
        return undefined;
      }
      const isLink = record.state === 'invited';
      return {
        record: { ...record, state: isLink ? 'revoked' : 'removed', tokenSealed: null },
        event: lineOf(isLink ? 'guestRevoked' : 'guestRemoved', record),
      };
    });
    return done ? undefined : 'noSuchGuest';
  }

  async mute(by: Actor, id: GuestId, muted: boolean): Promise<ErrorCode | undefined> {
    const done = await this.#change(id, by, (record) =>
      isIn(record.state) && record.role === 'expert'
        ? {
            record: { ...record, muted },
            ...(record.muted === muted ? {} : { event: lineOf('guestMuted', record, { muted }) }),
          }
        : undefined,
    );
    if (done) {
      this.#host.media().muteGuest(id, muted);
    }
    return done ? undefined : 'noSuchGuest';
  }

  // -------------------------------------------------------------- the guest

  /** The first browser that comes has the link; it is used up in the same transaction. */
  async join(
    id: GuestId,
    participant: Participant,
    { name, resumeHash }: { name: string; resumeHash: string },
  ): Promise<ErrorCode | undefined> {
    let refused: ErrorCode | undefined = 'linkUnknown';
    await this.#change(
      id,
      (record) => ({ actor: 'guest', actorName: name || record.name }),
      (record) => {
        refused = linkRefusal(record, this.#host.ended(), this.#host.now());
        const joined: GuestRecord = { ...record, name, state: 'here', tokenSealed: null, resumeHash };
        return refused ? undefined : { record: joined, event: lineOf('guestJoined', joined) };
      },
      () => this.#enter(id, participant, []),
    );
    return refused;
  }

  /** The guest's page is back, or another one of the same browser. False when the guest may not go on. */
  resume(id: GuestId, participant: Participant, held: readonly PeerId[]): Promise<boolean> {
    return this.#change(
      id,
      actorOf,
      (record) =>
        isIn(record.state) && !this.#host.ended()
          ? {
              record: { ...record, state: 'here' },
              ...(record.state === 'away' ? { event: lineOf('guestJoined', record, { again: true }) } : {}),
            }
          : undefined,
      () => this.#enter(id, participant, held),
    );
  }

  #enter(id: GuestId, participant: Participant, held: readonly PeerId[]): void {
    const guest = this.#guests.get(id);
    if (!guest) {
      return;
    }
    if (guest.participant && guest.participant !== participant) {
      guest.participant.send({ type: 'superseded' });
    }
    guest.participant = participant;
    const { role, muted } = guest.record;
    const media = this.#host.media();
    media.joinGuest({ id, role }, participant, held);
    media.muteGuest(id, muted);
  }

  /** The guest's socket is gone; the page may come back. */
  async lost(id: GuestId, participant: Participant, cause: LossCause): Promise<void> {
    const guest = this.#guests.get(id);
    if (guest?.participant !== participant) {
      return;
    }
    guest.participant = undefined;
    this.#host.media().leaveGuest(id, participant);
    await this.#change(id, actorOf, (record) =>
      record.state === 'here' && guest.participant === undefined
        ? { record: { ...record, state: 'away' }, event: lineOf('guestLeft', record, { reason: cause }) }
        : undefined,
    );
  }

  /** The guest pressed Leave, and does not come back. */
  async leave(id: GuestId, participant: Participant): Promise<ErrorCode | undefined> {
    const done = await this.#change(id, actorOf, (record) =>
      this.isPage(id, participant) && isIn(record.state)
        ? { record: { ...record, state: 'left' }, event: lineOf('guestLeft', record, { reason: 'pressed' }) }
        : undefined,
    );
    return done ? undefined : 'wrongState';
  }

  // -------------------------------------------------------------- time

  /** Called every second: links whose time is over. */
  async expire(): Promise<void> {
    const now = this.#host.now();
    for (const { record } of [...this.#guests.values()]) {
      if (record.state === 'invited' && now >= record.expiresAt) {
        await this.#change(record.id, SYSTEM, (current) =>
          current.state === 'invited'
            ? { record: { ...current, state: 'expired', tokenSealed: null } }
            : undefined,
        );
      }
    }
  }

  /** The session is over: links die with it, and whoever is there has left. */
  async over(): Promise<void> {
    for (const id of [...this.#guests.keys()]) {
      await this.#change(id, SYSTEM, (record) => {
        if (record.state === 'invited') {
          return { record: { ...record, state: 'expired', tokenSealed: null } };
        }
        return isIn(record.state)
          ? {
              record: { ...record, state: 'left' },
              ...(record.state === 'here'
                ? { event: lineOf('guestLeft', record, { reason: 'sessionEnded' }) }
                : {}),
            }
          : undefined;
      });
    }
  }

  // -------------------------------------------------------------- the map and the disk

  /** @returns false when nothing was done */
  async #change(
    id: GuestId,
    by: Actor | ((record: GuestRecord) => Actor),
    step: (record: GuestRecord) => { record: GuestRecord; event?: LoggedEvent } | undefined,
    done?: () => void,
  ): Promise<boolean> {
    const known = this.#guests.get(id)?.record;
    if (!known) {
      return false;
    }
    let changed = false;
    await this.#host.note(typeof by === 'function' ? by(known) : by, async (tx) => {
      // In here, where no other change can come between.
      const guest = this.#guests.get(id);
      const planned = guest && step(guest.record);
      if (!planned) {
        return undefined;
      }
      const { record, event } = planned;
      if (record !== guest.record) {
        await tx.updateGuest(record);
      }
      return {
        events: event ? [event] : [],
        done: () => {
          changed = true;
          guest.record = record;
          done?.();
          this.#host.show();
          if (!isOpen(record.state)) {
            this.#host.media().removeGuest(id);
            guest.participant = undefined;
          }
        },
      };
    });
    return changed;
  }
}

function actorOf({ name }: GuestRecord): Actor {
  return { actor: 'guest', actorName: name };
}

function lineOf(
  type: SessionEventType,
  { id, name, role }: GuestRecord,
  more: Record<string, string | boolean> = {},
): LoggedEvent {
  return { type, data: { guest: id, name, role, ...more } };
}

/** @param seen of a session that is over when it is not in memory any more */
export function standingOf(
  { name, role, muted, state }: GuestRecord,
  seen: ReturnType<GuestsHost['seen']>,
): GuestStanding {
  const own = { name, role, muted };
  if (state === 'removed') {
    return { ...seen, ...own, phase: 'removed' };
  }
  return { ...seen, ...own, ...(state === 'left' && seen.phase !== 'ended' ? { phase: 'left' } : {}) };
}
