/**
 * What the front asks of storage: interfaces only. Adapters: `store-sqlite.ts` (records and PIN directory),
 * `memory.ts` (bus, limiter), `blob-files.ts`. One contract-test suite per interface runs against every adapter.
 */
import type { AccountRole, CustomerFields, Language, SessionEvent, SessionId } from './protocol.ts';
import type { SessionMachine } from './session-state.ts';

// ---------------------------------------------------------------- records

/** Four digits from the start, so that a session's number looks like one when it is read out. */
export const FIRST_SESSION_ID = 1001;

/** The form in which e-mail addresses are compared. */
export function emailKey(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

export type SessionRecord = {
  id: SessionId;
  technicianId: number;
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
};

export type NewEvent = Omit<SessionEvent, 'id' | 'sessionId'>;

/** Proof of what was shown and answered. Append-only. */
export type ConsentRecord = {
  sessionId: SessionId;
  at: number;
  accepted: boolean;
  termsVersion: number;
  language: Language;
  /** SHA-256 of the shown text, hex. */
  termsHash: string;
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

/** Everything that changes records, inside one transaction. */
export type StoreTransaction = {
  insertSession(session: Omit<SessionRecord, 'id'>): Promise<SessionRecord>;
  updateSession(session: SessionRecord): Promise<void>;
  appendEvents(sessionId: SessionId, events: readonly NewEvent[]): Promise<SessionEvent[]>;
  insertConsent(consent: ConsentRecord): Promise<void>;
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
};

export type Store = {
  /**
   * Runs `work` in one transaction: all of it or nothing. When the promise resolves the change is on disk
   * (fsync), so an answer that is sent afterwards survives kill -9 and power loss. When `work` throws, nothing of it
   * happened and the promise rejects with what was thrown.
   *
   * Transactions run one after the other; the read functions below see what is committed, so inside `work` they see
   * everything but its own changes. `work` must await nothing but `tx`, this store and the directory, and must not
   * start another transaction, which would wait for this one for ever.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>;
  /** Not ended, or ended and still in somebody's list. */
  openSessions(): Promise<SessionRecord[]>;
  session(id: SessionId): Promise<SessionRecord | undefined>;
  events(sessionId: SessionId): Promise<SessionEvent[]>;
  consents(sessionId: SessionId): Promise<ConsentRecord[]>;
  accounts(): Promise<AccountRecord[]>;
  account(id: number): Promise<AccountRecord | undefined>;
  accountByEmail(email: string): Promise<AccountRecord | undefined>;
  signIn(tokenHash: string): Promise<SignInRecord | undefined>;
  value(key: string): Promise<string | undefined>;
  close(): Promise<void>;
};

// ---------------------------------------------------------------- directory

export type InvitationState = 'live' | 'used' | 'expired' | 'cancelled';

export type Invitation = {
  sessionId: SessionId;
  /** Six digits, or null when no PIN was asked for. Kept sealed at rest, so that a copied file lists no PINs. */
  pin: string | null;
  /** 256 bit, base64url; null when no link was asked for. */
  token: string | null;
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
   * Undefined, and nothing was changed: no PIN is free.
   */
  open(
    tx: StoreTransaction,
    wanted: { sessionId: SessionId; pin: boolean; link: boolean; expiresAt: number; now: number },
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
  delete(name: string): Promise<void>;
};
