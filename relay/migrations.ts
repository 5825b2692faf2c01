/**
 * The database's layout, as numbered steps that are never changed once released. Each runs in one transaction, so a
 * kill in the middle leaves the step before it. All times are epoch milliseconds, truth values 0 or 1, JSON is text.
 */
import { type Kysely, type Migration, type MigrationProvider, sql } from 'kysely';
import { FIRST_SESSION_ID } from './store.ts';

const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      `create table account (
        id integer primary key autoincrement,
        name text not null,
        nickname text not null,
        email text not null,
        email_key text not null unique,
        role text not null,
        enabled integer not null,
        password_hash text not null,
        created_at integer not null
      ) strict`,

      `create table sign_in (
        token_hash text primary key,
        account_id integer not null references account (id),
        created_at integer not null,
        expires_at integer not null,
        seen_at integer not null
      ) strict`,
      'create index sign_in_account on sign_in (account_id)',
      'create index sign_in_expires on sign_in (expires_at)',

      // autoincrement: an id is never used again, even when the newest session is deleted.
      `create table session (
        id integer primary key autoincrement,
        technician_id integer not null references account (id),
        state text not null,
        state_since integer not null,
        state_before text,
        customer_missing integer not null,
        technician_missing integer not null,
        fields text not null,
        channel text not null,
        created_at integer not null,
        started_at integer,
        ended_at integer,
        dismissed integer not null,
        customer text,
        resume_hash text,
        previous_resume_hash text
      ) strict`,
      `insert into sqlite_sequence (name, seq) values ('session', ${FIRST_SESSION_ID - 1})`,
      'create index session_open on session (id) where ended_at is null or dismissed = 0',

      `create table session_event (
        id integer primary key autoincrement,
        session_id integer not null references session (id),
        at integer not null,
        actor text not null,
        actor_name text not null,
        type text not null,
        data text not null
      ) strict`,
      'create index session_event_session on session_event (session_id, id)',
      ...appendOnly('session_event'),

      `create table consent (
        id integer primary key autoincrement,
        session_id integer not null references session (id),
        at integer not null,
        accepted integer not null,
        terms_version integer not null,
        language text not null,
        terms_hash text not null
      ) strict`,
      'create index consent_session on consent (session_id, id)',
      ...appendOnly('consent'),

      `create table invitation (
        id integer primary key autoincrement,
        session_id integer not null references session (id),
        pin_mac text,
        pin_sealed text,
        token_hash text unique,
        token_sealed text,
        expires_at integer not null,
        state text not null,
        opened_at integer not null,
        ended_at integer
      ) strict`,
      `create unique index invitation_live_session on invitation (session_id) where state = 'live'`,
      `create unique index invitation_live_pin on invitation (pin_mac) where state = 'live'`,
      'create index invitation_ended on invitation (ended_at)',

      'create table value (key text primary key, value text not null) strict',
    ]);
  },
};

const settings: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      `create table setting (
        name text primary key,
        document text not null,
        changed_at integer not null,
        changed_by integer not null references account (id)
      ) strict`,
    ]);
  },
};

/** A session of a channel has no technician until one takes it; `alter column` is libsql's. */
const queues: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      'alter table session alter column technician_id to technician_id integer references account (id)',
      `alter table session add column group_id text not null default ''`,
    ]);
  },
};

const consents: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      `alter table consent add column kind text not null default 'terms'`,
      `alter table consent add column withdrawn integer not null default 0`,
      `alter table consent add column token_hash text not null default ''`,
      `create table terms (
        version integer not null,
        language text not null,
        text text not null,
        hash text not null,
        published_at integer not null,
        published_by integer references account (id),
        primary key (version, language)
      ) strict`,
      ...appendOnly('terms'),
    ]);
  },
};

/** A link that opens nothing before its time. */
const appointments: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, ['alter table invitation add column valid_from integer not null default 0']);
  },
};

/** What people say to each other, and what they say of the session afterwards. */
const talk: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      `create table chat (
        id integer primary key autoincrement,
        session_id integer not null references session (id),
        at integer not null,
        party text not null,
        name text not null,
        text text not null,
        client_id text not null,
        unique (session_id, client_id)
      ) strict`,
      'alter table session add column outcome text',
      `alter table session add column notes text not null default ''`,
      'alter table session add column rating text',
      'create index session_resume on session (resume_hash) where resume_hash is not null',
      'create index session_previous_resume on session (previous_resume_hash) where previous_resume_hash is not null',
    ]);
  },
};

/** Sessions that are offered to somebody else. */
const transfers: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, ['alter table session add column transfer text']);
  },
};

/** Marks on the picture; of a frozen picture, its JPEG as well. */
const board: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      `create table board (
        session_id integer primary key references session (id),
        surface integer not null,
        surfaces integer not null,
        still blob
      ) strict`,
      `create table board_mark (
        session_id integer not null references session (id),
        id text not null,
        surface integer not null,
        place integer not null,
        hidden integer not null,
        mark text not null,
        primary key (session_id, id)
      ) strict, without rowid`,
    ]);
  },
};

/** Past sessions of a technician, the newest first. */
const archive: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, ['create index session_past on session (technician_id, id) where ended_at is not null']);
  },
};

/** Photos; their bytes are files. Numbers are never given twice, or a page would show one photo for another. */
const photos: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      `create table photo (
        id integer primary key autoincrement,
        session_id integer not null references session (id),
        source text not null,
        at integer not null,
        kept integer not null,
        file text,
        marks text not null
      ) strict`,
      'create index photo_session on photo (session_id)',
    ]);
  },
};

/** Experts and observers. The token of a link is there as a keyed hash, and sealed while it may have to be shown. */
const guests: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      `create table guest (
        id integer primary key autoincrement,
        session_id integer not null references session (id),
        name text not null,
        role text not null,
        state text not null,
        muted integer not null,
        token_mac text not null unique,
        token_sealed text,
        expires_at integer not null,
        resume_hash text
      ) strict`,
      'create index guest_session on guest (session_id)',
      'create index guest_resume on guest (resume_hash) where resume_hash is not null',
    ]);
  },
};

/** Recordings part by part; what was recorded is in files. Each names the consent by which it was allowed. */
const recordings: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await run(db, [
      `create table recording (
        id integer primary key autoincrement,
        session_id integer not null references session (id),
        part integer not null,
        state text not null,
        paused integer not null,
        started_at integer not null,
        ended_at integer,
        bytes integer not null,
        dropped integer not null,
        reason text,
        consent_id integer not null references consent (id),
        purpose text not null,
        voice integer not null,
        video integer not null,
        unique (session_id, part)
      ) strict`,
      `create index recording_open on recording (id) where state = 'recording'`,
    ]);
  },
};

/** The names sort in the order in which the steps run. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-first': first,
  '0002-settings': settings,
  '0004-queues': queues,
  '0005-consents': consents,
  '0006-appointments': appointments,
  '0007-talk': talk,
  '0009-transfers': transfers,
  '0010-board': board,
  '0011-photos': photos,
  '0012-archive': archive,
  '0013-guests': guests,
  '0014-recordings': recordings,
};

export const migrationProvider: MigrationProvider = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
};

export const MIGRATION_NAMES: readonly string[] = Object.keys(MIGRATIONS);

/** What was written as proof stays as it was written: the database itself refuses to change it. */
function appendOnly(table: string): string[] {
  return ['update', 'delete'].map(
    (change) => `create trigger ${table}_no_${change} before ${change} on ${table}
      begin select raise(abort, '${table} is append-only'); end`,
  );
}

async function run(db: Kysely<unknown>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    await sql.raw(statement).execute(db);
  }
}
