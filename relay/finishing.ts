/**
 * Journals of recordings into files that play: remuxed, finished, with waveforms and a contact sheet beside them, each job in
 * a process of its own. Runs when a recording is closed and at start for what a crash left. The journals stay: they are what was
 * recorded, everything else can be made of them again.
 */
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JobError, type JobOptions, TranscodeQueue } from '../codec/transcode.ts';
import type { Preset } from '../codec/transcode-presets.ts';
import type { Job } from '../codec/transcode-protocol.ts';
import type { Log } from './log.ts';
import { type Failure, fail } from './outcome.ts';
import type {
  PlaybackFormat,
  PlaybackProblem,
  PlaybackSpeaker,
  PlaybackStretch,
  PlaybackView,
  SessionId,
} from './protocol.ts';

const JOURNAL = /^(\d{1,15})-(\d{1,9})\.journal$/;
/** Everything that is made of journals. */
const MADE = ['raw', 'webm', 'mkv', 'mp4', 'wav', 'sheet.jpg', 'peaks.json'] as const;
const MADE_ON_DEMAND: readonly PlaybackFormat[] = ['mkv', 'mp4', 'wav'];
const PART = '.part';
const DOCUMENT_VERSION = 1;

/** Jobs have the lowest priority: on a busy machine they take many times as long as on an idle one. */
const PATIENCE_MS = 300_000;
const REMUX_MS_PER_BYTE = 1 / 500;
const MIX_SHARE = 2;
const ENCODE_SHARE = 10;

/** How much of the whole each step is, by its CPU. */
const REMUX_DONE = 0.4;
const FINISH_DONE = 0.9;

/** What is written last, so its being there says that all is. */
type PlaybackDocument = {
  version: number;
  journals: { name: string; bytes: number }[];
  container: 'webm' | 'mkv';
  codec: string;
  width: number;
  height: number;
  durationMs: number;
  stretches: PlaybackStretch[];
  speakers: PlaybackSpeaker[];
};

type Conversion = { done: number; abort: AbortController; ended: Promise<unknown> };
type Work = Conversion & { again: boolean };

export type PlaybackFile = { path: string; format: PlaybackFormat };

export class Finishing {
  readonly #folder: string;
  readonly #log: Log;
  readonly #queue = new TranscodeQueue();
  readonly #work = new Map<SessionId, Work>();
  readonly #conversions = new Map<string, Conversion>();
  readonly #problems = new Map<SessionId, PlaybackProblem>();
  #isClosed = false;

  /** @param folder of the journals; is there */
  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** At start: whatever was recorded and not finished. */
  async recover(): Promise<void> {
    const sessions = (await readdir(this.#folder)).flatMap((name) => {
      const [, session] = JOURNAL.exec(name) ?? [];
      return session === undefined ? [] : [Number(session)];
    });
    for (const sessionId of new Set(sessions)) {
      this.finish({ sessionId });
    }
  }

  /** A recording is closed, or a part of it. Never throws; how it goes on is in `view` and in the log. */
  finish({ sessionId }: { sessionId: SessionId }): void {
    const running = this.#work.get(sessionId);
    if (running) {
      running.again = true;
      return;
    }
    if (this.#isClosed) {
      return;
    }
    const work: Work = { done: 0, again: false, abort: new AbortController(), ended: Promise.resolve() };
    this.#work.set(sessionId, work);
    work.ended = this.#finish(sessionId, work).finally(() => {
      this.#work.delete(sessionId);
      if (work.again) {
        this.finish({ sessionId });
      }
    });
  }

  async view(sessionId: SessionId): Promise<PlaybackView> {
    const work = this.#work.get(sessionId);
    const document = await this.#document(sessionId);
    if (!document) {
      const problem = this.#problems.get(sessionId);
      return work
        ? { state: 'preparing', done: work.done }
        : problem
          ? { state: 'failed', problem }
          : { state: 'none' };
    }
    const { durationMs, stretches, speakers, width } = document;
    const formats: Partial<Record<PlaybackFormat, number>> = {};
    for (const format of formatsOf(document)) {
      const isThere = (await sizeOf(this.#path(sessionId, format))) > 0;
      formats[format] = isThere ? 1 : (this.#conversions.get(`${sessionId}.${format}`)?.done ?? 0);
    }
    return { state: 'ready', durationMs, hasPicture: width > 0, stretches, speakers, formats };
  }

  /**
   * The file of a format, the one that plays when it is not said.
   * @returns how far it is, when it is being made: this begins it
   */
  async file(
    sessionId: SessionId,
    format: PlaybackFormat | undefined,
  ): Promise<PlaybackFile | { done: number } | Failure> {
    const document = await this.#document(sessionId);
    if (!document) {
      return fail(this.#work.has(sessionId) ? 'recordingPreparing' : 'noSuchRecording');
    }
    const wanted = format ?? document.container;
    if (!formatsOf(document).includes(wanted)) {
      return fail('noSuchRecording');
    }
    const path = this.#path(sessionId, wanted);
    if ((await sizeOf(path)) > 0) {
      return { path, format: wanted };
    }
    return this.#convert(sessionId, document, wanted);
  }

  /** Undefined when there is none. */
  async sheet(sessionId: SessionId): Promise<string | undefined> {
    const path = this.#path(sessionId, 'sheet.jpg');
    return (await sizeOf(path)) > 0 ? path : undefined;
  }

  /** Journals and all that was made of them. @returns how many journals there were */
  async delete(sessionId: SessionId): Promise<number> {
    const work = this.#work.get(sessionId);
    if (work) {
      work.again = false;
      work.abort.abort();
      await work.ended;
    }
    for (const [key, { abort, ended }] of this.#conversions) {
      if (key.startsWith(`${sessionId}.`)) {
        abort.abort();
        await ended;
      }
    }
    // First what makes it playable, last what it could be made of again.
    const journals = await this.#journals(sessionId);
    const names = [
      ...MADE.toReversed().flatMap((suffix) => [`${sessionId}.${suffix}`, `${sessionId}.${suffix}${PART}`]),
      ...journals.map(({ name }) => name),
    ];
    for (const name of names) {
      await rm(join(this.#folder, name), { force: true });
    }
    await this.#syncFolder();
    this.#problems.delete(sessionId);
    return journals.length;
  }

  /** Ends what runs; it begins again at the next start. */
  close(): void {
    this.#isClosed = true;
    for (const { abort } of [...this.#work.values(), ...this.#conversions.values()]) {
      abort.abort();
    }
  }

  // -------------------------------------------------------------- making

  async #finish(sessionId: SessionId, work: Work): Promise<void> {
    const started = performance.now();
    try {
      const journals = await this.#journals(sessionId);
      const made = await this.#document(sessionId);
      if (journals.length === 0 || (made && isSame(made.journals, journals))) {
        return;
      }
      const document = await this.#make(sessionId, journals, work);
      this.#problems.delete(sessionId);
      const { durationMs, container } = document;
      const tookMs = Math.round(performance.now() - started);
      this.#log.info({ sessionId, durationMs, container, tookMs }, 'recordingFinished');
    } catch (error) {
      if (work.abort.signal.aborted) {
        return;
      }
      const code = error instanceof JobError ? error.code : undefined;
      this.#problems.set(sessionId, code === 'nothingRecorded' ? 'nothingRecorded' : 'failed');
      const lines = error instanceof JobError ? error.log : [];
      this.#log.error({ err: error, sessionId, code, lines }, 'recordingNotFinished');
    }
  }

  async #make(
    sessionId: SessionId,
    journals: PlaybackDocument['journals'],
    work: Work,
  ): Promise<PlaybackDocument> {
    const { signal } = work.abort;
    const bytes = journals.reduce((sum, journal) => sum + journal.bytes, 0);
    const step = (from: number, to: number, timeoutMs: number): JobOptions => ({
      ...{ signal, timeoutMs },
      onProgress: (done) => {
        work.done = from + (to - from) * done;
      },
    });
    const raw = this.#path(sessionId, 'raw');
    const paths = journals.map(({ name }) => join(this.#folder, name));
    const remux = step(0, REMUX_DONE, PATIENCE_MS + bytes * REMUX_MS_PER_BYTE);
    const { remuxed } = await this.#queue.run({ kind: 'remux', journals: paths, output: raw }, remux);
    if (!remuxed) {
      throw new Error('a remux without a result');
    }
    const { container, durationMs, stretches, speakers, videos, problems, damagedBytes } = remuxed;
    if (problems.length > 0) {
      this.#log.warn({ sessionId, damagedBytes, problems }, 'recordingDamaged');
    }
    const patienceMs = PATIENCE_MS + durationMs * MIX_SHARE;
    const output = this.#path(sessionId, container);
    const finish = async (voices: number) =>
      this.#queue.run(
        { kind: 'ffmpeg', preset: { name: 'finish', voices, container }, input: raw, output, durationMs },
        step(REMUX_DONE, FINISH_DONE, patienceMs),
      );
    try {
      await finish(speakers.length);
    } catch (error) {
      // Better without a mixed voice than not at all.
      if (!(error instanceof JobError) || error.code !== 'transcodeFailed' || speakers.length < 2) {
        throw error;
      }
      this.#log.warn({ sessionId, lines: error.log }, 'recordingNotMixed');
      await finish(0);
    }
    const [video] = videos;
    if (video) {
      const preset: Preset = { name: 'sheet', durationMs };
      const sheet = this.#path(sessionId, 'sheet.jpg');
      const job: Job = { kind: 'ffmpeg', preset, input: output, output: sheet, durationMs };
      await this.#queue.run(job, step(FINISH_DONE, 1, patienceMs)).catch((error: unknown) => {
        this.#log.warn({ err: error, sessionId }, 'recordingWithoutSheet');
      });
    }
    signal.throwIfAborted();
    // What was made of fewer parts.
    const stale = MADE_ON_DEMAND.filter((format) => format !== container);
    for (const suffix of [...stale, 'raw']) {
      await rm(this.#path(sessionId, suffix), { force: true });
    }
    const document: PlaybackDocument = {
      ...{ version: DOCUMENT_VERSION, journals, container, durationMs, stretches, speakers },
      ...{ codec: video?.codec ?? '', width: video?.width ?? 0, height: video?.height ?? 0 },
    };
    await this.#writeDocument(sessionId, document);
    return document;
  }

  #convert(
    sessionId: SessionId,
    { container, codec, width, height, durationMs }: PlaybackDocument,
    format: PlaybackFormat,
  ): { done: number } | Failure {
    const key = `${sessionId}.${format}`;
    const running = this.#conversions.get(key);
    if (running) {
      return { done: running.done };
    }
    if (this.#isClosed) {
      return fail('draining');
    }
    const conversion: Conversion = { done: 0, abort: new AbortController(), ended: Promise.resolve() };
    this.#conversions.set(key, conversion);
    const video = width === 0 ? 'none' : codec === 'H264' ? 'copy' : 'encode';
    const preset: Preset =
      format === 'mp4' ? { name: 'mp4', video, width, height } : { name: format === 'wav' ? 'wav' : 'mkv' };
    const job: Job = {
      ...{ kind: 'ffmpeg', preset, input: this.#path(sessionId, container) },
      ...{ output: this.#path(sessionId, format), durationMs },
    };
    const options: JobOptions = {
      timeoutMs: PATIENCE_MS + durationMs * ENCODE_SHARE,
      signal: conversion.abort.signal,
      onProgress: (done) => {
        conversion.done = done;
      },
    };
    conversion.ended = this.#queue
      .run(job, options)
      .catch((error: unknown) => {
        if (!conversion.abort.signal.aborted) {
          const lines = error instanceof JobError ? error.log : [];
          this.#log.error({ err: error, sessionId, format, lines }, 'recordingNotConverted');
        }
      })
      .finally(() => this.#conversions.delete(key));
    return { done: 0 };
  }

  // -------------------------------------------------------------- files

  #path(sessionId: SessionId, suffix: string): string {
    return join(this.#folder, `${sessionId}.${suffix}`);
  }

  /** Closed ones, in the order of their parts. */
  async #journals(sessionId: SessionId): Promise<PlaybackDocument['journals']> {
    const parts: { name: string; bytes: number; part: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      const [, session, part] = JOURNAL.exec(name) ?? [];
      if (Number(session) === sessionId) {
        parts.push({ name, bytes: await sizeOf(join(this.#folder, name)), part: Number(part) });
      }
    }
    return parts.sort((one, other) => one.part - other.part).map(({ name, bytes }) => ({ name, bytes }));
  }

  async #document(sessionId: SessionId): Promise<PlaybackDocument | undefined> {
    try {
      const text = await readFile(this.#path(sessionId, 'peaks.json'), 'utf8');
      const document = JSON.parse(text) as PlaybackDocument;
      const isThere = (await sizeOf(this.#path(sessionId, document.container))) > 0;
      return document.version === DOCUMENT_VERSION && isThere ? document : undefined;
    } catch {
      return undefined;
    }
  }

  async #writeDocument(sessionId: SessionId, document: PlaybackDocument): Promise<void> {
    const path = this.#path(sessionId, 'peaks.json');
    const file = await open(path + PART, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(document));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(path + PART, path);
    await this.#syncFolder();
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function formatsOf({ container, width, speakers }: PlaybackDocument): PlaybackFormat[] {
  return [
    ...(container === 'webm' ? (['webm', 'mkv'] as const) : (['mkv'] as const)),
    ...(width > 0 ? (['mp4'] as const) : []),
    ...(speakers.length > 0 ? (['wav'] as const) : []),
  ];
}

function isSame(one: PlaybackDocument['journals'], other: PlaybackDocument['journals']): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** 0 when there is none. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
