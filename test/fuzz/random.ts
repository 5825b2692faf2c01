/** Seeded chance for fuzzers: the same seed gives the same input, on any machine. */

/** A whole number from 0 to `below` − 1; 0 when `below` is less than 1. */
export type Random = (below: number) => number;

/** Mulberry32: small, seeded, good enough to choose bytes. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return below < 1 ? 0 : ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The seed of one input, so that it can be made again without those before it. */
export function seedOf(seed: number, input: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b)) >>> 0;
}

/** @throws RangeError when there is nothing to choose from */
export function pick<T>(random: Random, list: readonly T[]): T {
  const at = random(list.length);
  if (list.length === 0) {
    throw new RangeError('Nothing to choose from.');
  }
  return list[at] as T;
}

export function chance(random: Random, percent: number): boolean {
  return random(100) < percent;
}

export function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) {
    bytes[at] = random(256);
  }
  return bytes;
}
