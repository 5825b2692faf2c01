/**
 * A photo as it may leave the phone: scaled down, and encoded anew from its pixels, so that place, time and device, which the
 * file names (Exif), stay behind. Loaded when the first photo is near, not with the page.
 */

import { withoutTraces } from './exif.ts';

/** Longer side and JPEG quality, best first: a type plate stays readable longer in a large picture with artefacts. */
const SIZES = [
  { side: 1600, quality: 0.8 },
  { side: 1600, quality: 0.65 },
  { side: 1280, quality: 0.6 },
  { side: 1280, quality: 0.45 },
  { side: 960, quality: 0.45 },
  { side: 800, quality: 0.4 },
  { side: 640, quality: 0.35 },
  { side: 480, quality: 0.3 },
] as const;

/** Undefined when the browser can make no picture of the file. */
export async function shrinkPhoto(
  file: Blob,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const url = URL.createObjectURL(file);
  const canvas = document.createElement('canvas');
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const longer = Math.max(image.naturalWidth, image.naturalHeight);
    for (const { side, quality } of longer > 0 ? SIZES : []) {
      const blob = await encode(image, canvas, Math.min(1, side / longer), quality);
      if (blob && blob.size <= maxBytes) {
        return new Uint8Array(await blob.arrayBuffer());
      }
    }
    return undefined;
  } catch {
    // Not an image, a broken one, or one in a format of another system.
    return undefined;
  } finally {
    URL.revokeObjectURL(url);
    canvas.width = 0;
  }
}

/** Browsers turn the picture as its file says when they draw it. */
function encode(
  image: HTMLImageElement,
  canvas: HTMLCanvasElement,
  scale: number,
  quality: number,
): Promise<Blob | null> {
  const width = Math.max(1, Math.round(image.naturalWidth * scale));
  const height = Math.max(1, Math.round(image.naturalHeight * scale));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) {
      return Promise.resolve(null);
    }
    context.imageSmoothingQuality = 'high';
    // What is transparent in the file is white, not black.
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, width, height);
    context.drawImage(image, 0, 0, width, height);
  }
  return new Promise((resolve) => {
    canvas.toBlob(resolve, 'image/jpeg', quality);
  });
}

/** A photo in its full size as it may leave the phone. */
export type PreparedPhoto = { blob: Blob; type: 'image/jpeg' | 'image/png' };

/** Of what is encoded anew because its format or its notes are not known well enough. */
const FULL_QUALITY = 0.95;

/**
 * In its full size, and of what the file says besides its pixels only what the customer has agreed to. Undefined when the
 * browser can make no picture of it.
 * @param withLocation the customer has agreed that the place is seen
 */
export async function preparedPhoto(file: Blob, withLocation: boolean): Promise<PreparedPhoto | undefined> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const clean = withoutTraces(bytes);
  if (clean) {
    const type = clean[0] === 0xff ? 'image/jpeg' : 'image/png';
    const blob = new Blob([withLocation ? bytes : clean], { type });
    // Cut off, or none behind its first bytes.
    return (await isPicture(blob)) ? { blob, type } : undefined;
  }
  const canvas = document.createElement('canvas');
  try {
    const image = await decoded(file);
    const blob = image && (await encode(image, canvas, 1, FULL_QUALITY));
    return blob ? { blob, type: 'image/jpeg' } : undefined;
  } finally {
    canvas.width = 0;
  }
}

async function isPicture(blob: Blob): Promise<boolean> {
  return (await decoded(blob)) !== undefined;
}

async function decoded(blob: Blob): Promise<HTMLImageElement | undefined> {
  const url = URL.createObjectURL(blob);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image.naturalWidth > 0 ? image : undefined;
  } catch {
    return undefined;
  } finally {
    URL.revokeObjectURL(url);
  }
}
