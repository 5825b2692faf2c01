/**
 * One viewer's picture and voice as the relay sends them. Real: uptracks, rewriting, RTCP. Faked: both connections
 * (packets are handed in, what is sent is kept) and time.
 */
import t from 'tap';
import { ntpMiddle32 } from '../../codec/ntp.ts';
import * as rtcp from '../../codec/rtcp.ts';
import { addReportBlock, writeNack, writeReceiverReport } from '../../codec/rtcp-write.ts';
import * as rtp from '../../codec/rtp.ts';
import { Downtrack } from '../../relay/downtrack.ts';
import { PeerFeedback } from '../../relay/feedback.ts';
import { RoundTrip } from '../../relay/loss.ts';
import { AUDIO_FORMAT, videoFormat } from '../../relay/negotiation.ts';
import { Uptrack } from '../../relay/uptrack.ts';
import { Uptracks } from '../../relay/uptracks.ts';
import { NO_PACKETS } from '../../relay/worker-protocol.ts';
import {
  ABSOLUTE_SEND_TIME_OFFSET,
  paddingPacket,
  syntheticPacket,
  writeVp8Payload,
} from '../support/media-packets.ts';

const VIEWER_SSRC = 0xfedc_ba98;
const VIEWER_RTX_SSRC = 0x0a0b_0c0d;
const VIEWER_AUDIO_SSRC = 0x0102_0304;

/** A publisher of one phone; `plis` are the keyframe requests that reached it. */
function publisher(ssrc: number) {
  const plis: number[] = [];
  const feedback = new PeerFeedback(
    9,
    (packet) => {
      plis.push(rtcp.mediaSsrc(packet, 0));
      return true;
    },
    { ...NO_PACKETS },
  );
  const audio = new Uptrack(AUDIO_FORMAT, feedback, { ...NO_PACKETS });
  const video = new Uptrack(videoFormat('VP8'), feedback, { ...NO_PACKETS });
  const uptracks = new Uptracks([audio, video], feedback, { ...NO_PACKETS });
  audio.open = true;
  video.open = true;
  const picture = (sequence: number, timestamp: number, now: number, keyframe = false) => {
    const packet = syntheticPacket(300, 96, ssrc, { sequence, timestamp, transportSequence: 40_000 });
    writeVp8Payload(packet, { pictureId: 1, start: true, keyframe });
    uptracks.receive(packet, now);
  };
  const voice = (sequence: number, timestamp: number, now: number) =>
    uptracks.receive(syntheticPacket(90, 111, ssrc + 1, { sequence, timestamp }), now);
  return { audio, video, uptracks, picture, voice, plis, ssrc };
}

function viewer() {
  const counters = { ...NO_PACKETS };
  const sent: Buffer[] = [];
  const socket = { takes: true };
  const send = (packet: Buffer) => {
    if (socket.takes) {
      sent.push(Buffer.from(packet));
    }
    return socket.takes;
  };
  const common = { initialSequence: 65_534, roundTrip: new RoundTrip(), send, wake: () => {}, counters };
  const video = new Downtrack({
    format: videoFormat('VP8'),
    ssrc: VIEWER_SSRC,
    rtxSsrc: VIEWER_RTX_SSRC,
    ...common,
  });
  const audio = new Downtrack({ format: AUDIO_FORMAT, ssrc: VIEWER_AUDIO_SSRC, ...common });
  const media = () => sent.filter((packet) => rtp.isRtp(packet));
  const numbers = () => media().map((packet) => rtp.sequenceNumber(packet));
  const timestamps = () => media().map((packet) => rtp.timestamp(packet));
  return { video, audio, sent, media, numbers, timestamps, counters, socket };
}

t.test('the picture begins with a keyframe, which is asked for', async (t) => {
  const phone = publisher(500);
  const { video, numbers, counters } = viewer();
  video.switchTo(phone.video, 0);
  phone.picture(1, 10, 0);
  phone.picture(2, 20, 33);
  t.same(numbers(), []);
  t.equal(counters.droppedAwaitingKeyframe, 2);
  t.same(phone.plis, [500]);
  phone.picture(3, 30, 66, true);
  phone.picture(4, 40, 99);
  t.same(numbers(), [65_534, 65_535]);
});

t.test('the voice begins with its first packet', async (t) => {
  const phone = publisher(500);
  const { audio, numbers } = viewer();
  audio.switchTo(phone.audio, 0);
  phone.voice(77, 960, 0);
  t.same(numbers(), [65_534]);
});

t.test("what goes out carries this viewer's sources and the relay's clock", async (t) => {
  const phone = publisher(500);
  const { video, audio, media } = viewer();
  video.switchTo(phone.video, 0);
  audio.switchTo(phone.audio, 0);
  phone.picture(1, 10, 64_000, true);
  phone.voice(1, 10, 64_000.5);
  phone.picture(2, 10, 1_000);
  t.same(
    media().map((packet) => rtp.ssrc(packet)),
    [VIEWER_SSRC, VIEWER_AUDIO_SSRC, VIEWER_SSRC],
  );
  t.same(
    media().map((packet) => packet.readUIntBE(ABSOLUTE_SEND_TIME_OFFSET, 3)),
    [0, 131, 2 ** 18],
    'seconds in 6 and 18 bits, so the 64th is 0 again',
  );
  t.same(
    media().map((packet) => rtp.validateRtp(packet)),
    [24, 24, 24],
    'still well-formed',
  );
});

t.test('two viewers of one phone do not see each other', async (t) => {
  const phone = publisher(500);
  const [one, two] = [viewer(), viewer()];
  one.video.switchTo(phone.video, 0);
  two.video.switchTo(phone.video, 0);
  phone.picture(1, 10, 0, true);
  two.video.pause();
  phone.picture(2, 20, 33);
  phone.picture(3, 30, 66, true);
  t.same(one.numbers(), [65_534, 65_535, 0]);
  t.same(two.numbers(), [65_534, 65_535]);
  t.same(two.timestamps(), [10, 30]);
});

t.test('a real loss stays visible to the viewer, padding does not', async (t) => {
  const phone = publisher(500);
  const { video, numbers } = viewer();
  video.switchTo(phone.video, 0);
  phone.picture(1, 10, 0, true);
  phone.uptracks.receive(paddingPacket(96, 500, 2), 1);
  phone.picture(3, 20, 33);
  phone.picture(5, 30, 66);
  t.same(numbers(), [65_534, 65_535, 1]);
});

t.test('after a pause the picture goes on at a keyframe without a gap', async (t) => {
  const phone = publisher(500);
  const { video, numbers, timestamps } = viewer();
  video.switchTo(phone.video, 0);
  phone.picture(1, 9_000, 0, true);
  video.pause();
  phone.video.open = false;
  phone.picture(2, 12_000, 33);
  phone.video.open = true;
  phone.picture(3, 99_000, 1_000);
  phone.picture(4, 102_000, 1_033, true);
  t.same(numbers(), [65_534, 65_535]);
  t.same(timestamps(), [9_000, 102_000]);
});

t.test("a reconnected phone goes on where the old one's picture stopped", async (t) => {
  const [before, after] = [publisher(500), publisher(600)];
  const { video, numbers, timestamps, media } = viewer();
  video.switchTo(before.video, 0);
  before.picture(65_535, 1_000, 0, true);
  video.switchTo(after.video, 0);
  before.picture(0, 2_000, 10);
  after.picture(30_000, 5, 400);
  t.same(numbers(), [65_534], 'neither the old phone nor half a picture');
  t.same(after.plis, [600]);
  after.picture(30_001, 3_005, 500, true);
  after.picture(30_002, 6_005, 533);
  t.same(numbers(), [65_534, 65_535, 0]);
  t.same(timestamps(), [1_000, 1_000 + 45_000, 1_000 + 48_000]);
  t.ok(media().every((packet) => rtp.ssrc(packet) === VIEWER_SSRC));
});

t.test('packets that the socket would not take count as not sent and leave a gap', async (t) => {
  const phone = publisher(500);
  const { video, numbers, socket, counters } = viewer();
  video.switchTo(phone.video, 0);
  phone.picture(1, 10, 0, true);
  socket.takes = false;
  phone.picture(2, 20, 33);
  socket.takes = true;
  phone.picture(3, 30, 66);
  t.same(numbers(), [65_534, 0]);
  t.equal(video.stats.packets, 2);
  t.equal(counters.forwarded, 2);
});

t.test("the publisher's sender report goes on in the viewer's numbers", async (t) => {
  const [before, after] = [publisher(500), publisher(600)];
  const { video, sent } = viewer();
  const reports = () =>
    sent.filter((packet) => rtcp.rtcpKind(packet, 0, packet.length) === rtcp.SENDER_REPORT);
  video.switchTo(before.video, 0);
  before.picture(1, 1_000, 0, true);
  video.switchTo(after.video, 0);
  after.picture(1, 500_000, 100, true);
  video.tick(110);
  t.equal(reports().length, 0, 'nothing known yet');
  after.video.receiveSenderReport(600, {
    ntpSeconds: 3_000_000_000,
    ntpFraction: 0x8000_0000,
    rtpTimestamp: 500_900,
    arrivedAt: 120,
  });
  video.tick(125);
  video.tick(150);
  t.equal(reports().length, 1, 'once');
  const report = reports()[0] ?? Buffer.alloc(0);
  t.equal(rtcp.senderSsrc(report, 0), VIEWER_SSRC);
  t.equal(rtcp.srNtpSeconds(report, 0), 3_000_000_000);
  t.equal(rtcp.srRtpTimestamp(report, 0), 1_000 + 9_000 + 900, '100 ms and 10 ms behind the first picture');
  t.equal(rtcp.srPacketCount(report, 0), 2);
  t.equal(rtcp.srOctetCount(report, 0), 2 * 276);
});

t.test("the viewer's feedback", async (t) => {
  t.test('asking for keyframes becomes one request to the publisher', async (t) => {
    const phone = publisher(500);
    const { video } = viewer();
    video.switchTo(phone.video, 0);
    phone.picture(1, 10, 0, true);
    for (const now of [100, 150, 200]) {
      video.receiveKeyframeRequest(now);
    }
    t.same(phone.plis, [500]);
    t.equal(video.stats.plis, 3);
  });

  t.test('tells loss and, by the echo of the sender report, the round trip', async (t) => {
    const phone = publisher(500);
    const { video } = viewer();
    video.switchTo(phone.video, 0);
    phone.picture(1, 10, 0, true);
    const report = { ntpSeconds: 1_000, ntpFraction: 0x8000_0000, rtpTimestamp: 10, arrivedAt: 5 };
    phone.video.receiveSenderReport(500, report);
    video.tick(1_000);
    const packet = Buffer.alloc(64);
    const block = (lastSr: number) => {
      const end = writeReceiverReport(packet, 0, 1);
      addReportBlock(packet, 0, end, VIEWER_SSRC, 64, 3, 1, 0, lastSr, 65_536 / 2);
      video.receiveReport(packet, rtcp.findReportBlock(packet, 0, VIEWER_SSRC), 1_580);
    };
    block(4711);
    t.equal(video.stats.roundTripMs, undefined, 'an echo of something else');
    block(ntpMiddle32(report.ntpSeconds, report.ntpFraction));
    t.equal(video.stats.roundTripMs, 80);
    t.equal(video.stats.fractionLost, 0.25);
  });

  t.test('about missing packets is counted', async (t) => {
    const { video } = viewer();
    const packet = Buffer.alloc(64);
    video.receiveNack(packet, 0, writeNack(packet, 0, 1, VIEWER_SSRC, [5, 6, 90]), 0);
    t.match(video.stats, { nackedPackets: 3, retransmitted: 0 });
  });
});

t.test('what the viewer misses', async (t) => {
  const nack = (numbers: number[]) => {
    const packet = Buffer.alloc(64);
    return packet.subarray(0, writeNack(packet, 0, 1, VIEWER_SSRC, numbers));
  };

  t.test('of a picture comes again as a retransmission, once per round trip', async (t) => {
    const phone = publisher(500);
    const { video, media, counters } = viewer();
    video.onAnswer({ payloadTypes: [96, 97] });
    video.switchTo(phone.video, 0);
    for (let n = 0; n < 4; n++) {
      phone.picture(65_534 + n, 10 * n, 5_000 + n, n === 0);
    }
    const before = media().length;
    const original = media()[2] ?? Buffer.alloc(0);
    video.receiveNack(nack([65_536]), 0, 16, 5_100);
    video.receiveNack(nack([65_536]), 0, 16, 5_110);
    const [again = Buffer.alloc(0), ...more] = media().slice(before);
    t.equal(more.length, 0, 'not twice within the round trip');
    t.equal(rtp.payloadType(again), 97);
    t.equal(rtp.ssrc(again), VIEWER_RTX_SSRC);
    t.equal(rtp.originalSequenceNumber(again, rtp.validateRtp(again)), 0);
    const length = rtp.unwrapRtx(again, again.length, VIEWER_SSRC, 96);
    // The clock in the header is that of its own departure.
    t.same(again.subarray(24, length), original.subarray(24));
    t.same(again.subarray(0, 12), original.subarray(0, 12));
    t.equal(counters.retransmitted, 1);
    video.receiveNack(nack([65_536]), 0, 16, 5_300);
    t.equal(counters.retransmitted, 2, 'lost again');
  });

  t.test('of a voice comes again to the last bit', async (t) => {
    const phone = publisher(500);
    const { audio, media } = viewer();
    audio.onAnswer({ payloadTypes: [111] });
    audio.switchTo(phone.audio, 0);
    phone.voice(1, 960, 5_000);
    phone.voice(2, 1_920, 5_020);
    const packet = nack([65_534]);
    audio.receiveNack(packet, 0, packet.length, 5_100);
    t.equal(media().length, 3);
    t.same(media()[2], media()[0]);
  });

  t.test('is not sent without an agreement, behind a closed gate, or when it is gone', async (t) => {
    const phone = publisher(500);
    const { video, media, counters } = viewer();
    video.switchTo(phone.video, 0);
    phone.picture(1, 10, 5_000, true);
    video.receiveNack(nack([65_534]), 0, 16, 5_100);
    t.equal(media().length, 1, 'the viewer knows no retransmissions');
    video.onAnswer({ payloadTypes: [96, 97] });
    video.receiveNack(nack([65_534]), 0, 16, 9_000);
    t.equal(counters.cacheMisses, 1, 'too old');
    video.pause();
    video.receiveNack(nack([65_534]), 0, 16, 9_100);
    t.equal(media().length, 1);
  });
});
