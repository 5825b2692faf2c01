/** Table of the photos, and every query on it. Knows Kysely and no engine, as `store-records.ts`. The bytes are files (`blob-files.ts`). */
import type { Generated, Kysely, Selectable } from 'kysely';
import type { PhotoSource, PhotoType, PlacedMark } from './protocol.ts';
import type { PhotoReads, PhotoRecord, PhotoWrites } from './store.ts';
import type { Tables } from './store-rows.ts';

type PhotoTable = {
  id: Generated<number>;
  session_id: number;
  source: PhotoSource;
  at: number;
  kept: number;
  /** JSON; null until it was offered. */
  file: string | null;
  marks: string;
};

export type PhotoTables = { photo: PhotoTable };

type StoredFile = { type: PhotoType; bytes: number; sha256: string; width: number; height: number };

/** @param db sees committed changes only */
export function photoReadsOn(db: Kysely<Tables>): PhotoReads {
  return {
    async photos(sessionId) {
      const rows = await db
        .selectFrom('photo')
        .selectAll()
        .where('session_id', '=', sessionId)
        .orderBy('id')
        .execute();
      return rows.map(toPhoto);
    },
    async photo(id) {
      const row = await db.selectFrom('photo').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toPhoto(row);
    },
  };
}

/** @param open throws once the transaction is over */
export function photoWritesOn(open: () => Kysely<Tables>): PhotoWrites {
  return {
    async insertPhoto({ sessionId, source, at, file }) {
      const values = { session_id: sessionId, source, at, kept: 0, marks: '[]' };
      const { id } = await open()
        .insertInto('photo')
        .values({ ...values, file: file ? JSON.stringify(file) : null })
        .returning('id')
        .executeTakeFirstOrThrow();
      return { id, sessionId, source, at, kept: false, file, marks: [] };
    },
    async updatePhoto({ id, kept, file, marks }) {
      await open()
        .updateTable('photo')
        .set({
          ...{ kept: kept ? 1 : 0, file: file ? JSON.stringify(file) : null },
          marks: JSON.stringify(marks),
        })
        .where('id', '=', id)
        .execute();
    },
    async deletePhoto(id) {
      await open().deleteFrom('photo').where('id', '=', id).execute();
    },
  };
}

function toPhoto(row: Selectable<PhotoTable>): PhotoRecord {
  return {
    ...{ id: row.id, sessionId: row.session_id, source: row.source, at: row.at, kept: row.kept === 1 },
    file: row.file === null ? undefined : (JSON.parse(row.file) as StoredFile),
    marks: JSON.parse(row.marks) as PlacedMark[],
  };
}
