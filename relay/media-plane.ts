/** What the front asks of the media workers; `workers.ts` does it with child processes. */
import type { PeerId, SessionId, VideoCodec } from './protocol.ts';
import type { Estimation, MediaRole, PartyName } from './worker-protocol.ts';

/** Called by the plane, never from inside a call into it. */
export type PeerListener = {
  offer(peerId: PeerId, sdp: string): void;
  candidates(peerId: PeerId, candidates: string[]): void;
  connected(peerId: PeerId): void;
  /** Packets of this peer arrive, or were due and have stopped. The first is told once after `connected`. */
  media(peerId: PeerId, flowing: boolean): void;
  /** Its path loses so much that another connection with `receiveSide` estimation would do better. Told once. */
  lossy(peerId: PeerId): void;
  /** The peer is gone: it failed, its worker died, or its answer was of no use. Told once. */
  closed(peerId: PeerId, reason: PeerCloseReason): void;
};

/** `flooded`: it kept sending more than a participant may. */
export type PeerCloseReason = 'failed' | 'badSdp' | 'workerLost' | 'flooded';

export type PeerWanted = {
  sessionId: SessionId;
  party: PartyName;
  role: MediaRole;
  codec: VideoCodec;
  estimation: Estimation;
  /** How many it can be sent at once. */
  voices: number;
  /** As `mute` says, from the beginning. */
  muted: boolean;
};

export type RecordingWanted = {
  /** Of the row in the store. */
  recordingId: number;
  sessionId: SessionId;
  path: string;
  voice: boolean;
  video: boolean;
};

/** Of the journal; `dropped` packets the disk did not take in time. */
export type RecordingSizes = { bytes: number; dropped: number };

/** `workerLost`: what was written by then is there. */
export type RecordingEnding = 'stopped' | 'diskFull' | 'ioError' | 'workerLost';

/** Called by the plane, never from inside a call into it. */
export type RecordingListener = {
  /** It is begun; again when packets had to be dropped. */
  recording(sizes: RecordingSizes): void;
  /** Nothing touches the journal any more. Told once. */
  ended(how: RecordingEnding, sizes: RecordingSizes | undefined): void;
};

export type MediaPlane = {
  /** All peers of a session live on one worker. Undefined when no worker can take it. */
  createPeer(peer: PeerWanted, listener: PeerListener): PeerId | undefined;
  answer(peerId: PeerId, sdp: string): void;
  /** Closing is the caller's wish, so the listener is not told. */
  closePeer(peerId: PeerId): void;
  /** While closed, the worker drops every media packet of the session from both sides. */
  gate(sessionId: SessionId, open: boolean): void;
  /** While muted, nobody is sent what this party says. */
  mute(sessionId: SessionId, party: PartyName, muted: boolean): void;
  /** What the peer should be sending while the gate is open; only what is due is missed. */
  expect(peerId: PeerId, due: { audio: boolean; video: boolean }): void;
  closeSession(sessionId: SessionId): void;
  /** Calls back whenever there may be room again after `createPeer` returned undefined or a worker was lost. */
  onRoom(callback: () => void): void;
};

export type RecordingMedia = {
  /** Records what comes through the gate from now on. False when no worker can take the session. */
  startRecording(recording: RecordingWanted, listener: RecordingListener): boolean;
  /** Nothing is written while paused. */
  pauseRecording(recordingId: number, paused: boolean): void;
  /** Something of the session that belongs to this moment of its recording. */
  noteRecording(recordingId: number, event: string, detail: unknown): void;
  /** The listener is told when all is on disk. */
  stopRecording(recordingId: number, reason: string): void;
};
