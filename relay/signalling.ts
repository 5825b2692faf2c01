/**
 * The WebSocket side: decode, validate, dispatch, answer. One request at a time per socket, in the order they came.
 * Everything that a page can ask has a handler here; the compiler checks that none is missing.
 */
import { type Admission, lateRefusal } from './admission.ts';
import type { LiveSession } from './live-session.ts';
import type { Log } from './log.ts';
import { CUSTOMER_MESSAGE_MAX_BYTES, parseClientMessage, TECHNICIAN_MESSAGE_MAX_BYTES } from './messages.ts';
import { type Failure, fail, isFailure } from './outcome.ts';
import { Page } from './page.ts';
import {
  type Account,
  type ClientMessage,
  type ConsoleSettings,
  type ErrorCode,
  type InvitationMethod,
  type Language,
  type Params,
  PROTOCOL_VERSION,
  type RequestType,
  type Result,
  type Role,
  type SessionId,
  type SessionView,
  STILL_HEADER_BYTES,
  STILL_MAX_BYTES,
  type Terms,
} from './protocol.ts';
import { hashToken, newToken } from './secrets.ts';
import type { HttpRequest, HttpResponse, Socket, SocketListener } from './server.ts';
import type { Sessions } from './sessions.ts';
import { readStill } from './stills.ts';

/** A socket that has not said hello by then is closed (reliability.md 3.9, S3). */
const HELLO_TIMEOUT_MS = 10_000;
/** Requests that wait for the one in work; a page never has that many, a flood has. */
const PENDING_MAX = 200;
/** How often a signed-in socket is checked against the account again. */
const ACCOUNT_CHECK_MS = 60_000;

/** What a browser closes with when its page is closed or loaded again (RFC 6455 section 7.4.1). */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const TOO_LARGE = 1009;
/** RFC 6455 registry: the page may connect again after a moment. */
const SERVICE_RESTART = 1012;

/** Requests with which something begins that needs room on a worker and time until the end. */
const BEGINNINGS: ReadonlySet<RequestType> = new Set([
  'createSession',
  'startSession',
  'claimPin',
  'claimLink',
]);

export type SignallingOptions = {
  sessions: Sessions;
  admission: Admission;
  /** Who is signed in with the cookies of this request. */
  accountOf: (request: HttpRequest) => Promise<Account | undefined>;
  /** A response when the page was not served by this relay. */
  refuseOrigin: (request: HttpRequest) => HttpResponse | undefined;
  /** Why nothing can begin at the moment, or this session cannot; undefined when it can. */
  refusal?: (sessionId?: SessionId) => ErrorCode | undefined;
  terms: Record<Language, Terms>;
  brand: string;
  consoleSettings: () => ConsoleSettings;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
};

type Handlers = {
  [T in RequestType]: (page: Page, params: Params<T>) => Promise<Result<T> | Failure>;
};

export type Signalling = SocketListener & {
  readonly pageCount: number;
  /** Sign-ins of this account ended: its pages without a valid one are closed. */
  recheck(accountId: number): void;
  closeAll(): void;
};

export function createSignalling(options: SignallingOptions): Signalling {
  const { sessions, admission, terms, now, log } = options;
  const pages = new Map<Socket, Page>();

  // -------------------------------------------------------------- requests

  /** For requests of a signed-in technician about a session of theirs. */
  function ofTechnician<T extends { sessionId: SessionId }, R extends object>(
    work: (
      account: Account,
      session: LiveSession,
      params: T,
      page: Page,
    ) => Promise<R | ErrorCode | undefined>,
  ): (page: Page, params: T) => Promise<R | Failure> {
    return async (page, params) => {
      if (!page.account || !sessions.isConsole(page.account, page)) {
        return fail('notAllowed');
      }
      const session = sessions.owned(page.account, params.sessionId);
      if (!session) {
        return fail('noSuchSession');
      }
      const result = await work(page.account, session, params, page);
      return typeof result === 'string' ? fail(result) : (result ?? ({} as R));
    };
  }

  const withSession = (result: SessionView | ErrorCode) =>
    typeof result === 'string' ? result : { session: result };

  async function claim(
    page: Page,
    by: InvitationMethod,
    found: LiveSession | Failure,
  ): Promise<Result<'claimPin'> | Failure> {
    if (isFailure(found)) {
      return found;
    }
    if (page.visit) {
      page.visit.session.claimants.delete(page);
    }
    page.visit = { session: found, by, joined: false };
    await sessions.claim(found, page, by);
    return { brand: options.brand, terms };
  }

  /** The terms as this page was shown them, or undefined when they have changed since. */
  function shownTerms(shown: { version: number; language: Language; hash: string }): Terms | undefined {
    const current = terms[shown.language];
    return current.version === shown.version && current.hash === shown.hash ? current : undefined;
  }

  /** The session in which this page has that media connection. */
  function sessionOfPeer(page: Page, peerId: string): { session: LiveSession; party: Role } | undefined {
    if (page.account) {
      const session = sessions.ofPeer(page.account, peerId);
      return session && { session, party: 'technician' };
    }
    const session = page.visit?.session;
    return session?.media.owns(peerId, 'customer') ? { session, party: 'customer' } : undefined;
  }

  const handlers: Handlers = {
    hello: async (page, params) => {
      if (params.version !== PROTOCOL_VERSION) {
        return fail('versionMismatch');
      }
      page.videoCodecs = params.videoCodecs;
      return params.role === 'technician' ? technicianHello(page, params) : customerHello(page, params);
    },

    ping: async (page) => {
      // Also keeps the sign-in of a long call from counting as idle.
      if (page.account && now() - page.accountCheckedAt > ACCOUNT_CHECK_MS) {
        await checkAccount(page);
      }
      return {};
    },

    answer: async (page, { peerId, sdp }) => {
      const owner = sessionOfPeer(page, peerId);
      if (!owner) {
        return fail('noSuchPeer');
      }
      owner.session.media.answer(peerId, sdp);
      return {};
    },

    peerFailed: async (page, { peerId }) => {
      const owner = sessionOfPeer(page, peerId);
      if (!owner) {
        return fail('noSuchPeer');
      }
      owner.session.media.peerFailed(peerId, owner.party);
      return {};
    },

    peerStalled: async (page, { peerId }) => {
      const owner = sessionOfPeer(page, peerId);
      if (!owner) {
        return fail('noSuchPeer');
      }
      owner.session.media.peerStalled(peerId, owner.party);
      return {};
    },

    devices: async (page, { sessionId, devices }) => {
      if (page.account) {
        const session = sessions.owned(page.account, sessionId);
        if (!session) {
          return fail('noSuchSession');
        }
        await sessions.devices(session, 'technician', devices);
        return {};
      }
      const { visit } = page;
      if (!visit?.joined || visit.session.record.id !== sessionId) {
        return fail('noSuchSession');
      }
      await sessions.devices(visit.session, 'customer', devices);
      return {};
    },

    createSession: async (page, { fields, method }) => {
      if (!page.account || !sessions.isConsole(page.account, page)) {
        return fail('notAllowed');
      }
      const result = await sessions.create(page.account, fields, method);
      return typeof result === 'string' ? fail(result) : { session: result };
    },
    invite: ofTechnician(async (account, session, { method }) =>
      withSession(await sessions.invite(account, session, method)),
    ),
    editSession: ofTechnician(async (account, session, { fields }) =>
      withSession(await sessions.edit(account, session, fields)),
    ),
    startSession: ofTechnician(async (account, session) =>
      withSession(await sessions.start(account, session)),
    ),
    endSession: ofTechnician(async (account, session) => withSession(await sessions.end(account, session))),
    dismissSession: ofTechnician((account, session) => sessions.dismiss(account, session)),
    openLog: ofTechnician(async (_account, session, _params, page) => ({
      events: await sessions.openLog(page, session),
    })),

    claimPin: async (page, { pin }) => {
      if (page.role !== 'customer' || page.visit?.joined) {
        return fail('wrongState');
      }
      return claim(page, 'pin', await admission.byPin(pin, page.socket.request.address));
    },
    claimLink: async (page, { token }) => {
      if (page.role !== 'customer' || page.visit?.joined) {
        return fail('wrongState');
      }
      return claim(page, 'link', await admission.byLink(token));
    },

    acceptTerms: async (page, { version, language, hash, devices, browser, resume }) => {
      const { visit } = page;
      if (!visit || visit.joined) {
        return fail('wrongState');
      }
      const agreed = shownTerms({ version, language, hash });
      if (!agreed) {
        return fail('termsChanged');
      }
      const answer = { terms: agreed, devices, browser, resumeHash: hashToken(resume) };
      const customer = await sessions.accept(visit.session, page, answer);
      if (typeof customer === 'string') {
        page.visit = undefined;
        return fail(lateRefusal(visit.by));
      }
      visit.joined = true;
      return { sessionId: visit.session.record.id, customer };
    },
    declineTerms: async (page, shown) => {
      const { visit } = page;
      const declined = shownTerms(shown);
      if (!visit || visit.joined || !declined) {
        return fail(declined ? 'wrongState' : 'termsChanged');
      }
      page.visit = undefined;
      const refused = await sessions.decline(visit.session, page, declined);
      return refused ? fail(lateRefusal(visit.by)) : {};
    },
    picture: async (page, { sessionId, picture }) => {
      const { visit } = page;
      // A page that another one has taken over from has no session any more.
      if (visit?.session.customer !== page || visit.session.record.id !== sessionId) {
        return fail('noSuchSession');
      }
      sessions.picture(visit.session, picture);
      return {};
    },
    leave: async (page) => {
      const { visit } = page;
      page.visit = undefined;
      const refused = visit && (await sessions.leave(visit.session, page));
      return refused ? fail(refused) : {};
    },
  };

  async function checkAccount(page: Page): Promise<void> {
    page.accountCheckedAt = now();
    if (!(await options.accountOf(page.socket.request))) {
      page.closeWith('notSignedIn', POLICY_VIOLATION);
    }
  }

  async function technicianHello(page: Page, params: Params<'hello'>): Promise<Result<'hello'> | Failure> {
    const account = await options.accountOf(page.socket.request);
    if (!account) {
      return fail('notSignedIn');
    }
    page.role = 'technician';
    page.account = account;
    page.accountCheckedAt = now();
    await sessions.consoleJoined(account, page, params.peers);
    return {
      now: now(),
      account,
      sessions: sessions.views(account),
      settings: options.consoleSettings(),
    };
  }

  async function customerHello(page: Page, params: Params<'hello'>): Promise<Result<'hello'> | Failure> {
    if (params.resume === undefined) {
      page.role = 'customer';
      return { now: now() };
    }
    const resume = newToken();
    const hashes = [hashToken(params.resume), hashToken(resume)] as const;
    const session = await sessions.resume(...hashes, page, params.peers);
    if (!session) {
      return fail('resumeUnknown');
    }
    page.role = 'customer';
    const answer = { now: now(), sessionId: session.record.id, customer: session.customerView() };
    if (session.ended) {
      return answer;
    }
    page.visit = { session, by: 'link', joined: true };
    return { ...answer, resume };
  }

  // -------------------------------------------------------------- sockets

  async function answer(page: Page, message: ClientMessage): Promise<void> {
    const { type, id, ...params } = message;
    const handler = handlers[type] as (page: Page, params: object) => Promise<object>;
    const refused = BEGINNINGS.has(type)
      ? options.refusal?.('sessionId' in params ? params.sessionId : undefined)
      : undefined;
    let result: object;
    try {
      if (type === 'hello' ? page.role !== undefined : page.role === undefined) {
        result = fail(type === 'hello' ? 'wrongState' : 'helloExpected');
      } else {
        result = refused === undefined ? await handler(page, params) : fail(refused);
      }
    } catch (error) {
      log.error({ err: error, request: type }, 'requestFailed');
      result = fail('internal');
    }
    if (isFailure(result)) {
      const code = result.failed;
      page.refuse(id, code);
      if (code === 'versionMismatch') {
        page.socket.close(POLICY_VIOLATION, code);
      }
    } else {
      page.send({ type: 'ok', id, result });
    }
    if (page.role !== undefined) {
      clearTimeout(page.helloTimer);
    }
  }

  /** False when the page broke a limit and is closed for it. */
  function withinLimits(page: Page, bytes: number, maxBytes: number): boolean {
    if (bytes > maxBytes) {
      page.closeWith('messageTooLarge', TOO_LARGE);
      return false;
    }
    if (!page.allows(now()) || page.pending >= PENDING_MAX) {
      page.closeWith('tooManyMessages', POLICY_VIOLATION);
      return false;
    }
    return true;
  }

  function receive(page: Page, text: string, bytes: number): void {
    const limit = page.account ? TECHNICIAN_MESSAGE_MAX_BYTES : CUSTOMER_MESSAGE_MAX_BYTES;
    if (!withinLimits(page, bytes, limit)) {
      return;
    }
    const parsed = parseClientMessage(text);
    if (!parsed.ok) {
      page.refuse(parsed.id, parsed.code);
      return;
    }
    page.pending += 1;
    page.queue = page.queue.then(async () => {
      page.pending -= 1;
      if (page.open) {
        await answer(page, parsed.message);
      }
    });
  }

  /** At once and not in the queue: the frame's memory is only good during this call, and a still waits for nothing. */
  function receiveStill(page: Page, frame: Uint8Array): void {
    if (!withinLimits(page, frame.length, STILL_HEADER_BYTES + STILL_MAX_BYTES)) {
      return;
    }
    const still = readStill(frame);
    const code = still.ok ? refusalOfStill(page, still.jpeg) : still.code;
    if (code === undefined) {
      page.send({ type: 'ok', id: still.id, result: {} });
    } else {
      page.refuse(still.id, code);
    }
  }

  function refusalOfStill(page: Page, jpeg: Uint8Array): ErrorCode | undefined {
    if (page.role !== 'customer') {
      return page.role === undefined ? 'helloExpected' : 'notAllowed';
    }
    const session = page.visit?.session;
    return session?.customer === page ? session.still(jpeg) : 'noSuchSession';
  }

  /** Out of the library's callback an exception would end the process; here it costs only the page that sent the cause. */
  function guarded(socket: Socket, take: (page: Page) => void): void {
    const page = pages.get(socket);
    try {
      if (page) {
        take(page);
      }
    } catch (error) {
      log.error({ err: error }, 'messageFailed');
      page?.closeWith('internal', POLICY_VIOLATION);
    }
  }

  async function left(page: Page, code: number): Promise<void> {
    const cause = code === GOING_AWAY ? 'left' : 'connection';
    if (page.account) {
      await sessions.consoleLeft(page.account, page, cause);
    }
    if (page.visit) {
      await sessions.customerLost(page.visit.session, page, cause);
    }
  }

  return {
    get pageCount() {
      return pages.size;
    },

    upgrade: options.refuseOrigin,

    open(socket) {
      const page = new Page(socket, now());
      page.helloTimer = setTimeout(() => page.closeWith('helloExpected', POLICY_VIOLATION), HELLO_TIMEOUT_MS);
      pages.set(socket, page);
    },

    message(socket, text, bytes) {
      guarded(socket, (page) => receive(page, text, bytes));
    },

    binary(socket, bytes) {
      guarded(socket, (page) => receiveStill(page, bytes));
    },

    close(socket, code) {
      const page = pages.get(socket);
      if (!page) {
        return;
      }
      pages.delete(socket);
      clearTimeout(page.helloTimer);
      page.open = false;
      // After the request in work: it may just be joining the page that is leaving here.
      page.queue = page.queue
        .then(() => left(page, code))
        .catch((error: unknown) => log.error({ err: error }, 'leavingFailed'));
    },

    recheck(accountId) {
      for (const page of pages.values()) {
        if (page.account?.id === accountId) {
          checkAccount(page).catch((error: unknown) => log.error({ err: error }, 'accountCheckFailed'));
        }
      }
    },

    closeAll() {
      for (const page of pages.values()) {
        page.closeWith('draining', SERVICE_RESTART);
      }
    },
  };
}
