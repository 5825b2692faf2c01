/** RTCP written. Real: everything; golden bytes by the figures of the RFCs, and what is written is read back. */
import fc from 'fast-check';
import t from 'tap';
import * as rtcp from '../../codec/rtcp.ts';
import * as write from '../../codec/rtcp-write.ts';
import {
  BYE_PACKET,
  FIR_PACKET,
  hex,
  NACK_PACKET,
  PLI_PACKET,
  RECEIVER_REPORT_PACKET,
  REMB_PACKET,
  SDES_PACKET,
  SENDER_REPORT_PACKET,
  START_NUMBERS,
} from './vectors.ts';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

/** Runs a writer into fresh bytes full of rubbish; what it wrote. */
function written(writer: (target: Buffer) => number): Buffer {
  const target = Buffer.alloc(1500, 0xee);
  const end = writer(target);
  return Buffer.from(target.subarray(0, Math.max(0, end)));
}

t.test("writes Chromium's packets byte by byte", async (t) => {
  t.same(
    written((b) => write.writeSenderReport(b, 0, 0x9d737c9e, 0xeead8d51, 0x149f6230, 0x10d31144, 51, 35_721)),
    SENDER_REPORT_PACKET,
  );
  const cname = Buffer.from('RQIByRFJE0sa/faj');
  t.same(
    written((b) => write.writeSdesCname(b, 0, 0x9d737c9e, cname)),
    SDES_PACKET,
  );
  t.same(
    written((b) => {
      const empty = write.writeReceiverReport(b, 0, 1);
      const one = write.addReportBlock(b, 0, empty, 0x028757b3, 0, 0, 1, 0, 0, 0);
      return write.addReportBlock(b, 0, one, 0x028757b2, 63, 1, 0x7484, 0x1d2, 0, 0);
    }),
    RECEIVER_REPORT_PACKET,
  );
  t.same(
    written((b) => write.writeNack(b, 0, 1, 0x028757b2, [65536 + 0x7481])),
    NACK_PACKET,
  );
  t.same(
    written((b) => write.writeRemb(b, 0, 1, 170_046, [0x028757b2, 0x028757b3])),
    REMB_PACKET,
  );
  t.same(
    written((b) => write.writePli(b, 0, 1, 0x028757b2)),
    PLI_PACKET,
  );
  t.same(
    written((b) => write.writeFir(b, 0, 1, 0x028757b2, 256 + 7)),
    FIR_PACKET,
  );
  t.same(
    written((b) => write.writeBye(b, 0, 0x9d737c9e)),
    BYE_PACKET,
  );
});

t.test('writers chain to a compound packet, and a −1 goes through to the end', async (t) => {
  const compound = (target: Buffer): number => {
    let end = write.writeReceiverReport(target, 0, 1);
    end = write.addReportBlock(target, 0, end, 2, 3, 4, 5, 6, 7, 8);
    end = write.writeSdesCname(target, end, 1, Buffer.from('relay'));
    end = write.writeNack(target, end, 1, 2, [70_000, 70_001, 70_040]);
    end = write.writePli(target, end, 1, 2);
    end = write.writeFir(target, end, 1, 2, 3);
    end = write.writeRemb(target, end, 1, 1_000_000, [2]);
    return write.writeBye(target, end, 1);
  };
  const whole = written(compound);
  const kinds: number[] = [];
  let at = 0;
  for (let end = rtcp.nextRtcp(whole, 0); end > 0; at = end, end = rtcp.nextRtcp(whole, at)) {
    kinds.push(rtcp.rtcpKind(whole, at, end));
  }
  t.same(kinds, [
    rtcp.RECEIVER_REPORT,
    rtcp.SOURCE_DESCRIPTION,
    rtcp.NACK,
    rtcp.PLI,
    rtcp.FIR,
    rtcp.REMB,
    rtcp.GOODBYE,
  ]);
  t.equal(at, whole.length);
  const wrong: number[] = [];
  for (let room = 0; room < whole.length; room++) {
    const arena = Buffer.alloc(whole.length + 64, 0xaa);
    const end = compound(arena.subarray(0, room));
    if (end !== -1 || arena.subarray(room).some((byte) => byte !== 0xaa)) {
      wrong.push(room);
    }
  }
  t.same(wrong, [], 'too little room, by one byte or by all: −1 and nothing behind it');
  t.equal(compound(Buffer.alloc(whole.length)), whole.length, 'exactly enough room');
});

t.test('writes SR with blocks, and no more than 31 of them', async (t) => {
  const target = Buffer.alloc(1500);
  let end = write.writeSenderReport(target, 4, 1, 2, 3, 4, 5, 6);
  for (let i = 0; i < 31; i++) {
    end = write.addReportBlock(target, 4, end, 100 + i, i, -i, 65536 * 3 + i, i, i, i);
  }
  t.equal(end, 4 + 28 + 31 * 24);
  t.equal(rtcp.nextRtcp(target, 4, end), end);
  t.equal(rtcp.rtcpKind(target, 4, end), rtcp.SENDER_REPORT);
  t.equal(rtcp.srOctetCount(target, 4), 6);
  t.equal(rtcp.blockCumulativeLost(target, rtcp.findReportBlock(target, 4, 130)), -30);
  t.equal(write.addReportBlock(target, 4, end, 1, 1, 1, 1, 1, 1, 1), -1, 'the count has five bits');
  t.equal(rtcp.nextRtcp(target, 4, end), end, 'and the packet is as it was');
});

t.test('holds the cumulative loss at the ends of its 24 bits', async (t) => {
  for (const [lost, field] of [
    [0x7fffff, 0x7fffff],
    [0x800000, 0x7fffff],
    [-0x800000, -0x800000],
    [-0x900000, -0x800000],
  ] as const) {
    const target = Buffer.alloc(64);
    const end = write.writeReceiverReport(target, 0, 1);
    t.equal(write.addReportBlock(target, 0, end, 1, 255, lost, 0, 0, 0, 0), 32);
    t.equal(rtcp.blockCumulativeLost(target, 8), field, `${lost}`);
    t.equal(rtcp.blockFractionLost(target, 8), 255);
  }
});

t.test('any report block reads back', async (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          uint32,
          fc.integer({ min: 0, max: 255 }),
          fc.integer({ min: -0x800000, max: 0x7fffff }),
          uint32,
          uint32,
          uint32,
          uint32,
        ),
        { maxLength: 31 },
      ),
      (blocks) => {
        const target = Buffer.alloc(1500);
        let end = write.writeReceiverReport(target, 0, 77);
        for (const fields of blocks) {
          end = write.addReportBlock(target, 0, end, ...fields);
        }
        return (
          rtcp.nextRtcp(target, 0, end) === end &&
          rtcp.rtcpKind(target, 0, end) === rtcp.RECEIVER_REPORT &&
          rtcp.rtcpCount(target, 0) === blocks.length &&
          blocks.every((fields, i) => {
            const at = rtcp.reportBlock(target, 0, i);
            const read = [
              rtcp.blockSsrc(target, at),
              rtcp.blockFractionLost(target, at),
              rtcp.blockCumulativeLost(target, at),
              rtcp.blockHighestSequence(target, at),
              rtcp.blockJitter(target, at),
              rtcp.blockLastSr(target, at),
              rtcp.blockDelaySinceLastSr(target, at),
            ];
            return read.every((field, j) => field === fields[j]);
          })
        );
      },
    ),
    { seed: 641, numRuns: 200 },
  );
  t.pass();
});

t.test('packs a NACK across the wrap', async (t) => {
  const cases: [string, number[], string][] = [
    ['one', [65536], '0000 0000'],
    ['65535, 0, 1 in one entry', [65535, 65536, 65537], 'ffff 0003'],
    ['sixteen behind', [100, 116], '0064 8000'],
    ['seventeen behind starts a new entry', [100, 117], '0064 0000 0075 0000'],
    ['a whole entry', Array.from({ length: 17 }, (_, i) => 65530 + i), 'fffa ffff'],
    ['a duplicate sets no bit', [100, 100, 101], '0064 0001'],
    ['one that goes back starts a new entry', [100, 90], '0064 0000 005a 0000'],
    ['one cycle apart is not the same', [100, 100 + 65536], '0064 0000 0064 0000'],
    ['far into the session', [2 ** 40 + 65535, 2 ** 40 + 65536], 'ffff 0001'],
  ];
  for (const [name, numbers, fci] of cases) {
    t.same(written((b) => write.writeNack(b, 0, 1, 2, numbers)).subarray(12), hex(fci), name);
  }
  t.equal(write.writeNack(Buffer.alloc(64), 8, 1, 2, []), 8, 'nothing to ask for');
  t.equal(write.writeNack(Buffer.alloc(64), -1, 1, 2, []), -1, 'a failed writer before');
  t.same(
    written((b) => write.writeNack(b, 0, 1, 2, [1, 50, 51, 99], 1, 3)).subarray(12),
    hex('0032 0001'),
    'a part of the list',
  );
  const scattered = Array.from({ length: 250 }, (_, i) => 65536 + 20 * i);
  t.equal(
    written((b) => write.writeNack(b, 0, 1, 2, scattered)).length,
    12 + 1000,
    '250 numbers in 1012 bytes',
  );
});

t.test('any list of lost packets reads back in order, from every start number', async (t) => {
  const out = new Uint16Array(1000);
  const gaps = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.constantFrom(...START_NUMBERS), gaps, (start, steps) => {
      let number = 65536 + start;
      const numbers = steps.map((step) => {
        number += step;
        return number;
      });
      const b = written((target) => write.writeNack(target, 0, 1, 2, numbers));
      const count = rtcp.readNack(b, 0, b.length, out);
      return (
        rtcp.rtcpKind(b, 0, b.length) === rtcp.NACK &&
        count === numbers.length &&
        numbers.every((each, i) => each % 65536 === out[i])
      );
    }),
    { seed: 4585, numRuns: 500 },
  );
  t.pass();
});

t.test('REMB keeps 18 significant bits, rounded down', async (t) => {
  const read = (bitrate: number): number =>
    rtcp.rembBitrate(
      written((b) => write.writeRemb(b, 0, 1, bitrate, [])),
      0,
    );
  for (const exact of [0, 1, 64_000, 0x3ffff, 0x40000, 2_500_000, 2 ** 52]) {
    t.equal(read(exact), exact, `${exact}`);
  }
  t.equal(read(-5), 0);
  t.equal(read(Number.NaN), 0);
  t.equal(read(1234.9), 1234);
  t.ok(read(Number.POSITIVE_INFINITY) > 2 ** 53 * (1 - 2 ** -17));
  fc.assert(
    fc.property(fc.maxSafeNat(), (bitrate) => {
      const seen = read(bitrate);
      return seen <= bitrate && seen >= bitrate * (1 - 2 ** -17);
    }),
    { seed: 3, numRuns: 500 },
  );
  t.equal(write.writeRemb(Buffer.alloc(2000), 0, 1, 1, new Uint32Array(255)), 20 + 4 * 255);
  t.equal(write.writeRemb(Buffer.alloc(2000), 0, 1, 1, new Uint32Array(256)), -1, 'the count has eight bits');
});

t.test('a CNAME of any length ends in a zero and on a word', async (t) => {
  const wrong: number[] = [];
  for (let length = 0; length <= 255; length++) {
    const cname = Buffer.alloc(length, 0x61);
    const b = written((target) => write.writeSdesCname(target, 0, 5, cname));
    const at = rtcp.findSdesItem(b, 0, b.length, 5, rtcp.CNAME);
    const isWhole = b.length % 4 === 0 && rtcp.rtcpKind(b, 0, b.length) === rtcp.SOURCE_DESCRIPTION;
    if (!isWhole || b[b.length - 1] !== 0 || !b.subarray(at, at + (b[at - 1] ?? 0)).equals(cname)) {
      wrong.push(length);
    }
  }
  t.same(wrong, []);
  t.equal(write.writeSdesCname(Buffer.alloc(500), 0, 5, Buffer.alloc(256)), -1);
});

t.test('a receiver reference time, and the answer to it among other blocks', async (t) => {
  const b = Buffer.alloc(64);
  t.equal(write.writeReceiverReferenceTime(b, 4, 0x01020304, 0xaabbccdd, 0x11223344), 24);
  t.equal(b.subarray(4, 24).toString('hex'), '80cf00040102030404000002aabbccdd11223344');
  t.equal(rtcp.rtcpKind(b, 4, rtcp.nextRtcp(b, 4)), rtcp.EXTENDED_REPORT);
  t.equal(write.writeReceiverReferenceTime(b, 50, 1, 2, 3), -1, 'no room');
  // An empty block of another type, then a DLRR with two sources.
  const answer = Buffer.from(
    '80cf000900000009' + '07000000' + '05000006' + '000000070000000100000002' + '01020304ccdd112200010000',
    'hex',
  );
  const dlrr = rtcp.findDlrr(answer, 0, rtcp.nextRtcp(answer, 0), 0x01020304);
  t.equal(rtcp.dlrrLastRr(answer, dlrr), 0xccdd1122);
  t.equal(rtcp.dlrrDelaySinceLastRr(answer, dlrr), 65_536);
  t.equal(rtcp.findDlrr(answer, 0, answer.length, 4711), -1);
  t.equal(rtcp.findDlrr(answer, 0, 32, 0x01020304), -1, 'a block that runs past the end');
});
