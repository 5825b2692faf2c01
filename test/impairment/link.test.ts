/** The link model and the virtual clock that unit tests build on. Everything is real, time and chance are arguments. */
import fc from 'fast-check';
import t from 'tap';
import {
  bothWays,
  type Impairment,
  LinkDirection,
  openLink,
  PRESETS,
  queueFor,
  transmit,
} from '../support/impairment.ts';
import { EventQueue, VirtualTime } from '../support/virtual-time.ts';

const PACKETS = 20_000;

/** Arrivals of packets that enter every `everyMs`; [] for a lost one. */
function send(
  direction: LinkDirection,
  {
    packets = PACKETS,
    everyMs = 1,
    bytes = 1_200,
  }: { packets?: number; everyMs?: number; bytes?: number } = {},
): number[][] {
  return Array.from({ length: packets }, (_, n) => direction.admit(n * everyMs, bytes));
}

/** Lengths of the runs of lost packets. */
function runsOfLosses(arrivals: number[][]): number[] {
  const runs: number[] = [];
  let run = 0;
  for (const { length } of arrivals) {
    if (length === 0) {
      run++;
    } else if (run > 0) {
      runs.push(run);
      run = 0;
    }
  }
  return runs;
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

t.test('a clear link delivers at once', async (t) => {
  t.same(send(new LinkDirection({}, 1), { packets: 3 }), [[0], [1], [2]]);
});

t.test('the same seed gives the same fate, another seed another', async (t) => {
  const impairment: Partial<Impairment> = { lossShare: 0.3, delayMs: 20, jitterMs: 10, duplicateShare: 0.1 };
  const run = (seed: number) => send(new LinkDirection(impairment, seed), { packets: 200 });
  t.same(run(7), run(7));
  t.notSame(run(7), run(8));
  const { up, down } = openLink(bothWays(impairment), 7);
  t.notSame(send(up, { packets: 200 }), send(down, { packets: 200 }), 'the directions are independent');
});

t.test('changing the delay in the middle does not change who is lost', async (t) => {
  const plain = new LinkDirection({ lossShare: 0.2 }, 3);
  const changed = new LinkDirection({ lossShare: 0.2 }, 3);
  const lost = (direction: LinkDirection) => send(direction, { packets: 500 }).map(({ length }) => length);
  const before = lost(plain);
  changed.change({ delayMs: 40, jitterMs: 20 });
  t.same(lost(changed), before);
});

for (const lossShare of [0.05, 0.2]) {
  for (const burstPackets of [1, 4, 15]) {
    t.test(`${lossShare} lost in runs of ${burstPackets}`, async (t) => {
      const arrivals = send(new LinkDirection({ lossShare, burstPackets }, 11), { packets: 100_000 });
      const share = arrivals.filter(({ length }) => length === 0).length / arrivals.length;
      t.ok(Math.abs(share - lossShare) < 0.15 * lossShare, `share ${share}`);
      const expected = burstPackets === 1 ? 1 / (1 - lossShare) : burstPackets;
      const length = mean(runsOfLosses(arrivals));
      t.ok(Math.abs(length - expected) < 0.15 * expected, `mean run ${length}`);
    });
  }
}

t.test('everything is lost at 1, nothing at 0', async (t) => {
  t.ok(send(new LinkDirection({ lossShare: 1 }, 5)).every(({ length }) => length === 0));
  t.ok(send(new LinkDirection({ lossShare: 0 }, 5)).every(({ length }) => length === 1));
});

t.test('jitter stays between its bounds and keeps the order', async (t) => {
  const arrivals = send(new LinkDirection({ delayMs: 30, jitterMs: 20 }, 1)).flat();
  const delays = arrivals.map((arrival, n) => arrival - n);
  t.ok(Math.min(...delays) >= 30);
  t.ok(Math.max(...delays) <= 50);
  t.ok(Math.max(...delays) - Math.min(...delays) > 15, 'there is jitter');
  t.ok(arrivals.every((arrival, n) => arrival >= (arrivals[n - 1] ?? 0)));
});

t.test('without order the jitter alone decides', async (t) => {
  const arrivals = send(new LinkDirection({ delayMs: 30, jitterMs: 20, inOrder: false }, 1)).flat();
  t.ok(arrivals.some((arrival, n) => arrival < (arrivals[n - 1] ?? 0)));
});

t.test('the share of reordered packets is overtaken, and holds nobody up', async (t) => {
  const arrivals = send(new LinkDirection({ delayMs: 30, reorderShare: 0.02 }, 1)).flat();
  const late = arrivals.filter((arrival, n) => arrival - n > 30);
  t.ok(Math.abs(late.length / PACKETS - 0.02) < 0.005, `${late.length} late`);
  const overtaken = arrivals.filter((arrival, n) => arrival > (arrivals[n + 1] ?? Number.POSITIVE_INFINITY));
  t.ok(overtaken.length > 0.8 * late.length);
});

t.test('the share of duplicated packets arrives twice', async (t) => {
  const direction = new LinkDirection({ duplicateShare: 0.1 }, 1);
  const twice = send(direction).filter(({ length }) => length === 2).length;
  t.ok(Math.abs(twice / PACKETS - 0.1) < 0.01, `${twice} twice`);
  t.equal(direction.counters.duplicated, twice);
});

t.test('the rate limit delays by the queue, then drops what has no room', async (t) => {
  // 1,000 bytes take 10 ms; they come every 5 ms.
  const direction = new LinkDirection({ rateBps: 800_000, queueBytes: 5_000 }, 1);
  const arrivals = send(direction, { packets: 1_000, everyMs: 5, bytes: 1_000 });
  t.same(arrivals.slice(0, 4), [[10], [20], [30], [40]]);
  const delays = arrivals.flatMap(([arrival], n) => (arrival === undefined ? [] : [arrival - 5 * n]));
  t.ok(Math.max(...delays) <= 50, 'never longer than the queue');
  t.ok(Math.max(...delays) > 44, 'the queue was full');
  t.ok(Math.abs(delays.length - 500) < 10, 'half of it gets through');
  t.equal(direction.counters.overflowed, 1_000 - delays.length);
  t.equal(direction.counters.sentBytes, 1_000 * delays.length);
});

t.test('what is lost on the air has used the link', async (t) => {
  const direction = new LinkDirection({ rateBps: 800_000, lossShare: 1 }, 1);
  direction.admit(0, 1_000);
  direction.change({ lossShare: 0 });
  t.same(direction.admit(0, 1_000), [20]);
});

t.test('a blackhole swallows everything until it ends', async (t) => {
  const { up, down } = openLink({}, 1);
  up.change({ blackhole: true });
  t.same(up.admit(1, 100), []);
  t.same(down.admit(1, 100), [1], 'the other direction is open');
  up.change({ blackhole: false });
  t.same(up.admit(2, 100), [2]);
  t.equal(up.counters.blackholed, 1);
});

t.test('a stream waits where datagrams are dropped, and leaves them room', async (t) => {
  const direction = new LinkDirection({ rateBps: 800_000, queueBytes: 10_000 }, 1);
  let nowMs = 0;
  let sent = 0;
  let dropped = 0;
  for (let nextDatagramMs = 0; nowMs < 10_000; ) {
    if (nextDatagramMs <= nowMs) {
      // 50 packets of voice a second.
      dropped += direction.admit(nextDatagramMs, 100).length === 0 ? 1 : 0;
      nextDatagramMs += 20;
      continue;
    }
    const result = direction.admitSegment(nowMs, 1_000);
    if ('arrivalMs' in result) {
      t.ok(result.arrivalMs - nowMs <= 100, 'within the queue');
      sent++;
    } else {
      t.ok(result.retryMs > nowMs, 'never asked to try again at once');
      nowMs = Math.min(result.retryMs, nextDatagramMs);
    }
  }
  t.equal(dropped, 0);
  t.ok(Math.abs(sent - 950) < 15, `the rest of the link is the stream's: ${sent} of 1000 segments`);
});

t.test('a loss costs a stream time, not data', async (t) => {
  const direction = new LinkDirection({ delayMs: 30, lossShare: 0.2 }, 1);
  const delays = Array.from({ length: 2_000 }, (_, n) => {
    const result = direction.admitSegment(n, 1_000);
    return 'arrivalMs' in result ? result.arrivalMs - n : Number.NaN;
  });
  t.ok(delays.every((delay) => delay === 30 || delay >= 90));
  t.ok(Math.abs(delays.filter((delay) => delay >= 90).length / 2_000 - 0.2) < 0.03);
});

t.test('a stream waits behind a blackhole', async (t) => {
  const direction = new LinkDirection({ blackhole: true }, 1);
  const result = direction.admitSegment(1_000, 100);
  t.ok('retryMs' in result && result.retryMs > 1_000);
});

t.test('voice gets through every preset', async (t) => {
  for (const [name, settings] of Object.entries(PRESETS)) {
    for (const direction of ['up', 'down'] as const) {
      const arrivals = send(openLink(settings, 1)[direction], { everyMs: 20, bytes: 120 });
      const lost = arrivals.filter(({ length }) => length === 0).length / PACKETS;
      t.ok(
        Math.abs(lost - (settings[direction]?.lossShare ?? 0)) < 0.02,
        `${name} ${direction}: ${lost} lost`,
      );
    }
  }
});

t.test('a queue holds the asked time, and at least three packets', async (t) => {
  t.equal(queueFor(1_000_000, 400), 50_000);
  t.equal(queueFor(60_000, 300), 4_500);
});

t.test('events run in the order of their time, equal ones as they came', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (times) => {
      const queue = new EventQueue();
      const ran: [number, number][] = [];
      for (const [n, at] of times.entries()) {
        queue.add(at, () => ran.push([at, n]));
      }
      for (let event = queue.take(100); event; event = queue.take(100)) {
        event.run();
      }
      const sorted = times.map((at, n): [number, number] => [at, n]).sort(([a, i], [b, j]) => a - b || i - j);
      t.same(ran, sorted);
      return queue.size === 0;
    }),
    { seed: 1 },
  );
});

t.test('virtual time stands still until it is told to run', async (t) => {
  const time = new VirtualTime(1_000);
  const ran: number[] = [];
  const note = () => ran.push(time.now);
  time.at(500, note);
  time.after(10, () => {
    note();
    time.after(5, note);
  });
  time.after(16, note);
  t.same(ran, []);
  time.run(1_015);
  t.same(ran, [1_000, 1_010, 1_015], 'what has passed runs now, what an event adds runs in time');
  t.equal(time.now, 1_015);
  t.equal(time.pending, 1);
});

t.test('what is due every so often stops when told', async (t) => {
  const time = new VirtualTime();
  let ticks = 0;
  const stop = time.every(20, () => ticks++);
  time.run(100);
  t.equal(ticks, 5);
  stop();
  time.run(1_000);
  t.equal(ticks, 5);
  t.equal(time.pending, 0);
});

t.test('datagrams travel in virtual time', async (t) => {
  const time = new VirtualTime();
  const { up } = openLink(bothWays({ delayMs: 30, duplicateShare: 1 }), 1);
  const arrived: number[] = [];
  transmit(time, up, 100, (arrivalMs) => arrived.push(arrivalMs));
  time.run(29);
  t.same(arrived, []);
  time.run(30);
  t.same(arrived, [30, 30]);
});
