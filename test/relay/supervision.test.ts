/** Real: the rules by which workers are given up and replaced, in virtual time. Faked: nothing; there is no process here. */
import t from 'tap';
import {
  afterDeath,
  CRASH_LOOP_DEATHS,
  CRASH_LOOP_WINDOW_MS,
  type Deaths,
  isHung,
  isStuck,
  LIFE_CHECK_INTERVAL_MS,
  type LifeWatch,
  type MediaSample,
  type MediaWatch,
  REST_MS,
  SILENCE_MAX_MS,
  watchLife,
  watchMedia,
} from '../../relay/supervision.ts';

// -------------------------------------------------------------- deaths

/** Lets a worker die as soon as it is there again; returns the pauses. */
function loop(deaths: number, livesMs = 0): number[] {
  let now = 1_000_000;
  let record: Deaths = [];
  return Array.from({ length: deaths }, () => {
    now += livesMs;
    const next = afterDeath(record, now);
    record = next.deaths;
    now += next.delayMs;
    return next.delayMs;
  });
}

t.test('a worker that dies is replaced at once, then ever later, and rests after five deaths', async (t) => {
  t.same(loop(5), [0, 200, 1_000, 5_000, REST_MS]);
});

t.test('after its rest a worker is tried again as if nothing had been', async (t) => {
  t.same(loop(7), [0, 200, 1_000, 5_000, REST_MS, 0, 200]);
});

t.test('a worker that lives for long is always replaced at once', async (t) => {
  t.same(loop(6, CRASH_LOOP_WINDOW_MS), [0, 0, 0, 0, 0, 0]);
});

t.test('a worker that dies now and then never rests', async (t) => {
  const pauses = loop(50, CRASH_LOOP_WINDOW_MS / (CRASH_LOOP_DEATHS - 1));
  t.notOk(pauses.includes(REST_MS));
});

// -------------------------------------------------------------- signs of life

/** The front looks at these moments; `heard` says at which of them there was a sign. Returns when it gave up. */
function watch(looks: readonly number[], heard: (now: number) => boolean): number | undefined {
  let life: LifeWatch = { silentMs: 0, checkedAt: 0 };
  for (const now of looks) {
    life = watchLife(life, heard(now), now);
    if (isHung(life)) {
      return now;
    }
  }
  return undefined;
}

const looks = (from: number, until: number) =>
  Array.from({ length: Math.floor((until - from) / LIFE_CHECK_INTERVAL_MS) }, (_, i) => {
    return from + (i + 1) * LIFE_CHECK_INTERVAL_MS;
  });

t.test('a worker that says nothing is given up after two and a half seconds', async (t) => {
  t.equal(
    watch(looks(0, 10_000), (now) => now <= 1_000),
    1_000 + SILENCE_MAX_MS,
  );
});

t.test('a sign now and then keeps a worker', async (t) => {
  t.equal(
    watch(looks(0, 60_000), (now) => now % 2_000 === 0),
    undefined,
  );
});

t.test('a front that stood still does not blame its workers', async (t) => {
  // A second of silence, an hour of suspended machine, and the worker needs another second to come round.
  const afterwards = looks(3_600_000, 3_610_000);
  t.equal(
    watch([...looks(0, 1_000), 3_600_000, ...afterwards], (now) => now > 3_601_000),
    undefined,
  );
});

t.test('a front that is always late still notices', async (t) => {
  const late = Array.from({ length: 60 }, (_, i) => (i + 1) * 4 * LIFE_CHECK_INTERVAL_MS);
  t.ok(watch(late, () => false));
});

// -------------------------------------------------------------- stuck media

/** A sample every quarter second; returns when the worker was given up, in ms. */
function media(
  seconds: number,
  sampleAt: (now: number) => MediaSample,
  othersReceive?: boolean,
): number | undefined {
  let state: MediaWatch | undefined;
  for (const now of looks(0, seconds * 1_000)) {
    const sample = sampleAt(now);
    state = watchMedia(state, sample, now);
    if (isStuck(state, sample, othersReceive, now)) {
      return now;
    }
  }
  return undefined;
}

/** Packets until `until`, then none. */
const falling = (until: number, cores: number, sessionsDue: number) => (now: number) => ({
  received: Math.min(now, until),
  cpuMs: now * cores,
  sessionsDue,
});

t.test('a worker whose processor burns while nothing comes in is stuck, with one session too', async (t) => {
  t.equal(media(10, falling(1_000, 1, 1)), 3_500);
});

t.test('one silent session on a calm worker is that session’s own trouble', async (t) => {
  t.equal(media(60, falling(1_000, 0.05, 1)), undefined);
});

t.test('several sessions that fall silent at once show a stuck worker, after a while', async (t) => {
  t.equal(media(20, falling(1_000, 0.05, 3)), 6_000);
  t.equal(media(20, falling(1_000, 0.05, 3), true), 6_000, 'while other workers receive');
});

t.test('when all workers fall silent it is the network', async (t) => {
  t.equal(media(60, falling(1_000, 0.05, 3), false), undefined);
});

t.test('nobody is missed while nothing is due', async (t) => {
  t.equal(media(60, falling(1_000, 1, 0)), undefined);
});

t.test('a worker that receives is never stuck, however busy it is', async (t) => {
  t.equal(media(60, falling(60_000, 1, 80)), undefined);
});
