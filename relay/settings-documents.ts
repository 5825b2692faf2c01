/** The documents of central settings: a schema, defaults and the secrets of each. Pure. */
import { z } from 'zod';
import {
  CUSTOM_FIELD_KEYS,
  type FieldSlot,
  INVITATION_WAYS,
  type Language,
  RECORDING_MODES,
  RECORDING_PURPOSE_MAX_LENGTH,
  type RecordingPolicy,
  type SettingsDocuments,
  type SettingsName,
} from './protocol.ts';

/** No control characters: these texts end up in headers of mails and in requests to gateways. */
const line = (maxLength: number) =>
  z
    .string()
    .trim()
    .max(maxLength)
    .regex(/^\P{Cc}*$/u);
const SECRET_MAX_LENGTH = 512;
const secret = line(SECRET_MAX_LENGTH);
const webAddress = z.union([z.literal(''), z.url({ protocol: /^https?$/ }).max(500)]);
const emailOrEmpty = z
  .string()
  .max(254)
  .regex(/^$|^[^\s@<>"(),:;[\]\\]+@[^\s@<>"(),:;[\]\\]+$/);
const hostName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9.:-]*$/);
const count = z.int().min(1).max(100_000);
/** Several lines; of control characters only the line feed. */
const body = z
  .string()
  .max(4_000)
  .regex(/^[\P{Cc}\n]*$/u);

const sms = z.strictObject({
  gateway: z.enum(['none', 'webhook', 'twilio', 'vonage', 'sns']),
  sender: line(20),
  webhookUrl: webAddress,
  webhookTemplate: body,
  webhookSecret: secret,
  accountId: line(128).regex(/^[A-Za-z0-9_-]*$/),
  accountSecret: secret,
  region: z.string().regex(/^[a-z0-9-]{0,30}$/),
  countries: z.array(z.string().regex(/^[A-Z]{2}$/)).max(250),
  perNumberPerDay: count,
  perTechnicianPerHour: count,
  perDay: count,
});

const mail = z.strictObject({
  host: hostName,
  port: z.int().min(1).max(65_535),
  security: z.enum(['tls', 'startTls', 'none']),
  user: line(254),
  password: secret,
  from: emailOrEmpty,
  fromName: line(100),
});

const minutes = z.int().min(0).max(999);
const seconds = z.int().min(1).max(60_000);
const sessions = z.strictObject({
  waitingMinutes: minutes,
  idleMinutes: minutes,
  awayMinutes: minutes,
  amberSeconds: seconds,
  redSeconds: seconds,
  replies: body,
});

/** Longer ones would not fit the head of a column. */
const FIELD_LABEL_MAX_LENGTH = 40;
const fieldLabels = { En: line(FIELD_LABEL_MAX_LENGTH), De: line(FIELD_LABEL_MAX_LENGTH) };
const fields = z.strictObject({
  ...{ nameEn: fieldLabels.En, nameDe: fieldLabels.De },
  ...{ field1En: fieldLabels.En, field1De: fieldLabels.De },
  ...{ field2En: fieldLabels.En, field2De: fieldLabels.De },
  ...{ field3En: fieldLabels.En, field3De: fieldLabels.De },
  ...{ field4En: fieldLabels.En, field4De: fieldLabels.De },
  ...{ field5En: fieldLabels.En, field5De: fieldLabels.De },
});

const templates = z.strictObject({
  smsEn: line(300),
  smsDe: line(300),
  mailSubjectEn: line(150),
  mailSubjectDe: line(150),
  mailBodyEn: body,
  mailBodyDe: body,
});

export const CHANNEL_NAME_MAX_LENGTH = 40;
const GROUPS_MAX = 100;
const CHANNELS_MAX = 200;

/** Part of an address: what people can read out and type on a phone. */
const slug = z
  .string()
  .max(CHANNEL_NAME_MAX_LENGTH)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);

function areDistinct<T>(values: readonly T[]): boolean {
  return new Set(values).size === values.length;
}

const RECORDING: RecordingPolicy = { mode: 'onDemand', voice: true, video: true, purpose: '' };

const recording = z
  .strictObject({
    mode: z.enum(RECORDING_MODES),
    voice: z.boolean(),
    video: z.boolean(),
    purpose: line(RECORDING_PURPOSE_MAX_LENGTH),
  })
  // A recording of nothing.
  .refine(({ mode, voice, video }) => mode === 'off' || voice || video);

const groups = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        id: slug,
        name: line(60).min(1),
        email: emailOrEmpty,
        ways: z.array(z.enum(INVITATION_WAYS)).refine(areDistinct),
        // Missing in documents that are older than the whiteboard.
        customersDraw: z.boolean().default(true),
        recording: recording.default(RECORDING),
        technicianIds: z.array(z.int().positive()).max(10_000),
      }),
    )
    .min(1)
    .max(GROUPS_MAX)
    .refine((all) => areDistinct(all.map(({ id }) => id)))
    // Nobody is in two groups.
    .refine((all) => areDistinct(all.flatMap(({ technicianIds }) => technicianIds))),
});

const channels = z.strictObject({
  channels: z
    .array(
      z.strictObject({
        name: slug,
        groupId: slug,
        enabled: z.boolean(),
        titleEn: line(80).min(1),
        titleDe: line(80).min(1),
        textEn: body,
        textDe: body,
        hoursEn: line(200),
        hoursDe: line(200),
        whenAbsent: z.enum(['wait', 'mail', 'page']),
        absentEn: body,
        absentDe: body,
      }),
    )
    .max(CHANNELS_MAX)
    .refine((all) => areDistinct(all.map(({ name }) => name))),
});

export type Definition<T> = {
  schema: z.ZodType<T>;
  initial: T;
  /**
   * Each secret with the members that say where it is sent. When one of those changes, the secret has to be typed
   * again: whoever may only change settings must not be able to send it to a place of their own.
   */
  secrets: Partial<Record<keyof T & string, readonly (keyof T & string)[]>>;
};

export const DEFINITIONS: { [N in SettingsName]: Definition<SettingsDocuments[N]> } = {
  sms: {
    schema: sms,
    initial: {
      gateway: 'none',
      sender: '',
      webhookUrl: '',
      webhookTemplate: '{"to":"{to}","text":"{text}","id":"{id}","statusUrl":"{statusUrl}"}',
      webhookSecret: '',
      accountId: '',
      accountSecret: '',
      region: 'eu-central-1',
      countries: ['DE', 'AT', 'CH'],
      perNumberPerDay: 3,
      perTechnicianPerHour: 20,
      perDay: 200,
    },
    secrets: { webhookSecret: ['webhookUrl'], accountSecret: ['gateway', 'accountId'] },
  },
  mail: {
    schema: mail,
    initial: { host: '', port: 587, security: 'startTls', user: '', password: '', from: '', fromName: '' },
    secrets: { password: ['host', 'port', 'security', 'user'] },
  },
  templates: {
    schema: templates,
    initial: {
      smsEn: '{name}: Open this link on your phone for video support: {link} PIN {pin}',
      smsDe: '{name}: Öffnen Sie diesen Link am Handy für die Video-Hilfe: {link} PIN {pin}',
      mailSubjectEn: 'Your video support with {name}',
      mailSubjectDe: 'Ihre Video-Hilfe mit {name}',
      mailBodyEn:
        'Hello,\n\nplease open this link on your phone. Your camera then shows us what it is about:\n\n{link}\n\nIf you are asked for a PIN code: {pin}\n\n{name}',
      mailBodyDe:
        'Guten Tag,\n\nbitte öffnen Sie diesen Link auf Ihrem Handy. Ihre Kamera zeigt uns dann, worum es geht:\n\n{link}\n\nFalls Sie nach einem PIN-Code gefragt werden: {pin}\n\n{name}',
    },
    secrets: {},
  },
  sessions: {
    schema: sessions,
    initial: {
      waitingMinutes: 0,
      idleMinutes: 0,
      awayMinutes: 0,
      amberSeconds: 60,
      redSeconds: 180,
      replies: '',
    },
    secrets: {},
  },
  fields: {
    schema: fields,
    initial: {
      ...{ nameEn: '', nameDe: '', field1En: '', field1De: '', field2En: '', field2De: '' },
      ...{ field3En: '', field3De: '', field4En: '', field4De: '', field5En: '', field5De: '' },
    },
    secrets: {},
  },
  groups: {
    schema: groups,
    initial: {
      groups: [
        {
          ...{ id: 'support', name: 'Support', email: '', ways: [...INVITATION_WAYS] },
          ...{ customersDraw: true, recording: RECORDING, technicianIds: [] },
        },
      ],
    },
    secrets: {},
  },
  channels: { schema: channels, initial: { channels: [] }, secrets: {} },
};

/** The fields that have a name, each in both languages: one that was typed in one language only counts for the other, too. */
export function namedFields(
  labels: SettingsDocuments['fields'],
): { key: FieldSlot; label: Record<Language, string> }[] {
  return (['name', ...CUSTOM_FIELD_KEYS] as const)
    .map((key) => {
      const [en, de] = [labels[`${key}En`], labels[`${key}De`]];
      return { key, label: { en: en || de, de: de || en } };
    })
    .filter(({ label }) => label.en !== '');
}
