/**
 * The wire protocol between the browsers and the relay: every message, result, event and error code.
 * This file imports nothing and contains types and constants only, so both pages take it without server code.
 * PROTOCOL.md beside it says the same in prose, with an example of every message that a test validates.
 */

/** Raised when an old page can no longer talk to a new relay; the page then asks to be reloaded. */
export const PROTOCOL_VERSION = 1;
export const WEBSOCKET_PATH = '/ws';

/** A page sends `ping` this often; no `ok` within the same time means the socket is dead. */
export const HEARTBEAT_INTERVAL_MS = 5_000;

export const LANGUAGES = ['de', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Role = 'technician' | 'customer';
export type AccountRole = 'technician' | 'administrator';
export type VideoCodec = 'VP8' | 'H264' | 'VP9' | 'AV1';

/** Grows only; unique in the deployment; read out on the phone, hence a plain number. */
export type SessionId = number;
/** One browser connection to the media plane; a participant has a new one after each reconnection. */
export type PeerId = string;

// ---------------------------------------------------------------- sessions

/** What the state machine of `session-state.ts` knows. */
export type SessionState =
  | 'connecting'
  | 'waiting'
  | 'active'
  | 'onHold'
  | 'transferring'
  | 'reconnecting'
  | 'offline'
  | 'timedOut'
  | 'aborted'
  | 'closedByCustomer'
  | 'closedByWaitingCustomer'
  | 'closedByTechnician'
  | 'declined'
  | 'expired';

/** What one technician sees: a transfer looks different from its two ends. */
export type SessionStatus = Exclude<SessionState, 'transferring'> | 'outgoing' | 'incoming';

export type CustomerFields = {
  /** Customer's name or any identifier; empty is shown as "Customer". */
  name: string;
  phone: string;
  email: string;
  ticketId: string;
  /** Configured custom fields by their key. */
  custom: Record<string, string>;
};

/** What a participant's devices do, as the other side needs to know it. */
export type DeviceState = {
  microphone: 'on' | 'muted' | 'none';
  camera: 'on' | 'paused' | 'none';
  /** Why the microphone is muted or the camera paused, where there is a reason. */
  pausedBy?: PauseReason;
};

/**
 * What the phone sends of its camera, and why not more: live video, video in fewer or smaller pictures, single stills
 * over the WebSocket, or nothing. `cause` is `none` for `video` and for a camera that is off.
 */
export type PictureState = {
  mode: 'video' | 'reduced' | 'stills' | 'none';
  cause: 'none' | 'bandwidth' | 'processor' | 'blocked' | 'saveData';
};

/** The person; the page is hidden or the phone locked; another app or a call took the device. */
export type PauseReason = 'person' | 'hidden' | 'interrupted';

/**
 * Why picture or sound of a party are away. `connection`: its socket was lost; `left`: its page was closed or is being
 * loaded again; `hidden`, `call`: what the page said last (`PauseReason`); `noMedia`: the socket lives, but what is
 * due does not arrive; `relay`: the relay was started again and the party is not back yet.
 */
export type InterruptionReason = 'connection' | 'left' | 'hidden' | 'call' | 'noMedia' | 'relay';

export type Interruption = { party: Role; reason: InterruptionReason; since: number };

export type InvitationMethod = 'pin' | 'link';

export type InvitationView = {
  /** Six digits; present once the technician asked for a PIN. */
  pin?: string;
  /** Absolute URL; present once the technician asked for a link. */
  link?: string;
  /** Epoch milliseconds. */
  expiresAt: number;
};

/** A row of the technician's session list. Times are epoch milliseconds of the relay's clock. */
export type SessionView = {
  id: SessionId;
  status: SessionStatus;
  statusSince: number;
  createdAt: number;
  fields: CustomerFields;
  /** Name of the channel the customer came by; empty for a private session. */
  channel: string;
  /** Absent once it was used, expired or cancelled. */
  invitation?: InvitationView;
  /** With `reconnecting` and `offline`: where the session goes on when everybody is back. */
  before?: 'waiting' | 'active' | 'onHold';
  /** While picture or sound of a party are away through no wish of a person. */
  interruption?: Interruption;
  /** Absent until a customer has accepted the terms. */
  customer?: {
    devices: DeviceState;
    picture: PictureState;
    browser: string;
    connected: boolean;
    mediaReady: boolean;
  };
};

/** Facts that a session event carries; flat, so that a report can print them. */
export type EventData = Record<string, string | number | boolean>;

export type SessionEventType =
  | 'sessionCreated'
  | 'fieldsEdited'
  | 'pinCreated'
  | 'linkCreated'
  | 'customerArrived'
  | 'termsAccepted'
  | 'termsDeclined'
  | 'stateChanged'
  | 'devicesChanged'
  | 'mediaConnected'
  | 'mediaFailed'
  | 'dismissed';

/** One line of the session log. The log only grows; ids grow with it. */
export type SessionEvent = {
  id: number;
  sessionId: SessionId;
  at: number;
  actor: 'technician' | 'customer' | 'system';
  /** Display name of the technician who acted; empty otherwise. */
  actorName: string;
  type: SessionEventType;
  data: EventData;
};

export type Terms = { version: number; language: Language; text: string; hash: string };

/** What the customer's page shows; `ended` is final. */
export type CustomerPhase = 'terms' | 'waiting' | 'active' | 'onHold' | 'ended';
export type CustomerView = {
  phase: CustomerPhase;
  /** Nickname of the technician once the session was started; empty before. */
  technician: string;
  technicianDevices: DeviceState;
  /** False while the technician's connection is lost. */
  technicianConnected: boolean;
  /** While picture or sound of a party are away through no wish of a person. */
  interruption?: Interruption;
  /** Why the session ended; only with phase `ended`. */
  endedAs?: SessionState;
};

// ---------------------------------------------------------------- requests

/**
 * Everything a page can ask. A request `{type, id, ...params}` is answered exactly once, by
 * `{type:'ok', id, result}` or `{type:'error', id, code, message}`.
 */
export type Requests = {
  /** First message on every socket. `peers` are the media connections the page still holds. */
  hello: {
    params: {
      version: number;
      role: Role;
      language: Language;
      /** Codecs this browser can send (customer) or show (technician), best first. */
      videoCodecs: VideoCodec[];
      peers: PeerId[];
      /** Customer only: continues a session that accepted the terms. */
      resume?: string;
    };
    result: HelloResult;
  };
  ping: { params: Empty; result: Empty };
  /** The browser's answer to an `offer` event; the relay then sends `candidates`. */
  answer: { params: { peerId: PeerId; sdp: string }; result: Empty };
  /** The browser gave this media connection up; the relay offers a new one. */
  peerFailed: { params: { peerId: PeerId }; result: Empty };
  /** Nothing comes over this media connection any more; the page keeps it until a better one is up. */
  peerStalled: { params: { peerId: PeerId }; result: Empty };
  devices: { params: { sessionId: SessionId; devices: DeviceState }; result: Empty };

  // technician
  createSession: {
    params: { fields: CustomerFields; method: InvitationMethod };
    result: { session: SessionView };
  };
  /** Adds the other method to the live invitation of a session that nobody has come to yet. */
  invite: { params: { sessionId: SessionId; method: InvitationMethod }; result: { session: SessionView } };
  editSession: { params: { sessionId: SessionId; fields: CustomerFields }; result: { session: SessionView } };
  startSession: { params: { sessionId: SessionId }; result: { session: SessionView } };
  endSession: { params: { sessionId: SessionId }; result: { session: SessionView } };
  /** Takes an ended session out of the list; its page and log stay. */
  dismissSession: { params: { sessionId: SessionId }; result: Empty };
  /** The whole log of a session; later lines come as `log` events. */
  openLog: { params: { sessionId: SessionId }; result: { events: SessionEvent[] } };

  // customer
  claimPin: { params: { pin: string }; result: ClaimResult };
  claimLink: { params: { token: string }; result: ClaimResult };
  /**
   * Consumes the invitation; stored with hash, version, language and time. The page makes the first resume token
   * itself (256 bit, base64url): should the answer get lost, `hello` with that token tells whether it counted.
   */
  acceptTerms: {
    params: {
      version: number;
      language: Language;
      hash: string;
      devices: DeviceState;
      browser: string;
      resume: string;
    };
    result: { sessionId: SessionId; customer: CustomerView };
  };
  declineTerms: { params: { version: number; language: Language; hash: string }; result: Empty };
  /** What the phone sends of its camera from now on, for the technician to read. */
  picture: { params: { sessionId: SessionId; picture: PictureState }; result: Empty };
  leave: { params: Empty; result: Empty };
};

export type Empty = Record<never, never>;

export type HelloResult = {
  /** The relay's clock, epoch milliseconds, for running times in the list. */
  now: number;
  /** Technician: who is signed in, and the list. */
  account?: Account;
  sessions?: SessionView[];
  settings?: ConsoleSettings;
  /** Customer who resumed: what to show, and the next resume token unless the session is over. */
  customer?: CustomerView;
  sessionId?: SessionId;
  resume?: string;
};

/** Nothing of the session is told before admission, only what to agree to. */
export type ClaimResult = { brand: string; terms: Record<Language, Terms> };

export type ConsoleSettings = {
  /** Absolute address that a customer types, shown beside the PIN. */
  customerUrl: string;
  maxActiveSessions: number;
  smsGateway: boolean;
  mailGateway: boolean;
};

export type RequestType = keyof Requests;
export type Params<T extends RequestType> = Requests[T]['params'];
export type Result<T extends RequestType> = Requests[T]['result'];
export type ClientMessage = { [T in RequestType]: { type: T; id: number } & Params<T> }[RequestType];

// ---------------------------------------------------------------- replies and events

export type Reply =
  | { type: 'ok'; id: number; result: Result<RequestType> }
  | { type: 'error'; id: number; code: ErrorCode; message: string };

/**
 * ICE foundation of the candidates that are for connections through a TURN server, and for no other (see PROTOCOL.md,
 * `candidates`).
 */
export const TURN_FOUNDATION = 'turn';

/** A TURN server as an RTCPeerConnection takes it; the credential is good for this peer and a few hours. */
export type IceServer = { urls: string[]; username: string; credential: string };

/** What the relay says unasked. */
export type ServerEvent =
  /** Technician: a session of the list is new or has changed. */
  | { type: 'session'; session: SessionView }
  | { type: 'sessionRemoved'; sessionId: SessionId }
  | { type: 'log'; event: SessionEvent }
  /** Another window of the same account, or of the same customer, took over; this one goes quiet. */
  | { type: 'superseded' }
  /** Customer: what to show changed. Media starts and stops with the phase. */
  | { type: 'customer'; customer: CustomerView }
  /**
   * The relay always offers. No candidates inside; they follow the answer. `iceServers` is there where the relay
   * has a way out of networks that block UDP.
   */
  | { type: 'offer'; peerId: PeerId; sessionId: SessionId; sdp: string; iceServers?: IceServer[] }
  | { type: 'candidates'; peerId: PeerId; candidates: string[] }
  | { type: 'peerClosed'; peerId: PeerId }
  /** Last words before the relay closes the socket. */
  | { type: 'closing'; code: ErrorCode; message: string };

export type ServerMessage = Reply | ServerEvent;

// ---------------------------------------------------------------- stills

/**
 * The one kind of binary frame, big-endian. Customer → relay: `[u8 1][u32 id][JPEG]`, answered like a request with that
 * id, one in flight at a time. Relay → technician: `[u8 1][u32 0][f64 sessionId][JPEG]`.
 */
export const STILL_FRAME = 1;
/** Of the customer's frame: kind and id. */
export const STILL_HEADER_BYTES = 5;
/** Of the technician's frame: kind, id and session. */
export const STILL_SHOWN_HEADER_BYTES = 13;
export const STILL_MAX_BYTES = 128 * 1024;
/** Stills of one session come no faster than this. */
export const STILL_INTERVAL_MIN_MS = 500;

// ---------------------------------------------------------------- HTTP API

export type Account = {
  id: number;
  name: string;
  /** What the customer sees. */
  nickname: string;
  email: string;
  role: AccountRole;
  enabled: boolean;
};

/** `method path` → body in and out. All answers are JSON; failures are `{code, message}`. */
export type Api = {
  'POST /api/sign-in': { body: { email: string; password: string }; result: { account: Account } };
  'POST /api/sign-out': { body: Empty; result: Empty };
  'GET /api/account': { body: undefined; result: { account: Account } };
  'POST /api/account/password': { body: { current: string; password: string }; result: Empty };
  /** First administrator, with the one-time token of the link that the terminal prints. */
  'POST /api/set-up': {
    body: { token: string; name: string; email: string; password: string };
    result: { account: Account };
  };
  /** Administrators only. */
  'GET /api/technicians': { body: undefined; result: { technicians: Account[] } };
  'POST /api/technicians': {
    body: { name: string; nickname: string; email: string; role: AccountRole; password: string };
    result: { technician: Account };
  };
  'PATCH /api/technicians/:id': {
    body: {
      name?: string;
      nickname?: string;
      email?: string;
      role?: AccountRole;
      enabled?: boolean;
      password?: string;
    };
    result: { technician: Account };
  };
};

export const PASSWORD_MIN_LENGTH = 12;
export const PASSWORD_MAX_LENGTH = 128;

// ---------------------------------------------------------------- errors

/** Stable codes with the sentence that people read; pages translate by code. */
export const ERRORS = {
  badMessage: 'The message could not be read.',
  unknownMessage: 'The relay does not know this message.',
  messageTooLarge: 'The message is too large.',
  tooManyMessages: 'Too many messages in a short time.',
  versionMismatch: 'This page is older than the relay. Please reload it.',
  helloExpected: 'The first message must be hello.',
  notSignedIn: 'Please sign in.',
  credentialsWrong: 'E-mail address or password is wrong.',
  accountDisabled: 'This account is disabled. Please ask an administrator.',
  throttled: 'Too many attempts. Please wait a few minutes and try again.',
  notAllowed: 'You are not allowed to do this.',
  originNotAllowed: 'This page was not served by this relay.',
  noSuchSession: 'There is no such session.',
  noSuchPeer: 'There is no such media connection.',
  wrongState: 'This is not possible in the state the session is in.',
  tooManyActiveSessions: 'You already have the largest number of active sessions. End one first.',
  pinUnknown: 'This PIN does not open a session. Please check the digits or ask for a new PIN.',
  linkUnknown: 'This link does not open a session. Please ask for a new one.',
  linkExpired: 'This link has expired. Please ask for a new one.',
  linkUsed: 'This link has already been used. Please ask for a new one.',
  termsChanged: 'The terms have changed meanwhile. Please read them again.',
  resumeUnknown: 'This session can no longer be continued.',
  noPinFree: 'No PIN is free at the moment. Please use a link.',
  relayFull: 'The relay cannot take another session at the moment. Please try again shortly.',
  badSdp: 'The answer of the browser could not be used.',
  invalidField: 'A field is missing or not valid.',
  passwordTooShort: 'The password needs at least 12 characters.',
  emailTaken: 'There is already an account with this e-mail address.',
  lastAdministrator: 'The last enabled administrator cannot be disabled or demoted.',
  setUpUnknown: 'This set-up link is not valid any more.',
  notFound: 'There is nothing at this address.',
  methodNotAllowed: 'This address does not take this kind of request.',
  draining: 'The relay is restarting. The page will reconnect by itself.',
  internal: 'Something went wrong in the relay. Please try again.',
} as const;

export type ErrorCode = keyof typeof ERRORS;
