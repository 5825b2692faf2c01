/** Real: who may still try PINs, in virtual time. Pure; nothing is faked. */
import t from 'tap';
import { Guessing } from '../../relay/guessing.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Distinct addresses, so many in each /24. */
const address = (index: number, perNetwork = 1) =>
  `10.${(Math.floor(index / perNetwork) >> 8) & 255}.${Math.floor(index / perNetwork) & 255}.${1 + (index % perNetwork)}`;

/** Tries every second until refused; returns how many were looked up. */
function lookedUp(guessing: Guessing, from: string, tries: number, begin = 0, everyMs = 1_000): number {
  let count = 0;
  for (let index = 0; index < tries; index++) {
    count += guessing.begin(from, begin + index * everyMs) === undefined ? 0 : 1;
  }
  return count;
}

t.test('a person may mistype a few times, a guesser at one address gets thirty tries a day', async (t) => {
  t.equal(lookedUp(new Guessing(), '192.0.2.1', 20), 5, 'in a minute');
  t.equal(lookedUp(new Guessing(), '192.0.2.1', 10 * 60), 10, 'in ten minutes');
  t.equal(lookedUp(new Guessing(), '192.0.2.1', 24 * 60, 0, MINUTE_MS), 30, 'in a day');
});

t.test('a try that was right does not count', async (t) => {
  const guessing = new Guessing();
  for (let index = 0; index < 1_000; index++) {
    const attempt = guessing.begin('192.0.2.1', index);
    t.ok(attempt);
    attempt?.takeBack();
  }
  t.equal(guessing.level(1_000), 'calm');
});

t.test('tries side by side count before they are known to be wrong', async (t) => {
  const guessing = new Guessing();
  const attempts = Array.from({ length: 20 }, () => guessing.begin('192.0.2.1', 0));
  t.equal(attempts.filter((attempt) => attempt !== undefined).length, 5);
});

t.test('addresses of one network share sixty tries an hour', async (t) => {
  const guessing = new Guessing();
  let count = 0;
  for (let index = 0; index < 250; index++) {
    count += lookedUp(guessing, `192.0.2.${index}`, 1, index);
  }
  t.equal(count, 60);
  t.equal(lookedUp(guessing, '198.51.100.1', 1, 300), 1, 'the next network is not touched');
  t.equal(lookedUp(guessing, '192.0.2.7', 1, HOUR_MS + 300), 1, 'and an hour later they may again');
});

t.test('the level follows the failures of the last hour, up and down', async (t) => {
  const guessing = new Guessing();
  const levels = new Map<string, number>();
  for (let index = 0; index < 5_000; index++) {
    guessing.begin(address(index), index);
    levels.set(guessing.level(index), (levels.get(guessing.level(index)) ?? 0) + 1);
  }
  t.same([...levels.keys()], ['calm', 'raised', 'siege', 'closed']);
  t.equal(guessing.begin('203.0.113.1', 5_000), undefined, 'closed is closed for everybody');
  t.equal(guessing.level(5_000 + HOUR_MS), 'calm');
});

t.test(
  'a hundred thousand guesses from a thousand addresses: few are looked up, and customers come in',
  async (t) => {
    for (const perNetwork of [1, 10, 250]) {
      const guessing = new Guessing();
      let count = 0;
      for (let index = 0; index < 100_000; index++) {
        // Over ten minutes.
        count += lookedUp(guessing, address(index % 1_000, perNetwork), 1, index * 6);
      }
      // Each is a hit with a chance of 1 in 10 000 when a hundred PINs are live.
      t.ok(count <= 1_600, `${count} with ${perNetwork} addresses a network`);
      for (let customer = 0; customer < 200; customer++) {
        const attempt = guessing.begin(`203.0.${customer}.9`, 10 * MINUTE_MS + customer);
        t.ok(attempt, 'a customer who has failed nothing');
        attempt?.takeBack();
      }
    }
  },
);

t.test('one who mistypes during an alarm has a second try, and all of them an hour later', async (t) => {
  const guessing = new Guessing();
  for (let index = 0; index < 150; index++) {
    guessing.begin(address(index), index);
  }
  t.equal(guessing.level(200), 'raised');
  t.equal(lookedUp(guessing, '203.0.113.1', 5, 200), 2);
  t.equal(lookedUp(guessing, '203.0.113.1', 20, HOUR_MS + 6_000), 5);
});

t.test('memory is bounded, and what is forgotten still counts altogether', async (t) => {
  const guessing = new Guessing();
  const everyMs = 2_000;
  const tries = 120_000;
  for (let index = 0; index < tries; index++) {
    const [high, low] = [index >> 16, index & 0xffff];
    guessing.begin(`2001:${high.toString(16)}:${low.toString(16)}:1::1`, index * everyMs);
  }
  t.equal(guessing.remembered, 100_000);
  t.equal(guessing.level(tries * everyMs), 'siege');
  t.equal(guessing.level(tries * everyMs + DAY_MS), 'calm');
});

t.test('an alarm does not come and go with single failures', async (t) => {
  const guessing = new Guessing();
  for (let index = 0; index < 100; index++) {
    guessing.begin(address(index), index * 1_000);
  }
  t.equal(guessing.level(100_000), 'raised');
  t.equal(guessing.level(HOUR_MS + 20_000), 'raised', 'eighty are left of the hundred');
  t.equal(guessing.level(HOUR_MS + 30_000), 'calm', 'seventy');
});
