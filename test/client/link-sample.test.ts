/** What the ladder reads out of `getStats`. Real: the reading. Faked: the reports, written as Chromium's. */
import t from 'tap';
import { type LinkCounters, sampleLink } from '../../relay/client/link-sample.ts';

function report(...entries: (Record<string, unknown> & { id: string })[]): RTCStatsReport {
  return new Map(entries.map((entry) => [entry.id, entry])) as unknown as RTCStatsReport;
}

function outbound(kind: 'audio' | 'video', timestamp: number, bytesSent: number, more: object = {}) {
  const ssrc = kind === 'audio' ? 1 : 2;
  return {
    id: `out-${kind}`,
    type: 'outbound-rtp',
    kind,
    ssrc,
    timestamp,
    bytesSent,
    headerBytesSent: 0,
    ...more,
  };
}

const PAIR = {
  id: 'pair',
  type: 'candidate-pair',
  nominated: true,
  state: 'succeeded',
  availableOutgoingBitrate: 900_000,
  currentRoundTripTime: 0.08,
};

const heard = (timestamp: number, fractionLost: number) => ({
  id: 'remote',
  type: 'remote-inbound-rtp',
  timestamp,
  fractionLost,
});

t.test('two reports give the figures of the time between', async (t) => {
  const first = sampleLink(
    report(outbound('audio', 1_000, 4_000), outbound('video', 1_000, 50_000), PAIR),
    undefined,
  );
  t.equal(first.sample, undefined, 'one alone has no rate');
  const { sample } = sampleLink(
    report(
      outbound('audio', 2_000, 8_000, { headerBytesSent: 1_000 }),
      outbound('video', 2_000, 150_000, { qualityLimitationReason: 'cpu' }),
      heard(1_900, 0.25),
      PAIR,
      { ...PAIR, id: 'other', nominated: false, availableOutgoingBitrate: 1 },
    ),
    first.counters,
  );
  t.same(sample, {
    availableBps: 900_000,
    sentBps: 840_000,
    loss: 0.25,
    roundTripMs: 80,
    limitation: 'cpu',
  });
});

t.test('an old word about loss does not count again', async (t) => {
  let counters: LinkCounters | undefined;
  const loss = (at: number, heardAt: number) => {
    const result = sampleLink(report(outbound('audio', at, at), heard(heardAt, 0.5)), counters);
    counters = result.counters;
    return result.sample?.loss;
  };
  loss(1_000, 900);
  t.equal(loss(2_000, 1_900), 0.5);
  t.equal(loss(3_000, 1_900), 0);
  t.equal(loss(4_000, 3_900), 0.5);
});

t.test('a relay that says nothing of what is sent is told from one that is sent nothing', async (t) => {
  let counters: LinkCounters | undefined;
  const unheard = (at: number, bytes: number, heardAt: number) => {
    const result = sampleLink(report(outbound('audio', at, bytes), heard(heardAt, 0)), counters);
    counters = result.counters;
    return result.unheard;
  };
  t.equal(unheard(1_000, 1_000, 900), false, 'nothing to compare with');
  t.equal(unheard(2_000, 2_000, 1_900), false);
  t.equal(unheard(3_000, 3_000, 1_900), true);
  t.equal(unheard(4_000, 3_000, 1_900), false, 'a muted microphone');
});

t.test('counters of another connection are not compared with', async (t) => {
  const first = sampleLink(report(outbound('audio', 1_000, 4_000)), undefined);
  const second = sampleLink(report({ ...outbound('audio', 2_000, 10), ssrc: 9 }), first.counters);
  t.equal(second.sample, undefined);
  t.type(sampleLink(report({ ...outbound('audio', 3_000, 20), ssrc: 9 }), second.counters).sample, 'object');
});

t.test('browsers that say little give a sample with little in it', async (t) => {
  const first = sampleLink(
    report({ id: 'a', type: 'outbound-rtp', kind: 'audio', ssrc: 1, timestamp: 1_000 }),
    undefined,
  );
  const { sample } = sampleLink(
    report({ id: 'a', type: 'outbound-rtp', kind: 'audio', ssrc: 1, timestamp: 2_000 }),
    first.counters,
  );
  t.same(sample, {
    availableBps: undefined,
    sentBps: 0,
    loss: 0,
    roundTripMs: undefined,
    limitation: undefined,
  });
  t.equal(sampleLink(report(), undefined).sample, undefined);
  t.equal(sampleLink(report(), sampleLink(report(), undefined).counters).sample, undefined);
});
