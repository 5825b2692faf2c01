/** What pages of experts and observers may ask, and what technicians ask about them. Everything else is refused to a guest's page. */
import { linkRefusal, standingOf } from './guests.ts';
import type { LiveSession } from './live-session.ts';
import { type Failure, fail } from './outcome.ts';
import type { Page } from './page.ts';
import type { GuestId, Params, Result, SessionId } from './protocol.ts';
import type { Handlers, RequestsOptions } from './requests.ts';
import { hashToken } from './secrets.ts';
import type { SessionAccess } from './session-access.ts';
import { technicianActor } from './session-context.ts';
import { NO_DEVICES } from './session-view.ts';

type Options = Pick<RequestsOptions, 'sessions' | 'brand' | 'now'>;

/** Of a session that nobody has in a list any more. */
const GONE = { phase: 'ended', technician: '', customerDevices: NO_DEVICES } as const;

/** Requests of the technician about guests; a page of another role is refused by `handlers` of its own. */
export function createGuestCommands(
  ofTechnician: SessionAccess['ofTechnician'],
): Pick<Handlers, 'inviteGuest' | 'removeGuest' | 'muteGuest' | 'openGuestLink' | 'joinGuest'> {
  return {
    inviteGuest: ofTechnician(async (account, session, { role, name }) => {
      const refused = await session.guests.invite(technicianActor(account), role, name);
      return refused ?? { session: session.technicianView() };
    }),
    removeGuest: ofTechnician(async (account, session, { guestId }) => {
      const refused = await session.guests.remove(technicianActor(account), guestId);
      return refused ?? { session: session.technicianView() };
    }),
    muteGuest: ofTechnician(async (account, session, { guestId, muted }) => {
      const refused = await session.guests.mute(technicianActor(account), guestId, muted);
      return refused ?? { session: session.technicianView() };
    }),
    openGuestLink: async () => fail('notAllowed'),
    joinGuest: async () => fail('notAllowed'),
  };
}

/** The token stays the same: it is good for one session, and one browser has it. */
export async function guestHello(
  { sessions, now }: Options,
  page: Page,
  { resume, peers }: Params<'hello'>,
): Promise<Result<'hello'> | Failure> {
  if (resume === undefined) {
    page.role = 'guest';
    return { now: now() };
  }
  const found = await sessions.guestByResume(hashToken(resume));
  if (!found) {
    return fail('resumeUnknown');
  }
  page.role = 'guest';
  const { record, session } = found;
  const { id, sessionId } = record;
  if (session && (await session.guests.resume(id, page, peers))) {
    page.guest = { session, id };
  }
  return { now: now(), sessionId, guest: session?.guests.standing(id) ?? standingOf(record, GONE) };
}

/** Every request that a guest's page may make after its `hello`. */
export function createGuestHandlers({ sessions, brand, now }: Options): Partial<Handlers> {
  /** The guest whose page this is, unless a newer page has taken over or the guest is out. */
  function guestOf(page: Page): { session: LiveSession; id: GuestId } | undefined {
    const { guest } = page;
    return guest?.session.guests.isPage(guest.id, page) ? guest : undefined;
  }

  /** For requests of a guest about the session that they are in. */
  function inSession<T extends { sessionId: SessionId }, R extends object>(
    work: (session: LiveSession, params: T, page: Page) => Promise<R | Failure> | R,
  ): (page: Page, params: T) => Promise<R | Failure> {
    return async (page, params) => {
      const guest = guestOf(page);
      return guest?.session.record.id === params.sessionId
        ? work(guest.session, params, page)
        : fail('noSuchSession');
    };
  }

  /** For requests about a media connection of this guest. */
  function ofPeer<T extends { peerId: string }>(
    work: (media: LiveSession['media'], params: T, id: GuestId) => void,
  ): (page: Page, params: T) => Promise<Result<'peerFailed'> | Failure> {
    return async (page, params) => {
      const guest = guestOf(page);
      if (!guest?.session.media.ownsGuest(params.peerId, guest.id)) {
        return fail('noSuchPeer');
      }
      work(guest.session.media, params, guest.id);
      return {};
    };
  }

  return {
    // A second one is refused as everybody's.
    hello: async () => fail('wrongState'),
    ping: async () => ({}),
    answer: ofPeer((media, { peerId, sdp }: Params<'answer'>) => media.answer(peerId, sdp)),
    peerFailed: ofPeer((media, { peerId }: Params<'peerFailed'>, id) => media.guestPeerFailed(peerId, id)),
    peerStalled: ofPeer((media, { peerId }: Params<'peerStalled'>, id) => media.guestPeerStalled(peerId, id)),
    openBoard: inSession((session, { after }) => session.whiteboard.open(undefined, after)),
    openStill: inSession(async (session, { surface, offset }: Params<'openStill'>, page) => {
      const part = await session.whiteboard.openStill(page, surface, offset);
      return typeof part === 'string' ? fail(part) : part;
    }),

    openGuestLink: async (_page, { token }) => {
      const found = await sessions.guestByToken(token);
      if (!found) {
        return fail('linkUnknown');
      }
      const { record, session } = found;
      const refused = linkRefusal(record, session?.ended ?? true, now());
      const { technician = '' } = session?.guests.standing(record.id) ?? {};
      return refused ? fail(refused) : { brand, name: record.name, role: record.role, technician };
    },

    joinGuest: async (page, { token, name, resume }) => {
      if (page.guest) {
        return fail('wrongState');
      }
      const found = await sessions.guestByToken(token);
      if (!found?.session) {
        return fail(found ? (linkRefusal(found.record, true, now()) ?? 'sessionOver') : 'linkUnknown');
      }
      const { record, session } = found;
      const refused = await session.guests.join(record.id, page, { name, resumeHash: hashToken(resume) });
      const guest = session.guests.standing(record.id);
      if (refused || !guest) {
        return fail(refused ?? 'linkUnknown');
      }
      page.guest = { session, id: record.id };
      return { sessionId: session.record.id, guest };
    },

    leave: async (page) => {
      const guest = guestOf(page);
      page.guest = undefined;
      const refused = guest && (await guest.session.guests.leave(guest.id, page));
      return refused ? fail(refused) : {};
    },
  };
}
