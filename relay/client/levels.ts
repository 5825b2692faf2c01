/**
 * Size and frame rate of the picture, level by level, for a narrow link and for an encoder that cannot keep up. Pure; a
 * part of ladder.ts. Level 0 is the best.
 */
import type { Preference } from './shape.ts';
import type { LinkSample } from './weak-link.ts';

/** `side` is the shorter side of the picture in pixels. */
export type Rung = { side: number; framesPerSecond: number };

/** A level that goes down soon and up later, and later still each time that going up was wrong. */
export type Level = {
  readonly level: number;
  readonly lowerSince: number | undefined;
  readonly higherSince: number | undefined;
  readonly raisedAt: number;
  readonly raiseAfterMs: number;
};

type LevelRules = {
  lowerAfterMs: number;
  raiseAfterMs: number;
  raiseAfterLongestMs: number;
  /** Down again within this after going up: that was wrong. */
  regretMs: number;
};

/** Phones give 24; more only heats them. */
export const FULL: Rung = { side: Number.POSITIVE_INFINITY, framesPerSecond: 30 };

/** From `fromBps` on, voice included. The last has no floor: below it stills take over. */
const BANDS: Record<Preference, readonly (Rung & { fromBps: number })[]> = {
  // Type plates have to be readable: the size stays until eight frames a second are reached. A still scene needs less
  // than its level has; a rate much below it would let the browser's estimate sink with it, for that follows what is sent.
  sharp: [
    { ...FULL, fromBps: 600_000 },
    { side: 720, framesPerSecond: 15, fromBps: 300_000 },
    { side: 720, framesPerSecond: 8, fromBps: 180_000 },
    { side: 480, framesPerSecond: 6, fromBps: 130_000 },
    { side: 360, framesPerSecond: 5, fromBps: 0 },
  ],
  smooth: [
    { ...FULL, fromBps: 1_000_000 },
    { side: 540, framesPerSecond: 24, fromBps: 500_000 },
    { side: 360, framesPerSecond: 24, fromBps: 300_000 },
    { side: 240, framesPerSecond: 20, fromBps: 180_000 },
    { side: 180, framesPerSecond: 20, fromBps: 0 },
  ],
};
/** From this band on people notice, and are told. */
export const NOTICED_BAND = 2;

/** To go up, the estimate must be that much above the floor: it swings by some 15 % on a steady link. */
const RAISE_MARGIN = 1.2;
const BAND_RULES: LevelRules = {
  lowerAfterMs: 1_500,
  raiseAfterMs: 2_000,
  raiseAfterLongestMs: 10_000,
  regretMs: 15_000,
};

/** 540p20, then lower (facts/reliability.md 6.2). */
const PROCESSOR: readonly (Rung & { maxBps: number })[] = [
  { ...FULL, maxBps: Number.POSITIVE_INFINITY },
  { side: 540, framesPerSecond: 20, maxBps: 1_200_000 },
  { side: 360, framesPerSecond: 15, maxBps: 600_000 },
];
const PROCESSOR_RULES: LevelRules = {
  // Shorter is a page that opens or a phone call that rings.
  lowerAfterMs: 5_000,
  // A phone that got hot cools slowly.
  raiseAfterMs: 30_000,
  raiseAfterLongestMs: 300_000,
  regretMs: 60_000,
};

export function createBand(now: number): Level {
  return createLevel(now, BAND_RULES);
}

export function createProcessorLevel(now: number): Level {
  return createLevel(now, PROCESSOR_RULES);
}

export function bandRung(preference: Preference, { level }: Level): Rung {
  return BANDS[preference][level] ?? FULL;
}

export function processorRung({ level }: Level): Rung & { maxBps: number } {
  return PROCESSOR[level] ?? { ...FULL, maxBps: Number.POSITIVE_INFINITY };
}

/** Without an estimate of the browser there is nothing to go by, and the browser's own adaptation has to do. */
export function stepBand(band: Level, preference: Preference, link: LinkSample, now: number): Level {
  const { availableBps } = link;
  if (availableBps === undefined) {
    return band;
  }
  const lowest = bandFor(preference, availableBps);
  const highest = bandFor(preference, availableBps / RAISE_MARGIN);
  return moveLevel(band, lowest > band.level ? lowest : Math.min(highest, band.level), BAND_RULES, now);
}

export function stepProcessor(processor: Level, { limitation }: LinkSample, now: number): Level {
  const next = limitation === 'cpu' ? processor.level + 1 : processor.level - 1;
  const wanted = Math.min(Math.max(next, 0), PROCESSOR.length - 1);
  return moveLevel(processor, wanted, PROCESSOR_RULES, now);
}

function bandFor(preference: Preference, availableBps: number): number {
  return BANDS[preference].findIndex(({ fromBps }) => availableBps >= fromBps);
}

function createLevel(now: number, { raiseAfterMs, regretMs }: LevelRules): Level {
  return {
    level: 0,
    lowerSince: undefined,
    higherSince: undefined,
    raisedAt: now - regretMs,
    raiseAfterMs,
  };
}

/** @param wanted the level that would be right now */
function moveLevel(level: Level, wanted: number, rules: LevelRules, now: number): Level {
  const lowerSince = wanted > level.level ? (level.lowerSince ?? now) : undefined;
  const higherSince = wanted < level.level ? (level.higherSince ?? now) : undefined;
  const moved = { ...level, level: wanted, lowerSince: undefined, higherSince: undefined };
  if (lowerSince !== undefined && now - lowerSince >= rules.lowerAfterMs) {
    const regretted = lowerSince - level.raisedAt < rules.regretMs;
    return {
      ...moved,
      raiseAfterMs: regretted
        ? Math.min(level.raiseAfterMs * 2, rules.raiseAfterLongestMs)
        : rules.raiseAfterMs,
    };
  }
  if (higherSince !== undefined && now - higherSince >= level.raiseAfterMs) {
    return { ...moved, raisedAt: now };
  }
  return { ...level, lowerSince, higherSince };
}
