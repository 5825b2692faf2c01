/**
 * Real: jobs in processes of their own, FFmpeg as WebAssembly, files; a pipe that nobody writes as the job that hangs.
 * mediabunny reads the results.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import t from 'tap';
import { JobError, runJob, TranscodeQueue } from '../../codec/transcode.ts';
import type { Preset } from '../../codec/transcode-presets.ts';
import type { Job } from '../../codec/transcode-protocol.ts';
import { makeJournal, makeMedia } from '../support/synthetic-recording.ts';

const TIMEOUT_MS = 60_000;
const DURATION_MS = 6_000;
const folder = mkdtempSync(join(tmpdir(), 'fernblick-jobs-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

async function facts(name: string) {
  const source = new BufferSource(new Uint8Array(readFileSync(at(name))));
  const input = new Input({ formats: ALL_FORMATS, source });
  try {
    const tracks = await input.getTracks();
    const codecs = await Promise.all(tracks.map((track) => track.getCodec()));
    return { codecs, durationMs: 1_000 * (await input.computeDuration()) };
  } finally {
    input.dispose();
  }
}

const job = (preset: Preset, input: string, output: string): Job => ({
  ...{ kind: 'ffmpeg', preset, input: at(input), output: at(output), durationMs: DURATION_MS },
});

async function failure(work: Promise<unknown>): Promise<JobError> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (caught: unknown) => caught,
  );
  t.ok(error instanceof JobError, String(error));
  return error as JobError;
}

t.before(async () => {
  const input = (filter: string) => ['-f', 'lavfi', '-i', `${filter}:duration=6`];
  const video = await makeMedia('VP8', input('testsrc2=size=160x120:rate=10'));
  const h264 = await makeMedia('H264', input('testsrc2=size=160x120:rate=10'));
  const voice = await makeMedia('opus', input('sine=frequency=440'));
  const tracks = (media: typeof video) => [
    { party: 'customer', media },
    { party: 'customer', media: voice },
    { party: 'technician', media: voice, keep: (timeMs: number) => timeMs > 2_000 },
  ];
  const made = (media: typeof video) =>
    makeJournal({ startedAtMs: 1e12, durationMs: DURATION_MS, tracks: tracks(media) });
  writeFileSync(at('7-1.journal'), made(video));
  writeFileSync(at('8-1.journal'), made(h264));
});

t.test('a journal becomes a file with a mixed voice in front, its length and both voices', async (t) => {
  const done: number[] = [];
  const { remuxed } = await runJob(
    { kind: 'remux', journals: [at('7-1.journal')], output: at('7.raw') },
    { timeoutMs: TIMEOUT_MS, onProgress: (share) => done.push(share) },
  );
  t.equal(remuxed?.container, 'webm');
  t.match(remuxed?.speakers, [{ party: 'customer' }, { party: 'technician' }]);
  const [customer, technician] = remuxed?.speakers ?? [];
  t.ok(
    (customer?.peaks ?? []).slice(2, 58).every((peak) => peak > 20),
    'a tone from the beginning on',
  );
  t.match(technician?.silences, [{ fromMs: 0 }]);
  t.ok(Math.abs((technician?.silences[0]?.toMs ?? 0) - 2_000) <= 200);

  await runJob(job({ name: 'finish', voices: 2, container: 'webm' }, '7.raw', '7.webm'), {
    timeoutMs: TIMEOUT_MS,
  });
  const { codecs, durationMs } = await facts('7.webm');
  t.same(codecs, ['vp8', 'opus', 'opus', 'opus']);
  t.ok(Math.abs(durationMs - DURATION_MS) < 200, `${durationMs} ms`);

  await runJob(
    { kind: 'remux', journals: [at('8-1.journal')], output: at('8.raw') },
    { timeoutMs: TIMEOUT_MS },
  );
  await runJob(job({ name: 'finish', voices: 2, container: 'mkv' }, '8.raw', '8.mkv'), {
    timeoutMs: TIMEOUT_MS,
  });
  t.same((await facts('8.mkv')).codecs, ['avc', 'opus', 'opus', 'opus']);
  t.same(
    readdirSync(folder).filter((name) => name.endsWith('.part')),
    [],
    'nothing unfinished is left',
  );
});

t.test('every preset makes a file of its kind', async (t) => {
  const cases: [Preset, string, string, string[] | undefined, number][] = [
    [
      { name: 'mp4', video: 'encode', width: 160, height: 120 },
      '7.webm',
      '7.mp4',
      ['avc', 'aac'],
      DURATION_MS,
    ],
    [{ name: 'mp4', video: 'copy', width: 160, height: 120 }, '8.mkv', '8.mp4', ['avc', 'aac'], DURATION_MS],
    [{ name: 'mkv' }, '7.webm', '7.mkv', ['vp8', 'opus', 'opus', 'opus'], DURATION_MS],
    [{ name: 'wav' }, '7.webm', '7.wav', ['pcm-s16'], DURATION_MS],
    [{ name: 'ogg' }, '7.webm', '7.ogg', ['opus'], DURATION_MS],
    [
      { name: 'clip', fromMs: 3_100, toMs: 5_100, container: 'webm' },
      '7.webm',
      '7.clip.webm',
      ['vp8', 'opus'],
      2_000,
    ],
    [{ name: 'gif', fromMs: 0, toMs: 1_000 }, '7.webm', '7.gif', undefined, 0],
    [{ name: 'sheet', durationMs: DURATION_MS }, '7.webm', '7.jpg', undefined, 0],
  ];
  for (const [preset, input, output, codecs, lengthMs] of cases) {
    const { bytes } = await runJob(job(preset, input, output), { timeoutMs: TIMEOUT_MS });
    t.ok(bytes > 1_000, `${preset.name}: ${bytes} bytes`);
    if (codecs) {
      const found = await facts(output);
      t.same(found.codecs, codecs, output);
      t.ok(Math.abs(found.durationMs - lengthMs) < 1_100, `${output}: ${found.durationMs} ms`);
    }
  }
  t.equal(readFileSync(at('7.gif')).toString('latin1', 0, 4), 'GIF8');
  t.equal(readFileSync(at('7.jpg')).toString('hex', 0, 3), 'ffd8ff');
});

t.test('bad input: a code, a sentence, nothing left, and the next job runs', async (t) => {
  writeFileSync(at('empty.webm'), '');
  writeFileSync(at('text.webm'), 'not a film'.repeat(1_000));
  const timeoutMs = TIMEOUT_MS;
  for (const input of ['empty.webm', 'text.webm']) {
    const { code, message } = await failure(runJob(job({ name: 'mkv' }, input, 'x.mkv'), { timeoutMs }));
    t.equal(code, 'transcodeFailed', input);
    t.match(message, /FFmpeg could not make the file: .*Invalid data/);
  }
  t.match(await failure(runJob(job({ name: 'mkv' }, 'absent.webm', 'x.mkv'), { timeoutMs })), {
    code: 'fileError',
    message: /ENOENT/,
  });
  writeFileSync(at('9-1.journal'), 'FBJRNL no');
  const nothing = failure(
    runJob({ kind: 'remux', journals: [at('9-1.journal')], output: at('9.raw') }, { timeoutMs }),
  );
  t.match(await nothing, { code: 'nothingRecorded', message: /ends before a journal begins/ });
  t.notOk(existsSync(at('x.mkv')));
  t.notOk(existsSync(at('x.mkv.part')));
});

t.test('a job that hangs is killed when its time is over', async (t) => {
  execFileSync('mkfifo', [at('pipe.webm')]);
  const started = performance.now();
  const error = await failure(runJob(job({ name: 'mkv' }, 'pipe.webm', 'y.mkv'), { timeoutMs: 1_000 }));
  t.equal(error.code, 'timedOut');
  t.ok(performance.now() - started < 5_000);
});

t.test('a cancelled job stops softly, a hanging one is killed, both leave nothing', async (t) => {
  const long = job({ name: 'mp4', video: 'encode', width: 3_840, height: 2_160 }, '7.webm', 'z.mp4');
  const soft = new AbortController();
  setTimeout(() => soft.abort(), 1_500);
  const error = failure(runJob(long, { timeoutMs: TIMEOUT_MS, signal: soft.signal }));
  t.equal((await error).code, 'cancelled');
  const hard = new AbortController();
  setTimeout(() => hard.abort(), 300);
  const hanging = runJob(job({ name: 'mkv' }, 'pipe.webm', 'z.mkv'), {
    timeoutMs: TIMEOUT_MS,
    signal: hard.signal,
  });
  t.equal((await failure(hanging)).code, 'cancelled');
  t.same(
    readdirSync(folder).filter((name) => name.startsWith('z.')),
    [],
  );
});

t.test('memory has a limit', async (t) => {
  const big = job({ name: 'mp4', video: 'encode', width: 3_840, height: 2_160 }, '7.webm', 'm.mp4');
  const error = await failure(runJob(big, { timeoutMs: TIMEOUT_MS, memoryMaxBytes: 90 << 20 }));
  t.equal(error.code, 'outOfMemory');
});

t.test('jobs wait for each other, and one that fails holds up none', async (t) => {
  const queue = new TranscodeQueue();
  const order: string[] = [];
  const run = (name: string, input: string, output: string) =>
    queue.run(job({ name: 'ogg' }, input, output), { timeoutMs: TIMEOUT_MS }).then(
      () => order.push(name),
      () => order.push(`${name} failed`),
    );
  const all = [
    run('first', '7.webm', 'q1.ogg'),
    run('second', 'absent.webm', 'q2.ogg'),
    run('third', '7.webm', 'q3.ogg'),
  ];
  t.equal(queue.length, 3);
  await Promise.all(all);
  t.same(order, ['first', 'second failed', 'third']);
  t.equal(queue.length, 0);
});
