/** H.264 packets and parameter sets. Real: everything; packets and bitstreams of Chromium's encoder. */
import t from 'tap';
import * as h264 from '../../codec/h264.ts';
import { validateRtp } from '../../codec/rtp.ts';
import { H264_IDR_PACKET, H264_PARAMETER_SETS_PACKET, hex } from './vectors.ts';

t.test("reads Chromium's packets", async (t) => {
  const sets = H264_PARAMETER_SETS_PACKET;
  const at = validateRtp(sets);
  t.equal(h264.nalType(sets, at), h264.NAL_STAP_A);
  t.equal(h264.isKeyframe(sets, at, sets.length), true);
  t.equal(h264.keyframeWidth(sets, at, sets.length), 320);
  t.equal(h264.keyframeHeight(sets, at, sets.length), 180);
  t.equal(h264.nalType(sets, h264.findNal(sets, at, sets.length, h264.NAL_PPS)), h264.NAL_PPS);
  t.equal(h264.findNal(sets, at, sets.length, h264.NAL_IDR), -1);
  const idr = H264_IDR_PACKET;
  const slice = validateRtp(idr);
  t.equal(h264.isKeyframe(idr, slice, idr.length), true);
  t.equal(h264.keyframeWidth(idr, slice, idr.length), -1, 'a slice does not say its size');
});

t.test('what starts a keyframe', async (t) => {
  const cases: [string, string, boolean][] = [
    ['nothing', '', false],
    ['a NAL header only', '65', false],
    ['IDR, first slice', '65 b8', true],
    ['IDR, a later slice of the same picture', '65 40', false],
    ['SPS', '67 42c01e', true],
    ['PPS', '68 ce', false],
    ['SEI', '06 05', false],
    ['P slice', '61 e0', false],
    ['P slice whose data looks like an IDR header', '61 e5', false],
    ['access unit delimiter', '09 10', false],
    ['STAP-A of SPS and PPS', '78 0002 6742 0002 68ce', true],
    ['STAP-A with an IDR slice at its end', '78 0002 06aa 0002 65b8', true],
    ['STAP-A with a later slice', '78 0002 68ce 0002 6540', false],
    ['STAP-A of P slices', '78 0002 61e0 0002 61e0', false],
    ['STAP-A whose first size runs past the end', '78 0009 6742', false],
    ['STAP-A whose second size runs past the end', '78 0002 68ce 0003 65b8', false],
    ['STAP-A with a size of 0', '78 0000 6742 0002 65b8', false],
    ['STAP-A cut in a size', '78 00', false],
    ['STAP-A, empty', '78', false],
    ['STAP-A with a NAL header only', '78 0001 65', false],
    ['FU-A, start of an IDR slice', '7c 85 b8', true],
    ['FU-A, start of a later IDR slice', '7c 85 40', false],
    ['FU-A, start of a P slice', '7c 81 e0', false],
    ['FU-A, start of an SPS', '7c 87 42', true],
    ['FU-A, middle of an IDR slice', '7c 05 b8', false],
    ['FU-A, end of an IDR slice', '7c 45 b8', false],
    ['FU-A, header only', '7c 85', false],
    ['FU-A, indicator only', '7c', false],
    ['STAP-B, not of our packetization modes', '79 0000 0002 65b8', false],
    ['FU-B, not of our packetization modes', '7d 85 0000 b8', false],
  ];
  for (const [name, text, isKeyframe] of cases) {
    const b = hex(text);
    t.equal(h264.isKeyframe(b, 0, b.length), isKeyframe, name);
    const framed = Buffer.concat([hex('ffffff'), b, hex('65b8')]);
    t.equal(h264.isKeyframe(framed, 3, 3 + b.length), isKeyframe, `${name}: amid other bytes`);
  }
  const b = hex('65b8');
  t.same(
    [h264.isKeyframe(b, -1, 2), h264.isKeyframe(b, 0, 3), h264.findNal(b, 0, 3, 5), h264.findNal(b, 2, 2, 5)],
    [false, false, -1, -1],
    'bounds that are none',
  );
});

t.test('walks a STAP-A', async (t) => {
  const b = hex('78 0002 6742 0003 68ce3c 0001 09');
  const units: string[] = [];
  let at = 1;
  for (
    let next = h264.nextAggregated(b, at, b.length);
    next > 0;
    next = h264.nextAggregated(b, at, b.length)
  ) {
    units.push(b.toString('hex', at + 2, next));
    at = next;
  }
  t.same(units, ['6742', '68ce3c', '09']);
});

t.test('reads an FU header', async (t) => {
  const start = hex('7c 85 b8');
  t.same([h264.isFuStart(start, 0), h264.isFuEnd(start, 0), h264.fuNalType(start, 0)], [true, false, 5]);
  const end = hex('7c 45 b8');
  t.same([h264.isFuStart(end, 0), h264.isFuEnd(end, 0), h264.fuNalType(end, 0)], [false, true, 5]);
});

t.test('picture sizes after cropping, with emulation prevention and high profile', async (t) => {
  const cases: [string, string, number, number][] = [
    ['constrained baseline 640x360', '6742c01e8c8d405017fcb37010d0107844235', 640, 360],
    ['constrained baseline 1280x720', '6742c01f8c8d402802dd37010d010784423500', 1280, 720],
    ['constrained baseline 320x180', '6742c00d8c8d40a0cbcf37010d010784423500', 320, 180],
    ['constrained high 640x360', '67640c1eac191a80a02ff966e021a020f08846a0', 640, 360],
    ['main 480x270', '674d4c158c8d40f046f537010d010784423500', 480, 270],
  ];
  for (const [name, text, width, height] of cases) {
    const b = hex(text.length % 2 === 0 ? text : `${text}0`);
    t.equal(h264.keyframeWidth(b, 0, b.length), width, name);
    t.equal(h264.keyframeHeight(b, 0, b.length), height, name);
  }
});

/** Writes a parameter set bit by bit: numbers are ue(v), strings are bits. */
function parameterSet(profile: number, fields: readonly (number | string)[]): Buffer {
  let bits = '';
  for (const field of fields) {
    if (typeof field === 'string') {
      bits += field;
    } else {
      const binary = (field + 1).toString(2);
      bits += '0'.repeat(binary.length - 1) + binary;
    }
  }
  bits += '1';
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  const raw = [profile, 0, 30, ...(bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))];
  const escaped: number[] = [0x67];
  let zeros = 0;
  for (const byte of raw) {
    if (zeros >= 2 && byte <= 3) {
      escaped.push(3);
      zeros = 0;
    }
    escaped.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Buffer.from(escaped);
}

t.test('picture sizes of parameter sets that no browser writes', async (t) => {
  const plain = (width: number, height: number, tail: readonly (number | string)[]): (number | string)[] => [
    // id, frame number bits, order type 0 and its bits, reference frames, gaps, size in macroblocks
    ...[0, 0, 0, 0, 1, '0', width / 16 - 1, height / 16 - 1],
    ...tail,
  ];
  const cases: [string, Buffer, number, number][] = [
    ['no cropping', parameterSet(66, plain(640, 480, ['1', '1', '0', '0'])), 640, 480],
    [
      'cropped on all four sides',
      parameterSet(66, plain(640, 480, ['1', '1', '1', 1, 2, 3, 4, '0'])),
      640 - 2 * 3,
      480 - 2 * 7,
    ],
    ['interlaced', parameterSet(77, plain(640, 240, ['0', '0', '1', '1', 0, 0, 0, 1, '0'])), 640, 480 - 4],
    [
      'picture order type 1',
      parameterSet(66, [0, 0, 1, '0', 3, 4, 2, 5, 6, 1, '0', 39, 29, '1', '1', '0', '0']),
      640,
      480,
    ],
    [
      'a code with 26 zeros, hence an emulation prevention byte',
      parameterSet(66, [0, 0, 1, '0', 2 ** 26, 4, 0, 1, '0', 39, 29, '1', '1', '0', '0']),
      640,
      480,
    ],
    ['picture order type 2', parameterSet(66, [0, 0, 2, 1, '0', 39, 29, '1', '1', '0', '0']), 640, 480],
    [
      'high profile with scaling lists',
      parameterSet(100, [
        // id, 4:2:0, bit depths, no bypass, lists: the first with three deltas and an end, the second absent …
        ...[0, 1, 0, 0, '0', '1', '1', 1, 2, 3, 20, '0000000'],
        ...[0, 0, 0, 1, '0', 39, 29, '1', '1', '1', 1, 0, 0, 0, '0'],
      ]),
      640 - 2,
      480,
    ],
    [
      '4:4:4 with twelve lists, cropped by single pixels',
      parameterSet(244, [
        0,
        3,
        '0',
        0,
        0,
        '0',
        '1',
        '0'.repeat(12),
        0,
        0,
        0,
        1,
        '0',
        39,
        29,
        '1',
        '1',
        '1',
        1,
        0,
        0,
        1,
        '0',
      ]),
      639,
      479,
    ],
    [
      'monochrome',
      parameterSet(100, [0, 0, 0, 0, '0', '0', 0, 0, 0, 1, '0', 39, 29, '1', '1', '1', 1, 0, 0, 1, '0']),
      639,
      479,
    ],
    ['wider than any level', parameterSet(66, plain(65536, 480, ['1', '1', '0', '0'])), -1, -1],
    ['cropped to nothing', parameterSet(66, plain(16, 16, ['1', '1', '1', 4, 4, 0, 0, '0'])), -1, -1],
    ['2^31 order offsets', parameterSet(66, [0, 0, 1, '0', 0, 0, 2 ** 31 - 2, 1]), -1, -1],
    ['an Exp-Golomb code without end', hex(`67 42001e ${'00 00 03'.repeat(20)}`), -1, -1],
    ['nothing behind the profile', hex('6742001e'), -1, -1],
    ['only the header', hex('67'), -1, -1],
  ];
  for (const [name, b, width, height] of cases) {
    t.equal(h264.keyframeWidth(b, 0, b.length), width, `${name}: width`);
    t.equal(h264.keyframeHeight(b, 0, b.length), height, `${name}: height`);
  }
});
