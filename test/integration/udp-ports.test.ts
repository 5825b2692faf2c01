/**
 * UDP ports that somebody else holds, such as a worker of the relay before this one. Real: the library's own sockets and
 * ours, on loopback; libdatachannel would abort this process if it were let run out of ports. No browser, no worker.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import { type Peer, Transport } from '../../relay/peer.ts';
import { NO_PACKETS } from '../../relay/worker-protocol.ts';

/** Below the ephemeral range of Linux and beside the ports of the other tests. */
let nextPort = 15_500 + (process.pid % 50) * 10;

const skip = existsSync('/proc/net/udp') ? false : 'only Linux tells who holds a port';

async function hold(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function transport(t: Test, ports: number, mux: boolean): { begin: number; open: () => Peer | undefined } {
  const begin = nextPort;
  nextPort += ports;
  const config = { portRangeBegin: begin, portRangeEnd: begin + ports - 1, mux };
  const made = new Transport(
    { ...config, bindAddress: '127.0.0.1', announcedIps: [] },
    { ...NO_PACKETS },
    (where, error) => t.fail(`${where}: ${error}`),
  );
  const open = () => {
    const peer = made.open(
      'test',
      { rtp: () => undefined, rtcp: () => undefined },
      { connected: () => undefined, lost: () => undefined },
    );
    t.teardown(() => peer?.close());
    return peer;
  };
  return { begin, open };
}

const portOf = (peer: Peer | undefined) => Number(peer?.pipe.candidates[0]?.split(' ')[5]);

t.test('with one port for all, the first that is free is taken', { skip }, async (t) => {
  const { begin, open } = transport(t, 2, true);
  const first = await hold(begin);
  const second = await hold(begin + 1);
  t.teardown(() => first.close());
  t.equal(open(), undefined, 'a peer is refused while there is none');
  second.close();
  await once(second, 'close');
  t.equal(portOf(open()), begin + 1);
  t.equal(portOf(open()), begin + 1, 'and stays it');
});

t.test('with a port for each, a peer is refused when others hold the whole range', { skip }, async (t) => {
  const { begin, open } = transport(t, 3, false);
  const held = await Promise.all([hold(begin), hold(begin + 1), hold(begin + 2)]);
  t.equal(open(), undefined);
  const [, , last] = held;
  last?.close();
  t.teardown(() => held.slice(0, 2).map((socket) => socket.close()));
  await new Promise((resolve) => last?.once('close', resolve));
  t.equal(portOf(open()), begin + 2);
});

t.end();
