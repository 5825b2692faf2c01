/** A technician who has not touched the console for a while is away, and is back with the first touch. Pure but for its host. */
export type AwayHost = {
  /** Already, by hand or by this. */
  away(): boolean;
  setAway(away: boolean): void;
  /** In a session that goes on nobody is away, however still they sit. */
  busy(): boolean;
};

export class AwayWatch {
  readonly #host: AwayHost;
  #touchedAt: number;
  /** What this has set, this takes back; what a person has set, only a person. */
  #isOurs = false;

  /** @param now epoch milliseconds, as all times here */
  constructor(host: AwayHost, now: number) {
    this.#host = host;
    this.#touchedAt = now;
  }

  /** A key, a pointer, a wheel. */
  touched(now: number): void {
    this.#touchedAt = now;
    if (this.#isOurs) {
      this.#isOurs = false;
      this.#host.setAway(false);
    }
  }

  /** Somebody has chosen by hand. */
  chosen(): void {
    this.#isOurs = false;
  }

  /** To be called now and then. @param awayMs how long without a touch is too long; 0 for never */
  check(now: number, awayMs: number): void {
    if (this.#host.busy()) {
      this.#touchedAt = now;
    } else if (awayMs > 0 && now - this.#touchedAt >= awayMs && !this.#host.away()) {
      this.#isOurs = true;
      this.#host.setAway(true);
    }
  }
}
