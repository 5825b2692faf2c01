/**
 * Stills on their way through a relay. Real: the relay as a process, its WebSockets, SQLite. Faked: the pages, whose
 * frames are made here byte by byte; no media connection is ever made, as where UDP is blocked.
 */
import t from 'tap';
import { STILL_INTERVAL_MIN_MS, STILL_MAX_BYTES } from '../../relay/protocol.ts';
import { until } from '../support/media-probe.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { acceptTerms, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

let relay: RelayProcess;
let cookie: string;

t.before(async () => {
  relay = await startRelay({ env: { FERNBLICK_MAX_ACTIVE_SESSIONS: '5' } });
  cookie = await signIn(relay.origin);
});

t.after(async () => {
  await relay.stop();
});

/** @param length of the whole JPEG; `mark` stands in its last byte */
function jpeg(length: number, mark: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.set([0xff, 0xd8, 0xff, 0xe0]);
  bytes[length - 1] = mark;
  return bytes;
}

async function joined(technician: SignallingClient) {
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'pin' });
  const customer = await SignallingClient.customer(relay.origin);
  const claim = await customer.request('claimPin', { pin: session.invitation?.pin ?? '' });
  const { resume } = await acceptTerms(customer, claim);
  return { id: session.id, customer, resume };
}

/** Sends until it is no longer too early for one. */
async function sendInTime(customer: SignallingClient, bytes: Buffer): Promise<void> {
  await until('the relay to take the next still', async () => {
    const refused = await customer.sendStill(bytes);
    if (refused !== undefined && refused !== 'tooManyMessages') {
      throw new Error(`refused with ${refused}`);
    }
    return refused === undefined;
  });
}

t.test('stills of an active session reach its own console, whole and in order', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { id, customer } = await joined(technician);
  test.equal(await customer.sendStill(jpeg(100, 1)), 'wrongState', 'nothing before Start');
  await technician.request('startSession', { sessionId: id });
  await sendInTime(customer, jpeg(100, 2));
  await sendInTime(customer, jpeg(STILL_MAX_BYTES, 3));
  const frames = await technician.binaryFrames(2);
  test.same(
    frames.map((frame) => [
      frame[0],
      frame.readUInt32BE(1),
      frame.readDoubleBE(5),
      frame.length - 13,
      frame.at(-1),
    ]),
    [
      [1, 0, id, 100, 2],
      [1, 0, id, STILL_MAX_BYTES, 3],
    ],
  );
  test.same(customer.binary, [], 'nothing comes back');
  await technician.request('endSession', { sessionId: id });
  test.equal(await customer.sendStill(jpeg(100, 4)), 'wrongState', 'nothing after the end');
  customer.close();
  technician.close();
});

t.test('a second still within half a second is refused and the page stays', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { id, customer } = await joined(technician);
  await technician.request('startSession', { sessionId: id });
  const started = performance.now();
  test.equal(await customer.sendStill(jpeg(50, 1)), undefined);
  const second = await customer.sendStill(jpeg(50, 2));
  // On a machine so busy that half a second passed between the two there is nothing to refuse.
  if (performance.now() - started < STILL_INTERVAL_MIN_MS) {
    test.equal(second, 'tooManyMessages');
  }
  test.same(await customer.request('ping', {}), {});
  await technician.request('endSession', { sessionId: id });
  customer.close();
  technician.close();
});

t.test(
  'frames that are no still, from whoever should not send one, are answered and go nowhere',
  async (test) => {
    const technician = await SignallingClient.technician(relay.origin, cookie);
    const { id, customer, resume } = await joined(technician);
    await technician.request('startSession', { sessionId: id });

    const early = await SignallingClient.connect(relay.origin);
    test.equal(await early.sendStill(jpeg(50, 1)), 'helloExpected');
    early.close();
    test.equal(await technician.sendStill(jpeg(50, 1)), 'notAllowed');
    const stranger = await SignallingClient.customer(relay.origin);
    test.equal(await stranger.sendStill(jpeg(50, 1)), 'noSuchSession');
    stranger.close();

    test.equal(await customer.sendStill(Buffer.from('<svg onload=alert(1)>')), 'badMessage');
    test.equal(await customer.sendStill(Buffer.alloc(0)), 'badMessage');
    const codes: unknown[] = [];
    customer.onReply = (message) =>
      codes.push(message.type === 'error' ? [message.id, message.code] : message.type);
    customer.sendBinary(Buffer.alloc(0));
    customer.sendBinary(Buffer.from([1, 0]));
    customer.sendBinary(Buffer.from([9, 0, 0, 0xff, 0xff, 0xff, 0xd8, 0xff]));
    await customer.request('ping', {});
    test.same(codes.slice(0, 3), [
      [0, 'badMessage'],
      [0, 'badMessage'],
      [0xffff, 'unknownMessage'],
    ]);

    const newer = await SignallingClient.customer(relay.origin, resume);
    test.equal(await customer.sendStill(jpeg(50, 1)), 'noSuchSession', 'a page that was taken over from');
    test.equal(
      await newer.sendStill(jpeg(STILL_MAX_BYTES + 1, 1)).catch(String),
      'internal',
      'the socket goes',
    );
    await newer.untilClosed();
    test.equal(newer.closed, 1009);
    test.match(newer.events.at(-1), { type: 'closing', code: 'messageTooLarge' });
    await technician.request('ping', {});
    test.same(technician.binary, [], 'nothing of all that was shown');
    await technician.request('endSession', { sessionId: id });
    customer.close();
    technician.close();
  },
);

t.test('a flood of binary frames ends the page that sends it', async (test) => {
  const customer = await SignallingClient.customer(relay.origin);
  for (let sent = 0; sent < 300; sent++) {
    customer.sendBinary(Buffer.from([1, 0, 0, 0, 1]));
  }
  await customer.untilClosed();
  test.equal(customer.closed, 1008);
  test.match(customer.events.at(-1), { type: 'closing', code: 'tooManyMessages' });
});

t.test('the technician reads what the phone sends of its camera, also after a reload', async (test) => {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { id, customer, resume } = await joined(technician);
  const stills = { mode: 'stills', cause: 'bandwidth' } as const;
  test.same(await customer.request('picture', { sessionId: id, picture: stills }), {});
  await technician.event(
    'the picture',
    (event) => event.type === 'session' && event.session.customer?.picture.mode === 'stills',
  );
  const again = await SignallingClient.technician(relay.origin, cookie);
  const listed = again.helloResult?.sessions?.find((session) => session.id === id);
  test.same(listed?.customer?.picture, stills);

  test.equal(await customer.refusal('picture', { sessionId: id + 1, picture: stills }), 'noSuchSession');
  test.equal(await again.refusal('picture', { sessionId: id, picture: stills }), 'noSuchSession');
  const newer = await SignallingClient.customer(relay.origin, resume);
  test.equal(await customer.refusal('picture', { sessionId: id, picture: stills }), 'noSuchSession');
  for (const client of [customer, newer, technician, again]) {
    client.close();
  }
});

t.end();
