/**
 * One party's side of the chat of a session: what was said, what is on its way, what the other side has seen. Survives lost
 * connections: a message without an answer is sent again under the same `clientId` when the page is greeted again.
 */
import type { ChatMessage, ChatSeen, Params, Result, Role, ServerEvent, SessionId } from '../protocol.ts';
import { RequestError } from './connection.ts';

/** The relay refuses longer ones. */
export const CHAT_TEXT_MAX_LENGTH = 2_000;
/** How long "is writing" stands after the last sign of it, and how often it is said. */
const TYPING_SHOWN_MS = 5_000;
const TYPING_EVERY_MS = 2_000;

type ChatRequest = 'openChat' | 'sendChat' | 'chatSeen' | 'typing';

export type ChatEvent = Extract<ServerEvent, { type: 'chat' | 'chatSeen' | 'typing' }>;

export type ChatParts = {
  own: Role;
  sessionId: SessionId;
  request<T extends ChatRequest>(type: T, params: Params<T>): Promise<Result<T>>;
  changed(): void;
  now?: () => number;
};

/** Own messages only: `failed` was refused for good. */
export type Delivery = 'sending' | 'failed' | 'sent' | 'delivered' | 'read';

export type ChatLine = {
  key: string;
  own: boolean;
  name: string;
  text: string;
  /** Epoch milliseconds of the relay; of this page while it is on its way. */
  at: number;
  delivery?: Delivery;
};

type Outgoing = { clientId: string; text: string; at: number; failed: boolean };

const NOTHING_SEEN: ChatSeen = { delivered: 0, read: 0 };

export class Chat {
  readonly #parts: ChatParts;
  readonly #now: () => number;
  readonly #messages = new Map<number, ChatMessage>();
  readonly #outgoing = new Map<string, Outgoing>();
  #seen: Record<Role, ChatSeen> = { technician: NOTHING_SEEN, customer: NOTHING_SEEN };
  /** Newest message of the other side that was on the screen here. */
  #readUpTo = 0;
  #otherTypedAt = Number.NEGATIVE_INFINITY;
  #toldTypingAt = Number.NEGATIVE_INFINITY;
  #typingEnds: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: ChatParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  get #other(): Role {
    return this.#parts.own === 'technician' ? 'customer' : 'technician';
  }

  /** The oldest first; what is on its way last. */
  get lines(): ChatLine[] {
    const sent = [...this.#messages.values()]
      .sort((a, b) => a.id - b.id)
      .map((message): ChatLine => {
        const own = message.from === this.#parts.own;
        return {
          ...{ key: message.clientId, own, name: message.name, text: message.text, at: message.at },
          ...(own && { delivery: this.#deliveryOf(message.id) }),
        };
      });
    const waiting = [...this.#outgoing.values()].map(
      ({ clientId, text, at, failed }): ChatLine => ({
        ...{ key: clientId, own: true, name: '', text, at },
        delivery: failed ? 'failed' : 'sending',
      }),
    );
    return [...sent, ...waiting];
  }

  /** Messages of the other side that were not on the screen yet. */
  get unread(): number {
    let count = 0;
    for (const { id, from } of this.#messages.values()) {
      if (from !== this.#parts.own && id > this.#readUpTo) {
        count += 1;
      }
    }
    return count;
  }

  /** The newest message of the other side. */
  get latest(): ChatMessage | undefined {
    return [...this.#messages.values()].findLast(({ from }) => from !== this.#parts.own);
  }

  get otherIsTyping(): boolean {
    return this.#now() - this.#otherTypedAt < TYPING_SHOWN_MS;
  }

  /** Called with every greeting: loads what was missed, and sends again what has no answer. */
  async open(): Promise<void> {
    const { sessionId, own } = this.#parts;
    try {
      const { messages, seen } = await this.#parts.request('openChat', { sessionId });
      for (const message of messages) {
        this.#take(message);
      }
      this.#seen = seen;
      this.#readUpTo = Math.max(this.#readUpTo, seen[own].read);
      this.#tellSeen();
      this.#parts.changed();
    } catch {
      // The next greeting asks again.
    }
    for (const outgoing of this.#outgoing.values()) {
      if (!outgoing.failed) {
        void this.#deliver(outgoing);
      }
    }
  }

  send(text: string): void {
    const plain = text.trim();
    if (plain === '') {
      return;
    }
    const outgoing = { clientId: crypto.randomUUID(), text: plain, at: this.#now(), failed: false };
    this.#outgoing.set(outgoing.clientId, outgoing);
    this.#toldTypingAt = Number.NEGATIVE_INFINITY;
    this.#parts.changed();
    void this.#deliver(outgoing);
  }

  /** Once more, after it was refused. */
  retry(key: string): void {
    const outgoing = this.#outgoing.get(key);
    if (outgoing) {
      outgoing.failed = false;
      this.#parts.changed();
      void this.#deliver(outgoing);
    }
  }

  /** The person has the messages before their eyes. */
  read(): void {
    const newest = this.#newestOfOther();
    if (newest > this.#readUpTo) {
      this.#readUpTo = newest;
      this.#tellSeen();
      this.#parts.changed();
    }
  }

  /** The person is writing. */
  typing(): void {
    const now = this.#now();
    if (now - this.#toldTypingAt >= TYPING_EVERY_MS) {
      this.#toldTypingAt = now;
      void this.#parts.request('typing', { sessionId: this.#parts.sessionId }).catch(() => undefined);
    }
  }

  receive(event: ChatEvent): void {
    switch (event.type) {
      case 'chat':
        this.#take(event.message);
        if (event.message.from !== this.#parts.own) {
          this.#otherTypedAt = Number.NEGATIVE_INFINITY;
          this.#tellSeen();
        }
        break;
      case 'chatSeen':
        this.#seen = { ...this.#seen, [event.party]: event.seen };
        break;
      case 'typing':
        this.#otherTypedAt = this.#now();
        clearTimeout(this.#typingEnds);
        this.#typingEnds = setTimeout(() => this.#parts.changed(), TYPING_SHOWN_MS + 1);
        break;
    }
    this.#parts.changed();
  }

  close(): void {
    clearTimeout(this.#typingEnds);
  }

  #take(message: ChatMessage): void {
    this.#messages.set(message.id, message);
    this.#outgoing.delete(message.clientId);
  }

  async #deliver(outgoing: Outgoing): Promise<void> {
    const { clientId, text } = outgoing;
    try {
      const { message } = await this.#parts.request('sendChat', {
        sessionId: this.#parts.sessionId,
        clientId,
        text,
      });
      this.#take(message);
    } catch (error) {
      // Without a connection the next greeting sends it again.
      outgoing.failed = !(error instanceof RequestError && error.code === 'notConnected');
    }
    this.#parts.changed();
  }

  #deliveryOf(id: number): Delivery {
    const { delivered, read } = this.#seen[this.#other];
    return id <= read ? 'read' : id <= delivered ? 'delivered' : 'sent';
  }

  #newestOfOther(): number {
    let newest = 0;
    for (const { id, from } of this.#messages.values()) {
      newest = from === this.#parts.own ? newest : Math.max(newest, id);
    }
    return newest;
  }

  #tellSeen(): void {
    const seen = { delivered: this.#newestOfOther(), read: this.#readUpTo };
    const known = this.#seen[this.#parts.own];
    if (seen.delivered > known.delivered || seen.read > known.read) {
      this.#seen = { ...this.#seen, [this.#parts.own]: seen };
      const { sessionId } = this.#parts;
      void this.#parts.request('chatSeen', { sessionId, seen }).catch(() => undefined);
    }
  }
}
