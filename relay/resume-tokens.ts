/** Which session a customer's page continues with which token. Only hashes are known here (SHA-256, hex). Pure. */
import type { LiveSession } from './live-session.ts';

export class ResumeTokens {
  readonly #sessions = new Map<string, LiveSession>();
  readonly #hashes = new WeakMap<LiveSession, readonly string[]>();

  sessionOf(hash: string): LiveSession | undefined {
    return this.#sessions.get(hash);
  }

  /** From now on only these continue the session. */
  set(session: LiveSession, hashes: readonly string[]): void {
    for (const hash of this.#hashes.get(session) ?? []) {
      this.#sessions.delete(hash);
    }
    this.#hashes.set(session, hashes);
    for (const hash of hashes) {
      this.#sessions.set(hash, session);
    }
  }
}
