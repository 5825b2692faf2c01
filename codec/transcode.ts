/**
 * Jobs on recordings, one after the other, each in a process of its own at the lowest priority: a process can be killed
 * whatever it does, gives all memory back, and does not make the relay's packets late (facts 10).
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, JobCommand, JobErrorCode, JobEvent, JobResult } from './transcode-protocol.ts';

const CHILD_FILE = join(import.meta.dirname, 'transcode-child.js');
const NICE = ['-n', '19'] as const;
/** A job that was asked to stop and does not is killed. */
const CANCEL_PATIENCE_MS = 2_000;
const MEMORY_MAX_BYTES = 1_200 * 1_024 * 1_024;
const MEMORY_INTERVAL_MS = 1_000;
const PAGE_BYTES = 4_096;
/** Lines of FFmpeg that an error carries. */
const LOG_MAX_LINES = 20;

export class JobError extends Error {
  readonly code: JobErrorCode;
  /** The last lines that FFmpeg wrote. */
  readonly log: readonly string[];

  constructor(code: JobErrorCode, sentence: string, log: readonly string[]) {
    super(sentence);
    this.code = code;
    this.log = log;
  }
}

export type JobOptions = {
  timeoutMs: number;
  memoryMaxBytes?: number;
  signal?: AbortSignal;
  /** 0 … 1 */
  onProgress?(done: number): void;
};

export class TranscodeQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Jobs that run or wait. */
  get length(): number {
    return this.#waiting;
  }

  /** @throws JobError */
  run(job: Job, options: JobOptions): Promise<JobResult> {
    this.#waiting++;
    const result = this.#last.then(() => runJob(job, options));
    this.#last = result.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return result;
  }
}

let hasNice: boolean | undefined;

function forkJob(): ChildProcess {
  hasNice ??= spawnSync('nice', [...NICE, 'true'], { stdio: 'ignore' }).status === 0;
  return fork(CHILD_FILE, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // The tool becomes Node in the same process, so every thread of it has the priority.
    ...(hasNice ? { execPath: 'nice', execArgv: [...NICE, process.execPath] } : { execArgv: [] }),
    env: { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '1' },
  });
}

/** @throws JobError */
export function runJob(job: Job, options: JobOptions): Promise<JobResult> {
  const { timeoutMs, memoryMaxBytes = MEMORY_MAX_BYTES, signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new JobError('cancelled', 'The job was cancelled.', []));
      return;
    }
    const child = forkJob();
    const log: string[] = [];
    let reason: { code: JobErrorCode; sentence: string } | undefined;
    let patience: NodeJS.Timeout | undefined;

    const kill = (code: JobErrorCode, sentence: string) => {
      reason ??= { code, sentence };
      child.kill('SIGKILL');
    };
    const cancel = () => {
      reason ??= { code: 'cancelled', sentence: 'The job was cancelled.' };
      send(child, { type: 'cancel' });
      patience = setTimeout(() => child.kill('SIGKILL'), CANCEL_PATIENCE_MS);
    };
    const timer = setTimeout(
      () => kill('timedOut', `The job took longer than ${Math.round(timeoutMs / 1_000)} s.`),
      timeoutMs,
    );
    const meter = setInterval(async () => {
      if ((await residentBytes(child.pid)) > memoryMaxBytes) {
        kill('outOfMemory', `The job needed more than ${Math.round(memoryMaxBytes / 2 ** 20)} MB.`);
      }
    }, MEMORY_INTERVAL_MS);
    const close = () => {
      clearTimeout(timer);
      clearTimeout(patience);
      clearInterval(meter);
      signal?.removeEventListener('abort', cancel);
    };
    const fail = (code: JobErrorCode, sentence: string) => {
      close();
      reject(new JobError(code, sentence, log));
    };

    signal?.addEventListener('abort', cancel, { once: true });
    child.on('message', (event: JobEvent) => {
      switch (event.type) {
        case 'progress':
          onProgress?.(event.done);
          return;
        case 'log':
          log.push(event.line);
          log.splice(0, log.length - LOG_MAX_LINES);
          return;
        case 'done':
          close();
          resolve(event.result);
          return;
        case 'failed':
          fail(event.code, event.sentence);
      }
    });
    child.on('error', (error) => fail('crashed', `The job could not be started: ${error.message}`));
    child.on('exit', (code, killedBy) =>
      fail(reason?.code ?? 'crashed', reason?.sentence ?? `The job ended by itself (${killedBy ?? code}).`),
    );
    send(child, { type: 'run', job });
  });
}

function send(child: ChildProcess, command: JobCommand): void {
  if (child.connected) {
    child.send(command, () => undefined);
  }
}

/** 0 where it cannot be read: then there is no limit. */
async function residentBytes(pid: number | undefined): Promise<number> {
  try {
    const pages = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1];
    return Number(pages) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
