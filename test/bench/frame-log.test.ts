/** Real: how pauses are found in the times of presented frames. The times are made up. */
import t from 'tap';
import { longestPauseMs, steadySince } from '../../bench/frame-log.ts';
import { summarize } from '../../bench/recover.ts';

/** A frame every 40 ms, but none between 1000 and 3500. */
const TIMES = [...Array(26).keys()]
  .map((n) => n * 40)
  .concat([...Array(26).keys()].map((n) => 3_500 + n * 40));

t.test('the pause lasts from the last frame before the fault to the first one after', async (t) => {
  t.equal(longestPauseMs(TIMES, 1_020), 2_500);
  t.equal(longestPauseMs(TIMES, 900), 2_500, 'frames that still came after the fault are none of it');
  t.equal(longestPauseMs(TIMES, 3_600), 40, 'a pause before is not counted');
  t.equal(longestPauseMs([500], 0), 0);
  t.equal(longestPauseMs([], 0), 0);
});

t.test('a picture is steady since the last pause that was too long', async (t) => {
  t.equal(steadySince(TIMES, 4_510, 400), 3_500);
  t.equal(steadySince(TIMES, 4_901, 400), undefined, 'it stands still now');
  t.equal(steadySince(TIMES, 4_510, 3_000), 0);
  t.equal(steadySince([], 0, 400), undefined);
});

t.test(
  'a fault meets its target when no session was lost and the 95th percentile is short enough',
  async (t) => {
    const trial = (pauseMs: number) => ({ pauseMs, baselineMs: 80, words: [] });
    const nineteen = Array.from({ length: 19 }, () => trial(1_000));
    t.match(summarize([...nineteen, trial(9_000)], 2_000), {
      n: 20,
      p50_ms: 1_000,
      p95_ms: 1_000,
      max_ms: 9_000,
      met: true,
    });
    t.match(summarize([...nineteen, { lost: 'away', diagnosis: {} }], 2_000), { n: 20, lost: 1, met: false });
    t.match(summarize([trial(2_001)], 2_000), { met: false });
    t.match(summarize([trial(150)], undefined), { target_p95_ms: 200, met: true }, 'no pause');
    t.match(summarize([trial(250)], undefined), { met: false });
  },
);
