/** Real: sockets of this process and what Linux says of them. Nothing is faked. */
import { createSocket, type Socket, type SocketType } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import { freeUdpPorts } from '../../relay/udp-ports.ts';

/** Below the ephemeral range of Linux and beside the ports of the other tests. */
const BEGIN = 14_400 + (process.pid % 100) * 10;
const END = BEGIN + 4;

async function hold(t: Test, type: SocketType, port: number, address: string): Promise<Socket> {
  const socket = createSocket(type);
  let open = true;
  socket.once('close', () => {
    open = false;
  });
  t.teardown(() => open && socket.close());
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

const skip = existsSync('/proc/net/udp') ? false : 'only Linux tells';

t.test('ports that somebody holds are left out, on whatever address', { skip }, async (t) => {
  t.same(freeUdpPorts(BEGIN, END), [BEGIN, BEGIN + 1, BEGIN + 2, BEGIN + 3, END]);
  const socket = await hold(t, 'udp4', BEGIN + 1, '127.0.0.1');
  await hold(t, 'udp4', END, '0.0.0.0');
  t.same(freeUdpPorts(BEGIN, END), [BEGIN, BEGIN + 2, BEGIN + 3]);
  t.same(freeUdpPorts(END, END), []);
  socket.close();
  await once(socket, 'close');
  t.same(freeUdpPorts(BEGIN, BEGIN + 1), [BEGIN, BEGIN + 1], 'free again once it is closed');
});
