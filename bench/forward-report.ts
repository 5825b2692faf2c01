/** Figures of `bench forward` out of its runs: medians over the rounds and ratios of runs of the same round. Pure. */
import { percentile, round } from './percentiles.ts';
import { COLOURS, type Plot, type Series } from './plot.ts';

/** One subject's run in one round. */
export type Run = {
  subject: string;
  sessions: number;
  round: number;
  ms: number;
  sent: number;
  received: number;
  duplicates: number;
  latencies: readonly number[];
  /** Absent for a subject without a process. */
  process?: {
    cpuUs: number;
    /** Of the connected server without load. */
    idleUsPerS: number;
    rssBytes: number;
    /** Growth from the first session connected to all of them loaded, over the sessions between. */
    rssPerSessionBytes: number;
  };
  setupMs: readonly number[];
  /** The subject's own statistics. */
  report: Record<string, unknown>;
};

/** Units are in the keys. */
export type Figures = Record<string, number>;

export function figures(runs: readonly Run[]): Figures {
  const median = (value: (run: Run) => number, digits: number) =>
    round(percentile(runs.map(value), 0.5), digits);
  const sent = sum(runs, (run) => run.sent);
  const received = sum(runs, (run) => run.received);
  return {
    ...(runs.every((run) => run.process !== undefined) && {
      cpu_us_per_packet: median(cpuPerPacket, 2),
      cpu_us_per_packet_raw: median(rawCpuPerPacket, 2),
      idle_cpu_us_per_s: median((run) => run.process?.idleUsPerS ?? Number.NaN, 0),
      kb_per_session: median((run) => (run.process?.rssPerSessionBytes ?? Number.NaN) / 1024, 0),
      rss_mb: median((run) => (run.process?.rssBytes ?? Number.NaN) / 1024 / 1024, 1),
    }),
    loss_percent: round((100 * (sent - received)) / sent, 3),
    p50_ms: median((run) => percentile(run.latencies, 0.5), 2),
    p99_ms: median((run) => percentile(run.latencies, 0.99), 2),
    setup_p50_ms: median((run) => percentile(run.setupMs, 0.5), 0),
    packets: received,
    packets_per_s: Math.round(received / (sum(runs, (run) => run.ms) / 1000)),
  };
}

/** Ratios of the subject to another, each within its round: [median, lowest, highest]. */
export function ratios(runs: readonly Run[], others: readonly Run[]): Record<string, number[]> {
  const ratio = (value: (run: Run) => number) => {
    const each = runs.flatMap((run) => {
      const other = others.find((candidate) => candidate.round === run.round);
      return other === undefined ? [] : [value(run) / value(other)];
    });
    return [percentile(each, 0.5), Math.min(...each), Math.max(...each)].map((value) => round(value, 3));
  };
  return {
    cpu: ratio(cpuPerPacket),
    cpu_raw: ratio(rawCpuPerPacket),
    p50: ratio((run) => percentile(run.latencies, 0.5)),
    p99: ratio((run) => percentile(run.latencies, 0.99)),
  };
}

const COLOUR_OF: Record<string, string> = {
  relay: COLOURS.blue,
  janus: COLOURS.orange,
  prototype: COLOURS.green,
  build: COLOURS.purple,
};

/** Price and delay over the number of sessions: medians as lines, single rounds beside them as short steps. */
export function forwardPlot(runs: readonly Run[]): Plot {
  const subjects = [...new Set(runs.map((run) => run.subject))];
  const sizes = [...new Set(runs.map((run) => run.sessions))].sort((a, b) => a - b);
  const width = (sizes.at(-1) ?? 1) * 1.05;
  const series = (value: (run: Run) => number): Series[] =>
    subjects.flatMap((name) => {
      const colour = COLOUR_OF[name] ?? COLOURS.grey;
      const of = (size: number) => runs.filter((run) => run.subject === name && run.sessions === size);
      const medians = sizes.map((size) => [size, percentile(of(size).map(value), 0.5)] as const);
      const rounds = sizes.flatMap((size) =>
        of(size).flatMap((run) => {
          const at = value(run);
          return [
            [size - width / 200, at] as const,
            [size + width / 200, at] as const,
            [size, Number.NaN] as const,
          ];
        }),
      );
      return [
        { name, colour, points: medians },
        { name: '', colour, points: rounds },
      ];
    });
  return {
    title: 'Forwarding: price and delay',
    subtitle: 'lines: medians over the rounds; short strokes: single rounds',
    seconds: width,
    axis: 'sessions',
    panels: [
      { title: 'CPU per forwarded packet, idling subtracted', unit: 'µs', series: series(cpuPerPacket) },
      {
        title: 'Delay, 99th percentile',
        unit: 'ms',
        series: series((run) => percentile(run.latencies, 0.99)),
      },
      {
        title: 'Memory per session',
        unit: 'kB',
        series: series((run) => (run.process?.rssPerSessionBytes ?? Number.NaN) / 1024),
      },
    ],
  };
}

/** A run for the raw output: its delays as percentiles, since millions of numbers are of use to nobody. */
export function rawRun(run: Run): Record<string, unknown> {
  const { latencies, ...rest } = run;
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  const shares = [...Array.from({ length: 99 }, (_, index) => (index + 1) / 100), 0.995, 0.999, 1];
  return { ...rest, latency_percentiles_ms: shares.map((share) => [share, round(at(share), 3)]) };
}

function rawCpuPerPacket(run: Run): number {
  return (run.process?.cpuUs ?? Number.NaN) / run.received;
}

function cpuPerPacket(run: Run): number {
  const idleUs = ((run.process?.idleUsPerS ?? Number.NaN) * run.ms) / 1000;
  return ((run.process?.cpuUs ?? Number.NaN) - idleUs) / run.received;
}

function sum(runs: readonly Run[], value: (run: Run) => number): number {
  return runs.reduce((total, run) => total + value(run), 0);
}
