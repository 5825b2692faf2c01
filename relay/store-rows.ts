/** The records of `store.ts` as rows of tables, there and back. Knows Kysely's types and no engine. */
import type { Generated, Insertable, Selectable } from 'kysely';
import type {
  AccountRole,
  ChatMessage,
  Language,
  SessionEvent,
  SessionEventType,
  SessionOutcome,
  SessionState,
} from './protocol.ts';
import type { SettledState } from './session-state.ts';
import {
  type AccountRecord,
  type ConsentRecord,
  emailKey,
  type InvitationState,
  type NewEvent,
  type SessionRecord,
  type SignInRecord,
} from './store.ts';
import type { BoardTables } from './store-board.ts';
import type { GuestTables } from './store-guests.ts';
import type { PhotoTables } from './store-photos.ts';
import type { RecordingTables } from './store-recordings.ts';

export type SessionTable = {
  id: Generated<number>;
  technician_id: number | null;
  group_id: string;
  state: SessionState;
  state_since: number;
  state_before: SettledState | null;
  customer_missing: number;
  technician_missing: number;
  fields: string;
  channel: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  dismissed: number;
  customer: string | null;
  resume_hash: string | null;
  previous_resume_hash: string | null;
  transfer: string | null;
  outcome: SessionOutcome | null;
  notes: string;
  rating: string | null;
};

export type SessionEventTable = {
  id: Generated<number>;
  session_id: number;
  at: number;
  actor: SessionEvent['actor'];
  actor_name: string;
  type: SessionEventType;
  data: string;
};

export type ConsentTable = {
  id: Generated<number>;
  session_id: number;
  at: number;
  kind: ConsentRecord['kind'];
  accepted: number;
  withdrawn: number;
  token_hash: string;
  terms_version: number;
  language: Language;
  terms_hash: string;
};

export type AccountTable = {
  id: Generated<number>;
  name: string;
  nickname: string;
  email: string;
  email_key: string;
  role: AccountRole;
  enabled: number;
  password_hash: string;
  created_at: number;
};

export type SignInTable = {
  token_hash: string;
  account_id: number;
  created_at: number;
  expires_at: number;
  seen_at: number;
};

export type InvitationTable = {
  id: Generated<number>;
  session_id: number;
  pin_mac: string | null;
  pin_sealed: string | null;
  token_hash: string | null;
  token_sealed: string | null;
  valid_from: Generated<number>;
  expires_at: number;
  state: InvitationState;
  opened_at: number;
  ended_at: number | null;
};

export type TermsTable = {
  version: number;
  language: Language;
  text: string;
  hash: string;
  published_at: number;
  published_by: number | null;
};

export type ChatTable = {
  id: Generated<number>;
  session_id: number;
  at: number;
  party: ChatMessage['from'];
  name: string;
  text: string;
  client_id: string;
};

export type Tables = BoardTables &
  PhotoTables &
  GuestTables &
  RecordingTables & {
    session: SessionTable;
    session_event: SessionEventTable;
    consent: ConsentTable;
    terms: TermsTable;
    chat: ChatTable;
    account: AccountTable;
    sign_in: SignInTable;
    invitation: InvitationTable;
    value: { key: string; value: string };
    setting: { name: string; document: string; changed_at: number; changed_by: number };
  };

export type InvitationRow = Selectable<InvitationTable>;

export function toSession(row: Selectable<SessionTable>): SessionRecord {
  return {
    id: row.id,
    technicianId: row.technician_id,
    groupId: row.group_id,
    machine: {
      state: row.state,
      since: row.state_since,
      before: row.state_before,
      missing: { customer: row.customer_missing === 1, technician: row.technician_missing === 1 },
    },
    fields: JSON.parse(row.fields) as SessionRecord['fields'],
    channel: row.channel,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    dismissed: row.dismissed === 1,
    customer: row.customer === null ? null : (JSON.parse(row.customer) as SessionRecord['customer']),
    resumeHash: row.resume_hash,
    previousResumeHash: row.previous_resume_hash,
    transfer: row.transfer === null ? null : (JSON.parse(row.transfer) as SessionRecord['transfer']),
    outcome: row.outcome,
    notes: row.notes,
    rating: row.rating === null ? null : (JSON.parse(row.rating) as SessionRecord['rating']),
  };
}

export function fromSession(session: Omit<SessionRecord, 'id'>): Omit<Selectable<SessionTable>, 'id'> {
  const { machine } = session;
  return {
    technician_id: session.technicianId,
    group_id: session.groupId,
    state: machine.state,
    state_since: machine.since,
    state_before: machine.before,
    customer_missing: Number(machine.missing.customer),
    technician_missing: Number(machine.missing.technician),
    fields: JSON.stringify(session.fields),
    channel: session.channel,
    created_at: session.createdAt,
    started_at: session.startedAt,
    ended_at: session.endedAt,
    dismissed: Number(session.dismissed),
    customer: session.customer === null ? null : JSON.stringify(session.customer),
    resume_hash: session.resumeHash,
    previous_resume_hash: session.previousResumeHash,
    transfer: session.transfer === null ? null : JSON.stringify(session.transfer),
    outcome: session.outcome,
    notes: session.notes,
    rating: session.rating === null ? null : JSON.stringify(session.rating),
  };
}

export function toEvent(row: Selectable<SessionEventTable>): SessionEvent {
  return {
    id: row.id,
    sessionId: row.session_id,
    at: row.at,
    actor: row.actor,
    actorName: row.actor_name,
    type: row.type,
    data: JSON.parse(row.data) as SessionEvent['data'],
  };
}

export function fromEvent(sessionId: number, event: NewEvent): Omit<Selectable<SessionEventTable>, 'id'> {
  return {
    session_id: sessionId,
    at: event.at,
    actor: event.actor,
    actor_name: event.actorName,
    type: event.type,
    data: JSON.stringify(event.data),
  };
}

export function fromConsent(consent: ConsentRecord): Omit<Selectable<ConsentTable>, 'id'> {
  return {
    session_id: consent.sessionId,
    at: consent.at,
    kind: consent.kind,
    accepted: Number(consent.answer === 'granted'),
    withdrawn: Number(consent.answer === 'withdrawn'),
    terms_version: consent.version,
    language: consent.language,
    terms_hash: consent.textHash,
    token_hash: consent.tokenHash,
  };
}

export function toConsent(row: Selectable<ConsentTable>): ConsentRecord {
  return {
    sessionId: row.session_id,
    at: row.at,
    kind: row.kind,
    answer: row.withdrawn === 1 ? 'withdrawn' : row.accepted === 1 ? 'granted' : 'refused',
    version: row.terms_version,
    language: row.language,
    textHash: row.terms_hash,
    tokenHash: row.token_hash,
  };
}

export function toChat({ id, at, party, name, text, client_id }: Selectable<ChatTable>): ChatMessage {
  return { id, at, from: party, name, text, clientId: client_id };
}

export function toAccount(row: Selectable<AccountTable>): AccountRecord {
  return {
    id: row.id,
    name: row.name,
    nickname: row.nickname,
    email: row.email,
    role: row.role,
    enabled: row.enabled === 1,
    passwordHash: row.password_hash,
    createdAt: row.created_at,
  };
}

export function fromAccount(account: Omit<AccountRecord, 'id'>): Insertable<AccountTable> {
  return {
    name: account.name,
    nickname: account.nickname,
    email: account.email,
    email_key: emailKey(account.email),
    role: account.role,
    enabled: Number(account.enabled),
    password_hash: account.passwordHash,
    created_at: account.createdAt,
  };
}

export function toSignIn(row: Selectable<SignInTable>): SignInRecord {
  return {
    tokenHash: row.token_hash,
    accountId: row.account_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    seenAt: row.seen_at,
  };
}
