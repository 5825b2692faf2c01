/**
 * Who may still try PINs. Six digits are an address and no secret: of a million guesses with a hundred live PINs a hundred
 * hit, so what counts is how many are looked up at all (reliability.md 3.2, P4). Failures are counted by address, by network
 * and altogether; the more there are altogether, the less is left to each address. Whoever has failed nothing is let in
 * until the very end, so customers with the right PIN come in while somebody else is guessing. Pure, time is an argument.
 */
import { addressKey, networkKey } from './address-key.ts';
import type { Limit } from './store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * By failures in the last hour, everywhere: `calm`; `raised` from 100, which no ordinary hour has; `siege` from 600; `closed`
 * from 3 000, when a hundred live PINs would have been hit three times in ten such hours.
 */
export type GuessingLevel = 'calm' | 'raised' | 'siege' | 'closed';
const LEVELS: readonly GuessingLevel[] = ['calm', 'raised', 'siege', 'closed'];
const RAISED_FAILURES = 100;
const SIEGE_FAILURES = 600;
const CLOSED_FAILURES = 3_000;
const LEAST_FAILURES: Readonly<Record<GuessingLevel, number>> = {
  calm: 0,
  raised: RAISED_FAILURES,
  siege: SIEGE_FAILURES,
  closed: CLOSED_FAILURES,
};
/** A level ends well below where it began, or the alarm would come and go with every single failure. */
const LEVEL_ENDS_AT = 0.75;
const ALTOGETHER_MAX = CLOSED_FAILURES;

/** At most `points` failures in any stretch of `windowMs`; as in `Limit`, whose adapter a check must not wait for. */
type Bound = Pick<Limit, 'points' | 'windowMs'>;

/** A person mistypes a few times; a guesser needs a million. */
const CALM_ADDRESS: readonly Limit[] = [
  { name: 'pin-minute', points: 5, windowMs: MINUTE_MS },
  { name: 'pin-quarter', points: 10, windowMs: 15 * MINUTE_MS },
  { name: 'pin-day', points: 30, windowMs: 24 * 60 * MINUTE_MS },
];
const ADDRESS_BOUNDS: Readonly<Record<GuessingLevel, readonly Bound[]>> = {
  calm: CALM_ADDRESS,
  raised: [...CALM_ADDRESS, { points: 2, windowMs: HOUR_MS }],
  siege: [{ points: 1, windowMs: DAY_MS }],
  closed: [{ points: 0, windowMs: 0 }],
};
const CALM_NETWORK: Limit = { name: 'pin-network', points: 60, windowMs: 60 * MINUTE_MS };
const NETWORK_BOUNDS: Readonly<Record<GuessingLevel, readonly Bound[]>> = {
  calm: [CALM_NETWORK],
  raised: [{ points: 20, windowMs: HOUR_MS }],
  siege: [{ points: 5, windowMs: HOUR_MS }],
  closed: [],
};
const ADDRESS_FAILURES_MAX = 30;
const NETWORK_FAILURES_MAX = 60;

/**
 * Addresses and networks that are remembered, some 300 bytes each. Whoever owns an IPv6 /32 has four thousand million /64s; the oldest are
 * forgotten, and the count of all failures still holds.
 */
const KEYS_MAX = 50_000;

/** A try that has been counted as a failure, so that tries side by side do not all pass the same check. */
export type Attempt = {
  /** It was none. */
  takeBack(): void;
};

export class Guessing {
  readonly #addresses = new FailuresByKey(ADDRESS_FAILURES_MAX);
  readonly #networks = new FailuresByKey(NETWORK_FAILURES_MAX);
  readonly #all = new Failures(ALTOGETHER_MAX);
  #level: GuessingLevel = 'calm';

  /** Addresses and networks that are remembered. */
  get remembered(): number {
    return this.#addresses.size + this.#networks.size;
  }

  level(now: number): GuessingLevel {
    this.#all.forgetUntil(now - HOUR_MS);
    const failures = this.#all.length;
    const rank = LEVELS.indexOf(this.#level);
    this.#level =
      LEVELS.findLast((level, at) => {
        const least = LEAST_FAILURES[level];
        return failures >= (at <= rank ? least * LEVEL_ENDS_AT : least);
      }) ?? 'calm';
    return this.#level;
  }

  /** Counts a try from this address; undefined when nothing may be looked up for it. */
  begin(address: string, now: number): Attempt | undefined {
    const level = this.level(now);
    const [key, network] = [addressKey(address), networkKey(address)];
    const isAllowed =
      this.#addresses.isWithin(key, ADDRESS_BOUNDS[level], now) &&
      this.#networks.isWithin(network, NETWORK_BOUNDS[level], now);
    if (!isAllowed) {
      return undefined;
    }
    this.#addresses.add(key, now);
    this.#networks.add(network, now);
    this.#all.add(now);
    return {
      takeBack: () => {
        this.#addresses.remove(key, now);
        this.#networks.remove(network, now);
        this.#all.remove(now);
      },
    };
  }
}

/** Times of the newest failures, oldest first; not more than what the largest bound asks for. */
class Failures {
  readonly #max: number;
  readonly #at: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** So many in the last `withinMs`. */
  count(withinMs: number, now: number): number {
    let first = this.#at.length;
    while (first > 0 && now - (this.#at[first - 1] ?? 0) < withinMs) {
      first--;
    }
    return this.#at.length - first;
  }

  add(now: number): void {
    if (this.#at.length === this.#max) {
      this.#at.shift();
    }
    this.#at.push(now);
  }

  remove(at: number): void {
    const index = this.#at.lastIndexOf(at);
    if (index >= 0) {
      this.#at.splice(index, 1);
    }
  }

  forgetUntil(time: number): void {
    while ((this.#at[0] ?? Number.POSITIVE_INFINITY) <= time) {
      this.#at.shift();
    }
  }

  get length(): number {
    return this.#at.length;
  }
}

class FailuresByKey {
  readonly #max: number;
  /** In the order of the last failure. */
  readonly #byKey = new Map<string, Failures>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byKey.size;
  }

  isWithin(key: string, bounds: readonly Bound[], now: number): boolean {
    const failures = this.#byKey.get(key);
    return bounds.every((bound) => (failures?.count(bound.windowMs, now) ?? 0) < bound.points);
  }

  add(key: string, now: number): void {
    const failures = this.#byKey.get(key) ?? new Failures(this.#max);
    failures.add(now);
    this.#byKey.delete(key);
    this.#byKey.set(key, failures);
    if (this.#byKey.size > KEYS_MAX) {
      const [oldest = key] = this.#byKey.keys();
      this.#byKey.delete(oldest);
    }
  }

  remove(key: string, at: number): void {
    const failures = this.#byKey.get(key);
    failures?.remove(at);
    if (failures?.length === 0) {
      this.#byKey.delete(key);
    }
  }
}
