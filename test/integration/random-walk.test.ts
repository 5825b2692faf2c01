/**
 * Three actors, two technicians and a customer, do whatever comes to their minds, several such groups at once. Nothing that happens
 * leads out of the transition table, and in the end both consoles and the store agree. Real: relay, workers, SQLite, WebSockets.
 * Not real: the browsers; nobody answers an offer of media.
 *
 * `WALK_EVENTS=100000 WALK_SEED=7 npx tap dist/test/integration/random-walk.test.js` walks longer or elsewhere.
 */
import t from 'tap';
import type { SessionId, SessionStatus, SessionView } from '../../relay/protocol.ts';
import { chance, pick, type Random, randomFrom } from '../fuzz/random.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import {
  acceptTerms,
  callApi,
  NO_FIELDS,
  Refused,
  SignallingClient,
  signIn,
} from '../support/signalling-client.ts';
import { follow, type Short, stateOf } from '../support/state-table.ts';

const EVENTS = Number(process.env['WALK_EVENTS'] ?? 6_000);
const SEED = Number(process.env['WALK_SEED'] ?? 20_261_123);
const GROUPS = 6;
const SESSIONS_MAX = 4;

type Walk = { relay: RelayProcess; events: number; refusals: Map<string, number>; sessions: Set<SessionId> };

/** Does something that may be refused, and counts it. @returns undefined when it was */
async function attempt<T>(walk: Walk, work: () => Promise<T>): Promise<T | undefined> {
  walk.events += 1;
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refused)) {
      throw error;
    }
    walk.refusals.set(error.code, (walk.refusals.get(error.code) ?? 0) + 1);
    return undefined;
  }
}

class WalkingTechnician {
  readonly id: number;
  /** The list as a console keeps it: the first one and every change. */
  readonly views = new Map<SessionId, SessionView>();
  readonly #walk: Walk;
  readonly #cookie: string;
  #client: SignallingClient | undefined;

  constructor(walk: Walk, id: number, cookie: string) {
    this.#walk = walk;
    this.id = id;
    this.#cookie = cookie;
  }

  async connect(): Promise<void> {
    const client = await SignallingClient.connect(this.#walk.relay.origin, { cookie: this.#cookie });
    this.views.clear();
    client.onEvent = (event) => {
      if (event.type === 'session') {
        this.views.set(event.session.id, event.session);
        this.#walk.sessions.add(event.session.id);
      } else if (event.type === 'sessionRemoved') {
        this.views.delete(event.sessionId);
      }
    };
    const { sessions = [] } = await client.hello('technician');
    for (const session of sessions) {
      // What came meanwhile is newer.
      if (!this.views.has(session.id)) {
        this.views.set(session.id, session);
      }
    }
    this.#client = client;
  }

  drop(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async act(random: Random, colleague: WalkingTechnician): Promise<void> {
    const walk = this.#walk;
    const client = this.#client;
    if (!client || client.closed !== undefined) {
      await attempt(walk, () => this.connect());
      return;
    }
    const sessions = [...this.views.values()];
    const session = sessions.length > 0 ? pick(random, sessions) : undefined;
    const sessionId = session?.id ?? 999_999;
    const deeds: (() => Promise<unknown>)[] = [
      () => client.request('startSession', { sessionId }),
      () => client.request('startSession', { sessionId }),
      () => client.request('holdSession', { sessionId }),
      () => client.request('resumeSession', { sessionId }),
      () => client.request('transferSession', { sessionId, to: { technicianId: colleague.id }, comment: '' }),
      () => client.request('refuseTransfer', { sessionId }),
      () => client.request('invite', { sessionId, method: 'link' }),
      () => client.request('setAway', { away: chance(random, 20) }),
      () => client.request('dismissSession', { sessionId }),
      () =>
        client.request('editSession', { sessionId, fields: { ...NO_FIELDS, name: `walk ${random(1_000)}` } }),
      // Of somebody else, perhaps.
      () => client.request('endSession', { sessionId: chance(random, 50) ? sessionId : sessionId - 1 }),
      async () => this.drop(),
    ];
    const create = () => client.request('createSession', { fields: NO_FIELDS, method: 'link' });
    const live = sessions.filter(({ invitation }) => invitation).length;
    await attempt<unknown>(walk, live === 0 && sessions.length < SESSIONS_MAX ? create : pick(random, deeds));
  }
}

class WalkingCustomer {
  readonly #walk: Walk;
  #client: SignallingClient | undefined;
  #resume: string | undefined;

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  async act(random: Random, technicians: readonly WalkingTechnician[]): Promise<void> {
    const walk = this.#walk;
    if (this.#client && this.#client.closed === undefined) {
      await this.#actInside(random, this.#client);
    } else if (this.#resume !== undefined && chance(random, 90)) {
      const resume = this.#resume;
      const back = await attempt(walk, () => SignallingClient.customer(walk.relay.origin, resume));
      this.#client = back;
      this.#resume = back ? resume : undefined;
    } else {
      await this.#comeIn(random, technicians);
    }
  }

  async #comeIn(random: Random, technicians: readonly WalkingTechnician[]): Promise<void> {
    const walk = this.#walk;
    const links = technicians.flatMap(({ views }) =>
      [...views.values()].flatMap(({ invitation }) => invitation?.link ?? []),
    );
    if (links.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return;
    }
    const token = pick(random, links).split('/').at(-1) ?? '';
    const client = await SignallingClient.customer(walk.relay.origin);
    const claim = await attempt(walk, () => client.request('claimLink', { token }));
    if (claim && chance(random, 10)) {
      const { version, language, hash } = claim.terms.en;
      await attempt(walk, () => client.request('declineTerms', { version, language, hash }));
    } else if (claim) {
      const accepted = await attempt(walk, () => acceptTerms(client, claim));
      this.#resume = accepted?.resume;
      this.#client = accepted ? client : undefined;
    }
    if (!this.#client) {
      client.close();
    }
  }

  async #actInside(random: Random, client: SignallingClient): Promise<void> {
    const sessionId = this.#walk.sessions.size > 0 ? Math.max(...this.#walk.sessions) : 1;
    const choice = random(100);
    if (choice < 50) {
      await attempt(this.#walk, async () => this.drop());
    } else if (choice < 60) {
      await attempt(this.#walk, () => client.request('leave', {}));
      this.drop();
      this.#resume = undefined;
    } else {
      // What only technicians may do.
      const type = pick(random, ['startSession', 'endSession', 'holdSession'] as const);
      await attempt(this.#walk, () => client.request(type, { sessionId }));
    }
  }

  drop(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

/** What a console shows of a state; a transfer looks different from its two ends. */
function asState(status: SessionStatus): string {
  return status === 'outgoing' || status === 'incoming' ? 'transferring' : status;
}

t.test(`${EVENTS} events by three actors each lead nowhere but where the table says`, async (t) => {
  const relay = await startRelay();
  t.teardown(() => relay.stop());
  const walk: Walk = { relay, events: 0, refusals: new Map(), sessions: new Set() };
  const admin = await signIn(relay.origin);
  const account = async (name: string) => {
    const credentials = { email: `${name}@example.org`, password: `a long password for ${name}` };
    const body = { ...credentials, name, nickname: name, role: 'technician' } as const;
    const { json } = await callApi(relay.origin, 'POST /api/technicians', body, { cookie: admin });
    return new WalkingTechnician(walk, json.technician.id, await signIn(relay.origin, credentials));
  };
  const groups: { technicians: [WalkingTechnician, WalkingTechnician]; customer: WalkingCustomer }[] = [];
  for (let i = 0; i < GROUPS; i++) {
    groups.push({
      technicians: [await account(`anna${i}`), await account(`bert${i}`)],
      customer: new WalkingCustomer(walk),
    });
  }

  const walks = groups.flatMap(({ technicians, customer }, i) => {
    const [anna, bert] = technicians;
    const actors = [
      (random: Random) => anna.act(random, bert),
      (random: Random) => bert.act(random, anna),
      (random: Random) => customer.act(random, technicians),
    ];
    return actors.map(async (act, place) => {
      const random = randomFrom(SEED + 10 * i + place);
      while (walk.events < EVENTS) {
        await act(random);
      }
    });
  });
  await Promise.all(walks);

  for (const { technicians, customer } of groups) {
    customer.drop();
    for (const technician of technicians) {
      technician.drop();
      await technician.connect();
    }
  }
  const wrong: string[] = [];
  let changes = 0;
  for (const id of walk.sessions) {
    const { json } = await callApi(relay.origin, 'GET /api/sessions/:id', undefined, { cookie: admin, id });
    let at: Short[] = ['connecting'];
    for (const { type, data } of json.events) {
      if (type !== 'stateChanged' || at.length === 0) {
        continue;
      }
      changes += 1;
      const change = { from: String(data['from']), to: String(data['to']), cause: String(data['cause']) };
      const next = follow(at, change);
      if (next.length === 0) {
        wrong.push(`${id}: ${at.join(' or ')}, then ${JSON.stringify(change)}`);
      }
      at = next;
    }
    const shown = groups.flatMap(({ technicians }) =>
      technicians.flatMap(({ views }) => {
        const view = views.get(id);
        return view ? [asState(view.status)] : [];
      }),
    );
    for (const state of [json.state, ...shown]) {
      if (at.length > 0 && !at.some((short) => stateOf(short) === state)) {
        wrong.push(
          `${id}: the log ends at ${at.join(' or ')}, store and consoles say ${json.state}, ${shown.join(', ')}`,
        );
      }
    }
  }
  t.same(wrong, []);
  t.equal(walk.refusals.get('internal'), undefined, 'nothing went wrong in the relay');
  const codes = [...walk.refusals].sort(([, one], [, other]) => other - one).map((entry) => entry.join(' '));
  t.ok(
    changes > EVENTS / 10,
    `${changes} changes of state in ${walk.sessions.size} sessions; ${codes.join(', ')}`,
  );
  t.comment(
    `${walk.events} events, ${changes} changes in ${walk.sessions.size} sessions; refused: ${codes.join(', ')}`,
  );
});
