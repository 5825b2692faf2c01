/** Table of the recordings, and every query on it. Knows Kysely and no engine, as `store-records.ts`. What was recorded is in files. */
import type { Generated, Kysely, Selectable } from 'kysely';
import type { RecordingEnd } from './protocol.ts';
import type { RecordingReads, RecordingRecord, RecordingWrites } from './store.ts';
import type { Tables } from './store-rows.ts';

type RecordingTable = {
  id: Generated<number>;
  session_id: number;
  part: number;
  state: RecordingRecord['state'];
  paused: number;
  started_at: number;
  ended_at: number | null;
  bytes: number;
  dropped: number;
  reason: RecordingEnd | null;
  consent_id: number;
  purpose: string;
  voice: number;
  video: number;
};

export type RecordingTables = { recording: RecordingTable };

/** @param db sees committed changes only */
export function recordingReadsOn(db: Kysely<Tables>): RecordingReads {
  return {
    async recordings(sessionId) {
      const query = db.selectFrom('recording').selectAll().where('session_id', '=', sessionId);
      return (await query.orderBy('part').execute()).map(toRecording);
    },
    async openRecordings() {
      const query = db.selectFrom('recording').selectAll().where('state', '=', 'recording');
      return (await query.orderBy('id').execute()).map(toRecording);
    },
  };
}

/** @param open throws once the transaction is over */
export function recordingWritesOn(open: () => Kysely<Tables>): RecordingWrites {
  return {
    async insertRecording({ sessionId, part, paused, startedAt, purpose, voice, video }) {
      const consent = await open()
        .selectFrom('consent')
        .select(['id', 'accepted'])
        .where('session_id', '=', sessionId)
        .where('kind', '=', 'recording')
        .orderBy('id', 'desc')
        .executeTakeFirst();
      if (consent?.accepted !== 1) {
        return undefined;
      }
      const row = await open()
        .insertInto('recording')
        .values({
          ...{ session_id: sessionId, part, state: 'recording', started_at: startedAt },
          ...{ ended_at: null, bytes: 0, dropped: 0, reason: null, consent_id: consent.id, purpose },
          ...{ paused: paused ? 1 : 0, voice: voice ? 1 : 0, video: video ? 1 : 0 },
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return toRecording(row);
    },
    async updateRecording({ id, state, paused, endedAt, bytes, dropped, reason }) {
      await open()
        .updateTable('recording')
        .set({ state, paused: paused ? 1 : 0, ended_at: endedAt, bytes, dropped, reason })
        .where('id', '=', id)
        .execute();
    },
  };
}

function toRecording(row: Selectable<RecordingTable>): RecordingRecord {
  return {
    ...{ id: row.id, sessionId: row.session_id, part: row.part, state: row.state, paused: row.paused === 1 },
    ...{ startedAt: row.started_at, endedAt: row.ended_at, bytes: row.bytes, dropped: row.dropped },
    ...{ reason: row.reason, consentId: row.consent_id, purpose: row.purpose },
    ...{ voice: row.voice === 1, video: row.video === 1 },
  };
}
