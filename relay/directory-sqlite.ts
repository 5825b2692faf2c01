/**
 * Invitations in the store's database, and the space of PINs in memory that follows it. The table is the authority: its
 * index refuses a second live PIN, and the space is rebuilt from it at start. The space only makes finding a free PIN
 * cheap when most are taken.
 */
import { randomInt } from 'node:crypto';
import type { Kysely } from 'kysely';
import { PinSpace } from './pin-space.ts';
import { hashToken, newToken, type Secrets } from './secrets.ts';
import { StartError } from './start-error.ts';
import { type Directory, type Invitation, PIN_QUARANTINE_MS, type StoreTransaction } from './store.ts';
import { type InvitationRow, kyselyOf, onFinished, type Tables } from './store-records.ts';
import type { SqliteStore } from './store-sqlite.ts';

/** Purposes of the server key; they are part of what is stored, so they never change. */
const PIN_PURPOSE = 'invitation pin';
const TOKEN_PURPOSE = 'invitation token';
/** Another writer than this process may have taken a PIN; that it happens this often in a row is a defect. */
const DRAWS_MAX = 8;

/**
 * @param now epoch milliseconds: PINs whose rest is over by then are free
 * @param space from which PINs are drawn; takes over what the table says
 * @throws StartError `serverKeyInvalid` when stored PINs were sealed with another key
 */
export async function openSqliteDirectory(
  store: SqliteStore,
  secrets: Secrets,
  now: number,
  space = new PinSpace((bound) => randomInt(bound)),
): Promise<Directory> {
  await rebuild(space, store.reader, secrets, now);
  return createDirectory(store.reader, secrets, space);
}

/** Takes PINs out of the space that are live, or ended less than the quarantine ago. */
async function rebuild(space: PinSpace, db: Kysely<Tables>, secrets: Secrets, now: number): Promise<void> {
  const taken = await db
    .selectFrom('invitation')
    .select(['pin_sealed', 'ended_at'])
    .where('pin_sealed', 'is not', null)
    .where((where) =>
      where.or([where('state', '=', 'live'), where('ended_at', '>', now - PIN_QUARANTINE_MS)]),
    )
    .orderBy('ended_at')
    .execute();
  for (const row of taken) {
    const pin = secrets.open(PIN_PURPOSE, row.pin_sealed ?? '');
    if (pin === undefined) {
      throw new StartError(
        'serverKeyInvalid',
        'The server key does not open the stored PINs. Put the former server.key back into the data directory.',
      );
    }
    space.remove(pin);
    if (row.ended_at !== null) {
      space.rest(pin, row.ended_at + PIN_QUARANTINE_MS);
    }
  }
}

function createDirectory(reader: Kysely<Tables>, secrets: Secrets, space: PinSpace): Directory {
  function toInvitation(row: InvitationRow): Invitation {
    return {
      sessionId: row.session_id,
      pin: row.pin_sealed === null ? null : (secrets.open(PIN_PURPOSE, row.pin_sealed) ?? null),
      token: row.token_sealed === null ? null : (secrets.open(TOKEN_PURPOSE, row.token_sealed) ?? null),
      expiresAt: row.expires_at,
      state: row.state,
    };
  }

  function liveRow(db: Kysely<Tables>, sessionId: number): Promise<InvitationRow | undefined> {
    const query = db.selectFrom('invitation').selectAll().where('session_id', '=', sessionId);
    return query.where('state', '=', 'live').executeTakeFirst();
  }

  function livePinRow(db: Kysely<Tables>, pin: string): Promise<InvitationRow | undefined> {
    const mac = secrets.hmac(PIN_PURPOSE, pin);
    const query = db.selectFrom('invitation').selectAll().where('pin_mac', '=', mac);
    return query.where('state', '=', 'live').executeTakeFirst();
  }

  function pinColumns(pin: string | null): { pin_mac?: string; pin_sealed?: string } {
    return pin === null
      ? {}
      : { pin_mac: secrets.hmac(PIN_PURPOSE, pin), pin_sealed: secrets.seal(PIN_PURPOSE, pin) };
  }

  function tokenColumns(wanted: boolean): { token_hash?: string; token_sealed?: string } {
    if (!wanted) {
      return {};
    }
    const token = newToken();
    return { token_hash: hashToken(token), token_sealed: secrets.seal(TOKEN_PURPOSE, token) };
  }

  /** Ends `row` in the table at once; its PIN goes to rest when that is durable. */
  async function end(
    tx: StoreTransaction,
    row: InvitationRow,
    state: Exclude<Invitation['state'], 'live'>,
    now: number,
  ): Promise<void> {
    const change = kyselyOf(tx).updateTable('invitation').set({ state, ended_at: now });
    await change.where('id', '=', row.id).execute();
    const pin = toInvitation(row).pin;
    if (pin !== null) {
      onFinished(tx, (committed) => {
        if (committed) {
          space.rest(pin, now + PIN_QUARANTINE_MS);
        }
      });
    }
  }

  /**
   * A PIN that no live invitation has. It goes back to the space when the transaction fails. One that the table knows as
   * live although the space had it free is left out: the space was wrong about it.
   */
  async function drawPin(tx: StoreTransaction): Promise<string | undefined> {
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const pin = space.draw();
      if (pin === undefined) {
        return undefined;
      }
      if (!(await livePinRow(kyselyOf(tx), pin))) {
        onFinished(tx, (committed) => {
          if (!committed) {
            space.release(pin);
          }
        });
        return pin;
      }
    }
    throw new Error(`${DRAWS_MAX} drawn PINs in a row were live already.`);
  }

  return {
    async open(tx, { sessionId, pin, link, expiresAt, now }) {
      space.wake(now);
      const db = kyselyOf(tx);
      const found = await liveRow(db, sessionId);
      const current = found && now < found.expires_at ? found : undefined;
      const drawn = pin && !current?.pin_sealed ? await drawPin(tx) : null;
      if (drawn === undefined) {
        return undefined;
      }
      const added = { ...pinColumns(drawn), ...tokenColumns(link && !current?.token_sealed) };
      if (current) {
        const widened = Object.keys(added).length > 0;
        const expires = widened ? Math.max(current.expires_at, expiresAt) : current.expires_at;
        const change = db.updateTable('invitation').set({ ...added, expires_at: expires });
        const row = await change.where('id', '=', current.id).returningAll().executeTakeFirstOrThrow();
        return toInvitation(row);
      }
      if (found) {
        await end(tx, found, 'expired', now);
      }
      const fresh = { session_id: sessionId, expires_at: expiresAt, state: 'live', opened_at: now } as const;
      const insert = db.insertInto('invitation').values({ ...fresh, ...added });
      return toInvitation(await insert.returningAll().executeTakeFirstOrThrow());
    },

    async finish(tx, sessionId, state, now) {
      const row = await liveRow(kyselyOf(tx), sessionId);
      if (row) {
        await end(tx, row, state, now);
      }
    },

    async findPin(pin, now) {
      const row = await livePinRow(reader, pin);
      // Nobody may have swept it yet, but its time is over.
      return row && now < row.expires_at ? toInvitation(row) : undefined;
    },

    async findToken(token) {
      const query = reader.selectFrom('invitation').selectAll().where('token_hash', '=', hashToken(token));
      const row = await query.executeTakeFirst();
      return row && toInvitation(row);
    },

    async live(sessionId) {
      const row = await liveRow(reader, sessionId);
      return row && toInvitation(row);
    },
  };
}
