/**
 * What a media worker does when there is more to do than it can: takes no new sessions first, then drops video, voice
 * last of all, and comes back in steps. Pure: fed with samples, time as argument (monotonic milliseconds).
 *
 * The queue between the native threads and JavaScript has no bound and tells nobody how old a packet is
 * (facts/peerbench.md section 6, 15), so overload has to be seen by what it does to the event loop, early.
 */

/** How often a worker looks at itself. */
export const SAMPLE_INTERVAL_MS = 250;
/** Weight of a new sample. */
const SMOOTHING = 0.3;

/**
 * Below this packet rate (three sessions with video) it is not media that makes the loop late, but a neighbour on the
 * machine; neither refusing nor dropping would help.
 */
const MEDIA_MIN_PACKETS_PER_S = 1_000;

/** Planned use is 65 %, and packets should not wait for more than a frame (facts/reliability.md 1.5). */
const FULL_ABOVE = { lagMs: 50, utilisation: 0.75 };
const ROOM_BELOW = { lagMs: 25, utilisation: 0.65 };
const ROOM_AFTER_MS = 2_000;

/**
 * From here on the queue may grow without bound (facts/reliability.md 1.5 and 2.1, 4). The loop has to be late time after
 * time: a virtual machine whose neighbours are busy stands still for some 100 ms now and then, and the loop makes up for it.
 */
const SHED_ABOVE = { lagMs: 100, utilisation: 0.9 };
const LATE_SAMPLES = 3;
/** The pictures of so long a stall are not worth catching up with. */
const STALE_LAG_MS = 1_000;
const EASE_BELOW = { lagMs: 50, utilisation: 0.75 };
/** What one step brings shows up in the smoothed figures by then. */
const SHED_STEP_MS = 500;
const EASE_STEP_MS = 1_000;
const SHED_STEP = 0.25;
const SMALLEST_SHARE = 0.1;
/**
 * After one stall all video comes back at once, since there was room for it before. When that brings the next one this
 * soon, it is the load after all.
 */
const RELAPSE_MS = 30_000;

/** `full`: no new sessions. `shed`: also, video is dropped for some or all. */
export type OverloadLevel = 'normal' | 'full' | 'shed';

/** Of the time since the sample before. */
export type LoadSample = {
  /** Longest time that the event loop was late. */
  lagMs: number;
  /** Share of the time that it was busy, 0 to 1. */
  utilisation: number;
  packetsPerS: number;
};

export type Overload = Readonly<{
  level: OverloadLevel;
  /** Share of the sessions whose video is dropped, 0 to 1. */
  shedShare: number;
  /** Smoothed. */
  lagMs: number;
  utilisation: number;
  /** Samples in a row in which the loop was later than is good for anything. */
  lateInARow: number;
  /** Video is dropped because the loop stood still for a moment, as far as can be known. */
  stalled: boolean;
  /** When video was last dropped for nobody any more. */
  easedAt: number;
  /** When `shedShare` changed last. */
  steppedAt: number;
  /** Since when it has been calm enough for more; undefined while it is not. */
  calmSince: number | undefined;
}>;

export const NO_OVERLOAD: Overload = {
  level: 'normal',
  shedShare: 0,
  lagMs: 0,
  utilisation: 0,
  lateInARow: 0,
  stalled: false,
  easedAt: Number.NEGATIVE_INFINITY,
  steppedAt: Number.NEGATIVE_INFINITY,
  calmSince: undefined,
};

type Limit = { lagMs: number; utilisation: number };
type Load = { lagMs: number; utilisation: number };
const above = (load: Load, limit: Limit) => load.lagMs > limit.lagMs || load.utilisation > limit.utilisation;
const below = (load: Load, limit: Limit) => load.lagMs < limit.lagMs && load.utilisation < limit.utilisation;

/** What follows from one more sample. */
export function afterSample(before: Overload, sample: LoadSample, now: number): Overload {
  const media = sample.packetsPerS >= MEDIA_MIN_PACKETS_PER_S;
  const load = {
    lagMs: smooth(before.lagMs, media ? sample.lagMs : 0),
    utilisation: smooth(before.utilisation, sample.utilisation),
    lateInARow: media && sample.lagMs > SHED_ABOVE.lagMs ? before.lateInARow + 1 : 0,
  };
  const isLate = load.lateInARow >= LATE_SAMPLES || (media && sample.lagMs > STALE_LAG_MS);
  if (isLate || (media && load.utilisation > SHED_ABOVE.utilisation)) {
    const stalled =
      before.shedShare > 0
        ? before.stalled
        : before.utilisation < EASE_BELOW.utilisation && now - before.easedAt > RELAPSE_MS;
    return {
      ...before,
      ...load,
      ...shedMore(before, isLate, now),
      stalled,
      level: 'shed',
      calmSince: undefined,
    };
  }
  if (before.shedShare > 0) {
    return { ...before, ...load, ...shedLess(before, load, now) };
  }
  if (media && above(load, FULL_ABOVE)) {
    return { ...before, ...load, level: 'full', calmSince: undefined };
  }
  const calmSince = below(load, ROOM_BELOW) || !media ? (before.calmSince ?? now) : undefined;
  const room = before.level === 'normal' || (calmSince !== undefined && now - calmSince >= ROOM_AFTER_MS);
  return { ...before, ...load, level: room ? 'normal' : 'full', calmSince };
}

function smooth(before: number, sample: number): number {
  return before + SMOOTHING * (sample - before);
}

/** A loop that is late already has a queue: everything goes at once. One that is only busy is relieved in steps. */
function shedMore(before: Overload, isLate: boolean, now: number): Partial<Overload> {
  if (isLate) {
    return { shedShare: 1, steppedAt: before.shedShare === 1 ? before.steppedAt : now };
  }
  return now - before.steppedAt < SHED_STEP_MS
    ? {}
    : { shedShare: Math.min(1, before.shedShare + SHED_STEP), steppedAt: now };
}

function shedLess(before: Overload, load: Load, now: number): Partial<Overload> {
  if (!below(load, EASE_BELOW)) {
    return { level: 'shed', calmSince: undefined };
  }
  const calmSince = before.calmSince ?? now;
  if (now - calmSince < EASE_STEP_MS) {
    return { level: 'shed', calmSince };
  }
  const half = before.stalled ? 0 : before.shedShare / 2;
  if (half < SMALLEST_SHARE) {
    return { level: 'full', shedShare: 0, steppedAt: now, easedAt: now, calmSince: now };
  }
  // The next step waits as long again.
  return { level: 'shed', shedShare: half, steppedAt: now, calmSince: now };
}

// ---------------------------------------------------------------- whose video

/** What a session costs: packets that it received lately. */
export type SessionCost<Id> = { id: Id; packets: number };

/**
 * Whose video is dropped: those who are, as long as the number allows it, longest-suffering first back; then the most
 * expensive. Steady, because each change costs a keyframe.
 */
export function chooseShed<Id>(
  shed: ReadonlySet<Id>,
  sessions: readonly SessionCost<Id>[],
  share: number,
): Set<Id> {
  const count = Math.ceil(share * sessions.length);
  const present = new Set(sessions.map(({ id }) => id));
  const staying = [...shed].filter((id) => present.has(id));
  const kept = staying.slice(Math.max(0, staying.length - count));
  const chosen = new Set(kept);
  const expensive = sessions.filter(({ id }) => !chosen.has(id)).sort((a, b) => b.packets - a.packets);
  for (const { id } of expensive.slice(0, count - kept.length)) {
    chosen.add(id);
  }
  return chosen;
}
