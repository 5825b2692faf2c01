/** The logs of the opened sessions: loaded once, then kept up by events; lines may come in any order. */
import type { SessionEvent, SessionId } from '../relay/protocol.ts';
import type { Outcome } from './outcome.ts';

type Load = (sessionId: SessionId) => Promise<Outcome<{ events: SessionEvent[] }>>;

export class SessionLogs {
  readonly #load: Load;
  readonly #changed: () => void;
  readonly #logs = new Map<SessionId, Map<number, SessionEvent>>();

  constructor(load: Load, changed: () => void) {
    this.#load = load;
    this.#changed = changed;
  }

  /** Oldest first; empty until it was loaded. */
  of(id: SessionId): SessionEvent[] {
    return [...(this.#logs.get(id)?.values() ?? [])].sort((a, b) => a.id - b.id);
  }

  /** Loads the log unless we have it. */
  open(id: SessionId): void {
    if (!this.#logs.has(id)) {
      void this.reload(id);
    }
  }

  async reload(id: SessionId): Promise<void> {
    // The lines that we have stay visible until the whole log is here.
    const log = new Map(this.#logs.get(id));
    this.#logs.set(id, log);
    const answer = await this.#load(id);
    if (this.#logs.get(id) !== log) {
      return;
    }
    if (!answer.ok) {
      // Asked for again at the next opening; after a lost connection by the next hello.
      this.#logs.delete(id);
      return;
    }
    for (const event of answer.value.events) {
      log.set(event.id, event);
    }
    this.#changed();
  }

  add(event: SessionEvent): void {
    this.#logs.get(event.sessionId)?.set(event.id, event);
    this.#changed();
  }

  forget(id: SessionId): void {
    this.#logs.delete(id);
  }

  forgetAll(): void {
    this.#logs.clear();
  }
}
