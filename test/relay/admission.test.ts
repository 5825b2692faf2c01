/**
 * Real: the way to a session by PIN or link with its limits and the time of its refusals, and who may still try.
 * Faked: the directory of invitations and the sessions (two maps), and the clock that limits and expiry go by.
 */
import t from 'tap';
import { alarmOf, createAdmission, lateRefusal } from '../../relay/admission.ts';
import { Guessing, type GuessingLevel } from '../../relay/guessing.ts';
import type { LiveSession } from '../../relay/live-session.ts';
import { isFailure } from '../../relay/outcome.ts';
import type { Sessions } from '../../relay/sessions.ts';
import type { Directory, Invitation, InvitationState } from '../../relay/store.ts';

// Refusals take their time; tests that wait for many of them wait side by side.
t.jobs = 4;
const SIDE_BY_SIDE = { buffered: true };

const MINUTE_MS = 60_000;
/** Least time of a refusal (reliability.md 3.2, P5), less what a timer may be early. */
const REFUSAL_MS = 299;

const TOKEN = 't'.repeat(43);
const ADDRESS = '192.0.2.1';
const LIVE_PIN = '481627';

/** @param isPatient refusals take their time */
function scene({ isPatient = true } = {}) {
  const clock = { now: 1_767_225_600_000 };
  const invitations: Invitation[] = [];
  const sessions = new Map<number, LiveSession>();
  /** PINs that the directory was asked for. */
  const asked: string[] = [];
  const levels: GuessingLevel[] = [];
  const directory: Pick<Directory, 'findPin' | 'findToken'> = {
    findPin: async (pin, now) => {
      asked.push(pin);
      return invitations.find((one) => one.pin === pin && one.state === 'live' && now < one.expiresAt);
    },
    findToken: async (token) => invitations.find((one) => one.token === token),
  };
  const admission = createAdmission({
    directory: directory as Directory,
    guessing: new Guessing(),
    sessions: { invited: ({ sessionId }: Invitation) => sessions.get(sessionId) } as unknown as Sessions,
    now: () => clock.now,
    onLevelChange: (level) => levels.push(level),
    ...(isPatient ? {} : { wait: async () => undefined }),
  });
  /** An invitation into a session; without `open` the session takes nobody any more. */
  const invite = (
    pin: string,
    token: string,
    state: InvitationState = 'live',
    open = true,
    validFrom = 0,
  ) => {
    const sessionId = 1001 + invitations.length;
    const expiresAt = clock.now + 20 * MINUTE_MS;
    invitations.push({ sessionId, pin, token, validFrom, expiresAt, state });
    const session = { name: `session ${sessionId}` } as unknown as LiveSession;
    if (open) {
      sessions.set(sessionId, session);
    }
    return session;
  };
  return { clock, admission, invite, asked, levels };
}

const code = (result: LiveSession | { failed: string }) => (isFailure(result) ? result.failed : 'admitted');

t.test('a live PIN opens its session, also with spaces and hyphens', async (t) => {
  const { admission, invite, asked } = scene();
  const session = invite(LIVE_PIN, TOKEN);
  for (const typed of ['481627', '481 627', ' 481-627 ', '4 8 1 6 2 7']) {
    t.equal(await admission.byPin(typed, ADDRESS), session, typed);
  }
  t.same(asked, Array(4).fill(LIVE_PIN));
});

t.test('whatever is wrong with a PIN, the answer and its time are the same', SIDE_BY_SIDE, async (t) => {
  const { admission, invite, clock, asked } = scene();
  invite('100001', 'a', 'used');
  invite('100002', 'b', 'expired');
  invite('100003', 'c', 'cancelled');
  invite('100004', 'd', 'live', false);
  invite('100005', 'e');
  clock.now += 20 * MINUTE_MS;
  const wrong = {
    'never given out': '123987',
    used: '100001',
    expired: '100002',
    cancelled: '100003',
    'of a session that takes nobody': '100004',
    'just over': '100005',
    'too short': '12345',
    'no digits': 'abcdef',
    'other digits': '１２３４５６',
    empty: '',
    long: '1'.repeat(32),
    'with something behind': '100005;',
  };
  // Each from an address of its own, so that no limit interferes.
  const results = await Promise.all(
    Object.entries(wrong).map(async ([what, typed], index) => {
      const startedAt = performance.now();
      const result = await admission.byPin(typed, `192.0.2.${index + 10}`);
      return { what, result, ms: performance.now() - startedAt };
    }),
  );
  for (const { what, result, ms } of results) {
    t.same(result, { failed: 'pinUnknown' }, what);
    // No upper bound: on a busy machine every timer is late, for a right PIN as for a wrong one.
    t.ok(ms >= REFUSAL_MS, `${what}: ${Math.round(ms)} ms`);
  }
  t.ok(
    asked.every((pin) => /^\d{6}$/.test(pin)),
    'only digits are looked up',
  );
});

t.test('whoever guesses too often is not even looked up, and is told the same', SIDE_BY_SIDE, async (t) => {
  const { admission, invite, clock, asked } = scene();
  const session = invite(LIVE_PIN, TOKEN);
  for (let guess = 0; guess < 5; guess++) {
    t.equal(code(await admission.byPin(`20000${guess}`, ADDRESS)), 'pinUnknown');
  }
  asked.splice(0);
  const startedAt = performance.now();
  t.same(await admission.byPin(LIVE_PIN, ADDRESS), { failed: 'pinUnknown' }, 'even the right PIN');
  t.ok(performance.now() - startedAt >= REFUSAL_MS, 'in the same time');
  t.same(asked, []);
  t.equal(await admission.byPin(LIVE_PIN, '192.0.2.2'), session, 'another address is not affected');
  clock.now += 2 * MINUTE_MS;
  t.equal(await admission.byPin(LIVE_PIN, ADDRESS), session, 'and later it works again');
});

t.test('a right PIN does not count, however often it is typed', async (t) => {
  const { admission, invite } = scene();
  const session = invite(LIVE_PIN, TOKEN);
  for (let time = 0; time < 40; time++) {
    t.equal(await admission.byPin(LIVE_PIN, ADDRESS), session);
  }
});

t.test('slow guessing runs into the limits of a quarter of an hour and of a day', SIDE_BY_SIDE, async (t) => {
  const { admission, clock, asked } = scene();
  let guesses = 0;
  const guess = () => {
    guesses += 1;
    return admission.byPin(String(300_000 + guesses), ADDRESS);
  };
  // Two at once, then 90 s of patience: the limit of a minute never bites.
  for (let round = 0; round < 8; round++) {
    await Promise.all([guess(), guess()]);
    clock.now += 90_000;
  }
  t.equal(asked.length, 10, `of ${guesses} guesses in 12 minutes`);
  for (let round = 0; round < 14; round++) {
    clock.now += 20 * MINUTE_MS;
    await Promise.all([guess(), guess()]);
  }
  t.equal(asked.length, 30, `of ${guesses} guesses in five hours`);
});

t.test('guesses side by side get no more tries than one after the other', async (t) => {
  const { admission, asked } = scene();
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => admission.byPin(`${400_000 + index}`, ADDRESS)),
  );
  t.equal(asked.length, 5);
});

t.test('a household counts as one address', SIDE_BY_SIDE, async (t) => {
  const { admission, invite, asked } = scene();
  const session = invite(LIVE_PIN, TOKEN);
  for (let guess = 0; guess < 5; guess++) {
    await admission.byPin('999999', `2001:0db8:0000:0001:0000:0000:0000:000${guess}`);
  }
  asked.splice(0);
  t.equal(code(await admission.byPin(LIVE_PIN, '2001:db8:0:1::77')), 'pinUnknown', 'same /64');
  t.equal(await admission.byPin(LIVE_PIN, '2001:db8:0:2::77'), session, 'the next /64');
});

t.test('a link says what became of it', async (t) => {
  const { admission, invite, clock } = scene();
  const tokens = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(43)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const session = invite('1', tokens[0]);
  invite('2', tokens[1], 'used');
  invite('3', tokens[2], 'expired');
  invite('4', tokens[3], 'cancelled');
  invite('5', tokens[4], 'live', false);
  t.equal(await admission.byLink(tokens[0]), session);
  t.same(await admission.byLink(tokens[1]), { failed: 'linkUsed' });
  t.same(await admission.byLink(tokens[2]), { failed: 'linkExpired' });
  t.same(await admission.byLink(tokens[3]), { failed: 'linkExpired' });
  t.same(await admission.byLink(tokens[4]), { failed: 'linkExpired' }, 'its session takes nobody any more');
  for (const token of ['f'.repeat(43), '', 'a'.repeat(42), `${'a'.repeat(42)}/`, 'a'.repeat(128)]) {
    t.same(await admission.byLink(token), { failed: 'linkUnknown' }, token.slice(0, 50));
  }
  clock.now += 20 * MINUTE_MS;
  t.same(await admission.byLink(tokens[0]), { failed: 'linkExpired' }, 'its time is over');
});

t.test('who comes second is refused in the way they came', async (t) => {
  t.equal(lateRefusal('pin'), 'pinUnknown');
  t.equal(lateRefusal('link'), 'linkUsed');
});

t.test('a level is told when it changes, and ends by the passing of time', async (t) => {
  const { admission, clock, levels, invite } = scene({ isPatient: false });
  const session = invite(LIVE_PIN, TOKEN);
  for (let guess = 0; guess < 3_100; guess++) {
    await admission.byPin('999999', `10.${guess >> 8}.${guess & 255}.1`);
  }
  t.same(levels, ['raised', 'siege', 'closed']);
  t.same(levels.map(alarmOf), ['guessing', 'guessing', 'closed']);
  t.same(
    await admission.byPin(LIVE_PIN, ADDRESS),
    { failed: 'pinClosed' },
    'nobody comes in by PIN any more',
  );
  t.equal(await admission.byLink(TOKEN), session, 'but by link');
  t.same(admission.attempts, { admitted: 0, unknown: 3_000, locked: 101 });
  clock.now += 60 * MINUTE_MS;
  admission.tick();
  t.equal(levels.at(-1), 'calm');
  t.equal(alarmOf('calm'), 'none');
  const later = invite('555444', 'z'.repeat(43));
  t.equal(await admission.byPin('555444', ADDRESS), later);
});

t.test(
  'the link of an appointment tells its time before it, opens then, and no more afterwards',
  async (t) => {
    const { clock, admission, invite } = scene();
    const [token, from, until] = ['a'.repeat(43), clock.now + MINUTE_MS, clock.now + 20 * MINUTE_MS];
    const session = invite('', token, 'live', true, from);
    t.same(await admission.byLink(token), { early: { from, until } });
    clock.now = from;
    t.equal(await admission.byLink(token), session);
    clock.now = until;
    t.same(await admission.byLink(token), { failed: 'linkExpired' });
  },
);
