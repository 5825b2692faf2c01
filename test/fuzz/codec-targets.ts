/** Fuzz targets for codec/: what each function of it must do with hostile bytes is in test/codec/every-function.ts. */
import { put32 } from '../../codec/bytes.ts';
import * as rtcp from '../../codec/rtcp.ts';
import * as write from '../../codec/rtcp-write.ts';
import { validateRtp, writeRtpHeader } from '../../codec/rtp.ts';
import { readTwccFeedback, TwccReceiver } from '../../codec/twcc.ts';
import { CODEC_CHECKS, complaintsAbout } from '../codec/every-function.ts';
import { RTCP_PACKETS, RTP_PACKETS, SAMPLE_REQUEST, SAMPLE_RESPONSE } from '../codec/vectors.ts';
import { JOURNAL_TARGET } from './journal-target.ts';
import {
  av1Payload,
  ENDLESS_SDES,
  h264Payload,
  RTCP_TYPES,
  type RtcpType,
  rtcpPacket,
  rtpPacket,
  vp8Payload,
  vp9Payload,
} from './packets.ts';
import { chance, pick, type Random, randomBytes } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** Longer ones the relay refuses before any of this sees them. */
const MAX_BYTES = 1_500;
const SLOWEST_MS = 250;

const RTP_SEEDS = Object.values(RTP_PACKETS);
const RTCP_SEEDS = [...Object.values(RTCP_PACKETS), Buffer.concat(Object.values(RTCP_PACKETS)), ENDLESS_SDES];

/** A target that runs the checks of one format; `checks` is the name they have in every-function.ts. */
function codecTarget(
  name: string,
  about: string,
  checks: string,
  seeds: readonly Buffer[],
  make: (random: Random) => Buffer,
): FuzzTarget {
  const rows = CODEC_CHECKS.filter((check) => check.target === checks);
  return {
    name,
    about,
    corpora: [name, 'codec'],
    maxBytes: MAX_BYTES,
    seeds,
    make,
    slowestMs: SLOWEST_MS,
    run: (input) => ({ complaints: complaintsAbout(input, rows) }),
  };
}

/** Up to three earlier blocks whose lengths mostly fit. */
function redPayload(random: Random): Buffer {
  const lengths = Array.from({ length: random(4) }, () => random(40));
  const headers = lengths.map((length) => {
    const header = randomBytes(random, 4);
    put32(header, 0, (((0x80 | random(128)) << 24) | (random(2 ** 14) << 10) | length) >>> 0);
    return header;
  });
  const bytes =
    lengths.reduce((sum, length) => sum + length, 1 + random(30)) - (chance(random, 20) ? random(20) : 0);
  return Buffer.concat([...headers, Buffer.from([random(128)]), randomBytes(random, Math.max(0, bytes))]);
}

/** A compound packet with these types somewhere in it. */
const compound =
  (...types: readonly RtcpType[]) =>
  (random: Random): Buffer => {
    const packets = [rtcpPacket(random, pick(random, types))];
    while (chance(random, 40)) {
      packets.push(rtcpPacket(random, pick(random, chance(random, 50) ? types : RTCP_TYPES)));
    }
    return Buffer.concat(packets);
  };

const CHECKED: readonly FuzzTarget[] = [
  codecTarget('rtp', 'RTP headers and extensions', 'rtp', RTP_SEEDS, (random) => rtpPacket(random)),
  codecTarget('rtx', 'retransmissions, read and written', 'rtx', RTP_SEEDS, (random) =>
    rtpPacket(random, { payloadType: 97, payload: randomBytes(random, random(8)) }),
  ),
  codecTarget('recording', 'packets on their way into a file', 'recording', RTP_SEEDS, (random) =>
    rtpPacket(random, {
      payload: pick(random, [vp8Payload, vp9Payload])(random, chance(random, 50), random(0x8000)),
    }),
  ),
  codecTarget('vp8', 'VP8 payload descriptors', 'vp8', RTP_SEEDS, (random) =>
    rtpPacket(random, { payload: vp8Payload(random, chance(random, 30), random(0x8000)) }),
  ),
  codecTarget('vp9', 'VP9 payload descriptors', 'vp9', RTP_SEEDS, (random) =>
    rtpPacket(random, { payload: vp9Payload(random, chance(random, 30), random(0x8000)) }),
  ),
  codecTarget('av1', 'AV1 aggregation headers', 'av1', RTP_SEEDS, (random) =>
    rtpPacket(random, { payload: av1Payload(random, chance(random, 50)) }),
  ),
  codecTarget('red', 'redundant audio', 'red', RTP_SEEDS, (random) =>
    rtpPacket(random, { payload: redPayload(random) }),
  ),
  codecTarget('h264', 'H.264 payloads and parameter sets', 'h264', RTP_SEEDS, (random) =>
    rtpPacket(random, { payload: h264Payload(random, chance(random, 50)) }),
  ),
  codecTarget('stun', 'connectivity checks', 'stun', [SAMPLE_REQUEST, SAMPLE_RESPONSE], (random) =>
    Buffer.from(pick(random, [SAMPLE_REQUEST, SAMPLE_RESPONSE])),
  ),
  codecTarget('rtcp', 'compound RTCP of any type', 'rtcp', RTCP_SEEDS, compound(...RTCP_TYPES)),
  codecTarget('reports', 'sender and receiver reports', 'rtcp', RTCP_SEEDS, compound('sr', 'rr')),
  codecTarget('xr', 'extended reports', 'rtcp', RTCP_SEEDS, compound('xr')),
  codecTarget('sdes', 'source descriptions and BYE', 'rtcp', RTCP_SEEDS, compound('sdes', 'bye')),
  codecTarget('nack', 'NACK', 'rtcp', RTCP_SEEDS, compound('nack')),
  codecTarget('keyframes', 'PLI and FIR', 'rtcp', RTCP_SEEDS, compound('pli', 'fir')),
  codecTarget('remb', 'REMB', 'rtcp', RTCP_SEEDS, compound('remb')),
  codecTarget('twcc', 'transport-wide feedback, read', 'rtcp', RTCP_SEEDS, compound('twcc')),
];

// ---------------------------------------------------------------- what is written

const statuses = new Float64Array(65_536);
const feedback = Buffer.alloc(1_400);

/** The input is a list of arrivals: two bytes of sequence number, one of passing time. */
const twccReceiver: FuzzTarget = {
  name: 'twcc-receiver',
  about: 'arrivals in any order; the feedback must be readable and short',
  corpora: ['twcc-receiver'],
  maxBytes: MAX_BYTES,
  seeds: [Buffer.from('fffe01ffff010000010001ff8000ff', 'hex')],
  slowestMs: SLOWEST_MS,
  run: (input) => {
    const complaints: string[] = [];
    const receiver = new TwccReceiver();
    let nowUs = 0;
    const report = (): void => {
      // Every call says at least one status, and no more than the ring holds are left unsaid.
      for (let packets = 0; packets < 600; packets++) {
        const end = receiver.writeFeedback(feedback, 0, 1, 2);
        if (end === 0) {
          return;
        }
        const kind = rtcp.rtcpKind(feedback, 0, end);
        if (end < 0 || end > 1_200 || rtcp.nextRtcp(feedback, 0, end) !== end || kind !== rtcp.TWCC) {
          complaints.push(`feedback of ${end} bytes`);
          return;
        }
        if (readTwccFeedback(feedback, 0, end, statuses) < 1) {
          complaints.push('feedback that cannot be read');
          return;
        }
      }
      complaints.push('feedback without end');
    };
    for (let at = 0; at + 2 < input.length; at += 3) {
      const passing = input[at + 2] ?? 0;
      nowUs += passing < 0xf0 ? passing * 250 : passing * 1_000_000;
      receiver.onPacket(input.readUInt16BE(at), nowUs);
      if (passing % 16 === 0) {
        report();
      }
    }
    report();
    return { complaints };
  },
};

const GUARD = 0xa5;

/** The input is numbers for the writers' arguments; the room that they get is the first two bytes of it. */
const rtcpWriters: FuzzTarget = {
  name: 'rtcp-write',
  about: 'RTCP and RTP headers written into any room with any numbers',
  corpora: ['rtcp-write'],
  maxBytes: 400,
  seeds: [Buffer.from('0040000000010000000200000003ffffffff', 'hex'), Buffer.alloc(100, 0xff)],
  slowestMs: SLOWEST_MS,
  run: (input) => {
    const complaints: string[] = [];
    const room = input.length < 2 ? 0 : input.readUInt16BE(0) % 512;
    const numbers = Array.from({ length: Math.min(60, input.length >> 2) }, (_, i) =>
      input.readInt32BE(i * 4),
    );
    const [a = 0, b = 0, c = 0, d = 0] = numbers;
    const writers: Record<string, (target: Buffer) => number> = {
      senderReport: (t) => write.writeSenderReport(t, 0, a, b, c, d, a, b),
      receiverReport: (t) => {
        let end = write.writeReceiverReport(t, 0, a);
        for (const number of numbers) {
          end = end < 0 ? end : write.addReportBlock(t, 0, end, number, b, c, d, a, b, c);
        }
        return end;
      },
      sdes: (t) => write.writeSdesCname(t, 0, a, input.subarray(0, 300)),
      bye: (t) => write.writeBye(t, 0, a),
      reference: (t) => write.writeReceiverReferenceTime(t, 0, a, b, c),
      nack: (t) =>
        write.writeNack(
          t,
          0,
          a,
          b,
          numbers.map((number) => number >>> 0).sort((x, y) => x - y),
        ),
      pli: (t) => write.writePli(t, 0, a, b),
      xr: (t) => write.writeReceiverReferenceTime(t, 0, a, b, c),
      fir: (t) => write.writeFir(t, 0, a, b, c),
      remb: (t) => write.writeRemb(t, 0, a, (b >>> 0) * 2 ** (c & 31), numbers),
      rtp: (t) => (writeRtpHeader(t, a > 0, b, c, d, a) === 12 && validateRtp(t, 12) !== 12 ? room + 1 : 0),
      feedback: (t) => write.writeFeedbackHeader(t, 0, rtcp.PLI, 12, a, b),
    };
    for (const [name, writer] of Object.entries(writers)) {
      const whole = Buffer.alloc(room + 64, GUARD);
      const target = whole.subarray(32, 32 + room);
      const end = writer(target);
      const isGuarded = whole.subarray(0, 32).every((byte) => byte === GUARD);
      if (!isGuarded || !whole.subarray(32 + room).every((byte) => byte === GUARD)) {
        complaints.push(`${name} wrote outside`);
      }
      if (end > room || (end > 0 && name !== 'nack' && rtcp.nextRtcp(target, 0, end) !== end)) {
        complaints.push(`${name} ends at ${end} of ${room}`);
      }
    }
    return { complaints };
  },
  make: (random) => {
    const input = randomBytes(random, 4 + 4 * random(60));
    put32(input, 0, (random(512) << 16) | random(65536));
    return input;
  },
};

export const CODEC_TARGETS: readonly FuzzTarget[] = [...CHECKED, twccReceiver, rtcpWriters, JOURNAL_TARGET];
