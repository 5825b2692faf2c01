/**
 * The wire protocol between the browsers and the relay: every message, result, event and error code.
 * This file contains types and constants only, so both pages take it without server code; the HTTP half is in
 * `protocol-api.ts`, the error codes are in `protocol-errors.ts`, what a session is made of in `protocol-sessions.ts`, its
 * whiteboard in `protocol-board.ts`, the phone's camera in `protocol-camera.ts`, experts and observers in `protocol-guests.ts`,
 * photos in `protocol-photos.ts`, recording in `protocol-recording.ts`, what became of it in `protocol-playback.ts`, what is kept of a
 * session in `protocol-archive.ts`.
 * PROTOCOL.md beside it says the same in prose, with an example of every message that a test validates.
 */

import type { Account } from './protocol-api.ts';
import type { BoardEvent, BoardRequests } from './protocol-board.ts';
import type { CameraEvent, CameraRequests } from './protocol-camera.ts';
import type { ErrorCode } from './protocol-errors.ts';
import type { GuestEvent, GuestRequests, GuestStanding } from './protocol-guests.ts';
import type { PhotoEvent, PhotoPartResult, PhotoRequests } from './protocol-photos.ts';
import type { RecordingMode, RecordingRequests } from './protocol-recording.ts';
import type {
  Appointment,
  ChatMessage,
  ChatSeen,
  ConsentKind,
  CustomerFields,
  CustomerView,
  DeviceState,
  InvitationMethod,
  InvitationWay,
  PictureState,
  PinAlarm,
  Preflight,
  QualityReport,
  Receivers,
  SessionEvent,
  SessionOutcome,
  SessionView,
  TechnicianStatus,
  Terms,
} from './protocol-sessions.ts';

export * from './protocol-api.ts';
export * from './protocol-archive.ts';
export * from './protocol-board.ts';
export * from './protocol-camera.ts';
export * from './protocol-errors.ts';
export * from './protocol-guests.ts';
export * from './protocol-photos.ts';
export * from './protocol-playback.ts';
export * from './protocol-recording.ts';
export * from './protocol-sessions.ts';

/** Raised when an old page can no longer talk to a new relay; the page then asks to be reloaded. */
export const PROTOCOL_VERSION = 1;
export const WEBSOCKET_PATH = '/ws';

/** A page sends `ping` this often; no `ok` within the same time means the socket is dead. */
export const HEARTBEAT_INTERVAL_MS = 5_000;

export const LANGUAGES = ['de', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Role = 'technician' | 'customer';
/** Whose page is on a socket. Guests are the experts and observers. */
export type PageRole = Role | 'guest';
export type AccountRole = 'technician' | 'administrator';
export type VideoCodec = 'VP8' | 'H264' | 'VP9' | 'AV1';

/** Grows only; unique in the deployment; read out on the phone, hence a plain number. */
export type SessionId = number;
/** One browser connection to the media plane; a participant has a new one after each reconnection. */
export type PeerId = string;

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
      role: PageRole;
      language: Language;
      /** Codecs this browser can send (customer) or show (technician), best first. */
      videoCodecs: VideoCodec[];
      peers: PeerId[];
      /** Customer and guest: continues a session that was joined with it. */
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
  /** All that was said; later messages come as `chat` events. */
  openChat: {
    params: { sessionId: SessionId };
    result: { messages: ChatMessage[]; seen: Record<Role, ChatSeen> };
  };
  /** Answered when it is on disk; the same `clientId` again is answered with the message that is there. */
  sendChat: {
    params: { sessionId: SessionId; clientId: string; text: string };
    result: { message: ChatMessage };
  };
  /** What this page has of the other side's messages. */
  chatSeen: { params: { sessionId: SessionId; seen: ChatSeen }; result: Empty };
  /** Somebody is writing; the other side shows it for a few seconds. */
  typing: { params: { sessionId: SessionId }; result: Empty };

  // technician
  createSession: {
    /** With an appointment the session has a link and never a PIN, which would be live for too long. */
    params: { fields: CustomerFields; method: InvitationMethod; appointment?: Appointment };
    result: { session: SessionView };
  };
  /** Adds the other method to the live invitation of a session that nobody has come to yet. */
  invite: { params: { sessionId: SessionId; method: InvitationMethod }; result: { session: SessionView } };
  editSession: { params: { sessionId: SessionId; fields: CustomerFields }; result: { session: SessionView } };
  startSession: { params: { sessionId: SessionId }; result: { session: SessionView } };
  /** Camera and microphone of the customer stop until `resumeSession`. */
  holdSession: { params: { sessionId: SessionId }; result: { session: SessionView } };
  resumeSession: { params: { sessionId: SessionId }; result: { session: SessionView } };
  /** Ends it, or says afterwards how it went. */
  endSession: {
    params: { sessionId: SessionId; outcome?: SessionOutcome; notes?: string };
    result: { session: SessionView };
  };
  /** Takes no sessions from others for the time being, or does again. */
  setAway: { params: { away: boolean }; result: { status: TechnicianStatus } };
  /** Colleagues and groups as they are now. */
  listReceivers: { params: Empty; result: Receivers };
  /** Offers the session; whoever it is offered to takes it by `startSession`, and so does its technician, to keep it. */
  transferSession: {
    params: { sessionId: SessionId; to: { technicianId: number } | { groupId: string }; comment: string };
    result: { session: SessionView };
  };
  /** Of one that is offered to this technician alone. */
  refuseTransfer: { params: { sessionId: SessionId }; result: Empty };
  /** Puts a question before the customer. Nothing that needs the consent begins without the answer. */
  askConsent: { params: { sessionId: SessionId; kind: ConsentKind }; result: { session: SessionView } };
  /** Kept until the session is over, then a line of its log. */
  quality: { params: { sessionId: SessionId; quality: QualityReport }; result: Empty };
  /** Takes an ended session out of the list; its page and log stay. */
  dismissSession: { params: { sessionId: SessionId }; result: Empty };
  /** The whole log of a session; later lines come as `log` events. */
  openLog: { params: { sessionId: SessionId }; result: { events: SessionEvent[] } };

  // customer
  claimPin: { params: { pin: string }; result: ClaimResult };
  claimLink: { params: { token: string }; result: ClaimResult };
  /** Opens a channel's page. The session begins with `acceptTerms`, in the queue of the channel's group. */
  claimChannel: { params: { channel: string }; result: ChannelClaimResult };
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
  /** The customer's answer, or their change of mind: a consent can be taken back, and it ends at once what it allowed. */
  answerConsent: {
    params: { sessionId: SessionId; kind: ConsentKind; granted: boolean; language: Language; hash: string };
    result: Empty;
  };
  /** What the phone sends of its camera from now on, for the technician to read. */
  picture: { params: { sessionId: SessionId; picture: PictureState }; result: Empty };
  /** What the phone found out about itself and its network while waiting; again whenever that has changed. */
  preflight: { params: { sessionId: SessionId; preflight: Preflight }; result: Empty };
  /** Bytes to measure the way up with, while waiting; the answer is all that comes of them. */
  probe: { params: { sessionId: SessionId; padding: string }; result: Empty };
  leave: { params: Empty; result: Empty };
} & BoardRequests &
  CameraRequests &
  PhotoRequests &
  GuestRequests &
  RecordingRequests;

export type Empty = Record<never, never>;

export type HelloResult = {
  /** The relay's clock, epoch milliseconds, for running times in the list. */
  now: number;
  /** Technician: who is signed in, and the list. */
  account?: Account;
  sessions?: SessionView[];
  settings?: ConsoleSettings;
  pinAlarm?: PinAlarm;
  /** Customer who resumed: what to show, and the next resume token unless the session is over. */
  customer?: CustomerView;
  /** Customer: what is asked when a consent is wanted, in both languages. */
  questions?: Record<ConsentKind, Record<Language, Question>>;
  sessionId?: SessionId;
  resume?: string;
  /** Guest who resumed: what to show. */
  guest?: GuestStanding;
};

/** Nothing of the session is told before admission, only what to agree to. */
export type ClaimResult = {
  brand: string;
  terms: Record<Language, Terms>;
  /** It was too early for this link: nothing is claimed yet, the page asks again when it is time. */
  early?: Appointment;
};

/** The question of a consent as it is shown, with the hash that comes back with the answer. */
export type Question = { text: string; hash: string };

/** What a channel's page says, in both languages. */
export type ChannelClaimResult = ClaimResult & {
  channel: {
    title: Record<Language, string>;
    text: Record<Language, string>;
    hours: Record<Language, string>;
    /** Somebody of the group has the console open. */
    staffed: boolean;
    /** Nobody is there and nobody may wait: what to say instead of a button. */
    closed?: Record<Language, string>;
  };
};

export type ConsoleSettings = {
  /** Absolute address that a customer types, shown beside the PIN. */
  customerUrl: string;
  maxActiveSessions: number;
  smsGateway: boolean;
  mailGateway: boolean;
  /** Ways of inviting that the technician's group may use. */
  ways: InvitationWay[];
  /** When the row of somebody who waits turns amber, and red. */
  waitingSteps: { amberMs: number; redMs: number };
  /** Without a touch of the console, until its technician is away; 0 for never. */
  awayMs: number;
  /** Ready-made answers of the chat. */
  replies: string[];
  /** Fields that an administrator named, in their order: `name`, and custom ones by their key. */
  fields: { key: string; label: Record<Language, string> }[];
  /** Whether the technician's group records. */
  recording: RecordingMode;
};

export type RequestType = keyof Requests;
export type Params<T extends RequestType> = Requests[T]['params'];
export type Result<T extends RequestType> = Requests[T]['result'];
export type ClientMessage = { [T in RequestType]: { type: T; id: number } & Params<T> }[RequestType];

// ---------------------------------------------------------------- replies and events

export type Reply =
  | { type: 'ok'; id: number; result: Result<RequestType> | PhotoPartResult }
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
  | { type: 'chat'; sessionId: SessionId; message: ChatMessage }
  | { type: 'chatSeen'; sessionId: SessionId; party: Role; seen: ChatSeen }
  /** The other side is writing. */
  | { type: 'typing'; sessionId: SessionId }
  /** Technician: an administrator has changed something that the console goes by. */
  | { type: 'settings'; settings: ConsoleSettings }
  /** Technician: the alarm about guessed PINs began, changed or ended. */
  | { type: 'pinAlarm'; alarm: PinAlarm }
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
  | BoardEvent
  | CameraEvent
  | PhotoEvent
  | GuestEvent
  /** Last words before the relay closes the socket. */
  | { type: 'closing'; code: ErrorCode; message: string };

export type ServerMessage = Reply | ServerEvent;

// ---------------------------------------------------------------- stills

/**
 * One kind of binary frame (`FREEZE_FRAME` and `PHOTO_FRAME` are the others), big-endian. Customer → relay: `[u8 1][u32 id][JPEG]`, answered like a request with that
 * id, one in flight at a time. Relay → technician: `[u8 1][u32 0][f64 sessionId][JPEG]`.
 */
export const STILL_FRAME = 1;
/** Of the customer's frame: kind and id. */
export const STILL_HEADER_BYTES = 5;
/** Of the technician's frame: kind, id and session. */
export const STILL_SHOWN_HEADER_BYTES = 13;
export const STILL_MAX_BYTES = 128 * 1024;
/** Padding of a probe. */
export const PROBE_MAX_LENGTH = 48 * 1024;
/** Stills of one session come no faster than this. */
export const STILL_INTERVAL_MIN_MS = 500;
