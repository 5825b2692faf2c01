/**
 * What the front and a media worker say to each other over the child process's IPC channel. Types and
 * constants only. A worker is forked with one `WorkerConfig` as JSON in its first argument; it gets no secret
 * and nothing of the store.
 */
import type { OverloadLevel } from './overload.ts';
import type { PeerId, Role, SessionId, VideoCodec } from './protocol.ts';

export type WorkerConfig = {
  /** UDP ports of this worker alone, both ends included; with `mux` the first free one carries everything. */
  portRangeBegin: number;
  portRangeEnd: number;
  mux: boolean;
  /** Local address to use; all interfaces except loopback when absent. */
  bindAddress?: string;
  /** UDP port for pages that come through a TURN server (turn-ingress.ts), outside the range; absent without TURN. */
  ingressPort?: number;
  /** Addresses that browsers are told instead of the local ones, most preferred first; empty for none. */
  announcedIps: readonly string[];
};

/** A worker says `stats` this often. */
export const STATS_INTERVAL_MS = 1_000;

/** And `alive` this often; with silence for five times as long it is given up (supervision.ts). */
export const ALIVE_INTERVAL_MS = 500;

/** Silence of a peer that owes packets for this long makes it suspect (facts/reliability.md 1.3). */
export const MEDIA_WATCHDOG_MS = 2_500;

/**
 * Who estimates how much a customer's browser may send. `sendSide`: itself, from our TWCC. `receiveSide`: the relay, which
 * says it in a REMB (receive-side.ts); for paths whose loss would ruin the browser's estimate.
 */
export type Estimation = 'sendSide' | 'receiveSide';

/** What somebody sends and gets. Guests get the customer's picture and everybody's voice; an observer sends nothing. */
export type MediaRole = Role | 'expert' | 'observer';

/** Whose connection it is: `customer`, `technician`, or `guest` with a number. */
export type PartyName = string;

/** Of the lines for voices in one connection, each of which costs a browser a decoder. */
export const VOICES_MAX = 6;

export type WorkerCommand =
  /** Answered by `offer` or `peerRefused`. The session comes into being with its first peer, gate closed. */
  | {
      type: 'createPeer';
      peerId: PeerId;
      sessionId: SessionId;
      role: MediaRole;
      codec: VideoCodec;
      /** `sendSide` when absent. */
      estimation?: Estimation;
      /** The role when absent. */
      party?: PartyName;
      /** How many voices it can be sent at once; 1 when absent. */
      voices?: number;
    }
  /** The browser's answer; answered by `candidates` or `answerRejected`. */
  | { type: 'answer'; peerId: PeerId; sdp: string }
  | { type: 'closePeer'; peerId: PeerId }
  /** While closed, every media packet of the session is dropped and counted, both ways. */
  | { type: 'gate'; sessionId: SessionId; open: boolean }
  /** Nobody is sent what this party says, until told otherwise. */
  | { type: 'mute'; sessionId: SessionId; party: PartyName; muted: boolean }
  /** Closes all its peers. */
  | { type: 'closeSession'; sessionId: SessionId }
  /**
   * What this peer should be sending while the gate is open, by the state of its devices; nothing until told. Only
   * what is due can be missed: see `peerMedia`.
   */
  | { type: 'expect'; peerId: PeerId; audio: boolean; video: boolean }
  /**
   * Records the session into a journal, from now on and through all its peers; answered by `recordingState`. The session
   * comes into being if it is not there. `recordingId` is the front's.
   */
  | {
      type: 'startRecording';
      recordingId: number;
      sessionId: SessionId;
      /** Of the finished journal; the folder is there. While it grows it is called `*.part`. */
      path: string;
      voice: boolean;
      video: boolean;
    }
  /** Nothing is written until `resumeRecording`. */
  | { type: 'pauseRecording'; recordingId: number }
  | { type: 'resumeRecording'; recordingId: number }
  /** Something of the session that belongs to this moment of its recording. */
  | { type: 'noteRecording'; recordingId: number; event: string; detail: unknown }
  /** Answered by `recordingState` when all is on disk. The end of the session stops its recording as well. */
  | { type: 'stopRecording'; recordingId: number; reason: string }
  /** Asks for `stats` at once instead of at the next second. */
  | { type: 'collectStats' }
  /** Closes everything and exits with code 0. */
  | { type: 'shutdown' };

export type WorkerEvent =
  | { type: 'ready'; pid: number }
  | { type: 'offer'; peerId: PeerId; sdp: string }
  /** Never sent before libdatachannel has the answer. */
  | { type: 'candidates'; peerId: PeerId; candidates: string[] }
  /** `relayFull`: no port is free. `internal`: the id is in use. */
  | { type: 'peerRefused'; peerId: PeerId; code: 'relayFull' | 'internal' }
  /** The peer stays until `closePeer`; `problem` is a word for the log. */
  | { type: 'answerRejected'; peerId: PeerId; code: 'badSdp'; problem: string }
  /**
   * All but `connected` are final: the peer is gone from the worker. `closed` also answers `closePeer`; `flooded` is
   * one that kept sending more than it may.
   */
  | { type: 'peerState'; peerId: PeerId; state: 'connected' | 'failed' | 'closed' | 'flooded' }
  /**
   * `flowing: true` with the first packet of a peer and whenever packets come again; `false` when packets were due
   * and none came for `MEDIA_WATCHDOG_MS`.
   */
  | { type: 'peerMedia'; peerId: PeerId; flowing: boolean }
  /** The path of a peer with `sendSide` loses so much that it should have another with `receiveSide`. Said once. */
  | { type: 'peerLossy'; peerId: PeerId }
  /**
   * `recording`: the journal is begun; again when packets had to be dropped. The others are final: it has its name, and
   * `failed` says why it ended. Sizes are of the file, `dropped` counts packets that the disk did not take in time.
   */
  | ({ type: 'recordingState'; recordingId: number; bytes: number; dropped: number } & (
      | { state: 'recording' | 'stopped' }
      | { state: 'failed'; code: 'diskFull' | 'ioError' }
    ))
  /** An exception in our own code that a guard caught; at most one per place and second. */
  | { type: 'fault'; where: string; message: string; stack: string }
  /** The event loop turns. Said at once when `level` changes. */
  | ({ type: 'alive' } & WorkerPulse)
  | ({ type: 'stats' } & WorkerStats);

/** How a worker copes at the moment. */
export type WorkerPulse = {
  level: OverloadLevel;
  /** Smoothed over about a second, 0 to 1. */
  utilisation: number;
  packetsPerS: number;
  /** Sessions whose video is dropped because there is too much to do. */
  sessionsShed: number;
};

/** Everything counts from the worker's start unless it says otherwise. */
export type WorkerStats = {
  pid: number;
  uptimeMs: number;
  peers: number;
  /** How many peers this worker takes. */
  peerCapacity: number;
  /** Longest time the event loop was late in this interval. */
  eventLoopLagMs: number;
  /** Share of this interval that the event loop was busy, 0 to 1. */
  eventLoopUtilisation: number;
  rssBytes: number;
  /** Peers closed because they flooded. */
  peersFlooded: number;
  /** Processor time of all threads. */
  cpuMs: number;
  counters: PacketCounters;
  sessions: SessionStats[];
};

/** Per-packet conditions are counted and never logged one by one. A copy of this is where counting starts. */
export const NO_PACKETS = {
  received: 0,
  receivedBytes: 0,
  forwarded: 0,
  forwardedBytes: 0,
  rtcpReceived: 0,
  rtcpSent: 0,
  /** Loss on the way here: numbers asked for again, each time, and packets that came for it. */
  nacked: 0,
  recovered: 0,
  /** Loss on the way to viewers: packets sent again, and numbers asked for that the cache had not (any more). */
  retransmitted: 0,
  cacheMisses: 0,
  /** From here on: dropped, by reason. The session is not active. */
  droppedGate: 0,
  /** Video of an overloaded worker. */
  droppedShed: 0,
  /** The participant sends more than requirement S4 allows. */
  droppedLimit: 0,
  /** The same, of its RTCP alone. */
  droppedRtcpLimit: 0,
  droppedOversize: 0,
  droppedMalformed: 0,
  /** No track of this payload type, another source than the declared one, or a wild sequence number. */
  droppedUnknownSource: 0,
  /** Retransmissions and padding that nobody asked for. */
  droppedUnasked: 0,
  /** Had already, or given up. */
  droppedDuplicate: 0,
  droppedAwaitingKeyframe: 0,
  /** Too late for the receiver of a downtrack. */
  droppedStale: 0,
  /** The socket would not take the packet. */
  droppedBackpressure: 0,
  sendErrors: 0,
};

export type PacketCounters = typeof NO_PACKETS;

export type SessionStats = {
  sessionId: SessionId;
  gateOpen: boolean;
  peers: PeerStats[];
};

export type PeerStats = {
  peerId: PeerId;
  role: MediaRole;
  connected: boolean;
  /** Milliseconds from making the offer to the open transport; absent before. */
  connectMs?: number;
  /** Smoothed round trip of this connection; absent until measured. */
  roundTripMs?: number;
  /** What this browser believes its downlink carries, by its last REMB; absent before. */
  estimateBps?: number;
  /** What the relay last told this browser not to exceed; absent while it was told nothing. */
  bitrateLimitBps?: number;
  /** Who judges the way up, what the relay believes that it carries, and what it loses; absent for technicians. */
  estimation?: Estimation;
  uplinkBps?: number;
  uplinkLossShare?: number;
  up: UptrackStats[];
  down: DowntrackStats[];
};

export type UptrackStats = {
  kind: 'audio' | 'video';
  packets: number;
  bytes: number;
  /** Before anything was sent again. */
  lost: number;
  jitterMs: number;
  /** Numbers asked for again, packets that came for it, and numbers given up. */
  nacked: number;
  recovered: number;
  unrecovered: number;
  /** Memory of the retransmission cache. */
  cacheBytes: number;
  keyframes: number;
  /** Keyframe requests sent to the publisher. */
  plis: number;
};

export type DowntrackStats = {
  kind: 'audio' | 'video';
  packets: number;
  bytes: number;
  /** Keyframe requests, lost packets named in NACKs, and the last report of the viewer. */
  plis: number;
  nackedPackets: number;
  /** Packets sent again, and numbers asked for that the cache had not. */
  retransmitted: number;
  cacheMisses: number;
  fractionLost: number;
  /** Share of what was sent that did not get there, smoothed; unlike the report, without what the relay missed itself. */
  lossShare: number;
  /** Smoothed; absent until measured. */
  roundTripMs?: number;
};
