/**
 * The edge around the ladder in virtual time. Real: Adaptation, ladder, reading of statistics. Faked: the browser (clock,
 * hints, statistics, camera track), the stills and everything that the page does for it.
 */
import t from 'tap';
import { Adaptation, type Stills } from '../../relay/client/adaptation.ts';
import type { SendShape } from '../../relay/client/shape.ts';
import type { PictureState } from '../../relay/protocol.ts';

class FakeStills implements Stills {
  intervalMs: number | undefined;
  closed = false;
  bps: number | undefined;

  every(intervalMs: number | undefined): void {
    this.intervalMs = intervalMs;
  }

  close(): void {
    this.closed = true;
  }
}

/** As far as the adaptation looks at one. */
function camera(width = 1280, height = 720): MediaStreamTrack {
  return { getSettings: () => ({ width, height }) } as unknown as MediaStreamTrack;
}

class World {
  now = 0;
  bps = 2_000_000;
  hidden = false;
  saveData = false;
  asked = 0;
  prepared = 0;
  statsFail = false;
  /** The relay says nothing of what it gets. */
  deaf = false;
  /** Loading the part that makes stills fails. */
  stillsFail = false;
  readonly shapes: SendShape[] = [];
  readonly pictures: PictureState[] = [];
  readonly stills: FakeStills[] = [];
  readonly adaptation: Adaptation;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  constructor() {
    this.adaptation = new Adaptation(
      {
        stats: async () => {
          this.asked += 1;
          if (this.statsFail) {
            throw new DOMException('', 'InvalidStateError');
          }
          return this.#report();
        },
        shape: (shape) => this.shapes.push(shape),
        picture: (picture) => this.pictures.push(picture),
        sendStill: async () => undefined,
      },
      {
        now: () => this.now,
        later: (run, delayMs) => {
          const timer = { at: this.now + delayMs, run };
          this.#timers.add(timer);
          return () => this.#timers.delete(timer);
        },
        hints: () => ({ cellular: false, slow: false, saveData: this.saveData }),
        hidden: () => this.hidden,
        stills: async () => {
          if (this.stillsFail) {
            throw new TypeError('Failed to fetch dynamically imported module');
          }
          const stills = new FakeStills();
          this.stills.push(stills);
          return stills;
        },
        prepare: () => {
          this.prepared += 1;
        },
      },
    );
  }

  #report(): RTCStatsReport {
    const timestamp = this.now;
    return new Map<string, object>([
      ['out', { type: 'outbound-rtp', kind: 'video', ssrc: 1, timestamp, bytesSent: timestamp * 100 }],
      ['in', { id: 'in', type: 'remote-inbound-rtp', timestamp: this.deaf ? 0 : timestamp, fractionLost: 0 }],
      [
        'pair',
        { type: 'candidate-pair', nominated: true, state: 'succeeded', availableOutgoingBitrate: this.bps },
      ],
    ]) as unknown as RTCStatsReport;
  }

  get modes(): string[] {
    return this.pictures.map(({ mode }) => mode);
  }

  get timers(): number {
    return this.#timers.size;
  }

  async advance(durationMs: number): Promise<void> {
    const end = this.now + durationMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = [...this.#timers].sort((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > end) {
        break;
      }
      this.#timers.delete(next);
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}

t.test(
  'before the session is active nothing is measured, and the first packets already have a shape',
  async (t) => {
    const world = new World();
    t.match(world.shapes, [{ video: { active: true, maxBitrate: 2_500_000 } }]);
    world.adaptation.connected(true);
    await world.advance(10_000);
    t.equal(world.asked, 0);
    t.same(world.pictures, []);
  },
);

t.test('a second at a time, seldom while nobody looks, and not at all afterwards', async (t) => {
  const world = new World();
  world.adaptation.connected(true);
  world.adaptation.run(camera());
  t.same(world.modes, ['video'], 'known at once');
  await world.advance(10_000);
  t.equal(world.asked, 10);
  t.equal(world.prepared, 1, 'stills are loaded once, ahead of need');
  world.hidden = true;
  await world.advance(10_000);
  t.ok(world.asked <= 14);
  world.statsFail = true;
  await world.advance(10_000);
  t.ok(world.asked >= 16, 'a connection that just closed does not end it');
  world.adaptation.rest();
  world.adaptation.rest();
  const { asked } = world;
  await world.advance(60_000);
  t.equal(world.asked, asked);
  t.equal(world.timers, 0);
});

t.test('only what is new is shaped and told', async (t) => {
  const world = new World();
  world.adaptation.connected(true);
  const track = camera();
  world.adaptation.run(track);
  world.adaptation.run(track);
  await world.advance(20_000);
  t.equal(world.shapes.length, 1);
  t.same(world.modes, ['video']);
  world.saveData = true;
  await world.advance(2_000);
  t.match(world.shapes.at(-1)?.video, { maxFramerate: 15, scaleResolutionDownBy: 1.5 });
  world.adaptation.prefer('smooth');
  t.equal(world.shapes.at(-1)?.preference, 'smooth');
});

t.test('a weak link: stills begin, rest during a trial and end with it', async (t) => {
  const world = new World();
  world.adaptation.connected(true);
  world.adaptation.run(camera());
  await world.advance(5_000);
  world.bps = 50_000;
  await world.advance(5_000);
  t.equal(world.shapes.at(-1)?.video.active, false);
  t.same(world.modes, ['video', 'stills']);
  t.equal(world.stills.length, 1);
  t.equal(world.stills[0]?.intervalMs, 1_500);
  Object.assign(world.stills[0] ?? {}, { bps: 20_000 });
  await world.advance(10_000);
  t.equal(world.shapes.at(-1)?.video.active, false, 'even stills are slow');
  Object.assign(world.stills[0] ?? {}, { bps: 900_000 });
  world.bps = 900_000;
  await world.advance(1_000);
  t.equal(world.shapes.at(-1)?.video.active, true);
  t.equal(world.stills[0]?.intervalMs, undefined, 'kept, but resting');
  t.equal(world.stills[0]?.closed, false);
  await world.advance(10_000);
  t.equal(world.stills[0]?.closed, true);
  t.equal(world.modes.at(-1), 'video');
});

t.test('without a connection stills begin after two failures and end when one is up', async (t) => {
  const world = new World();
  world.adaptation.run(camera());
  world.adaptation.failed();
  t.same(world.modes, ['video']);
  world.adaptation.failed();
  t.same(world.pictures.at(-1), { mode: 'stills', cause: 'blocked' });
  await world.advance(0);
  t.equal(world.stills[0]?.intervalMs, 1_000);
  world.adaptation.connected(true);
  await world.advance(2_000);
  t.equal(world.modes.at(-1), 'video');
  t.ok(world.stills[0]?.closed);
  world.adaptation.failed();
  world.adaptation.failed();
  t.equal(world.modes.at(-1), 'video', 'a second connection beside a good one may fail');
});

t.test('a connection whose path has died is none, whatever the browser calls it', async (t) => {
  const world = new World();
  world.adaptation.connected(true);
  world.adaptation.run(camera());
  await world.advance(10_000);
  world.deaf = true;
  await world.advance(2_000);
  world.deaf = false;
  await world.advance(5_000);
  t.same(world.modes, ['video'], 'two lost reports are nothing');
  world.deaf = true;
  await world.advance(6_000);
  t.equal(world.modes.at(-1), 'video');
  world.adaptation.failed();
  world.adaptation.failed();
  t.same(world.pictures.at(-1), { mode: 'stills', cause: 'blocked' }, 'its replacements fail as well');
  world.deaf = false;
  await world.advance(3_000);
  t.equal(world.modes.at(-1), 'video');
  world.deaf = true;
  await world.advance(13_000);
  t.same(world.pictures.at(-1), { mode: 'stills', cause: 'blocked' }, 'or none comes');
});

t.test('no still of a paused, changed or finished camera', async (t) => {
  const world = new World();
  world.adaptation.run(camera());
  await world.advance(10_000);
  t.equal(world.stills[0]?.intervalMs, 1_000);
  world.adaptation.run(null);
  t.ok(world.stills[0]?.closed, 'at once');
  t.equal(world.modes.at(-1), 'none');
  await world.advance(5_000);
  t.equal(world.stills.length, 1);

  world.adaptation.run(camera());
  world.adaptation.run(camera(640, 480));
  await world.advance(0);
  const open = world.stills.filter(({ closed }) => !closed);
  t.equal(open.length, 1, 'of the new camera only');

  world.adaptation.rest();
  t.ok(world.stills.every(({ closed }) => closed));
  world.adaptation.run(camera());
  world.adaptation.rest();
  await world.advance(0);
  t.ok(
    world.stills.every(({ closed }) => closed),
    'also of one that was just being opened',
  );
});

t.test('stills whose part of the page could not be loaded are tried again', async (t) => {
  const world = new World();
  world.stillsFail = true;
  world.adaptation.run(camera());
  await world.advance(12_000);
  t.equal(world.stills.length, 0);
  world.stillsFail = false;
  await world.advance(2_000);
  t.equal(world.stills[0]?.intervalMs, 1_000);
});

t.test('a new session of the same page starts anew', async (t) => {
  const world = new World();
  world.adaptation.run(camera());
  await world.advance(10_000);
  t.equal(world.modes.at(-1), 'stills');
  t.equal(world.shapes.at(-1)?.video.active, false);
  world.adaptation.rest();
  await world.advance(60_000);
  world.adaptation.connected(true);
  world.adaptation.run(camera());
  t.equal(world.modes.at(-1), 'video');
  t.equal(world.shapes.at(-1)?.video.active, true);
});
