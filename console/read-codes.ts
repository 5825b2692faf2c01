/** Codes on a photo. Loaded with the first press. */
import type { CodeAnswer, ReadCode } from './code-worker.ts';
import workerUrl from './code-worker.ts?worker&url';
import { allowOwnScripts } from './own-scripts.ts';

/** A photo of 12 megapixels takes two seconds on a slow computer. */
const TIMEOUT_MS = 60_000;

/** @throws when they cannot be read at all; a photo without codes is an empty list */
export async function readCodes(photo: Blob): Promise<ReadCode[]> {
  allowOwnScripts();
  const worker = new Worker(workerUrl, { type: 'module' });
  try {
    const answer = await new Promise<CodeAnswer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<CodeAnswer>) => resolve(data);
      worker.onerror = () => reject(new Error('The reader of codes could not be loaded.'));
      setTimeout(() => reject(new Error('The reader of codes did not answer.')), TIMEOUT_MS);
      worker.postMessage(photo);
    });
    if ('failed' in answer) {
      throw new Error('The codes could not be read.');
    }
    return answer.codes;
  } finally {
    worker.terminate();
  }
}
