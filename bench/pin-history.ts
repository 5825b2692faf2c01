/**
 * A data directory in which so many PINs have been used within the last day: what `bench pin` starts its relays on. Written as the relay
 * writes them, but many in one statement: one session and one invitation for each.
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { CompiledQuery, sql } from 'kysely';
import { PinSpace } from '../relay/pin-space.ts';
import { createSecrets, loadServerKey } from '../relay/secrets.ts';
import { kyselyOf } from '../relay/store-records.ts';
import { openSqliteStore } from '../relay/store-sqlite.ts';

const ROWS_PER_STATEMENT = 100;
const ROWS_PER_COMMIT = 20_000;
/** As `directory-sqlite.ts` stores them. */
const PIN_PURPOSE = 'invitation pin';

/** The relay must have been started on `dataDir` once, for its key and its first account, and must not be running. */
export async function fillHistory(dataDir: string, count: number): Promise<void> {
  const store = await openSqliteStore(join(dataDir, 'fernblick.db'));
  const secrets = createSecrets(loadServerKey(dataDir, ''));
  const space = new PinSpace((bound) => randomInt(bound));
  const now = Date.now();
  try {
    const technicianId = (await store.accounts())[0]?.id ?? 0;
    for (let done = 0; done < count; done += ROWS_PER_COMMIT) {
      const rows = Math.min(ROWS_PER_COMMIT, count - done);
      await store.transaction(async (tx) => {
        const db = kyselyOf(tx);
        await sql`
          with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${rows})
          insert into session (technician_id, state, state_since, customer_missing, technician_missing, fields, channel,
            created_at, ended_at, dismissed)
          select ${technicianId}, 'closedByTechnician', ${now}, 0, 0,
            '{"name":"","phone":"","email":"","ticketId":"","custom":{}}', '', ${now}, ${now}, 1 from numbers`.execute(
          db,
        );
        const { last } = (await sql<{ last: number }>`select max(id) as last from session`.execute(db))
          .rows[0] ?? { last: 0 };
        for (let row = 0; row < rows; row += ROWS_PER_STATEMENT) {
          const some = Math.min(ROWS_PER_STATEMENT, rows - row);
          const values = Array.from({ length: some }, (_, index) => {
            const pin = space.draw() ?? '';
            const sealed = secrets.seal(PIN_PURPOSE, pin);
            return [last - row - index, secrets.hmac(PIN_PURPOSE, pin), sealed, now, 'used', now, now];
          });
          const places = values.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ');
          const text = `insert into invitation
            (session_id, pin_mac, pin_sealed, expires_at, state, opened_at, ended_at) values ${places}`;
          await db.executeQuery(CompiledQuery.raw(text, values.flat()));
        }
      });
    }
  } finally {
    await store.close();
  }
}
