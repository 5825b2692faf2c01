/**
 * How a session survives: connections that are replaced beside each other, sockets that are lost while media go on, and
 * what both sides are told. Real: the relay with its worker as processes, WebSockets, ICE, DTLS and SRTP on loopback.
 * Faked: the browsers, which are node-datachannel peers that send packets like Chromium's.
 */
import t, { type Test } from 'tap';
import { SyntheticPage } from '../../bench/synthetic-page.ts';
import { endSyntheticPeers } from '../../bench/synthetic-peer.ts';
import type { CustomerView, PeerId, ServerEvent, SessionView } from '../../relay/protocol.ts';
import { until } from '../support/media-probe.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { SignallingClient, signIn } from '../support/signalling-client.ts';

let relay: RelayProcess;
let cookie: string;

t.before(async () => {
  relay = await startRelay({ env: { FERNBLICK_LOG_LEVEL: 'silent', FERNBLICK_MAX_ACTIVE_SESSIONS: '10' } });
  cookie = await signIn(relay.origin);
});

t.teardown(async () => {
  await relay?.stop();
  await endSyntheticPeers();
});

type Call = { technician: SyntheticPage; customer: SyntheticPage; sessionId: number };

async function call(test: Test): Promise<Call> {
  const pages = await SyntheticPage.call(relay.origin, cookie);
  test.teardown(async () => {
    await pages.technician.client.refusal('endSession', { sessionId: pages.sessionId });
    pages.technician.leave();
    pages.customer.leave();
  });
  await flowing('the call', pages);
  return pages;
}

async function flowing(what: string, { technician, customer }: Call): Promise<void> {
  const before = { video: technician.received.video, audio: customer.received.audio };
  await until(
    `media of ${what}`,
    () => technician.received.video > before.video + 5 && customer.received.audio > before.audio + 5,
  );
}

const ofType =
  <T extends ServerEvent['type']>(type: T) =>
  (event: ServerEvent): event is Extract<ServerEvent, { type: T }> =>
    event.type === type;

/** The session as its technician, or its customer, was last told. */
const seenByTechnician = ({ technician, sessionId }: Call): SessionView | undefined =>
  technician.client.events.filter(ofType('session')).findLast(({ session }) => session.id === sessionId)
    ?.session;
const seenByCustomer = ({ customer }: Call): CustomerView | undefined =>
  customer.client.events.findLast(ofType('customer'))?.customer;

/** The customer's devices are on, so what they send is due. */
async function devicesOn({ customer, sessionId }: Call): Promise<void> {
  await customer.client.request('devices', { sessionId, devices: { microphone: 'on', camera: 'on' } });
}

const newest = ({ peerIds }: SyntheticPage): PeerId => peerIds.at(-1) ?? '';

t.test('a connection that its page finds silent is replaced beside itself, without a gap', async (test) => {
  for (const role of ['customer', 'technician'] as const) {
    const pages = await call(test);
    const page = pages[role];
    const before = newest(page);
    await page.client.request('peerStalled', { peerId: before });
    await until('a second connection', () => page.offers === 2);
    test.ok(page.peerIds.includes(before), 'the first one goes on');
    await page.client.event(
      'the relay to close the first one',
      (event) => event.type === 'peerClosed' && event.peerId === before,
    );
    await flowing(`the call over the second connection of the ${role}`, pages);
    const { video, audio } = {
      video: pages.technician.longestGapMs.video,
      audio: pages.customer.longestGapMs.audio,
    };
    test.comment(`longest pause of picture ${Math.round(video)} ms, of voice ${Math.round(audio)} ms`);
    test.equal(seenByTechnician(pages)?.status, 'active', 'nobody was told of anything');
  }
});

t.test(
  'a page that complains without end gets few connections, and never more than two at a time',
  async (test) => {
    const pages = await call(test);
    const { customer } = pages;
    const startedAt = performance.now();
    let most = 0;
    while (performance.now() - startedAt < 4_000) {
      // As fast as the socket's own limit allows; not more, for that would end it.
      await Promise.all(customer.peerIds.map((peerId) => customer.client.refusal('peerStalled', { peerId })));
      most = Math.max(most, customer.peerIds.length);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    test.ok(
      customer.offers <= 1 + 3 + Math.ceil(seconds),
      `${customer.offers} offers in ${seconds.toFixed(1)} s`,
    );
    test.ok(most <= 2, `${most} at a time`);
    test.equal(await customer.client.refusal('peerStalled', { peerId: 'nobody' }), 'noSuchPeer');
    await flowing('the call after it', pages);
  },
);

t.test('a socket that is lost takes no media with it; the page comes back to what it had', async (test) => {
  const pages = await call(test);
  const { customer } = pages;
  const held = [...customer.peerIds];
  customer.client.terminate();
  await until('the technician to be told', () => seenByTechnician(pages)?.status === 'reconnecting');
  test.match(seenByTechnician(pages), {
    before: 'active',
    interruption: { party: 'customer', reason: 'connection' },
  });
  await flowing('the call without the customer’s socket', pages);
  customer.adopt(await SignallingClient.customer(relay.origin, customer.resume, held));
  await until('the session to be active again', () => seenByTechnician(pages)?.status === 'active');
  test.notOk(seenByTechnician(pages)?.interruption);
  await flowing('the call after it', pages);
  test.equal(customer.offers, 1, 'no new connection was needed');
});

t.test('both sides are told why the other one is away', async (test) => {
  const pages = await call(test);
  const { customer, technician, sessionId } = pages;
  customer.client.close(1001);
  await until('word of the closed page', () => seenByTechnician(pages)?.interruption?.reason === 'left');
  customer.dropMedia();
  customer.adopt(await SignallingClient.customer(relay.origin, customer.resume));
  await until('the reloaded page', () => seenByTechnician(pages)?.status === 'active');
  await flowing('the reloaded page', pages);

  const devices = { microphone: 'on', camera: 'paused', pausedBy: 'hidden' } as const;
  await customer.client.request('devices', { sessionId, devices });
  await until('word of the locked phone', () => seenByTechnician(pages)?.interruption?.reason === 'hidden');
  test.equal(seenByTechnician(pages)?.status, 'active', 'the socket lives');
  await devicesOn(pages);
  await until('the phone to be back', () => seenByTechnician(pages)?.interruption === undefined);

  technician.client.terminate();
  await until('the customer to be told', () => seenByCustomer(pages)?.interruption?.reason === 'connection');
  test.match(seenByCustomer(pages), {
    phase: 'active',
    technicianConnected: false,
    interruption: { party: 'technician' },
  });
  technician.dropMedia();
  technician.adopt(await SignallingClient.technician(relay.origin, cookie));
  await until('the technician to be back', () => seenByCustomer(pages)?.technicianConnected === true);
  test.equal(seenByCustomer(pages)?.interruption, undefined);
  await flowing('the technician who is back', pages);
});

t.test('what is due and does not come makes a party lost; one packet brings it back', async (test) => {
  const pages = await call(test);
  await devicesOn(pages);
  await flowing('the call', pages);
  pages.customer.silent = true;
  await until('another connection', () => pages.customer.offers >= 2);
  await until('the technician to be told', () => seenByTechnician(pages)?.status === 'reconnecting');
  test.match(seenByTechnician(pages)?.interruption, { party: 'customer', reason: 'noMedia' });
  test.match(
    seenByCustomer(pages)?.interruption,
    { party: 'customer', reason: 'noMedia' },
    'and the customer too',
  );
  pages.customer.silent = false;
  await until('the session to be active again', () => seenByTechnician(pages)?.status === 'active');
  await flowing('the customer who is heard again', pages);
});

t.test('what is paused is not missed', async (test) => {
  const pages = await call(test);
  const devices = { microphone: 'muted', camera: 'paused', pausedBy: 'person' } as const;
  await pages.customer.client.request('devices', { sessionId: pages.sessionId, devices });
  pages.customer.silent = true;
  const from = performance.now();
  // Longer than the watchdog and the five seconds after which a party is lost.
  await until('seven quiet seconds', () => performance.now() - from > 7_000);
  test.equal(pages.customer.offers, 1);
  test.equal(seenByTechnician(pages)?.status, 'active');
});

t.end();
