/**
 * A Janus gateway of our own for `bench forward --vs janus`: Debian's package, started with a configuration written
 * for this run, and its WebSocket API (https://janus.conf.meetecho.com/docs/rest.html).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { benchAddress } from './private-network.ts';
import { ended, pidOf, within } from './subject.ts';

const JANUS_FILE = '/usr/bin/janus';
const API_PORT = 18_188;
const API_RETRY_MS = 100;
const EVENT_LOOPS = 2;

/** Where Debian keeps the plugins: /usr/lib/x86_64-linux-gnu/janus or that of another machine. */
const LIBRARIES = '/usr/lib';

/** @returns what to do when Janus is not there */
export function missingJanus(): string | undefined {
  return existsSync(JANUS_FILE)
    ? undefined
    : 'Janus is not installed: on Debian or Ubuntu it comes with `apt-get install --no-install-recommends janus`; ' +
        'or measure without it: `--vs prototype`.';
}

/** What Janus answers, as far as it is used here. */
export type JanusReply = {
  janus: string;
  transaction?: string;
  sender?: number;
  data?: { id: number };
  error?: { reason: string };
  jsep?: { type: 'offer' | 'answer'; sdp: string };
  plugindata?: { data: { error?: string } & Record<string, unknown> };
};

type Waiting = {
  resolve: (reply: JanusReply) => void;
  reject: (error: Error) => void;
  /** Else `ack` only says that the plugin will answer later, under the same transaction. */
  isAckEnough: boolean;
};

export class JanusServer {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #onWebrtcUp = new Map<number, () => void>();
  #transactions = 0;
  #session = 0;

  private constructor(child: ChildProcess, directory: string, socket: WebSocket) {
    this.#child = child;
    this.#directory = directory;
    this.#socket = socket;
    socket.on('message', (data) => this.#take(JSON.parse(String(data)) as JanusReply));
  }

  static async start(): Promise<JanusServer> {
    const directory = mkdtempSync(join(tmpdir(), 'fernblick-janus-'));
    writeConfiguration(directory);
    const child = spawn(JANUS_FILE, ['--configs-folder', directory], { stdio: 'ignore' });
    try {
      const socket = await within(connectApi(child), 'Janus to start');
      const server = new JanusServer(child, directory, socket);
      server.#session = (await server.request({ janus: 'create' })).data?.id ?? 0;
      return server;
    } catch (error) {
      child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get pid(): number {
    return pidOf(this.#child);
  }

  /** A handle of the videoroom plugin: one room's control, one publisher or one subscriber. */
  async attach(): Promise<number> {
    const { data } = await this.request({ janus: 'attach', plugin: 'janus.plugin.videoroom' });
    return data?.id ?? 0;
  }

  /** @throws what Janus or its plugin says is wrong */
  async message(
    handle: number,
    body: Record<string, unknown>,
    jsep?: { type: 'offer' | 'answer'; sdp: string },
  ): Promise<JanusReply> {
    const reply = await this.request({
      janus: 'message',
      handle_id: handle,
      body,
      ...(jsep !== undefined && { jsep }),
    });
    const error = reply.plugindata?.data.error;
    if (error !== undefined) {
      throw new Error(`Janus: ${String(body['request'])}: ${error}`);
    }
    return reply;
  }

  /** One candidate of ours, or that there are no more. */
  async trickle(handle: number, candidate: Record<string, unknown>): Promise<void> {
    await this.#request({ janus: 'trickle', handle_id: handle, candidate }, true);
  }

  request(command: Record<string, unknown>): Promise<JanusReply> {
    return this.#request(command, false);
  }

  #request(command: Record<string, unknown>, isAckEnough: boolean): Promise<JanusReply> {
    const transaction = String(++this.#transactions);
    const session = this.#session === 0 ? {} : { session_id: this.#session };
    this.#socket.send(JSON.stringify({ ...command, ...session, transaction }));
    return new Promise((resolve, reject) => this.#waiting.set(transaction, { resolve, reject, isAckEnough }));
  }

  async stop(): Promise<void> {
    this.#socket.terminate();
    this.#child.kill('SIGTERM');
    await ended(this.#child);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Resolves once Janus has media of this handle's peer; before that a publisher is no feed for subscribers. */
  webrtcUp(handle: number): Promise<void> {
    return new Promise((resolve) => this.#onWebrtcUp.set(handle, resolve));
  }

  #take(reply: JanusReply): void {
    if (reply.janus === 'webrtcup' && reply.sender !== undefined) {
      this.#onWebrtcUp.get(reply.sender)?.();
      this.#onWebrtcUp.delete(reply.sender);
      return;
    }
    const waiting = this.#waiting.get(reply.transaction ?? '');
    if (waiting === undefined || (reply.janus === 'ack' && !waiting.isAckEnough)) {
      return;
    }
    this.#waiting.delete(reply.transaction ?? '');
    if (reply.janus === 'error') {
      waiting.reject(new Error(`Janus: ${reply.error?.reason ?? 'unknown error'}`));
    } else {
      waiting.resolve(reply);
    }
  }
}

async function connectApi(child: ChildProcess): Promise<WebSocket> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = new WebSocket(`ws://127.0.0.1:${API_PORT}`, 'janus-protocol');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('open', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (open) {
      return socket;
    }
    await new Promise((resolve) => setTimeout(resolve, API_RETRY_MS));
  }
  throw new Error('Janus ended right after its start.');
}

/** Only the videoroom, only WebSockets, two event loops, nothing logged: how one would run it for speed. */
function writeConfiguration(directory: string): void {
  const library = readdirSync(LIBRARIES)
    .map((name) => join(LIBRARIES, name, 'janus'))
    .find((path) => existsSync(path));
  const section = (name: string, lines: Record<string, string | number | boolean>) =>
    `${name}: {\n${Object.entries(lines)
      .map(([key, value]) => `  ${key} = ${typeof value === 'string' ? `"${value}"` : value}\n`)
      .join('')}}\n`;
  const write = (name: string, ...sections: string[]) =>
    writeFileSync(join(directory, name), sections.join(''));
  write(
    'janus.jcfg',
    section('general', {
      configs_folder: directory,
      plugins_folder: join(library ?? LIBRARIES, 'plugins'),
      transports_folder: join(library ?? LIBRARIES, 'transports'),
      events_folder: join(library ?? LIBRARIES, 'events'),
      loggers_folder: join(library ?? LIBRARIES, 'loggers'),
      debug_level: 1,
      // Else a session without keepalives would end in the middle of a long run.
      session_timeout: 0,
      event_loops: EVENT_LOOPS,
    }),
    section('media', { ipv6: false, rtp_port_range: '30000-34000' }),
    section('nat', { ice_enforce_list: benchAddress(), ignore_mdns: true }),
    section('plugins', { disable: others(join(library ?? LIBRARIES, 'plugins'), 'libjanus_videoroom') }),
    section('transports', {
      disable: others(join(library ?? LIBRARIES, 'transports'), 'libjanus_websockets'),
    }),
    section('events', { broadcast: false }),
  );
  write(
    'janus.transport.websockets.jcfg',
    section('general', { json: 'compact', ws: true, ws_port: API_PORT, ws_ip: '127.0.0.1', wss: false }),
    section('admin', { admin_ws: false, admin_wss: false }),
  );
  write('janus.plugin.videoroom.jcfg', section('general', { events: false, string_ids: false }));
}

function others(folder: string, wanted: string): string {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return [...new Set(files.filter((file) => !file.startsWith(wanted) && /\.so$/.test(file)))].join(',');
}
