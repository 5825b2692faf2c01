/** What a viewer's path carries and what the phone is told of it. Pure: nothing real, nothing faked. */
import t from 'tap';
import { BandwidthLimit, MAX_BITRATE_BPS, Rate, ViewerBandwidth } from '../../relay/bandwidth.ts';

const NONE = Number.POSITIVE_INFINITY;

/** Round trips as a full queue makes them, after one without; so many that it counts. */
function queue(viewer: ViewerBandwidth, now: number): void {
  for (const roundTripMs of [50, 140, 150, 160]) {
    viewer.onRoundTrip(roundTripMs, now);
  }
}

t.test("a viewer's path", async (t) => {
  t.test('is no limit as long as its estimate follows what is sent', async (t) => {
    const viewer = new ViewerBandwidth();
    t.equal(viewer.limitBps(0), NONE, 'nothing known');
    // A phone that comes out of a bad network: the estimate grows by 8 % a second and is far below.
    let estimate = 160_000;
    for (let now = 0; now < 20_000; now += 1_000) {
      viewer.onEstimate(estimate, 1_500_000, now);
      estimate *= 1.08;
      t.equal(viewer.limitBps(now), NONE);
    }
    queue(viewer, 20_000);
    // The phone sends less: the estimate is held at one and a half times of it, which is a fall.
    viewer.onEstimate(150_000, 100_000, 21_000);
    t.equal(viewer.limitBps(21_000), NONE);
  });

  t.test(
    'is one when the estimate falls below what is sent while packets queue, until it has passed that',
    async (t) => {
      const viewer = new ViewerBandwidth();
      viewer.onEstimate(1_200_000, 1_000_000, 0);
      queue(viewer, 500);
      viewer.onEstimate(680_000, 800_000, 1_000);
      t.equal(viewer.limitBps(1_000), 680_000);
      viewer.onEstimate(760_000, 680_000, 2_000);
      t.equal(viewer.limitBps(2_000), 760_000, 'growing again');
      queue(viewer, 3_000);
      viewer.onEstimate(700_000, 690_000, 3_000);
      t.equal(viewer.limitBps(3_000), 700_000);
      viewer.onEstimate(1_100_000, 950_000, 8_000);
      t.equal(viewer.limitBps(8_000), NONE);
    },
  );

  t.test('is none when no queue shows in the round trip, or one chance sample does', async (t) => {
    const viewer = new ViewerBandwidth();
    viewer.onEstimate(1_200_000, 1_000_000, 0);
    viewer.onEstimate(300_000, 1_000_000, 1_000);
    t.equal(viewer.limitBps(1_000), NONE);
    for (const roundTripMs of [60, 65, 300, 66, 62, 120, 130, 61]) {
      viewer.onRoundTrip(roundTripMs, 1_500);
    }
    t.equal(viewer.limitBps(1_500), NONE);
    queue(viewer, 2_000);
    t.equal(viewer.limitBps(2_000), 300_000, 'seen a second after the fall');
  });

  t.test('that has no queue any more grows by 8 % a second whatever its estimate does', async (t) => {
    const viewer = new ViewerBandwidth();
    viewer.onEstimate(400_000, 300_000, 0);
    queue(viewer, 1_000);
    viewer.onEstimate(255_000, 300_000, 1_000);
    t.equal(viewer.limitBps(4_000), 255_000);
    viewer.onEstimate(200_000, 300_000, 4_000);
    t.equal(viewer.limitBps(4_000), 255_000, 'another fall without a queue');
    t.ok(Math.abs(viewer.limitBps(5_000) - 275_400) < 1);
  });

  t.test('takes a round trip that is longer for good for the new least', async (t) => {
    const viewer = new ViewerBandwidth();
    for (let now = 0; now < 40_000; now += 200) {
      viewer.onRoundTrip(now < 1_000 ? 30 : 110, now);
    }
    viewer.onEstimate(400_000, 300_000, 40_000);
    viewer.onEstimate(255_000, 300_000, 41_000);
    t.equal(viewer.limitBps(41_000), NONE);
  });

  t.test('is none when the phone does not use it', async (t) => {
    const viewer = new ViewerBandwidth();
    viewer.onEstimate(400_000, 300_000, 0);
    queue(viewer, 1_000);
    viewer.onEstimate(255_000, 300_000, 1_000);
    t.equal(viewer.limitBps(1_000), 255_000);
    viewer.onEstimate(290_000, 200_000, 3_000);
    t.equal(viewer.limitBps(3_000), NONE);
  });

  t.test('is not judged by loss as radio links have it, only by what cannot be chance', async (t) => {
    const viewer = new ViewerBandwidth();
    viewer.onEstimate(300_000, 900_000, 0);
    viewer.onLoss(0.25, 900_000, 0);
    t.equal(viewer.limitBps(0), NONE);
    viewer.onLoss(0.5, 900_000, 0);
    t.equal(viewer.limitBps(0), 450_000, 'what passes');
    viewer.onEstimate(600_000, 450_000, 4_000);
    t.equal(viewer.limitBps(4_000), NONE);
    viewer.onLoss(0.9, 900_000, 4_000);
    t.equal(
      viewer.limitBps(4_000),
      150_000,
      'whatever the viewer believes in, and not below what a picture needs',
    );
    queue(viewer, 5_000);
    viewer.onEstimate(40_000, 100_000, 5_000);
    t.equal(viewer.limitBps(5_000), 50_000, 'behind a queue never below what a picture is worth');
  });

  t.test('is forgotten when the viewer is not heard any more', async (t) => {
    const viewer = new ViewerBandwidth();
    viewer.onEstimate(400_000, 300_000, 0);
    queue(viewer, 1_000);
    viewer.onEstimate(255_000, 300_000, 1_000);
    t.ok(viewer.limitBps(6_999) < 400_000);
    t.equal(viewer.limitBps(7_000), NONE);
  });
});

t.test('a phone', async (t) => {
  /** What is told between two times, checked every 50 ms as the worker does. */
  const told = (limit: BandwidthLimit, bps: number, from: number, to: number) => {
    const all: [number, number][] = [];
    for (let now = from; now < to; now += 50) {
      const each = limit.next(bps, now);
      if (each > 0) {
        all.push([now, each]);
      }
    }
    return all;
  };

  t.test('is told nothing while there is no limit', async (t) => {
    t.same(told(new BandwidthLimit(), NONE, 0, 20_000), []);
  });

  t.test('is told a limit at once, every second, and a fall at once', async (t) => {
    const limit = new BandwidthLimit();
    t.same(told(limit, 500_000, 0, 2_050), [
      [0, 500_000],
      [1_000, 500_000],
      [2_000, 500_000],
    ]);
    t.same(told(limit, 490_000, 2_100, 2_900), [], 'not for 2 %');
    t.same(told(limit, 300_000, 2_900, 3_000), [[2_900, 300_000]]);
    t.same(told(limit, 600_000, 3_000, 4_000), [[3_900, 600_000]], 'a rise can wait');
  });

  t.test('is told the end of a limit, for some seconds, because it would stay limited', async (t) => {
    const limit = new BandwidthLimit();
    told(limit, 500_000, 0, 1_000);
    const all = told(limit, NONE, 1_000, 20_000);
    t.same(all[0], [1_000, MAX_BITRATE_BPS]);
    t.ok(all.length >= 5 && all.length <= 6 && all.every(([, bps]) => bps === MAX_BITRATE_BPS));
    t.same(told(limit, 400_000, 20_000, 20_050), [[20_000, 400_000]], 'and a new one');
  });
});

t.test('a rate is that of the last second or so', async (t) => {
  const rate = new Rate();
  let bytes = 0;
  for (let now = 0; now <= 5_000; now += 50) {
    rate.tick(bytes, now);
    bytes += 5_000;
  }
  t.ok(Math.abs(rate.bps - 800_000) < 10_000, `${rate.bps}`);
  for (let now = 5_050; now <= 8_000; now += 50) {
    rate.tick(bytes, now);
  }
  t.ok(rate.bps < 40_000, `${rate.bps}`);
});
