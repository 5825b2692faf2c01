/** Changes of the kinds that have broken parsers: to bytes, to lines of text, to JSON. Seeded. */
import { chance, pick, type Random, randomBytes } from './random.ts';

/** Where a length, a count or a sign turns over. */
export const EDGES: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 191, 192, 223, 254, 255,
];

/** One to eight changes: bits, edges, lengths, cuts, splices, repetitions. */
export function mutatedBytes(random: Random, seeds: readonly Buffer[], maxBytes: number): Buffer {
  let b = Buffer.from(pick(random, seeds));
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const at = random(b.length + 1);
    switch (random(8)) {
      case 0:
        b[at] = (b[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        b[at] = pick(random, EDGES);
        break;
      case 2:
        b[at] = random(256);
        break;
      case 3:
        b = b.subarray(0, at);
        break;
      case 4:
        b = Buffer.concat([b.subarray(0, at), pick(random, seeds).subarray(random(20))]);
        break;
      case 5:
        b = Buffer.concat([b, pick(random, seeds)]);
        break;
      case 6:
        b = Buffer.concat([b.subarray(0, at), Buffer.alloc(random(5), random(256)), b.subarray(at)]);
        break;
      default: {
        const again = b.subarray(at, at + random(16));
        b = Buffer.concat([b.subarray(0, at), again, b.subarray(at)]);
      }
    }
  }
  return b.subarray(0, maxBytes);
}

/** Characters over which text parsers stumble: breaks, quotes, other digits, marks, halves of pairs. */
const ODD_TEXT: readonly string[] = [
  ...['\r', '\n', '\r\n', '\0', '\t', ' ', '\u2028', '\u0085', '\u00a0', '\ufeff', '\u200b'],
  ...['"', "'", '\\', '%', '%00', '../', ';', ',', ':', '=', '/', '@', '-', '+', '.'],
  ...['\u0660', '\uff11', '\u{1d7d8}', 'é', '\u0301', '\u{1f926}', '\ud800', '\udfff', 'ﷺ', 'İ', 'ß'],
  ...['0', '1', '-1', '00', '65535', '65536', '4294967296', '1e9', '0x10', 'NaN', 'true', 'null'],
];

/** One to five changes of characters, and now and then a piece repeated until it is long. */
export function mutatedText(random: Random, seeds: readonly string[], maxLength: number): string {
  let text = pick(random, seeds);
  for (let changes = 1 + random(5); changes > 0; changes--) {
    const at = random(text.length + 1);
    const behind = at + random(12);
    switch (random(7)) {
      case 0:
        text = text.slice(0, at) + pick(random, ODD_TEXT) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + pick(random, ODD_TEXT) + text.slice(behind);
        break;
      case 2:
        text = text.slice(0, at) + text.slice(behind);
        break;
      case 3:
        text = text.slice(0, at) + randomBytes(random, random(8)).toString('latin1') + text.slice(at);
        break;
      case 4: {
        const other = pick(random, seeds);
        text = text.slice(0, at) + other.slice(random(other.length));
        break;
      }
      case 5:
        text = text.slice(0, behind) + text.slice(at);
        break;
      default:
        if (chance(random, 10)) {
          text = text.slice(0, at) + text.slice(at, behind).repeat(random(2_000)) + text.slice(behind);
        }
    }
  }
  return text.slice(0, maxLength);
}

/** The same by whole lines: lost, doubled, moved, changed, taken from another text. */
export function mutatedLines(random: Random, seeds: readonly string[], maxLength: number): string {
  let lines = pick(random, seeds).split('\n');
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(lines.length);
    const line = lines[at] ?? '';
    switch (random(6)) {
      case 0:
        lines.splice(at, 1 + random(3));
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      case 2:
        lines.splice(random(lines.length + 1), 0, ...lines.splice(at, 1));
        break;
      case 3:
        lines.splice(at, 0, pick(random, pick(random, seeds).split('\n')));
        break;
      case 4:
        lines[at] = mutatedText(random, [line], maxLength);
        break;
      default:
        if (chance(random, 3)) {
          lines = lines.concat(Array<string>(random(3_000)).fill(line));
        }
    }
    if (lines.length === 0) {
      lines = [''];
    }
  }
  return lines.join('\n').slice(0, maxLength);
}

// ---------------------------------------------------------------- JSON

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const ODD_JSON: readonly Json[] = [
  ...[null, true, false, 0, -0, -1, 1.5, 2 ** 31, 2 ** 53, 2 ** 53 + 2, 1e308, -1e308],
  ...['', ' ', '__proto__', '\u0000', '\ud800', '0', '1e3', 'true', '\u202e', '🤦🏽‍♀️'],
  ...[[], {}, [[]], [null], { length: 1 }, { length: {} }],
];
const ODD_KEYS: readonly string[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'then', 'toJSON'],
  ...['type', 'id', 'fields', 'custom', 'peers', 'resume', 'sessionId', 'length', '0', '-1', ''],
];

export function randomJson(random: Random, depth = 4): Json {
  switch (depth < 1 ? random(3) : random(6)) {
    case 0:
      // A copy: what is put into it later must not be in the next input.
      return structuredClone(pick(random, ODD_JSON));
    case 1:
      return random(2 ** 31) - 2 ** 30;
    case 2:
      return mutatedText(random, ['', 'Frau Keller', '123456', 'anna@example.org'], 300);
    case 3:
      return 'x'.repeat(random(chance(random, 5) ? 70_000 : 300));
    case 4:
      return Array.from({ length: random(6) }, () => randomJson(random, depth - 1));
    default: {
      const object = {};
      for (let keys = random(5); keys > 0; keys--) {
        put(object, pick(random, ODD_KEYS), randomJson(random, depth - 1));
      }
      return object;
    }
  }
}

/** Defined, not assigned: JSON.parse makes an own member of `__proto__` too. */
function put(target: object, name: string, value: Json | undefined): void {
  if (Array.isArray(target) && name === 'length') {
    return;
  }
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Every object or array within `root` with each of its keys. */
function places(root: Json): { parent: object; key: string }[] {
  if (typeof root !== 'object' || root === null) {
    return [];
  }
  return Object.keys(root).flatMap((key) => [
    { parent: root, key },
    ...places((root as { [key: string]: Json })[key] ?? null),
  ]);
}

/** One to four members replaced, removed, renamed or added, at any depth. */
export function mutatedJson(random: Random, seeds: readonly Json[]): Json {
  const copy = structuredClone(pick(random, seeds));
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const all = places(copy);
    const place = all[random(all.length)];
    if (place === undefined) {
      return randomJson(random);
    }
    const before = Reflect.get(place.parent, place.key) as Json;
    switch (random(5)) {
      case 0:
        Reflect.deleteProperty(place.parent, place.key);
        break;
      case 1:
        Reflect.deleteProperty(place.parent, place.key);
        put(place.parent, pick(random, ODD_KEYS), before);
        break;
      case 2:
        put(place.parent, pick(random, ODD_KEYS), randomJson(random));
        break;
      case 3:
        put(
          place.parent,
          place.key,
          typeof before === 'string' ? mutatedText(random, [before], 300) : before,
        );
        break;
      default:
        put(place.parent, place.key, randomJson(random));
    }
  }
  return copy;
}
