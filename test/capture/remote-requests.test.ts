/** Real: what becomes of a technician's wish on the phone. Faked: the phone, the clock. */
import t from 'tap';
import { judge, RemoteRequests } from '../../capture/remote-requests.ts';
import type { CameraState, CameraWish } from '../../relay/protocol.ts';

const STATE: CameraState = {
  light: 'off',
  zoom: { value: 1, min: 1, max: 8, step: 0.1 },
  lenses: [{ id: 1, kind: 'wide', number: 0 }],
  lens: 1,
  preference: 'sharp',
  saveData: false,
  paused: 'nobody',
  covered: 'nothing',
};
const PLAIN: CameraState = { ...STATE, light: 'none', lenses: [] };
delete PLAIN.zoom;
const LIGHT: CameraWish = { type: 'light', on: true };
const ON: CameraWish = { type: 'pause', paused: false };
const OFF: CameraWish = { type: 'pause', paused: true };

t.test('what is done, asked and refused', async (t) => {
  t.equal(judge(LIGHT, STATE, true), 'perform');
  t.equal(judge(LIGHT, STATE, false), 'noCamera');
  t.equal(judge(LIGHT, PLAIN, true), 'cannot');
  t.equal(judge({ type: 'zoom', value: 2 }, PLAIN, true), 'cannot');
  t.equal(judge({ type: 'lens', lens: 1 }, STATE, true), 'perform');
  t.equal(judge({ type: 'lens', lens: 2 }, STATE, true), 'cannot');
  t.equal(judge({ type: 'prefer', preference: 'smooth' }, PLAIN, false), 'perform');
  t.equal(judge(OFF, STATE, true), 'perform');
  t.equal(judge(ON, STATE, true), 'perform', 'nothing to do');
  t.equal(judge(ON, { ...STATE, paused: 'customer' }, true), 'ask');
  t.equal(
    judge(ON, { ...STATE, paused: 'technician' }, false),
    'ask',
    'nobody but the customer shows it again',
  );
});

function phone(state: CameraState, works = true) {
  const answers: [number, string][] = [];
  const performed: CameraWish[] = [];
  const timers: (() => void)[] = [];
  const requests = new RemoteRequests({
    state: () => state,
    hasCamera: () => state.paused === 'nobody',
    perform: async (wish) => {
      performed.push(wish);
      return works;
    },
    answer: (wishId, outcome) => answers.push([wishId, outcome]),
    changed: () => undefined,
    later: (callback) => {
      timers.push(callback);
      return () => timers.splice(timers.indexOf(callback), 1);
    },
  });
  return { requests, answers, performed, timers };
}

t.test('what was done is answered, and shown for a while', async (t) => {
  const { requests, answers, timers } = phone(STATE);
  await requests.hear(7, LIGHT);
  t.same(answers, [[7, 'done']]);
  t.equal(requests.notice, 'lightOn');
  await requests.hear(8, OFF);
  t.equal(requests.notice, 'paused', 'the newest');
  t.equal(timers.length, 1, 'in the place of the one before');
  timers[0]?.();
  t.equal(requests.notice, undefined);
});

t.test('nothing is shown of what failed or was so already', async (t) => {
  const broken = phone(STATE, false);
  await broken.requests.hear(1, LIGHT);
  t.same(broken.answers, [[1, 'failed']]);
  t.equal(broken.requests.notice, undefined);
  const lit = phone({ ...STATE, light: 'on' });
  await lit.requests.hear(1, LIGHT);
  t.same([lit.answers, lit.requests.notice], [[[1, 'done']], undefined]);
});

t.test('the customer decides whether the camera goes on', async (t) => {
  const { requests, answers, performed } = phone({ ...STATE, paused: 'customer' });
  await requests.hear(1, ON);
  await requests.hear(2, ON);
  t.ok(requests.isAsked);
  requests.decide(false);
  t.same(answers, [
    [1, 'asked'],
    [2, 'asked'],
    [1, 'declined'],
    [2, 'declined'],
  ]);
  t.notOk(requests.isAsked);
  t.same(performed, [], 'nothing was touched');
  await requests.hear(3, ON);
  requests.decide(true);
  t.same(answers.at(-1), [3, 'done']);
});
