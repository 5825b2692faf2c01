/**
 * Experts and observers of real sessions. Real: sessions, guests, the SQLite store, the server key. Faked: pages (they write
 * down what they are told), the media plane, the clock.
 */
import t, { type Test } from 'tap';
import { linkRefusal, roomRefusal } from '../../relay/guests.ts';
import type { LiveSession } from '../../relay/live-session.ts';
import { GUEST_LINK_LIFE_MS, GUESTS_MAX, type GuestState, type SessionEvent } from '../../relay/protocol.ts';
import { hashToken, newToken } from '../../relay/secrets.ts';
import { technicianActor } from '../../relay/session-context.ts';
import { createWaiting, granted, openScene, Page, type Scene } from '../support/sessions-scene.ts';

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

async function active(scene: Scene) {
  const console = new Page();
  await scene.sessions.consoleJoined(scene.anna, console, []);
  const { session, customer } = await createWaiting(scene, scene.anna);
  granted(await scene.sessions.start(scene.anna, session));
  return { console, customer, session };
}

/** The technician makes a link. @returns its token */
async function invite(
  scene: Scene,
  session: LiveSession,
  role: 'expert' | 'observer' = 'expert',
  name = 'Bob',
) {
  const refused = await session.guests.invite(technicianActor(scene.anna), role, name);
  const view = session.technicianView().guests?.at(-1);
  return { refused, id: view?.id ?? 0, token: view?.link?.split('/g/')[1] ?? '' };
}

/** A page comes by a link. */
async function join(scene: Scene, token: string, name = 'Bob', resume = newToken()) {
  const page = new Page();
  const found = await scene.sessions.guestByToken(token);
  const refused = found?.session
    ? await found.session.guests.join(found.record.id, page, { name, resumeHash: hashToken(resume) })
    : 'linkUnknown';
  return { page, refused, resume };
}

const stateOf = (session: LiveSession, id: number): GuestState | undefined =>
  session.technicianView().guests?.find((guest) => guest.id === id)?.state;

const guestLines = (events: readonly SessionEvent[]) =>
  events
    .filter(({ type }) => type.startsWith('guest'))
    .map(({ type, data, actor }) => ({ type, data, actor }));

t.test('a link says what became of it, and room is counted by who may still come', async (t) => {
  const now = 1_000;
  const of = (state: GuestState, ended = false, expiresAt = now + 1) =>
    linkRefusal({ state, expiresAt }, ended, now);
  t.equal(of('invited'), undefined);
  t.equal(of('invited', false, now), 'linkExpired');
  t.equal(of('expired'), 'linkExpired');
  t.equal(of('invited', true), 'sessionOver');
  t.equal(of('revoked', true), 'linkRevoked');
  for (const state of ['here', 'away', 'left', 'removed'] as const) {
    t.equal(of(state), 'linkUsed', state);
  }
  const guests = (count: number, state: GuestState) => Array.from({ length: count }, () => ({ state }));
  t.equal(roomRefusal(guests(GUESTS_MAX - 1, 'here')), undefined);
  t.equal(roomRefusal(guests(GUESTS_MAX, 'invited')), 'guestsFull');
  t.equal(roomRefusal(guests(GUESTS_MAX, 'left')), undefined);
});

test('one browser has the link: the first that joins, and everybody is told', async (t, scene) => {
  const { console, customer, session } = await active(scene);
  const { id, token } = await invite(scene, session);
  t.match(token, /^[\w-]{43}$/);
  t.equal(stateOf(session, id), 'invited');
  t.equal(session.customerView().guests, undefined, 'the customer is told of those who are there only');

  const first = await join(scene, token, 'Robert');
  t.equal(first.refused, undefined);
  t.equal((await join(scene, token)).refused, 'linkUsed');
  t.same(session.customerView().guests, [{ name: 'Robert', role: 'expert' }]);
  t.same(customer.of('customer').at(-1)?.customer.guests, [{ name: 'Robert', role: 'expert' }]);
  const view = console.of('session').at(-1)?.session.guests?.[0];
  t.match(view, { name: 'Robert', state: 'here', muted: false });
  t.equal(view?.link, undefined, 'a used link is shown no more');
  t.match(first.page.of('guest').at(-1)?.guest, { name: 'Robert', phase: 'active' });
  t.same(guestLines(await scene.store.events(session.record.id)), [
    {
      type: 'guestInvited',
      data: { guest: id, name: 'Bob', role: 'expert' },
      actor: 'technician',
    },
    { type: 'guestJoined', data: { guest: id, name: 'Robert', role: 'expert' }, actor: 'guest' },
  ]);
});

test('two browsers with one link at the same moment: one is in', async (t, scene) => {
  const { session } = await active(scene);
  const { token } = await invite(scene, session);
  const both = await Promise.all([join(scene, token, 'One'), join(scene, token, 'Two')]);
  t.same(both.map(({ refused }) => refused).sort(), ['linkUsed', undefined]);
});

test('the token is not on disk in clear, and a link of another relay opens nothing', async (t, scene) => {
  const { session } = await active(scene);
  const { token } = await invite(scene, session);
  const [record] = await scene.store.guests(session.record.id);
  t.notOk(JSON.stringify(record).includes(token));
  t.equal((await join(scene, newToken())).refused, 'linkUnknown');
  t.equal((await join(scene, 'no token')).refused, 'linkUnknown');
  await join(scene, token);
  t.equal((await scene.store.guests(session.record.id))[0]?.tokenSealed, null);
});

test('a page that is gone is away and comes back; an older one of the same browser goes quiet', async (t, scene) => {
  const { session } = await active(scene);
  const { id, token } = await invite(scene, session);
  const { page, resume } = await join(scene, token);
  await session.guests.lost(id, page, 'connection');
  t.equal(stateOf(session, id), 'away');
  t.equal(session.customerView().guests, undefined);

  const found = await scene.sessions.guestByResume(hashToken(resume));
  const [second, third] = [new Page(), new Page()];
  t.ok(await found?.session?.guests.resume(id, second, []));
  t.equal(stateOf(session, id), 'here');
  t.ok(await found?.session?.guests.resume(id, third, []));
  t.equal(second.of('superseded').length, 1);
  await session.guests.lost(id, second, 'left');
  t.equal(stateOf(session, id), 'here', 'the older page takes nobody with it');
  t.same(
    guestLines(await scene.store.events(session.record.id)).map(({ type, data }) => [
      type,
      data['reason'],
      data['again'],
    ]),
    [
      ['guestInvited', undefined, undefined],
      ['guestJoined', undefined, undefined],
      ['guestLeft', 'connection', undefined],
      ['guestJoined', undefined, true],
    ],
  );
});

test('after a restart of the relay the link still opens, and whoever was there may come back', async (t, scene) => {
  const { session } = await active(scene);
  const open = await invite(scene, session, 'observer', 'Eve');
  const { id, token } = await invite(scene, session);
  const { resume } = await join(scene, token);
  await session.guests.mute(technicianActor(scene.anna), id, true);

  const sessions = await scene.restart();
  const again = sessions.byId(session.record.id);
  t.equal(again && stateOf(again, id), 'away');
  t.equal(
    again
      ?.technicianView()
      .guests?.find((guest) => guest.id === open.id)
      ?.link?.split('/g/')[1],
    open.token,
  );
  const found = await sessions.guestByResume(hashToken(resume));
  const page = new Page();
  t.ok(await found?.session?.guests.resume(id, page, []));
  t.equal(page.of('guest').at(-1)?.guest.muted, true, 'still muted');
  const byLink = await sessions.guestByToken(open.token);
  t.equal(byLink?.record.id, open.id);
});

test('remove ends a link, puts somebody out for good, and makes room', async (t, scene) => {
  const { session } = await active(scene);
  const by = technicianActor(scene.anna);
  const { id, token } = await invite(scene, session);
  t.equal(await session.guests.remove(by, id), undefined);
  t.equal((await join(scene, token)).refused, 'linkRevoked');
  t.equal(await session.guests.remove(by, id), 'noSuchGuest');

  const second = await invite(scene, session, 'observer');
  const { page, resume } = await join(scene, second.token);
  t.equal(await session.guests.mute(by, second.id, true), 'noSuchGuest', 'an observer has no voice');
  t.equal(await session.guests.remove(by, second.id), undefined);
  t.equal(page.of('guest').at(-1)?.guest.phase, 'removed');
  const found = await scene.sessions.guestByResume(hashToken(resume));
  t.equal(await found?.session?.guests.resume(second.id, new Page(), []), false);
  t.equal(session.guests.standing(second.id)?.phase, 'removed');
  t.equal(await session.guests.leave(second.id, page), 'wrongState');

  const refused = [];
  for (let count = 0; count <= GUESTS_MAX; count++) {
    refused.push((await invite(scene, session)).refused);
  }
  t.same(refused, [...Array.from({ length: GUESTS_MAX }, () => undefined), 'guestsFull']);
  t.same(
    guestLines(await scene.store.events(session.record.id))
      .map(({ type }) => type)
      .slice(0, 5),
    ['guestInvited', 'guestRevoked', 'guestInvited', 'guestJoined', 'guestRemoved'],
  );
});

test('a link lives for an hour, and no longer than its session', async (t, scene) => {
  const { session } = await active(scene);
  const first = await invite(scene, session);
  scene.clock.now += GUEST_LINK_LIFE_MS - 1;
  await scene.sessions.tick();
  t.equal(stateOf(session, first.id), 'invited');
  scene.clock.now += 1;
  t.equal((await join(scene, first.token)).refused, 'linkExpired', 'also before anybody has noticed');
  await scene.sessions.tick();
  t.equal(stateOf(session, first.id), 'expired');

  const second = await invite(scene, session);
  const third = await invite(scene, session);
  const { page } = await join(scene, third.token);
  granted(await scene.sessions.end(scene.anna, session));
  await session.inStep(async () => undefined);
  await session.guests.over();
  t.equal(stateOf(session, second.id), 'expired');
  t.equal(stateOf(session, third.id), 'left');
  t.equal((await join(scene, second.token)).refused, 'sessionOver');
  t.equal(page.of('guest').at(-1)?.guest.phase, 'ended');
  t.equal((await invite(scene, session)).refused, 'wrongState');
  const last = guestLines(await scene.store.events(session.record.id)).at(-1);
  t.match(last, { type: 'guestLeft', data: { reason: 'sessionEnded', name: 'Bob' }, actor: 'system' });
});

test('a guest who has left is out', async (t, scene) => {
  const { session } = await active(scene);
  const { id, token } = await invite(scene, session);
  const { page, resume } = await join(scene, token);
  t.equal(await session.guests.leave(id, page), undefined);
  t.equal(page.of('guest').at(-1)?.guest.phase, 'left');
  const found = await scene.sessions.guestByResume(hashToken(resume));
  t.equal(await found?.session?.guests.resume(id, new Page(), []), false);
  t.equal(stateOf(session, id), 'left');
});

test('nothing is shown of a join that did not reach the disk', async (t, scene) => {
  const { session } = await active(scene);
  const { id, token } = await invite(scene, session);
  scene.failNext();
  await t.rejects(join(scene, token));
  t.equal(stateOf(session, id), 'invited');
  t.equal((await join(scene, token)).refused, undefined, 'the link is not used up');
});
