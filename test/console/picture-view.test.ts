/** Real: the geometry of the picture and what is kept of it. Faked: the browser's storage. Runs are seeded by fast-check, which prints the seed of a failure. */
import fc from 'fast-check';
import t from 'tap';
import {
  MIDDLE,
  type PictureView,
  panned,
  pictureAt,
  place,
  ROTATIONS,
  rotated,
  type Scene,
  steppedTo,
  VIEW_MODES,
  WHOLE_PICTURE,
  windowAt,
  ZOOM_MAX,
  ZOOM_MIN,
  zoomed,
} from '../../console/picture-view.ts';
import { rememberedView, rememberView, shortcutsAreOn, switchShortcuts } from '../../console/view-choice.ts';

const length = fc.double({ min: 40, max: 4_000, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyPoint = fc.record({ x: share, y: share });
const anyScene: fc.Arbitrary<Scene> = fc.record({
  window: fc.record({ width: length, height: length }),
  picture: fc.record({
    width: fc.integer({ min: 16, max: 4_000 }),
    height: fc.integer({ min: 16, max: 4_000 }),
  }),
  pixelRatio: fc.constantFrom(1, 1.25, 2, 3),
});
const anyView: fc.Arbitrary<PictureView> = fc.record({
  mode: fc.constantFrom(...VIEW_MODES),
  zoom: fc.integer({ min: ZOOM_MIN, max: ZOOM_MAX }),
  rotation: fc.constantFrom(...ROTATIONS),
  middle: anyPoint,
});

function placed(view: PictureView, scene: Scene) {
  const placement = place(view, scene);
  if (placement === undefined) {
    throw new Error('not placed');
  }
  return placement;
}

const near = (a: number, b: number, tolerance = 1e-6) =>
  Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));

const HD: Scene = {
  window: { width: 800, height: 600 },
  picture: { width: 1280, height: 720 },
  pixelRatio: 1,
};

t.test('a point of the picture and its place in the window are two names of one thing', async () => {
  fc.assert(
    fc.property(anyView, anyScene, anyPoint, (view, scene, point) => {
      const placement = placed(view, scene);
      const back = pictureAt(placement, windowAt(placement, point));
      return near(back.x, point.x) && near(back.y, point.y);
    }),
  );
});

t.test('the corners of the picture are the corners of its box', async () => {
  fc.assert(
    fc.property(anyView, anyScene, (view, scene) => {
      const placement = placed(view, scene);
      const corners = [0, 1].flatMap((x) => [0, 1].map((y) => windowAt(placement, { x, y })));
      const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
      const { box } = placement;
      return (
        near(Math.min(...xs), box.x) &&
        near(Math.min(...ys), box.y) &&
        near(Math.max(...xs), box.x + box.width) &&
        near(Math.max(...ys), box.y + box.height)
      );
    }),
  );
});

t.test('the whole picture is seen, as large as the window allows and undistorted', async () => {
  fc.assert(
    fc.property(anyView, anyScene, (view, scene) => {
      const { box, element, isCropped } = placed({ ...view, mode: 'fit' }, scene);
      const touches =
        near(box.width, scene.window.width, 1e-9) || near(box.height, scene.window.height, 1e-9);
      const ratio = scene.picture.width / scene.picture.height;
      return touches && !isCropped && near(element.width / element.height, ratio);
    }),
  );
});

t.test('stretched, it fills the window to the corners whichever way it is turned', async () => {
  fc.assert(
    fc.property(anyView, anyScene, (view, scene) => {
      const { box, isCropped } = placed({ ...view, mode: 'stretch' }, scene);
      // Half a pixel of the screen is the rounding to whole pixels.
      return (
        !isCropped &&
        Math.abs(box.x) <= 0.51 &&
        Math.abs(box.y) <= 0.51 &&
        near(box.width, scene.window.width) &&
        near(box.height, scene.window.height)
      );
    }),
  );
});

t.test('in its actual size a pixel is a pixel, and begins where one of the screen begins', async () => {
  fc.assert(
    fc.property(anyView, anyScene, (view, scene) => {
      const { element, box, zoom } = placed({ ...view, mode: 'actual' }, scene);
      const { pixelRatio, picture } = scene;
      const isWhole = (value: number) => near(value * pixelRatio, Math.round(value * pixelRatio));
      return (
        near(element.width * pixelRatio, picture.width) &&
        near(element.height * pixelRatio, picture.height) &&
        near(zoom, 100) &&
        isWhole(box.x) &&
        isWhole(box.y)
      );
    }),
  );
});

t.test('however it is moved, nothing of the window stays empty that the picture could fill', async () => {
  const step = fc.record({
    x: fc.integer({ min: -5_000, max: 5_000 }),
    y: fc.integer({ min: -5_000, max: 5_000 }),
  });
  fc.assert(
    fc.property(anyView, anyScene, fc.array(step, { maxLength: 5 }), (view, scene, steps) => {
      const moved = steps.reduce((before, by) => panned(before, scene, by), view);
      const { box } = placed(moved, scene);
      const covers = (start: number, shown: number, window: number) =>
        shown <= window
          ? near(start, (window - shown) / 2, 0.002) || Math.abs(start - (window - shown) / 2) <= 0.51
          : start <= 0.51 && start + shown >= window - 0.51;
      return covers(box.x, box.width, scene.window.width) && covers(box.y, box.height, scene.window.height);
    }),
  );
});

t.test('zooming keeps the point under the pointer, as long as no edge comes in', async (t) => {
  const anchor = { x: 300, y: 200 };
  const view: PictureView = { ...WHOLE_PICTURE, mode: 'zoom', zoom: 300 };
  const before = pictureAt(placed(view, HD), anchor);
  const after = pictureAt(placed(zoomed(view, HD, 1.5, anchor), HD), anchor);
  t.ok(near(before.x, after.x, 0.002) && near(before.y, after.y, 0.002), JSON.stringify({ before, after }));
});

t.test(
  'zooming begins at what is on the screen, whatever the mode, and keeps within its bounds',
  async (t) => {
    const fit = placed(WHOLE_PICTURE, HD);
    t.equal(fit.zoom, 62.5);
    const closer = zoomed(WHOLE_PICTURE, HD, 1.25);
    t.same([closer.mode, closer.zoom], ['zoom', 78]);
    fc.assert(
      fc.property(
        anyView,
        anyScene,
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        (view, scene, factor) => {
          const { zoom } = zoomed(view, scene, factor);
          return zoom >= ZOOM_MIN && zoom <= ZOOM_MAX && Number.isInteger(zoom);
        },
      ),
    );
  },
);

t.test('four quarter turns are none, and what is in the middle stays there', async (t) => {
  fc.assert(
    fc.property(anyView, anyScene, fc.boolean(), (view, scene, clockwise) => {
      const settled = { ...view, middle: placed(view, scene).middle };
      let turning = settled;
      for (let turn = 0; turn < 4; turn++) {
        turning = rotated(turning, clockwise);
      }
      return (
        turning.rotation === settled.rotation &&
        near(turning.middle.x, settled.middle.x) &&
        near(turning.middle.y, settled.middle.y)
      );
    }),
  );
  const large: PictureView = { ...WHOLE_PICTURE, mode: 'zoom', zoom: 800, middle: { x: 0.3, y: 0.6 } };
  const inTheMiddle = (view: PictureView) =>
    pictureAt(placed(view, HD), { x: HD.window.width / 2, y: HD.window.height / 2 });
  for (const clockwise of [true, false]) {
    const [before, after] = [inTheMiddle(large), inTheMiddle(rotated(large, clockwise))];
    t.ok(near(before.x, after.x, 0.001) && near(before.y, after.y, 0.001), `clockwise ${clockwise}`);
  }
});

t.test('turned by 90 degrees, the top left corner of the picture is at the top right', async (t) => {
  const placement = placed(rotated(WHOLE_PICTURE, true), HD);
  const { box } = placement;
  const corner = windowAt(placement, { x: 0, y: 0 });
  t.ok(near(corner.x, box.x + box.width) && near(corner.y, box.y));
});

t.test('a picture that shrinks because the link is weak keeps its zoomed size', async (t) => {
  const view: PictureView = { ...WHOLE_PICTURE, mode: 'zoom', zoom: 150 };
  const full = placed(view, { ...HD, fullWidth: 1280 });
  const weak = placed(view, { ...HD, picture: { width: 640, height: 360 }, fullWidth: 1280 });
  t.same(weak.box, full.box);
  t.ok(near(weak.zoom, 150));
  const actual = placed(
    { ...view, mode: 'actual' },
    { ...HD, picture: { width: 640, height: 360 }, fullWidth: 1280 },
  );
  t.equal(actual.box.width, 640, 'the actual size is that of what comes');
});

t.test('an arrow shows more of that side', async (t) => {
  const view: PictureView = { ...WHOLE_PICTURE, mode: 'zoom', zoom: 400 };
  const right = steppedTo(view, HD, { x: 1, y: 0 });
  t.ok(right.middle.x > 0.5 && right.middle.y === 0.5);
  const end = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].reduce((at) => steppedTo(at, HD, { x: 1, y: 0 }), view);
  const { box } = placed(end, HD);
  t.ok(near(box.x + box.width, 800), 'and stops at the edge');
});

t.test('without a window or a picture there is no place', async (t) => {
  t.equal(place(WHOLE_PICTURE, { ...HD, picture: { width: 0, height: 0 } }), undefined);
  t.equal(place(WHOLE_PICTURE, { ...HD, window: { width: Number.NaN, height: 5 } }), undefined);
  t.same(zoomed(WHOLE_PICTURE, { ...HD, picture: { width: 0, height: 0 } }, 2), WHOLE_PICTURE);
});

// ---------------------------------------------------------------- what is kept

class MemoryShelf {
  readonly kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
}

t.test('a choice comes back, without what was in the middle', async () => {
  fc.assert(
    fc.property(anyView, (view) => {
      const shelf = new MemoryShelf();
      rememberView(view, shelf);
      const back = rememberedView(shelf);
      return JSON.stringify(back) === JSON.stringify({ ...view, middle: MIDDLE });
    }),
  );
});

t.test('whatever lies in the storage, the view is one that can be shown', async () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ mode: fc.anything(), zoom: fc.anything(), rotation: fc.anything() })
      .map((value) => JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? 0 : inner))),
  );
  fc.assert(
    fc.property(anything, anyScene, (text, scene) => {
      const shelf = new MemoryShelf();
      shelf.setItem('fernblick.view', text);
      const view = rememberedView(shelf);
      return (
        VIEW_MODES.includes(view.mode) &&
        ROTATIONS.includes(view.rotation) &&
        place(view, scene) !== undefined
      );
    }),
  );
});

t.test('a browser that forbids its storage shows the whole picture and breaks nothing', async (t) => {
  const forbidden = {
    getItem(): string {
      throw new Error('forbidden');
    },
    setItem(): void {
      throw new Error('full');
    },
  };
  rememberView(WHOLE_PICTURE, forbidden);
  switchShortcuts(false, forbidden);
  t.same(rememberedView(forbidden), WHOLE_PICTURE);
  t.ok(shortcutsAreOn(forbidden));
});

t.test('single keys stay switched off', async (t) => {
  const shelf = new MemoryShelf();
  t.ok(shortcutsAreOn(shelf));
  switchShortcuts(false, shelf);
  t.notOk(shortcutsAreOn(shelf));
  switchShortcuts(true, shelf);
  t.ok(shortcutsAreOn(shelf));
});
