/** Who waits in which group's queue, and at which place. A customer who lost the connection keeps the place. Pure. */
import type { SessionId } from './protocol.ts';
import { isEnded } from './session-state.ts';
import type { SessionRecord } from './store.ts';

/** A session of a channel that nobody has taken yet. */
export function isQueued({ technicianId, machine }: SessionRecord): boolean {
  return technicianId === null && !isEnded(machine.state);
}

export class QueuePlaces {
  #places: ReadonlyMap<SessionId, number> = new Map();

  /** 1 is next; undefined for a session that waits in no queue. */
  of(id: SessionId): number | undefined {
    return this.#places.get(id);
  }

  /** How many wait for this group. */
  length(records: Iterable<SessionRecord>, groupId: string): number {
    return [...records].filter((record) => isQueued(record) && record.groupId === groupId).length;
  }

  /** @returns ids of sessions whose place is another one now */
  recount(records: Iterable<SessionRecord>): SessionId[] {
    const lengths = new Map<string, number>();
    const places = new Map<SessionId, number>();
    // Numbers of sessions grow only, so their order is that of coming.
    for (const { id, groupId } of [...records].filter(isQueued).sort((a, b) => a.id - b.id)) {
      const place = (lengths.get(groupId) ?? 0) + 1;
      lengths.set(groupId, place);
      places.set(id, place);
    }
    const before = this.#places;
    this.#places = places;
    return [...places].filter(([id, place]) => before.get(id) !== place).map(([id]) => id);
  }
}
