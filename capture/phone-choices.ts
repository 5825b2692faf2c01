/** What the customer has chosen of picture and data in a session; a reload must neither show nor cost more than before. */
import type { Preference } from '../relay/client/shape.ts';
import type { SessionId } from '../relay/protocol.ts';
import { type Covers, NO_COVERS, readCovers } from './cover-set.ts';
import { recall, remember } from './storage.ts';

export type PhoneChoices = {
  /** Of another session they do not count. */
  sessionId: SessionId;
  covers: Covers;
  preference: Preference;
  saveData: boolean;
  pausedByTechnician: boolean;
};

const KEY = 'fernblick.phone';

export function noChoices(sessionId: SessionId): PhoneChoices {
  return {
    sessionId,
    covers: NO_COVERS,
    preference: 'sharp',
    saveData: false,
    pausedByTechnician: false,
  };
}

export function recallPhone(): PhoneChoices {
  let stored: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(recall('session', KEY) ?? '{}');
    stored = typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // Not ours.
  }
  const { sessionId, covers, preference, saveData, pausedByTechnician } = stored;
  return {
    sessionId: typeof sessionId === 'number' ? sessionId : 0,
    covers: readCovers(covers),
    preference: preference === 'smooth' ? 'smooth' : 'sharp',
    saveData: saveData === true,
    pausedByTechnician: pausedByTechnician === true,
  };
}

export function rememberPhone(choices: PhoneChoices): void {
  remember('session', KEY, JSON.stringify(choices));
}
