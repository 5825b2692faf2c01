/**
 * Real: the door for pages behind a TURN server, with UDP sockets on loopback. Faked: the page (or the TURN server in
 * front of it) and the peer's pipe, which are plain sockets; the check is the one of RFC 5769 2.1.
 */
import { createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import t, { type Test } from 'tap';
import * as stun from '../../codec/stun.ts';
import { TurnIngress } from '../../relay/turn-ingress.ts';
import { SAMPLE_REQUEST, SAMPLE_RESPONSE } from '../codec/vectors.ts';
import { until } from '../support/media-probe.ts';

const UFRAG = 'evtj';
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';

/** Integrity and fingerprint as RFC 8489 14.5 and 14.7 say, apart from the code under test. */
function sealed(message: Buffer, password = PASSWORD): Buffer {
  const b = Buffer.from(message);
  const mac = b.length - 8 - 20;
  b.writeUInt16BE(mac, 2);
  createHmac('sha1', password)
    .update(b.subarray(0, mac - 4))
    .digest()
    .copy(b, mac);
  b.writeUInt16BE(b.length - 20, 2);
  b.writeUInt32BE((crc32(b.subarray(0, -8)) ^ 0x5354554e) >>> 0, b.length - 4);
  return b;
}

function checkWithTiebreaker(tiebreaker: bigint): Buffer {
  const b = Buffer.from(SAMPLE_REQUEST);
  b.writeBigUInt64BE(tiebreaker, stun.findAttribute(b, stun.ICE_CONTROLLED));
  return sealed(b);
}

async function open(test: Test): Promise<{ socket: Socket; port: number; heard: Buffer[] }> {
  const socket = createSocket('udp4');
  const heard: Buffer[] = [];
  socket.on('message', (packet) => heard.push(packet));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  test.teardown(() => new Promise<void>((resolve) => socket.close(resolve)));
  return { socket, port: socket.address().port, heard };
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

async function scene(test: Test) {
  const [pipe, page, port] = await Promise.all([open(test), open(test), freeUdpPort()]);
  const faults: string[] = [];
  const ingress = new TurnIngress({ port, bindAddress: '127.0.0.1' }, (where) => faults.push(where));
  await ingress.listen();
  test.teardown(() => ingress.close());
  ingress.add({ iceUfrag: UFRAG, icePwd: PASSWORD, address: '127.0.0.1', port: pipe.port });
  const send = (packet: Buffer, from = page) => from.socket.send(packet, port, '127.0.0.1');
  return { ingress, pipe, page, send, faults };
}

t.test('a check with a tiebreaker of zero arrives with another one, and valid', async (t) => {
  const { pipe, send } = await scene(t);
  send(checkWithTiebreaker(0n));
  await until('the check', () => pipe.heard.length === 1);
  t.same(pipe.heard[0], checkWithTiebreaker(1n));
});

t.test('any other check passes as it is', async (t) => {
  const { pipe, send } = await scene(t);
  // Its padding is of spaces, which the RFC allows.
  send(SAMPLE_REQUEST);
  await until('the check', () => pipe.heard.length === 1);
  t.same(pipe.heard[0], SAMPLE_REQUEST);
});

t.test('nobody gets through who does not know the password', async (t) => {
  const { ingress, pipe, send } = await scene(t);
  const stranger = Buffer.from(SAMPLE_REQUEST);
  stranger.write('x', stun.findAttribute(stranger, stun.USERNAME));
  const nameless = Buffer.from(SAMPLE_REQUEST);
  nameless.writeUInt16BE(0x8022, stun.findAttribute(nameless, stun.USERNAME) - 4);
  for (const packet of [
    Buffer.from('RTP before any check'),
    sealed(SAMPLE_REQUEST, 'another password'),
    sealed(stranger),
    sealed(nameless),
    SAMPLE_REQUEST.subarray(0, 20),
    Buffer.alloc(0),
    SAMPLE_RESPONSE,
  ]) {
    send(packet);
  }
  t.equal(ingress.size, 0);
  send(checkWithTiebreaker(7n));
  await until('the one good check', () => pipe.heard.length > 0);
  t.same(pipe.heard, [checkWithTiebreaker(7n)], 'what came before it on the same way is not there');
});

t.test('after a check everything passes both ways, until the peer is gone', async (t) => {
  const { ingress, pipe, page, send, faults } = await scene(t);
  pipe.socket.on('message', (packet, from) => pipe.socket.send(packet, from.port, from.address));
  send(SAMPLE_REQUEST);
  send(Buffer.from('media'));
  await until('both to come back', () => page.heard.length === 2);
  t.same(page.heard, [SAMPLE_REQUEST, Buffer.from('media')]);
  t.equal(ingress.size, 1);
  ingress.remove(UFRAG);
  t.equal(ingress.size, 0);
  send(SAMPLE_REQUEST);
  send(Buffer.from('late'));
  ingress.add({ iceUfrag: UFRAG, icePwd: PASSWORD, address: '127.0.0.1', port: pipe.port });
  t.same(faults, []);
});

t.test('an answer says the address that the page has here, not the one in between', async (t) => {
  const { pipe, page, send } = await scene(t);
  pipe.socket.on('message', (_packet, from) => {
    const answer = Buffer.from(SAMPLE_RESPONSE);
    const value = stun.findAttribute(answer, stun.XOR_MAPPED_ADDRESS);
    stun.putXorMappedIpv4(answer, value, from.address, from.port);
    pipe.socket.send(sealed(answer), from.port, from.address);
  });
  send(SAMPLE_REQUEST);
  await until('the answer', () => page.heard.length === 1);
  const expected = Buffer.from(SAMPLE_RESPONSE);
  stun.putXorMappedIpv4(
    expected,
    stun.findAttribute(expected, stun.XOR_MAPPED_ADDRESS),
    '127.0.0.1',
    page.port,
  );
  t.same(page.heard[0], sealed(expected));
});

t.test('a peer has four paths at most; the oldest gives way', async (t) => {
  const { ingress, pipe, page, send } = await scene(t);
  send(SAMPLE_REQUEST);
  for (let i = 2; i <= 6; i++) {
    const other = await open(t);
    send(SAMPLE_REQUEST, other);
    await until(`check ${i}`, () => pipe.heard.length === i);
    t.equal(ingress.size, Math.min(i, 4));
  }
  send(Buffer.from('of the first'), page);
  const last = await open(t);
  send(SAMPLE_REQUEST, last);
  await until('the last check', () => pipe.heard.length === 7);
  t.notOk(pipe.heard.some((packet) => packet.equals(Buffer.from('of the first'))));
});

t.test('pages are told this port at the addresses of the peer, marked as the one for TURN', async (t) => {
  const { ingress } = await scene(t);
  const [candidate = '', ...more] = ingress.candidates([
    'candidate:1 1 UDP 2114977791 192.0.2.1 20001 typ host',
    'candidate:2 1 UDP 2114977535 192.0.2.1 20002 typ host',
  ]);
  t.match(candidate, /^candidate:turn 1 UDP 1 192\.0\.2\.1 \d+ typ host$/);
  t.same(more, []);
});
