/**
 * Sessions with experts and observers: who gets what from whom, and which connections there are for it. Real: offers, answers,
 * uptracks, downtracks, the front's side of the media. Faked: connections, pages, plane and clock.
 */
import { createHash } from 'node:crypto';
import t from 'tap';
import * as rtp from '../../codec/rtp.ts';
import { machine, Page, prewarmed } from '../support/media-scene.ts';
import { type FakePipe, mediaSession, types } from '../support/media-session-scene.ts';

/** Of each voice line of an offer, in their order. */
function voiceSources(offer: string): number[] {
  return offer
    .split(/^m=/m)
    .filter((section) => section.startsWith('audio'))
    .map((section) => Number(/a=ssrc:(\d+)/.exec(section)?.[1]));
}

/** How often each line of an offer brought something. */
function heardOn(pipe: FakePipe, offer: string): number[] {
  return voiceSources(offer).map((ssrc) => pipe.rtp().filter((packet) => rtp.ssrc(packet) === ssrc).length);
}

function fourParties() {
  const scene = mediaSession();
  const { join, media } = scene;
  const lines = (party: string, voices: number) => ['VP8', 'sendSide', { party, voices }] as const;
  const customer = join('c', 'customer', { audio: 1, video: 2 }, ...lines('customer', 2));
  const technician = join('t', 'technician', { audio: 3 }, ...lines('technician', 2));
  const expert = join('e', 'expert', { audio: 4 }, ...lines('guest1', 2));
  const observer = join('o', 'observer', { audio: 5 }, ...lines('guest2', 3));
  media.setGate(true, 1_000);
  return { ...scene, customer, technician, expert, observer };
}

t.test('everybody hears everybody else on a line of their own, and sees the customer', async (t) => {
  const { customer, technician, expert, observer } = fourParties();
  customer.sends('audio', 1);
  customer.sends('video', 1, true);
  technician.sends('audio', 1);
  technician.sends('audio', 2);
  for (const sequence of [1, 2, 3]) {
    expert.sends('audio', sequence);
  }
  t.same(heardOn(customer.pipe, customer.offer), [2, 3], 'technician, expert');
  t.same(heardOn(technician.pipe, technician.offer), [1, 3], 'customer, expert');
  t.same(heardOn(expert.pipe, expert.offer), [1, 2], 'customer, technician');
  t.same(heardOn(observer.pipe, observer.offer), [1, 2, 3]);
  for (const viewer of [technician, expert, observer]) {
    t.equal(types(viewer.pipe).filter((type) => type === 96).length, 1, 'the picture');
  }
  t.notOk(types(customer.pipe).includes(96));
});

t.test('what an observer sends goes nowhere, whatever it says that it is', async (t) => {
  const { customer, technician, expert, observer, counters } = fourParties();
  observer.sends('audio', 1);
  observer.sends('video', 1, true);
  t.equal(counters.droppedUnknownSource, 2);
  t.same(
    [customer, technician, expert].flatMap(({ pipe }) => types(pipe)),
    [],
  );
  t.notMatch(observer.offer, /a=sendrecv|a=recvonly/, 'nor is it invited to');
});

t.test('who is muted is heard by nobody, and heard again afterwards', async (t) => {
  const { media, customer, technician, expert, observer } = fourParties();
  media.mute('guest1', true, 1_001);
  expert.sends('audio', 1);
  technician.sends('audio', 1);
  t.same(heardOn(customer.pipe, customer.offer), [1, 0]);
  t.same(heardOn(observer.pipe, observer.offer), [0, 1, 0], 'the others keep their lines');
  media.mute('guest1', false, 1_002);
  expert.sends('audio', 2);
  t.same(heardOn(customer.pipe, customer.offer), [1, 1]);
  const again = fourParties();
  again.media.mute('guest1', true, 1_001);
  const late = again.join('e2', 'expert', { audio: 6 }, 'VP8', 'sendSide', { party: 'guest1', voices: 2 });
  late.sends('audio', 1);
  t.same(heardOn(again.customer.pipe, again.customer.offer), [0, 0], 'also over a newer connection');
});

t.test('a voice that comes or goes changes nobody else’s line', async (t) => {
  const { media, customer, technician, expert, join } = fourParties();
  customer.sends('audio', 1);
  expert.sends('audio', 1);
  media.closePeer('c');
  expert.sends('audio', 2);
  t.same(heardOn(technician.pipe, technician.offer), [1, 2]);
  const back = join('c2', 'customer', { audio: 7, video: 8 }, 'VP8', 'sendSide', {
    party: 'customer',
    voices: 2,
  });
  back.sends('audio', 1);
  t.same(heardOn(technician.pipe, technician.offer), [2, 2]);
});

t.test('with one line only, customer and technician hear each other and not the guest', async (t) => {
  const { media, both, join } = mediaSession();
  const expert = join('e', 'expert', { audio: 4 }, 'VP8', 'sendSide', { party: 'guest1', voices: 2 });
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  expert.sends('audio', 1);
  customer.sends('audio', 1);
  technician.sends('audio', 1);
  t.same(heardOn(technician.pipe, technician.offer), [1]);
  t.same(heardOn(customer.pipe, customer.offer), [1]);
});

t.test('a closed gate holds for guests, too', async (t) => {
  const { media, customer, expert, observer } = fourParties();
  media.setGate(false, 1_001);
  customer.sends('audio', 1);
  customer.sends('video', 1, true);
  expert.sends('audio', 1);
  t.same(
    [expert, observer, customer].flatMap(({ pipe }) => types(pipe)),
    [],
  );
});

t.test('without guests the offers are what they were', async (t) => {
  const { both } = mediaSession();
  const { customer, technician } = both();
  const plain = ({ offer }: { offer: string }) =>
    createHash('sha256')
      .update(offer.replace(/\d{5,}/g, 'N'))
      .digest('hex')
      .slice(0, 12);
  t.same(
    [customer, technician].map(({ offer }) => (offer.match(/^m=/gm) ?? []).length),
    [2, 2],
  );
  t.same([plain(customer), plain(technician)], ['87316b98bf0a', '3862a95e3529'], 'but for random numbers');
});

t.test(
  'an expert who comes brings the others a connection with a line more; who goes, nothing',
  async (t) => {
    const { plane, media } = prewarmed();
    media.settle(machine('active'));
    plane.take();
    const page = new Page();
    media.joinGuest({ id: 4, role: 'expert' }, page, []);
    t.same(plane.take().sort(), [
      'createPeer customer VP8 2 voices p3 of 1001',
      'createPeer guest4 VP8 2 voices p5 of 1001',
      'createPeer technician VP8 2 voices p4 of 1001',
    ]);
    t.ok(media.ownsGuest('p5', 4));
    t.notOk(media.ownsGuest('p3', 4), 'nobody else’s');
    media.muteGuest(4, true);
    t.same(plane.take(), ['mute guest4 of 1001']);
    plane.close('p5', 'workerLost');
    t.ok(
      plane.take().includes('createPeer guest4 VP8 2 voices muted p6 of 1001'),
      'also on the next worker, from the beginning',
    );
    media.joinGuest({ id: 5, role: 'observer' }, new Page(), []);
    t.same(
      plane.take().filter((call) => call.startsWith('createPeer')),
      ['createPeer guest5 VP8 3 voices p7 of 1001'],
      'an observer says nothing that needs a line',
    );
    media.removeGuest(4);
    t.ok(plane.take().includes('closePeer p6'));
    t.match(page.heard.at(-1), { type: 'peerClosed', peerId: 'p6' });
    t.notOk(media.ownsGuest('p6', 4));
  },
);
