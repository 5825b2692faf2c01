/** As much of a TURN client (RFC 8656) over TLS as shows what a TURN server allows, and to whom. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import * as stun from '../../codec/stun.ts';
import type { IceServer } from '../../relay/protocol.ts';

const ALLOCATE = 0x0003;
const CREATE_PERMISSION = 0x0008;
const ERROR_CLASS = 0x0110;
const ERROR_CODE = 0x0009;
const XOR_PEER_ADDRESS = 0x0012;
const REALM = 0x0014;
const NONCE = 0x0015;
const REQUESTED_TRANSPORT = 0x0019;

/** Of IANA's protocol numbers. */
export const TCP = 6;
export const UDP = 17;

type Attribute = [type: number, value: Buffer];

function attributes(list: readonly Attribute[]): Buffer {
  return Buffer.concat(
    list.map(([type, value]) => {
      const b = Buffer.alloc(4 + ((value.length + 3) & ~3));
      b.writeUInt16BE(type, 0);
      b.writeUInt16BE(value.length, 2);
      value.copy(b, 4);
      return b;
    }),
  );
}

function contentOf(message: Buffer, type: number): Buffer {
  const value = stun.findAttribute(message, type);
  return message.subarray(Math.max(0, value), value + stun.attributeLength(message, value));
}

/** 200 for success, else the code of the error. */
function outcome(response: Buffer): number {
  if ((stun.messageType(response) & ERROR_CLASS) !== ERROR_CLASS) {
    return 200;
  }
  const code = contentOf(response, ERROR_CODE);
  return (code[2] ?? 0) * 100 + (code[3] ?? 0);
}

export class TurnClient {
  readonly #socket: TLSSocket;
  readonly #credentials: Pick<IceServer, 'username' | 'credential'>;
  #realm = Buffer.alloc(0);
  #nonce = Buffer.alloc(0);

  private constructor(socket: TLSSocket, credentials: Pick<IceServer, 'username' | 'credential'>) {
    this.#socket = socket;
    this.#credentials = credentials;
  }

  /** @param from the local address, so that a log can be searched for it */
  static async connect(
    port: number,
    credentials: Pick<IceServer, 'username' | 'credential'>,
    from = '127.0.0.1',
  ): Promise<TurnClient> {
    const plain = createConnection({ port, host: '127.0.0.1', localAddress: from });
    const socket = connect({ socket: plain, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return new TurnClient(socket, credentials);
  }

  /** @returns 200 or the error code */
  async allocate(transport: number = UDP): Promise<number> {
    const wish: Attribute[] = [[REQUESTED_TRANSPORT, Buffer.from([transport, 0, 0, 0])]];
    const challenge = await this.#request(ALLOCATE, wish);
    this.#realm = Buffer.from(contentOf(challenge, REALM));
    this.#nonce = Buffer.from(contentOf(challenge, NONCE));
    return outcome(await this.#signed(ALLOCATE, wish));
  }

  /** May this address be reached? @returns 200 or the error code */
  async permit(address: string): Promise<number> {
    const value = Buffer.alloc(8);
    value[1] = 1;
    for (const [index, octet] of address.split('.').entries()) {
      value[4 + index] = Number(octet) ^ ([0x21, 0x12, 0xa4, 0x42][index] ?? 0);
    }
    return outcome(await this.#signed(CREATE_PERMISSION, [[XOR_PEER_ADDRESS, value]]));
  }

  close(): void {
    this.#socket.destroy();
  }

  #signed(type: number, list: readonly Attribute[]): Promise<Buffer> {
    const { username, credential } = this.#credentials;
    const key = createHash('md5').update(`${username}:${this.#realm}:${credential}`).digest();
    return this.#request(
      type,
      [...list, [stun.USERNAME, Buffer.from(username)], [REALM, this.#realm], [NONCE, this.#nonce]],
      key,
    );
  }

  async #request(type: number, list: readonly Attribute[], key?: Buffer): Promise<Buffer> {
    const body = attributes(list);
    const header = Buffer.alloc(stun.STUN_HEADER_BYTES);
    header.writeUInt16BE(type, 0);
    header.writeUInt16BE(body.length + (key ? 24 : 0), 2);
    header.writeUInt32BE(0x2112a442, 4);
    randomBytes(12).copy(header, 8);
    const unsigned = Buffer.concat([header, body]);
    const mac = key && createHmac('sha1', key).update(unsigned).digest();
    this.#socket.write(
      mac ? Buffer.concat([unsigned, attributes([[stun.MESSAGE_INTEGRITY, mac]])]) : unsigned,
    );
    const [response] = (await once(this.#socket, 'data')) as [Buffer];
    return response;
  }
}
