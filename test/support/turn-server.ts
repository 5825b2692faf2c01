/** Debian's coturn with the configuration that relay/turnserver.conf documents, on loopback. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lanCertificate } from '../../relay/tls.ts';
import { until } from './media-probe.ts';
import { freePort } from './relay-process.ts';

const DOCUMENTED = join(import.meta.dirname, '..', '..', '..', 'relay', 'turnserver.conf');
const EXECUTABLE = process.env['TURNSERVER'] ?? '/usr/bin/turnserver';

export type TurnServer = {
  /** As for `FERNBLICK_TURN_URLS`: TLS over TCP, with a certificate that nobody knows. */
  url: string;
  port: number;
  secret: string;
  realm: string;
  pid: number;
  /** Everything that it logged so far. */
  log(): string;
  stop(): Promise<void>;
};

/** The documented configuration with other values for some of its lines; each has to be there. */
function configuration(values: Record<string, string>, more: readonly string[]): string {
  const unused = new Set(Object.keys(values));
  const lines = readFileSync(DOCUMENTED, 'utf8')
    .split('\n')
    .map((line) => {
      const name = line.split('=')[0] ?? '';
      const value = values[name];
      return value !== undefined && unused.delete(name) ? `${name}=${value}` : line;
    });
  if (unused.size > 0) {
    throw new Error(`relay/turnserver.conf does not have ${[...unused].join(', ')}`);
  }
  return [...lines, ...more, ''].join('\n');
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * Resolves when it takes connections.
 * @param options.allowedPeer the address that may be reached through it
 * @throws with its output when it ends or takes too long
 */
export async function startTurnServer(options: { allowedPeer?: string } = {}): Promise<TurnServer> {
  const dir = mkdtempSync(join(tmpdir(), 'fernblick-turn-'));
  const [{ certFile, keyFile }, port] = await Promise.all([lanCertificate(dir, []), freePort()]);
  const secret = 'the north wind and the sun';
  const realm = 'turn.example.org';
  const file = join(dir, 'turnserver.conf');
  writeFileSync(
    file,
    configuration(
      {
        realm,
        cert: certFile,
        pkey: keyFile,
        'listening-ip': '127.0.0.1',
        'tls-listening-port': String(port),
        'relay-ip': '127.0.0.1',
        'allowed-peer-ip': options.allowedPeer ?? '127.0.0.1',
        'static-auth-secret': secret,
      },
      // The relay under test is on loopback, which coturn refuses otherwise whatever is allowed; the other two would lie in /var.
      ['allow-loopback-peers', `userdb=${join(dir, 'turndb')}`, `pidfile=${join(dir, 'turnserver.pid')}`],
    ),
  );
  const child = spawn(EXECUTABLE, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'], cwd: dir });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await until('the TURN server to take connections', () => {
      if (child.exitCode !== null) {
        throw new Error(`turnserver ended with ${child.exitCode}`);
      }
      return accepts(port);
    });
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${log}`);
  }
  return {
    url: `turns:localhost:${port}?transport=tcp`,
    port,
    secret,
    realm,
    pid: child.pid ?? 0,
    log: () => log,
    stop,
  };
}
