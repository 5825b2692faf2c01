/**
 * Who may send how much in one session, and who judges that. Real: offers, uptracks, downtracks, reports, estimates. Faked:
 * the connections, which here are arrays of what was sent, and time.
 */
import t from 'tap';
import { ntpMiddle32 } from '../../codec/ntp.ts';
import * as rtcp from '../../codec/rtcp.ts';
import { addReportBlock, writeReceiverReport, writeRemb, writeSenderReport } from '../../codec/rtcp-write.ts';
import { mediaSession, sourceOf } from '../support/media-session-scene.ts';

t.test(
  'a phone that the relay judges is told a bitrate, and no report from which it could judge itself',
  async (t) => {
    const { media, join } = mediaSession();
    const customer = join('c', 'customer', { audio: 1, video: 2 }, 'VP8', 'receiveSide');
    customer.pipe.connect();
    media.setGate(true, 1_000);
    for (let n = 0; n < 4_000; n++) {
      if (n % 4 !== 0) {
        customer.sends('video', n, n === 1);
      }
      if (n % 50 === 0) {
        media.tick(1_000 + n);
      }
    }
    const told = customer.pipe.rtcp(rtcp.REMB);
    t.ok(told.length >= 3, 'again and again, because some get lost');
    t.ok(rtcp.rembBitrate(told.at(-1) ?? Buffer.alloc(0), 0) >= 1_000_000);
    t.same(customer.pipe.rtcp(rtcp.TWCC), []);
    const blocks = customer.pipe
      .rtcp(rtcp.RECEIVER_REPORT)
      .map((report) => ({ report, block: rtcp.findReportBlock(report, 0, 2) }))
      .filter(({ block }) => block >= 0);
    t.ok(blocks.length >= 3);
    t.equal(new Set(blocks.map(({ report, block }) => rtcp.blockHighestSequence(report, block))).size, 1);
    const last = blocks.at(-1);
    t.ok(
      last && Math.abs(rtcp.blockFractionLost(last.report, last.block) / 256 - 0.25) < 0.02,
      'the loss is there',
    );
  },
);

t.test('a phone that loses a quarter on the way is said to need that, once', async (t) => {
  for (const kind of ['video', 'audio'] as const) {
    t.test(
      kind === 'video'
        ? 'with a picture'
        : 'and with a voice alone, when there is no room left for a picture',
      async (t) => {
        const { media, both, lossy } = mediaSession();
        const { customer } = both();
        media.setGate(true, 1_000);
        for (let n = 0; n < 8_000; n++) {
          if (n % 4 !== 0) {
            customer.sends(kind, n, n === 1);
          }
          if (n % 50 === 0) {
            media.tick(1_000 + n);
          }
        }
        t.same(lossy, ['c']);
      },
    );
  }
});

t.test(
  "a viewer whose estimate falls to what is sent while packets queue caps the phone's bitrate",
  async (t) => {
    const { media, both } = mediaSession();
    const { customer, technician } = both();
    media.setGate(true, 1_000);
    const source = sourceOf(technician.offer, 'video');
    const remb = (bps: number, now: number) => {
      const packet = Buffer.alloc(64);
      technician.pipe.receiver.rtcp(packet.subarray(0, writeRemb(packet, 0, 1, bps, [source])), now);
    };
    for (let n = 0; n < 2_000; n++) {
      customer.sends('video', n, n === 0);
      if (n % 50 === 0) {
        media.tick(1_000 + n);
      }
    }
    let reports = 0;
    /** A sender report goes all the way to the viewer, who answers so much later. */
    const roundTrip = (now: number, roundTripMs: number) => {
      const packet = Buffer.alloc(64);
      reports++;
      const sent = writeSenderReport(packet, 0, 2, 3_000_000_000, reports << 16, 4_200, 1, 100);
      customer.pipe.receiver.rtcp(packet.subarray(0, sent), now);
      media.tick(now);
      const end = addReportBlock(
        packet,
        0,
        writeReceiverReport(packet, 0, 1),
        source,
        ...([0, 0, 1, 0, ntpMiddle32(3_000_000_000, reports << 16), 0] as const),
      );
      technician.pipe.receiver.rtcp(packet.subarray(0, end), now + roundTripMs);
    };
    // 120 bytes each millisecond are 960 kbit/s.
    roundTrip(3_000, 40);
    remb(1_200_000, 3_050);
    remb(800_000, 3_100);
    media.tick(3_100);
    t.equal(customer.pipe.rtcp(rtcp.REMB).length, 0, 'no limit while nothing queues');
    for (const now of [3_200, 3_400, 3_600]) {
      roundTrip(now, 140);
    }
    media.tick(3_800);
    const [told = Buffer.alloc(0)] = customer.pipe.rtcp(rtcp.REMB);
    t.equal(rtcp.rembBitrate(told, 0), 800_000);
  },
);
