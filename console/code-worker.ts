/** Reads bar codes and QR codes out of a photo, beside the page: WebAssembly, a second or two. The only importer of zxing-wasm. */
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url';

prepareZXingModule({ overrides: { locateFile: () => wasmUrl } });

export type ReadCode = { text: string; format: string };
export type CodeAnswer = { codes: ReadCode[] } | { failed: true };

self.onmessage = async ({ data }: MessageEvent<Blob>) => {
  let answer: CodeAnswer;
  try {
    const found = await readBarcodes(data, { tryHarder: true, maxNumberOfSymbols: 20 });
    answer = {
      codes: found
        .filter(({ isValid, text }) => isValid && text !== '')
        .map(({ text, format }) => ({ text, format })),
    };
  } catch {
    answer = { failed: true };
  }
  self.postMessage(answer);
};
