/** What the browser says of a page's RTP streams, summed over all connections that the page has had. */
import type { Page } from 'playwright-core';
import type { Instrumented } from '../test/support/chromium.ts';

/** One entry of a statistics report (W3C webrtc-stats), numbers and texts apart. */
export type StatsEntry = {
  /** The same for the same stream of the same connection. */
  key: string;
  connection: number;
  type: 'inbound-rtp' | 'outbound-rtp' | 'candidate-pair';
  kind: 'audio' | 'video' | '';
  numbers: Record<string, number>;
  texts: Record<string, string>;
};

/** All RTP streams and selected pairs, oldest connection first. Entries of closed connections may be missing. */
export function readStats(page: Page): Promise<StatsEntry[]> {
  return page.evaluate(async () => {
    const { connections } = window as unknown as Instrumented;
    const entries: StatsEntry[] = [];
    for (const [connection, peer] of connections.entries()) {
      const report = await peer.getStats().catch(() => undefined);
      for (const stats of report?.values() ?? []) {
        const selected = stats.type === 'candidate-pair' && stats.nominated && stats.state === 'succeeded';
        if (stats.type !== 'inbound-rtp' && stats.type !== 'outbound-rtp' && !selected) {
          continue;
        }
        const fields = Object.entries(stats as Record<string, unknown>);
        entries.push({
          key: `${connection} ${stats.id}`,
          connection,
          type: stats.type,
          kind: stats.kind ?? '',
          numbers: Object.fromEntries(
            fields.filter((field): field is [string, number] => typeof field[1] === 'number'),
          ),
          texts: Object.fromEntries(
            fields.filter((field): field is [string, string] => typeof field[1] === 'string'),
          ),
        });
      }
    }
    return entries;
  });
}

type Which = { type: StatsEntry['type']; kind: 'audio' | 'video' };

/** Counters that go on over connections that come and go. */
export class StatsTotals {
  readonly #latest = new Map<string, StatsEntry>();

  add(entries: readonly StatsEntry[]): void {
    for (const entry of entries) {
      this.#latest.set(entry.key, entry);
    }
  }

  /** Number of connections that ever had a stream. */
  get connections(): number {
    return new Set([...this.#latest.values()].map(({ connection }) => connection)).size;
  }

  /** Sum of a counter over all streams of a kind. */
  total({ type, kind }: Which, name: string): number {
    let sum = 0;
    for (const entry of this.#latest.values()) {
      sum += entry.type === type && entry.kind === kind ? (entry.numbers[name] ?? 0) : 0;
    }
    return sum;
  }

  /** The stream of the newest connection that has one of this kind. */
  newest({ type, kind }: { type: StatsEntry['type']; kind: StatsEntry['kind'] }): StatsEntry | undefined {
    return [...this.#latest.values()]
      .filter((entry) => entry.type === type && entry.kind === kind)
      .sort((a, b) => b.connection - a.connection)[0];
  }
}

export const SENT_VIDEO = { type: 'outbound-rtp', kind: 'video' } as const;
export const SENT_AUDIO = { type: 'outbound-rtp', kind: 'audio' } as const;
export const SEEN_VIDEO = { type: 'inbound-rtp', kind: 'video' } as const;
export const HEARD_AUDIO = { type: 'inbound-rtp', kind: 'audio' } as const;
export const PAIR = { type: 'candidate-pair', kind: '' } as const;
