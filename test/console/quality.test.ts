/** Real: everything that makes figures, grades and lines of statistics. Faked: the browser's statistics and the clock. */
import fc from 'fast-check';
import t from 'tap';
import { QualityRecord, Tally, WINDOW_MS } from '../../console/quality-record.ts';
import {
  type Counters,
  countersOf,
  figuresOf,
  type QualitySample,
  sampleBetween,
} from '../../console/quality-samples.ts';
import { type Circumstances, gradeOf, judge } from '../../console/quality-verdict.ts';
import { summarySentence } from '../../console/quality-words.ts';
import { sparkPath } from '../../console/sparkline.ts';
import type { SessionView } from '../../relay/protocol.ts';

// Node 20 has no navigator; the figures' format asks it for the region.
Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en-GB'] }, configurable: true });

/** A report as Chromium gives it at `second`, of a call that goes on evenly. */
function statsAt(second: number, more: Record<string, object> = {}): RTCStatsReport {
  const timestamp = 1_000 * second;
  const entries: Record<string, object> = {
    IV: {
      ...{
        type: 'inbound-rtp',
        kind: 'video',
        ssrc: 1,
        bytesReceived: 125_000 * second,
        packetsReceived: 99 * second,
      },
      ...{
        packetsLost: second,
        frameWidth: 1280,
        frameHeight: 720,
        framesPerSecond: 25,
        totalFreezesDuration: 0,
      },
    },
    IA: {
      ...{
        type: 'inbound-rtp',
        kind: 'audio',
        ssrc: 2,
        bytesReceived: 5_000 * second,
        packetsReceived: 50 * second,
      },
      ...{ packetsLost: 0, totalSamplesReceived: 48_000 * second, concealedSamples: 480 * second },
      silentConcealedSamples: 0,
    },
    OA: { type: 'outbound-rtp', kind: 'audio', bytesSent: 4_000 * second },
    RA: { type: 'remote-inbound-rtp', kind: 'audio', fractionLost: 0.02 },
    CP: { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.024 },
  };
  const report = new Map(
    Object.entries(entries).map(([id, entry]) => [id, { id, timestamp, ...entry, ...more[id] }]),
  );
  return report as unknown as RTCStatsReport;
}

function sampled(now: Counters, before: Counters): QualitySample {
  const sample = sampleBetween(now, before, now.at);
  if (sample === undefined) {
    throw new Error('no sample');
  }
  return sample;
}

const countersAt = (second: number, more?: Record<string, object>) => countersOf(statsAt(second, more));

/** A second of good video. */
function second(at: number, picture: Partial<NonNullable<QualitySample['picture']>> = {}): QualitySample {
  const good = {
    bits: 1_000_000,
    packets: 100,
    lost: 0,
    width: 1280,
    height: 720,
    framesPerSecond: 25,
    frozenMs: 0,
  };
  return { at, elapsedMs: 1_000, roundTripMs: 20, picture: { ...good, ...picture } };
}

t.test('two reports make the figures of the time between', async (t) => {
  const figures = figuresOf([sampled(countersAt(12), countersAt(10))]);
  t.same(figures, {
    pictureKbps: 1_000,
    pictureLossPercent: 1,
    framesPerSecond: 25,
    frozenPercent: 0,
    voiceKbps: 40,
    voiceLossPercent: 0,
    voiceGapsPercent: 1,
    sentKbps: 32,
    sentLossPercent: 2,
    roundTripMs: 24,
  });
});

t.test('counters of another connection, or of none, are not compared', async (t) => {
  const other = { IV: { ssrc: 9 }, IA: { bytesReceived: 10 } };
  const sample = sampled(countersAt(12, other), countersAt(11));
  t.equal(sample.picture, undefined, 'another source');
  t.equal(sample.voice, undefined, 'a counter that went back');
  t.equal(sampleBetween(countersAt(11), countersAt(11), 0), undefined, 'the same report');
  const empty = countersOf(new Map() as unknown as RTCStatsReport);
  t.equal(sampleBetween(empty, empty, 0), undefined);
});

t.test('an old word of the relay about our voice is not news', async (t) => {
  const stale = { RA: { timestamp: 5_000 } };
  t.equal(sampled(countersAt(12, stale), countersAt(11, stale)).sent?.lossPercent, undefined);
});

t.test('a median of classes is within five percent of the true one, the worst is exact', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 400 }),
      (values) => {
        const tally = new Tally(Math.max);
        for (const value of values) {
          tally.add(value);
        }
        const sorted = [...values].sort((a, b) => a - b);
        const median = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
        const { spread } = tally;
        const rounding = 0.051;
        return (
          spread !== undefined &&
          Math.abs(spread.median - median) <= 0.05 * (1 + median) + rounding &&
          Math.abs(spread.worst - Math.max(...values)) <= rounding &&
          spread.median <= spread.worst
        );
      },
    ),
  );
});

t.test('the worst is that of five seconds, not of one', async (t) => {
  const record = new QualityRecord();
  for (let at = 1; at <= 30; at++) {
    record.add(second(at * 1_000, at === 7 ? { lost: 100, packets: 0, bits: 0 } : {}), 'video');
  }
  const report = record.report();
  t.equal(report?.seconds, 30);
  t.equal(report?.pictureKbps?.worst, 800);
  t.equal(report?.pictureLossPercent?.worst, 20);
  t.ok(Math.abs((report?.pictureKbps?.median ?? 0) - 1_000) < 50);
  t.same(report?.roundTripMs?.worst, 20);
});

t.test(
  'what is not due is no fault: a paused camera, stills, a freeze that began in the pause',
  async (t) => {
    const record = new QualityRecord();
    for (let at = 1; at <= 20; at++) {
      record.add(second(at * 1_000, { bits: 0, frozenMs: 0 }), at <= 10 ? 'none' : 'stills');
    }
    record.add(second(21_000, { frozenMs: 20_000 }), 'video');
    record.add(second(22_000), 'video');
    record.add(second(23_000, { frozenMs: 5_000 }), 'video');
    const report = record.report();
    t.equal(report?.stillsSeconds, 10);
    t.equal(report?.freezeSeconds, 2, 'no longer than video was due');
    t.ok((report?.pictureKbps?.worst ?? 1_000) >= 200, 'the pause is in no bit rate');
  },
);

t.test('a computer that slept measured nothing', async (t) => {
  const record = new QualityRecord();
  record.add(second(1_000), 'video');
  record.add({ ...second(4_000_000), elapsedMs: 3_999_000 }, 'video');
  t.equal(record.report()?.seconds, 1);
});

t.test('the history is a minute, and now is the last seconds of it', async (t) => {
  const record = new QualityRecord();
  for (let at = 1; at <= 600; at++) {
    record.add(second(at * 1_000), 'video');
  }
  t.equal(record.history.length, 60);
  t.equal(record.recent.length, WINDOW_MS / 1_000);
  t.equal(new QualityRecord().report(), undefined);
});

t.test('whatever was measured, the report is one that the relay takes', async () => {
  const number = fc.double({ min: 0, max: 1e6, noNaN: true });
  const anySample = fc.record({
    bits: number,
    packets: fc.nat(1_000),
    lost: fc.nat(1_000),
    framesPerSecond: fc.nat(60),
    frozenMs: number,
  });
  const due = fc.constantFrom('video', 'stills', 'none');
  fc.assert(
    fc.property(fc.array(fc.tuple(anySample, due), { minLength: 1, maxLength: 40 }), (steps) => {
      const record = new QualityRecord();
      for (const [index, [sample, what]] of steps.entries()) {
        record.add(second(index * 1_000, sample), what);
      }
      const report = record.report();
      return (
        report !== undefined &&
        report.freezeSeconds <= report.seconds &&
        report.stillsSeconds <= report.seconds &&
        (report.pictureLossPercent?.worst ?? 0) <= 100
      );
    }),
  );
});

// ---------------------------------------------------------------- verdicts

const CUSTOMER: NonNullable<SessionView['customer']> = {
  devices: { microphone: 'on', camera: 'on' },
  picture: { mode: 'video', cause: 'none' },
  browser: '',
  connected: true,
  mediaReady: true,
  consents: {},
};
const WELL: Circumstances = { isRelayLost: false, isMediaUp: true, customer: CUSTOMER, isPictureDue: true };
const GOOD = figuresOf([sampled(countersAt(12), countersAt(10))]);

t.test('a good session is good and says nothing else', async (t) => {
  t.same(judge(GOOD, WELL), { grade: 'good', limits: [] });
});

t.test('each figure that falls off is named, the gravest first', async (t) => {
  t.same(judge({ ...GOOD, roundTripMs: 400 }, WELL), { grade: 'fair', limits: ['delay'] });
  t.same(judge({ ...GOOD, framesPerSecond: 3, pictureLossPercent: 5 }, WELL), {
    grade: 'poor',
    limits: ['fewFrames', 'pictureLoss'],
  });
  t.same(judge({ ...GOOD, voiceGapsPercent: 9, sentLossPercent: 20, frozenPercent: 6 }, WELL), {
    grade: 'poor',
    limits: ['voiceGaps', 'yourUplink', 'freezes'],
  });
});

t.test('the phone’s own reason is told, and what lies nearer covers it', async (t) => {
  const phone = (picture: typeof CUSTOMER.picture) => ({ ...WELL, customer: { ...CUSTOMER, picture } });
  t.same(judge(GOOD, phone({ mode: 'reduced', cause: 'processor' })).limits, ['processor']);
  t.same(judge(GOOD, phone({ mode: 'reduced', cause: 'bandwidth' })).limits, ['uplink']);
  t.same(judge(GOOD, phone({ mode: 'stills', cause: 'blocked' })), { grade: 'poor', limits: ['blocked'] });
  const weak = phone({ mode: 'stills', cause: 'bandwidth' });
  t.same(judge(GOOD, { ...weak, isRelayLost: true }).limits, ['relayLost']);
  t.same(judge(GOOD, { ...weak, isMediaUp: false }).limits, ['mediaDown']);
  t.same(judge(GOOD, { ...WELL, customer: { ...CUSTOMER, connected: false } }).limits, ['customerAway']);
});

t.test('a camera that is paused is not blamed for few frames', async (t) => {
  t.same(judge({ ...GOOD, framesPerSecond: 0 }, { ...WELL, isPictureDue: false }).limits, []);
});

t.test('a session that was mostly stills was poor; one bad moment does not spoil it', async (t) => {
  const report = { seconds: 100, freezeSeconds: 0, stillsSeconds: 0 };
  t.equal(gradeOf(report), 'good');
  t.equal(gradeOf({ ...report, pictureLossPercent: { median: 0, worst: 80 } }), 'good');
  t.equal(gradeOf({ ...report, freezeSeconds: 8 }), 'fair');
  t.equal(gradeOf({ ...report, stillsSeconds: 60 }), 'poor');
  t.equal(gradeOf({ seconds: 0, freezeSeconds: 0, stillsSeconds: 0 }), 'good');
});

t.test('the line of the log says it in words, with what was measured and nothing else', async (t) => {
  const data = {
    seconds: 130,
    freezeSeconds: 3,
    stillsSeconds: 0,
    pictureKbpsMedian: 1_900,
    pictureKbpsWorst: 400,
  };
  const sentence = summarySentence(data);
  t.match(
    sentence,
    /^Quality over 02:10: Good – picture 1[.,]9 Mbit\/s \(min\. 400 kbit\/s\), frozen for 3[.,]0 s$/,
  );
  t.notMatch(sentence, /loss|round trip|stills/);
});

// ---------------------------------------------------------------- lines

t.test('a line goes to the right edge, is cut at a gap and stays in its box', async (t) => {
  const points = [0, 1, 2, 10, 11].map((at) => ({ at: at * 1_000, value: at }));
  const path = sparkPath(points, 11);
  t.equal(path.match(/M/g)?.length, 2, path);
  t.match(path, /L120\.0 1\.0$/);
  t.equal(sparkPath([], 10), '');
  t.equal(sparkPath([{ at: 5, value: undefined }], 10), '');
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined })),
      (values) => {
        const drawn = sparkPath(
          values.map((value, index) => ({ at: index * 1_000, value })),
          100,
        );
        const numbers = [...drawn.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)];
        return numbers.every(
          ([, x, y]) => Number(x) >= 0 && Number(x) <= 120 && Number(y) >= 0 && Number(y) <= 24,
        );
      },
    ),
  );
});
