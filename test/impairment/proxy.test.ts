/**
 * The proxy that puts a page behind a bad network. Real: its UDP and TCP sockets and the kernel's clock. Faked: page and
 * relay are plain sockets here; test/e2e/impaired.test.ts has the real ones. Bounds of time are wide, because other
 * tests share the processor; what is exact is tested in virtual time (link.test.ts).
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import t, { type Test } from 'tap';
import type { LinkSettings } from '../support/impairment.ts';
import { ImpairedLink } from '../support/impairment-proxy.ts';
import { until } from '../support/media-probe.ts';

type Arrival = { n: number; delayMs: number; sourcePort: number };

/** A page's and the relay's socket with a link between them, and everything that arrived at either. */
async function open(t: Test, settings: LinkSettings = {}) {
  const relay = createSocket('udp4');
  relay.bind(0, '127.0.0.1');
  await once(relay, 'listening');
  const link = await ImpairedLink.open({ ...settings, relayPort: 9, seed: 5 });
  const candidate = await link.candidate(
    `candidate:1 1 UDP 2122317823 127.0.0.1 ${relay.address().port} typ host`,
  );
  const doorPort = Number(candidate?.split(' ')[5]);
  const page = createSocket('udp4');
  page.bind(0, '127.0.0.1');
  await once(page, 'listening');
  t.teardown(async () => {
    await link.close();
    page.close();
    relay.close();
  });
  const atRelay = collect(relay);
  const atPage = collect(page);
  const fromPage = (n: number, bytes = 100) => page.send(packet(n, bytes), doorPort, '127.0.0.1');
  const fromRelay = (n: number, bytes = 100) =>
    relay.send(packet(n, bytes), atRelay.at(-1)?.sourcePort ?? 0, '127.0.0.1');
  return { link, candidate, atRelay, atPage, fromPage, fromRelay };
}

function packet(n: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUInt32BE(n, 0);
  buffer.writeDoubleBE(performance.now(), 4);
  return buffer;
}

function collect(socket: Socket): Arrival[] {
  const arrivals: Arrival[] = [];
  socket.on('message', (message, { port }) => {
    arrivals.push({
      n: message.readUInt32BE(0),
      delayMs: performance.now() - message.readDoubleBE(4),
      sourcePort: port,
    });
  });
  return arrivals;
}

/** Sends so many packets, a few every millisecond. */
async function flood(send: (n: number) => void, packets: number, perTick = 10): Promise<void> {
  for (let n = 0; n < packets; ) {
    for (let burst = 0; burst < perTick && n < packets; burst++) {
      send(n++);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

t.test('a candidate is rewritten, and only address and port of it', async (t) => {
  const { link, candidate } = await open(t);
  t.match(candidate, /^candidate:1 1 UDP 2122317823 127\.0\.0\.1 \d+ typ host$/);
  const again = 'candidate:2 1 UDP 5 192.0.2.1 4000 typ host';
  t.equal(await link.candidate(again), await link.candidate(again), 'one door for one address');
  t.not(await link.candidate(again), candidate);
  t.equal(await link.candidate('candidate:1 1 TCP 5 192.0.2.1 9 typ host tcptype active'), undefined);
  t.equal(await link.candidate('candidate:1 1 UDP 5 2001:db8::1 4000 typ host'), undefined);
  t.equal(await link.candidate(''), undefined);
});

t.test('packets travel both ways in order and are delayed', async (t) => {
  const { atRelay, atPage, fromPage, fromRelay } = await open(t, {
    up: { delayMs: 30, jitterMs: 5 },
    down: { delayMs: 60 },
  });
  await flood(fromPage, 500);
  await until('all packets at the relay', () => atRelay.length === 500);
  await flood(fromRelay, 500);
  await until('all packets at the page', () => atPage.length === 500);
  for (const arrivals of [atRelay, atPage]) {
    t.same(
      arrivals.map(({ n }) => n),
      Array.from({ length: 500 }, (_, n) => n),
    );
  }
  t.ok(Math.min(...atRelay.map(({ delayMs }) => delayMs)) >= 29.4);
  t.ok(Math.min(...atPage.map(({ delayMs }) => delayMs)) >= 59.4);
});

t.test('the asked share is lost, in each direction for itself, and may change at any time', async (t) => {
  const { link, atRelay, fromPage } = await open(t, { up: { lossShare: 0.2 } });
  await flood(fromPage, 2_000);
  await until('all packets in the link', () => link.up.counters.packets === 2_000);
  link.up.change({ lossShare: 0 });
  fromPage(9_999);
  await until('the last packet', () => atRelay.at(-1)?.n === 9_999);
  const lost = 2_001 - atRelay.length;
  t.equal(lost, link.up.counters.lost);
  t.ok(Math.abs(lost - 400) < 70, `${lost} of 2000 lost`);
});

t.test('the rate is limited, and the queue adds delay before it drops', async (t) => {
  // 100 bytes and their headers take 4.1 ms.
  const { link, atRelay, fromPage } = await open(t, { up: { rateBps: 250_000, queueBytes: 12_800 } });
  const startMs = performance.now();
  await flood(fromPage, 150, 150);
  await until('what had room', () => atRelay.length + link.up.counters.overflowed === 150);
  const elapsedMs = performance.now() - startMs;
  t.ok(Math.abs(atRelay.length - 100) <= 5, `${atRelay.length} had room`);
  t.ok(elapsedMs > 380, `${atRelay.length} took ${elapsedMs} ms`);
});

t.test('after a rebind the relay sees another port, and only what it sends there arrives', async (t) => {
  const { link, atRelay, atPage, fromPage, fromRelay } = await open(t);
  fromPage(1);
  await until('the first packet', () => atRelay.length === 1);
  await link.rebind();
  fromRelay(7);
  fromPage(2);
  await until('the packet from the new port', () => atRelay.length === 2);
  t.not(atRelay[1]?.sourcePort, atRelay[0]?.sourcePort);
  fromRelay(8);
  await until('an answer to the new port', () => atPage.length > 0);
  t.same(
    atPage.map(({ n }) => n),
    [8],
  );
});

t.test('one direction may be a blackhole while the other works', async (t) => {
  const { link, atRelay, atPage, fromPage, fromRelay } = await open(t);
  fromPage(1);
  await until('the first packet', () => atRelay.length === 1);
  link.up.change({ blackhole: true });
  fromPage(2);
  fromRelay(3);
  await until('the way down', () => atPage.length === 1);
  await until('the way up to have swallowed', () => link.up.counters.blackholed === 1);
  link.up.change({ blackhole: false });
  fromPage(4);
  await until('the way up again', () => atRelay.length === 2);
  t.equal(atRelay[1]?.n, 4);
});

/** A web server that says what it was asked, behind a link. */
async function openServer(t: Test, settings: LinkSettings = {}) {
  const heads: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heads.push(chunk.toString('latin1'));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20000\r\n\r\n');
      socket.write(Buffer.alloc(20_000, 'x'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const link = await ImpairedLink.open({ ...settings, relayPort: port });
  t.teardown(async () => {
    await link.close();
    server.close();
  });
  return { link, port, heads };
}

/** Bytes of the answer, or the code of the error. */
function get(origin: string): Promise<number | string> {
  return new Promise((resolve) => {
    let bytes = 0;
    const asked = request(`${origin}/x`, { agent: false, headers: { origin } }, (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('close', () => resolve(response.complete ? bytes : 'incomplete'));
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });
}

t.test('requests go through the link as if the page were of the relay', async (t) => {
  const { link, port, heads } = await openServer(t, { up: { delayMs: 30 }, down: { delayMs: 30 } });
  const startMs = performance.now();
  t.equal(await get(link.origin), 20_000);
  t.ok(performance.now() - startMs >= 59);
  t.match(heads[0], `localhost:${port}`);
  t.notMatch(heads[0], link.origin);
  t.equal(link.address(`http://localhost:${port}/j/x`), `${link.origin}/j/x`);
});

t.test('requests share the rate of the link and lose nothing', async (t) => {
  const { link } = await openServer(t, { down: { rateBps: 400_000, queueBytes: 10_000, lossShare: 0.1 } });
  const startMs = performance.now();
  t.equal(await get(link.origin), 20_000);
  t.ok(performance.now() - startMs >= 390);
});

t.test('TCP can be cut alone and comes back', async (t) => {
  const { link } = await openServer(t, { down: { rateBps: 400_000, queueBytes: 10_000 } });
  const broken = get(link.origin);
  await until('the answer to be under way', () => link.down.counters.packets > 2);
  link.cutTcp();
  t.match(await broken, /incomplete|ECONNRESET/);
  t.equal(await get(link.origin), 'ECONNRESET');
  link.restoreTcp();
  t.equal(await get(link.origin), 20_000);
});

t.test('UDP can be blocked alone', async (t) => {
  const { link, atRelay, atPage, fromPage, fromRelay } = await open(t);
  fromPage(1);
  await until('the first packet', () => atRelay.length === 1);
  link.blockUdp(true);
  fromPage(2);
  fromRelay(3);
  const swallowed = () => link.up.counters.blackholed + link.down.counters.blackholed;
  await until('both to be swallowed', () => swallowed() === 2);
  link.blockUdp(false);
  fromPage(4);
  await until('the way up again', () => atRelay.length === 2);
  t.equal(atRelay[1]?.n, 4);
  t.same(atPage, []);
});
