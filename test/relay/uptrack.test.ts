/**
 * One browser's media as the relay takes it in: uptracks with their accounting, keyframe requests and feedback.
 * Real: parsing, TWCC and RTCP writing. Faked: the connection (packets are handed in, what is sent is kept) and time.
 */
import t from 'tap';
import { i24 } from '../../codec/bytes.ts';
import * as rtcp from '../../codec/rtcp.ts';
import * as rtp from '../../codec/rtp.ts';
import { readTwccFeedback, twccBaseSequence } from '../../codec/twcc.ts';
import { PeerFeedback } from '../../relay/feedback.ts';
import { AUDIO_FORMAT, videoFormat } from '../../relay/negotiation.ts';
import type { Downstream, RtpPacket } from '../../relay/packet.ts';
import { Uptrack } from '../../relay/uptrack.ts';
import { Uptracks } from '../../relay/uptracks.ts';
import { NO_PACKETS } from '../../relay/worker-protocol.ts';
import { paddingPacket, syntheticPacket, writeVp8Payload } from '../support/media-packets.ts';

const RELAY_SSRC = 9;
const VIDEO_SSRC = 200;
const AUDIO_SSRC = 100;
const FRAME = { pictureId: 1, start: true, keyframe: false };

/** Keeps what arrives at a downstream, copied because the packet is the uptrack's. */
class Sink implements Downstream {
  readonly rewrites: boolean;
  readonly retentionMs = 0;
  readonly forwarded: (RtpPacket & { ssrc: number })[] = [];
  readonly skipped: number[] = [];

  constructor(rewrites = true) {
    this.rewrites = rewrites;
  }

  forward(packet: RtpPacket): void {
    this.forwarded.push({ ...packet, ssrc: rtp.ssrc(packet.bytes) });
    if (this.rewrites) {
      rtp.setSsrc(packet.bytes, 77);
    }
  }

  skip(packet: RtpPacket): void {
    this.skipped.push(packet.sequence);
  }
}

function peer() {
  const counters = { ...NO_PACKETS };
  const sent: Buffer[] = [];
  const feedback = new PeerFeedback(
    RELAY_SSRC,
    (packet) => {
      sent.push(Buffer.from(packet));
      return true;
    },
    counters,
  );
  const audio = new Uptrack(AUDIO_FORMAT, feedback, counters);
  const video = new Uptrack(videoFormat('VP8'), feedback, counters);
  const uptracks = new Uptracks([audio, video], feedback, counters);
  audio.open = true;
  video.open = true;
  const sink = new Sink();
  video.subscribe(sink);
  const picture = (sequence: number, now = 0, options: { keyframe?: boolean; ssrc?: number } = {}) => {
    const packet = syntheticPacket(200, 96, options.ssrc ?? VIDEO_SSRC, { sequence, timestamp: sequence });
    writeVp8Payload(packet, { ...FRAME, keyframe: options.keyframe === true });
    uptracks.receive(packet, now);
  };
  const kinds = () => sent.map((packet) => rtcp.rtcpKind(packet, 0, rtcp.nextRtcp(packet, 0)));
  return { counters, sent, feedback, audio, video, uptracks, sink, picture, kinds };
}

t.test('a packet reaches every downstream of its track and no other', async (t) => {
  const { audio, uptracks, sink, picture } = peer();
  const voice = new Sink();
  const second = new Sink();
  audio.subscribe(voice);
  picture(65_535);
  picture(0);
  uptracks.receive(syntheticPacket(80, 111, AUDIO_SSRC, { sequence: 4 }), 0);
  t.same(
    sink.forwarded.map((packet) => packet.sequence),
    [131_071, 131_072],
    'unwrapped',
  );
  t.equal(voice.forwarded.length, 1);
  t.equal(second.forwarded.length, 0);
});

t.test('who only reads is served before those who rewrite', async (t) => {
  const { video, sink, picture } = peer();
  const reader = new Sink(false);
  video.subscribe(reader);
  picture(1);
  t.equal(reader.forwarded[0]?.ssrc, VIDEO_SSRC, 'the bytes as they came');
  t.equal(sink.forwarded.length, 1);
});

t.test('who has unsubscribed gets nothing, who subscribed twice gets it once', async (t) => {
  const { video, sink, picture } = peer();
  video.subscribe(sink);
  picture(1);
  video.unsubscribe(sink);
  picture(2);
  t.equal(sink.forwarded.length, 1);
});

t.test('behind a closed gate packets are accounted and go no further', async (t) => {
  const { video, counters, sink, picture, sent, uptracks, feedback } = peer();
  video.open = false;
  picture(1);
  picture(2);
  t.equal(sink.forwarded.length, 0);
  t.equal(counters.droppedGate, 2);
  t.equal(video.stats.packets, 2);
  feedback.tick(5_000, uptracks.all);
  t.ok(sent.length > 0, 'the sender still gets its feedback');
});

t.test('padding is skipped, retransmissions that nobody asked for are dropped', async (t) => {
  const { counters, sink, uptracks, picture } = peer();
  picture(1, 0, { keyframe: true });
  uptracks.receive(paddingPacket(96, VIDEO_SSRC, 2), 0);
  uptracks.receive(syntheticPacket(200, 97, 201, { sequence: 900 }), 0);
  t.same(sink.skipped, [65_538]);
  t.equal(sink.forwarded.length, 1);
  t.equal(counters.droppedUnasked, 2);
});

t.test('what is not RTP and what belongs to no track is counted and dropped', async (t) => {
  const { counters, sink, uptracks } = peer();
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(11, 0x80),
    Buffer.from('x'.repeat(40)),
    Buffer.alloc(40),
  ]) {
    uptracks.receive(bytes, 0);
  }
  const lies = syntheticPacket(60, 96, VIDEO_SSRC);
  lies.writeUInt16BE(500, 14);
  uptracks.receive(lies, 0);
  t.equal(counters.droppedMalformed, 5);
  uptracks.receive(syntheticPacket(60, 100, VIDEO_SSRC), 0);
  t.equal(counters.droppedUnknownSource, 1);
  t.equal(sink.forwarded.length, 0);
});

t.test('the source', async (t) => {
  t.test('that the answer declared is the only one while it sends', async (t) => {
    const { video, counters, sink, picture } = peer();
    video.declare(VIDEO_SSRC);
    picture(1, 0);
    picture(500, 10, { ssrc: 999 });
    t.equal(sink.forwarded.length, 1);
    t.equal(counters.droppedUnknownSource, 1);
  });

  t.test('is learned when none was declared', async (t) => {
    const { video, picture } = peer();
    picture(1, 0, { ssrc: 555 });
    t.equal(video.ssrc, 555);
  });

  t.test('gives way to another when it has gone silent, and downstreams can tell', async (t) => {
    const { video, sink, picture } = peer();
    picture(40_000, 0);
    picture(5, 1_200, { ssrc: 555 });
    t.equal(video.ssrc, 555);
    const [first, second] = sink.forwarded;
    t.not(first?.generation, second?.generation);
  });

  t.test('that jumps is believed at the second packet, as another stretch', async (t) => {
    const { sink, picture } = peer();
    picture(10);
    picture(20_000);
    t.equal(sink.forwarded.length, 1);
    picture(20_001);
    picture(20_002);
    t.equal(sink.forwarded.length, 3);
    t.not(sink.forwarded[0]?.generation, sink.forwarded[1]?.generation);
    t.equal(sink.forwarded[1]?.generation, sink.forwarded[2]?.generation);
  });

  t.test('that throws one wild number in is not thrown off', async (t) => {
    const { sink, picture } = peer();
    picture(10);
    picture(40_000);
    picture(11);
    t.same(
      sink.forwarded.map((packet) => packet.sequence - 65_536),
      [10, 11],
    );
    t.equal(sink.forwarded[0]?.generation, sink.forwarded[1]?.generation);
  });
});

t.test('a keyframe request', async (t) => {
  t.test('goes to the publisher at once, a second one when the throttle allows', async (t) => {
    const { video, sent, kinds, picture } = peer();
    video.declare(VIDEO_SSRC);
    video.requestKeyframe(1_000);
    video.requestKeyframe(1_100);
    video.tick(1_400);
    t.same(kinds(), [rtcp.PLI]);
    t.equal(rtcp.mediaSsrc(sent[0] ?? Buffer.alloc(0), 0), VIDEO_SSRC);
    t.equal(rtcp.senderSsrc(sent[0] ?? Buffer.alloc(0), 0), RELAY_SSRC);
    video.tick(1_500);
    t.same(kinds(), [rtcp.PLI, rtcp.PLI]);
    video.tick(2_000);
    t.equal(sent.length, 3, 'and until one comes, because requests get lost');
    picture(1, 2_100, { keyframe: true });
    video.tick(9_000);
    t.equal(sent.length, 3);
  });

  t.test('is satisfied by a keyframe that comes before it went out', async (t) => {
    const { video, sent, picture } = peer();
    video.declare(VIDEO_SSRC);
    video.requestKeyframe(1_000);
    video.requestKeyframe(1_100);
    picture(1, 1_200, { keyframe: true });
    video.tick(1_600);
    t.equal(sent.length, 1);
    t.equal(video.stats.keyframes, 1);
  });

  t.test('behind a closed gate is forgotten, and does not hold up the one after opening', async (t) => {
    const { video, sent } = peer();
    video.declare(VIDEO_SSRC);
    video.open = false;
    video.requestKeyframe(1_000);
    video.tick(2_000);
    t.equal(sent.length, 0);
    video.open = true;
    video.requestKeyframe(2_010);
    t.equal(sent.length, 1);
  });

  t.test('waits for a source to ask', async (t) => {
    const { video, picture, kinds } = peer();
    video.requestKeyframe(0);
    t.same(kinds(), []);
    picture(1, 10);
    video.tick(25);
    t.equal(kinds().filter((kind) => kind === rtcp.PLI).length, 1);
  });
});

t.test('the sender learns when its packets arrived', async (t) => {
  const { uptracks, feedback, sent } = peer();
  for (const [index, transportSequence] of [65_534, 65_535, 1].entries()) {
    const packet = syntheticPacket(80, 111, AUDIO_SSRC, { sequence: index, transportSequence });
    uptracks.receive(packet, 1_000 + index * 20);
  }
  feedback.tick(1_100, uptracks.all);
  const packet = sent.find((each) => rtcp.rtcpKind(each, 0, each.length) === rtcp.TWCC) ?? Buffer.alloc(0);
  const ticks = new Float64Array(16);
  t.equal(readTwccFeedback(packet, 0, packet.length, ticks), 4);
  t.equal(twccBaseSequence(packet, 0), 65_534);
  t.equal((ticks[1] ?? 0) - (ticks[0] ?? 0), 80, '20 ms in ticks of 250 µs');
  t.equal(ticks[2], -1, 'the lost one');
  const before = sent.length;
  feedback.tick(1_250, uptracks.all);
  t.equal(sent.length, before, 'nothing new, nothing said');
});

t.test('the reception report tells loss, jitter and the echo of the sender report', async (t) => {
  const { uptracks, audio, feedback, sent } = peer();
  for (const sequence of [65_534, 65_535, 0, 3]) {
    uptracks.receive(syntheticPacket(80, 111, AUDIO_SSRC, { sequence, timestamp: 0 }), 2_000);
  }
  audio.receiveSenderReport(AUDIO_SSRC, {
    ntpSeconds: 0xabcd_1234,
    ntpFraction: 0x5678_0000,
    rtpTimestamp: 1,
    arrivedAt: 2_000,
  });
  audio.receiveSenderReport(4711, { ntpSeconds: 1, ntpFraction: 1, rtpTimestamp: 1, arrivedAt: 2_400 });
  feedback.tick(2_500, uptracks.all);
  const report =
    sent.find((each) => rtcp.rtcpKind(each, 0, each.length) === rtcp.RECEIVER_REPORT) ?? Buffer.alloc(0);
  const block = rtcp.findReportBlock(report, 0, AUDIO_SSRC);
  t.ok(block > 0);
  t.equal(rtcp.blockCumulativeLost(report, block), 2);
  t.equal(i24(report, block + 5), 2);
  t.equal(rtcp.blockFractionLost(report, block), Math.floor((2 * 256) / 6));
  t.equal(rtcp.blockHighestSequence(report, block) & 0xffff, 3);
  t.equal(rtcp.blockLastSr(report, block), 0x1234_5678);
  t.equal(rtcp.blockDelaySinceLastSr(report, block), 32_768, 'half a second');
  t.equal(audio.stats.lost, 2);
  feedback.tick(3_600, uptracks.all);
  const next = sent.at(-1) ?? Buffer.alloc(0);
  t.equal(rtcp.blockFractionLost(next, rtcp.findReportBlock(next, 0, AUDIO_SSRC)), 0, 'a new interval');
});

t.test('jitter is the smoothed change of the way of packets', async (t) => {
  const { uptracks, audio } = peer();
  for (let n = 0; n < 200; n++) {
    // Every second packet of a 20 ms stream comes 4 ms late.
    const packet = syntheticPacket(80, 111, AUDIO_SSRC, { sequence: n, timestamp: n * 960 });
    uptracks.receive(packet, n * 20 + (n % 2) * 4);
  }
  t.ok(Math.abs(audio.stats.jitterMs - 4) < 0.1, `${audio.stats.jitterMs} ms`);
});
