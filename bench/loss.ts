/**
 * Picture and voice over a lossy path: Chromium → link → relay → link → Chromium, independent loss on each leg and in
 * each direction, so feedback and requests are lost too. The proxies and their chance are ours, all else is real.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type ImpairedSession, lateness, openImpairedSession } from './impaired-session.ts';
import type { Emit, Summary } from './main.ts';
import { HEARD_AUDIO, PAIR, SEEN_VIDEO, SENT_VIDEO, type StatsTotals } from './page-stats.ts';
import { round } from './percentiles.ts';
import {
  freezeShare,
  holdPlayout,
  longestGapMs,
  startListening,
  stopListening,
  takeFrames,
  watchFrames,
} from './technician-senses.ts';
import { wav } from './voice.ts';

/** Jitter reorders here as in the measurements of facts/reliability.md 1.4, which is harder than most real paths. */
const PATH = { delayMs: 30, jitterMs: 5, inOrder: false };
/** Long enough for a few pictures to tell how long they waited in the buffer. */
const RECENT_MS = 200;

/** Bandwidth estimate and jitter buffers find their level; most of it within a few seconds. */
const SETTLE_S = 10;
const SETTLE_AFTER_CHANGE_S = 5;
/** The level whose sound is kept for ears. */
const WAV_PERCENT = 20;

type Target = { decoded_share: number; freeze_share: number };
const TARGETS: Record<number, Target> = {
  0: { decoded_share: 0.99, freeze_share: 0.005 },
  5: { decoded_share: 0.98, freeze_share: 0.01 },
  10: { decoded_share: 0.95, freeze_share: 0.04 },
  20: { decoded_share: 0.8, freeze_share: 0.1 },
};

const VIDEO_COUNTERS = [
  ...[
    'framesDecoded',
    'framesDropped',
    'freezeCount',
    'totalFreezesDuration',
    'packetsLost',
    'packetsReceived',
  ],
  ...['nackCount', 'pliCount', 'firCount', 'keyFramesDecoded', 'retransmittedPacketsReceived'],
  ...['jitterBufferDelay', 'jitterBufferEmittedCount'],
];
const SENT_COUNTERS = [
  ...[
    'framesSent',
    'framesEncoded',
    'keyFramesEncoded',
    'packetsSent',
    'retransmittedPacketsSent',
    'bytesSent',
  ],
  ...['nackCount', 'pliCount'],
];
const AUDIO_COUNTERS = [
  ...['totalSamplesReceived', 'concealedSamples', 'silentConcealedSamples', 'concealmentEvents'],
  ...[
    'packetsReceived',
    'packetsLost',
    'fecPacketsReceived',
    'jitterBufferDelay',
    'jitterBufferEmittedCount',
  ],
];

type Reading = Record<'sent' | 'seen' | 'heardInOffice' | 'heardOnPhone', Record<string, number>>;

function read({ phone, office }: ImpairedSession): Reading {
  const pick = (totals: StatsTotals, which: Parameters<StatsTotals['total']>[0], names: string[]) =>
    Object.fromEntries(names.map((name) => [name, totals.total(which, name)]));
  return {
    sent: pick(phone.totals, SENT_VIDEO, SENT_COUNTERS),
    seen: pick(office.totals, SEEN_VIDEO, VIDEO_COUNTERS),
    heardInOffice: pick(office.totals, HEARD_AUDIO, AUDIO_COUNTERS),
    heardOnPhone: pick(phone.totals, HEARD_AUDIO, AUDIO_COUNTERS),
  };
}

/**
 * What the phone has sent by now, and what the technician has of that: read as much later as the way takes, or half a
 * second of pictures under way would count as loss whenever the buffers grow.
 */
async function readAligned(session: ImpairedSession): Promise<Reading> {
  await session.sample();
  const { sent, heardOnPhone } = read(session);
  const { office } = session;
  const previous = office.totals.total(SEEN_VIDEO, 'jitterBufferDelay');
  const previousFrames = office.totals.total(SEEN_VIDEO, 'jitterBufferEmittedCount');
  await wait(RECENT_MS);
  await session.sample();
  const bufferedS =
    (office.totals.total(SEEN_VIDEO, 'jitterBufferDelay') - previous) /
    Math.max(1, office.totals.total(SEEN_VIDEO, 'jitterBufferEmittedCount') - previousFrames);
  await wait(Math.max(0, 2 * (PATH.delayMs + PATH.jitterMs) + 1_000 * bufferedS - RECENT_MS));
  await session.sample();
  const { seen, heardInOffice } = read(session);
  return { sent, heardOnPhone, seen, heardInOffice };
}

function difference(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]),
  );
}

const share = (part = 0, whole = 0) => round(part / Math.max(1, whole), 4);

async function measure(session: ImpairedSession, percent: number, seconds: number, out: string | undefined) {
  const { phone, office } = session;
  for (const { link } of [phone, office]) {
    link.change({ ...PATH, lossShare: percent / 100 });
  }
  await wait(SETTLE_AFTER_CHANGE_S * 1_000);
  const keepSound = percent === WAV_PERCENT && out !== undefined;
  if (keepSound) {
    await startListening(office.page);
  }
  const before = await readAligned(session);
  const { nowMs: startMs } = await takeFrames(office.page);
  await wait(seconds * 1_000);
  const after = await readAligned(session);
  const { nowMs: endMs, presentedAtMs } = await takeFrames(office.page);
  if (keepSound) {
    const { samples, sampleRateHz } = await stopListening(office.page);
    writeFileSync(join(out, `heard-at-${percent}-percent.wav`), wav(samples, sampleRateHz));
  }
  const sent = difference(after.sent, before.sent);
  const seen = difference(after.seen, before.seen);
  const heardInOffice = difference(after.heardInOffice, before.heardInOffice);
  const heardOnPhone = difference(after.heardOnPhone, before.heardOnPhone);
  const counted = (seen['totalFreezesDuration'] ?? 0) / seconds;
  const picture = phone.totals.newest(SENT_VIDEO)?.numbers ?? {};
  const target = TARGETS[percent];
  const figures = {
    decoded_share: share(seen['framesDecoded'], sent['framesSent']),
    // The browser counts a freeze only when it ends, so the screen has the last word.
    freeze_share: round(Math.max(counted, freezeShare(presentedAtMs, startMs, endMs)), 4),
    ...(target && {
      target_decoded_share: target.decoded_share,
      target_freeze_share: target.freeze_share,
    }),
    frames_sent: sent['framesSent'],
    frames_decoded: seen['framesDecoded'],
    frames_presented: presentedAtMs.length,
    longest_gap_ms: round(longestGapMs(presentedAtMs, startMs, endMs), 0),
    freezes: seen['freezeCount'],
    picture_delay_ms: bufferedMs(seen),
    estimate_kbps: round((phone.totals.newest(PAIR)?.numbers['availableOutgoingBitrate'] ?? 0) / 1_000, 0),
    sent_kbps: round(((sent['bytesSent'] ?? 0) * 8) / seconds / 1_000, 0),
    picture: `${picture['frameWidth'] ?? 0}x${picture['frameHeight'] ?? 0}`,
    keyframes: seen['keyFramesDecoded'],
    plis: seen['pliCount'],
    nacks_of_viewer: seen['nackCount'],
    retransmitted_by_phone: sent['retransmittedPacketsSent'],
    concealed_share_office: share(heardInOffice['concealedSamples'], heardInOffice['totalSamplesReceived']),
    concealed_share_phone: share(heardOnPhone['concealedSamples'], heardOnPhone['totalSamplesReceived']),
    voice_delay_office_ms: bufferedMs(heardInOffice),
  };
  return { figures, raw: { sent, seen, heardInOffice, heardOnPhone, presentedAtMs } };
}

function bufferedMs({ jitterBufferDelay = 0, jitterBufferEmittedCount = 0 }: Record<string, number>): number {
  return round((1_000 * jitterBufferDelay) / Math.max(1, jitterBufferEmittedCount), 0);
}

/** A share of nothing is no success: a picture that was given up is a picture that was not shown. */
const LEAST_FRAMES_PER_S = 10;

function meets(
  figures: { decoded_share: number; freeze_share: number; frames_sent?: number | undefined },
  target: Target | undefined,
  seconds: number,
): boolean {
  return (
    target === undefined ||
    ((figures.frames_sent ?? 0) >= LEAST_FRAMES_PER_S * seconds &&
      figures.decoded_share >= target.decoded_share &&
      figures.freeze_share <= target.freeze_share)
  );
}

export async function loss(argv: string[], out: string | undefined, emit: Emit): Promise<Summary> {
  const { values } = parseArgs({
    args: argv,
    options: {
      levels: { type: 'string', default: '0,5,10,20' },
      seconds: { type: 'string', default: '25' },
      seed: { type: 'string', default: '1' },
      // Runs each level with each of these as `jitterBufferTarget` in ms, 0 for the browser's own choice.
      playout: { type: 'string' },
    },
  });
  const session = await openImpairedSession({
    phone: { up: PATH, down: PATH },
    office: { up: PATH, down: PATH },
    seed: Number(values.seed),
  });
  const levels: Record<string, unknown> = {};
  const raw: Record<string, unknown> = {};
  let met = true;
  try {
    await watchFrames(session.office.page, session.technician.words.customerCamera);
    await wait(SETTLE_S * 1_000);
    for (const percent of values.levels.split(',').map(Number)) {
      for (const playout of values.playout?.split(',') ?? [undefined]) {
        if (playout !== undefined) {
          await holdPlayout(session.office.page, Number(playout));
        }
        const level = await measure(session, percent, Number(values.seconds), out);
        const name = `loss_${percent}_percent${playout === undefined ? '' : `_playout_${playout}_ms`}`;
        levels[name] = level.figures;
        raw[name] = level.raw;
        met &&= meets(level.figures, TARGETS[percent], Number(values.seconds));
        emit({ level: name, ...level.figures });
      }
    }
    return {
      bench: 'loss',
      one_way_delay_ms: '30+0..5',
      seconds_per_level: Number(values.seconds),
      ...levels,
      ...lateness(session),
      connections_phone: session.phone.totals.connections,
      connections_office: session.office.totals.connections,
      targets_met: met,
      raw,
    };
  } finally {
    await session.close();
  }
}
