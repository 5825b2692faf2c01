/**
 * Scheduled sessions as people meet them. Real: relay, pages, Chromium, an SMTP server. Faked: camera and microphone.
 */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { MAIL_ACCOUNT, type MailServer, startMailServer } from '../support/mail-server.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { callApi, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

const WORDS = {
  en: {
    schedule: 'Schedule for later',
    scheduled: 'Scheduled',
    early: 'Your appointment',
    to: 'To',
    sent: 'Sent',
  },
  de: {
    schedule: 'Für später planen',
    scheduled: 'Geplant',
    early: 'Ihr Termin',
    to: 'An',
    sent: 'Gesendet',
  },
} as const;
const MAIL = {
  en: { emailLink: 'Email Link', byServer: 'Send email via the server on my behalf' },
  de: { emailLink: 'Link mailen', byServer: 'E-Mail in meinem Namen über den Server versenden' },
} as const;

let relay: RelayProcess;
let browser: Browser;
let smtp: MailServer;
let cookie: string;

t.before(async () => {
  [relay, browser, smtp] = await Promise.all([startRelay(), launchChromium(SLOW_CAMERA), startMailServer()]);
  cookie = await signIn(relay.origin);
  const settings = {
    ...{ host: '127.0.0.1', port: smtp.port, security: 'none' as const, ...MAIL_ACCOUNT },
    ...{ from: 'help@example.org', fromName: 'Hilfe' },
  };
  await callApi(relay.origin, 'PUT /api/admin/settings/:name', { settings }, { cookie, name: 'mail' });
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
  await smtp?.close();
});

/** A mail's MIME parts as text, the calendar file among them. */
function readMail(raw: string): string {
  const parts = raw.split(/\r?\n--[^\n]+\n/).map((part) => {
    const [, body = ''] = part.split(/\r?\n\r?\n/);
    return /content-transfer-encoding: base64/i.test(part) ? Buffer.from(body, 'base64').toString() : part;
  });
  return parts
    .join('\n')
    .replace(/=\r?\n/g, '')
    .replace(/(?:=[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString());
}

for (const tongue of ['en', 'de'] as const) {
  t.test(`an appointment by mail, with a calendar file, opened too early (${tongue})`, async (t) => {
    const [words, mailWords] = [WORDS[tongue], MAIL[tongue]];
    const technician = await Technician.signIn(browser, relay.origin, tongue);
    const { page } = technician;
    await technician.openDialog('Frau Keller');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox', { name: words.schedule }).check();
    t.equal(
      await dialog.getByRole('tab', { name: technician.words.pinTab }).count(),
      0,
      'no PIN for an appointment',
    );
    await dialog.getByRole('tab', { name: technician.words.emailTab, exact: true }).click();
    await dialog.getByLabel(words.to, { exact: true }).fill('customer@example.org');
    await dialog.getByRole('radio', { name: mailWords.byServer }).check();
    await dialog.getByRole('button', { name: mailWords.emailLink }).click();
    await dialog.getByText(words.sent, { exact: true }).waitFor();
    const mail = readMail(smtp.mails.at(-1)?.text ?? '');
    t.comment(mail.slice(0, 1500));
    t.match(mail, /BEGIN:VCALENDAR[\s\S]*DTSTART:\d{8}T\d{6}Z[\s\S]*END:VCALENDAR/);
    t.match(mail, tongue === 'de' ? /Termin: / : /Appointment: /);
    t.notMatch(mail, /PIN/);
    const link = /https?:\/\/[^\s"<]+\/j\/[\w-]{43}/.exec(mail)?.[0] ?? '';

    const customer = await Customer.open(browser, link, tongue);
    await customer.page.getByRole('heading', { name: words.early }).waitFor();
    t.equal(await customer.page.getByRole('button', { name: customer.words.allowCamera }).count(), 0);
    await dialog.getByRole('button', { name: tongue === 'de' ? 'Schließen' : 'Close' }).click();
    await page.getByRole('row').filter({ hasText: words.scheduled }).first().waitFor();
    await customer.goAway();
    await technician.goAway();
  });
}

t.test('the page that was opened too early goes on by itself when it is time', async (t) => {
  const client = await SignallingClient.technician(relay.origin, cookie);
  const from = Date.now() + 8_000;
  const { session } = await client.request('createSession', {
    fields: NO_FIELDS,
    method: 'link',
    appointment: { from, until: from + 60_000 },
  });
  const customer = await Customer.open(browser, session.invitation?.link ?? '', 'en');
  await customer.page.getByRole('heading', { name: WORDS.en.early }).waitFor();
  await customer.press(customer.words.skip);
  t.ok(Date.now() >= from, 'not before its time');
  await customer.join();
  client.close();
  await customer.goAway();
});

t.end();
