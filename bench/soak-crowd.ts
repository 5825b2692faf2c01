/** The people of `bench soak`: technicians with up to ten sessions each, and customers who come, stay a while and go, each in a way of their own. */
import type { SessionId } from '../relay/protocol.ts';
import { callApi, NO_FIELDS, Refused, SignallingClient, signIn } from '../test/support/signalling-client.ts';
import { SyntheticPage } from './synthetic-page.ts';

/** A visit lasts between these; short, so that a run has hundreds. */
const STAY_MIN_MS = 6_000;
const STAY_MAX_MS = 36_000;
/** Three packets of 8 kbit every 20 ms. */
const VIDEO_PER_INTERVAL = 3;
/** Requests of one technician come no faster than people do, and stay within the relay's limit. */
const ARRIVAL_INTERVAL_MS = 250;
/** The technician's page remembers every event that it heard; here nobody asks for old ones. */
const EVENTS_MAX = 2_000;

/** How a visit ends or is interrupted. */
const WAYS = ['ended', 'ended', 'left', 'vanished', 'reconnected', 'reloaded', 'declined'] as const;
type Way = (typeof WAYS)[number];

/** The most that a relay allows one technician; with one less, an end that is under way is no obstacle. */
export const SESSIONS_PER_TECHNICIAN = 10;
const VISITS_PER_TECHNICIAN = SESSIONS_PER_TECHNICIAN - 1;

type Desk = { page: SyntheticPage; visits: number };

export class Crowd {
  readonly failures: string[] = [];
  /** Visits at once; fewer come until it is so, none is ended for it. */
  limit = 0;
  readonly #origin: string;
  readonly #done: Record<Way, number> = {
    ...{ ended: 0, left: 0, vanished: 0, reconnected: 0, reloaded: 0, declined: 0 },
  };
  readonly #visits = new Set<Promise<void>>();
  readonly #desks: Desk[] = [];
  #random: number;
  #timer: NodeJS.Timeout | undefined;
  #begun = 0;
  #streaming = 0;
  #held: Promise<void> = Promise.resolve();
  #failed = 0;
  /** By a relay that said that it has too much to do; none on a machine that has nothing else to do. */
  #refused = 0;

  constructor(origin: string, seed: number) {
    this.#origin = origin;
    this.#random = seed >>> 0;
  }

  /** Visits under way. */
  get size(): number {
    return this.#visits.size;
  }

  /** Visits with media flowing. */
  get streaming(): number {
    return this.#streaming;
  }

  /** Nobody goes until the returned function is called. */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  get counts(): Record<string, number> {
    const ways = Object.entries(this.#done).map(([way, count]) => [`sessions_${way}`, count]);
    return {
      sessions: this.#begun,
      ...Object.fromEntries(ways),
      sessions_refused: this.#refused,
      sessions_failed: this.#failed,
    };
  }

  /** Signs technicians in for so many visits at once. */
  async begin(most: number): Promise<void> {
    const cookie = await signIn(this.#origin);
    for (let index = 0; index * VISITS_PER_TECHNICIAN < most; index++) {
      const credentials = { email: `desk${index}@example.org`, password: 'a long and quiet day' };
      const account = { ...credentials, name: `Desk ${index}`, nickname: '', role: 'technician' } as const;
      await callApi(this.#origin, 'POST /api/technicians', account, { cookie });
      const own = await signIn(this.#origin, credentials);
      this.#desks.push({ page: await SyntheticPage.technician(this.#origin, own), visits: 0 });
    }
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#forgetOldEvents();
      const desk = this.#desks.find(({ visits }) => visits < VISITS_PER_TECHNICIAN);
      if (desk !== undefined && this.#visits.size < this.limit) {
        desk.visits++;
        const visit = this.#visit(desk.page.client).finally(() => {
          desk.visits--;
          this.#visits.delete(visit);
        });
        this.#visits.add(visit);
      }
    }, ARRIVAL_INTERVAL_MS);
  }

  /** Resolves when nobody is here any more; of use with a limit of 0. */
  async empty(): Promise<void> {
    await Promise.all(this.#visits);
  }

  /** Nobody comes any more; resolves when the last one is gone. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.empty();
    for (const { page } of this.#desks.splice(0)) {
      page.leave();
    }
  }

  async #visit(technician: SignallingClient): Promise<void> {
    this.#begun++;
    const way = WAYS[this.#below(WAYS.length)] ?? 'ended';
    let customer: SyntheticPage | undefined;
    try {
      const { id, pin } = await create(technician);
      if (way === 'declined') {
        await this.#decline(pin);
      } else {
        customer = await this.#call(technician, id, pin);
        this.#streaming++;
        try {
          await this.#held;
          await pause(STAY_MIN_MS + this.#below(STAY_MAX_MS - STAY_MIN_MS));
        } finally {
          this.#streaming--;
        }
        customer = await this.#interrupt(technician, way, id, customer);
      }
      await endSession(technician, id);
      this.#done[way]++;
    } catch (error) {
      if (error instanceof Refused && error.code === 'relayFull') {
        this.#refused++;
        return;
      }
      this.#failed++;
      this.failures.push(`${way}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      customer?.leave();
    }
  }

  async #decline(pin: string): Promise<void> {
    const client = await SignallingClient.customer(this.#origin);
    const { version, language, hash } = (await client.request('claimPin', { pin })).terms.de;
    await client.request('declineTerms', { version, language, hash });
    client.close();
  }

  async #call(technician: SignallingClient, id: SessionId, pin: string): Promise<SyntheticPage> {
    const customer = await SyntheticPage.customer(this.#origin, pin);
    customer.videoPerInterval = VIDEO_PER_INTERVAL;
    try {
      await technician.event(
        `the media of session ${id} to be connected`,
        (event) =>
          event.type === 'session' && event.session.id === id && event.session.customer?.mediaReady === true,
      );
      await technician.request('startSession', { sessionId: id });
      await until(`media of session ${id}`, () => customer.received.audio > 0);
      return customer;
    } catch (error) {
      customer.leave();
      throw error;
    }
  }

  /** @returns the page that is there afterwards */
  async #interrupt(
    technician: SignallingClient,
    way: Way,
    id: SessionId,
    customer: SyntheticPage,
  ): Promise<SyntheticPage> {
    switch (way) {
      case 'left':
        await customer.client.request('leave', {});
        return customer;
      case 'vanished':
        customer.vanish();
        await technician.event(
          `session ${id} to be Reconnecting`,
          (event) =>
            event.type === 'session' && event.session.id === id && event.session.status === 'reconnecting',
        );
        return customer;
      case 'reconnected': {
        // The socket alone is lost; the media go on.
        customer.client.terminate();
        const client = await SignallingClient.customer(this.#origin, customer.resume);
        customer.adopt(client);
        await pause(STAY_MIN_MS);
        return customer;
      }
      case 'reloaded': {
        customer.vanish();
        const client = await SignallingClient.customer(this.#origin, customer.resume);
        const again = SyntheticPage.resumed(client);
        again.videoPerInterval = VIDEO_PER_INTERVAL;
        await until(`media of session ${id} after a reload`, () => again.received.audio > 0);
        return again;
      }
      default:
        return customer;
    }
  }

  #forgetOldEvents(): void {
    for (const { page } of this.#desks) {
      const { events } = page.client;
      if (events.length > EVENTS_MAX) {
        events.splice(0, events.length - EVENTS_MAX / 2);
      }
    }
  }

  /** Seeded, so that two runs have the same people. */
  #below(limit: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#random >>> 8) % limit;
  }
}

async function create(technician: SignallingClient): Promise<{ id: SessionId; pin: string }> {
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'pin' });
  return { id: session.id, pin: session.invitation?.pin ?? '' };
}

async function endSession(technician: SignallingClient, id: SessionId): Promise<void> {
  // A session that the customer ended is over already.
  await technician.refusal('endSession', { sessionId: id });
  const refused = await technician.refusal('dismissSession', { sessionId: id });
  if (refused !== undefined) {
    throw new Error(`session ${id} cannot be dismissed: ${refused}`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const WAIT_MS = 15_000;
const POLL_MS = 50;

export async function until(what: string, holds: () => boolean, waitMs = WAIT_MS): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!holds()) {
    if (performance.now() > deadline) {
      throw new Error(`waited in vain for ${what}`);
    }
    await pause(POLL_MS);
  }
}
