/**
 * Every fuzz target for 0.3 s, after every input that once failed: `FUZZ_MS=60000 FUZZ_SEED=7 npx tap
 * dist/test/fuzz/targets.test.js` runs longer, from another seed; `npm run fuzz` runs millions. What fails is cut down,
 * saved to test/corpus/ and replayed by every later run. What is real in each target stands in its file.
 */
import t from 'tap';
import { complaintsOf, corpusOf, fuzz, keep, shrunk } from './target.ts';
import { FUZZ_TARGETS } from './targets.ts';

const DURATION_MS = Number(process.env['FUZZ_MS'] ?? 300);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
/** So that a machine that stands still does not pass for one that ran. */
const LEAST_STEPS = 20;

t.setTimeout(FUZZ_TARGETS.length * (DURATION_MS + 30_000));

for (const target of FUZZ_TARGETS) {
  t.test(`${target.name}: ${target.about}`, async (t) => {
    for (const [name, input] of corpusOf(target)) {
      t.same(await complaintsOf(target, input), [], name);
    }
    const result = await fuzz(target, { seed: SEED, ms: DURATION_MS });
    for (const { input, complaints } of result.findings) {
      const name = keep(target, await shrunk(target, input));
      t.fail(`${complaints.slice(0, 3).join('; ')}; saved as ${name}, seed ${SEED}`);
    }
    await target.close?.();
    t.comment(`${result.steps} inputs from seed ${SEED}, ${result.accepted} accepted`);
    t.ok(result.steps >= LEAST_STEPS, 'the fuzzer ran');
    if (target.decides === true) {
      t.ok(result.accepted > 0 && result.accepted < result.inputs, 'both verdicts were given');
    }
  });
}
