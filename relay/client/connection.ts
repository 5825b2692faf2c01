/**
 * The browser's end of the signalling socket: hello, typed requests, events, heartbeat, and reconnection for ever.
 * Shared by the console and the customer's page; it knows nothing of either.
 */
import {
  type ErrorCode,
  HEARTBEAT_INTERVAL_MS,
  type HelloResult,
  type Params,
  type Reply,
  type RequestType,
  type Result,
  type ServerEvent,
  type ServerMessage,
  STILL_HEADER_BYTES,
} from '../protocol.ts';
import { onNetworkChange } from './media-watch.ts';

/** `lost`: it was or could not be opened and is tried again; `closed`: nobody tries any more. */
export type ConnectionStatus = 'connecting' | 'open' | 'lost' | 'closed';

/** A request that the relay refused, or that could not be asked or answered because the socket is gone. */
export class RequestError extends Error {
  readonly code: ErrorCode | 'notConnected';

  constructor(code: ErrorCode | 'notConnected', message: string) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
  }
}

/** One socket, as far as a connection needs it. `close` is silent: no listener is called after it. */
export type Socket = { send(data: string | Uint8Array<ArrayBuffer>): void; close(): void };
export type SocketListener = {
  opened(): void;
  received(text: string): void;
  receivedBinary(frame: ArrayBuffer): void;
  closed(): void;
};

/** What a connection takes from the browser; tests pass their own. Times in milliseconds. */
export type ConnectionEnvironment = {
  openSocket: (url: string, listener: SocketListener) => Socket;
  /** Runs `callback` once after the delay; returns the undo. */
  later: (callback: () => void, delayMs: number) => () => void;
  /** Calls back whenever the network or the person may be back; returns the undo. */
  onWake: (callback: () => void) => () => void;
  /** 0 to 1. */
  random: () => number;
};

export type ConnectionOptions = {
  /** ws(s)://host/ws */
  url: string;
  /** Asked again before each hello: the resume token and the held peers change between connections. */
  hello: () => Params<'hello'>;
  /** After each successful hello, the first one and those of reconnections. */
  onHello: (result: HelloResult) => void;
  /** The relay said no for good (not signed in, unknown resume token, old page): status is `closed` by then. */
  onHelloError: (error: RequestError) => void;
  onEvent: (event: ServerEvent) => void;
  /** A binary frame as it came; without this they are left aside. */
  onBinary?: (frame: ArrayBuffer) => void;
  onStatus: (status: ConnectionStatus) => void;
  environment?: ConnectionEnvironment;
};

/** A socket that was cut while the relay is there should be back before anybody notices. */
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 5_000;
/** A relay that is started again is found within half of the time that it was away. Longest delay after 15 seconds. */
const RETRY_GROWTH = 1.5;
/** TCP, TLS, upgrade and hello are five round trips; a phone on a bad cell has round trips of up to 2 s. */
const HELLO_TIMEOUT_MS = 10_000;

/** After a sign that the network changed: the answer to a ping takes one round trip. */
const WAKE_PATIENCE_MS = 2_000;

/** Refusals of hello that pass by themselves, so that trying again is right. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'draining',
  'internal',
  'relayFull',
  'throttled',
  'tooManyMessages',
]);

type Pending = {
  resolve: (result: Extract<Reply, { type: 'ok' }>['result']) => void;
  reject: (error: RequestError) => void;
};

/**
 * Owns at most one socket and at most two timers at a time (one for the connection's life, one to try again).
 * `open` and `close` may be called in any state and any number of times.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #environment: ConnectionEnvironment;
  readonly #pending = new Map<number, Pending>();
  #status: ConnectionStatus = 'closed';
  #socket: Socket | undefined;
  #lastId = 0;
  #failures = 0;
  #pingUnanswered = false;
  /** Binary frames without an answer. */
  #uploads = 0;
  #waitedForUpload = false;
  #cancelTimer: () => void = nothing;
  #stopWaking: () => void = nothing;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#environment = options.environment ?? browserEnvironment;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  open(): void {
    if (this.#status !== 'closed') {
      return;
    }
    this.#failures = 0;
    this.#stopWaking = this.#environment.onWake(() => this.#wake());
    this.#setStatus('connecting');
    this.#connect();
  }

  close(): void {
    if (this.#status === 'closed') {
      return;
    }
    this.#stopWaking();
    this.#stopWaking = nothing;
    this.#drop();
    this.#setStatus('closed');
  }

  /** There is reason to think that the socket is dead, such as media that stopped: asks at once, with less patience. */
  check(): void {
    if (this.#status === 'open') {
      if (!this.#pingUnanswered) {
        this.#ping();
      }
      this.#scheduleHeartbeat(WAKE_PATIENCE_MS);
    }
  }

  /** Rejects with a {@link RequestError}: the relay's code, or `notConnected` when there is no open socket or it goes. */
  request<T extends RequestType>(type: T, params: Params<T>): Promise<Result<T>> {
    if (this.#status !== 'open') {
      return Promise.reject(notConnected());
    }
    return this.#send(type, params);
  }

  /**
   * Sends a binary frame `[u8 kind][u32 id][content]`; it is answered, and rejects, like a request.
   * @param kind of binary frame, such as `STILL_FRAME`
   */
  async sendBinary(kind: number, content: Uint8Array): Promise<void> {
    await this.upload(kind, content);
  }

  /** Like `sendBinary`, for frames whose answer says something. */
  async upload(kind: number, content: Uint8Array): Promise<object> {
    if (this.#status !== 'open') {
      throw notConnected();
    }
    const frame = new Uint8Array(STILL_HEADER_BYTES + content.length);
    frame.set(content, STILL_HEADER_BYTES);
    this.#uploads += 1;
    try {
      return await this.#await((id) => {
        const header = new DataView(frame.buffer);
        header.setUint8(0, kind);
        header.setUint32(1, id);
        this.#socket?.send(frame);
      });
    } finally {
      this.#uploads -= 1;
    }
  }

  async #send<T extends RequestType>(type: T, params: Params<T>): Promise<Result<T>> {
    const result = await this.#await((id) => this.#socket?.send(JSON.stringify({ ...params, type, id })));
    return result as Result<T>;
  }

  /** The reply to what `send` sends with the given id. */
  #await(send: (id: number) => void): Promise<Extract<Reply, { type: 'ok' }>['result']> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      send(id);
    });
  }

  #connect(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#environment.later(() => this.#lose(), HELLO_TIMEOUT_MS);
    this.#socket = this.#environment.openSocket(this.#options.url, {
      opened: () => this.#greet(),
      received: (text) => this.#receive(text),
      receivedBinary: (frame) => {
        this.#pingUnanswered = false;
        this.#options.onBinary?.(frame);
      },
      closed: () => this.#lose(),
    });
  }

  #greet(): void {
    const socket = this.#socket;
    this.#send('hello', this.#options.hello()).then(
      (result) => {
        if (this.#socket === socket) {
          this.#setStatus('open');
          this.#scheduleHeartbeat();
          this.#options.onHello(result);
        }
      },
      (error: RequestError) => {
        if (this.#socket !== socket) {
          return;
        }
        if (error.code === 'notConnected' || PASSING.has(error.code)) {
          this.#lose();
          return;
        }
        this.close();
        this.#options.onHelloError(error);
      },
    );
  }

  #receive(text: string): void {
    // Whatever arrives proves that the relay lives.
    this.#pingUnanswered = false;
    const message = parse(text);
    if (!message) {
      return;
    }
    if (message.type === 'ok' || message.type === 'error') {
      this.#settle(message);
    } else {
      this.#options.onEvent(message);
    }
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.type === 'ok') {
      pending?.resolve(reply.result);
    } else {
      pending?.reject(new RequestError(reply.code, reply.message));
    }
  }

  #scheduleHeartbeat(delayMs: number = HEARTBEAT_INTERVAL_MS): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#environment.later(() => {
      if (this.#pingUnanswered) {
        if (this.#uploads === 0 || this.#waitedForUpload) {
          this.#lose();
          return;
        }
        // The ping is behind a still that a slow uplink may take seconds for.
        this.#waitedForUpload = true;
        this.#scheduleHeartbeat();
        return;
      }
      this.#ping();
    }, delayMs);
  }

  #ping(): void {
    this.#pingUnanswered = true;
    this.#waitedForUpload = false;
    this.#send('ping', {}).then(
      () => {
        // Only a connection that lasted is a good one: a socket that dies right after hello must not be retried at full speed.
        this.#failures = 0;
      },
      () => {
        // `#lose` has already dealt with it.
      },
    );
    this.#scheduleHeartbeat();
  }

  /** A sleeping phone does not notice that its socket died: ask at once instead of waiting for the next beat. */
  #wake(): void {
    if (this.#status === 'open') {
      this.check();
      return;
    }
    this.#drop();
    this.#connect();
  }

  #lose(): void {
    this.#drop();
    const longest = Math.min(RETRY_FIRST_MS * RETRY_GROWTH ** this.#failures, RETRY_LONGEST_MS);
    this.#failures += 1;
    // Half to full delay, so that the pages of a restarted relay do not all come back in the same moment.
    const delayMs = longest * (1 - this.#environment.random() / 2);
    this.#cancelTimer = this.#environment.later(() => this.#connect(), delayMs);
    this.#setStatus('lost');
  }

  /** Undoes everything that belongs to one socket. */
  #drop(): void {
    this.#cancelTimer();
    this.#cancelTimer = nothing;
    this.#pingUnanswered = false;
    this.#socket?.close();
    this.#socket = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) {
      reject(notConnected());
    }
  }

  #setStatus(status: ConnectionStatus): void {
    if (this.#status !== status) {
      this.#status = status;
      this.#options.onStatus(status);
    }
  }
}

function nothing(): void {}

function notConnected(): RequestError {
  return new RequestError('notConnected', 'There is no connection to the relay.');
}

/** The relay is trusted (same origin); a text that is no message at all is left aside. */
function parse(text: string): ServerMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null && 'type' in message
      ? (message as ServerMessage)
      : undefined;
  } catch {
    return undefined;
  }
}

const browserEnvironment: ConnectionEnvironment = {
  openSocket: (url, listener) => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => listener.opened();
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data === 'string') {
        listener.received(event.data);
      } else if (event.data instanceof ArrayBuffer) {
        listener.receivedBinary(event.data);
      }
    };
    // `error` is always followed by `close` (WHATWG WebSockets, "fail the WebSocket connection").
    socket.onclose = () => listener.closed();
    return {
      send: (data) => {
        if (socket.readyState === WebSocket.OPEN) {
          socket.send(data);
        }
      },
      close: () => {
        socket.onopen = null;
        socket.onmessage = null;
        socket.onclose = null;
        socket.close();
      },
    };
  },
  later: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  onWake: (callback) => {
    const onVisible = () => {
      if (document.visibilityState === 'visible') {
        callback();
      }
    };
    // A page out of the back-forward cache finds its socket closed; at the first load there is nothing to wake.
    const onShow = (event: PageTransitionEvent) => {
      if (event.persisted) {
        callback();
      }
    };
    const stopNetwork = onNetworkChange(callback);
    window.addEventListener('online', callback);
    window.addEventListener('pageshow', onShow);
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      stopNetwork();
      window.removeEventListener('online', callback);
      window.removeEventListener('pageshow', onShow);
      document.removeEventListener('visibilitychange', onVisible);
    };
  },
  random: Math.random,
};
