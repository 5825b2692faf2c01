/** Sends a session's invitation by SMS or mail and writes into the session's log what became of it. */
import { appointmentShort, appointmentText, calendarFile } from './appointment.ts';
import type { Groups } from './groups.ts';
import type { Mail } from './mail.ts';
import { gsm7Length, mailText, smsText } from './message-texts.ts';
import { type Failure, fail } from './outcome.ts';
import type {
  Account,
  Empty,
  ErrorCode,
  EventData,
  Language,
  MessagePreview,
  SessionEventType,
  SessionId,
  SettingsDocuments,
} from './protocol.ts';
import { type Secrets, sameHash } from './secrets.ts';
import { SYSTEM, technicianActor } from './session-context.ts';
import type { Sessions } from './sessions.ts';
import type { Settings } from './settings.ts';
import type { Sms } from './sms.ts';
import { readDelivery } from './sms-gateways.ts';

export const SMS_STATUS_PATH = '/hooks/sms/';
const MAC_PURPOSE = 'sms-status';
const ID_PATTERN = /^(\d{1,15})-[0-9a-f-]{36}$/;
/** A gateway repeats a report within minutes; the oldest of so many is days old. */
const REPORTED_MAX = 10_000;
/** What stands in the log of a number: enough to tell two apart. */
const NUMBER_END_DIGITS = 4;

export type Way = 'sms' | 'email';
export type Wanted = { sessionId: SessionId; by: Way; to: string; language: Language; timeZone: string };

export type InvitationSender = {
  send(account: Account, wanted: Wanted): Promise<Empty | Failure>;
  /** The same texts with made-up values, to see that gateway or mail server work. */
  test(account: Account, wanted: Omit<Wanted, 'sessionId' | 'timeZone'>): Promise<Empty | Failure>;
  /** What the messages would say. */
  preview(account: Account, templates: Templates, language: Language): MessagePreview;
  /** A gateway's report. False when the address was not made by this relay. */
  delivered(path: string, report: Record<string, string>): Promise<boolean>;
};

export type InvitationSenderOptions = {
  sessions: Sessions;
  settings: Settings;
  groups: Groups;
  sms: Sms;
  mail: Mail;
  brand: string;
  origin: () => string;
  now: () => number;
};

/** The path under which a gateway reports about one message; nobody else can make it up. */
export function smsStatusPath(secrets: Secrets, id: string): string {
  return `${SMS_STATUS_PATH}${id}/${secrets.hmac(MAC_PURPOSE, id)}`;
}

type Templates = SettingsDocuments['templates'];
type Sent = { code?: ErrorCode; reason: string };

export function createInvitationSender(
  { sessions, settings, groups, sms, mail, brand, origin, now }: InvitationSenderOptions,
  secrets: Secrets,
): InvitationSender {
  /** Message ids whose end is in the log: gateways report more than once. */
  const ended = new Set<string>();

  async function deliver(
    account: Account,
    about: string,
    { by, to, language }: Pick<Wanted, 'by' | 'to' | 'language'>,
    invitation: { link: string; pin: string; when: string },
    calendar?: string,
  ): Promise<Sent> {
    const facts = { name: account.nickname, ...invitation };
    const templates = settings.get('templates');
    if (by === 'email') {
      const text = mailText(templates, language, facts, brand);
      const outcome = await mail.send(to, calendar === undefined ? text : { ...text, calendar });
      return outcome.sent ? { reason: '' } : outcome;
    }
    const text = smsText(templates, language, facts);
    if (text === undefined) {
      return { code: 'textTooLong', reason: '' };
    }
    const outcome = await sms.send(account.id, about, to, text);
    return outcome.sent ? { reason: '' } : outcome;
  }

  function remember(id: string): void {
    ended.add(id);
    if (ended.size > REPORTED_MAX) {
      const [oldest = id] = ended;
      ended.delete(oldest);
    }
  }

  const example = () => ({ link: `${origin()}/j/${'x'.repeat(43)}`, pin: '123456', when: '' });
  const toOf = (by: Way, to: string): EventData =>
    by === 'sms' ? { toEnd: to.replace(/\D/g, '').slice(-NUMBER_END_DIGITS) } : { to };

  return {
    async send(account, wanted) {
      const session = sessions.owned(account, wanted.sessionId);
      if (!session) {
        return fail('noSuchSession');
      }
      if (!groups.allows(account.id, wanted.by)) {
        return fail('wayNotAllowed');
      }
      if (!(wanted.by === 'sms' ? sms : mail).ready()) {
        return fail(wanted.by === 'sms' ? 'smsNotSetUp' : 'mailNotSetUp');
      }
      const { validFrom = 0 } = session.technicianView().invitation ?? {};
      const methods =
        validFrom === 0 && mentionsPin(settings.get('templates'), wanted)
          ? (['link', 'pin'] as const)
          : (['link'] as const);
      for (const method of methods) {
        const missing = session.technicianView().invitation?.[method] === undefined;
        const opened = missing ? await sessions.invite(account, session, method) : undefined;
        if (typeof opened === 'string') {
          return fail(opened);
        }
      }
      const { link = '', pin = '', expiresAt = 0 } = session.technicianView().invitation ?? {};
      if (link === '') {
        return fail('wrongState');
      }
      const appointment = validFrom === 0 ? undefined : { from: validFrom, until: expiresAt };
      const write = wanted.by === 'sms' ? appointmentShort : appointmentText;
      const when = appointment ? write(appointment, wanted.timeZone, wanted.language) : '';
      const { code, reason } = await deliver(
        account,
        String(wanted.sessionId),
        wanted,
        { link, pin, when },
        appointment &&
          calendarFile(appointment, {
            id: `session-${wanted.sessionId}@${new URL(origin()).hostname}`,
            title: brand,
            link,
            now: now(),
          }),
      );
      const type: SessionEventType =
        wanted.by === 'sms' ? (code ? 'smsFailed' : 'smsSent') : code ? 'mailFailed' : 'mailSent';
      const data: EventData = { ...toOf(wanted.by, wanted.to), ...(code ? { code, reason } : {}) };
      await session.apply({ by: technicianActor(account), events: [{ type, data }] });
      return code ? fail(code) : {};
    },

    async test(account, wanted) {
      const { code } = await deliver(account, '0', wanted, example());
      return code ? fail(code) : {};
    },

    preview(account, templates, language) {
      const facts = { name: account.nickname, ...example() };
      const sms = smsText(templates, language, facts);
      const mail = mailText(templates, language, facts, brand);
      return {
        ...(sms === undefined ? {} : { sms }),
        septets: sms === undefined ? 0 : (gsm7Length(sms) ?? 0),
        mailSubject: mail.subject,
        mailText: mail.text,
      };
    },

    async delivered(path, report) {
      const [id = '', mac = ''] = path.slice(SMS_STATUS_PATH.length).split('/');
      if (!sameHash(mac, secrets.hmac(MAC_PURPOSE, id))) {
        return false;
      }
      const outcome = readDelivery(report);
      const session = sessions.byId(Number(ID_PATTERN.exec(id)?.[1] ?? 0));
      if (outcome && session && !ended.has(id)) {
        remember(id);
        const type = outcome.delivered ? 'smsDelivered' : 'smsUndelivered';
        const data: EventData = outcome.reason === '' ? {} : { reason: outcome.reason };
        await session.apply({ by: SYSTEM, events: [{ type, data }] });
      }
      return true;
    },
  };
}

/** A PIN that no message tells would only be one more that can be guessed. */
function mentionsPin(templates: Templates, { by, language }: Pick<Wanted, 'by' | 'language'>): boolean {
  const text =
    by === 'sms'
      ? templates[language === 'de' ? 'smsDe' : 'smsEn']
      : templates[language === 'de' ? 'mailSubjectDe' : 'mailSubjectEn'] +
        templates[language === 'de' ? 'mailBodyDe' : 'mailBodyEn'];
  return text.includes('{pin}');
}

/** The members of a report that are text or numbers, as JSON or as a form. */
export function readReport(body: string): Record<string, string> {
  let members: [string, unknown][];
  try {
    members = Object.entries(JSON.parse(body) as object);
  } catch {
    members = [...new URLSearchParams(body)];
  }
  const plain = members.filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return Object.fromEntries(plain.map(([name, value]) => [name, String(value)]));
}
