/** Real: what each side is shown of a session, and the state machine that it is shown of. Nothing is faked. */
import t from 'tap';
import type { SessionState } from '../../relay/protocol.ts';
import { createMachine, isEnded, SESSION_STATES, type SessionMachine } from '../../relay/session-state.ts';
import {
  customerView,
  LIVE_PICTURE,
  linkOf,
  NO_DEVICES,
  type Presence,
  technicianView,
} from '../../relay/session-view.ts';
import type { SessionRecord } from '../../relay/store.ts';

const NOW = 1_767_225_600_000;
const ORIGIN = 'https://help.example.org';

function record(machine: Partial<SessionMachine> = {}, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: 1001,
    technicianId: 2,
    groupId: '',
    machine: { ...createMachine(NOW), ...machine },
    fields: { name: 'Frau Keller', phone: '', email: '', ticketId: 'T-77', custom: { device: 'X3' } },
    channel: '',
    createdAt: NOW,
    startedAt: null,
    endedAt: null,
    dismissed: false,
    customer: null,
    resumeHash: null,
    previousResumeHash: null,
    transfer: null,
    outcome: null,
    notes: '',
    rating: null,
    ...more,
  };
}

function presence(more: Partial<Presence> = {}): Presence {
  return {
    guests: [],
    invitation: undefined,
    customerConnected: false,
    technicianConnected: true,
    queuePosition: undefined,
    consents: {},
    recording: undefined,
    picture: LIVE_PICTURE,
    preflight: undefined,
    camera: undefined,
    devices: { customer: NO_DEVICES, technician: NO_DEVICES },
    away: { customer: undefined, technician: undefined },
    paused: { customer: undefined, technician: undefined },
    mediaReady: false,
    ...more,
  };
}

const CUSTOMER = { browser: 'Safari 26 on iPhone', language: 'de' } as const;

t.test('the technician sees fields, times and status of a new session', async (t) => {
  t.same(technicianView(record(), presence(), ORIGIN), {
    id: 1001,
    status: 'connecting',
    statusSince: NOW,
    createdAt: NOW,
    fields: { name: 'Frau Keller', phone: '', email: '', ticketId: 'T-77', custom: { device: 'X3' } },
    channel: '',
    queued: false,
    notes: '',
  });
});

t.test('of an invitation, the technician sees what was asked for', async (t) => {
  const invitation = { sessionId: 1001, validFrom: 0, expiresAt: NOW + 1, state: 'live' } as const;
  const shown = (pin: string | null, token: string | null) =>
    technicianView(record(), presence({ invitation: { ...invitation, pin, token } }), ORIGIN).invitation;
  t.same(shown('481627', null), { expiresAt: NOW + 1, pin: '481627' });
  t.same(shown(null, 'abc'), { expiresAt: NOW + 1, link: 'https://help.example.org/j/abc' });
  t.same(shown('481627', 'abc'), { expiresAt: NOW + 1, pin: '481627', link: linkOf(ORIGIN, 'abc') });
});

t.test('the customer appears in the view with the acceptance, with devices and connection', async (t) => {
  const devices = { microphone: 'on', camera: 'paused' } as const;
  const view = technicianView(
    record({ state: 'waiting' }, { customer: CUSTOMER }),
    presence({
      customerConnected: true,
      devices: { customer: devices, technician: NO_DEVICES },
      mediaReady: true,
    }),
    ORIGIN,
  );
  t.same(view.customer, {
    devices,
    picture: { mode: 'video', cause: 'none' },
    browser: 'Safari 26 on iPhone',
    connected: true,
    mediaReady: true,
    consents: {},
  });
});

t.test("nothing that is secret or the customer's own is in the technician's view", async (t) => {
  const view = technicianView(
    record({}, { customer: CUSTOMER, resumeHash: 'secret1', previousResumeHash: 'secret2' }),
    presence(),
    ORIGIN,
  );
  t.notMatch(JSON.stringify(view), /secret|"language"|technicianId/);
});

t.test('each state has a status; a transfer is outgoing for its sender', async (t) => {
  for (const state of SESSION_STATES) {
    const { status } = technicianView(record({ state }), presence(), ORIGIN);
    t.equal(status, state === 'transferring' ? 'outgoing' : state);
  }
});

t.test('the customer sees one of four phases, and in the end how it ended', async (t) => {
  const phases: Partial<Record<SessionState, string>> = { active: 'active', onHold: 'onHold' };
  for (const state of SESSION_STATES) {
    const view = customerView(record({ state }), presence(), 'Anna');
    t.equal(view.phase, isEnded(state) ? 'ended' : (phases[state] ?? 'waiting'), state);
    t.equal(view.endedAs, isEnded(state) ? state : undefined, state);
  }
});

t.test('an interrupted or transferred session keeps the phase it had', async (t) => {
  for (const state of ['reconnecting', 'offline', 'transferring'] as const) {
    for (const before of ['waiting', 'active', 'onHold'] as const) {
      t.equal(
        customerView(record({ state, before }), presence(), 'Anna').phase,
        before,
        `${state}, ${before}`,
      );
    }
  }
});

t.test("the customer learns the technician's name with the start, and not before", async (t) => {
  t.equal(customerView(record({ state: 'waiting' }), presence(), 'Anna').technician, '');
  const started = record({ state: 'active' }, { startedAt: NOW });
  t.equal(customerView(started, presence(), 'Anna').technician, 'Anna');
  const ended = record({ state: 'closedByTechnician' }, { startedAt: NOW });
  t.equal(customerView(ended, presence(), 'Anna').technician, 'Anna', 'and keeps it');
});

t.test("nothing of the case is in the customer's view", async (t) => {
  const view = customerView(
    record({ state: 'active' }, { startedAt: NOW, customer: CUSTOMER, resumeHash: 'secret' }),
    presence({ customerConnected: true }),
    'Anna',
  );
  t.same(view, {
    phase: 'active',
    technician: 'Anna',
    technicianDevices: NO_DEVICES,
    technicianConnected: true,
    consents: {},
  });
});

t.test('both sides are told why somebody is away, the other side first', async (t) => {
  const connection = { reason: 'connection', since: NOW } as const;
  const left = { reason: 'left', since: NOW + 1 } as const;
  const told = (missing: Partial<SessionMachine['missing']>, more: Partial<Presence>) => {
    const machine = {
      state: 'reconnecting',
      before: 'active',
      missing: { customer: false, technician: false, ...missing },
    } as const;
    return [
      technicianView(record(machine), presence(more), ORIGIN).interruption,
      customerView(record(machine), presence(more), 'Anna').interruption,
    ];
  };
  const both = { customer: connection, technician: left };
  const [customer, technician] = [
    { party: 'customer', ...connection },
    { party: 'technician', ...left },
  ] as const;
  t.same(told({ customer: true, technician: true }, { away: both }), [customer, technician]);
  t.same(told({ customer: true }, { away: both }), [customer, customer]);
  t.same(told({ technician: true }, { away: both }), [technician, technician]);
});

t.test('a locked phone is told also while its socket lives, and not once the session is over', async (t) => {
  const hidden = { reason: 'hidden', since: NOW } as const;
  const paused = { customer: hidden, technician: undefined };
  const of = (state: SessionMachine['state']) =>
    technicianView(record({ state }), presence({ paused }), ORIGIN).interruption;
  t.same(of('active'), { party: 'customer', ...hidden });
  t.same(of('waiting'), { party: 'customer', ...hidden });
  t.equal(of('closedByCustomer'), undefined);
});

t.test('an interrupted session says where it goes on', async (t) => {
  const before = (machine: Partial<SessionMachine>) =>
    technicianView(record(machine), presence(), ORIGIN).before;
  t.equal(before({ state: 'offline', before: 'active' }), 'active');
  t.equal(before({ state: 'transferring', before: 'active' }), undefined, 'that is no interruption');
  t.equal(before({ state: 'active' }), undefined);
});
