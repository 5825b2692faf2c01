/** Fuzz targets for photos: the frames in which they come, the header that the relay reads, the traces that the phone removes. */
import { withoutTraces } from '../../capture/exif.ts';
import { imageTypeOf, readImageHeader } from '../../relay/image-header.ts';
import { readPhotoPart } from '../../relay/photo-part.ts';
import { ERRORS, PHOTO_HEADER_BYTES, PHOTO_PART_MAX_BYTES } from '../../relay/protocol.ts';
import { chance, type Random, randomBytes } from './random.ts';
import type { FuzzTarget } from './target.ts';

const SLOWEST_MS = 500;
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const EXIF = '457869660000 4d4d002a00000008 0001 0112 0003 00000001 0006 0000 00000000';
/** Small, and with everything that the readers look at. */
const IMAGES = [
  hex(
    `ffd8 ffe1 0022 ${EXIF} ffe0 0007 4a46494600 ffc0 0011 080bb80fa0 03 012200021101031101 ffda 0004 0000 12ff00ffd034 ffd9`,
  ),
  hex('89504e470d0a1a0a 0000000d 49484452 00000fa000000bb8 0802000000 00000000 00000000 49454e44 ae426082'),
  hex(`52494646 16000000 57454250 56503858 0a000000 00000000 9f0f00b70b00 ${'00'.repeat(8)}`),
  hex(`52494646 16000000 57454250 5650384c 0a000000 2f9fcfed02 ${'00'.repeat(12)}`),
];

const parts: FuzzTarget = {
  name: 'photo-parts',
  about: 'parts of a photo over the WebSocket',
  corpora: ['photo-parts'],
  decides: true,
  maxBytes: 140_000,
  seeds: [hex('03 00000007 408f480000000000 00000001 00000000 ffd8ffe0'), hex('03ffffffff00000001')],
  slowestMs: SLOWEST_MS,
  make: (random) => {
    const length = chance(random, 10) ? PHOTO_PART_MAX_BYTES + random(10) - 5 : random(100);
    return Buffer.concat([
      Buffer.from(randomBytes(random, chance(random, 80) ? PHOTO_HEADER_BYTES : random(PHOTO_HEADER_BYTES))),
      Buffer.alloc(length, random(256)),
    ]);
  },
  run: (input) => {
    const read = readPhotoPart(input);
    const hasId = Number.isInteger(read.id) && read.id >= 0 && read.id < 2 ** 32;
    if (!read.ok) {
      return { complaints: hasId && Object.hasOwn(ERRORS, read.code) ? [] : [JSON.stringify(read)] };
    }
    const { bytes, photoId, offset } = read.part;
    const isWhole = Buffer.from(bytes).equals(input.subarray(PHOTO_HEADER_BYTES));
    const fits = bytes.length > 0 && bytes.length <= PHOTO_PART_MAX_BYTES;
    const isCounted = photoId < 2 ** 32 && offset < 2 ** 32;
    return { complaints: hasId && isWhole && fits && isCounted ? [] : ['not what was sent'], accepted: true };
  },
};

function spoiledImage(random: Random): Buffer {
  const image = Buffer.from(IMAGES[random(IMAGES.length)] ?? []);
  for (let changes = random(6); changes > 0; changes--) {
    image[random(image.length)] = random(256);
  }
  const cut = chance(random, 20) ? image.subarray(0, random(image.length)) : image;
  return chance(random, 30) ? Buffer.concat([cut, Buffer.from(randomBytes(random, random(60)))]) : cut;
}

const headers: FuzzTarget = {
  name: 'image-headers',
  about: 'first bytes of files that say to be photos',
  corpora: ['image-headers'],
  decides: true,
  maxBytes: 4_000,
  seeds: IMAGES,
  slowestMs: SLOWEST_MS,
  make: spoiledImage,
  run: (input) => {
    const header = readImageHeader(input);
    if (!header) {
      return { complaints: [] };
    }
    const { type, width, height } = header;
    const isSize = [width, height].every((side) => Number.isInteger(side) && side > 0 && side < 2 ** 32);
    return {
      complaints: isSize && type === imageTypeOf(input) ? [] : [JSON.stringify(header)],
      accepted: true,
    };
  },
};

const traces: FuzzTarget = {
  name: 'photo-traces',
  about: 'photos from which place and device are taken away',
  corpora: ['photo-traces'],
  decides: true,
  maxBytes: 4_000,
  seeds: IMAGES.slice(0, 2),
  slowestMs: SLOWEST_MS,
  make: spoiledImage,
  run: (input) => {
    const clean = withoutTraces(input);
    if (!clean) {
      return { complaints: [] };
    }
    const again = withoutTraces(clean);
    const complaints = [];
    if (!again || !Buffer.from(again).equals(Buffer.from(clean))) {
      complaints.push('what is clean is not clean');
    }
    if (clean.length > input.length + 40) {
      complaints.push('larger than before');
    }
    return { complaints, accepted: true };
  },
};

export const PHOTO_TARGETS: readonly FuzzTarget[] = [parts, headers, traces];
