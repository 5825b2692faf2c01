/** Moments of a session in the film of its recording, levels in columns. Real: everything. */
import t from 'tap';
import { columnsOf, filmTime, jumpPoints } from '../../console/playback-time.ts';

const STRETCHES = [
  { fileMs: 0, epochMs: 1_000_000, durationMs: 10_000 },
  { fileMs: 10_000, epochMs: 1_060_000, durationMs: 5_000 },
];

t.test('a moment of the log is found in the film, also behind a pause', async (t) => {
  t.equal(filmTime(STRETCHES, 1_000_000), 0);
  t.equal(filmTime(STRETCHES, 1_004_000), 4_000);
  t.equal(filmTime(STRETCHES, 999_000), 0, 'just before it began');
  t.equal(filmTime(STRETCHES, 1_030_000), undefined, 'in the pause');
  t.equal(filmTime(STRETCHES, 1_062_500), 12_500);
  t.equal(filmTime(STRETCHES, 1_066_000), undefined, 'over');
  t.equal(filmTime([], 1), undefined);
});

t.test('what was not recorded is nothing to jump to', async (t) => {
  const items = [{ at: 1_061_000 }, { at: 5 }, { at: 1_002_000 }];
  t.same(
    jumpPoints(STRETCHES, items).map(({ filmMs }) => filmMs),
    [2_000, 11_000],
  );
});

t.test('columns show the loudest of what falls into them', async (t) => {
  const speaker = { peakMs: 100, peaks: [0, 255, 51, 0] };
  t.same(columnsOf(speaker, 400, 2), [1, 0.2]);
  t.same(columnsOf(speaker, 400, 4), [0, 1, 0.2, 0]);
  t.same(columnsOf(speaker, 800, 4), [1, 0.2, 0, 0], 'a voice that ends before the film');
  t.equal(columnsOf(speaker, 400, 8).length, 8, 'more columns than levels');
});
