/**
 * Troubles that pass within a moment are better not mentioned: both pages say only what has lasted, so that a quick
 * reconnection does not flicker.
 */

/** Long enough for a socket to come back, short enough to be told before people wonder. */
const STEADY_AFTER_MS = 700;

/** Runs `callback` once after the delay; returns the undo. */
export type Later = (callback: () => void, delayMs: number) => () => void;

export class Steady {
  readonly #lasted: () => void;
  readonly #later: Later;
  #cancel: (() => void) | undefined;
  #isSteady = false;

  /** @param lasted called when a trouble has lasted long enough to be shown */
  constructor(lasted: () => void, later: Later = browserLater) {
    this.#lasted = lasted;
    this.#later = later;
  }

  /** @returns `trouble` once there has been any for a moment; none is always told at once */
  show<T>(trouble: T | undefined): T | undefined {
    if (trouble === undefined) {
      this.close();
      return undefined;
    }
    this.#cancel ??= this.#later(() => {
      this.#isSteady = true;
      this.#lasted();
    }, STEADY_AFTER_MS);
    return this.#isSteady ? trouble : undefined;
  }

  /** May be called in any state. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isSteady = false;
  }
}

function browserLater(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}
