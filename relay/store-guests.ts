/** Table of the experts and observers, and every query on it. Knows Kysely and no engine, as `store-records.ts`. */
import type { Generated, Kysely, Selectable } from 'kysely';
import type { GuestRole, GuestState } from './protocol.ts';
import type { GuestReads, GuestRecord, GuestWrites } from './store.ts';
import type { Tables } from './store-rows.ts';

type GuestTable = {
  id: Generated<number>;
  session_id: number;
  name: string;
  role: GuestRole;
  state: GuestState;
  muted: number;
  token_mac: string;
  /** Null once the link is of no use any more. */
  token_sealed: string | null;
  expires_at: number;
  resume_hash: string | null;
};

export type GuestTables = { guest: GuestTable };

/** @param db sees committed changes only */
export function guestReadsOn(db: Kysely<Tables>): GuestReads {
  const row = (column: 'token_mac' | 'resume_hash', value: string) =>
    db.selectFrom('guest').selectAll().where(column, '=', value).executeTakeFirst();
  return {
    async guests(sessionId) {
      const query = db.selectFrom('guest').selectAll().where('session_id', '=', sessionId);
      return (await query.orderBy('id').execute()).map(toGuest);
    },
    async guestByToken(tokenMac) {
      const found = await row('token_mac', tokenMac);
      return found && toGuest(found);
    },
    async guestByResume(resumeHash) {
      const found = await row('resume_hash', resumeHash);
      return found && toGuest(found);
    },
  };
}

/** @param open throws once the transaction is over */
export function guestWritesOn(open: () => Kysely<Tables>): GuestWrites {
  return {
    async insertGuest(guest) {
      const values = { session_id: guest.sessionId, token_mac: guest.tokenMac, ...changeable(guest) };
      const row = await open().insertInto('guest').values(values).returningAll().executeTakeFirstOrThrow();
      return toGuest(row);
    },
    async updateGuest(guest) {
      await open().updateTable('guest').set(changeable(guest)).where('id', '=', guest.id).execute();
    },
  };
}

function changeable(guest: Omit<GuestRecord, 'id'>) {
  return {
    ...{ name: guest.name, role: guest.role, state: guest.state, muted: guest.muted ? 1 : 0 },
    ...{ token_sealed: guest.tokenSealed, expires_at: guest.expiresAt, resume_hash: guest.resumeHash },
  };
}

function toGuest(row: Selectable<GuestTable>): GuestRecord {
  return {
    ...{ id: row.id, sessionId: row.session_id, name: row.name, role: row.role, state: row.state },
    ...{ muted: row.muted === 1, tokenMac: row.token_mac, tokenSealed: row.token_sealed },
    ...{ expiresAt: row.expires_at, resumeHash: row.resume_hash },
  };
}
