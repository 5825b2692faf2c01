/** Handing sessions over: who can take one, and whether this technician takes any. */
import type { Params, Receivers, RequestType, Result, SessionId } from '../relay/protocol.ts';
import { AwayWatch } from './away-watch.ts';
import type { FailureCode, Outcome } from './outcome.ts';

type ColleagueRequest = Extract<RequestType, 'listReceivers' | 'refuseTransfer' | 'setAway'>;

export type ColleaguesParts = {
  request<T extends ColleagueRequest>(type: T, params: Params<T>): Promise<Outcome<Result<T>>>;
  say(code: FailureCode | undefined): void;
  changed(): void;
  /** A session goes on. */
  busy(): boolean;
  /** Without a touch, until a technician is away; 0 for never. */
  awayMs(): number;
};

export class Colleagues {
  readonly #parts: ColleaguesParts;
  readonly #watch: AwayWatch;
  #away = false;

  constructor(parts: ColleaguesParts) {
    this.#parts = parts;
    this.#watch = new AwayWatch(
      {
        away: () => this.#away,
        setAway: (away) => void this.setAway(away),
        busy: () => parts.busy(),
      },
      Date.now(),
    );
  }

  /** This technician takes no sessions from others. */
  get away(): boolean {
    return this.#away;
  }

  /** Who can take a session now. */
  receivers(): Promise<Outcome<Receivers>> {
    return this.#parts.request('listReceivers', {});
  }

  /** Of a session that was offered to this technician. */
  async refuse(sessionId: SessionId): Promise<void> {
    const answer = await this.#parts.request('refuseTransfer', { sessionId });
    this.#parts.say(answer.ok ? undefined : answer.code);
  }

  /** By hand. */
  choose(away: boolean): Promise<void> {
    this.#watch.chosen();
    return this.setAway(away);
  }

  /** A key, a pointer, a wheel. @param now epoch milliseconds */
  touched(now: number): void {
    this.#watch.touched(now);
  }

  /** To be called now and then. */
  age(now: number): void {
    this.#watch.check(now, this.#parts.awayMs());
  }

  async setAway(away: boolean): Promise<void> {
    const answer = await this.#parts.request('setAway', { away });
    this.#away = answer.ok ? away : this.#away;
    this.#parts.changed();
  }

  /** The relay forgets with the socket who is away. */
  greeted(): void {
    if (this.#away) {
      void this.setAway(true);
    }
  }
}
