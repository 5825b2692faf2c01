/** Schemas for everything that comes in. A request without a schema here does not compile. */
import { z } from 'zod';
import { isTimeZone } from './appointment.ts';
import {
  type Api,
  ARCHIVE_SEARCH_MAX_LENGTH,
  BOARD_UNITS,
  type ClientMessage,
  CONSENT_KINDS,
  type ErrorCode,
  FREEZE_MAX_BYTES,
  GUEST_NAME_MAX_LENGTH,
  GUEST_ROLES,
  LANGUAGES,
  LENS_KINDS,
  LENSES_MAX,
  MARK_COLOURS,
  MARK_POINTS_MAX,
  MARK_TEXT_MAX_LENGTH,
  MARK_TOOLS,
  PASSWORD_MAX_LENGTH,
  type Params,
  PHOTO_FAILURES,
  PHOTO_MARK_OPERATIONS_MAX,
  PHOTO_TYPES,
  PREFLIGHT,
  PROBE_MAX_LENGTH,
  type RequestType,
  SKETCH_POINTS_MAX,
  WISH_OUTCOMES,
} from './protocol.ts';
import { CHANNEL_NAME_MAX_LENGTH, DEFINITIONS } from './settings-documents.ts';

/** Longest message of a customer and of a technician, in bytes (reliability.md 3.9, S2). */
export const CUSTOMER_MESSAGE_MAX_BYTES = 64 * 1024;
export const TECHNICIAN_MESSAGE_MAX_BYTES = 256 * 1024;
/** A browser's answer for two m-lines is some 5 KiB; S2 allows 32. */
const SDP_MAX_LENGTH = 32 * 1024;
/** A browser holds one media connection per session and one more while it reconnects. */
const PEERS_MAX = 40;

const FIELD_MAX_LENGTH = 200;
const NOTES_MAX_LENGTH = 4_000;
const CHAT_TEXT_READ_MAX = 60_000;
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
  cause: z.enum([
    ...(['none', 'bandwidth', 'processor', 'blocked', 'saveData'] as const),
    ...(['cameraDenied', 'cameraMissing', 'cameraInUse', 'cameraFailed'] as const),
  ]),
});
const findingsOf = <F extends object>(findings: F) => z.enum(Object.keys(findings) as (keyof F & string)[]);
const preflight = z.strictObject({
  camera: findingsOf(PREFLIGHT.camera),
  microphone: findingsOf(PREFLIGHT.microphone),
  relay: findingsOf(PREFLIGHT.relay),
  media: findingsOf(PREFLIGHT.media),
  uplink: findingsOf(PREFLIGHT.uplink),
  roundTripMs: z.exactOptional(z.int().min(0).max(60_000)),
  uplinkKbps: z.exactOptional(z.int().min(0).max(1_000_000)),
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
const appointment = z.strictObject({ from: z.int().positive(), until: z.int().positive() });
const timeZone = z.string().max(60).refine(isTimeZone);
const chatId = z.int().nonnegative();
/** Several lines, as people write them. */
const notes = z
  .string()
  .max(NOTES_MAX_LENGTH)
  .regex(/^[\P{Cc}\n\t]*$/u);
const measured = (most: number) => z.number().min(0).max(most);
const spread = (most: number) =>
  z.exactOptional(z.strictObject({ median: measured(most), worst: measured(most) }));
/** A page that was open for longer than a month has something else wrong with it. */
const seconds = measured(31 * 24 * 3600);
const quality = z.strictObject({
  seconds,
  freezeSeconds: seconds,
  stillsSeconds: seconds,
  pictureKbps: spread(1_000_000),
  pictureLossPercent: spread(100),
  voiceLossPercent: spread(100),
  roundTripMs: spread(600_000),
});
const nothing = z.strictObject({});
const ofSession = z.strictObject({ sessionId });

const markId = z.string().regex(/^[a-z0-9]{8,32}$/);
const surface = z.int().min(0).max(0xffff_ffff);
const colour = z.enum(MARK_COLOURS);
const points = (most: number) =>
  z
    .array(z.int().min(0).max(BOARD_UNITS))
    .min(2)
    .max(2 * most)
    .refine((each) => each.length % 2 === 0);
/** Arrows and frames have two ends, a text has one. */
const mark = z
  .strictObject({
    id: markId,
    tool: z.enum(MARK_TOOLS),
    colour,
    points: points(MARK_POINTS_MAX),
    text: z.exactOptional(z.string().min(1).max(MARK_TEXT_MAX_LENGTH).regex(NO_CONTROL)),
  })
  .refine(({ tool, points: { length }, text }) => {
    const isStroke = tool === 'pen' || tool === 'highlighter';
    return (tool === 'text') === (text !== undefined) && (isStroke || length === (tool === 'text' ? 2 : 4));
  });
const operation = z.union([
  z.strictObject({ type: z.literal('add'), surface, mark }),
  z.strictObject({ type: z.literal('remove'), markId }),
  z.strictObject({ type: z.literal('restore'), markId }),
  z.strictObject({ type: z.literal('clear'), surface }),
]);
const sketch = z.strictObject({
  markId,
  surface,
  tool: z.enum([...MARK_TOOLS, 'laser']).exclude(['text']),
  colour,
  from: z.int().min(0).max(MARK_POINTS_MAX),
  points: points(SKETCH_POINTS_MAX),
});
const lensId = z.int().min(0).max(1_000);
const zoomValue = z.number().min(0).max(10_000);
const preference = z.enum(['sharp', 'smooth']);
const camera = z.strictObject({
  light: z.enum(['on', 'off', 'none']),
  zoom: z.exactOptional(
    z.strictObject({ value: zoomValue, min: zoomValue, max: zoomValue, step: zoomValue }),
  ),
  lenses: z
    .array(z.strictObject({ id: lensId, kind: z.enum(LENS_KINDS), number: z.int().min(0).max(LENSES_MAX) }))
    .max(LENSES_MAX),
  lens: lensId,
  preference,
  saveData: z.boolean(),
  paused: z.enum(['nobody', 'customer', 'technician']),
  covered: z.enum(['nothing', 'parts', 'everything']),
});
const wish = z.union([
  z.strictObject({ type: z.literal('light'), on: z.boolean() }),
  z.strictObject({ type: z.literal('lens'), lens: lensId }),
  z.strictObject({ type: z.literal('zoom'), value: zoomValue }),
  z.strictObject({ type: z.literal('prefer'), preference }),
  z.strictObject({ type: z.literal('pause'), paused: z.boolean() }),
]);
const photoId = z.int().min(1).max(0xffff_ffff);
const ofPhoto = z.strictObject({ sessionId, photoId });
const guestId = z.int().positive();
const guestName = z.string().trim().min(1).max(GUEST_NAME_MAX_LENGTH).regex(NO_CONTROL);
const markOperation = z.union([
  z.strictObject({ type: z.literal('add'), mark }),
  z.strictObject({ type: z.literal('remove'), markId }),
]);
const agreed = { version: z.int().positive(), language, hash: sha256Hex };

type Schemas = { [T in RequestType]: z.ZodType<Params<T>> };

const REQUESTS: Schemas = {
  hello: z.strictObject({
    version: z.int(),
    role: z.enum(['technician', 'customer', 'guest']),
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
  setAway: z.strictObject({ away: z.boolean() }),
  listReceivers: nothing,
  transferSession: z.strictObject({
    sessionId,
    to: z.union([
      z.strictObject({ technicianId: z.int().positive() }),
      z.strictObject({ groupId: z.string().min(1).max(60).regex(NO_CONTROL) }),
    ]),
    comment: notes,
  }),
  refuseTransfer: ofSession,
  openChat: ofSession,
  // Longer than a message may be: whoever pastes too much is told so.
  sendChat: z.strictObject({ sessionId, clientId: z.uuid(), text: z.string().max(CHAT_TEXT_READ_MAX) }),
  chatSeen: z.strictObject({ sessionId, seen: z.strictObject({ delivered: chatId, read: chatId }) }),
  typing: ofSession,
  createSession: z.strictObject({ fields, method, appointment: z.exactOptional(appointment) }),
  invite: z.strictObject({ sessionId, method }),
  editSession: z.strictObject({ sessionId, fields }),
  startSession: ofSession,
  holdSession: ofSession,
  resumeSession: ofSession,
  endSession: z.strictObject({
    sessionId,
    outcome: z.exactOptional(z.enum(['resolved', 'unresolved'])),
    notes: z.exactOptional(notes),
  }),
  dismissSession: ofSession,
  openLog: ofSession,
  claimPin: z.strictObject({ pin: z.string().max(32) }),
  claimLink: z.strictObject({ token: z.string().max(128) }),
  claimChannel: z.strictObject({ channel: z.string().max(CHANNEL_NAME_MAX_LENGTH) }),
  askConsent: z.strictObject({ sessionId, kind: z.enum(CONSENT_KINDS) }),
  answerConsent: z.strictObject({
    sessionId,
    kind: z.enum(CONSENT_KINDS),
    granted: z.boolean(),
    language,
    hash: sha256Hex,
  }),
  acceptTerms: z.strictObject({ ...agreed, devices, browser: plainText, resume: token256 }),
  declineTerms: z.strictObject(agreed),
  picture: z.strictObject({ sessionId, picture }),
  quality: z.strictObject({ sessionId, quality }),
  preflight: z.strictObject({ sessionId, preflight }),
  probe: z.strictObject({ sessionId, padding: z.string().max(PROBE_MAX_LENGTH) }),
  leave: nothing,
  openBoard: z.strictObject({ sessionId, after: z.int().nonnegative() }),
  draw: z.strictObject({ sessionId, operation }),
  sketch: z.strictObject({ sessionId, sketch }),
  freeze: ofSession,
  unfreeze: ofSession,
  freezeFailed: z.strictObject({ sessionId, surface }),
  askCamera: z.strictObject({ sessionId, wish }),
  cameraState: z.strictObject({ sessionId, state: camera }),
  cameraWishDone: z.strictObject({ sessionId, wishId: z.int().positive(), outcome: z.enum(WISH_OUTCOMES) }),
  openStill: z.strictObject({ sessionId, surface, offset: z.int().min(0).max(FREEZE_MAX_BYTES) }),
  takePhoto: ofSession,
  startRecording: ofSession,
  pauseRecording: ofSession,
  resumeRecording: ofSession,
  stopRecording: ofSession,
  openPhotos: ofSession,
  cancelPhoto: ofPhoto,
  deletePhoto: ofPhoto,
  offerPhoto: z.strictObject({
    sessionId,
    photoId: z.int().min(0).max(0xffff_ffff),
    format: z.enum(PHOTO_TYPES),
    // Also what is too large, which is answered with a sentence.
    bytes: z.int().positive(),
    sha256: sha256Hex,
  }),
  photoFailed: z.strictObject({ sessionId, photoId, reason: z.enum(PHOTO_FAILURES) }),
  openPhotoMarks: ofPhoto,
  markPhoto: z.strictObject({
    sessionId,
    photoId,
    operations: z.array(markOperation).min(1).max(PHOTO_MARK_OPERATIONS_MAX),
  }),
  inviteGuest: z.strictObject({ sessionId, role: z.enum(GUEST_ROLES), name: guestName }),
  removeGuest: z.strictObject({ sessionId, guestId }),
  muteGuest: z.strictObject({ sessionId, guestId, muted: z.boolean() }),
  openGuestLink: z.strictObject({ token: z.string().max(128) }),
  joinGuest: z.strictObject({ token: z.string().max(128), name: guestName, resume: token256 }),
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

/** As people type it; phone-numbers.ts reads it. */
const phone = z.string().trim().min(3).max(40).regex(NO_CONTROL);

/** Several lines; a text that nobody reads to the end is no consent. */
const termsText = z
  .string()
  .trim()
  .min(1)
  .max(20_000)
  .regex(/^[\P{Cc}\n]*$/u);

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
  'POST /api/sessions/search': z.strictObject({
    search: z.string().max(ARCHIVE_SEARCH_MAX_LENGTH),
    before: z.exactOptional(sessionId),
  }),
  'POST /api/feedback': z.strictObject({ resume: token256, stars: z.int().min(1).max(5), comment: notes }),
  'POST /api/send-invitation': z.union([
    z.strictObject({ sessionId, by: z.literal('email'), to: emailAddress, language, timeZone }),
    z.strictObject({ sessionId, by: z.literal('sms'), to: phone, language, timeZone }),
  ]),
  'POST /api/admin/send-test': z.union([
    z.strictObject({ by: z.literal('email'), to: emailAddress, language }),
    z.strictObject({ by: z.literal('sms'), to: phone, language }),
  ]),
  'POST /api/admin/terms': z.strictObject({ texts: z.strictObject({ de: termsText, en: termsText }) }),
  'POST /api/admin/preview': z.strictObject({ templates: DEFINITIONS.templates.schema, language }),
  // Any of the documents; settings.ts asks for the one of that name.
  'PUT /api/admin/settings/:name': z.strictObject({
    settings: z.union([
      DEFINITIONS.sms.schema,
      DEFINITIONS.mail.schema,
      DEFINITIONS.templates.schema,
      DEFINITIONS.sessions.schema,
      DEFINITIONS.fields.schema,
      DEFINITIONS.groups.schema,
      DEFINITIONS.channels.schema,
    ]),
  }),
};
