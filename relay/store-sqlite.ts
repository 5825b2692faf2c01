/**
 * The embedded store: one SQLite file through libsql (imported here only). One connection writes, a second one reads what
 * is committed, so a read never waits for a transaction and never sees half of one.
 */
import { closeSync, existsSync, fdatasync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Kysely, Migrator, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import Database from 'libsql';
import { CommitQueue } from './commit-queue.ts';
import { MIGRATION_NAMES, migrationProvider } from './migrations.ts';
import { StartError } from './start-error.ts';
import type { Store } from './store.ts';
import { type Reads, readsOn } from './store-records.ts';
import type { Tables } from './store-rows.ts';
import { compileStatements, type Execute, type Statements } from './store-statements.ts';

/** Only an operator's own tools compete for the file; waiting blocks the whole front, so not for long. */
const BUSY_TIMEOUT_MS = 1_000;
/** Our queries have some fifty texts; the bound is for a defect that makes texts without end. */
const STATEMENTS_MAX = 200;
const MIGRATION_TABLE = 'migration';

/** What the directory's adapter needs besides a store: the connection that reads. */
export type SqliteStore = Store & { readonly reader: Kysely<Tables> };

/**
 * Opens or makes the database and brings its layout up to date. Nothing is changed before the whole file was found sound.
 * @param path of the database; its folder is made when missing, and is locked for this process
 * @throws StartError `dataDirNotWritable`, `databaseInUse`, `databaseCorrupt`, `databaseNewer`
 */
export async function openSqliteStore(path: string): Promise<SqliteStore> {
  const lock = lockFolder(dirname(path));
  try {
    checkSound(path);
    if (!existsSync(path)) {
      // SQLite would let the whole machine read it, and gives its log the rights of the file. Never once a connection was
      // open: closing any descriptor of the file drops its locks (POSIX), and then the next program that looks into the
      // database believes that it is alone, and deletes the log that this one goes on writing.
      closeSync(openSync(path, 'a', 0o600));
    }
    const database = connect(path);
    const writer = kyselyOn(database);
    await migrate(writer.kysely);
    const reading = connect(path);
    reading.exec('pragma query_only = on');
    // Never written through, so opening it read-only is enough; SQLite holds its locks on other files (see above).
    const log = openSync(`${path}-wal`, 'r');
    return createStore({ database, writer, reader: kyselyOn(reading), lock, log });
  } catch (error) {
    unlock(lock);
    throw error instanceof StartError ? error : toStartError(error, path);
  }
}

type Connection = Database.Database;

// ---------------------------------------------------------------- opening

/**
 * Makes this process the only relay on the folder. The lock is an exclusive transaction on a small database of its own,
 * that is, a lock of the operating system, which ends with the process however it ends. Nothing else in this process
 * may open `lock.db`: closing any descriptor of it would drop the lock (POSIX advisory locks).
 */
function lockFolder(folder: string): Connection {
  const path = join(folder, 'lock.db');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = new Database(path);
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    if (codeOf(error).startsWith('SQLITE_BUSY')) {
      throw new StartError(
        'databaseInUse',
        `Another relay is running on ${folder}. Stop it, or choose another data directory with --data-dir.`,
        { cause: error },
      );
    }
    throw toStartError(error, path);
  }
}

function unlock(lock: Connection): void {
  lock.exec('rollback');
  lock.close();
}

/**
 * Refuses a database that is damaged, or of a newer version, without changing a byte of it: the connection is read-only,
 * because closing one that can write puts the log's changes into the damaged file and deletes the log.
 * @throws StartError `databaseCorrupt`, `databaseNewer`, or what libsql throws
 */
function checkSound(path: string): void {
  const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);
  if (sizeOf(path) === 0) {
    if (sizeOf(`${path}-wal`) > 0) {
      // SQLite would delete the log and begin anew.
      throw corrupt(path, 'is missing or empty although its write-ahead log has changes');
    }
    return;
  }
  const database = new Database(`${pathToFileURL(path).href}?mode=ro`);
  try {
    const checked = database.prepare('pragma quick_check').all() as { quick_check: string }[];
    const problem = checked.find((row) => row.quick_check !== 'ok');
    if (problem) {
      throw corrupt(path, `is damaged (${problem.quick_check.replaceAll(/\s+/g, ' ')})`);
    }
    const unknown = migrationsOf(database).find((name) => !MIGRATION_NAMES.includes(name));
    if (unknown !== undefined) {
      throw new StartError(
        'databaseNewer',
        `The database ${path} was written by a newer version (${unknown}). Start that version, or restore a backup from before the update.`,
      );
    }
  } finally {
    database.close();
  }
}

/** Names of the steps that the database has been through. */
function migrationsOf(database: Connection): string[] {
  const tables = database.prepare('select name from sqlite_master where name = ?').all(MIGRATION_TABLE);
  const done = tables.length === 0 ? [] : database.prepare(`select name from ${MIGRATION_TABLE}`).all();
  return (done as { name: string }[]).map((row) => row.name);
}

function connect(path: string): Connection {
  const database = new Database(path);
  for (const pragma of [
    'journal_mode = wal',
    // `CommitQueue` waits for the disk itself, and answers nobody before. SQLite would stop this thread for it, at each commit.
    'synchronous = normal',
    'foreign_keys = on',
    `busy_timeout = ${BUSY_TIMEOUT_MS}`,
  ]) {
    database.prepare(`pragma ${pragma}`).all();
  }
  return database;
}

async function migrate(writer: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({
    db: writer,
    provider: migrationProvider,
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: `${MIGRATION_TABLE}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error) {
    throw error;
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? '');
}

function corrupt(path: string, what: string, cause?: unknown): StartError {
  return new StartError(
    'databaseCorrupt',
    `The database ${path} ${what}. Nothing was changed; restore a backup, or move the file away to begin anew.`,
    { cause },
  );
}

const CORRUPT = /^SQLITE_(CORRUPT|NOTADB)/;
const NOT_WRITABLE =
  /^(SQLITE_(CANTOPEN|READONLY|PERM|IOERR|FULL)|EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOENT|ENOSPC)/;
/** libsql gives no code when it cannot open a file, but SQLite's number at the end of the text (14, CANTOPEN). */
const CONNECTION_FAILED = /^ConnectionFailed\(.*: 14/;

/** A sentence for what an operator can put right; anything else is a defect of ours and stays what it is. */
function toStartError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (CORRUPT.test(code)) {
    return corrupt(path, 'is damaged or no database at all', error);
  }
  if (NOT_WRITABLE.test(code) || CONNECTION_FAILED.test(String((error as Error).message))) {
    return new StartError(
      'dataDirNotWritable',
      `The data directory ${dirname(path)} cannot be written (${code || 'SQLITE_CANTOPEN'}). Give this user the right to, or choose another with --data-dir.`,
      { cause: error },
    );
  }
  return error;
}

// ---------------------------------------------------------------- Kysely over libsql

/** A connection for queries of any kind, and for those that are compiled already. */
type Opened = { kysely: Kysely<Tables>; statements: Statements };

function kyselyOn(database: Connection): Opened {
  const kept = keepStatements(database);
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: kept }) });
  const execute: Execute = (text, parameters) => {
    const statement = kept.prepare(text);
    if (statement.reader) {
      return { rows: statement.all(parameters), changes: 0, insertId: 0 };
    }
    const { changes, lastInsertRowid } = statement.run(parameters);
    return { rows: [], changes: Number(changes), insertId: Number(lastInsertRowid) };
  };
  return { kysely, statements: compileStatements(kysely, execute) };
}

/** libsql's class with prepared statements kept: compiling one costs twice what running it does. */
function keepStatements(database: Connection): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(text) {
      if (!database.open) {
        // libsql itself ends the whole process when a closed database is used.
        throw new Error('The store is closed.');
      }
      let statement = statements.get(text);
      if (!statement) {
        // `begin` alone takes the write lock only at the first change and then fails at once if another process has it.
        const prepared = database.prepare(text === 'begin' ? 'begin immediate' : text);
        if (statements.size >= STATEMENTS_MAX) {
          statements.clear();
        }
        statement = toStatement(prepared);
        statements.set(text, statement);
      }
      return statement;
    },
    close() {
      statements.clear();
      database.close();
    },
  };
}

/** The adapter never calls `get`, whose rows carry a `_metadata` that is none of ours. */
function toStatement(prepared: Database.Statement): SqliteStatement {
  return {
    reader: prepared.reader,
    all: (parameters) => prepared.all([...parameters]),
    run: (parameters) => prepared.run([...parameters]),
    iterate: (parameters) => prepared.iterate([...parameters]),
  };
}

// ---------------------------------------------------------------- the store

type Parts = { database: Connection; writer: Opened; reader: Opened; lock: Connection; log: number };

function createStore({ database, writer, reader, lock, log }: Parts): SqliteStore {
  const reads: Reads = readsOn(reader.kysely);
  const queue = new CommitQueue({ database, ...writer, sync: (done) => fdatasync(log, done) });
  let closed = false;

  return {
    reader: reader.kysely,
    ...reads,
    transaction(work, { shares = false } = {}) {
      if (closed) {
        return Promise.reject(new Error('The store is closed.'));
      }
      return queue.add(work, shares);
    },
    async close() {
      if (closed) {
        return;
      }
      closed = true;
      await queue.idle();
      await reader.kysely.destroy();
      database.prepare('pragma wal_checkpoint(truncate)').all();
      await writer.kysely.destroy();
      closeSync(log);
      unlock(lock);
    },
  };
}
