/**
 * Real: sessions, queues, the SQLite store on disk. Faked: pages (they write down what they are told), the media plane
 * (does nothing), the clock.
 */
import t, { type Test } from 'tap';
import type { LiveSession } from '../../relay/live-session.ts';
import { CHANNEL, DEVICES, granted, openScene, Page, type Scene, TERMS } from '../support/sessions-scene.ts';

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

async function enter({ sessions }: Scene, resumeHash: string): Promise<{ session: LiveSession; page: Page }> {
  const page = new Page();
  const answer = { terms: TERMS, devices: DEVICES, browser: 'Test', resumeHash };
  return { session: await sessions.queues.enter(CHANNEL, page, answer), page };
}

const places = (page: Page) => page.of('customer').map(({ customer }) => customer.queuePosition);
const listed = (page: Page) => page.of('session').map(({ session }) => session.id);

test('everybody of the group sees who waits, in the order of coming; others do not', async (t, scene) => {
  const { sessions, anna, bert, settings } = scene;
  settings.groupOf = (id) => (id === anna.id ? 'support' : 'sales');
  const [consoleA, consoleB] = [new Page(), new Page()];
  await sessions.consoleJoined(anna, consoleA, []);
  await sessions.consoleJoined(bert, consoleB, []);
  const first = await enter(scene, 'a');
  const second = await enter(scene, 'b');
  t.same(
    sessions.views(anna).map(({ id, queued, status, channel }) => ({ id, queued, status, channel })),
    [first, second].map(({ session }) => ({
      ...{ id: session.record.id, queued: true, status: 'waiting', channel: 'help' },
    })),
  );
  t.same(sessions.views(bert), []);
  t.same(listed(consoleB), []);
  t.equal(places(first.page).at(-1), 1);
  t.equal(places(second.page).at(-1), 2);
  t.equal(sessions.owned(bert, first.session.record.id), undefined);
  t.equal(granted(await sessions.start(anna, first.session)).queued, false);
  t.equal(places(second.page).at(-1), 1, 'the next one is told');
  t.equal(places(first.page).at(-1), undefined);
});

test('of two that start the same customer one gets the session, and the other is told so', async (t, scene) => {
  const { sessions, anna, bert } = scene;
  const [consoleA, consoleB] = [new Page(), new Page()];
  await sessions.consoleJoined(anna, consoleA, []);
  await sessions.consoleJoined(bert, consoleB, []);
  const { session } = await enter(scene, 'a');
  const id = session.record.id;
  const [first, second] = await Promise.all([sessions.start(anna, session), sessions.start(bert, session)]);
  t.equal(granted(first).status, 'active');
  t.equal(second, 'sessionTaken');
  t.same(consoleB.of('sessionRemoved'), [{ type: 'sessionRemoved', sessionId: id }]);
  t.same(consoleA.of('sessionRemoved'), []);
  t.equal(sessions.owned(bert, id), undefined);
  t.equal(session.record.technicianId, anna.id);
});

test('who waits is still there after a restart of the relay, and comes back to the same place', async (t, scene) => {
  const first = await enter(scene, 'a');
  const second = await enter(scene, 'b');
  const again = await scene.restart();
  await again.consoleJoined(scene.anna, new Page(), []);
  t.same(
    again.views(scene.anna).map(({ id }) => id),
    [first.session.record.id, second.session.record.id],
  );
  const page = new Page();
  const back = granted(await again.customers.resume('b', 'c', page, []));
  await again.tick();
  t.equal(back.customerView().phase, 'waiting');
  t.equal(places(page).at(-1), 2);
});

test('who leaves the queue leaves the lists, and stays in the records', async (t, scene) => {
  const { sessions, anna, store } = scene;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const { session, page } = await enter(scene, 'a');
  const id = session.record.id;
  t.equal(await sessions.customers.leave(session, page), undefined);
  t.same(sessions.views(anna), []);
  t.same(console.of('sessionRemoved'), [{ type: 'sessionRemoved', sessionId: id }]);
  const record = await store.session(id);
  t.equal(record?.machine.state, 'closedByWaitingCustomer');
  t.equal(record?.technicianId, null);
});

test('a technician may send a waiting customer away and has the session then', async (t, scene) => {
  const { sessions, anna, bert } = scene;
  const other = new Page();
  await sessions.consoleJoined(anna, new Page(), []);
  await sessions.consoleJoined(bert, other, []);
  const { session, page } = await enter(scene, 'a');
  t.equal(granted(await sessions.end(anna, session)).status, 'closedByTechnician');
  t.equal(page.of('customer').at(-1)?.customer.phase, 'ended');
  t.equal(other.of('sessionRemoved').length, 1);
  t.same(
    sessions.views(anna).map(({ status }) => status),
    ['closedByTechnician'],
  );
});

test('a refusal of the terms is recorded, and nobody has it in a list', async (t, scene) => {
  const { sessions, anna, store } = scene;
  await sessions.consoleJoined(anna, new Page(), []);
  await sessions.queues.decline(CHANNEL, TERMS);
  t.same(sessions.views(anna), []);
  t.same(await store.openSessions(), []);
  const [consent] = await store.consents(1001);
  t.match(consent, { kind: 'terms', answer: 'refused', textHash: TERMS.hash, tokenHash: '' });
  t.equal((await store.session(1001))?.machine.state, 'declined');
});

test('whoever moves to another group gets its queue', async (t, scene) => {
  const { sessions, anna, settings } = scene;
  let group = 'sales';
  settings.groupOf = () => group;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const { session } = await enter(scene, 'a');
  t.same(listed(console), []);
  group = 'support';
  sessions.queues.show();
  t.same(listed(console), [session.record.id]);
  group = 'sales';
  sessions.queues.show();
  t.same(console.of('sessionRemoved').at(-1), { type: 'sessionRemoved', sessionId: session.record.id });
});
