/**
 * The customers of `bench pin`, as a process of its own: WebSockets from as many loopback addresses, each of which goes
 * through a script of messages, one after the other's answer. The same code for the echo server and for the relay. Forked;
 * speaks `LoadCommand` and `LoadEvent` over IPC and ends with its parent.
 */
import { WebSocket } from 'ws';

export type LoadCommand =
  /** Opens so many more sockets; each says `greeting` first, if there is one, and waits for the answer. */
  | { type: 'open'; url: string; origin: string; sockets: number; greeting?: string }
  /**
   * One script for each of the sockets that were opened last, at most `inFlight` at work at a time.
   * With `seconds` every socket begins its script again until that time is over.
   */
  | { type: 'walk'; scripts: string[][]; inFlight: number; seconds?: number }
  | { type: 'close' };

export type Walked = {
  type: 'walked';
  seconds: number;
  /** Messages that were answered. */
  answers: number;
  /** Scripts that came to their end with no answer that refuses. */
  completed: number;
  refused: Record<string, number>;
  /** From a script's first message to its last answer, and of each single message. */
  scriptMs: number[];
  messageMs: number[];
};

export type LoadEvent = { type: 'opened' } | { type: 'closed' } | Walked;

/** Connections that are under way to the server at a time; more would overflow its backlog. */
const OPENING_MAX = 100;

/** What the relay says unasked begins otherwise; what an echo server says is always an answer. */
const EVENT = /^\{"type":"(customer|superseded|offer|candidates|peerClosed|closing)"/;
const REFUSAL = /^\{"type":"error".*?"code":"(\w+)"/;
/** Enough of an answer to tell what it is. */
const HEAD_BYTES = 120;

/** Every socket comes from an address of its own, in a network of its own as long as there are any. */
let opened = 0;
function nextAddress(): string {
  opened += 1;
  return `127.${1 + (opened % 250)}.${1 + (Math.floor(opened / 250) % 250)}.${1 + Math.floor(opened / 62_500)}`;
}

class Visitor {
  readonly #socket: WebSocket;
  #heard: (head: string) => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const head = data.toString('latin1', 0, HEAD_BYTES);
      if (!EVENT.test(head)) {
        this.#heard(head);
      }
    });
    socket.on('error', () => undefined);
  }

  static async open(url: string, origin: string, greeting: string | undefined): Promise<Visitor> {
    const socket = new WebSocket(url, { origin, localAddress: nextAddress(), perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const visitor = new Visitor(socket);
    if (greeting !== undefined) {
      await new Promise((resolve) => visitor.ask(greeting, resolve));
    }
    return visitor;
  }

  ask(text: string, heard: (head: string) => void): void {
    this.#heard = heard;
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.terminate();
  }
}

const visitors: Visitor[] = [];
let newest: Visitor[] = [];

async function open({
  url,
  origin,
  sockets,
  greeting,
}: Extract<LoadCommand, { type: 'open' }>): Promise<void> {
  newest = [];
  while (newest.length < sockets) {
    const some = Math.min(OPENING_MAX, sockets - newest.length);
    newest.push(
      ...(await Promise.all(Array.from({ length: some }, () => Visitor.open(url, origin, greeting)))),
    );
  }
  visitors.push(...newest);
}

function walk(scripts: string[][], inFlight: number, seconds = 0): Promise<Walked> {
  const result: Walked = {
    type: 'walked',
    seconds: 0,
    answers: 0,
    completed: 0,
    refused: {},
    scriptMs: [],
    messageMs: [],
  };
  const startedAt = performance.now();
  const endsAt = startedAt + 1000 * seconds;
  let next = 0;
  let atWork = 0;
  return new Promise((resolve) => {
    function begin(index: number): void {
      const visitor = newest[index];
      const script = scripts[index];
      if (!visitor || !script) {
        return;
      }
      atWork += 1;
      const begunAt = performance.now();
      let step = 0;
      let askedAt = begunAt;
      const heard = (head: string) => {
        const now = performance.now();
        result.answers += 1;
        result.messageMs.push(now - askedAt);
        const code = REFUSAL.exec(head)?.[1];
        step += 1;
        if (code === undefined && step < script.length) {
          askedAt = now;
          visitor.ask(script[step] ?? '', heard);
          return;
        }
        if (code === undefined) {
          result.completed += 1;
        } else {
          result.refused[code] = (result.refused[code] ?? 0) + 1;
        }
        result.scriptMs.push(now - begunAt);
        atWork -= 1;
        if (now < endsAt) {
          begin(index);
        } else if (seconds === 0 && next < scripts.length) {
          begin(next++);
        } else if (atWork === 0) {
          result.seconds = (now - startedAt) / 1000;
          resolve(result);
        }
      };
      visitor.ask(script[0] ?? '', heard);
    }
    while (next < Math.min(inFlight, scripts.length)) {
      begin(next++);
    }
  });
}

async function obey(command: LoadCommand): Promise<LoadEvent> {
  switch (command.type) {
    case 'open':
      await open(command);
      return { type: 'opened' };
    case 'walk':
      return walk(command.scripts, command.inFlight, command.seconds);
    case 'close':
      for (const visitor of visitors.splice(0)) {
        visitor.close();
      }
      return { type: 'closed' };
  }
}

process.on('message', (command: LoadCommand) => {
  void obey(command).then((event) => process.send?.(event));
});
process.on('disconnect', () => process.exit(0));
