/**
 * Invitations in the store's database, and in memory what follows it: the space of PINs, and the live invitations. The table is the
 * authority: its index refuses a second live PIN, and memory is rebuilt from it at start. The space only makes finding a
 * free PIN cheap when most are taken; the live ones, that a customer's PIN costs no query.
 */
import { randomInt } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { LONG_PIN_LENGTH, LongPins } from './long-pins.ts';
import { PinSpace } from './pin-space.ts';
import { hashToken, newToken, type Secrets } from './secrets.ts';
import { StartError } from './start-error.ts';
import { type Directory, type Invitation, PIN_QUARANTINE_MS, type StoreTransaction } from './store.ts';
import { kyselyOf, onFinished, statementsOf } from './store-records.ts';
import type { InvitationRow, Tables } from './store-rows.ts';
import type { SqliteStore } from './store-sqlite.ts';

/** Purposes of the server key; they are part of what is stored, so they never change. */
const PIN_PURPOSE = 'invitation pin';
const TOKEN_PURPOSE = 'invitation token';
/** Live PINs of six digits above which new ones have more: every guess hits one of 500 times these (reliability.md 3.2, P6). */
const SHORT_PINS_MAX = 2_000;
/** Spelled as in the partial indices, without a parameter, or SQLite does not use them. */
const IS_LIVE = sql<boolean>`state = 'live'`;
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
  const pins = { short: space, long: new LongPins((bound) => randomInt(bound)) };
  await rebuild(pins, store.reader, secrets, now);
  const live = new LiveInvitations();
  for (const row of await store.reader.selectFrom('invitation').selectAll().where(IS_LIVE).execute()) {
    live.add(toInvitation(secrets, row));
  }
  return createDirectory(store.reader, secrets, pins, live);
}

function toInvitation(secrets: Secrets, row: InvitationRow): Invitation {
  return {
    sessionId: row.session_id,
    pin: row.pin_sealed === null ? null : (secrets.open(PIN_PURPOSE, row.pin_sealed) ?? null),
    token: row.token_sealed === null ? null : (secrets.open(TOKEN_PURPOSE, row.token_sealed) ?? null),
    validFrom: row.valid_from,
    expiresAt: row.expires_at,
    state: row.state,
  };
}

/** The live invitations that are on disk. */
class LiveInvitations {
  readonly #bySession = new Map<number, Invitation>();
  readonly #byPin = new Map<string, Invitation>();
  /** Sessions with a change that is not on disk yet: what is here may be over. */
  readonly #changing = new Map<number, number>();

  add(invitation: Invitation): void {
    this.remove(invitation.sessionId);
    this.#bySession.set(invitation.sessionId, invitation);
    if (invitation.pin !== null) {
      this.#byPin.set(invitation.pin, invitation);
    }
  }

  remove(sessionId: number): void {
    const invitation = this.#bySession.get(sessionId);
    this.#bySession.delete(sessionId);
    if (invitation && invitation.pin !== null) {
      this.#byPin.delete(invitation.pin);
    }
  }

  byPin(pin: string): Invitation | undefined {
    return this.#byPin.get(pin);
  }

  /** Undefined when it is not known for sure. */
  ofSession(sessionId: number): Invitation | undefined {
    return this.#changing.has(sessionId) ? undefined : this.#bySession.get(sessionId);
  }

  /** Has `apply` called when the transaction is on disk. */
  change(tx: StoreTransaction, sessionId: number, apply: () => void): void {
    this.#changing.set(sessionId, (this.#changing.get(sessionId) ?? 0) + 1);
    onFinished(tx, (committed) => {
      const others = (this.#changing.get(sessionId) ?? 1) - 1;
      if (others === 0) {
        this.#changing.delete(sessionId);
      } else {
        this.#changing.set(sessionId, others);
      }
      if (committed) {
        apply();
      }
    });
  }
}

type Pins = { short: PinSpace; long: LongPins };

function spaceOf(pins: Pins, pin: string): PinSpace | LongPins {
  return pin.length === LONG_PIN_LENGTH ? pins.long : pins.short;
}

/** Takes PINs out of the space that are live, or ended less than the quarantine ago. */
async function rebuild(pins: Pins, db: Kysely<Tables>, secrets: Secrets, now: number): Promise<void> {
  const taken = await db
    .selectFrom('invitation')
    .select(['pin_sealed', 'ended_at'])
    .where('pin_sealed', 'is not', null)
    .where((where) => where.or([IS_LIVE, where('ended_at', '>', now - PIN_QUARANTINE_MS)]))
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
    spaceOf(pins, pin).remove(pin);
    if (row.ended_at !== null) {
      spaceOf(pins, pin).rest(pin, row.ended_at + PIN_QUARANTINE_MS);
    }
  }
}

function createDirectory(
  reader: Kysely<Tables>,
  secrets: Secrets,
  pins: Pins,
  invitations: LiveInvitations,
): Directory {
  function liveRow(db: Kysely<Tables>, sessionId: number): Promise<InvitationRow | undefined> {
    const query = db.selectFrom('invitation').selectAll().where('session_id', '=', sessionId);
    return query.where(IS_LIVE).executeTakeFirst();
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

  /** Ends the live invitation in the table at once; its PIN goes to rest when that is durable. */
  function end(
    tx: StoreTransaction,
    sessionId: number,
    state: Exclude<Invitation['state'], 'live'>,
    now: number,
  ): void {
    const known = invitations.ofSession(sessionId);
    const sealed = known ? undefined : statementsOf(tx).endUnknownInvitation(sessionId, state, now);
    if (known) {
      statementsOf(tx).endInvitation(sessionId, state, now);
    }
    const pin = known ? known.pin : sealed === undefined ? null : (secrets.open(PIN_PURPOSE, sealed) ?? null);
    invitations.change(tx, sessionId, () => {
      invitations.remove(sessionId);
      if (pin !== null) {
        spaceOf(pins, pin).rest(pin, now + PIN_QUARANTINE_MS);
      }
    });
  }

  /** Known as live when it is on disk. */
  function opened(tx: StoreTransaction, row: InvitationRow): Invitation {
    const invitation = toInvitation(secrets, row);
    invitations.change(tx, row.session_id, () => invitations.add(invitation));
    return invitation;
  }

  /**
   * A PIN that no live invitation has. It goes back to the space when the transaction fails. One that the table knows as
   * live although the space had it free is left out: the space was wrong about it.
   */
  function drawPin(tx: StoreTransaction, wantsLong: boolean): string | undefined {
    const isLong = wantsLong || pins.short.live >= SHORT_PINS_MAX || pins.short.free === 0;
    const space = isLong ? pins.long : pins.short;
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const pin = space.draw();
      if (pin === undefined) {
        return undefined;
      }
      if (!statementsOf(tx).isLivePin(secrets.hmac(PIN_PURPOSE, pin))) {
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
    async open(tx, { sessionId, pin, longPin = false, link, validFrom = 0, expiresAt, now }) {
      pins.short.wake(now);
      pins.long.wake(now);
      const db = kyselyOf(tx);
      const found = await liveRow(db, sessionId);
      const current = found && now < found.expires_at ? found : undefined;
      const drawn = pin && !current?.pin_sealed ? drawPin(tx, longPin) : null;
      if (drawn === undefined) {
        return undefined;
      }
      const added = { ...pinColumns(drawn), ...tokenColumns(link && !current?.token_sealed) };
      if (current) {
        const widened = Object.keys(added).length > 0;
        const expires = widened ? Math.max(current.expires_at, expiresAt) : current.expires_at;
        const change = db.updateTable('invitation').set({ ...added, expires_at: expires });
        const row = await change.where('id', '=', current.id).returningAll().executeTakeFirstOrThrow();
        return opened(tx, row);
      }
      if (found) {
        end(tx, sessionId, 'expired', now);
      }
      const fresh = { session_id: sessionId, expires_at: expiresAt, state: 'live', opened_at: now } as const;
      const window = { valid_from: validFrom };
      const insert = db.insertInto('invitation').values({ ...fresh, ...window, ...added });
      return opened(tx, await insert.returningAll().executeTakeFirstOrThrow());
    },

    async finish(tx, sessionId, state, now) {
      end(tx, sessionId, state, now);
    },

    async findPin(pin, now) {
      const invitation = invitations.byPin(pin);
      // Nobody may have swept it yet, but its time is over.
      return invitation && now < invitation.expiresAt ? invitation : undefined;
    },

    async findToken(token) {
      const query = reader.selectFrom('invitation').selectAll().where('token_hash', '=', hashToken(token));
      const row = await query.executeTakeFirst();
      return row && toInvitation(secrets, row);
    },

    async live(sessionId) {
      const row = await liveRow(reader, sessionId);
      return row && toInvitation(secrets, row);
    },
  };
}
