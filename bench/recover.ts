/**
 * How long the picture stands still when something breaks: from the last frame before to the first one after, on the
 * technician's screen. Everything is real; what breaks is broken from outside, by signals, reloads and a proxy.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { longestPauseMs, steadySince } from './frame-log.ts';
import type { Emit, Summary } from './main.ts';
import { percentile, round } from './percentiles.ts';
import { RecoverSession } from './recover-session.ts';

/** A session that has no steady picture by then counts as lost. */
const LOST_AFTER_MS = 15_000;
/** The picture is back when it has come for so long without a longer pause than that. */
const STEADY_MS = 1_500;
const STEADY_PAUSE_MS = 400;
/** What breaks without a pause is watched for so long. */
const WATCH_MS = 4_000;
/** Time to look at before each fault, for the pauses that a session without faults has. */
const BASELINE_MS = 2_000;
const POLL_MS = 100;
/** A WebSocket that is cut stays away for so long: longer than pages try again at first. */
const SOCKET_CUT_MS = 1_000;

type Fault = {
  about: string;
  /** Undefined: no pause longer than without the fault. */
  targetP95Ms: number | undefined;
  needsLinks?: true;
  /** Kills workers: after the second death of one in a minute the relay makes pauses of its own. */
  killsWorkers?: true;
  strike(session: RecoverSession, trial: number): Promise<void>;
};

const FAULTS: Record<string, Fault> = {
  'worker-kill': {
    about: 'the media worker gets SIGKILL',
    targetP95Ms: 2_000,
    killsWorkers: true,
    strike: (session) => session.signalWorker('SIGKILL'),
  },
  'worker-hang': {
    about: 'the media worker gets SIGSTOP',
    targetP95Ms: 5_000,
    killsWorkers: true,
    strike: (session) => session.signalWorker('SIGSTOP'),
  },
  'address-change': {
    about: 'the customer has another address from now on',
    targetP95Ms: 3_500,
    needsLinks: true,
    strike: async (session) => session.links?.customer.rebind(),
  },
  'front-kill': {
    about: 'the relay gets SIGKILL and is started again at once',
    targetP95Ms: 5_000,
    strike: (session) => session.killFront(),
  },
  'customer-reload': {
    about: 'the customer loads the page anew',
    targetP95Ms: 3_000,
    strike: (session) => reload(session.customer),
  },
  'technician-reload': {
    about: 'the technician loads the page anew',
    targetP95Ms: 3_000,
    strike: (session) => reload(session.technician),
  },
  'socket-cut': {
    about: 'a WebSocket is cut for a second, of the technician and the customer in turns',
    targetP95Ms: undefined,
    needsLinks: true,
    strike: async ({ links }, trial) => {
      const link = trial % 2 === 0 ? links?.technician : links?.customer;
      link?.cutTcp();
      await wait(SOCKET_CUT_MS);
      link?.restoreTcp();
    },
  },
};

async function reload(page: RecoverSession['technician']): Promise<void> {
  await page.reload({ waitUntil: 'commit' });
}

/** A recovered trial, or why there is none. */
type Trial =
  | { pauseMs: number; baselineMs: number; words: string[] }
  | { lost: string; diagnosis: Record<string, unknown> };

async function tryOnce(session: RecoverSession, fault: Fault, number: number): Promise<Trial> {
  const lost = async (why: string, since: number): Promise<Trial> => ({
    lost: why,
    diagnosis: { ...(await session.diagnosis()), words: session.wordsSince(since) },
  });
  const missing = await session.settled(LOST_AFTER_MS);
  if (missing !== undefined) {
    return lost(`not settled before trial ${number}: ${missing}`, Date.now() - LOST_AFTER_MS);
  }
  const calmFrom = Date.now();
  await wait(BASELINE_MS);
  const struckAt = Date.now();
  const strike = fault.strike(session, number);
  let pauseMs = 0;
  for (;;) {
    await wait(POLL_MS);
    const now = Date.now();
    const times = await session.frames(calmFrom);
    pauseMs = longestPauseMs(times, struckAt);
    const since = steadySince(times, now, STEADY_PAUSE_MS);
    const steady = since !== undefined && now - Math.max(since, struckAt) >= STEADY_MS;
    if (steady && (pauseMs > STEADY_PAUSE_MS || now - struckAt >= WATCH_MS)) {
      await strike;
      const calm = times.filter((time) => time < struckAt);
      return { pauseMs, baselineMs: longestPauseMs(calm, calmFrom), words: session.wordsSince(struckAt) };
    }
    if (now - struckAt > LOST_AFTER_MS) {
      await strike;
      return lost(`no steady picture ${LOST_AFTER_MS} ms after the fault`, struckAt);
    }
  }
}

async function tryOften(
  fault: Fault,
  { trials, workers }: { trials: number; workers: number },
): Promise<Trial[]> {
  const results: Trial[] = [];
  const perLife = fault.killsWorkers ? 2 * workers : Number.POSITIVE_INFINITY;
  let session: RecoverSession | undefined;
  try {
    for (let number = 0; number < trials; number++) {
      if (session && number % perLife === 0) {
        // A new relay has no memory of deaths.
        await session.killFront();
      }
      session ??= await RecoverSession.open({ workers, links: fault.needsLinks === true });
      const trial = await tryOnce(session, fault, number);
      results.push(trial);
      if ('lost' in trial) {
        await session.close();
        session = undefined;
      }
    }
  } finally {
    await session?.close();
  }
  return results;
}

/** The row of one kind of fault. */
export function summarize(trials: readonly Trial[], targetP95Ms: number | undefined) {
  const recovered = trials.flatMap((trial) => ('lost' in trial ? [] : [trial]));
  const pauses = recovered.map(({ pauseMs }) => pauseMs);
  const baselines = recovered.map(({ baselineMs }) => baselineMs);
  const lost = trials.length - recovered.length;
  const p95 = percentile(pauses, 0.95);
  // "No pause": none that a session without faults would not have too.
  const target = targetP95Ms ?? Math.max(STEADY_PAUSE_MS / 2, percentile(baselines, 1));
  return {
    n: trials.length,
    p50_ms: round(percentile(pauses, 0.5), 0),
    p95_ms: round(p95, 0),
    max_ms: round(percentile(pauses, 1), 0),
    target_p95_ms: round(target, 0),
    baseline_p95_ms: round(percentile(baselines, 0.95), 0),
    lost,
    met: lost === 0 && p95 <= target,
  };
}

export async function recover(argv: string[], _out: string | undefined, emit: Emit): Promise<Summary> {
  const { values } = parseArgs({
    args: argv,
    options: {
      trials: { type: 'string', default: '20' },
      workers: { type: 'string', default: '2' },
      only: { type: 'string', default: Object.keys(FAULTS).join(',') },
    },
  });
  const trials = Number(values.trials);
  const workers = Number(values.workers);
  const kinds: Record<string, ReturnType<typeof summarize>> = {};
  const raw: Record<string, Trial[]> = {};
  for (const name of values.only.split(',')) {
    const fault = FAULTS[name];
    if (!fault) {
      throw new Error(`There is no fault "${name}". There are ${Object.keys(FAULTS).join(', ')}.`);
    }
    const results = await tryOften(fault, { trials, workers });
    raw[name] = results;
    kinds[name] = summarize(results, fault.targetP95Ms);
    for (const trial of results) {
      if ('lost' in trial) {
        console.error(`${name}: lost, ${trial.lost}\n${JSON.stringify(trial.diagnosis)}`);
      }
    }
    emit({ fault: name, about: fault.about, ...kinds[name] });
  }
  return {
    bench: 'recover',
    trials,
    workers,
    lost: Object.values(kinds).reduce((sum, { lost }) => sum + lost, 0),
    met: Object.values(kinds).every(({ met }) => met),
    kinds,
    raw,
  };
}
