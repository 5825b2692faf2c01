/**
 * The space of six-digit PINs: which are free, which are taken, which rest after their end. Every operation is O(1) on
 * 8 MB of typed arrays, however full the space is. Randomness and time are arguments; nothing here is durable.
 */

export const PIN_LENGTH = 6;
const PIN_COUNT = 10 ** PIN_LENGTH;
/** Most sites never have more PINs at rest than this; the queue doubles when they do. */
const RESTING_INITIAL_CAPACITY = 1024;

/**
 * PINs that a guesser tries first, or that are misread on the phone: all digits equal, and runs up or down
 * (reliability.md 3.2, P1). A run may pass from 9 to 0, as on a keypad.
 */
const BANNED_STEPS = [0, 1, 9];
const BANNED: ReadonlySet<string> = new Set(
  BANNED_STEPS.flatMap((step) => Array.from({ length: 10 }, (_, start) => runOf(start, step, PIN_LENGTH))),
);

function runOf(start: number, step: number, length: number): string {
  return Array.from({ length }, (_, place) => (start + place * step) % 10).join('');
}

/** @param pin of any length */
export function isBannedPin(pin: string): boolean {
  return BANNED_STEPS.some((step) => runOf(Number(pin[0]), step, pin.length) === pin);
}

/** Every PIN at its own place. */
function identity(): Uint32Array {
  const order = new Uint32Array(PIN_COUNT);
  for (let pin = 0; pin < PIN_COUNT; pin++) {
    order[pin] = pin;
  }
  return order;
}

function toText(pin: number): string {
  return String(pin).padStart(PIN_LENGTH, '0');
}

/** Undefined for anything but six digits. */
function toNumber(pin: string): number | undefined {
  return /^[0-9]{6}$/.test(pin) ? Number(pin) : undefined;
}

/** @param bound exclusive @returns a uniform integer from 0 to `bound` - 1 */
export type RandomInt = (bound: number) => number;

/**
 * A permutation of all PINs of which the first `free` are free (Fisher and Yates' shuffle, one step per draw).
 * `position` is its inverse, so that a given PIN can be taken out as cheaply as a random one.
 */
export class PinSpace {
  readonly #random: RandomInt;
  readonly #order = identity();
  readonly #position = this.#order.slice();
  readonly #resting = new RestingQueue();
  #free = PIN_COUNT;

  constructor(random: RandomInt) {
    this.#random = random;
    for (const pin of BANNED) {
      this.#take(Number(pin));
    }
  }

  /** PINs that `draw` can give out now. */
  get free(): number {
    return this.#free;
  }

  /** PINs that rest after their end. */
  get resting(): number {
    return this.#resting.length;
  }

  /** PINs that are given out. */
  get live(): number {
    return PIN_COUNT - BANNED.size - this.#free - this.#resting.length;
  }

  /** Takes a free PIN, each with the same probability. Undefined when none is free. */
  draw(): string | undefined {
    if (this.#free === 0) {
      return undefined;
    }
    const pin = this.#order[this.#random(this.#free)] ?? 0;
    this.#take(pin);
    return toText(pin);
  }

  /** Takes a given PIN. False when it was not free, or is none. */
  remove(pin: string): boolean {
    const number = toNumber(pin);
    if (number === undefined || !this.#isFree(number)) {
      return false;
    }
    this.#take(number);
    return true;
  }

  /** Gives a taken PIN back at once. False when it is free already, never given out, or none. */
  release(pin: string): boolean {
    const number = toNumber(pin);
    if (number === undefined || this.#isFree(number) || BANNED.has(pin)) {
      return false;
    }
    this.#swap(number, this.#free);
    this.#free += 1;
    return true;
  }

  /**
   * Lets a taken PIN rest: `wake` frees it once its time has come. The caller passes each PIN once per taking.
   * @param until epoch milliseconds
   */
  rest(pin: string, until: number): void {
    const number = toNumber(pin);
    if (number !== undefined && !BANNED.has(pin)) {
      this.#resting.push(number, until);
    }
  }

  /** Frees the PINs whose rest is over. Oldest first: one that rests longer holds up those put in after it. */
  wake(now: number): void {
    for (let pin = this.#resting.shift(now); pin !== undefined; pin = this.#resting.shift(now)) {
      this.release(toText(pin));
    }
  }

  #isFree(pin: number): boolean {
    return (this.#position[pin] ?? 0) < this.#free;
  }

  #take(pin: number): void {
    this.#free -= 1;
    this.#swap(pin, this.#free);
  }

  /** Moves `pin` to `place` and what was there to where `pin` was. */
  #swap(pin: number, place: number): void {
    const from = this.#position[pin] ?? 0;
    const other = this.#order[place] ?? 0;
    this.#order[from] = other;
    this.#position[other] = from;
    this.#order[place] = pin;
    this.#position[pin] = place;
  }
}

/** A ring of PINs with the end of their rest, 12 bytes each; at most one entry per PIN, so bounded. */
class RestingQueue {
  #pins = new Uint32Array(RESTING_INITIAL_CAPACITY);
  #until = new Float64Array(RESTING_INITIAL_CAPACITY);
  #head = 0;
  length = 0;

  push(pin: number, until: number): void {
    if (this.length === this.#pins.length) {
      this.#grow();
    }
    const place = (this.#head + this.length) % this.#pins.length;
    this.#pins[place] = pin;
    this.#until[place] = until;
    this.length += 1;
  }

  /** The oldest PIN if its rest is over by `now`. */
  shift(now: number): number | undefined {
    if (this.length === 0 || (this.#until[this.#head] ?? 0) > now) {
      return undefined;
    }
    const pin = this.#pins[this.#head];
    this.#head = (this.#head + 1) % this.#pins.length;
    this.length -= 1;
    return pin;
  }

  #grow(): void {
    const capacity = this.#pins.length * 2;
    const pins = new Uint32Array(capacity);
    const until = new Float64Array(capacity);
    const tail = this.#pins.length - this.#head;
    pins.set(this.#pins.subarray(this.#head));
    pins.set(this.#pins.subarray(0, this.#head), tail);
    until.set(this.#until.subarray(this.#head));
    until.set(this.#until.subarray(0, this.#head), tail);
    this.#pins = pins;
    this.#until = until;
    this.#head = 0;
  }
}
