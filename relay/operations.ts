/** What operators and their tools ask: alive, ready, version, metrics. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Admission } from './admission.ts';
import { jsonResponse } from './api.ts';
import type { GuessingLevel } from './guessing.ts';
import type { OverloadLevel } from './overload.ts';
import type { HttpRequest, HttpResponse } from './server.ts';
import type { Sessions } from './sessions.ts';
import type { Store } from './store.ts';
import { CRASH_LOOP_DEATHS } from './supervision.ts';
import type { PacketCounters } from './worker-protocol.ts';
import type { WorkerStatus, Workers } from './workers.ts';

/** Later than this the front counts as dead (facts/reliability.md 5). */
const LAG_MAX_MS = 2_000;
const LAG_PERIOD_MS = 10_000;
const LOOP_RESOLUTION_MS = 100;

const LEVEL_NUMBERS: Record<OverloadLevel, number> = { normal: 0, full: 1, shed: 2 };
const GUESSING_NUMBERS: Record<GuessingLevel, number> = { calm: 0, raised: 1, siege: 2, closed: 3 };
const LEVEL_WORDS: Record<Exclude<OverloadLevel, 'normal'>, string> = {
  full: 'takes no new sessions',
  shed: 'drops video',
};

export type Operations = {
  /** Undefined when the path is none of ours. */
  respond(request: HttpRequest): HttpResponse | Promise<HttpResponse> | undefined;
};

export type OperationsOptions = {
  workers: Workers;
  sessions: Sessions;
  signalling: { readonly pageCount: number };
  admission: Admission;
  store: Store;
  version: string;
  /** The relay is about to end: it works but takes nothing new. */
  draining: () => boolean;
};

/** The names keep the prefix of `facts/reliability.md` 5 with ours in place of `vs_`; no session ids in labels. */
function createRegistry({ workers, sessions, signalling, admission, draining }: OperationsOptions): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'fernblick_front_' });
  const gauge = (
    name: string,
    help: string,
    collect: (gauge: Gauge<string>) => void,
    labels: string[] = [],
  ) =>
    new Gauge({
      name: `fernblick_${name}`,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset();
        collect(this);
      },
    });
  const perWorker = (name: string, help: string, value: (worker: WorkerStatus) => number | undefined) =>
    gauge(
      name,
      help,
      (self) => {
        for (const worker of workers.status) {
          const number = value(worker);
          if (number !== undefined) {
            self.set({ worker: worker.index }, number);
          }
        }
      },
      ['worker'],
    );
  gauge(
    'sessions',
    'Open sessions by state.',
    (self) => {
      for (const [state, count] of sessions.countByState()) {
        self.set({ state }, count);
      }
    },
    ['state'],
  );
  gauge('ws_connections', 'Open WebSockets.', (self) => self.set(signalling.pageCount));
  gauge(
    'pin_attempts_total',
    'PINs that were typed: admitted, unknown, locked (not even looked up, because too many were wrong).',
    (self) => {
      for (const [result, count] of Object.entries(admission.attempts)) {
        self.set({ result }, count);
      }
    },
    ['result'],
  );
  gauge('pin_guessing_level', '0 calm, 1 raised, 2 siege, 3 closed: no PIN is accepted.', (self) =>
    self.set(GUESSING_NUMBERS[admission.level]),
  );
  gauge('workers_ready', 'Media workers that are ready.', (self) => self.set(workers.readyCount));
  perWorker('worker_ready', '1 for a worker that can be given sessions.', ({ state }) =>
    state === 'ready' ? 1 : 0,
  );
  perWorker('peers', 'Media connections by worker.', ({ peers }) => peers.size);
  perWorker(
    'worker_overload_level',
    '0 normal, 1 takes no new sessions, 2 drops video.',
    ({ pulse }) => LEVEL_NUMBERS[pulse.level],
  );
  perWorker(
    'worker_sessions_shed',
    'Sessions whose video is dropped at the moment.',
    ({ pulse }) => pulse.sessionsShed,
  );
  perWorker(
    'worker_eventloop_lag_seconds',
    'Longest lateness of the event loop in the last second.',
    ({ stats }) => stats && stats.eventLoopLagMs / 1000,
  );
  perWorker(
    'worker_eventloop_utilization',
    'Share of the last second in which the event loop was busy.',
    ({ stats }) => stats?.eventLoopUtilisation,
  );
  perWorker(
    'worker_packets_per_second',
    'Packets received in the last quarter of a second.',
    ({ pulse }) => pulse.packetsPerS,
  );
  perWorker(
    'worker_cpu_seconds',
    'Processor time of the present process.',
    ({ stats }) => stats && stats.cpuMs / 1000,
  );
  perWorker('worker_resident_memory_bytes', 'Memory of the process.', ({ stats }) => stats?.rssBytes);
  perWorker(
    'worker_peers_flooded',
    'Connections that the present process closed because they sent more than a participant may.',
    ({ stats }) => stats?.peersFlooded,
  );
  gauge(
    'worker_losses_total',
    'Worker processes lost, by cause: exit (a crash or a kill), hung, stuck (no packets any more).',
    (self) => {
      for (const { index, losses } of workers.status) {
        for (const [cause, count] of Object.entries(losses)) {
          self.set({ worker: index, cause }, count);
        }
      }
    },
    ['worker', 'cause'],
  );
  perWorker(
    'worker_nonsense_total',
    'Messages of a worker that no worker in order sends.',
    ({ nonsense }) => nonsense,
  );
  gauge('draining', '1 while the relay waits for calls to end.', (self) => self.set(draining() ? 1 : 0));
  gauge(
    'packets_total',
    'Packets by what became of them, since the start of the workers that live now.',
    (self) => {
      for (const { counters } of workers.stats) {
        for (const [what, count] of Object.entries(counters) as [keyof PacketCounters, number][]) {
          self.inc({ what }, count);
        }
      }
    },
    ['what'],
  );
  return registry;
}

/** What keeps a worker from its work, in words for the operator. */
function warningsOf({ index, state, pulse }: WorkerStatus): string[] {
  if (state === 'resting') {
    return [`media worker ${index} rests: it was lost ${CRASH_LOOP_DEATHS} times in a minute`];
  }
  if (state !== 'ready') {
    return [`media worker ${index} is being replaced`];
  }
  return pulse.level === 'normal' ? [] : [`media worker ${index}: ${LEVEL_WORDS[pulse.level]}`];
}

export function createOperations(options: OperationsOptions): Operations {
  const { workers, store, version, draining } = options;
  const registry = createRegistry(options);
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  let lastPeriodMs = 0;
  const lateness = () => (loop.max > 0 ? Math.max(0, loop.max / 1e6 - LOOP_RESOLUTION_MS) : 0);
  setInterval(() => {
    lastPeriodMs = lateness();
    loop.reset();
  }, LAG_PERIOD_MS).unref();

  async function ready(): Promise<HttpResponse> {
    const problems: string[] = [];
    if (draining()) {
      problems.push('draining');
    }
    if (workers.readyCount === 0) {
      problems.push('no media worker');
    }
    await store.value('probe').catch(() => problems.push('store'));
    const ready = problems.length === 0;
    const warnings = workers.status.flatMap(warningsOf);
    const media = workers.status.map(({ index, pid, state, peers, pulse }) => {
      return {
        worker: index,
        ...(pid === undefined ? {} : { pid }),
        state,
        peers: peers.size,
        level: pulse.level,
      };
    });
    return jsonResponse(ready ? 200 : 503, { ready, problems, warnings, workers: media }, false);
  }

  /** Alive also means able to answer in time: a supervisor may restart a relay that is not. */
  function alive(): HttpResponse {
    const lagMs = Math.max(lastPeriodMs, lateness());
    return jsonResponse(
      lagMs < LAG_MAX_MS ? 200 : 503,
      { alive: lagMs < LAG_MAX_MS, eventLoopLagMs: Math.round(lagMs) },
      false,
    );
  }

  async function metrics(): Promise<HttpResponse> {
    const body = await registry.metrics();
    return {
      status: 200,
      headers: { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' },
      body,
    };
  }

  return {
    respond({ path, method }) {
      if (method !== 'GET' && method !== 'HEAD') {
        return undefined;
      }
      switch (path) {
        case '/healthz':
          return alive();
        case '/readyz':
          return ready();
        case '/version':
          return jsonResponse(200, { version }, false);
        case '/metrics':
          return metrics();
        default:
          return undefined;
      }
    },
  };
}
