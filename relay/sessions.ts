/** All open sessions of this front and everything that technicians and customers may do with them. */
import { appointmentRefusal } from './appointment.ts';
import { Consoles } from './consoles.ts';
import { Customers } from './customers.ts';
import { guestTokenMac } from './guests.ts';
import { LiveSession } from './live-session.ts';
import type { Participant } from './party-media.ts';
import { PinAlarmBell } from './pin-alarm.ts';
import type {
  Account,
  Appointment,
  CustomerFields,
  DeviceState,
  ErrorCode,
  EventData,
  InvitationMethod,
  PeerId,
  PictureState,
  SessionEvent,
  SessionId,
  SessionOutcome,
  SessionView,
} from './protocol.ts';
import { isQueued } from './queue-places.ts';
import { newRecord, Queues } from './queues.ts';
import { CUSTOMER, type LossCause, type SessionContext, SYSTEM, technicianActor } from './session-context.ts';
import { insertInvitation } from './session-invitation.ts';
import { type Party, settledState } from './session-state.ts';
import type { GuestRecord, Invitation, SessionRecord } from './store.ts';
import { Transfers } from './transfers.ts';

/**
 * A customer who already typed the PIN may still be at the camera question when its time is up; the session is
 * kept for them that much longer.
 */
const CLAIM_GRACE_MS = 10 * 60 * 1000;

export type SessionsOptions = Omit<
  SessionContext,
  'consoleOf' | 'watchersOf' | 'queuePositionOf' | 'pinAlarm'
>;

export class Sessions {
  readonly #context: SessionContext;
  readonly #sessions = new Map<SessionId, LiveSession>();
  readonly #consoles: Consoles;
  readonly queues: Queues;
  readonly customers: Customers;
  readonly transfers: Transfers;
  readonly pinAlarm: PinAlarmBell;

  private constructor(options: SessionsOptions) {
    this.#consoles = new Consoles(options.settings.groupOf);
    this.#context = {
      ...options,
      consoleOf: (technicianId) => this.#consoles.of(technicianId),
      watchersOf: (record) => this.#consoles.watchersOf(record),
      pinAlarm: () => this.pinAlarm.alarm,
      queuePositionOf: ({ id, technicianId }) =>
        technicianId === null ? this.queues.placeOf(id) : undefined,
    };
    this.pinAlarm = new PinAlarmBell(this.#consoles, () => this.#sessions.values());
    this.queues = new Queues(this.#context, this.#consoles, {
      all: () => this.#sessions.values(),
      hold: (record) => this.#hold(record, undefined),
      forget: (session) => this.#forget(session),
    });
    this.customers = new Customers(this.#context, this.queues);
    this.transfers = new Transfers(this.#context, this.#consoles, {
      all: () => this.#sessions.values(),
      isBusy: (accountId, besides) => this.#isBusy(accountId, besides),
    });
  }

  /** Brings back every open session. Whoever was in one is missing until their page is here again. */
  static async open(options: SessionsOptions): Promise<Sessions> {
    const sessions = new Sessions(options);
    for (const record of await options.store.openSessions()) {
      const session = sessions.#hold(record, await options.directory.live(record.id));
      session.consents.restore(await options.store.consents(record.id));
      // Nobody is there yet who could take it.
      await session.apply({ by: SYSTEM, input: { type: 'transferWithdrawn' } });
      session.whiteboard.restore(await options.store.board(record.id));
      await session.photos.restore(await options.store.photos(record.id));
      await session.guests.restore(await options.store.guests(record.id));
      session.recording.restore(await options.store.recordings(record.id));
      await session.lose('customer', 'relay', SYSTEM);
      await session.lose('technician', 'relay', SYSTEM);
    }
    options.plane.onRoom(() => {
      for (const session of sessions.#sessions.values()) {
        session.media.retryNow();
        session.recording.retryNow();
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
      } else if (this.#isOverdue(session, now)) {
        const type = machine.state === 'waiting' ? 'waitedTooLong' : 'idleTooLong';
        await session.apply({ by: SYSTEM, input: { type } });
      } else {
        session.media.settle(machine);
      }
    }
    for (const { guests } of this.#sessions.values()) {
      await guests.expire();
    }
    await this.queues.settle();
    await this.transfers.settle();
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
    const older = this.#consoles.open({ participant, account });
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
    return this.#consoles.of(account.id)?.participant === participant;
  }

  async consoleLeft(account: Account, participant: Participant, cause: LossCause): Promise<void> {
    for (const session of this.#sessions.values()) {
      session.followers.delete(participant);
    }
    if (!this.isConsole(account, participant)) {
      return;
    }
    this.#consoles.close(account.id);
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
    return [...this.#sessions.values()]
      .filter(({ record }) => this.#consoles.isListed(record, account.id))
      .map((session) => session.technicianView(account.id));
  }

  /** The session, when it is this account's to work with. */
  owned(account: Account, id: SessionId): LiveSession | undefined {
    const session = this.#sessions.get(id);
    return session && this.#consoles.isOwn(session.record, account.id) ? session : undefined;
  }

  /** The session, when it is this account's to look at: also one that is offered to it. */
  listed(account: Account, id: SessionId): LiveSession | undefined {
    const session = this.#sessions.get(id);
    return session && this.#consoles.isListed(session.record, account.id) ? session : undefined;
  }

  /** The session with that number, for what the relay itself learns about it. */
  byId(id: SessionId): LiveSession | undefined {
    return this.#sessions.get(id);
  }

  /** The session of an account in which its console has that media connection. */
  ofPeer(account: Account, peerId: PeerId): LiveSession | undefined {
    return this.#of(account.id).find((session) => session.media.owns(peerId, 'technician'));
  }

  async create(
    account: Account,
    fields: CustomerFields,
    method: InvitationMethod,
    appointment?: Appointment,
  ): Promise<SessionView | ErrorCode> {
    const { store, now } = this.#context;
    const by = technicianActor(account);
    const at = now();
    const refused = appointment && appointmentRefusal(appointment, method, at);
    if (refused) {
      return refused;
    }
    const created = await store
      .transaction(
        async (tx) => {
          const record = await tx.insertSession({
            ...newRecord(at),
            technicianId: account.id,
            fields,
          });
          await tx.appendEvents(record.id, [
            { at, ...by, type: 'sessionCreated', data: { name: fields.name } },
          ]);
          const invited = await insertInvitation(tx, record.id, method, by, this.#context, appointment);
          if (!invited) {
            throw new NoPinFree();
          }
          return { record, invitation: invited.invitation };
        },
        { shares: true },
      )
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
    const console = this.#consoles.of(account.id);
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
    if (method === 'pin' && session.invitation && session.invitation.validFrom > 0) {
      return 'appointmentByLink';
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
    if (session.record.machine.state === 'transferring') {
      return this.transfers.take(account, session);
    }
    if (this.#isBusy(account.id, session)) {
      return 'tooManyActiveSessions';
    }
    session.starting = true;
    const wasQueued = isQueued(session.record);
    try {
      const done = await session.apply({
        by: technicianActor(account),
        input: { type: 'start' },
        record: { startedAt: session.record.startedAt ?? this.#context.now(), technicianId: account.id },
        done: () => this.queues.taken(session, wasQueued),
      });
      if (!done) {
        return wasQueued && !isQueued(session.record) ? 'sessionTaken' : 'wrongState';
      }
      await this.queues.settle();
      return session.technicianView();
    } finally {
      session.starting = false;
    }
  }

  async hold(account: Account, session: LiveSession): Promise<SessionView | ErrorCode> {
    const done = await session.apply({ by: technicianActor(account), input: { type: 'hold' } });
    return done ? session.technicianView() : 'wrongState';
  }

  /** Counts as another active session again. */
  async unhold(account: Account, session: LiveSession): Promise<SessionView | ErrorCode> {
    if (this.#isBusy(account.id, session)) {
      return 'tooManyActiveSessions';
    }
    const done = await session.apply({ by: technicianActor(account), input: { type: 'resume' } });
    return done ? session.technicianView() : 'wrongState';
  }

  /** Also of a session that is over: then only what is said of it changes. */
  async end(account: Account, session: LiveSession, said: Said = {}): Promise<SessionView | ErrorCode> {
    const wasQueued = isQueued(session.record);
    const { outcome = session.record.outcome, notes = session.record.notes } = said;
    const isNews = outcome !== session.record.outcome || notes !== session.record.notes;
    const events = isNews ? [{ type: 'outcomeSet', data: { outcome: outcome ?? '' } } as const] : [];
    if (session.ended && isNews) {
      await session.apply({ by: technicianActor(account), record: { outcome, notes }, events });
      return session.technicianView();
    }
    const done = await session.apply({
      by: technicianActor(account),
      input: { type: 'end' },
      record: { technicianId: account.id, outcome, notes },
      events,
      finishInvitation: 'cancelled',
      done: () => this.queues.taken(session, wasQueued),
    });
    await this.queues.settle();
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
    this.#forget(session);
    const console = this.#consoles.of(account.id);
    console?.participant.send({ type: 'sessionRemoved', sessionId: session.record.id });
    return undefined;
  }

  /** The whole log so far; later lines are sent to `participant` until its console leaves. */
  openLog(participant: Participant, session: LiveSession): Promise<SessionEvent[]> {
    return session.inStep(async () => {
      session.followers.add(participant);
      return this.#context.store.events(session.record.id);
    });
  }

  // -------------------------------------------------------------- guests

  /** Whose link this is, whatever became of it; undefined for one that nobody was given. */
  async guestByToken(token: string): Promise<GuestFound | undefined> {
    const { secrets, store } = this.#context;
    const mac = guestTokenMac(secrets, token);
    const record = mac === undefined ? undefined : await store.guestByToken(mac);
    return record && { record, session: this.#sessions.get(record.sessionId) };
  }

  async guestByResume(resumeHash: string): Promise<GuestFound | undefined> {
    const record = await this.#context.store.guestByResume(resumeHash);
    return record && { record, session: this.#sessions.get(record.sessionId) };
  }

  // -------------------------------------------------------------- customers

  /** The session of an invitation, if a customer can still come in by it. */
  invited(invitation: Invitation): LiveSession | undefined {
    const session = this.#sessions.get(invitation.sessionId);
    return session?.record.machine.state === 'connecting' ? session : undefined;
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
    const actorName = session.technicianName;
    // A page that is back says again what is known.
    await session.apply({
      by: party === 'customer' ? CUSTOMER : { actor: 'technician', actorName },
      events: changed ? [{ type: 'devicesChanged', data: { ...devices } }] : [],
      whileLive: true,
    });
  }

  /** Has waited, or been idle, for longer than is set. One on hold is neither. */
  #isOverdue({ record: { machine }, idleSince }: LiveSession, now: number): boolean {
    const { waitingMs, idleMs } = this.#context.settings;
    const [limitMs, since] =
      machine.state === 'waiting'
        ? [waitingMs(), machine.since]
        : [machine.state === 'active' ? idleMs() : 0, idleSince];
    return limitMs > 0 && since !== undefined && now - since >= limitMs;
  }

  #isBusy(accountId: number, besides?: LiveSession): boolean {
    const active = this.#of(accountId).filter(
      (session) =>
        session !== besides && (session.starting || settledState(session.record.machine) === 'active'),
    );
    return active.length >= this.#context.settings.maxActiveSessions;
  }

  /** Those that are this technician's alone. */
  #of(technicianId: number): LiveSession[] {
    return [...this.#sessions.values()].filter((session) => session.record.technicianId === technicianId);
  }

  #hold(record: SessionRecord, invitation: Invitation | undefined): LiveSession {
    const session = new LiveSession(record, invitation, this.#context);
    this.#sessions.set(record.id, session);
    const hashes = [record.resumeHash, record.previousResumeHash];
    this.customers.holdTokens(
      session,
      hashes.filter((hash) => hash !== null),
    );
    return session;
  }

  #forget(session: LiveSession): void {
    this.#sessions.delete(session.record.id);
    this.customers.holdTokens(session, []);
  }
}

/** Without the session when that is over and out of every list. */
export type GuestFound = { record: GuestRecord; session: LiveSession | undefined };

/** What a technician says of a session at its end. */
type Said = { outcome?: SessionOutcome; notes?: string };

/** Rolls the creation of a session back. */
class NoPinFree extends Error {}

/** Names of the fields that differ; values are the customer's and need not stand in the log twice. */
function changedFields(before: CustomerFields, after: CustomerFields): EventData {
  const keys = ['name', 'phone', 'email', 'ticketId'] as const;
  const changed: string[] = keys.filter((key) => before[key] !== after[key]);
  const custom = new Set([...Object.keys(before.custom), ...Object.keys(after.custom)]);
  changed.push(...[...custom].filter((key) => before.custom[key] !== after.custom[key]));
  return { changed: changed.join(', ') };
}
