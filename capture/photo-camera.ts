/** The best still that the open camera gives, without closing it. Loaded when the first photo is wanted. */
import { cameraStills } from '../relay/client/stills.ts';

/** Not in TypeScript's library of the DOM (W3C Image Capture, 2024). */
type ImageCaptureLike = {
  takePhoto(settings?: { imageWidth?: number; imageHeight?: number }): Promise<Blob>;
  getPhotoCapabilities(): Promise<{ imageWidth?: { max?: number }; imageHeight?: { max?: number } }>;
};
type ImageCaptureConstructor = new (track: MediaStreamTrack) => ImageCaptureLike;

/** A phone that focuses and exposes anew takes a second or two; one that hangs must not block the next try. */
const TAKE_TIMEOUT_MS = 10_000;
/** Larger than any phone's video; the browser gives the nearest that the camera has. */
const LARGEST = { width: { ideal: 4096 }, height: { ideal: 3072 } } as const;
/** Until a picture of the new size comes. */
const RESIZE_TIMEOUT_MS = 3_000;
const POLL_MS = 50;
const QUALITY = 0.95;

/** Undefined when the camera has no picture. */
export async function takePhoto(track: MediaStreamTrack): Promise<Blob | undefined> {
  return (await captured(track).catch(() => undefined)) ?? (await grabbed(track));
}

/** By the camera's own photo mode, where the browser knows it. */
async function captured(track: MediaStreamTrack): Promise<Blob | undefined> {
  const { ImageCapture } = globalThis as { ImageCapture?: ImageCaptureConstructor };
  if (!ImageCapture) {
    return undefined;
  }
  const capture = new ImageCapture(track);
  const { imageWidth, imageHeight } = await inTime(capture.getPhotoCapabilities());
  const settings = {
    ...(imageWidth?.max && { imageWidth: imageWidth.max }),
    ...(imageHeight?.max && { imageHeight: imageHeight.max }),
  };
  // Some cameras name sizes that they then refuse.
  const photo = await inTime(capture.takePhoto(settings)).catch(() => inTime(capture.takePhoto()));
  return photo.size > 0 ? photo : undefined;
}

/** A frame of the video at the largest size that it can have; afterwards it is as before. */
async function grabbed(track: MediaStreamTrack): Promise<Blob | undefined> {
  const before = track.getConstraints();
  const { width = 0, height = 0 } = track.getSettings();
  await track.applyConstraints({ ...before, ...LARGEST }).catch(() => undefined);
  const source = cameraStills(track);
  try {
    const wanted = track.getSettings();
    const isLarger = (wanted.width ?? 0) * (wanted.height ?? 0) > width * height;
    const deadline = performance.now() + RESIZE_TIMEOUT_MS;
    let size = source.size();
    while (track.readyState === 'live' && performance.now() < deadline) {
      size = source.size();
      if (size && (!isLarger || size.width * size.height > width * height)) {
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const jpeg = size && (await source.jpeg(size, QUALITY));
    return jpeg && new Blob([new Uint8Array(jpeg)], { type: 'image/jpeg' });
  } finally {
    source.close();
    await track.applyConstraints(before).catch(() => undefined);
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<T>((_, reject) => {
      setTimeout(() => reject(new Error('The camera did not answer.')), TAKE_TIMEOUT_MS);
    }),
  ]);
}
