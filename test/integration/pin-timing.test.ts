/**
 * Whether a guesser can tell an unknown PIN from one that was used, has expired or was cancelled, or from the right one that a locked
 * address types. Real: sockets, signalling, admission with its waits, sessions, SQLite, a network for each guess. Faked: the clock
 * that expiry and limits go by, who is signed in, and media, of which there are none.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createAdmission } from '../../relay/admission.ts';
import type { Channels } from '../../relay/channels.ts';
import { Guessing } from '../../relay/guessing.ts';
import { createLog } from '../../relay/log.ts';
import type { ServerMessage } from '../../relay/protocol.ts';
import { listen } from '../../relay/server.ts';
import { createSignalling } from '../../relay/signalling.ts';
import { builtInTexts, termsOf } from '../../relay/terms.ts';
import { loopbackAddress } from '../support/loopback-addresses.ts';
import { DEVICES, FIELDS, MINUTE_MS, openScene, Page, TERMS } from '../support/sessions-scene.ts';
import { SignallingClient } from '../support/signalling-client.ts';

const KINDS = ['unknown', 'used', 'expired', 'cancelled', 'locked'] as const;
type Kind = (typeof KINDS)[number];

/** Of each kind. All failures together stay below what closes PINs. */
const SAMPLES = 400;
const AT_ONCE = 100;
/** Each has failed as often as it may before. */
const LOCKED_ADDRESSES = 10;
const FAILURES_UNTIL_LOCKED = 5;
/**
 * Two samples of one distribution differ by more than the bound once in a million times (Kolmogorov and Smirnov); kinds take turns by
 * chance, so whatever the machine does happens to all of them. The bound is 0.19 here, a shift of some ten milliseconds.
 */
const ALPHA = 1e-6;
const bound = (n: number, m: number) => Math.sqrt(-Math.log(ALPHA / 2) / 2) * Math.sqrt((n + m) / (n * m));

/** The largest difference of the two empirical distribution functions. */
function distance(a: readonly number[], b: readonly number[]): number {
  const [first, second] = [a, b].map((values) => [...values].sort((x, y) => x - y)) as [number[], number[]];
  let [i, j, largest] = [0, 0, 0];
  while (i < first.length && j < second.length) {
    const at = Math.min(first[i] ?? 0, second[j] ?? 0);
    while (i < first.length && (first[i] ?? 0) <= at) {
      i++;
    }
    while (j < second.length && (second[j] ?? 0) <= at) {
      j++;
    }
    largest = Math.max(largest, Math.abs(i / first.length - j / second.length));
  }
  return largest;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

async function openFront(folder: string) {
  const scene = await openScene(folder);
  const { sessions, directory, clock, store } = scene;
  const now = () => clock.now;
  const guessing = new Guessing();
  const admission = createAdmission({ directory, guessing, sessions, now, onLevelChange: () => undefined });
  const signalling = createSignalling({
    store,
    sessions,
    admission,
    // Nobody comes by a channel here.
    channels: {} as Channels,
    mayInvite: () => true,
    accountOf: async () => undefined,
    refuseOrigin: () => undefined,
    terms: () => termsOf(builtInTexts('Fernblick'), 1),
    brand: 'Fernblick',
    consoleSettings: () => ({
      customerUrl: '',
      maxActiveSessions: 1,
      smsGateway: false,
      mailGateway: false,
      ways: [],
      waitingSteps: { amberMs: 60_000, redMs: 180_000 },
      awayMs: 0,
      fields: [],
      replies: [],
      recording: 'onDemand',
    }),
    log: createLog('silent'),
    // Of the sockets: their limits are in real time.
    now: Date.now,
  });
  const server = await listen({
    ...{ host: '127.0.0.1', port: 0, socketPath: '/ws', socket: signalling },
    http: () => ({ status: 404, headers: {}, body: '' }),
  });
  const createPin = async () => {
    const view = await sessions.create(scene.anna, FIELDS, 'pin');
    if (typeof view === 'string') {
      throw new Error(view);
    }
    const session = sessions.owned(scene.anna, view.id);
    if (!session) {
      throw new Error('The session is Anna’s.');
    }
    return { session, pin: view.invitation?.pin ?? '' };
  };
  return { scene, sessions, admission, server, createPin, origin: `http://127.0.0.1:${server.port}` };
}

t.test('the distance sees a shift that the bound forbids', async (t) => {
  const uniform = Array.from({ length: SAMPLES }, (_, index) => 300 + (50 * index) / SAMPLES);
  t.equal(distance(uniform, uniform), 0);
  const later = uniform.map((ms) => ms + 15);
  t.ok(distance(uniform, later) > bound(SAMPLES, SAMPLES));
});

t.test('a guesser learns nothing from an answer, and nothing from its time', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fernblick-timing-'));
  const { scene, sessions, admission, server, createPin, origin } = await openFront(folder);

  const used = await createPin();
  const terms = { terms: TERMS, devices: DEVICES, browser: 'Test', resumeHash: 'ab'.repeat(32) };
  await sessions.customers.accept(used.session, new Page(), terms);
  const cancelled = await createPin();
  await sessions.end(scene.anna, cancelled.session);
  const expired = await createPin();
  scene.clock.now += 21 * MINUTE_MS;
  await sessions.tick();
  const right = await createPin();
  const pins: Record<Kind, string> = {
    unknown: '',
    used: used.pin,
    expired: expired.pin,
    cancelled: cancelled.pin,
    locked: right.pin,
  };
  const known = new Set(Object.values(pins));
  const unknown = () => {
    for (;;) {
      const pin = String(Math.floor(Math.random() * 1_000_000)).padStart(6, '0');
      if (!known.has(pin)) {
        return pin;
      }
    }
  };

  let networks = LOCKED_ADDRESSES;
  const guess = async (pin: string, address: string) => {
    const client = await SignallingClient.connect(origin, { address });
    let answer: ServerMessage | undefined;
    await client.hello('customer');
    client.onReply = (message) => {
      answer = message;
    };
    const askedAt = performance.now();
    await client.refusal('claimPin', { pin });
    const ms = performance.now() - askedAt;
    const isOpen = client.closed === undefined;
    client.terminate();
    return { ms, answer: JSON.stringify(answer), isOpen };
  };
  await Promise.all(
    Array.from({ length: LOCKED_ADDRESSES * FAILURES_UNTIL_LOCKED }, (_, index) =>
      guess(unknown(), loopbackAddress(index % LOCKED_ADDRESSES)),
    ),
  );
  const before = { ...admission.attempts };

  const turns = shuffled(KINDS.flatMap((kind) => Array<Kind>(SAMPLES).fill(kind)));
  const times: Record<Kind, number[]> = { unknown: [], used: [], expired: [], cancelled: [], locked: [] };
  const answers = new Map<Kind, Set<string>>(KINDS.map((kind) => [kind, new Set()]));
  let locked = 0;
  const walk = async () => {
    for (let kind = turns.pop(); kind !== undefined; kind = turns.pop()) {
      const address = loopbackAddress(kind === 'locked' ? locked++ % LOCKED_ADDRESSES : networks++);
      const { ms, answer, isOpen } = await guess(kind === 'unknown' ? unknown() : pins[kind], address);
      times[kind].push(ms);
      answers.get(kind)?.add(`${answer} ${isOpen}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));

  t.equal(admission.attempts.unknown - before.unknown, 4 * SAMPLES, 'four kinds were looked up');
  t.equal(admission.attempts.locked - before.locked, SAMPLES, 'one was not');
  t.equal(admission.attempts.admitted, 0);
  const texts = new Set([...answers.values()].flatMap((some) => [...some]));
  t.equal(texts.size, 1, [...texts].join('\n'));
  t.match([...texts][0], /"code":"pinUnknown".* true$/, 'and the socket stays open');
  for (const [index, a] of KINDS.entries()) {
    for (const b of KINDS.slice(index + 1)) {
      const apart = distance(times[a], times[b]);
      t.ok(apart < bound(SAMPLES, SAMPLES), `${a} and ${b}: ${apart.toFixed(3)}`);
    }
  }
  server.close();
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});
