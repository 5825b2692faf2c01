/** Real: when a worker takes no more sessions, drops video and comes back, in virtual time. Nothing is faked; no worker runs. */
import fc from 'fast-check';
import t from 'tap';
import {
  afterSample,
  chooseShed,
  type LoadSample,
  NO_OVERLOAD,
  type Overload,
  SAMPLE_INTERVAL_MS,
} from '../../relay/overload.ts';

const CALM: LoadSample = { lagMs: 2, utilisation: 0.3, packetsPerS: 8_000 };

/** A worker in virtual time, sampled as the real one is. */
class Model {
  state: Overload = NO_OVERLOAD;
  now = 0;
  /** How often the number of sessions without video changed. */
  changes = 0;

  run(ms: number, sample: LoadSample | ((state: Overload) => LoadSample)): this {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += SAMPLE_INTERVAL_MS;
      const before = this.state.shedShare;
      this.state = afterSample(
        this.state,
        typeof sample === 'function' ? sample(this.state) : sample,
        this.now,
      );
      this.changes += this.state.shedShare === before ? 0 : 1;
    }
    return this;
  }

  /** Until `done`, at most ten seconds; returns the time it took. */
  until(sample: LoadSample, done: (state: Overload) => boolean): number | undefined {
    const begin = this.now;
    while (this.now - begin < 10_000) {
      this.run(SAMPLE_INTERVAL_MS, sample);
      if (done(this.state)) {
        return this.now - begin;
      }
    }
    return undefined;
  }
}

t.test('a worker within its plan takes sessions and drops nothing', async (t) => {
  t.match(new Model().run(60_000, { ...CALM, utilisation: 0.65 }).state, { level: 'normal', shedShare: 0 });
});

t.test('a busy loop is full, a late one too', async (t) => {
  t.match(new Model().run(5_000, { ...CALM, utilisation: 0.8 }).state, { level: 'full', shedShare: 0 });
  t.match(new Model().run(5_000, { ...CALM, lagMs: 70 }).state, { level: 'full', shedShare: 0 });
});

t.test('a full worker takes sessions again only after it has been calm for two seconds', async (t) => {
  const model = new Model().run(5_000, { ...CALM, utilisation: 0.8 });
  t.equal(
    model.run(20_000, { ...CALM, utilisation: 0.7 }).state.level,
    'full',
    'between the limits it stays',
  );
  const took = model.until(CALM, ({ level }) => level === 'normal');
  t.ok(took !== undefined && took >= 2_000 && took <= 4_000, `${took} ms`);
});

t.test('a loop that stays late sheds all video within a second and a half', async (t) => {
  const took = new Model()
    .run(5_000, CALM)
    .until({ ...CALM, lagMs: 150 }, ({ shedShare }) => shedShare === 1);
  t.ok(took !== undefined && took <= 1_500, `${took} ms`);
});

t.test('a short stall is passed over, a long one drops the video that waits in the queue', async (t) => {
  const short = new Model().run(5_000, CALM).run(SAMPLE_INTERVAL_MS, { ...CALM, lagMs: 900 });
  t.equal(short.state.shedShare, 0);
  short.run(SAMPLE_INTERVAL_MS, { ...CALM, lagMs: 400, utilisation: 1 }).run(SAMPLE_INTERVAL_MS, CALM);
  t.equal(short.state.shedShare, 0, 'nor is what the loop then makes up for');
  const long = new Model().run(5_000, CALM).run(SAMPLE_INTERVAL_MS, { ...CALM, lagMs: 2_000 });
  t.equal(long.state.shedShare, 1);
  const back = long.until(CALM, ({ shedShare }) => shedShare === 0);
  t.ok(back !== undefined && back <= 4_000, `video is back after ${back} ms`);
});

t.test('a machine that stands still now and then costs nobody the picture', async (t) => {
  const model = new Model();
  for (let second = 0; second < 60; second++) {
    model.run(500, { ...CALM, utilisation: 0.6 }).run(500, { ...CALM, lagMs: 250, utilisation: 0.8 });
  }
  t.equal(model.changes, 0);
});

t.test('a loop that is only busy is relieved in steps', async (t) => {
  const busy = { ...CALM, utilisation: 0.97 };
  const model = new Model().run(5_000, { ...CALM, utilisation: 0.85 });
  const shares = new Set<number>();
  model.until(busy, ({ shedShare }) => {
    shares.add(shedShare);
    return shedShare === 1;
  });
  t.same([...shares], [0, 0.25, 0.5, 0.75, 1]);
});

t.test('under steady overload it settles instead of swinging', async (t) => {
  // 1.3 times as much as one loop can do, of which video sent on is two thirds.
  const load = ({ shedShare }: Overload): LoadSample => {
    const wanted = 1.3 * (1 / 3 + (2 / 3) * (1 - shedShare));
    return { lagMs: wanted > 1 ? 400 : 5, utilisation: Math.min(1, wanted), packetsPerS: 30_000 };
  };
  const model = new Model().run(20_000, load);
  t.ok(model.state.shedShare > 0.2, `${model.state.shedShare} is shed`);
  const { changes } = model;
  model.run(60_000, load);
  t.ok(model.changes - changes <= 20, `${model.changes - changes} changes in a minute`);
  t.equal(model.state.level, 'shed');
});

t.test('what is not media is not cured by dropping media', async (t) => {
  const neighbour = { lagMs: 900, utilisation: 1, packetsPerS: 700 };
  t.match(new Model().run(60_000, neighbour).state, { level: 'normal', shedShare: 0 });
});

t.test('whatever comes, the figures stay in their bounds and calm heals all', async (t) => {
  const sample = fc.record({
    lagMs: fc.double({ min: 0, max: 60_000, noNaN: true }),
    utilisation: fc.double({ min: 0, max: 1, noNaN: true }),
    packetsPerS: fc.double({ min: 0, max: 100_000, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 100 }), (samples) => {
      const model = new Model();
      for (const each of samples) {
        model.run(SAMPLE_INTERVAL_MS, each);
        const { level, shedShare } = model.state;
        if (shedShare < 0 || shedShare > 1 || (level === 'shed') !== shedShare > 0) {
          return false;
        }
      }
      return model.run(30_000, CALM).state.level === 'normal';
    }),
    { seed: 1 },
  );
  t.pass('for any samples');
});

// -------------------------------------------------------------- whose video

const costs = (...packets: number[]) => packets.map((count, id) => ({ id, packets: count }));

t.test('the most expensive sessions lose their video first', async (t) => {
  t.same([...chooseShed(new Set(), costs(10, 40, 20, 30), 0.5)], [1, 3]);
});

t.test(
  'who is shed stays shed while the number grows, and the longest-suffering come back first',
  async (t) => {
    const first = chooseShed(new Set(), costs(10, 40, 20, 30), 0.25);
    const more = chooseShed(first, costs(99, 5, 20, 30), 0.75);
    t.same([...more], [1, 0, 3]);
    t.same([...chooseShed(more, costs(99, 5, 20, 30), 0.25)], [3]);
    t.same([...chooseShed(more, costs(99, 5, 20, 30), 0)], []);
  },
);

t.test('sessions that are gone make place, new ones are shed when all are', async (t) => {
  t.same([...chooseShed(new Set([7, 8]), costs(1, 2), 1)].sort(), [0, 1]);
});
