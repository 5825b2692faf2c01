/** The HTTP half of the wire protocol, with the documents of central settings. Types and constants only; part of `protocol.ts`. */

import type {
  AccountRole,
  ArchivePage,
  ConsentKind,
  Empty,
  InvitationWay,
  Language,
  RecordingPolicy,
  SessionId,
  SessionRecordView,
} from './protocol.ts';

export type Account = {
  id: number;
  name: string;
  /** What the customer sees. */
  nickname: string;
  email: string;
  role: AccountRole;
  enabled: boolean;
};

/** Stands for a secret that is set; sent back, it leaves the secret as it is. */
export const SECRET_KEPT = '••••••••';

/** What administrators set centrally, by the name of the document. Changed as a whole. */
export type SettingsDocuments = {
  sms: {
    gateway: 'none' | 'webhook' | 'twilio' | 'vonage' | 'sns';
    /** Number or name that the message comes from. */
    sender: string;
    webhookUrl: string;
    /** JSON body with `{to}`, `{text}`, `{sender}` and `{id}` inside strings. */
    webhookTemplate: string;
    /** Key of the HMAC-SHA-256 in the header `X-Fernblick-Signature`. */
    webhookSecret: string;
    accountId: string;
    accountSecret: string;
    region: string;
    /** ISO 3166 codes of the countries that may be sent to. */
    countries: string[];
    perNumberPerDay: number;
    perTechnicianPerHour: number;
    perDay: number;
  };
  mail: {
    /** Empty: no mail server. */
    host: string;
    port: number;
    security: 'tls' | 'startTls' | 'none';
    user: string;
    password: string;
    from: string;
    fromName: string;
  };
  /** With the placeholders `{name}`, `{link}` and `{pin}`. */
  templates: {
    smsEn: string;
    smsDe: string;
    mailSubjectEn: string;
    mailSubjectDe: string;
    mailBodyEn: string;
    mailBodyDe: string;
  };
  sessions: {
    /** Until a session that waits is given up; 0 for never. */
    waitingMinutes: number;
    /** Until an active session in which nothing is sent and nothing happens is ended; 0 for never. */
    idleMinutes: number;
    /** Until a technician who does not touch the console counts as away; 0 for never. */
    awayMinutes: number;
    /** When a row of the list turns amber, and red, while its customer waits. */
    amberSeconds: number;
    redSeconds: number;
    /** Ready-made answers of the chat, one in a line. */
    replies: string;
  };
  /** Labels of the customer's fields. Empty: "Name", and no such field. */
  fields: Record<`${FieldSlot}${'En' | 'De'}`, string>;
  /** The first one is that of technicians who are in none. */
  groups: { groups: Group[] };
  channels: { channels: Channel[] };
};

/** Fields of a session that administrators may name, as many as reports have columns for (facts/features.md 1.10). */
export const CUSTOM_FIELD_KEYS = ['field1', 'field2', 'field3', 'field4', 'field5'] as const;
export type FieldSlot = 'name' | (typeof CUSTOM_FIELD_KEYS)[number];

export type Group = {
  id: string;
  name: string;
  /** Told when a customer waits and nobody is there; empty for nobody. */
  email: string;
  ways: InvitationWay[];
  /** Customers may draw on the picture too. */
  customersDraw: boolean;
  recording: RecordingPolicy;
  technicianIds: number[];
};

/** A page `/c/NAME` on which a customer starts without PIN and waits in a group's queue. */
export type Channel = {
  name: string;
  groupId: string;
  enabled: boolean;
  titleEn: string;
  titleDe: string;
  textEn: string;
  textDe: string;
  hoursEn: string;
  hoursDe: string;
  /** When nobody of the group has the console open: customers wait; they wait and the group gets a mail; they read `absent`. */
  whenAbsent: 'wait' | 'mail' | 'page';
  absentEn: string;
  absentDe: string;
};
export type TermsVersion = {
  version: number;
  publishedAt: number;
  /** Name of the administrator; empty for the texts that came with the relay. */
  publishedBy: string;
  texts: Record<Language, { text: string; hash: string }>;
};

/** One line of the ledger. */
export type ConsentEntry = {
  at: number;
  kind: 'terms' | ConsentKind;
  answer: 'granted' | 'refused' | 'withdrawn';
  version: number;
  language: Language;
  /** SHA-256 of the text that was shown, hex. */
  textHash: string;
  /** SHA-256 of the customer's token, hex: the same browser answered. Empty where there was none yet. */
  tokenHash: string;
};

export type MessagePreview = {
  /** Absent when the template does not fit into one SMS. */
  sms?: string;
  /** Of the 160 that one SMS has. */
  septets: number;
  mailSubject: string;
  mailText: string;
};

export type SettingsName = keyof SettingsDocuments;

/** `method path` → body in and out. All answers are JSON; failures are `{code, message}`. */
export type Api = {
  /** The customer's answer after the end, once; their resume token says which session it was. */
  'POST /api/feedback': { body: { resume: string; stars: number; comment: string }; result: Empty };
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
  /**
   * A technician's: sends link and PIN of a session. Not a request of the socket, because a gateway may take seconds and
   * the socket works on one request at a time.
   */
  'POST /api/send-invitation': {
    /** IANA name; the time of an appointment is written in it. */
    body: { sessionId: SessionId; by: 'sms' | 'email'; to: string; language: Language; timeZone: string };
    result: Empty;
  };
  /** Administrators only: the same texts with made-up link and PIN. */
  'POST /api/admin/send-test': {
    body: { by: 'sms' | 'email'; to: string; language: Language };
    result: Empty;
  };
  /** Administrators only: all versions of the terms, the newest first. */
  'GET /api/admin/terms': { body: undefined; result: { versions: TermsVersion[] } };
  /** Administrators only: from now on customers agree to these texts. */
  'POST /api/admin/terms': {
    body: { texts: Record<Language, string> };
    result: { versions: TermsVersion[] };
  };
  /** Sessions that are over: one's own, everybody's for administrators. */
  'POST /api/sessions/search': { body: { search: string; before?: SessionId }; result: ArchivePage };
  /** Everything that is kept of a session. Its technician's, and administrators'. */
  'GET /api/sessions/:id': { body: undefined; result: SessionRecordView };
  /** What the customer of a session agreed to, refused and took back. Its technician's, and administrators'. */
  'GET /api/sessions/:id/consents': { body: undefined; result: { consents: ConsentEntry[] } };
  /** Administrators only: what messages would say with these templates, with made-up name, link and PIN. */
  'POST /api/admin/preview': {
    body: { templates: SettingsDocuments['templates']; language: Language };
    result: MessagePreview;
  };
  /** Administrators only. Secrets are `SECRET_KEPT`. */
  'GET /api/admin/settings/:name': {
    body: undefined;
    result: { settings: SettingsDocuments[SettingsName] };
  };
  /** Administrators only. The whole document; which members it has depends on the name. */
  'PUT /api/admin/settings/:name': {
    body: { settings: SettingsDocuments[SettingsName] };
    result: { settings: SettingsDocuments[SettingsName] };
  };
};

export const PASSWORD_MIN_LENGTH = 12;
export const PASSWORD_MAX_LENGTH = 128;
