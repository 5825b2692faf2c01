/** Tables of the whiteboard, and every query on them. Knows Kysely and no engine, as `store-records.ts`. */
import type { Kysely } from 'kysely';
import type { PlacedMark, SessionId } from './protocol.ts';
import type { BoardReads, BoardWrites } from './store.ts';
import type { Tables } from './store-rows.ts';

export type BoardTables = {
  board_mark: {
    session_id: number;
    id: string;
    surface: number;
    place: number;
    hidden: number;
    mark: string;
  };
  board: { session_id: number; surface: number; surfaces: number; still: Uint8Array | null };
};

/** @param db sees committed changes only */
export function boardReadsOn(db: Kysely<Tables>): BoardReads {
  return {
    async board(sessionId) {
      const head = await db
        .selectFrom('board')
        .select(['surface', 'surfaces'])
        .where('session_id', '=', sessionId)
        .executeTakeFirst();
      const rows = await db
        .selectFrom('board_mark')
        .select(['mark', 'hidden'])
        .where('session_id', '=', sessionId)
        .orderBy('place')
        .execute();
      return {
        surface: head?.surface ?? 0,
        surfaces: head?.surfaces ?? 0,
        marks: rows.map(({ mark, hidden }) => ({
          mark: JSON.parse(mark) as PlacedMark,
          hidden: hidden === 1,
        })),
      };
    },
    async boardStill(sessionId) {
      const row = await db
        .selectFrom('board')
        .select('still')
        .where('session_id', '=', sessionId)
        .executeTakeFirst();
      return row?.still ? new Uint8Array(row.still) : undefined;
    },
  };
}

/** @param open throws once the transaction is over */
export function boardWritesOn(open: () => Kysely<Tables>): BoardWrites {
  const marksOf = (sessionId: SessionId) =>
    open().deleteFrom('board_mark').where('session_id', '=', sessionId);
  return {
    async saveMark(sessionId, mark) {
      const values = { hidden: 0, mark: JSON.stringify(mark) };
      await open()
        .insertInto('board_mark')
        .values({ session_id: sessionId, id: mark.id, surface: mark.surface, place: mark.place, ...values })
        .onConflict((conflict) => conflict.columns(['session_id', 'id']).doUpdateSet(values))
        .execute();
    },
    async hideMark(sessionId, markId) {
      await open()
        .updateTable('board_mark')
        .set({ hidden: 1 })
        .where('session_id', '=', sessionId)
        .where('id', '=', markId)
        .execute();
    },
    async deleteMarks(sessionId, which) {
      if ('surface' in which) {
        await marksOf(sessionId).where('surface', '=', which.surface).execute();
      } else if (which.ids.length > 0) {
        await marksOf(sessionId).where('id', 'in', which.ids).execute();
      }
    },
    async saveSurface(sessionId, surface, still) {
      const values = { surface, still: still ?? null };
      const insert = open()
        .insertInto('board')
        .values({ session_id: sessionId, surfaces: surface, ...values });
      await insert
        .onConflict((conflict) =>
          conflict
            .column('session_id')
            // The count of stills never goes back, or marks of an old one would lie on a new one.
            .doUpdateSet(surface === 0 ? values : { ...values, surfaces: surface }),
        )
        .execute();
    },
  };
}
