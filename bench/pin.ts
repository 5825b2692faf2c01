/**
 * `bench pin`: how many customers a second get in by PIN, and how many guesses are refused, beside what uWebSockets.js alone does
 * with the same client. A real relay with SQLite on disk, WebSockets of another process, each from a loopback address of its own:
 * no limit is lifted. A claim is both messages of a customer: `claimPin`, and `acceptTerms`, which consumes the PIN; each is on disk
 * before it is answered. Its echo are the same two messages, sent back. The technicians' consoles are closed again, or each
 * claim would make two media connections, which are `bench start`'s matter.
 *
 * Guesses come from all sockets at once, each as soon as its last one is refused. That is deliberately 300 to 350 ms later, so
 * what is measured is how many the relay refuses a second, and how much later than that. The first hundreds
 * are looked up, the others no more, as in a real attack.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROTOCOL_VERSION, WEBSOCKET_PATH } from '../relay/protocol.ts';
import { type RelayProcess, startRelay } from '../test/support/relay-process.ts';
import { callApi, NO_FIELDS, SignallingClient, signIn } from '../test/support/signalling-client.ts';
import type { Emit, Summary } from './main.ts';
import { percentile, round } from './percentiles.ts';
import { fillHistory } from './pin-history.ts';
import type { LoadCommand, LoadEvent, Walked } from './pin-load.ts';
import { ended } from './subject.ts';

/** Live at a time; above that many, PINs get eight digits. */
const LIVE_MAX = 2_000;
/** An echo of a moment says little: the machine's neighbours come and go. */
const ECHO_S = 1;
const SESSIONS_PER_TECHNICIAN = 100;
/** Asked at once by one console; a socket may ask a hundred things at once, then fifty a second (S2). */
const CREATED_AT_ONCE = 20;
/** The end of the deliberate delay of a refusal. */
const REFUSED_WITHIN_MS = 350;
const REFUSED_ON_AVERAGE_MS = 325;
/** More sockets than this, each with a guess under way, two processes of this machine do not hold. */
const GUESSERS_MAX = 12_000;
/** Of the million. */
const ALLOCATION_SHARE = 0.99;

const TARGET_CLAIMS_SHARE = 0.25;
const TARGET_REFUSALS_SHARE = 0.5;
const TARGET_P99_MS = 10;

const HELLO = JSON.stringify({
  ...{ type: 'hello', id: 1, version: PROTOCOL_VERSION, role: 'customer', language: 'en' },
  ...{ videoCodecs: ['VP8'], peers: [] },
});

type Target = { url: string; origin: string };

class Child {
  readonly #process: ChildProcess;

  constructor(file: string) {
    this.#process = fork(join(import.meta.dirname, file), { execArgv: [] });
  }

  async next<T>(): Promise<T> {
    const [message] = (await once(this.#process, 'message')) as [T];
    return message;
  }

  async ask(command: LoadCommand): Promise<LoadEvent> {
    const answer = this.next<LoadEvent>();
    this.#process.send(command);
    return answer;
  }

  async walk(command: Omit<Extract<LoadCommand, { type: 'walk' }>, 'type'>): Promise<Walked> {
    return (await this.ask({ type: 'walk', ...command })) as Walked;
  }

  async end(): Promise<void> {
    this.#process.disconnect();
    await ended(this.#process);
  }
}

export async function pin(argv: string[], _out: string | undefined, emit: Emit): Promise<Summary> {
  const { values } = parseArgs({
    args: argv,
    options: {
      sizes: { type: 'string', default: '100,2000,900000' },
      rounds: { type: 'string', default: '3' },
      claims: { type: 'string', default: '1500' },
      'in-flight': { type: 'string', default: '16' },
      seconds: { type: 'string', default: '4' },
    },
  });
  const [rounds, claims, inFlight, seconds] = [
    values.rounds,
    values.claims,
    values['in-flight'],
    values.seconds,
  ].map(Number) as [number, number, number, number];
  const sizes = values.sizes.split(',').map(Number);
  if (!(rounds >= 1) || !(claims >= 1 && claims <= LIVE_MAX) || !(inFlight >= 1) || !(seconds >= 1)) {
    throw new RangeError(`--rounds, --in-flight and --seconds take at least 1, --claims 1 to ${LIVE_MAX}.`);
  }
  const echo = new Child('pin-echo.js');
  const load = new Child('pin-load.js');
  const { port } = await echo.next<{ port: number }>();
  const echoTarget = { url: `ws://127.0.0.1:${port}/`, origin: `http://127.0.0.1:${port}` };
  try {
    const bySize = [];
    for (const size of sizes) {
      const result = await claimsAt(size, { echo: echoTarget, load, rounds, claims, inFlight });
      emit({ bench: 'pin', ...result.figures });
      bySize.push(result);
    }
    const refusals = await refusalsOf(echoTarget, load, seconds);
    emit({ bench: 'pin', ...refusals });
    const allocation = await allocationAt(Math.round(ALLOCATION_SHARE * 1_000_000));
    emit({ bench: 'pin', ...allocation });
    return summarise(bySize, refusals, allocation);
  } finally {
    await load.end();
    await echo.end();
  }
}

// ---------------------------------------------------------------- claims

type Round = { echo: Walked; claims: Walked };

type Setting = { echo: Target; load: Child; rounds: number; claims: number; inFlight: number };

async function claimsAt(history: number, { echo, load, rounds, claims, inFlight }: Setting) {
  const results: Round[] = [];
  const site = await openSite(history);
  try {
    for (let at = 0; at < rounds; at++) {
      const pins = await site.createPins(claims);
      const scripts = await site.scripts(pins);
      await load.ask({ type: 'open', ...echo, sockets: claims });
      // The first time warms it up; every socket says its script again until the time is over.
      await load.walk({ scripts, inFlight });
      const echoed = await load.walk({ scripts, inFlight, seconds: ECHO_S });
      await load.ask({ type: 'open', ...site.target, sockets: claims, greeting: HELLO });
      const claimed = await load.walk({ scripts, inFlight });
      if (claimed.completed !== claims) {
        throw new Error(
          `${claims - claimed.completed} claims were refused: ${JSON.stringify(claimed.refused)}`,
        );
      }
      results.push({ echo: echoed, claims: claimed });
    }
    await load.ask({ type: 'close' });
  } finally {
    await site.close();
  }
  const echoPerS = results.map((result) => result.echo.answers / result.echo.seconds);
  const claimsPerS = results.map((result) => result.claims.completed / result.claims.seconds);
  // A claim has two messages, each of which would be an echo.
  const shares = results.map(
    ({ claims }, at) => claims.answers / claims.seconds / (echoPerS[at] ?? Number.NaN),
  );
  const messages = results.flatMap((result) => result.claims.messageMs);
  const whole = results.flatMap((result) => result.claims.scriptMs);
  return {
    rounds: results,
    figures: {
      history,
      claims: rounds * claims,
      claims_per_s: Math.round(percentile(claimsPerS, 0.5)),
      messages_per_s: Math.round(percentile(claimsPerS, 0.5) * 2),
      echo_per_s: Math.round(percentile(echoPerS, 0.5)),
      claims_share_of_echo: round(percentile(shares, 0.5), 3),
      p50_ms: round(percentile(messages, 0.5), 2),
      p99_ms: round(percentile(messages, 0.99), 2),
      whole_claim_p50_ms: round(percentile(whole, 0.5), 2),
      whole_claim_p99_ms: round(percentile(whole, 0.99), 2),
    },
  };
}

/** A relay on a directory with that history. */
async function openSite(history: number) {
  const dataDir = mkdtempSync(join(tmpdir(), 'fernblick-pin-'));
  // Its key and its first account.
  await (await startRelay({ dataDir })).stop();
  await fillHistory(dataDir, history);
  const relay = await startRelay({ dataDir });
  const admin = await signIn(relay.origin);
  let technicians = 0;

  /** A console of its own for each hundred sessions; it is closed when they are there. */
  async function createSome(count: number): Promise<{ pins: string[]; times: number[] }> {
    technicians += 1;
    const credentials = {
      email: `technician${technicians}@example.org`,
      password: 'long enough for a bench',
    };
    const account = { ...credentials, name: 'Anna', nickname: '', role: 'technician' } as const;
    await callApi(relay.origin, 'POST /api/technicians', account, { cookie: admin });
    const cookie = await signIn(relay.origin, credentials);
    const console = await SignallingClient.technician(relay.origin, cookie);
    const pins: string[] = [];
    const times: number[] = [];
    while (pins.length < count) {
      const some = Math.min(CREATED_AT_ONCE, count - pins.length);
      await Promise.all(
        Array.from({ length: some }, async () => {
          const askedAt = performance.now();
          const { session } = await console.request('createSession', { fields: NO_FIELDS, method: 'pin' });
          times.push(performance.now() - askedAt);
          pins.push(session.invitation?.pin ?? '');
        }),
      );
    }
    console.close();
    return { pins, times };
  }

  async function create(count: number): Promise<{ pins: string[]; times: number[] }> {
    const all = { pins: [] as string[], times: [] as number[] };
    while (all.pins.length < count) {
      const { pins, times } = await createSome(Math.min(SESSIONS_PER_TECHNICIAN, count - all.pins.length));
      all.pins.push(...pins);
      all.times.push(...times);
    }
    return all;
  }

  return {
    relay,
    target: targetOf(relay),
    create,
    createPins: async (count: number) => (await create(count)).pins,
    /** What each customer says. The terms are those that the relay shows. */
    async scripts(pins: readonly string[]): Promise<string[][]> {
      const [pin = ''] = await create(1).then((one) => one.pins);
      const customer = await SignallingClient.customer(relay.origin);
      const { terms } = await customer.request('claimPin', { pin });
      customer.close();
      const { version, language, hash } = terms.en;
      return pins.map((pin) => [
        JSON.stringify({ type: 'claimPin', id: 2, pin }),
        JSON.stringify({
          ...{ type: 'acceptTerms', id: 3, version, language, hash, browser: 'Safari 26 on iPhone' },
          devices: { microphone: 'on', camera: 'on' },
          resume: randomBytes(32).toString('base64url'),
        }),
      ]);
    },
    async close() {
      await relay.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function targetOf({ port, origin }: RelayProcess): Target {
  return { url: `ws://127.0.0.1:${port}${WEBSOCKET_PATH}`, origin };
}

// ---------------------------------------------------------------- refusals

async function refusalsOf(echo: Target, load: Child, seconds: number) {
  const relay = await startRelay();
  try {
    const guess = () =>
      JSON.stringify({ type: 'claimPin', id: 2, pin: String(randomInt(1_000_000)).padStart(6, '0') });
    const guesses = (sockets: number) => Array.from({ length: sockets }, () => [guess()]);
    // As many sockets as would bring as many guesses as the echo server can answer.
    await load.ask({ type: 'open', ...echo, sockets: 1_000 });
    const first = await load.walk({ scripts: guesses(1_000), inFlight: 1_000, seconds: 1 });
    const possible = (first.answers / first.seconds) * (REFUSED_ON_AVERAGE_MS / 1000);
    const sockets = Math.min(GUESSERS_MAX, Math.ceil(possible));
    await load.ask({ type: 'open', ...echo, sockets });
    const echoed = await load.walk({ scripts: guesses(sockets), inFlight: sockets, seconds });
    await load.ask({ type: 'close' });
    await load.ask({ type: 'open', ...targetOf(relay), sockets, greeting: HELLO });
    const refused = await load.walk({ scripts: guesses(sockets), inFlight: sockets, seconds });
    await load.ask({ type: 'close' });
    const echoPerS = echoed.answers / echoed.seconds;
    const refusedPerS = refused.answers / refused.seconds;
    return {
      sockets,
      refusals_per_s: Math.round(refusedPerS),
      refusals_echo_per_s: Math.round(echoPerS),
      refusals_share_of_echo: round(refusedPerS / echoPerS, 3),
      refusals_p50_ms: round(percentile(refused.messageMs, 0.5), 1),
      refusals_p99_ms: round(percentile(refused.messageMs, 0.99), 1),
      refusals_late_p99_ms: round(Math.max(0, percentile(refused.messageMs, 0.99) - REFUSED_WITHIN_MS), 1),
    };
  } finally {
    await relay.stop();
  }
}

// ---------------------------------------------------------------- allocation

/** What a technician waits for a PIN when nearly all are taken: the whole request, durable before it is answered. */
async function allocationAt(taken: number) {
  const full = await openSite(taken);
  const empty = await openSite(0);
  try {
    const [atFull, atEmpty] = [await full.create(400), await empty.create(400)];
    return {
      allocation_history: taken,
      allocation_p50_ms: round(percentile(atFull.times, 0.5), 2),
      allocation_p99_ms: round(percentile(atFull.times, 0.99), 2),
      allocation_empty_p50_ms: round(percentile(atEmpty.times, 0.5), 2),
      allocation_empty_p99_ms: round(percentile(atEmpty.times, 0.99), 2),
    };
  } finally {
    await full.close();
    await empty.close();
  }
}

function summarise(
  bySize: Awaited<ReturnType<typeof claimsAt>>[],
  refusals: Awaited<ReturnType<typeof refusalsOf>>,
  allocation: Awaited<ReturnType<typeof allocationAt>>,
): Summary {
  const share = Math.min(...bySize.map(({ figures }) => figures.claims_share_of_echo));
  const p99 = Math.max(...bySize.map(({ figures }) => figures.p99_ms));
  return {
    bench: 'pin',
    sizes: Object.fromEntries(bySize.map(({ figures }) => [figures.history, figures])),
    ...refusals,
    ...allocation,
    least_claims_share_of_echo: share,
    target_claims_share_of_echo: TARGET_CLAIMS_SHARE,
    target_refusals_share_of_echo: TARGET_REFUSALS_SHARE,
    worst_p99_ms: p99,
    target_p99_ms: TARGET_P99_MS,
    met:
      share >= TARGET_CLAIMS_SHARE &&
      refusals.refusals_share_of_echo >= TARGET_REFUSALS_SHARE &&
      p99 <= TARGET_P99_MS,
    raw: { sizes: bySize.map(({ figures, rounds }) => ({ history: figures.history, rounds })) },
  };
}
