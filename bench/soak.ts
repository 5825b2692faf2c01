/**
 * `bench soak`: does anything grow while people come and go? A real relay with a real worker for as long as asked;
 * synthetic technicians and customers create sessions, accept, connect, stream, end and dismiss, some vanish without a
 * word, some reconnect. Every ten seconds: memory, handles, threads, loop lag.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RelayProcess, startRelay } from '../test/support/relay-process.ts';
import type { Summary } from './main.ts';
import { percentile, round } from './percentiles.ts';
import { COLOURS, type Plot, plotSvg } from './plot.ts';
import { Crowd, SESSIONS_PER_TECHNICIAN, until } from './soak-crowd.ts';
import { cpuTimeUs, rssBytes } from './subject.ts';
import { endSyntheticPeers } from './synthetic-peer.ts';

const SAMPLE_INTERVAL_MS = 10_000;
const KB = 1_024;
const SETTLE_MS = 5_000;
const WARM_UP_SESSIONS = 2;
/** The memory of a session is told by those beyond this share: the first ones also bring what a busy process has once. */
const BASE_SHARE = 1 / 3;
const FILL_TIMEOUT_MS = 120_000;
/** Node grows to its working size first; slopes are taken over what comes behind this share. */
const WARM_UP_SHARE = 0.5;
/** Sessions at once: enough that what a process has once hardly counts for the memory of each. */
const DEFAULT_SESSIONS = 30;

export type SoakSample = {
  seconds: number;
  front_rss_kb: number;
  front_heap_kb: number;
  worker_rss_kb: number;
  front_fds: number;
  worker_fds: number;
  front_threads: number;
  worker_threads: number;
  front_lag_ms: number;
  worker_lag_ms: number;
  sessions: number;
  cpu_share: number;
};

type Processes = { front: number; worker: number };

export async function soak(argv: string[], out: string | undefined): Promise<Summary> {
  const { values } = parseArgs({
    args: argv,
    options: {
      minutes: { type: 'string', default: '30' },
      sessions: { type: 'string', default: String(DEFAULT_SESSIONS) },
      seed: { type: 'string', default: '1' },
    },
  });
  const [minutes, live, seed] = [Number(values.minutes), Number(values.sessions), Number(values.seed)];
  if (!(minutes >= 0.5) || !(live >= 1 && live <= 40) || !Number.isInteger(seed)) {
    throw new RangeError('--minutes takes at least 0.5, --sessions 1 to 40, --seed a whole number.');
  }
  const relay = await startRelay({
    env: { FERNBLICK_MAX_ACTIVE_SESSIONS: String(SESSIONS_PER_TECHNICIAN) },
  });
  const crowd = new Crowd(relay.origin, seed);
  try {
    const processes = { front: relay.pid, worker: childOf(relay.pid) };
    await crowd.begin(live);
    crowd.start();
    const memory = await memoryPerSession(crowd, processes.worker, live);
    const samples = await sample(relay, processes, crowd, minutes * 60_000);
    await crowd.end();
    const after = await settled(processes.worker);
    const figures = summarise(samples);
    if (out !== undefined) {
      writeFileSync(join(out, 'soak.svg'), plotSvg(plot(samples, minutes * 60)));
    }
    return {
      bench: 'soak',
      ...{ minutes, sessions_at_once: live, seed },
      ...figures,
      ...crowd.counts,
      worker_rss_empty_kb: Math.round(memory.emptyKb),
      worker_rss_full_kb: Math.round(memory.fullKb),
      worker_rss_after_kb: Math.round(after),
      kb_per_live_session: Math.round((memory.fullKb - memory.partKb) / (live - memory.part)),
      kb_per_session_from_empty: Math.round((memory.fullKb - memory.emptyKb) / live),
      failures: crowd.failures.slice(0, 5),
      raw: { samples },
    };
  } finally {
    await crowd.end();
    await relay.stop();
    await endSyntheticPeers();
  }
}

async function sample(
  relay: RelayProcess,
  processes: Processes,
  crowd: Crowd,
  ms: number,
): Promise<SoakSample[]> {
  const samples: SoakSample[] = [];
  const startedAt = performance.now();
  let cpuBefore = cpuTimeUs(processes.front) + cpuTimeUs(processes.worker);
  let before = startedAt;
  while (performance.now() - startedAt < ms) {
    const left = ms - (performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, Math.min(SAMPLE_INTERVAL_MS, left)));
    const now = performance.now();
    const cpu = cpuTimeUs(processes.front) + cpuTimeUs(processes.worker);
    const metrics = await readMetrics(relay.origin);
    samples.push({
      seconds: round((now - startedAt) / 1000),
      front_rss_kb: Math.round(rssBytes(processes.front) / KB),
      front_heap_kb: Math.round((metrics['fernblick_front_nodejs_heap_size_used_bytes'] ?? Number.NaN) / KB),
      worker_rss_kb: Math.round(rssBytes(processes.worker) / KB),
      front_fds: entries(processes.front, 'fd'),
      worker_fds: entries(processes.worker, 'fd'),
      front_threads: entries(processes.front, 'task'),
      worker_threads: entries(processes.worker, 'task'),
      front_lag_ms: round((metrics['fernblick_front_nodejs_eventloop_lag_max_seconds'] ?? Number.NaN) * 1000),
      worker_lag_ms: round((metrics['fernblick_worker_eventloop_lag_seconds'] ?? Number.NaN) * 1000),
      sessions: crowd.size,
      cpu_share: round((cpu - cpuBefore) / 1000 / (now - before), 3),
    });
    cpuBefore = cpu;
    before = now;
  }
  return samples;
}

/** Values by name; of several with labels the largest. */
async function readMetrics(origin: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  const values: Record<string, number> = {};
  for (const [, name = '', value] of text.matchAll(/^(\w+)(?:\{[^}]*\})? (\S+)$/gm)) {
    values[name] = Math.max(values[name] ?? Number.NEGATIVE_INFINITY, Number(value));
  }
  return values;
}

function entries(pid: number, folder: 'fd' | 'task'): number {
  return readdirSync(`/proc/${pid}/${folder}`).length;
}

/** The one child of a relay with one worker. */
function childOf(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  if (child === undefined || child === '') {
    throw new Error('The relay has no media worker.');
  }
  return Number(child);
}

/** Memory of a process, in kB, after a while in which nobody comes or goes. */
async function settled(pid: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return rssBytes(pid) / KB;
}

/**
 * What the worker takes with `live` sessions that stream, with a third of them, and with none after a few that have come and
 * gone.
 */
async function memoryPerSession(
  crowd: Crowd,
  worker: number,
  live: number,
): Promise<{ emptyKb: number; partKb: number; fullKb: number; part: number }> {
  const fill = async (limit: number) => {
    const release = crowd.hold();
    crowd.limit = limit;
    await until(`${limit} sessions to stream`, () => crowd.streaming >= limit, FILL_TIMEOUT_MS);
    const kb = await settled(worker);
    release();
    return kb;
  };
  await fill(Math.min(WARM_UP_SESSIONS, live));
  crowd.limit = 0;
  await crowd.empty();
  const emptyKb = await settled(worker);
  const part = Math.floor(live * BASE_SHARE);
  const partKb = part > 0 ? await fill(part) : emptyKb;
  return { emptyKb, partKb, fullKb: await fill(live), part };
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Least squares: change of the value per minute. */
export function slopePerMinute(samples: readonly SoakSample[], key: keyof SoakSample): number {
  const meanX = mean(samples.map(({ seconds }) => seconds));
  const meanY = mean(samples.map((each) => each[key]));
  const covariance = samples.reduce((sum, each) => sum + (each.seconds - meanX) * (each[key] - meanY), 0);
  const variance = samples.reduce((sum, { seconds }) => sum + (seconds - meanX) ** 2, 0);
  return (covariance / variance) * 60;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function summarise(samples: readonly SoakSample[]): Record<string, number> {
  const second = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const growth = (key: keyof SoakSample) => (second.at(-1)?.[key] ?? 0) - (second[0]?.[key] ?? 0);
  const most = (key: keyof SoakSample) => Math.max(...samples.map((each) => each[key]));
  return {
    samples: samples.length,
    front_rss_slope_kb_per_min: round(slopePerMinute(second, 'front_rss_kb')),
    front_heap_slope_kb_per_min: round(slopePerMinute(second, 'front_heap_kb')),
    worker_rss_slope_kb_per_min: round(slopePerMinute(second, 'worker_rss_kb')),
    front_rss_kb: median(second.map((each) => each.front_rss_kb)),
    worker_rss_kb: median(second.map((each) => each.worker_rss_kb)),
    front_fd_growth: growth('front_fds'),
    worker_fd_growth: growth('worker_fds'),
    worker_thread_growth: growth('worker_threads'),
    front_lag_max_ms: most('front_lag_ms'),
    worker_lag_max_ms: most('worker_lag_ms'),
    cpu_share: round(mean(samples.map((each) => each.cpu_share)), 3),
  };
}

function plot(samples: readonly SoakSample[], seconds: number): Plot {
  const series = (name: string, colour: string, key: keyof SoakSample, scale = 1) => ({
    ...{ name, colour },
    points: samples.map((each): [number, number] => [each.seconds, each[key] * scale]),
  });
  return {
    title: 'Joins and leaves over time',
    subtitle: 'One front, one worker; synthetic technicians and customers',
    seconds,
    panels: [
      {
        ...{ title: 'Memory', unit: 'MB' },
        series: [
          series('front', COLOURS.blue, 'front_rss_kb', 1 / KB),
          series('heap of the front', COLOURS.grey, 'front_heap_kb', 1 / KB),
          series('worker', COLOURS.orange, 'worker_rss_kb', 1 / KB),
        ],
      },
      {
        ...{ title: 'Open files', unit: '' },
        series: [
          series('front', COLOURS.blue, 'front_fds'),
          series('worker', COLOURS.orange, 'worker_fds'),
          series('sessions', COLOURS.grey, 'sessions'),
        ],
      },
      {
        ...{ title: 'Longest event-loop lag', unit: 'ms' },
        series: [
          series('front', COLOURS.blue, 'front_lag_ms'),
          series('worker', COLOURS.orange, 'worker_lag_ms'),
        ],
      },
    ],
  };
}
