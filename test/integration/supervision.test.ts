/**
 * What the relay does when a part of it fails, is flooded or is told to stop. Real: the relay with its workers as
 * processes, signals, WebSockets, ICE, DTLS and SRTP on loopback. Faked: the browsers, which are node-datachannel peers
 * that send packets like Chromium's.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { SyntheticPage } from '../../bench/synthetic-page.ts';
import { endSyntheticPeers } from '../../bench/synthetic-peer.ts';
import { CRASH_LOOP_DEATHS } from '../../relay/supervision.ts';
import { type RelayOptions, type RelayProcess, startRelay } from '../support/relay-process.ts';
import { callApi, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

const WAIT_MS = 20_000;
const POLL_MS = 10;
/** Of a machine that does other things too; the figures of a quiet one are measured by `bench recover`. */
const HANG_RECOVERY_MAX_MS = 5_000;

/** Waits for a condition; what it waited for is in the failure. */
async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`Waited in vain for ${what}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

type Readiness = {
  status: number;
  problems: string[];
  warnings: string[];
  workers: { worker: number; pid?: number; state: string; peers: number; level: string }[];
};

async function readiness({ origin }: RelayProcess): Promise<Readiness> {
  const response = await fetch(`${origin}/readyz`);
  return { ...((await response.json()) as Omit<Readiness, 'status'>), status: response.status };
}

/** The pid of the worker that has the only session. */
async function busyWorker(relay: RelayProcess): Promise<number> {
  const busy = (await readiness(relay)).workers.find(({ peers }) => peers > 0);
  if (busy?.pid === undefined) {
    throw new Error('no worker has a peer');
  }
  return busy.pid;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Losses are errors in its log, and meant here. */
const QUIET = { FERNBLICK_LOG_LEVEL: 'silent' };

async function start(t: Test, options: RelayOptions = {}): Promise<{ relay: RelayProcess; cookie: string }> {
  const relay = await startRelay({ ...options, env: { ...QUIET, ...options.env } });
  t.teardown(() => relay.stop());
  return { relay, cookie: await signIn(relay.origin) };
}

async function call(t: Test, relay: RelayProcess, cookie: string) {
  const pages = await SyntheticPage.call(relay.origin, cookie);
  t.teardown(() => {
    pages.technician.leave();
    pages.customer.leave();
  });
  await flowing('the call', pages);
  return pages;
}

/** Both sides get more than they had, picture included. */
async function flowing(
  what: string,
  { technician, customer }: Record<'technician' | 'customer', SyntheticPage>,
) {
  const before = { video: technician.received.video, audio: customer.received.audio };
  await until(
    `media of ${what}`,
    () => technician.received.video > before.video + 5 && customer.received.audio > before.audio + 5,
  );
}

t.teardown(() => endSyntheticPeers());

t.test('a worker that is killed costs a moment: its session goes on beside it', async (t) => {
  const { relay, cookie } = await start(t, { env: { FERNBLICK_MEDIA_WORKERS: '2' } });
  const pages = await call(t, relay, cookie);
  const killed = await busyWorker(relay);
  const offers = pages.technician.offers;
  const killedAt = performance.now();
  process.kill(killed, 'SIGKILL');
  await until('another offer', () => pages.technician.offers > offers && pages.customer.offers > 1);
  t.comment(`offered again after ${Math.round(performance.now() - killedAt)} ms`);
  await flowing('the call on another worker', pages);
  t.comment(`picture missing for ${Math.round(pages.technician.longestGapMs.video)} ms`);
  t.not(await busyWorker(relay), killed);
  await until('the next worker', async () =>
    (await readiness(relay)).workers.every(({ state }) => state === 'ready'),
  );
  const { status, problems } = await readiness(relay);
  t.same({ status, problems }, { status: 200, problems: [] });
});

t.test('the only worker is replaced, and its session comes back', async (t) => {
  const { relay, cookie } = await start(t);
  const pages = await call(t, relay, cookie);
  process.kill(await busyWorker(relay), 'SIGKILL');
  await until('another offer', () => pages.customer.offers > 1);
  await flowing('the call on the next worker', pages);
  t.comment(`picture missing for ${Math.round(pages.technician.longestGapMs.video)} ms`);
});

t.test('a worker that stops answering is replaced within five seconds', async (t) => {
  const { relay, cookie } = await start(t, { env: { FERNBLICK_MEDIA_WORKERS: '2' } });
  const pages = await call(t, relay, cookie);
  const stopped = await busyWorker(relay);
  process.kill(stopped, 'SIGSTOP');
  t.teardown(() => exists(stopped) && process.kill(stopped, 'SIGKILL'));
  await until('another offer', () => pages.customer.offers > 1 && pages.technician.offers > 1);
  await flowing('the call on another worker', pages);
  const gapMs = pages.technician.longestGapMs.video;
  t.ok(gapMs < HANG_RECOVERY_MAX_MS, `picture missing for ${Math.round(gapMs)} ms`);
  await until('the stopped worker to be gone', () => !exists(stopped));
});

t.test('a worker that dies again and again rests, and the relay says so', async (t) => {
  const { relay, cookie } = await start(t);
  for (let death = 1; death <= CRASH_LOOP_DEATHS; death++) {
    await until(`life ${death}`, async () => (await readiness(relay)).workers[0]?.state === 'ready');
    const pid = (await readiness(relay)).workers[0]?.pid;
    process.kill(pid ?? 0, 'SIGKILL');
    await until(`death ${death}`, async () => (await readiness(relay)).workers[0]?.pid !== pid);
  }
  const { status, problems, warnings, workers } = await readiness(relay);
  t.equal(status, 503);
  t.same(problems, ['no media worker']);
  t.match(warnings, [/worker 0 rests/]);
  t.match(workers, [{ state: 'resting' }]);
  const technician = await SignallingClient.technician(relay.origin, cookie);
  t.equal(
    await technician.refusal('createSession', { fields: NO_FIELDS, method: 'pin' }),
    'relayFull',
    'people are told that there is no room',
  );
  technician.close();
  const metrics = await (await fetch(`${relay.origin}/metrics`)).text();
  t.match(metrics, `fernblick_worker_losses_total{worker="0",cause="exit"} ${CRASH_LOOP_DEATHS}`);
});

t.test('kill -9 of the front during a call: it starts again at once on the same ports', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'fernblick-supervision-'));
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }));
  for (const mux of ['false', 'true']) {
    const env = { ...QUIET, FERNBLICK_MEDIA_PORTS: '36000-36019', FERNBLICK_MEDIA_MUX: mux };
    const first = await startRelay({ dataDir, env });
    const cookie = await signIn(first.origin);
    const { technician, customer, sessionId } = await SyntheticPage.call(first.origin, cookie);
    await flowing('the call', { technician, customer });
    const killedAt = performance.now();
    await first.kill();
    const second = await startRelay({ dataDir, env, port: first.port });
    t.comment(`ready again after ${Math.round(performance.now() - killedAt)} ms, mux ${mux}`);
    technician.dropMedia();
    customer.dropMedia();
    technician.adopt(await SignallingClient.technician(second.origin, cookie));
    const found = technician.client.helloResult?.sessions?.find(({ id }) => id === sessionId);
    t.ok(found, 'the session is there');
    customer.adopt(await SignallingClient.customer(second.origin, customer.resume));
    await flowing('the call after the restart', { technician, customer });
    await technician.client.request('endSession', { sessionId });
    technician.leave();
    customer.leave();
    t.equal(await second.stop(), 0);
  }
});

t.test('SIGTERM lets a call end, takes nothing new meanwhile, and ends with exit code 0', async (t) => {
  const { relay, cookie } = await start(t, { env: { FERNBLICK_DRAIN_SECONDS: '60' } });
  const { technician, customer, sessionId } = await call(t, relay, cookie);
  const ended = relay.stop();
  await until('the relay to drain', async () => (await readiness(relay)).status === 503);
  t.same((await readiness(relay)).problems, ['draining']);
  t.equal(await technician.client.refusal('createSession', { fields: NO_FIELDS, method: 'pin' }), 'draining');
  await flowing('the call that goes on', { technician, customer });
  await technician.client.request('endSession', { sessionId });
  t.equal(await ended, 0);
  await customer.client.untilClosed();
  t.equal(customer.client.closed, 1012);
  t.match(customer.client.events.at(-1), { type: 'closing', code: 'draining' });
});

t.test('without a call SIGTERM ends at once; with one a second signal does', async (t) => {
  const { relay, cookie } = await start(t, { env: { FERNBLICK_DRAIN_SECONDS: '600' } });
  await call(t, relay, cookie);
  const ended = relay.stop();
  await until('the relay to drain', async () => (await readiness(relay)).status === 503);
  process.kill(relay.pid, 'SIGTERM');
  t.equal(await ended, 0);
  const idle = await startRelay({ env: { FERNBLICK_DRAIN_SECONDS: '600' } });
  t.equal(await idle.stop(), 0);
});

t.test('a participant that keeps flooding is closed, and the call of the others goes on', async (t) => {
  const { relay, cookie } = await start(t);
  const colleague = { email: 'colleague@example.org', password: 'another long password' };
  const body = { ...colleague, name: 'Colleague', nickname: '', role: 'technician' } as const;
  await callApi(relay.origin, 'POST /api/technicians', body, { cookie });
  const flooder = await call(t, relay, cookie);
  const others = await call(t, relay, await signIn(relay.origin, colleague));
  const { offers } = flooder.customer;
  const flood = setInterval(() => flooder.customer.flood(100), 10);
  t.teardown(() => clearInterval(flood));
  await until('the flooder to be closed', async () => {
    const metrics = await (await fetch(`${relay.origin}/metrics`)).text();
    return /fernblick_worker_peers_flooded\{worker="0"\} [1-9]/.test(metrics);
  });
  clearInterval(flood);
  t.equal(others.customer.offers, 1, 'the others kept their connection');
  await flowing('the call of the others', others);
  await until('another chance for the flooder', () => flooder.customer.offers > offers);
  await flowing('its call after the flood', flooder);
});

t.test('a front that dies while its worker starts leaves none behind', async (t) => {
  const worker = join(import.meta.dirname, '..', '..', 'relay', 'worker.js');
  const config = { portRangeBegin: 31_990, portRangeEnd: 31_999, mux: false, announcedIps: [] };
  const front = `
    const { pid } = require('node:child_process').fork(${JSON.stringify(worker)}, [${JSON.stringify(JSON.stringify(config))}]);
    process.stdout.write(String(pid), () => setTimeout(() => process.kill(process.pid, 'SIGKILL'), AFTER));`;
  // Before the worker runs anything of ours, and somewhere in its start.
  for (const afterMs of [0, 60, 120]) {
    const child = spawn(process.execPath, ['-e', front.replace('AFTER', String(afterMs))], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    await until('the worker to go', () => !exists(Number(chunk.toString())));
    t.not(child.exitCode, 0);
  }
});

t.end();
