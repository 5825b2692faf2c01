/** Kind and size of images by their first bytes. Real: everything; the bytes are written here as the formats say. */
import t from 'tap';
import { imageTypeOf, readImageHeader } from '../../relay/image-header.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** SOI, a segment of so many bytes, SOF0 or SOF2 with 4000 x 3000. */
const jpeg = (before: number, frame = 'c0') =>
  Buffer.concat([
    hex('ffd8 ffe1'),
    hex((before + 2).toString(16).padStart(4, '0')),
    Buffer.alloc(before, 0xff),
    hex(`ff${frame} 0011 08 0bb8 0fa0 03 012200 021101 031101`),
  ]);
const png = hex('89504e470d0a1a0a 0000000d 49484452 00000fa0 00000bb8 08020000 00');
const webp = (kind: string, content: string) =>
  Buffer.concat([
    Buffer.from('RIFF'),
    hex('ffffff00'),
    Buffer.from(`WEBP${kind}`),
    hex('ffffff00'),
    hex(content),
    Buffer.alloc(16),
  ]);

t.test('the three kinds say their size', async (t) => {
  const size = { width: 4000, height: 3000 };
  for (const [bytes, type] of [
    [jpeg(0), 'image/jpeg'],
    [jpeg(60_000, 'c2'), 'image/jpeg'],
    [Buffer.concat([hex('ffd8 ffff ffff'), jpeg(4).subarray(3)]), 'image/jpeg'],
    [png, 'image/png'],
    [webp('VP8X', '00000000 9f0f00 b70b00'), 'image/webp'],
    [webp('VP8 ', '000000 9d012a a00f b80b'), 'image/webp'],
    [webp('VP8L', '2f 9fcfed02'), 'image/webp'],
  ] as const) {
    t.same(readImageHeader(bytes), { type, ...size }, `${type} ${bytes.length}`);
  }
});

t.test('what is none, or is cut off before its size, is none', async (t) => {
  const none = [
    Buffer.alloc(0),
    Buffer.from('no picture at all, but text'),
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    Buffer.from('GIF89a..............'),
    hex('ffd8 ffd9 0000 0000 0000 0000'),
    hex('ffd8 ffda 0002 0000 0000 0000'),
    hex('ffd8 ffe0 0001 0000 0000 0000'),
    hex('89504e470d0a1a0a 0000000d 49444154 00000fa0 00000bb8 08'),
    webp('VP8Y', '00'),
  ];
  for (const bytes of none) {
    t.equal(readImageHeader(bytes), undefined, bytes.toString('latin1').slice(0, 20));
  }
  for (const whole of [jpeg(20), png, webp('VP8L', '2f 9fcfed02')]) {
    for (let length = 0; length < Math.min(whole.length, 24); length++) {
      t.equal(readImageHeader(whole.subarray(0, length)), undefined);
    }
  }
  t.equal(imageTypeOf(hex('ffd8ff')), 'image/jpeg', 'of the beginning the kind is known already');
});
