/**
 * What a photo says besides its pixels: place, time, device, and the maker's notes stay behind. JPEG and PNG are rewritten without
 * touching the picture itself, so nothing of its quality is lost. Pure; never throws.
 */

/** Start of a JPEG's segments that stay: the picture itself, JFIF, colour profile (ICC), Adobe's colour transform. */
const ICC = 'ICC_PROFILE\0';
const EXIF = 'Exif\0\0';
const ORIENTATION_TAG = 0x0112;
const PNG_START = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
/** Chunks of a PNG that stay: picture, palette, transparency, colours. Text, time and Exif go. */
const PNG_KEPT: ReadonlySet<string> = new Set([
  ...['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'cICP', 'sBIT', 'bKGD', 'pHYs'],
]);

/** The photo without what it says of place and device; undefined when it cannot be read well enough to be sure. */
export function withoutTraces(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    return cleanJpeg(bytes);
  }
  return PNG_START.every((byte, at) => bytes[at] === byte) ? cleanPng(bytes) : undefined;
}

/** Segments up to the end of the image (ITU-T T.81 B.1.1.4); what cameras write behind it, such as a video, goes too. */
function cleanJpeg(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 2)];
  let orientation: number | undefined;
  const rest: Uint8Array[] = [];
  for (let at = 2; at + 2 <= bytes.length; ) {
    if (bytes[at] !== 0xff) {
      return undefined;
    }
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xd9) {
      rest.push(bytes.subarray(at, at + 2));
      return joined([...kept, ...orientationSegment(orientation), ...rest]);
    }
    const end = at + 4 <= bytes.length ? at + 2 + view.getUint16(at + 2) : 0;
    if (end < at + 4 || end > bytes.length) {
      return undefined;
    }
    const segment = bytes.subarray(at, end);
    if (marker === 0xe1) {
      orientation ??= orientationOf(segment.subarray(4));
    } else if (staysInJpeg(marker, segment)) {
      // JFIF has to be the first one.
      (marker === 0xe0 ? kept : rest).push(segment);
    }
    at = end;
    if (marker === 0xda) {
      const scanEnd = endOfScan(bytes, at);
      rest.push(bytes.subarray(at, scanEnd));
      at = scanEnd;
    }
  }
  return undefined;
}

function staysInJpeg(marker: number, segment: Uint8Array): boolean {
  if (marker === 0xfe) {
    return false;
  }
  const isApplication = marker >= 0xe0 && marker <= 0xef;
  if (!isApplication || marker === 0xee) {
    return true;
  }
  if (marker === 0xe0) {
    // Its other form, JFXX, is a preview.
    return asciiAt(segment, 4, 5) === 'JFIF\0';
  }
  return marker === 0xe2 && asciiAt(segment, 4, ICC.length) === ICC;
}

/** Of the coded picture: up to the next marker that is neither a stuffed byte nor a restart. */
function endOfScan(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at += 1) {
    at = bytes.indexOf(0xff, at);
    if (at === -1 || at + 1 >= bytes.length) {
      return bytes.length;
    }
    const next = bytes[at + 1] ?? 0;
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) {
      return at;
    }
  }
}

/** 1 to 8; undefined when the Exif block does not say it. */
function orientationOf(content: Uint8Array): number | undefined {
  if (asciiAt(content, 0, EXIF.length) !== EXIF) {
    return undefined;
  }
  const tiff = content.subarray(EXIF.length);
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = asciiAt(tiff, 0, 2);
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) {
    return undefined;
  }
  const little = order === 'II';
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) {
    return undefined;
  }
  const entries = view.getUint16(directory, little);
  for (let at = directory + 2, left = entries; left > 0 && at + 12 <= tiff.length; at += 12, left -= 1) {
    if (view.getUint16(at, little) === ORIENTATION_TAG) {
      const value = view.getUint16(at + 8, little);
      return value >= 1 && value <= 8 ? value : undefined;
    }
  }
  return undefined;
}

/** An Exif block that says how the picture is turned, and nothing else. */
function orientationSegment(orientation: number | undefined): Uint8Array[] {
  if (orientation === undefined || orientation === 1) {
    return [];
  }
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  const content = [...EXIF].map((letter) => letter.charCodeAt(0)).concat(tiff, [0, 0, 0, 0]);
  return [Uint8Array.of(0xff, 0xe1, 0, content.length + 2, ...content)];
}

function cleanPng(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) {
      return undefined;
    }
    const name = asciiAt(bytes, at + 4, 4);
    if (PNG_KEPT.has(name)) {
      kept.push(bytes.subarray(at, end));
    }
    if (name === 'IEND') {
      return joined(kept);
    }
    at = end;
  }
  return undefined;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function asciiAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
