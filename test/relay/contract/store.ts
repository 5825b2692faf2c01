/** What every adapter of `Store` must do. The factory gives a fresh, empty store for each test. */
import type { Test } from 'tap';
import type { SessionRecord, Store, StoreTransaction } from '../../../relay/store.ts';
import {
  addAccount,
  addSession,
  NOW,
  sampleAccount,
  sampleConsent,
  sampleEvent,
  sampleSession,
  sampleSignIn,
} from './samples.ts';

export type StoreUnderTest = {
  store: Store;
  /** Closes and opens again, as a restart does. */
  reopen(): Promise<Store>;
};

export function storeContract(t: Test, open: (t: Test) => Promise<StoreUnderTest>): void {
  t.test('a session comes back as it went in', async (t) => {
    const { store } = await open(t);
    const { id: technicianId } = await addAccount(store);
    const full = sampleSession(technicianId, {
      machine: {
        state: 'reconnecting',
        since: NOW + 5,
        before: 'active',
        missing: { customer: true, technician: false },
      },
      channel: 'Heizung',
      startedAt: NOW + 1,
      endedAt: NOW + 2,
      dismissed: true,
      customer: { browser: 'Safari 18', language: 'de' },
      resumeHash: 'aa',
      previousResumeHash: 'bb',
    });
    for (const session of [sampleSession(technicianId), full]) {
      const inserted = await store.transaction((tx) => tx.insertSession(session));
      t.strictSame(inserted, { ...session, id: inserted.id });
      t.strictSame(await store.session(inserted.id), inserted);
    }
    t.equal(await store.session(999_999), undefined);
  });

  t.test('session numbers have four digits from the start and only grow', async (t) => {
    const { store, reopen } = await open(t);
    const { id: technicianId } = await addAccount(store);
    const first = await addSession(store, technicianId);
    const second = await addSession(store, technicianId);
    t.equal(first.id, 1001);
    t.ok(second.id > first.id);
    const again = await reopen();
    t.ok((await addSession(again, technicianId)).id > second.id);
  });

  t.test(
    'an updated session is what was written last; updating one that is not there is an error',
    async (t) => {
      const { store } = await open(t);
      const { id: technicianId } = await addAccount(store);
      const session = await addSession(store, technicianId);
      const other = await addSession(store, technicianId);
      const changed: SessionRecord = {
        ...session,
        machine: { ...session.machine, state: 'active', since: NOW + 9 },
        startedAt: NOW + 9,
        customer: { browser: 'Chromium', language: 'en' },
      };
      await store.transaction((tx) => tx.updateSession(changed));
      t.strictSame(await store.session(session.id), changed);
      t.strictSame(await store.session(other.id), other);
      await t.rejects(store.transaction((tx) => tx.updateSession({ ...changed, id: 999_999 })));
    },
  );

  t.test('open sessions are those that live or are still in a list', async (t) => {
    const { store } = await open(t);
    const { id: technicianId } = await addAccount(store);
    const insert = (changes: Partial<SessionRecord>) =>
      store.transaction((tx) => tx.insertSession(sampleSession(technicianId, changes)));
    const living = await insert({});
    const listed = await insert({ endedAt: NOW });
    await insert({ endedAt: NOW, dismissed: true });
    t.strictSame(await store.openSessions(), [living, listed]);
  });

  t.test('events and consents come back in order and belong to one session', async (t) => {
    const { store } = await open(t);
    const { id: technicianId } = await addAccount(store);
    const a = await addSession(store, technicianId);
    const b = await addSession(store, technicianId);
    const first = await store.transaction((tx) =>
      tx.appendEvents(a.id, [sampleEvent(), sampleEvent({ type: 'dismissed', data: {} })]),
    );
    await store.transaction((tx) => tx.appendEvents(b.id, [sampleEvent({ actor: 'customer' })]));
    const later = await store.transaction((tx) => tx.appendEvents(a.id, [sampleEvent({ at: NOW - 1 })]));
    const events = await store.events(a.id);
    t.strictSame(events, [...first, ...later]);
    t.strictSame(events[0], { ...sampleEvent(), id: events[0]?.id, sessionId: a.id });
    t.ok(events.every((event, i) => i === 0 || event.id > (events[i - 1]?.id ?? 0)));
    t.strictSame(await store.transaction((tx) => tx.appendEvents(a.id, [])), []);

    const consents = [
      sampleConsent(a.id, { answer: 'refused', language: 'en' }),
      sampleConsent(a.id),
      sampleConsent(a.id, { kind: 'photos' }),
      sampleConsent(a.id, { kind: 'photos', answer: 'withdrawn' }),
    ];
    for (const consent of consents) {
      await store.transaction((tx) => tx.insertConsent(consent));
    }
    t.strictSame(await store.consents(a.id), consents);
    t.strictSame(await store.consents(b.id), []);
  });

  t.test('every version of the terms stays, the oldest first', async (t) => {
    const { store } = await open(t);
    const { id: publishedBy } = await addAccount(store);
    const of = (version: number, language: 'de' | 'en', by: number | null) => {
      const text = `${language} ${version}`;
      return { version, language, text, hash: 'ef'.repeat(32), publishedAt: NOW + version, publishedBy: by };
    };
    const all = [of(1, 'de', null), of(1, 'en', null), of(2, 'de', publishedBy), of(2, 'en', publishedBy)];
    for (const terms of all) {
      await store.transaction((tx) => tx.insertTerms(terms));
    }
    t.strictSame(await store.terms(), all);
    await t.rejects(store.transaction((tx) => tx.insertTerms(of(2, 'en', null))));
    t.strictSame(await store.terms(), all, 'none was replaced');
  });

  t.test('two accounts never have the same address, whatever its case', async (t) => {
    const { store } = await open(t);
    const anna = await addAccount(store, { email: 'Anna@Example.org' });
    t.equal(
      await store.transaction((tx) => tx.insertAccount(sampleAccount({ email: ' anna@EXAMPLE.org' }))),
      undefined,
    );
    const bert = await addAccount(store, {
      email: 'bert@example.org',
      role: 'administrator',
      enabled: false,
    });
    t.strictSame(await store.accounts(), [anna, bert]);
    t.strictSame(await store.account(bert.id), bert);
    t.equal(await store.account(999), undefined);
    t.strictSame(await store.accountByEmail('ANNA@example.ORG '), anna);
    t.equal(await store.accountByEmail('nobody@example.org'), undefined);

    t.equal(await store.transaction((tx) => tx.updateAccount({ ...bert, email: 'ANNA@example.org' })), false);
    t.strictSame(await store.account(bert.id), bert);
    const renamed = { ...anna, email: 'ANNA@example.org', name: 'Anna Neu', enabled: false };
    t.equal(await store.transaction((tx) => tx.updateAccount(renamed)), true);
    t.strictSame(await store.account(anna.id), renamed);
    await t.rejects(store.transaction((tx) => tx.updateAccount({ ...anna, id: 999, email: 'x@y' })));
  });

  t.test('sign-ins are found by their hash and end one by one, by account, or by age', async (t) => {
    const { store } = await open(t);
    const anna = await addAccount(store, { email: 'anna@example.org' });
    const bert = await addAccount(store, { email: 'bert@example.org' });
    const rows = [
      sampleSignIn(anna.id, { tokenHash: 'a1' }),
      sampleSignIn(anna.id, { tokenHash: 'a2', expiresAt: NOW + 5 }),
      sampleSignIn(anna.id, { tokenHash: 'a3' }),
      sampleSignIn(bert.id, { tokenHash: 'b1' }),
      sampleSignIn(bert.id, { tokenHash: 'b2' }),
    ];
    const known = async () => {
      const found = await Promise.all(rows.map((row) => store.signIn(row.tokenHash)));
      return found.filter((row) => row !== undefined).map((row) => row.tokenHash);
    };
    await store.transaction(async (tx) => {
      for (const row of rows) {
        await tx.insertSignIn(row);
      }
    });
    t.strictSame(await store.signIn('a1'), rows[0]);
    await store.transaction((tx) => tx.touchSignIn('a1', NOW + 77));
    t.strictSame(await store.signIn('a1'), { ...rows[0], seenAt: NOW + 77 });
    await store.transaction((tx) => tx.deleteExpiredSignIns(NOW + 4));
    t.strictSame(await known(), ['a1', 'a2', 'a3', 'b1', 'b2']);
    await store.transaction((tx) => tx.deleteExpiredSignIns(NOW + 5));
    t.strictSame(await known(), ['a1', 'a3', 'b1', 'b2']);
    await store.transaction((tx) => tx.deleteSignIn('b1'));
    t.strictSame(await known(), ['a1', 'a3', 'b2']);
    await store.transaction((tx) => tx.deleteSignInsOf(anna.id, 'a3'));
    t.strictSame(await known(), ['a3', 'b2']);
    await store.transaction((tx) => tx.deleteSignInsOf(anna.id));
    t.strictSame(await known(), ['b2']);
  });

  t.test('values are kept until they are replaced or taken away', async (t) => {
    const { store } = await open(t);
    t.equal(await store.value('k'), undefined);
    await store.transaction((tx) => tx.setValue('k', 'one'));
    await store.transaction((tx) => tx.setValue('k', 'two'));
    t.equal(await store.value('k'), 'two');
    await store.transaction((tx) => tx.setValue('k', null));
    t.equal(await store.value('k'), undefined);
  });

  t.test('a transaction that throws leaves nothing behind and says why', async (t) => {
    const { store } = await open(t);
    const { id: technicianId } = await addAccount(store);
    const session = await addSession(store, technicianId);
    const failing = store.transaction(async (tx) => {
      await tx.insertSession(sampleSession(technicianId));
      await tx.updateSession({ ...session, dismissed: true });
      await tx.appendEvents(session.id, [sampleEvent()]);
      await tx.insertConsent(sampleConsent(session.id));
      await tx.insertAccount(sampleAccount({ email: 'late@example.org' }));
      await tx.setValue('k', 'v');
      throw new Error('changed my mind');
    });
    await t.rejects(failing, { message: 'changed my mind' });
    t.strictSame(await store.openSessions(), [session]);
    t.strictSame(await store.events(session.id), []);
    t.strictSame(await store.consents(session.id), []);
    t.equal((await store.accounts()).length, 1);
    t.equal(await store.value('k'), undefined);
  });

  t.test('what refers to nothing is refused, with all that came before it', async (t) => {
    const { store } = await open(t);
    const failing = store.transaction(async (tx) => {
      await tx.setValue('k', 'v');
      await tx.appendEvents(4711, [sampleEvent()]);
    });
    await t.rejects(failing);
    t.equal(await store.value('k'), undefined);
    await t.rejects(store.transaction((tx) => tx.insertSession(sampleSession(4711))));
    await t.rejects(store.transaction((tx) => tx.insertSignIn(sampleSignIn(4711))));
  });

  t.test(
    'transactions started together run one after the other, and a failed one is no obstacle',
    async (t) => {
      const { store } = await open(t);
      await store.transaction((tx) => tx.setValue('counter', '0'));
      const increments = Array.from({ length: 60 }, (_, i) =>
        store.transaction(async (tx) => {
          const counter = Number(await store.value('counter'));
          await new Promise((resolve) => setImmediate(resolve));
          await tx.setValue('counter', String(counter + 1));
          if (i % 3 === 0) {
            throw new Error('every third');
          }
        }),
      );
      const results = await Promise.allSettled(increments);
      t.equal(results.filter((result) => result.status === 'rejected').length, 20);
      t.equal(await store.value('counter'), '40');
    },
  );

  t.test('nobody sees a change before its transaction is done', async (t) => {
    const { store } = await open(t);
    await store.transaction(async (tx) => {
      await tx.setValue('k', 'v');
      t.equal(await store.value('k'), undefined);
    });
    t.equal(await store.value('k'), 'v');
  });

  t.test('a transaction that is over takes no more changes', async (t) => {
    const { store } = await open(t);
    const kept: StoreTransaction[] = [];
    await store.transaction(async (tx) => {
      kept.push(tx);
    });
    const failing = store.transaction(async (tx) => {
      kept.push(tx);
      throw new Error('changed my mind');
    });
    await t.rejects(failing, { message: 'changed my mind' });
    t.equal(kept.length, 2);
    for (const tx of kept) {
      await t.rejects(tx.setValue('k', 'late'));
    }
    t.equal(await store.value('k'), undefined);
  });

  t.test('closing waits for what was started, and then everything is there after a restart', async (t) => {
    const { store, reopen } = await open(t);
    const { id: technicianId } = await addAccount(store);
    const pending = Array.from({ length: 20 }, () =>
      store.transaction(async (tx) => {
        const session = await tx.insertSession(sampleSession(technicianId));
        await tx.appendEvents(session.id, [sampleEvent()]);
        return session;
      }),
    );
    const again = await reopen();
    await t.rejects(
      store.transaction((tx) => tx.setValue('k', 'v')),
      'the closed store takes nothing',
    );
    const sessions = await Promise.all(pending);
    t.strictSame(await again.openSessions(), sessions);
    for (const session of sessions) {
      t.equal((await again.events(session.id)).length, 1);
    }
  });

  t.test(
    'whoever still asks a store that closes gets an answer or an error, and the process lives',
    async (t) => {
      const { store, reopen } = await open(t);
      await addAccount(store);
      const asked: Promise<unknown>[] = [];
      const ask = (): void => {
        const asking = [store.accounts(), store.value('k'), store.transaction((tx) => tx.setValue('k', 'v'))];
        for (const each of asking) {
          // Looked at below; until then a refusal is not nobody's.
          each.catch(() => undefined);
        }
        asked.push(...asking);
      };
      ask();
      const reopened = reopen();
      for (let i = 0; i < 20; i++) {
        ask();
        await Promise.resolve();
      }
      const again = await reopened;
      ask();
      const results = await Promise.allSettled(asked);
      t.equal(results[2]?.status, 'fulfilled', 'a transaction that was started is finished');
      t.equal(results.at(-1)?.status, 'rejected');
      t.equal((await again.accounts()).length, 1);
    },
  );
}
