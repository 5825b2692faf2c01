/** Lines for the notes of sessions that still run: the end's dialog begins with them. Kept in this tab, also when it is loaded again. */
import type { SessionId } from '../relay/protocol.ts';

const keyOf = (id: SessionId) => `fernblick.notes.${id}`;

export function noteDraft(id: SessionId): string {
  try {
    return sessionStorage.getItem(keyOf(id)) ?? '';
  } catch {
    return '';
  }
}

/** Nothing stands twice. */
export function withNote(notes: string, line: string): string {
  return notes.split('\n').includes(line) ? notes : [notes, line].filter((each) => each !== '').join('\n');
}

export function addNoteDraft(id: SessionId, line: string): void {
  try {
    sessionStorage.setItem(keyOf(id), withNote(noteDraft(id), line));
  } catch {
    // Forbidden by the browser's settings: the text can still be copied.
  }
}
