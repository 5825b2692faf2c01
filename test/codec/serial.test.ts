/** Serial number arithmetic. Real: everything; pure functions against plain counting. */
import fc from 'fast-check';
import t from 'tap';
import {
  add16,
  add32,
  distance16,
  distance32,
  isNewer16,
  isNewer32,
  SequenceUnwrapper,
  SerialUnwrapper,
  TimestampUnwrapper,
  truncate16,
  truncate32,
} from '../../codec/serial.ts';
import { START_NUMBERS } from './vectors.ts';

t.test('16-bit distance and order', async (t) => {
  const cases: [string, number, number, number][] = [
    ['equal', 5, 5, 0],
    ['one ahead', 5, 6, 1],
    ['one behind', 6, 5, -1],
    ['one ahead over the wrap', 65535, 0, 1],
    ['one behind over the wrap', 0, 65535, -1],
    ['the furthest ahead', 0, 32767, 32767],
    ['exactly half the circle is behind', 0, 32768, -32768],
    ['exactly half the circle is behind, from above too', 32768, 0, -32768],
  ];
  for (const [name, from, to, distance] of cases) {
    t.equal(distance16(from, to), distance, name);
    t.equal(isNewer16(to, from), distance > 0, `${name}: newer`);
  }
});

t.test('32-bit distance and order', async (t) => {
  const cases: [string, number, number, number][] = [
    ['one ahead over the wrap', 0xffffffff, 0, 1],
    ['one behind over the wrap', 0, 0xffffffff, -1],
    ['the furthest ahead', 0, 0x7fffffff, 0x7fffffff],
    ['exactly half the circle is behind', 0, 0x80000000, -0x80000000],
  ];
  for (const [name, from, to, distance] of cases) {
    t.equal(distance32(from, to), distance, name);
    t.equal(isNewer32(to, from), distance > 0, `${name}: newer`);
  }
});

t.test('addition and truncation wrap both ways and take unwrapped numbers', async (t) => {
  t.equal(add16(65535, 1), 0);
  t.equal(add16(0, -1), 65535);
  t.equal(add32(0xffffffff, 1), 0);
  t.equal(add32(0, -1), 0xffffffff);
  t.equal(truncate16(-1), 65535);
  t.equal(truncate16(2 ** 40 + 7), 7);
  t.equal(truncate32(-1), 0xffffffff);
  t.equal(truncate32(2 ** 45 + 7), 7);
});

t.test('unwrapping counts on from every start number', async (t) => {
  for (const start of START_NUMBERS) {
    const unwrapper = new SequenceUnwrapper();
    t.equal(unwrapper.highest, -1, `${start}: nothing yet`);
    t.equal(unwrapper.peek(start), -1, `${start}: nothing to compare with`);
    const wrong: number[] = [];
    // Three times around, with a step that does not divide the circle.
    for (let n = 65536 + start; n < 4 * 65536; n += 7) {
      if (unwrapper.unwrap(truncate16(n)) !== n) {
        wrong.push(n);
      }
    }
    t.same(wrong, [], `${start}: plain counting`);
  }
});

t.test('a number before the first goes down and not below zero', async (t) => {
  for (const start of START_NUMBERS) {
    const unwrapper = new SequenceUnwrapper();
    const first = unwrapper.unwrap(start);
    t.equal(first, 65536 + start);
    t.equal(unwrapper.unwrap(truncate16(start - 1)), first - 1);
    t.equal(unwrapper.unwrap(truncate16(start - 32768)), first - 32768);
    t.equal(unwrapper.highest, first, 'the reference stays');
    t.equal(unwrapper.unwrap(truncate16(start + 1)), first + 1);
  }
});

t.test('however often a peer walks backwards, the result stays positive', async (t) => {
  const unwrapper = new SequenceUnwrapper();
  unwrapper.unwrap(0);
  let lowest = Number.POSITIVE_INFINITY;
  for (let n = 0; n > -200_000; n -= 30_000) {
    lowest = Math.min(lowest, unwrapper.unwrap(truncate16(n)));
  }
  t.ok(lowest > 0, `lowest ${lowest}`);
});

t.test('peek does not move the reference', async (t) => {
  const unwrapper = new SequenceUnwrapper();
  unwrapper.unwrap(65530);
  t.equal(unwrapper.peek(5), 65536 + 65541);
  t.equal(unwrapper.highest, 65536 + 65530);
  t.equal(unwrapper.peek(65529), 65536 + 65529);
});

t.test('reset forgets', async (t) => {
  const unwrapper = new SequenceUnwrapper();
  unwrapper.unwrap(9);
  unwrapper.unwrap(30_000);
  unwrapper.unwrap(60_000);
  unwrapper.reset();
  t.equal(unwrapper.highest, -1);
  t.equal(unwrapper.unwrap(3), 65539);
});

t.test('timestamps unwrap in 32 bits from both ends', async (t) => {
  for (const start of [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]) {
    const unwrapper = new TimestampUnwrapper();
    const wrong: number[] = [];
    for (let n = 2 ** 32 + start; n < 4 * 2 ** 32; n += 123_456_789) {
      if (unwrapper.unwrap(truncate32(n)) !== n) {
        wrong.push(n);
      }
    }
    t.same(wrong, [], `from ${start}`);
  }
});

t.test('any loss, repetition and reordering within half a circle unwraps to the true numbers', async (t) => {
  for (const bits of [7, 8, 15, 16, 32]) {
    const half = 2 ** (bits - 1);
    const start = fc.integer({ min: 0, max: 2 ** bits - 1 });
    const steps = fc.array(fc.integer({ min: -half, max: half - 1 }), { maxLength: 60 });
    fc.assert(
      fc.property(start, steps, (first, offsets) => {
        const unwrapper = new SerialUnwrapper(bits);
        let highest = 2 ** bits + first;
        if (unwrapper.unwrap(first) !== highest) {
          return false;
        }
        for (const offset of offsets) {
          const truth = highest + offset;
          const wire = ((truth % 2 ** bits) + 2 ** bits) % 2 ** bits;
          if (unwrapper.peek(wire) !== truth || unwrapper.unwrap(wire) !== truth) {
            return false;
          }
          highest = Math.max(highest, truth);
        }
        return unwrapper.highest === highest;
      }),
      { seed: 1982 + bits, numRuns: 300 },
    );
  }
  t.pass('7, 8, 15, 16 and 32 bits');
});
