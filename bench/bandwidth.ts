/**
 * The phone's uplink gets narrower and wide again while the session runs: what happens to picture, stills and voice.
 * Real: relay, both browsers, encoder and decoder. Ours: the link, a camera that gives the encoder work, the voices.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Impairment, queueFor } from '../test/support/impairment.ts';
import { writeBusyCamera } from './camera.ts';
import { type ImpairedSession, lateness, openImpairedSession } from './impaired-session.ts';
import type { Summary } from './main.ts';
import { HEARD_AUDIO, PAIR, SEEN_VIDEO, SENT_AUDIO, SENT_VIDEO } from './page-stats.ts';
import { round } from './percentiles.ts';
import { COLOURS, type Plot, plotSvg, type Series } from './plot.ts';
import { type SocketWatch, watchSocket } from './socket-watch.ts';
import { takeFrames, takeVoiceGaps, watchFrames, watchVoice } from './technician-senses.ts';

/** A mobile network without loss of its own: what is lost is lost in the queue of 400 ms (RFC 8868: nominal). */
const PATH: Partial<Impairment> = { delayMs: 20, jitterMs: 5 };
const QUEUE_MS = 400;
const SAMPLE_MS = 200;
/** The estimate starts below the first step. */
const SETTLE_S = 5;
/** Where voice and stills are told apart in the plot. */
const LOW_KBPS = 600;
const RECOVERED_SHARE = 0.8;
const TARGET_RECOVERY_S = 20;
const TARGET_VOICE_INTERRUPTION_MS = 1_000;

type Sample = {
  seconds: number;
  link_kbps: number;
  /** Everything that the link carried, with headers. */
  up_kbps: number;
  /** What the phone's browser thinks that the link carries. */
  available_kbps: number;
  /** What its encoder aims at. */
  target_kbps: number;
  video_kbps: number;
  voice_kbps: number;
  width: number;
  height: number;
  fps_sent: number;
  fps_seen: number;
  limited_by: string;
  stills: number;
  still_bytes: number;
  mode: string;
  voice_lost_share: number;
  voice_concealed_share: number;
  queue_ms: number;
};

type Totals = {
  up: number;
  video: number;
  voice: number;
  framesSent: number;
  framesSeen: number;
  heard: number;
  concealed: number;
  received: number;
  lost: number;
};

function totals({ phone, office }: ImpairedSession): Totals {
  return {
    up: phone.link.up.counters.sentBytes,
    video: phone.totals.total(SENT_VIDEO, 'bytesSent'),
    voice: phone.totals.total(SENT_AUDIO, 'bytesSent'),
    framesSent: phone.totals.total(SENT_VIDEO, 'framesSent'),
    framesSeen: office.totals.total(SEEN_VIDEO, 'framesDecoded'),
    heard: office.totals.total(HEARD_AUDIO, 'totalSamplesReceived'),
    concealed: office.totals.total(HEARD_AUDIO, 'concealedSamples'),
    received: office.totals.total(HEARD_AUDIO, 'packetsReceived'),
    lost: office.totals.total(HEARD_AUDIO, 'packetsLost'),
  };
}

/** Time of the sample and what the technician's page got of stills since the last one. */
type Since = { startMs: number; atMs: number; lastMs: number; stillsSeen: number; socket: SocketWatch };

function toSample(
  session: ImpairedSession,
  now: Totals,
  before: Totals,
  { startMs, atMs, lastMs, stillsSeen, socket }: Since,
): Sample {
  const { phone } = session;
  const { impairment } = phone.link.up;
  const spanS = (atMs - lastMs) / 1_000;
  const kbps = (key: 'up' | 'video' | 'voice') => round(((now[key] - before[key]) * 8) / 1_000 / spanS, 1);
  const video = phone.totals.newest(SENT_VIDEO);
  const pair = phone.totals.newest(PAIR);
  const expected = now.received + now.lost - before.received - before.lost;
  return {
    seconds: round((atMs - startMs) / 1_000, 2),
    link_kbps: impairment.rateBps / 1_000,
    up_kbps: kbps('up'),
    available_kbps: round((pair?.numbers['availableOutgoingBitrate'] ?? 0) / 1_000),
    target_kbps: round((video?.numbers['targetBitrate'] ?? 0) / 1_000),
    video_kbps: kbps('video'),
    voice_kbps: kbps('voice'),
    width: video?.numbers['frameWidth'] ?? 0,
    height: video?.numbers['frameHeight'] ?? 0,
    fps_sent: round((now.framesSent - before.framesSent) / spanS),
    fps_seen: round((now.framesSeen - before.framesSeen) / spanS),
    limited_by: video?.texts['qualityLimitationReason'] ?? '',
    stills: socket.stillsReceived.length - stillsSeen,
    still_bytes: socket.stillsReceived.slice(stillsSeen).reduce((sum, { bytes }) => sum + bytes, 0),
    mode: '',
    voice_lost_share: round(expected > 0 ? Math.max(0, (now.lost - before.lost) / expected) : 0, 3),
    voice_concealed_share: round(
      (now.concealed - before.concealed) / Math.max(1, now.heard - before.heard),
      3,
    ),
    queue_ms: round((phone.link.up.queuedBytes(performance.now()) * 8_000) / impairment.rateBps, 0),
  };
}

type Run = {
  samples: Sample[];
  steps: { seconds: number; kbps: number }[];
  voiceGaps: { seconds: number; lengthMs: number }[];
  presentedS: number[];
  phoneSocket: SocketWatch;
  officeSocket: SocketWatch;
  startMs: number;
};

async function measure(session: ImpairedSession, stepsKbps: number[], secondsPerStep: number): Promise<Run> {
  const { phone, office } = session;
  const [phoneSocket, officeSocket] = await Promise.all([watchSocket(phone.page), watchSocket(office.page)]);
  limitUplink(session, stepsKbps[0] ?? 0);
  await watchVoice(office.page);
  await watchFrames(office.page, session.technician.words.customerCamera);
  await wait(SETTLE_S * 1_000);
  await takeVoiceGaps(office.page);
  const { nowMs: pageStartMs } = await takeFrames(office.page);
  const startMs = Date.now();
  const run: Run = {
    ...{ samples: [], steps: [], voiceGaps: [], presentedS: [] },
    ...{ phoneSocket, officeSocket, startMs },
  };
  await session.sample();
  let before = totals(session);
  let lastMs = startMs;
  let stillsSeen = officeSocket.stillsReceived.length;
  const samplesPerStep = Math.round((secondsPerStep * 1_000) / SAMPLE_MS);
  for (let n = 1; n <= stepsKbps.length * samplesPerStep; n++) {
    if ((n - 1) % samplesPerStep === 0) {
      const kbps = stepsKbps[(n - 1) / samplesPerStep] ?? 0;
      limitUplink(session, kbps);
      run.steps.push({ seconds: (Date.now() - startMs) / 1_000, kbps });
      console.error(`${((Date.now() - startMs) / 1_000).toFixed(1)} s: ${kbps} kbit/s`);
    }
    await wait(Math.max(0, startMs + n * SAMPLE_MS - Date.now()));
    await session.sample();
    const now = totals(session);
    const atMs = Date.now();
    run.samples.push(
      toSample(session, now, before, { startMs, atMs, lastMs, stillsSeen, socket: officeSocket }),
    );
    [before, lastMs, stillsSeen] = [now, atMs, officeSocket.stillsReceived.length];
  }
  const { gaps } = await takeVoiceGaps(office.page);
  run.voiceGaps = gaps.map((gap) => ({
    seconds: round((gap.startMs - pageStartMs) / 1_000, 2),
    lengthMs: round(gap.lengthMs, 0),
  }));
  const { presentedAtMs } = await takeFrames(office.page);
  run.presentedS = presentedAtMs.map((atMs) => round((atMs - pageStartMs) / 1_000, 3));
  nameModes(run);
  return run;
}

function limitUplink({ phone }: ImpairedSession, kbps: number): void {
  phone.link.up.change({ rateBps: kbps * 1_000, queueBytes: queueFor(kbps * 1_000, QUEUE_MS) });
}

/** What the phone last said of its picture by the time of each sample; a session begins with video. */
function nameModes({ samples, phoneSocket, startMs }: Run): void {
  for (const sample of samples) {
    const said = phoneSocket.pictures.filter(({ atMs }) => (atMs - startMs) / 1_000 <= sample.seconds).at(-1);
    sample.mode = said?.mode ?? 'video';
  }
}

/** Seconds from the last change of the link until `value`, averaged over a second, reaches the share of it; or null. */
function recovery({ samples, steps }: Run, value: (sample: Sample) => number): number | null {
  const last = steps.at(-1);
  if (!last) {
    return null;
  }
  const after = samples.filter(({ seconds }) => seconds > last.seconds);
  const width = Math.round(1_000 / SAMPLE_MS);
  for (let end = width; end <= after.length; end++) {
    const second = after.slice(end - width, end);
    const mean = second.reduce((sum, sample) => sum + value(sample), 0) / width;
    if (mean >= RECOVERED_SHARE * last.kbps) {
      return round((second.at(-1)?.seconds ?? 0) - last.seconds);
    }
  }
  return null;
}

/** The last half of each step, when the phone has found its level. */
function stepFigures(run: Run, secondsPerStep: number): Record<string, unknown> {
  return Object.fromEntries(
    run.steps.map(({ seconds, kbps }, index) => {
      const samples = run.samples.filter(
        (sample) => sample.seconds > seconds && sample.seconds <= seconds + secondsPerStep + 0.1,
      );
      const settled = samples.slice(samples.length / 2);
      const mean = (value: (sample: Sample) => number, digits = 0) =>
        round(settled.reduce((sum, sample) => sum + value(sample), 0) / Math.max(1, settled.length), digits);
      const gaps = run.voiceGaps.filter(
        (gap) => gap.seconds >= seconds && gap.seconds < seconds + secondsPerStep,
      );
      const sizes = [
        ...new Set(
          settled.filter(({ video_kbps }) => video_kbps > 0).map(({ width, height }) => `${width}x${height}`),
        ),
      ];
      return [
        `step_${index + 1}_${kbps}_kbps`,
        {
          up_kbps: mean(({ up_kbps }) => up_kbps),
          available_kbps: mean(({ available_kbps }) => available_kbps),
          target_kbps: mean(({ target_kbps }) => target_kbps),
          fps_seen: mean(({ fps_seen }) => fps_seen, 1),
          sizes,
          stills: samples.reduce((sum, { stills }) => sum + stills, 0),
          modes: [...new Set(samples.map(({ mode }) => mode))],
          voice_lost_share: mean(({ voice_lost_share }) => voice_lost_share, 4),
          voice_concealed_share: mean(({ voice_concealed_share }) => voice_concealed_share, 4),
          longest_voice_interruption_ms: Math.max(0, ...gaps.map(({ lengthMs }) => lengthMs)),
          queue_ms: mean(({ queue_ms }) => queue_ms),
        },
      ];
    }),
  );
}

function plot({ samples, steps, voiceGaps }: Run, seconds: number): Plot {
  const series = (
    name: string,
    colour: string,
    value: (sample: Sample) => number,
    more: Partial<Series> = {},
  ): Series => ({
    name,
    colour,
    points: samples.map((sample) => [sample.seconds, value(sample)] as const),
    ...more,
  });
  const { blue, orange, green, purple, grey } = COLOURS;
  const seen = (sample: Sample, value: number) => (sample.video_kbps > 0 ? value : Number.NaN);
  const low = (value: number) => (value <= LOW_KBPS ? value : Number.NaN);
  /** The mean of the last second, because a few pictures fall into one sample or the next. */
  const perSecond = (sample: Sample, key: 'fps_sent' | 'fps_seen') => {
    const until = samples.indexOf(sample) + 1;
    const second = samples.slice(Math.max(0, until - 1_000 / SAMPLE_MS), until);
    return second.reduce((sum, one) => sum + one[key], 0) / second.length;
  };
  return {
    title: 'Fernblick over an uplink that gets narrow and wide again',
    subtitle: `Limit of the phone's uplink with ${QUEUE_MS} ms of queue; 20 + 0..5 ms one way; sampled every ${SAMPLE_MS} ms`,
    seconds,
    marks: steps.map((step) => ({ seconds: step.seconds, label: `${step.kbps} kbit/s` })),
    panels: [
      {
        title: 'Bitrate',
        unit: 'kbit/s',
        max: 3_500,
        series: [
          series('link', grey, ({ link_kbps }) => link_kbps, { style: 'step', dashed: true }),
          series('estimate', green, ({ available_kbps }) => available_kbps),
          series('encoder target', orange, ({ target_kbps }) => target_kbps),
          series('sent', blue, ({ up_kbps }) => up_kbps),
        ],
      },
      {
        title: 'Bitrate, lowest part',
        unit: 'kbit/s',
        max: LOW_KBPS,
        series: [
          series('link', grey, ({ link_kbps }) => low(link_kbps), { style: 'step', dashed: true }),
          series('picture', orange, ({ video_kbps }) => low(video_kbps)),
          series('voice', purple, ({ voice_kbps }) => low(voice_kbps)),
          series('sent', blue, ({ up_kbps }) => low(up_kbps)),
        ],
      },
      {
        title: 'Picture',
        unit: 'lines',
        series: [series('height', blue, (sample) => seen(sample, sample.height), { style: 'step' })],
      },
      {
        title: 'Pictures per second',
        unit: '1/s',
        series: [
          series('sent', grey, (sample) => perSecond(sample, 'fps_sent')),
          series('seen', blue, (sample) => perSecond(sample, 'fps_seen')),
        ],
      },
      {
        title: 'Stills at the technician',
        unit: 'kB',
        series: [series('still', orange, ({ still_bytes }) => still_bytes / 1_000, { style: 'bar' })],
      },
      {
        title: 'Voice at the technician',
        unit: '%',
        max: 100,
        series: [
          series('lost', orange, ({ voice_lost_share }) => 100 * voice_lost_share),
          series('concealed', purple, ({ voice_concealed_share }) => 100 * voice_concealed_share),
        ],
      },
      {
        title: 'Delay in the uplink’s queue, and interruptions of the voice',
        unit: 'ms',
        series: [
          series('queue', grey, ({ queue_ms }) => queue_ms),
          {
            name: 'interruption',
            colour: orange,
            style: 'bar',
            points: voiceGaps.map(({ seconds: at, lengthMs }) => [at, lengthMs] as const),
          },
        ],
      },
    ],
  };
}

export async function bandwidth(argv: string[], out: string | undefined): Promise<Summary> {
  const { values } = parseArgs({
    args: argv,
    options: {
      steps: { type: 'string', default: '3000,500,150,60,2000' },
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
    },
  });
  const stepsKbps = values.steps.split(',').map(Number);
  const secondsPerStep = Number(values.seconds);
  const scratch = mkdtempSync(join(tmpdir(), 'fernblick-bench-'));
  try {
    const camera = join(scratch, 'camera.y4m');
    writeBusyCamera(camera, Number(values.seed));
    const session = await openImpairedSession({
      phone: { up: PATH, down: PATH },
      office: { up: PATH, down: PATH },
      seed: Number(values.seed),
      camera,
    });
    try {
      const run = await measure(session, stepsKbps, secondsPerStep);
      if (out !== undefined) {
        writeFileSync(join(out, 'bandwidth.svg'), plotSvg(plot(run, stepsKbps.length * secondsPerStep)));
      }
      return summary(session, run, secondsPerStep);
    } finally {
      await session.close();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function summary(session: ImpairedSession, run: Run, secondsPerStep: number): Summary {
  const longest = Math.max(0, ...run.voiceGaps.map(({ lengthMs }) => lengthMs));
  const recoveredS = recovery(run, ({ available_kbps }) => available_kbps);
  const { stillsSent, pictures } = run.phoneSocket;
  return {
    bench: 'bandwidth',
    seconds_per_step: secondsPerStep,
    longest_voice_interruption_ms: longest,
    target_voice_interruption_ms: TARGET_VOICE_INTERRUPTION_MS,
    recovery_estimate_s: recoveredS,
    recovery_sent_s: recovery(run, ({ up_kbps }) => up_kbps),
    target_recovery_s: TARGET_RECOVERY_S,
    modes: [...new Set(run.samples.map(({ mode }) => mode))],
    stills_seen: run.officeSocket.stillsReceived.length,
    stills_sent: stillsSent.length,
    still_mean_kb: round(
      stillsSent.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, stillsSent.length) / 1_000,
    ),
    ...stepFigures(run, secondsPerStep),
    ...lateness(session),
    connections_phone: session.phone.totals.connections,
    connections_office: session.office.totals.connections,
    targets_met:
      longest <= TARGET_VOICE_INTERRUPTION_MS && recoveredS !== null && recoveredS <= TARGET_RECOVERY_S,
    raw: { samples: run.samples, voiceGaps: run.voiceGaps, presentedS: run.presentedS, pictures, stillsSent },
  };
}
