/**
 * `profile-level-id` of H.264 (RFC 6184 8.1): six hexadecimal digits, profile_idc, constraint flags, level_idc. Several
 * spellings mean one profile, so they are compared by meaning and not as text. Used in negotiation, not per packet.
 */

export type H264Profile =
  | 'constrainedBaseline'
  | 'baseline'
  | 'main'
  | 'constrainedHigh'
  | 'high'
  | 'predictiveHigh444';

export type ProfileLevelId = {
  profile: H264Profile;
  /** level_idc: ten times the level (31 is level 3.1); 9 is level 1b. */
  level: number;
};

export const LEVEL_1B = 9;

/** constraint_set3_flag: with level_idc 11 it means level 1b in the profiles up to main. */
const CONSTRAINT_SET3 = 0x10;
const LEVELS: readonly number[] = [
  10,
  LEVEL_1B,
  11,
  12,
  13,
  20,
  21,
  22,
  30,
  31,
  32,
  40,
  41,
  42,
  50,
  51,
  52,
  60,
  61,
  62,
];

/** RFC 6184 table 5: profile_idc, the constraint flags that matter (`mask`) and what they must be (`flags`). */
const PATTERNS: readonly { idc: number; mask: number; flags: number; profile: H264Profile }[] = [
  { idc: 0x42, mask: 0x4f, flags: 0x40, profile: 'constrainedBaseline' },
  { idc: 0x4d, mask: 0x8f, flags: 0x80, profile: 'constrainedBaseline' },
  { idc: 0x58, mask: 0xcf, flags: 0xc0, profile: 'constrainedBaseline' },
  { idc: 0x42, mask: 0x4f, flags: 0x00, profile: 'baseline' },
  { idc: 0x58, mask: 0xcf, flags: 0x80, profile: 'baseline' },
  { idc: 0x4d, mask: 0xaf, flags: 0x00, profile: 'main' },
  { idc: 0x64, mask: 0xff, flags: 0x00, profile: 'high' },
  { idc: 0x64, mask: 0xff, flags: 0x0c, profile: 'constrainedHigh' },
  { idc: 0xf4, mask: 0xff, flags: 0x00, profile: 'predictiveHigh444' },
];

/** The spelling that browsers use for each profile. */
const SPELLING: Record<H264Profile, string> = {
  constrainedBaseline: '42e0',
  baseline: '4200',
  main: '4d00',
  constrainedHigh: '640c',
  high: '6400',
  predictiveHigh444: 'f400',
};

/** @returns null for anything that is not six hexadecimal digits of a known profile and level. */
export function parseProfileLevelId(text: string): ProfileLevelId | null {
  if (!/^[0-9a-f]{6}$/i.test(text)) {
    return null;
  }
  const value = Number.parseInt(text, 16);
  const flags = (value >> 8) & 0xff;
  const found = PATTERNS.find(
    ({ idc, mask, flags: wanted }) => idc === value >> 16 && (flags & mask) === wanted,
  );
  const isLevel1b = (value & 0xff) === 11 && (flags & CONSTRAINT_SET3) !== 0;
  const level = isLevel1b ? LEVEL_1B : value & 0xff;
  return found !== undefined && LEVELS.includes(level) ? { profile: found.profile, level } : null;
}

/** The six digits of a profile and level, e.g. 42e01f. */
export function formatProfileLevelId(id: ProfileLevelId): string {
  const isBelowHigh =
    id.profile === 'constrainedBaseline' || id.profile === 'baseline' || id.profile === 'main';
  if (id.level !== LEVEL_1B || !isBelowHigh) {
    return SPELLING[id.profile] + id.level.toString(16).padStart(2, '0');
  }
  const flags = Number.parseInt(SPELLING[id.profile].slice(2), 16) | CONSTRAINT_SET3;
  return `${SPELLING[id.profile].slice(0, 2)}${flags.toString(16).padStart(2, '0')}0b`;
}

/** What every browser decodes: a subset of all the other profiles. */
export function isConstrainedBaseline(text: string): boolean {
  return parseProfileLevelId(text)?.profile === 'constrainedBaseline';
}

/** Same profile, whatever the spelling and the level: the payload types may be matched (RFC 6184 8.2.2). */
export function isSameProfile(a: string, b: string): boolean {
  const first = parseProfileLevelId(a);
  return first !== null && first.profile === parseProfileLevelId(b)?.profile;
}

/** Negative when `a` is the lower level; 1b lies between 1 and 1.1. */
export function compareLevels(a: number, b: number): number {
  return LEVELS.indexOf(a) - LEVELS.indexOf(b);
}
