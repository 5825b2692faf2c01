/**
 * Transport-wide feedback. Real: receiver, writer and reader; Chromium's bytes. The clock is numbers. Chromium as the
 * judge of what is written was tried by hand (codec/README.md), because a browser cannot be asked what it parsed.
 */
import fc from 'fast-check';
import t from 'tap';
import { nextRtcp, rtcpKind, TWCC } from '../../codec/rtcp.ts';
import {
  readTwccFeedback,
  TwccReceiver,
  twccBaseSequence,
  twccFeedbackCount,
  twccReferenceTime,
  twccStatusCount,
} from '../../codec/twcc.ts';
import { hex, START_NUMBERS, TWCC_PACKET } from './vectors.ts';

type Arrival = { sequence: number; us: number };
/** What feedback said about a sequence number, last word first: arrival in ticks, or −1. */
type Report = Map<number, number>;

const statuses = new Float64Array(65535);

/** Drains the receiver into packets of at most `room` bytes. */
function drain(receiver: TwccReceiver, room = 1200): Buffer[] {
  const packets: Buffer[] = [];
  for (;;) {
    const target = Buffer.alloc(room + 3, 0xee);
    const end = receiver.writeFeedback(target, 3, 1, 2);
    if (end <= 3) {
      return packets;
    }
    packets.push(Buffer.from(target.subarray(3, end)));
  }
}

function feed(arrivals: readonly Arrival[]): TwccReceiver {
  const receiver = new TwccReceiver();
  for (const { sequence, us } of arrivals) {
    receiver.onPacket(sequence % 65536, us);
  }
  return receiver;
}

/** Reads packets into `report`; the complaint, if any. */
function read(packets: readonly Buffer[], report: Report): string {
  for (const b of packets) {
    if (nextRtcp(b, 0) !== b.length || rtcpKind(b, 0, b.length) !== TWCC || b.length > 1200) {
      return `not one whole packet: ${b.toString('hex')}`;
    }
    const count = readTwccFeedback(b, 0, b.length, statuses);
    if (count <= 0 || count !== twccStatusCount(b, 0)) {
      return `unreadable: ${b.toString('hex')}`;
    }
    for (let i = 0; i < count; i++) {
      report.set((twccBaseSequence(b, 0) + i) % 65536, statuses[i] ?? -1);
    }
  }
  return '';
}

const ticksOf = (us: number): number => Math.floor(us / 250) % 2 ** 32;

// draft-holmer 3.1: base 5, count 3, reference time 3 (192 ms), chunk: run of 3 small deltas, deltas 10, 20, 30
t.test('writes the figure of the draft', async (t) => {
  const receiver = feed([
    { sequence: 5, us: 192_000 + 10 * 250 },
    { sequence: 6, us: 192_000 + 30 * 250 },
    { sequence: 7, us: 192_000 + 60 * 250 },
  ]);
  t.same(drain(receiver), [hex('8fcd0006 00000001 00000002 0005 0003 000003 00  2003  0a 14 1e 000000')]);
  receiver.onPacket(9, 192_000 + 61 * 250);
  t.same(
    drain(receiver),
    [hex('8fcd0005 00000001 00000002 0008 0002 000003 01  9000  3d 00')],
    'the next one counts on and reports the gap',
  );
  t.same(drain(receiver), [], 'nothing new, nothing written');
});

t.test('chooses the shortest chunk', async (t) => {
  const base = 64_000;
  const cases: [string, Arrival[], string][] = [
    ['one packet', [{ sequence: 100, us: base }], '2001'],
    [
      'fourteen small deltas',
      Array.from({ length: 14 }, (_, i) => ({ sequence: 100 + i, us: base })),
      '200e',
    ],
    [
      'every second of thirteen',
      Array.from({ length: 7 }, (_, i) => ({ sequence: 100 + 2 * i, us: base })),
      // 10 1010 1010 1010: thirteen symbols and a zero behind them
      'aaaa',
    ],
    [
      'a large delta among small ones',
      [
        { sequence: 100, us: base },
        { sequence: 101, us: base + 100_000 },
        { sequence: 102, us: base + 100_000 },
      ],
      // 11 01 10 01 and zeros
      'd900',
    ],
    [
      'a negative delta',
      [
        { sequence: 101, us: base + 5000 },
        { sequence: 100, us: base + 10_000 },
      ],
      // the first received has the reference, 101 came 20 ticks before it
      'd800',
    ],
    [
      'a thousand lost in between',
      [
        { sequence: 100, us: base },
        { sequence: 1101, us: base },
      ],
      // one-bit vector 1 and thirteen zeros, 987 zeros, one received
      'a000 03db 2001',
    ],
  ];
  for (const [name, arrivals, chunks] of cases) {
    const packet = drain(feed(arrivals))[0] ?? Buffer.alloc(0);
    const bytes = hex(chunks);
    t.equal(packet.toString('hex', 20, 20 + bytes.length), bytes.toString('hex'), name);
  }
});

t.test('a delta of more than 8 s starts a new feedback with a new reference', async (t) => {
  const receiver = feed([
    { sequence: 1, us: 1_000_000 },
    { sequence: 2, us: 1_000_000 + 32_767 * 250 },
    { sequence: 3, us: 1_000_000 + 32_767 * 250 + 32_768 * 250 },
  ]);
  const packets = drain(receiver);
  t.equal(packets.length, 2);
  t.same(
    packets.map((b) => [twccBaseSequence(b, 0), twccStatusCount(b, 0), twccFeedbackCount(b, 0)]),
    [
      [1, 2, 0],
      [3, 1, 1],
    ],
  );
  const report: Report = new Map();
  t.equal(read(packets, report), '');
  t.equal(report.get(3), ticksOf(1_000_000 + 65_535 * 250));
});

t.test('the first arrival of a duplicate counts, and a very late packet not at all', async (t) => {
  const receiver = feed([
    { sequence: 1000, us: 0 },
    { sequence: 1000, us: 50_000 },
    { sequence: 1001, us: 60_000 },
  ]);
  const report: Report = new Map();
  t.equal(read(drain(receiver), report), '');
  t.same(
    [...report],
    [
      [1000, 0],
      [1001, 240],
    ],
  );
  receiver.onPacket(1002 - 513, 70_000);
  t.same(drain(receiver), [], '513 behind the next one to report');
  receiver.onPacket(1002 - 512, 70_000);
  t.equal(drain(receiver).length, 1, '512 behind it');
});

t.test('a late packet is reported together with everything since, as libwebrtc does', async (t) => {
  const receiver = feed([
    { sequence: 10, us: 0 },
    { sequence: 12, us: 1000 },
  ]);
  const report: Report = new Map();
  t.equal(read(drain(receiver), report), '');
  t.equal(report.get(11), -1);
  receiver.onPacket(11, 5000);
  const again = drain(receiver);
  t.equal(read(again, report), '');
  t.same(
    [...report],
    [
      [10, 0],
      [11, 20],
      [12, 4],
    ],
  );
  t.same(
    [twccBaseSequence(again[0] ?? TWCC_PACKET, 0), twccStatusCount(again[0] ?? TWCC_PACKET, 0)],
    [11, 2],
  );
});

t.test('a jump further than the memory reports what is remembered, in one feedback', async (t) => {
  for (const jump of [1023, 1024, 1025, 20_000, 32_767]) {
    const receiver = feed([
      { sequence: 7, us: 0 },
      { sequence: 7 + jump, us: 1000 },
    ]);
    const packets = drain(receiver);
    const report: Report = new Map();
    t.equal(read(packets, report), '', `${jump}`);
    t.equal(packets.length, 1);
    t.ok(report.size <= 1024, `${report.size} statuses`);
    t.equal(report.get(7 + jump), 4);
    t.equal(report.has(7), jump === 1023, 'the one before the jump only while it fits');
  }
});

t.test('losses are losses after the memory has turned over', async (t) => {
  for (const start of START_NUMBERS) {
    const receiver = new TwccReceiver();
    const wrong: number[] = [];
    for (let i = 0; i < 10_000; i += 500) {
      const isLost = (n: number): boolean => i >= 5000 && n % 3 === 0;
      for (let n = i; n < i + 500; n++) {
        if (!isLost(n)) {
          receiver.onPacket((start + n) % 65536, n * 1000);
        }
      }
      const report: Report = new Map();
      t.equal(read(drain(receiver), report), '');
      for (let n = i; n < i + 499; n++) {
        if (report.get((start + n) % 65536) !== (isLost(n) ? -1 : ticksOf(n * 1000))) {
          wrong.push(n);
        }
      }
    }
    t.same(wrong, [], `from ${start}`);
  }
});

t.test('a long pause of feedback is told in several datagrams', async (t) => {
  for (const start of START_NUMBERS) {
    const arrivals = Array.from({ length: 1000 }, (_, i) => ({ sequence: start + i, us: i * 70_000 }));
    const packets = drain(feed(arrivals));
    const report: Report = new Map();
    t.equal(read(packets, report), '', `${start}`);
    t.ok(packets.length >= 2 && packets.length <= 3, `${packets.length} packets`);
    const wrong = arrivals.filter(({ sequence, us }) => report.get(sequence % 65536) !== ticksOf(us));
    t.same(wrong, []);
  }
});

t.test('too little room is refused, the least room makes progress', async (t) => {
  const arrivals = Array.from({ length: 100 }, (_, i) => ({ sequence: i, us: i * 70_000 }));
  const receiver = feed(arrivals);
  t.equal(receiver.writeFeedback(Buffer.alloc(35), 0, 1, 2), -1);
  t.equal(receiver.writeFeedback(Buffer.alloc(99), 64, 1, 2), -1);
  t.equal(receiver.writeFeedback(Buffer.alloc(99), -1, 1, 2), -1);
  const report: Report = new Map();
  t.equal(read(drain(receiver, 36), report), '');
  t.same(
    arrivals.filter(({ sequence, us }) => report.get(sequence) !== ticksOf(us)),
    [],
  );
});

t.test('time wraps with the 24 bits of the reference', async (t) => {
  const wrapUs = 2 ** 32 * 250;
  const arrivals = Array.from({ length: 20 }, (_, i) => ({
    sequence: 65530 + i,
    us: wrapUs - 50_000 + i * 5000,
  }));
  const packets = drain(feed(arrivals));
  t.equal(twccReferenceTime(packets[0] ?? TWCC_PACKET, 0), 0xffffff);
  const report: Report = new Map();
  t.equal(read(packets, report), '');
  t.same(
    arrivals.filter(({ sequence, us }) => report.get(sequence % 65536) !== ticksOf(us)),
    [],
  );
});

t.test('any loss, reordering, duplication, pause and feedback interval is reported truly', async (t) => {
  const step = fc.record({
    // How far the next packet is ahead of the highest; mostly in order, sometimes late, rarely a jump.
    ahead: fc.oneof(
      { weight: 12, arbitrary: fc.constant(1) },
      { weight: 3, arbitrary: fc.integer({ min: -40, max: 0 }) },
      { weight: 2, arbitrary: fc.integer({ min: 2, max: 60 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60, max: 3000 }) },
    ),
    us: fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 20_000_000 }) },
    ),
    flush: fc.integer({ min: 0, max: 20 }),
  });
  let failure = '';
  fc.assert(
    fc.property(
      fc.constantFrom(...START_NUMBERS),
      fc.array(step, { minLength: 1, maxLength: 120 }),
      fc.integer({ min: 36, max: 1200 }),
      fc.double({ min: 0, max: 2 ** 42, noNaN: true }),
      (start, steps, room, startUs) => {
        const receiver = new TwccReceiver();
        const truth: Report = new Map();
        const report: Report = new Map();
        let highest = start;
        let us = startUs;
        let isFirst = true;
        for (const { ahead, us: later, flush } of steps) {
          us += later;
          const sequence = isFirst ? start : Math.max(highest + ahead, 0);
          isFirst = false;
          highest = Math.max(highest, sequence);
          receiver.onPacket(sequence % 65536, us);
          const wire = sequence % 65536;
          if (!truth.has(wire)) {
            truth.set(wire, ticksOf(us));
          }
          if (flush === 0) {
            failure = read(drain(receiver, room), report);
          }
        }
        failure ||= read(drain(receiver, room), report);
        if (highest - start >= 1024) {
          // What was forgotten before it could be reported is no error; the next test's.
          return failure === '';
        }
        for (const [wire, ticks] of truth) {
          if (report.get(wire) !== ticks) {
            failure ||= `${wire} arrived at ${ticks}, reported ${report.get(wire)}`;
          }
        }
        for (const [wire, ticks] of report) {
          if (ticks >= 0 && truth.get(wire) !== ticks) {
            failure ||= `${wire} invented`;
          }
        }
        return failure === '';
      },
    ),
    { seed: 64_000, numRuns: 1500 },
  );
  t.equal(failure, '');
});

t.test("reads Chromium's feedback, padding and all", async (t) => {
  const b = TWCC_PACKET;
  t.same(
    [twccBaseSequence(b, 0), twccStatusCount(b, 0), twccReferenceTime(b, 0), twccFeedbackCount(b, 0)],
    [2, 10, 0x0096df, 0],
  );
  t.equal(readTwccFeedback(b, 0, b.length, statuses), 10);
  const first = 0x0096df * 256 + 0xe8;
  t.same(
    [...statuses.subarray(0, 10)],
    [first, first + 0x1c, -1, -1, -1, -1, -1, -1, -1, first + 0x1c + 0x70],
  );
});

t.test('reads every kind of chunk', async (t) => {
  const head = '00000001 00000002';
  const cases: [string, string, number[]][] = [
    ['a run of small deltas', `8fcd0005 ${head} 0000 0002 000001 00 2002 01 02`, [257, 259]],
    ['a run of large deltas', `8fcd0006 ${head} 0000 0002 000001 00 4002 0100 ff00 0000`, [512, 256]],
    ['a run longer than the count', `8fcd0005 ${head} 0000 0002 000001 00 3fff 01 02`, [257, 259]],
    ['a one-bit vector', `8fcd0005 ${head} 0000 0003 000001 00 a800 01 02`, [257, -1, 259]],
    ['a two-bit vector', `8fcd0006 ${head} 0000 0003 000001 00 d200 01 fffe 000000`, [257, -1, 255]],
    ['two chunks', `8fcd0006 ${head} 0000 0003 000001 00 0002 2001 07 000000`, [-1, -1, 263]],
    ['negative before the reference 0', `8fcd0005 ${head} 0000 0001 000000 00 4001 ffff`, [2 ** 32 - 1]],
  ];
  for (const [name, text, expected] of cases) {
    const b = hex(text);
    t.equal(readTwccFeedback(b, 0, b.length, statuses), expected.length, name);
    t.same([...statuses.subarray(0, expected.length)], expected, name);
  }
});

t.test('refuses malformed feedback', async (t) => {
  const head = '00000001 00000002';
  const cases: [string, string][] = [
    ['no status', `8fcd0005 ${head} 0000 0000 000001 00 2002 0102`],
    ['no chunk for the last status', `8fcd0005 ${head} 0000 0004 000001 00 2002 2001`],
    ['a run of nothing for ever', `8fcd0005 ${head} 0000 ffff 000001 00 0000 0000`],
    ['a delta too few', `8fcd0005 ${head} 0000 0003 000001 00 2003 0102`],
    ['half a large delta', `8fcd0005 ${head} 0000 0002 000001 00 d800 0102`],
    ['the reserved symbol in a run', `8fcd0006 ${head} 0000 0001 000001 00 6001 0102030405 06`],
    ['the reserved symbol in a vector', `8fcd0006 ${head} 0000 0001 000001 00 f000 0102030405 06`],
    ['deltas that are padding', `afcd0005 ${head} 0000 0002 000001 00 2002 0002`],
  ];
  for (const [name, text] of cases) {
    const b = hex(text);
    t.equal(readTwccFeedback(b, 0, b.length, statuses), -1, name);
  }
  t.equal(
    readTwccFeedback(TWCC_PACKET, 0, TWCC_PACKET.length, new Float64Array(9)),
    -1,
    'more than there is room for',
  );
  t.equal(readTwccFeedback(TWCC_PACKET, 0, 19, statuses), -1, 'cut in the header');
});
