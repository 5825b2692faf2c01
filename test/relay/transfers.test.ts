/** Real: sessions and transfers on the SQLite store on disk. Faked: pages (they write down what they are told), the media plane, the clock. */
import t, { type Test } from 'tap';
import { createWaiting, granted, openScene, Page, type Scene } from '../support/sessions-scene.ts';

type Two = Scene & { consoleA: Page; consoleB: Page };

function test(name: string, work: (t: Test, scene: Two) => Promise<void>): void {
  t.test(name, async (t) => {
    const scene = await openScene(t.testdir());
    const [consoleA, consoleB] = [new Page(), new Page()];
    await scene.sessions.consoleJoined(scene.anna, consoleA, []);
    await scene.sessions.consoleJoined(scene.bert, consoleB, []);
    try {
      await work(t, { ...scene, consoleA, consoleB });
    } finally {
      await scene.close();
    }
  });
}

const last = (page: Page) => page.of('session').at(-1)?.session;

test('offered, the receiver reads it and takes it; then it is in their list alone', async (t, scene) => {
  const { sessions, anna, bert, consoleA, consoleB, store } = scene;
  const { session } = await createWaiting(scene, anna);
  const { id } = session.record;
  await sessions.start(anna, session);
  t.match(await sessions.transfers.offer(anna, session, { technicianId: bert.id }, 'please'), {
    ...{ status: 'outgoing', transfer: { from: 'Anna', to: 'Bert', comment: 'please' } },
  });
  t.match(last(consoleB), { id, status: 'incoming', transfer: { comment: 'please' } });
  t.equal(sessions.owned(bert, id), undefined, 'not theirs to end yet');
  t.equal(sessions.listed(bert, id), session);
  t.match(await sessions.start(bert, session), { status: 'active' });
  t.equal(session.record.technicianId, bert.id);
  t.equal(sessions.listed(anna, id), undefined);
  t.equal(consoleA.of('sessionRemoved').at(-1)?.sessionId, id);
  const types = (await store.events(id)).map(({ type }) => type);
  t.ok(types.includes('transferOffered') && types.includes('transferTaken'));
});

test('the sender keeps it by Start, the receiver refuses it; each time it is as before', async (t, scene) => {
  const { sessions, anna, bert, consoleA, consoleB } = scene;
  const { session } = await createWaiting(scene, anna);
  const { id } = session.record;
  await sessions.transfers.offer(anna, session, { technicianId: bert.id }, '');
  t.match(await sessions.start(anna, session), { status: 'waiting' });
  t.equal(consoleB.of('sessionRemoved').at(-1)?.sessionId, id);
  await sessions.transfers.offer(anna, session, { technicianId: bert.id }, '');
  t.equal(await sessions.transfers.refuse(anna, session), 'wrongState', 'not the sender');
  t.equal(await sessions.transfers.refuse(bert, session), undefined);
  t.match(last(consoleA), { status: 'waiting' });
  t.equal(session.record.transfer, null);
});

test('whoever is away, busy, gone or oneself cannot receive, and two offers at once are one', async (t, scene) => {
  const { sessions, anna, bert } = scene;
  const { session } = await createWaiting(scene, anna);
  const offer = (to: { technicianId: number } | { groupId: string }) =>
    sessions.transfers.offer(anna, session, to, '');
  t.equal(await offer({ technicianId: anna.id }), 'receiverUnavailable');
  t.equal(await offer({ technicianId: 99 }), 'receiverUnavailable');
  t.equal(await offer({ groupId: 'nobody' }), 'receiverUnavailable');
  t.equal(sessions.transfers.setAway(bert.id, true), 'away');
  t.equal(await offer({ technicianId: bert.id }), 'receiverUnavailable');
  t.equal(await offer({ groupId: 'support' }), 'receiverUnavailable');
  sessions.transfers.setAway(bert.id, false);
  const busy = await createWaiting(scene, bert);
  await sessions.start(bert, busy.session);
  t.same((await sessions.transfers.receivers(anna)).technicians, [
    { id: bert.id, name: 'Bert', status: 'busy' },
  ]);
  t.equal(await offer({ technicianId: bert.id }), 'receiverUnavailable');
  await sessions.hold(bert, busy.session);
  const both = await Promise.all([offer({ technicianId: bert.id }), offer({ groupId: 'support' })]);
  t.equal(both.filter((answer) => answer === 'wrongState').length, 1, 'the second one finds it offered');
});

test('busy meanwhile, the receiver is told so and the offer stands; gone, it goes back', async (t, scene) => {
  const { sessions, anna, bert, consoleA, consoleB, store } = scene;
  const { session } = await createWaiting(scene, anna);
  const other = await createWaiting(scene, bert);
  await sessions.transfers.offer(anna, session, { technicianId: bert.id }, '');
  await sessions.start(bert, other.session);
  t.equal(await sessions.start(bert, session), 'tooManyActiveSessions');
  t.match(last(consoleA), { status: 'outgoing' });
  await sessions.consoleLeft(bert, consoleB, 'left');
  await sessions.tick();
  t.match(last(consoleA), { status: 'waiting' });
  const ended = (await store.events(session.record.id)).filter(({ type }) => type === 'transferEnded');
  t.match(ended.at(-1)?.data, { how: 'gone', to: 'Bert' });
});

test('offered to a group, the first who starts has it', async (t, scene) => {
  const { sessions, anna, bert, consoleB } = scene;
  const { session } = await createWaiting(scene, anna);
  granted(await sessions.transfers.offer(anna, session, { groupId: 'support' }, ''));
  t.match(last(consoleB), { status: 'incoming' });
  t.equal(await sessions.transfers.refuse(bert, session), 'wrongState', 'others may still take it');
  const started = await Promise.all([sessions.start(bert, session), sessions.start(bert, session)]);
  t.match(started[0], { status: 'active' });
  t.equal(session.record.technicianId, bert.id);
});

test('after a restart nobody is there to take it: it is its technician’s again', async (t, scene) => {
  const { sessions, anna, bert } = scene;
  const { session } = await createWaiting(scene, anna);
  await sessions.transfers.offer(anna, session, { technicianId: bert.id }, '');
  const again = await scene.restart();
  const back = again.owned(anna, session.record.id);
  t.equal(back?.record.transfer, null);
  t.not(back?.record.machine.state, 'transferring');
});
