/** A real relay in its own process, on a free port and with its own data directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '..', '..', 'relay', 'main.js');
/** A busy machine loads two native libraries per worker; alone it takes about one second. */
const READY_TIMEOUT_MS = 60_000;

export const ADMIN = { email: 'admin@example.org', password: 'correct horse battery' };

export type RelayOptions = {
  args?: string[];
  env?: Record<string, string>;
  /** Kept by the caller; else a fresh one that `stop` removes. */
  dataDir?: string;
  port?: number;
};

export type RelayProcess = {
  /** `http://localhost:PORT`: a secure context for browsers, so cameras work. */
  origin: string;
  port: number;
  pid: number;
  dataDir: string;
  /** Lines of standard output so far. */
  output: string[];
  /** All of standard error so far, which is where the log goes. */
  log: string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when the process is gone. The data directory stays. */
  kill(): Promise<void>;
};

export type StartResult = { code: number | null; stdout: string; stderr: string };

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Each relay of a test run gets UDP ports of its own, below the kernel's ephemeral range. */
let nextMediaPort = 20_000 + (process.pid % 100) * 100;
function mediaPorts(): string {
  nextMediaPort = nextMediaPort >= 31_900 ? 20_000 : nextMediaPort + 100;
  return `${nextMediaPort}-${nextMediaPort + 99}`;
}

function launch(options: RelayOptions, port: number, dataDir: string): ChildProcess {
  return spawn(process.execPath, [MAIN, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      FERNBLICK_PORT: String(port),
      FERNBLICK_DATA_DIR: dataDir,
      FERNBLICK_MEDIA_WORKERS: '1',
      FERNBLICK_MEDIA_PORTS: mediaPorts(),
      FERNBLICK_ADMIN_EMAIL: ADMIN.email,
      FERNBLICK_ADMIN_PASSWORD: ADMIN.password,
      FERNBLICK_LOG_LEVEL: 'warn',
      // A test that stops its relay means now, whatever calls there are.
      FERNBLICK_DRAIN_SECONDS: '0',
      ...options.env,
    },
  });
}

function collect(child: ChildProcess): { stdout: () => string; stderr: () => string } {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return { stdout: () => stdout, stderr: () => stderr };
}

const exited = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve(child.exitCode);
    } else {
      child.once('exit', resolve);
    }
  });

/** Resolves once the relay printed `ready`. @throws with its output when it ends or takes too long */
export async function startRelay(options: RelayOptions = {}): Promise<RelayProcess> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'fernblick-test-'));
  const port = options.port ?? (await freePort());
  const child = launch(options, port, dataDir);
  const output = collect(child);
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL');
      reject(new Error(`relay ${why}\n${output.stdout()}\n${output.stderr()}`));
    };
    const timer = setTimeout(() => fail('not ready in time'), READY_TIMEOUT_MS);
    const endedEarly = (code: number | null) => {
      clearTimeout(timer);
      fail(`ended with ${code} before it was ready`);
    };
    child.once('exit', endedEarly);
    child.stdout?.on('data', () => {
      if (/^ready /m.test(output.stdout())) {
        clearTimeout(timer);
        child.removeListener('exit', endedEarly);
        resolve();
      }
    });
  });
  child.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
  return {
    origin: `http://localhost:${port}`,
    port,
    pid: child.pid ?? 0,
    dataDir,
    get output() {
      return output.stdout().split('\n');
    },
    get log() {
      return output.stderr();
    },
    async stop() {
      child.kill('SIGTERM');
      const code = await exited(child);
      if (options.dataDir === undefined) {
        rmSync(dataDir, { recursive: true, force: true });
      }
      return code;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited(child);
    },
  };
}

/** For starts that are meant to fail: everything it said and its exit code. */
export async function runRelayToEnd(options: RelayOptions): Promise<StartResult> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'fernblick-test-'));
  const child = launch(options, options.port ?? (await freePort()), dataDir);
  const output = collect(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS);
  const code = await exited(child);
  clearTimeout(timer);
  return { code, stdout: output.stdout(), stderr: output.stderr() };
}
