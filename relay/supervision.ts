/**
 * When a media worker is given up, how long after its death another takes its place, and when it rests instead. Pure:
 * time is an argument, in monotonic milliseconds.
 */

// ---------------------------------------------------------------- deaths

/**
 * Pause before the next start, by how many deaths the last minute has seen before this one. The first is replaced at
 * once: most crashes are of a rare kind, and a call is waiting.
 */
const RESPAWN_DELAYS_MS = [0, 200, 1_000, 5_000];
/** As many deaths in this time are a loop: starting costs the processor that the other workers need. */
export const CRASH_LOOP_DEATHS = RESPAWN_DELAYS_MS.length + 1;
export const CRASH_LOOP_WINDOW_MS = 60_000;
/** Not shorter than the window, so that a worker comes out of its rest with a clean record. */
export const REST_MS = 60_000;

/** When the last deaths were, oldest first; none older than the window. */
export type Deaths = readonly number[];

export type Respawn = { deaths: Deaths; delayMs: number; resting: boolean };

/** What follows a death at `now`. */
export function afterDeath(deaths: Deaths, now: number): Respawn {
  const recent = [...deaths.filter((at) => now - at < CRASH_LOOP_WINDOW_MS), now];
  const delayMs = RESPAWN_DELAYS_MS[recent.length - 1];
  return { deaths: recent, delayMs: delayMs ?? REST_MS, resting: delayMs === undefined };
}

// ---------------------------------------------------------------- signs of life

/** How often the front looks. */
export const LIFE_CHECK_INTERVAL_MS = 250;
/** Five signs of life missed; with the sign before them and the check after, a hang is known after 2 to 3.25 s. */
export const SILENCE_MAX_MS = 2_500;

/** How long a worker has been silent, in running time of the front. */
export type LifeWatch = { silentMs: number; checkedAt: number };

/**
 * One look at a worker.
 * @param heard whether it has said anything since the last look
 */
export function watchLife(watch: LifeWatch, heard: boolean, now: number): LifeWatch {
  // While the front itself stood still (a suspended machine, its own stall) no sign could be read: such a gap counts as
  // one interval, and the signs that wait in the channel are read before the next look.
  const passed = Math.min(now - watch.checkedAt, LIFE_CHECK_INTERVAL_MS);
  return { silentMs: heard ? 0 : watch.silentMs + passed, checkedAt: now };
}

export function isHung(watch: LifeWatch): boolean {
  return watch.silentMs >= SILENCE_MAX_MS;
}

// ---------------------------------------------------------------- stuck media

/** Nothing received for this long by a worker that burns a processor meanwhile: a native thread is in a loop. */
const LOOPING_AFTER_MS = 2_500;
const LOOPING_MIN_CORES = 0.8;
/**
 * Silence of several sessions at once, without a loop: the threads may wait for each other. It may also be the network,
 * and then a new worker helps nobody, so this takes longer than what pages do by themselves (2.5 s).
 */
const SILENT_AFTER_MS = 5_000;
const SILENT_MIN_SESSIONS = 2;

/** What a worker has said of itself, and what the front knows of its sessions. */
export type MediaSample = {
  /** Packets received since the worker's start, RTP and RTCP. */
  received: number;
  /** Processor time used since the worker's start. */
  cpuMs: number;
  /** Sessions with a connected peer that should be sending. */
  sessionsDue: number;
};

/** Since when nothing has been received that was due. */
export type MediaWatch = { received: number; cpuMs: number; since: number };

export function watchMedia(watch: MediaWatch | undefined, sample: MediaSample, now: number): MediaWatch {
  const { received, cpuMs, sessionsDue } = sample;
  const goesOn = watch !== undefined && sessionsDue > 0 && received === watch.received;
  return goesOn ? watch : { received, cpuMs, since: now };
}

/**
 * True for a worker whose native threads do not deliver any more while its JavaScript lives
 * (facts/peerbench.md section 6, 1).
 * @param othersFlow whether another worker receives; undefined when none has anything due
 */
export function isStuck(
  watch: MediaWatch,
  { cpuMs, sessionsDue }: MediaSample,
  othersFlow: boolean | undefined,
  now: number,
): boolean {
  const silentMs = now - watch.since;
  if (sessionsDue === 0 || silentMs < LOOPING_AFTER_MS) {
    return false;
  }
  if (cpuMs - watch.cpuMs >= silentMs * LOOPING_MIN_CORES) {
    return true;
  }
  return silentMs >= SILENT_AFTER_MS && sessionsDue >= SILENT_MIN_SESSIONS && othersFlow !== false;
}
