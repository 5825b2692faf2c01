/**
 * Stills on slow ways up, in virtual time. Real: sizes, pace and what happens on refusals. Faked: camera and encoder, whose
 * pictures grow with pixels and quality, and the way up, which takes as long as the bytes need.
 */
import t from 'tap';
import { readShownStill } from '../../relay/client/still-frame.ts';
import { chooseStillSize, StillSender, type StillSource, stillBudget } from '../../relay/client/stills.ts';
import { STILL_MAX_BYTES } from '../../relay/protocol.ts';
import { showStill } from '../../relay/stills.ts';

const CAMERA = { width: 1280, height: 720 };

type Sent = { at: number; bytes: number; side: number };

class World {
  now = 0;
  bps = 1_000_000;
  roundTripMs = 50;
  /** Of the scene, at quality 0.5. */
  bytesPerPixel = 0.1;
  camera: { width: number; height: number } | undefined = CAMERA;
  refuse: string | undefined;
  encodings = 0;
  closed = false;
  readonly sent: Sent[] = [];
  readonly sender: StillSender;
  readonly #timers: { at: number; run: () => void }[] = [];
  #side = 0;

  constructor() {
    const source: StillSource = {
      size: () => this.camera,
      jpeg: async ({ width, height }, quality) => {
        this.encodings += 1;
        await this.wait(20);
        this.#side = Math.max(width, height);
        return new Uint8Array(Math.round(width * height * this.bytesPerPixel * (0.4 + 1.2 * quality)));
      },
      close: () => {
        this.closed = true;
      },
    };
    this.sender = new StillSender(source, {
      send: async (jpeg) => {
        this.sent.push({ at: this.now, bytes: jpeg.length, side: this.#side });
        await this.wait(this.roundTripMs + (jpeg.length * 8_000) / this.bps);
        if (this.refuse !== undefined) {
          throw new Error(this.refuse);
        }
      },
      now: () => this.now,
      later: (run, delayMs) => this.later(run, delayMs),
    });
  }

  later(run: () => void, delayMs: number): () => void {
    const timer = { at: this.now + delayMs, run };
    this.#timers.push(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) {
        this.#timers.splice(index, 1);
      }
    };
  }

  wait(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.later(resolve, durationMs);
    });
  }

  async advance(durationMs: number): Promise<void> {
    const end = this.now + durationMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#timers.sort((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > end) {
        break;
      }
      this.#timers.shift();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  get timers(): number {
    return this.#timers.length;
  }
}

t.test('size goes after quality, and both only as far as the budget asks', async (t) => {
  const perPixel = { pixels: 100_000, quality: 0.5, bytes: 10_000 };
  const sizes = [100_000, 60_000, 50_000, 40_000, 30_000, 20_000, 10_000, 5_000, 100].map((budget) => {
    const { width, height, quality } = chooseStillSize(CAMERA, budget, perPixel);
    return `${width}x${height} ${quality}`;
  });
  t.equal(sizes[0], '960x540 0.7');
  t.equal(sizes.at(-1), '240x135 0.2');
  const widths = sizes.map((size) => Number.parseInt(size, 10));
  t.same(
    [...widths].sort((one, other) => other - one),
    widths,
    'never larger for less',
  );
  t.match(chooseStillSize({ width: 480, height: 640 }, 1e9, undefined), { width: 480, height: 640 });
  t.match(chooseStillSize({ width: 720, height: 1280 }, 1e9, undefined), { width: 540, height: 960 });
});

t.test('the budget is what a second and a bit can carry', async (t) => {
  t.equal(stillBudget(100_000), 15_000);
  t.equal(stillBudget(1_000), 4_000);
  t.equal(stillBudget(1e9), 100_000);
  t.equal(stillBudget(undefined), 6_000, 'careful before anything was measured');
});

t.test('on a good way up they come at the pace that was asked for, large', async (t) => {
  const world = new World();
  world.bps = 5_000_000;
  world.sender.every(1_000);
  await world.advance(10_500);
  t.equal(world.sent.length, 11, 'one at once and one each second');
  t.equal(world.sent.at(-1)?.side, 960);
});

t.test('on every way up a still takes little more than a second, and leaves as long a rest', async (t) => {
  for (const bps of [20_000, 60_000, 150_000, 500_000, 5_000_000]) {
    for (const bytesPerPixel of [0.02, 0.1, 0.3]) {
      const world = new World();
      Object.assign(world, { bps, bytesPerPixel });
      world.sender.every(1_000);
      await world.advance(60_000);
      // The first ones learn.
      const settled = world.sent.slice(3);
      t.ok(settled.length >= (bps < 60_000 ? 2 : 8), `${settled.length} in a minute at ${bps}`);
      for (const { bytes } of settled) {
        const uploadMs = (bytes * 8_000) / bps;
        const isSmallest = bytes <= 240 * 135 * bytesPerPixel * 0.65;
        t.ok(uploadMs <= 1_600 || isSmallest, `${bytes} bytes take ${uploadMs} ms at ${bps}`);
        t.ok(bytes <= STILL_MAX_BYTES);
      }
      for (const [index, { at }] of settled.entries()) {
        const before = settled[index - 1];
        if (before !== undefined) {
          t.ok(
            at - before.at >= Math.max(500, (1.9 * before.bytes * 8_000) / bps),
            'half of the time at rest',
          );
        }
      }
    }
  }
});

t.test('a way up that narrows makes the very next still smaller', async (t) => {
  const world = new World();
  world.sender.every(1_000);
  await world.advance(8_000);
  const large = world.sent.at(-1)?.bytes ?? 0;
  world.bps = 60_000;
  const { length } = world.sent;
  await world.advance(30_000);
  t.ok((world.sent[length + 1]?.bytes ?? large) <= large / 3);
  t.ok((world.sender.bps ?? 0) < 70_000);
});

t.test('an upload that takes too long is known for slow before it has ended', async (t) => {
  const world = new World();
  t.equal(world.sender.bps, undefined);
  world.sender.every(1_000);
  await world.advance(8_000);
  t.ok((world.sender.bps ?? 0) > 500_000);
  world.bps = 5_000;
  await world.advance(20_000);
  t.ok((world.sender.bps ?? 0) < 60_000, `${world.sender.bps}`);
});

t.test('one at a time; at rest nothing is drawn or sent; closed nothing is left', async (t) => {
  const world = new World();
  world.bps = 8_000;
  world.sender.every(1_000);
  world.sender.every(1_000);
  await world.advance(3_000);
  t.equal(world.sent.length, 1, 'the first is still on its way');
  world.sender.every(undefined);
  await world.advance(60_000);
  const { encodings } = world;
  t.equal(world.sent.length, 1);
  world.sender.every(1_000);
  await world.advance(30);
  t.equal(world.encodings > encodings, true);
  world.sender.close();
  t.ok(world.closed);
  await world.advance(120_000);
  t.equal(world.sent.length, 2);
  t.equal(world.timers, 0);
});

t.test('a camera that is paused while its picture is made sends nothing', async (t) => {
  const world = new World();
  world.sender.every(1_000);
  // Before the encoder has answered.
  world.later(() => world.sender.close(), 5);
  await world.advance(5_000);
  t.same(world.sent, []);
});

t.test('a refusal or a lost connection costs one still, not the next', async (t) => {
  const world = new World();
  world.sender.every(1_000);
  await world.advance(2_500);
  world.refuse = 'tooManyMessages';
  await world.advance(3_000);
  world.refuse = undefined;
  const { length } = world.sent;
  await world.advance(3_000);
  t.ok(world.sent.length >= length + 2);
  world.camera = undefined;
  await world.advance(5_000);
  const without = world.sent.length;
  world.camera = CAMERA;
  await world.advance(2_000);
  t.ok(world.sent.length > without, 'and so does a camera without a picture yet');
});

t.test('the page reads what the relay writes', async (t) => {
  const frame = showStill(2 ** 40 + 5, new Uint8Array([0xff, 0xd8, 0xff, 1]));
  const buffer = new Uint8Array(frame).buffer;
  const still = readShownStill(buffer);
  t.equal(still?.sessionId, 2 ** 40 + 5);
  t.same([...(still?.jpeg ?? [])], [0xff, 0xd8, 0xff, 1]);
  t.equal(readShownStill(new ArrayBuffer(0)), undefined);
  t.equal(readShownStill(buffer.slice(0, 13)), undefined);
  new DataView(buffer).setUint8(0, 2);
  t.equal(readShownStill(buffer), undefined, 'of another kind');
});
