/** Pure: nothing is faked but the random numbers. */
import t from 'tap';
import { LongPins } from '../../relay/long-pins.ts';

const HOUR_MS = 3_600_000;

/** Gives these numbers in turn, then the last one for ever. */
function scripted(numbers: number[]): LongPins {
  let at = 0;
  return new LongPins(() => numbers[Math.min(at++, numbers.length - 1)] ?? 0);
}

t.test('eight digits, none that a guesser tries first, none that is taken', async (t) => {
  const pins = scripted([11_111_111, 12_345_678, 42, 42, 98_765_432, 90_123_456, 43]);
  t.equal(pins.draw(), '00000042');
  t.equal(pins.draw(), '00000043');
  t.equal(pins.draw(), undefined, 'all that is drawn is taken');
});

t.test('a PIN that rests is free when its time has come, one that is given back at once', async (t) => {
  const pins = scripted([42]);
  pins.remove('00000042');
  t.equal(pins.draw(), undefined);
  pins.rest('00000042', HOUR_MS);
  pins.wake(HOUR_MS - 1);
  t.equal(pins.draw(), undefined);
  pins.wake(HOUR_MS);
  t.equal(pins.draw(), '00000042');
  pins.release('00000042');
  t.equal(pins.draw(), '00000042');
});

t.test('the oldest come free first', async (t) => {
  const pins = scripted([1, 2]);
  pins.remove('00000001');
  pins.remove('00000002');
  pins.rest('00000001', HOUR_MS);
  pins.rest('00000002', 2 * HOUR_MS);
  pins.wake(HOUR_MS);
  t.equal(pins.draw(), '00000001');
  t.equal(pins.draw(), undefined);
});
