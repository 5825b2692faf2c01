/** Recordings of the whole relay: their folder, and what became of those that were going on when the relay ended. */
import { mkdir } from 'node:fs/promises';
import type { Log } from './log.ts';
import { SYSTEM } from './session-context.ts';
import { journalPath, rescue } from './session-recording.ts';
import type { RecordingRecord, Store } from './store.ts';

export type RecoveryOptions = {
  store: Pick<Store, 'openRecordings' | 'transaction'>;
  folder: string;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
};

/**
 * Before any session is opened: makes the folder, and marks what the relay left when it was killed as interrupted. The journals are
 * good up to a moment before that.
 * @returns those that have a journal, which nobody writes any more
 */
export async function recoverRecordings({
  store,
  folder,
  log,
  now,
}: RecoveryOptions): Promise<RecordingRecord[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const recovered: RecordingRecord[] = [];
  for (const open of await store.openRecordings()) {
    const bytes = await rescue(journalPath(folder, open));
    const record: RecordingRecord = { ...open, state: 'interrupted', endedAt: now(), bytes, reason: 'relay' };
    await store.transaction(async (tx) => {
      await tx.updateRecording(record);
      await tx.appendEvents(record.sessionId, [
        {
          ...{ at: now(), ...SYSTEM, type: 'recordingStopped' },
          data: { part: record.part, reason: 'relay', bytes },
        },
      ]);
    });
    log.warn({ sessionId: record.sessionId, part: record.part, bytes }, 'recordingInterrupted');
    if (bytes > 0) {
      recovered.push(record);
    }
  }
  return recovered;
}
