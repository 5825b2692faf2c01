/**
 * What the documented TURN server lets whom do. Real: coturn from Debian's package with relay/turnserver.conf, TLS, and
 * the credentials that offers carry. Faked: the client, which is a few messages of a browser's, and the clock of the relay.
 */
import t, { type Test } from 'tap';
import type { IceServer, Role } from '../../relay/protocol.ts';
import { iceServers } from '../../relay/turn.ts';
import { TCP, TurnClient } from '../support/turn-client.ts';
import { startTurnServer, type TurnServer } from '../support/turn-server.ts';

const RELAY = '192.0.2.10';
/** Where no other client of this file comes from. */
const CLIENT = '127.0.0.77';
const USER_QUOTA = 12;

let turn: TurnServer;
let sessions = 1000;

t.before(async () => {
  turn = await startTurnServer({ allowedPeer: RELAY });
});

t.after(() => turn?.stop());

function credentials(
  options: { at?: number; secret?: string; sessionId?: number; role?: Role } = {},
): IceServer {
  const { at = Date.now(), secret = turn.secret, role = 'customer' } = options;
  sessions += 1;
  const sessionId = options.sessionId ?? sessions;
  const [server] = iceServers({ urls: [turn.url], secret }, { sessionId, role }, at);
  if (!server) {
    throw new Error('no credentials');
  }
  return server;
}

async function connect(test: Test, server: IceServer): Promise<TurnClient> {
  const client = await TurnClient.connect(turn.port, server, CLIENT);
  test.teardown(() => client.close());
  return client;
}

t.test('the credential of an offer opens an allocation, until it is out of date', async (t) => {
  t.equal(await (await connect(t, credentials())).allocate(), 200);
  const almost = Date.now() - 2 * 3_600_000 + 60_000;
  t.equal(await (await connect(t, credentials({ at: almost }))).allocate(), 200, 'a minute before its end');
  const over = Date.now() - 2 * 3_600_000 - 2_000;
  t.equal(await (await connect(t, credentials({ at: over }))).allocate(), 401, 'two seconds after its end');
});

t.test('another secret, another name or none at all is refused', async (t) => {
  const good = credentials();
  const longer = `${Number(good.username.split(':')[0]) + 3600}:${good.username.split(':')[1]}`;
  for (const [what, server] of [
    ['another secret', credentials({ secret: 'another secret of the kind' })],
    ['a later end', { ...good, username: longer }],
    ['another role', { ...good, username: good.username.replace('customer', 'technician') }],
    ['no time', { ...good, username: 'session-1-customer' }],
    ['nothing', { ...good, username: '', credential: '' }],
  ] as const) {
    t.not(await (await connect(t, server)).allocate(), 200, what);
  }
});

t.test('only the address of the relay can be reached', async (t) => {
  const client = await connect(t, credentials());
  t.equal(await client.allocate(), 200);
  for (const address of [
    '192.0.2.11',
    '192.0.2.9',
    '127.0.0.1',
    '0.0.0.0',
    '10.0.0.1',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '203.0.113.20',
  ]) {
    t.equal(await client.permit(address), 403, address);
  }
  t.equal(await client.permit(RELAY), 200, 'the relay');
});

t.test('it relays UDP only', async (t) => {
  t.not(await (await connect(t, credentials())).allocate(TCP), 200);
});

t.test('one participant has a bounded number of allocations, however many credentials', async (t) => {
  const at = Date.now();
  const clients = await Promise.all(
    Array.from({ length: USER_QUOTA + 1 }, (_, i) =>
      connect(t, credentials({ sessionId: 7, at: at - i * 1000 })),
    ),
  );
  const answers: number[] = [];
  for (const client of clients) {
    answers.push(await client.allocate());
  }
  t.same(answers, [...Array.from({ length: USER_QUOTA }, () => 200), 486]);
  const other = await connect(t, credentials({ sessionId: 7, role: 'technician' }));
  t.equal(await other.allocate(), 200, 'the other one of the session has their own');
});

t.test('after all that the log has no address of a client', async (t) => {
  t.match(turn.log(), /Coturn/, 'there is a log');
  t.notMatch(turn.log(), /127\.0\.0\.77/);
});

t.end();
