/**
 * Real: sessions, the ledger and the terms in the SQLite store on disk. Faked: pages (they write down what they are told), the
 * media plane (does nothing), the clock.
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { answerConsent, askConsent } from '../../relay/consent-ledger.ts';
import { CONSENT_QUESTIONS } from '../../relay/consents.ts';
import { CONSENT_KINDS } from '../../relay/protocol.ts';
import { technicianActor } from '../../relay/session-context.ts';
import { openSqliteStore } from '../../relay/store-sqlite.ts';
import { builtInTexts, openTerms, termsOf } from '../../relay/terms.ts';
import { createSession, createWaiting, openScene, type Scene } from '../support/sessions-scene.ts';

function test(name: string, work: (t: Test, scene: Scene) => Promise<void>): void {
  t.test(name, async (t) => {
    const scene = await openScene(t.testdir());
    try {
      await work(t, scene);
    } finally {
      await scene.close();
    }
  });
}

const answer = (granted: boolean, kind: (typeof CONSENT_KINDS)[number] = 'photos') => ({
  kind,
  granted,
  language: 'de' as const,
  hash: CONSENT_QUESTIONS[kind].de.hash,
});

test('nothing is allowed before the customer has said so, and nothing after they took it back', async (t, scene) => {
  const { anna, clock, store } = scene;
  const { session, customer } = await createWaiting(scene, anna);
  const { consents } = session;
  const now = () => clock.now;
  t.equal(consents.refusal('photos'), 'consentMissing', 'not asked');
  t.equal(await askConsent(technicianActor(anna), session, 'photos'), undefined);
  t.equal(consents.refusal('photos'), 'consentMissing', 'asked');
  t.same(customer.of('customer').at(-1)?.customer.consents, { photos: 'asked' });
  t.equal(await answerConsent(session, answer(false), now), undefined);
  t.equal(consents.refusal('photos'), 'consentMissing', 'refused');
  t.equal(await askConsent(technicianActor(anna), session, 'photos'), undefined, 'it may be asked again');
  t.equal(await answerConsent(session, answer(true), now), undefined);
  t.equal(consents.refusal('photos'), undefined, 'granted');
  t.equal(consents.refusal('recording'), 'consentMissing', 'one consent is not another');
  t.equal(await answerConsent(session, answer(false), now), undefined);
  t.equal(consents.refusal('photos'), 'consentMissing', 'taken back');
  t.same(session.technicianView().customer?.consents, { photos: 'withdrawn' });
  const ledger = await store.consents(session.record.id);
  t.same(
    ledger.map(({ kind, answer }) => [kind, answer]),
    [
      ['terms', 'granted'],
      ['photos', 'refused'],
      ['photos', 'granted'],
      ['photos', 'withdrawn'],
    ],
  );
  for (const entry of ledger) {
    t.equal(entry.tokenHash, `hash-${session.record.id}`, 'the same browser');
  }
  t.equal(ledger.at(-1)?.textHash, CONSENT_QUESTIONS.photos.de.hash, 'what was shown');
  const types = (await store.events(session.record.id)).map(({ type }) => type);
  t.same(
    types.filter((type) => type.startsWith('consent')),
    [...['consentAsked', 'consentRefused', 'consentAsked', 'consentGranted', 'consentWithdrawn']],
  );
});

test('a page cannot agree to what nobody asked, nor to another text', async (t, scene) => {
  const { anna, clock, store } = scene;
  const { session } = await createWaiting(scene, anna);
  const now = () => clock.now;
  t.equal(await answerConsent(session, answer(true), now), 'wrongState');
  await askConsent(technicianActor(anna), session, 'photos');
  t.equal(await answerConsent(session, { ...answer(true), hash: 'ab'.repeat(32) }, now), 'termsChanged');
  t.equal(await answerConsent(session, { ...answer(true), language: 'en' }, now), 'termsChanged');
  t.equal(session.consents.refusal('photos'), 'consentMissing');
  t.equal((await store.consents(session.record.id)).length, 1, 'the terms alone');
});

test('an answer that does not reach the disk does not count', async (t, scene) => {
  const { anna, clock } = scene;
  const { session } = await createWaiting(scene, anna);
  await askConsent(technicianActor(anna), session, 'recording');
  scene.failNext();
  await t.rejects(answerConsent(session, answer(true, 'recording'), () => clock.now));
  t.equal(session.consents.refusal('recording'), 'consentMissing');
});

test('before the customer is there, and after the end, nobody can be asked', async (t, scene) => {
  const { anna, sessions } = scene;
  const { session } = await createSession(scene, anna);
  t.equal(await askConsent(technicianActor(anna), session, 'recording'), 'wrongState');
  await sessions.end(anna, session);
  t.equal(await askConsent(technicianActor(anna), session, 'recording'), 'wrongState');
});

test('what was granted and taken back is known again after a restart', async (t, scene) => {
  const { anna, clock } = scene;
  const { session } = await createWaiting(scene, anna);
  for (const kind of ['photos', 'recording'] as const) {
    await askConsent(technicianActor(anna), session, kind);
    await answerConsent(session, answer(true, kind), () => clock.now);
  }
  await answerConsent(session, answer(false, 'recording'), () => clock.now);
  const sessions = await scene.restart();
  const again = sessions.owned(anna, session.record.id);
  t.same(again?.consents.shown, { photos: 'granted', recording: 'withdrawn' });
});

t.test('every question is there in both languages, each with a hash of its own', async (t) => {
  const hashes = CONSENT_KINDS.flatMap((kind) =>
    Object.values(CONSENT_QUESTIONS[kind]).map(({ hash }) => hash),
  );
  t.equal(new Set(hashes).size, 2 * CONSENT_KINDS.length);
});

t.test(
  'terms: a published version is current at once and after a restart, and earlier ones stay',
  async (t) => {
    const path = join(t.testdir(), 'fernblick.db');
    const open = async () => {
      const store = await openSqliteStore(path);
      return { store, book: await openTerms({ store, brand: 'Stadtwerke', now: () => 1 }) };
    };
    const first = await open();
    t.same(first.book.current(), termsOf(builtInTexts('Stadtwerke'), 1), 'the relay’s own to begin with');
    const account = await first.store.transaction((tx) =>
      tx.insertAccount({
        ...{ name: 'Ada', nickname: '', email: 'ada@example.org', role: 'administrator' as const },
        ...{ enabled: true, passwordHash: '', createdAt: 1 },
      }),
    );
    if (!account) {
      throw new Error('no account');
    }
    const texts = { de: 'Neu', en: 'New' };
    await first.book.publish(account, texts);
    t.same(first.book.current(), termsOf(texts, 2));
    await first.store.close();
    const second = await open();
    t.teardown(() => second.store.close());
    t.same(second.book.current(), termsOf(texts, 2));
    t.same(
      (await second.book.versions()).map(({ version, publishedBy, texts }) => [
        version,
        publishedBy,
        texts.en.text,
      ]),
      [
        [2, 'Ada', 'New'],
        [1, '', builtInTexts('Stadtwerke').en],
      ],
    );
  },
);

t.test(
  'terms: another brand makes another version of the relay’s own, but not of an administrator’s',
  async (t) => {
    const store = await openSqliteStore(join(t.testdir(), 'fernblick.db'));
    t.teardown(() => store.close());
    const open = (brand: string) => openTerms({ store, brand, now: () => 1 });
    await open('Old');
    t.equal((await open('Old')).current().de.version, 1, 'no change, no version');
    t.same((await open('New')).current(), termsOf(builtInTexts('New'), 2));
  },
);
