/** Schemas for everything that comes in. A request without a schema here does not compile. */
import { z } from 'zod';
import {
  type Api,
  type ClientMessage,
  type ErrorCode,
  LANGUAGES,
  PASSWORD_MAX_LENGTH,
  type Params,
  type RequestType,
} from './protocol.ts';

/** Longest message of a customer and of a technician, in bytes (reliability.md 3.9, S2). */
export const CUSTOMER_MESSAGE_MAX_BYTES = 64 * 1024;
export const TECHNICIAN_MESSAGE_MAX_BYTES = 256 * 1024;
/** A browser's answer for two m-lines is some 5 KiB; S2 allows 32. */
const SDP_MAX_LENGTH = 32 * 1024;
/** A browser holds one media connection per session and one more while it reconnects. */
const PEERS_MAX = 40;

const FIELD_MAX_LENGTH = 200;
const CUSTOM_FIELDS_MAX = 20;

// Control characters have no place in a name and would travel into logs, mails and reports.
const NO_CONTROL = /^\P{Cc}*$/u;
const plainText = z.string().max(FIELD_MAX_LENGTH).regex(NO_CONTROL);
const sessionId = z.int().positive();
const peerId = z.string().min(1).max(64);
const language = z.enum(LANGUAGES);
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
/** 256 bit in base64url. */
const token256 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const devices = z.strictObject({
  microphone: z.enum(['on', 'muted', 'none']),
  camera: z.enum(['on', 'paused', 'none']),
  pausedBy: z.exactOptional(z.enum(['person', 'hidden', 'interrupted'])),
});
const picture = z.strictObject({
  mode: z.enum(['video', 'reduced', 'stills', 'none']),
  cause: z.enum(['none', 'bandwidth', 'processor', 'blocked', 'saveData']),
});
const fields = z.strictObject({
  name: plainText,
  phone: plainText,
  email: plainText,
  ticketId: plainText,
  custom: z
    .record(z.string().min(1).max(40).regex(NO_CONTROL), plainText)
    .refine((custom) => Object.keys(custom).length <= CUSTOM_FIELDS_MAX),
});
const method = z.enum(['pin', 'link']);
const nothing = z.strictObject({});
const ofSession = z.strictObject({ sessionId });
const agreed = { version: z.int().positive(), language, hash: sha256Hex };

type Schemas = { [T in RequestType]: z.ZodType<Params<T>> };

const REQUESTS: Schemas = {
  hello: z.strictObject({
    version: z.int(),
    role: z.enum(['technician', 'customer']),
    language,
    videoCodecs: z.array(z.enum(['VP8', 'H264', 'VP9', 'AV1'])).max(8),
    peers: z.array(peerId).max(PEERS_MAX),
    resume: z.exactOptional(z.string().max(128)),
  }),
  ping: nothing,
  answer: z.strictObject({ peerId, sdp: z.string().max(SDP_MAX_LENGTH) }),
  peerFailed: z.strictObject({ peerId }),
  peerStalled: z.strictObject({ peerId }),
  devices: z.strictObject({ sessionId, devices }),
  createSession: z.strictObject({ fields, method }),
  invite: z.strictObject({ sessionId, method }),
  editSession: z.strictObject({ sessionId, fields }),
  startSession: ofSession,
  endSession: ofSession,
  dismissSession: ofSession,
  openLog: ofSession,
  claimPin: z.strictObject({ pin: z.string().max(32) }),
  claimLink: z.strictObject({ token: z.string().max(128) }),
  acceptTerms: z.strictObject({ ...agreed, devices, browser: plainText, resume: token256 }),
  declineTerms: z.strictObject(agreed),
  picture: z.strictObject({ sessionId, picture }),
  leave: nothing,
};

const envelope = z.looseObject({
  type: z.string().max(40),
  id: z.int().nonnegative(),
});

/**
 * The value when it fits, else undefined. Zod 4.6.7 measures lengths before it knows that it has a string, and throws
 * over `{"length":{"toString":1}}`: found by the fuzzer, and enough to end the process.
 */
function fitting<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  try {
    return schema.safeParse(value).data;
  } catch {
    return undefined;
  }
}

export type ParsedMessage = { ok: true; message: ClientMessage } | { ok: false; id: number; code: ErrorCode };

/** Never throws. `id` is 0 when the message was too broken to carry one. */
export function parseClientMessage(text: string): ParsedMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, id: 0, code: 'badMessage' };
  }
  const head = fitting(envelope, json);
  if (head === undefined) {
    return { ok: false, id: 0, code: 'badMessage' };
  }
  const { type, id, ...params } = head;
  if (!Object.hasOwn(REQUESTS, type)) {
    return { ok: false, id, code: 'unknownMessage' };
  }
  const fit = fitting<object>(REQUESTS[type as RequestType], params);
  if (fit === undefined) {
    return { ok: false, id, code: 'badMessage' };
  }
  return { ok: true, message: { type, id, ...fit } as ClientMessage };
}

// ---------------------------------------------------------------- HTTP bodies

const emailAddress = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@<>"(),:;[\]\\]+@[^\s@<>"(),:;[\]\\]+\.[^\s@<>"(),:;[\]\\]+$/);
const personName = z.string().trim().min(1).max(100);
// Length rules for new passwords give their own error code (see accounts.ts), so only the upper bound is here.
const password = z.string().max(PASSWORD_MAX_LENGTH);
const accountRole = z.enum(['technician', 'administrator']);

type BodySchemas = {
  [R in keyof Api as Api[R]['body'] extends undefined ? never : R]: z.ZodType<Api[R]['body']>;
};

export const BODIES: BodySchemas = {
  'POST /api/sign-in': z.strictObject({ email: z.string().max(254), password }),
  'POST /api/sign-out': nothing,
  'POST /api/account/password': z.strictObject({ current: password, password }),
  'POST /api/set-up': z.strictObject({
    token: z.string().max(128),
    name: personName,
    email: emailAddress,
    password,
  }),
  'POST /api/technicians': z.strictObject({
    name: personName,
    nickname: z.string().trim().max(100),
    email: emailAddress,
    role: accountRole,
    password,
  }),
  'PATCH /api/technicians/:id': z.strictObject({
    name: z.exactOptional(personName),
    nickname: z.exactOptional(z.string().trim().max(100)),
    email: z.exactOptional(emailAddress),
    role: z.exactOptional(accountRole),
    enabled: z.exactOptional(z.boolean()),
    password: z.exactOptional(password),
  }),
};
