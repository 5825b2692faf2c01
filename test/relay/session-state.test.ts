/** Pure: every state × every input against a table written out by hand, then properties over random histories. */
import fc from 'fast-check';
import t from 'tap';
import type { SessionState } from '../../relay/protocol.ts';
import {
  createMachine,
  isEnded,
  isInterrupted,
  SESSION_STATES,
  type SessionInput,
  type SessionMachine,
  type SettledState,
  settledState,
  transition,
} from '../../relay/session-state.ts';
import { INPUT_NAMES, INPUTS, type InputName, type Short, TABLE } from '../support/state-table.ts';

const THEN = 1_000;
const NOW = 2_000;

/** Fails to compile when an input of the machine is missing above. */
type MissingInput = Exclude<SessionInput['type'], (typeof INPUTS)[InputName]['type']>;
const NO_INPUT_MISSING: MissingInput extends never ? true : false = true;

function toMachine(short: Short, since: number): SessionMachine {
  const [, state, before, missing = ''] = /^(\w+)(?:\((\w+)(?: -(\w+))?\))?$/.exec(short) ?? [];
  return {
    state: state as SessionState,
    since,
    before: (before ?? null) as SettledState | null,
    missing: { customer: missing.includes('c'), technician: missing.includes('t') },
  };
}

/** Allowed, another situation, but the same state: the time in it goes on. */
const STATE_KEPT: readonly [Short, InputName][] = [
  ['transferring(active)', 'lostTechnician'],
  ['transferring(active -t)', 'backTechnician'],
  ['reconnecting(active -c)', 'lostTechnician'],
  ['reconnecting(active -t)', 'lostCustomer'],
  ['reconnecting(active -ct)', 'backCustomer'],
  ['reconnecting(active -ct)', 'backTechnician'],
  ['offline(active -c)', 'lostTechnician'],
  ['offline(active -t)', 'lostCustomer'],
  ['offline(active -ct)', 'backCustomer'],
  ['offline(active -ct)', 'backTechnician'],
];

t.test('every state and every input are in the table', async (t) => {
  const states = new Set(Object.keys(TABLE).map((short) => toMachine(short, THEN).state));
  t.strictSame([...states].sort(), [...SESSION_STATES].sort());
  t.ok(NO_INPUT_MISSING);
});

t.test('every input in every state does what the table says', async (t) => {
  for (const [short, row] of Object.entries(TABLE)) {
    const machine = Object.freeze(toMachine(short, THEN));
    for (const name of INPUT_NAMES) {
      const next = transition(machine, INPUTS[name], NOW);
      const expected = row[name];
      const what = `${short} + ${name}`;
      if (expected === undefined) {
        t.equal(next, undefined, `${what} is refused`);
      } else if (expected === 'same') {
        t.strictSame(next, machine, `${what} changes nothing`);
      } else {
        const kept = STATE_KEPT.some(([from, by]) => from === short && by === name);
        t.strictSame(next, toMachine(expected, kept ? THEN : NOW), what);
      }
    }
  }
});

t.test('what changes nothing returns the very same machine, so that nothing is written', async (t) => {
  for (const [short, row] of Object.entries(TABLE)) {
    const machine = toMachine(short, THEN);
    for (const name of INPUT_NAMES.filter((name) => row[name] === 'same')) {
      t.equal(transition(machine, INPUTS[name], NOW), machine, `${short} + ${name}`);
    }
  }
});

t.test('a session begins connecting', async (t) => {
  t.strictSame(createMachine(THEN), toMachine('connecting', THEN));
});

t.test('seven states are ends, two are interruptions', async (t) => {
  const ended = ['timedOut', 'aborted', 'closedByCustomer', 'closedByWaitingCustomer', 'closedByTechnician'];
  t.strictSame([...SESSION_STATES.filter(isEnded)].sort(), [...ended, 'declined', 'expired'].sort());
  t.strictSame(SESSION_STATES.filter(isInterrupted), ['reconnecting', 'offline']);
});

t.test('an interrupted or offered session still counts as what it was', async (t) => {
  for (const short of Object.keys(TABLE)) {
    const machine = toMachine(short, THEN);
    t.equal(settledState(machine), /\((\w+)/.exec(short)?.[1] ?? short, short);
  }
});

type Step = { input: SessionInput; pauseMs: number };
const history = fc.array(
  fc.record<Step>({
    input: fc.constantFrom(...INPUT_NAMES.map((name) => INPUTS[name])),
    pauseMs: fc.nat(1000),
  }),
  { maxLength: 40 },
);

/** The machine before and after every step that was not refused. */
function* walk(steps: readonly Step[]) {
  let now = THEN;
  let machine = createMachine(now);
  for (const { input, pauseMs } of steps) {
    now += pauseMs;
    const next = transition(machine, input, now);
    if (next) {
      yield { before: machine, input, next, now };
      machine = next;
    }
  }
}

t.test('every state can be reached, and no other situation than those of the table', async (t) => {
  const reached = new Set<string>();
  const seen = [createMachine(THEN)];
  for (let machine = seen.pop(); machine; machine = seen.pop()) {
    const key = JSON.stringify({ ...machine, since: THEN });
    if (!reached.has(key)) {
      reached.add(key);
      for (const name of INPUT_NAMES) {
        const next = transition(machine, INPUTS[name], THEN);
        seen.push(...(next ? [next] : []));
      }
    }
  }
  const listed = Object.keys(TABLE).map((short) => JSON.stringify(toMachine(short, THEN)));
  const normal = (keys: Iterable<string>) =>
    [...keys]
      .map((key) => JSON.parse(key) as SessionMachine)
      .map((m) => `${m.state} ${m.before} ${m.missing.customer} ${m.missing.technician}`)
      .sort();
  t.strictSame(normal(reached), normal(listed));
});

t.test('in every history, an ended session accepts nothing but its closing', async (t) => {
  fc.assert(
    fc.property(history, (steps) => {
      for (const { before, input, next } of walk(steps)) {
        if (isEnded(before.state) && !(input.type === 'end' && next.state === 'closedByTechnician')) {
          return false;
        }
      }
      return true;
    }),
    { numRuns: 1000 },
  );
  t.pass('1000 histories');
});

t.test('in every history, the time of a state is the time at which it was entered', async (t) => {
  fc.assert(
    fc.property(history, (steps) => {
      for (const { before, next, now } of walk(steps)) {
        const since = next.state === before.state ? before.since : now;
        if (next.since !== since || next.since < before.since) {
          return false;
        }
      }
      return true;
    }),
    { numRuns: 1000 },
  );
  t.pass('1000 histories');
});

t.test(
  'in every history, someone is missing exactly while it is interrupted, or a technician while transferring',
  async (t) => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const { next } of walk(steps)) {
          const { customer, technician } = next.missing;
          const interrupted = isInterrupted(next.state);
          if (
            interrupted !== (customer || (technician && next.state !== 'transferring')) ||
            (next.before !== null) !== (interrupted || next.state === 'transferring') ||
            // A technician counts only in an active session.
            (technician && next.before !== 'active')
          ) {
            return false;
          }
        }
        return true;
      }),
      { numRuns: 1000 },
    );
    t.pass('1000 histories');
  },
);
