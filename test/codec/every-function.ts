/**
 * Runs every function of codec/ that sees bytes of a peer over the same hostile bytes, for the malformed sweep and the
 * fuzzer. The bytes lie between guards, in an array of exactly their length, so that a write outside is seen.
 */
import * as av1 from '../../codec/av1.ts';
import { Depayloader, type VideoCodec } from '../../codec/depayload.ts';
import * as h264 from '../../codec/h264.ts';
import { VoiceDecoder } from '../../codec/opus.ts';
import { isOpusStereo, opusDurationMs } from '../../codec/opus-packet.ts';
import * as red from '../../codec/red.ts';
import { Reorder } from '../../codec/reorder.ts';
import * as rtcp from '../../codec/rtcp.ts';
import * as rtp from '../../codec/rtp.ts';
import * as stun from '../../codec/stun.ts';
import * as twcc from '../../codec/twcc.ts';
import * as vp8 from '../../codec/vp8.ts';
import * as vp9 from '../../codec/vp9.ts';
import { WebmWriter } from '../../codec/webm.ts';

const GUARD_BYTES = 64;
const GUARD = 0xa5;
const MAX_BYTES = 2048;
const voices = await VoiceDecoder.open();
const EXTENSION_IDS: readonly number[] = [0, 1, 2, 3, 4, 7, 9, 14, 15, 16, 200, 255];

const arena = Buffer.alloc(GUARD_BYTES + MAX_BYTES + GUARD_BYTES, GUARD);
const target = Buffer.alloc(GUARD_BYTES + MAX_BYTES + GUARD_BYTES, GUARD);
const guards = Buffer.alloc(arena.length, GUARD);
const numbers = new Uint16Array(512);
const statuses = new Float64Array(1024);

export type Expect = (holds: boolean, what: string) => void;

/** Runs the functions of one format over the same bytes. `offset` is where a payload might begin. */
export type CodecCheck = {
  name: string;
  /** The fuzz target that it belongs to. */
  target: string;
  /** Also run as if the payload began at the first byte and at the end. */
  everyOffset?: boolean;
  run(b: Buffer, expect: Expect, offset: number): void;
};

/** Everything in codec/ that sees bytes of a peer. Whatever is new there needs its row here. */
export const CODEC_CHECKS: readonly CodecCheck[] = [
  { name: 'rtp', target: 'rtp', run: readRtp },
  { name: 'rtp in place', target: 'rtp', run: changeRtp },
  { name: 'erase extensions', target: 'rtp', run: eraseExtensions },
  { name: 'unwrap RTX', target: 'rtx', run: unwrapRtx },
  { name: 'write RTX', target: 'rtx', run: writeRtx },
  { name: 'rtcp', target: 'rtcp', run: readRtcp },
  { name: 'stun', target: 'stun', run: readStun },
  { name: 'vp8', target: 'vp8', everyOffset: true, run: readVp8 },
  { name: 'vp9', target: 'vp9', everyOffset: true, run: readVp9 },
  { name: 'av1', target: 'av1', everyOffset: true, run: readAv1 },
  { name: 'red', target: 'red', everyOffset: true, run: readRed },
  { name: 'h264', target: 'h264', everyOffset: true, run: readH264 },
  { name: 'frames of a recording', target: 'recording', run: readFrames },
  { name: 'opus', target: 'recording', everyOffset: true, run: readOpus },
];

/** What went wrong with these bytes: thrown errors, results outside their range, writes outside; empty when nothing. */
export function complaintsAbout(bytes: Uint8Array, checks: readonly CodecCheck[] = CODEC_CHECKS): string[] {
  const complaints: string[] = [];
  const length = Math.min(bytes.length, MAX_BYTES);
  for (const check of checks) {
    const payload = Math.max(0, rtp.validateRtp(bytes));
    for (const offset of check.everyOffset === true ? [0, payload, length] : [payload]) {
      attempt(check, bytes, offset, complaints);
    }
  }
  return complaints;
}

function attempt({ name, run }: CodecCheck, bytes: Uint8Array, offset: number, complaints: string[]): void {
  const length = Math.min(bytes.length, MAX_BYTES);
  arena.fill(GUARD);
  target.fill(GUARD);
  const b = arena.subarray(GUARD_BYTES, GUARD_BYTES + length);
  b.set(bytes.subarray(0, length));
  const complain = (what: string) => complaints.push(`${name} at ${offset}: ${what}`);
  try {
    run(b, (holds, what) => (holds ? undefined : complain(what)), offset);
  } catch (error) {
    complain(`threw ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isGuarded(arena, length) || !isGuarded(target, MAX_BYTES)) {
    complain('wrote outside');
  }
}

function changeRtp(b: Buffer, expect: Expect): void {
  rtp.setMarker(b, true);
  rtp.setPayloadType(b, 1e9);
  rtp.setSequenceNumber(b, -1);
  rtp.setTimestamp(b, 2 ** 60);
  rtp.setSsrc(b, Number.NaN);
  const stripped = rtp.stripPadding(b);
  expect(rtp.validateRtp(b) < 0 || stripped <= b.length, 'grew by stripping');
}

function eraseExtensions(b: Buffer, expect: Expect): void {
  const offset = rtp.validateRtp(b);
  for (const id of EXTENSION_IDS) {
    rtp.eraseExtension(b, id);
  }
  expect(rtp.validateRtp(b) === offset, 'another payload offset after erasing');
}

function unwrapRtx(b: Buffer, expect: Expect): void {
  const { length } = b;
  const unwrapped = rtp.unwrapRtx(b, length, 1, 96);
  expect(unwrapped === -1 || (unwrapped >= 12 && unwrapped <= length - 2), `RTX length ${unwrapped}`);
  expect(unwrapped === -1 || rtp.validateRtp(b, unwrapped) >= 12, 'unwrapped to something invalid');
}

function writeRtx(b: Buffer, expect: Expect): void {
  const { length } = b;
  const written = rtp.writeRtx(target.subarray(GUARD_BYTES, GUARD_BYTES + MAX_BYTES), b, length, 1, 97, 5);
  expect(written === -1 || written <= length + 2, `RTX of ${written}`);
  const tight = rtp.writeRtx(target.subarray(GUARD_BYTES, GUARD_BYTES + length), b, length, 1, 97, 5);
  expect(tight <= length, `RTX of ${tight} into ${length}`);
}

function isGuarded(b: Buffer, length: number): boolean {
  const behind = GUARD_BYTES + length;
  return (
    b.subarray(0, GUARD_BYTES).equals(guards.subarray(0, GUARD_BYTES)) &&
    b.subarray(behind).equals(guards.subarray(behind))
  );
}

function readRtp(b: Buffer, expect: Expect): void {
  const isRtp = rtp.isRtp(b);
  expect(!(isRtp && rtp.isRtcp(b)), 'both RTP and RTCP');
  const offset = rtp.validateRtp(b);
  expect(offset === -1 || (offset >= 12 && offset <= b.length), `payload at ${offset} of ${b.length}`);
  const fields = [rtp.payloadType(b), rtp.sequenceNumber(b), rtp.timestamp(b), rtp.ssrc(b)];
  for (const field of fields) {
    expect(field >= 0 && field <= 0xffffffff, `field ${field}`);
  }
  rtp.marker(b);
  if (offset >= 0) {
    const payload = rtp.payloadLength(b, offset);
    expect(payload >= 0 && payload <= b.length - offset, `payload of ${payload}`);
    const original = rtp.originalSequenceNumber(b, offset);
    expect(original >= -1 && original <= 65535 && (original === -1) === payload < 2, `original ${original}`);
  }
  for (const id of EXTENSION_IDS) {
    const data = rtp.findExtension(b, id);
    const end = data + rtp.extensionLength(b, data);
    expect(
      data === -1 || (data > 12 && end <= (offset < 0 ? b.length : offset)),
      `extension ${id}: ${data}–${end}`,
    );
  }
}

function readStun(b: Buffer, expect: Expect): void {
  expect(!(stun.isStun(b) && (rtp.isRtp(b) || rtp.isRtcp(b))), 'both STUN and RTP');
  stun.messageType(b);
  for (const type of [stun.USERNAME, stun.MESSAGE_INTEGRITY, stun.XOR_MAPPED_ADDRESS, stun.FINGERPRINT, 0]) {
    const value = stun.findAttribute(b, type);
    const end = value + stun.attributeLength(b, value);
    expect(value === -1 || (value >= 24 && end <= b.length), `attribute ${type}: ${value}–${end}`);
    stun.putXorMappedIpv4(b, value, '192.0.2.1', 65_535);
    stun.putXorMappedIpv4(b, value, 'not an address', 1e9);
  }
  stun.setEnd(b, b.length);
}

function readRtcp(b: Buffer, expect: Expect): void {
  let at = 0;
  let steps = 0;
  for (let end = rtcp.nextRtcp(b, 0); end > 0; at = end, end = rtcp.nextRtcp(b, at)) {
    expect(end >= at + 4 && end <= b.length, `sub-packet ${at}–${end}`);
    steps++;
    if (steps > b.length / 4 || end <= at) {
      expect(false, 'the walk does not advance');
      return;
    }
    readSubPacket(b, at, end, rtcp.rtcpKind(b, at, end), expect);
    const dlrr = rtcp.findDlrr(b, at, end, 1);
    expect(dlrr === -1 || (dlrr >= at + 12 && dlrr + 12 <= end), `DLRR at ${dlrr}`);
    expect(rtcp.dlrrLastRr(b, dlrr) >= 0 && rtcp.dlrrDelaySinceLastRr(b, dlrr) >= 0, 'a negative field');
    // Also as what it is not: a getter of the wrong kind may read rubbish, not throw.
    for (const kind of [
      rtcp.SENDER_REPORT,
      rtcp.SOURCE_DESCRIPTION,
      rtcp.NACK,
      rtcp.FIR,
      rtcp.REMB,
      rtcp.TWCC,
      rtcp.EXTENDED_REPORT,
    ]) {
      readSubPacket(b, at, end, kind, () => {});
    }
  }
}

const SENDER_REPORT_FIELDS = [
  ...[rtcp.srNtpSeconds, rtcp.srNtpFraction, rtcp.srNtpMiddle32],
  ...[rtcp.srRtpTimestamp, rtcp.srPacketCount, rtcp.srOctetCount],
];
const BLOCK_FIELDS = [
  ...[rtcp.blockFractionLost, rtcp.blockHighestSequence, rtcp.blockJitter],
  ...[rtcp.blockLastSr, rtcp.blockDelaySinceLastSr],
];

function readSubPacket(b: Buffer, at: number, end: number, kind: number, expect: Expect): void {
  const count = rtcp.rtcpCount(b, at);
  switch (kind) {
    case rtcp.SENDER_REPORT:
    case rtcp.RECEIVER_REPORT: {
      for (const field of SENDER_REPORT_FIELDS) {
        expect(field(b, at) >= 0, 'a negative field');
      }
      const block = rtcp.findReportBlock(b, at, 0x028757b2);
      expect(block === -1 || (block >= at + 8 && block + 24 <= end), `block at ${block}`);
      for (let i = 0; i < count; i++) {
        const each = rtcp.reportBlock(b, at, i);
        expect(each + 24 <= end, `block ${i} behind the end`);
        const lost = rtcp.blockCumulativeLost(b, each);
        expect(lost >= -0x800000 && lost <= 0x7fffff, `lost ${lost}`);
        for (const field of BLOCK_FIELDS) {
          expect(field(b, each) >= 0, `a negative field of block ${i}`);
        }
      }
      return;
    }
    case rtcp.SOURCE_DESCRIPTION: {
      const text = rtcp.findSdesItem(b, at, end, 0x9d737c9e, rtcp.CNAME);
      expect(text === -1 || (text > at && text + (b[text - 1] ?? 0) <= end), `CNAME at ${text}`);
      return;
    }
    case rtcp.EXTENDED_REPORT: {
      const dlrr = rtcp.findDlrr(b, at, end, 0x028757b2);
      expect(dlrr === -1 || (dlrr >= at + 12 && dlrr + 12 <= end), `DLRR at ${dlrr}`);
      expect(rtcp.dlrrLastRr(b, dlrr) >= 0 && rtcp.dlrrDelaySinceLastRr(b, dlrr) >= 0, 'a negative field');
      return;
    }
    case rtcp.GOODBYE:
      expect(at + 4 + 4 * count <= end, 'BYE behind the end');
      rtcp.byeSsrc(b, at, count - 1);
      return;
    case rtcp.NACK: {
      const named = rtcp.readNack(b, at, end, numbers);
      expect(
        named >= 1 && named <= numbers.length && named <= ((end - at - 12) / 4) * 17,
        `${named} numbers`,
      );
      return;
    }
    case rtcp.FIR: {
      const command = rtcp.findFir(b, at, end, 0x028757b2);
      expect(command >= -1 && command <= 255, `FIR ${command}`);
      return;
    }
    case rtcp.REMB: {
      const bitrate = rtcp.rembBitrate(b, at);
      expect(bitrate >= 0 && Number.isSafeInteger(bitrate), `bitrate ${bitrate}`);
      expect(at + 20 + 4 * rtcp.rembSsrcCount(b, at) <= end, 'SSRCs behind the end');
      rtcp.rembSsrc(b, at, rtcp.rembSsrcCount(b, at) - 1);
      return;
    }
    case rtcp.TWCC: {
      const read = twcc.readTwccFeedback(b, at, end, statuses);
      const head = [
        twcc.twccBaseSequence(b, at),
        twcc.twccFeedbackCount(b, at),
        twcc.twccReferenceTime(b, at),
      ];
      expect(
        head.every((field) => field >= 0 && field < 2 ** 24),
        `head ${head.join(' ')}`,
      );
      expect(read === -1 || (read >= 1 && read <= statuses.length), `${read} statuses`);
      for (let i = 0; i < read; i++) {
        const ticks = statuses[i] ?? -2;
        expect(ticks >= -1 && ticks <= 0xffffffff, `status ${ticks}`);
      }
      return;
    }
    default:
      rtcp.senderSsrc(b, at);
      rtcp.mediaSsrc(b, at);
  }
}

function readVp8(b: Buffer, expect: Expect, offset: number): void {
  const end = b.length;
  const length = vp8.descriptorLength(b, offset, end);
  expect(length === -1 || (length >= 1 && length <= 6 && offset + length < end), `descriptor of ${length}`);
  const isMalformed = length < 0;
  const readings: [string, number, number][] = [
    ['picture id', vp8.pictureId(b, offset, end), 0x7fff],
    ['picture id bits', vp8.pictureIdBits(b, offset, end), 15],
    ['TL0PICIDX', vp8.tl0PicIdx(b, offset, end), 255],
    ['temporal id', vp8.temporalId(b, offset, end), 3],
    ['key index', vp8.keyIndex(b, offset, end), 31],
    ['width', vp8.keyframeWidth(b, offset, end), 0x3fff],
    ['height', vp8.keyframeHeight(b, offset, end), 0x3fff],
  ];
  for (const [name, value, max] of readings) {
    expect(value === -1 || (value >= 0 && value <= max && !isMalformed), `${name} ${value}`);
  }
  const flags = [vp8.isKeyframe, vp8.startsFrame, vp8.isNonReference, vp8.isLayerSync];
  expect(!isMalformed || !flags.some((flag) => flag(b, offset, end)), 'a flag of a malformed descriptor');
  const rest = Buffer.from(b.subarray(offset + Math.max(0, length)));
  vp8.rewritePictureId(b, offset, end, 2 ** 50 - 1);
  vp8.rewriteTl0PicIdx(b, offset, end, -1);
  expect(vp8.descriptorLength(b, offset, end) === length, 'another length after rewriting');
  expect(b.subarray(offset + Math.max(0, length)).equals(rest), 'rewrote the payload');
}

function readVp9(b: Buffer, expect: Expect, offset: number): void {
  const end = b.length;
  expect(!vp9.isKeyframe(b, offset, end) || offset < end, 'a VP9 keyframe of nothing');
  const id = vp9.pictureId(b, offset, end);
  expect(id >= -1 && id <= 0x7fff, `picture id ${id}`);
  const index = vp9.tl0PicIdx(b, offset, end);
  expect(index >= -1 && index <= 255, `TL0PICIDX ${index}`);
  const length = vp9.descriptorLength(b, offset, end);
  expect(length === -1 || (length > 0 && offset + length < end), `a descriptor of ${length} bytes`);
  expect(!vp9.startsFrame(b, offset, end) || length > 0, 'a start of nothing');
  const size = vp9.keyframeSize(b, offset + Math.max(0, length), end);
  expect(size === -1 || (size >>> 16 > 0 && (size & 0xffff) > 0), `size ${size}`);
  const bits = vp9.pictureIdBits(b, offset, end);
  vp9.rewritePictureId(b, offset, end, 2 ** 50 - 1);
  vp9.rewriteTl0PicIdx(b, offset, end, -1);
  expect(vp9.pictureIdBits(b, offset, end) === bits, 'another width after rewriting');
}

function readAv1(b: Buffer, expect: Expect, offset: number): void {
  expect(!av1.isKeyframe(b, offset, b.length) || offset < b.length, 'an AV1 keyframe of nothing');
}

function readRed(b: Buffer, expect: Expect, offset: number): void {
  const end = b.length;
  const count = red.redundantBlocks(b, offset, end);
  const primary = red.primaryOffset(b, offset, end);
  expect(count < 0 === primary < 0 && primary < Math.max(1, end), `${count} blocks before ${primary}`);
  for (let index = 0; index < count; index++) {
    const at = red.blockOffset(b, offset, count, index);
    expect(at + red.blockLength(b, offset, index) <= primary, `block ${index} at ${at}`);
    expect(red.blockTimestampOffset(b, offset, index) < 2 ** 14, 'more than 14 bits');
    expect(red.blockPayloadType(b, offset, index) < 128, 'more than 7 bits');
  }
  expect(red.primaryPayloadType(b, offset, end) < 128, 'more than 7 bits');
  const unwrapped = red.unwrapRed(b, offset, end);
  expect(unwrapped < 0 || (unwrapped > offset && unwrapped < end), `unwrapped to ${unwrapped}`);
}

function readH264(b: Buffer, expect: Expect, offset: number): void {
  const end = b.length;
  const isKeyframe = h264.isKeyframe(b, offset, end);
  expect(!isKeyframe || offset < end, 'a keyframe of nothing');
  for (const type of [h264.NAL_SPS, h264.NAL_PPS, h264.NAL_IDR, 0, 31]) {
    const nal = h264.findNal(b, offset, end, type);
    expect(nal === -1 || (nal >= offset && nal < end), `NAL ${type} at ${nal}`);
  }
  const width = h264.keyframeWidth(b, offset, end);
  const height = h264.keyframeHeight(b, offset, end);
  expect(
    (width === -1) === (height === -1) && width <= 16_880 && height <= 16_880 && width !== 0,
    `${width}x${height}`,
  );
  expect(!(h264.isFuStart(b, end) || h264.isFuEnd(b, end)), 'a unit behind the end');
  h264.isFuEnd(b, offset);
  h264.fuNalType(b, offset);
  let at = offset + 1;
  let steps = 0;
  for (let next = h264.nextAggregated(b, at, end); next > 0; next = h264.nextAggregated(b, at, end)) {
    expect(next > at + 2 && next <= end, `unit ${at}–${next}`);
    at = next;
    steps++;
    if (steps > b.length) {
      expect(false, 'the STAP-A walk does not advance');
      return;
    }
  }
}

/** The packet thrice, with other numbers, through what makes files of recordings. */
function readFrames(b: Buffer, expect: Expect): void {
  for (const codec of ['VP8', 'VP9', 'H264'] as const satisfies readonly VideoCodec[]) {
    let written = 0;
    const writer = new WebmWriter(
      [{ medium: 'video', name: codec, codecId: 'V_VP8', width: 2, height: 2 }],
      (bytes) => {
        written += bytes.length;
      },
    );
    const depayloader = new Depayloader(codec, ({ data, isKey, timestamp }) => {
      expect(data.length > 0, 'an empty frame');
      writer.add(0, timestamp / 90, data, isKey);
    });
    const reorder = new Reorder((packet) => depayloader.push(packet));
    const sequence = rtp.sequenceNumber(b);
    for (let index = 0; index < 3; index++) {
      rtp.setSequenceNumber(b, sequence + index);
      reorder.push(Buffer.from(b), 1_000_000 * index);
      reorder.advance(1_000_000 * index);
    }
    reorder.flush();
    depayloader.flush();
    writer.flush();
    expect(written === writer.bytes, `${written} of ${writer.bytes} bytes written`);
    // Each unit of H.264 gets four bytes more, and none is shorter than one.
    expect(written < 1_000 + 3 * 5 * b.length, `${written} bytes of three packets of ${b.length}`);
  }
}

function readOpus(b: Buffer, expect: Expect, offset: number): void {
  const packet = b.subarray(offset);
  const durationMs = opusDurationMs(packet);
  expect(durationMs >= 0 && durationMs <= 120, `${durationMs} ms`);
  isOpusStereo(packet);
  const samples = voices.decode(packet);
  expect(samples.length <= 48 * durationMs, `${samples.length} samples of ${durationMs} ms`);
  const { peak } = voices.measure(packet);
  expect(peak >= 0 && peak <= 1, `a peak of ${peak}`);
}
