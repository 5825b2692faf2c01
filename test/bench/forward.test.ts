/**
 * What `bench forward` counts and calculates. The load and the packets are real; publisher and network are arrays, and
 * the runs behind the figures are made up.
 */
import t from 'tap';
import { Session, Tally } from '../../bench/forward-load.ts';
import { figures, forwardPlot, type Run, ratios } from '../../bench/forward-report.ts';
import { plotSvg } from '../../bench/plot.ts';
import { writePli } from '../../codec/rtcp-write.ts';
import { validateRtp } from '../../codec/rtp.ts';
import * as vp8 from '../../codec/vp8.ts';

const PPS = 300;

function measuringSession(accepts: (count: number) => boolean = () => true) {
  const tally = new Tally();
  tally.measuring = true;
  const session = new Session(0, PPS, tally);
  const sent: Buffer[] = [];
  session.publisher = {
    send: (packet) => {
      const accepted = accepts(sent.length);
      sent.push(Buffer.from(packet));
      return accepted;
    },
  };
  return { tally, session, sent };
}

t.test('a second of load is what the options say', async (t) => {
  const { tally, session, sent } = measuringSession();
  session.send(1_000, 0);
  t.equal(tally.sent, 350);
  t.equal(sent.filter((packet) => packet.length > 1_000).length, PPS);
  for (const packet of sent) {
    session.receive(packet);
  }
  t.match(tally.summary, { sent: 350, received: 350, duplicates: 0 });
  t.equal(tally.latencies.length, 350);
});

t.test('a packet that arrives twice counts once', async (t) => {
  const { tally, session, sent } = measuringSession();
  session.send(100, 0);
  for (const packet of [...sent, ...sent]) {
    session.receive(packet);
  }
  t.equal(tally.received, tally.sent);
  t.equal(tally.duplicates, tally.sent);
});

t.test('what the own socket refuses is neither sent nor lost', async (t) => {
  const { tally, session, sent } = measuringSession((count) => count % 2 === 0);
  session.send(100, 0);
  t.equal(tally.sent, Math.ceil(sent.length / 2));
});

t.test('packets outside the measured time count for nothing', async (t) => {
  const { tally, session, sent } = measuringSession();
  tally.measuring = false;
  session.send(100, 0);
  tally.measuring = true;
  for (const packet of sent) {
    session.receive(packet);
  }
  t.match(tally.summary, { sent: 0, received: 0 });
});

t.test('the mark is found behind whatever header a server writes', async (t) => {
  const { tally, session, sent } = measuringSession();
  session.send(100, 0);
  for (const packet of sent) {
    const payload = validateRtp(packet);
    const plain = Buffer.concat([packet.subarray(0, 12), packet.subarray(payload)]);
    plain[0] = 0x80;
    session.receive(plain);
  }
  t.equal(tally.received, tally.sent);
});

t.test('a picture loss makes the next frame a keyframe', async (t) => {
  const { session, sent } = measuringSession();
  session.send(1_000, 0);
  const keyframes = () =>
    sent.filter(
      (packet) => packet.length > 1_000 && vp8.isKeyframe(packet, validateRtp(packet), packet.length),
    ).length;
  const before = keyframes();
  const pli = Buffer.alloc(12);
  writePli(pli, 0, 1, session.video);
  session.feedback(pli);
  session.send(1_100, 0);
  t.equal(keyframes(), before + 1);
});

function run(subject: string, round: number, cpuUs: number, delayMs: number): Run {
  const latencies = Array.from({ length: 100 }, () => delayMs);
  return {
    ...{ subject, round, sessions: 10, ms: 1_000, sent: 100, received: 100, duplicates: 0, latencies },
    process: { cpuUs, idleUsPerS: 1_000, rssBytes: 2 ** 20, rssPerSessionBytes: 1_024 },
    ...{ setupMs: [1], report: {} },
  };
}

t.test('figures are medians over the rounds, idling subtracted', async (t) => {
  const runs = [run('relay', 0, 3_000, 1), run('relay', 1, 5_000, 3), run('relay', 2, 90_000, 50)];
  t.match(figures(runs), {
    cpu_us_per_packet: 40,
    cpu_us_per_packet_raw: 50,
    kb_per_session: 1,
    loss_percent: 0,
    p99_ms: 3,
  });
});

t.test('a ratio compares runs of one round, so that a slow minute hits both', async (t) => {
  const ours = [run('relay', 0, 2_000, 1), run('relay', 1, 11_000, 10), run('relay', 2, 2_000, 1)];
  const theirs = [run('janus', 0, 3_000, 2), run('janus', 1, 21_000, 20), run('janus', 2, 3_000, 2)];
  t.match(ratios(ours, theirs), { cpu: [0.5, 0.5, 0.5], p99: [0.5, 0.5, 0.5] });
});

t.test('the plot has a line for each subject', async (t) => {
  const svg = plotSvg(forwardPlot([run('relay', 0, 2_000, 1), run('janus', 0, 3_000, 2)]));
  t.match(svg, />relay</);
  t.match(svg, />janus</);
  t.notMatch(svg, /NaN|undefined/);
});
