/** Real: the order of the end, with timers of milliseconds. Faked: calls, the work of ending, and the exit of the process. */
import t from 'tap';
import { Drain } from '../../relay/drain.ts';

/** Far beyond the length of a test: whatever ends before that did not wait for it. */
const LONG_MS = 600_000;

function scene(graceMs: number, calls: number) {
  const done: string[] = [];
  const said: string[] = [];
  let exit: (code: number) => void = () => undefined;
  const exited = new Promise<number>((resolve) => {
    exit = resolve;
  });
  const state = { calls, failing: false };
  const drain = new Drain({
    graceMs,
    callCount: () => state.calls,
    begin: () => done.push('begin'),
    end: async () => {
      done.push('end');
      if (state.failing) {
        throw new Error('the disk is full');
      }
    },
    exit,
    print: (line) => said.push(line),
    onError: () => done.push('error'),
  });
  return { drain, done, said, exited, state };
}

t.test('without a call the end comes at once', async (t) => {
  const { drain, done, said, exited } = scene(LONG_MS, 0);
  t.equal(drain.draining, false);
  drain.signal();
  t.equal(drain.draining, true);
  t.equal(await exited, 0);
  t.same(done, ['begin', 'end']);
  t.same(said, []);
});

t.test('a running call is waited for until it ends', async (t) => {
  const { drain, done, said, exited, state } = scene(LONG_MS, 2);
  drain.signal();
  t.same(done, ['begin']);
  t.match(said, [/2 calls/]);
  state.calls = 0;
  t.equal(await exited, 0);
  t.same(done, ['begin', 'end']);
});

t.test('and no longer than the time that it has', async (t) => {
  const { drain, exited, said } = scene(20, 1);
  drain.signal();
  t.equal(await exited, 0);
  t.match(said, [/one call/]);
});

t.test('no time to wait means now', async (t) => {
  const { drain, exited, said } = scene(0, 1);
  drain.signal();
  t.equal(await exited, 0);
  t.same(said, []);
});

t.test('a second signal ends the waiting, in order', async (t) => {
  const { drain, done, exited } = scene(LONG_MS, 1);
  drain.signal();
  drain.signal();
  t.equal(await exited, 0);
  t.same(done, ['begin', 'end']);
});

t.test('a third signal is the end at once', async (t) => {
  const { drain, exited } = scene(LONG_MS, 1);
  drain.signal();
  drain.signal();
  drain.signal();
  t.equal(await exited, 1);
});

t.test('an end that fails is told and is no success', async (t) => {
  const { drain, done, exited, state } = scene(LONG_MS, 0);
  state.failing = true;
  drain.signal();
  t.equal(await exited, 1);
  t.same(done, ['begin', 'end', 'error']);
});
