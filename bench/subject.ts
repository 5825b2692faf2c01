/** What `bench forward` measures: a server that forwards, or nothing between publisher and subscriber. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Session } from './forward-load.ts';
import { SyntheticPeer } from './synthetic-peer.ts';

/** Sessions that are connected side by side: a server with slow timers would take minutes one by one. */
const CONNECTING_AT_ONCE = 4;
const STEP_TIMEOUT_MS = 30_000;
const PAGE_BYTES = 4_096;

/** A fresh one for each run. Sessions are numbered from 0. */
export type Subject = {
  /** The process whose CPU and memory count; undefined when there is none. */
  readonly pid: number | undefined;
  /** Connects both ends of one session. @returns what the load sends into */
  connect(session: Session, index: number): Promise<SyntheticPeer>;
  /** Figures of its own after the load, for the raw output. */
  report(): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
};

/** @param sessions how many will be connected @param slot subjects that run at the same time have another one each */
export type StartSubject = (sessions: number, slot: number) => Promise<Subject>;

/** Connects these sessions; `first` is the index of the first of them. @returns milliseconds of each */
export async function connectAll(
  subject: Subject,
  sessions: readonly Session[],
  first = 0,
): Promise<number[]> {
  const setupMs: number[] = [];
  const waiting = [...sessions.entries()];
  const connectNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, session] = next;
      const startedAt = performance.now();
      session.publisher = await within(
        subject.connect(session, first + index),
        `session ${first + index} to connect`,
      );
      setupMs.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connectNext));
  return setupMs;
}

/** Publisher and subscriber connected to each other: what the generator itself adds. */
export async function startDirect(): Promise<Subject> {
  const peers: SyntheticPeer[] = [];
  return {
    pid: undefined,
    connect: async (session, index) => {
      const subscriber = new SyntheticPeer({ name: `direct ${index} in`, onPacket: session.receive });
      const publisher = new SyntheticPeer({ name: `direct ${index} out`, onPacket: session.feedback });
      peers.push(subscriber, publisher);
      await SyntheticPeer.connect(subscriber, publisher);
      return publisher;
    },
    report: async () => ({}),
    stop: async () => closeAll(peers),
  };
}

export function closeAll(peers: Iterable<SyntheticPeer>): void {
  for (const peer of peers) {
    peer.close();
  }
}

/** Run time of all threads of a process, in microseconds (nanoseconds in the kernel's schedstat). */
export function cpuTimeUs(pid: number): number {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has ended between the two calls.
    }
  }
  return total / 1000;
}

export function rssBytes(pid: number): number {
  return PAGE_BYTES * Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
}

export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) {
    throw new Error(`${child.spawnfile} could not be started.`);
  }
  return child.pid;
}

/** Waits for the end that was asked for; kills what does not end. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), STEP_TIMEOUT_MS);
    await exit;
    clearTimeout(timer);
  }
}

export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}.`)), STEP_TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
