/** Real: a relay process, an SMTP server, HTTP. Faked: the SMS gateway behind the webhook. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SECRET_KEPT } from '../../relay/protocol.ts';
import { DEFINITIONS } from '../../relay/settings-documents.ts';
import { startGateway } from '../support/gateway-server.ts';
import { MAIL_ACCOUNT, startMailServer } from '../support/mail-server.ts';
import { startRelay } from '../support/relay-process.ts';
import { callApi, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

t.test('SMS and mail carry a link that opens, and the log tells what became of them', async (t) => {
  const gateway = await startGateway({ status: 202, body: '' });
  const smtp = await startMailServer();
  const relay = await startRelay();
  t.teardown(async () => {
    await relay.stop();
    await gateway.close();
    await smtp.close();
  });
  const cookie = await signIn(relay.origin);
  const put = (name: string, settings: (typeof DEFINITIONS)['sms' | 'mail']['initial']) =>
    callApi(relay.origin, 'PUT /api/admin/settings/:name', { settings }, { cookie, name });
  const sms = {
    ...DEFINITIONS.sms.initial,
    gateway: 'webhook',
    webhookUrl: `${gateway.origin}/sms`,
  } as const;
  const mail = {
    ...({
      host: '127.0.0.1',
      port: smtp.port,
      security: 'none',
      from: 'help@example.org',
      fromName: 'Hilfe',
    } as const),
    ...MAIL_ACCOUNT,
  } as const;
  t.equal((await put('sms', { ...sms, webhookSecret: 'hook key' })).status, 200);
  t.match(await put('mail', mail), { status: 200, json: { settings: { password: SECRET_KEPT } } });

  const stolen = await put('mail', { ...mail, host: 'evil.example', password: SECRET_KEPT });
  t.equal(stolen.json.code, 'secretNeeded', 'a kept password does not go to another host');
  t.equal((await put('mail', { ...mail, password: SECRET_KEPT })).status, 200);
  const disk = ['fernblick.db', 'fernblick.db-wal'].map((file) =>
    readFileSync(join(relay.dataDir, file), 'latin1'),
  );
  t.notOk(disk.join().includes(MAIL_ACCOUNT.password), 'the password is sealed on disk');
  t.equal(
    (await callApi(relay.origin, 'GET /api/admin/settings/:name', undefined, { name: 'sms' })).status,
    401,
  );

  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'link' });
  const send = (by: 'sms' | 'email', to: string, language: 'de' | 'en') =>
    callApi(
      relay.origin,
      'POST /api/send-invitation',
      { sessionId: session.id, by, to, language, timeZone: 'Europe/Berlin' },
      { cookie },
    );
  t.equal((await send('sms', '0170 1234567', 'de')).status, 200);
  t.equal((await send('email', 'customer@example.org', 'en')).status, 200);
  t.equal((await send('email', 'nobody@example.org', 'de')).json.code, 'sendingRefused');
  t.equal((await send('email', 'a@example.org\r\nBcc: b@example.org', 'de')).json.code, 'invalidField');

  const message = JSON.parse(gateway.asked[0]?.body ?? '{}') as { text: string; statusUrl: string };
  t.comment(message.text);
  t.comment(smtp.mails[0]?.text);
  t.equal(smtp.mails.length, 1);
  t.match(smtp.mails[0]?.text, 'Auto-Submitted: auto-generated');

  const report = (url: string) => fetch(url, { method: 'POST', body: '{"status":"delivered"}' });
  t.equal((await report(message.statusUrl)).status, 200);
  t.equal((await report(message.statusUrl)).status, 200, 'gateways say it twice');
  t.equal((await report(`${message.statusUrl.slice(0, -1)}x`)).status, 404);

  const { events } = await technician.request('openLog', { sessionId: session.id });
  t.match(
    events.map(({ type, data }) => [type, data]).filter(([type]) => /^(sms|mail)/.test(String(type))),
    [
      ['smsSent', { toEnd: '4567' }],
      ['mailSent', { to: 'customer@example.org' }],
      ['mailFailed', { code: 'sendingRefused', reason: /550.*no such mailbox/ }],
      ['smsDelivered', {}],
    ],
  );
  t.equal(events.filter(({ type }) => type === 'smsDelivered').length, 1);
  const customer = await SignallingClient.customer(relay.origin);
  const token = /\/j\/([\w-]{43})/.exec(message.text)?.[1] ?? '';
  t.ok(await customer.request('claimLink', { token }), 'the link of the SMS opens');
});
