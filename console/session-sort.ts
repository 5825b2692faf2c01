/** The order of the session list. Pure but for the browser's memory of the last choice. */
import type { CustomerFields, SessionStatus, SessionView } from '../relay/protocol.ts';

export type SortKey = 'name' | 'id' | 'status' | 'since' | 'channel' | 'ticketId' | `custom:${string}`;
export type Sort = { key: SortKey; descending: boolean };

const STORAGE_KEY = 'fernblick.sort';
/** Newest first: what was just created is on top. */
const DEFAULT: Sort = { key: 'id', descending: true };
const CUSTOM = 'custom:';
const KEYS: readonly string[] = ['name', 'id', 'status', 'since', 'channel', 'ticketId'];

/** @returns a new array; equal rows are in the order of their ids, so that nothing jumps */
export function sortSessions(
  sessions: readonly SessionView[],
  { key, descending }: Sort,
  statusWord: (status: SessionStatus) => string,
  displayName: (fields: CustomerFields) => string,
  compareText: (a: string, b: string) => number,
): SessionView[] {
  const compare = (a: SessionView, b: SessionView): number => {
    switch (key) {
      case 'name':
        return compareText(displayName(a.fields), displayName(b.fields));
      case 'id':
        return a.id - b.id;
      case 'status':
        return compareText(statusWord(a.status), statusWord(b.status));
      case 'since':
        // The shown figure is the time since then, so the longest is the oldest.
        return b.statusSince - a.statusSince;
      case 'channel':
        return compareText(a.channel, b.channel);
      case 'ticketId':
        return compareText(a.fields.ticketId, b.fields.ticketId);
      default: {
        const custom = key.slice(CUSTOM.length);
        return compareText(a.fields.custom[custom] ?? '', b.fields.custom[custom] ?? '');
      }
    }
  };
  return [...sessions].sort((a, b) => (descending ? -compare(a, b) : compare(a, b)) || a.id - b.id);
}

export function readSort(): Sort {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null');
    return isSort(stored) ? stored : DEFAULT;
  } catch {
    return DEFAULT;
  }
}

export function writeSort(sort: Sort): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(sort));
  } catch {
    // Storage is forbidden here; the order then lasts as long as the page.
  }
}

function isSort(value: unknown): value is Sort {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    'descending' in value &&
    typeof value.descending === 'boolean' &&
    typeof value.key === 'string' &&
    (KEYS.includes(value.key) || value.key.startsWith(CUSTOM))
  );
}
