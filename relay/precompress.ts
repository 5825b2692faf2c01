/** Build step: writes `.br` and `.gz` beside every page file that gains from it, so that serving costs nothing. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const COMPRESSIBLE = /\.(html|js|css|svg|json|webmanifest)$/;
/** Below one packet's payload compression saves no round trip. */
const MIN_BYTES = 1200;

const LARGE_BYTES = 1_000_000;

const folder = join(import.meta.dirname, '..', 'pages');
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) {
    continue;
  }
  const bytes = readFileSync(path);
  if (bytes.length < MIN_BYTES) {
    continue;
  }
  // The best quality takes ten seconds for some megabytes.
  const best = bytes.length > LARGE_BYTES ? 5 : constants.BROTLI_MAX_QUALITY;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: best } };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, quality));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
