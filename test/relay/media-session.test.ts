/**
 * Who gets what from whom in one session. Real: offers, answers, uptracks, downtracks. Faked: the connections, which
 * here are arrays of what was sent, and time where it is an argument.
 */
import t from 'tap';
import * as rtcp from '../../codec/rtcp.ts';
import {
  writeFir,
  writePli,
  writeReceiverReport,
  writeRemb,
  writeSenderReport,
} from '../../codec/rtcp-write.ts';
import * as rtp from '../../codec/rtp.ts';
import type { MediaSession } from '../../relay/media-session.ts';
import { syntheticPacket } from '../support/media-packets.ts';
import { answerTo, mediaSession, sourceOf, types } from '../support/media-session-scene.ts';

t.test('while the gate is closed nothing passes, in either direction', async (t) => {
  const { both, counters } = mediaSession();
  const { customer, technician } = both();
  customer.sends('audio', 1);
  customer.sends('video', 1, true);
  technician.sends('audio', 1);
  t.same([types(customer.pipe), types(technician.pipe)], [[], []]);
  t.equal(counters.droppedGate, 3);
});

t.test('through the open gate the voice goes both ways and the picture to the technician', async (t) => {
  const { media, both } = mediaSession();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  customer.sends('audio', 1);
  customer.sends('video', 1, true);
  technician.sends('audio', 1);
  t.same(types(technician.pipe), [111, 96]);
  t.same(types(customer.pipe), [111]);
  t.same(
    technician.pipe.rtp().map((packet) => rtp.ssrc(packet)),
    [sourceOf(technician.offer, 'audio'), sourceOf(technician.offer, 'video')],
    'as the offer declared',
  );
});

t.test('a technician who sends a picture sends it nowhere', async (t) => {
  const { media, both, counters } = mediaSession();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  technician.pipe.receiver.rtp(syntheticPacket(100, 96, 99, { sequence: 1 }), 1_001);
  t.same(types(customer.pipe), []);
  t.equal(counters.droppedUnknownSource, 1);
});

t.test('opening the gate asks for a keyframe before anything has come', async (t) => {
  const { media, both } = mediaSession();
  const { customer } = both();
  media.setGate(true, 1_000);
  const [pli] = customer.pipe.rtcp(rtcp.PLI);
  t.ok(pli !== undefined && rtcp.mediaSsrc(pli, 0) === 2, 'of the source that the answer declared');
});

t.test('closing the gate again stops at once, and opening it resumes without a gap', async (t) => {
  const { media, both } = mediaSession();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  customer.sends('video', 1, true);
  media.setGate(false, 1_010);
  customer.sends('video', 2);
  media.setGate(true, 2_000);
  customer.sends('video', 3);
  customer.sends('video', 4, true);
  const numbers = technician.pipe.rtp().map((packet) => rtp.sequenceNumber(packet));
  t.equal(numbers.length, 2);
  t.equal(numbers[1], ((numbers[0] ?? 0) + 1) & 0xffff);
});

t.test('the gate outlasts a session without peers', async (t) => {
  const { media, join } = mediaSession();
  media.setGate(true, 0);
  const customer = join('c', 'customer', { audio: 1, video: 2 });
  const technician = join('t', 'technician', { audio: 3 });
  customer.sends('audio', 1);
  t.same(types(technician.pipe), [111]);
});

t.test('a new connection of the phone takes over each kind when it delivers it', async (t) => {
  const { media, both, join } = mediaSession();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  customer.sends('audio', 1);
  customer.sends('video', 1, true);
  const again = join('c2', 'customer', { audio: 11, video: 12 });
  customer.sends('audio', 2);
  t.same(types(technician.pipe), [111, 96, 111], 'the old connection is heard until then');
  again.sends('audio', 700);
  customer.sends('audio', 3);
  customer.sends('video', 2);
  t.same(types(technician.pipe), [111, 96, 111, 111, 96], 'its picture still, its voice not any more');
  again.sends('video', 800);
  customer.sends('video', 3);
  t.equal(types(technician.pipe).length, 6, 'half a picture is nothing to begin with');
  again.sends('video', 801, true);
  customer.sends('video', 4);
  t.equal(types(technician.pipe).length, 7);
  for (const type of [111, 96]) {
    const numbers = technician.pipe
      .rtp()
      .filter((packet) => rtp.payloadType(packet) === type)
      .map((packet) => rtp.sequenceNumber(packet));
    t.ok(
      numbers.every((number, index) => index === 0 || number === (((numbers[index - 1] ?? 0) + 1) & 0xffff)),
      `${type} without a gap: ${numbers}`,
    );
  }
  media.closePeer('c2');
  customer.sends('audio', 4);
  t.equal(
    types(technician.pipe).filter((type) => type === 111).length,
    4,
    'the old one, when the new one goes',
  );
});

t.test("a viewer's new connection is served beside its old one", async (t) => {
  const { media, both, join } = mediaSession();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  const again = join('t2', 'technician', { audio: 33 });
  customer.sends('audio', 1);
  customer.sends('video', 1, true);
  t.same(
    [types(technician.pipe), types(again.pipe)],
    [
      [111, 96],
      [111, 96],
    ],
  );
  media.closePeer('t');
  customer.sends('audio', 2);
  t.same([types(technician.pipe).length, types(again.pipe).length], [2, 3]);
});

t.test('while video is shed the voice goes on, and the picture resumes at a keyframe', async (t) => {
  const { media, both, counters } = mediaSession();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  customer.sends('video', 1, true);
  media.setShedding(true, 1_010);
  customer.sends('video', 2);
  customer.sends('audio', 2);
  t.same(types(technician.pipe), [96, 111]);
  t.equal(counters.droppedShed, 1);
  const before = customer.pipe.rtcp(rtcp.PLI).length;
  media.setShedding(false, 5_000);
  t.equal(customer.pipe.rtcp(rtcp.PLI).length, before + 1, 'the keyframe is asked for at once');
  customer.sends('video', 3);
  customer.sends('video', 4, true);
  const numbers = technician.pipe
    .rtp()
    .filter((packet) => rtp.payloadType(packet) === 96)
    .map((packet) => rtp.sequenceNumber(packet));
  t.equal(numbers.length, 2);
  t.equal(numbers[1], ((numbers[0] ?? 0) + 1) & 0xffff);
});

t.test('a connection that owes packets and is silent', async (t) => {
  /** Ticks as the worker does. */
  const pass = (media: MediaSession, from: number, to: number) => {
    for (let now = from; now <= to; now += 50) {
      media.tick(now);
    }
  };

  t.test('is told once, and again when packets come', async (t) => {
    const { media, both, flows } = mediaSession();
    const { customer } = both();
    media.setGate(true, 0);
    media.expect('c', { audio: true, video: true });
    customer.sends('audio', 1);
    t.same(flows, ['c true']);
    pass(media, 1_050, 9_000);
    t.same(flows, ['c true', 'c false']);
    customer.pipe.receiver.rtcp(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]), 9_010);
    t.same(flows, ['c true', 'c false', 'c true'], 'RTCP is a sign of life too');
  });

  t.test('is not suspect while the gate is closed, or when nothing of it is expected', async (t) => {
    const { media, both, flows } = mediaSession();
    both();
    pass(media, 0, 4_000);
    media.setGate(true, 4_000);
    pass(media, 4_000, 8_000);
    t.same(flows, []);
    media.expect('c', { audio: false, video: true });
    pass(media, 8_000, 11_000);
    t.same(flows, ['c false']);
  });

  t.test('owes reports when it is sent a picture', async (t) => {
    const { media, both, flows } = mediaSession();
    const { customer, technician } = both();
    media.setGate(true, 0);
    technician.pipe.receiver.rtcp(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]), 900);
    for (let now = 1_000; now < 5_000; now += 50) {
      customer.sends('video', now - 1_000, now === 1_000);
      media.tick(now);
    }
    t.same(flows, ['t true', 'c true', 't false']);
  });
});

t.test('peers that agreed to another codec get no picture of this one', async (t) => {
  const { media, join } = mediaSession();
  const customer = join('c', 'customer', { audio: 1, video: 2 }, 'VP8');
  const technician = join('t', 'technician', { audio: 3 }, 'H264');
  media.setGate(true, 0);
  customer.sends('video', 1, true);
  customer.sends('audio', 1);
  t.same(types(technician.pipe), [111]);
});

t.test('the viewer asking for keyframes reaches the phone', async (t) => {
  const { media, both } = mediaSession();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  const source = sourceOf(technician.offer, 'video');
  const plis = () => customer.pipe.rtcp(rtcp.PLI).length;
  const before = plis();
  const packet = Buffer.alloc(64);
  technician.pipe.receiver.rtcp(packet.subarray(0, writePli(packet, 0, 1, source)), 2_000);
  t.equal(plis(), before + 1);
  technician.pipe.receiver.rtcp(packet.subarray(0, writeFir(packet, 0, 1, source, 1)), 3_000);
  t.equal(plis(), before + 2);
  technician.pipe.receiver.rtcp(packet.subarray(0, writePli(packet, 0, 1, 4711)), 4_000);
  t.equal(plis(), before + 2, 'about a source that is not theirs');
});

t.test('reports and feedback of one compound packet all count', async (t) => {
  const { media, both } = mediaSession();
  const { technician } = both();
  const source = sourceOf(technician.offer, 'video');
  const packet = Buffer.alloc(128);
  let end = writeReceiverReport(packet, 0, 1);
  end = writePli(packet, end, 1, source);
  end = writeRemb(packet, end, 1, 640_000, [source]);
  technician.pipe.receiver.rtcp(packet.subarray(0, end), 2_000);
  const viewer = media.stats.peers[1];
  t.match(
    viewer?.down.find((track) => track.kind === 'video'),
    { plis: 1 },
  );
  t.equal(viewer?.estimateBps, 640_000);
});

t.test('the sender report of the phone comes out in the numbers of the technician', async (t) => {
  const { media, both } = mediaSession();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  customer.sends('audio', 1);
  const packet = Buffer.alloc(28);
  writeSenderReport(packet, 0, 1, 3_000_000_000, 7, 4_200, 1, 100);
  customer.pipe.receiver.rtcp(packet, 1_100);
  media.tick(1_125);
  const [report = Buffer.alloc(0)] = technician.pipe.rtcp(rtcp.SENDER_REPORT);
  t.equal(rtcp.senderSsrc(report, 0), sourceOf(technician.offer, 'audio'));
  t.equal(rtcp.srNtpSeconds(report, 0), 3_000_000_000);
});

t.test('broken RTCP is counted and does no harm', async (t) => {
  const { both, counters } = mediaSession();
  const { technician } = both();
  const malformedSdes = Buffer.from([0x81, 202, 0, 2, 0, 0, 0, 1, 1, 255, 0, 0]);
  for (const bytes of [malformedSdes, Buffer.from([0x80, 201, 0xff, 0xff]), Buffer.from([0x81, 206, 0, 0])]) {
    technician.pipe.receiver.rtcp(bytes, 0);
  }
  t.equal(counters.droppedMalformed, 3);
});

t.test('an answer', async (t) => {
  const { media } = mediaSession();
  const offer = media.createPeer('c', 'customer', 'VP8') ?? '';
  t.match(media.answer('nobody', answerTo(offer, {})), { problem: /./ });
  t.match(media.answer('c', 'nonsense'), { problem: /./ });
  t.match(
    media.answer('c', answerTo(offer, {})),
    { candidates: [/^candidate:/] },
    'after a bad one a good one',
  );
});

t.test('the end of a connection', async (t) => {
  t.test('that is lost is told once', async (t) => {
    const { both, states, media } = mediaSession();
    const { customer } = both();
    customer.pipe.events.lost('failed');
    t.same(states, ['c connected', 't connected', 'c failed']);
    t.equal(media.stats.peers.length, 1);
    t.notOk(media.closePeer('c'), 'nothing left to close');
  });

  t.test('that was asked for is not told', async (t) => {
    const { both, states, media } = mediaSession();
    const { customer, technician } = both();
    media.close();
    t.same(states, ['c connected', 't connected']);
    t.same([customer.pipe.closed, technician.pipe.closed], [1, 1]);
  });
});

t.test('a browser that never answers does not keep its port', async (t) => {
  const { both, media, states } = mediaSession();
  both();
  media.createPeer('late', 'technician', 'VP8');
  media.tick(performance.now() + 29_000);
  t.equal(media.stats.peers.length, 3);
  media.tick(performance.now() + 31_000);
  t.equal(media.stats.peers.length, 2, 'the connected ones stay');
  t.equal(states.at(-1), 'late failed');
});

t.test('without a free port there is no offer and no peer', async (t) => {
  const { media, room } = mediaSession();
  room.free = false;
  t.equal(media.createPeer('c', 'customer', 'VP8'), undefined);
  t.equal(media.stats.peers.length, 0);
});
