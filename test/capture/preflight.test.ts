/**
 * What the phone finds out while its customer waits, in virtual time. Real: order, patience and judgement. Faked: clock, camera,
 * microphone, and a way up that takes as long as the bytes need.
 */
import t from 'tap';
import {
  estimateUplink,
  judgeUplink,
  mediaPathOf,
  type PreflightHost,
  PreflightRun,
} from '../../capture/preflight.ts';
import { PREFLIGHT_CHECKS, worstLight } from '../../relay/client/preflight-lights.ts';
import type { DeviceState, Preflight } from '../../relay/protocol.ts';

class World {
  now = 0;
  roundTripMs = 40;
  kbps = 5_000;
  devices: DeviceState = { microphone: 'on', camera: 'on' };
  heard: boolean | undefined = true;
  framesFrom = 100;
  readonly camera = {} as MediaStreamTrack;
  path: { at: number; way: 'udp' | 'turn' } | undefined = { at: 300, way: 'udp' };
  offeredAt: number | undefined = 20;
  connected = true;
  refuseProbes = false;
  readonly told: { at: number; preflight: Preflight }[] = [];
  readonly probes: { at: number; length: number; tookMs: number }[] = [];
  readonly run: PreflightRun;
  #timers: { at: number; run: () => void }[] = [];

  constructor() {
    const host: PreflightHost = {
      devices: () => this.devices,
      camera: () => this.camera,
      heard: () => this.heard,
      mediaPath: async () => (this.path && this.now >= this.path.at ? this.path.way : undefined),
      offeredAt: () => this.offeredAt,
      ping: () => this.#answered(0),
      probe: async (padding) => {
        if (this.refuseProbes) {
          throw new Error('wrongState');
        }
        const at = this.now;
        await this.#answered(padding.length);
        this.probes.push({ at, length: padding.length, tookMs: this.now - at });
      },
      found: () => undefined,
      done: (preflight) => this.told.push({ at: this.now, preflight }),
    };
    this.run = new PreflightRun(host, {
      now: () => this.now,
      later: (run, delayMs) => this.#later(run, delayMs),
      countFrames: () => {
        const world = this;
        return {
          get frames() {
            return Math.max(0, world.now - world.framesFrom);
          },
          close: () => undefined,
        };
      },
      padding: (length) => 'x'.repeat(length),
    });
  }

  #later(run: () => void, delayMs: number): () => void {
    const timer = { at: this.now + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  #answered(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.connected) {
        reject(new Error('notConnected'));
      } else {
        this.#later(resolve, this.roundTripMs + (bytes * 8) / this.kbps);
      }
    });
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      // What has just been answered goes on before the next timer.
      for (let i = 0; i < 10; i++) {
        await Promise.resolve();
      }
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) {
        this.now = end;
        return;
      }
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
  }
}

t.test('where all is well everything is green well within five seconds, and is told once', async (t) => {
  const world = new World();
  world.run.run();
  world.run.run();
  await world.pass(20_000);
  t.equal(world.told.length, 1);
  t.ok((world.told[0]?.at ?? Infinity) < 2_000, `after ${world.told[0]?.at} ms`);
  t.match(world.told[0]?.preflight, {
    ...{ camera: 'works', microphone: 'works', relay: 'works', media: 'udp', uplink: 'good' },
    roundTripMs: 40,
  });
  t.equal(worstLight(world.run.findings), 'green');
});

t.test(
  'the way up is estimated to within a tenth, and never filled for much longer than a second',
  async (t) => {
    for (const [kbps, uplink] of [
      [30, 'poor'],
      [150, 'poor'],
      [300, 'narrow'],
      [900, 'narrow'],
      [1_500, 'good'],
      [8_000, 'good'],
    ] as const) {
      const world = new World();
      world.kbps = kbps;
      world.run.run();
      await world.pass(20_000);
      const preflight = world.told.at(-1)?.preflight;
      t.equal(preflight?.uplink, uplink, `${kbps} kbit/s`);
      t.ok(Math.abs((preflight?.uplinkKbps ?? 0) / kbps - 1) < 0.1, `${kbps} as ${preflight?.uplinkKbps}`);
      const longest = Math.max(...world.probes.map(({ tookMs }) => tookMs));
      t.ok(longest < 1_200, `${kbps} kbit/s: ${Math.round(longest)} ms`);
      t.ok(
        world.probes.every(
          ({ at }, i) => at >= (world.probes[i - 1]?.at ?? 0) + (world.probes[i - 1]?.tookMs ?? 0),
        ),
      );
    }
  },
);

t.test('each thing that is not well has its own finding', async (t) => {
  const cases: [Partial<World>, Partial<Preflight>][] = [
    [{ devices: { microphone: 'none', camera: 'none' } }, { camera: 'missing', microphone: 'missing' }],
    [
      { devices: { microphone: 'muted', camera: 'paused', pausedBy: 'person' } },
      { camera: 'paused', microphone: 'muted' },
    ],
    [
      { devices: { microphone: 'muted', camera: 'on', pausedBy: 'interrupted' } },
      { camera: 'works', microphone: 'silent' },
    ],
    [{ framesFrom: Infinity }, { camera: 'noPicture' }],
    [{ heard: false }, { microphone: 'silent' }],
    [{ heard: undefined }, { microphone: 'works' }],
    [{ roundTripMs: 500 }, { relay: 'slow', roundTripMs: 500 }],
    [{ roundTripMs: 1_500 }, { relay: 'verySlow' }],
    [{ path: { at: 6_000, way: 'turn' } }, { media: 'turn' }],
    [{ path: undefined }, { media: 'blocked' }],
    [{ path: undefined, offeredAt: undefined }, { media: 'unknown' }],
  ];
  for (const [faults, expected] of cases) {
    const world = Object.assign(new World(), faults);
    world.run.run();
    await world.pass(20_000);
    t.match(world.told.at(-1)?.preflight, expected, JSON.stringify(expected));
    t.ok(PREFLIGHT_CHECKS.every((check) => world.run.findings[check] !== undefined));
  }
});

t.test('what gets better or worse while waiting is told again', async (t) => {
  const world = new World();
  world.path = undefined;
  world.run.run();
  await world.pass(15_000);
  t.equal(world.told.at(-1)?.preflight.media, 'blocked');
  world.path = { at: 0, way: 'turn' };
  world.devices = { microphone: 'on', camera: 'paused', pausedBy: 'hidden' };
  await world.pass(4_000);
  t.match(world.told.at(-1)?.preflight, { media: 'turn', camera: 'paused' });
  const before = world.told.length;
  world.run.tellAgain();
  t.equal(world.told.length, before + 1, 'and after a reconnection the same');
});

t.test(
  'without a connection the network is measured when it is back; refused probes are no failure',
  async (t) => {
    const world = new World();
    world.connected = false;
    world.run.run();
    await world.pass(8_000);
    t.equal(world.told.length, 0);
    world.connected = true;
    await world.pass(3_000);
    t.match(world.told.at(-1)?.preflight, { relay: 'works', uplink: 'good' });
  },
);

t.test('with the start everything ends at once', async (t) => {
  const world = new World();
  world.kbps = 100;
  world.run.run();
  await world.pass(200);
  world.run.rest();
  const probes = world.probes.length;
  await world.pass(10_000);
  t.ok(world.probes.length <= probes + 1, 'only the probe that was on its way');
  t.equal(world.told.length, 0);
});

t.test(
  'a camera that opens a moment late was never missing, and what changes is looked at at once',
  async (t) => {
    const world = new World();
    world.devices = { microphone: 'none', camera: 'none' };
    world.run.run();
    await world.pass(1_500);
    t.equal(world.told.length, 0);
    world.devices = { microphone: 'on', camera: 'on' };
    world.run.lookAgain();
    await world.pass(50);
    t.match(world.told, [{ preflight: { camera: 'works', microphone: 'works' } }]);
    world.devices = { microphone: 'on', camera: 'none' };
    await world.pass(2_000);
    world.run.lookAgain();
    await world.pass(10);
    t.equal(world.told.at(-1)?.preflight.camera, 'missing');
  },
);

t.test('an estimate needs an upload, and the round trip is not held against the link', async (t) => {
  t.equal(estimateUplink([], 50), undefined);
  t.equal(judgeUplink(undefined), 'unknown');
  t.equal(estimateUplink([{ length: 4_096, tookMs: 377 }], 50), 100);
  t.equal(estimateUplink([{ length: 49_152, tookMs: 50 }], 50), 10_000, 'more is not told');
});

t.test('the way of the media is that of the pair in use, in the words of every browser', async (t) => {
  const report = (...entries: object[]) =>
    new Map(entries.map((entry) => [(entry as { id: string }).id, entry])) as unknown as RTCStatsReport;
  const pairs = [
    { id: 'p1', type: 'candidate-pair', nominated: false, localCandidateId: 'host' },
    { id: 'p2', type: 'candidate-pair', nominated: true, localCandidateId: 'relay' },
    { id: 'host', type: 'local-candidate', candidateType: 'host' },
    { id: 'relay', type: 'local-candidate', candidateType: 'relay' },
  ];
  t.equal(
    mediaPathOf(report({ id: 't', type: 'transport', selectedCandidatePairId: 'p1' }, ...pairs)),
    'udp',
  );
  t.equal(
    mediaPathOf(report({ id: 't', type: 'transport', selectedCandidatePairId: 'p2' }, ...pairs)),
    'turn',
  );
  t.equal(mediaPathOf(report(...pairs)), 'turn', 'Firefox');
  t.equal(mediaPathOf(report()), undefined);
});
