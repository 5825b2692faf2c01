/** Whether a peer that owes packets is silent. Pure: nothing real, nothing faked; time is an argument. */
import t from 'tap';
import { Watchdog } from '../../relay/watchdog.ts';

/** Checks every 50 ms, as the worker does, and returns when a silence was told. */
function check(watchdog: Watchdog, from: number, to: number, due = true): number[] {
  const told: number[] = [];
  for (let now = from; now <= to; now += 50) {
    if (watchdog.isSilent(due, now)) {
      told.push(now);
    }
  }
  return told;
}

t.test('the first packet is news, the next ones are not', async (t) => {
  const watchdog = new Watchdog();
  t.same([watchdog.heard(10), watchdog.heard(20), watchdog.heard(9_000)], [true, false, false]);
});

t.test('silence is told once, 2.5 s after the last packet, and so is its end', async (t) => {
  const watchdog = new Watchdog();
  check(watchdog, 0, 1_000);
  watchdog.heard(1_000);
  t.same(check(watchdog, 1_050, 9_000), [3_500]);
  t.equal(watchdog.heard(9_010), true);
  t.same(check(watchdog, 9_050, 12_000), [11_550]);
});

t.test('who never sent anything is given the same time from when it was due', async (t) => {
  const watchdog = new Watchdog();
  check(watchdog, 0, 5_000, false);
  t.same(check(watchdog, 5_050, 9_000), [7_550]);
});

t.test('what is not due is never missed', async (t) => {
  const watchdog = new Watchdog();
  watchdog.heard(0);
  t.same(check(watchdog, 0, 60_000, false), []);
  check(watchdog, 60_050, 62_000);
  check(watchdog, 62_050, 62_100, false);
  t.same(check(watchdog, 62_150, 64_600), [], 'begins anew');
});

t.test('a worker that was held up itself blames nobody', async (t) => {
  const watchdog = new Watchdog();
  watchdog.heard(0);
  check(watchdog, 0, 2_000);
  t.same(check(watchdog, 30_000, 32_450), []);
  t.same(check(watchdog, 32_500, 33_000), [32_500], 'silence after it counts');
});
