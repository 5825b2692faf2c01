/** Real: how the range of UDP ports is shared among the workers. Nothing is faked; no process is started. */
import fc from 'fast-check';
import t from 'tap';
import { portShare } from '../../relay/workers.ts';

t.test('the default range on two cores is cut in half', async (t) => {
  const range = { begin: 20_000, end: 20_999 };
  t.same(portShare(range, 2, 0), { portRangeBegin: 20_000, portRangeEnd: 20_499 });
  t.same(portShare(range, 2, 1), { portRangeBegin: 20_500, portRangeEnd: 20_999 });
});

t.test('one port for each worker is enough to share', async (t) => {
  const range = { begin: 40_000, end: 40_002 };
  t.same(
    [0, 1, 2].map((index) => portShare(range, 3, index)),
    [40_000, 40_001, 40_002].map((port) => ({ portRangeBegin: port, portRangeEnd: port })),
  );
});

t.test('shares are equal, within the range, and never meet', async (t) => {
  const setting = fc
    .tuple(fc.integer({ min: 1024, max: 65_535 }), fc.integer({ min: 1, max: 64 }), fc.nat(64_000))
    .map(([begin, workers, more]) => ({ begin, workers, end: begin + workers - 1 + more }))
    .filter(({ end }) => end <= 65_535);
  fc.assert(
    fc.property(setting, ({ begin, end, workers }) => {
      const shares = Array.from({ length: workers }, (_, index) => portShare({ begin, end }, workers, index));
      let next = begin;
      for (const { portRangeBegin, portRangeEnd } of shares) {
        if (portRangeBegin !== next || portRangeEnd < portRangeBegin) {
          return false;
        }
        next = portRangeEnd + 1;
      }
      const left = end + 1 - next;
      return left >= 0 && left < workers;
    }),
    { seed: 1 },
  );
  t.pass('for any range and number of workers');
});
