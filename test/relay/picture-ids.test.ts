/** Picture ids and base-layer counters across sources. Pure: nothing real, nothing faked. */
import t from 'tap';
import * as vp8 from '../../codec/vp8.ts';
import { PictureIds } from '../../relay/picture-ids.ts';

/** A VP8 descriptor with a 15-bit picture id and TL0PICIDX. */
function packet(id: number, tl0: number): Buffer {
  const b = Buffer.from([0x90, 0xc0, 0, 0, 0, 0xaa]);
  vp8.rewritePictureId(b, 0, b.length, id);
  b[2] = 0x80 | (id >> 8);
  b[3] = id;
  b[4] = tl0;
  return b;
}

/** Sends a packet on and returns the counters that it goes out with. */
function pass(ids: PictureIds, id: number, tl0: number): [number, number] {
  const b = packet(id, tl0);
  ids.write(b, 0, b.length, id, tl0);
  ids.sent(id, tl0);
  return [vp8.pictureId(b, 0, b.length), vp8.tl0PicIdx(b, 0, b.length)];
}

for (const start of [0, 1, 127, 128, 255, 32_766, 32_767]) {
  t.test(`from ${start}`, async (t) => {
    const ids = new PictureIds('VP8');
    const next = (n: number): [number, number] => [(start + n) & 0x7fff, (start + n) & 0xff];
    ids.begin(...next(0));
    t.notOk(ids.moves, 'the first source keeps its own');
    t.same(pass(ids, ...next(0)), next(0));
    t.same(pass(ids, ...next(2)), next(2));
    t.same(pass(ids, ...next(1)), next(1), 'late');
    ids.begin(9_000, 77);
    t.ok(ids.moves);
    t.same(pass(ids, 9_000, 77), next(3), 'another goes on behind the newest');
    t.same(pass(ids, 9_001, 78), next(4));
    const late = packet(9_000, 77);
    ids.move(late, 0, late.length);
    t.equal(vp8.pictureId(late, 0, late.length), next(3)[0], 'also when sent again');
  });
}

t.test('codecs without such counters are left alone', async (t) => {
  for (const codec of ['H264', 'AV1', 'opus'] as const) {
    const ids = new PictureIds(codec);
    const b = packet(5, 6);
    ids.begin(-1, -1);
    ids.move(b, 0, b.length);
    t.same(b, packet(5, 6));
  }
});
