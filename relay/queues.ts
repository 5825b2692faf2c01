/**
 * Sessions of channels: a customer waits in a group's queue, everybody of the group has the session in the list, and
 * whoever starts it has it from then on.
 */
import type { Consoles } from './consoles.ts';
import type { LiveSession } from './live-session.ts';
import type { Participant } from './party-media.ts';
import type { Channel, DeviceState, EventData, SessionId, Terms } from './protocol.ts';
import { isQueued, QueuePlaces } from './queue-places.ts';
import { CUSTOMER, type SessionContext, SYSTEM } from './session-context.ts';
import { createMachine, transition } from './session-state.ts';
import type { SessionRecord, StoreTransaction } from './store.ts';

/** What a customer's page says with its consent. */
export type TermsAnswer = { terms: Terms; devices: DeviceState; browser: string; resumeHash: string };

/** The open sessions, private ones too. */
type Held = {
  all(): Iterable<LiveSession>;
  hold(record: SessionRecord): LiveSession;
  forget(session: LiveSession): void;
};

export class Queues {
  readonly #context: SessionContext;
  readonly #consoles: Consoles;
  readonly #held: Held;
  readonly #places = new QueuePlaces();

  constructor(context: SessionContext, consoles: Consoles, held: Held) {
    this.#context = context;
    this.#consoles = consoles;
    this.#held = held;
  }

  /** Undefined for a session that waits in no queue. */
  placeOf(id: SessionId): number | undefined {
    return this.#places.of(id);
  }

  isStaffed(groupId: string): boolean {
    return this.#consoles.isStaffed(groupId);
  }

  queueLength(groupId: string): number {
    return this.#places.length(this.#records(), groupId);
  }

  /** A channel's customer accepted the terms and waits from now on for whoever of the group is free first. */
  async enter(channel: Channel, participant: Participant, answer: TermsAnswer): Promise<LiveSession> {
    const session = this.#held.hold(await this.#insert(channel, answer));
    session.joinCustomer(participant, []);
    session.setDevices('customer', answer.devices);
    await this.settle();
    return session;
  }

  /** A refusal is recorded too, but stands in nobody's list. */
  async decline(channel: Channel, terms: Terms): Promise<void> {
    await this.#insert(channel, { terms });
  }

  async #insert(
    { name, groupId }: Channel,
    {
      terms,
      browser = '',
      resumeHash = null,
    }: { terms: Terms; browser?: string; resumeHash?: string | null },
  ): Promise<SessionRecord> {
    const at = this.#context.now();
    const accepted = resumeHash !== null;
    const start = createMachine(at);
    const input = accepted
      ? ({ type: 'customerAccepted', autoStart: false } as const)
      : ({ type: 'customerDeclined' } as const);
    const machine = transition(start, input, at) ?? start;
    const outcome = accepted
      ? { customer: { browser, language: terms.language }, resumeHash }
      : { endedAt: at, dismissed: true };
    return this.#context.store.transaction(async (tx) => {
      const record = await tx.insertSession({
        ...newRecord(at),
        machine,
        groupId,
        channel: name,
        ...outcome,
      });
      const moved = { from: start.state, to: machine.state, cause: input.type };
      const events = [
        { type: 'sessionCreated', data: { channel: name } },
        { type: accepted ? 'termsAccepted' : 'termsDeclined', data: termsData(terms) },
        { type: 'stateChanged', data: moved },
      ] as const;
      await tx.appendEvents(
        record.id,
        events.map((event) => ({ at, ...CUSTOMER, ...event })),
      );
      await insertTermsAnswer(tx, record.id, { terms, accepted, tokenHash: resumeHash ?? '' }, at);
      return record;
    });
  }

  /** Somebody of the group has it now: it leaves the lists of the others. */
  taken(session: LiveSession, wasQueued: boolean): void {
    const { id, technicianId } = session.record;
    if (!wasQueued || technicianId === null) {
      return;
    }
    const console = this.#consoles.of(technicianId);
    if (console && !session.ended) {
      session.media.join('technician', console.participant, []);
    }
    const asQueued = { ...session.record, technicianId: null };
    for (const { account, participant } of this.#consoles.watchersOf(asQueued)) {
      if (account.id !== technicianId) {
        participant.send({ type: 'sessionRemoved', sessionId: id });
      }
    }
  }

  /** Tells everybody who waits their new place, and lets go of those who wait no more. */
  async settle(): Promise<void> {
    const moved = new Set(this.#places.recount(this.#records()));
    for (const session of this.#held.all()) {
      const { id, technicianId, dismissed } = session.record;
      if (moved.has(id)) {
        session.show();
      }
      if (technicianId === null && session.ended && !dismissed) {
        await session.apply({ by: SYSTEM, record: { dismissed: true } });
        this.#held.forget(session);
        for (const { participant } of this.#consoles.watchersOf(session.record)) {
          participant.send({ type: 'sessionRemoved', sessionId: id });
        }
      }
    }
  }

  /** Groups have changed: each console gets the queue that is its own now. */
  show(): void {
    for (const session of this.#held.all()) {
      if (isQueued(session.record)) {
        for (const { account, participant } of this.#consoles.all()) {
          participant.send(
            this.#consoles.isListed(session.record, account.id)
              ? { type: 'session', session: session.technicianView() }
              : { type: 'sessionRemoved', sessionId: session.record.id },
          );
        }
      }
    }
  }

  *#records(): Iterable<SessionRecord> {
    for (const { record } of this.#held.all()) {
      yield record;
    }
  }
}

/** A session as it begins, nobody's yet. */
export function newRecord(at: number): Omit<SessionRecord, 'id'> {
  return {
    technicianId: null,
    groupId: '',
    machine: createMachine(at),
    fields: { name: '', phone: '', email: '', ticketId: '', custom: {} },
    channel: '',
    createdAt: at,
    startedAt: null,
    endedAt: null,
    dismissed: false,
    customer: null,
    resumeHash: null,
    previousResumeHash: null,
    transfer: null,
    outcome: null,
    notes: '',
    rating: null,
  };
}

/** The row that proves what was shown and answered, in the caller's transaction. */
export function insertTermsAnswer(
  tx: StoreTransaction,
  sessionId: SessionId,
  { terms, accepted, tokenHash }: { terms: Terms; accepted: boolean; tokenHash: string },
  at: number,
): Promise<void> {
  const { version, language, hash } = terms;
  return tx.insertConsent({
    sessionId,
    at,
    kind: 'terms',
    answer: accepted ? 'granted' : 'refused',
    version,
    language,
    textHash: hash,
    tokenHash,
  });
}

export function termsData(terms: Terms): EventData {
  return { version: terms.version, language: terms.language, hash: terms.hash };
}
