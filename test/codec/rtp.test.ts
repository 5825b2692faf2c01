/** RTP header, header extensions and retransmission. Real: everything; Chromium's bytes and packets built here by hand. */
import fc from 'fast-check';
import t from 'tap';
import * as rtp from '../../codec/rtp.ts';
import {
  hex,
  NACK_PACKET,
  RTCP_PACKETS,
  RTP_PACKETS,
  START_NUMBERS,
  VP8_DELTA_PACKET,
  VP8_KEYFRAME_PACKET,
  VP8_RTX_PACKET,
} from './vectors.ts';

t.test("reads Chromium's packet", async (t) => {
  const b = VP8_KEYFRAME_PACKET;
  t.equal(rtp.validateRtp(b), 48);
  t.equal(rtp.marker(b), true);
  t.equal(rtp.payloadType(b), 96);
  t.equal(rtp.sequenceNumber(b), 0x57a2);
  t.equal(rtp.timestamp(b), 0x10d0bd04);
  t.equal(rtp.ssrc(b), 0x9d737c9e);
  t.equal(rtp.paddingLength(b), 0);
  t.equal(rtp.payloadLength(b, 48), b.length - 48);
});

t.test('tells RTP from RTCP by the second byte, on any length', async (t) => {
  for (const [name, packet] of Object.entries(RTP_PACKETS)) {
    t.ok(rtp.isRtp(packet) && !rtp.isRtcp(packet), name);
  }
  for (const [name, packet] of Object.entries(RTCP_PACKETS)) {
    t.ok(!rtp.isRtp(packet) && rtp.isRtcp(packet), name);
  }
  const cases: [string, string, boolean, boolean][] = [
    ['nothing', '', false, false],
    ['one byte', '80', false, false],
    ['the shortest RTCP packet, an empty BYE', '80cb0000', false, true],
    ['three bytes of RTCP', '80cb00', false, false],
    ['eleven bytes of RTP', '8060 0000 00000000 000000', false, false],
    ['version 1', '4060 0000 00000000 00000000', false, false],
    ['STUN', '0001 0000 2112a442 00000000', false, false],
    ['DTLS', '16fe fd00 00000000 00000000', false, false],
    ['191 is RTP (marker, type 63)', '80bf 0000 00000000 00000000', true, false],
    ['192 is RTCP', '80c0 0000 00000000 00000000', false, true],
    ['223 is RTCP', '80df 0000 00000000 00000000', false, true],
    ['224 is RTP (marker, type 96)', '80e0 0000 00000000 00000000', true, false],
  ];
  for (const [name, text, isRtp, isRtcp] of cases) {
    t.same([rtp.isRtp(hex(text)), rtp.isRtcp(hex(text))], [isRtp, isRtcp], name);
  }
  t.equal(rtp.isRtp(VP8_DELTA_PACKET, 11), false, 'the length counts, not the array');
  t.equal(rtp.isRtcp(NACK_PACKET, 3), false, 'the length counts, not the array');
});

t.test('validates the header against the length', async (t) => {
  const cases: [string, string, number][] = [
    ['the smallest packet', '8060 0001 00000002 00000003', 12],
    ['one payload byte', '8060 0001 00000002 00000003 aa', 12],
    ['eleven bytes', '8060 0001 00000002 000000', -1],
    ['version 0', '0060 0001 00000002 00000003', -1],
    ['version 3', 'c060 0001 00000002 00000003', -1],
    ['one CSRC', '8160 0001 00000002 00000003 00000004', 16],
    ['one CSRC, cut', '8160 0001 00000002 00000003 000000', -1],
    ['fifteen CSRCs announced, none there', '8f60 0001 00000002 00000003', -1],
    ['an empty extension block', '9060 0001 00000002 00000003 bede0000', 16],
    ['an extension block cut in its header', '9060 0001 00000002 00000003 bede00', -1],
    ['an extension block longer than the packet', '9060 0001 00000002 00000003 bede0002 00000000', -1],
    ['an extension block of 65535 words', '9060 0001 00000002 00000003 bedeffff 00000000', -1],
    ['two bytes of padding', 'a060 0001 00000002 00000003 aa 0002', 12],
    ['padding only', 'a060 0001 00000002 00000003 00000004', 12],
    ['padding of 0 with the flag', 'a060 0001 00000002 00000003 aa00', -1],
    ['padding longer than the payload', 'a060 0001 00000002 00000003 aa03', -1],
    ['padding that would reach into the header', 'a060 0001 00000002 00000003', -1],
    ['padding that would reach into the extension', 'b060 0001 00000002 00000003 bede0001 00000005', -1],
  ];
  for (const [name, text, offset] of cases) {
    t.equal(rtp.validateRtp(hex(text)), offset, name);
  }
  const slot = Buffer.concat([hex('8060 0001 00000002 00000003 aa'), Buffer.alloc(50)]);
  t.equal(rtp.validateRtp(slot, 13), 12, 'a packet in a longer array');
  t.equal(rtp.validateRtp(slot, slot.length + 1), -1, 'a length past the array');
  t.equal(
    rtp.payloadLength(hex('a060 0001 00000002 00000003 00000004'), 12),
    0,
    'a padding-only probe is empty',
  );
});

t.test('rewrites in place and touches nothing else', async (t) => {
  for (const number of START_NUMBERS) {
    const b = Buffer.from(VP8_DELTA_PACKET);
    rtp.setSequenceNumber(b, 65536 * 3 + number);
    rtp.setTimestamp(b, 2 ** 32 * 5 + number);
    rtp.setSsrc(b, 0xfffffff0);
    rtp.setPayloadType(b, 127);
    t.same(
      [rtp.sequenceNumber(b), rtp.timestamp(b), rtp.ssrc(b), rtp.payloadType(b), rtp.marker(b)],
      [number, number, 0xfffffff0, 127, true],
      `unwrapped numbers are cut to their fields (${number})`,
    );
    t.equal(b[0], 0x90);
    t.same(b.subarray(12), VP8_DELTA_PACKET.subarray(12));
  }
  const b = Buffer.from(VP8_DELTA_PACKET);
  rtp.setMarker(b, false);
  t.same([rtp.marker(b), rtp.payloadType(b)], [false, 96]);
  rtp.setMarker(b, true);
  t.same(b, VP8_DELTA_PACKET);
});

t.test('writes a header that reads back', async (t) => {
  const b = Buffer.alloc(12, 0xff);
  t.equal(rtp.writeRtpHeader(b, true, 111, 65536 + 9, 2 ** 32 + 8, 0xdeadbeef), 12);
  t.same(b, hex('80ef 0009 00000008 deadbeef'));
  t.equal(rtp.writeRtpHeader(Buffer.alloc(11), true, 111, 9, 8, 7), -1, 'no room');
});

t.test('strips padding', async (t) => {
  const b = hex('a060 0001 00000002 00000003 aabb 0002');
  t.equal(rtp.stripPadding(b), 14);
  t.equal(rtp.validateRtp(b, 14), 12);
  t.equal(rtp.payloadLength(b, 12, 14), 2);
  t.equal(rtp.stripPadding(b, 14), 14, 'again changes nothing');
});

// RFC 8285 4.2:  0 1 2 3 4 5 6 7        4.3:  0                   1
//               +-+-+-+-+-+-+-+-+            |      ID       |    length     | data …
//               |  ID   |  len  | data …
t.test('finds header extensions', async (t) => {
  const b = VP8_KEYFRAME_PACKET;
  t.equal(rtp.findExtension(b, 4), 21, 'the transport-wide sequence number');
  t.equal(rtp.extensionLength(b, 21), 2);
  t.equal(b.readUInt16BE(21), 2);
  t.equal(rtp.extensionLength(b, rtp.findExtension(b, 7)), 13, 'video timing');
  t.equal(b.toString('latin1', rtp.findExtension(b, 9), rtp.findExtension(b, 9) + 1), '0', 'mid');
  t.equal(rtp.findExtension(b, 1), -1, 'one that is not there');

  const head = '9060 0001 00000002 00000003';
  const cases: [string, string, number, number, number][] = [
    ['no extension block', '8060 0001 00000002 00000003 20aa', 2, -1, 0],
    ['an empty block', `${head} bede0000`, 2, -1, 0],
    ['first of a one-byte block', `${head} bede0001 20 aa 0000`, 2, 17, 1],
    ['behind padding', `${head} bede0001 0000 20 aa`, 2, 19, 1],
    ['ending with the block', `${head} bede0001 22 aabbcc`, 2, 17, 3],
    ['sixteen bytes', `${head} bede0005 1f ${'aa'.repeat(16)} 000000`, 1, 17, 16],
    ['one byte past the block', `${head} bede0001 23 aabbcc dd`, 2, -1, 0],
    ['behind one that runs past the block', `${head} bede0001 1f aabbcc 20 dd`, 2, -1, 0],
    ['the first of two', `${head} bede0001 20 aa 20 bb`, 2, 17, 1],
    ['behind id 15, which ends the block', `${head} bede0001 f0 aa 20 bb`, 2, -1, 0],
    ['id 15 itself', `${head} bede0001 f0 aa 20 bb`, 15, -1, 0],
    ['id 0', `${head} bede0001 00000000`, 0, -1, 0],
    ['behind an id of 0 with a length', `${head} bede0001 01 aa 20 bb`, 2, -1, 0],
    ['of a two-byte block', `${head} 10000001 02 02 aabb`, 2, 18, 2],
    ['of a two-byte block with application bits', `${head} 100f0001 02 02 aabb`, 2, 18, 2],
    ['without data, at the end of a two-byte block', `${head} 10000001 0000 02 00`, 2, 20, 0],
    ['id 200 with 20 bytes', `${head} 10000006 c8 14 ${'aa'.repeat(20)} 0000`, 200, 18, 20],
    ['of a two-byte block, one byte past it', `${head} 10000001 02 03 aabb cc`, 2, -1, 0],
    ['of a two-byte block, without its length', `${head} 10000001 000000 02`, 2, -1, 0],
    ['of another profile', `${head} beef0001 20 aa 0000`, 2, -1, 0],
    ['behind a block longer than the packet (not validated)', `${head} bede0004 20 aa 0000`, 2, -1, 0],
    ['behind a CSRC', '9160 0001 00000002 00000003 00000004 bede0001 20 aa 0000', 2, 21, 1],
  ];
  for (const [name, text, id, offset, length] of cases) {
    const packet = hex(text);
    t.equal(rtp.findExtension(packet, id), offset, name);
    if (offset >= 0) {
      t.equal(rtp.extensionLength(packet, offset), length, `${name}: length`);
    }
  }
});

t.test('erases an extension without moving the others', async (t) => {
  const b = Buffer.from(VP8_KEYFRAME_PACKET);
  t.equal(rtp.eraseExtension(b, 4), true);
  t.equal(rtp.findExtension(b, 4), -1);
  t.equal(rtp.findExtension(b, 9), rtp.findExtension(VP8_KEYFRAME_PACKET, 9));
  t.equal(rtp.findExtension(b, 2), rtp.findExtension(VP8_KEYFRAME_PACKET, 2));
  t.equal(rtp.eraseExtension(b, 4), false, 'nothing left to erase');
  const wide = hex('9060 0001 00000002 00000003 10000002 02 02 aabb 03 01 cc 00');
  t.equal(rtp.eraseExtension(wide, 2), true);
  t.same(wide, hex('9060 0001 00000002 00000003 10000002 00000000 03 01 cc 00'));
});

t.test("unwraps Chromium's retransmission", async (t) => {
  const b = Buffer.from(VP8_RTX_PACKET);
  const payload = rtp.validateRtp(b);
  t.equal(rtp.originalSequenceNumber(b, payload), 0x7476);
  const length = rtp.unwrapRtx(b, b.length, 0x83e83618, 96);
  t.equal(length, VP8_RTX_PACKET.length - 2);
  t.same(
    [rtp.sequenceNumber(b), rtp.ssrc(b), rtp.payloadType(b), rtp.marker(b), rtp.timestamp(b)],
    [0x7476, 0x83e83618, 96, true, 0x4a94b980],
  );
  t.same(b.subarray(12, payload), VP8_RTX_PACKET.subarray(12, payload), 'extensions stay');
  t.same(b.subarray(payload, length), VP8_RTX_PACKET.subarray(payload + 2));
});

t.test('refuses a retransmission with nothing inside and leaves it alone', async (t) => {
  for (const text of [
    '8061 0001 00000002 00000003',
    '8061 0001 00000002 00000003 74',
    'a061 0001 00000002 00000003 00000000 00000008',
    'a061 0001 00000002 00000003 74 000003',
    '8f61 0001 00000002 00000003 7476',
  ]) {
    const b = hex(text);
    t.equal(rtp.unwrapRtx(b, b.length, 1, 96), -1, text);
    t.same(b, hex(text));
  }
  const empty = hex('8061 0001 00000002 00000003 7476');
  t.equal(rtp.unwrapRtx(empty, 14, 1, 96), 12, 'a packet without payload may be repeated');
});

t.test('drops the padding on both ways of a retransmission', async (t) => {
  const target = Buffer.alloc(64);
  const padded = hex('a0e0 0001 00000002 00000003 aabb 0002');
  t.equal(rtp.writeRtx(target, padded, padded.length, 9, 97, 8), 16);
  t.same(target.subarray(0, 16), hex('80e1 0008 00000002 00000009 0001 aabb'));
  const b = hex('a0e1 0008 00000002 00000009 0001 aabb 0002');
  t.equal(rtp.unwrapRtx(b, b.length, 3, 96), 14);
  t.same(b.subarray(0, 14), hex('80e0 0001 00000002 00000003 aabb'));
  t.equal(rtp.writeRtx(Buffer.alloc(15), padded, padded.length, 9, 97, 8), -1, 'no room');
  t.equal(rtp.writeRtx(target, hex('8060'), 2, 9, 97, 8), -1, 'malformed');
});

// ---------------------------------------------------------------- any packet

type Element = { id: number; data: Uint8Array };
type Packet = {
  csrcs: number[];
  form: 'none' | 'oneByte' | 'twoByte';
  elements: Element[];
  gap: number;
  payload: Uint8Array;
  padding: number;
  marker: boolean;
  payloadType: number;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
};

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

const anyPacket: fc.Arbitrary<Packet> = fc.constantFrom('none', 'oneByte', 'twoByte').chain((form) =>
  fc.record({
    csrcs: fc.array(uint32, { maxLength: 15 }),
    form: fc.constant(form as Packet['form']),
    elements: fc.uniqueArray(
      fc.record({
        id: fc.integer({ min: 1, max: form === 'oneByte' ? 14 : 255 }),
        data: fc.uint8Array({
          minLength: form === 'oneByte' ? 1 : 0,
          maxLength: form === 'oneByte' ? 16 : 255,
        }),
      }),
      { selector: (element) => element.id, maxLength: form === 'none' ? 0 : 8 },
    ),
    gap: fc.integer({ min: 0, max: 3 }),
    payload: fc.uint8Array({ maxLength: 80 }),
    padding: fc.integer({ min: 0, max: 255 }),
    marker: fc.boolean(),
    payloadType: fc.integer({ min: 0, max: 127 }),
    sequenceNumber: fc.constantFrom(...START_NUMBERS),
    timestamp: uint32,
    ssrc: uint32,
  }),
);

/** An independent writer: arrays of numbers, as the RFC draws it. */
function build(p: Packet): Buffer {
  const parts: Uint8Array[] = [];
  const head = Buffer.alloc(12);
  head[0] = 0x80 | (p.padding > 0 ? 0x20 : 0) | (p.form === 'none' ? 0 : 0x10) | p.csrcs.length;
  head[1] = (p.marker ? 0x80 : 0) | p.payloadType;
  head.writeUInt16BE(p.sequenceNumber, 2);
  head.writeUInt32BE(p.timestamp, 4);
  head.writeUInt32BE(p.ssrc, 8);
  parts.push(head);
  for (const csrc of p.csrcs) {
    const word = Buffer.alloc(4);
    word.writeUInt32BE(csrc);
    parts.push(word);
  }
  if (p.form !== 'none') {
    const body: number[] = [];
    for (const { id, data } of p.elements) {
      body.push(...Array(p.gap).fill(0));
      body.push(...(p.form === 'oneByte' ? [(id << 4) | (data.length - 1)] : [id, data.length]), ...data);
    }
    while (body.length % 4 !== 0) {
      body.push(0);
    }
    const block = Buffer.alloc(4);
    block.writeUInt16BE(p.form === 'oneByte' ? 0xbede : 0x1000 | p.gap, 0);
    block.writeUInt16BE(body.length / 4, 2);
    parts.push(block, Buffer.from(body));
  }
  parts.push(p.payload);
  if (p.padding > 0) {
    const padding = Buffer.alloc(p.padding);
    padding[p.padding - 1] = p.padding;
    parts.push(padding);
  }
  return Buffer.concat(parts);
}

t.test('every field of any packet reads back', async (t) => {
  fc.assert(
    fc.property(anyPacket, (p) => {
      const b = build(p);
      const offset = rtp.validateRtp(b);
      const fields = [
        rtp.marker(b),
        rtp.payloadType(b),
        rtp.sequenceNumber(b),
        rtp.timestamp(b),
        rtp.ssrc(b),
        rtp.paddingLength(b),
      ];
      const written = [p.marker, p.payloadType, p.sequenceNumber, p.timestamp, p.ssrc, p.padding];
      const length = rtp.payloadLength(b, offset);
      return (
        fields.every((field, i) => field === written[i]) &&
        Buffer.compare(b.subarray(offset, offset + length), p.payload) === 0 &&
        everyId((id) => {
          const element = p.elements.find((each) => each.id === id);
          const at = rtp.findExtension(b, id);
          return element === undefined
            ? at === -1
            : Buffer.compare(b.subarray(at, at + rtp.extensionLength(b, at)), element.data) === 0;
        })
      );
    }),
    { seed: 3550, numRuns: 500 },
  );
  t.pass();
});

function everyId(check: (id: number) => boolean): boolean {
  for (let id = 0; id <= 255; id++) {
    if (!check(id)) {
      return false;
    }
  }
  return true;
}

t.test('wrapping and unwrapping a retransmission gives the packet back, without padding', async (t) => {
  const target = Buffer.alloc(8192);
  fc.assert(
    fc.property(anyPacket, uint32, fc.constantFrom(...START_NUMBERS), (p, rtxSsrc, rtxSequence) => {
      const b = build(p);
      const original = Buffer.from(b);
      const wrapped = rtp.writeRtx(target, b, b.length, rtxSsrc, 97, rtxSequence);
      const offset = rtp.validateRtp(target, wrapped);
      const isRtx =
        offset === rtp.validateRtp(b) &&
        rtp.ssrc(target) === rtxSsrc &&
        rtp.sequenceNumber(target) === rtxSequence &&
        rtp.payloadType(target) === 97 &&
        rtp.originalSequenceNumber(target, offset, wrapped) === p.sequenceNumber;
      const length = rtp.unwrapRtx(target, wrapped, p.ssrc, p.payloadType);
      const bare = build({ ...p, padding: 0 });
      return (
        isRtx && Buffer.compare(b, original) === 0 && Buffer.compare(target.subarray(0, length), bare) === 0
      );
    }),
    { seed: 4588, numRuns: 500 },
  );
  t.pass();
});
