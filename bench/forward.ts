/**
 * `bench forward`: what forwarding costs per packet. The media worker is the real child process, driven over its
 * IPC; with `--vs` Janus and a plain prototype get the very same load in turns in the same run, so that whatever
 * else the machine does hits all of them. This process holds all publishers and subscribers: one clock.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { WorkerLaunch } from '../relay/worker-process.ts';
import { AUDIO_PPS, load, Session, sleep, Tally } from './forward-load.ts';
import { type Figures, figures, forwardPlot, type Run, ratios, rawRun } from './forward-report.ts';
import { missingJanus } from './janus-server.ts';
import type { Emit, Summary } from './main.ts';
import { plotSvg } from './plot.ts';
import { connectAll, cpuTimeUs, rssBytes, type StartSubject, type Subject, startDirect } from './subject.ts';
import { startJanus } from './subject-janus.ts';
import { startPrototype } from './subject-prototype.ts';
import { relay } from './subject-relay.ts';
import { endSyntheticPeers } from './synthetic-peer.ts';

/** What connecting left to do, garbage for example, is not idling. */
const SETTLE_MS = 1_000;
const IDLE_MS = 2_000;

type Options = {
  sessions: number[];
  pps: number;
  /** Measured time of one subject in one round. */
  seconds: number;
  rounds: number;
  /** Subjects that run at the same time, half of the sessions each, instead of in turns. */
  paired: boolean;
  subjects: Map<string, StartSubject>;
};

/** A subject that is connected and waits for its load. */
type Ready = {
  name: string;
  subject: Subject;
  sessions: Session[];
  tally: Tally;
  setupMs: number[];
  rssBeforeBytes: number;
  idleUsPerS: number;
};

/** Janus needs a network of its own, and so the same for all subjects. */
export function forwardNeedsPrivateNetwork(argv: readonly string[]): boolean {
  const missing = missingJanus();
  const wanted = readOptions(argv).subjects.has('janus');
  if (wanted && missing !== undefined) {
    throw new Error(missing);
  }
  return wanted;
}

export async function forward(
  argv: readonly string[],
  out: string | undefined,
  emit: Emit,
): Promise<Summary> {
  const options = readOptions(argv);
  const { rounds, seconds, pps } = options;
  const runs: Run[] = [];
  const sizes: Record<string, unknown>[] = [];
  for (const sessions of options.sessions) {
    const ofSize: Run[] = [];
    for (let round = 0; round < rounds; round++) {
      ofSize.push(...(await measureRound(options, sessions, round)));
    }
    runs.push(...ofSize);
    const size = {
      bench: 'forward',
      sessions,
      pps,
      audio_pps: AUDIO_PPS,
      rounds,
      seconds,
      ...compare(ofSize),
    };
    sizes.push(size);
    if (options.sessions.length > 1) {
      emit(size);
    }
  }
  await endSyntheticPeers();
  if (out !== undefined) {
    writeFileSync(join(out, 'forward.svg'), plotSvg(forwardPlot(runs)));
  }
  const raw = { runs: runs.map(rawRun) };
  const [only] = sizes;
  return sizes.length === 1 && only !== undefined
    ? { ...only, bench: 'forward', raw }
    : {
        bench: 'forward',
        pps,
        audio_pps: AUDIO_PPS,
        rounds,
        seconds,
        ...overview(sizes),
        raw: { ...raw, sizes },
      };
}

function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      sessions: { type: 'string' },
      pps: { type: 'string', default: '300' },
      seconds: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '3' },
      vs: { type: 'string' },
      'vs-build': { type: 'string' },
      only: { type: 'string' },
      paired: { type: 'boolean', default: false },
      mux: { type: 'boolean', default: false },
      'node-options': { type: 'string' },
      'no-batch': { type: 'boolean', default: false },
      preload: { type: 'string' },
      env: { type: 'string', multiple: true, default: [] },
    },
  });
  const { vs, mux } = values;
  if (vs !== undefined && vs !== 'janus' && vs !== 'prototype') {
    throw new RangeError('--vs takes janus or prototype.');
  }
  const build = values['vs-build'];
  const environment = Object.fromEntries(
    values.env.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  );
  const launch: WorkerLaunch = {
    environment,
    ...(values['node-options'] !== undefined && { execArgv: values['node-options'].split(' ') }),
    batch: !values['no-batch'],
    ...(values.preload !== undefined && { preload: values.preload }),
  };
  const subjects = new Map<string, StartSubject>([['relay', relay({ mux, launch })]]);
  if (build !== undefined) {
    subjects.set('build', relay({ mux: false, directory: build }));
  }
  if (vs === 'janus') {
    subjects.set('janus', startJanus);
  }
  if (vs !== undefined) {
    subjects.set('prototype', startPrototype);
  }
  if (!values.paired) {
    subjects.set('direct', startDirect);
  }
  const only = values.only?.split(',') ?? [...subjects.keys()];
  const unknown = only.find((name) => !subjects.has(name));
  if (unknown !== undefined) {
    throw new RangeError(
      `--only: "${unknown}" is not in this comparison (${[...subjects.keys()].join(', ')}).`,
    );
  }
  const sessions = (values.sessions ?? (vs === undefined ? '40' : '10,40,80')).split(',');
  return {
    sessions: sessions.map((text) => bounded('sessions', text, 1, 400)),
    pps: bounded('pps', values.pps, 1, 3_000),
    seconds: bounded('seconds', values.seconds, 1, 600),
    rounds: bounded('rounds', values.rounds, 1, 50),
    paired: values.paired,
    subjects: new Map([...subjects].filter(([name]) => only.includes(name))),
  };
}

function bounded(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`--${name} takes a whole number from ${least} to ${most}.`);
  }
  return value;
}

/** Every subject once, another one first in each round. */
async function measureRound(options: Options, sessions: number, round: number): Promise<Run[]> {
  const entries = [...options.subjects];
  const turned = entries.map((_, index) => entries[(index + round) % entries.length] ?? ['', startDirect]);
  const groups = options.paired ? [turned] : turned.map((entry) => [entry]);
  const share = options.paired ? Math.ceil(sessions / entries.length) : sessions;
  const runs: Run[] = [];
  for (const group of groups) {
    const ready: Ready[] = [];
    try {
      for (const [slot, [name, start]] of (group as [string, StartSubject][]).entries()) {
        ready.push(await prepare(name, start, share, slot, options.pps));
      }
      runs.push(...(await measure(ready, options.seconds * 1000, round)));
    } finally {
      for (const { subject } of ready) {
        await subject.stop();
      }
      await endSyntheticPeers();
    }
  }
  return runs;
}

async function prepare(
  name: string,
  start: StartSubject,
  count: number,
  slot: number,
  pps: number,
): Promise<Ready> {
  const subject = await start(count, slot);
  try {
    const { pid } = subject;
    const tally = new Tally();
    const sessions = Array.from({ length: count }, (_, index) => new Session(index, pps, tally));
    // The first one also brings what a process has once: code, tables of the crypto library, threads.
    const setupMs = await connectAll(subject, sessions.slice(0, 1));
    const rssBeforeBytes = pid === undefined ? 0 : rssBytes(pid);
    setupMs.push(...(await connectAll(subject, sessions.slice(1), 1)));
    const idleUsPerS = pid === undefined ? 0 : await idleCpu(pid);
    return { name, subject, sessions, tally, setupMs, rssBeforeBytes, idleUsPerS };
  } catch (error) {
    await subject.stop();
    throw error;
  }
}

/** Microseconds of CPU per second with everything connected and nothing sent. */
async function idleCpu(pid: number): Promise<number> {
  await sleep(SETTLE_MS);
  const before = cpuTimeUs(pid);
  const startedAt = performance.now();
  await sleep(IDLE_MS);
  return ((cpuTimeUs(pid) - before) / (performance.now() - startedAt)) * 1000;
}

async function measure(ready: readonly Ready[], ms: number, round: number): Promise<Run[]> {
  // Subjects that run at the same time are sent to alternately.
  const longest = Math.max(...ready.map(({ sessions }) => sessions.length));
  const sessions = Array.from({ length: longest }, (_, index) =>
    ready.flatMap((one) => one.sessions[index] ?? []),
  ).flat();
  const measured = await load(sessions, ms, () =>
    ready.map(({ subject: { pid } }) => (pid === undefined ? 0 : cpuTimeUs(pid))),
  );
  const runs: Run[] = [];
  for (const [index, one] of ready.entries()) {
    const { pid } = one.subject;
    const rss = pid === undefined ? 0 : rssBytes(pid);
    runs.push({
      subject: one.name,
      sessions: one.sessions.length,
      round,
      ms: measured.ms,
      ...one.tally.summary,
      latencies: one.tally.latencies,
      ...(pid !== undefined && {
        process: {
          cpuUs: measured.cpuUs[index] ?? Number.NaN,
          idleUsPerS: one.idleUsPerS,
          rssBytes: rss,
          rssPerSessionBytes: (rss - one.rssBeforeBytes) / Math.max(1, one.sessions.length - 1),
        },
      }),
      setupMs: one.setupMs,
      report: await one.subject.report(),
    });
  }
  return runs;
}

/** The relay's figures at the top, the others' beside them, and the relay's ratio to each. */
function compare(runs: readonly Run[]): Record<string, unknown> {
  const names = [...new Set(runs.map((run) => run.subject))].sort(
    (a, b) => Number(b === 'relay') - Number(a === 'relay'),
  );
  const of = (name: string) => runs.filter((run) => run.subject === name);
  const [first = ''] = names;
  const result: Record<string, unknown> = { ...figures(of(first)) };
  if (first !== 'relay') {
    result['subject'] = first;
  }
  for (const name of names.slice(1)) {
    result[name] = figures(of(name));
  }
  for (const name of names.slice(1).filter((other) => other !== 'direct')) {
    const [cpu, raw, p50, p99] = Object.values(ratios(of(first), of(name)));
    result[`ratio_to_${name}`] = {
      cpu: cpu?.[0],
      cpu_range: cpu?.slice(1),
      cpu_raw: raw?.[0],
      p50: p50?.[0],
      p99: p99?.[0],
    };
  }
  return result;
}

/** One figure per size, in the order of the sizes. */
function overview(sizes: readonly Record<string, unknown>[]): Record<string, unknown> {
  const keys = [
    'sessions',
    'cpu_us_per_packet',
    'cpu_us_per_packet_raw',
    'p50_ms',
    'p99_ms',
    'loss_percent',
    'kb_per_session',
  ];
  const column = (pick: (size: Record<string, unknown>) => unknown) => sizes.map(pick);
  const result: Record<string, unknown> = {};
  for (const key of keys) {
    result[key] = column((size) => size[key]);
  }
  const ratioKeys = Object.keys(sizes[0] ?? {}).filter((key) => key.startsWith('ratio_to_'));
  for (const key of ratioKeys) {
    for (const figure of ['cpu', 'cpu_raw', 'p99']) {
      result[`${figure}_${key}`] = column((size) => (size[key] as Figures)[figure]);
    }
  }
  return result;
}
