/** Everything that is fuzzed, in a test run and by `npm run fuzz`. */
import { CODEC_TARGETS } from './codec-targets.ts';
import type { FuzzTarget } from './target.ts';

export const FUZZ_TARGETS: readonly FuzzTarget[] = [...CODEC_TARGETS];
