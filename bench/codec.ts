/**
 * What is made of recordings: every preset as the product runs it (WebAssembly, a process of its own, its start included) and
 * native FFmpeg with the same arguments and one thread, in turn on the same file; then a long recording from its journals.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Depayloader } from '../codec/depayload.ts';
import { JournalReader } from '../codec/journal.ts';
import { VoiceDecoder } from '../codec/opus.ts';
import { Reorder } from '../codec/reorder.ts';
import { runJob } from '../codec/transcode.ts';
import { type Preset, presetArguments } from '../codec/transcode-presets.ts';
import type { JobResult } from '../codec/transcode-protocol.ts';
import {
  makeJournal,
  makeMedia,
  type SyntheticMedia,
  type SyntheticTrack,
} from '../test/support/synthetic-recording.ts';
import type { Emit, Summary } from './main.ts';

const TIMEOUT_MS = 1_800_000;
/** Made once and repeated: making is slower than all that is measured. */
const LOOP_MS = 10_000;
const MB = 2 ** 20;

type Figures = { cpu_ms: number; wall_ms: number; rss_mb: number };
type Media = { vp8: SyntheticMedia; h264: SyntheticMedia; voice: SyntheticMedia };

export async function codec(argv: string[], out: string | undefined, emit: Emit): Promise<Summary> {
  const { values } = parseArgs({
    args: argv,
    options: { minutes: { type: 'string', default: '60' }, seconds: { type: 'string', default: '60' } },
  });
  const minutes = Number(values.minutes);
  const seconds = Number(values.seconds);
  const folder = mkdtempSync(join(tmpdir(), 'fernblick-codec-'));
  try {
    const media = await makeInputs();
    const hasNative = spawnSync('ffmpeg', ['-version'], { stdio: 'ignore' }).status === 0;
    const rows: Record<string, unknown> = {};
    for (const [name, picture] of [
      ['vp8', media.vp8],
      ['h264', media.h264],
    ] as const) {
      await measurePresets(
        { name, picture, voice: media.voice, seconds, folder, hasNative },
        (row, figures) => {
          rows[row] = figures;
          emit({ row, ...figures });
        },
      );
    }
    const long = await measureLong(media, minutes, folder, hasNative);
    emit({ row: 'long', ...long });
    const rates = await measureRates(media);
    emit({ row: 'rates', ...rates });
    const summary = {
      bench: 'codec',
      native: hasNative,
      rows,
      long,
      rates,
      missed: missed(rows, long, rates),
    };
    if (out !== undefined) {
      mkdirSync(out, { recursive: true });
      writeFileSync(join(out, 'codec.json'), JSON.stringify(summary, null, 2));
    }
    return summary;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeInputs(): Promise<Media> {
  const length = LOOP_MS / 1_000;
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=30:duration=${length}`];
  return {
    vp8: await makeMedia('VP8', picture),
    h264: await makeMedia('H264', picture),
    voice: await makeMedia('opus', ['-f', 'lavfi', '-i', `anoisesrc=amplitude=0.2:duration=${length}`]),
  };
}

function journalOf(
  picture: SyntheticMedia,
  voice: SyntheticMedia,
  seconds: number,
  startedAtMs: number,
): Buffer {
  const tracks: SyntheticTrack[] = [];
  for (let fromMs = 0; fromMs < 1_000 * seconds; fromMs += LOOP_MS) {
    tracks.push({ party: 'customer', media: picture, fromMs });
    tracks.push({ party: 'customer', media: voice, fromMs });
    tracks.push({ party: 'technician', media: voice, fromMs });
  }
  return makeJournal({ startedAtMs, durationMs: 1_000 * seconds, tracks });
}

type Subject = {
  name: 'vp8' | 'h264';
  picture: SyntheticMedia;
  voice: SyntheticMedia;
  seconds: number;
  folder: string;
  hasNative: boolean;
};

async function measurePresets(
  { name, picture, voice, seconds, folder, hasNative }: Subject,
  tell: (row: string, figures: Record<string, unknown>) => void,
): Promise<void> {
  const at = (file: string) => join(folder, `${name}.${file}`);
  const durationMs = 1_000 * seconds;
  const container = name === 'vp8' ? 'webm' : 'mkv';
  writeFileSync(at('journal'), journalOf(picture, voice, seconds, 0));
  const remuxed = await timed(() =>
    runJob({ kind: 'remux', journals: [at('journal')], output: at('raw') }, { timeoutMs: TIMEOUT_MS }),
  );
  tell(`${name} remux`, remuxed);
  const size = { width: 1_280, height: 720 };
  const video = name === 'h264' ? 'copy' : 'encode';
  const presets: [string, Preset, input: string][] = [
    ['finish, mixed voice', { name: 'finish', voices: 2, container }, 'raw'],
    ['finish, copy', { name: 'finish', voices: 0, container }, 'raw'],
    ['mp4', { name: 'mp4', video, ...size }, 'film'],
    ['mkv', { name: 'mkv' }, 'film'],
    ['wav', { name: 'wav' }, 'film'],
    ['ogg', { name: 'ogg' }, 'film'],
    ['sheet', { name: 'sheet', durationMs }, 'film'],
    ['clip 5 s', { name: 'clip', fromMs: 2_000, toMs: 7_000, container }, 'film'],
    ['gif 5 s', { name: 'gif', fromMs: 0, toMs: 5_000 }, 'film'],
  ];
  for (const [row, preset, from] of presets) {
    const output = row === 'finish, mixed voice' ? at('film') : at('out');
    const job = { kind: 'ffmpeg', preset, input: at(from), output, durationMs } as const;
    const ours = await timed(() => runJob(job, { timeoutMs: TIMEOUT_MS }));
    tell(`${name} ${row}`, { ...ours, ...(hasNative ? beside(ours, preset, at(from), at('native')) : {}) });
  }
}

async function timed(work: () => Promise<JobResult>): Promise<Figures> {
  const started = performance.now();
  const { cpuMs, maxRssBytes } = await work();
  return {
    cpu_ms: cpuMs,
    wall_ms: Math.round(performance.now() - started),
    rss_mb: Math.round(maxRssBytes / MB),
  };
}

/** Native FFmpeg with the same arguments, and how often its figures go into ours. */
function beside(ours: Figures, preset: Preset, input: string, output: string): Record<string, number> {
  const native = runNative(presetArguments(preset, input, output));
  const ratio = (one: number, other: number) => Math.round((100 * one) / Math.max(1, other)) / 100;
  return {
    native_cpu_ms: native.cpu_ms,
    native_wall_ms: native.wall_ms,
    cpu_ratio: ratio(ours.cpu_ms, native.cpu_ms),
    wall_ratio: ratio(ours.wall_ms, native.wall_ms),
  };
}

function runNative(args: readonly string[]): { cpu_ms: number; wall_ms: number } {
  // The shell tells what its children used; Node does not.
  const script = 'TIMEFORMAT=\'%3R %3U %3S\'; time ffmpeg -y -threads 1 "$@" 2>/dev/null </dev/null';
  const { stderr, status } = spawnSync('bash', ['-c', script, 'bash', ...args], { encoding: 'utf8' });
  const [wall = 0, user = 0, system = 0] = stderr.trim().split(/\s+/).map(Number);
  if (status !== 0) {
    throw new Error(`native FFmpeg ended with ${status}`);
  }
  return { cpu_ms: Math.round(1_000 * (user + system)), wall_ms: Math.round(1_000 * wall) };
}

/** A part for each minute. */
async function measureLong(
  { vp8, voice }: Media,
  minutes: number,
  folder: string,
  hasNative: boolean,
): Promise<Record<string, unknown>> {
  const journals: string[] = [];
  const minute = journalOf(vp8, voice, 60, 0);
  for (let part = 0; part < minutes; part++) {
    const path = join(folder, `long-${part}.journal`);
    // Only the start differs, and parts that begin together follow each other.
    writeFileSync(path, minute);
    journals.push(path);
  }
  const raw = join(folder, 'long.raw');
  const film = join(folder, 'long.webm');
  const remux = await timed(() =>
    runJob({ kind: 'remux', journals, output: raw }, { timeoutMs: TIMEOUT_MS }),
  );
  for (const path of journals) {
    rmSync(path);
  }
  const preset: Preset = { name: 'finish', voices: 0, container: 'webm' };
  const durationMs = 60_000 * minutes;
  const job = { kind: 'ffmpeg', preset, input: raw, output: film, durationMs } as const;
  const finish = await timed(() => runJob(job, { timeoutMs: TIMEOUT_MS }));
  const native = hasNative ? beside(finish, preset, raw, join(folder, 'long.native')) : {};
  return { minutes, file_mb: Math.round(statSync(raw).size / MB), remux, finish: { ...finish, ...native } };
}

async function measureRates({ vp8, voice }: Media): Promise<Record<string, number>> {
  const reader = new JournalReader();
  reader.push(journalOf(vp8, voice, 60, 0));
  const packets: { bytes: Uint8Array; atUs: number }[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    if (record.kind === 'rtp' && record.track === 1) {
      packets.push({ bytes: record.packet, atUs: record.atUs });
    }
  }
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < 2_000) {
    const depayloader = new Depayloader('VP8', () => undefined);
    const reorder = new Reorder((packet) => depayloader.push(packet));
    for (const { bytes, atUs } of packets) {
      reorder.push(bytes, atUs);
    }
    reorder.flush();
    count += packets.length;
  }
  const perSecond = (1_000 * count) / (performance.now() - started);
  const decoder = await VoiceDecoder.open();
  const decoding = performance.now();
  let decodedMs = 0;
  for (; performance.now() - decoding < 2_000; decodedMs += LOOP_MS) {
    for (const { data } of voice.packets) {
      decoder.measure(data);
    }
  }
  const times = decodedMs / (performance.now() - decoding);
  decoder.close();
  return { depayload_packets_per_s: Math.round(perSecond), opus_times_real_time: Math.round(times) };
}

/** The targets of facts/codec.md that were not met, in words. */
function missed(
  rows: Record<string, unknown>,
  long: Record<string, unknown>,
  rates: Record<string, number>,
): string[] {
  const row = (name: string) => rows[name] as Record<string, number> | undefined;
  const { remux, finish } = long as Record<string, Record<string, number> | undefined>;
  const rules: [name: string, value: number | undefined, most: number][] = [
    ['long finish, wall ratio', finish?.['wall_ratio'], 1.3],
    ['long finish, ms', finish?.['wall_ms'], 5_000],
    ['long finish, MB', finish?.['rss_mb'], 250],
    ['long remux, MB', remux?.['rss_mb'], 250],
    ['mp4 by copy, CPU ms', row('h264 mp4')?.['cpu_ms'], 2_000],
    ['mp4 encoded, CPU ratio', row('vp8 mp4')?.['cpu_ratio'], 5.5],
    ['wav, CPU ratio', row('vp8 wav')?.['cpu_ratio'], 1.6],
    ['sheet, CPU ms', row('vp8 sheet')?.['cpu_ms'], 300],
    ['depayload, µs a packet', 1e6 / (rates['depayload_packets_per_s'] ?? 1), 4],
    ['Opus, % of real time', 100 / (rates['opus_times_real_time'] ?? 1), 1],
  ];
  return rules.flatMap(([name, value, most]) =>
    value === undefined || value <= most
      ? []
      : [`${name}: ${Math.round(100 * value) / 100}, at most ${most}`],
  );
}
