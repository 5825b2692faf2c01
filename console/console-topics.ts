/** What the console is in, and what of its state may change. Types only. */
import type { SessionStatus, SessionView } from '../relay/protocol.ts';

export type Phase =
  /** Not yet known whether somebody is signed in. */
  | 'starting'
  | 'unreachable'
  | 'signedOut'
  | 'signedIn'
  /** Another window of the same account took over. */
  | 'superseded'
  /** The relay speaks a newer protocol: the page must be reloaded. */
  | 'outdated';

/** What changed; `sessions` covers list and single session, `voice` microphone and speaker. */
export type Topic =
  | 'phase'
  | 'connection'
  | 'sessions'
  | 'log'
  | 'chat'
  | 'photos'
  | 'media'
  | 'voice'
  | 'quality'
  | 'notice';

export type StatusChange = { session: SessionView; before: SessionStatus | undefined };
