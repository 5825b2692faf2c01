/** What every adapter of `Limiter` must do. The factory gives a fresh limiter whose clock the test moves. */
import fc from 'fast-check';
import type { Test } from 'tap';
import type { Limit, Limiter } from '../../../relay/store.ts';

export type LimiterUnderTest = { limiter: Limiter; advance(ms: number): Promise<void> };

const WINDOW_MS = 60_000;
/** A count is forgotten at the latest after this. */
const FORGOTTEN_MS = WINDOW_MS * 1.25;
const LIMIT: Limit = { name: 'tries', points: 3, windowMs: WINDOW_MS };

async function consumeAll({ limiter }: LimiterUnderTest, key: string, limit = LIMIT): Promise<void> {
  for (let i = 0; i < limit.points; i++) {
    await limiter.consume(limit, key);
  }
}

export function limiterContract(t: Test, open: () => Promise<LimiterUnderTest>): void {
  t.test('so many points pass and no more', async (t) => {
    const { limiter } = await open();
    t.strictSame(
      await Promise.all([1, 2, 3, 4, 5].map(() => limiter.consume(LIMIT, 'a'))),
      [true, true, true, false, false],
      'also when all come at the same time',
    );
    t.equal(await limiter.consume(LIMIT, 'b'), true, 'each key has its own');
    t.equal(await limiter.consume({ ...LIMIT, name: 'others' }, 'a'), true, 'each limit has its own');
  });

  t.test('several points count as several', async (t) => {
    const { limiter } = await open();
    t.equal(await limiter.consume(LIMIT, 'a', 4), false, 'more than there are');
    t.equal(await limiter.consume(LIMIT, 'a', 2), true);
    t.equal(await limiter.consume(LIMIT, 'a', 2), false);
    t.equal(await limiter.consume(LIMIT, 'a', 1), true, 'what was refused was not counted');
  });

  t.test('looking counts nothing', async (t) => {
    const on = await open();
    for (let i = 0; i < 10; i++) {
      t.equal(await on.limiter.check(LIMIT, 'a'), true);
    }
    await consumeAll(on, 'a');
    t.equal(await on.limiter.check(LIMIT, 'a'), false);
    t.equal(await on.limiter.check(LIMIT, 'b'), true);
  });

  t.test('points count for a whole window, wherever it begins, and are forgotten soon after', async (t) => {
    for (const offset of [0, 1, 14_999, 15_000, 59_999, 60_000]) {
      const on = await open();
      await on.advance(offset);
      await consumeAll(on, 'a');
      await on.advance(WINDOW_MS - 1);
      t.equal(await on.limiter.consume(LIMIT, 'a'), false, `${offset} ms: within the window`);
      await on.advance(FORGOTTEN_MS - WINDOW_MS + 1);
      t.equal(await on.limiter.check(LIMIT, 'a'), true, `${offset} ms: after it`);
      await consumeAll(on, 'a');
      t.equal(await on.limiter.consume(LIMIT, 'a'), false, `${offset} ms: and all counts again`);
    }
  });

  t.test('no stretch of a window ever has more than the points, whatever the times', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(WINDOW_MS / 2), { minLength: 5, maxLength: 60 }), async (pauses) => {
        const on = await open();
        const passed: number[] = [];
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          await on.advance(pause);
          if (await on.limiter.consume(LIMIT, 'a')) {
            passed.push(now);
          }
        }
        return passed.every((time, i) => {
          const next = passed[i + LIMIT.points];
          return next === undefined || next - time >= WINDOW_MS;
        });
      }),
      { numRuns: 40 },
    );
    t.pass('40 sequences');
  });

  t.test('a refunded point can be used again, and only once', async (t) => {
    const on = await open();
    await consumeAll(on, 'a');
    await on.limiter.refund(LIMIT, 'a');
    t.equal(await on.limiter.consume(LIMIT, 'a'), true);
    t.equal(await on.limiter.consume(LIMIT, 'a'), false);
    await on.limiter.refund(LIMIT, 'a', 2);
    t.equal(await on.limiter.consume(LIMIT, 'a', 2), true);
    t.equal(await on.limiter.consume(LIMIT, 'a'), false);

    await on.limiter.refund(LIMIT, 'stranger', 5);
    await consumeAll(on, 'stranger');
    t.equal(await on.limiter.consume(LIMIT, 'stranger'), false, 'nothing is refunded that was not counted');
  });

  t.test('a forgotten key begins anew, and others do not', async (t) => {
    const on = await open();
    await consumeAll(on, 'a');
    await consumeAll(on, 'b');
    await on.limiter.forget(LIMIT, 'a');
    await on.limiter.forget(LIMIT, 'never seen');
    t.equal(await on.limiter.consume(LIMIT, 'a'), true);
    t.equal(await on.limiter.consume(LIMIT, 'b'), false);
  });

  t.test('any text is a key', async (t) => {
    const on = await open();
    const keys = ['', ':', 'a:b', 'b', '__proto__', 'constructor', '::1/64', 'ü', 'x'.repeat(10_000)];
    for (const key of keys) {
      await consumeAll(on, key);
      t.equal(await on.limiter.check(LIMIT, key), false);
    }
    t.equal(await on.limiter.check(LIMIT, 'a'), true);
  });
}
