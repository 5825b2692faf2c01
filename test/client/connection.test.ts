/**
 * Real: the Connection with all its rules. Faked: socket, clock, chance and the browser's wake-up events, because
 * Node 20 has no WebSocket and because hours of bad network pass here in milliseconds.
 * (The real socket under the real page is covered by the end-to-end test in Chromium.)
 */
import t from 'tap';
import {
  Connection,
  type ConnectionOptions,
  type ConnectionStatus,
  RequestError,
  type SocketListener,
} from '../../relay/client/connection.ts';
import { type ClientMessage, HEARTBEAT_INTERVAL_MS, PROTOCOL_VERSION } from '../../relay/protocol.ts';

class FakeSocket {
  readonly sent: ClientMessage[] = [];
  readonly sentBinary: Uint8Array[] = [];
  readonly listener: SocketListener;
  closed = false;

  constructor(listener: SocketListener) {
    this.listener = listener;
  }

  send(data: string | Uint8Array): void {
    if (typeof data === 'string') {
      this.sent.push(JSON.parse(data));
    } else {
      this.sentBinary.push(data);
    }
  }

  close(): void {
    this.closed = true;
  }

  last(): ClientMessage {
    const message = this.sent.at(-1);
    if (!message) {
      throw new Error('nothing was sent');
    }
    return message;
  }

  /** Answers the last message and lets the promises run. */
  async ok(result: object = {}): Promise<void> {
    this.listener.received(JSON.stringify({ type: 'ok', id: this.last().id, result }));
    await settled();
  }

  async refuse(code: string): Promise<void> {
    this.listener.received(
      JSON.stringify({
        type: 'error',
        id: this.last().id,
        code,
        message: `because ${code}`,
      }),
    );
    await settled();
  }
}

type Timer = { at: number; callback: () => void };

class World {
  readonly sockets: FakeSocket[] = [];
  readonly timers = new Set<Timer>();
  readonly wakers = new Set<() => void>();
  readonly heard: string[] = [];
  random = 0;
  now = 0;
  readonly connection: Connection;

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.connection = new Connection({
      url: 'ws://relay.test/ws',
      hello: () => ({
        version: PROTOCOL_VERSION,
        role: 'customer',
        language: 'de',
        videoCodecs: ['VP8'],
        peers: [],
      }),
      onHello: (result) => this.heard.push(`hello ${result.now}`),
      onHelloError: (error) => this.heard.push(`helloError ${error.code} ${this.connection.status}`),
      onEvent: (event) => this.heard.push(`event ${event.type}`),
      onStatus: (status: ConnectionStatus) => this.heard.push(status),
      environment: {
        openSocket: (_url, listener) => {
          const socket = new FakeSocket(listener);
          this.sockets.push(socket);
          return socket;
        },
        later: (callback, delayMs) => {
          const timer = { at: this.now + delayMs, callback };
          this.timers.add(timer);
          return () => this.timers.delete(timer);
        },
        onWake: (callback) => {
          this.wakers.add(callback);
          return () => this.wakers.delete(callback);
        },
        random: () => this.random,
      },
      ...options,
    });
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) {
      throw new Error('no socket was opened');
    }
    return socket;
  }

  async advance(durationMs: number): Promise<void> {
    const end = this.now + durationMs;
    for (;;) {
      const next = [...this.timers].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) {
        break;
      }
      this.timers.delete(next);
      this.now = next.at;
      next.callback();
      await settled();
    }
    this.now = end;
  }

  wake(): void {
    for (const waker of this.wakers) {
      waker();
    }
  }

  async greeted(): Promise<FakeSocket> {
    this.socket.listener.opened();
    await this.socket.ok({ now: 7 });
    return this.socket;
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function opened(options: Partial<ConnectionOptions> = {}): Promise<World> {
  const world = new World(options);
  world.connection.open();
  await world.greeted();
  return world;
}

t.test('says hello first and is open only when the relay has answered it', async (t) => {
  const world = new World();
  t.equal(world.connection.status, 'closed');
  world.connection.open();
  world.connection.open();
  t.equal(world.sockets.length, 1, 'opening twice opens one socket');
  world.socket.listener.opened();
  t.match(world.socket.last(), {
    type: 'hello',
    role: 'customer',
    version: PROTOCOL_VERSION,
  });
  t.equal(world.connection.status, 'connecting');
  await t.rejects(world.connection.request('claimPin', { pin: '123456' }), {
    code: 'notConnected',
  });
  await world.socket.ok({ now: 7 });
  t.same(world.heard, ['connecting', 'open', 'hello 7']);
});

t.test('each reply finds its own request, in whatever order they come', async (t) => {
  const { connection, socket } = await opened();
  const first = connection.request('claimPin', { pin: '111111' });
  const firstId = socket.last().id;
  const second = connection.request('claimPin', { pin: '222222' });
  const secondId = socket.last().id;
  t.not(firstId, secondId);
  const rejected = t.rejects(second, { code: 'pinUnknown', message: 'no' });
  socket.listener.received(
    JSON.stringify({
      type: 'error',
      id: secondId,
      code: 'pinUnknown',
      message: 'no',
    }),
  );
  socket.listener.received(
    JSON.stringify({
      type: 'ok',
      id: firstId,
      result: { brand: 'Fernblick' },
    }),
  );
  t.match(await first, { brand: 'Fernblick' });
  await rejected;
});

t.test('texts that are no message, and replies to nothing, change nothing', async (t) => {
  const world = await opened();
  for (const text of ['', '{', 'null', '[]', '3', '{"id":1}', '{"type":"ok","id":999,"result":{}}']) {
    world.socket.listener.received(text);
  }
  t.equal(world.connection.status, 'open');
  world.socket.listener.received('{"type":"superseded"}');
  t.equal(world.heard.at(-1), 'event superseded');
});

t.test('a lost socket fails what was asked and is replaced, with a fresh hello', async (t) => {
  let resume = 'first';
  const world = await opened({
    hello: () => ({
      version: 1,
      role: 'customer',
      language: 'en',
      videoCodecs: [],
      peers: ['p1'],
      resume,
    }),
  });
  const asked = t.rejects(world.connection.request('leave', {}), {
    code: 'notConnected',
  });
  const lost = world.socket;
  lost.listener.closed();
  await asked;
  t.equal(world.connection.status, 'lost');
  await t.rejects(world.connection.request('leave', {}), RequestError);
  resume = 'second';
  await world.advance(100);
  t.not(world.socket, lost);
  await world.greeted();
  t.match(world.socket.sent[0], {
    type: 'hello',
    resume: 'second',
    peers: ['p1'],
  });
  t.same(world.heard, ['connecting', 'open', 'hello 7', 'lost', 'open', 'hello 7']);
});

t.test('tries for ever, from 0.2 to 5 seconds apart, spread by chance', async (t) => {
  for (const random of [0, 0.999]) {
    const world = new World();
    world.random = random;
    world.connection.open();
    const delays: number[] = [];
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const lostAt = world.now;
      const count = world.sockets.length;
      world.socket.listener.closed();
      while (world.sockets.length === count && world.now - lostAt < 60_000) {
        await world.advance(10);
      }
      delays.push(world.now - lostAt);
    }
    const share = random === 0 ? 1 : 0.5;
    t.ok(Math.abs((delays[0] ?? 0) - 100 * share) <= 20, `first try after ${delays[0]} ms`);
    t.ok(
      delays.every((delay, i) => i === 0 || delay >= (delays[i - 1] ?? 0)),
      'the delays never shrink',
    );
    t.ok(Math.abs((delays.at(-1) ?? 0) - 5_000 * share) <= 20, `200th try after ${delays.at(-1)} ms`);
  }
});

t.test('a relay that drops the socket right after hello is not hammered', async (t) => {
  const world = await opened();
  for (let attempt = 0; attempt < 10; attempt += 1) {
    world.socket.listener.closed();
    await world.advance(5_000);
    await world.greeted();
  }
  const before = world.sockets.length;
  world.socket.listener.closed();
  await world.advance(4_900);
  t.equal(world.sockets.length, before);
});

t.test('a connection that lived through a heartbeat starts again with the short delay', async (t) => {
  const world = await opened();
  for (let attempt = 0; attempt < 10; attempt += 1) {
    world.socket.listener.closed();
    await world.advance(5_000);
    await world.greeted();
  }
  await world.advance(HEARTBEAT_INTERVAL_MS);
  t.equal(world.socket.last().type, 'ping');
  await world.socket.ok();
  const before = world.sockets.length;
  world.socket.listener.closed();
  await world.advance(100);
  t.equal(world.sockets.length, before + 1);
});

t.test('a silent relay is noticed one interval after the unanswered ping', async (t) => {
  const world = await opened();
  for (let beat = 0; beat < 20; beat += 1) {
    await world.advance(HEARTBEAT_INTERVAL_MS);
    t.equal(world.socket.last().type, 'ping');
    await world.socket.ok();
  }
  const silent = world.socket;
  await world.advance(2 * HEARTBEAT_INTERVAL_MS - 1);
  t.equal(world.connection.status, 'open');
  await world.advance(1);
  t.equal(world.connection.status, 'lost');
  t.ok(silent.closed);
});

t.test('an event counts as a sign of life while a ping is on its way', async (t) => {
  const world = await opened();
  await world.advance(HEARTBEAT_INTERVAL_MS);
  world.socket.listener.received('{"type":"superseded"}');
  await world.advance(HEARTBEAT_INTERVAL_MS);
  t.equal(world.connection.status, 'open');
});

t.test('a socket that never opens, or never answers hello, is given up', async (t) => {
  const world = new World();
  world.connection.open();
  const mute = world.socket;
  await world.advance(10_000);
  t.ok(mute.closed);
  await world.advance(100);
  t.equal(world.sockets.length, 2);
  world.socket.listener.opened();
  await world.advance(10_000);
  t.equal(world.connection.status, 'lost');
  t.same(world.heard, ['connecting', 'lost']);
});

t.test('waking up tries at once, or asks an open socket whether it still lives', async (t) => {
  const world = await opened();
  world.wake();
  t.equal(world.socket.last().type, 'ping');
  const pings = world.socket.sent.length;
  world.wake();
  t.equal(world.socket.sent.length, pings, 'one question at a time');
  await world.advance(1_999);
  t.equal(world.connection.status, 'open');
  await world.advance(1);
  t.equal(world.connection.status, 'lost', 'with less patience than at other times');
  const before = world.sockets.length;
  world.wake();
  t.equal(world.sockets.length, before + 1);
  await world.greeted();
  t.equal(world.connection.status, 'open');
});

t.test('a doubt about an open socket is cleared within two seconds, and only there', async (t) => {
  const world = await opened();
  world.connection.check();
  t.equal(world.socket.last().type, 'ping');
  await world.socket.ok();
  await world.advance(60_000 - (60_000 % HEARTBEAT_INTERVAL_MS));
  world.socket.listener.closed();
  const before = world.sockets.length;
  world.connection.check();
  t.equal(world.sockets.length, before, 'an attempt on its way is left alone');
});

t.test('a refusal that will not pass ends the attempts', async (t) => {
  for (const code of ['notSignedIn', 'resumeUnknown', 'versionMismatch', 'badMessage']) {
    const world = new World();
    world.connection.open();
    world.socket.listener.opened();
    await world.socket.refuse(code);
    t.same(world.heard, ['connecting', 'closed', `helloError ${code} closed`]);
    await world.advance(60_000);
    t.equal(world.sockets.length, 1);
  }
});

t.test('a refusal that passes by itself is tried again', async (t) => {
  for (const code of ['draining', 'internal', 'relayFull', 'throttled', 'tooManyMessages']) {
    const world = new World();
    world.connection.open();
    world.socket.listener.opened();
    await world.socket.refuse(code);
    t.equal(world.connection.status, 'lost', code);
    await world.advance(100);
    t.equal(world.sockets.length, 2);
  }
});

t.test(
  'can be opened again from inside the refusal, as a page does that drops its resume token',
  async (t) => {
    const world = new World({
      onHelloError: () => world.connection.open(),
    });
    world.connection.open();
    world.socket.listener.opened();
    await world.socket.refuse('resumeUnknown');
    t.equal(world.sockets.length, 2);
    await world.greeted();
    t.equal(world.connection.status, 'open');
  },
);

t.test('closing leaves no socket, no timer, no listener and no request behind, in any state', async (t) => {
  const stages: Record<string, (world: World) => Promise<void> | void> = {
    connecting: () => {},
    greeting: (world) => world.socket.listener.opened(),
    open: async (world) => {
      await world.greeted();
    },
    lost: (world) => world.socket.listener.closed(),
  };
  for (const [name, reach] of Object.entries(stages)) {
    const world = new World();
    world.connection.open();
    await reach(world);
    const asked = world.connection.request('leave', {}).catch((error: RequestError) => error.code);
    world.connection.close();
    world.connection.close();
    t.equal(await asked, 'notConnected', name);
    t.equal(world.connection.status, 'closed');
    t.equal(world.timers.size, 0, `${name}: timers`);
    t.equal(world.wakers.size, 0, `${name}: listeners`);
    t.ok(
      world.sockets.every((socket) => socket.closed),
      name,
    );
    await settled();
    t.equal(world.heard.filter((line) => line === 'closed').length, 1);
  }
});

t.test('a binary frame has kind and id before its content and is answered like a request', async (t) => {
  const frames: number[][] = [];
  const world = new World({ onBinary: (frame) => frames.push([...new Uint8Array(frame)]) });
  const content = new Uint8Array([7, 8, 9]);
  await t.rejects(world.connection.sendBinary(1, content), { code: 'notConnected' });
  world.connection.open();
  const socket = await world.greeted();

  const taken = world.connection.sendBinary(1, content);
  const sent = socket.sentBinary.at(-1) ?? new Uint8Array();
  t.same([...sent.subarray(5)], [7, 8, 9]);
  t.equal(sent[0], 1);
  const id = new DataView(sent.buffer).getUint32(1);
  socket.listener.received(JSON.stringify({ type: 'ok', id, result: {} }));
  await taken;

  const refused = t.rejects(world.connection.sendBinary(1, content), { code: 'tooManyMessages' });
  const next = new DataView((socket.sentBinary.at(-1) ?? sent).buffer).getUint32(1);
  t.not(next, id);
  socket.listener.received(JSON.stringify({ type: 'error', id: next, code: 'tooManyMessages', message: '' }));
  await refused;

  socket.listener.receivedBinary(new Uint8Array([1, 2, 3]).buffer);
  t.same(frames, [[1, 2, 3]]);

  const lost = t.rejects(world.connection.sendBinary(1, content), { code: 'notConnected' });
  socket.listener.closed();
  await lost;
});

t.test('a binary frame proves that the relay lives', async (t) => {
  const world = await opened();
  await world.advance(HEARTBEAT_INTERVAL_MS);
  t.equal(world.socket.last().type, 'ping');
  world.socket.listener.receivedBinary(new ArrayBuffer(3));
  await world.advance(HEARTBEAT_INTERVAL_MS);
  t.equal(world.connection.status, 'open');
});

t.test('a ping behind a slow still has one beat more, and no longer', async (t) => {
  const world = await opened();
  const sent = world.connection.sendBinary(1, new Uint8Array(50_000));
  const lost = t.rejects(sent, { code: 'notConnected' });
  await world.advance(2 * HEARTBEAT_INTERVAL_MS);
  t.equal(world.connection.status, 'open', 'the ping is still on its way');
  await world.advance(HEARTBEAT_INTERVAL_MS);
  t.equal(world.connection.status, 'lost');
  await lost;
});
