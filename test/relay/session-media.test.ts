/**
 * Real: the rules by which a session gets and gives up media connections, and the state machine that they follow.
 * Faked: the media plane, which writes down what it is asked and does nothing; the pages; the clock.
 */
import fc from 'fast-check';
import t from 'tap';
import type { VideoCodec } from '../../relay/protocol.ts';
import { chooseVideoCodec } from '../../relay/session-media.ts';
import {
  isEnded,
  type Party,
  SESSION_STATES,
  type SessionMachine,
  settledState,
} from '../../relay/session-state.ts';
import { machine, mediaScene, Page, prewarmed, SESSION } from '../support/media-scene.ts';

t.test('an offer carries fresh TURN credentials of its session and role where there are any', async (t) => {
  let asked = 0;
  const { plane, media, customer, technician } = mediaScene((party) => {
    asked += 1;
    return [{ urls: ['turn:192.0.2.1'], username: `${asked}:${party}`, credential: 'c' }];
  });
  media.join('customer', customer, []);
  media.join('technician', technician, []);
  media.settle(machine('waiting'));
  plane.listeners.get('p1')?.offer('p1', 'sdp');
  plane.listeners.get('p1')?.offer('p1', 'sdp');
  t.match(customer.take(), [
    { type: 'offer', iceServers: [{ username: '1:customer' }] },
    { type: 'offer', iceServers: [{ username: '2:customer' }] },
  ]);
});

t.test('connections are made when both are here, and not before', async (t) => {
  for (const first of ['customer', 'technician'] as const) {
    const { plane, media, customer, technician } = mediaScene();
    const pages = { customer, technician };
    const second = first === 'customer' ? 'technician' : 'customer';
    media.join(first, pages[first], []);
    media.settle(machine('waiting'));
    t.same(plane.take(), [], `only the ${first} is here`);
    media.join(second, pages[second], []);
    t.same(plane.take(), [], 'joining alone asks for nothing');
    media.settle(machine('waiting'));
    t.same(plane.take(), ['createPeer customer VP8 p1 of 1001', 'createPeer technician VP8 p2 of 1001']);
    media.settle(machine('waiting'));
    t.same(plane.take(), [], 'once is enough');
  }
});

t.test('offer and candidates reach the page that the peer is for', async (t) => {
  const { plane, media, customer, technician } = prewarmed();
  plane.listeners.get('p1')?.offer('p1', 'sdp');
  plane.listeners.get('p2')?.candidates('p2', ['candidate:1']);
  t.same(customer.take(), [{ type: 'offer', peerId: 'p1', sessionId: SESSION, sdp: 'sdp' }]);
  t.same(technician.take(), [{ type: 'candidates', peerId: 'p2', candidates: ['candidate:1'] }]);
  media.answer('p1', 'answer');
  t.same(plane.take(), ['answer p1 answer']);
});

t.test('a peer belongs to one party only', async (t) => {
  const { media } = prewarmed();
  t.ok(media.owns('p1', 'customer'));
  t.notOk(media.owns('p1', 'technician'));
  t.notOk(media.owns('p9', 'customer'));
});

t.test('the session is ready when both are connected, and no longer when one is lost', async (t) => {
  const { plane, media, told, customer, technician } = mediaScene();
  media.join('customer', customer, []);
  media.join('technician', technician, []);
  media.settle(machine('waiting'));
  t.notOk(media.ready);
  plane.listeners.get('p1')?.connected('p1');
  t.notOk(media.ready, 'one is not enough');
  plane.listeners.get('p2')?.connected('p2');
  t.ok(media.ready);
  plane.close('p2', 'failed');
  t.notOk(media.ready);
  t.same(told, ['customer connected', 'technician connected', 'technician failed']);
  t.same(technician.take(), [{ type: 'peerClosed', peerId: 'p2' }]);
  t.same(customer.take(), [], 'the other side keeps its connection');
});

t.test('packets may pass exactly while the session counts as active', async (t) => {
  const { plane, media } = prewarmed();
  const steps: [SessionMachine, string[]][] = [
    [machine('waiting'), []],
    [machine('active'), ['gate open of 1001']],
    [machine('active'), []],
    [machine('reconnecting', 'active'), []],
    [machine('offline', 'active'), []],
    [machine('active'), []],
    [machine('onHold'), ['gate closed of 1001']],
    [machine('reconnecting', 'onHold'), []],
    [machine('active'), ['gate open of 1001']],
    [machine('transferring', 'active'), []],
    [machine('transferring', 'onHold'), ['gate closed of 1001']],
  ];
  for (const [state, expected] of steps) {
    media.settle(state);
    t.same(plane.take(), expected, `${state.state} ${state.before ?? ''}`);
  }
});

t.test('the way is open before anybody can be offered a connection into an active session', async (t) => {
  const { plane, media, customer, technician } = mediaScene();
  media.join('customer', customer, []);
  media.join('technician', technician, []);
  media.settle(machine('active'));
  t.equal(plane.take()[0], 'gate open of 1001');
});

t.test('a page that is back keeps the peer that it holds, and is told of it', async (t) => {
  const { plane, media, customer } = prewarmed();
  const again = new Page();
  media.join('customer', again, ['p0', 'p1']);
  media.settle(machine('waiting'));
  t.same(plane.take(), []);
  t.ok(media.ready);
  plane.close('p1', 'failed');
  t.same(again.take(), [{ type: 'peerClosed', peerId: 'p1' }]);
  t.same(customer.take(), [], 'the page before hears nothing');
});

t.test('a page that is back without its peer gets a new one, and the old one is closed', async (t) => {
  const { plane, media } = prewarmed();
  const again = new Page();
  media.join('customer', again, ['p2']);
  t.notOk(media.ready);
  media.settle(machine('waiting'));
  t.same(plane.take(), ['closePeer p1', 'createPeer customer VP8 p3 of 1001']);
  plane.listeners.get('p3')?.offer('p3', 'sdp');
  t.match(again.take(), [{ type: 'offer', peerId: 'p3' }]);
});

t.test('what the plane still says of a peer that was replaced goes to nobody', async (t) => {
  const { plane, media, told, customer } = prewarmed();
  const late = plane.listeners.get('p1');
  const again = new Page();
  media.join('customer', again, []);
  media.settle(machine('waiting'));
  late?.offer('p1', 'sdp');
  late?.candidates('p1', []);
  late?.connected('p1');
  late?.closed('p1', 'failed');
  t.same([...customer.take(), ...again.take(), ...told], []);
  t.notOk(media.ready);
});

t.test('a plane that is full is asked again a second later, or when it has room', async (t) => {
  const { plane, media, clock, customer, technician } = mediaScene();
  plane.full = true;
  media.join('customer', customer, []);
  media.join('technician', technician, []);
  media.settle(machine('waiting'));
  media.settle(machine('waiting'));
  t.same(plane.take(), ['createPeer customer refused', 'createPeer technician refused']);
  clock.advance(1_000);
  t.same(plane.take(), ['createPeer customer refused', 'createPeer technician refused']);
  plane.full = false;
  media.retryNow();
  t.same(plane.take(), ['createPeer customer VP8 p1 of 1001', 'createPeer technician VP8 p2 of 1001']);
});

t.test('at the end everything is closed, once, and nothing happens afterwards', async (t) => {
  for (const state of SESSION_STATES.filter(isEnded)) {
    const { plane, media, told, clock, customer, technician } = prewarmed();
    const late = plane.listeners.get('p1');
    media.settle(machine(state));
    t.same(plane.take(), ['closeSession 1001'], state);
    late?.connected('p1');
    late?.closed('p1', 'failed');
    media.join('customer', new Page(), []);
    media.join('technician', technician, ['p2']);
    media.peerFailed('p2', 'technician');
    clock.advance(10_000);
    media.settle(machine(state));
    media.settle(machine('active'));
    t.same(plane.take(), [], 'nothing is asked any more');
    t.same([...customer.take(), ...technician.take(), ...told], [], 'and nobody is told anything');
    t.notOk(media.ready);
  }
});

t.test('the codec is the first of the customer that the technician can show', async (t) => {
  const cases: [VideoCodec[], VideoCodec[], VideoCodec][] = [
    [['H264', 'VP8'], ['VP8', 'H264'], 'H264'],
    [['VP8', 'H264'], ['H264'], 'H264'],
    [['H264'], ['VP8'], 'VP8'],
    [[], [], 'VP8'],
  ];
  for (const [sends, shows, expected] of cases) {
    t.equal(chooseVideoCodec(sends, shows), expected, `${sends} → ${shows}`);
  }
});

t.test('the codec of a session stays when another browser comes back', async (t) => {
  const { plane, media, technician } = mediaScene();
  media.join('customer', new Page(['H264', 'VP8']), []);
  media.join('technician', technician, []);
  media.settle(machine('waiting'));
  plane.take();
  media.join('technician', new Page(['VP8']), []);
  media.settle(machine('waiting'));
  t.same(plane.take(), ['closePeer p2', 'createPeer technician H264 p3 of 1001'], 'both ends keep one codec');
});

t.test('whatever happens: at most two peers per party, and the gate is what the state says', async (t) => {
  const party = fc.constantFrom<Party>('customer', 'technician');
  const step = fc.oneof(
    fc.record({ do: fc.constant('join' as const), party, held: fc.boolean() }),
    fc.record({ do: fc.constant('lose' as const), party }),
    fc.record({ do: fc.constant('giveUp' as const), party }),
    fc.record({ do: fc.constant('stall' as const), party }),
    fc.record({ do: fc.constant('connect' as const), party }),
    fc.record({ do: fc.constant('flow' as const), party, flowing: fc.boolean() }),
    fc.record({ do: fc.constant('leave' as const), party }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(2_000) }),
    fc.record({ do: fc.constant('full' as const), full: fc.boolean() }),
    fc.record({
      do: fc.constant('settle' as const),
      state: fc.constantFrom(...SESSION_STATES),
      before: fc.constantFrom('waiting' as const, 'active' as const, 'onHold' as const),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { plane, media, clock, customer, technician } = mediaScene();
      const pages = { customer, technician };
      let ended = false;
      const peerOf = (wanted: Party) =>
        [...plane.listeners.keys()].filter((peerId) => plane.partyOf.get(peerId) === wanted);
      for (const one of steps) {
        if (one.do === 'join') {
          const page = new Page();
          media.join(one.party, page, one.held ? peerOf(one.party) : []);
          pages[one.party] = page;
        } else if (one.do === 'leave') {
          media.leave(one.party, pages[one.party]);
        } else if ('party' in one) {
          const peerId = peerOf(one.party).at(-1) ?? 'none';
          if (one.do === 'lose') {
            plane.close(peerId, 'failed');
          } else if (one.do === 'giveUp') {
            media.peerFailed(peerId, one.party);
          } else if (one.do === 'stall') {
            media.peerStalled(peerId, one.party);
          } else if (one.do === 'connect') {
            plane.listeners.get(peerId)?.connected(peerId);
          } else {
            plane.listeners.get(peerId)?.media(peerId, one.flowing);
          }
        } else if (one.do === 'wait') {
          clock.advance(one.ms);
        } else if (one.do === 'full') {
          plane.full = one.full;
        } else {
          const interrupted = one.state === 'reconnecting' || one.state === 'offline';
          const now = machine(one.state, interrupted || one.state === 'transferring' ? one.before : null);
          media.settle(now);
          ended ||= isEnded(one.state);
          const gates = plane.calls.filter((call) => call.startsWith('gate'));
          const open = gates.at(-1) === 'gate open of 1001';
          if (!ended && open !== (settledState(now) === 'active')) {
            return false;
          }
        }
        const counts = [peerOf('customer').length, peerOf('technician').length];
        if (counts.some((count) => count > (ended ? 0 : 2))) {
          return false;
        }
      }
      const end = plane.calls.indexOf('closeSession 1001');
      return end < 0 || end === plane.calls.length - 1;
    }),
    { seed: 2, numRuns: 1_000 },
  );
  t.pass('in 1 000 random histories');
});
