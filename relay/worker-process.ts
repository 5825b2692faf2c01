/**
 * One media worker as a child process, from fork to exit. How it is launched is decided here alone. It gets no secret
 * and nothing of the front's environment (architecture.md, Processes).
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readWorkerEvent } from './worker-events.ts';
import type { WorkerCommand, WorkerConfig, WorkerEvent } from './worker-protocol.ts';

const WORKER_FILE = join(import.meta.dirname, 'worker.js');
/** Loading the native library takes some 100 ms; a busy machine ten times that. */
const READY_TIMEOUT_MS = 20_000;
/** A worker that does not close by itself within this is killed. */
const SHUTDOWN_TIMEOUT_MS = 3_000;

/**
 * Flags of Node for every worker. The bytes of a packet lie outside V8's heap until its small object is collected: with the
 * usual young generation of 16 MB that is four seconds of packets, 35 MB at 14 000 a second, and as many cache misses. Hardly
 * anything survives a collection, so many small ones cost no more (`forward --paired`: CPU 0.95 to 1.0, p99 0.8). `--expose-gc`
 * because the worker decides when (worker.ts).
 */
const EXEC_ARGV: readonly string[] = ['--max-semi-space-size=1', '--single-threaded-gc', '--expose-gc'];
/**
 * The whole environment of a worker, besides `PATH` and what the launch adds. Native threads allocate packets that this one
 * frees: in one arena the memory is found again (`forward --paired`: CPU 0.7 to 0.96). The second is for tcmalloc: with
 * its caches of 32 MB for a handful of threads it was no faster than with 1 MB.
 */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES: '1048576',
};

/**
 * tcmalloc, where it is installed (Debian: `apt-get install libtcmalloc-minimal4`). Four allocations and releases of each packet, in
 * three threads: 0.85 to 0.9 of the CPU per packet, for 10 MB more a worker and some 40 kB a session (`soak`, six runs each).
 */
const ALLOCATORS: readonly string[] = [
  '/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4',
  '/usr/lib/aarch64-linux-gnu/libtcmalloc_minimal.so.4',
  '/usr/lib64/libtcmalloc_minimal.so.4',
  '/usr/lib/libtcmalloc_minimal.so.4',
];

/**
 * Workers run under SCHED_BATCH (sched(7)), which needs no privilege. Each packet passes three threads of a worker; a
 * batch thread that wakes up does not push the one aside that woke it, so that one wake-up serves more packets. Measured
 * against the ordinary policy at 3, 10 and 20 sessions: 0.85 to 0.9 of the CPU per packet, delays not longer
 * (bench/README.md).
 */
const SCHEDULER = ['chrt', '--batch', '0'] as const;

let hasScheduler: boolean | undefined;

/** Not every system has the tool, and not every container may use it. */
function canSchedule(): boolean {
  const [command, ...args] = SCHEDULER;
  hasScheduler ??= spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
  return hasScheduler;
}

export type WorkerLaunch = {
  /** Memory allocator to load first: a path, or `none`; where it is not said, the first of those that are known. */
  preload?: string;
  /** In place of the usual flags of Node, for measurements. */
  execArgv?: readonly string[];
  /** On top of the usual environment, for measurements. */
  environment?: Readonly<Record<string, string>>;
  /** False for the ordinary scheduling policy, for measurements. */
  batch?: boolean;
};

export type WorkerEnd = { code: number | null; signal: NodeJS.Signals | null };

export type WorkerProcessEvents = {
  /** Something that a worker says. */
  event(event: WorkerEvent): void;
  /** Something that no worker in order says. */
  nonsense(): void;
  /** The process is gone, its ports are free. Told once. */
  ended(end: WorkerEnd): void;
};

/** Forks a worker. The caller reads its messages. */
export function forkWorker(config: WorkerConfig, launch: WorkerLaunch = {}): ChildProcess {
  const flags = launch.execArgv ?? EXEC_ARGV;
  const [command, ...args] = SCHEDULER;
  const scheduled = launch.batch !== false && canSchedule();
  const preload = launch.preload ?? ALLOCATORS.find((file) => existsSync(file)) ?? 'none';
  return fork(WORKER_FILE, [JSON.stringify(config)], {
    serialization: 'advanced',
    // The tool becomes Node in the same process: pid and IPC channel are the worker's.
    ...(scheduled
      ? { execPath: command, execArgv: [...args, process.execPath, ...flags] }
      : { execArgv: [...flags] }),
    env: {
      ...ENVIRONMENT,
      ...launch.environment,
      PATH: process.env['PATH'],
      ...(preload === 'none' ? {} : { LD_PRELOAD: preload }),
    },
  });
}

export class WorkerProcess {
  readonly #child: ChildProcess;
  #ready = false;

  constructor(config: WorkerConfig, launch: WorkerLaunch, events: WorkerProcessEvents) {
    this.#child = forkWorker(config, launch);
    let told = false;
    const ended = (end: WorkerEnd) => {
      clearTimeout(readyTimer);
      if (!told) {
        told = true;
        events.ended(end);
      }
    };
    const readyTimer = setTimeout(() => this.kill(), READY_TIMEOUT_MS);
    this.#child.on('message', (message: unknown) => {
      const event = readWorkerEvent(message);
      if (event === undefined) {
        events.nonsense();
        return;
      }
      if (event.type === 'ready') {
        clearTimeout(readyTimer);
        this.#ready = true;
      }
      events.event(event);
    });
    // Also for a process that could not be started at all (no memory, no process left): there is no exit then.
    this.#child.on('error', () => {
      if (this.#child.pid === undefined) {
        ended({ code: null, signal: null });
      }
    });
    this.#child.on('exit', (code, signal) => ended({ code, signal }));
  }

  /** Undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Never throws: a worker that is gone or does not read takes nothing, and its end is told otherwise. */
  send(command: WorkerCommand): void {
    if (!this.#child.connected) {
      return;
    }
    try {
      // With a callback the error of a worker that dies under the call comes there and not as an event.
      this.#child.send(command, () => undefined);
    } catch {
      // The channel was closed between the two lines.
    }
  }

  /** SIGKILL: the only signal that also ends a stopped or looping process. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Asks it to end, and makes it end when it does not. */
  shutDown(): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.kill(), SHUTDOWN_TIMEOUT_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      this.send({ type: 'shutdown' });
    });
  }
}
