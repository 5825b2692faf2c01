/**
 * Fuzzes the parser of everything that a page may send: seeded mutations of the document's examples and of the corpus,
 * random text and JSON, 2 s in an ordinary run. `FUZZ_MS=300000 FUZZ_SEED=7 npx tap dist/test/fuzz/messages.test.js`
 * runs longer, from another seed. A failing input is shrunk, saved to test/corpus/messages/ and replayed by every later
 * run. Real: everything.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { parseClientMessage } from '../../relay/messages.ts';
import { ERRORS } from '../../relay/protocol.ts';
import { exampleRequests } from '../support/protocol-document.ts';

const DURATION_MS = Number(process.env['FUZZ_MS'] ?? 2000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
/** One message may not hold up the others; parsing the longest takes some 5 ms here, and a busy machine takes more. */
const SLOWEST_MS = 1_000;

// From dist/test/fuzz/ back to the sources, where failing inputs are committed.
const corpus = new URL('../../../test/corpus/messages/', import.meta.url);
const saved = readdirSync(corpus).filter((name) => name.endsWith('.txt'));
const savedTexts = saved.map((name) => readFileSync(new URL(name, corpus), 'utf8'));

t.setTimeout(DURATION_MS + 30_000);

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
  .tuple(
    fc.constantFrom(...seeds.map((seed) => JSON.stringify(seed)), ...savedTexts),
    fc.nat(),
    fc.nat(20),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  .map(([text, from, length, middle]) => damage(text, from, length, middle));
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

/** What is wrong with the parser's verdict on `text`; undefined when nothing. */
function complaintAbout(text: string): string | undefined {
  const startedAt = performance.now();
  let parsed: ReturnType<typeof parseClientMessage>;
  try {
    parsed = parseClientMessage(text);
  } catch (error) {
    return `threw ${String(error)}`;
  }
  const tookMs = performance.now() - startedAt;
  if (tookMs > SLOWEST_MS) {
    return `took ${Math.round(tookMs)} ms`;
  }
  if (Reflect.get({}, 'polluted') !== undefined) {
    return 'changed the prototype of all objects';
  }
  if (!parsed.ok) {
    const hasId = Number.isSafeInteger(parsed.id) && parsed.id >= 0;
    return hasId && Object.hasOwn(ERRORS, parsed.code) ? undefined : `refused with ${JSON.stringify(parsed)}`;
  }
  // Accepted means: a message that would be accepted again, word for word.
  const again = parseClientMessage(JSON.stringify(parsed.message));
  const same = again.ok && JSON.stringify(again.message) === JSON.stringify(parsed.message);
  return same ? undefined : 'accepted, and not itself again';
}

t.test('every input that once failed passes', async (t) => {
  t.ok(saved.length > 0, 'there are some, or the folder is wrong');
  for (const [index, text] of savedTexts.entries()) {
    t.equal(complaintAbout(text), undefined, saved[index] ?? '');
  }
});

t.test('whatever a page sends is a whole message or a refusal with a code', async (t) => {
  let inputs = 0;
  let accepted = 0;
  const result = fc.check(
    fc.property(anything, (text) => {
      inputs += 1;
      const complaint = complaintAbout(text);
      accepted += complaint === undefined && parseClientMessage(text).ok ? 1 : 0;
      return complaint === undefined;
    }),
    { seed: SEED, numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: DURATION_MS },
  );
  const [failing] = result.counterexample ?? [];
  if (failing !== undefined) {
    mkdirSync(corpus, { recursive: true });
    const name = `${createHash('sha256').update(failing).digest('hex').slice(0, 12)}.txt`;
    writeFileSync(new URL(name, corpus), failing);
    t.fail(`${complaintAbout(failing)}; saved as ${name}, seed ${SEED}`);
  }
  t.comment(`${inputs} inputs from seed ${SEED}, ${accepted} accepted`);
  t.ok(inputs > 200, 'the fuzzer ran');
  t.ok(accepted > 0 && accepted < inputs / 2, 'both verdicts were given');
});
