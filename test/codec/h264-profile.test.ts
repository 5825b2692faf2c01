/** `profile-level-id`. Real: everything; the spellings that browsers offer. */
import t from 'tap';
import {
  compareLevels,
  formatProfileLevelId,
  type H264Profile,
  isConstrainedBaseline,
  isSameProfile,
  LEVEL_1B,
  parseProfileLevelId,
} from '../../codec/h264-profile.ts';

t.test('parses by meaning', async (t) => {
  const cases: [string, H264Profile, number][] = [
    ['42e01f', 'constrainedBaseline', 31],
    ['42E01F', 'constrainedBaseline', 31],
    ['42c02a', 'constrainedBaseline', 42],
    ['42400d', 'constrainedBaseline', 13],
    ['4d8028', 'constrainedBaseline', 40],
    ['58c01e', 'constrainedBaseline', 30],
    ['42001f', 'baseline', 31],
    ['42a01f', 'baseline', 31],
    ['58a01f', 'baseline', 31],
    ['4d001f', 'main', 31],
    ['4d401f', 'main', 31],
    ['64001f', 'high', 31],
    ['640c1f', 'constrainedHigh', 31],
    ['f4001f', 'predictiveHigh444', 31],
    ['42f00b', 'constrainedBaseline', LEVEL_1B],
    ['42e00b', 'constrainedBaseline', 11],
    ['640009', 'high', LEVEL_1B],
    ['42e03e', 'constrainedBaseline', 62],
  ];
  for (const [text, profile, level] of cases) {
    t.same(parseProfileLevelId(text), { profile, level }, text);
  }
  for (const text of [
    '',
    '42e01',
    '42e01f0',
    '42e01g',
    ' 42e01f',
    '42e0ff',
    '42e000',
    '00e01f',
    '64081f',
    '-2e01f',
  ]) {
    t.equal(parseProfileLevelId(text), null, `"${text}" is none`);
  }
});

t.test('formats what it parses', async (t) => {
  for (const text of [
    '42e01f',
    '42000b',
    '4d001f',
    '640c1f',
    '64001f',
    'f4001f',
    '42f00b',
    '42100b',
    '4d100b',
    '640009',
  ]) {
    const parsed = parseProfileLevelId(text);
    t.ok(parsed !== null && formatProfileLevelId(parsed) === text, text);
  }
});

t.test('compares profiles by meaning and levels by height', async (t) => {
  t.equal(isSameProfile('42e01f', '4d8028'), true);
  t.equal(isSameProfile('42e01f', '42001f'), false);
  t.equal(isSameProfile('rubbish', 'rubbish'), false);
  t.equal(isConstrainedBaseline('42e034'), true);
  t.equal(isConstrainedBaseline('640c1f'), false);
  t.equal(isConstrainedBaseline(''), false);
  t.ok(compareLevels(31, 40) < 0);
  t.ok(compareLevels(40, 31) > 0);
  t.equal(compareLevels(31, 31), 0);
  t.ok(compareLevels(10, LEVEL_1B) < 0 && compareLevels(LEVEL_1B, 11) < 0, '1 < 1b < 1.1');
});
