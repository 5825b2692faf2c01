/**
 * `npm run fuzz -- [--inputs N] [--minutes M] [--only NAME] [--seed N] [--json]`: makes hostile inputs for every target
 * until each had N (packets or messages; 1 000 000 unless said otherwise) or its share of the minutes is over. An input
 * that breaks something is cut down, written to test/corpus/ and makes the exit code 1. Ctrl-C ends early, with the
 * figures so far.
 */

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { complaintsOf, corpusOf, type FuzzResult, type FuzzTarget, fuzz, keep, shrunk } from './target.ts';
import { FUZZ_TARGETS } from './targets.ts';

const DEFAULT_INPUTS = 1_000_000;
const PROGRESS_MS = 1_000;
/** A leak of 16 bytes an input would be more in a million of them. */
const MAX_GROWTH_BYTES = 16 * 2 ** 20;

type Row = {
  target: string;
  inputs: number;
  runs: number;
  accepted: number;
  inputs_per_s: number;
  heap_growth_kb: number;
  rss_mb: number;
  failures: { file: string; complaints: readonly string[] }[];
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    minutes: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

let cancelled = false;
const unhandled: string[] = [];

function progress(target: FuzzTarget, { steps, ms }: Readonly<FuzzResult>): string {
  const rate = Math.round((steps * 1000) / Math.max(1, ms));
  return `${target.name.padEnd(16)} ${String(steps).padStart(9)} inputs ${String(rate).padStart(8)}/s`;
}

async function run(target: FuzzTarget, steps: number | undefined, ms: number | undefined): Promise<Row> {
  const failures: Row['failures'] = [];
  for (const [file, input] of corpusOf(target)) {
    const complaints = await complaintsOf(target, input);
    if (complaints.length > 0) {
      failures.push({ file, complaints });
    }
  }
  const seed = Number(values.seed);
  // What is compiled, cached and grown once is not a leak.
  await fuzz(target, { seed: seed + 1, steps: Math.min(20_000, (steps ?? 20_000) / 10), ms: 2_000 });
  const heapBefore = heapBytes();
  let shownAt = 0;
  const result = await fuzz(target, {
    seed,
    ...(steps === undefined ? {} : { steps }),
    ...(ms === undefined ? {} : { ms }),
    isCancelled: () => cancelled || unhandled.length > 0,
    onProgress: (so_far) => {
      if (process.stderr.isTTY && performance.now() - shownAt > PROGRESS_MS) {
        shownAt = performance.now();
        process.stderr.write(`\r${progress(target, so_far)}`);
      }
    },
  });
  for (const { input, complaints } of result.findings) {
    failures.push({ file: keep(target, await shrunk(target, input)), complaints });
  }
  const growth = heapBytes() - heapBefore;
  if (growth > MAX_GROWTH_BYTES) {
    failures.push({ file: '', complaints: [`the heap grew by ${Math.round(growth / 1024)} kB`] });
  }
  await target.close?.();
  const row: Row = {
    target: target.name,
    inputs: result.steps,
    runs: result.inputs,
    accepted: result.accepted,
    inputs_per_s: Math.round((result.steps * 1000) / Math.max(1, result.ms)),
    heap_growth_kb: Math.round(growth / 1024),
    rss_mb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    failures,
  };
  if (values.json) {
    console.log(JSON.stringify(row));
  } else {
    process.stderr.write(process.stderr.isTTY ? '\r' : '');
    const verdict = failures.length === 0 ? 'ok' : `${failures.length} FAILED`;
    console.log(
      `${progress(target, result)}  heap ${growth < 0 ? '' : '+'}${row.heap_growth_kb} kB  ${verdict}`,
    );
    for (const { file, complaints } of failures) {
      console.log(`  ${file}: ${complaints.slice(0, 3).join('; ')}`);
    }
  }
  return row;
}

async function main(): Promise<number> {
  if (values.help) {
    console.log('npm run fuzz -- [--inputs N] [--minutes M] [--only NAME] [--seed N] [--json]\n');
    console.log(FUZZ_TARGETS.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join('\n'));
    return 0;
  }
  const targets = FUZZ_TARGETS.filter(({ name }) => values.only === undefined || name === values.only);
  if (targets.length === 0) {
    console.error(`There is no target ${values.only}; --help lists them.`);
    return 1;
  }
  const ms = values.minutes === undefined ? undefined : (Number(values.minutes) * 60_000) / targets.length;
  const steps =
    values.inputs === undefined && ms !== undefined ? undefined : Number(values.inputs ?? DEFAULT_INPUTS);
  if (![ms ?? 1, steps ?? 1].every((value) => value > 0) || !Number.isSafeInteger(Number(values.seed))) {
    console.error('--inputs, --minutes and --seed take numbers.');
    return 1;
  }
  process.on('SIGINT', () => {
    if (cancelled) {
      process.exit(130);
    }
    cancelled = true;
  });
  process.on('unhandledRejection', (error) => {
    unhandled.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  });
  const startedAt = performance.now();
  const rows: Row[] = [];
  for (const target of targets) {
    if (!cancelled) {
      rows.push(await run(target, steps, ms));
    }
  }
  const summary = {
    fuzz: 'summary',
    seed: Number(values.seed),
    targets: rows.length,
    inputs: rows.reduce((sum, row) => sum + row.inputs, 0),
    failures: rows.reduce((sum, row) => sum + row.failures.length, 0),
    unhandled_rejections: unhandled.length,
    minutes: Math.round((performance.now() - startedAt) / 6_000) / 10,
    cancelled,
  };
  console.log(
    values.json
      ? JSON.stringify(summary)
      : Object.entries(summary)
          .map(([k, v]) => `${k} ${v}`)
          .join('  '),
  );
  for (const error of unhandled) {
    console.error(`unhandled rejection: ${error}`);
  }
  return summary.failures + unhandled.length === 0 && !cancelled ? 0 : 1;
}

process.exitCode = await main();
