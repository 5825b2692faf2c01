/** Kind and size of an image, read from its first bytes. Pure; never throws; looks at nothing that it does not need. */
import type { PhotoType } from './protocol.ts';

/** So much of a file is enough: before the size of a JPEG stand its preview, its colour profile and notes of its maker. */
export const IMAGE_HEAD_BYTES = 1024 * 1024;

export type ImageHeader = { type: PhotoType; width: number; height: number };

const PNG_START = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
const JPEG_START = [0xff, 0xd8, 0xff] as const;

/** What the first bytes say it is; undefined for anything else than the three kinds that are taken. */
export function imageTypeOf(bytes: Uint8Array): PhotoType | undefined {
  if (startsWith(bytes, 0, JPEG_START)) {
    return 'image/jpeg';
  }
  if (startsWith(bytes, 0, PNG_START)) {
    return 'image/png';
  }
  return ascii(bytes, 0) === 'RIFF' && ascii(bytes, 8) === 'WEBP' ? 'image/webp' : undefined;
}

/** Undefined when it is no such image, or its size does not stand in these bytes. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const type = imageTypeOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = type && SIZE_OF[type](view, bytes);
  return type && size && size.width > 0 && size.height > 0 ? { type, ...size } : undefined;
}

type Size = { width: number; height: number };

const SIZE_OF: Record<PhotoType, (view: DataView, bytes: Uint8Array) => Size | undefined> = {
  'image/jpeg': jpegSize,
  'image/png': (view, bytes) =>
    bytes.length >= 24 && ascii(bytes, 12) === 'IHDR'
      ? { width: view.getUint32(16), height: view.getUint32(20) }
      : undefined,
  'image/webp': webpSize,
};

/** Of the first frame header (ITU-T T.81 B.2.2). */
function jpegSize(view: DataView): Size | undefined {
  for (let at = 2; at + 9 <= view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) {
      return undefined;
    }
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      // Fill bytes before a marker.
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    const length = view.getUint16(at + 2);
    // The scan, or the end, before any frame.
    if (marker === 0xda || marker === 0xd9 || length < 2) {
      return undefined;
    }
    at += 2 + length;
  }
  return undefined;
}

/** RFC 9649: extended, lossy and lossless. */
function webpSize(view: DataView, bytes: Uint8Array): Size | undefined {
  if (bytes.length < 30) {
    return undefined;
  }
  const u24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (ascii(bytes, 12)) {
    case 'VP8X':
      return { width: u24(24) + 1, height: u24(27) + 1 };
    case 'VP8 ':
      return startsWith(bytes, 23, [0x9d, 0x01, 0x2a])
        ? { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
        : undefined;
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return view.getUint8(20) === 0x2f
        ? { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
        : undefined;
    }
    default:
      return undefined;
  }
}

function startsWith(bytes: Uint8Array, at: number, expected: readonly number[]): boolean {
  return expected.every((byte, index) => bytes[at + index] === byte);
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
