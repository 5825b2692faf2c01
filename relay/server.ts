/**
 * HTTP and WebSocket on uWebSockets.js; the only file that imports it. Everything above sees plain requests,
 * responses and sockets. The rules of the library are kept here: a request is dead after the first await, a
 * response must register `onAborted` before it goes asynchronous and be written corked, a closed socket may not
 * be touched (reliability.md 2.2).
 */
import uWS from 'uWebSockets.js';
import { type FileBody, sendFile } from './file-body.ts';
import { StartError } from './start-error.ts';

/** Largest body of a JSON request; photos have a path of their own. */
const BODY_MAX_BYTES = 64 * 1024;
/** Above this the library itself drops the connection; the smaller limits per role answer with a sentence. */
const FRAME_MAX_BYTES = 1024 * 1024;
/** What may queue for a slow reader before its socket is closed (reliability.md 2.2). */
const BACKPRESSURE_MAX_BYTES = 1024 * 1024;
/** Silence after which a socket is dead. The library pings by itself before that, also through a sleeping page. */
const IDLE_TIMEOUT_S = 12;

/**
 * Without it a second relay would silently share the port and take half of the connections. The four-argument
 * form exists in the library but not in its types (`ListenOptions.LIBUS_LISTEN_EXCLUSIVE_PORT` is 1 there).
 */
const LISTEN_EXCLUSIVE_PORT = 1;
type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  done: (token: uWS.us_listen_socket | false) => void,
) => void;

export type HttpRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: ReadonlyMap<string, string>;
  /** The peer's address. Personal data: log at debug level only. */
  address: string;
  /** Undefined when it is longer than allowed. */
  body: () => Promise<Buffer | undefined>;
};

export type HttpResponse = {
  status: number;
  headers: Readonly<Record<string, string | readonly string[]>>;
  body: string | Buffer | FileBody;
};

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** One WebSocket. Safe to call after it is closed: it then does nothing. */
export type Socket = {
  readonly request: HttpRequest;
  /** Goes out with all else of this turn of the event loop, in one piece. A reader that is too slow is closed. */
  send(text: string): void;
  /** Like `send`, but a frame that would have to queue behind more than `queueMaxBytes` is dropped instead. */
  sendBinary(bytes: Uint8Array, queueMaxBytes: number): boolean;
  /** More than this waits for a reader that is too slow. */
  isBehind(queueMaxBytes: number): boolean;
  close(code: number, reason: string): void;
};

export type SocketListener = {
  /** Answer with a response to refuse. */
  upgrade(request: HttpRequest): HttpResponse | undefined;
  open(socket: Socket): void;
  /** `bytes` is the length on the wire. */
  message(socket: Socket, text: string, bytes: number): void;
  /** The memory is the library's and is gone after this call. */
  binary(socket: Socket, bytes: Uint8Array): void;
  /** @param code why, of RFC 6455 section 7.4; 1006 when the connection was cut */
  close(socket: Socket, code: number): void;
};

export type ServerOptions = {
  host: string;
  port: number;
  tls?: { keyFile: string; certFile: string };
  http: HttpHandler;
  socketPath: string;
  socket: SocketListener;
};

export type Server = { port: number; close(): void };

type SocketData = { request: HttpRequest; socket?: UwsSocket };

/** What `send` of the library returns for a message that its limit did not take. */
const DROPPED = 2;

/** Sockets that have something to send. */
let unflushed: UwsSocket[] = [];

function flushLater(socket: UwsSocket): void {
  if (unflushed.push(socket) === 1) {
    setImmediate(flushAll);
  }
}

function flushAll(): void {
  const sockets = unflushed;
  unflushed = [];
  for (const socket of sockets) {
    socket.flush();
  }
}

class UwsSocket implements Socket {
  readonly request: HttpRequest;
  #ws: uWS.WebSocket<SocketData> | undefined;
  /** Texts of this turn: handing each to the kernel costs more than all else that is done for it. */
  #unsent: string | string[] | undefined;

  constructor(ws: uWS.WebSocket<SocketData>) {
    this.#ws = ws;
    this.request = ws.getUserData().request;
  }

  send(text: string): void {
    if (this.#ws === undefined) {
      return;
    }
    if (this.#unsent === undefined) {
      this.#unsent = text;
      flushLater(this);
    } else if (typeof this.#unsent === 'string') {
      this.#unsent = [this.#unsent, text];
    } else {
      this.#unsent.push(text);
    }
  }

  /** To the kernel with it. */
  flush(): void {
    const texts = this.#unsent;
    this.#unsent = undefined;
    const ws = this.#ws;
    if (ws === undefined || texts === undefined) {
      return;
    }
    if (typeof texts === 'string') {
      ws.send(texts);
      return;
    }
    ws.cork(() => {
      for (const text of texts) {
        // Sending may close a socket whose reader is too slow, and then it may not be touched again.
        this.#ws?.send(text);
      }
    });
  }

  sendBinary(bytes: Uint8Array, queueMaxBytes: number): boolean {
    this.flush();
    const ws = this.#ws;
    return ws !== undefined && ws.getBufferedAmount() <= queueMaxBytes && ws.send(bytes, true) !== DROPPED;
  }

  isBehind(queueMaxBytes: number): boolean {
    return this.#ws !== undefined && this.#ws.getBufferedAmount() > queueMaxBytes;
  }

  close(code: number, reason: string): void {
    this.flush();
    const ws = this.#ws;
    this.#ws = undefined;
    ws?.end(code, reason);
  }

  /** The library has closed it: from here on the native object may not be used. */
  forget(): void {
    this.#ws = undefined;
  }
}

function readRequest(res: uWS.HttpResponse, req: uWS.HttpRequest): HttpRequest {
  const headers = new Map<string, string>();
  req.forEach((name, value) => {
    headers.set(name, value);
  });
  return {
    method: req.getMethod().toUpperCase(),
    path: req.getUrl(),
    query: new URLSearchParams(req.getQuery() ?? ''),
    headers,
    address: Buffer.from(res.getRemoteAddressAsText()).toString(),
    body: async () => undefined,
  };
}

function readBody(res: uWS.HttpResponse): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    res.onData((chunk, isLast) => {
      length += chunk.byteLength;
      if (length <= BODY_MAX_BYTES) {
        // The chunk's memory is the library's and is gone after this call.
        chunks.push(Buffer.from(new Uint8Array(chunk)));
      }
      if (isLast) {
        resolve(length <= BODY_MAX_BYTES ? Buffer.concat(chunks) : undefined);
      }
    });
  });
}

const STATUS_TEXT: Record<number, string> = {
  200: '200 OK',
  201: '201 Created',
  202: '202 Accepted',
  206: '206 Partial Content',
  302: '302 Found',
  304: '304 Not Modified',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  409: '409 Conflict',
  413: '413 Content Too Large',
  416: '416 Range Not Satisfiable',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
};

function write(
  res: uWS.HttpResponse,
  response: HttpResponse,
  headOnly: boolean,
  isAborted: () => boolean = () => false,
): void {
  const { body } = response;
  const isFile = typeof body === 'object' && 'file' in body;
  res.cork(() => {
    res.writeStatus(STATUS_TEXT[response.status] ?? String(response.status));
    for (const [name, value] of Object.entries(response.headers)) {
      for (const item of typeof value === 'string' ? [value] : value) {
        res.writeHeader(name, item);
      }
    }
    if (response.status === 304) {
      res.endWithoutBody();
    } else if (headOnly) {
      res.endWithoutBody(isFile ? body.length : Buffer.byteLength(body));
    } else if (!isFile) {
      res.end(body);
    } else if (body.length === 0) {
      res.end('');
    }
  });
  if (isFile && body.length > 0 && !headOnly && response.status !== 304) {
    void sendFile(res, body, isAborted);
  }
}

function serve(handler: HttpHandler, res: uWS.HttpResponse, req: uWS.HttpRequest): void {
  let aborted = false;
  res.onAborted(() => {
    aborted = true;
  });
  const request = readRequest(res, req);
  const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : readBody(res);
  if (body) {
    request.body = () => body;
  }
  const finish = (response: HttpResponse) => {
    if (!aborted) {
      write(res, response, request.method === 'HEAD', () => aborted);
    }
  };
  // Handlers answer their own failures; this is the last resort against a connection that hangs for ever.
  const fail = () => finish({ status: 500, headers: {}, body: '' });
  try {
    const response = handler(request);
    if (response instanceof Promise) {
      response.then(finish, fail);
    } else {
      finish(response);
    }
  } catch {
    fail();
  }
}

/** @throws StartError `portTaken` or `tlsInvalid`. */
export async function listen(options: ServerOptions): Promise<Server> {
  const app = openApp(options);
  app.any('/*', (res, req) => serve(options.http, res, req));
  app.ws<SocketData>(options.socketPath, {
    maxPayloadLength: FRAME_MAX_BYTES,
    maxBackpressure: BACKPRESSURE_MAX_BYTES,
    closeOnBackpressureLimit: 1,
    idleTimeout: IDLE_TIMEOUT_S,
    sendPingsAutomatically: true,
    upgrade: (res, req, context) => {
      const request = readRequest(res, req);
      const refusal = options.socket.upgrade(request);
      if (refusal) {
        write(res, refusal, false);
        return;
      }
      res.upgrade<SocketData>(
        { request },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open: (ws) => {
      const socket = new UwsSocket(ws);
      ws.getUserData().socket = socket;
      options.socket.open(socket);
    },
    message: (ws, message, isBinary) => {
      const { socket } = ws.getUserData();
      if (socket && isBinary) {
        options.socket.binary(socket, new Uint8Array(message));
      } else if (socket) {
        options.socket.message(socket, Buffer.from(message).toString(), message.byteLength);
      }
    },
    close: (ws, code) => {
      const { socket } = ws.getUserData();
      if (socket) {
        socket.forget();
        options.socket.close(socket, code);
      }
    },
  });
  const token = await new Promise<uWS.us_listen_socket | false>((resolve) => {
    (app.listen as unknown as ListenWithOptions).call(
      app,
      options.host,
      options.port,
      LISTEN_EXCLUSIVE_PORT,
      resolve,
    );
  });
  if (!token) {
    throw new StartError(
      'portTaken',
      `Port ${options.port} on ${options.host} cannot be opened; another program probably uses it. Choose another with --port.`,
    );
  }
  return { port: uWS.us_socket_local_port(token), close: () => app.close() };
}

function openApp({ tls }: ServerOptions): uWS.TemplatedApp {
  if (!tls) {
    return uWS.App();
  }
  try {
    return uWS.SSLApp({ key_file_name: tls.keyFile, cert_file_name: tls.certFile });
  } catch {
    throw new StartError(
      'tlsInvalid',
      `The certificate ${tls.certFile} or its key ${tls.keyFile} cannot be used.`,
    );
  }
}
