/** Before the tests: gets Chromium where that is possible without asking, else says what to install. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PATH = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

function install(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    return false;
  }
  console.error('Chromium is missing; installing it with apt-get …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (args: string[]) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return (
    run(['-q', 'update']).status === 0 &&
    run(['-q', '-y', '--no-install-recommends', 'install', 'chromium']).status === 0
  );
}

// A path of the caller's own is not ours to fill.
const ours = process.env['CHROMIUM'] === undefined;
if (!existsSync(PATH) && !(ours && install() && existsSync(PATH))) {
  console.error(
    `The browser tests need Chromium at ${PATH}. On Debian: apt-get install chromium. Elsewhere set CHROMIUM to its path.`,
  );
  process.exit(1);
}
