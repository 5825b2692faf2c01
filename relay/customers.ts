/** What customers do: come in by an invitation, agree to the terms or not, come back, leave, and say afterwards how it was. */
import type { LiveSession } from './live-session.ts';
import type { Participant } from './party-media.ts';
import type { CustomerView, ErrorCode, InvitationMethod, PeerId, Terms } from './protocol.ts';
import { insertTermsAnswer, type Queues, type TermsAnswer, termsData } from './queues.ts';
import { ResumeTokens } from './resume-tokens.ts';
import { CUSTOMER, type LossCause, type SessionContext } from './session-context.ts';
import { isEnded } from './session-state.ts';

export class Customers {
  readonly #context: SessionContext;
  readonly #queues: Queues;
  /** The last two of each session. */
  readonly #resumeTokens = new ResumeTokens();

  constructor(context: SessionContext, queues: Queues) {
    this.#context = context;
    this.#queues = queues;
  }

  /** By which tokens a session is continued: from its record, and none when it is forgotten. */
  holdTokens(session: LiveSession, hashes: readonly string[]): void {
    this.#resumeTokens.set(session, hashes);
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
    answer: TermsAnswer,
  ): Promise<CustomerView | ErrorCode> {
    const { terms, devices, browser, resumeHash } = answer;
    const done = await session.apply({
      by: CUSTOMER,
      input: { type: 'customerAccepted', autoStart: false },
      record: { customer: { browser, language: terms.language }, resumeHash },
      events: [{ type: 'termsAccepted', data: termsData(terms) }],
      finishInvitation: 'used',
      write: (tx) =>
        insertTermsAnswer(
          tx,
          session.record.id,
          { terms, accepted: true, tokenHash: resumeHash },
          this.#context.now(),
        ),
      done: () => {
        session.joinCustomer(participant, []);
        session.setDevices('customer', devices);
        this.#resumeTokens.set(session, [resumeHash]);
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
      write: (tx) =>
        insertTermsAnswer(
          tx,
          session.record.id,
          { terms, accepted: false, tokenHash: '' },
          this.#context.now(),
        ),
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
    const session = this.#resumeTokens.sessionOf(tokenHash);
    if (!session || session.ended) {
      return session;
    }
    const silent = session.media.isSilent('customer', held);
    const done = await session.apply({
      by: CUSTOMER,
      ...(silent ? {} : { input: { type: 'back', party: 'customer' } }),
      record: { resumeHash: nextHash, previousResumeHash: tokenHash },
      done: () => {
        this.#resumeTokens.set(session, [nextHash, tokenHash]);
        session.joinCustomer(participant, held);
      },
    });
    return done || session.ended ? session : undefined;
  }

  /** The customer's socket is gone; the page may come back. */
  async lost(session: LiveSession, participant: Participant, cause: LossCause): Promise<void> {
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
    await this.#queues.settle();
    return done ? undefined : 'wrongState';
  }

  /** The customer's answer after the end; the first one stays. */
  async rate(resumeHash: string, rating: { stars: number; comment: string }): Promise<ErrorCode | undefined> {
    const { store, now } = this.#context;
    const live = this.#resumeTokens.sessionOf(resumeHash);
    const record = live?.record ?? (await store.sessionByResume(resumeHash));
    if (!record) {
      return 'resumeUnknown';
    }
    if (!isEnded(record.machine.state)) {
      return 'wrongState';
    }
    if (record.rating) {
      return 'alreadyRated';
    }
    const event = { type: 'rated', data: { stars: rating.stars } } as const;
    if (live) {
      await live.apply({ by: CUSTOMER, record: { rating }, events: [event] });
      return undefined;
    }
    await store.transaction(async (tx) => {
      await tx.updateSession({ ...record, rating });
      await tx.appendEvents(record.id, [{ at: now(), ...CUSTOMER, ...event }]);
    });
    return undefined;
  }
}
