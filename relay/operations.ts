/** What operators and their tools ask: alive, ready, version, metrics. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { jsonResponse } from './api.ts';
import type { HttpRequest, HttpResponse } from './server.ts';
import type { Sessions } from './sessions.ts';
import type { Store } from './store.ts';
import type { PacketCounters, WorkerStats } from './worker-protocol.ts';
import type { Workers } from './workers.ts';

export type Operations = {
  /** Undefined when the path is none of ours. */
  respond(request: HttpRequest): HttpResponse | Promise<HttpResponse> | undefined;
  /** From here on the relay says that it is not ready. */
  drain(): void;
};

export type OperationsOptions = {
  workers: Workers;
  sessions: Sessions;
  signalling: { readonly pageCount: number };
  store: Store;
  version: string;
};

/** The names keep the prefix of `facts/reliability.md` 5 with ours in place of `vs_`; no session ids in labels. */
function createRegistry({ workers, sessions, signalling }: OperationsOptions): Registry {
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
  const perWorker = (self: Gauge<string>, value: (stats: WorkerStats) => number) => {
    for (const [worker, stats] of workers.stats.entries()) {
      self.set({ worker }, value(stats));
    }
  };
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
  gauge('workers_ready', 'Media workers that are ready.', (self) => self.set(workers.readyCount));
  gauge('peers', 'Media connections by worker.', (self) => perWorker(self, (stats) => stats.peers), [
    'worker',
  ]);
  gauge(
    'worker_eventloop_lag_seconds',
    'Longest lateness of the ticker in the last second.',
    (self) => perWorker(self, (stats) => stats.eventLoopLagMs / 1000),
    ['worker'],
  );
  gauge(
    'worker_eventloop_utilization',
    'Share of the last second in which the event loop was busy.',
    (self) => perWorker(self, (stats) => stats.eventLoopUtilisation),
    ['worker'],
  );
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

export function createOperations(options: OperationsOptions): Operations {
  const { workers, store, version } = options;
  const registry = createRegistry(options);
  let draining = false;

  async function ready(): Promise<HttpResponse> {
    const problems: string[] = [];
    if (draining) {
      problems.push('draining');
    }
    if (workers.readyCount === 0) {
      problems.push('no media worker');
    }
    await store.value('probe').catch(() => problems.push('store'));
    return jsonResponse(problems.length === 0 ? 200 : 503, { ready: problems.length === 0, problems }, false);
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
          return jsonResponse(200, { alive: true }, false);
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
    drain() {
      draining = true;
    },
  };
}
