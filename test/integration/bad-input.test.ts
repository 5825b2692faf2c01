/**
 * What the relay does with everything that should not come. Real: the relay as a process, HTTP, WebSocket, SQLite. No
 * browser: the bad input is sent as bytes. Each refusal has a stable code and a sentence, and the relay stays up.
 */
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ERRORS, type ServerMessage } from '../../relay/protocol.ts';
import { type RelayProcess, runRelayToEnd, startRelay } from '../support/relay-process.ts';
import { acceptTerms, callApi, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

let relay: RelayProcess;
let cookie: string;

t.before(async () => {
  relay = await startRelay();
  cookie = await signIn(relay.origin);
});

t.after(async () => {
  await relay.stop();
});

async function newSession(technician: SignallingClient, method: 'pin' | 'link') {
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method });
  const { pin = '', link = '' } = session.invitation ?? {};
  return { id: session.id, pin, token: link.split('/j/')[1] ?? '' };
}

/** A wrong PIN that is certainly not live. */
function otherPin(pin: string): string {
  return String((Number(pin) + 1) % 1_000_000).padStart(6, '0');
}

t.test('a wrong, a used and a cancelled PIN get one and the same answer', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const used = await newSession(technician, 'pin');
  const cancelled = await newSession(technician, 'pin');
  const first = await SignallingClient.customer(relay.origin);
  await acceptTerms(first, await first.request('claimPin', { pin: used.pin }));
  await technician.request('endSession', { sessionId: cancelled.id });

  const guesser = await SignallingClient.customer(relay.origin);
  for (const pin of [otherPin(used.pin), used.pin, cancelled.pin, 'abc']) {
    test.equal(await guesser.refusal('claimPin', { pin }), 'pinUnknown');
  }
  first.close();
  guesser.close();
  technician.close();
});

t.test('of two customers with one PIN the first who accepts has the session', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { pin, id } = await newSession(technician, 'pin');
  const [one, two] = [
    await SignallingClient.customer(relay.origin),
    await SignallingClient.customer(relay.origin),
  ];
  const [claimOne, claimTwo] = [
    await one.request('claimPin', { pin }),
    await two.request('claimPin', { pin }),
  ];
  await acceptTerms(two, claimTwo);
  const { version, language, hash } = claimOne.terms.en;
  const late = await one.refusal('acceptTerms', {
    ...{ version, language, hash, browser: 'Test' },
    devices: { microphone: 'on', camera: 'on' },
    resume: 'A'.repeat(43),
  });
  test.equal(late, 'pinUnknown', 'the second learns no more than a guesser');
  const { events } = await technician.request('openLog', { sessionId: id });
  test.equal(events.filter((event) => event.type === 'termsAccepted').length, 1);
  for (const client of [one, two, technician]) {
    client.close();
  }
});

t.test('a link says whether it was used, ended or never existed', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const used = await newSession(technician, 'link');
  const ended = await newSession(technician, 'link');
  const customer = await SignallingClient.customer(relay.origin);
  await acceptTerms(customer, await customer.request('claimLink', { token: used.token }));
  await technician.request('endSession', { sessionId: ended.id });

  const other = await SignallingClient.customer(relay.origin);
  test.equal(await other.refusal('claimLink', { token: used.token }), 'linkUsed');
  test.equal(await other.refusal('claimLink', { token: ended.token }), 'linkExpired');
  test.equal(await other.refusal('claimLink', { token: 'A'.repeat(43) }), 'linkUnknown');
  test.equal(await other.refusal('claimLink', { token: '../etc' }), 'linkUnknown');
  for (const client of [customer, other, technician]) {
    client.close();
  }
});

t.test('broken, unknown, early and misplaced messages are answered, not obeyed', async (test) => {
  const raw = await SignallingClient.connect(relay.origin);
  const replies: ServerMessage[] = [];
  const reply = async (text: string, id: number) => {
    raw.sendText(text);
    // A request behind it comes back only when the one before was answered.
    await raw.refusal('leave', {}).catch(() => undefined);
    return replies.find((message) => 'id' in message && message.id === id);
  };
  raw.onReply = (message) => replies.push(message);
  const code = (message: ServerMessage | undefined) => (message?.type === 'error' ? message.code : message);

  test.equal(code(await reply('{', 0)), 'badMessage');
  test.equal(code(await reply('[]', 0)), 'badMessage');
  test.equal(code(await reply('{"type":"fly","id":701}', 701)), 'unknownMessage');
  test.equal(code(await reply('{"type":"__proto__","id":702}', 702)), 'unknownMessage');
  test.equal(code(await reply('{"type":"ping","id":703,"more":1}', 703)), 'badMessage');
  test.equal(code(await reply('{"type":"ping","id":704}', 704)), 'helloExpected');
  // Zod throws over it, which once ended the relay.
  const killer = '{"type":"claimPin","id":705,"pin":{"length":{"toString":1}}}';
  test.equal(code(await reply(killer, 705)), 'badMessage');
  raw.close();

  const customer = await SignallingClient.customer(relay.origin);
  const nobody = { version: 1, language: 'en', hash: '0'.repeat(64) } as const;
  test.equal(await customer.refusal('declineTerms', nobody), 'termsChanged');
  test.equal(await customer.refusal('answer', { peerId: 'none', sdp: 'v=0' }), 'noSuchPeer');
  test.equal(await customer.refusal('createSession', { fields: NO_FIELDS, method: 'pin' }), 'notAllowed');
  test.equal(await customer.refusal('hello', hello({})), 'wrongState');
  customer.close();
});

const hello = (other: object) => ({
  version: 1,
  role: 'customer' as const,
  language: 'en' as const,
  videoCodecs: [],
  peers: [],
  ...other,
});

t.test('an old page, a stranger’s page and a signed-out page are told so', async (test) => {
  const old = await SignallingClient.connect(relay.origin);
  test.equal(await old.refusal('hello', hello({ version: 99 })), 'versionMismatch');
  await old.untilClosed();
  test.equal(old.closed, 1008);

  await test.rejects(SignallingClient.connect(relay.origin, { origin: 'https://evil.example' }), /403/);
  const { status, json } = await callApi(
    relay.origin,
    'POST /api/sign-out',
    {},
    {
      cookie,
      origin: 'https://evil.example',
    },
  );
  test.equal(status, 403);
  test.equal(json.code, 'originNotAllowed');

  const unknown = await SignallingClient.connect(relay.origin);
  test.equal(await unknown.refusal('hello', hello({ role: 'technician' })), 'notSignedIn');
  test.equal(await unknown.refusal('hello', hello({ resume: 'nothing' })), 'resumeUnknown');
  unknown.close();
});

t.test('messages that are too long or too many end the socket with a code', async (test) => {
  const long = await SignallingClient.customer(relay.origin);
  long.sendText(JSON.stringify({ type: 'claimPin', id: 9, pin: 'x'.repeat(70_000) }));
  await long.untilClosed();
  test.match(long.events.at(-1), { type: 'closing', code: 'messageTooLarge' });

  const flood = await SignallingClient.customer(relay.origin);
  for (let i = 0; i < 300; i++) {
    flood.sendText(`{"type":"ping","id":${1000 + i}}`);
  }
  await flood.untilClosed();
  test.match(flood.events.at(-1), { type: 'closing', code: 'tooManyMessages' });

  const binary = await SignallingClient.customer(relay.origin);
  binary.sendBinary(Buffer.from([1, 2, 3]));
  await binary.request('ping', {});
  binary.close();
});

t.test('nobody works with somebody else’s session', async (test) => {
  const credentials = { email: 'other@example.org', password: 'another long password' };
  const made = await callApi(
    relay.origin,
    'POST /api/technicians',
    { ...credentials, name: 'Other', nickname: '', role: 'technician' },
    { cookie },
  );
  test.equal(made.status, 201);
  const owner = await SignallingClient.technician(relay.origin, cookie);
  const other = await SignallingClient.technician(relay.origin, await signIn(relay.origin, credentials));
  const { id, pin } = await newSession(owner, 'pin');
  for (const type of ['startSession', 'endSession', 'dismissSession', 'openLog'] as const) {
    test.equal(await other.refusal(type, { sessionId: id }), 'noSuchSession', type);
  }
  test.equal(await other.refusal('editSession', { sessionId: id, fields: NO_FIELDS }), 'noSuchSession');
  test.equal(await owner.refusal('startSession', { sessionId: id }), 'wrongState', 'nobody is there yet');

  const customer = await SignallingClient.customer(relay.origin);
  await acceptTerms(customer, await customer.request('claimPin', { pin }));
  const devices = { microphone: 'muted', camera: 'on' } as const;
  test.equal(await customer.refusal('devices', { sessionId: id + 1, devices }), 'noSuchSession');
  test.equal(await customer.refusal('startSession', { sessionId: id }), 'notAllowed');
  for (const client of [owner, other, customer]) {
    client.close();
  }
});

t.test('the second active session is refused while the first one runs', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const ids: number[] = [];
  const customers: SignallingClient[] = [];
  for (let i = 0; i < 2; i++) {
    const { id, pin } = await newSession(technician, 'pin');
    const customer = await SignallingClient.customer(relay.origin);
    await acceptTerms(customer, await customer.request('claimPin', { pin }));
    ids.push(id);
    customers.push(customer);
  }
  const [first = 0, second = 0] = ids;
  await technician.request('startSession', { sessionId: first });
  test.equal(await technician.refusal('startSession', { sessionId: second }), 'tooManyActiveSessions');
  await technician.request('endSession', { sessionId: first });
  await technician.request('startSession', { sessionId: second });
  await technician.request('endSession', { sessionId: second });
  for (const client of [technician, ...customers]) {
    client.close();
  }
});

t.test('a customer whose socket dies comes back by the token, also when an answer was lost', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { id, pin } = await newSession(technician, 'pin');
  const first = await SignallingClient.customer(relay.origin);
  const { resume } = await acceptTerms(first, await first.request('claimPin', { pin }));
  first.terminate();
  await technician.event(
    'the session to be Reconnecting',
    (event) => event.type === 'session' && event.session.id === id && event.session.status === 'reconnecting',
  );

  const second = await SignallingClient.customer(relay.origin, resume);
  test.equal(second.helloResult?.customer?.phase, 'waiting');
  const next = second.helloResult?.resume ?? '';
  test.match(next, /^[\w-]{43}$/);
  const third = await SignallingClient.customer(relay.origin, resume);
  test.equal(third.helloResult?.sessionId, id, 'the token before still works, as if the answer was lost');
  await second.event('the older page to be told', (event) => event.type === 'superseded');

  await technician.request('endSession', { sessionId: id });
  const late = await SignallingClient.customer(relay.origin, third.helloResult?.resume);
  test.match(late.helloResult, {
    sessionId: id,
    customer: { phase: 'ended', endedAs: 'closedByTechnician' },
  });
  for (const client of [technician, second, third, late]) {
    client.close();
  }
});

t.test('a window that another one took over from can change nothing', async (test) => {
  const older = await SignallingClient.technician(relay.origin, cookie);
  const { id } = await newSession(older, 'pin');
  const newer = await SignallingClient.technician(relay.origin, cookie);
  await older.event('to be told', (event) => event.type === 'superseded');
  test.equal(await older.refusal('endSession', { sessionId: id }), 'notAllowed');
  test.equal(await older.refusal('createSession', { fields: NO_FIELDS, method: 'pin' }), 'notAllowed');
  test.equal(await newer.refusal('endSession', { sessionId: id }), undefined);
  older.close();
  newer.close();
});

t.test('a disabled technician is out at once', async (test) => {
  const credentials = { email: 'leaver@example.org', password: 'leaving for another job' };
  const { json } = await callApi(
    relay.origin,
    'POST /api/technicians',
    { ...credentials, name: 'Leaver', nickname: '', role: 'technician' },
    { cookie },
  );
  const leaver = await SignallingClient.technician(relay.origin, await signIn(relay.origin, credentials));
  await callApi(
    relay.origin,
    'PATCH /api/technicians/:id',
    { enabled: false },
    { cookie, id: json.technician.id },
  );
  await leaver.untilClosed();
  test.match(leaver.events.at(-1), { type: 'closing', code: 'notSignedIn' });
});

t.test('no answer carries a password hash', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const account = await callApi(relay.origin, 'GET /api/account', undefined, { cookie });
  const list = await callApi(relay.origin, 'GET /api/technicians', undefined, { cookie });
  const answers = JSON.stringify([technician.helloResult, account.json, list.json]);
  test.match(answers, /admin@example\.org/);
  test.notMatch(answers, /argon2|passwordHash/);
  technician.close();
});

t.test('the API answers bad requests with a code and its sentence', async (test) => {
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(relay.origin + path, { method: 'POST', body, headers: { Origin: relay.origin, ...headers } });
  const expect = async (response: Response, status: number, code: keyof typeof ERRORS) => {
    test.equal(response.status, status, code);
    test.same(await response.json(), { code, message: ERRORS[code] });
  };
  await expect(await post('/api/nothing', '{}'), 404, 'notFound');
  await expect(await fetch(`${relay.origin}/api/sign-in`), 405, 'methodNotAllowed');
  await expect(await post('/api/sign-in', '{'), 400, 'badMessage');
  await expect(await post('/api/sign-in', '{"email":1}'), 400, 'invalidField');
  await expect(await post('/api/sign-in', 'x'.repeat(100_000)), 413, 'messageTooLarge');
  await expect(await fetch(`${relay.origin}/api/account`), 401, 'notSignedIn');
  await expect(await fetch(`${relay.origin}/api/technicians`), 401, 'notSignedIn');
  await expect(
    await post('/api/sign-in', JSON.stringify({ email: 'nobody@example.org', password: 'wrong' })),
    401,
    'credentialsWrong',
  );
  await expect(await fetch(`${relay.origin}/../../etc/passwd`), 404, 'notFound');
});

t.test('starts that cannot work say why and change nothing', async (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'fernblick-start-'));
  const fails = async (code: string, options: Parameters<typeof runRelayToEnd>[0]) => {
    const result = await runRelayToEnd(options);
    test.equal(result.code, 1, `${code}: ends with 1`);
    test.match(result.stderr, new RegExp(`\\. \\[${code}\\]`), `${code}: a sentence and the code`);
    test.notMatch(result.stdout, /^ready /m);
  };
  await fails('portTaken', { port: relay.port, dataDir: join(folder, 'port') });
  await fails('databaseInUse', { dataDir: relay.dataDir });
  await fails('configInvalid', { args: ['--colour', 'blue'], dataDir: folder });
  await fails('configInvalid', { env: { FERNBLICK_PORT: 'eighty' }, dataDir: folder });

  writeFileSync(join(folder, 'file'), '');
  await fails('dataDirNotWritable', { dataDir: join(folder, 'file') });

  const broken = join(folder, 'broken');
  const sound = await startRelay({ dataDir: broken });
  await sound.stop();
  const database = join(broken, 'fernblick.db');
  copyFileSync(database, join(folder, 'copy.db'));
  const bytes = readFileSync(database);
  bytes.fill(0xa5, 100, bytes.length);
  writeFileSync(database, bytes);
  await fails('databaseCorrupt', { dataDir: broken });
  test.ok(readFileSync(database).equals(bytes), 'a corrupt database is left as it was');
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

t.test('after all of it the relay still answers and ends cleanly', async (test) => {
  test.equal((await fetch(`${relay.origin}/healthz`)).status, 200);
  test.equal(await relay.stop(), 0);
});

t.end();
