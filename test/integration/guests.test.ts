/**
 * What pages of experts and observers must not be able to do. Real: the relay as a process, HTTP, WebSocket, SQLite. No
 * browser: everything is sent as bytes.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Params, RequestType, SessionId } from '../../relay/protocol.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { acceptTerms, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

let relay: RelayProcess;
let cookie: string;

t.before(async () => {
  relay = await startRelay();
  cookie = await signIn(relay.origin);
});

t.after(async () => {
  await relay.stop();
});

const newResume = () => randomBytes(32).toString('base64url');

/** A session with its customer, and a link for a guest. */
async function scene(role: 'expert' | 'observer' = 'expert') {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'pin' });
  const customer = await SignallingClient.customer(relay.origin);
  await acceptTerms(customer, await customer.request('claimPin', { pin: session.invitation?.pin ?? '' }));
  const sessionId = session.id;
  return { technician, customer, sessionId, ...(await invite(technician, sessionId, role)) };
}

async function invite(technician: SignallingClient, sessionId: SessionId, role: 'expert' | 'observer') {
  const { session } = await technician.request('inviteGuest', { sessionId, role, name: 'Bob' });
  const view = session.guests?.at(-1);
  return { guestId: view?.id ?? 0, token: view?.link?.split('/g/')[1] ?? '' };
}

function close(...clients: SignallingClient[]): void {
  for (const client of clients) {
    client.close();
  }
}

t.test('opening the page and asking what the link is for use nothing up', async (t) => {
  const { technician, customer, token } = await scene();
  for (let time = 0; time < 2; time++) {
    const response = await fetch(`${relay.origin}/g/${token}`);
    t.equal(response.status, 200);
    t.equal(response.headers.get('referrer-policy'), 'no-referrer');
    t.match(await response.text(), /<meta name="robots" content="noindex"/);
    const guest = await SignallingClient.guest(relay.origin);
    t.match(await guest.request('openGuestLink', { token }), { name: 'Bob', role: 'expert' });
    close(guest);
  }
  const guest = await SignallingClient.guest(relay.origin);
  const joined = await guest.request('joinGuest', { token, name: 'Bob', resume: newResume() });
  t.equal(joined.guest.phase, 'waiting');
  t.equal((await fetch(`${relay.origin}/g/${token}/more`)).status, 404);
  close(guest, technician, customer);
});

t.test('a second browser with the same link is refused, the first one goes on', async (t) => {
  const { technician, customer, token, sessionId } = await scene();
  const resume = newResume();
  const [first, second] = [
    await SignallingClient.guest(relay.origin),
    await SignallingClient.guest(relay.origin),
  ];
  await first.request('joinGuest', { token, name: 'Bob', resume });
  t.equal(await second.refusal('openGuestLink', { token }), 'linkUsed');
  t.equal(await second.refusal('joinGuest', { token, name: 'Eve', resume: newResume() }), 'linkUsed');
  t.equal(await second.refusal('openBoard', { sessionId, after: 0 }), 'noSuchSession');
  first.terminate();
  const back = await SignallingClient.guest(relay.origin, resume);
  t.equal(back.helloResult?.guest?.phase, 'waiting');
  t.equal(back.helloResult?.sessionId, sessionId);
  t.same((await back.request('openBoard', { sessionId, after: 0 })).mayDraw, false);
  close(back, second, technician, customer);
});

t.test('links that open nothing say why, each with a code of its own', async (t) => {
  const { technician, customer, token, guestId, sessionId } = await scene();
  const guest = await SignallingClient.guest(relay.origin);
  const refusalOf = (link: string) =>
    guest.refusal('joinGuest', { token: link, name: 'Bob', resume: newResume() });
  for (const wrong of ['', 'x', newResume(), '../etc', 'ä'.repeat(43)]) {
    t.equal(await refusalOf(wrong), 'linkUnknown');
    t.equal(await guest.refusal('openGuestLink', { token: wrong }), 'linkUnknown');
  }
  await technician.request('removeGuest', { sessionId, guestId });
  t.equal(await refusalOf(token), 'linkRevoked');
  t.equal(await technician.refusal('removeGuest', { sessionId, guestId }), 'noSuchGuest');
  const open = await invite(technician, sessionId, 'observer');
  await technician.request('endSession', { sessionId });
  t.equal(await refusalOf(open.token), 'sessionOver');
  t.equal(await technician.refusal('inviteGuest', { sessionId, role: 'expert', name: 'Bob' }), 'wrongState');
  await technician.request('dismissSession', { sessionId });
  t.equal(await refusalOf(open.token), 'sessionOver', 'also when nobody has the session in a list');
  t.equal(await guest.refusal('hello', hello('guest')), 'wrongState');
  const lost = await SignallingClient.connect(relay.origin);
  t.equal(await lost.refusal('hello', { ...hello('guest'), resume: newResume() }), 'resumeUnknown');
  close(guest, technician, customer, lost);
});

function hello(role: 'guest'): Params<'hello'> {
  return { version: 1, role, language: 'en', videoCodecs: ['VP8'], peers: [] };
}

t.test('a guest can do nothing but what guests can', async (t) => {
  const { technician, customer, token, guestId, sessionId } = await scene();
  const guest = await SignallingClient.guest(relay.origin);
  await guest.request('joinGuest', { token, name: 'Bob', resume: newResume() });
  const refused: { [T in RequestType]?: Params<T> } = {
    startSession: { sessionId },
    endSession: { sessionId },
    holdSession: { sessionId },
    openLog: { sessionId },
    openChat: { sessionId },
    sendChat: { sessionId, clientId: '0f8fad5b-d9cb-469f-a165-70867728950e', text: 'Hello' },
    freeze: { sessionId },
    draw: { sessionId, operation: { type: 'clear', surface: 0 } },
    askCamera: { sessionId, wish: { type: 'light', on: true } },
    takePhoto: { sessionId },
    openPhotos: { sessionId },
    devices: { sessionId, devices: { microphone: 'on', camera: 'on' } },
    inviteGuest: { sessionId, role: 'expert', name: 'Eve' },
    removeGuest: { sessionId, guestId },
    muteGuest: { sessionId, guestId, muted: false },
    claimPin: { pin: '123456' },
    picture: { sessionId, picture: { mode: 'none', cause: 'none' } },
    listReceivers: {},
  };
  for (const [type, params] of Object.entries(refused)) {
    t.equal(await guest.refusal(type as RequestType, params as never), 'notAllowed', type);
  }
  t.equal(await guest.sendStill(Buffer.from([0xff, 0xd8, 0xff])), 'notAllowed');
  t.equal(await guest.refusal('answer', { peerId: 'somebody-else', sdp: 'v=0' }), 'noSuchPeer');
  t.equal(await guest.refusal('peerFailed', { peerId: 'somebody-else' }), 'noSuchPeer');
  t.equal(await guest.refusal('openBoard', { sessionId: sessionId + 1, after: 0 }), 'noSuchSession');
  t.equal(
    await guest.refusal('joinGuest', { token, name: 'Bob', resume: newResume() }),
    'wrongState',
    'once is enough',
  );
  const more = { token, name: 'Eve', resume: newResume() };
  t.equal(await customer.refusal('joinGuest', more), 'notAllowed');
  t.equal(await technician.refusal('joinGuest', more), 'notAllowed');
  t.equal(await customer.refusal('inviteGuest', { sessionId, role: 'expert', name: 'Eve' }), 'notAllowed');
  t.equal(await customer.refusal('removeGuest', { sessionId, guestId }), 'notAllowed');
  close(guest, technician, customer);
});

t.test('who was put out hears nothing more, and does not come back', async (t) => {
  const { technician, customer, token, guestId, sessionId } = await scene();
  const resume = newResume();
  const guest = await SignallingClient.guest(relay.origin);
  await guest.request('joinGuest', { token, name: 'Bob', resume });
  await technician.request('removeGuest', { sessionId, guestId });
  await guest.event('removal', (event) => event.type === 'guest' && event.guest.phase === 'removed');
  const heard = guest.events.length;
  await technician.request('startSession', { sessionId });
  t.equal(await guest.refusal('openBoard', { sessionId, after: 0 }), 'noSuchSession');
  t.equal(guest.events.length, heard);
  const again = await SignallingClient.guest(relay.origin, resume);
  t.equal(again.helloResult?.guest?.phase, 'removed');
  t.equal(await again.refusal('openBoard', { sessionId, after: 0 }), 'noSuchSession');
  await technician.request('endSession', { sessionId });
  close(guest, again, technician, customer);
});

t.test('a guest who floods is put off the line, and the session goes on', async (t) => {
  const { technician, customer, token, sessionId } = await scene('observer');
  const guest = await SignallingClient.guest(relay.origin);
  await guest.request('joinGuest', { token, name: 'Bob', resume: newResume() });
  for (let count = 0; count < 400; count++) {
    guest.sendText(`{"type":"ping","id":${count}}`);
  }
  await guest.untilClosed();
  t.equal(guest.closed, 1008);
  const away = await technician.event(
    'the guest to be away',
    (event) => event.type === 'session' && event.session.guests?.at(-1)?.state === 'away',
  );
  t.equal(away.type, 'session');
  t.equal((await technician.request('startSession', { sessionId })).session.status, 'active');
  // The relay would wait for the call before it stops.
  await technician.request('endSession', { sessionId });
  close(technician, customer);
});

t.test('what a guest was when the relay was killed is on disk', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'fernblick-test-'));
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }));
  const own = await startRelay({ dataDir });
  const technician = await SignallingClient.technician(own.origin, await signIn(own.origin));
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'link' });
  const { token } = await invite(technician, session.id, 'expert');
  const resume = newResume();
  const guest = await SignallingClient.guest(own.origin);
  await guest.request('joinGuest', { token, name: 'Bob', resume });
  await own.kill();
  const restarted = await startRelay({ dataDir });
  t.teardown(() => restarted.stop());
  const back = await SignallingClient.guest(restarted.origin, resume);
  t.equal(back.helloResult?.guest?.phase, 'waiting');
  t.equal(await back.refusal('openGuestLink', { token }), 'linkUsed');
  close(back);
});

t.end();
