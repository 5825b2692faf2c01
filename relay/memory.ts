/** Bus and limiter of a deployment that is one process. */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Bus, Limit, Limiter } from './store.ts';

// ---------------------------------------------------------------- bus

/**
 * Each listener gets a copy of its own, after the publisher has returned and in the order of publishing, as from a
 * network: nobody comes to rely on what a bus between machines could not do.
 * @param onError told when a listener throws; the others get the message all the same
 */
export function createMemoryBus(onError: (error: unknown, topic: string) => void): Bus {
  const topics = new Map<string, Set<(message: unknown) => void>>();
  return {
    publish(topic, message) {
      const copy = structuredClone(message);
      queueMicrotask(() => {
        for (const listener of [...(topics.get(topic) ?? [])]) {
          try {
            listener(structuredClone(copy));
          } catch (error) {
            onError(error, topic);
          }
        }
      });
    },
    subscribe(topic, listener) {
      // Wrapped, so that subscribing one function twice makes two subscriptions that end separately.
      const own = (message: unknown): void => listener(message);
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners.add(own));
      return () => {
        listeners.delete(own);
        if (listeners.size === 0 && topics.get(topic) === listeners) {
          topics.delete(topic);
        }
      };
    },
  };
}

// ---------------------------------------------------------------- limiter

/**
 * rate-limiter-flexible counts in fixed windows, which let twice the points pass around an edge. So a window is cut into
 * slices that are counted apart, and the slices that touch the last `windowMs` are added up.
 */
const SLICES = 4;
/**
 * New keys per limit and slice; 50 000 are some 20 MB. Whoever owns an IPv6 /32 has four thousand million /64s, and the
 * relay must not run out of memory counting them: beyond this, keys not seen before are refused until the next slice.
 */
const NEW_KEYS_MAX = 50_000;
/** Points are compared here, not in the library. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

type Window = { limiter: RateLimiterMemory; sliceMs: number; slice: number; newKeys: number };

export type MemoryLimiterOptions = {
  /** Epoch milliseconds. */
  now?: () => number;
  newKeysMax?: number;
};

export function createMemoryLimiter(options: MemoryLimiterOptions = {}): Limiter {
  const { now = Date.now, newKeysMax = NEW_KEYS_MAX } = options;
  const windows = new Map<string, Window>();

  /** The counters of `limit`, moved on to the present slice. */
  function windowOf(limit: Limit): Window {
    let window = windows.get(limit.name);
    if (!window) {
      const sliceMs = limit.windowMs / SLICES;
      // A slice counts until the window has passed after its end.
      const duration = (limit.windowMs + sliceMs) / 1000;
      const limiter = new RateLimiterMemory({ points: UNLIMITED, duration, keyPrefix: limit.name });
      window = { limiter, sliceMs, slice: 0, newKeys: 0 };
      windows.set(limit.name, window);
    }
    const slice = Math.floor(now() / window.sliceMs);
    if (slice !== window.slice) {
      window.slice = slice;
      window.newKeys = 0;
    }
    return window;
  }

  function sliceKeys({ slice }: Window, key: string): string[] {
    return Array.from({ length: SLICES + 1 }, (_, age) => `${slice - age}:${key}`);
  }

  /** Undefined when the key is not known. */
  async function count(window: Window, keys: readonly string[]): Promise<number | undefined> {
    const found = await Promise.all(keys.map((key) => window.limiter.get(key)));
    const known = found.filter((slice) => slice !== null);
    return known.length === 0 ? undefined : known.reduce((sum, slice) => sum + slice.consumedPoints, 0);
  }

  return {
    async consume(limit, key, points = 1) {
      const window = windowOf(limit);
      const keys = sliceKeys(window, key);
      const [present = key, ...past] = keys;
      if (window.newKeys >= newKeysMax && (await count(window, keys)) === undefined) {
        return false;
      }
      const before = (await count(window, past)) ?? 0;
      // Counted first and taken back if that was too much: of two at the same time only one gets the last point.
      const counted = await window.limiter.penalty(present, points);
      if (counted.isFirstInDuration) {
        window.newKeys += 1;
      }
      if (before + counted.consumedPoints <= limit.points) {
        return true;
      }
      await window.limiter.reward(present, points);
      return false;
    },
    async check(limit, key) {
      const window = windowOf(limit);
      const counted = await count(window, sliceKeys(window, key));
      return counted === undefined ? window.newKeys < newKeysMax : counted < limit.points;
    },
    async refund(limit, key, points = 1) {
      const window = windowOf(limit);
      const keys = sliceKeys(window, key);
      const [present = key] = keys;
      // Nothing to take back once it is forgotten.
      if (((await count(window, keys)) ?? 0) >= points) {
        await window.limiter.reward(present, points);
      }
    },
    async forget(limit, key) {
      const window = windowOf(limit);
      await Promise.all(sliceKeys(window, key).map((slice) => window.limiter.delete(slice)));
    },
  };
}
