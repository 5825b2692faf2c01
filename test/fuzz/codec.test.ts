/**
 * Fuzzes every function of codec/ that sees bytes of a peer: seeded mutations of the vectors and of the corpus, 2 s in
 * an ordinary run. `FUZZ_MS=300000 FUZZ_SEED=7 npx tap dist/test/fuzz/codec.test.js` runs longer, from another seed.
 * A failing input is saved to test/corpus/codec/ and replayed by every later run. Real: everything.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { complaintsAbout } from '../codec/every-function.ts';
import { RTCP_PACKETS, RTP_PACKETS } from '../codec/vectors.ts';

const DURATION_MS = Number(process.env['FUZZ_MS'] ?? 2000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const MAX_BYTES = 1500;
const MAX_FAILURES = 10;
/** Where a length, a count or a sign turns over. */
const EDGES: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 191, 192, 223, 254, 255,
];

// From dist/test/fuzz/ back to the sources, where crash inputs are committed.
const corpus = new URL('../../../test/corpus/codec/', import.meta.url);

t.setTimeout(DURATION_MS + 30_000);

/** Mulberry32: small, seeded, good enough to choose bytes. Integers from 0 to `below` − 1. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function saved(): Map<string, Buffer> {
  const inputs = new Map<string, Buffer>();
  for (const name of readdirSync(corpus).filter((each) => each.endsWith('.bin'))) {
    inputs.set(name, readFileSync(new URL(name, corpus)));
  }
  return inputs;
}

/** One to eight changes, each of the kind that has broken parsers: bits, edges, lengths, cuts, splices, repetitions. */
function mutated(seeds: readonly Buffer[], random: (below: number) => number): Buffer {
  const pick = (): Buffer => seeds[random(seeds.length)] ?? Buffer.alloc(0);
  let b = Buffer.from(pick());
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const at = random(b.length + 1);
    switch (random(8)) {
      case 0:
        b[at] = (b[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        b[at] = EDGES[random(EDGES.length)] ?? 0;
        break;
      case 2:
        b[at] = random(256);
        break;
      case 3:
        b = b.subarray(0, at);
        break;
      case 4:
        b = Buffer.concat([b.subarray(0, at), pick().subarray(random(20))]);
        break;
      case 5:
        b = Buffer.concat([b, pick()]);
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
  return b.subarray(0, MAX_BYTES);
}

t.test('every input that once failed, or fails others, passes', async (t) => {
  for (const [name, bytes] of saved()) {
    t.same(complaintsAbout(bytes), [], name);
  }
});

t.test('mutated packets are read without a throw, a wrong range or a write outside', async (t) => {
  const random = randomFrom(SEED);
  const seeds = [...Object.values(RTP_PACKETS), ...Object.values(RTCP_PACKETS), ...saved().values()];
  const failures: string[] = [];
  const end = Date.now() + DURATION_MS;
  let inputs = 0;
  while (Date.now() < end && failures.length < MAX_FAILURES) {
    for (let i = 0; i < 100; i++) {
      const bytes = mutated(seeds, random);
      inputs++;
      const complaints = complaintsAbout(bytes);
      if (complaints.length > 0) {
        const name = `seed-${SEED}-input-${inputs}.bin`;
        mkdirSync(corpus, { recursive: true });
        writeFileSync(new URL(name, corpus), bytes);
        failures.push(`${name}: ${complaints.join('; ')}`);
      }
    }
  }
  t.comment(`${inputs} inputs from seed ${SEED}`);
  t.ok(inputs >= 100, 'the fuzzer ran');
  t.same(failures, []);
});
