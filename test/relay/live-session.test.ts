/**
 * Real: sessions, their state machine, the SQLite store and the directory of PINs, on disk in a temporary folder.
 * Faked: pages (they write down what they are told), the media plane (does nothing), the clock, and on demand the disk
 * that is full.
 */
import t, { type Test } from 'tap';
import { technicianActor } from '../../relay/session-context.ts';
import {
  accept,
  createSession,
  createWaiting,
  DEVICES,
  FIELDS,
  granted,
  openScene,
  Page,
  type Scene,
  TERMS,
} from '../support/sessions-scene.ts';

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

test('nothing is shown before it is on disk', async (t, scene) => {
  const { sessions, anna } = scene;
  const seen: number[] = [];
  const console = new Page(() => seen.push(scene.committed()));
  await sessions.consoleJoined(anna, console, []);
  const before = scene.committed();
  const release = scene.holdNext();
  const creating = sessions.create(anna, FIELDS, 'pin');
  // Reads go on while the transaction is held, so this comes after the work of the transaction has had its turn.
  await scene.store.accounts();
  t.same(console.heard, []);
  t.same(sessions.views(anna), [], 'nor is it in the list');
  release();
  const view = granted(await creating);
  t.same(
    console.of('session').map(({ session }) => session.id),
    [view.id],
  );
  t.ok(
    seen.every((commits) => commits === before + 1),
    'told after the commit',
  );
});

test('the order on disk is the order that was shown', async (t, scene) => {
  const { sessions, anna, store } = scene;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const { session, customer } = await createWaiting(scene, anna);
  const opened = await sessions.openLog(console, session);
  t.same(opened, await store.events(session.record.id));
  console.heard.splice(0);
  // All at once, as from two pages that do not wait for each other.
  const names = Array.from({ length: 20 }, (_, index) => `name ${index}`);
  await Promise.all([
    ...names.map((name) => sessions.edit(anna, session, { ...FIELDS, name })),
    ...names.map((_, index) =>
      sessions.devices(session, 'customer', { microphone: index % 2 ? 'on' : 'muted', camera: 'on' }),
    ),
    sessions.start(anna, session),
    sessions.customers.leave(session, customer),
  ]);
  const later = console.of('log').map(({ event }) => event);
  t.equal(later.length, 42);
  t.same([...opened, ...later], await store.events(session.record.id));
  const shownNames = console.of('session').map(({ session }) => session.fields.name);
  const steps = shownNames.filter((name, index) => name !== shownNames[index - 1]);
  t.same(steps, names, 'the views came in that order too');
  t.equal(console.of('session').at(-1)?.session.status, 'closedByCustomer');
  t.equal((await store.session(session.record.id))?.machine.state, 'closedByCustomer');
});

test('of several customers with the same PIN exactly one gets in', async (t, scene) => {
  const { sessions, anna, store, directory, clock } = scene;
  const { session, view } = await createSession(scene, anna);
  const pages = Array.from({ length: 5 }, () => new Page());
  for (const page of pages) {
    await sessions.customers.claim(session, page, 'pin');
  }
  const answers = await Promise.all(
    pages.map((page, index) => accept(sessions, session, page, `hash-${index}`)),
  );
  const winners = pages.filter((_, index) => typeof answers[index] === 'object');
  t.equal(winners.length, 1);
  t.equal(session.customer, winners[0]);
  t.same(
    answers.filter((answer) => typeof answer === 'string'),
    Array(4).fill('linkUsed'),
  );
  for (const page of pages) {
    t.equal(
      page.of('customer').length,
      page === winners[0] ? 1 : 0,
      'the others are told nothing of the session',
    );
  }
  const consents = await store.consents(session.record.id);
  t.equal(consents.length, 1);
  t.match(consents[0], {
    kind: 'terms',
    answer: 'granted',
    textHash: TERMS.hash,
    version: 1,
    language: 'de',
    at: clock.now,
  });
  t.equal(await directory.findPin(view.invitation?.pin ?? '', clock.now), undefined, 'the PIN is used up');
  const accepted = (await store.events(session.record.id)).filter(({ type }) => type === 'termsAccepted');
  t.equal(accepted.length, 1);
});

test('between accepting, declining, ending and expiring exactly one wins', async (t, scene) => {
  const { sessions, anna, store, clock } = scene;
  const rivals = {
    decline: async () => {
      const { session, first, second } = await rivalry();
      const declining = sessions.customers.decline(session, second, TERMS);
      return { session, accepted: accept(sessions, session, first, 'h1'), other: declining };
    },
    end: async () => {
      const { session, first } = await rivalry();
      const ending = sessions.end(anna, session);
      return { session, accepted: accept(sessions, session, first, 'h2'), other: ending };
    },
    expire: async () => {
      const { session, first } = await rivalry();
      clock.now += 31 * 60_000;
      const ticking = sessions.tick();
      return { session, accepted: accept(sessions, session, first, 'h3'), other: ticking };
    },
  };
  async function rivalry() {
    const { session } = await createSession(scene, anna);
    const [first, second] = [new Page(), new Page()];
    await sessions.customers.claim(session, first, 'pin');
    await sessions.customers.claim(session, second, 'pin');
    return { session, first, second };
  }
  const ends = { decline: 'declined', end: 'closedByTechnician', expire: 'expired' };
  for (const [name, start] of Object.entries(rivals)) {
    const { session, accepted, other } = await start();
    t.equal(await accepted, 'linkUsed', `${name}: the acceptance came second`);
    await other;
    const record = granted(await store.session(session.record.id));
    t.equal(record.machine.state, ends[name as keyof typeof ends]);
    t.equal(record.customer, null);
    const moves = (await store.events(record.id)).filter(({ type }) => type === 'stateChanged');
    t.equal(moves.length, 1);
  }
});

test('a change that fails on disk has not happened: nobody is told, everything goes on', async (t, scene) => {
  const { sessions, anna, store, directory, clock } = scene;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const { session, view } = await createSession(scene, anna);
  await sessions.openLog(console, session);
  const customer = new Page();
  await sessions.customers.claim(session, customer, 'pin');
  const before = structuredClone(session.record);
  const events = await store.events(session.record.id);
  console.heard.splice(0);

  scene.failNext();
  await t.rejects(accept(sessions, session, customer, 'hash-1'), { message: 'disk full' });
  t.same(console.heard, []);
  t.same(customer.heard, []);
  t.same(session.record, before);
  t.equal(session.customer, undefined);
  t.same(await store.session(session.record.id), before);
  t.same(await store.events(session.record.id), events);
  t.same(await store.consents(session.record.id), []);
  t.ok(await directory.findPin(view.invitation?.pin ?? '', clock.now), 'the PIN is still good');
  t.equal(
    await sessions.customers.resume('hash-1', 'hash-2', new Page(), []),
    undefined,
    'the token is good for nothing',
  );

  t.type(await accept(sessions, session, customer, 'hash-3'), 'object', 'the next try works');
  t.equal(customer.of('customer').at(-1)?.customer.phase, 'waiting');
  t.equal((await store.session(session.record.id))?.machine.state, 'waiting');
});

test('a session whose creation fails leaves nothing behind', async (t, scene) => {
  const { sessions, anna, store } = scene;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  scene.failNext();
  await t.rejects(sessions.create(anna, FIELDS, 'pin'), { message: 'disk full' });
  t.same(console.heard, []);
  t.same(sessions.views(anna), []);
  t.same(await store.openSessions(), []);
});

test('a failing step does not stop the ones behind it', async (t, scene) => {
  const { sessions, anna } = scene;
  const { session } = await createSession(scene, anna);
  scene.failNext();
  const results = await Promise.allSettled([
    sessions.edit(anna, session, { ...FIELDS, name: 'first' }),
    sessions.edit(anna, session, { ...FIELDS, name: 'second' }),
  ]);
  t.same(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  t.equal(session.record.fields.name, 'second');
});

test('what the state machine does not allow changes nothing, on disk or off', async (t, scene) => {
  const { sessions, anna, store } = scene;
  const { session } = await createSession(scene, anna);
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  console.heard.splice(0);
  const commits = scene.committed();
  t.equal(await sessions.start(anna, session), 'wrongState');
  const applied = await session.apply({
    by: technicianActor(anna),
    input: { type: 'hold' },
    events: [{ type: 'dismissed', data: {} }],
  });
  t.equal(applied, false);
  t.equal(scene.committed(), commits);
  t.same(console.heard, []);
  t.equal((await store.session(session.record.id))?.startedAt, null);
});

test('the log tells the whole story, and no PIN or token', async (t, scene) => {
  const { sessions, anna, store, clock } = scene;
  const { session, view } = await createSession(scene, anna);
  const pin = view.invitation?.pin ?? '';
  const invited = granted(await sessions.invite(anna, session, 'link'));
  const token = invited.invitation?.link?.split('/j/')[1] ?? '';
  t.match(invited.invitation, { pin, link: /^https:\/\/help\.example\.org\/j\/[\w-]{43}$/ });
  const customer = new Page();
  await sessions.customers.claim(session, customer, 'link');
  await accept(sessions, session, customer, 'secret-hash');
  clock.now += 1_000;
  await sessions.start(anna, session);
  await sessions.devices(session, 'customer', { ...DEVICES, microphone: 'muted' });
  await sessions.edit(anna, session, { ...FIELDS, phone: '+49 30 1', custom: { floor: '2' } });
  await sessions.customers.leave(session, customer);
  await sessions.dismiss(anna, session);
  const events = await store.events(session.record.id);
  t.same(
    events.map(({ actor, type, data }) => [actor, type, data]),
    [
      ['technician', 'sessionCreated', { name: 'Frau Keller' }],
      ['technician', 'pinCreated', { pinEnd: pin.slice(-2) }],
      ['technician', 'linkCreated', { expiresAt: view.invitation?.expiresAt }],
      ['customer', 'customerArrived', { by: 'link' }],
      ['customer', 'termsAccepted', { version: 1, language: 'de', hash: TERMS.hash }],
      ['customer', 'stateChanged', { from: 'connecting', to: 'waiting', cause: 'customerAccepted' }],
      ['technician', 'stateChanged', { from: 'waiting', to: 'active', cause: 'start' }],
      ['customer', 'devicesChanged', { microphone: 'muted', camera: 'on' }],
      ['technician', 'fieldsEdited', { changed: 'phone, floor' }],
      ['customer', 'stateChanged', { from: 'active', to: 'closedByCustomer', cause: 'customerLeft' }],
      ['technician', 'dismissed', {}],
    ],
  );
  t.ok(events.every(({ actor, actorName }) => actorName === (actor === 'technician' ? 'Anna' : '')));
  t.ok(events.every(({ id }, index) => id > (events[index - 1]?.id ?? 0)));
  const told = JSON.stringify(events);
  t.notMatch(told, new RegExp(`${pin}|${token}|secret-hash`));
  t.notMatch(told, /\+49/, 'nor what the fields say');
});
