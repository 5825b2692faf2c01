/** VP8 payload descriptor. Real: everything; Chromium's packets and every descriptor the RFC can draw. */
import fc from 'fast-check';
import t from 'tap';
import { validateRtp } from '../../codec/rtp.ts';
import * as vp8 from '../../codec/vp8.ts';
import { hex, START_NUMBERS, VP8_DELTA_PACKET, VP8_KEYFRAME_PACKET } from './vectors.ts';

t.test("reads Chromium's packets", async (t) => {
  const key = VP8_KEYFRAME_PACKET;
  const at = validateRtp(key);
  t.equal(vp8.descriptorLength(key, at, key.length), 4);
  t.equal(vp8.isKeyframe(key, at, key.length), true);
  t.equal(vp8.keyframeWidth(key, at, key.length), 480);
  t.equal(vp8.keyframeHeight(key, at, key.length), 270);
  t.equal(vp8.pictureId(key, at, key.length), 0x7ff1);
  t.equal(vp8.pictureIdBits(key, at, key.length), 15);
  t.equal(vp8.tl0PicIdx(key, at, key.length), -1);
  const delta = VP8_DELTA_PACKET;
  const from = validateRtp(delta);
  t.equal(vp8.startsFrame(delta, from, delta.length), true);
  t.equal(vp8.isKeyframe(delta, from, delta.length), false);
  t.equal(vp8.keyframeWidth(delta, from, delta.length), -1);
  t.equal(vp8.pictureId(delta, from, delta.length), 0x7ff3);
});

t.test('the size in the bitstream of an encoder', async (t) => {
  for (const [stream, width, height] of [
    ['9033009d012a80026801', 640, 360],
    ['10c3009d012a0005d002', 1280, 720],
    // the two bits above each dimension are a scale, not size
    ['9033009d012a8042688 1', 640, 360],
  ] as const) {
    const b = Buffer.concat([hex('10'), hex(stream)]);
    t.equal(vp8.keyframeWidth(b, 0, b.length), width);
    t.equal(vp8.keyframeHeight(b, 0, b.length), height);
  }
  const damaged = hex('10 9033009d012b80026801');
  t.equal(vp8.isKeyframe(damaged, 0, damaged.length), true);
  t.equal(vp8.keyframeWidth(damaged, 0, damaged.length), -1, 'a wrong start code');
  const cut = hex('10 9033009d012a800268');
  t.equal(vp8.keyframeHeight(cut, 0, cut.length), -1, 'cut in the height');
});

t.test('descriptor lengths', async (t) => {
  const cases: [string, string, number][] = [
    ['the shortest', '00 aa', 1],
    ['nothing behind it', '00', -1],
    ['nothing', '', -1],
    ['X without a field', '80 00 aa', 2],
    ['X cut', '80', -1],
    ['short picture id', '80 80 7f aa', 3],
    ['long picture id', '80 80 ffff aa', 4],
    ['long picture id, cut', '80 80 ff', -1],
    ['L', '80 40 01 aa', 3],
    ['T without L (read wrongly by others)', '80 20 c0 aa', 3],
    ['K without L', '80 10 1f aa', 3],
    ['T and K share a byte', '80 30 ff aa', 3],
    ['L without T or K has no third byte', '80 40 01 aa bb', 3],
    ['L and T', '80 60 01 c0 aa', 4],
    ['all, long', '80 f0 8001 02 e3 aa', 6],
    ['all, long, nothing behind', '80 f0 8001 02 e3', -1],
    ['all, short', '80 f0 01 02 e3 aa', 5],
  ];
  for (const [name, text, length] of cases) {
    const b = hex(text);
    t.equal(vp8.descriptorLength(b, 0, b.length), length, name);
  }
  const slot = hex('80 80 ffff aa');
  t.equal(vp8.descriptorLength(slot, 0, 4), -1, 'the end counts, not the array');
  t.equal(vp8.descriptorLength(slot, 0, 6), -1, 'an end past the array');
  t.equal(vp8.descriptorLength(slot, -1, 5), -1, 'a negative offset');
});

t.test('only the first packet of partition 0 with an inverse key bit of 0 starts a keyframe', async (t) => {
  const cases: [string, string, boolean, boolean][] = [
    ['S, partition 0, key', '10 00', true, true],
    ['S, partition 0, delta', '10 01', true, false],
    ['S, partition 1', '11 00', false, false],
    ['no S', '00 00', false, false],
    ['S, N, reserved', '70 00', true, true],
    ['S, descriptor only', '10', false, false],
  ];
  for (const [name, text, startsFrame, isKeyframe] of cases) {
    const b = hex(text);
    t.equal(vp8.startsFrame(b, 0, b.length), startsFrame, `${name}: frame`);
    t.equal(vp8.isKeyframe(b, 0, b.length), isKeyframe, `${name}: keyframe`);
  }
  t.equal(vp8.isNonReference(hex('30 01'), 0, 2), true);
  t.equal(vp8.isNonReference(hex('10 01'), 0, 2), false);
});

t.test('any descriptor reads back, and rewriting changes only its own bits', async (t) => {
  const field = (max: number): fc.Arbitrary<number | null> => fc.option(fc.integer({ min: 0, max }));
  fc.assert(
    fc.property(
      fc.record({
        offset: fc.integer({ min: 0, max: 20 }),
        extended: fc.boolean(),
        long: fc.boolean(),
        pictureId: field(0x7fff),
        tl0: field(255),
        temporalId: field(3),
        sync: fc.boolean(),
        key: field(31),
        rest: fc.uint8Array({ minLength: 1, maxLength: 12 }),
        newId: fc.oneof(fc.constantFrom(...START_NUMBERS), fc.integer({ min: 0, max: 2 ** 40 })),
      }),
      (d) => {
        const hasFields = d.extended;
        const id = hasFields ? d.pictureId : null;
        const tl0 = hasFields ? d.tl0 : null;
        const tid = hasFields ? d.temporalId : null;
        const key = hasFields ? d.key : null;
        const head: number[] = [(hasFields ? 0x80 : 0) | 0x10];
        if (hasFields) {
          head.push(
            (id === null ? 0 : 0x80) |
              (tl0 === null ? 0 : 0x40) |
              (tid === null ? 0 : 0x20) |
              (key === null ? 0 : 0x10),
          );
        }
        if (id !== null) {
          head.push(...(d.long ? [0x80 | (id >> 8), id & 0xff] : [id & 0x7f]));
        }
        if (tl0 !== null) {
          head.push(tl0);
        }
        if (tid !== null || key !== null) {
          head.push(((tid ?? 0) << 6) | (d.sync ? 0x20 : 0) | (key ?? 0));
        }
        const b = Buffer.concat([Buffer.alloc(d.offset, 0xff), Buffer.from(head), d.rest]);
        const mask = d.long ? 0x7fff : 0x7f;
        const fields = (): (number | boolean)[] => [
          vp8.descriptorLength(b, d.offset, b.length),
          vp8.pictureId(b, d.offset, b.length),
          vp8.pictureIdBits(b, d.offset, b.length),
          vp8.tl0PicIdx(b, d.offset, b.length),
          vp8.temporalId(b, d.offset, b.length),
          vp8.isLayerSync(b, d.offset, b.length),
          vp8.keyIndex(b, d.offset, b.length),
        ];
        const expected = (pictureId: number, tl0PicIdx: number): (number | boolean)[] => [
          head.length,
          id === null ? -1 : pictureId & mask,
          id === null ? -1 : d.long ? 15 : 7,
          tl0 === null ? -1 : tl0PicIdx & 0xff,
          tid ?? -1,
          tid !== null && d.sync,
          key ?? -1,
        ];
        const before = expected(id ?? 0, tl0 ?? 0);
        const isRead = fields().every((each, i) => each === before[i]);
        const newTl0 = d.newId % 256;
        const isRewritten =
          vp8.rewritePictureId(b, d.offset, b.length, d.newId) === (id !== null) &&
          vp8.rewriteTl0PicIdx(b, d.offset, b.length, newTl0) === (tl0 !== null);
        const after = expected(d.newId % 32768, newTl0);
        const isSame =
          b.subarray(0, d.offset).every((byte) => byte === 0xff) &&
          Buffer.compare(b.subarray(d.offset + head.length), d.rest) === 0;
        return isRead && isRewritten && isSame && fields().every((each, i) => each === after[i]);
      },
    ),
    { seed: 7741, numRuns: 2000 },
  );
  t.pass();
});
