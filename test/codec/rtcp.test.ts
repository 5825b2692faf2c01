/** RTCP read. Real: everything; Chromium's bytes, and hostile ones written by hand. Writing is in rtcp-write.test.ts. */
import t from 'tap';
import * as rtcp from '../../codec/rtcp.ts';
import {
  BYE_PACKET,
  FIR_PACKET,
  hex,
  NACK_PACKET,
  PLI_PACKET,
  RECEIVER_REPORT_PACKET,
  REMB_PACKET,
  RTCP_PACKETS,
  SDES_PACKET,
  SENDER_REPORT_PACKET,
  START_NUMBERS,
  TWCC_PACKET,
} from './vectors.ts';

/** The kinds in a compound packet and where the walk ended. */
function walk(b: Uint8Array, length?: number): { kinds: number[]; at: number } {
  const kinds: number[] = [];
  let at = 0;
  for (let end = rtcp.nextRtcp(b, 0, length); end > 0; at = end, end = rtcp.nextRtcp(b, at, length)) {
    kinds.push(rtcp.rtcpKind(b, at, end));
  }
  return { kinds, at };
}

t.test('walks a compound packet of every kind to its end', async (t) => {
  const compound = Buffer.concat(Object.values(RTCP_PACKETS));
  t.same(walk(compound), {
    kinds: [
      rtcp.SENDER_REPORT,
      rtcp.SOURCE_DESCRIPTION,
      rtcp.RECEIVER_REPORT,
      rtcp.NACK,
      rtcp.REMB,
      rtcp.TWCC,
      rtcp.PLI,
      rtcp.FIR,
      rtcp.GOODBYE,
    ],
    at: compound.length,
  });
});

t.test('cuts each sub-packet by its own length, whatever is inside', async (t) => {
  const cases: [string, string, number[], number][] = [
    ['nothing', '', [], 0],
    ['three bytes', '81c900', [], 0],
    ['version 1', '41cb0001 00000001', [], 0],
    ['longer than the rest', '81cb0002 00000001', [], 0],
    ['65535 words', '81cbffff 00000001', [], 0],
    ['a good one, then a byte too few', '81cb0001 00000001 80cb00', [rtcp.GOODBYE], 8],
    ['a malformed one between two good ones', '80cb0000 81c90001 00000001 80cb0000', [203, -1, 203], 16],
    ['an unknown type', '80d10000 80cb0000', [209, 203], 8],
    ['padding of 0 with the flag', 'a0cb0001 00000000', [], 0],
    ['padding over the header', 'a0cb0001 00000005', [], 0],
    ['padding over all the content', 'a0cb0001 00000004', [rtcp.GOODBYE], 8],
  ];
  for (const [name, text, kinds, at] of cases) {
    t.same(walk(hex(text)), { kinds, at }, name);
  }
  t.same(walk(BYE_PACKET, 7), { kinds: [], at: 0 }, 'the length counts, not the array');
  t.equal(rtcp.nextRtcp(BYE_PACKET, 0, 9), -1, 'a length past the array');
  t.equal(rtcp.nextRtcp(BYE_PACKET, -1), -1, 'a negative offset');
});

t.test('a packet too short for its own counts is malformed', async (t) => {
  const cases: [string, string, number][] = [
    ['sender report without its numbers', '80c80001 00000001', -1],
    ['sender report with a block announced', `81c80006 ${'00'.repeat(24)}`, -1],
    ['receiver report without a block', '80c90001 00000001', rtcp.RECEIVER_REPORT],
    ['receiver report with a block announced', '81c90001 00000001', -1],
    ['receiver report without a sender', '80c90000', -1],
    ['receiver report whose block is padding', `a1c90007 00000001 ${'00'.repeat(23)} 18`, -1],
    ['BYE from nobody', '80cb0000', rtcp.GOODBYE],
    ['BYE from two, one named', '82cb0001 00000001', -1],
    ['NACK without an entry', '81cd0002 00000001 00000002', -1],
    ['NACK without a media SSRC', '81cd0001 00000001', -1],
    ['TWCC without a chunk', '8fcd0003 00000001 00000002 00000000', -1],
    ['PLI', '81ce0002 00000001 00000002', rtcp.PLI],
    ['PLI without a media SSRC', '81ce0001 00000001', -1],
    ['FIR without an entry', '84ce0002 00000001 00000000', -1],
    ['FIR with half an entry', '84ce0003 00000001 00000000 00000002', -1],
    ['REMB for more SSRCs than there are', '8fce0005 00000001 00000000 52454d42 02000000 00000002', -1],
    [
      'application feedback with another name',
      '8fce0004 00000001 00000000 41424344 00000000',
      (206 << 8) | 15,
    ],
    ['application feedback too short for a name', '8fce0002 00000001 00000000', (206 << 8) | 15],
    ['SLI, which we do not read', '82ce0003 00000001 00000002 00000000', (206 << 8) | 2],
    ['XR', '80cf0001 00000001', 207],
  ];
  for (const [name, text, kind] of cases) {
    const b = hex(text);
    t.equal(rtcp.nextRtcp(b, 0), b.length, `${name}: is cut out`);
    t.equal(rtcp.rtcpKind(b, 0, b.length), kind, name);
  }
});

t.test('reads a sender report', async (t) => {
  const b = Buffer.concat([PLI_PACKET, SENDER_REPORT_PACKET]);
  const at = PLI_PACKET.length;
  t.same(
    [
      rtcp.senderSsrc(b, at),
      rtcp.srNtpSeconds(b, at),
      rtcp.srNtpFraction(b, at),
      rtcp.srNtpMiddle32(b, at),
      rtcp.srRtpTimestamp(b, at),
      rtcp.srPacketCount(b, at),
      rtcp.srOctetCount(b, at),
      rtcp.rtcpCount(b, at),
    ],
    [0x9d737c9e, 0xeead8d51, 0x149f6230, 0x8d51149f, 0x10d31144, 51, 35_721, 0],
  );
});

// RFC 3550 6.4.1: SSRC | fraction lost, cumulative lost (24) | extended highest | jitter | last SR | delay since
t.test('reads report blocks of an RR and of an SR', async (t) => {
  const b = RECEIVER_REPORT_PACKET;
  t.equal(rtcp.rtcpCount(b, 0), 2);
  t.equal(rtcp.findReportBlock(b, 0, 0x028757b3), 8);
  t.equal(rtcp.findReportBlock(b, 0, 0x01010101), -1);
  const block = rtcp.findReportBlock(b, 0, 0x028757b2);
  t.equal(block, rtcp.reportBlock(b, 0, 1));
  t.same(
    [
      rtcp.blockSsrc(b, block),
      rtcp.blockFractionLost(b, block),
      rtcp.blockCumulativeLost(b, block),
      rtcp.blockHighestSequence(b, block),
      rtcp.blockJitter(b, block),
      rtcp.blockLastSr(b, block),
      rtcp.blockDelaySinceLastSr(b, block),
    ],
    [0x028757b2, 63, 1, 0x7484, 0x1d2, 0, 0],
  );
  const inReport = hex(`
    81c8000c 00000001 ${'00'.repeat(20)}
    00000007 00 ffffff 0001ffff 00000009 11223344 00010000
  `);
  const own = rtcp.findReportBlock(inReport, 0, 7);
  t.equal(own, 28);
  t.equal(rtcp.blockCumulativeLost(inReport, own), -1, 'duplicates make the loss negative');
  t.equal(rtcp.blockHighestSequence(inReport, own), 0x1ffff);
});

// RFC 3550 6.5: SSRC | CNAME=1 | length | text … | 0 … up to the next word
t.test('reads a CNAME', async (t) => {
  const b = SDES_PACKET;
  const at = rtcp.findSdesItem(b, 0, b.length, 0x9d737c9e, rtcp.CNAME);
  t.equal(b.toString('latin1', at, at + (b[at - 1] ?? 0)), 'RQIByRFJE0sa/faj');
  t.equal(rtcp.findSdesItem(b, 0, b.length, 1, rtcp.CNAME), -1, 'of somebody else');
  t.equal(rtcp.findSdesItem(b, 0, b.length, 0x9d737c9e, 2), -1, 'another item');
});

t.test('a source description is checked item by item', async (t) => {
  const cases: [string, string, number, number][] = [
    ['no chunk', '80ca0000', rtcp.SOURCE_DESCRIPTION, -1],
    ['an empty chunk', '81ca0002 00000001 00000000', rtcp.SOURCE_DESCRIPTION, -1],
    [
      'a CNAME that fills its words with one zero',
      '81ca0002 00000001 01 01 41 00',
      rtcp.SOURCE_DESCRIPTION,
      10,
    ],
    ['an empty CNAME', '81ca0002 00000001 0100 0000', rtcp.SOURCE_DESCRIPTION, 10],
    ['behind another item', '81ca0003 00000001 020141 010142 0000', rtcp.SOURCE_DESCRIPTION, 13],
    ['in the second chunk', '82ca0004 00000002 00000000 00000001 01014100', rtcp.SOURCE_DESCRIPTION, 18],
    ['the packet that stops libdatachannel', '81ca0002 00000001 01 ff 41 41', -1, -1],
    ['an item without its length', '81ca0002 00000001 0101 41 01', -1, 10],
    // Whether the text itself is whole is another matter than whether the chunk is.
    ['no zero at the end', '81ca0002 00000001 0102 4142', -1, 10],
    ['a chunk announced and not there', '82ca0002 00000001 00000000', -1, -1],
    ['31 chunks in nothing', '9fca0000', -1, -1],
    ['a chunk of padding', 'a1ca0002 00000001 00000004', -1, -1],
  ];
  for (const [name, text, kind, offset] of cases) {
    const b = hex(text);
    t.equal(rtcp.rtcpKind(b, 0, b.length), kind, name);
    t.equal(rtcp.findSdesItem(b, 0, b.length, 1, rtcp.CNAME), offset, `${name}: CNAME`);
  }
});

t.test('reads BYE, PLI, FIR', async (t) => {
  t.equal(rtcp.byeSsrc(BYE_PACKET, 0, 0), 0x9d737c9e);
  t.same([rtcp.senderSsrc(PLI_PACKET, 0), rtcp.mediaSsrc(PLI_PACKET, 0)], [1, 0x028757b2]);
  t.equal(rtcp.findFir(FIR_PACKET, 0, FIR_PACKET.length, 0x028757b2), 7);
  t.equal(rtcp.findFir(FIR_PACKET, 0, FIR_PACKET.length, 1), -1);
  const two = hex('84ce0006 00000001 00000000 00000005 09000000 00000006 0a000000');
  t.equal(rtcp.findFir(two, 0, two.length, 6), 10, 'the second entry');
});

// draft-alvestrand-rmcat-remb-03 2.2: "REMB" | num SSRC | exponent (6) mantissa (18) | SSRC …
t.test('reads REMB', async (t) => {
  const b = REMB_PACKET;
  t.equal(rtcp.rembBitrate(b, 0), 170_046);
  t.equal(rtcp.rembSsrcCount(b, 0), 2);
  t.same([rtcp.rembSsrc(b, 0, 0), rtcp.rembSsrc(b, 0, 1)], [0x028757b2, 0x028757b3]);
  const cases: [string, string, number][] = [
    ['0', '000000', 0],
    // The exponent is the upper 6 of 24 bits: 0x12625a is exponent 4, mantissa 0x2625a.
    ['2.5 Mbit/s', '12625a', 0x2625a * 16],
    ['2^52', 'd00001', 2 ** 52],
    ['exponent 63', 'ffffff', Number.MAX_SAFE_INTEGER],
  ];
  for (const [name, word, bitrate] of cases) {
    const packet = hex(`8fce0004 00000001 00000000 52454d42 00 ${word}`);
    t.equal(rtcp.rembBitrate(packet, 0), bitrate, name);
  }
});

// RFC 4585 6.2.1: PID (16) | BLP (16), bit n of the mask is PID + n + 1
t.test('reads NACKs, across the wrap too', async (t) => {
  const out = new Uint16Array(64);
  const read = (fci: string): number[] => {
    const body = hex(fci);
    const b = Buffer.concat([hex('81cd0000 00000001 00000002'), body]);
    b.writeUInt16BE(b.length / 4 - 1, 2);
    return [...out.subarray(0, rtcp.readNack(b, 0, b.length, out))];
  };
  t.same(read('7481 0000'), [0x7481], "Chromium's");
  t.same(read('ffff 0003'), [65535, 0, 1]);
  t.same(read('0000 8000'), [0, 16]);
  t.same(read('fff0 ffff'), [65520, ...Array.from({ length: 16 }, (_, i) => (65521 + i) % 65536)]);
  t.same(read('0005 0001 0003 0000'), [5, 6, 3], 'two entries in their order');
  for (const start of START_NUMBERS) {
    const pid = start.toString(16).padStart(4, '0');
    t.same(read(`${pid} 4001`), [start, (start + 1) % 65536, (start + 15) % 65536], `from ${start}`);
  }
  const full = hex('81cd0003 00000001 00000002 0000 ffff');
  t.equal(rtcp.readNack(full, 0, full.length, out.subarray(0, 5)), 5, 'no more than there is room for');
  const padded = hex('a1cd0004 00000001 00000002 0009 0000 00000004');
  t.equal(rtcp.readNack(padded, 0, padded.length, out), 1, 'padding is no entry');
  t.equal(out[0], 9);
  t.equal(rtcp.readNack(NACK_PACKET, 0, NACK_PACKET.length, new Uint16Array(0)), 0);
});

t.test('padding of a feedback packet is not its content', async (t) => {
  t.equal(rtcp.contentEnd(TWCC_PACKET, 0, TWCC_PACKET.length), TWCC_PACKET.length - 3);
  t.equal(rtcp.contentEnd(PLI_PACKET, 0, PLI_PACKET.length), PLI_PACKET.length);
});
