/**
 * Real: the watch over a media connection with all its rules. Faked: the counter of what arrived, the clock and the
 * browser's wake-up events, because minutes of silence have to pass within milliseconds.
 */
import fc from 'fast-check';
import t from 'tap';
import {
  hurry,
  type Listening,
  LOOK_INTERVAL_MS,
  listen,
  MediaWatch,
} from '../../relay/client/media-watch.ts';

/** A connection that receives what the test says, and a watch over it. */
class World {
  now = 1_000;
  count: number | undefined = 0;
  /** Arrives between two looks. */
  packetsPerLook = 0;
  /** Times at which a stall was told. */
  readonly told: number[] = [];
  looks: (() => void) | undefined;
  wake: (() => void) | undefined;
  readonly watch = new MediaWatch({
    count: async () => this.count,
    stalled: () => this.told.push(this.now),
    environment: {
      now: () => this.now,
      repeat: (callback, intervalMs) => {
        t.equal(intervalMs, LOOK_INTERVAL_MS);
        this.looks = callback;
        return () => {
          this.looks = undefined;
        };
      },
      onWake: (callback) => {
        this.wake = callback;
        return () => {
          this.wake = undefined;
        };
      },
    },
  });

  async advance(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += LOOK_INTERVAL_MS;
      if (this.count !== undefined) {
        this.count += this.packetsPerLook;
      }
      this.looks?.();
      // The counter is asked asynchronously.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The page sleeps: nothing runs, nothing arrives. */
  sleep(ms: number): void {
    this.now += ms;
  }
}

/** One that hears the relay. */
async function hearing(): Promise<World> {
  const world = new World();
  world.packetsPerLook = 3;
  world.watch.expect(true);
  await world.advance(10_000);
  t.same(world.told, [], 'nothing is wrong');
  return world;
}

t.test(
  'two seconds of silence are told, again every two seconds, and no more once something comes',
  async (t) => {
    const world = await hearing();
    const lastHeard = world.now;
    world.packetsPerLook = 0;
    await world.advance(1_750);
    t.same(world.told, []);
    await world.advance(250);
    t.same(world.told, [lastHeard + 2_000]);
    await world.advance(4_000);
    t.same(
      world.told,
      [2_000, 4_000, 6_000].map((ms) => lastHeard + ms),
    );
    world.packetsPerLook = 1;
    await world.advance(60_000);
    t.equal(world.told.length, 3);
  },
);

t.test('while nothing is due nobody looks, however long', async (t) => {
  const world = await hearing();
  world.watch.expect(false);
  t.equal(world.looks, undefined);
  t.equal(world.wake, undefined);
  world.packetsPerLook = 0;
  await world.advance(60_000);
  world.watch.expect(true);
  await world.advance(2_000);
  t.same(world.told, [], 'and the time before does not count');
  await world.advance(250);
  t.equal(world.told.length, 1);
});

t.test('after a sign of a changed network silence is told within a second', async (t) => {
  const world = await hearing();
  world.packetsPerLook = 0;
  const from = world.now;
  world.wake?.();
  await world.advance(2_000);
  t.ok((world.told[0] ?? Infinity) - from <= 750, `after ${(world.told[0] ?? 0) - from} ms`);
});

t.test('a sign of a changed network alone means nothing', async (t) => {
  const world = await hearing();
  for (let i = 0; i < 20; i++) {
    world.wake?.();
    await world.advance(500);
  }
  t.same(world.told, []);
});

t.test('a page that slept listens anew, shortly', async (t) => {
  for (const wakes of [true, false]) {
    const world = await hearing();
    world.packetsPerLook = 0;
    world.sleep(60_000);
    if (wakes) {
      world.wake?.();
    }
    const from = world.now;
    await world.advance(250);
    t.same(world.told, [], 'what did not come during the sleep means nothing');
    await world.advance(750);
    t.equal(world.told.length, 1, `${world.now - from} ms later it does`);
  }
});

t.test('without a connection in use there is nothing to tell; a new one gets its full time', async (t) => {
  const world = await hearing();
  world.count = undefined;
  await world.advance(10_000);
  world.count = 0;
  world.packetsPerLook = 0;
  await world.advance(2_000);
  t.same(world.told, []);
  world.watch.restart();
  await world.advance(2_000);
  t.same(world.told, [], 'the one before it was another one');
  await world.advance(250);
  t.equal(world.told.length, 1);
});

t.test('statistics that fail or take long do no harm', async (t) => {
  let asked = 0;
  const looks: (() => void)[] = [];
  const watch = new MediaWatch({
    count: () => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error('closed')) : new Promise(() => undefined);
    },
    stalled: () => t.fail('nothing is known'),
    environment: {
      now: () => 0,
      repeat: (callback) => {
        looks.push(callback);
        return () => undefined;
      },
      onWake: () => () => undefined,
    },
  });
  watch.expect(true);
  for (let i = 0; i < 5; i++) {
    looks[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(asked, 2, 'one question at a time');
  watch.close();
  watch.close();
});

t.test(
  'whatever happens: never told within the patience after something came, nor twice within two seconds',
  async (t) => {
    const step = fc.record({
      ms: fc.integer({ min: 1, max: 3_000 }),
      packets: fc.constantFrom(0, 0, 1, 50),
      due: fc.constantFrom(true, true, true, false),
      hurried: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let listening: Listening | undefined;
        let now = 0;
        let count = 0;
        let heardAt = 0;
        let toldAt = Number.NEGATIVE_INFINITY;
        for (const { ms, packets, due, hurried } of steps) {
          now += ms;
          count += packets;
          if (packets > 0 || !due) {
            heardAt = now;
          }
          const result = listen(listening, { count, due, now });
          listening = result.listening;
          if (result.stalled && (now - heardAt < 700 || (now - toldAt < 2_000 && !hurried))) {
            return false;
          }
          if (result.stalled) {
            toldAt = now;
          }
          if (hurried) {
            listening = hurry(listening, now);
            toldAt = Number.NEGATIVE_INFINITY;
          }
        }
        return true;
      }),
      { seed: 3, numRuns: 2_000 },
    );
    t.pass('in 2 000 random histories');
  },
);
