/** Measures the live sessions of this page once a second, and tells the relay how they were. */
import type { QualityReport, SessionId, SessionView } from '../relay/protocol.ts';
import { type Due, QualityRecord } from './quality-record.ts';
import { type Counters, countersOf, sampleBetween } from './quality-samples.ts';
import { customerSends, isEnded } from './session-status.ts';

/** A little more than the relay wants at least (`QUALITY_INTERVAL_MIN_MS`): its clock is not ours. */
const REPORT_INTERVAL_MS = 10_500;

export type QualityHost = {
  sessions: () => SessionView[];
  isLive: (id: SessionId) => boolean;
  stats: (id: SessionId) => Promise<RTCStatsReport | undefined>;
  report: (sessionId: SessionId, quality: QualityReport) => void;
  measured: () => void;
};

type Watched = { record: QualityRecord; last: Counters | undefined; reportedAt: number };

export class QualityWatch {
  readonly #host: QualityHost;
  readonly #watched = new Map<SessionId, Watched>();
  #isMeasuring = false;

  constructor(host: QualityHost) {
    this.#host = host;
  }

  /** Undefined before the session was live. */
  of(id: SessionId): QualityRecord | undefined {
    return this.#watched.get(id)?.record;
  }

  /** Called every second. */
  async measure(): Promise<void> {
    if (this.#isMeasuring) {
      return;
    }
    this.#isMeasuring = true;
    const sessions = this.#host.sessions();
    const going = new Set(sessions.filter(({ status }) => !isEnded(status)).map(({ id }) => id));
    for (const id of [...this.#watched.keys()].filter((held) => !going.has(held))) {
      this.#watched.delete(id);
    }
    const live = sessions.filter(({ id }) => this.#host.isLive(id));
    await Promise.all(live.map((session) => this.#measure(session)));
    this.#isMeasuring = false;
    if (live.length > 0) {
      this.#host.measured();
    }
  }

  async #measure(session: SessionView): Promise<void> {
    const { id } = session;
    const watched = this.#watched.get(id) ?? {
      record: new QualityRecord(),
      last: undefined,
      reportedAt: Date.now(),
    };
    this.#watched.set(id, watched);
    // A connection that is closed meanwhile has nothing to say.
    const report = await this.#host.stats(id).catch(() => undefined);
    const now = report && countersOf(report);
    const sample = now && watched.last && sampleBetween(now, watched.last, Date.now());
    watched.last = now;
    if (sample) {
      watched.record.add(sample, dueOf(session));
    }
    if (Date.now() - watched.reportedAt >= REPORT_INTERVAL_MS) {
      this.report(id);
    }
  }

  /** Now, because it will soon be too late. */
  report(id: SessionId): void {
    const watched = this.#watched.get(id);
    const quality = watched?.record.report();
    if (watched !== undefined && quality !== undefined) {
      watched.reportedAt = Date.now();
      this.#host.report(id, quality);
    }
  }
}

/** What should be coming from the customer's camera. */
export function dueOf(session: SessionView): Due {
  const { customer } = session;
  if (!customerSends(session) || customer?.devices.camera !== 'on') {
    return 'none';
  }
  switch (customer.picture.mode) {
    case 'stills':
      return 'stills';
    case 'none':
      return 'none';
    default:
      return 'video';
  }
}
