/** Recording of a session in the wire protocol: what technicians ask, how it stands, what groups may. Types and constants only; part of `protocol.ts`. */
import type { SessionId, SessionView } from './protocol.ts';

/** `forced`: from the start on and to the end, if the customer agrees. */
export const RECORDING_MODES = ['off', 'onDemand', 'forced'] as const;
export type RecordingMode = (typeof RECORDING_MODES)[number];

/** What a group records. */
export type RecordingPolicy = {
  mode: RecordingMode;
  voice: boolean;
  video: boolean;
  /** What recordings are for; kept with each of them. */
  purpose: string;
};

export const RECORDING_PURPOSE_MAX_LENGTH = 200;

/**
 * Why a recording, or a part of it, ended. `withdrawn`: the customer took the consent back. `refused`: they never gave it.
 * `policy`: the group's settings do not allow it any more. `relay`: the relay, or its part that recorded, was stopped; it goes on
 * in another part when the session does. `diskFull`, `ioError`: it could not be written.
 */
export type RecordingEnd =
  | 'technician'
  | 'withdrawn'
  | 'refused'
  | 'sessionEnded'
  | 'policy'
  | 'relay'
  | 'diskFull'
  | 'ioError';

export type RecordingView = {
  /** `asked`: begins when the customer agrees; only technicians are told. `stopped`: what was recorded is kept. */
  state: 'asked' | 'recording' | 'paused' | 'stopped';
  /**
   * Epoch milliseconds of the relay's clock. With `recording` so that the time since then is what was recorded; else when it
   * came to this.
   */
  since: number;
  /** With `stopped`. */
  reason?: RecordingEnd;
};

export type RecordingRequests = {
  /** Technician: asks the customer first, if they have not agreed; then it begins with their answer. */
  startRecording: { params: { sessionId: SessionId }; result: { session: SessionView } };
  /** Technician: nothing is written until it goes on. */
  pauseRecording: { params: { sessionId: SessionId }; result: { session: SessionView } };
  /** Technician. */
  resumeRecording: { params: { sessionId: SessionId }; result: { session: SessionView } };
  /** Technician: what was recorded is kept. */
  stopRecording: { params: { sessionId: SessionId }; result: { session: SessionView } };
};
