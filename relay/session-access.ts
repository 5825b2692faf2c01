/** Who may ask something of a session: its technician's console, its customer's page, or both. */
import type { LiveSession } from './live-session.ts';
import { type Failure, fail } from './outcome.ts';
import type { Page } from './page.ts';
import type { Account, ErrorCode, Role, SessionId } from './protocol.ts';
import type { Sessions } from './sessions.ts';

/** Wrappers of handlers, which find the session and refuse whoever it is not theirs. */
export function createSessionAccess(sessions: Sessions) {
  /** For requests of a signed-in technician about a session of theirs. */
  function ofTechnician<T extends { sessionId: SessionId }, R extends object>(
    work: (
      account: Account,
      session: LiveSession,
      params: T,
      page: Page,
    ) => Promise<R | ErrorCode | undefined>,
    find: 'owned' | 'listed' = 'owned',
  ): (page: Page, params: T) => Promise<R | Failure> {
    return async (page, params) => {
      if (!page.account || !sessions.isConsole(page.account, page)) {
        return fail('notAllowed');
      }
      const session = sessions[find](page.account, params.sessionId);
      if (!session) {
        return fail('noSuchSession');
      }
      const result = await work(page.account, session, params, page);
      return typeof result === 'string' ? fail(result) : (result ?? ({} as R));
    };
  }

  /** For requests of whoever is in the session with this page. */
  function ofParty<T extends { sessionId: SessionId }, R extends object>(
    work: (
      session: LiveSession,
      party: Role,
      params: T,
      page: Page,
    ) => Promise<R | ErrorCode | undefined> | R | ErrorCode | undefined,
  ): (page: Page, params: T) => Promise<R | Failure> {
    const asTechnician = ofTechnician<T, R>(async (_account, session, params, page) =>
      work(session, 'technician', params, page),
    );
    return async (page, params) => {
      if (page.role === 'technician') {
        return asTechnician(page, params);
      }
      const { visit } = page;
      // A page that another one has taken over from has no session any more.
      if (visit?.session.customer !== page || visit.session.record.id !== params.sessionId) {
        return fail('noSuchSession');
      }
      const result = await work(visit.session, 'customer', params, page);
      return typeof result === 'string' ? fail(result) : (result ?? ({} as R));
    };
  }

  return { ofTechnician, ofParty };
}

export type SessionAccess = ReturnType<typeof createSessionAccess>;
