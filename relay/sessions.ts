/** All open sessions of this front and everything that technicians and customers may do with them. */
import {
  type Console,
  CUSTOMER,
  insertInvitation,
  LiveSession,
  type LossCause,
  type SessionContext,
  SYSTEM,
  technicianActor,
} from './live-session.ts';
import type { Participant } from './party-media.ts';
import type {
  Account,
  CustomerFields,
  CustomerView,
  DeviceState,
  ErrorCode,
  EventData,
  InvitationMethod,
  PeerId,
  PictureState,
  SessionEvent,
  SessionId,
  SessionView,
  Terms,
} from './protocol.ts';
import { createMachine, type Party, settledState } from './session-state.ts';
import type { Invitation, SessionRecord, StoreTransaction } from './store.ts';

/**
 * A customer who already typed the PIN may still be at the camera question when its time is up; the session is
 * kept for them that much longer.
 */
const CLAIM_GRACE_MS = 10 * 60 * 1000;

export type SessionsOptions = Omit<SessionContext, 'consoleOf'>;

export class Sessions {
  readonly #context: SessionContext;
  readonly #sessions = new Map<SessionId, LiveSession>();
  /** By SHA-256 of the customer's resume token, the last two of each session. */
  readonly #byResumeHash = new Map<string, LiveSession>();
  readonly #resumeHashes = new WeakMap<LiveSession, readonly string[]>();
  readonly #consoles = new Map<number, Console>();

  private constructor(options: SessionsOptions) {
    this.#context = { ...options, consoleOf: (technicianId) => this.#consoles.get(technicianId) };
  }

  /** Brings back every open session. Whoever was in one is missing until their page is here again. */
  static async open(options: SessionsOptions): Promise<Sessions> {
    const sessions = new Sessions(options);
    for (const record of await options.store.openSessions()) {
      const session = sessions.#hold(record, await options.directory.live(record.id));
      await session.lose('customer', 'relay', SYSTEM);
      await session.lose('technician', 'relay', SYSTEM);
    }
    options.plane.onRoom(() => {
      for (const session of sessions.#sessions.values()) {
        session.media.retryNow();
      }
    });
    return sessions;
  }

  /** Called every second: what happens by the passing of time alone. */
  async tick(): Promise<void> {
    const now = this.#context.now();
    for (const session of this.#sessions.values()) {
      const { machine } = session.record;
      if (machine.state === 'connecting') {
        const grace = session.claimants.size > 0 ? CLAIM_GRACE_MS : 0;
        if (session.invitation && now >= session.invitation.expiresAt + grace) {
          await session.apply({
            by: SYSTEM,
            input: { type: 'invitationExpired' },
            finishInvitation: 'expired',
          });
        }
      } else if (
        machine.state === 'reconnecting' &&
        now - machine.since >= this.#context.settings.offlineMs
      ) {
        await session.apply({ by: SYSTEM, input: { type: 'missingTooLong' } });
      } else {
        session.media.settle(machine);
      }
    }
  }

  countByState(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { record } of this.#sessions.values()) {
      counts.set(record.machine.state, (counts.get(record.machine.state) ?? 0) + 1);
    }
    return counts;
  }

  // -------------------------------------------------------------- consoles

  /** The newest window of an account takes over; an older one is told so and goes quiet. */
  async consoleJoined(account: Account, participant: Participant, held: readonly PeerId[]): Promise<void> {
    const older = this.#consoles.get(account.id);
    this.#consoles.set(account.id, { participant, account });
    older?.participant.send({ type: 'superseded' });
    const by = technicianActor(account);
    const back = this.#of(account.id).map((session) => {
      const silent = session.media.isSilent('technician', held);
      session.media.join('technician', participant, held);
      return session.apply({ by, ...(silent ? {} : { input: { type: 'back', party: 'technician' } }) });
    });
    await Promise.all(back);
  }

  /** False for a window that another one of the same account has taken over from. */
  isConsole(account: Account, participant: Participant): boolean {
    return this.#consoles.get(account.id)?.participant === participant;
  }

  async consoleLeft(account: Account, participant: Participant, cause: LossCause): Promise<void> {
    for (const session of this.#sessions.values()) {
      session.followers.delete(participant);
    }
    if (this.#consoles.get(account.id)?.participant !== participant) {
      return;
    }
    this.#consoles.delete(account.id);
    const by = technicianActor(account);
    await Promise.all(
      this.#of(account.id).map((session) => {
        session.media.leave('technician', participant);
        return session.lose('technician', cause, by);
      }),
    );
  }

  /** What the list of an account shows, oldest first. */
  views(account: Account): SessionView[] {
    return this.#of(account.id).map((session) => session.technicianView());
  }

  /** The session, when it is this account's to work with. */
  owned(account: Account, id: SessionId): LiveSession | undefined {
    const session = this.#sessions.get(id);
    return session?.record.technicianId === account.id ? session : undefined;
  }

  /** The session of an account in which its console has that media connection. */
  ofPeer(account: Account, peerId: PeerId): LiveSession | undefined {
    return this.#of(account.id).find((session) => session.media.owns(peerId, 'technician'));
  }

  async create(
    account: Account,
    fields: CustomerFields,
    method: InvitationMethod,
  ): Promise<SessionView | ErrorCode> {
    const { store, now } = this.#context;
    const by = technicianActor(account);
    const at = now();
    const created = await store
      .transaction(async (tx) => {
        const record = await tx.insertSession({
          technicianId: account.id,
          machine: createMachine(at),
          fields,
          channel: '',
          createdAt: at,
          startedAt: null,
          endedAt: null,
          dismissed: false,
          customer: null,
          resumeHash: null,
          previousResumeHash: null,
        });
        await tx.appendEvents(record.id, [
          { at, ...by, type: 'sessionCreated', data: { name: fields.name } },
        ]);
        const invited = await insertInvitation(tx, record.id, method, by, this.#context);
        if (!invited) {
          throw new NoPinFree();
        }
        return { record, invitation: invited.invitation };
      })
      .catch((error: unknown) => {
        if (error instanceof NoPinFree) {
          return undefined;
        }
        throw error;
      });
    if (!created) {
      return 'noPinFree';
    }
    const session = this.#hold(created.record, created.invitation);
    const console = this.#consoles.get(account.id);
    if (console) {
      session.media.join('technician', console.participant, []);
    }
    session.show();
    return session.technicianView();
  }

  async invite(
    account: Account,
    session: LiveSession,
    method: InvitationMethod,
  ): Promise<SessionView | ErrorCode> {
    if (session.record.machine.state !== 'connecting') {
      return 'wrongState';
    }
    const opened = await session.openInvitation(method, technicianActor(account));
    return opened ? session.technicianView() : 'noPinFree';
  }

  async edit(
    account: Account,
    session: LiveSession,
    fields: CustomerFields,
  ): Promise<SessionView | ErrorCode> {
    await session.apply({
      by: technicianActor(account),
      record: { fields },
      events: [{ type: 'fieldsEdited', data: changedFields(session.record.fields, fields) }],
    });
    return session.technicianView();
  }

  async start(account: Account, session: LiveSession): Promise<SessionView | ErrorCode> {
    const others = this.#of(account.id).filter(
      (other) => other !== session && (other.starting || settledState(other.record.machine) === 'active'),
    );
    if (others.length >= this.#context.settings.maxActiveSessions) {
      return 'tooManyActiveSessions';
    }
    session.starting = true;
    try {
      const done = await session.apply({
        by: technicianActor(account),
        input: { type: 'start' },
        record: { startedAt: session.record.startedAt ?? this.#context.now() },
      });
      return done ? session.technicianView() : 'wrongState';
    } finally {
      session.starting = false;
    }
  }

  async end(account: Account, session: LiveSession): Promise<SessionView | ErrorCode> {
    const done = await session.apply({
      by: technicianActor(account),
      input: { type: 'end' },
      finishInvitation: 'cancelled',
    });
    return done ? session.technicianView() : 'wrongState';
  }

  /** An ended session leaves the list; its record stays. */
  async dismiss(account: Account, session: LiveSession): Promise<ErrorCode | undefined> {
    if (!session.ended) {
      return 'wrongState';
    }
    await session.apply({
      by: technicianActor(account),
      record: { dismissed: true },
      events: [{ type: 'dismissed', data: {} }],
    });
    this.#sessions.delete(session.record.id);
    this.#setResumeHashes(session, []);
    this.#consoles
      .get(account.id)
      ?.participant.send({ type: 'sessionRemoved', sessionId: session.record.id });
    return undefined;
  }

  /** The whole log so far; later lines are sent to `participant` until its console leaves. */
  openLog(participant: Participant, session: LiveSession): Promise<SessionEvent[]> {
    return session.inStep(async () => {
      session.followers.add(participant);
      return this.#context.store.events(session.record.id);
    });
  }

  // -------------------------------------------------------------- customers

  /** The session of an invitation, if a customer can still come in by it. */
  invited(invitation: Invitation): LiveSession | undefined {
    const session = this.#sessions.get(invitation.sessionId);
    return session?.record.machine.state === 'connecting' ? session : undefined;
  }

  /** A page stands before the terms. Nothing is used up yet. */
  async claim(session: LiveSession, participant: Participant, by: InvitationMethod): Promise<void> {
    session.claimants.add(participant);
    await session.apply({
      by: CUSTOMER,
      events: [{ type: 'customerArrived', data: { by } }],
      whileLive: true,
    });
  }

  /** The first page that accepts has the session; the invitation is used up in the same transaction. */
  async accept(
    session: LiveSession,
    participant: Participant,
    answer: { terms: Terms; devices: DeviceState; browser: string; resumeHash: string },
  ): Promise<CustomerView | ErrorCode> {
    const { terms, devices, browser, resumeHash } = answer;
    const done = await session.apply({
      by: CUSTOMER,
      input: { type: 'customerAccepted', autoStart: false },
      record: { customer: { browser, language: terms.language }, resumeHash },
      events: [{ type: 'termsAccepted', data: termsData(terms) }],
      finishInvitation: 'used',
      write: (tx) => this.#consent(tx, session, terms, true),
      done: () => {
        session.joinCustomer(participant, []);
        session.setDevices('customer', devices);
        this.#setResumeHashes(session, [resumeHash]);
      },
    });
    return done ? session.customerView() : 'linkUsed';
  }

  async decline(
    session: LiveSession,
    participant: Participant,
    terms: Terms,
  ): Promise<ErrorCode | undefined> {
    session.claimants.delete(participant);
    const done = await session.apply({
      by: CUSTOMER,
      input: { type: 'customerDeclined' },
      events: [{ type: 'termsDeclined', data: termsData(terms) }],
      finishInvitation: 'used',
      write: (tx) => this.#consent(tx, session, terms, false),
    });
    return done ? undefined : 'wrongState';
  }

  /**
   * A customer's page is back. Its token is replaced by the new one; the one before stays good, in case the page
   * never gets this answer. A session that is over is only returned, so that the page can say how it ended.
   */
  async resume(
    tokenHash: string,
    nextHash: string,
    participant: Participant,
    held: readonly PeerId[],
  ): Promise<LiveSession | undefined> {
    const session = this.#byResumeHash.get(tokenHash);
    if (!session || session.ended) {
      return session;
    }
    const silent = session.media.isSilent('customer', held);
    const done = await session.apply({
      by: CUSTOMER,
      ...(silent ? {} : { input: { type: 'back', party: 'customer' } }),
      record: { resumeHash: nextHash, previousResumeHash: tokenHash },
      done: () => {
        this.#setResumeHashes(session, [nextHash, tokenHash]);
        session.joinCustomer(participant, held);
      },
    });
    return done || session.ended ? session : undefined;
  }

  /** The customer's socket is gone; the page may come back. */
  async customerLost(session: LiveSession, participant: Participant, cause: LossCause): Promise<void> {
    session.claimants.delete(participant);
    if (session.leaveCustomer(participant)) {
      await session.lose('customer', cause, CUSTOMER);
    }
  }

  /** The customer pressed Disconnect. */
  async leave(session: LiveSession, participant: Participant): Promise<ErrorCode | undefined> {
    if (session.customer !== participant) {
      session.claimants.delete(participant);
      return undefined;
    }
    const done = await session.apply({ by: CUSTOMER, input: { type: 'customerLeft' } });
    return done ? undefined : 'wrongState';
  }

  picture(session: LiveSession, picture: PictureState): void {
    session.setPicture(picture);
    session.show();
  }

  // -------------------------------------------------------------- both

  async devices(session: LiveSession, party: Party, devices: DeviceState): Promise<void> {
    const before = session.devices[party];
    const changed = (['microphone', 'camera', 'pausedBy'] as const).some(
      (key) => before[key] !== devices[key],
    );
    session.setDevices(party, devices);
    const actorName = this.#consoles.get(session.record.technicianId)?.account.name ?? '';
    // A page that is back says again what is known.
    await session.apply({
      by: party === 'customer' ? CUSTOMER : { actor: 'technician', actorName },
      events: changed ? [{ type: 'devicesChanged', data: { ...devices } }] : [],
      whileLive: true,
    });
  }

  #of(technicianId: number): LiveSession[] {
    return [...this.#sessions.values()].filter((session) => session.record.technicianId === technicianId);
  }

  #hold(record: SessionRecord, invitation: Invitation | undefined): LiveSession {
    const session = new LiveSession(record, invitation, this.#context);
    this.#sessions.set(record.id, session);
    const hashes = [record.resumeHash, record.previousResumeHash];
    this.#setResumeHashes(
      session,
      hashes.filter((hash) => hash !== null),
    );
    return session;
  }

  /** From now on only these tokens continue the session. */
  #setResumeHashes(session: LiveSession, hashes: readonly string[]): void {
    for (const hash of this.#resumeHashes.get(session) ?? []) {
      this.#byResumeHash.delete(hash);
    }
    this.#resumeHashes.set(session, hashes);
    for (const hash of hashes) {
      this.#byResumeHash.set(hash, session);
    }
  }

  #consent(tx: StoreTransaction, session: LiveSession, terms: Terms, accepted: boolean): Promise<void> {
    return tx.insertConsent({
      sessionId: session.record.id,
      at: this.#context.now(),
      accepted,
      termsVersion: terms.version,
      language: terms.language,
      termsHash: terms.hash,
    });
  }
}

/** Rolls the creation of a session back. */
class NoPinFree extends Error {}

function termsData(terms: Terms): EventData {
  return { version: terms.version, language: terms.language, hash: terms.hash };
}

/** Names of the fields that differ; values are the customer's and need not stand in the log twice. */
function changedFields(before: CustomerFields, after: CustomerFields): EventData {
  const keys = ['name', 'phone', 'email', 'ticketId'] as const;
  const changed: string[] = keys.filter((key) => before[key] !== after[key]);
  const custom = new Set([...Object.keys(before.custom), ...Object.keys(after.custom)]);
  changed.push(...[...custom].filter((key) => before.custom[key] !== after.custom[key]));
  return { changed: changed.join(', ') };
}
