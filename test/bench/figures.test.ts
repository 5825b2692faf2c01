/** What the benches compute from what they saw. Pure: nothing real, nothing faked. */
import t from 'tap';
import { type StatsEntry, StatsTotals } from '../../bench/page-stats.ts';
import { plotSvg, ticks } from '../../bench/plot.ts';
import { freezeShare, longestGapMs } from '../../bench/technician-senses.ts';
import { SAMPLE_RATE_HZ, speechLike, wav } from '../../bench/voice.ts';

/** Times of frames at 20 per second, without those in between. */
function frames(
  endMs: number,
  missingFromMs = Number.POSITIVE_INFINITY,
  missingToMs = missingFromMs,
): number[] {
  const times = Array.from({ length: endMs / 50 }, (_, n) => 50 * n);
  return times.filter((at) => at < missingFromMs || at >= missingToMs);
}

t.test('a steady picture does not freeze, whatever its rate', async (t) => {
  t.equal(freezeShare(frames(10_000), 0, 10_000), 0);
  const slow = Array.from({ length: 10 }, (_, n) => 500 * n);
  t.equal(freezeShare(slow, 0, 5_000), 0, 'two pictures a second');
});

t.test('a gap counts as a whole, a hiccup does not', async (t) => {
  t.equal(freezeShare(frames(10_000, 2_000, 3_000), 0, 10_000), 0.105);
  t.equal(freezeShare(frames(10_000, 2_000, 2_100), 0, 10_000), 0);
  t.equal(longestGapMs(frames(10_000, 2_000, 3_000), 0, 10_000), 1_050);
});

t.test('many gaps do not hide each other', async (t) => {
  const times = frames(10_000).filter((at) => at % 1_000 < 500);
  const share = freezeShare(times, 0, 10_000);
  t.ok(share > 0.5 && share < 0.6, `${share}`);
});

t.test('a picture that never comes, or never comes back, is frozen to the end', async (t) => {
  t.equal(freezeShare([], 0, 10_000), 1);
  t.equal(freezeShare(frames(5_050), 0, 10_000), 0.5);
  t.equal(longestGapMs([], 0, 10_000), 10_000);
});

t.test('frames outside the window do not count', async (t) => {
  t.equal(freezeShare([-500, ...frames(20_000)], 5_000, 10_000), 0);
});

const entry = (connection: number, id: string, packetsLost: number): StatsEntry => ({
  ...{ key: `${connection} ${id}`, connection, type: 'inbound-rtp', kind: 'audio' },
  ...{ numbers: { packetsLost }, texts: {} },
});

t.test('counters go on when a connection takes over from another', async (t) => {
  const totals = new StatsTotals();
  const audio = { type: 'inbound-rtp', kind: 'audio' } as const;
  totals.add([entry(0, 'a', 5)]);
  totals.add([entry(0, 'a', 7)]);
  t.equal(totals.total(audio, 'packetsLost'), 7);
  totals.add([entry(1, 'b', 2)]);
  t.equal(totals.total(audio, 'packetsLost'), 9);
  t.equal(totals.newest(audio)?.connection, 1);
  t.equal(totals.connections, 2);
  t.equal(totals.total({ type: 'inbound-rtp', kind: 'video' }, 'packetsLost'), 0);
});

t.test('axes have round numbers', async (t) => {
  t.same(ticks(3_000, 4), [0, 1_000, 2_000, 3_000]);
  t.same(ticks(50, 10), [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
  t.same(ticks(0.7, 4), [0, 0.2, 0.4, 0.6, 0.8]);
});

t.test('a plot has its names, units and marks, and a gap where there is no value', async (t) => {
  const points = [[0, 10] as const, [1, 20] as const, [2, Number.NaN] as const, [3, 5] as const];
  const svg = plotSvg({
    title: 'A & B',
    seconds: 4,
    marks: [{ seconds: 2, label: '60 kbit/s' }],
    panels: [
      { title: 'Bitrate', unit: 'kbit/s', series: [{ name: 'sent <all>', colour: '#0072b2', points }] },
    ],
  });
  for (const word of ['A &amp; B', 'Bitrate', '>kbit/s<', 'sent &lt;all&gt;', '60 kbit/s', 'time in s']) {
    t.match(svg, word);
  }
  t.notMatch(svg, /NaN|undefined|Infinity/);
  t.match(svg, /<path d="M\S+ \S+L\S+ \S+M\S+ \S+" fill="none"/, 'two pieces');
});

t.test('the voice is the same for the same seed, neither silent nor clipped, and pauses', async (t) => {
  const voice = speechLike(4, 1, 120);
  const bytes = (samples: Float32Array) => Buffer.from(samples.buffer);
  t.ok(bytes(voice).equals(bytes(speechLike(4, 1, 120))));
  t.notOk(bytes(voice).equals(bytes(speechLike(4, 2, 120))));
  t.equal(voice.length, 4 * SAMPLE_RATE_HZ);
  const loud = [...voice].filter((sample) => Math.abs(sample) > 0.02).length / voice.length;
  t.ok(loud > 0.3, `${loud} of it is heard`);
  t.ok([...voice].filter((sample) => Math.abs(sample) >= 1).length < voice.length / 1_000);
  const zeros = [...voice].filter((sample) => sample === 0).length / voice.length;
  t.ok(zeros > 0.05 && zeros < 0.2, `${zeros} of it is silent`);
});

t.test('a WAV file says what it holds', async (t) => {
  const file = wav(Float32Array.of(0, 0.5, -1, 2), 48_000);
  t.equal(file.toString('latin1', 0, 4) + file.toString('latin1', 8, 16), 'RIFFWAVEfmt ');
  t.equal(file.readUInt32LE(4), file.length - 8);
  t.equal(file.readUInt32LE(24), 48_000);
  t.equal(file.readUInt32LE(40), 8);
  t.same(
    [0, 1, 2, 3].map((n) => file.readInt16LE(44 + 2 * n)),
    [0, 16_384, -32_767, 32_767],
  );
});
