/** How much of the processors that this machine wanted went to its neighbours on the same host (`steal` of proc(5)). */
import { readFileSync } from 'node:fs';
import { round } from './percentiles.ts';

type Times = { wanted: number; stolen: number };

/** Columns of the first line of /proc/stat behind its name: user nice system idle iowait irq softirq steal. */
const IDLE = 3;
const IOWAIT = 4;
const STEAL = 7;

function times(): Times | undefined {
  try {
    const fields = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9);
    const columns = fields.map(Number);
    const all = columns.reduce((sum, value) => sum + value, 0);
    return { wanted: all - (columns[IDLE] ?? 0) - (columns[IOWAIT] ?? 0), stolen: columns[STEAL] ?? 0 };
  } catch {
    // Not Linux.
    return undefined;
  }
}

/**
 * Begins to count.
 * @returns gives the share of the wanted time since then that others had, 0 to 1; undefined where it cannot be known
 */
export function countStolenTime(): () => number | undefined {
  const before = times();
  return () => {
    const after = times();
    return before === undefined || after === undefined
      ? undefined
      : round((after.stolen - before.stolen) / Math.max(1, after.wanted - before.wanted), 3);
  };
}
