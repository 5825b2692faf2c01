/**
 * The adaptation ladder over minutes of network in virtual time. Real: all of the ladder. Faked: the network and, in the step
 * test, the browser's estimate, which sinks at once with the link and doubles each second while video is sent.
 */
import fc from 'fast-check';
import t from 'tap';
import { createLadder, type Ladder, type LadderInput, stepLadder } from '../../relay/client/ladder.ts';
import type { LinkSample } from '../../relay/client/weak-link.ts';
import type { PictureState } from '../../relay/protocol.ts';

const CAMERA = { width: 1280, height: 720 };
const HINTS = { cellular: false, slow: false, saveData: false };
const LINK: LinkSample = {
  availableBps: 2_500_000,
  sentBps: 500_000,
  loss: 0,
  roundTripMs: 40,
  limitation: 'none',
};
const INPUT: LadderInput = {
  preference: 'sharp',
  hints: HINTS,
  camera: CAMERA,
  connected: true,
  failures: 0,
  link: LINK,
  stillBps: undefined,
};

/** A ladder with its clock. */
class Climb {
  ladder: Ladder;
  now = 1_000;
  readonly told: string[] = [];

  constructor() {
    this.ladder = createLadder(this.now);
  }

  /** Once a second. */
  for(seconds: number, input: Partial<LadderInput> | ((ladder: Ladder) => Partial<LadderInput>)): this {
    for (let second = 0; second < seconds; second++) {
      this.now += 1_000;
      const partial = typeof input === 'function' ? input(this.ladder) : input;
      this.ladder = stepLadder(this.ladder, { ...INPUT, ...partial }, this.now);
      const words = wordsOf(this.ladder.picture);
      if (words !== this.told.at(-1)) {
        this.told.push(words);
      }
    }
    return this;
  }

  /** An estimate in kbit/s. */
  link(seconds: number, kbps: number, more: Partial<LinkSample> = {}): this {
    return this.for(seconds, { link: { ...LINK, availableBps: kbps * 1_000, ...more } });
  }
}

function wordsOf({ mode, cause }: PictureState): string {
  return cause === 'none' ? mode : `${mode} ${cause}`;
}

function sizeOf({ shape }: Ladder): string {
  const { active, scaleResolutionDownBy, maxFramerate } = shape.video;
  return active ? `${Math.round(720 / scaleResolutionDownBy)}p${maxFramerate}` : 'off';
}

t.test('each estimate has its size and rate; sharp keeps the size, smooth the rate', async (t) => {
  const expected = {
    sharp: { 2500: '720p30', 650: '720p30', 400: '720p15', 200: '720p8', 150: '480p6', 110: '360p5' },
    smooth: { 2500: '720p30', 700: '540p24', 400: '360p24', 200: '240p20', 110: '180p20' },
  };
  for (const preference of ['sharp', 'smooth'] as const) {
    for (const [kbps, size] of Object.entries(expected[preference])) {
      const link = { ...LINK, availableBps: Number(kbps) * 1_000 };
      t.equal(sizeOf(new Climb().for(10, { preference, link }).ladder), size, `${preference} at ${kbps}`);
    }
  }
});

t.test('sizes go by the shorter side, whatever camera it is', async (t) => {
  const at = (camera: LadderInput['camera']) =>
    new Climb().for(10, { camera, link: { ...LINK, availableBps: 150_000 } }).ladder.shape.video
      .scaleResolutionDownBy;
  t.equal(at({ width: 720, height: 1280 }), 1.5);
  t.equal(at({ width: 1920, height: 1080 }), 2.25);
  t.equal(at({ width: 640, height: 480 }), 1);
  t.equal(at({ width: 320, height: 240 }), 1, 'never larger');
  t.equal(at({ width: 0, height: 0 }), 1, 'not known yet');
});

t.test('mobile data, saving data and networks taken for slow have their caps', async (t) => {
  const shape = (hints: Partial<typeof HINTS>, seconds = 3) =>
    new Climb().for(seconds, { hints: { ...HINTS, ...hints } }).ladder.shape.video;
  t.match(shape({}), { maxBitrate: 2_500_000, maxFramerate: 30, scaleResolutionDownBy: 1 });
  t.match(shape({ cellular: true }), { maxBitrate: 1_500_000, maxFramerate: 30 });
  const saving = { maxBitrate: 600_000, maxFramerate: 15, scaleResolutionDownBy: 1.5 };
  t.match(shape({ cellular: true, saveData: true }), saving);
  t.match(shape({ saveData: true }, 60), saving, 'for as long as the person wants it');
  t.match(shape({ slow: true }), saving);
  t.match(shape({ slow: true }, 60), { maxBitrate: 2_500_000, maxFramerate: 30 }, 'until measured better');
  t.same(new Climb().for(20, { hints: { ...HINTS, saveData: true } }).told, ['reduced saveData']);
});

t.test('a link that grows narrow, almost closes and opens again', async (t) => {
  const climb = new Climb();
  let estimate = 1_000_000;
  const on = (capacityBps: number) => (ladder: Ladder) => {
    const growing = ladder.shape.video.active ? estimate * 2 : estimate;
    estimate = Math.min(growing, capacityBps * 0.9);
    return { link: { ...LINK, availableBps: estimate }, stillBps: capacityBps * 0.6 };
  };
  t.equal(sizeOf(climb.for(20, on(3_000_000)).ladder), '720p30');
  t.equal(sizeOf(climb.for(20, on(500_000)).ladder), '720p15');
  t.equal(sizeOf(climb.for(20, on(150_000)).ladder), '480p6');
  climb.for(30, on(60_000));
  t.equal(sizeOf(climb.ladder), 'off');
  t.equal(climb.ladder.stills.sending, 'on');
  const openedAt = climb.now;
  while (!(climb.ladder.picture.mode === 'video' && estimate >= 1_600_000)) {
    climb.for(1, on(2_000_000));
    if (climb.now - openedAt > 60_000) {
      break;
    }
  }
  t.ok(climb.now - openedAt <= 15_000, `all of it again after ${(climb.now - openedAt) / 1_000} s`);
  t.same(climb.told, ['video', 'reduced bandwidth', 'stills bandwidth', 'reduced bandwidth', 'video']);
});

t.test('stills take over after three weak seconds, not for two', async (t) => {
  const climb = new Climb().link(10, 2_000);
  t.equal(climb.link(2, 50).link(3, 2_000).ladder.picture.mode, 'video');
  t.equal(climb.link(4, 50).ladder.picture.mode, 'stills');
  const lossy = new Climb().link(10, 2_000).link(4, 2_000, { loss: 0.5 });
  t.equal(lossy.ladder.picture.mode, 'stills', 'what half of is lost is weak, too');
});

t.test('a browser without an estimate goes by what gets through', async (t) => {
  const link = { ...LINK, availableBps: undefined, limitation: undefined };
  const climb = new Climb().for(20, { link });
  t.equal(sizeOf(climb.ladder), '720p30');
  t.equal(climb.for(5, { link: { ...link, sentBps: 60_000 } }).ladder.picture.mode, 'video', 'a still scene');
  climb.for(5, { link: { ...link, sentBps: 60_000, roundTripMs: 2_000 } });
  t.equal(climb.ladder.picture.mode, 'stills');
  t.equal(climb.for(20, { link }).ladder.picture.mode, 'video');
});

t.test('on a weak link video is tried seldom, a little and not for long', async (t) => {
  const climb = new Climb().link(10, 2_000).link(5, 50);
  let trials = 0;
  let trialSeconds = 0;
  let before = 'off';
  climb.for(120, (ladder) => {
    const size = sizeOf(ladder);
    trials += size !== 'off' && before === 'off' ? 1 : 0;
    trialSeconds += size === 'off' ? 0 : 1;
    before = size;
    t.ok(size === 'off' || size === '90p2', size);
    return { link: { ...LINK, availableBps: 50_000 }, stillBps: 20_000 };
  });
  t.ok(trials >= 2 && trials <= 5, `${trials} trials in two minutes`);
  t.ok(trialSeconds <= 20, `${trialSeconds} s`);
  t.same(climb.told, ['video', 'stills bandwidth'], 'nobody is told of trials');
});

t.test('a slow upload says nothing where much is lost: video is tried again all the same', async (t) => {
  const link = { ...LINK, availableBps: 50_000, loss: 0.2 };
  const climb = new Climb().link(10, 2_000).for(15, { link, stillBps: 20_000 });
  t.equal(climb.ladder.picture.mode, 'stills');
  let trials = 0;
  let before = climb.ladder.shape.video.active;
  climb.for(40, (ladder) => {
    trials += ladder.shape.video.active && !before ? 1 : 0;
    before = ladder.shape.video.active;
    return { link, stillBps: 20_000 };
  });
  t.ok(trials >= 3, `${trials} trials in 40 s`);
});

t.test('an upload that became fast is tried at once', async (t) => {
  const climb = new Climb().link(10, 2_000).for(15, {
    link: { ...LINK, availableBps: 50_000 },
    stillBps: 20_000,
  });
  t.equal(climb.ladder.shape.video.active, false);
  climb.for(1, { link: { ...LINK, availableBps: 50_000 }, stillBps: 800_000 });
  t.equal(climb.ladder.shape.video.active, true);
});

t.test('where no connection comes about, stills take over after two tries or six seconds', async (t) => {
  const unconnected = { connected: false, link: undefined };
  const slow = new Climb().for(5, unconnected);
  t.equal(wordsOf(slow.ladder.picture), 'video');
  t.equal(wordsOf(slow.for(2, unconnected).ladder.picture), 'stills blocked');
  t.match(slow.ladder.stills, { sending: 'on', intervalMs: 1_000 });

  const failing = new Climb().for(3, unconnected).for(1, { ...unconnected, failures: 1 });
  t.equal(wordsOf(failing.ladder.picture), 'video');
  failing.for(1, { ...unconnected, failures: 2 });
  t.equal(wordsOf(failing.ladder.picture), 'stills blocked');
  failing.for(60, { ...unconnected, failures: 12 });
  failing.for(3, { connected: true });
  t.equal(wordsOf(failing.ladder.picture), 'video');
  t.equal(sizeOf(failing.ladder), '720p30');
  failing.for(9, unconnected);
  t.equal(wordsOf(failing.ladder.picture), 'stills blocked', 'also one that breaks later');
});

t.test('what was measured on one connection does not bind the next', async (t) => {
  const climb = new Climb().link(10, 50).for(3, { connected: false, link: undefined }).for(1, {});
  t.equal(sizeOf(climb.ladder), '720p30');
});

t.test('an encoder that cannot keep up gets less, and more only after long', async (t) => {
  const climb = new Climb().link(5, 2_000).link(4, 2_000, { limitation: 'cpu' }).link(5, 2_000);
  t.equal(sizeOf(climb.ladder), '720p30', 'four seconds are a page that opens');
  climb.link(6, 2_000, { limitation: 'cpu' });
  t.equal(sizeOf(climb.ladder), '540p20');
  t.equal(wordsOf(climb.ladder.picture), 'reduced processor');
  climb.link(6, 2_000, { limitation: 'cpu' });
  t.equal(sizeOf(climb.ladder), '360p15');
  climb.link(60, 2_000, { limitation: 'cpu' });
  t.equal(sizeOf(climb.ladder), '360p15', 'there is nothing below');
  climb.link(29, 2_000);
  t.equal(sizeOf(climb.ladder), '360p15');
  climb.link(3, 2_000);
  t.equal(sizeOf(climb.ladder), '540p20');
  climb.link(8, 2_000, { limitation: 'cpu' }).link(50, 2_000);
  t.equal(sizeOf(climb.ladder), '360p15', 'after a vain try it waits twice as long');
  climb.link(20, 2_000);
  t.equal(sizeOf(climb.ladder), '540p20');
});

t.test('the voice makes itself small where there is little, in time and not to and fro', async (t) => {
  const voice = ({ shape }: Ladder) => shape.audio.maxBitrate / 1000;
  const climb = new Climb().link(5, 2_000);
  t.equal(voice(climb.ladder), 80);
  t.equal(voice(climb.link(1, 190).ladder), 32);
  t.equal(voice(climb.link(1, 250).ladder), 32);
  t.equal(voice(climb.link(1, 310).ladder), 80);
  t.equal(voice(climb.link(5, 50).ladder), 20);
});

t.test('a paused camera sends nothing and says nothing, and goes on where it was', async (t) => {
  const climb = new Climb().link(10, 50);
  climb.for(1, { camera: undefined });
  t.equal(wordsOf(climb.ladder.picture), 'none');
  t.equal(climb.ladder.stills.sending, 'off');
  climb.for(30, { camera: undefined });
  climb.link(1, 50);
  t.equal(wordsOf(climb.ladder.picture), 'stills bandwidth');
});

t.test('an estimate that swings around any threshold makes no flicker', async (t) => {
  const worst = { told: 0, changes: 0 };
  const thresholds = [80, 100, 120, 130, 150, 180, 216, 300, 360, 500, 600, 720, 1_000];
  for (const preference of ['sharp', 'smooth'] as const) {
    for (const kbps of thresholds) {
      for (const swing of [0.15, 0.5]) {
        for (const halfPeriod of [1, 3, 5, 8]) {
          const climb = new Climb();
          let changes = 0;
          let size = '';
          for (let second = 0; second < 240; second++) {
            const up = Math.floor(second / halfPeriod) % 2 === 0 ? 1 + swing : 1 - swing;
            climb.for(1, { preference, link: { ...LINK, availableBps: kbps * 1_000 * up } });
            changes += sizeOf(climb.ladder) === size ? 0 : 1;
            size = sizeOf(climb.ladder);
          }
          const label = `${preference} ${kbps} kbit/s, ±${swing * 100} %, every ${halfPeriod} s`;
          worst.told = Math.max(worst.told, climb.told.length);
          worst.changes = Math.max(worst.changes, changes);
          if (climb.told.length > 32 || changes > 60) {
            t.fail(`${label}: told ${climb.told.length}, ${changes} sizes in four minutes`);
          }
        }
      }
    }
  }
  t.comment(`worst in four minutes: ${worst.told} sentences, ${worst.changes} sizes`);
});

const anyInput: fc.Arbitrary<LadderInput> = fc.record({
  preference: fc.constantFrom('sharp' as const, 'smooth' as const),
  hints: fc.record({ cellular: fc.boolean(), slow: fc.boolean(), saveData: fc.boolean() }),
  camera: fc.option(fc.record({ width: fc.nat(4_000), height: fc.nat(4_000) }), { nil: undefined }),
  connected: fc.boolean(),
  failures: fc.nat(3),
  link: fc.option(
    fc.record({
      availableBps: fc.option(fc.oneof(fc.nat(300_000), fc.nat(3_000_000)), { nil: undefined }),
      sentBps: fc.nat(3_000_000),
      loss: fc.double({ min: 0, max: 1, noNaN: true }),
      roundTripMs: fc.option(fc.nat(5_000), { nil: undefined }),
      limitation: fc.constantFrom('none', 'cpu', 'bandwidth', 'other', undefined),
    }),
    { nil: undefined },
  ),
  stillBps: fc.option(fc.nat(1_000_000), { nil: undefined }),
});

t.test('on no network is the voice off, a shape senseless or a still sent beside video', async () => {
  // A few situations, each for a while: only so the ladder gets anywhere.
  const story = fc.array(fc.tuple(anyInput, fc.integer({ min: 1, max: 15 })), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(story, (chapters) => {
      const climb = new Climb();
      let told = climb.ladder.picture;
      let toldAt = Number.NEGATIVE_INFINITY;
      for (const [input, seconds] of chapters) {
        for (let second = 0; second < seconds; second++) {
          climb.for(1, input);
          const { shape, stills, picture, blocked } = climb.ladder;
          const { video, audio } = shape;
          const isSane =
            audio.maxBitrate >= 20_000 &&
            video.maxBitrate >= 500_000 &&
            video.maxFramerate >= 2 &&
            video.scaleResolutionDownBy >= 1 &&
            Number.isFinite(video.scaleResolutionDownBy) &&
            (stills.sending !== 'on' || !video.active) &&
            (stills.sending === 'off' || picture.mode === 'stills') &&
            (!blocked || !video.active) &&
            (input.camera !== undefined || (stills.sending === 'off' && picture.mode === 'none')) &&
            (picture.cause === 'none') === (picture.mode === 'video' || picture.mode === 'none');
          if (!isSane) {
            return false;
          }
          if (picture !== told) {
            const areShades = [told, picture].every(({ mode }) => mode === 'video' || mode === 'reduced');
            if (areShades && climb.now - toldAt < 5_000) {
              return false;
            }
            told = picture;
            toldAt = climb.now;
          }
        }
      }
      return true;
    }),
    { numRuns: 400, seed: 20261122 },
  );
});
