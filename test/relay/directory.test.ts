/** Real: the SQLite store and the server key. Faked: randomness, so that a PIN which was given back can be recognised. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import t, { type Test } from 'tap';
import { openSqliteDirectory } from '../../relay/directory-sqlite.ts';
import { PinSpace } from '../../relay/pin-space.ts';
import { createSecrets, type Secrets } from '../../relay/secrets.ts';
import { type Directory, PIN_QUARANTINE_MS } from '../../relay/store.ts';
import { kyselyOf } from '../../relay/store-records.ts';
import { openSqliteStore, type SqliteStore } from '../../relay/store-sqlite.ts';
import { type DirectoryUnderTest, directoryContract } from './contract/directory.ts';
import { addAccount, addSession, NOW, newFolder } from './contract/samples.ts';

const SECRETS = createSecrets(Buffer.alloc(32, 1));

/** What comes free comes last in the space, so the next draw takes it. */
function lastFirst(): PinSpace {
  return new PinSpace((bound) => bound - 1);
}

type Opened = { store: SqliteStore; directory: Directory; technicianId: number; path: string };

async function openAt(t: Test, path: string, now: number, secrets: Secrets = SECRETS): Promise<Opened> {
  const store = await openSqliteStore(path);
  t.teardown(() => store.close());
  const directory = await openSqliteDirectory(store, secrets, now, lastFirst());
  const technician = (await store.accounts())[0] ?? (await addAccount(store));
  return { store, directory, technicianId: technician.id, path };
}

function openFresh(t: Test): Promise<Opened> {
  return openAt(t, join(newFolder(t), 'fernblick.db'), NOW);
}

async function underTest(t: Test, path: string, now: number): Promise<DirectoryUnderTest> {
  const opened = await openAt(t, path, now);
  return {
    ...opened,
    drawsLastFirst: true,
    async reopen(now) {
      await opened.store.close();
      return underTest(t, path, now);
    },
  };
}

t.test('the embedded directory keeps the contract', async (t) => {
  directoryContract(t, (t) => underTest(t, join(newFolder(t), 'fernblick.db'), NOW));
});

async function invite({ store, directory, technicianId }: Opened, wanted = { pin: true, link: true }) {
  const { id: sessionId } = await addSession(store, technicianId);
  const expiresAt = NOW + 60_000;
  return store.transaction((tx) => directory.open(tx, { sessionId, ...wanted, expiresAt, now: NOW }));
}

t.test('the file lists neither PINs nor tokens', async (t) => {
  const opened = await openFresh(t);
  const invitation = await invite(opened);
  const row = await opened.store.reader.selectFrom('invitation').selectAll().executeTakeFirstOrThrow();
  t.match(row, { pin_mac: /^[0-9a-f]{64}$/, token_hash: /^[0-9a-f]{64}$/ });
  t.notOk(Object.values(row).includes(invitation?.pin ?? null));
  const bytes = Buffer.concat([readFileSync(opened.path), readFileSync(`${opened.path}-wal`)]);
  t.ok(bytes.includes(row.pin_mac ?? '?'), 'these are the bytes to look at');
  t.notOk(bytes.includes(invitation?.token ?? '?'));
});

t.test('the database itself refuses a second live PIN', async (t) => {
  const opened = await openFresh(t);
  await invite(opened);
  await invite(opened, { pin: false, link: true });
  const copy = opened.store.transaction((tx) =>
    sql`update invitation set pin_mac = (select pin_mac from invitation where pin_mac is not null)`.execute(
      kyselyOf(tx),
    ),
  );
  await t.rejects(copy, { code: 'SQLITE_CONSTRAINT_UNIQUE' });
});

t.test('a PIN that the table has live although the space had it free is left out', async (t) => {
  const opened = await openFresh(t);
  const first = await invite(opened);
  const space = lastFirst();
  const directory = await openSqliteDirectory(opened.store, SECRETS, NOW, space);
  // As when another process had written the PIN meanwhile.
  t.ok(space.release(first?.pin ?? ''));
  const second = await invite({ ...opened, directory });
  t.match(second, { pin: /^\d{6}$/ });
  t.not(second?.pin, first?.pin);
});

t.test('when many PINs are live, or somebody guesses, new ones have eight digits', async (t) => {
  const { store, technicianId } = await openFresh(t);
  const space = lastFirst();
  const directory = await openSqliteDirectory(store, SECRETS, NOW, space);
  const open = async (wanted: { longPin?: boolean } = {}) => {
    const { id: sessionId } = await addSession(store, technicianId);
    const times = { expiresAt: NOW + 60_000, now: NOW };
    return store.transaction((tx) =>
      directory.open(tx, { sessionId, pin: true, link: false, ...times, ...wanted }),
    );
  };
  for (let live = 0; live < 1_999; live++) {
    space.draw();
  }
  t.match(await open({ longPin: true }), { pin: /^\d{8}$/ }, 'somebody guesses');
  const short = await open();
  t.match(short, { pin: /^\d{6}$/ }, 'the two thousandth');
  const long = await open();
  t.match(long, { pin: /^\d{8}$/ }, 'one more');
  t.strictSame(await directory.findPin(long?.pin ?? '', NOW), long);
  await store.transaction((tx) => directory.finish(tx, short?.sessionId ?? 0, 'used', NOW));
  t.match(await open(), { pin: /^\d{6}$/ }, 'one that rests does not count');
});

t.test('a full space of six digits gives eight as well, and links still work', async (t) => {
  const { store, technicianId } = await openFresh(t);
  const space = lastFirst();
  while (space.free > 0) {
    space.rest(space.draw() ?? '', NOW + PIN_QUARANTINE_MS);
  }
  const directory = await openSqliteDirectory(store, SECRETS, NOW, space);
  const open = async (pin: boolean, now: number) => {
    const { id: sessionId } = await addSession(store, technicianId);
    const expiresAt = now + 60_000;
    return store.transaction((tx) => directory.open(tx, { sessionId, pin, link: !pin, expiresAt, now }));
  };
  t.match(await open(true, NOW), { pin: /^\d{8}$/ });
  t.match(await open(false, NOW), { token: /./ });
  t.match(await open(true, NOW + PIN_QUARANTINE_MS), { pin: /^\d{6}$/ });
});

t.test('another server key is refused while it matters', async (t) => {
  const { store, directory, technicianId, path } = await openFresh(t);
  const { id: sessionId } = await addSession(store, technicianId);
  const wanted = { sessionId, pin: true, link: true, expiresAt: NOW + 60_000, now: NOW };
  const invitation = await store.transaction((tx) => directory.open(tx, wanted));
  const other = createSecrets(Buffer.alloc(32, 2));
  await t.rejects(openSqliteDirectory(store, other, NOW, lastFirst()), { code: 'serverKeyInvalid' });
  await store.transaction((tx) => directory.finish(tx, sessionId, 'used', NOW));
  await t.rejects(openSqliteDirectory(store, other, NOW, lastFirst()), { code: 'serverKeyInvalid' });
  await store.close();

  const later = await openAt(t, path, NOW + PIN_QUARANTINE_MS, other);
  t.match(await later.directory.findToken(invitation?.token ?? ''), { state: 'used' });
});
