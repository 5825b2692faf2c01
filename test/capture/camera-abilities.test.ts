/** Real: what is read from a camera's track and set on it, and how lenses get numbers. Faked: the tracks, as browsers describe them. */
import t from 'tap';
import { abilitiesOf, LensNumbers } from '../../capture/camera-abilities.ts';
import { CameraControls, type ControlledTrack } from '../../capture/camera-controls.ts';
import { LENSES_MAX } from '../../relay/protocol.ts';

const track = (capabilities: object, settings: object = {}) => ({
  getCapabilities: () => capabilities,
  getSettings: () => settings,
});

t.test('light and zoom as browsers tell them', async (t) => {
  t.same(abilitiesOf({ getSettings: () => ({}) }), { light: 'none' }, 'Firefox before 132');
  t.same(abilitiesOf(track({})), { light: 'none' }, 'a computer');
  t.same(abilitiesOf(track({ torch: false })), { light: 'none' }, 'a front camera');
  t.same(abilitiesOf(track({ torch: true })), { light: 'off' }, 'Chromium on Android');
  t.same(abilitiesOf(track({ torch: true }, { torch: true })), { light: 'on' });
  t.same(abilitiesOf(track({ torch: [false, true] })), { light: 'off' }, 'by the newer text');
  t.same(abilitiesOf(track({ torch: [false] })), { light: 'none' });
  t.same(abilitiesOf(track({ zoom: { min: 1, max: 8, step: 0.1 } }, { zoom: 2 })).zoom, {
    ...{ value: 2, min: 1, max: 8, step: 0.1 },
  });
});

t.test('a zoom that cannot be moved is none, one without a step or value gets them', async (t) => {
  for (const zoom of [
    {},
    { min: 1, max: 1 },
    { min: 0, max: 4 },
    { min: 4, max: 1 },
    { min: Number.NaN, max: 3 },
    { min: 1, max: Number.POSITIVE_INFINITY },
  ]) {
    t.equal(abilitiesOf(track({ zoom })).zoom, undefined, JSON.stringify(zoom));
  }
  t.same(abilitiesOf(track({ zoom: { min: 1, max: 6 } })).zoom, { value: 1, min: 1, max: 6, step: 0.1 });
  t.equal(abilitiesOf(track({ zoom: { min: 1, max: 6 } }, { zoom: 9 })).zoom?.value, 6);
});

t.test('lenses have numbers of the page and never the ids of the browser', async (t) => {
  const numbers = new LensNumbers();
  const lens = (deviceId: string) => ({ deviceId, kind: 'wide' as const, number: 0, label: 'secret' });
  t.equal(numbers.of('used first'), 1);
  t.same(numbers.told([lens('b'), lens('used first')]), [
    { id: 2, kind: 'wide', number: 0 },
    { id: 1, kind: 'wide', number: 0 },
  ]);
  t.equal(numbers.device(2), 'b');
  t.equal(numbers.device(3), undefined);
  t.equal(numbers.device(0), undefined);
  t.equal(numbers.told(Array.from({ length: 30 }, (_, i) => lens(`c${i}`))).length, LENSES_MAX);
});

/** A camera that remembers what it was told, and tells no settings. */
function camera(refuses = false): ControlledTrack & { applied: object[] } {
  const applied: object[] = [];
  return {
    applied,
    getCapabilities: () => ({ torch: true, zoom: { min: 1, max: 8, step: 1 } }),
    getSettings: () => ({}),
    applyConstraints: async ({ advanced }) => {
      if (refuses) {
        throw new DOMException('', 'OverconstrainedError');
      }
      applied.push(...(advanced ?? []));
    },
  };
}

t.test('light and zoom are set together, within the bounds, and remembered', async (t) => {
  const controls = new CameraControls();
  t.same(controls.abilities, { light: 'none' });
  t.equal(await controls.light(true), false, 'no camera');
  const back = camera();
  t.equal(controls.use(back), true);
  t.equal(controls.use(back), false, 'the same one');
  const done = [controls.light(true), controls.zoom(99), controls.light(false)];
  t.same(await Promise.all(done), [true, true, true]);
  t.same(back.applied, [{ torch: true }, { torch: true, zoom: 8 }, { torch: false, zoom: 8 }]);
  t.match(controls.abilities, { light: 'off', zoom: { value: 8 } });
  controls.use(camera());
  t.match(controls.abilities, { light: 'off', zoom: { value: 1 } }, 'another camera begins anew');
});

t.test('what the camera refuses has not happened', async (t) => {
  const controls = new CameraControls();
  controls.use(camera(true));
  t.equal(await controls.light(true), false);
  t.equal(controls.abilities.light, 'off');
});
