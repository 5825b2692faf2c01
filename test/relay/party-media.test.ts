/**
 * How the connection of a party is replaced. Real: PartyMedia within SessionMedia. Faked: the media plane, which writes
 * down what it is asked and does nothing; the pages; the clock.
 */
import t from 'tap';
import { machine, Page, prewarmed } from '../support/media-scene.ts';

t.test('a connection that failed is replaced at once', async (t) => {
  for (const reason of ['failed', 'badSdp', 'workerLost'] as const) {
    const { plane, media, told } = prewarmed();
    media.settle(machine('active'));
    plane.take();
    plane.close('p1', reason);
    t.same(told, [`customer ${reason}`]);
    t.same(plane.take(), ['createPeer customer VP8 p3 of 1001'], 'without a word from outside');
  }
});

t.test('a path that stays broken costs less and less', async (t) => {
  const { plane, clock } = prewarmed();
  const pauses: number[] = [];
  for (const peerId of ['p1', 'p3', 'p4', 'p5', 'p6', 'p7']) {
    const from = clock.time;
    plane.take();
    plane.close(peerId, 'failed');
    while (plane.take().length === 0) {
      clock.advance(100);
    }
    pauses.push(clock.time - from);
  }
  t.same(
    pauses,
    [0, 300, 1_000, 2_000, 5_000, 5_000].map((ms) => Math.max(ms, 0)),
  );
});

t.test('a connection that the page gave up is closed, confirmed and replaced', async (t) => {
  const { plane, media, told, customer } = prewarmed();
  media.peerFailed('p1', 'technician');
  media.peerFailed('p9', 'customer');
  t.same(plane.take(), [], 'only by the party that has it');
  media.peerFailed('p1', 'customer');
  t.same(plane.take(), ['closePeer p1', 'createPeer customer VP8 p3 of 1001']);
  t.same(customer.take(), [{ type: 'peerClosed', peerId: 'p1' }]);
  t.same(told, ['customer failed']);
  media.peerFailed('p1', 'customer');
  t.same(plane.take(), [], 'once');
});

t.test(
  'a page that is away is offered nothing; when it is back it gets its connection at once',
  async (t) => {
    const { plane, media, clock, customer } = prewarmed();
    media.leave('customer', customer);
    t.ok(media.ready, 'media may outlive the socket');
    plane.close('p1', 'failed');
    clock.advance(60_000);
    t.same(plane.take(), [], 'nobody could answer');
    t.same(customer.take(), []);
    media.join('customer', new Page(), ['p1']);
    media.settle(machine('active'));
    t.same(plane.take(), ['gate open of 1001', 'createPeer customer VP8 p3 of 1001']);
  },
);

t.test('an older socket that closes late takes nothing from the page that is back', async (t) => {
  const { plane, media, customer } = prewarmed();
  const again = new Page();
  media.join('customer', again, ['p1']);
  media.leave('customer', customer);
  plane.close('p1', 'failed');
  t.match(plane.take(), ['createPeer customer VP8 p3 of 1001']);
});

// ---------------------------------------------------------------- make before break

/** An active session in which the customer owes voice and picture and the technician voice, and both deliver. */
function running() {
  const all = prewarmed();
  all.media.settle(machine('active'));
  all.media.expect('customer', { audio: true, video: true });
  all.media.expect('technician', { audio: true, video: false });
  for (const peerId of ['p1', 'p2']) {
    all.plane.listeners.get(peerId)?.media(peerId, true);
  }
  all.plane.take();
  return all;
}

t.test('a page that hears nothing any more gets a newer connection beside the old one', async (t) => {
  const { plane, media, customer } = running();
  media.peerStalled('p1', 'technician');
  media.peerStalled('p9', 'customer');
  t.same(plane.take(), [], 'only of a connection of its own');
  media.peerStalled('p1', 'customer');
  t.same(
    plane.take(),
    ['createPeer customer VP8 p3 of 1001', 'expect p3 audio video'],
    'and the old one stays',
  );
  t.ok(media.owns('p1', 'customer') && media.owns('p3', 'customer'));
  media.peerStalled('p1', 'customer');
  media.peerStalled('p3', 'customer');
  t.same(plane.take(), [], 'two are enough');
  plane.listeners.get('p3')?.connected('p3');
  t.same(plane.take(), [], 'that it is up is not yet a reason to close the old one');
  plane.listeners.get('p3')?.media('p3', true);
  t.same(plane.take(), ['closePeer p1']);
  t.match(customer.take(), [{ type: 'peerClosed', peerId: 'p1' }]);
});

t.test('a peer whose media stopped is replaced in the same way', async (t) => {
  const { plane } = running();
  plane.listeners.get('p1')?.media('p1', false);
  t.same(plane.take(), ['createPeer customer VP8 p3 of 1001', 'expect p3 audio video']);
});

t.test('a path that ruins the estimate of the browser gets a connection that the relay judges', async (t) => {
  const { plane, media, clock } = running();
  plane.listeners.get('p1')?.lossy('p1');
  t.same(plane.take(), ['createPeer customer VP8 receiveSide p3 of 1001', 'expect p3 audio video']);
  plane.listeners.get('p3')?.connected('p3');
  plane.listeners.get('p3')?.media('p3', true);
  plane.take();
  media.peerStalled('p3', 'customer');
  t.match(plane.take()[0], /receiveSide p4/, 'and so do the next ones of this page');
  media.join('customer', new Page(), []);
  media.settle(machine('active'));
  clock.advance(5_000);
  t.match(
    plane.take().find((call) => call.startsWith('createPeer')),
    /^createPeer customer VP8 p\d/,
    'a page that was loaded anew judges itself again',
  );
});

t.test('that wish outlasts a socket that breaks before the other connection is up', async (t) => {
  const { plane, media, clock } = running();
  plane.listeners.get('p1')?.connected('p1');
  plane.listeners.get('p1')?.lossy('p1');
  plane.take();
  media.join('customer', new Page(), ['p1', 'p3']);
  t.same(plane.take(), ['closePeer p3'], 'words about it may have been lost');
  media.settle(machine('active'));
  clock.advance(5_000);
  t.match(plane.take().join(), /createPeer customer VP8 receiveSide p4/);
});

t.test('a newer connection that has nothing to send takes over three seconds after it is up', async (t) => {
  const { plane, media, clock } = running();
  media.expect('technician', { audio: false, video: false });
  media.peerStalled('p2', 'technician');
  plane.listeners.get('p3')?.connected('p3');
  plane.take();
  clock.advance(2_999);
  t.same(plane.take(), []);
  clock.advance(1);
  t.same(plane.take(), ['closePeer p2']);
});

t.test('one that owes media and brings none never takes over from one that does', async (t) => {
  const { plane, media, clock, customer } = running();
  media.peerStalled('p1', 'customer');
  plane.listeners.get('p3')?.connected('p3');
  plane.take();
  clock.advance(2_500);
  plane.listeners.get('p3')?.media('p3', false);
  t.same(plane.take(), ['closePeer p3']);
  t.match(customer.take().at(-1), { type: 'peerClosed', peerId: 'p3' });
  clock.advance(300);
  t.same(plane.take(), ['createPeer customer VP8 p4 of 1001', 'expect p4 audio video'], 'another is tried');
  plane.close('p1', 'failed');
  plane.listeners.get('p4')?.connected('p4');
  t.ok(media.owns('p4', 'customer'));
});

t.test('a newer connection that fails leaves the old one, and another is tried', async (t) => {
  const { plane, media, clock, customer } = running();
  media.peerStalled('p1', 'customer');
  plane.take();
  plane.close('p3', 'failed');
  t.match(customer.take(), [{ type: 'peerClosed', peerId: 'p3' }]);
  t.same(plane.take(), []);
  clock.advance(300);
  t.same(plane.take(), ['createPeer customer VP8 p4 of 1001', 'expect p4 audio video']);
});

t.test('an old connection that fails while the newer one is coming is simply gone', async (t) => {
  const { plane, media, clock } = running();
  media.peerStalled('p1', 'customer');
  plane.take();
  plane.close('p1', 'failed');
  clock.advance(10_000);
  t.same(plane.take(), []);
  t.ok(media.owns('p3', 'customer'));
});

t.test('a page that is back with one of its two connections keeps that one', async (t) => {
  const { plane, media } = running();
  media.peerStalled('p1', 'customer');
  plane.listeners.get('p3')?.connected('p3');
  plane.take();
  media.join('customer', new Page(), ['p3']);
  media.settle(machine('active'));
  t.same(plane.take(), ['closePeer p1']);
});

t.test('a connection that was not up yet when the socket went is made anew', async (t) => {
  const { plane, media } = running();
  media.peerStalled('p1', 'customer');
  plane.take();
  const again = new Page();
  media.join('customer', again, ['p1', 'p3']);
  media.settle(machine('active'));
  t.same(plane.take(), ['closePeer p3'], 'the answer or the candidates may have been lost with the socket');
  t.same(again.take(), [{ type: 'peerClosed', peerId: 'p3' }]);
  media.peerStalled('p1', 'customer');
  t.match(plane.take(), ['createPeer customer VP8 p4 of 1001']);
});

t.test('a page that complains without end gets one connection per second in the long run', async (t) => {
  const { plane, media, clock } = running();
  let made = 0;
  for (let i = 0; i < 600; i++) {
    clock.advance(100);
    const [newest = ''] = [...plane.listeners.keys()]
      .filter((id) => plane.partyOf.get(id) === 'customer')
      .reverse();
    plane.listeners.get(newest)?.connected(newest);
    plane.listeners.get(newest)?.media(newest, true);
    media.peerStalled(newest, 'customer');
    made += plane.take().filter((call) => call.startsWith('createPeer customer')).length;
    media.peerFailed(newest, 'customer');
    made += plane.take().filter((call) => call.startsWith('createPeer customer')).length;
  }
  t.ok(made <= 63, `${made} in a minute`);
  t.ok(made >= 50, 'and an honest one is served');
});

// ---------------------------------------------------------------- what is due

t.test('the plane is told what is due, again for each new peer, and only what changed', async (t) => {
  const { plane, media } = prewarmed();
  media.expect('customer', { audio: true, video: true });
  media.expect('customer', { audio: true, video: true });
  t.same(plane.take(), ['expect p1 audio video']);
  media.expect('customer', { audio: true, video: false });
  t.same(plane.take(), ['expect p1 audio']);
  plane.close('p1', 'workerLost');
  t.same(plane.take(), ['createPeer customer VP8 p3 of 1001', 'expect p3 audio']);
  media.join('customer', new Page(), []);
  media.settle(machine('waiting'));
  t.same(
    plane.take(),
    ['closePeer p3', 'createPeer customer VP8 p4 of 1001'],
    'a reloaded page owes nothing yet',
  );
});

t.test('five seconds without what is due make a party lost; one packet brings it back', async (t) => {
  const { plane, clock, told } = running();
  plane.listeners.get('p1')?.media('p1', false);
  plane.listeners.get('p3')?.connected('p3');
  clock.advance(2_499);
  t.same(told, ['customer connected']);
  clock.advance(1);
  t.same(told, ['customer connected', 'customer silent'], 'the watchdog had waited for half of it');
  plane.listeners.get('p3')?.media('p3', true);
  t.same(told, ['customer connected', 'customer silent', 'customer heard']);
});

t.test('no word of silence while a newer connection brings the media in time', async (t) => {
  const { plane, clock, told } = running();
  plane.close('p1', 'workerLost');
  clock.advance(1_000);
  plane.listeners.get('p3')?.connected('p3');
  plane.listeners.get('p3')?.media('p3', true);
  clock.advance(60_000);
  t.notMatch(told.join(), 'silent');
});

t.test('nobody misses what is not due', async (t) => {
  for (const undo of ['devices', 'hold'] as const) {
    const { plane, media, clock, told } = running();
    plane.listeners.get('p1')?.media('p1', false);
    clock.advance(10_000);
    t.match(told, ['customer silent']);
    if (undo === 'devices') {
      media.expect('customer', { audio: false, video: false });
      media.settle(machine('active'));
    } else {
      media.settle(machine('onHold'));
    }
    t.equal(told.at(-1), 'customer heard', undo);
  }
});
