/** Real: rate-limiter-flexible in memory. Faked: the clock and the timers, also for the library. */
import { mock } from 'node:test';
import t from 'tap';
import { addressKey } from '../../relay/address-key.ts';
import { createMemoryLimiter } from '../../relay/memory.ts';
import { limiterContract } from './contract/limiter.ts';
import { NOW } from './contract/samples.ts';

t.test('the limiter in memory keeps the contract', async (t) => {
  limiterContract(t, async () => {
    mock.timers.reset();
    // On the edge of a slice, so that the offsets of the contract are offsets within one.
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Math.ceil(NOW / 60_000) * 60_000 });
    return {
      limiter: createMemoryLimiter(),
      async advance(ms) {
        mock.timers.tick(ms);
      },
    };
  });
  t.teardown(() => mock.timers.reset());
});

t.test('keys without end do not fill the memory: new ones are refused, known ones go on', async (t) => {
  let now = 0;
  const limiter = createMemoryLimiter({ now: () => now, newKeysMax: 100 });
  const limit = { name: 'tries', points: 3, windowMs: 60_000 };
  let passed = 0;
  for (let i = 0; i < 500; i++) {
    passed += (await limiter.consume(limit, `key ${i}`)) ? 1 : 0;
  }
  t.equal(passed, 100);
  t.equal(await limiter.check(limit, 'key 499'), false);
  t.equal(await limiter.check(limit, 'key 3'), true);
  t.equal(await limiter.consume(limit, 'key 3'), true);
  t.equal(
    await limiter.consume({ ...limit, name: 'others' }, 'key 499'),
    true,
    'each limit has its own bound',
  );
  now += 15_000;
  t.equal(await limiter.consume(limit, 'key 499'), true, 'until the next slice');
});

t.test('one household is one key', async (t) => {
  const rows: [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0000:0000:0000:0000:0000:ffff:c000:0207', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ];
  for (const [address, key] of rows) {
    t.equal(addressKey(address), key, address);
  }
  t.not(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'));
  for (const none of [
    '',
    'unknown',
    'a:b',
    '1:2:3',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    ':::::::::',
    '::g',
  ]) {
    t.equal(addressKey(none), none, 'what is no address is its own key');
  }
});
