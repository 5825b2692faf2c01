/** What `getStats` says about the way up, as the adaptation ladder needs it: counters in, figures of a second out. */
import type { LinkSample } from './weak-link.ts';

/** Kept from one report to the next. */
export type LinkCounters = {
  at: number;
  /** Identity of the connection: counters of another one cannot be compared. */
  source: string;
  bytes: number;
  /** Time of the last word of the relay about each stream. */
  heardAt: ReadonlyMap<string, number>;
};

type Outbound = RTCOutboundRtpStreamStats & { headerBytesSent?: number; qualityLimitationReason?: string };
type RemoteInbound = RTCStats & { fractionLost?: number };

export type LinkReading = {
  sample: LinkSample | undefined;
  counters: LinkCounters;
  /** Packets were sent, but the relay, which answers every second, said nothing of them. */
  unheard: boolean;
};

/** @param before of the last call; the first sample of a connection has no rate and so is undefined */
export function sampleLink(report: RTCStatsReport, before: LinkCounters | undefined): LinkReading {
  let at = 0;
  let bytes = 0;
  let loss = 0;
  let availableBps: number | undefined;
  let roundTripMs: number | undefined;
  let limitation: LinkSample['limitation'];
  const sources: string[] = [];
  const heardAt = new Map<string, number>();
  report.forEach((entry: RTCStats) => {
    switch (entry.type) {
      case 'outbound-rtp': {
        const outbound = entry as Outbound;
        at = Math.max(at, outbound.timestamp);
        bytes += (outbound.bytesSent ?? 0) + (outbound.headerBytesSent ?? 0);
        sources.push(`${outbound.ssrc}`);
        if (outbound.kind === 'video') {
          limitation = limitationOf(outbound.qualityLimitationReason);
        }
        break;
      }
      case 'remote-inbound-rtp': {
        const { id, timestamp, fractionLost } = entry as RemoteInbound;
        heardAt.set(id, timestamp);
        // An old word about a stream that rests says nothing of now.
        if (fractionLost !== undefined && timestamp !== before?.heardAt.get(id)) {
          loss = Math.max(loss, fractionLost);
        }
        break;
      }
      case 'candidate-pair': {
        // Whatever its state: a check that is under way on a full link makes Chromium call the pair in progress.
        const pair = entry as RTCIceCandidatePairStats;
        if (pair.nominated) {
          availableBps = pair.availableOutgoingBitrate ?? availableBps;
          roundTripMs =
            pair.currentRoundTripTime === undefined ? roundTripMs : pair.currentRoundTripTime * 1000;
        }
        break;
      }
      default:
        break;
    }
  });
  const counters = { at, source: sources.sort().join(), bytes, heardAt };
  if (before === undefined || before.source !== counters.source || at <= before.at) {
    return { sample: undefined, counters, unheard: false };
  }
  const sentBps = (Math.max(0, bytes - before.bytes) * 8_000) / (at - before.at);
  const isHeard = [...heardAt].some(([id, timestamp]) => timestamp !== before.heardAt.get(id));
  return {
    sample: { availableBps, sentBps, loss, roundTripMs, limitation },
    counters,
    unheard: sentBps > 0 && !isHeard,
  };
}

function limitationOf(reason: string | undefined): LinkSample['limitation'] {
  return reason === 'none' || reason === 'cpu' || reason === 'bandwidth' || reason === 'other'
    ? reason
    : undefined;
}
