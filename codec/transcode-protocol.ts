/** What the process of a job and whoever started it say to each other; types and constants only. */
import type { Span, Waveform } from './opus.ts';
import type { RemuxResult } from './remux.ts';
import type { Preset } from './transcode-presets.ts';

/** Paths are absolute. An output is there when it is complete, under this name; before that with `PART`. */
export type Job =
  | { kind: 'remux'; journals: string[]; output: string }
  | { kind: 'ffmpeg'; preset: Preset; input: string; output: string; durationMs: number };

export const PART = '.part';

export type SpeakerWaveform = { party: string; silences: Span[] } & Waveform;

export type JobResult = {
  bytes: number;
  remuxed?: RemuxResult & { speakers: SpeakerWaveform[] };
  /** Of the whole process, with its start. */
  cpuMs: number;
  maxRssBytes: number;
};
export type ThreadResult = Omit<JobResult, 'cpuMs' | 'maxRssBytes'>;

export type JobErrorCode =
  /** There is nothing in the journals that a file could hold. */
  | 'nothingRecorded'
  /** FFmpeg ended with an error: the input is damaged, the disk is full. */
  | 'transcodeFailed'
  /** A file cannot be read or written. */
  | 'fileError'
  | 'cancelled'
  | 'timedOut'
  | 'outOfMemory'
  /** The process ended by itself. */
  | 'crashed';

export type JobCommand = { type: 'run'; job: Job } | { type: 'cancel' };

export type JobEvent =
  /** 0 … 1 */
  | { type: 'progress'; done: number }
  | { type: 'log'; line: string }
  | { type: 'done'; result: JobResult }
  | JobFailure;

export type JobFailure = { type: 'failed'; code: JobErrorCode; sentence: string };

/** What the thread tells the process around it. */
export type ThreadEvent = Exclude<JobEvent, { type: 'done' }> | { type: 'done'; result: ThreadResult };

/** What the thread of a job is started with; the flag is set to 1 to cancel. */
export type JobThreadData = { job: Job; cancel: SharedArrayBuffer };
