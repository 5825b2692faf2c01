/**
 * The records of `store.ts` as tables, and every query on them but those of the directory. Knows Kysely and no engine,
 * so an adapter for another SQL engine opens its own connection and takes these queries.
 */
import { type Generated, type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { AccountRole, Language, SessionEvent, SessionEventType, SessionState } from './protocol.ts';
import type { SettledState } from './session-state.ts';
import {
  type AccountRecord,
  type ConsentRecord,
  emailKey,
  type InvitationState,
  type SessionRecord,
  type SignInRecord,
  type Store,
  type StoreTransaction,
} from './store.ts';

type SessionTable = {
  id: Generated<number>;
  technician_id: number;
  state: SessionState;
  state_since: number;
  state_before: SettledState | null;
  customer_missing: number;
  technician_missing: number;
  fields: string;
  channel: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  dismissed: number;
  customer: string | null;
  resume_hash: string | null;
  previous_resume_hash: string | null;
};

type SessionEventTable = {
  id: Generated<number>;
  session_id: number;
  at: number;
  actor: SessionEvent['actor'];
  actor_name: string;
  type: SessionEventType;
  data: string;
};

type ConsentTable = {
  id: Generated<number>;
  session_id: number;
  at: number;
  accepted: number;
  terms_version: number;
  language: Language;
  terms_hash: string;
};

type AccountTable = {
  id: Generated<number>;
  name: string;
  nickname: string;
  email: string;
  email_key: string;
  role: AccountRole;
  enabled: number;
  password_hash: string;
  created_at: number;
};

type SignInTable = {
  token_hash: string;
  account_id: number;
  created_at: number;
  expires_at: number;
  seen_at: number;
};

type InvitationTable = {
  id: Generated<number>;
  session_id: number;
  pin_mac: string | null;
  pin_sealed: string | null;
  token_hash: string | null;
  token_sealed: string | null;
  expires_at: number;
  state: InvitationState;
  opened_at: number;
  ended_at: number | null;
};

export type Tables = {
  session: SessionTable;
  session_event: SessionEventTable;
  consent: ConsentTable;
  account: AccountTable;
  sign_in: SignInTable;
  invitation: InvitationTable;
  value: { key: string; value: string };
};

export type InvitationRow = Selectable<InvitationTable>;

// ---------------------------------------------------------------- rows to records and back

function toSession(row: Selectable<SessionTable>): SessionRecord {
  return {
    id: row.id,
    technicianId: row.technician_id,
    machine: {
      state: row.state,
      since: row.state_since,
      before: row.state_before,
      missing: { customer: row.customer_missing === 1, technician: row.technician_missing === 1 },
    },
    fields: JSON.parse(row.fields) as SessionRecord['fields'],
    channel: row.channel,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    dismissed: row.dismissed === 1,
    customer: row.customer === null ? null : (JSON.parse(row.customer) as SessionRecord['customer']),
    resumeHash: row.resume_hash,
    previousResumeHash: row.previous_resume_hash,
  };
}

function fromSession(session: Omit<SessionRecord, 'id'>): Insertable<SessionTable> {
  const { machine } = session;
  return {
    technician_id: session.technicianId,
    state: machine.state,
    state_since: machine.since,
    state_before: machine.before,
    customer_missing: Number(machine.missing.customer),
    technician_missing: Number(machine.missing.technician),
    fields: JSON.stringify(session.fields),
    channel: session.channel,
    created_at: session.createdAt,
    started_at: session.startedAt,
    ended_at: session.endedAt,
    dismissed: Number(session.dismissed),
    customer: session.customer === null ? null : JSON.stringify(session.customer),
    resume_hash: session.resumeHash,
    previous_resume_hash: session.previousResumeHash,
  };
}

function toEvent(row: Selectable<SessionEventTable>): SessionEvent {
  return {
    id: row.id,
    sessionId: row.session_id,
    at: row.at,
    actor: row.actor,
    actorName: row.actor_name,
    type: row.type,
    data: JSON.parse(row.data) as SessionEvent['data'],
  };
}

function toConsent(row: Selectable<ConsentTable>): ConsentRecord {
  return {
    sessionId: row.session_id,
    at: row.at,
    accepted: row.accepted === 1,
    termsVersion: row.terms_version,
    language: row.language,
    termsHash: row.terms_hash,
  };
}

function toAccount(row: Selectable<AccountTable>): AccountRecord {
  return {
    id: row.id,
    name: row.name,
    nickname: row.nickname,
    email: row.email,
    role: row.role,
    enabled: row.enabled === 1,
    passwordHash: row.password_hash,
    createdAt: row.created_at,
  };
}

function fromAccount(account: Omit<AccountRecord, 'id'>): Insertable<AccountTable> {
  return {
    name: account.name,
    nickname: account.nickname,
    email: account.email,
    email_key: emailKey(account.email),
    role: account.role,
    enabled: Number(account.enabled),
    password_hash: account.passwordHash,
    created_at: account.createdAt,
  };
}

function toSignIn(row: Selectable<SignInTable>): SignInRecord {
  return {
    tokenHash: row.token_hash,
    accountId: row.account_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    seenAt: row.seen_at,
  };
}

// ---------------------------------------------------------------- reading

export type Reads = Omit<Store, 'transaction' | 'close'>;

/** @param db sees committed changes only */
export function readsOn(db: Kysely<Tables>): Reads {
  const accountRow = (column: 'id' | 'email_key', value: number | string) =>
    db.selectFrom('account').selectAll().where(column, '=', value).executeTakeFirst();
  return {
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
    async events(sessionId) {
      const query = db.selectFrom('session_event').selectAll().where('session_id', '=', sessionId);
      return (await query.orderBy('id').execute()).map(toEvent);
    },
    async consents(sessionId) {
      const query = db.selectFrom('consent').selectAll().where('session_id', '=', sessionId);
      return (await query.orderBy('id').execute()).map(toConsent);
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
  };
}

// ---------------------------------------------------------------- writing

type OpenTransaction = {
  kysely: Transaction<Tables>;
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
export function begin(kysely: Transaction<Tables>): StoreTransaction {
  const db = (): Transaction<Tables> => kyselyOf(tx);
  const tx: StoreTransaction = {
    async insertSession(session) {
      const values = fromSession(session);
      return toSession(
        await db().insertInto('session').values(values).returningAll().executeTakeFirstOrThrow(),
      );
    },
    async updateSession(session) {
      const query = db().updateTable('session').set(fromSession(session)).where('id', '=', session.id);
      expectOne((await query.executeTakeFirst()).numUpdatedRows, `session ${session.id}`);
    },
    async appendEvents(sessionId, events) {
      const appended: SessionEvent[] = [];
      // One by one: SQL does not promise that returned rows come in the order of the values.
      for (const event of events) {
        const values = {
          session_id: sessionId,
          at: event.at,
          actor: event.actor,
          actor_name: event.actorName,
          type: event.type,
          data: JSON.stringify(event.data),
        };
        const query = db().insertInto('session_event').values(values).returningAll();
        appended.push(toEvent(await query.executeTakeFirstOrThrow()));
      }
      return appended;
    },
    async insertConsent(consent) {
      const values = {
        session_id: consent.sessionId,
        at: consent.at,
        accepted: Number(consent.accepted),
        terms_version: consent.termsVersion,
        language: consent.language,
        terms_hash: consent.termsHash,
      };
      await db().insertInto('consent').values(values).execute();
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
  };
  OPEN_TRANSACTIONS.set(tx, { kysely, finished: [] });
  return tx;
}

function expectOne(rows: bigint, what: string): void {
  if (rows !== 1n) {
    throw new Error(`There is no ${what} to update.`);
  }
}
