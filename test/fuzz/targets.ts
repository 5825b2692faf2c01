/** Everything that is fuzzed, in a test run and by `npm run fuzz`. */
import { CODEC_TARGETS } from './codec-targets.ts';
import { HTTP_TARGET } from './http-target.ts';
import { MEDIA_TARGETS } from './media-target.ts';
import { PHOTO_TARGETS } from './photo-targets.ts';
import { SDP_TARGET } from './sdp-target.ts';
import { SIGNALLING_TARGET } from './signalling-target.ts';
import type { FuzzTarget } from './target.ts';
import { TEXT_TARGETS } from './text-targets.ts';

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...CODEC_TARGETS,
  ...TEXT_TARGETS,
  ...PHOTO_TARGETS,
  SDP_TARGET,
  HTTP_TARGET,
  ...MEDIA_TARGETS,
  SIGNALLING_TARGET,
];
