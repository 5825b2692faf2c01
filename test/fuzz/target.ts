/**
 * What a fuzz target is, and how inputs are made, run, kept and replayed. Used by the test run (seconds) and by
 * `npm run fuzz` (millions of inputs).
 *
 * An input is always bytes, so that any of them can be kept in a file, replayed, mutated and cut down; a target
 * whose subject takes something else reads the bytes as a text or as a little programme.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { Script } from 'node:vm';
import { mutatedBytes } from './mutate.ts';
import { chance, type Random, randomFrom, seedOf } from './random.ts';

/** What came of one input. */
export type Verdict = {
  /** Empty when all invariants hold. */
  complaints: readonly string[];
  /** Packets or messages that it held; 1 for a parser that takes one. */
  steps?: number;
  /** Whether it was accepted, by parsers that refuse; to see that both were tried. */
  accepted?: boolean;
};

export type FuzzTarget = {
  name: string;
  about: string;
  /** Names of folders in test/corpus, all of them replayed; what fails is kept in the first one. */
  corpora: readonly [string, ...string[]];
  maxBytes: number;
  /** Good inputs, for mutation. */
  seeds: readonly Buffer[];
  /** An input that is made to be interesting; mutated and random ones are made for everybody. */
  make?: (random: Random) => Buffer;
  /** Must not throw; a throw is a complaint. */
  run: (input: Buffer) => Verdict | Promise<Verdict>;
  /** It accepts some inputs and refuses others; a run in which it does only one has not tried much. */
  decides?: boolean;
  /** Longest time for one input; generous, because other processes take their share. */
  slowestMs: number;
  /** Runs that may be under way at once, for those that wait; 1 when absent. */
  concurrency?: number;
  /** `run` returns a promise. */
  asynchronous?: boolean;
  /** Frees what the target holds. */
  close?: () => Promise<void>;
};

/** From dist/test/fuzz/ back to the sources, where failing inputs are committed. */
const CORPUS = new URL('../../../test/corpus/', import.meta.url);
/** Inputs that run without a look at the clock or at the event loop. */
const BATCH = 200;
/** A batch that takes longer is in an endless loop: V8 ends it, which nothing in JavaScript could. */
const ENDLESS_MS = 30_000;
/** Attempts to cut a failing input down. */
const SHRINK_ATTEMPTS = 2_000;

/** Every kept input of the target, by its file's name. */
export function corpusOf(target: FuzzTarget): Map<string, Buffer> {
  const inputs = new Map<string, Buffer>();
  for (const folder of target.corpora) {
    const url = new URL(`${folder}/`, CORPUS);
    const names = existsSync(url) ? readdirSync(url).filter((name) => !name.endsWith('.md')) : [];
    for (const name of names.sort()) {
      inputs.set(`${folder}/${name}`, readFileSync(new URL(name, url)));
    }
  }
  return inputs;
}

/** Writes an input that failed. @returns its place below test/corpus */
export function keep(target: FuzzTarget, input: Buffer): string {
  const folder = new URL(`${target.corpora[0]}/`, CORPUS);
  mkdirSync(folder, { recursive: true });
  const name = `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`;
  writeFileSync(new URL(name, folder), input);
  return `${target.corpora[0]}/${name}`;
}

/** The input with this number; the same one for the same seed. */
export function inputOf(target: FuzzTarget, seeds: readonly Buffer[], seed: number, number: number): Buffer {
  const random = randomFrom(seedOf(seed, number));
  if (target.make !== undefined && chance(random, seeds.length === 0 ? 95 : 60)) {
    return target.make(random).subarray(0, target.maxBytes);
  }
  if (seeds.length === 0 || chance(random, 5)) {
    return randomOf(random, Math.min(target.maxBytes, 200));
  }
  return mutatedBytes(random, seeds, target.maxBytes);
}

function randomOf(random: Random, maxBytes: number): Buffer {
  const bytes = Buffer.alloc(random(maxBytes + 1));
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = random(256);
  }
  return bytes;
}

function thrown(error: unknown): Verdict {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { complaints: [`threw ${what}`] };
}

/** Runs one input and judges its time too. */
async function judge(target: FuzzTarget, input: Buffer): Promise<Verdict> {
  const startedAt = performance.now();
  try {
    const verdict = await target.run(Buffer.from(input));
    return timed(target, verdict, performance.now() - startedAt);
  } catch (error) {
    return thrown(error);
  }
}

function timed(target: FuzzTarget, verdict: Verdict, tookMs: number): Verdict {
  return tookMs <= target.slowestMs
    ? verdict
    : { ...verdict, complaints: [...verdict.complaints, `took ${Math.round(tookMs)} ms`] };
}

/** What is wrong with this input; a slow one is given two more chances, for the machine may have been busy. */
export async function complaintsOf(target: FuzzTarget, input: Buffer): Promise<readonly string[]> {
  let { complaints } = await judge(target, input);
  for (let again = 0; again < 2 && complaints.some((each) => each.startsWith('took ')); again++) {
    complaints = (await judge(target, input)).complaints;
  }
  return complaints;
}

/** The same failure in fewer bytes, found by leaving pieces out. */
export async function shrunk(target: FuzzTarget, input: Buffer): Promise<Buffer> {
  let smallest = input;
  let attempts = 0;
  for (let piece = smallest.length >> 1; piece >= 1 && attempts < SHRINK_ATTEMPTS; ) {
    let removed = false;
    for (let at = 0; at < smallest.length && attempts < SHRINK_ATTEMPTS; attempts++) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + piece)]);
      if ((await judge(target, shorter)).complaints.length > 0) {
        smallest = shorter;
        removed = true;
      } else {
        at += piece;
      }
    }
    piece = removed ? Math.min(piece, smallest.length >> 1) : piece >> 1;
  }
  return smallest;
}

export type Finding = { input: Buffer; complaints: readonly string[] };

export type FuzzResult = {
  inputs: number;
  steps: number;
  accepted: number;
  findings: Finding[];
  ms: number;
};

export type FuzzLimits = {
  seed: number;
  /** Steps; the run ends behind the batch in which they are reached. */
  steps?: number;
  ms?: number;
  /** Kept going after a failure until there are so many. */
  maxFindings?: number;
  /** Asked between batches. */
  isCancelled?: () => boolean;
  onProgress?: (result: Readonly<FuzzResult>) => void;
};

/** Makes and runs inputs until a limit is reached. */
export async function fuzz(target: FuzzTarget, limits: FuzzLimits): Promise<FuzzResult> {
  const seeds = [...target.seeds, ...corpusOf(target).values()];
  const result: FuzzResult = { inputs: 0, steps: 0, accepted: 0, findings: [], ms: 0 };
  const startedAt = performance.now();
  const isOver = () =>
    result.steps >= (limits.steps ?? Number.POSITIVE_INFINITY) ||
    result.ms >= (limits.ms ?? Number.POSITIVE_INFINITY) ||
    result.findings.length >= (limits.maxFindings ?? 1) ||
    limits.isCancelled?.() === true;
  const runBatch = target.asynchronous === true ? asynchronousBatch : synchronousBatch;
  while (!isOver()) {
    const remaining = (limits.steps ?? Number.POSITIVE_INFINITY) - result.steps;
    await runBatch(target, (number) => inputOf(target, seeds, limits.seed, number), result, remaining);
    result.ms = performance.now() - startedAt;
    limits.onProgress?.(result);
    // Lets a signal through.
    await turnOfTheLoop();
  }
  return result;
}

/** Counts a run; @returns whether its input is to be looked at again */
function account(result: FuzzResult, { steps = 1, accepted = false, complaints }: Verdict): boolean {
  result.inputs++;
  result.steps += steps;
  result.accepted += accepted ? 1 : 0;
  return complaints.length > 0;
}

/** A suspect that fails again is a finding. */
async function confirm(target: FuzzTarget, input: Buffer, result: FuzzResult): Promise<void> {
  const complaints = await complaintsOf(target, input);
  if (complaints.length > 0) {
    result.findings.push({ input, complaints });
  }
}

/** One callback for all synchronous batches: V8 can end it from outside when it does not end by itself. */
let batchUnderWay: () => void = () => undefined;
const runUnderWatch = new Script('globalThis[Symbol.for("fernblick.fuzz.batch")]()');
Reflect.set(globalThis, Symbol.for('fernblick.fuzz.batch'), () => batchUnderWay());

async function synchronousBatch(
  target: FuzzTarget,
  make: (number: number) => Buffer,
  result: FuzzResult,
  remaining: number,
): Promise<void> {
  const suspects: Buffer[] = [];
  const enough = result.steps + remaining;
  const last = result.inputs + BATCH;
  let current: Buffer = Buffer.alloc(0);
  batchUnderWay = () => {
    while (result.inputs < last && result.steps < enough && suspects.length === 0) {
      current = make(result.inputs);
      const startedAt = performance.now();
      let verdict: Verdict;
      try {
        verdict = timed(target, target.run(Buffer.from(current)) as Verdict, performance.now() - startedAt);
      } catch (error) {
        verdict = thrown(error);
      }
      if (account(result, verdict)) {
        suspects.push(current);
      }
    }
  };
  try {
    runUnderWatch.runInThisContext({ timeout: ENDLESS_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw error;
    }
    result.findings.push({ input: current, complaints: [`did not end within ${ENDLESS_MS} ms`] });
  }
  for (const input of suspects) {
    await confirm(target, input, result);
  }
}

async function asynchronousBatch(
  target: FuzzTarget,
  make: (number: number) => Buffer,
  result: FuzzResult,
): Promise<void> {
  const inputs = Array.from({ length: target.concurrency ?? 1 }, (_, index) => make(result.inputs + index));
  const verdicts = await Promise.all(
    inputs.map(async (input) => ({ input, verdict: await judge(target, input) })),
  );
  for (const { input, verdict } of verdicts) {
    if (account(result, verdict)) {
      await confirm(target, input, result);
    }
  }
}
