/**
 * Every way to invite, as technician and customer meet it. Real: relay, pages, Chromium, an SMTP server, HTTP servers that
 * speak the gateways' contracts. Faked: the phones' networks behind the gateways, camera and microphone.
 */
import type { Browser, Locator } from 'playwright-core';
import t, { type Test } from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { type GatewayServer, startGateway } from '../support/gateway-server.ts';
import { MAIL_ACCOUNT, type MailServer, startMailServer } from '../support/mail-server.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const LABELS = {
  en: {
    to: 'To',
    sendSms: 'Send SMS',
    emailLink: 'Email Link',
    sent: 'Sent',
    byServer: 'Send email via the server on my behalf',
  },
  de: {
    to: 'An',
    sendSms: 'SMS senden',
    emailLink: 'Link mailen',
    sent: 'Gesendet',
    byServer: 'E-Mail in meinem Namen über den Server versenden',
  },
} as const;

let relay: RelayProcess;
let browser: Browser;
let gateway: GatewayServer;
let smtp: MailServer;

t.before(async () => {
  [relay, browser, gateway, smtp] = await Promise.all([
    startRelay(),
    launchChromium(SLOW_CAMERA),
    startGateway({ status: 202, body: '' }),
    startMailServer(),
  ]);
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
  await gateway?.close();
  await smtp?.close();
});

/** The text of a mail out of its MIME parts. */
function readMail(raw: string): string {
  return raw
    .replace(/=\r?\n/g, '')
    .replace(/(?:=[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString());
}

function linkIn(text: string): string {
  return /https?:\/\/[^\s"<]+\/j\/[\w-]{43}/.exec(text)?.[0] ?? '';
}

async function openTab(technician: Technician, tab: string): Promise<Locator> {
  await technician.openDialog('Frau Keller');
  const dialog = technician.page.getByRole('dialog');
  await dialog.getByRole('tab', { name: tab, exact: true }).click();
  return dialog;
}

async function entersBy(link: string, tongue: Tongue, technician: Technician): Promise<void> {
  const customer = await Customer.open(browser, link, tongue);
  await customer.press(customer.words.skip);
  await customer.join();
  await technician.page.getByRole('heading', { name: technician.words.customerConnected }).waitFor();
  await customer.goAway();
}

async function setUp(technician: Technician, section: string, values: Record<string, string>): Promise<void> {
  const { page } = technician;
  await page.goto(`${relay.origin}/console/admin/${section}`);
  for (const [label, value] of Object.entries(values)) {
    const control = page.getByLabel(label, { exact: true });
    await control.waitFor();
    if ((await control.evaluate((element) => element.tagName)) === 'SELECT') {
      await control.selectOption(value);
    } else {
      await control.fill(value);
    }
  }
  await technician.press('Save');
  await technician.sees('Saved');
}

t.test(
  'without a gateway the technician’s own phone sends the message, by its QR code or the computer',
  async (t) => {
    const technician = await Technician.signIn(browser, relay.origin, 'en');
    const dialog = await openTab(technician, 'SMS');
    await dialog.getByLabel('To', { exact: true }).fill('+49 170 1234567');
    await dialog.getByRole('button', { name: 'Send from my own phone' }).click();
    await dialog.getByRole('img', { name: 'QR code of the message' }).waitFor();
    const address =
      (await dialog.getByRole('link', { name: /text messages itself/ }).getAttribute('href')) ?? '';
    t.match(address, /^sms:\+491701234567\?&body=/);
    await entersBy(linkIn(decodeURIComponent(address)), 'en', technician);
    await technician.goAway();
  },
);

t.test(
  'an administrator sets gateway and mail server up, tries them and reads what went wrong',
  async (t) => {
    const technician = await Technician.signIn(browser, relay.origin, 'en');
    const { page } = technician;
    await setUp(technician, 'sms', { Gateway: 'HTTP webhook', Address: `${gateway.origin}/sms` });
    await page.getByLabel('To', { exact: true }).fill('0170 7654321');
    await technician.press('Send test');
    await technician.sees('Sent');
    t.match(gateway.asked.at(-1)?.body, /\+491707654321/);
    await page.getByLabel('To', { exact: true }).fill('030 123456');
    await technician.press('Send test');
    await technician.sees('This is not a mobile number.');

    await setUp(technician, 'mail', {
      ...{ 'Mail server (SMTP)': '127.0.0.1', Port: String(smtp.port), Encryption: 'None' },
      ...{ User: MAIL_ACCOUNT.user, Password: MAIL_ACCOUNT.password },
      ...{ 'Sender address': 'help@example.org', 'Sender name': 'Hilfe' },
    });
    await page.getByLabel('To', { exact: true }).fill('nobody@example.org');
    await technician.press('Send test');
    await technician.sees('The message was refused.');
    await page.getByLabel('To', { exact: true }).fill('admin@example.org');
    await technician.press('Send test');
    await technician.sees('Sent');
    t.equal(smtp.mails.length, 1);
    await page.goto(`${relay.origin}/console/admin/templates`);
    await technician.sees(/\d+ of 160 characters/);
    await page.getByLabel('SMS (English)').fill(`${'long '.repeat(40)}{link}`);
    await technician.sees('The text does not fit into one SMS.');
    await technician.goAway();
  },
);

async function bySms(t: Test, tongue: Tongue): Promise<void> {
  const words = LABELS[tongue];
  const technician = await Technician.signIn(browser, relay.origin, tongue);
  const dialog = await openTab(technician, technician.words.smsTab);
  await dialog.getByLabel(words.to, { exact: true }).fill('0170 1234567');
  await dialog.getByRole('button', { name: words.sendSms }).click();
  await dialog.getByText(words.sent, { exact: true }).waitFor();
  const { text } = JSON.parse(gateway.asked.at(-1)?.body ?? '{}') as { text: string };
  t.comment(text);
  t.ok(text.length <= 160);
  await entersBy(linkIn(text), tongue, technician);
  await technician.goAway();
}

async function byMail(t: Test, tongue: Tongue): Promise<void> {
  const words = LABELS[tongue];
  const technician = await Technician.signIn(browser, relay.origin, tongue);
  const dialog = await openTab(technician, technician.words.emailTab.replace('-Adresse', ''));
  await dialog.getByRole('radio', { name: words.byServer }).check();
  await dialog.getByLabel(words.to, { exact: true }).fill('keller@example.org');
  await dialog.getByRole('button', { name: words.emailLink }).click();
  await dialog.getByText(words.sent, { exact: true }).waitFor();
  const mail = readMail(smtp.mails.at(-1)?.text ?? '');
  t.comment(mail);
  await entersBy(linkIn(mail), tongue, technician);
  await technician.goAway();
}

t.test('by SMS, in English', (t) => bySms(t, 'en'));
t.test('by SMS, in German', (t) => bySms(t, 'de'));
t.test('by mail, in English', (t) => byMail(t, 'en'));
t.test('by mail, in German', (t) => byMail(t, 'de'));

t.test(
  'a gateway that refuses, and one that is gone, are said in words, and other ways still work',
  async (t) => {
    const technician = await Technician.signIn(browser, relay.origin, 'en');
    const dialog = await openTab(technician, 'SMS');
    gateway.replies.unshift({ status: 400, body: 'unknown sender' });
    await dialog.getByLabel('To', { exact: true }).fill('0170 2222222');
    await dialog.getByRole('button', { name: 'Send SMS' }).click();
    await technician.sees('The message was refused. The session log says why.');
    await gateway.close();
    await dialog.getByRole('button', { name: 'Send SMS' }).click();
    await technician.sees('The SMS gateway does not answer.');
    await dialog.getByRole('tab', { name: 'Link', exact: true }).click();
    await dialog.getByRole('button', { name: technician.words.copyLink }).click();
    const code = dialog.getByText(/\/j\/[\w-]{43}/).first();
    await entersBy(linkIn((await code.textContent()) ?? ''), 'en', technician);
    t.pass('the customer came by the link of the same session');
    await technician.goAway();
  },
);

t.test('a group that may not use a way has no tab for it', async (t) => {
  const technician = await Technician.signIn(browser, relay.origin, 'en');
  const { page } = technician;
  await page.goto(`${relay.origin}/console/admin/channels`);
  await page.getByRole('button', { name: 'Edit Support' }).click();
  const group = page.getByRole('dialog', { name: 'Edit group' });
  await group.getByLabel('SMS').uncheck();
  await group.getByRole('button', { name: 'Save' }).click();
  await group.waitFor({ state: 'hidden' });
  await page.getByRole('link', { name: technician.words.sessions, exact: true }).click();
  await technician.openDialog();
  const tabs = page.getByRole('dialog').getByRole('tab');
  await page.waitForFunction((tab) => !tab?.textContent?.includes('SMS'), await tabs.nth(1).elementHandle());
  t.same(
    (await tabs.allTextContents()).map((text) => text.trim()),
    ['PIN Code', 'Email', 'Link'],
  );
  await technician.goAway();
});

t.end();
