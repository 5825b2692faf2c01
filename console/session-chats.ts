/** The chats of the sessions: each is loaded when it is first looked at or written in, and kept up by events. */
import { Chat, type ChatEvent, type ChatParts } from '../relay/client/chat.ts';
import type { SessionId } from '../relay/protocol.ts';

export class SessionChats {
  readonly #request: ChatParts['request'];
  readonly #changed: () => void;
  readonly #chats = new Map<SessionId, Chat>();

  constructor(request: ChatParts['request'], changed: () => void) {
    this.#request = request;
    this.#changed = changed;
  }

  of(sessionId: SessionId): Chat {
    const known = this.#chats.get(sessionId);
    if (known) {
      return known;
    }
    const chat = new Chat({
      own: 'technician',
      sessionId,
      request: this.#request,
      changed: this.#changed,
    });
    this.#chats.set(sessionId, chat);
    void chat.open();
    return chat;
  }

  /** Messages that nobody has looked at; none of a session whose chat was not loaded. */
  unread(sessionId: SessionId): number {
    return this.#chats.get(sessionId)?.unread ?? 0;
  }

  receive(event: ChatEvent): void {
    this.of(event.sessionId).receive(event);
  }

  /** The connection is back: what was missed comes, what is on its way goes again. */
  reopen(): void {
    for (const chat of this.#chats.values()) {
      void chat.open();
    }
  }

  forget(sessionId: SessionId): void {
    this.#chats.get(sessionId)?.close();
    this.#chats.delete(sessionId);
  }

  forgetAll(): void {
    for (const sessionId of [...this.#chats.keys()]) {
      this.forget(sessionId);
    }
  }
}
