/**
 * Printed text on a photo, German and English. The only importer of tesseract.js; its worker, its core and what it knows of the
 * languages are files of this page, some 10 MB, loaded with the first press and kept by the browser.
 */
import german from '@tesseract.js-data/deu/4.0.0_best_int/deu.traineddata.gz?url';
import english from '@tesseract.js-data/eng/4.0.0_best_int/eng.traineddata.gz?url';
import { createWorker, OEM } from 'tesseract.js';
import workerUrl from 'tesseract.js/dist/worker.min.js?url';
import coreUrl from 'tesseract.js-core/tesseract-core-simd-lstm.wasm.js?url';
import { allowOwnScripts } from './own-scripts.ts';

/** Longer sides only take longer: printed text has some 30 pixels of height then. */
const SIDE_MAX = 2_600;
/** A full page on a slow computer. */
const TIMEOUT_MS = 90_000;

/** Lines that were read, the empty ones left out. @param progress from 0 to 1 @throws when nothing could be read at all */
export async function readText(photo: Blob, progress: (share: number) => void): Promise<string[]> {
  allowOwnScripts();
  const worker = await inTime(
    createWorker([german, english].map(languageOf), OEM.LSTM_ONLY, {
      langPath: german.slice(0, german.lastIndexOf('/')),
      // It is compressed all the same, and seen to be by its first bytes.
      gzip: false,
      workerPath: workerUrl,
      workerBlobURL: false,
      corePath: coreUrl,
      cacheMethod: 'none',
      logger: ({ status, progress: share }) => {
        if (status === 'recognizing text') {
          progress(share);
        }
      },
    }),
  );
  try {
    const { data } = await inTime(worker.recognize(await scaled(photo)));
    return data.text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } finally {
    await worker.terminate();
  }
}

/** The library puts the name of the file together again, and has no other use for that of the language. */
function languageOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1).replace('.traineddata', '');
}

/** What cannot begin is told by the library on its console only. */
function inTime<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<T>((_, reject) => {
      setTimeout(() => reject(new Error('The reader of text did not answer.')), TIMEOUT_MS);
    }),
  ]);
}

/** Upright, as the technician sees it. */
async function scaled(photo: Blob): Promise<HTMLCanvasElement> {
  const picture = await createImageBitmap(photo, { imageOrientation: 'from-image' });
  const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext('2d', { alpha: false })?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return canvas;
}
