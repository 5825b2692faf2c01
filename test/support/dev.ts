/** `npm run dev`: compilers and bundlers that watch, and a relay that restarts with them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const BUILT = ['dist/relay/main.js', 'dist/pages/capture/index.html', 'dist/pages/console/index.html'];
const POLL_MS = 300;

const bin = (name: string) => `node_modules/.bin/${name}`;
const run = (command: string, args: string[]) => spawn(command, args, { stdio: 'inherit' });

const children = [
  run(bin('tsc'), ['-b', '--watch', '--preserveWatchOutput']),
  run(bin('vite'), ['build', '--watch', '--config', 'capture/vite.config.ts']),
  run(bin('vite'), ['build', '--watch', '--config', 'console/vite.config.ts']),
];
while (!BUILT.every((path) => existsSync(path))) {
  await delay(POLL_MS);
}
children.push(
  run(process.execPath, [
    '--watch-path=dist/relay',
    '--watch-path=dist/pages',
    'dist/relay/main.js',
    '--drain-seconds=0',
    ...process.argv.slice(2),
  ]),
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const child of children) {
      child.kill(signal);
    }
    process.exit(0);
  });
}
