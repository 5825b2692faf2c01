/** VP9 payload descriptor and AV1 aggregation header. Real: everything; descriptors drawn by hand after the RFCs. */
import fc from 'fast-check';
import t from 'tap';
import * as av1 from '../../codec/av1.ts';
import * as vp9 from '../../codec/vp9.ts';
import { hex, START_NUMBERS } from './vectors.ts';

t.test('the packet that a VP9 keyframe starts with', async (t) => {
  const cases: [string, string, boolean][] = [
    ['begins and predicts from nothing', '08 aa', true],
    ['with a picture id', '88 8001 aa', true],
    ['predicts', '48 aa', false],
    ['goes on', '00 aa', false],
    ['lowest spatial layer, short id', 'a8 01 00 05 aa', true],
    ['second spatial layer of the same picture', 'a8 8001 03 05 aa', false],
    ['nothing behind the first byte', '08', false],
    ['nothing', '', false],
  ];
  for (const [name, text, expected] of cases) {
    const b = hex(text);
    t.equal(vp9.isKeyframe(b, 0, b.length), expected, name);
  }
  t.equal(vp9.isKeyframe(hex('08 aa'), -1, 2), false, 'a negative offset');
  t.equal(vp9.isKeyframe(hex('08 aa'), 0, 3), false, 'an end past the array');
});

t.test('the counters of VP9 are read and rewritten in their width', async (t) => {
  for (const value of START_NUMBERS) {
    const long = hex('a8 8001 00 05 aabb');
    t.equal(vp9.pictureIdBits(long, 0, long.length), 15);
    t.ok(vp9.rewritePictureId(long, 0, long.length, value));
    t.equal(vp9.pictureId(long, 0, long.length), value & 0x7fff);
    t.ok(vp9.rewriteTl0PicIdx(long, 0, long.length, value));
    t.equal(vp9.tl0PicIdx(long, 0, long.length), value & 0xff);
    t.equal(long.subarray(5).toString('hex'), 'aabb');
    const short = hex('88 01 aa');
    t.equal(vp9.pictureIdBits(short, 0, short.length), 7);
    t.ok(vp9.rewritePictureId(short, 0, short.length, value));
    t.equal(vp9.pictureId(short, 0, short.length), value & 0x7f);
  }
  const flexible = hex('b8 8001 00 aa');
  t.equal(vp9.tl0PicIdx(flexible, 0, flexible.length), -1, 'flexible mode has none');
  const without = hex('08 aa bb');
  t.equal(vp9.pictureId(without, 0, without.length), -1);
  t.equal(vp9.rewritePictureId(without, 0, without.length, 1), false);
  t.equal(vp9.rewriteTl0PicIdx(without, 0, without.length, 1), false);
});

t.test('an AV1 keyframe starts where a coded video sequence begins', async (t) => {
  for (const [text, expected] of [
    ['08 aa', true],
    ['18 aa', true],
    ['48 aa', true],
    ['88 aa', false],
    ['10 aa', false],
    ['08', false],
    ['', false],
  ] as const) {
    const b = hex(text);
    t.equal(av1.isKeyframe(b, 0, b.length), expected, text);
  }
});

t.test('no bytes are written outside the descriptor, whatever they are', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.integer({ min: -2, max: 14 }), (bytes, offset) => {
        const b = Buffer.concat([bytes, Buffer.from([0xa5, 0xa5])]);
        vp9.isKeyframe(b, offset, bytes.length);
        av1.isKeyframe(b, offset, bytes.length);
        vp9.rewritePictureId(b, offset, bytes.length, 0x7fff);
        vp9.rewriteTl0PicIdx(b, offset, bytes.length, 255);
        return b.readUInt16BE(bytes.length) === 0xa5a5 && (bytes.length === 0 || b[0] === bytes[0]);
      }),
    ),
  );
});
