/** Packets that are nearly right: well-formed in most places, at an edge in some. For the fuzzers of codec/ and of the media session. */
import { put16, put24, put32 } from '../../codec/bytes.ts';
import { EDGES } from './mutate.ts';
import { chance, pick, type Random, randomBytes } from './random.ts';

export const START_SEQUENCES: readonly number[] = [0, 1, 127, 128, 32767, 32768, 65534, 65535];

/** Mostly small, now and then at an edge or past any. */
function count(random: Random, most: number): number {
  return chance(random, 15) ? pick(random, EDGES) & most : random(Math.min(4, most + 1));
}

export type RtpParts = {
  payloadType?: number;
  sequence?: number;
  timestamp?: number;
  ssrc?: number;
  payload?: Buffer;
  /** Transport-wide sequence number in the extension with id 3. */
  transportSequence?: number;
};

/** An RTP packet (RFC 3550, RFC 8285) with whatever a header can have; what is not given is up to chance. */
export function rtpPacket(random: Random, parts: RtpParts = {}): Buffer {
  const csrcs = chance(random, 10) ? count(random, 15) : 0;
  const extension = extensionBlock(random, parts.transportSequence);
  const payload = parts.payload ?? randomBytes(random, random(60));
  const padding = chance(random, 10) ? 1 + random(20) : 0;
  const head = Buffer.alloc(12 + 4 * csrcs);
  head[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extension.length > 0 ? 0x10 : 0) | csrcs;
  head[1] = (chance(random, 30) ? 0x80 : 0) | ((parts.payloadType ?? 96 + random(32)) & 0x7f);
  put16(head, 2, parts.sequence ?? pick(random, START_SEQUENCES) + random(3));
  put32(head, 4, parts.timestamp ?? random(2 ** 32));
  put32(head, 8, parts.ssrc ?? random(2 ** 32));
  const tail = Buffer.alloc(padding);
  if (padding > 0) {
    tail[padding - 1] = chance(random, 85) ? padding : pick(random, EDGES);
  }
  return Buffer.concat([head, extension, payload, tail]);
}

function extensionBlock(random: Random, transportSequence: number | undefined): Buffer {
  if (transportSequence === undefined && chance(random, 50)) {
    return Buffer.alloc(0);
  }
  const twoByte = chance(random, 15);
  const elements: number[] = [];
  if (transportSequence !== undefined) {
    const value = [(transportSequence >> 8) & 0xff, transportSequence & 0xff];
    elements.push(...(twoByte ? [3, 2, ...value] : [0x31, ...value]));
  }
  for (let more = count(random, 15); more > 0; more--) {
    const length = random(6);
    const data = [...randomBytes(random, length)];
    const id = random(16);
    elements.push(...(twoByte ? [id, length, ...data] : [(id << 4) | Math.max(0, length - 1), ...data]));
  }
  while (elements.length % 4 !== 0) {
    elements.push(0);
  }
  const block = Buffer.alloc(4 + elements.length);
  put16(block, 0, twoByte ? 0x1000 : chance(random, 95) ? 0xbede : random(65536));
  put16(block, 2, chance(random, 95) ? elements.length / 4 : pick(random, EDGES));
  block.set(elements, 4);
  return block;
}

// ---------------------------------------------------------------- RTCP

/** A sub-packet with this body, whose header may lie about count and length. */
function subPacket(random: Random, type: number, field: number, body: Buffer): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  const head = Buffer.alloc(4);
  head[0] = 0x80 | (chance(random, 5) ? 0x20 : 0) | (chance(random, 95) ? field & 31 : random(32));
  head[1] = type;
  put16(head, 2, chance(random, 93) ? padded.length / 4 : pick(random, EDGES));
  return Buffer.concat([head, padded]);
}

function words(random: Random, ...values: (number | undefined)[]): Buffer {
  const b = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) {
    put32(b, index * 4, value ?? random(2 ** 32));
  }
  return b;
}

/** SSRCs that the receiver will know; else chance. */
export type Sources = readonly number[];

export const RTCP_TYPES = [
  ...(['sr', 'rr', 'sdes', 'bye', 'app', 'nack', 'twcc', 'pli', 'fir', 'remb', 'xr', 'other'] as const),
];
export type RtcpType = (typeof RTCP_TYPES)[number];

/** One RTCP sub-packet of this type about one of these sources. */
export function rtcpPacket(random: Random, type: RtcpType, sources: Sources = [], near = 0): Buffer {
  const source = () => (sources.length > 0 && chance(random, 85) ? pick(random, sources) : undefined);
  switch (type) {
    case 'sr':
    case 'rr': {
      const blocks = count(random, 31);
      const body = [
        type === 'sr' ? words(random, source(), ...Array(5).fill(undefined)) : words(random, source()),
      ];
      for (let block = 0; block < blocks; block++) {
        body.push(words(random, source(), undefined, undefined, undefined, undefined, undefined));
      }
      return subPacket(random, type === 'sr' ? 200 : 201, blocks, Buffer.concat(body));
    }
    case 'sdes':
      return subPacket(random, 202, 1 + count(random, 30), sdesChunks(random, source()));
    case 'bye': {
      const named = count(random, 31);
      return subPacket(random, 203, named, words(random, ...Array.from({ length: named }, source)));
    }
    case 'nack': {
      const items = 1 + (chance(random, 10) ? random(340) : random(8));
      const body = Buffer.alloc(items * 4);
      for (let item = 0; item < items; item++) {
        put16(body, item * 4, chance(random, 70) ? near - random(200) : random(65536));
        put16(body, item * 4 + 2, pick(random, [0, 1, 0x8000, 0xffff, random(65536)]));
      }
      return subPacket(random, 205, 1, Buffer.concat([words(random, undefined, source()), body]));
    }
    case 'twcc':
      return subPacket(
        random,
        205,
        15,
        Buffer.concat([words(random, undefined, source()), twccBody(random)]),
      );
    case 'pli':
      return subPacket(random, 206, 1, words(random, undefined, source()));
    case 'fir':
      return subPacket(random, 206, 4, words(random, undefined, 0, source(), undefined));
    case 'remb':
      return subPacket(
        random,
        206,
        15,
        Buffer.concat([words(random, undefined, 0), rembBody(random, source)]),
      );
    case 'app':
      return subPacket(random, 204, random(32), words(random, undefined, undefined));
    case 'xr':
      return subPacket(random, 207, 0, Buffer.concat([words(random, source()), ...xrBlocks(random, source)]));
    default:
      return subPacket(random, 192 + random(32), random(32), randomBytes(random, random(40)));
  }
}

/** Blocks of an extended report (RFC 3611), mostly DLRR. */
function xrBlocks(random: Random, source: () => number | undefined): Buffer[] {
  return Array.from({ length: count(random, 6) }, () => {
    const body = words(
      random,
      ...Array.from({ length: count(random, 4) }, () => [source(), undefined, undefined]).flat(),
    );
    const head = Buffer.from([chance(random, 70) ? 5 : random(256), 0, 0, 0]);
    put16(head, 2, chance(random, 85) ? body.length / 4 : pick(random, EDGES));
    return Buffer.concat([head, body]);
  });
}

function sdesChunks(random: Random, source: number | undefined): Buffer {
  const pieces = [words(random, source)];
  for (let items = count(random, 8); items > 0; items--) {
    const length = chance(random, 90) ? random(20) : pick(random, EDGES);
    pieces.push(
      Buffer.from([random(9), length]),
      randomBytes(random, chance(random, 90) ? length : random(8)),
    );
  }
  pieces.push(Buffer.alloc(random(5)));
  return Buffer.concat(pieces);
}

/** What stands behind the SSRCs of a TWCC feedback packet: base, count, time, chunks, deltas. */
function twccBody(random: Random): Buffer {
  const head = Buffer.alloc(8);
  const statuses = chance(random, 90) ? 1 + random(60) : random(65536);
  put16(head, 0, pick(random, START_SEQUENCES));
  put16(head, 2, statuses);
  put24(head, 4, random(2 ** 24));
  head[7] = random(256);
  const chunks: number[] = [];
  for (let covered = 0; covered < statuses && chunks.length < 40; covered += 14) {
    const run = (random(4) << 13) | random(chance(random, 90) ? 30 : 0x2000);
    chunks.push(pick(random, [run, 0x8000 | random(0x4000), 0xc000 | random(0x4000)]));
  }
  const body = Buffer.alloc(chunks.length * 2);
  for (const [index, chunk] of chunks.entries()) {
    put16(body, index * 2, chunk);
  }
  return Buffer.concat([head, body, randomBytes(random, random(80))]);
}

function rembBody(random: Random, source: () => number | undefined): Buffer {
  const named = count(random, 255);
  const head = Buffer.alloc(8);
  put32(head, 0, chance(random, 95) ? 0x52454d42 : random(2 ** 32));
  head[4] = chance(random, 90) ? named : pick(random, EDGES);
  put24(head, 5, random(2 ** 24));
  return Buffer.concat([head, words(random, ...Array.from({ length: Math.min(named, 40) }, source))]);
}

/** The twelve bytes of facts/style.md section 0: a CNAME that claims 255 bytes. */
export const ENDLESS_SDES = Buffer.from('81ca000212345678' + '01ff0000', 'hex');

// ---------------------------------------------------------------- payloads

/** A VP8 payload descriptor (RFC 7741) with any of its parts, and the start of a frame behind it. */
export function vp8Payload(random: Random, keyframe: boolean, pictureId: number): Buffer {
  const extended = chance(random, 85);
  const parts = extended ? (chance(random, 80) ? 0x80 : 0) | (random(16) << 4) : 0;
  const bytes = [(extended ? 0x80 : 0) | (chance(random, 5) ? 0x20 : 0) | 0x10 | count(random, 7)];
  if (extended) {
    bytes.push(parts);
    if ((parts & 0x80) !== 0) {
      const long = chance(random, 80);
      bytes.push(...(long ? [0x80 | ((pictureId >> 8) & 0x7f), pictureId & 0xff] : [pictureId & 0x7f]));
    }
    if ((parts & 0x40) !== 0) {
      bytes.push(random(256));
    }
    if ((parts & 0x30) !== 0) {
      bytes.push(random(256));
    }
  }
  bytes.push(keyframe ? 0x10 : 0x11, 0, 0);
  if (keyframe) {
    bytes.push(0x9d, 0x01, 0x2a, ...randomBytes(random, 4));
  }
  return Buffer.concat([Buffer.from(bytes), randomBytes(random, random(30))]);
}

/** A VP9 payload descriptor (RFC 9628) with any of its parts. */
export function vp9Payload(random: Random, keyframe: boolean, pictureId: number): Buffer {
  const parts = [0x80, 0x20, 0x10, 0x04, 0x02].reduce(
    (all, part) => (chance(random, 60) ? all | part : all),
    0,
  );
  const bytes = [parts | 0x08 | (keyframe ? 0 : 0x40)];
  if ((parts & 0x80) !== 0) {
    bytes.push(
      ...(chance(random, 80) ? [0x80 | ((pictureId >> 8) & 0x7f), pictureId & 0xff] : [pictureId & 0x7f]),
    );
  }
  if ((parts & 0x20) !== 0) {
    bytes.push(random(256), random(256));
  }
  return Buffer.concat([Buffer.from(bytes), randomBytes(random, random(30))]);
}

/** An AV1 aggregation header and rubbish behind it. */
export function av1Payload(random: Random, keyframe: boolean): Buffer {
  return Buffer.concat([Buffer.from([keyframe ? 0x08 : random(256)]), randomBytes(random, random(30))]);
}

const SPS = Buffer.from('6742c0158c8d40a0cbcf350606060784423500', 'hex');
const PPS = Buffer.from('68ce3c80', 'hex');

/** An H.264 payload (RFC 6184): single NAL unit, STAP-A or FU-A. */
export function h264Payload(random: Random, keyframe: boolean): Buffer {
  const slice = Buffer.concat([Buffer.from([keyframe ? 0x65 : 0x41]), randomBytes(random, random(40))]);
  switch (random(3)) {
    case 0:
      return slice;
    case 1: {
      const units = keyframe ? [SPS, PPS, slice] : [slice, slice];
      const pieces = units.flatMap((unit) => {
        const length = Buffer.alloc(2);
        put16(length, 0, chance(random, 90) ? unit.length : pick(random, [0, 1, 0xffff, random(65536)]));
        return [length, chance(random, 20) ? bitFlipped(random, unit) : unit];
      });
      return Buffer.concat([Buffer.from([0x78]), ...pieces]);
    }
    default:
      return Buffer.concat([Buffer.from([0x7c, pick(random, [0x80, 0x40, 0]) | (keyframe ? 5 : 1)]), slice]);
  }
}

function bitFlipped(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let flips = 1 + random(4); flips > 0; flips--) {
    const at = random(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
  }
  return copy;
}
