/** On which media worker a session is placed. Pure. */
import type { OverloadLevel } from './overload.ts';

/** Planned use of a worker: beyond it packets begin to wait (facts/reliability.md 1.5). */
const PLANNED_UTILISATION = 0.65;
const PLANNED_PACKETS_PER_S = 30_000;
/** What a session that was placed since the last report adds: it will be there before the next one. */
const RECENT_SESSION_LOAD = 0.01;

export type WorkerLoad = {
  level: OverloadLevel;
  /** Smoothed, 0 to 1. */
  utilisation: number;
  packetsPerS: number;
  peers: number;
  peerCapacity: number;
  /** Sessions placed since the last report. */
  recentSessions: number;
};

/** 1 is as much as is planned for. */
export function loadOf(worker: WorkerLoad): number {
  return (
    Math.max(
      worker.utilisation / PLANNED_UTILISATION,
      worker.packetsPerS / PLANNED_PACKETS_PER_S,
      worker.peers / Math.max(1, worker.peerCapacity),
    ) +
    worker.recentSessions * RECENT_SESSION_LOAD
  );
}

/**
 * @param displaced the session had a worker that was lost: its call goes on where a new one would have to wait, but not
 *                  where video is dropped already
 */
export function hasRoom(worker: WorkerLoad, displaced: boolean): boolean {
  return (
    worker.peers < worker.peerCapacity &&
    (worker.level === 'normal' || (displaced && worker.level === 'full'))
  );
}

/** The least loaded of those that have room. */
export function chooseWorker<W extends { load: WorkerLoad }>(
  workers: readonly W[],
  displaced: boolean,
): W | undefined {
  let chosen: W | undefined;
  for (const worker of workers) {
    if (hasRoom(worker.load, displaced) && (!chosen || loadOf(worker.load) < loadOf(chosen.load))) {
      chosen = worker;
    }
  }
  return chosen;
}
