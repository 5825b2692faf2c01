/** A page without a browser: signs in over HTTP and speaks the real protocol over a real WebSocket. */
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  type Api,
  type ClaimResult,
  type CustomerFields,
  type ErrorCode,
  type HelloResult,
  type PageRole,
  type Params,
  type PeerId,
  PROTOCOL_VERSION,
  type RequestType,
  type Result,
  type ServerEvent,
  type ServerMessage,
  STILL_FRAME,
  STILL_HEADER_BYTES,
  WEBSOCKET_PATH,
} from '../../relay/protocol.ts';
import { ADMIN } from './relay-process.ts';

/** Long enough for a busy machine; a wait that ends here names what it waited for. */
const WAIT_TIMEOUT_MS = 15_000;

export const NO_FIELDS: CustomerFields = { name: '', phone: '', email: '', ticketId: '', custom: {} };

export class Refused extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type Credentials = { email: string; password: string };

/** One request of the JSON API. */
export async function callApi<R extends keyof Api>(
  origin: string,
  route: R,
  body: Api[R]['body'],
  options: { cookie?: string; id?: number; name?: string; origin?: string } = {},
): Promise<{ status: number; json: Api[R]['result'] & { code?: ErrorCode }; cookie: string }> {
  const [method = '', path = ''] = route.split(' ');
  const response = await fetch(
    origin + path.replace(':id', String(options.id ?? '')).replace(':name', options.name ?? ''),
    {
      method,
      headers: {
        Origin: options.origin ?? origin,
        'Content-Type': 'application/json',
        ...(options.cookie ? { Cookie: options.cookie } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
  );
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  const text = await response.text();
  return {
    status: response.status,
    json: JSON.parse(text || '{}') as Api[R]['result'] & { code?: ErrorCode },
    cookie,
  };
}

export async function signIn(origin: string, credentials: Credentials = ADMIN): Promise<string> {
  const { status, cookie } = await callApi(origin, 'POST /api/sign-in', credentials);
  if (status !== 200) {
    throw new Error(`sign-in answered ${status}`);
  }
  return cookie;
}

type Waiting = { accept: () => boolean; done: () => void };

export class SignallingClient {
  readonly events: ServerEvent[] = [];
  /** Binary frames, as received. */
  readonly binary: Buffer[] = [];
  /** Close code of the socket once it is closed. */
  closed: number | undefined;
  helloResult: HelloResult | undefined;
  /** Sees every reply, also those to messages that were not sent as a request. */
  onReply: (message: ServerMessage) => void = () => undefined;
  /** Sees every event from when it is set. */
  onEvent: (event: ServerEvent) => void = () => undefined;
  readonly #ws: WebSocket;
  readonly #waiting = new Set<Waiting>();
  readonly #replies = new Map<number, (message: ServerMessage) => void>();
  #nextId = 1;

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) {
        this.binary.push(data);
        this.#wake();
      } else {
        this.#receive(JSON.parse(data.toString()) as ServerMessage);
      }
    });
    ws.on('close', (code) => {
      this.closed = code;
      for (const waiting of this.#waiting) {
        waiting.done();
      }
      for (const [id, reply] of this.#replies) {
        reply({ type: 'error', id, code: 'internal', message: 'The socket was closed.' });
      }
    });
    ws.on('error', () => undefined);
  }

  /**
   * A socket that has not said hello yet.
   * @param options.address to come from, of 127.0.0.0/8; the relay then counts it as a place of its own
   */
  static async connect(
    origin: string,
    options: { cookie?: string; origin?: string; address?: string } = {},
  ): Promise<SignallingClient> {
    const { address } = options;
    const server = address === undefined ? origin : origin.replace('localhost', '127.0.0.1');
    const ws = new WebSocket(server.replace(/^http/, 'ws') + WEBSOCKET_PATH, {
      ...(address === undefined ? {} : { localAddress: address }),
      origin: options.origin ?? origin,
      rejectUnauthorized: false,
      ...(options.cookie ? { headers: { Cookie: options.cookie } } : {}),
    });
    const client = new SignallingClient(ws);
    await new Promise<void>((resolve, reject) => {
      ws.once('open', resolve);
      ws.once('error', reject);
    });
    return client;
  }

  static async technician(origin: string, cookie: string): Promise<SignallingClient> {
    const client = await SignallingClient.connect(origin, { cookie });
    await client.hello('technician');
    return client;
  }

  static async customer(
    origin: string,
    resume?: string,
    peers: readonly PeerId[] = [],
  ): Promise<SignallingClient> {
    const client = await SignallingClient.connect(origin);
    await client.hello('customer', resume, peers);
    return client;
  }

  /** A page at `/g/…`, before or after it has joined. */
  static async guest(origin: string, resume?: string): Promise<SignallingClient> {
    const client = await SignallingClient.connect(origin);
    await client.hello('guest', resume);
    return client;
  }

  /** @param peers connections that the page still holds */
  async hello(role: PageRole, resume?: string, peers: readonly PeerId[] = []): Promise<HelloResult> {
    this.helloResult = await this.request('hello', {
      version: PROTOCOL_VERSION,
      role,
      language: 'en',
      videoCodecs: ['VP8'],
      peers: [...peers],
      ...(resume === undefined ? {} : { resume }),
    });
    return this.helloResult;
  }

  /** @throws Refused with the relay's code */
  request<T extends RequestType>(type: T, params: Params<T>): Promise<Result<T>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#replies.set(id, (message) => {
        if (message.type === 'ok') {
          resolve(message.result as Result<T>);
        } else if (message.type === 'error') {
          reject(new Refused(message.code, message.message));
        }
      });
      this.sendText(JSON.stringify({ type, id, ...params }));
    });
  }

  /** The code with which the relay refuses, or undefined when it does not. */
  async refusal<T extends RequestType>(type: T, params: Params<T>): Promise<ErrorCode | undefined> {
    try {
      await this.request(type, params);
      return undefined;
    } catch (error) {
      if (error instanceof Refused) {
        return error.code;
      }
      throw error;
    }
  }

  sendText(text: string): void {
    this.#ws.send(text);
  }

  sendBinary(bytes: Buffer): void {
    this.#ws.send(bytes);
  }

  /** Sends a JPEG as the customer's page does. @returns the code with which the relay refuses it, if it does */
  async sendStill(jpeg: Buffer): Promise<ErrorCode | undefined> {
    const message = await this.#upload(STILL_FRAME, jpeg);
    return message.type === 'error' ? message.code : undefined;
  }

  /** Sends a binary frame that is answered like a request. @throws Refused with the relay's code */
  async upload(kind: number, content: Uint8Array): Promise<object> {
    const message = await this.#upload(kind, content);
    if (message.type === 'ok') {
      return message.result;
    }
    throw message.type === 'error' ? new Refused(message.code, message.message) : new Error(message.type);
  }

  #upload(kind: number, content: Uint8Array): Promise<ServerMessage> {
    const header = Buffer.alloc(STILL_HEADER_BYTES);
    const id = this.#nextId++;
    header.writeUInt8(kind, 0);
    header.writeUInt32BE(id, 1);
    const reply = new Promise<ServerMessage>((resolve) => this.#replies.set(id, resolve));
    this.sendBinary(Buffer.concat([header, content]));
    return reply;
  }

  /** Waits until so many binary frames have come. */
  async binaryFrames(count: number): Promise<Buffer[]> {
    await this.#until(`${count} binary frames`, () => this.binary.length >= count);
    return this.binary;
  }

  /** The first event, past or coming, for which `accept` holds. */
  async event<E extends ServerEvent>(reason: string, accept: (event: ServerEvent) => event is E): Promise<E>;
  async event(reason: string, accept: (event: ServerEvent) => boolean): Promise<ServerEvent>;
  async event(reason: string, accept: (event: ServerEvent) => boolean): Promise<ServerEvent> {
    await this.#until(reason, () => this.events.some(accept));
    const found = this.events.find(accept);
    if (!found) {
      throw new Error(`waited for ${reason}, but the socket closed with ${this.closed}`);
    }
    return found;
  }

  untilClosed(): Promise<void> {
    return this.#until('the socket to close', () => this.closed !== undefined);
  }

  /** @param code 1001 is what a browser says when its page is closed or loaded again */
  close(code?: 1001): void {
    this.#ws.close(code);
  }

  /** Cuts the socket without a word, as a lost network does. */
  terminate(): void {
    this.#ws.terminate();
  }

  #until(reason: string, condition: () => boolean): Promise<void> {
    if (condition()) {
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(new Error(`waited ${WAIT_TIMEOUT_MS} ms for ${reason}`));
      }, WAIT_TIMEOUT_MS);
      const waiting: Waiting = {
        accept: condition,
        done: () => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      this.#waiting.add(waiting);
    });
  }

  #receive(message: ServerMessage): void {
    if (message.type === 'ok' || message.type === 'error') {
      const reply = this.#replies.get(message.id);
      this.#replies.delete(message.id);
      reply?.(message);
      this.onReply(message);
    } else {
      this.events.push(message);
      this.onEvent(message);
    }
    this.#wake();
  }

  #wake(): void {
    for (const waiting of this.#waiting) {
      if (waiting.accept()) {
        waiting.done();
      }
    }
  }
}

/** Accepts the terms in English for a page that claimed; with the resume token that it made. */
export async function acceptTerms(
  customer: SignallingClient,
  claim: ClaimResult,
): Promise<Result<'acceptTerms'> & { resume: string }> {
  const { version, language, hash } = claim.terms.en;
  const resume = randomBytes(32).toString('base64url');
  const result = await customer.request('acceptTerms', {
    version,
    language,
    hash,
    devices: { microphone: 'on', camera: 'on' },
    browser: 'Test',
    resume,
  });
  return { ...result, resume };
}
