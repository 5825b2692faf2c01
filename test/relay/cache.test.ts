/** The newest packets of a source, kept for retransmission. Pure: nothing real, nothing faked. */
import fc from 'fast-check';
import t from 'tap';
import { PacketCache } from '../../relay/cache.ts';

const STARTS = [0, 1, 127, 128, 32_767, 32_768, 65_534, 65_535].map((n) => 65_536 + n);

/** Bytes that tell which packet they belong to. */
function content(sequence: number, length: number): Buffer {
  const packet = Buffer.alloc(length, sequence % 251);
  packet.writeDoubleBE(sequence, 0);
  return packet;
}

function isThere(cache: PacketCache, sequence: number, length: number, now: number): boolean {
  const slot = cache.find(sequence, now);
  if (slot < 0) {
    return false;
  }
  const target = Buffer.alloc(length);
  cache.copy(slot, target, 0, 0, length);
  return (
    cache.length(slot) === length &&
    cache.payloadOffset(slot) === 24 &&
    target.equals(content(sequence, length))
  );
}

for (const start of STARTS) {
  t.test(`from ${start}`, async (t) => {
    const cache = new PacketCache('video');
    t.equal(cache.find(start, 0), -1, 'empty');
    for (let n = 0; n < 5; n++) {
      cache.put(start + n, content(start + n, 100 + n), 24, n);
    }
    for (let n = 0; n < 5; n++) {
      t.ok(isThere(cache, start + n, 100 + n, 10));
    }
    t.equal(cache.find(start - 1, 10), -1);
    t.equal(cache.find(start + 5, 10), -1);
    t.equal(cache.find(start + 64, 10), -1, 'the same slot is another packet');
  });
}

/** Feeds packets of 1100 bytes at this rate for a time, and returns the next number and time. */
function feed(
  cache: PacketCache,
  from: { sequence: number; now: number },
  packetsPerS: number,
  seconds: number,
) {
  let { sequence, now } = from;
  for (let n = 0; n < packetsPerS * seconds; n++) {
    cache.put(sequence, content(sequence, 1_100), 24, now);
    sequence++;
    now += 1_000 / packetsPerS;
  }
  return { sequence, now };
}

t.test('it grows to hold what is asked for, and shrinks when less comes', async (t) => {
  const cache = new PacketCache('video');
  cache.retentionMs = 400;
  let at = feed(cache, { sequence: 65_536, now: 0 }, 300, 3);
  const age = (ms: number) => at.sequence - Math.floor((ms / 1_000) * 300);
  t.ok(isThere(cache, age(400), 1_100, at.now), '400 ms ago');
  t.ok(cache.bytes > 400 * 330 && cache.bytes < 170 * 1_024, `${cache.bytes} bytes`);
  const before = cache.bytes;
  at = feed(cache, at, 20, 10);
  t.ok(cache.bytes <= before / 4, `${cache.bytes} bytes for a thin stream`);
  cache.tick(at.now + 1_900);
  t.ok(isThere(cache, at.sequence - 1, 1_100, at.now));
  cache.tick(at.now + 2_100);
  t.equal(cache.bytes, 0, 'nothing for none');
});

t.test('its memory has a limit, whatever comes', async (t) => {
  const cache = new PacketCache('video');
  cache.retentionMs = 1e9;
  feed(cache, { sequence: 65_536, now: 0 }, 4_000, 5);
  t.ok(cache.bytes <= 560 * 1_024, `${cache.bytes} bytes`);
});

t.test('memory that one has given back another uses, and sees nothing of what was in it', async (t) => {
  const first = new PacketCache('video');
  first.put(65_536, content(65_536, 1_200), 24, 0);
  first.clear();
  t.equal(first.bytes, 0);
  t.equal(first.find(65_536, 0), -1);
  const second = new PacketCache('video');
  second.put(70_000, content(70_000, 100), 24, 0);
  t.equal(second.find(65_536, 0), -1);
  t.ok(isThere(second, 70_000, 100, 0));
});

t.test('nothing older than two seconds is served', async (t) => {
  const cache = new PacketCache('video');
  cache.put(65_536, content(65_536, 200), 24, 0);
  t.ok(isThere(cache, 65_536, 200, 2_000));
  t.equal(cache.find(65_536, 2_001), -1);
});

t.test(
  'whatever sizes and orders: what is found is what was put, and the newest is always there',
  async (t) => {
    const packet = fc.record({
      length: fc.integer({ min: 12, max: 1_400 }),
      late: fc.nat({ max: 30 }),
      wait: fc.nat({ max: 60 }),
    });
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(
          fc.array(packet, { maxLength: 400 }),
          fc.constantFrom(...STARTS),
          fc.nat({ max: 2_000 }),
          (packets, start, retentionMs) => {
            const cache = new PacketCache('video');
            cache.retentionMs = retentionMs;
            const put = new Map<number, number>();
            let now = 0;
            for (const [index, { length, late, wait }] of packets.entries()) {
              now += wait;
              const sequence = start + index * 2 - (late % 2 === 1 ? late : 0);
              if (put.has(sequence)) {
                continue;
              }
              put.set(sequence, Math.max(8, length));
              cache.put(sequence, content(sequence, Math.max(8, length)), 24, now);
              if (!isThere(cache, sequence, Math.max(8, length), now)) {
                return false;
              }
            }
            return [...put].every(
              ([sequence, length]) => cache.find(sequence, now) < 0 || isThere(cache, sequence, length, now),
            );
          },
        ),
        { numRuns: 300 },
      ),
    );
  },
);
