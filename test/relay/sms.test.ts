/** Real: the adapters, the limiter, HTTP to a server that speaks each gateway's contract. Faked: the gateways. */
import { createHmac } from 'node:crypto';
import t, { type Test } from 'tap';
import { createMemoryLimiter } from '../../relay/memory.ts';
import { DEFINITIONS } from '../../relay/settings-documents.ts';
import { createSms } from '../../relay/sms.ts';
import { createGateways, readDelivery, type SmsSettings, signV4 } from '../../relay/sms-gateways.ts';
import { type GatewayServer, type Reply, startGateway } from '../support/gateway-server.ts';

const TO = '+491701234567';
const SET = {
  ...DEFINITIONS.sms.initial,
  sender: 'Help',
  accountId: 'AC1',
  accountSecret: 'secret',
  webhookSecret: 'key',
};

async function scene(t: Test, settings: Partial<SmsSettings>, ...replies: Reply[]) {
  const server: GatewayServer = await startGateway(...replies);
  t.teardown(() => server.close());
  const all: SmsSettings = { ...SET, webhookUrl: `${server.origin}/send`, ...settings };
  const sms = createSms({
    settings: () => all,
    limiter: createMemoryLimiter(),
    now: () => 1_767_225_600_000,
    statusUrl: (id) => `https://help.example.org/hooks/sms/${id}`,
    gateways: createGateways({
      twilio: server.origin,
      vonage: server.origin,
      sns: () => `${server.origin}/`,
    }),
    timeoutMs: 300,
    pauseMs: 1,
  });
  return { server, send: (to = TO, technician = 1) => sms.send(technician, '1001', to, 'Hallo ä "x"') };
}

t.test('the webhook gets the filled template with a signature over time and body', async (t) => {
  const { server, send } = await scene(t, { gateway: 'webhook' }, { status: 202, body: '' });
  t.match(await send('0170 1234567'), { sent: true, to: TO });
  const { headers = {}, body = '' } = server.asked[0] ?? {};
  t.match(JSON.parse(body), { to: TO, text: 'Hallo ä "x"' });
  const signature = createHmac('sha256', 'key')
    .update(`${headers['x-fernblick-timestamp']}.${body}`)
    .digest('hex');
  t.equal(headers['x-fernblick-signature'], `sha256=${signature}`);
});

const CONTRACTS = [
  [
    'twilio',
    { status: 201, body: '{"sid":"SM1"}' },
    { status: 400, body: '{"code":21211,"message":"Invalid To"}' },
  ],
  [
    'vonage',
    { status: 200, body: '{"messages":[{"status":"0"}]}' },
    { status: 200, body: '{"messages":[{"status":"9","error-text":"Invalid To"}]}' },
  ],
  [
    'sns',
    { status: 200, body: '<PublishResponse/>' },
    { status: 400, body: '<Error><Code>InvalidParameter</Code><Message>Invalid To</Message></Error>' },
  ],
] as const;

for (const [gateway, good, bad] of CONTRACTS) {
  t.test(`${gateway} takes the message, and its refusal comes back in its own words`, async (t) => {
    const { server, send } = await scene(t, { gateway }, bad, good);
    t.same(await send(), { sent: false, code: 'sendingRefused', reason: 'Invalid To' });
    t.equal(server.asked.length, 1, 'a refusal is not repeated');
    t.match(await send(), { sent: true });
    const form = new URLSearchParams(server.asked[1]?.body);
    t.equal(form.get('Body') ?? form.get('text') ?? form.get('Message'), 'Hallo ä "x"');
  });

  t.test(`${gateway} without an answer is not asked twice`, async (t) => {
    const { server, send } = await scene(t, { gateway }, 'silent');
    t.same(await send(), { sent: false, code: 'sendingRefused', reason: 'time-out' });
    t.equal(server.asked.length, 1);
  });
}

t.test('a gateway that is busy is asked again, three times in all', async (t) => {
  const busy = { status: 503, body: '' };
  const once = await scene(t, { gateway: 'twilio' }, busy, { status: 201, body: '{}' });
  t.match(await once.send(), { sent: true });
  const always = await scene(t, { gateway: 'twilio' }, busy);
  t.match(await always.send(), { code: 'gatewayUnreachable', reason: 'HTTP 503' });
  t.equal(always.server.asked.length, 3);
});

t.test('a webhook without an answer is asked again with the same key', async (t) => {
  const { server, send } = await scene(t, { gateway: 'webhook' }, 'silent', { status: 200, body: '' });
  t.match(await send(), { sent: true });
  t.equal(new Set(server.asked.map(({ headers }) => headers['idempotency-key'])).size, 1);
  t.equal(server.asked.length, 2);
});

t.test('landlines, other countries and too many messages never reach the gateway', async (t) => {
  const good = { status: 200, body: '' };
  const { server, send } = await scene(t, { gateway: 'webhook', perNumberPerDay: 1 }, good);
  t.match(await send('030 1234567'), { code: 'numberNotMobile' });
  t.match(await send('+33 6 12 34 56 78'), { code: 'countryNotAllowed' });
  t.match(await send(), { sent: true });
  t.match(await send(), { code: 'sendingLimit' });
  t.equal(server.asked.length, 1);
  const hour = await scene(t, { gateway: 'webhook', perTechnicianPerHour: 1, perDay: 2 }, good);
  t.match(await hour.send('0170 1234567'), { sent: true });
  t.match(await hour.send('0170 1234568'), { code: 'sendingLimit' }, 'of this technician');
  t.match(await hour.send('0170 1234568', 2), { sent: true });
  t.match(await hour.send('0170 1234569', 3), { code: 'sendingLimit' }, 'of the day');
});

t.test('the signature is that of AWS’s own example', async (t) => {
  // aws-sig-v4-test-suite, post-vanilla.
  const keys = {
    id: 'AKIDEXAMPLE',
    secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
    service: 'service',
  };
  const headers = signV4(keys, 'https://example.amazonaws.com/', {}, '', Date.UTC(2015, 7, 30, 12, 36));
  t.match(
    headers['Authorization'],
    /Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b$/,
  );
});

t.test('status reports of Twilio, Vonage and webhook are understood', async (t) => {
  t.same(readDelivery({ MessageStatus: 'delivered' }), { delivered: true, reason: '' });
  t.same(readDelivery({ status: 'failed', 'err-code': '6' }), { delivered: false, reason: '6' });
  t.equal(readDelivery({ status: 'accepted' }), undefined);
});
