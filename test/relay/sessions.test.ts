/**
 * Real: all sessions of a front with their state machine, the SQLite store and the directory of PINs, on disk in a
 * temporary folder. Faked: pages (they write down what they are told), the media plane (does nothing), the clock.
 */
import t, { type Test } from 'tap';
import {
  accept,
  createSession,
  createWaiting,
  FIELDS,
  granted,
  MINUTE_MS,
  openScene,
  Page,
  type Scene,
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

test('a technician works with their own sessions only', async (t, scene) => {
  const { sessions, anna, bert } = scene;
  const { session } = await createSession(scene, anna);
  t.equal(sessions.owned(anna, session.record.id), session);
  t.equal(sessions.owned(bert, session.record.id), undefined);
  t.equal(sessions.owned(anna, 7), undefined);
  t.same(sessions.views(bert), []);
  const console = new Page();
  await sessions.consoleJoined(bert, console, []);
  await sessions.edit(anna, session, { ...FIELDS, name: 'Herr Keller' });
  t.same(console.heard, [], 'and hears of no other');
});

test('numbers of sessions grow, also over a restart', async (t, scene) => {
  const { sessions, anna, bert } = scene;
  const ids = [
    granted(await sessions.create(anna, FIELDS, 'pin')).id,
    granted(await sessions.create(bert, FIELDS, 'link')).id,
  ];
  const again = await scene.restart();
  ids.push(granted(await again.create(anna, FIELDS, 'pin')).id);
  t.same(ids, [1001, 1002, 1003]);
});

test('the newest window of an account takes over', async (t, scene) => {
  const { sessions, anna } = scene;
  const [older, newer] = [new Page(), new Page()];
  await sessions.consoleJoined(anna, older, []);
  const { session } = await createWaiting(scene, anna);
  await sessions.start(anna, session);
  older.heard.splice(0);
  await sessions.consoleJoined(anna, newer, []);
  t.same(older.heard, [{ type: 'superseded' }]);
  t.equal(session.record.machine.state, 'active');
  await sessions.consoleLeft(anna, older, 'connection');
  t.equal(session.record.machine.state, 'active', 'the older one going away is no loss');
  await sessions.edit(anna, session, { ...FIELDS, name: 'Herr Keller' });
  t.equal(older.heard.length, 1, 'and it stays quiet');
  t.equal(newer.of('session').at(-1)?.session.fields.name, 'Herr Keller');
});

test('a technician who is gone interrupts an active session, and not a waiting one', async (t, scene) => {
  const { sessions, anna, settings } = scene;
  settings.maxActiveSessions = 2;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const waiting = await createWaiting(scene, anna);
  const active = await createWaiting(scene, anna);
  await sessions.start(anna, active.session);
  await sessions.consoleLeft(anna, console, 'connection');
  t.equal(waiting.session.record.machine.state, 'waiting');
  t.equal(active.session.record.machine.state, 'reconnecting');
  t.match(active.customer.of('customer').at(-1)?.customer, { phase: 'active', technicianConnected: false });
  await sessions.consoleJoined(anna, new Page(), []);
  t.equal(active.session.record.machine.state, 'active');
  t.match(active.customer.of('customer').at(-1)?.customer, { phase: 'active', technicianConnected: true });
});

test('a technician has at most so many active sessions', async (t, scene) => {
  const { sessions, anna, bert, settings } = scene;
  const first = await createWaiting(scene, anna);
  const second = await createWaiting(scene, anna);
  t.type(await sessions.start(anna, first.session), 'object');
  t.equal(await sessions.start(anna, second.session), 'tooManyActiveSessions');
  t.equal(second.session.record.machine.state, 'waiting');
  await sessions.customers.lost(first.session, first.customer, 'connection');
  t.equal(first.session.record.machine.state, 'reconnecting');
  t.equal(await sessions.start(anna, second.session), 'tooManyActiveSessions', 'an interrupted one counts');
  const other = await createWaiting(scene, bert);
  t.type(await sessions.start(bert, other.session), 'object', 'another technician has an own count');
  settings.maxActiveSessions = 2;
  t.type(await sessions.start(anna, second.session), 'object');
  await sessions.end(anna, first.session);
  const third = await createWaiting(scene, anna);
  t.type(await sessions.start(anna, third.session), 'object', 'one that ended does not count');
});

test('a lost customer resumes with the token, and gets the next one', async (t, scene) => {
  const { sessions, anna } = scene;
  const { session, customer } = await createWaiting(scene, anna);
  await sessions.start(anna, session);
  const first = `hash-${session.record.id}`;
  await sessions.customers.lost(session, customer, 'connection');
  t.equal(session.record.machine.state, 'reconnecting');
  t.equal(sessions.views(anna)[0]?.customer?.connected, false);
  const back = new Page();
  t.equal(await sessions.customers.resume(first, 'second', back, []), session);
  t.equal(session.record.machine.state, 'active');
  t.equal(back.of('customer').at(-1)?.customer.phase, 'active');
  t.equal(
    await sessions.customers.resume(first, 'third', new Page(), []),
    session,
    'the answer may have been lost',
  );
  t.equal(
    await sessions.customers.resume('second', 'x', new Page(), []),
    undefined,
    'what was never used is replaced',
  );
  t.equal(await sessions.customers.resume('third', 'fourth', new Page(), []), session);
  t.equal(
    await sessions.customers.resume(first, 'x', new Page(), []),
    undefined,
    'only the last two are good',
  );
  t.equal(await sessions.customers.resume('unknown', 'x', new Page(), []), undefined);
});

test('of a session that is over, the customer who comes back is told how it ended, and no more', async (t, scene) => {
  const { sessions, anna, store } = scene;
  const { session, customer } = await createWaiting(scene, anna);
  const token = `hash-${session.record.id}`;
  await sessions.customers.lost(session, customer, 'connection');
  await sessions.end(anna, session);
  const before = await store.session(session.record.id);
  const late = new Page();
  t.equal(await sessions.customers.resume(token, 'next', late, []), session);
  t.match(session.customerView(), { phase: 'ended', endedAs: 'closedByTechnician' });
  t.not(session.customer, late);
  t.same(await store.session(session.record.id), before, 'nothing is written');
  t.equal(
    await sessions.customers.resume('next', 'x', new Page(), []),
    undefined,
    'no further token was made',
  );
  await sessions.dismiss(anna, session);
  t.equal(
    await sessions.customers.resume(token, 'next', late, []),
    undefined,
    'out of the list, it is forgotten',
  );
});

test('the socket of a page that was replaced may close without harm', async (t, scene) => {
  const { sessions, anna } = scene;
  const { session, customer } = await createWaiting(scene, anna);
  const back = new Page();
  await sessions.customers.resume(`hash-${session.record.id}`, 'second', back, []);
  t.same(customer.of('superseded').length, 1, 'the older page is told');
  await sessions.customers.lost(session, customer, 'connection');
  t.equal(session.record.machine.state, 'waiting');
  t.equal(session.customer, back);
  t.equal(await sessions.customers.leave(session, customer), undefined);
  t.equal(session.record.machine.state, 'waiting', 'nor does the old page end anything');
});

test('after a restart everything is there, and everybody comes back', async (t, scene) => {
  const { sessions, anna, settings } = scene;
  settings.maxActiveSessions = 2;
  const connecting = await createSession(scene, anna);
  const waiting = await createWaiting(scene, anna);
  const active = await createWaiting(scene, anna);
  await sessions.start(anna, active.session);
  const ended = await createWaiting(scene, anna);
  await sessions.customers.leave(ended.session, ended.customer);
  const dismissed = await createWaiting(scene, anna);
  await sessions.customers.leave(dismissed.session, dismissed.customer);
  await sessions.dismiss(anna, dismissed.session);
  const statuses = (of: Scene['sessions']) => of.views(anna).map(({ status }) => status);
  t.same(statuses(sessions), ['connecting', 'waiting', 'active', 'closedByWaitingCustomer']);

  const again = await scene.restart();
  t.same(statuses(again), ['connecting', 'reconnecting', 'reconnecting', 'closedByWaitingCustomer']);
  t.same(again.views(anna)[0]?.invitation, connecting.view.invitation, 'with its PIN');
  await again.consoleJoined(anna, new Page(), []);
  for (const { session } of [waiting, active]) {
    const page = new Page();
    const resumed = await again.customers.resume(
      `hash-${session.record.id}`,
      `next-${session.record.id}`,
      page,
      [],
    );
    t.equal(resumed?.record.id, session.record.id);
  }
  t.same(statuses(again), ['connecting', 'waiting', 'active', 'closedByWaitingCustomer']);
});

test('an invitation runs out; somebody who stands before the terms is waited for', async (t, scene) => {
  const { sessions, anna, clock, directory, store } = scene;
  const unused = await createSession(scene, anna);
  const claimed = await createSession(scene, anna);
  const customer = new Page();
  await sessions.customers.claim(claimed.session, customer, 'pin');
  clock.now += 20 * MINUTE_MS - 1;
  await sessions.tick();
  t.equal(unused.session.record.machine.state, 'connecting');
  clock.now += 1;
  await sessions.tick();
  t.equal(unused.session.record.machine.state, 'expired');
  t.equal(unused.session.technicianView().invitation, undefined);
  t.equal((await store.session(unused.session.record.id))?.endedAt, clock.now);
  t.equal(claimed.session.record.machine.state, 'connecting', 'the camera question takes its time');
  const pin = claimed.view.invitation?.pin ?? '';
  t.equal(await directory.findPin(pin, clock.now), undefined, 'but nobody else gets in by it');
  t.type(await accept(sessions, claimed.session, customer, 'h'), 'object');
  t.equal(claimed.session.record.machine.state, 'waiting');
});

test('nobody is waited for without end', async (t, scene) => {
  const { sessions, anna, clock } = scene;
  const stays = await createSession(scene, anna);
  const goes = await createSession(scene, anna);
  await sessions.customers.claim(stays.session, new Page(), 'pin');
  const page = new Page();
  await sessions.customers.claim(goes.session, page, 'pin');
  clock.now += 25 * MINUTE_MS;
  await sessions.customers.lost(goes.session, page, 'connection');
  await sessions.tick();
  t.equal(goes.session.record.machine.state, 'expired', 'the page is gone');
  t.equal(stays.session.record.machine.state, 'connecting');
  clock.now += 5 * MINUTE_MS;
  await sessions.tick();
  t.equal(stays.session.record.machine.state, 'expired', 'ten minutes are enough');
});

test('a session that nobody comes back to is offline, and still resumable', async (t, scene) => {
  const { sessions, anna, clock } = scene;
  const { session, customer } = await createWaiting(scene, anna);
  await sessions.customers.lost(session, customer, 'connection');
  clock.now += 5 * MINUTE_MS - 1;
  await sessions.tick();
  t.equal(session.record.machine.state, 'reconnecting');
  clock.now += 1;
  await sessions.tick();
  t.equal(session.record.machine.state, 'offline');
  clock.now += 24 * 60 * MINUTE_MS;
  await sessions.tick();
  const back = new Page();
  t.equal(await sessions.customers.resume(`hash-${session.record.id}`, 'next', back, []), session);
  t.equal(session.record.machine.state, 'waiting');
  t.equal(back.of('customer').at(-1)?.customer.phase, 'waiting');
});

test('an ended session stays in the list until it is taken out; its record stays for ever', async (t, scene) => {
  const { sessions, anna, store } = scene;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const { session, customer } = await createWaiting(scene, anna);
  t.equal(await sessions.dismiss(anna, session), 'wrongState');
  await sessions.customers.leave(session, customer);
  t.equal(customer.of('customer').at(-1)?.customer.endedAs, 'closedByWaitingCustomer');
  t.equal(sessions.views(anna).length, 1);
  t.equal(await sessions.dismiss(anna, session), undefined);
  t.same(console.heard.at(-1), { type: 'sessionRemoved', sessionId: session.record.id });
  t.same(sessions.views(anna), []);
  t.equal(sessions.owned(anna, session.record.id), undefined);
  t.match(await store.session(session.record.id), { dismissed: true });
  t.equal((await store.events(session.record.id)).at(-1)?.type, 'dismissed');
  t.same((await scene.restart()).views(anna), []);
});

test('a console that left hears no more of a log that it had opened', async (t, scene) => {
  const { sessions, anna } = scene;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const { session } = await createSession(scene, anna);
  await sessions.openLog(console, session);
  await sessions.edit(anna, session, { ...FIELDS, name: 'x' });
  t.equal(console.of('log').length, 1);
  await sessions.consoleLeft(anna, console, 'connection');
  await sessions.edit(anna, session, { ...FIELDS, name: 'y' });
  t.equal(console.of('log').length, 1);
});

test('an invitation can be widened while nobody has accepted', async (t, scene) => {
  const { sessions, anna, directory } = scene;
  const { session, view } = await createSession(scene, anna, 'link');
  const both = granted(await sessions.invite(anna, session, 'pin'));
  t.equal(both.invitation?.link, view.invitation?.link);
  t.match(both.invitation?.pin, /^\d{6}$/);
  const customer = new Page();
  await sessions.customers.claim(session, customer, 'link');
  await accept(sessions, session, customer, 'h');
  t.equal(await sessions.invite(anna, session, 'pin'), 'wrongState');
  t.equal(await directory.live(session.record.id), undefined);
});

test('the states of open sessions are counted', async (t, scene) => {
  const { sessions, anna } = scene;
  await createSession(scene, anna);
  await createWaiting(scene, anna);
  await createWaiting(scene, anna);
  t.same(Object.fromEntries(sessions.countByState()), { connecting: 1, waiting: 2 });
});

test('whoever waits too long, or does nothing for too long, is let go; nobody on hold is', async (t, scene) => {
  const { sessions, anna, clock, settings } = scene;
  const waiting = await createWaiting(scene, anna);
  const active = await createWaiting(scene, anna);
  await sessions.start(anna, active.session);
  t.equal(active.session.idleSince, undefined, 'its camera is on');
  const quiet = { microphone: 'muted', camera: 'paused', pausedBy: 'person' } as const;
  await sessions.devices(active.session, 'customer', quiet);
  clock.now += 999 * MINUTE_MS;
  await sessions.tick();
  t.equal(waiting.session.record.machine.state, 'waiting', 'without a limit');
  settings.waitingMs = 999 * MINUTE_MS;
  await sessions.tick();
  t.equal(waiting.session.record.machine.state, 'timedOut');

  await sessions.devices(active.session, 'customer', quiet);
  active.session.tellBoth({ type: 'typing', sessionId: active.session.record.id });
  settings.idleMs = 10 * MINUTE_MS;
  clock.now += 9 * MINUTE_MS;
  active.session.tellBoth({ type: 'typing', sessionId: active.session.record.id });
  clock.now += 9 * MINUTE_MS;
  await sessions.tick();
  t.equal(active.session.record.machine.state, 'active', 'somebody wrote');
  await sessions.hold(anna, active.session);
  clock.now += 60 * MINUTE_MS;
  await sessions.tick();
  t.equal(active.session.record.machine.state, 'onHold');
  await sessions.unhold(anna, active.session);
  clock.now += 10 * MINUTE_MS;
  await sessions.tick();
  t.equal(active.session.record.machine.state, 'timedOut');
});
