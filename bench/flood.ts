/**
 * `bench flood`: what one malicious participant does to the others. A real relay with one worker carries ordinary
 * sessions, whose forwarding delay is measured as in `bench forward`; beside them, on the same worker, an attacker in a
 * process of its own. Quiet and every attack take turns within each round. With --control the attacker also attacks
 * another relay on this machine: what its mere work does to the delays.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SessionId } from '../relay/protocol.ts';
import { type RelayProcess, startRelay } from '../test/support/relay-process.ts';
import { callApi, NO_FIELDS, signIn } from '../test/support/signalling-client.ts';
import { ATTACKS, type Attack, type AttackerCommand, type AttackerEvent } from './flood-attacks.ts';
import { Session, sleep, Tally } from './forward-load.ts';
import type { Emit, Summary } from './main.ts';
import { percentile, round } from './percentiles.ts';
import { ended, within } from './subject.ts';
import { SyntheticPage } from './synthetic-page.ts';
import { endSyntheticPeers } from './synthetic-peer.ts';

const ATTACKER_FILE = join(import.meta.dirname, 'flood-attacker.js');
/** 110 packets of 1100 bytes: 1 Mbit/s of picture. */
const VIDEO_PPS = 110;
/** What the issue allows one participant to cost the others. */
const TARGET_RAISE_MS = 20;
/** Below what a relay allows one technician, so that no more than one is needed for ordinary runs. */
const SESSIONS_MAX = 10;

const WARM_UP_MS = 1_000;
/** For what is under way, and for the relay to be done with an attack before the next turn. */
const DRAIN_MS = 1_500;

type Phase = { attack: Attack | 'none'; where: 'here' | 'elsewhere' };
type Figures = { p50_ms: number; p99_ms: number; loss_percent: number; attack_sent: number };

export async function flood(argv: string[], _out: string | undefined, emit: Emit): Promise<Summary> {
  const { values } = parseArgs({
    args: argv,
    options: {
      sessions: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: ATTACKS.join(',') },
      control: { type: 'boolean', default: false },
    },
  });
  const [count, seconds, rounds] = [Number(values.sessions), Number(values.seconds), Number(values.rounds)];
  const attacks = values.only
    .split(',')
    .filter((name): name is Attack => ATTACKS.some((known) => known === name));
  if (!(count >= 1 && count <= SESSIONS_MAX) || !(seconds >= 1) || !(rounds >= 1) || attacks.length === 0) {
    throw new RangeError(
      `--sessions takes 1 to ${SESSIONS_MAX}, --seconds and --rounds at least 1, --only some of ${ATTACKS.join(', ')}.`,
    );
  }
  const env = { FERNBLICK_MAX_ACTIVE_SESSIONS: String(SESSIONS_MAX), FERNBLICK_LOG_LEVEL: 'error' };
  const relay = await startRelay({ env });
  const other = values.control ? await startRelay({ env }) : undefined;
  const attackers: AttackerProcess[] = [];
  let pages: SyntheticPage[] = [];
  let streaming: NodeJS.Timeout | undefined;
  try {
    const tally = new Tally();
    const ordinary = await openSessions(relay.origin, count, tally);
    pages = ordinary.pages;
    streaming = stream(ordinary.sessions);
    const here = await AttackerProcess.start(relay);
    attackers.push(here);
    const elsewhere = other && (await AttackerProcess.start(other));
    attackers.push(...(elsewhere ? [elsewhere] : []));
    const results: { phase: Phase; round: number; figures: Figures }[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const phase of turns(attacks, round, values.control)) {
        const attacker = phase.where === 'here' ? here : elsewhere;
        const figures = await measure(tally, phase, attacker, seconds * 1000);
        results.push({ phase, round, figures });
        emit({ bench: 'flood', round, ...phase, ...figures });
      }
    }
    return { ...{ bench: 'flood', sessions: count, seconds, rounds }, ...summarise(results, attacks) };
  } finally {
    clearInterval(streaming);
    await Promise.all(attackers.map((attacker) => attacker.end()));
    for (const page of pages) {
      page.leave();
    }
    await relay.stop();
    await other?.stop();
    await endSyntheticPeers();
  }
}

/** One round: nothing, then each attack, another one first in each round. */
function turns(attacks: readonly Attack[], round: number, control: boolean): Phase[] {
  const first = round % attacks.length;
  const ordered = [...attacks.slice(first), ...attacks.slice(0, first)];
  return [
    { attack: 'none', where: 'here' },
    ...ordered.flatMap((attack): Phase[] => [
      { attack, where: 'here' },
      ...(control ? [{ attack, where: 'elsewhere' } as const] : []),
    ]),
  ];
}

/** All sessions send all the time; only what goes out while the tally measures carries its time. */
function stream(sessions: readonly Session[]): NodeJS.Timeout {
  const startedAt = performance.now();
  return setInterval(() => {
    const ranMs = performance.now() - startedAt;
    for (const [index, session] of sessions.entries()) {
      session.send(ranMs, index / sessions.length);
    }
  }, 1);
}

async function measure(
  tally: Tally,
  { attack }: Phase,
  attacker: AttackerProcess | undefined,
  ms: number,
): Promise<Figures> {
  tally.sent = 0;
  tally.received = 0;
  tally.latencies = [];
  if (attack !== 'none') {
    attacker?.command({ type: 'start', attack });
  }
  // What counts is the attack under way, not its beginning.
  await sleep(WARM_UP_MS);
  tally.measuring = true;
  await sleep(ms);
  tally.measuring = false;
  const sent = attack === 'none' ? 0 : ((await attacker?.stop()) ?? 0);
  await sleep(DRAIN_MS);
  return {
    p50_ms: round(percentile(tally.latencies, 0.5), 2),
    p99_ms: round(percentile(tally.latencies, 0.99), 2),
    loss_percent: round((100 * (tally.sent - tally.received)) / tally.sent, 3),
    attack_sent: sent,
  };
}

function summarise(
  results: readonly { phase: Phase; round: number; figures: Figures }[],
  attacks: readonly Attack[],
): Record<string, unknown> {
  const of = (attack: Phase['attack'], where: Phase['where']) =>
    results.filter(({ phase }) => phase.attack === attack && phase.where === where);
  const median = (runs: typeof results, key: keyof Figures) =>
    round(
      percentile(
        runs.map(({ figures }) => figures[key]),
        0.5,
      ),
      2,
    );
  /** Against the quiet turn of the same round. */
  const raise = (runs: typeof results) => {
    const raises = runs.map(({ round: number, figures }) => {
      const quiet = of('none', 'here').find(({ round }) => round === number);
      return figures.p99_ms - (quiet?.figures.p99_ms ?? Number.NaN);
    });
    return round(percentile(raises, 0.5), 2);
  };
  const quiet = of('none', 'here');
  const rows = attacks.map((attack) => {
    const here = of(attack, 'here');
    const elsewhere = of(attack, 'elsewhere');
    return [
      attack,
      {
        p50_ms: median(here, 'p50_ms'),
        p99_ms: median(here, 'p99_ms'),
        p99_raise_ms: raise(here),
        loss_percent: median(here, 'loss_percent'),
        attack_sent: median(here, 'attack_sent'),
        ...(elsewhere.length > 0 && { p99_raise_elsewhere_ms: raise(elsewhere) }),
      },
    ] as const;
  });
  const worst = Math.max(...rows.map(([, { p99_raise_ms }]) => p99_raise_ms));
  return {
    quiet: { p50_ms: median(quiet, 'p50_ms'), p99_ms: median(quiet, 'p99_ms') },
    attacks: Object.fromEntries(rows),
    worst_p99_raise_ms: worst,
    target_p99_raise_ms: TARGET_RAISE_MS,
    met: worst <= TARGET_RAISE_MS,
    raw: { results },
  };
}

/** Ordinary sessions with one technician, started; the load sends over the customers' pages. */
async function openSessions(
  origin: string,
  count: number,
  tally: Tally,
): Promise<{ sessions: Session[]; pages: SyntheticPage[] }> {
  const technician = await SyntheticPage.technician(origin, await signIn(origin));
  const byId = new Map<SessionId, Session>();
  technician.onPacket = (packet, sessionId) => byId.get(sessionId)?.receive(packet);
  const pages = [technician];
  for (let index = 0; index < count; index++) {
    const created = await technician.client.request('createSession', { fields: NO_FIELDS, method: 'pin' });
    const { id, invitation } = created.session;
    const session = new Session(index, VIDEO_PPS, tally);
    const customer = await SyntheticPage.customer(origin, invitation?.pin ?? '', {
      audio: session.audio,
      video: session.video,
    });
    customer.quiet = true;
    customer.onPacket = session.feedback;
    session.publisher = customer;
    byId.set(id, session);
    pages.push(customer);
    await technician.client.event(
      `the media of session ${id} to be connected`,
      (event) =>
        event.type === 'session' && event.session.id === id && event.session.customer?.mediaReady === true,
    );
    await technician.client.request('startSession', { sessionId: id });
  }
  return { sessions: [...byId.values()], pages };
}

class AttackerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** As a technician of an account of its own. */
  static async start({ origin }: RelayProcess): Promise<AttackerProcess> {
    const credentials = { email: 'mallory@example.org', password: 'nothing good in mind' };
    const account = { ...credentials, name: 'Mallory', nickname: '', role: 'technician' } as const;
    await callApi(origin, 'POST /api/technicians', account, { cookie: await signIn(origin) });
    const child = fork(ATTACKER_FILE, [origin, await signIn(origin, credentials)]);
    const attacker = new AttackerProcess(child);
    await within(attacker.#event('ready'), 'the attacker to be in a session');
    return attacker;
  }

  command(command: AttackerCommand): void {
    this.#child.send(command);
  }

  /** @returns how many packets or messages it sent */
  async stop(): Promise<number> {
    const stopped = this.#event('stopped');
    this.command({ type: 'stop' });
    const event = await within(stopped, 'the attacker to stop');
    return event.type === 'stopped' ? event.sent : 0;
  }

  async end(): Promise<void> {
    if (this.#child.connected) {
      this.command({ type: 'end' });
    }
    await ended(this.#child);
  }

  #event(type: AttackerEvent['type']): Promise<AttackerEvent> {
    return new Promise((resolve) => {
      const listen = (event: AttackerEvent) => {
        if (event.type === type) {
          this.#child.off('message', listen);
          resolve(event);
        }
      };
      this.#child.on('message', listen);
    });
  }
}
