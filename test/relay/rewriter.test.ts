/** Continuous numbers out of interrupted ones. Pure: nothing real, nothing faked. */
import fc from 'fast-check';
import t from 'tap';
import { Rewriter } from '../../relay/rewriter.ts';

/** Every wrap of 16 bits and every power that a mask could be wrong at; unwrapped, so from 65536 up. */
const STARTS = [0, 1, 127, 128, 511, 512, 32_767, 32_768, 65_407, 65_534, 65_535].map((n) => 65_536 + n);
const VIDEO_HZ = 90_000;

/** Sends one packet and returns its outgoing number; −1 when refused. */
function pass(rewriter: Rewriter, sequence: number, timestamp = 0, now = 0): number {
  const out = rewriter.sequence(sequence);
  if (out >= 0) {
    rewriter.sent(sequence, out, rewriter.timestamp(timestamp), now);
  }
  return out;
}

for (const start of STARTS) {
  t.test(`from ${start}`, async (t) => {
    t.test('numbers go on from the initial one', async (t) => {
      const rewriter = new Rewriter(VIDEO_HZ, 1_000);
      rewriter.begin(start, 5, 0, false);
      t.same(
        [0, 1, 2].map((n) => pass(rewriter, start + n)),
        [1_000, 1_001, 1_002],
      );
    });

    t.test('a loss stays a gap, and the late packet fills it', async (t) => {
      const rewriter = new Rewriter(VIDEO_HZ, 1);
      rewriter.begin(start, 0, 0, false);
      t.same(
        [0, 2, 3, 1].map((n) => pass(rewriter, start + n)),
        [1, 3, 4, 2],
      );
    });

    t.test('a skipped packet leaves no gap and never goes out', async (t) => {
      const rewriter = new Rewriter(VIDEO_HZ, 1);
      rewriter.begin(start, 0, 0, false);
      t.equal(pass(rewriter, start), 1);
      rewriter.skip(start + 1);
      rewriter.skip(start + 2);
      t.equal(pass(rewriter, start + 3), 2);
      t.equal(pass(rewriter, start + 2), -1);
    });

    t.test('a packet that was late around skipped ones gets its own number', async (t) => {
      const rewriter = new Rewriter(VIDEO_HZ, 1);
      rewriter.begin(start, 0, 0, false);
      t.equal(pass(rewriter, start), 1);
      // 1 is late, 2 is padding, 3 is late, 4 is padding.
      rewriter.skip(start + 2);
      rewriter.skip(start + 4);
      t.equal(pass(rewriter, start + 5), 4);
      t.equal(pass(rewriter, start + 1), 2);
      t.equal(pass(rewriter, start + 3), 3);
    });

    t.test('after a pause the next stretch follows at once, and the old one is over', async (t) => {
      const rewriter = new Rewriter(VIDEO_HZ, 1);
      rewriter.begin(start, 900, 0, false);
      pass(rewriter, start, 900);
      rewriter.begin(start + 700, 90_900, 1_000, true);
      t.equal(pass(rewriter, start + 700, 90_900, 1_000), 2);
      t.equal(rewriter.timestamp(90_900), 90_900, 'the same source keeps its clock');
      t.equal(pass(rewriter, start + 699), -1);
      t.equal(pass(rewriter, start + 1), -1);
    });

    t.test('another source goes on where this one stopped, by the time that has passed', async (t) => {
      const rewriter = new Rewriter(VIDEO_HZ, 1);
      rewriter.begin(start, 4_294_967_000, 0, false);
      pass(rewriter, start, 4_294_967_000, 100);
      rewriter.begin(70_000, 12, 350, false);
      t.equal(pass(rewriter, 70_000, 12, 350), 2);
      t.equal(rewriter.timestamp(12), (4_294_967_000 + 22_500) % 2 ** 32);
      t.equal(rewriter.timestamp(3_012), (4_294_967_000 + 25_500) % 2 ** 32);
    });
  });
}

t.test('another source in the same moment still gets a later timestamp', async (t) => {
  const rewriter = new Rewriter(VIDEO_HZ, 1);
  rewriter.begin(65_536, 500, 10, false);
  pass(rewriter, 65_536, 500, 10);
  rewriter.begin(99_999, 7, 10, false);
  t.equal(rewriter.timestamp(7), 501);
});

t.test('nothing goes out that SRTP would refuse', async (t) => {
  const rewriter = new Rewriter(VIDEO_HZ, 1);
  rewriter.begin(65_536, 0, 0, false);
  pass(rewriter, 65_536);
  t.equal(pass(rewriter, 65_536 + 3_000), 3_001);
  t.equal(pass(rewriter, 65_536 + 3_000 - 512), -1);
  t.equal(pass(rewriter, 65_536 + 3_000 - 511), 3_001 - 511);
});

t.test('more skips than are remembered only cost the oldest late packets', async (t) => {
  const rewriter = new Rewriter(VIDEO_HZ, 1);
  rewriter.begin(65_536, 0, 0, false);
  pass(rewriter, 65_536);
  // Every second packet is padding; the ones between come late.
  for (let n = 2; n <= 200; n += 2) {
    rewriter.skip(65_536 + n);
  }
  t.equal(pass(rewriter, 65_536 + 201), 102);
  t.equal(pass(rewriter, 65_536 + 199), 101);
  t.equal(pass(rewriter, 65_536 + 101), 52);
  t.equal(pass(rewriter, 65_536 + 1), -1);
});

t.test('whatever is lost, late, repeated or skipped: order is kept, gaps are the real losses', async (t) => {
  const fate = fc.constantFrom('sent', 'sent', 'sent', 'lost', 'padding', 'late');
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.array(fate, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(...STARTS),
        (fates, start) => {
          const rewriter = new Rewriter(VIDEO_HZ, 1);
          rewriter.begin(start, 0, 0, false);
          pass(rewriter, start);
          const expected = new Map<number, number>();
          let next = 2;
          const late: number[] = [];
          const seen = new Map<number, number>();
          for (const [index, kind] of fates.entries()) {
            const sequence = start + 1 + index;
            if (kind !== 'padding') {
              expected.set(sequence, next++);
            }
            if (kind === 'padding') {
              rewriter.skip(sequence);
            } else if (kind === 'sent') {
              seen.set(sequence, pass(rewriter, sequence));
            } else if (kind === 'late') {
              late.push(sequence);
            }
          }
          for (const sequence of late.reverse()) {
            seen.set(sequence, pass(rewriter, sequence));
          }
          return [...seen].every(([sequence, out]) => out === expected.get(sequence));
        },
      ),
      { numRuns: 3_000 },
    ),
  );
});
