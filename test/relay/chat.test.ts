/** Real: sessions and chat on the SQLite store on disk. Faked: pages (they write down what they are told), the media plane, the clock. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { cleanText, markSeen, sendChat } from '../../relay/chat.ts';
import type { LiveSession } from '../../relay/live-session.ts';
import type { ChatMessage } from '../../relay/protocol.ts';
import {
  createSession,
  createWaiting,
  granted,
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

const say = ({ store, clock }: Scene, session: LiveSession, text: string, clientId: string = randomUUID()) =>
  sendChat(session, { from: 'customer', clientId, text }, { store, now: () => clock.now });

test('a message is on disk before it is answered, both are told, and sent again it is the same', async (t, scene) => {
  const { anna, sessions, store } = scene;
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const { session, customer } = await createWaiting(scene, anna);
  const clientId = randomUUID();
  const message = granted(await say(scene, session, ' Hello \r\nthere ', clientId)) as ChatMessage;
  t.match(message, { from: 'customer', name: '', text: 'Hello \nthere', clientId });
  t.same(await store.chat(session.record.id), [message]);
  t.same(
    console.of('chat').map((event) => event.message),
    [message],
  );
  t.same(
    customer.of('chat').map((event) => event.message),
    [message],
  );
  t.same(await say(scene, session, 'Hello again', clientId), message, 'the first one stays');
  t.equal((await store.chat(session.record.id)).length, 1);
  const reply = await sendChat(
    session,
    { from: 'technician', account: anna, clientId: randomUUID(), text: 'Good day' },
    { store, now: () => scene.clock.now },
  );
  t.match(reply, { from: 'technician', name: anna.nickname });
});

test('what is no text is left out, what is empty or too long is refused, and so is the chat of nobody', async (t, scene) => {
  const { anna, sessions } = scene;
  const { session } = await createWaiting(scene, anna);
  t.equal(await say(scene, session, ' \u0000\u202e '), 'invalidField');
  t.equal(await say(scene, session, 'x'.repeat(2_001)), 'chatTooLong');
  t.match(await say(scene, session, `${'x'.repeat(2_000)}  `), { text: 'x'.repeat(2_000) });
  t.equal(cleanText('a\u202eb\u2066c\u0007d\ne\tf'), 'abcd\ne\tf');
  t.equal(cleanText('שלום 👋🏽 עולם'), 'שלום 👋🏽 עולם', 'writing from right to left stays');
  const { session: lonely } = await createSession(scene, anna);
  t.equal(await say(scene, lonely, 'Hello?'), 'wrongState');
  await sessions.end(anna, session);
  t.equal(await say(scene, session, 'Too late'), 'wrongState');
});

test('a message that does not reach the disk is told to nobody', async (t, scene) => {
  const { session, customer } = await createWaiting(scene, scene.anna);
  scene.failNext();
  await t.rejects(say(scene, session, 'Hello'));
  t.same(customer.of('chat'), []);
  t.match(await say(scene, session, 'Hello'), { text: 'Hello' });
});

test('what a page has seen only grows, and the other side is told once', async (t, scene) => {
  const { session, customer } = await createWaiting(scene, scene.anna);
  markSeen(session, 'technician', { delivered: 5, read: 3 });
  markSeen(session, 'technician', { delivered: 4, read: 3 });
  t.same(
    customer.of('chatSeen').map(({ seen }) => seen),
    [{ delivered: 5, read: 3 }],
  );
});

test('the outcome can be said with the end and changed afterwards; the customer rates once', async (t, scene) => {
  const { anna, sessions, store } = scene;
  const { session } = await createWaiting(scene, anna);
  const { id } = session.record;
  const token = `hash-${id}`;
  const rating = { stars: 4, comment: 'good' };
  t.equal(await sessions.customers.rate(token, rating), 'wrongState', 'not before the end');
  t.match(await sessions.end(anna, session, { outcome: 'unresolved', notes: 'part ordered' }), {
    ...{ status: 'closedByTechnician', outcome: 'unresolved', notes: 'part ordered' },
  });
  t.match(await sessions.end(anna, session, { outcome: 'resolved' }), {
    outcome: 'resolved',
    notes: 'part ordered',
  });
  t.equal(await sessions.customers.rate('unknown', rating), 'resumeUnknown');
  t.equal(await sessions.customers.rate(token, rating), undefined);
  t.equal(await sessions.customers.rate(token, rating), 'alreadyRated');
  await sessions.dismiss(anna, session);
  const other = await createWaiting(scene, anna);
  await sessions.end(anna, other.session);
  await sessions.dismiss(anna, other.session);
  t.equal(
    await sessions.customers.rate(`hash-${other.session.record.id}`, rating),
    undefined,
    'also when it has left the list',
  );
  t.same((await store.session(other.session.record.id))?.rating, rating);
  t.match(await store.session(id), { outcome: 'resolved', rating });
});

test('a held session lets another one become active, and comes back only when there is room', async (t, scene) => {
  const { anna, sessions } = scene;
  const first = await createWaiting(scene, anna);
  const second = await createWaiting(scene, anna);
  t.equal(await sessions.hold(anna, first.session), 'wrongState', 'not before Start');
  await sessions.start(anna, first.session);
  t.equal(await sessions.start(anna, second.session), 'tooManyActiveSessions');
  t.match(await sessions.hold(anna, first.session), { status: 'onHold' });
  t.equal(first.customer.of('customer').at(-1)?.customer.phase, 'onHold');
  t.match(await sessions.start(anna, second.session), { status: 'active' });
  t.equal(await sessions.unhold(anna, first.session), 'tooManyActiveSessions');
  await sessions.hold(anna, second.session);
  t.match(await sessions.unhold(anna, first.session), { status: 'active' });
});
