/** What is missing of an incoming source, and when it is asked for. Pure: nothing real, nothing faked. */
import fc from 'fast-check';
import t from 'tap';
import { MissingPackets, RoundTrip } from '../../relay/loss.ts';

/** Every wrap of 16 bits and every power that a mask could be wrong at; unwrapped, so from 65536 up. */
const STARTS = [0, 1, 127, 128, 32_767, 32_768, 65_534, 65_535].map((n) => 65_536 + n);

function scene(roundTripMs?: number, kind: 'audio' | 'video' = 'video') {
  const roundTrip = new RoundTrip();
  if (roundTripMs !== undefined) {
    roundTrip.sample(roundTripMs);
  }
  const missing = new MissingPackets(roundTrip, kind);
  const numbers = new Float64Array(250);
  /** Numbers asked for at this time. */
  const asked = (now: number) => [...numbers.subarray(0, missing.collect(now, numbers))];
  /** Every millisecond at which something was asked for, from one time to another. */
  const askedWithin = (from: number, to: number) => {
    const times: number[] = [];
    for (let now = from; now <= to; now++) {
      if (asked(now).length > 0) {
        times.push(now);
      }
    }
    return times;
  };
  return { roundTrip, missing, asked, askedWithin };
}

for (const start of STARTS) {
  t.test(`from ${start}`, async (t) => {
    const { missing, asked } = scene(60);
    missing.add(start, start + 3, 1_000);
    missing.add(start + 7, start + 8, 1_004);
    t.same(asked(1_009), [], 'they may only be late');
    t.same(asked(1_010), [start, start + 1, start + 2]);
    t.same(asked(1_014), [start + 7]);
    t.ok(missing.take(start + 1, 1_030, false), 'late');
    t.notOk(missing.take(start + 1, 1_031, true), 'its retransmission is one too many');
    t.notOk(missing.take(start + 4, 1_031, false), 'never missed');
    t.equal(missing.size, 3);
  });
}

t.test(
  'a request is repeated in twos when an answer would have been here, nine times, and given up after 2 s',
  async (t) => {
    const { missing, askedWithin } = scene(150);
    missing.add(70_000, 70_001, 0);
    const again = Array.from({ length: 9 }, (_, index) => [190 + 158 * index, 200 + 158 * index]);
    t.same(askedWithin(0, 2_000), [10, ...again.flat()]);
    missing.expire(2_000);
    t.equal(missing.size, 1, 'it may still come');
    missing.expire(2_001);
    t.equal(missing.size, 0);
    t.equal(missing.abandoned, 1);
    t.notOk(missing.take(70_000, 2_002, true));
  },
);

t.test('on a short path it is repeated no sooner than after 20 ms', async (t) => {
  const { missing, askedWithin } = scene(3);
  missing.add(70_000, 70_001, 0);
  t.same(askedWithin(0, 60), [10, 30, 50]);
});

t.test('the round trip is learned from the answers to first requests only', async (t) => {
  const { missing, asked, roundTrip } = scene();
  t.equal(roundTrip.ms, 100, 'a guess');
  missing.add(70_000, 70_002, 0);
  asked(10);
  missing.take(70_000, 75, true);
  t.equal(roundTrip.measuredMs, 65);
  asked(500);
  missing.take(70_001, 505, true);
  t.equal(roundTrip.measuredMs, 65, 'the answer to which of them?');
});

t.test('what a browser says of the round trip is bounded', async (t) => {
  const roundTrip = new RoundTrip();
  for (const claim of [Number.NaN, -5]) {
    roundTrip.sample(claim);
    t.equal(roundTrip.measuredMs, undefined);
  }
  roundTrip.sample(1e9);
  t.equal(roundTrip.ms, 1_000);
  for (let n = 0; n < 200; n++) {
    roundTrip.sample(0);
  }
  t.ok(roundTrip.ms < 1.1);
});

t.test('where packets overtake each other it waits longer, and less again later', async (t) => {
  const { missing, askedWithin } = scene(60);
  missing.add(70_000, 70_001, 0);
  missing.take(70_000, 30, false);
  missing.add(70_010, 70_011, 1_000);
  t.same(askedWithin(1_000, 1_060), [1_033]);
  missing.take(70_010, 1_070, true);
  for (let n = 0; n < 200; n++) {
    missing.add(70_020 + n, 70_021 + n, 2_000);
    missing.take(70_020 + n, 2_001, false);
  }
  missing.add(71_000, 71_001, 3_000);
  const [first = 0] = askedWithin(3_000, 3_060);
  t.ok(first >= 3_010 && first <= 3_011, `${first}`);
});

t.test('when requests go unanswered each is sent twice, some way apart', async (t) => {
  const { missing, askedWithin } = scene(60);
  for (let n = 0; n < 8; n++) {
    missing.add(70_000 + n, 70_001 + n, n * 1_000);
    askedWithin(n * 1_000, n * 1_000 + 200);
    missing.take(70_000 + n, n * 1_000 + 210, true);
  }
  missing.add(71_000, 71_001, 50_000);
  t.same(askedWithin(50_000, 50_100), [50_010, 50_020, 50_073, 50_083]);
});

t.test('a voice', async (t) => {
  t.test('comes again as the packet itself, and is not waited for for long', async (t) => {
    const { missing, asked, roundTrip } = scene(undefined, 'audio');
    missing.add(70_000, 70_002, 0);
    t.same(asked(10), [70_000, 70_001]);
    missing.take(70_000, 80, false);
    t.equal(roundTrip.measuredMs, 70, 'it was an answer');
    missing.expire(501);
    t.equal(missing.size, 0);
  });

  t.test('is not asked for for ever when no answer has ever come', async (t) => {
    const { missing, asked } = scene(60, 'audio');
    let requests = 0;
    for (let n = 0; n < 500; n++) {
      missing.add(70_000 + 2 * n, 70_001 + 2 * n, n * 40);
      for (let now = n * 40; now < (n + 1) * 40; now += 5) {
        requests += asked(now).length;
      }
      missing.expire(n * 40 + 39);
    }
    t.ok(requests >= 200 && requests < 230, `${requests}`);
    t.equal(missing.nextDueAt, Number.POSITIVE_INFINITY);
  });
});

t.test('a hole that is too large is no hole but a new beginning', async (t) => {
  const { missing } = scene();
  missing.add(70_000, 70_010, 0);
  t.notOk(missing.add(71_000, 72_001, 10));
  t.equal(missing.size, 0);
  t.ok(missing.add(73_000, 74_000, 20));
  t.equal(missing.size, 1_000);
  t.ok(missing.add(74_001, 74_002, 30), 'the oldest makes room');
  t.equal(missing.size, 1_000);
  t.notOk(missing.isMissing(73_000));
  t.ok(missing.isMissing(74_001));
});

t.test('the age of a hole counts from a number on', async (t) => {
  const { missing } = scene();
  missing.add(70_000, 70_001, 0);
  missing.add(70_100, 70_101, 500);
  t.equal(missing.oldestAge(-1, 1_000), 1_000);
  t.equal(missing.oldestAge(70_050, 1_000), 500);
  t.equal(missing.oldestAge(70_101, 1_000), 0);
});

t.test(
  'whatever comes in whatever order: each missing number is taken once, none is asked for too often',
  async (t) => {
    const step = fc.record({
      gap: fc.nat({ max: 40 }),
      wait: fc.nat({ max: 120 }),
      takes: fc.array(fc.nat({ max: 4_000 }), { maxLength: 6 }),
    });
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(...STARTS), (steps, start) => {
          const { missing, asked } = scene(40);
          const wanted = new Set<number>();
          const requests = new Map<number, number>();
          let next = start;
          let now = 0;
          for (const { gap, wait, takes } of steps) {
            now += wait;
            missing.add(next, next + gap, now);
            for (let n = 0; n < gap; n++) {
              wanted.add(next + n);
            }
            next += gap + 1;
            for (const back of takes) {
              const sequence = next - 1 - back;
              const taken = missing.take(sequence, now, back % 2 === 0);
              if (taken && !wanted.delete(sequence)) {
                return false;
              }
            }
            for (const sequence of asked(now)) {
              requests.set(sequence, (requests.get(sequence) ?? 0) + 1);
              if (!wanted.has(sequence)) {
                return false;
              }
            }
            missing.expire(now);
            if (missing.size > 1_000) {
              return false;
            }
          }
          return [...requests.values()].every((count) => count <= 20);
        }),
        { numRuns: 500 },
      ),
    );
  },
);
