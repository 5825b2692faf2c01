/** Sends mail through the SMTP server of the settings. The only importer of nodemailer. */
import { createTransport } from 'nodemailer';
import type { MailText } from './message-texts.ts';
import type { ErrorCode, SettingsDocuments } from './protocol.ts';
import { reasonText } from './sms-gateways.ts';

type MailSettings = SettingsDocuments['mail'];

const CONNECT_TIMEOUT_MS = 5_000;
const SILENCE_TIMEOUT_MS = 10_000;
const TRIES_MAX = 3;
const PAUSE_MS = 500;
const CONNECTIONS_MAX = 3;

export type MailOutcome = { sent: true } | { sent: false; code: ErrorCode; reason: string };

export type Mail = {
  ready(): boolean;
  /** @param to one address, already checked */
  send(to: string, mail: MailText & { calendar?: string }): Promise<MailOutcome>;
  close(): void;
};

export type MailOptions = { settings: () => MailSettings; pauseMs?: number };

function open({ host, port, security, user, password }: MailSettings) {
  return createTransport({
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'startTls',
    ignoreTLS: security === 'none',
    ...(user === '' ? {} : { auth: { user, pass: password } }),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    // No part of a mail comes from a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** What an error of nodemailer has beside its message. */
type SmtpError = Error & { code?: string; responseCode?: number; response?: string };

/** A temporary reply (RFC 5321, 4.2.1), or a connection that did not come about. */
function isPassing({ code, responseCode }: SmtpError): boolean {
  if (responseCode !== undefined) {
    return responseCode >= 400 && responseCode < 500;
  }
  return code !== 'EAUTH' && code !== 'ETLS' && code !== 'EENVELOPE' && code !== 'EMESSAGE';
}

export function createMail({ settings, pauseMs = PAUSE_MS }: MailOptions): Mail {
  let pool: { of: MailSettings; transport: ReturnType<typeof open> } | undefined;

  function transport() {
    const current = settings();
    if (pool?.of !== current) {
      pool?.transport.close();
      pool = { of: current, transport: open(current) };
    }
    return pool.transport;
  }

  return {
    ready: () => settings().host !== '' && settings().from !== '',
    async send(to, { subject, text, html, calendar }) {
      const { host, from, fromName } = settings();
      if (host === '' || from === '') {
        return { sent: false, code: 'mailNotSetUp', reason: '' };
      }
      const mail = {
        // As objects: a name or address that holds another one is not taken apart (CVE-2025-14874).
        from: { name: fromName, address: from },
        to: { name: '', address: to },
        subject,
        text,
        html,
        ...(calendar === undefined
          ? {}
          : { icalEvent: { method: 'PUBLISH', filename: 'invite.ics', content: calendar } }),
        headers: { 'Auto-Submitted': 'auto-generated' },
      };
      for (let tries = 1; ; tries += 1) {
        try {
          await transport().sendMail(mail);
          return { sent: true };
        } catch (caught) {
          const error = caught as SmtpError;
          const again = isPassing(error);
          if (!again || tries === TRIES_MAX) {
            const reason = reasonText(error.response ?? error.code ?? error.message);
            return { sent: false, code: again ? 'mailUnreachable' : 'sendingRefused', reason };
          }
          await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** (tries - 1)));
        }
      }
    },
    close: () => pool?.transport.close(),
  };
}
