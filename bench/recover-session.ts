/** The session that `recover` does harm to: a real relay with its workers, two real pages, and who brings them back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../test/support/chromium.ts';
import { ImpairedLink } from '../test/support/impairment-proxy.ts';
import { Customer, Technician } from '../test/support/people.ts';
import { type RelayProcess, startRelay } from '../test/support/relay-process.ts';
import { keepFrameLog, presentedSince } from './frame-log.ts';

/** Apart from those of the tests (test/support/relay-process.ts), and the same after each restart. */
const MEDIA_PORTS = '32000-32399';
const POLL_MS = 100;

/** What `/readyz` says of a worker. */
type WorkerState = { worker: number; pid?: number; state: string; peers: number };

export type RecoverSessionOptions = {
  workers: number;
  /** Puts both pages behind links whose addresses and sockets can be changed. */
  links: boolean;
};

/** Something that a page and the relay said to each other. */
type Word = { at: number; who: 'technician' | 'customer' | 'relay'; what: string };

export class RecoverSession {
  readonly #env: Record<string, string>;
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'fernblick-recover-'));
  readonly #stopped: number[] = [];
  readonly #words: Word[] = [];
  /** Whose socket has proved itself: until its first ping a page tries again less and less often. */
  readonly #proven = { technician: true, customer: true };
  #relay: RelayProcess | undefined;
  #browser: Browser | undefined;
  #people: { technician: Technician; customer: Customer } | undefined;
  links: { technician: ImpairedLink; customer: ImpairedLink } | undefined;

  private constructor(workers: number) {
    this.#env = {
      FERNBLICK_MEDIA_WORKERS: String(workers),
      FERNBLICK_MEDIA_PORTS: MEDIA_PORTS,
      // Losses are errors in its log, and meant here.
      FERNBLICK_LOG_LEVEL: 'silent',
    };
  }

  /** Resolves when the customer's picture is on the technician's screen. */
  static async open(options: RecoverSessionOptions): Promise<RecoverSession> {
    const session = new RecoverSession(options.workers);
    try {
      await session.#start(options.links);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  get technician(): Page {
    return this.#live.technician.page;
  }

  get customer(): Page {
    return this.#live.customer.page;
  }

  get #live() {
    if (!this.#relay || !this.#people) {
      throw new Error('the session is not open');
    }
    return { relay: this.#relay, ...this.#people };
  }

  async #start(links: boolean): Promise<void> {
    const relay = await startRelay({ dataDir: this.#dataDir, env: this.#env });
    this.#relay = relay;
    this.#browser = await launchChromium();
    if (links) {
      const open = () => ImpairedLink.open({ relayPort: relay.port });
      this.links = { technician: await open(), customer: await open() };
    }
    const at = (link: ImpairedLink | undefined) => link?.origin ?? relay.origin;
    const behind = (link: ImpairedLink | undefined) => (link ? { link } : {});
    const { technician: desk, customer: phone } = this.links ?? {};
    const technician = await Technician.signIn(this.#browser, at(desk), 'en', behind(desk));
    const pin = await technician.createPin();
    const customer = await Customer.open(this.#browser, at(phone), 'en', behind(phone));
    await customer.typePin(pin);
    await customer.join();
    await Promise.all([customer.mediaConnected(), technician.mediaConnected()]);
    await keepFrameLog(technician.page, technician.words.customerCamera);
    await technician.start();
    await technician.pictureArrives();
    this.#people = { technician, customer };
    await this.#overhear('technician', technician.page);
    await this.#overhear('customer', customer.page);
  }

  /** Keeps what page and relay say to each other about connections, also over a socket that is open already. */
  async #overhear(who: 'technician' | 'customer', page: Page): Promise<void> {
    const note = (what: string) => this.#words.push({ at: Date.now(), who, what });
    type Frame = { response: { payloadData: string } };
    const hear = ({ response }: Frame) => {
      const [, type] = /"type":"(offer|answer|closing|error|peer\w+)"/.exec(response.payloadData) ?? [];
      if (type !== undefined) {
        const [, code = ''] = /"code":"(\w+)"/.exec(response.payloadData) ?? [];
        note(`${type} ${code}`.trim());
      }
    };
    const devTools = await page.context().newCDPSession(page);
    await devTools.send('Network.enable');
    devTools.on('Network.webSocketCreated', () => {
      this.#proven[who] = false;
      note('socket');
    });
    devTools.on('Network.webSocketClosed', () => note('socket gone'));
    devTools.on('Network.webSocketFrameSent', (frame: Frame) => {
      this.#proven[who] ||= frame.response.payloadData.includes('"type":"ping"');
      hear(frame);
    });
    devTools.on('Network.webSocketFrameReceived', hear);
  }

  /** What was said after that time about sockets and connections, in ms since then: where the time goes. */
  wordsSince(sinceMs: number): string[] {
    return this.#words
      .filter(({ at }) => at >= sinceMs)
      .map(({ at, who, what }) => `${at - sinceMs} ${who}: ${what}`);
  }

  /** Frames on the technician's screen after that time, in epoch milliseconds. */
  frames(sinceMs: number): Promise<number[]> {
    return presentedSince(this.technician, sinceMs);
  }

  /** The relay dies without a word, and whoever looks after services starts it again at once. */
  async killFront(): Promise<void> {
    const { relay } = this.#live;
    await relay.kill();
    this.#relay = await startRelay({ dataDir: this.#dataDir, port: relay.port, env: this.#env });
    this.#words.push({ at: Date.now(), who: 'relay', what: 'ready' });
  }

  /** Sends a signal to the worker that has the session. */
  async signalWorker(signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
    const busy = (await this.workers()).find(({ peers }) => peers > 0);
    if (busy?.pid === undefined) {
      throw new Error('no worker has the session');
    }
    if (signal === 'SIGSTOP') {
      this.#stopped.push(busy.pid);
    }
    process.kill(busy.pid, signal);
  }

  async workers(): Promise<WorkerState[]> {
    const response = await fetch(`${this.#live.relay.origin}/readyz`);
    const { workers } = (await response.json()) as { workers: WorkerState[] };
    return workers;
  }

  /**
   * Waits until nothing is left of the last fault: all workers are ready, each page has one connection and no more,
   * hears the other, and has a socket that lasts. @returns what was still missing when the time was over
   */
  async settled(timeoutMs: number): Promise<string | undefined> {
    const deadline = performance.now() + timeoutMs;
    let missing = 'everything';
    let heard = [Number.NaN, Number.NaN];
    while (performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const workers = await this.workers().catch(() => []);
      const pages = await Promise.all([look(this.technician), look(this.customer)]);
      const idle = workers.filter(({ state }) => state !== 'ready').length;
      const peers = workers.reduce((sum, worker) => sum + worker.peers, 0);
      const silent = pages.findIndex(({ audio }, side) => !(audio > (heard[side] ?? Number.NaN)));
      heard = pages.map(({ audio }) => audio);
      if (workers.length === 0 || idle > 0) {
        missing = `${idle} of ${workers.length} workers are not ready`;
      } else if (peers !== 2 || pages.some(({ open }) => open !== 1)) {
        missing = `${peers} peers for connections of ${pages.map(({ open }) => open).join(' and ')}`;
      } else if (silent >= 0) {
        missing = `voice to the ${silent === 0 ? 'technician' : 'customer'}`;
      } else if (!this.#proven.technician || !this.#proven.customer) {
        missing = 'a socket that lasts';
      } else {
        return undefined;
      }
    }
    return missing;
  }

  /** What both pages and the relay show now, for whoever wants to know why a session was lost. */
  async diagnosis(): Promise<Record<string, unknown>> {
    const read = async (page: Page) => ({
      ...(await look(page)),
      // Through the shadow roots, as a screen reader hears it.
      text: await page
        .locator('body')
        .ariaSnapshot({ timeout: 2_000 })
        .then((text) => text.replaceAll(/\s+/g, ' ').slice(0, 1_000))
        .catch(String),
    });
    return {
      technician: await read(this.technician).catch(String),
      customer: await read(this.customer).catch(String),
      workers: await this.workers().catch(String),
    };
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    await this.links?.technician.close();
    await this.links?.customer.close();
    await this.#relay?.stop();
    for (const pid of this.#stopped) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The relay was quicker, as it should be.
      }
    }
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

/** Connections that a page has not closed, and the voice packets that it received on them. */
async function look(page: Page): Promise<{ open: number; states: string[]; audio: number }> {
  return page
    .evaluate(async () => {
      const { connections } = window as unknown as { connections: RTCPeerConnection[] };
      const open = connections.filter(({ connectionState }) => connectionState !== 'closed');
      let audio = 0;
      for (const connection of open) {
        for (const stats of (await connection.getStats()).values()) {
          audio +=
            stats.type === 'inbound-rtp' && stats.kind === 'audio' ? (stats.packetsReceived as number) : 0;
        }
      }
      return { open: open.length, states: open.map(({ connectionState }) => connectionState), audio };
    })
    .catch(() => ({ open: 0, states: [], audio: Number.NaN }));
}
