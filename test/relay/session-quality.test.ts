/** Real: what is kept of a page's reports, sessions and their log in the SQLite store on disk. Faked: pages, the media plane (does nothing), the clock. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { QualityReport } from '../../relay/protocol.ts';
import { SessionQuality } from '../../relay/session-quality.ts';
import { createWaiting, granted, openScene, type Scene } from '../support/sessions-scene.ts';

const REPORT: QualityReport = {
  seconds: 60,
  freezeSeconds: 1,
  stillsSeconds: 0,
  pictureKbps: { median: 1_900, worst: 400 },
  roundTripMs: { median: 24, worst: 180 },
};

function test(name: string, work: (t: Test, scene: Scene) => Promise<void>): void {
  t.test(name, async (t) => {
    const scene = await openScene(t.testdir());
    try {
      await work(t, scene);
    } finally {
      await scene.close();
    }
  });
}

async function createActive(scene: Scene) {
  const { session, customer } = await createWaiting(scene, scene.anna);
  granted(await scene.sessions.start(scene.anna, session));
  const summaries = async () =>
    (await scene.store.events(session.record.id)).filter(({ type }) => type === 'qualitySummary');
  return { session, customer, summaries };
}

test('the end writes the newest report into the log, once, as numbers', async (t, scene) => {
  const { anna, clock, sessions } = scene;
  const { session, summaries } = await createActive(scene);
  t.equal(session.keepQuality(REPORT), undefined);
  clock.now += 10_000;
  t.equal(session.keepQuality({ ...REPORT, seconds: 70, freezeSeconds: 2.5 }), undefined);
  t.same(await summaries(), [], 'nothing before the end');
  await sessions.end(anna, session);
  const [line, ...more] = await summaries();
  t.same(more, []);
  t.match(line, { actor: 'system', actorName: '' });
  t.same(line?.data, {
    seconds: 70,
    freezeSeconds: 2.5,
    stillsSeconds: 0,
    pictureKbpsMedian: 1_900,
    pictureKbpsWorst: 400,
    roundTripMsMedian: 24,
    roundTripMsWorst: 180,
  });
});

test('the customer’s end writes it too, and closing what is over does not write it again', async (t, scene) => {
  const { anna, sessions } = scene;
  const { session, customer, summaries } = await createActive(scene);
  session.keepQuality(REPORT);
  await sessions.customers.leave(session, customer);
  t.equal((await summaries()).length, 1);
  await sessions.end(anna, session);
  t.equal((await summaries()).length, 1);
  t.equal(session.keepQuality({ ...REPORT, seconds: 99 }), 'wrongState', 'nothing comes after the end');
});

test('a session without a report has no line, and one that is not active takes none', async (t, scene) => {
  const { anna, sessions, store } = scene;
  const { session } = await createWaiting(scene, anna);
  t.equal(session.keepQuality(REPORT), 'wrongState');
  await sessions.end(anna, session);
  const types = (await store.events(session.record.id)).map(({ type }) => type);
  t.notOk(types.includes('qualitySummary'));
});

t.test('one report every ten seconds, and one more at the end', async (t) => {
  const quality = new SessionQuality();
  const taken: number[] = [];
  for (let now = 1_000_000; now <= 1_100_000; now += 1_000) {
    if (quality.take({ ...REPORT, seconds: now }, now)) {
      taken.push(now);
    }
  }
  t.equal(taken.length, 12, 'two at once, then ten in a hundred seconds');
  const steady = new SessionQuality();
  for (let now = 1_000_000; now <= 1_100_000; now += 10_000) {
    t.ok(steady.take({ ...REPORT, seconds: now }, now));
  }
  t.ok(steady.take(REPORT, 1_100_001), 'the last one');
  t.notOk(steady.take(REPORT, 1_100_002));
});

t.test('a page that was loaded again adds to what the one before said', async (t) => {
  const quality = new SessionQuality();
  const loss = { median: 1, worst: 9 };
  quality.take({ ...REPORT, seconds: 300, stillsSeconds: 20, pictureLossPercent: loss }, 0);
  quality.take(
    {
      seconds: 30,
      freezeSeconds: 3,
      stillsSeconds: 0,
      pictureKbps: { median: 50, worst: 10 },
      roundTripMs: { median: 90, worst: 95 },
    },
    10_000,
  );
  t.same(quality.summary, {
    seconds: 330,
    freezeSeconds: 4,
    stillsSeconds: 20,
    pictureKbpsMedian: 1_900,
    pictureKbpsWorst: 10,
    pictureLossPercentMedian: 1,
    pictureLossPercentWorst: 9,
    roundTripMsMedian: 24,
    roundTripMsWorst: 180,
  });
});

t.test('whatever pages report, the line has numbers only and never less than was measured', async () => {
  const number = fc.double({ min: 0, max: 1_000, noNaN: true });
  const spread = fc.record({ median: number, worst: number });
  const anyReport = fc.record(
    {
      seconds: number,
      freezeSeconds: number,
      stillsSeconds: number,
      pictureKbps: spread,
      roundTripMs: spread,
    },
    { requiredKeys: ['seconds', 'freezeSeconds', 'stillsSeconds'] },
  );
  fc.assert(
    fc.property(fc.array(anyReport, { minLength: 1, maxLength: 8 }), (reports) => {
      const quality = new SessionQuality();
      for (const [index, report] of reports.entries()) {
        quality.take(report, index * 10_000);
      }
      const data = quality.summary ?? {};
      const longest = Math.max(...reports.map(({ seconds }) => seconds));
      return (
        Object.values(data).every((value) => typeof value === 'number' && Number.isFinite(value)) &&
        Number(data['seconds']) >= longest - 1e-9
      );
    }),
  );
});
