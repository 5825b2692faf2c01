/** Real: the reading of PINs and link addresses. Nothing is faked. */
import fc from 'fast-check';
import t from 'tap';
import { parseEntry, parsePin } from '../../capture/pin.ts';

const digits = fc.stringMatching(/^[0-9]{6,9}$/);

t.test('a PIN is read however it is typed, spoken to a keyboard or pasted', async (t) => {
  for (const typed of [
    '012345',
    ' 012345 ',
    '012 345',
    '01 23 45',
    '0-1-2-3-4-5',
    '012\u2013345',
    '012\u00a0345',
    '012.345',
    '012/345',
    '\u200e012345\u200b',
    '０１２３４５',
    '٠١٢٣٤٥',
    '۰۱۲۳۴۵',
    '012345\n',
  ]) {
    t.equal(parsePin(typed), '012345', JSON.stringify(typed));
  }
});

t.test('whatever separates the six to nine digits, they are found', async () => {
  const gap = fc.stringMatching(/^[ \t\-.·/_\u2013\u2014\u00a0\u200b]{0,3}$/);
  fc.assert(
    fc.property(digits, fc.array(gap, { minLength: 10, maxLength: 10 }), (pin, gaps) => {
      const typed = gaps.map((space, i) => space + (pin[i] ?? '')).join('');
      return parsePin(typed) === pin;
    }),
  );
});

t.test('nothing else is a PIN', async (t) => {
  for (const typed of [
    '',
    '12345',
    '1234567890',
    '12345a',
    'abcdef',
    '12 34 5',
    '+123456',
    '12,3456',
    '½12345',
  ]) {
    t.equal(parsePin(typed), undefined, JSON.stringify(typed));
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (typed) => {
      const pin = parsePin(typed);
      return pin === undefined || /^[0-9]{6,9}$/.test(pin);
    }),
  );
});

t.test('an invitation link carries its token in the path', async (t) => {
  t.same(parseEntry('/j/abc-DEF_123'), { token: 'abc-DEF_123' });
  t.same(parseEntry('/j/abc/'), { token: 'abc' });
  t.same(parseEntry('/c/boiler-help'), { channel: 'boiler-help' });
  for (const path of [
    '/',
    '/j/',
    '/j',
    '/j/a/b',
    '/g/abc',
    '/x/j/abc',
    '/j/a%20b',
    `/j/${'a'.repeat(129)}`,
  ]) {
    t.equal(parseEntry(path), undefined, path);
  }
});
