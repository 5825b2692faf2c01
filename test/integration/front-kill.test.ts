/**
 * kill -9 of the front while technicians create sessions and customers accept: whatever was answered is there after
 * the restart. Real: relay processes, SQLite on disk, WebSockets, SIGKILL at a random moment, twenty times.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SessionId } from '../../relay/protocol.ts';
import { freePort, type RelayProcess, startRelay } from '../support/relay-process.ts';
import { acceptTerms, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

const ROUNDS = 20;
/** Somewhere in the middle of some dozens of transactions. */
const KILL_AFTER_MAX_MS = 250;

type Answered = { sessions: Map<SessionId, { pin: string; events: string[] }> };

/** Works until the socket dies; notes only what was answered. */
async function createUntilKilled(relay: RelayProcess, cookie: string, answered: Answered): Promise<void> {
  try {
    const technician = await SignallingClient.technician(relay.origin, cookie);
    for (let i = 0; ; i++) {
      const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'pin' });
      const entry = { pin: session.invitation?.pin ?? '', events: ['sessionCreated', 'pinCreated'] };
      answered.sessions.set(session.id, entry);
      if (i % 3 === 0) {
        const customer = await SignallingClient.customer(relay.origin);
        const claim = await customer.request('claimPin', { pin: entry.pin });
        entry.events.push('customerArrived');
        // From here on nobody knows whether the PIN is used up until the answer is there.
        entry.pin = '';
        await acceptTerms(customer, claim);
        entry.events.push('termsAccepted');
        customer.close();
      }
    }
  } catch {
    // The kill: the request in flight was never answered.
  }
}

/** A socket may ask a hundred things at once (S2); a fresh one asks the next lot. */
const LOGS_PER_SOCKET = 80;

async function eventTypes(relay: RelayProcess, cookie: string, ids: SessionId[]) {
  const types = new Map<SessionId, string[]>();
  for (let i = 0; i < ids.length; i += LOGS_PER_SOCKET) {
    const technician = await SignallingClient.technician(relay.origin, cookie);
    for (const sessionId of ids.slice(i, i + LOGS_PER_SOCKET)) {
      const { events } = await technician.request('openLog', { sessionId });
      types.set(
        sessionId,
        events.map((event) => event.type),
      );
    }
    technician.close();
  }
  return types;
}

async function check(test: Test, relay: RelayProcess, cookie: string, answered: Answered): Promise<void> {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const views = technician.helloResult?.sessions ?? [];
  technician.close();
  const listed = new Map(views.map((session) => [session.id, session]));
  const ids = [...answered.sessions.keys()];
  test.same(
    ids.filter((id) => !listed.has(id)),
    [],
    'every answered session is there',
  );
  const logs = await eventTypes(relay, cookie, ids);
  const lost = ids.filter((id) => {
    const log = logs.get(id) ?? [];
    return !answered.sessions.get(id)?.events.every((type) => log.includes(type));
  });
  test.same(lost, [], 'every answered event is there');
  const closedPins = ids.filter((id) => {
    const pin = answered.sessions.get(id)?.pin;
    return pin !== '' && listed.get(id)?.invitation?.pin !== pin;
  });
  test.same(closedPins, [], 'every live PIN still opens the same session');
  const live = views.flatMap((session) => session.invitation?.pin ?? []);
  test.equal(new Set(live).size, live.length, 'no PIN is live twice');
}

t.test('nothing that was answered is lost by kill -9', async (test) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'fernblick-kill-'));
  const port = await freePort();
  const answered: Answered = { sessions: new Map() };
  let relay = await startRelay({ dataDir, port });
  const cookie = await signIn(relay.origin);
  for (let round = 0; round < ROUNDS; round++) {
    const work = createUntilKilled(relay, cookie, answered);
    // A random moment is the point here: the kill may hit any step.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * KILL_AFTER_MAX_MS));
    await relay.kill();
    await work;
    relay = await startRelay({ dataDir, port });
  }
  test.ok(answered.sessions.size >= ROUNDS / 2, `${answered.sessions.size} sessions were answered`);
  await check(test, relay, cookie, answered);
  test.equal(await relay.stop(), 0);
  rmSync(dataDir, { recursive: true, force: true });
});
