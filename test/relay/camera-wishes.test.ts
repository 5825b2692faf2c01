/**
 * What is asked of a phone in real sessions. Real: sessions, their state machine, the store. Faked: pages (they write down what
 * they are told), the media plane, the clock; time-outs come when the test says so.
 */
import t, { type Test } from 'tap';
import { CameraWishes, isBeyond } from '../../relay/camera-wishes.ts';
import { type CameraState, type CameraWish, WISH_BURST, WISHES_OPEN_MAX } from '../../relay/protocol.ts';
import { createWaiting, granted, openScene, Page, type Scene } from '../support/sessions-scene.ts';

const STATE: CameraState = {
  ...{ light: 'off', zoom: { value: 1, min: 1, max: 8, step: 0.1 }, lens: 1 },
  lenses: [{ id: 1, kind: 'wide', number: 0 }],
  ...{ preference: 'sharp', saveData: false, paused: 'nobody', covered: 'nothing' },
};
const LIGHT: CameraWish = { type: 'light', on: true };

function test(name: string, work: (t: Test, scene: Scene) => Promise<void>): void {
  t.test(name, async (t) => {
    const scene = await openScene(t.testdir());
    try {
      await work(t, scene);
    } finally {
      await scene.close();
    }
  });
}

async function active(scene: Scene) {
  const console = new Page();
  await scene.sessions.consoleJoined(scene.anna, console, []);
  const { session, customer } = await createWaiting(scene, scene.anna);
  granted(await scene.sessions.start(scene.anna, session));
  return { console, customer, session, wishes: session.cameraWishes, id: session.record.id };
}

test('a wish goes to the phone, its answer to the technician', async (t, scene) => {
  const { console, customer, session, wishes, id } = await active(scene);
  t.equal(wishes.ask(LIGHT), 'phoneAway', 'the phone has not said what it can do');
  session.setCamera(STATE);
  t.same(console.of('session').at(-1)?.session.customer?.camera, STATE);
  t.same(wishes.ask(LIGHT), { wishId: 1 });
  t.same(customer.of('cameraWish'), [{ type: 'cameraWish', sessionId: id, wishId: 1, wish: LIGHT }]);
  t.equal(wishes.answer(2, 'done'), 'wrongState', 'nobody asked for that');
  t.equal(wishes.answer(1, 'asked'), undefined);
  t.equal(wishes.answer(1, 'declined'), undefined);
  t.equal(wishes.answer(1, 'done'), 'wrongState', 'it is over');
  t.same(
    console.of('cameraWishDone').map(({ wishId, outcome }) => [wishId, outcome]),
    [
      [1, 'asked'],
      [1, 'declined'],
    ],
  );
  t.same(customer.of('cameraWishDone'), []);
});

test('refused on hold, without the phone, and for what it cannot', async (t, scene) => {
  const { console, session, customer, wishes } = await active(scene);
  session.setCamera(STATE);
  t.equal(wishes.ask({ type: 'lens', lens: 7 }), 'phoneCannot');
  granted(await scene.sessions.hold(scene.anna, session));
  t.equal(wishes.ask(LIGHT), 'wrongState');
  granted(await scene.sessions.unhold(scene.anna, session));
  wishes.ask(LIGHT);
  await scene.sessions.customers.lost(session, customer, 'connection');
  t.equal(wishes.ask(LIGHT), 'phoneAway');
  session.joinCustomer(new Page(), []);
  t.equal(console.of('cameraWishDone').at(-1)?.outcome, 'noAnswer', 'another page answers nothing of before');
  t.equal(session.technicianView().customer?.camera, undefined);
});

t.test('what a phone has ruled out', async (t) => {
  const plain: CameraState = { ...STATE, light: 'none', lenses: [] };
  delete plain.zoom;
  t.equal(isBeyond(STATE, LIGHT), false);
  t.equal(isBeyond(plain, LIGHT), true);
  t.equal(isBeyond(STATE, { type: 'zoom', value: 8 }), false);
  t.equal(isBeyond(STATE, { type: 'zoom', value: 8.1 }), true);
  t.equal(isBeyond(plain, { type: 'zoom', value: 1 }), true);
  t.equal(isBeyond(plain, { type: 'lens', lens: 1 }), true);
  t.equal(isBeyond(plain, { type: 'prefer', preference: 'smooth' }), false);
  t.equal(isBeyond(plain, { type: 'pause', paused: true }), false);
});

function alone() {
  const customer = new Page();
  const technician = new Page();
  const timers = new Map<() => void, number>();
  const clock = { now: 1_000_000 };
  const wishes = new CameraWishes({
    sessionId: 1,
    now: () => clock.now,
    later: (callback, delayMs) => {
      timers.set(callback, delayMs);
      return () => timers.delete(callback);
    },
    active: () => true,
    page: (party) => (party === 'customer' ? customer : technician),
  });
  wishes.setState(STATE);
  const outcomes = () => technician.of('cameraWishDone').map(({ outcome }) => outcome);
  return { wishes, timers, clock, outcomes };
}

t.test('a phone that says nothing is given up, a person is waited for longer', async (t) => {
  const { wishes, timers, outcomes } = alone();
  wishes.ask(LIGHT);
  t.same([...timers.values()], [10_000]);
  wishes.answer(1, 'asked');
  t.same([...timers.values()], [120_000]);
  [...timers.keys()][0]?.();
  t.same(outcomes(), ['asked', 'noAnswer']);
  t.equal(wishes.answer(1, 'done'), 'wrongState');
  t.equal(timers.size, 0);
});

t.test('no more than a phone can answer, and no faster', async (t) => {
  const { wishes, clock } = alone();
  for (let i = 0; i < WISHES_OPEN_MAX; i++) {
    t.same(wishes.ask(LIGHT), { wishId: i + 1 });
  }
  t.equal(wishes.ask(LIGHT), 'tooManyMessages', 'the phone has not answered');
  for (let i = 0; i < WISHES_OPEN_MAX; i++) {
    wishes.answer(i + 1, 'done');
  }
  let passed = WISHES_OPEN_MAX;
  for (let i = 0; i < 100; i++) {
    const asked = wishes.ask(LIGHT);
    if (typeof asked === 'object') {
      passed += 1;
      wishes.answer(asked.wishId, 'done');
    }
  }
  t.equal(passed, WISH_BURST);
  clock.now += 1_000;
  t.type(wishes.ask(LIGHT), 'object', 'a moment later');
});
