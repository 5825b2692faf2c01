/**
 * `npm test`: two runs of tap beside each other. Tests in browsers keep processors busy, the others mostly wait for time-outs, kills and
 * disks: two of the one kind and one of the other at a time leave neither processors nor people waiting.
 */
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const TESTS = join('dist', 'test');
const IN_BROWSERS = join(TESTS, 'e2e');

const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join(TESTS, name))
  .sort();

/** @returns its exit code */
function tap(paths: readonly string[], jobs: number, out: 'inherit' | 'pipe', log?: string): Promise<number> {
  const child = spawn('tap', [`--jobs=${jobs}`, ...paths], { stdio: ['ignore', out, out] });
  if (log !== undefined) {
    const file = createWriteStream(log);
    child.stdout?.pipe(file, { end: false });
    child.stderr?.pipe(file, { end: false });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

const folder = mkdtempSync(join(tmpdir(), 'fernblick-tests-'));
const log = join(folder, 'rest.tap');
const rest = tap(
  files.filter((path) => !path.startsWith(IN_BROWSERS)),
  1,
  'pipe',
  log,
);
const inBrowsers = await tap(
  files.filter((path) => path.startsWith(IN_BROWSERS)),
  2,
  'inherit',
);
const code = Math.max(inBrowsers, await rest);
// One after the other, so that each can be read.
await pipeline(createReadStream(log), process.stdout, { end: false });
rmSync(folder, { recursive: true });
process.exitCode = code;
