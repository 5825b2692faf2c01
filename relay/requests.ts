/** What pages ask and how it is answered: every request has a handler here; the compiler checks that none is missing. */
import { type Admission, lateRefusal } from './admission.ts';
import type { Channels } from './channels.ts';
import { markSeen, sendChat } from './chat.ts';
import { answerConsent, askConsent } from './consent-ledger.ts';
import { CONSENT_QUESTIONS } from './consents.ts';
import { createGuestCommands, guestHello } from './guest-requests.ts';
import type { LiveSession } from './live-session.ts';
import { type Failure, fail, isFailure } from './outcome.ts';
import type { Page } from './page.ts';
import {
  type Account,
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
  type Terms,
} from './protocol.ts';
import type { TermsAnswer } from './queues.ts';
import { hashToken, newToken } from './secrets.ts';
import type { HttpRequest } from './server.ts';
import { createSessionAccess } from './session-access.ts';
import { technicianActor } from './session-context.ts';
import { settledState } from './session-state.ts';
import type { Sessions } from './sessions.ts';
import type { Store } from './store.ts';

/** How often a signed-in socket is checked against the account again. */
const ACCOUNT_CHECK_MS = 60_000;

export type RequestsOptions = {
  sessions: Sessions;
  admission: Admission;
  channels: Channels;
  store: Pick<Store, 'chat' | 'transaction'>;
  /** Who is signed in with the cookies of this request. */
  accountOf: (request: HttpRequest) => Promise<Account | undefined>;
  /** What customers agree to now. */
  terms: () => Record<Language, Terms>;
  brand: string;
  /** Whether the account's group may invite so. */
  mayInvite: (account: Account, method: InvitationMethod) => boolean;
  consoleSettings: (account: Account) => ConsoleSettings;
  /** Epoch milliseconds. */
  now: () => number;
};

export type Handlers = {
  [T in RequestType]: (page: Page, params: Params<T>) => Promise<Result<T> | Failure>;
};

/**
 * Handlers of every request. None throws for what a page did: a mistake of the other side is a `Failure`.
 * @param checkAccount closes the page when nobody is signed in with its cookies any more
 */
export function createHandlers(
  options: RequestsOptions,
  checkAccount: (page: Page) => Promise<void>,
): Handlers {
  const { sessions, admission, terms, now } = options;

  const { ofTechnician, ofParty } = createSessionAccess(sessions);

  const withSession = (result: SessionView | ErrorCode) =>
    typeof result === 'string' ? result : { session: result };

  const recorded = (session: LiveSession, refused: ErrorCode | undefined) =>
    refused ?? { session: session.technicianView() };

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
    await sessions.customers.claim(found, page, by);
    return { brand: options.brand, terms: terms() };
  }

  async function enterChannel(page: Page, answer: TermsAnswer): Promise<Result<'acceptTerms'> | Failure> {
    const { channel } = page;
    const refused = channel
      ? await options.channels.refusal(channel, page.socket.request.address)
      : 'wrongState';
    if (!channel || refused) {
      return fail(refused ?? 'wrongState');
    }
    const session = await sessions.queues.enter(channel, page, answer);
    page.channel = undefined;
    page.visit = { session, by: 'link', joined: true };
    void options.channels.entered(channel);
    return { sessionId: session.record.id, customer: session.customerView() };
  }

  /** The terms as this page was shown them, or undefined when they have changed since. */
  function shownTerms(shown: { version: number; language: Language; hash: string }): Terms | undefined {
    const current = terms()[shown.language];
    return current.version === shown.version && current.hash === shown.hash ? current : undefined;
  }

  /** What this page is in that session, if it is anything. */
  function partOf(page: Page, sessionId: SessionId): { session: LiveSession; party: Role } | undefined {
    if (page.account) {
      const session = sessions.owned(page.account, sessionId);
      return session && { session, party: 'technician' };
    }
    const { visit } = page;
    return visit?.joined && visit.session.record.id === sessionId
      ? { session: visit.session, party: 'customer' }
      : undefined;
  }

  /** The session of a customer's page; a page that another one has taken over from has none any more. */
  function ofCustomer(page: Page, sessionId: SessionId): LiveSession | undefined {
    const session = page.visit?.session;
    return session?.customer === page && session.record.id === sessionId ? session : undefined;
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
      settings: options.consoleSettings(account),
      pinAlarm: sessions.pinAlarm.alarm,
    };
  }

  async function customerHello(page: Page, params: Params<'hello'>): Promise<Result<'hello'> | Failure> {
    if (params.resume === undefined) {
      page.role = 'customer';
      return { now: now(), questions: CONSENT_QUESTIONS };
    }
    const resume = newToken();
    const hashes = [hashToken(params.resume), hashToken(resume)] as const;
    const session = await sessions.customers.resume(...hashes, page, params.peers);
    if (!session) {
      return fail('resumeUnknown');
    }
    page.role = 'customer';
    const answer = {
      now: now(),
      sessionId: session.record.id,
      customer: session.customerView(),
      questions: CONSENT_QUESTIONS,
    };
    if (session.ended) {
      return answer;
    }
    page.visit = { session, by: 'link', joined: true };
    return { ...answer, resume };
  }

  return {
    hello: async (page, params) => {
      if (params.version !== PROTOCOL_VERSION) {
        return fail('versionMismatch');
      }
      page.videoCodecs = params.videoCodecs;
      switch (params.role) {
        case 'technician':
          return technicianHello(page, params);
        case 'customer':
          return customerHello(page, params);
        case 'guest':
          return guestHello(options, page, params);
      }
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
      const part = partOf(page, sessionId);
      if (!part) {
        return fail('noSuchSession');
      }
      await sessions.devices(part.session, part.party, devices);
      return {};
    },

    openChat: async (page, { sessionId }) => {
      // Whoever is offered a session reads what was said in it, and writes when it is theirs.
      const session =
        partOf(page, sessionId)?.session ?? (page.account && sessions.listed(page.account, sessionId));
      return session
        ? { messages: await options.store.chat(sessionId), seen: session.chat.seen }
        : fail('noSuchSession');
    },

    sendChat: async (page, { sessionId, clientId, text }) => {
      const part = partOf(page, sessionId);
      if (!part) {
        return fail('noSuchSession');
      }
      const { account } = page;
      const wanted = { from: part.party, clientId, text, ...(account && { account }) };
      const message = await sendChat(part.session, wanted, { store: options.store, now });
      return typeof message === 'string' ? fail(message) : { message };
    },

    chatSeen: async (page, { sessionId, seen }) => {
      const part = partOf(page, sessionId);
      if (!part) {
        return fail('noSuchSession');
      }
      markSeen(part.session, part.party, seen);
      return {};
    },

    typing: async (page, { sessionId }) => {
      const part = partOf(page, sessionId);
      if (!part) {
        return fail('noSuchSession');
      }
      const other = part.party === 'customer' ? 'technician' : 'customer';
      part.session.tellParty(other, { type: 'typing', sessionId });
      return {};
    },

    createSession: async (page, { fields, method, appointment }) => {
      if (!page.account || !sessions.isConsole(page.account, page)) {
        return fail('notAllowed');
      }
      if (!options.mayInvite(page.account, method)) {
        return fail('wayNotAllowed');
      }
      const result = await sessions.create(page.account, fields, method, appointment);
      return typeof result === 'string' ? fail(result) : { session: result };
    },
    invite: ofTechnician(async (account, session, { method }) =>
      options.mayInvite(account, method)
        ? withSession(await sessions.invite(account, session, method))
        : 'wayNotAllowed',
    ),
    editSession: ofTechnician(async (account, session, { fields }) =>
      withSession(await sessions.edit(account, session, fields)),
    ),
    startSession: ofTechnician(
      async (account, session) => withSession(await sessions.start(account, session)),
      'listed',
    ),
    setAway: async (page, { away }) =>
      page.account && sessions.isConsole(page.account, page)
        ? { status: sessions.transfers.setAway(page.account.id, away) }
        : fail('notAllowed'),
    listReceivers: async (page) =>
      page.account ? sessions.transfers.receivers(page.account) : fail('notAllowed'),
    transferSession: ofTechnician(async (account, session, { to, comment }) =>
      withSession(await sessions.transfers.offer(account, session, to, comment)),
    ),
    refuseTransfer: ofTechnician((account, session) => sessions.transfers.refuse(account, session), 'listed'),
    holdSession: ofTechnician(async (account, session) => withSession(await sessions.hold(account, session))),
    resumeSession: ofTechnician(async (account, session) =>
      withSession(await sessions.unhold(account, session)),
    ),
    endSession: ofTechnician(async (account, session, { outcome, notes }) =>
      withSession(
        await sessions.end(account, session, {
          ...(outcome && { outcome }),
          ...(notes !== undefined && { notes }),
        }),
      ),
    ),
    askConsent: ofTechnician(async (account, session, { kind }) => {
      const refused = await askConsent(technicianActor(account), session, kind);
      return refused ?? { session: session.technicianView() };
    }),
    quality: ofTechnician(async (_account, session, { quality }) => session.keepQuality(quality)),
    dismissSession: ofTechnician((account, session) => sessions.dismiss(account, session)),
    openLog: ofTechnician(
      async (_account, session, _params, page) => ({ events: await sessions.openLog(page, session) }),
      'listed',
    ),

    claimPin: async (page, { pin }) => {
      if (page.role !== 'customer' || page.visit?.joined) {
        return fail('wrongState');
      }
      return claim(page, 'pin', await admission.byPin(pin, page.socket.request.address));
    },
    claimChannel: async (page, { channel }) => {
      if (page.role !== 'customer' || page.visit?.joined) {
        return fail('wrongState');
      }
      const opened = await options.channels.open(channel, page.socket.request.address);
      if (isFailure(opened)) {
        return opened;
      }
      page.channel = opened.channel;
      return { brand: options.brand, terms: terms(), channel: opened.shown };
    },
    claimLink: async (page, { token }) => {
      if (page.role !== 'customer' || page.visit?.joined) {
        return fail('wrongState');
      }
      const found = await admission.byLink(token);
      return 'early' in found
        ? { brand: options.brand, terms: terms(), ...found }
        : claim(page, 'link', found);
    },

    acceptTerms: async (page, { version, language, hash, devices, browser, resume }) => {
      const { visit, channel } = page;
      if ((!visit && !channel) || visit?.joined) {
        return fail('wrongState');
      }
      const agreed = shownTerms({ version, language, hash });
      if (!agreed) {
        return fail('termsChanged');
      }
      const answer = { terms: agreed, devices, browser, resumeHash: hashToken(resume) };
      if (!visit) {
        return enterChannel(page, answer);
      }
      const customer = await sessions.customers.accept(visit.session, page, answer);
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
      if (page.channel && declined) {
        await sessions.queues.decline(page.channel, declined);
        page.channel = undefined;
        return {};
      }
      if (!visit || visit.joined || !declined) {
        return fail(declined ? 'wrongState' : 'termsChanged');
      }
      page.visit = undefined;
      const refused = await sessions.customers.decline(visit.session, page, declined);
      return refused ? fail(lateRefusal(visit.by)) : {};
    },
    answerConsent: async (page, { sessionId, ...answer }) => {
      const session = ofCustomer(page, sessionId);
      if (!session) {
        return fail('noSuchSession');
      }
      const refused = await answerConsent(session, answer, now);
      return refused ? fail(refused) : {};
    },
    picture: async (page, { sessionId, picture }) => {
      const session = ofCustomer(page, sessionId);
      if (!session) {
        return fail('noSuchSession');
      }
      sessions.picture(session, picture);
      return {};
    },
    preflight: async (page, { sessionId, preflight }) => {
      const session = ofCustomer(page, sessionId);
      if (!session) {
        return fail('noSuchSession');
      }
      await session.setPreflight(preflight);
      return {};
    },
    probe: async (page, { sessionId }) => {
      const session = ofCustomer(page, sessionId);
      if (!session || settledState(session.record.machine) !== 'waiting') {
        return fail(session ? 'wrongState' : 'noSuchSession');
      }
      return page.allowsProbe() ? {} : fail('tooManyMessages');
    },
    openBoard: ofParty((session, party, { after }) => session.whiteboard.open(party, after)),
    draw: ofParty((session, party, { operation }) => session.whiteboard.draw(party, operation)),
    sketch: ofParty((session, party, { sketch }) => session.whiteboard.sketch(party, sketch)),
    freeze: ofTechnician(async (_account, session) => session.whiteboard.freeze()),
    unfreeze: ofTechnician((_account, session) => session.whiteboard.unfreeze()),
    freezeFailed: ofParty((session, party, { surface }) =>
      party === 'customer' ? session.whiteboard.freezeFailed(surface) : 'notAllowed',
    ),
    openStill: ofParty((session, _party, { surface, offset }, page) =>
      session.whiteboard.openStill(page, surface, offset),
    ),
    askCamera: ofTechnician(async (_account, session, { wish }) => session.cameraWishes.ask(wish)),
    cameraState: ofParty((session, party, { state }) =>
      party === 'customer' ? session.setCamera(state) : 'notAllowed',
    ),
    cameraWishDone: ofParty((session, party, { wishId, outcome }) =>
      party === 'customer' ? session.cameraWishes.answer(wishId, outcome) : 'notAllowed',
    ),
    startRecording: ofTechnician(async (account, session) =>
      recorded(session, await session.recording.start(technicianActor(account))),
    ),
    pauseRecording: ofTechnician(async (account, session) =>
      recorded(session, await session.recording.pause(technicianActor(account), true)),
    ),
    resumeRecording: ofTechnician(async (account, session) =>
      recorded(session, await session.recording.pause(technicianActor(account), false)),
    ),
    stopRecording: ofTechnician(async (account, session) =>
      recorded(session, session.recording.stop(technicianActor(account))),
    ),
    takePhoto: ofTechnician(async (_account, session) => session.photos.take()),
    openPhotos: ofParty((session) => session.photos.open()),
    cancelPhoto: ofParty((session, party, { photoId }) => session.photos.cancel(party, photoId)),
    offerPhoto: ofParty((session, party, params) => session.photos.offer(party, params)),
    photoFailed: ofParty((session, party, { photoId, reason }) =>
      party === 'customer' ? session.photos.failed(photoId, reason) : 'notAllowed',
    ),
    openPhotoMarks: ofTechnician(async (_account, session, { photoId }) => session.photos.marks(photoId)),
    deletePhoto: ofTechnician((_account, session, { photoId }) => session.photos.remove(photoId)),
    markPhoto: ofTechnician((_account, session, { photoId, operations }) =>
      session.photos.mark(photoId, operations),
    ),
    ...createGuestCommands(ofTechnician),
    leave: async (page) => {
      const { visit } = page;
      page.visit = undefined;
      const refused = visit && (await sessions.customers.leave(visit.session, page));
      return refused ? fail(refused) : {};
    },
  };
}
