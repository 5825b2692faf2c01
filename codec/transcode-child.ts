/** The process of one job: starts its thread, passes on what both sides say, and ends with it. */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { JobCommand, JobEvent, JobThreadData, ThreadEvent } from './transcode-protocol.ts';

const THREAD_FILE = new URL('./transcode-thread.js', import.meta.url);

const cancel = new SharedArrayBuffer(4);
const flag = new Int32Array(cancel);
let hasEnded = false;

function say(event: JobEvent): void {
  if (!process.connected) {
    return;
  }
  if (event.type === 'done' || event.type === 'failed') {
    hasEnded = true;
    process.send?.(event, () => process.exit(0));
    return;
  }
  process.send?.(event, () => undefined);
}

function usage(): { cpuMs: number; maxRssBytes: number } {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMs: Math.round((userCPUTime + systemCPUTime) / 1_000), maxRssBytes: peakKb(maxRSS) * 1_024 };
}

/** The usual figure (getrusage(2)) begins with that of the process which forked this one. */
function peakKb(otherwise: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? otherwise);
  } catch {
    return otherwise;
  }
}

function fail(sentence: string): void {
  if (!hasEnded) {
    say({ type: 'failed', code: 'crashed', sentence });
  }
}

process.on('message', (command: JobCommand) => {
  if (command.type === 'cancel') {
    Atomics.store(flag, 0, 1);
    return;
  }
  const workerData: JobThreadData = { job: command.job, cancel };
  const thread = new Worker(THREAD_FILE, { workerData });
  thread.on('message', (event: ThreadEvent) =>
    say(event.type === 'done' ? { type: 'done', result: { ...event.result, ...usage() } } : event),
  );
  thread.on('error', (error: Error) => fail(`The job failed: ${error.message}`));
  thread.on('exit', () => fail('The job ended without a result.'));
});
// Nobody is left who would want the result.
process.on('disconnect', () => process.exit(1));
