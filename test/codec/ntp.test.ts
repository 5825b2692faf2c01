/** NTP time and the round trip of report blocks. Real: everything; time is an argument. */
import fc from 'fast-check';
import t from 'tap';
import {
  delaySinceLastSrUnits,
  ntpFraction,
  ntpMiddle32,
  ntpMiddle32At,
  ntpSeconds,
  ntpToUnixMs,
  roundTripTimeMs,
} from '../../codec/ntp.ts';

t.test('converts to and from NTP time', async (t) => {
  t.equal(ntpSeconds(0), 2_208_988_800);
  t.equal(ntpFraction(0), 0);
  t.equal(ntpFraction(500), 0x80000000);
  t.equal(ntpFraction(999.9999), Math.floor(0.9999999 * 2 ** 32));
  t.equal(
    ntpSeconds(Date.UTC(2026, 10, 22, 15, 48, 33)),
    0xeead8d51,
    'the second of a sender report of Chromium',
  );
});

t.test('the wrap of 2036 is behind us for small seconds', async (t) => {
  const wrap = Date.UTC(2036, 1, 7, 6, 28, 16);
  t.equal(ntpSeconds(wrap), 0);
  t.equal(ntpToUnixMs(0, 0), wrap);
  t.equal(ntpSeconds(wrap - 1), 0xffffffff);
  t.equal(ntpToUnixMs(0xffffffff, 0), wrap - 1000);
});

t.test('any moment between 1970 and 2100 comes back within a microsecond', async (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: Date.UTC(2100, 0), noNaN: true }), (ms) => {
      return Math.abs(ntpToUnixMs(ntpSeconds(ms), ntpFraction(ms)) - ms) < 0.001;
    }),
    { seed: 1900, numRuns: 1000 },
  );
  t.pass();
});

// RFC 3550 figure 2: SR at 0xb44db705:20000000, DLSR 5.250 s, arrival 0xb710:8000 → 6.125 s
t.test("the RFC's example of a round trip", async (t) => {
  const lastSr = ntpMiddle32(0xb44db705, 0x20000000);
  t.equal(lastSr, 0xb7052000);
  t.equal(delaySinceLastSrUnits(5250), 0x00054000);
  t.equal(roundTripTimeMs(0xb7108000, lastSr, 0x00054000), 6125);
});

t.test('round trips that cannot be told', async (t) => {
  t.ok(Number.isNaN(roundTripTimeMs(0xb7108000, 0, 0)), 'no sender report seen yet');
  t.equal(roundTripTimeMs(0x1000, 0x1000, 0x10), 0, 'rounding below zero');
  t.equal(roundTripTimeMs(0x00000100, 0xffffff00, 0x100), 0x100 / 65.536, 'over the wrap of the seconds');
  t.equal(delaySinceLastSrUnits(-1), 0);
  t.equal(delaySinceLastSrUnits(1e12), 0xffffffff);
});

t.test('any round trip below nine hours is measured to the unit', async (t) => {
  const start = fc.double({ min: Date.UTC(2026, 0), max: Date.UTC(2040, 0), noNaN: true });
  const span = fc.double({ min: 0, max: 8 * 3_600_000, noNaN: true });
  fc.assert(
    fc.property(start, span, span, (sentMs, roundTrip, delay) => {
      const measured = roundTripTimeMs(
        ntpMiddle32At(sentMs + roundTrip + delay),
        ntpMiddle32At(sentMs),
        delaySinceLastSrUnits(delay),
      );
      return Math.abs(measured - roundTrip) < 0.05 || ntpMiddle32At(sentMs) === 0;
    }),
    { seed: 65536, numRuns: 1000 },
  );
  t.pass();
});
