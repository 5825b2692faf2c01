/** How long picture and voice wait before they are shown. Pure: nothing real; the edge gets a report as a browser gives it. */
import t from 'tap';
import {
  ConnectionPlayout,
  createPlayout,
  type Playout,
  type PlayoutSample,
  stepPlayout,
  targetMs,
} from '../../relay/client/playout.ts';

const GOOD: PlayoutSample = { packets: 110, missed: 0, freezes: 0, heardS: 1, concealedS: 0 };
const LOSSY: PlayoutSample = { ...GOOD, missed: 4 };
const FROZEN: PlayoutSample = { ...GOOD, freezes: 1 };

/** Steps once a second and returns the targets. */
function steps(
  from: { playout: Playout; now: number },
  sample: PlayoutSample,
  seconds: number,
): (number | null)[] {
  return Array.from({ length: seconds }, () => {
    from.now += 1_000;
    from.playout = stepPlayout(from.playout, sample, from.now);
    return targetMs(from.playout);
  });
}

const start = () => ({ playout: createPlayout(0), now: 0 });

t.test('on a good path the browser chooses', async (t) => {
  t.same(new Set(steps(start(), GOOD, 300)), new Set([null]));
});

t.test('where packets are sent again, pictures wait for them, from the second second on', async (t) => {
  const state = start();
  t.same(steps(state, LOSSY, 2).at(-1), 200);
  t.same(new Set(steps(state, LOSSY, 60)), new Set([200]), 'and no longer than that without harm');
});

t.test('one freeze is chance, two are not, and more of them ask for more', async (t) => {
  const state = start();
  steps(state, FROZEN, 1);
  t.same(new Set(steps(state, GOOD, 10)), new Set([null]));
  t.equal(steps(state, FROZEN, 2).at(-1), 200);
  t.ok(steps(state, FROZEN, 10).includes(250));
  t.equal(steps(state, FROZEN, 60).at(-1), 400, 'there is no more');
  t.equal(steps(state, LOSSY, 90).at(-1), 200, 'and less once only packets are lost');
});

t.test('where much is lost, pictures wait longer without a freeze to tell it', async (t) => {
  const state = start();
  t.same(steps(state, { ...LOSSY, missed: 12 }, 2).at(-1), 250);
  t.same(new Set(steps(state, { ...LOSSY, missed: 12 }, 60)), new Set([250]));
});

t.test('a voice with gaps counts as well; a silent microphone has none', async (t) => {
  t.equal(steps(start(), { ...GOOD, missed: 1, concealedS: 0.03 }, 4).at(-1), 200);
  t.equal(steps(start(), { ...GOOD, concealedS: 0.03 }, 30).at(-1), null, 'switched off');
});

t.test('calm for 20 s: back; wrong again soon after: the next time later', async (t) => {
  const state = start();
  steps(state, LOSSY, 10);
  const calm = steps(state, GOOD, 30);
  const back = calm.indexOf(null);
  t.ok(back >= 19 && back < 32, `${back}`);
  steps(state, LOSSY, 3);
  t.equal(targetMs(state.playout), 200);
  const later = steps(state, GOOD, 70).indexOf(null);
  t.ok(later >= 39, `${later}`);
});

t.test('nothing heard and nothing received is no trouble', async (t) => {
  const nothing = { packets: 0, missed: 0, freezes: 0, heardS: 0, concealedS: 0 };
  t.same(new Set(steps(start(), nothing, 60)), new Set([null]));
});

t.test('reads a report, once a second, and sets every receiver that can', async (t) => {
  const playout = new ConnectionPlayout();
  const able = { jitterBufferTarget: null as number | null };
  const unable = {};
  const pc = { getReceivers: () => [able, unable] } as unknown as RTCPeerConnection;
  for (let second = 0; second <= 3; second++) {
    const video = {
      id: 'v',
      type: 'inbound-rtp',
      kind: 'video',
      packetsReceived: second * 100,
      packetsLost: second * 4,
      retransmittedPacketsReceived: second * 4,
    };
    const report = new Map<string, object>([
      ['v', video],
      ['o', { id: 'o', type: 'outbound-rtp', packetsSent: 1 }],
    ]);
    playout.look(report as unknown as RTCStatsReport, pc, second * 1_000);
    playout.look(new Map() as unknown as RTCStatsReport, pc, second * 1_000 + 250);
  }
  t.equal(able.jitterBufferTarget, 200);
  t.notOk('jitterBufferTarget' in unable);
});
