/**
 * The relay's own view of the way up, on links in virtual time. Real: the estimate and the link (queue, jitter that reorders,
 * loss). Ours: a sender that does at once what it is told and fills what it is given, a REMB that takes the way back.
 */
import t from 'tap';
import { ReceiveSideBandwidth } from '../../relay/receive-side.ts';
import { type Impairment, LinkDirection, queueFor } from '../support/impairment.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const START_BPS = 1_000_000;
const MAX_BPS = 6_000_000;
const PACKET_BYTES = 1_200;
const OVERHEAD_BYTES = 38;
const BACK_MS = 40;
const ROUND_TRIP_MS = 80;
/** Units of abs-send-time. */
const UNITS_PER_MS = 2 ** 18 / 1_000;

type Run = {
  estimate: ReceiveSideBandwidth;
  link: LinkDirection;
  /** Runs on for so long and returns the estimate of every 100 ms. */
  go(ms: number): number[];
  /** The most that the sender has to send. */
  demandBps: number;
  /** What the relay would measure. */
  lossShare: number;
};

/** @param startMs of the sender's clock */
function run(impairment: Partial<Impairment>, startMs = 0): Run {
  const time = new VirtualTime();
  const link = new LinkDirection({ delayMs: 30, jitterMs: 5, inOrder: false, ...impairment }, 7);
  const estimate = new ReceiveSideBandwidth(START_BPS, MAX_BPS);
  let toldBps = START_BPS;
  const state = {
    estimate,
    link,
    demandBps: Number.POSITIVE_INFINITY,
    lossShare: impairment.lossShare ?? 0,
    go(ms: number): number[] {
      const seen: number[] = [];
      const until = time.now + ms;
      for (let at = Math.floor(time.now / 100) * 100 + 100; at <= until; at += 100) {
        time.run(at);
        seen.push(estimate.bps);
      }
      return seen;
    },
  };
  const send = () => {
    const { now } = time;
    const sendTime = Math.floor((startMs + now) * UNITS_PER_MS) & 0xff_ffff;
    for (const at of link.admit(now, PACKET_BYTES + OVERHEAD_BYTES)) {
      time.at(at, () => estimate.onPacket(sendTime, PACKET_BYTES, at));
    }
    const rate = Math.min(toldBps, state.demandBps);
    time.at(now + ((PACKET_BYTES + OVERHEAD_BYTES) * 8_000) / rate, send);
  };
  const tick = () => {
    estimate.tick(time.now, ROUND_TRIP_MS, state.lossShare);
    const { bps } = estimate;
    time.at(time.now + BACK_MS, () => {
      toldBps = bps;
    });
    time.at(time.now + 50, tick);
  };
  time.at(0, send);
  time.at(0, tick);
  return state;
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rated = (rateBps: number): Partial<Impairment> => ({ rateBps, queueBytes: queueFor(rateBps, 400) });

t.test('loss and reordering by chance are no reason to send less', async (t) => {
  for (const lossShare of [0, 0.05, 0.2]) {
    const path = run({ lossShare });
    path.go(10_000);
    t.ok(Math.min(...path.go(60_000)) > 5_000_000, `${lossShare}: ${path.estimate.bps}`);
  }
});

t.test(
  'who sends little is not driven down, and the estimate does not run away from what was seen',
  async (t) => {
    const path = run({ lossShare: 0.1 });
    path.demandBps = 450_000;
    const seen = path.go(60_000);
    t.ok(Math.min(...seen) >= START_BPS);
    t.ok(Math.max(...seen) < 1_200_000, `${Math.max(...seen)}`);
  },
);

t.test('a narrow link is found and used without a standing queue', async (t) => {
  for (const [rateBps, lossShare] of [
    [3_000_000, 0],
    [500_000, 0],
    [500_000, 0.15],
    [150_000, 0],
  ] as const) {
    const path = run({ ...rated(rateBps), lossShare });
    path.go(10_000);
    const queues: number[] = [];
    const seen: number[] = [];
    for (let second = 0; second < 60; second++) {
      seen.push(...path.go(1_000));
      queues.push(path.estimate.queueMs);
    }
    // What the air loses has used the link, too.
    const share = mean(seen) / (rateBps * (1 - lossShare));
    t.ok(share > 0.75 && share < 1.1, `${rateBps} with ${lossShare}: uses ${share}`);
    const packetMs = (1_238 * 8_000) / rateBps;
    t.ok(mean(queues) < 40 + packetMs, `${rateBps}: waits ${mean(queues)} ms`);
  }
});

t.test('a link that gets narrow is not filled for longer than seconds', async (t) => {
  const path = run(rated(3_000_000));
  path.go(20_000);
  path.link.change(rated(500_000));
  path.go(3_000);
  const seen = path.go(5_000);
  t.ok(Math.max(...seen) < 550_000, `${Math.max(...seen)}`);
  t.ok(mean(seen) > 250_000, `${mean(seen)}`);
});

t.test('a link that gets wide again is used within 20 s', async (t) => {
  const path = run(rated(60_000));
  path.go(30_000);
  path.link.change(rated(2_000_000));
  const seen = path.go(20_000);
  const at = seen.findIndex((bps) => bps >= 1_600_000);
  t.ok(at >= 0, `${(at + 1) / 10} s`);
});

t.test('what is dropped without a queue counts from where no radio link loses', async (t) => {
  const path = run({});
  path.go(10_000);
  const before = path.estimate.bps;
  path.link.change({ lossShare: 0.5 });
  path.go(1_000);
  path.lossShare = 0.5;
  path.go(4_000);
  t.ok(path.estimate.bps < 0.6 * before && path.estimate.bps > 0.3 * before, `${path.estimate.bps}, once`);
});

t.test("the sender's clock may wrap in between", async (t) => {
  // 24 bits with 18 behind the point: 64 s.
  const path = run(rated(500_000), 60_000);
  path.go(3_000);
  const seen = path.go(60_000 + 10_000);
  t.ok(
    Math.min(...seen) > 300_000 && Math.max(...seen) < 600_000,
    `${Math.min(...seen)} ${Math.max(...seen)}`,
  );
});

t.test('a way that is longer for good is not taken for a queue for ever', async (t) => {
  const path = run(rated(2_000_000));
  path.go(20_000);
  path.link.change({ delayMs: 130 });
  path.go(12_000);
  t.ok(mean(path.go(20_000)) > 1_400_000, `${path.estimate.bps}`);
});

t.test('packets with any send time at any moment leave a number within its bounds', async (t) => {
  const estimate = new ReceiveSideBandwidth(START_BPS, MAX_BPS);
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed / 2 ** 32;
  };
  let now = 0;
  for (let step = 0; step < 200_000; step++) {
    now += random() < 0.001 ? random() * 100_000 : random() * 20;
    estimate.onPacket(Math.floor(random() * 2 ** 24), Math.floor(random() * 1_500), now);
    estimate.tick(now, random() * 1_000, random());
    if (!(estimate.bps >= 30_000 && estimate.bps <= MAX_BPS && estimate.queueMs >= 0)) {
      t.fail(`${estimate.bps} ${estimate.queueMs}`);
      return;
    }
  }
  t.pass();
});
