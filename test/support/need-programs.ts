/** Before the tests: gets the programs that they run beside Node where that is possible without asking, else says what to install. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

type Program = {
  name: string;
  /** Of the environment, for a path of the caller's own, which is not ours to fill. */
  variable: string;
  path: string;
  /** Of Debian. */
  package: string;
  /** Where systemd runs, the package starts a server that listens on all addresses: not without being asked. */
  isService: boolean;
};

const PROGRAMS: readonly Program[] = [
  {
    name: 'Chromium',
    variable: 'CHROMIUM',
    path: '/usr/bin/chromium',
    package: 'chromium',
    isService: false,
  },
  { name: 'coturn', variable: 'TURNSERVER', path: '/usr/bin/turnserver', package: 'coturn', isService: true },
];

function install({ name, package: debianPackage, isService }: Program): void {
  const mayInstall =
    process.getuid?.() === 0 &&
    existsSync('/usr/bin/apt-get') &&
    !(isService && existsSync('/run/systemd/system'));
  if (!mayInstall) {
    return;
  }
  console.error(`${name} is missing; installing it with apt-get …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (args: string[]) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (run(['-q', 'update']).status === 0) {
    run(['-q', '-y', '--no-install-recommends', 'install', debianPackage]);
  }
}

for (const program of PROGRAMS) {
  const own = process.env[program.variable];
  if (own === undefined && !existsSync(program.path)) {
    install(program);
  }
  const path = own ?? program.path;
  if (!existsSync(path)) {
    console.error(
      `The tests need ${program.name} at ${path}. On Debian: apt-get install ${program.package}. Elsewhere set ${program.variable} to its path.`,
    );
    process.exitCode = 1;
  }
}
