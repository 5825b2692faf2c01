/** Real: SQLite files on disk, a second process for the lock, a user without rights. Nothing is faked. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import t, { type Test } from 'tap';
import { StartError } from '../../relay/start-error.ts';
import { kyselyOf, onFinished } from '../../relay/store-records.ts';
import { openSqliteStore, type SqliteStore } from '../../relay/store-sqlite.ts';
import { addAccount, addSession, newFolder, sampleConsent, sampleEvent } from './contract/samples.ts';
import { storeContract } from './contract/store.ts';

async function openStore(t: Test, path: string): Promise<SqliteStore> {
  const store = await openSqliteStore(path);
  t.teardown(() => store.close());
  return store;
}

t.test('the embedded store keeps the contract', async (t) => {
  storeContract(t, async (t) => {
    const path = join(newFolder(t), 'fernblick.db');
    const store = await openStore(t, path);
    return {
      store,
      async reopen() {
        await store.close();
        return openStore(t, path);
      },
    };
  });
});

t.test('the log is written ahead, and references hold', async (t) => {
  const store = await openStore(t, join(newFolder(t), 'fernblick.db'));
  await store.transaction(async (tx) => {
    const db = kyselyOf(tx);
    t.match((await sql`pragma journal_mode`.execute(db)).rows, [{ journal_mode: 'wal' }]);
    t.match(
      (await sql`pragma synchronous`.execute(db)).rows,
      [{ synchronous: 1 }],
      'the queue waits for the disk',
    );
    t.match((await sql`pragma foreign_keys`.execute(db)).rows, [{ foreign_keys: 1 }]);
  });
});

t.test('transactions that wait share a commit, and one that fails takes nothing else with it', async (t) => {
  const store = await openStore(t, join(newFolder(t), 'fernblick.db'));
  const told: string[] = [];
  const set = (key: string, fails = false) =>
    store.transaction(
      async (tx) => {
        onFinished(tx, (committed) => told.push(`${key} ${committed ? 'committed' : 'undone'}`));
        await tx.setValue(key, 'v');
        if (fails) {
          throw new Error(`${key} fails`);
        }
        return key;
      },
      { shares: true },
    );
  const first = set('a').then(async () => ['a', 'b', 'c', 'd'].map((key) => store.value(key)));
  const others = Promise.allSettled([set('b'), set('c', true), set('d')]);
  t.same(
    await Promise.all(await first),
    ['v', 'v', undefined, 'v'],
    'all are on disk when the first is answered',
  );
  t.match(await others, [{ value: 'b' }, { reason: { message: 'c fails' } }, { value: 'd' }]);
  t.same(told, ['c undone', 'a committed', 'b committed', 'd committed']);
});

t.test('a commit that fails fails for everybody in it, and the next ones go on', async (t) => {
  const store = await openStore(t, join(newFolder(t), 'fernblick.db'));
  const good = (key: string) => store.transaction((tx) => tx.setValue(key, 'v'), { shares: true });
  const dangling = store.transaction(
    async (tx) => {
      // A reference that is only checked at the commit.
      await sql`pragma defer_foreign_keys = on`.execute(kyselyOf(tx));
      await sql`insert into sign_in values ('x', 999, 1, 2, 3)`.execute(kyselyOf(tx));
    },
    { shares: true },
  );
  const results = await Promise.allSettled([good('a'), dangling, good('b')]);
  t.same(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  );
  await good('c');
  t.same(await Promise.all(['a', 'b', 'c'].map((key) => store.value(key))), [undefined, undefined, 'v']);
});

t.test('the database itself refuses to change the log and the consents', async (t) => {
  const store = await openStore(t, join(newFolder(t), 'fernblick.db'));
  const { id: sessionId } = await addSession(store, (await addAccount(store)).id);
  await store.transaction(async (tx) => {
    await tx.appendEvents(sessionId, [sampleEvent()]);
    await tx.insertConsent(sampleConsent(sessionId));
  });
  for (const statement of [
    `update session_event set data = '{}'`,
    'delete from session_event',
    'update consent set accepted = 0',
    'delete from consent',
  ]) {
    const change = store.transaction((tx) => sql.raw(statement).execute(kyselyOf(tx)));
    await t.rejects(change, { message: /append-only/ }, statement);
  }
  t.equal((await store.events(sessionId)).length, 1);
  t.strictSame(await store.consents(sessionId), [sampleConsent(sessionId)]);
});

t.test('the reading connection cannot write', async (t) => {
  const store = await openStore(t, join(newFolder(t), 'fernblick.db'));
  await t.rejects(store.reader.insertInto('value').values({ key: 'k', value: 'v' }).execute());
});

t.test('looking for open sessions does not read the ended ones', async (t) => {
  const store = await openStore(t, join(newFolder(t), 'fernblick.db'));
  const plan = await sql<{ detail: string }>`explain query plan
    select * from session where ended_at is null or dismissed = 0 order by id`.execute(store.reader);
  t.match(plan.rows.map((row) => row.detail).join(), /session_open/);
});

t.test('a second relay on the same folder is refused, until the first one is gone', async (t) => {
  const path = join(newFolder(t), 'fernblick.db');
  const store = await openSqliteStore(path);
  await t.rejects(openSqliteStore(path), { code: 'databaseInUse' });
  await store.transaction((tx) => tx.setValue('k', 'v'));
  await store.close();
  await store.close();
  const again = await openStore(t, path);
  t.equal(await again.value('k'), 'v');
});

t.test('a relay killed with -9 leaves no lock behind', async (t) => {
  const path = join(newFolder(t), 'fernblick.db');
  const other = spawn(process.execPath, [join(import.meta.dirname, 'store-kill.child.js'), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  await t.rejects(openSqliteStore(path), { code: 'databaseInUse' }, 'while the other process lives');
  other.kill('SIGKILL');
  await once(other, 'exit');
  await openStore(t, path);
});

t.test('a folder that cannot be written is said to be so', async (t) => {
  const folder = newFolder(t);
  writeFileSync(join(folder, 'file'), '');
  await t.rejects(openSqliteStore(join(folder, 'file', 'fernblick.db')), { code: 'dataDirNotWritable' });

  const locked = join(folder, 'locked');
  mkdirSync(locked);
  chmodSync(folder, 0o755);
  chmodSync(locked, 0o555);
  // Root may write everywhere, so become nobody for the moment.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    process.seteuid?.(65534);
  }
  try {
    await t.rejects(openSqliteStore(join(locked, 'fernblick.db')), { code: 'dataDirNotWritable' });
    await t.rejects(openSqliteStore(join(locked, 'below', 'fernblick.db')), { code: 'dataDirNotWritable' });
  } finally {
    if (isRoot) {
      process.seteuid?.(0);
    }
  }
  t.strictSame(readdirSync(locked), []);
});

/** A database of some size whose content is in the main file. */
async function makeDatabase(path: string): Promise<void> {
  const store = await openSqliteStore(path);
  const { id: technicianId } = await addAccount(store);
  await store.transaction(async (tx) => {
    for (let i = 0; i < 40; i++) {
      await tx.setValue(`k${i}`, 'x'.repeat(1000));
    }
  });
  await addSession(store, technicianId);
  await store.close();
}

function overwrite(path: string, from: number, text: string): void {
  const bytes = readFileSync(path);
  bytes.write(text.repeat(Math.ceil((bytes.length - from) / text.length)), from);
  writeFileSync(path, bytes);
}

t.test('a damaged database is refused and stays as it is', async (t) => {
  const damages: Record<string, (path: string) => void> = {
    'garbage from the first byte': (path) => overwrite(path, 0, 'garbage!'),
    'garbage in the middle': (path) => overwrite(path, 8192, 'garbage!'),
    'cut off': (path) => truncateSync(path, statSync(path).size - 3 * 4096),
    'a text file': (path) => writeFileSync(path, 'This was a database once, long ago.'),
  };
  for (const [name, damage] of Object.entries(damages)) {
    const path = join(newFolder(t), 'fernblick.db');
    await makeDatabase(path);
    damage(path);
    const before = readFileSync(path);
    const error = await openSqliteStore(path).catch((error: unknown) => error);
    t.ok(error instanceof StartError, name);
    t.match(error, { code: 'databaseCorrupt' }, name);
    t.ok(readFileSync(path).equals(before), `${name}: not a byte has changed`);
    await t.rejects(openSqliteStore(path), { code: 'databaseCorrupt' }, `${name}: the lock was given back`);
  }
});

t.test('a damaged database keeps its log too, also when the process ends', async (t) => {
  const folder = newFolder(t);
  const path = join(folder, 'fernblick.db');
  await makeDatabase(path);
  // Killed, so that what it wrote is in the log only.
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'store-kill.child.js'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  writer.stdout.setEncoding('utf8');
  let lines = '';
  for await (const text of writer.stdout) {
    lines += text;
    if (lines.split('\n').length > 3) {
      writer.kill('SIGKILL');
    }
  }
  overwrite(path, 4096, 'garbage!');
  const bytes = () => [path, `${path}-wal`].map((file) => readFileSync(file).toString('base64'));
  const before = bytes();
  t.ok(statSync(`${path}-wal`).size > 0);
  const refused = spawn(process.execPath, [join(import.meta.dirname, 'store-kill.child.js'), path], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  refused.stderr.setEncoding('utf8');
  let said = '';
  for await (const text of refused.stderr) {
    said += text;
  }
  t.match(said, /databaseCorrupt/);
  t.ok(bytes().join() === before.join(), 'not a byte has changed');
});

t.test('a log that has lost its database is kept', async (t) => {
  const folder = newFolder(t);
  const path = join(folder, 'fernblick.db');
  const store = await openSqliteStore(path);
  await store.transaction((tx) => tx.setValue('k', 'v'));
  const copy = join(folder, 'copy', 'fernblick.db');
  mkdirSync(join(folder, 'copy'));
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  await store.close();
  const size = statSync(`${copy}-wal`).size;
  t.ok(size > 0);
  for (const prepare of [() => undefined, () => writeFileSync(copy, '')]) {
    prepare();
    await t.rejects(openSqliteStore(copy), { code: 'databaseCorrupt' });
    t.equal(statSync(`${copy}-wal`).size, size);
  }
});

t.test('changes that are only in the log are there after a crash', async (t) => {
  const folder = newFolder(t);
  const path = join(folder, 'fernblick.db');
  const store = await openStore(t, path);
  await store.transaction((tx) => tx.setValue('k', 'v'));
  const copy = join(folder, 'copy', 'fernblick.db');
  mkdirSync(join(folder, 'copy'));
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  t.ok(statSync(`${copy}-wal`).size > 0);
  t.equal(await (await openStore(t, copy)).value('k'), 'v');
});

t.test('a database of a newer version is refused and stays as it is', async (t) => {
  const path = join(newFolder(t), 'fernblick.db');
  const store = await openSqliteStore(path);
  await store.transaction((tx) =>
    sql`insert into migration (name, timestamp) values ('9999-from-the-future', '2030')`.execute(
      kyselyOf(tx),
    ),
  );
  await store.close();
  const before = readFileSync(path);
  await t.rejects(openSqliteStore(path), { code: 'databaseNewer', message: /9999-from-the-future/ });
  await t.rejects(openSqliteStore(path), { code: 'databaseNewer' }, 'the lock was given back');
  t.ok(readFileSync(path).equals(before));
});

t.test('the database is for its owner only', async (t) => {
  const folder = newFolder(t);
  await openStore(t, join(folder, 'fernblick.db'));
  for (const file of readdirSync(folder).filter((name) => name.startsWith('fernblick'))) {
    t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  }
});

t.test('a folder may have any name', async (t) => {
  const path = join(newFolder(t), 'Müller & Co? 100%20 #1', 'fernblick.db');
  const store = await openSqliteStore(path);
  await store.transaction((tx) => tx.setValue('k', 'v'));
  await store.close();
  t.equal(await (await openStore(t, path)).value('k'), 'v');
  t.strictSame(readdirSync(join(path, '..', '..')), ['Müller & Co? 100%20 #1']);
});

t.test('an empty file is a new database', async (t) => {
  const path = join(newFolder(t), 'fernblick.db');
  writeFileSync(path, '');
  const store = await openStore(t, path);
  t.strictSame(await store.accounts(), []);
  t.ok(existsSync(path));
});
