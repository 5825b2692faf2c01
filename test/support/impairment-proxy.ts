/**
 * Somebody's bad network between a real browser and a relay on this machine: media over UDP and the page's own
 * TCP connections go through one link, which the test changes at run time. Unprivileged, unlike tc and netem.
 *
 * `Technician.signIn(browser, link.origin, 'en', { link })` and `Customer.open(browser, link.origin, 'en', { link })`
 * put a page behind it (chromium.ts asks `candidate` for every candidate of the relay).
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type LinkDirection, type LinkSettings, openLink } from './impairment.ts';
import { carryStream, type Lateness, Wire } from './impairment-wire.ts';

const LOOPBACK = '127.0.0.1';
/** Small chunks of a video frame arrive together; the kernel's default of 208 kB is less than a queue of ours. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/** One local address of the browser, as the relay sees it. */
type Flow = { toRelay: DatagramSocket; address: string; port: number };

/** Where the browser thinks the relay is. */
type Door = { socket: DatagramSocket; relayAddress: string; relayPort: number; flows: Map<string, Flow> };

export type ImpairedLinkOptions = LinkSettings & {
  /** Port of the relay's pages and WebSocket. */
  relayPort: number;
  seed?: number;
};

export class ImpairedLink {
  /** Away from the page; `up.change({ lossShare: 0.1 })` takes effect with the next packet. */
  readonly up: LinkDirection;
  readonly down: LinkDirection;
  readonly #upWire: Wire;
  readonly #downWire: Wire;
  readonly #relayPort: number;
  readonly #server: Server;
  readonly #doors = new Map<string, Promise<Door>>();
  /** Sources that were given up: the relay's packets to them vanish there, as behind a NAT. */
  readonly #abandoned: DatagramSocket[] = [];
  readonly #streams = new Set<Socket>();
  #udpBlocked = false;
  #tcpCut = false;

  private constructor({ relayPort, seed = 1, ...settings }: ImpairedLinkOptions) {
    const { up, down } = openLink(settings, seed);
    this.up = up;
    this.down = down;
    this.#upWire = new Wire(up);
    this.#downWire = new Wire(down);
    this.#relayPort = relayPort;
    // Half-open, because each direction ends when its last segment has arrived.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (page) => this.#accept(page));
  }

  static async open(options: ImpairedLinkOptions): Promise<ImpairedLink> {
    const link = new ImpairedLink(options);
    link.#server.listen(0, LOOPBACK);
    await once(link.#server, 'listening');
    return link;
  }

  /** For the page to open instead of the relay's; a secure context like it. */
  get origin(): string {
    return `http://localhost:${this.#port}`;
  }

  /** The same address behind this link, for invitations that the relay wrote. */
  address(url: string): string {
    return url.replace(`localhost:${this.#relayPort}`, `localhost:${this.#port}`);
  }

  /** Both directions. */
  change(settings: Parameters<LinkDirection['change']>[0]): void {
    this.up.change(settings);
    this.down.change(settings);
  }

  /** Of both directions; figures of a run in which much was late say more of the machine than of the product. */
  get lateness(): Lateness {
    const [up, down] = [this.#upWire.lateness, this.#downWire.lateness];
    return {
      events: up.events + down.events,
      late: up.late + down.late,
      maxMs: Math.max(up.maxMs, down.maxMs),
    };
  }

  /** The relay's candidate with a door of this link in its place; undefined for what this link does not carry. */
  async candidate(line: string): Promise<string | undefined> {
    const fields = line.split(' ');
    const [, , protocol = '', , address = '', port = ''] = fields;
    if (protocol.toLowerCase() !== 'udp' || !/^\d+\.\d+\.\d+\.\d+$/.test(address)) {
      return undefined;
    }
    const key = `${address}:${port}`;
    const door = this.#doors.get(key) ?? this.#openDoor(address, Number(port));
    this.#doors.set(key, door);
    fields[4] = LOOPBACK;
    fields[5] = String((await door).socket.address().port);
    return fields.join(' ');
  }

  /** From now on the relay sees the page's packets come from other ports; what it sends to the old ones is lost. */
  async rebind(): Promise<void> {
    for (const door of this.#doors.values()) {
      for (const flow of (await door).flows.values()) {
        flow.toRelay.removeAllListeners('message');
        this.#abandoned.push(flow.toRelay);
        flow.toRelay = this.#openSource(await door, flow);
      }
    }
  }

  /** A firewall that lets only TCP through. */
  blockUdp(blocked: boolean): void {
    this.#udpBlocked = blocked;
  }

  /** Breaks the page's WebSocket and requests and refuses new ones; media goes on. */
  cutTcp(): void {
    this.#tcpCut = true;
    for (const stream of this.#streams) {
      stream.resetAndDestroy();
    }
  }

  restoreTcp(): void {
    this.#tcpCut = false;
  }

  async close(): Promise<void> {
    this.cutTcp();
    this.#server.close();
    this.#upWire.close();
    this.#downWire.close();
    for (const socket of this.#abandoned) {
      socket.close();
    }
    for (const door of this.#doors.values()) {
      const { socket, flows } = await door;
      socket.close();
      for (const { toRelay } of flows.values()) {
        toRelay.close();
      }
    }
    this.#doors.clear();
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async #openDoor(relayAddress: string, relayPort: number): Promise<Door> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: SOCKET_BUFFER_BYTES });
    const door: Door = { socket, relayAddress, relayPort, flows: new Map() };
    socket.on('message', (message, { address, port }) => {
      if (this.#udpBlocked) {
        this.up.counters.blackholed++;
        return;
      }
      const key = `${address}:${port}`;
      let flow = door.flows.get(key);
      if (flow === undefined) {
        const source = { address, port };
        flow = { ...source, toRelay: this.#openSource(door, source) };
        door.flows.set(key, flow);
      }
      const { toRelay } = flow;
      this.#upWire.datagram(message.length, () => toRelay.send(message, relayPort, relayAddress));
    });
    socket.bind(0, LOOPBACK);
    await once(socket, 'listening');
    return door;
  }

  /** Where the relay sees one of the browser's addresses. */
  #openSource(door: Door, { address, port }: { address: string; port: number }): DatagramSocket {
    const toRelay = createSocket({ type: 'udp4', recvBufferSize: SOCKET_BUFFER_BYTES });
    toRelay.on('message', (message) => {
      if (this.#udpBlocked) {
        this.down.counters.blackholed++;
        return;
      }
      this.#downWire.datagram(message.length, () => door.socket.send(message, port, address));
    });
    return toRelay;
  }

  #accept(page: Socket): void {
    if (this.#tcpCut) {
      page.resetAndDestroy();
      return;
    }
    const relay = connect({ port: this.#relayPort, host: LOOPBACK, allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [page, relay],
      [relay, page],
    ] as const) {
      this.#streams.add(socket);
      // A reset is told by `close`.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#streams.delete(socket);
        if (!other.destroyed && !socket.readableEnded) {
          other.destroy();
        }
      });
    }
    carryStream(this.#upWire, page, relay, (chunk) => this.#asForRelay(chunk));
    carryStream(this.#downWire, relay, page);
  }

  /** The relay refuses pages of another origin, and this one has another port. */
  #asForRelay(chunk: Buffer): Buffer {
    const here = `localhost:${this.#port}`;
    if (!/^[A-Z]{3,7} \//.test(chunk.toString('latin1', 0, 16)) || !chunk.includes(here)) {
      return chunk;
    }
    const text = chunk.toString('latin1').replaceAll(here, `localhost:${this.#relayPort}`);
    return Buffer.from(text, 'latin1');
  }
}
