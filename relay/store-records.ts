/**
 * Every query on the tables but those of the directory. Knows Kysely and no engine, so an adapter for another SQL engine
 * opens its own connection and takes these queries.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import { emailKey, type Store, type StoreTransaction } from './store.ts';
import { boardReadsOn, boardWritesOn } from './store-board.ts';
import { guestReadsOn, guestWritesOn } from './store-guests.ts';
import { photoReadsOn, photoWritesOn } from './store-photos.ts';
import { recordingReadsOn, recordingWritesOn } from './store-recordings.ts';
import {
  fromAccount,
  fromSession,
  type Tables,
  toAccount,
  toChat,
  toConsent,
  toEvent,
  toSession,
  toSignIn,
} from './store-rows.ts';
import type { Statements } from './store-statements.ts';

// ---------------------------------------------------------------- reading

export type Reads = Omit<Store, 'transaction' | 'close'>;

/** @param db sees committed changes only */
export function readsOn(db: Kysely<Tables>): Reads {
  const accountRow = (column: 'id' | 'email_key', value: number | string) =>
    db.selectFrom('account').selectAll().where(column, '=', value).executeTakeFirst();
  return {
    ...boardReadsOn(db),
    ...photoReadsOn(db),
    ...guestReadsOn(db),
    ...recordingReadsOn(db),
    async openSessions() {
      // Spelled as in the partial index, without parameters, or SQLite does not use it.
      const open = sql<boolean>`ended_at is null or dismissed = 0`;
      const rows = await db.selectFrom('session').selectAll().where(open).orderBy('id').execute();
      return rows.map(toSession);
    },
    async session(id) {
      const row = await db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toSession(row);
    },
    async pastSessions({ technicianId, before, limit }) {
      let query = db.selectFrom('session').selectAll().where('ended_at', 'is not', null);
      query = technicianId === undefined ? query : query.where('technician_id', '=', technicianId);
      query = before === undefined ? query : query.where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(toSession);
    },
    async events(sessionId) {
      const query = db.selectFrom('session_event').selectAll().where('session_id', '=', sessionId);
      return (await query.orderBy('id').execute()).map(toEvent);
    },
    async consents(sessionId) {
      const query = db.selectFrom('consent').selectAll().where('session_id', '=', sessionId);
      return (await query.orderBy('id').execute()).map(toConsent);
    },
    async chat(sessionId) {
      const query = db.selectFrom('chat').selectAll().where('session_id', '=', sessionId);
      return (await query.orderBy('id').execute()).map(toChat);
    },
    async sessionByResume(resumeHash) {
      const query = db.selectFrom('session').selectAll();
      const row = await query
        .where((or) =>
          or.or([or('resume_hash', '=', resumeHash), or('previous_resume_hash', '=', resumeHash)]),
        )
        .executeTakeFirst();
      return row && toSession(row);
    },
    async terms() {
      const rows = await db.selectFrom('terms').selectAll().orderBy('version').orderBy('language').execute();
      return rows.map(({ published_at, published_by, ...row }) => ({
        ...row,
        publishedAt: published_at,
        publishedBy: published_by,
      }));
    },
    async accounts() {
      return (await db.selectFrom('account').selectAll().orderBy('id').execute()).map(toAccount);
    },
    async account(id) {
      const row = await accountRow('id', id);
      return row && toAccount(row);
    },
    async accountByEmail(email) {
      const row = await accountRow('email_key', emailKey(email));
      return row && toAccount(row);
    },
    async signIn(tokenHash) {
      const query = db.selectFrom('sign_in').selectAll().where('token_hash', '=', tokenHash);
      const row = await query.executeTakeFirst();
      return row && toSignIn(row);
    },
    async value(key) {
      const query = db.selectFrom('value').select('value').where('key', '=', key);
      return (await query.executeTakeFirst())?.value;
    },
    async setting(name) {
      const query = db.selectFrom('setting').select('document').where('name', '=', name);
      return (await query.executeTakeFirst())?.document;
    },
  };
}

// ---------------------------------------------------------------- writing

type OpenTransaction = {
  kysely: Transaction<Tables>;
  statements: Statements;
  finished: ((committed: boolean) => void)[];
};

/** Live transactions only: after its end, a transaction that somebody kept is refused. */
const OPEN_TRANSACTIONS = new WeakMap<StoreTransaction, OpenTransaction>();

function openTransaction(tx: StoreTransaction): OpenTransaction {
  const open = OPEN_TRANSACTIONS.get(tx);
  if (open === undefined) {
    throw new Error('The transaction is over, or belongs to another kind of store.');
  }
  return open;
}

/** The engine's transaction behind a store's, for adapters that write in the same transaction. */
export function kyselyOf(tx: StoreTransaction): Transaction<Tables> {
  return openTransaction(tx).kysely;
}

/** The statements that are compiled already, on the transaction's connection. */
export function statementsOf(tx: StoreTransaction): Statements {
  return openTransaction(tx).statements;
}

/**
 * Has `listener` called once the fate of the transaction is known, before `Store.transaction` settles.
 * For state in memory that follows the tables. It must not throw.
 */
export function onFinished(tx: StoreTransaction, listener: (committed: boolean) => void): void {
  openTransaction(tx).finished.push(listener);
}

/** For the adapter that runs the transaction: tells everybody who asked, and closes `tx`. */
export function finish(tx: StoreTransaction, committed: boolean): void {
  const { finished } = openTransaction(tx);
  OPEN_TRANSACTIONS.delete(tx);
  for (const listener of finished) {
    listener(committed);
  }
}

/** For the adapter that runs the transaction. Every `begin` is followed by one `finish`. */
export function begin(kysely: Transaction<Tables>, statements: Statements): StoreTransaction {
  const db = (): Transaction<Tables> => kyselyOf(tx);
  const tx: StoreTransaction = {
    ...boardWritesOn(db),
    ...photoWritesOn(db),
    ...guestWritesOn(db),
    ...recordingWritesOn(db),
    async insertSession(session) {
      const values = fromSession(session);
      return toSession(
        await db().insertInto('session').values(values).returningAll().executeTakeFirstOrThrow(),
      );
    },
    async updateSession(session) {
      if (!statementsOf(tx).updateSession(session)) {
        throw new Error(`There is no session ${session.id} to update.`);
      }
    },
    async appendEvents(sessionId, events) {
      const { insertEvent } = statementsOf(tx);
      return events.map((event) => ({ ...event, id: insertEvent(sessionId, event), sessionId }));
    },
    async insertConsent(consent) {
      statementsOf(tx).insertConsent(consent);
    },
    async insertChat(sessionId, message) {
      const values = {
        ...{ session_id: sessionId, at: message.at, party: message.from },
        ...{ name: message.name, text: message.text, client_id: message.clientId },
      };
      await db()
        .insertInto('chat')
        .values(values)
        .onConflict((conflict) => conflict.columns(['session_id', 'client_id']).doNothing())
        .execute();
      const own = db().selectFrom('chat').selectAll().where('session_id', '=', sessionId);
      return toChat(await own.where('client_id', '=', message.clientId).executeTakeFirstOrThrow());
    },
    async insertTerms({ version, language, text, hash, publishedAt, publishedBy }) {
      const published = { published_at: publishedAt, published_by: publishedBy };
      await db()
        .insertInto('terms')
        .values({ version, language, text, hash, ...published })
        .execute();
    },
    async insertAccount(account) {
      const query = db().insertInto('account').values(fromAccount(account));
      const unlessTaken = query.onConflict((conflict) => conflict.column('email_key').doNothing());
      const row = await unlessTaken.returningAll().executeTakeFirst();
      return row && toAccount(row);
    },
    async updateAccount(account) {
      const values = fromAccount(account);
      const holder = db().selectFrom('account').select('id').where('email_key', '=', values.email_key);
      if ((await holder.where('id', '!=', account.id).executeTakeFirst()) !== undefined) {
        return false;
      }
      const query = db().updateTable('account').set(values).where('id', '=', account.id);
      expectOne((await query.executeTakeFirst()).numUpdatedRows, `account ${account.id}`);
      return true;
    },
    async insertSignIn(signIn) {
      const values = {
        token_hash: signIn.tokenHash,
        account_id: signIn.accountId,
        created_at: signIn.createdAt,
        expires_at: signIn.expiresAt,
        seen_at: signIn.seenAt,
      };
      await db().insertInto('sign_in').values(values).execute();
    },
    async touchSignIn(tokenHash, seenAt) {
      await db()
        .updateTable('sign_in')
        .set({ seen_at: seenAt })
        .where('token_hash', '=', tokenHash)
        .execute();
    },
    async deleteSignIn(tokenHash) {
      await db().deleteFrom('sign_in').where('token_hash', '=', tokenHash).execute();
    },
    async deleteSignInsOf(accountId, except) {
      let query = db().deleteFrom('sign_in').where('account_id', '=', accountId);
      if (except !== undefined) {
        query = query.where('token_hash', '!=', except);
      }
      await query.execute();
    },
    async deleteExpiredSignIns(now) {
      await db().deleteFrom('sign_in').where('expires_at', '<=', now).execute();
    },
    async setValue(key, value) {
      if (value === null) {
        await db().deleteFrom('value').where('key', '=', key).execute();
        return;
      }
      const query = db().insertInto('value').values({ key, value });
      await query.onConflict((conflict) => conflict.column('key').doUpdateSet({ value })).execute();
    },
    async setSetting(name, document, changedAt, changedBy) {
      const values = { document, changed_at: changedAt, changed_by: changedBy };
      const query = db()
        .insertInto('setting')
        .values({ name, ...values });
      await query.onConflict((conflict) => conflict.column('name').doUpdateSet(values)).execute();
    },
  };
  OPEN_TRANSACTIONS.set(tx, { kysely, statements, finished: [] });
  return tx;
}

function expectOne(rows: bigint, what: string): void {
  if (rows !== 1n) {
    throw new Error(`There is no ${what} to update.`);
  }
}
