/** Real: what the console asks of a phone and what it shows of that. Faked: the relay, the clock. */
import t from 'tap';
import { PhoneWishes } from '../../console/phone-wishes.ts';
import { whyNot } from '../../console/phone-words.ts';
import type { CameraState, CameraWish, SessionView, WishOutcome } from '../../relay/protocol.ts';

const LIGHT: CameraWish = { type: 'light', on: true };
const zoom = (value: number): CameraWish => ({ type: 'zoom', value });

function desk(refused = false) {
  const asked: CameraWish[] = [];
  const timers: (() => void)[] = [];
  const wishes = new PhoneWishes({
    request: async ({ wish }) => {
      asked.push(wish);
      return refused ? { ok: false, code: 'phoneCannot' } : { ok: true, value: { wishId: asked.length } };
    },
    changed: () => undefined,
    later: (callback) => timers.push(callback),
  });
  const done = (wishId: number, outcome: WishOutcome) =>
    wishes.hear({ type: 'cameraWishDone', sessionId: 1, wishId, outcome });
  const pass = () => {
    for (const timer of timers.splice(0)) {
      timer();
    }
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { wishes, asked, pass, done, turn };
}

t.test('what was asked is shown until the phone says what came of it', async (t) => {
  const { wishes, done, turn } = desk();
  wishes.ask(1, LIGHT);
  t.same(wishes.of(1), { wish: LIGHT, outcome: 'asking' });
  await turn();
  done(1, 'done');
  t.same(wishes.of(1), { wish: LIGHT, outcome: 'done' });
  done(99, 'failed');
  t.equal(wishes.of(1)?.outcome, 'done', 'of another wish');
  wishes.forget(1);
  t.equal(wishes.of(1), undefined);
});

t.test('a phone that is faster than the relay’s own answer is heard', async (t) => {
  const { wishes, done, turn } = desk();
  wishes.ask(1, LIGHT);
  done(1, 'cannot');
  await turn();
  t.equal(wishes.of(1)?.outcome, 'cannot');
});

t.test('of a slider that is dragged only the newest value is asked for', async (t) => {
  const { wishes, asked, pass, done, turn } = desk();
  for (const value of [1, 2, 3, 4]) {
    wishes.ask(1, zoom(value));
  }
  await turn();
  t.same(asked, [zoom(1)]);
  t.same(wishes.of(1), { wish: zoom(4), outcome: 'asking' }, 'and shown at once');
  done(1, 'done');
  t.same(asked, [zoom(1)], 'not without a pause');
  pass();
  await turn();
  t.same(asked, [zoom(1), zoom(4)]);
  done(2, 'done');
  t.same(wishes.of(1), { wish: zoom(4), outcome: 'done' });
  pass();
  t.equal(asked.length, 2);
});

t.test('what the relay refuses is said', async (t) => {
  const { wishes, turn } = desk(true);
  wishes.ask(1, LIGHT);
  await turn();
  t.match(wishes.of(1), { outcome: 'failed', refused: 'phoneCannot' });
});

t.test('why something cannot be asked for', async (t) => {
  const camera: CameraState = {
    ...{ light: 'off', zoom: { value: 1, min: 1, max: 2, step: 0.1 }, lens: 1 },
    lenses: [
      { id: 1, kind: 'wide', number: 0 },
      { id: 2, kind: 'front', number: 0 },
    ],
    ...{ preference: 'sharp', saveData: false, paused: 'nobody', covered: 'nothing' },
  };
  const customer: NonNullable<SessionView['customer']> = {
    devices: { microphone: 'on', camera: 'on' },
    picture: { mode: 'video', cause: 'none' },
    ...{ browser: '', connected: true, mediaReady: true, consents: {} },
    camera,
  };
  for (const control of ['light', 'lens', 'zoom', 'prefer', 'pause'] as const) {
    t.equal(whyNot(control, customer), '', control);
    t.not(whyNot(control, { ...customer, connected: false }), '', `${control}, away`);
    t.not(whyNot(control, undefined), '', `${control}, nobody`);
  }
  const paused = { ...customer, camera: { ...camera, paused: 'customer' as const } };
  t.match(whyNot('light', paused), /paused/);
  t.equal(whyNot('pause', paused), '', 'to ask for the picture');
  t.match(
    whyNot('light', { ...customer, camera: { ...camera, light: 'none', lens: 2 } }),
    /front camera has no light/,
  );
  t.match(whyNot('light', { ...customer, camera: { ...camera, light: 'none' } }), /has no light, or/);
  t.match(whyNot('lens', { ...customer, camera: { ...camera, lenses: [] } }), /no other camera/);
});
