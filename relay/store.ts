/**
 * What the front asks of storage: interfaces only. Adapters: `store-sqlite.ts` (records and PIN directory),
 * `memory.ts` (bus, limiter), `blob-files.ts`. One contract-test suite per interface runs against every adapter.
 */
import type { StoredBoard } from './board.ts';
import type {
  AccountRole,
  ChatMessage,
  ConsentEntry,
  CustomerFields,
  GuestId,
  GuestRole,
  GuestState,
  Language,
  PhotoId,
  PhotoSource,
  PhotoType,
  PlacedMark,
  RecordingEnd,
  SessionEvent,
  SessionId,
  SessionOutcome,
  Surface,
  TransferView,
} from './protocol.ts';
import type { SessionMachine } from './session-state.ts';

// ---------------------------------------------------------------- records

/** Four digits from the start, so that a session's number looks like one when it is read out. */
export const FIRST_SESSION_ID = 1001;

/** The form in which e-mail addresses are compared. */
export function emailKey(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

/** One of the two says to whom. Names as they were then. */
export type Transfer = TransferView & { technicianId: number | null; groupId: string };

export type SessionRecord = {
  id: SessionId;
  /** Null while it waits in a group's queue. */
  technicianId: number | null;
  /** Whose queue it came by; empty for a private session. */
  groupId: string;
  machine: SessionMachine;
  fields: CustomerFields;
  channel: string;
  /** Epoch milliseconds, as all times here. */
  createdAt: number;
  /** First time active; null before. */
  startedAt: number | null;
  /** Null while the session lives. */
  endedAt: number | null;
  /** Taken out of the technician's list. */
  dismissed: boolean;
  /** Known once the terms were accepted. */
  customer: { browser: string; language: Language } | null;
  /** SHA-256 of the customer's resume token and of the one before it, hex; null before acceptance. */
  resumeHash: string | null;
  previousResumeHash: string | null;
  /** While it is offered to somebody else. */
  transfer: Transfer | null;
  outcome: SessionOutcome | null;
  /** The technician's. */
  notes: string;
  /** The customer's answer after the end. */
  rating: { stars: number; comment: string } | null;
};

export type NewEvent = Omit<SessionEvent, 'id' | 'sessionId'>;

/** Proof of what was shown and answered. Append-only. */
export type ConsentRecord = ConsentEntry & { sessionId: SessionId };

/** A text that customers were shown from then on. Append-only. */
export type TermsRecord = {
  version: number;
  language: Language;
  text: string;
  hash: string;
  publishedAt: number;
  /** Null for the texts that came with the relay. */
  publishedBy: number | null;
};

export type AccountRecord = {
  id: number;
  name: string;
  nickname: string;
  email: string;
  role: AccountRole;
  enabled: boolean;
  /** argon2id, PHC string. */
  passwordHash: string;
  createdAt: number;
};

/** A signed-in browser. Only the hash of its cookie is kept. */
export type SignInRecord = {
  tokenHash: string;
  accountId: number;
  createdAt: number;
  /** End of the absolute life. */
  expiresAt: number;
  /** Last use, for the idle limit; written at most once a minute. */
  seenAt: number;
};

export type BoardReads = {
  board(sessionId: SessionId): Promise<StoredBoard>;
  /** JPEG of the frozen picture; undefined while the live one is in front. */
  boardStill(sessionId: SessionId): Promise<Uint8Array | undefined>;
};

export type BoardWrites = {
  /** New, or shown again. */
  saveMark(sessionId: SessionId, mark: PlacedMark): Promise<void>;
  hideMark(sessionId: SessionId, markId: string): Promise<void>;
  deleteMarks(sessionId: SessionId, which: { surface: Surface } | { ids: readonly string[] }): Promise<void>;
  /** Which picture is in front. @param still its JPEG; undefined for the live picture */
  saveSurface(sessionId: SessionId, surface: Surface, still: Uint8Array | undefined): Promise<void>;
};

export type PhotoRecord = {
  id: PhotoId;
  sessionId: SessionId;
  source: PhotoSource;
  at: number;
  /** All of it is on disk, and is what was offered. */
  kept: boolean;
  /** Undefined until it was offered. Size in pixels 0 until it is kept. */
  file: { type: PhotoType; bytes: number; sha256: string; width: number; height: number } | undefined;
  /** Apart from the picture, which nobody changes. */
  marks: readonly PlacedMark[];
};

export type PhotoReads = {
  /** Of a session, the oldest first. */
  photos(sessionId: SessionId): Promise<PhotoRecord[]>;
  photo(id: PhotoId): Promise<PhotoRecord | undefined>;
};

export type PhotoWrites = {
  insertPhoto(photo: Pick<PhotoRecord, 'sessionId' | 'source' | 'at' | 'file'>): Promise<PhotoRecord>;
  updatePhoto(photo: PhotoRecord): Promise<void>;
  deletePhoto(id: PhotoId): Promise<void>;
};

/** Somebody whom a technician has invited to watch or to advise. */
export type GuestRecord = {
  id: GuestId;
  sessionId: SessionId;
  name: string;
  role: GuestRole;
  state: GuestState;
  muted: boolean;
  /** Keyed hash of the link's token, and the token itself sealed, for as long as the technician may have to show it again. */
  tokenMac: string;
  tokenSealed: string | null;
  expiresAt: number;
  /** SHA-256 of the token that the browser which came by the link goes on with, hex; null before. */
  resumeHash: string | null;
};

export type GuestReads = {
  /** Of a session, in the order of their invitations. */
  guests(sessionId: SessionId): Promise<GuestRecord[]>;
  /** Also one whose link is used up, so that a person with a link can be told what happened to it. */
  guestByToken(tokenMac: string): Promise<GuestRecord | undefined>;
  guestByResume(resumeHash: string): Promise<GuestRecord | undefined>;
};

export type GuestWrites = {
  insertGuest(guest: Omit<GuestRecord, 'id'>): Promise<GuestRecord>;
  updateGuest(guest: GuestRecord): Promise<void>;
};

/** One part of a recording: one journal. A session has several when it is recorded again, or after the relay was stopped. */
export type RecordingRecord = {
  id: number;
  sessionId: SessionId;
  /** Of the session, from 1. */
  part: number;
  /** `closed`: its journal has its end. `interrupted`: whoever wrote it was killed. `failed`: it could not be written on. */
  state: 'recording' | 'closed' | 'interrupted' | 'failed';
  paused: boolean;
  startedAt: number;
  /** Null while it goes on. */
  endedAt: number | null;
  /** Of the journal; 0 while it goes on, and when there is none. */
  bytes: number;
  /** Packets that the disk did not take in time. */
  dropped: number;
  reason: RecordingEnd | null;
  /** The row of the ledger by which it was allowed. */
  consentId: number;
  purpose: string;
  voice: boolean;
  video: boolean;
};

export type RecordingReads = {
  /** Of a session, in their order. */
  recordings(sessionId: SessionId): Promise<RecordingRecord[]>;
  /** Those that go on, or did when the relay was killed. */
  openRecordings(): Promise<RecordingRecord[]>;
};

export type RecordingWrites = {
  /** Undefined, and nothing is written, when the last word of the ledger is not that the customer has agreed. */
  insertRecording(
    recording: Pick<
      RecordingRecord,
      'sessionId' | 'part' | 'paused' | 'startedAt' | 'purpose' | 'voice' | 'video'
    >,
  ): Promise<RecordingRecord | undefined>;
  /** State, pause, end, sizes and reason. */
  updateRecording(recording: RecordingRecord): Promise<void>;
};

/** Everything that changes records, inside one transaction. */
export type StoreTransaction = BoardWrites &
  PhotoWrites &
  GuestWrites &
  RecordingWrites & {
    insertSession(session: Omit<SessionRecord, 'id'>): Promise<SessionRecord>;
    updateSession(session: SessionRecord): Promise<void>;
    appendEvents(sessionId: SessionId, events: readonly NewEvent[]): Promise<SessionEvent[]>;
    insertConsent(consent: ConsentRecord): Promise<void>;
    /** @returns the message with its id; the one that is there when the session has one with this `clientId` */
    insertChat(sessionId: SessionId, message: Omit<ChatMessage, 'id'>): Promise<ChatMessage>;
    insertTerms(terms: TermsRecord): Promise<void>;
    /** Undefined when the address is taken (compared without case). */
    insertAccount(account: Omit<AccountRecord, 'id'>): Promise<AccountRecord | undefined>;
    /** False when the new address is taken. */
    updateAccount(account: AccountRecord): Promise<boolean>;
    insertSignIn(signIn: SignInRecord): Promise<void>;
    touchSignIn(tokenHash: string, seenAt: number): Promise<void>;
    deleteSignIn(tokenHash: string): Promise<void>;
    deleteSignInsOf(accountId: number, exceptTokenHash?: string): Promise<void>;
    /** Those whose absolute life is over by `now`. */
    deleteExpiredSignIns(now: number): Promise<void>;
    /** Values that must survive a restart and are no records: set-up token hash and the like. */
    setValue(key: string, value: string | null): Promise<void>;
    /** A whole settings document as JSON, with who changed it and when. */
    setSetting(name: string, document: string, changedAt: number, changedBy: number): Promise<void>;
  };

export type Store = BoardReads &
  PhotoReads &
  GuestReads &
  RecordingReads & {
    /**
     * Runs `work` in one transaction: all of it or nothing. When the promise resolves the change is on disk
     * (fsync), so an answer that is sent afterwards survives kill -9 and power loss. When `work` throws, nothing of it
     * happened and the promise rejects with what was thrown.
     *
     * Transactions run one after the other; the read functions below see what is committed, so inside `work` they see
     * everything but its own changes. `work` must await nothing but `tx`, this store and the directory, and must not
     * start another transaction, which would wait for this one for ever.
     *
     * With `shares`, it may share its commit with others that wait: then a commit, which is a wait for the disk, costs each of them
     * little. Only for work that reads by `tx` and the directory alone: the read functions do not show it what the
     * transactions before it in the same commit have changed.
     */
    transaction<T>(work: (tx: StoreTransaction) => Promise<T>, options?: { shares?: boolean }): Promise<T>;
    /** Not ended, or ended and still in somebody's list. */
    openSessions(): Promise<SessionRecord[]>;
    session(id: SessionId): Promise<SessionRecord | undefined>;
    /** Those that are over, the newest first. @param technicianId undefined for everybody's @param before an id; undefined for the newest */
    pastSessions(which: {
      technicianId: number | undefined;
      before: SessionId | undefined;
      limit: number;
    }): Promise<SessionRecord[]>;
    events(sessionId: SessionId): Promise<SessionEvent[]>;
    consents(sessionId: SessionId): Promise<ConsentRecord[]>;
    /** What was said, the oldest first. */
    chat(sessionId: SessionId): Promise<ChatMessage[]>;
    /** The session whose customer had this token last; also one that is over. */
    sessionByResume(resumeHash: string): Promise<SessionRecord | undefined>;
    /** Every text of every version, the oldest first. */
    terms(): Promise<TermsRecord[]>;
    accounts(): Promise<AccountRecord[]>;
    account(id: number): Promise<AccountRecord | undefined>;
    accountByEmail(email: string): Promise<AccountRecord | undefined>;
    signIn(tokenHash: string): Promise<SignInRecord | undefined>;
    value(key: string): Promise<string | undefined>;
    setting(name: string): Promise<string | undefined>;
    close(): Promise<void>;
  };

// ---------------------------------------------------------------- directory

export type InvitationState = 'live' | 'used' | 'expired' | 'cancelled';

export type Invitation = {
  sessionId: SessionId;
  /** Digits, or null when no PIN was asked for. Kept sealed at rest, so that a copied file lists no PINs. */
  pin: string | null;
  /** 256 bit, base64url; null when no link was asked for. */
  token: string | null;
  /** Before it the link opens nothing; 0 for one that works at once. */
  validFrom: number;
  expiresAt: number;
  state: InvitationState;
};

/**
 * PINs and link tokens of invitations. At most one live invitation per session; a PIN is live at most once and is
 * not given out again within `PIN_QUARANTINE_MS` after its end. Changes take the transaction of the session event
 * that they belong to, so either both are on disk or neither.
 */
export type Directory = {
  /**
   * Adds a PIN and/or a link token to the session's live invitation, or opens one; a live invitation whose time is
   * over counts as expired. What the invitation has already stays the same, and adding to it never shortens it.
   * A PIN has six digits, and eight when `longPin` asks for it or too many are live for six (reliability.md 3.2, P6).
   * Undefined, and nothing was changed: no PIN is free.
   */
  open(
    tx: StoreTransaction,
    wanted: {
      sessionId: SessionId;
      pin: boolean;
      longPin?: boolean;
      link: boolean;
      validFrom?: number;
      expiresAt: number;
      now: number;
    },
  ): Promise<Invitation | undefined>;
  /** Ends the live invitation of the session, if there is one. */
  finish(
    tx: StoreTransaction,
    sessionId: SessionId,
    state: Exclude<InvitationState, 'live'>,
    now: number,
  ): Promise<void>;
  /** Undefined for anything that is not a live PIN at `now`: a guesser learns nothing. */
  findPin(pin: string, now: number): Promise<Invitation | undefined>;
  /** Whatever state it is in, so that a person with a link can be told what happened to it. */
  findToken(token: string): Promise<Invitation | undefined>;
  /** Live invitations by session. */
  live(sessionId: SessionId): Promise<Invitation | undefined>;
};

/** A PIN read out yesterday must not open a stranger's session today (reliability.md 3.2, P1). */
export const PIN_QUARANTINE_MS = 24 * 60 * 60 * 1000;

// ---------------------------------------------------------------- bus, limiter, blob

/** At-most-once events between parts of the deployment; never on the way of a packet. */
export type Bus = {
  publish(topic: string, message: unknown): void;
  /** Returns the function that ends the subscription. */
  subscribe(topic: string, listener: (message: unknown) => void): () => void;
};

/** At most `points` in any stretch of `windowMs`; a count is forgotten at the latest after a quarter more than that. */
export type Limit = { name: string; points: number; windowMs: number };

export type Limiter = {
  /** Counts `points` for `key`; false, and nothing is counted, when that would exceed the limit. */
  consume(limit: Limit, key: string, points?: number): Promise<boolean>;
  /** False when nothing more may be counted for the key; counts nothing. */
  check(limit: Limit, key: string): Promise<boolean>;
  /** Takes back points that `consume` counted a moment ago, for an attempt that turned out well. */
  refund(limit: Limit, key: string, points?: number): Promise<void>;
  /** Everything counted for the key is as if it had not been. */
  forget(limit: Limit, key: string): Promise<void>;
};

/** Named byte strings: photos, recordings. Names are `[a-z0-9/._-]+` without `..`. */
export type Blob = {
  put(name: string, bytes: Uint8Array): Promise<void>;
  get(name: string): Promise<Uint8Array | undefined>;
  /** Also of one that is growing. */
  delete(name: string): Promise<void>;
  /**
   * One that comes part by part. It is on disk when this resolves, and survives a restart; until `finish` it is not there for
   * `get`. Calls for one name must not overlap.
   * @param offset at most what is there; more than that of an earlier try is cut off
   * @returns how many bytes there are now
   */
  append(name: string, offset: number, bytes: Uint8Array): Promise<number>;
  /** Bytes of a finished or growing one; 0 when there is neither. */
  size(name: string): Promise<number>;
  /** The first bytes of a finished or growing one. */
  head(name: string, maxBytes: number): Promise<Uint8Array>;
  /**
   * It has all its bytes. False, and it is deleted, when it is not what its SHA-256 (hex) says. May be called again.
   */
  finish(name: string, sha256: string): Promise<boolean>;
};
