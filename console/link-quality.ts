/** The technician's media connection in figures and words. */
import { msg } from '@lit/localize';
import type { ConnectionStatus } from '../relay/client/connection.ts';
import type { PictureState, SessionView } from '../relay/protocol.ts';
import { decimal } from './localization.ts';

/** Counters of one moment; the bit rate is the difference of two. */
export type LinkSample = {
  /** `DOMHighResTimeStamp` of the report. */
  at: number;
  bytes: number;
  width: number;
  height: number;
  framesPerSecond: number;
  roundTripMs: number | undefined;
};

/** Reads what `getStats` says about the received picture; undefined without one. */
export function sampleOf(report: RTCStatsReport): LinkSample | undefined {
  let sample: LinkSample | undefined;
  let roundTripMs: number | undefined;
  report.forEach((entry: RTCStats) => {
    if (entry.type === 'inbound-rtp' && (entry as RTCInboundRtpStreamStats).kind === 'video') {
      const video = entry as RTCInboundRtpStreamStats;
      sample = {
        at: video.timestamp,
        bytes: video.bytesReceived ?? 0,
        width: video.frameWidth ?? 0,
        height: video.frameHeight ?? 0,
        framesPerSecond: video.framesPerSecond ?? 0,
        roundTripMs: undefined,
      };
    } else if (entry.type === 'candidate-pair') {
      const pair = entry as RTCIceCandidatePairStats;
      if (pair.nominated === true && pair.currentRoundTripTime !== undefined) {
        roundTripMs = pair.currentRoundTripTime * 1000;
      }
    }
  });
  return sample === undefined ? undefined : { ...sample, roundTripMs };
}

/** For instance `1280 × 720 · 30 fps · 1.9 Mbit/s · 24 ms`; empty before the first frame. */
export function figures(now: LinkSample | undefined, before: LinkSample | undefined): string {
  if (now === undefined || now.width === 0) {
    return '';
  }
  const parts = [`${now.width} × ${now.height}`, `${decimal(now.framesPerSecond, 0)} ${msg('fps')}`];
  const elapsedMs = before === undefined ? 0 : now.at - before.at;
  if (before !== undefined && elapsedMs > 0) {
    const megabits = (Math.max(0, now.bytes - before.bytes) * 8) / 1000 / elapsedMs;
    parts.push(`${decimal(megabits, 1)} Mbit/s`);
  }
  if (now.roundTripMs !== undefined) {
    parts.push(`${decimal(now.roundTripMs, 0)} ms`);
  }
  return parts.join(' · ');
}

export type LinkState = { word: string; tone: 'live' | 'attention' | 'urgent' };

/** The weakest part of the way between the customer's phone and this window. */
export function linkState(
  session: SessionView,
  media: RTCPeerConnectionState | undefined,
  relay: ConnectionStatus,
): LinkState {
  if (relay !== 'open') {
    return { word: msg('No connection to the relay'), tone: 'urgent' };
  }
  if (session.customer?.connected === false) {
    return { word: msg('Customer not reachable'), tone: 'urgent' };
  }
  switch (media) {
    case 'connected':
      return customerState(session);
    case 'disconnected':
      return { word: msg('Media interrupted'), tone: 'attention' };
    case 'failed':
    case 'closed':
      return { word: msg('Media lost, trying again'), tone: 'urgent' };
    default:
      return { word: msg('Media is connecting'), tone: 'attention' };
  }
}

/** Our own media connection is up: what keeps the customer's picture from being all it could be. */
function customerState({ customer }: SessionView): LinkState {
  const { mode = 'video', cause = 'none' } = customer?.picture ?? {};
  if (mode === 'stills') {
    return cause === 'blocked'
      ? { word: msg('Video blocked, stills instead'), tone: 'urgent' }
      : { word: msg('Weak connection, stills instead'), tone: 'attention' };
  }
  if (customer?.mediaReady === false) {
    return { word: msg("Customer's media is connecting"), tone: 'attention' };
  }
  if (mode === 'reduced') {
    return { word: reducedWord(cause), tone: 'attention' };
  }
  return { word: msg('Connected'), tone: 'live' };
}

function reducedWord(cause: PictureState['cause']): string {
  switch (cause) {
    case 'processor':
      return msg('Phone is busy');
    case 'saveData':
      return msg('Phone saves data');
    default:
      return msg('Weak connection');
  }
}
