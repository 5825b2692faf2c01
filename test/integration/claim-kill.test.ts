/**
 * kill -9 of the front in the middle of a thousand claims, some of which race for the same PIN: no PIN is claimed twice and none is
 * lost. Real: relay processes, SQLite on disk, WebSockets, SIGKILL.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { ClaimResult, SessionEvent, SessionId, SessionView } from '../../relay/protocol.ts';
import { loopbackAddress } from '../support/loopback-addresses.ts';
import { freePort, type RelayProcess, startRelay } from '../support/relay-process.ts';
import { acceptTerms, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

const CLAIMS = 1_000;
/** So many PINs have two customers. */
const RACES = 100;
const PINS = CLAIMS - RACES;
/** A socket may ask a hundred things at once (S2); a fresh one asks the next lot. */
const ASKED_PER_SOCKET = 80;
const OPENING = 50;
/** Claims under way at a time. */
const AT_ONCE = 50;

/** Asks in lots, each on a console of its own. */
async function asTechnician<In, Out>(
  relay: RelayProcess,
  cookie: string,
  items: readonly In[],
  ask: (console: SignallingClient, item: In) => Promise<Out>,
): Promise<Out[]> {
  const answers: Out[] = [];
  for (let at = 0; at < items.length; at += ASKED_PER_SOCKET) {
    const console = await SignallingClient.technician(relay.origin, cookie);
    const lot = items.slice(at, at + ASKED_PER_SOCKET);
    answers.push(...(await Promise.all(lot.map((item) => ask(console, item)))));
    console.close();
  }
  return answers;
}

async function sessionsOf(relay: RelayProcess, cookie: string): Promise<SessionView[]> {
  const console = await SignallingClient.technician(relay.origin, cookie);
  console.close();
  return console.helloResult?.sessions ?? [];
}

async function openCustomers(relay: RelayProcess, count: number): Promise<SignallingClient[]> {
  const customers: SignallingClient[] = [];
  while (customers.length < count) {
    const some = Array.from({ length: Math.min(OPENING, count - customers.length) }, async (_, index) => {
      const address = loopbackAddress(customers.length + index);
      const client = await SignallingClient.connect(relay.origin, { address });
      await client.hello('customer');
      return client;
    });
    customers.push(...(await Promise.all(some)));
  }
  return customers;
}

type Claim = { sessionId: SessionId; resume: string; outcome: 'answered' | 'refused' | 'unknown' };

/** What a page does, and what it knows afterwards. */
async function claim(customer: SignallingClient, { id, invitation }: SessionView): Promise<Claim> {
  const resume = randomBytes(32).toString('base64url');
  const isCut = () => customer.closed !== undefined;
  try {
    const shown: ClaimResult = await customer.request('claimPin', { pin: invitation?.pin ?? '' });
    const { version, language, hash } = shown.terms.en;
    const { sessionId } = await customer.request('acceptTerms', {
      ...{ version, language, hash, browser: 'Test', resume },
      devices: { microphone: 'on', camera: 'on' },
    });
    return { sessionId, resume, outcome: 'answered' };
  } catch {
    return { sessionId: id, resume, outcome: isCut() ? 'unknown' : 'refused' };
  }
}

const acceptances = (events: readonly SessionEvent[]) =>
  events.filter(({ type }) => type === 'termsAccepted').length;

t.test('a thousand claims and kill -9: no PIN is claimed twice, none is lost', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'fernblick-claims-'));
  const port = await freePort();
  let relay = await startRelay({ dataDir, port });
  const cookie = await signIn(relay.origin);
  const sessions = await asTechnician(relay, cookie, Array(PINS).fill(0), async (console) => {
    return (await console.request('createSession', { fields: NO_FIELDS, method: 'pin' })).session;
  });
  t.equal(new Set(sessions.map(({ invitation }) => invitation?.pin)).size, PINS);
  // The two of a race are beside each other.
  const wanted = sessions.flatMap((session, index) =>
    index % (PINS / RACES) === 0 ? [session, session] : [session],
  );
  t.equal(wanted.length, CLAIMS);
  const customers = await openCustomers(relay, CLAIMS);

  // Not by the clock: somewhere in the middle, on a fast machine as on a slow one.
  const killAfter = randomInt(CLAIMS / 5, (CLAIMS * 3) / 5);
  let answered = 0;
  let killed: Promise<void> | undefined;
  const claims: Claim[] = [];
  let next = 0;
  const walk = async () => {
    // Nobody begins on a socket that is gone.
    for (let index = next++; index < CLAIMS && !killed; index = next++) {
      const [customer, session] = [customers[index], wanted[index]];
      if (customer && session) {
        const result = await claim(customer, session);
        claims.push(result);
        answered += result.outcome === 'answered' ? 1 : 0;
      }
      if (answered >= killAfter) {
        killed ??= relay.kill();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));
  await killed;
  t.ok(killed, `killed after ${killAfter} claims`);
  t.ok(
    claims.some(({ outcome }) => outcome === 'unknown'),
    'some were under way',
  );

  relay = await startRelay({ dataDir, port });
  const listed = new Map((await sessionsOf(relay, cookie)).map((session) => [session.id, session]));
  const logs = await asTechnician(relay, cookie, sessions, async (console, { id }) => {
    return (await console.request('openLog', { sessionId: id })).events;
  });
  const acceptedBySession = new Map(sessions.map(({ id }, index) => [id, acceptances(logs[index] ?? [])]));
  const answeredIds = claims
    .filter(({ outcome }) => outcome === 'answered')
    .map(({ sessionId }) => sessionId);
  t.equal(
    new Set(answeredIds).size,
    answeredIds.length,
    'no two customers were told that they have the same session',
  );
  t.same(
    answeredIds.filter((id) => acceptedBySession.get(id) !== 1),
    [],
    'every claim that was answered is there, once',
  );
  t.same(
    [...acceptedBySession].filter(([, count]) => count > 1),
    [],
    'no session was accepted twice',
  );
  const undecided = sessions.filter(({ id, invitation }) => {
    const isLive = listed.get(id)?.invitation?.pin === invitation?.pin;
    return isLive === (acceptedBySession.get(id) === 1);
  });
  t.same(
    undecided.map(({ id }) => id),
    [],
    'a PIN is live still, or used up: never both, never neither',
  );

  // Who was never answered finds out with the token that they made up.
  const winners = new Map<SessionId, number>();
  for (const { sessionId, resume, outcome } of claims) {
    if (outcome !== 'refused') {
      const client = await SignallingClient.connect(relay.origin);
      const isIn = await client.hello('customer', resume).then(
        () => true,
        () => false,
      );
      client.terminate();
      winners.set(sessionId, (winners.get(sessionId) ?? 0) + (isIn ? 1 : 0));
      if (outcome === 'answered' && !isIn) {
        t.fail(`the customer of ${sessionId} cannot come back`);
      }
    }
  }
  t.same(
    [...winners].filter(([id, count]) => count !== acceptedBySession.get(id)),
    [],
    'whoever was accepted can come back, and nobody else',
  );

  const live = sessions.filter(({ id }) => acceptedBySession.get(id) === 0);
  t.ok(live.length > 0, `${live.length} PINs are live`);
  const latecomers = await openCustomers(relay, live.length);
  const late = await Promise.all(
    live.map(async ({ invitation }, index) => {
      const customer = latecomers[index];
      const shown = await customer?.request('claimPin', { pin: invitation?.pin ?? '' });
      return customer && shown ? (await acceptTerms(customer, shown)).sessionId : 0;
    }),
  );
  t.same(
    late,
    live.map(({ id }) => id),
    'each of them opens its session',
  );
  for (const client of [...customers, ...latecomers]) {
    client.terminate();
  }
  t.equal(await relay.stop(), 0);
  rmSync(dataDir, { recursive: true, force: true });
});
