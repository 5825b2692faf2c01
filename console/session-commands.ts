/** What a technician does with a session, as requests. Those that answer nothing have their failure said by the page. */
import type {
  Appointment,
  ConsentKind,
  CustomerFields,
  GuestId,
  GuestRole,
  InvitationMethod,
  Params,
  SessionId,
  SessionOutcome,
  SessionView,
} from '../relay/protocol.ts';
import type { FailureCode, Outcome } from './outcome.ts';

/** Requests that answer with the session as it is afterwards. */
export type SessionRequest =
  | 'createSession'
  | 'invite'
  | 'editSession'
  | 'startSession'
  | 'holdSession'
  | 'resumeSession'
  | 'endSession'
  | 'transferSession'
  | 'askConsent'
  | 'inviteGuest'
  | 'removeGuest'
  | 'muteGuest'
  | RecordingRequest;

type RecordingRequest = `${'start' | 'pause' | 'resume' | 'stop'}Recording`;

export type Ask = <T extends SessionRequest>(type: T, params: Params<T>) => Promise<Outcome<SessionView>>;

export class SessionCommands {
  readonly #ask: Ask;
  readonly #say: (code: FailureCode | undefined) => void;

  constructor(ask: Ask, say: (code: FailureCode | undefined) => void) {
    this.#ask = ask;
    this.#say = say;
  }

  /** @param appointment absent for a session that the customer may come to at once */
  create(
    fields: CustomerFields,
    method: InvitationMethod,
    appointment?: Appointment,
  ): Promise<Outcome<SessionView>> {
    return this.#ask('createSession', { fields, method, ...(appointment && { appointment }) });
  }

  /** Adds the other method to the invitation. */
  invite(sessionId: SessionId, method: InvitationMethod): Promise<Outcome<SessionView>> {
    return this.#ask('invite', { sessionId, method });
  }

  edit(sessionId: SessionId, fields: CustomerFields): Promise<Outcome<SessionView>> {
    return this.#ask('editSession', { sessionId, fields });
  }

  hold(sessionId: SessionId): Promise<void> {
    return this.#report(this.#ask('holdSession', { sessionId }));
  }

  resume(sessionId: SessionId): Promise<void> {
    return this.#report(this.#ask('resumeSession', { sessionId }));
  }

  /** Also says how it went; of a session that is over, that alone. */
  end(sessionId: SessionId, said: { outcome?: SessionOutcome; notes?: string } = {}): Promise<void> {
    return this.#report(this.#ask('endSession', { sessionId, ...said }));
  }

  /** Offers it to a colleague or a group. */
  transfer(
    sessionId: SessionId,
    to: Params<'transferSession'>['to'],
    comment: string,
  ): Promise<Outcome<SessionView>> {
    return this.#ask('transferSession', { sessionId, to, comment });
  }

  /** Puts a question before the customer. */
  askConsent(sessionId: SessionId, kind: ConsentKind): Promise<void> {
    return this.#report(this.#ask('askConsent', { sessionId, kind }));
  }

  /** Makes a link for somebody who advises or watches. */
  inviteGuest(sessionId: SessionId, role: GuestRole, name: string): Promise<void> {
    return this.#report(this.#ask('inviteGuest', { sessionId, role, name }));
  }

  /** Revokes the link, or puts out whoever came by it. */
  removeGuest(sessionId: SessionId, guestId: GuestId): Promise<void> {
    return this.#report(this.#ask('removeGuest', { sessionId, guestId }));
  }

  muteGuest(sessionId: SessionId, guestId: GuestId, muted: boolean): Promise<void> {
    return this.#report(this.#ask('muteGuest', { sessionId, guestId, muted }));
  }

  record(sessionId: SessionId, what: 'start' | 'pause' | 'resume' | 'stop'): Promise<void> {
    return this.#report(this.#ask(`${what}Recording`, { sessionId }));
  }

  async #report(asked: Promise<Outcome<SessionView>>): Promise<void> {
    const answer = await asked;
    this.#say(answer.ok ? undefined : answer.code);
  }
}
