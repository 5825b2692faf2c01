/** The technician's media connection in figures and words. */
import { msg } from '@lit/localize';
import type { ConnectionStatus } from '../relay/client/connection.ts';
import type { PictureState, SessionView } from '../relay/protocol.ts';
import { decimal } from './localization.ts';
import { figuresOf, type QualitySample } from './quality-samples.ts';
import { isPhotos } from './session-words.ts';

/** For instance `1280 × 720 · 30 fps · 1.9 Mbit/s · 24 ms`; empty before the first frame. */
export function figures(samples: readonly QualitySample[]): string {
  const { picture } = samples.at(-1) ?? {};
  if (picture === undefined || picture.width === 0) {
    return '';
  }
  const { pictureKbps = 0, framesPerSecond = 0, roundTripMs } = figuresOf(samples);
  return [
    `${picture.width} × ${picture.height}`,
    `${decimal(framesPerSecond, 0)} ${msg('fps')}`,
    `${decimal(pictureKbps / 1000, 1)} Mbit/s`,
    ...(roundTripMs === undefined ? [] : [`${decimal(roundTripMs, 0)} ms`]),
  ].join(' · ');
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
  if (mode === 'stills' && !isPhotos({ mode, cause })) {
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
