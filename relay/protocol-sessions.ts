/** What both pages see of a session: its states, fields, devices, log and what belongs to it. Types and constants only; part of `protocol.ts`. */
import type {
  CameraState,
  GuestShown,
  GuestView,
  Language,
  RecordingView,
  Role,
  SessionId,
} from './protocol.ts';

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
  cause:
    | 'none'
    | 'bandwidth'
    | 'processor'
    | 'blocked'
    | 'saveData'
    /** There is no camera to be had, and the customer sends photos. */
    | 'cameraDenied'
    | 'cameraMissing'
    | 'cameraInUse'
    | 'cameraFailed';
};

/**
 * What the phone checks while its customer waits, what can come out of each check, and how good that is. `unknown`: not
 * to be told yet, such as the way of the media before there is somebody to have a connection with.
 */
export const PREFLIGHT = {
  camera: { works: 'green', paused: 'amber', noPicture: 'red', missing: 'red' },
  microphone: { works: 'green', muted: 'amber', silent: 'amber', missing: 'amber' },
  relay: { works: 'green', slow: 'amber', verySlow: 'red' },
  media: { udp: 'green', turn: 'amber', blocked: 'red', unknown: 'unknown' },
  uplink: { good: 'green', narrow: 'amber', poor: 'red', unknown: 'unknown' },
} as const satisfies Record<string, Record<string, PreflightLight>>;
export type PreflightLight = 'green' | 'amber' | 'red' | 'unknown';
export type PreflightCheck = keyof typeof PREFLIGHT;
export type PreflightFindings = { [C in PreflightCheck]: keyof (typeof PREFLIGHT)[C] };
export type Preflight = PreflightFindings & {
  /** Of a ping over the WebSocket, the best of a few. */
  roundTripMs?: number;
  /** Estimated from a few short uploads; what is far more than enough is not measured exactly. */
  uplinkKbps?: number;
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
/** How a technician tells a customer of it; SMS and mail carry the link. */
export const INVITATION_WAYS = ['pin', 'sms', 'email', 'link'] as const;
export type InvitationWay = (typeof INVITATION_WAYS)[number];

/** Somebody tries PINs that nobody was given; `closed`: so many that no PIN is accepted for the time being. */
export type PinAlarm = 'none' | 'guessing' | 'closed';

export type InvitationView = {
  /** Six digits, eight during a `PinAlarm` or when very many are live; present once the technician asked for a PIN. */
  pin?: string;
  /** Absolute URL; present once the technician asked for a link. */
  link?: string;
  /** Epoch milliseconds. */
  expiresAt: number;
  /** A scheduled session's: the link opens nothing before. */
  validFrom?: number;
};

/** Somebody said something. Text of several lines; what looks like an address in it is shown as a link by the pages. */
export type ChatMessage = {
  /** Grows within the relay. */
  id: number;
  /** Epoch milliseconds. */
  at: number;
  from: Role;
  /** Of the technician, as the customer knows them; empty for the customer. */
  name: string;
  text: string;
  /** Made by the page that sent it, so that a message that is sent again after a lost answer is not said twice. */
  clientId: string;
};

/** Newest message of the other side that a party's page has, and has had on the screen; 0 for none. */
export type ChatSeen = { delivered: number; read: number };

/** How a session ended in the technician's eyes. */
export type SessionOutcome = 'resolved' | 'unresolved';

/** Whether a technician takes sessions; `busy`: has as many active ones as allowed. */
export type TechnicianStatus = 'online' | 'away' | 'busy' | 'offline';

/** Who a session can be handed over to. */
export type Receivers = {
  technicians: { id: number; name: string; status: TechnicianStatus }[];
  /** `online`: how many of the group could take it now. */
  groups: { id: string; name: string; online: number }[];
};

/** A session that is offered to somebody else. */
export type TransferView = { from: string; to: string; comment: string };

/** A scheduled session: its link works from `from` to `until`, epoch milliseconds. */
export type Appointment = { from: number; until: number };

/** A row of the technician's session list. Times are epoch milliseconds of the relay's clock. */
export type SessionView = {
  id: SessionId;
  status: SessionStatus;
  statusSince: number;
  createdAt: number;
  fields: CustomerFields;
  /** Name of the channel the customer came by; empty for a private session. */
  channel: string;
  /** Waits in the queue of a group: whoever of it presses Start has the session. */
  queued: boolean;
  /** Place in that queue; 1 is next. */
  queuePosition?: number;
  /** With `outgoing` and `incoming`. */
  transfer?: TransferView;
  /** What the technician said of it at its end. */
  outcome?: SessionOutcome;
  notes: string;
  /** Absent once it was used, expired or cancelled. */
  invitation?: InvitationView;
  /** With `reconnecting` and `offline`: where the session goes on when everybody is back. */
  before?: 'waiting' | 'active' | 'onHold';
  /** While picture or sound of a party are away through no wish of a person. */
  interruption?: Interruption;
  /** Absent until somebody wants it. */
  recording?: RecordingView;
  /** Absent until a customer has accepted the terms. */
  customer?: {
    devices: DeviceState;
    picture: PictureState;
    browser: string;
    connected: boolean;
    mediaReady: boolean;
    consents: Consents;
    /** What the phone last found; absent until it has looked at everything. */
    preflight?: Preflight;
    /** What its camera can do; absent until the phone has said it. */
    camera?: CameraState;
  };
  /** Everybody who was invited to it, in that order; absent in most sessions. */
  guests?: GuestView[];
};

/** Of a figure over a session. */
export type Spread = { median: number; worst: number };

/**
 * How good picture and voice arrived at the technician's page since it was loaded, over all legs. Figures are those of
 * windows of five seconds; absent where nothing was to be measured. The worst bit rate is the lowest.
 */
export type QualityReport = {
  /** Measured altogether; then of these with a frozen picture, and with stills instead of video. */
  seconds: number;
  freezeSeconds: number;
  stillsSeconds: number;
  pictureKbps?: Spread;
  pictureLossPercent?: Spread;
  voiceLossPercent?: Spread;
  roundTripMs?: Spread;
};
/** In the long run reports of one session come no faster than this. */
export const QUALITY_INTERVAL_MIN_MS = 10_000;

/** Facts that a session event carries; flat, so that a report can print them. */
export type EventData = Record<string, string | number | boolean>;

export type SessionEventType =
  | 'sessionCreated'
  | 'fieldsEdited'
  | 'pinCreated'
  | 'linkCreated'
  | 'smsSent'
  | 'smsFailed'
  | 'smsDelivered'
  | 'smsUndelivered'
  | 'mailSent'
  | 'mailFailed'
  | 'customerArrived'
  | 'termsAccepted'
  | 'termsDeclined'
  | 'transferOffered'
  | 'transferTaken'
  | 'transferEnded'
  | 'preflightFailed'
  | 'pictureChanged'
  | 'outcomeSet'
  | 'rated'
  | 'consentAsked'
  | 'consentGranted'
  | 'consentRefused'
  | 'consentWithdrawn'
  | 'stateChanged'
  | 'devicesChanged'
  | 'mediaConnected'
  | 'mediaFailed'
  | 'boardUsed'
  | 'boardErased'
  | 'photoTaken'
  | 'photoFailed'
  | 'guestInvited'
  | 'guestJoined'
  | 'guestLeft'
  | 'guestMuted'
  | 'guestRemoved'
  | 'guestRevoked'
  | 'photoDeleted'
  | 'recordingStarted'
  | 'recordingPaused'
  | 'recordingResumed'
  | 'recordingStopped'
  | 'recordingViewed'
  | 'recordingDownloaded'
  | 'recordingDeleted'
  | 'pinAlarm'
  | 'qualitySummary'
  | 'dismissed';

/** One line of the session log. The log only grows; ids grow with it. */
export type SessionEvent = {
  id: number;
  sessionId: SessionId;
  at: number;
  actor: 'technician' | 'customer' | 'guest' | 'system';
  /** Display name of the technician or guest who acted; empty otherwise. */
  actorName: string;
  type: SessionEventType;
  data: EventData;
};

export type Terms = { version: number; language: Language; text: string; hash: string };

/** What a customer is asked for apart from the terms, and may take back at any time. */
export const CONSENT_KINDS = ['recording', 'photos', 'location'] as const;
export type ConsentKind = (typeof CONSENT_KINDS)[number];
/** `asked`: the customer has not answered yet. */
export type ConsentState = 'asked' | 'granted' | 'refused' | 'withdrawn';
export type Consents = Partial<Record<ConsentKind, ConsentState>>;

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
  /** What was asked for and how it stands; empty in most sessions. */
  consents: Consents;
  /** Absent until there is one. */
  recording?: RecordingView;
  /** While the customer of a channel waits for whoever is free first; 1 is next. */
  queuePosition?: number;
  /** Who else is there; absent when nobody is. */
  guests?: GuestShown[];
  /** Why the session ended; only with phase `ended`. */
  endedAs?: SessionState;
};
