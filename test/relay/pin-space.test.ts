/** Pure: nothing is faked but, where a test says so, the random numbers. */
import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import t from 'tap';
import { isBannedPin, PinSpace } from '../../relay/pin-space.ts';

const random = (bound: number): number => randomInt(bound);
/** All but ten equal, ten rising and ten falling ones. */
const USABLE = 1_000_000 - 30;

t.test('PINs that a guesser tries first are banned, and no others', async (t) => {
  const banned = [
    '000000',
    '999999',
    '012345',
    '123456',
    '456789',
    '654321',
    '543210',
    '987654',
    '890123',
    '210987',
  ];
  for (const pin of banned) {
    t.ok(isBannedPin(pin), pin);
  }
  for (const pin of ['123457', '112233', '123455', '000001', '121212', '987653', '024680', '135791']) {
    t.notOk(isBannedPin(pin), pin);
  }
  let count = 0;
  for (let pin = 0; pin < 1_000_000; pin++) {
    count += isBannedPin(String(pin).padStart(6, '0')) ? 1 : 0;
  }
  t.equal(count, 30);
});

t.test('every usable PIN is drawn exactly once until none is left', async (t) => {
  const space = new PinSpace(random);
  t.equal(space.free, USABLE);
  const seen = new Uint8Array(1_000_000);
  let drawn = 0;
  let wrong = 0;
  for (let pin = space.draw(); pin !== undefined; pin = space.draw()) {
    wrong += /^\d{6}$/.test(pin) && !isBannedPin(pin) && seen[Number(pin)] === 0 ? 0 : 1;
    seen[Number(pin)] = 1;
    drawn += 1;
  }
  t.equal(wrong, 0);
  t.equal(drawn, USABLE);
  t.equal(space.free, 0);
  t.equal(space.draw(), undefined);
});

t.test('draws are uniform over the free PINs', async (t) => {
  // Half of the space is taken first, so that the shuffled part is what is drawn from.
  const space = new PinSpace(random);
  for (let i = 0; i < USABLE / 2; i++) {
    space.draw();
  }
  const perDigit = Array.from({ length: 6 }, () => new Array<number>(10).fill(0));
  const draws = 60_000;
  for (let i = 0; i < draws; i++) {
    const pin = space.draw() ?? '';
    space.release(pin);
    for (const [place, counts] of perDigit.entries()) {
      const digit = Number(pin[place]);
      counts[digit] = (counts[digit] ?? 0) + 1;
    }
  }
  // Chi-squared with 9 degrees of freedom: 50 is exceeded once in ten million runs, and the taken half adds little.
  for (const [place, counts] of perDigit.entries()) {
    const expected = draws / 10;
    const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    t.ok(chi < 60, `digit ${place}: ${chi.toFixed(1)}`);
  }
});

t.test('taking and giving back report whether they did anything', async (t) => {
  const space = new PinSpace(random);
  t.equal(space.remove('123400'), true);
  t.equal(space.remove('123400'), false, 'taken already');
  t.equal(space.free, USABLE - 1);
  t.equal(space.release('123400'), true);
  t.equal(space.release('123400'), false, 'free already');
  for (const none of ['123456', '', '12340', '1234000', '12340x', '-12340', '1e5', ' 12340', '१२३४५०']) {
    t.equal(space.remove(none), false, none);
    t.equal(space.release(none), false, none);
    space.rest(none, 0);
  }
  space.wake(Number.MAX_SAFE_INTEGER);
  t.equal(space.free, USABLE);
});

t.test('a resting PIN is free from its time on and not before', async (t) => {
  const space = new PinSpace(random);
  for (const [i, pin] of ['111112', '222223', '333334'].entries()) {
    space.remove(pin);
    space.rest(pin, 1000 + i);
  }
  space.wake(999);
  t.equal(space.free, USABLE - 3);
  space.wake(1001);
  t.equal(space.free, USABLE - 1);
  t.equal(space.resting, 1);
  t.equal(space.remove('333334'), false);
  t.equal(space.remove('222223'), true);
  space.wake(1002);
  t.equal(space.resting, 0);
  t.equal(space.free, USABLE - 1);
});

t.test('any sequence of operations agrees with a plain set', async (t) => {
  type Operation = { type: 'draw' | 'release' | 'remove' | 'rest' | 'wake'; index: number };
  const operation = fc.record<Operation>({
    type: fc.constantFrom('draw', 'release', 'remove', 'rest', 'wake'),
    index: fc.nat(50),
  });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 300 }),
      fc.infiniteStream(fc.nat()),
      (operations, numbers) => {
        const space = new PinSpace((bound) => Number(numbers.next().value) % bound);
        const taken: string[] = [];
        const resting: { pin: string; until: number }[] = [];
        let now = 0;
        for (const { type, index } of operations) {
          now += 1;
          const pin = taken[index % Math.max(1, taken.length)];
          if (type === 'draw') {
            const drawn = space.draw();
            if (drawn === undefined || taken.includes(drawn) || resting.some((rest) => rest.pin === drawn)) {
              return false;
            }
            taken.push(drawn);
          } else if (type === 'remove') {
            const wanted = String(200_000 + index * 7);
            const free = !taken.includes(wanted) && !resting.some((rest) => rest.pin === wanted);
            if (space.remove(wanted) !== free) {
              return false;
            }
            if (free) {
              taken.push(wanted);
            }
          } else if (type === 'wake') {
            space.wake(now);
            resting.splice(0, resting.filter((rest) => rest.until <= now).length);
          } else if (pin !== undefined) {
            taken.splice(taken.indexOf(pin), 1);
            if (type === 'release') {
              space.release(pin);
            } else {
              space.rest(pin, now + 20);
              resting.push({ pin, until: now + 20 });
            }
          }
          if (space.free !== USABLE - taken.length - resting.length || space.resting !== resting.length) {
            return false;
          }
        }
        return true;
      },
    ),
    { numRuns: 20 },
  );
  t.pass('20 sequences');
});

t.test('the queue of resting PINs grows and keeps its order', async (t) => {
  const space = new PinSpace(random);
  const pins = Array.from({ length: 5000 }, () => space.draw() ?? '');
  // Moved on first, so that growing happens with the head in the middle of the ring.
  for (const [i, pin] of pins.slice(0, 700).entries()) {
    space.rest(pin, i);
  }
  space.wake(599);
  t.equal(space.resting, 100);
  for (const [i, pin] of pins.slice(700).entries()) {
    space.rest(pin, 700 + i);
  }
  for (let now = 600; now < 5000; now += 100) {
    t.equal(space.resting, 5000 - now);
    space.wake(now + 99);
  }
  t.equal(space.free, USABLE);
});

t.test('a draw costs the same when 99 in 100 PINs are taken', async (t) => {
  /** The fastest of several rounds: whatever else the machine does only ever adds time. */
  function microseconds(space: PinSpace): number {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 20; round++) {
      const drawn: string[] = [];
      const start = performance.now();
      for (let i = 0; i < 1000; i++) {
        drawn.push(space.draw() ?? '');
      }
      best = Math.min(best, performance.now() - start);
      for (const pin of drawn) {
        space.release(pin);
      }
    }
    return best;
  }
  const space = new PinSpace(random);
  microseconds(space);
  const empty = microseconds(space);
  while (space.free > USABLE / 100) {
    space.draw();
  }
  const full = microseconds(space);
  t.comment(`a draw takes ${empty.toFixed(2)} µs empty, ${full.toFixed(2)} µs at 99 %`);
  // Trying PINs until a free one comes would be a hundred times slower at 99 %.
  t.ok(full < empty * 5, `${full} µs against ${empty} µs`);
});
