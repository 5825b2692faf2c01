/** Moments of a session in the film of its recording, and back. Pure. */
import type { PlaybackStretch } from '../relay/protocol.ts';

/** What happened just before something was recorded belongs to its beginning. */
const LEAD_MS = 2_000;

/** @param at epoch milliseconds @returns undefined when it was not recorded */
export function filmTime(stretches: readonly PlaybackStretch[], at: number): number | undefined {
  for (const { fileMs, epochMs, durationMs } of stretches) {
    const within = at - epochMs;
    if (within >= -LEAD_MS && within <= durationMs) {
      return fileMs + Math.max(0, within);
    }
  }
  return undefined;
}

export type JumpPoint<T> = { filmMs: number; item: T };

/** What of a line of time can be jumped to, in the order of the film. */
export function jumpPoints<T extends { at: number }>(
  stretches: readonly PlaybackStretch[],
  items: readonly T[],
): JumpPoint<T>[] {
  return items
    .flatMap((item) => {
      const filmMs = filmTime(stretches, item.at);
      return filmMs === undefined ? [] : [{ filmMs, item }];
    })
    .sort((one, other) => one.filmMs - other.filmMs);
}

/** Levels of so many columns, 0 … 1; the loudest of what falls into each. */
export function columnsOf(
  { peakMs, peaks }: { peakMs: number; peaks: readonly number[] },
  durationMs: number,
  columns: number,
): number[] {
  const perColumn = durationMs / columns / peakMs;
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor(column * perColumn);
    const to = Math.max(from + 1, Math.floor((column + 1) * perColumn));
    let level = 0;
    for (let index = from; index < to && index < peaks.length; index++) {
      level = Math.max(level, peaks[index] ?? 0);
    }
    return level / 255;
  });
}
