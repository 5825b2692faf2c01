/**
 * `npm run -s bench -- NAME [options] [--json] [--out DIR]`. Prints JSON lines with --json, the last one the summary,
 * else a table for people; --out keeps the raw figures.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { bandwidth } from './bandwidth.ts';
import { board } from './board.ts';
import { codec } from './codec.ts';
import { flood } from './flood.ts';
import { forward, forwardNeedsPrivateNetwork } from './forward.ts';
import { loss } from './loss.ts';
import { pin } from './pin.ts';
import { insidePrivateNetwork, runInPrivateNetwork } from './private-network.ts';
import { recover } from './recover.ts';
import { soak } from './soak.ts';
import { start } from './start.ts';
import { countStolenTime } from './stolen-time.ts';

/** Units are in the keys, such as `p99_ms`. */
export type Summary = { bench: string } & Record<string, unknown>;

/** Prints the figures of a part, for benches that have several before their summary. */
export type Emit = (part: Record<string, unknown>) => void;

/**
 * Takes its own options and the folder of --out, which is there, and returns the summary; raw figures may be under
 * `raw`, which is not printed.
 */
type Bench = (argv: string[], out: string | undefined, emit: Emit) => Promise<Summary>;

type Entry = { run: Bench; about: string; needsPrivateNetwork?: (argv: string[]) => boolean };

const BENCHES: Record<string, Entry> = {
  start: { run: start, about: 'time from Start to the first picture, in two real browsers' },
  board: { run: board, about: 'marks from one page to the other, and frames of a full board' },
  bandwidth: {
    run: bandwidth,
    about: 'picture, stills and voice while the uplink gets narrow and wide again',
  },
  loss: { run: loss, about: 'picture and voice over lossy paths, in two real browsers' },
  recover: { run: recover, about: 'how long the picture stands still when something breaks' },
  forward: {
    run: forward,
    about: 'cost, loss and delay of forwarding, with synthetic peers; beside Janus with --vs janus',
    needsPrivateNetwork: forwardNeedsPrivateNetwork,
  },
  flood: { run: flood, about: 'delay of ordinary sessions beside one malicious participant' },
  pin: { run: pin, about: 'customers who get in by PIN and guesses refused a second, beside an echo server' },
  codec: { run: codec, about: 'what is made of recordings, beside native FFmpeg: CPU, time, memory' },
  soak: { run: soak, about: 'memory, handles and lag while people come and go for a long time' },
};

function usage(): string {
  const lines = Object.entries(BENCHES).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`);
  return ['npm run -s bench -- NAME [options] [--json] [--out DIR]', '', ...lines].join('\n');
}

function machine(): Record<string, unknown> {
  const [cpu] = cpus();
  return { cpu: cpu?.model ?? 'unknown', cores: cpus().length, kernel: release(), node: process.version };
}

/** Nested figures as indented rows. */
function table(value: Record<string, unknown>, indent = ''): string[] {
  return Object.entries(value).flatMap(([key, item]) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? [`${indent}${key}`, ...table(item as Record<string, unknown>, `${indent}  `)]
      : [`${indent}${key.padEnd(32 - indent.length)} ${Array.isArray(item) ? item.join(' ') : String(item)}`],
  );
}

function takeOption(argv: string[], name: string): string | undefined {
  const at = argv.indexOf(name);
  return at < 0 ? undefined : argv.splice(at, 2)[1];
}

function takeFlag(argv: string[], name: string): boolean {
  const at = argv.indexOf(name);
  if (at >= 0) {
    argv.splice(at, 1);
  }
  return at >= 0;
}

async function main(): Promise<number> {
  const [name = '', ...argv] = process.argv.slice(2);
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (!bench) {
    console.error(usage());
    return name === '' || name === '--help' ? 0 : 1;
  }
  const json = takeFlag(argv, '--json');
  const out = takeOption(argv, '--out');
  if (!insidePrivateNetwork() && bench.needsPrivateNetwork?.(argv) === true) {
    return runInPrivateNetwork();
  }
  const print = (figures: Record<string, unknown>) =>
    console.log(json ? JSON.stringify(figures) : table(figures).join('\n'));
  if (out !== undefined) {
    mkdirSync(out, { recursive: true });
  }
  const stolenShare = countStolenTime();
  const { raw, ...summary } = await bench.run(argv, out, print);
  const result: Record<string, unknown> = {
    ...summary,
    stolen_cpu_share: stolenShare(),
    machine: machine(),
  };
  if (out !== undefined) {
    writeFileSync(join(out, `${name}.json`), `${JSON.stringify({ ...result, raw }, undefined, 2)}\n`);
  }
  print(result);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
