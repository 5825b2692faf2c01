/**
 * The WebSocket side: decode, validate, dispatch, answer. One request at a time per socket, in the order they came.
 */
import { createGuestHandlers } from './guest-requests.ts';
import type { LiveSession } from './live-session.ts';
import type { Log } from './log.ts';
import { CUSTOMER_MESSAGE_MAX_BYTES, parseClientMessage, TECHNICIAN_MESSAGE_MAX_BYTES } from './messages.ts';
import { fail, isFailure } from './outcome.ts';
import { Page } from './page.ts';
import { readPhotoPart } from './photo-part.ts';
import {
  type ClientMessage,
  type ErrorCode,
  FREEZE_FRAME,
  PHOTO_FRAME,
  type RequestType,
  type SessionId,
  STILL_HEADER_BYTES,
  STILL_MAX_BYTES,
} from './protocol.ts';
import { createHandlers, type RequestsOptions } from './requests.ts';
import type { HttpRequest, HttpResponse, Socket, SocketListener } from './server.ts';
import { readFreezePart, readStill } from './stills.ts';

/** A socket that has not said hello by then is closed (reliability.md 3.9, S3). */
const HELLO_TIMEOUT_MS = 10_000;
/** Requests that wait for the one in work; a page never has that many, a flood has. */
const PENDING_MAX = 200;

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
  'claimChannel',
]);

export type SignallingOptions = RequestsOptions & {
  /** A response when the page was not served by this relay. */
  refuseOrigin: (request: HttpRequest) => HttpResponse | undefined;
  /** Why nothing can begin at the moment, or this session cannot; undefined when it can. */
  refusal?: (sessionId?: SessionId) => ErrorCode | undefined;
  log: Log;
};

export type Signalling = SocketListener & {
  readonly pageCount: number;
  /** Sign-ins of this account ended: its pages without a valid one are closed. */
  recheck(accountId: number): void;
  /** Tells every console what has changed of the settings that it goes by. */
  showSettings(): void;
  closeAll(): void;
};

export function createSignalling(options: SignallingOptions): Signalling {
  const { sessions, now, log } = options;
  const pages = new Map<Socket, Page>();
  const handlers = createHandlers(options, checkAccount);
  const guestHandlers = createGuestHandlers(options);
  const refuse = async () => fail('notAllowed');

  async function checkAccount(page: Page): Promise<void> {
    page.accountCheckedAt = now();
    if (!(await options.accountOf(page.socket.request))) {
      page.closeWith('notSignedIn', POLICY_VIOLATION);
    }
  }

  // -------------------------------------------------------------- sockets

  async function answer(page: Page, message: ClientMessage): Promise<void> {
    const { type, id, ...params } = message;
    const handler = (page.role === 'guest' ? (guestHandlers[type] ?? refuse) : handlers[type]) as (
      page: Page,
      params: object,
    ) => Promise<object>;
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
    if (page.role !== undefined && page.helloTimer !== undefined) {
      clearTimeout(page.helloTimer);
      page.helloTimer = undefined;
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
    if (frame[0] === PHOTO_FRAME) {
      receivePhotoPart(page, frame);
      return;
    }
    if (frame[0] === FREEZE_FRAME) {
      const read = readFreezePart(frame);
      const taking = read.ok ? withPicture(page, (session) => session.whiteboard.part(read.part)) : read.code;
      Promise.resolve(taking).then(
        (code) => replyTo(page, read.id, code),
        (error: unknown) => {
          log.error({ err: error }, 'freezeFailed');
          page.refuse(read.id, 'internal');
        },
      );
      return;
    }
    const still = readStill(frame);
    const code = still.ok ? withPicture(page, (session) => session.still(still.jpeg)) : still.code;
    replyTo(page, still.id, code);
  }

  function receivePhotoPart(page: Page, frame: Uint8Array): void {
    const read = readPhotoPart(frame);
    if (!read.ok) {
      page.refuse(read.id, read.code);
      return;
    }
    const { id, part } = read;
    const session = sessionOf(page, part.sessionId);
    const taking =
      typeof session === 'string'
        ? session
        : session.photos.part(page.account ? 'technician' : 'customer', part);
    Promise.resolve(taking).then(
      (result) =>
        typeof result === 'string' ? page.refuse(id, result) : page.send({ type: 'ok', id, result }),
      (error: unknown) => {
        log.error({ err: error }, 'photoNotStored');
        page.refuse(id, 'internal');
      },
    );
  }

  /** The one that this page is in, or whose technician's console it is. */
  function sessionOf(page: Page, sessionId: SessionId): LiveSession | ErrorCode {
    if (page.account) {
      const isConsole = sessions.isConsole(page.account, page);
      return (isConsole ? sessions.owned(page.account, sessionId) : undefined) ?? 'noSuchSession';
    }
    return withPicture(page, (session) => (session.record.id === sessionId ? session : 'noSuchSession'));
  }

  function replyTo(page: Page, id: number, refused: ErrorCode | undefined): void {
    if (refused === undefined) {
      page.send({ type: 'ok', id, result: {} });
    } else {
      page.refuse(id, refused);
    }
  }

  /** For a picture from the customer of a session. */
  function withPicture<T>(page: Page, take: (session: LiveSession) => T): T | ErrorCode {
    if (page.role !== 'customer') {
      return page.role === undefined ? 'helloExpected' : 'notAllowed';
    }
    const session = page.visit?.session;
    return session?.customer === page ? take(session) : 'noSuchSession';
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
    if (page.guest) {
      await page.guest.session.guests.lost(page.guest.id, page, cause);
    }
    if (page.visit) {
      await sessions.customers.lost(page.visit.session, page, cause);
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

    showSettings() {
      for (const page of pages.values()) {
        if (page.account) {
          page.send({ type: 'settings', settings: options.consoleSettings(page.account) });
        }
      }
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
