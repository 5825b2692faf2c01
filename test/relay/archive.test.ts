/** Real: the archive on the SQLite store. Faked: the sessions in it, written as records. */
import { join } from 'node:path';
import t from 'tap';
import { Archive } from '../../relay/archive.ts';
import { isFailure } from '../../relay/outcome.ts';
import { ARCHIVE_PAGE_SESSIONS, type SessionId } from '../../relay/protocol.ts';
import type { SessionRecord, Store } from '../../relay/store.ts';
import { openSqliteStore } from '../../relay/store-sqlite.ts';
import { sampleSession } from './contract/samples.ts';

type Scene = { store: Store; archive: Archive; anna: number; bert: number };

async function open(folder: string): Promise<Scene> {
  const store = await openSqliteStore(join(folder, 'fernblick.db'));
  const account = async (name: string) => {
    const record = await store.transaction((tx) =>
      tx.insertAccount({
        ...{ name, nickname: name, email: `${name}@example.org`, role: 'technician', enabled: true },
        ...{ passwordHash: '', createdAt: 0 },
      }),
    );
    return record?.id ?? 0;
  };
  return { store, archive: new Archive(store), anna: await account('Anna'), bert: await account('Bert') };
}

function add(
  { store }: Scene,
  technicianId: number,
  name: string,
  more: Partial<SessionRecord> = {},
): Promise<SessionRecord> {
  const sample = sampleSession(technicianId, { endedAt: 2_000, ...more });
  return store.transaction((tx) =>
    tx.insertSession({ ...sample, fields: { ...sample.fields, name, ...more.fields } }),
  );
}

const technician = (id: number) => ({ id, role: 'technician' }) as const;
const administrator = (id: number) => ({ id, role: 'administrator' }) as const;

t.test('past sessions are one’s own, the newest first; everybody’s for administrators', async (t) => {
  const scene = await open(t.testdir());
  t.teardown(() => scene.store.close());
  const { archive, anna, bert } = scene;
  const first = await add(scene, anna, 'Ada');
  const second = await add(scene, anna, 'Berta');
  const other = await add(scene, bert, 'Carl');
  await add(scene, anna, 'goes on', { endedAt: null });
  const ids = async (account: Parameters<Archive['search']>[0]) =>
    (await archive.search(account, { search: '' })).sessions.map(({ id }) => id);
  t.same(await ids(technician(anna)), [second.id, first.id]);
  t.same(await ids(technician(bert)), [other.id]);
  t.same(await ids(administrator(bert)), [other.id, second.id, first.id]);
});

t.test('a search wants all words, in whatever field, case and accent', async (t) => {
  const scene = await open(t.testdir());
  t.teardown(() => scene.store.close());
  const { archive, anna } = scene;
  const fields = { phone: '+49 170 1', email: 'k@example.org', ticketId: 'T-77', custom: { city: 'Köln' } };
  const wanted = await add(scene, anna, '', {
    fields: { name: 'Frau Müller', ...fields },
    notes: 'Pumpe getauscht',
  });
  await add(scene, anna, 'Frau Meier');
  for (const search of [
    'müller',
    'MULLER frau',
    't-77',
    'koln',
    'pumpe  müller',
    String(wanted.id),
    'anna t-77',
  ]) {
    const { sessions, before } = await archive.search(technician(anna), { search });
    t.same([sessions.map(({ id }) => id), before], [[wanted.id], undefined], search);
  }
  for (const search of ['müller meier', '%', '_', "' or 1=1 --"]) {
    t.same((await archive.search(technician(anna), { search })).sessions, [], search);
  }
});

t.test('page after page brings every session once', async (t) => {
  const scene = await open(t.testdir());
  t.teardown(() => scene.store.close());
  const { archive, anna } = scene;
  const count = 2 * ARCHIVE_PAGE_SESSIONS + 7;
  for (let i = 0; i < count; i++) {
    await add(scene, anna, `customer ${i}`);
  }
  const seen: SessionId[] = [];
  let before: SessionId | undefined;
  do {
    const page = await archive.search(technician(anna), { search: 'customer', before });
    seen.push(...page.sessions.map(({ id }) => id));
    before = page.before;
  } while (before !== undefined);
  t.equal(seen.length, count);
  t.same(
    seen,
    [...new Set(seen)].sort((one, other) => other - one),
  );
});

t.test('the record of a session is for its technician and administrators', async (t) => {
  const scene = await open(t.testdir());
  t.teardown(() => scene.store.close());
  const { archive, store, anna, bert } = scene;
  const rating = { stars: 4, comment: 'Thanks' };
  const { id } = await add(scene, anna, 'Ada', { outcome: 'resolved', notes: 'Filter', rating });
  await store.transaction(async (tx) => {
    await tx.appendEvents(id, [
      { at: 1_000, actor: 'technician', actorName: 'Anna', type: 'sessionCreated', data: {} },
    ]);
    await tx.insertChat(id, { at: 1_500, from: 'customer', name: '', text: 'It blinks.', clientId: 'c1' });
  });
  t.same(await archive.record(technician(bert), id), { failed: 'noSuchSession' });
  t.same(await archive.record(administrator(bert), id + 1), { failed: 'noSuchSession' });
  const record = await archive.record(technician(anna), id);
  if (isFailure(record)) {
    throw new Error('a technician reads the own session');
  }
  t.match(record, {
    id,
    technician: 'Anna',
    outcome: 'resolved',
    notes: 'Filter',
    stars: 4,
    comment: 'Thanks',
  });
  t.same([record.events.length, record.chat.length, record.consents.length], [1, 1, 0]);
  t.notOk('sessionId' in record.events || 'resumeHash' in record, 'no secrets');
});
