/**
 * A call over lossy paths, in virtual time. Real: the relay's media session with everything behind it, RTP and RTCP as
 * bytes. Faked: links (seeded), phone and viewer (support/virtual-call.ts), connections and the clock.
 */
import fc from 'fast-check';
import t from 'tap';
import { freezeShare, virtualCall } from '../support/virtual-call.ts';

const STARTS = [0, 1, 127, 128, 32_767, 32_768, 65_534, 65_535];
/** 30 ms one way with jitter that reorders, as in the measurements with browsers. */
const PATH = { delayMs: 30, jitterMs: 5, inOrder: false };

t.test('a packet lost between phone and relay is asked for, comes again and is shown', async (t) => {
  const { delaysMs, counters, missing, keyframes } = virtualCall({
    uplink: { ...PATH, lossShare: 0.1 },
    downlink: PATH,
    seconds: 10,
  });
  t.ok(counters.recovered > 30, `${counters.recovered} recovered`);
  t.equal(missing, 0, 'the viewer has every packet');
  t.ok(delaysMs.slice(5).every((delay) => delay !== undefined));
  t.ok(keyframes <= 2, `${keyframes} keyframes: the first, and one for the new viewer; no hole needed one`);
});

t.test(
  "one lost between relay and viewer comes out of the relay's cache, and the phone hears nothing of it",
  async (t) => {
    const { delaysMs, counters, missing } = virtualCall({
      uplink: PATH,
      downlink: { ...PATH, lossShare: 0.1 },
      seconds: 10,
    });
    t.ok(counters.retransmitted > 30, `${counters.retransmitted} sent again`);
    t.equal(counters.nacked, 0);
    t.equal(counters.cacheMisses, 0);
    t.equal(missing, 0);
    t.ok(delaysMs.slice(5).every((delay) => delay !== undefined));
  },
);

t.test('loss on both legs and all four ways', async (t) => {
  // Frames of a settled call: what share is shown, and how long the picture stands still with the buffer of playout.ts.
  const cases = [
    { loss: 0.05, bufferMs: 200, decoded: 0.99, freeze: 0.01 },
    { loss: 0.1, bufferMs: 250, decoded: 0.99, freeze: 0.02 },
    { loss: 0.2, bufferMs: 250, decoded: 0.98, freeze: 0.1 },
  ];
  for (const { loss, bufferMs, decoded, freeze } of cases) {
    t.test(`of ${100 * loss} %`, async (t) => {
      for (const seed of [1, 2, 3]) {
        const result = virtualCall({
          uplink: { ...PATH, lossShare: loss },
          downlink: { ...PATH, lossShare: loss },
          seconds: 25,
          seed: 100 * seed,
        });
        const delaysMs = result.delaysMs.slice(5 * 20);
        const shown = delaysMs.filter((delay) => delay !== undefined).length / delaysMs.length;
        const frozen = freezeShare({ ...result, delaysMs }, 20, bufferMs);
        t.ok(shown >= decoded, `seed ${seed}: ${shown} shown`);
        t.ok(frozen <= freeze, `seed ${seed}: ${frozen} frozen`);
        t.ok(result.cacheBytes < 140 * 1_024, `${result.cacheBytes} bytes of cache`);
      }
    });
  }
});

t.test('bursts and a long path', async (t) => {
  const { delaysMs, missing } = virtualCall({
    uplink: { delayMs: 100, jitterMs: 10, lossShare: 0.05, burstPackets: 4 },
    downlink: { delayMs: 100, jitterMs: 10, lossShare: 0.05, burstPackets: 4 },
    seconds: 20,
  });
  const settled = delaysMs.slice(40);
  t.ok(settled.filter((delay) => delay !== undefined).length / settled.length > 0.97);
  t.ok(missing < 5, `${missing} never came`);
});

for (const startSequence of STARTS) {
  t.test(`numbers from ${startSequence} on, across their wrap`, async (t) => {
    const { missing, delaysMs } = virtualCall({
      uplink: { ...PATH, lossShare: 0.1 },
      downlink: { ...PATH, lossShare: 0.1 },
      seconds: 4,
      startSequence,
    });
    t.equal(missing, 0);
    t.ok(delaysMs.slice(20).every((delay) => delay !== undefined));
  });
}

t.test(
  'whatever is lost, late or repeated: the stream is continuous and every packet goes on once',
  async (t) => {
    const impairment = fc.record({
      lossShare: fc.double({ min: 0, max: 0.3, noNaN: true }),
      burstPackets: fc.integer({ min: 1, max: 5 }),
      delayMs: fc.integer({ min: 1, max: 80 }),
      jitterMs: fc.integer({ min: 0, max: 30 }),
      inOrder: fc.boolean(),
      reorderShare: fc.double({ min: 0, max: 0.2, noNaN: true }),
      duplicateShare: fc.double({ min: 0, max: 0.1, noNaN: true }),
    });
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(impairment, fc.nat(1_000), fc.constantFrom(...STARTS), (uplink, seed, startSequence) => {
          // The way to the viewer loses nothing, so what it gets is what the relay sent.
          const { numbers, missing, unrecovered, repeated, counters, cacheBytes } = virtualCall({
            uplink,
            downlink: { delayMs: 10 },
            seconds: 4,
            seed,
            startSequence,
          });
          // 4 s of 20 frames with 3 packets; a keyframe has 12.
          return (
            numbers > 100 &&
            numbers < 4 * 20 * 3 + 10 * 9 &&
            missing <= unrecovered &&
            repeated === 0 &&
            counters.sendErrors === 0 &&
            cacheBytes < 160 * 1_024
          );
        }),
        { numRuns: 40 },
      ),
    );
  },
);
