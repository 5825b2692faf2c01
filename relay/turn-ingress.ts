/**
 * The door of a worker for pages that come through a TURN server: one UDP port in front of all its peers.
 *
 * It exists because of two faults that meet. Chromium (seen with 156) sends its connectivity checks over a TURN server
 * that it reaches by TCP or TLS with a tiebreaker of zero, and libjuice answers 400 to such a check as if the attribute
 * were absent (libjuice#355, open); then Chromium gives the pair up. RFC 8445 16.1 allows zero. So checks that are
 * proven to come from the peer's page (RFC 8489 9.1) get another tiebreaker here; nothing compares it, because the roles
 * never conflict. All other datagrams pass as they are, both ways.
 *
 * Pages are told of this port apart from the peers' own (`TURN_FOUNDATION`) and use either the one or the other: if a
 * page knocked at both through TURN, libjuice would nominate the pair that Chromium has given up.
 *
 * This is a packet's way for the few pages behind a TURN server only, and node's datagram sockets allocate for each.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import * as stun from '../codec/stun.ts';
import type { FaultHandler } from './peer.ts';
import { TURN_FOUNDATION } from './protocol.ts';

const INTEGRITY_BYTES = 20;
const TIEBREAKER_BYTES = 8;
/** RFC 8489 14.7. */
const FINGERPRINT_XOR = 0x5354554e;
/** A page has one path per network of its own and TURN address; the oldest gives way. */
const PATHS_PER_PEER_MAX = 4;
/** Of datagrams that the kernel did not take yet; more are dropped, as a full socket would. */
const QUEUE_MAX_BYTES = 512 * 1024;

/** Where the pipe of a peer listens, and the ICE credentials of its offer. */
export type IngressTarget = { iceUfrag: string; icePwd: string; address: string; port: number };

export type IngressAddress = { port: number; bindAddress: string | undefined };

/** One remote address that belongs to a target. */
type Path = { target: IngressTarget; socket: Socket; address: string; port: number };

type Remote = { address: string; port: number };

/** Only literal addresses come here; without this node would look each of them up, once per packet. */
function openSocket(address: string): Socket {
  const family = address.includes(':') ? 6 : 4;
  const lookup: NonNullable<SocketOptions['lookup']> = (host, _options, callback) =>
    callback(null, host, family);
  return createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup });
}

export class TurnIngress {
  readonly #socket: Socket;
  readonly #where: IngressAddress;
  readonly #onFault: FaultHandler;
  readonly #targets = new Map<string, IngressTarget>();
  /** By remote address and port. */
  readonly #paths = new Map<string, Path>();

  constructor(where: IngressAddress, onFault: FaultHandler) {
    this.#where = where;
    this.#onFault = onFault;
    this.#socket = openSocket(where.bindAddress ?? '0.0.0.0');
    this.#socket.on('message', (packet, remote) => this.#fromRemote(packet, remote));
  }

  /** @throws when the port is taken or the address is not ours */
  async listen(): Promise<void> {
    const listening = once(this.#socket, 'listening');
    this.#socket.bind(this.#where.port, this.#where.bindAddress);
    await listening;
    this.#socket.on('error', (error) => this.#onFault('turn ingress', error));
  }

  /** Remote addresses that have a path. */
  get size(): number {
    return this.#paths.size;
  }

  add(target: IngressTarget): void {
    this.#targets.set(target.iceUfrag, target);
  }

  remove(iceUfrag: string): void {
    this.#targets.delete(iceUfrag);
    for (const [key, path] of this.#paths) {
      if (path.target.iceUfrag === iceUfrag) {
        this.#close(key);
      }
    }
  }

  /** This port at the addresses of a peer's own candidates (RFC 8839 section 5.1), as the one for TURN. */
  candidates(own: readonly string[]): string[] {
    const addresses = new Set(own.map((candidate) => candidate.split(' ')[4] ?? ''));
    return [...addresses].map(
      (address) => `candidate:${TURN_FOUNDATION} 1 UDP 1 ${address} ${this.#where.port} typ host`,
    );
  }

  close(): void {
    for (const key of [...this.#paths.keys()]) {
      this.#close(key);
    }
    this.#socket.close();
  }

  #fromRemote(packet: Buffer, remote: Remote): void {
    const key = `${remote.address} ${remote.port}`;
    let path = this.#paths.get(key);
    if (stun.isStun(packet) && stun.messageType(packet) === stun.BINDING_REQUEST) {
      const target = this.#prove(packet);
      if (target === undefined) {
        return;
      }
      giveTiebreaker(packet, target.icePwd);
      if (path?.target !== target) {
        // The TURN server may hand an address on to another page.
        this.#close(key);
        path = this.#open(key, target, remote);
      }
    }
    if (path !== undefined && path.socket.getSendQueueSize() < QUEUE_MAX_BYTES) {
      path.socket.send(packet, path.target.port, path.target.address);
    }
  }

  /** The target whose page made this request: only that page and the relay know the password. */
  #prove(request: Buffer): IngressTarget | undefined {
    const value = stun.findAttribute(request, stun.USERNAME);
    const username = request.toString('latin1', value, value + stun.attributeLength(request, value));
    const target = this.#targets.get(username.slice(0, Math.max(0, username.indexOf(':'))));
    return target !== undefined && hasIntegrity(request, target.icePwd) ? target : undefined;
  }

  #open(key: string, target: IngressTarget, { address, port }: Remote): Path {
    const others = [...this.#paths].filter(([, path]) => path.target === target);
    for (const [oldest] of others.slice(0, Math.max(0, others.length - PATHS_PER_PEER_MAX + 1))) {
      this.#close(oldest);
    }
    const socket = openSocket(target.address);
    const path: Path = { target, socket, address, port };
    this.#paths.set(key, path);
    socket.on('message', (packet, from) => {
      // The socket is bound to all addresses, so anybody could write to it.
      if (
        from.port === target.port &&
        from.address === target.address &&
        this.#socket.getSendQueueSize() < QUEUE_MAX_BYTES
      ) {
        tellAddress(packet, path);
        this.#socket.send(packet, port, address);
      }
    });
    socket.on('error', (error) => {
      this.#close(key);
      this.#onFault('turn path', error);
    });
    return path;
  }

  #close(key: string): void {
    const path = this.#paths.get(key);
    if (path !== undefined) {
      this.#paths.delete(key);
      path.socket.close();
    }
  }
}

/** MESSAGE-INTEGRITY (RFC 8489 14.5) over everything before it, with a length field that ends with it. */
function integrity(message: Buffer, value: number, password: string): Buffer {
  stun.setEnd(message, value + INTEGRITY_BYTES);
  const mac = createHmac('sha1', password)
    .update(message.subarray(0, value - 4))
    .digest();
  stun.setEnd(message, message.length);
  return mac;
}

function hasIntegrity(message: Buffer, password: string): boolean {
  const value = stun.findAttribute(message, stun.MESSAGE_INTEGRITY);
  return (
    stun.attributeLength(message, value) === INTEGRITY_BYTES &&
    timingSafeEqual(message.subarray(value, value + INTEGRITY_BYTES), integrity(message, value, password))
  );
}

/** Makes a tiebreaker of zero a one; in place. */
function giveTiebreaker(request: Buffer, password: string): void {
  const controlled = stun.findAttribute(request, stun.ICE_CONTROLLED);
  const value = controlled < 0 ? stun.findAttribute(request, stun.ICE_CONTROLLING) : controlled;
  if (stun.attributeLength(request, value) !== TIEBREAKER_BYTES || request.readBigUInt64BE(value) !== 0n) {
    return;
  }
  request[value + TIEBREAKER_BYTES - 1] = 1;
  seal(request, password);
}

/** The page is told the address that its request had here, not the one in between; in place. */
function tellAddress(packet: Buffer, { target, address, port }: Path): void {
  if (stun.isStun(packet) && stun.messageType(packet) === stun.BINDING_SUCCESS) {
    const value = stun.findAttribute(packet, stun.XOR_MAPPED_ADDRESS);
    if (hasIntegrity(packet, target.icePwd) && stun.putXorMappedIpv4(packet, value, address, port)) {
      seal(packet, target.icePwd);
    }
  }
}

/** Makes integrity and fingerprint (RFC 8489 14.7) of a changed message right again. */
function seal(message: Buffer, password: string): void {
  const mac = stun.findAttribute(message, stun.MESSAGE_INTEGRITY);
  integrity(message, mac, password).copy(message, mac);
  const fingerprint = stun.findAttribute(message, stun.FINGERPRINT);
  if (stun.attributeLength(message, fingerprint) === 4) {
    const sum = crc32(message.subarray(0, fingerprint - 4));
    message.writeUInt32BE((sum ^ FINGERPRINT_XOR) >>> 0, fingerprint);
  }
}
