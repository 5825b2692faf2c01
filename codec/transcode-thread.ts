/** The thread in which a job runs; it computes without a pause, so the process around it hears and ends it. */
import fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { loadFfmpeg } from './ffmpeg-core.ts';
import { silencesOf, VoiceDecoder, WaveformMeter } from './opus.ts';
import { type RemuxResult, remux } from './remux.ts';
import { Cancelled, type JournalFile, survey } from './remux-survey.ts';
import { presetArguments } from './transcode-presets.ts';
import {
  type Job,
  type JobFailure,
  type JobThreadData,
  PART,
  type SpeakerWaveform,
  type ThreadEvent,
  type ThreadResult,
} from './transcode-protocol.ts';

const CHUNK_BYTES = 1 << 20;
/** The first reading of the journals decodes nothing. */
const SURVEY_SHARE = 0.1;
const PROGRESS_INTERVAL_MS = 200;

const { job, cancel } = workerData as JobThreadData;
const flag = new Int32Array(cancel);
const isCancelled = () => Atomics.load(flag, 0) !== 0;
const say = (event: ThreadEvent) => parentPort?.postMessage(event);

let toldAt = 0;

function progress(done: number): void {
  if (isCancelled()) {
    throw new Cancelled();
  }
  const now = performance.now();
  if (now - toldAt >= PROGRESS_INTERVAL_MS) {
    toldAt = now;
    say({ type: 'progress', done });
  }
}

class NothingRecorded extends Error {}
class FfmpegFailed extends Error {}

function journalFile(path: string): JournalFile {
  return {
    name: basename(path),
    bytes: fs.statSync(path).size,
    *chunks() {
      const file = fs.openSync(path, 'r');
      try {
        for (;;) {
          const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
          const bytes = fs.readSync(file, chunk);
          if (bytes === 0) {
            return;
          }
          yield chunk.subarray(0, bytes);
        }
      } finally {
        fs.closeSync(file);
      }
    },
  };
}

async function runRemux({ journals, output }: Job & { kind: 'remux' }): Promise<ThreadResult> {
  const files = journals.map(journalFile);
  const total = Math.max(
    1,
    files.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const found = survey(files, (bytes) => progress((SURVEY_SHARE * bytes) / total));
  if (found.videos.length + found.voices.length === 0) {
    throw new NothingRecorded(found.problems[0] ?? 'Nothing was recorded.');
  }
  const voices = new Map<string, { decoder: VoiceDecoder; meter: WaveformMeter }>();
  for (const { party } of found.voices) {
    voices.set(party, { decoder: await VoiceDecoder.open(), meter: new WaveformMeter() });
  }
  const file = fs.openSync(output + PART, 'w', 0o600);
  let remuxed: RemuxResult;
  try {
    remuxed = remux(found, {
      write: (bytes) => writeAll(file, bytes),
      onVoice(party, timeMs, packet) {
        const voice = voices.get(party);
        if (voice) {
          const { peak, durationMs } = voice.decoder.measure(packet);
          voice.meter.add(timeMs, durationMs, peak);
        }
      },
      onProgress: (done) => progress(SURVEY_SHARE + (1 - SURVEY_SHARE) * done),
    });
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(output + PART, output);
  const speakers = [...voices].map(([party, { meter }]): SpeakerWaveform => {
    const waveform = meter.waveform();
    return { party, ...waveform, silences: silencesOf(waveform) };
  });
  return { bytes: fs.statSync(output).size, remuxed: { ...remuxed, speakers } };
}

async function runFfmpeg({
  preset,
  input,
  output,
  durationMs,
}: Job & { kind: 'ffmpeg' }): Promise<ThreadResult> {
  let lastLine = '';
  // Before the library is loaded: what is not there costs nothing.
  fs.closeSync(fs.openSync(input, 'r'));
  const ffmpeg = await loadFfmpeg({
    log(line) {
      lastLine = line;
      say({ type: 'log', line });
    },
    // Its own figure is wrong for many files (facts 1); the time is right.
    progress: (timeUs) =>
      say({ type: 'progress', done: Math.min(1, Math.max(0, timeUs / 1_000 / durationMs)) }),
    isCancelled,
  });
  ffmpeg.mount(dirname(input), '/in', true);
  ffmpeg.mount(dirname(output), '/out', false);
  const part = output + PART;
  fs.rmSync(part, { force: true });
  const code = ffmpeg.run(presetArguments(preset, `/in/${basename(input)}`, `/out/${basename(part)}`));
  if (isCancelled()) {
    throw new Cancelled();
  }
  const bytes = fs.existsSync(part) ? fs.statSync(part).size : 0;
  if (code !== 0 || bytes === 0) {
    throw new FfmpegFailed(lastLine);
  }
  const file = fs.openSync(part, 'r+');
  fs.fsyncSync(file);
  fs.closeSync(file);
  fs.renameSync(part, output);
  return { bytes };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += fs.writeSync(file, bytes, at);
  }
}

function failure(error: unknown): JobFailure {
  if (error instanceof Cancelled) {
    return { type: 'failed', code: 'cancelled', sentence: 'The job was cancelled.' };
  }
  if (error instanceof NothingRecorded) {
    return { type: 'failed', code: 'nothingRecorded', sentence: error.message };
  }
  if (error instanceof FfmpegFailed) {
    const why = error.message === '' ? '' : `: ${error.message}`;
    return { type: 'failed', code: 'transcodeFailed', sentence: `FFmpeg could not make the file${why}` };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined
    ? { type: 'failed', code: 'crashed', sentence: `The job failed: ${message}` }
    : { type: 'failed', code: 'fileError', sentence: `A file cannot be read or written (${code}).` };
}

try {
  const result = job.kind === 'remux' ? await runRemux(job) : await runFfmpeg(job);
  say({ type: 'done', result });
} catch (error) {
  fs.rmSync(job.output + PART, { force: true });
  say(failure(error));
}
