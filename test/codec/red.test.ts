/** Redundant audio. Real: everything; payloads drawn by hand after RFC 2198, and bytes of any kind. */
import fc from 'fast-check';
import t from 'tap';
import * as red from '../../codec/red.ts';
import { payloadType, sequenceNumber } from '../../codec/rtp.ts';
import { hex } from './vectors.ts';

/** Two earlier blocks (1920 and 960 ticks, 3 and 2 bytes), then 4 bytes of payload type 111. */
const PAYLOAD = 'ef 1e0003  ef 0f0002  6f  aaaaaa bbbb cccccccc';

t.test('blocks are found with their lengths, times and types', async (t) => {
  const b = hex(PAYLOAD);
  t.equal(red.redundantBlocks(b, 0, b.length), 2);
  t.equal(red.primaryOffset(b, 0, b.length), 14);
  t.equal(red.primaryPayloadType(b, 0, b.length), 111);
  t.same(
    [0, 1].map((index) => [
      red.blockPayloadType(b, 0, index),
      red.blockTimestampOffset(b, 0, index),
      red.blockLength(b, 0, index),
      red.blockOffset(b, 0, 2, index),
    ]),
    [
      [111, 1_920, 3, 9],
      [111, 960, 2, 12],
    ],
  );
});

t.test('a packet without an earlier block, as the first of a voice', async (t) => {
  const b = hex('6f cccccccc');
  t.equal(red.redundantBlocks(b, 0, b.length), 0);
  t.equal(red.primaryOffset(b, 0, b.length), 1);
});

t.test('what does not add up is refused', async (t) => {
  for (const text of [
    '',
    '6f',
    'ef',
    'ef 0f0002',
    'ef 0f0002 6f',
    'ef 0f0002 6f bbbb',
    'ef 0f0002 ef bb cc',
    'ff'.repeat(90),
  ]) {
    const b = hex(text);
    t.equal(red.primaryOffset(b, 0, b.length), -1, text);
    t.equal(red.primaryPayloadType(b, 0, b.length), -1, text);
  }
  const b = hex(PAYLOAD);
  t.equal(red.primaryOffset(b, 0, b.length + 1), -1, 'an end past the array');
  t.equal(red.primaryOffset(b, -1, b.length), -1, 'a negative offset');
});

t.test('a packet is unwrapped in place', async (t) => {
  const packet = hex(`80 bf 0102 00000003 00000004 ${PAYLOAD}`);
  const end = red.unwrapRed(packet, 12, packet.length);
  t.equal(packet.subarray(0, end).toString('hex'), '80ef01020000000300000004cccccccc', 'the marker stays');
  t.equal(payloadType(packet), 111);
  t.equal(sequenceNumber(packet), 0x0102);
  const broken = hex('80 3f 0102 00000003 00000004 ef');
  t.equal(red.unwrapRed(broken, 12, broken.length), -1);
  t.equal(payloadType(broken), 63, 'untouched');
});

t.test('whatever the bytes, blocks lie one behind the other inside the payload', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 20 }), (bytes, offset) => {
        const b = Buffer.from(bytes);
        const count = red.redundantBlocks(b, offset, b.length);
        let at = offset + 4 * count + 1;
        for (let index = 0; index < count; index++) {
          if (red.blockOffset(b, offset, count, index) !== at) {
            return false;
          }
          at += red.blockLength(b, offset, index);
        }
        return count < 0 || (at < b.length && red.primaryOffset(b, offset, b.length) === at);
      }),
    ),
  );
});
