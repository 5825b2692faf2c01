/**
 * Real: the parser of everything that a page may send. Fed with mutations of the document's examples and with random
 * text and JSON. A failing run prints its seed; FUZZ_SEED repeats it, FUZZ_SECONDS makes it longer.
 */
import fc from 'fast-check';
import t from 'tap';
import { parseClientMessage } from '../../relay/messages.ts';
import { ERRORS } from '../../relay/protocol.ts';
import { exampleRequests } from '../support/protocol-document.ts';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 2);
/** Fixed, so that an ordinary test run is the same every time; a longer run wants its own. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101);
/** One message may not hold up the others; parsing the longest takes some 5 ms here. */
const SLOWEST_MS = 500;

const seeds = exampleRequests().map(({ text }) => JSON.parse(text) as Json);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

// Values that parsers stumble over: edges of numbers, keys of the prototype, odd characters.
const oddity: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    0,
    -0,
    -1,
    1.5,
    2 ** 53,
    1e308,
    '',
    '__proto__',
    '\u0000',
    '\ud800',
    [],
    {},
  ),
  fc.jsonValue() as fc.Arbitrary<Json>,
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.nat(70_000).map((length) => 'x'.repeat(length)),
);
const key = fc.oneof(
  fc.constantFrom(
    'type',
    'id',
    '__proto__',
    'constructor',
    'toString',
    'fields',
    'custom',
    'peers',
    'resume',
  ),
  fc.string({ maxLength: 50 }),
);

type Mutation = { at: number; what: 'replace' | 'remove' | 'rename' | 'add'; key: string; value: Json };

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(30),
  what: fc.constantFrom('replace', 'remove', 'rename', 'add'),
  key,
  value: oddity,
});

/** Defined, not assigned: JSON.parse makes an own member of `__proto__` too. */
function put(target: object, name: string, value: Json | undefined): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Every object or array within `root` with each of its keys. */
function places(root: Json): { parent: Json[] | { [key: string]: Json }; key: string }[] {
  if (typeof root !== 'object' || root === null) {
    return [];
  }
  return Object.keys(root).flatMap((name) => [
    { parent: root, key: name },
    ...places((root as { [key: string]: Json })[name] ?? null),
  ]);
}

function mutate(message: Json, mutations: readonly Mutation[]): Json {
  const copy = structuredClone(message);
  for (const { at, what, key: name, value } of mutations) {
    const all = places(copy);
    const place = all[at % Math.max(1, all.length)];
    if (!place) {
      return value;
    }
    const before = Reflect.get(place.parent, place.key) as Json;
    if (what === 'remove' || what === 'rename') {
      Reflect.deleteProperty(place.parent, place.key);
    }
    if (what === 'rename' || what === 'add') {
      put(place.parent, name, what === 'add' ? value : before);
    } else if (what === 'replace') {
      put(place.parent, place.key, value);
    }
  }
  return copy;
}

/** Cuts, flips and repeats a piece of the text, so that it is mostly no JSON any more. */
function damage(text: string, from: number, length: number, middle: string): string {
  const start = from % (text.length + 1);
  return text.slice(0, start) + middle + text.slice(start + length);
}

const mutated = fc
  .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([seed, mutations]) => JSON.stringify(mutate(seed, mutations)));
const damaged = fc
  .tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(20), fc.string({ unit: 'binary', maxLength: 20 }))
  .map(([seed, from, length, middle]) => damage(JSON.stringify(seed), from, length, middle));
const nested = fc
  .tuple(fc.constantFrom('[', '{"a":', '{"type":"ping","id":1,"x":'), fc.nat(20_000))
  .map(([open, depth]) => open.repeat(depth));
const anything = fc.oneof(
  { weight: 8, arbitrary: mutated },
  { weight: 4, arbitrary: damaged },
  { weight: 2, arbitrary: fc.json({ maxDepth: 6 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 500 }) },
  { weight: 1, arbitrary: nested },
);

t.test('whatever a page sends is either a whole message or a refusal with a code', async (t) => {
  let runs = 0;
  let accepted = 0;
  let slowestMs = 0;
  fc.assert(
    fc.property(anything, (text) => {
      const startedAt = performance.now();
      const parsed = parseClientMessage(text);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      runs += 1;
      if (!parsed.ok) {
        return Number.isSafeInteger(parsed.id) && parsed.id >= 0 && Object.hasOwn(ERRORS, parsed.code);
      }
      accepted += 1;
      // Accepted means: nothing but what was sent, and nothing that only looks like a message.
      const again = parseClientMessage(JSON.stringify(parsed.message));
      return again.ok && JSON.stringify(again.message) === JSON.stringify(parsed.message);
    }),
    { seed: SEED, numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: SECONDS * 1000 },
  );
  t.comment(`${runs} messages, ${accepted} accepted, slowest ${slowestMs.toFixed(1)} ms, seed ${SEED}`);
  t.ok(runs > 200, 'enough messages to mean something');
  t.ok(accepted > 0 && accepted < runs / 2, 'both ways out were taken');
  t.ok(slowestMs < SLOWEST_MS, 'none took long');
  t.equal(Reflect.get({}, 'polluted'), undefined);
});
