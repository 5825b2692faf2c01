/**
 * PINs of eight digits, for when six are too few (reliability.md 3.2, P4 and P6): while somebody tries PINs out, or when very
 * many are live. A hundred times as many as there are of six, of which a few thousand are ever taken, so a draw that hits
 * a taken one is rare and another draw is the answer. Randomness and time are arguments; nothing here is durable.
 */
import { isBannedPin, type RandomInt } from './pin-space.ts';

export const LONG_PIN_LENGTH = 8;
const LONG_PIN_COUNT = 10 ** LONG_PIN_LENGTH;
/** That so many draws in a row are taken has no chance below some ten million live ones. */
const DRAWS_MAX = 64;

export class LongPins {
  readonly #random: RandomInt;
  readonly #taken = new Set<string>();
  /** With the end of their rest, in the order in which they came. */
  readonly #resting = new Map<string, number>();

  constructor(random: RandomInt) {
    this.#random = random;
  }

  /** Takes a free PIN, each with the same probability. Undefined when none was found. */
  draw(): string | undefined {
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const pin = String(this.#random(LONG_PIN_COUNT)).padStart(LONG_PIN_LENGTH, '0');
      if (!isBannedPin(pin) && !this.#taken.has(pin)) {
        this.#taken.add(pin);
        return pin;
      }
    }
    return undefined;
  }

  /** Takes a given PIN. */
  remove(pin: string): void {
    this.#taken.add(pin);
  }

  /** Gives a taken PIN back at once. */
  release(pin: string): void {
    this.#taken.delete(pin);
    this.#resting.delete(pin);
  }

  /** @param until epoch milliseconds at which `wake` frees it */
  rest(pin: string, until: number): void {
    this.#resting.set(pin, until);
  }

  /** Frees the PINs whose rest is over. Oldest first, as in `PinSpace`. */
  wake(now: number): void {
    for (const [pin, until] of this.#resting) {
      if (until > now) {
        return;
      }
      this.release(pin);
    }
  }
}
