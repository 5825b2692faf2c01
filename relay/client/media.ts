import { type IceServer, TURN_FOUNDATION, type VideoCodec } from '../protocol.ts';
import { MediaWatch, receivedCount, type WatchEnvironment } from './media-watch.ts';
import { ConnectionPlayout } from './playout.ts';
import { ConnectionShape, type SendShape } from './shape.ts';

/**
 * The browser's end of the media plane: answers the relay's offers, carries our microphone and camera
 * towards it and hands the tracks that come back to the page.
 */

/** What a `MediaPeer` tells the page. */
export type MediaPeerEvents = {
  /** To be sent to the relay, which then sends its candidates. */
  answer: (peerId: string, sdp: string) => void;
  /** This connection is lost and already closed here; told once. The relay offers a new one when asked to. */
  failed: (peerId: string) => void;
  /** Nothing comes over this connection any more although something should; told again while it stays so. */
  stalled: (peerId: string) => void;
  /**
   * A remote track of a connection that is up. It takes the place of an earlier track of its kind; of voices, of the one with the
   * same number: 0 is the other side's, those of guests follow.
   */
  track: (track: MediaStreamTrack, voice: number) => void;
  /** `connected` while any connection is, else the state of the newest one. */
  state: (state: RTCPeerConnectionState) => void;
};

/** Local media; null sends nothing at all, not even silence. */
export type LocalTracks = { audio: MediaStreamTrack | null; video: MediaStreamTrack | null };

/**
 * A connection that is not up by then is given up. Connecting took at most 3.3 s over a 40 ms path with 10 %
 * loss, and about one DTLS handshake in 200 never ends (facts/reliability.md 1.5).
 */
const CONNECT_TIMEOUT_MS = 4_000;

/** The older connection goes at the latest this long after the newer one is up; the relay waits as long. */
const HANDOVER_TIMEOUT_MS = 3_000;

type Connection = {
  peerId: string;
  /** Through the relay's TURN server and no other way. */
  relayed: boolean;
  /** The offer brought a TURN server along, so there are two ways. */
  hasTurn: boolean;
  pc: RTCPeerConnection;
  /** Candidates may be added only after the offer was applied. */
  described: boolean;
  queuedCandidates: string[];
  /** Remote tracks that the page has not been given yet. */
  pendingTracks: { track: MediaStreamTrack; voice: number }[];
  /** It was connected once. */
  up: boolean;
  /** Until it is up: gives it up. While an older one is there: lets that one go. */
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly shape: ConnectionShape;
  readonly playout: ConnectionPlayout;
  /** What each sender was last given. */
  attached: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null };
};

/**
 * One participant's media with the relay. The relay always offers; every offer makes a new connection. An older one
 * goes on, in both directions, until the newer one has delivered something of each kind (make-before-break), at the
 * latest three seconds after that one is up, or until the relay says `peerClosed`.
 */
export class MediaPeer {
  readonly #events: MediaPeerEvents;
  #connections: Connection[] = [];
  readonly #watch: MediaWatch;
  #local: LocalTracks = { audio: null, video: null };
  #shape: SendShape | undefined;
  #remoteSends = false;
  #state: RTCPeerConnectionState = 'new';
  #closed = false;
  /**
   * Where the relay has a TURN server there are two ways, and a connection takes one of them alone (why: PROTOCOL.md,
   * `candidates`). The direct one until it does not get through at all, then the other until that one does not.
   */
  #relayed = false;

  constructor(events: MediaPeerEvents, environment?: WatchEnvironment) {
    this.#events = events;
    this.#watch = new MediaWatch({
      count: () => this.#countReceived(),
      stalled: () => this.#stalled(),
      ...(environment && { environment }),
    });
  }

  /** Connections this page still holds, oldest first. */
  get peerIds(): string[] {
    return this.#connections.map((connection) => connection.peerId);
  }

  /**
   * Answers an offer through the `answer` event. Never rejects: trouble is reported as `failed`.
   * @param iceServers the relay's TURN servers, if it has any
   */
  async offer(peerId: string, sdp: string, iceServers: IceServer[] = []): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.peerClosed(peerId);
    const connection = this.#open(peerId, iceServers);
    const { pc } = connection;
    try {
      await pc.setRemoteDescription({ type: 'offer', sdp });
      if (!this.#holds(connection)) {
        return;
      }
      connection.described = true;
      for (const candidate of connection.queuedCandidates.splice(0)) {
        await this.#addCandidate(connection, candidate);
      }
      await this.#attach(connection);
      const answer = await pc.createAnswer();
      await pc.setLocalDescription(answer);
      if (!this.#holds(connection)) {
        return;
      }
      this.#events.answer(peerId, pc.localDescription?.sdp ?? answer.sdp ?? '');
      if (this.#shape !== undefined) {
        await connection.shape.apply(pc, this.#shape);
      }
    } catch {
      this.#fail(connection);
    }
  }

  /** Takes the relay's candidates; those that come before the offer was applied wait for it. */
  async candidates(peerId: string, candidates: string[]): Promise<void> {
    const connection = this.#connections.find((held) => held.peerId === peerId);
    if (connection === undefined) {
      return;
    }
    if (!connection.described) {
      connection.queuedCandidates.push(...candidates);
      return;
    }
    for (const candidate of candidates) {
      await this.#addCandidate(connection, candidate);
    }
  }

  /** The relay has closed this connection. */
  peerClosed(peerId: string): void {
    const connection = this.#connections.find((held) => held.peerId === peerId);
    if (connection !== undefined) {
      this.#drop(connection);
    }
  }

  /**
   * Sends these tracks from now on, also over connections that come later. Directions were negotiated
   * beforehand, so this needs no word with the relay; with null not one RTP packet leaves the browser.
   */
  async send(tracks: LocalTracks): Promise<void> {
    this.#local = { audio: tracks.audio, video: tracks.video };
    this.#expect();
    await Promise.all(this.#connections.map((connection) => this.#attach(connection)));
  }

  /** Sends no more than this from now on, also over connections that come later. */
  shape(next: SendShape): void {
    this.#shape = next;
    for (const connection of this.#connections) {
      void connection.shape.apply(connection.pc, next);
    }
  }

  /** Whether the other side is sending, as far as the page knows. What is due is watched, and missed (`stalled`). */
  expectRemote(sends: boolean): void {
    this.#remoteSends = sends;
    this.#expect();
  }

  /** The path may just have died: looks with less patience. Also says again what the relay may have missed. */
  check(): void {
    this.#watch.check();
  }

  /** Statistics of the connection in use; undefined while there is none. */
  async stats(): Promise<RTCStatsReport | undefined> {
    return await (this.#connections.findLast(({ up }) => up) ?? this.#connections.at(-1))?.pc.getStats();
  }

  /** Ends everything; may be called again. The local tracks belong to the page and keep running. */
  close(): void {
    this.#closed = true;
    this.#local = { audio: null, video: null };
    this.#watch.close();
    for (const connection of [...this.#connections]) {
      this.#drop(connection);
    }
  }

  #open(peerId: string, iceServers: IceServer[]): Connection {
    const hasTurn = iceServers.length > 0;
    const relayed = hasTurn && this.#relayed;
    const pc = new RTCPeerConnection({
      bundlePolicy: 'max-bundle',
      ...(relayed ? { iceServers, iceTransportPolicy: 'relay' } : { iceServers: [] }),
    });
    const connection: Connection = {
      peerId,
      relayed,
      hasTurn,
      pc,
      described: false,
      queuedCandidates: [],
      pendingTracks: [],
      up: false,
      timer: setTimeout(() => this.#fail(connection), CONNECT_TIMEOUT_MS),
      shape: new ConnectionShape(),
      playout: new ConnectionPlayout(),
      attached: { audio: null, video: null },
    };
    this.#connections.push(connection);
    pc.ontrack = ({ track, transceiver }) => {
      // Lines: voice, picture, and one for each voice more.
      connection.pendingTracks.push({ track, voice: Math.max(0, Number(transceiver.mid) - 1) });
      // Fired by the first packet.
      track.onunmute = () => this.#deliverTracks(connection);
      this.#deliverTracks(connection);
    };
    pc.onconnectionstatechange = () => this.#stateChanged(connection);
    return connection;
  }

  #stateChanged(connection: Connection): void {
    if (!this.#holds(connection)) {
      return;
    }
    const state = connection.pc.connectionState;
    if (state === 'failed') {
      this.#fail(connection);
    } else if (state === 'connected' && !connection.up) {
      connection.up = true;
      clearTimeout(connection.timer);
      connection.timer = setTimeout(() => this.#dropOlder(connection), HANDOVER_TIMEOUT_MS);
      this.#watch.restart();
      this.#deliverTracks(connection);
    } else if (state === 'disconnected') {
      this.#watch.check();
    }
    this.#tellState();
  }

  #tellState(): void {
    const states = this.#connections.map(({ pc }) => pc.connectionState);
    const state = states.includes('connected') ? 'connected' : (states.at(-1) ?? 'closed');
    if (state !== this.#state && !this.#closed) {
      this.#state = state;
      this.#events.state(state);
    }
  }

  /**
   * The tracks of an older connection are the better ones to show until those of the newer one carry something: a new
   * track shows nothing before its first packet.
   */
  #deliverTracks(connection: Connection): void {
    if (!connection.up || !this.#holds(connection)) {
      return;
    }
    const isAlone = this.#connections[0] === connection;
    const ready = connection.pendingTracks.filter(({ track }) => isAlone || !track.muted);
    connection.pendingTracks = connection.pendingTracks.filter((pending) => !ready.includes(pending));
    for (const { track, voice } of ready) {
      this.#events.track(track, voice);
    }
    // A guest may have nothing to say for long.
    if (!isAlone && connection.pendingTracks.every(({ voice }) => voice > 0)) {
      this.#dropOlder(connection);
    }
  }

  #dropOlder(connection: Connection): void {
    for (const older of this.#connections.slice(0, Math.max(0, this.#connections.indexOf(connection)))) {
      this.#drop(older);
    }
  }

  #expect(): void {
    this.#watch.expect(
      !this.#closed && (this.#remoteSends || this.#local.audio !== null || this.#local.video !== null),
    );
  }

  /** A newer connection that is not up yet is the answer to a stall, and the connect time-out sees to it. */
  async #countReceived(): Promise<number | undefined> {
    const newest = this.#connections.at(-1);
    if (!newest?.up) {
      return undefined;
    }
    const report = await newest.pc.getStats();
    newest.playout.look(report, newest.pc, performance.now());
    return receivedCount(report);
  }

  #stalled(): void {
    const newest = this.#connections.at(-1);
    if (newest?.up) {
      this.#events.stalled(newest.peerId);
    }
  }

  async #attach(connection: Connection): Promise<void> {
    if (!connection.described) {
      return;
    }
    // Picture first and neither waits for the other: attaching a microphone takes Chromium up to 100 ms, and the
    // technician waits for the first picture.
    await Promise.all((['video', 'audio'] as const).map((kind) => this.#attachKind(connection, kind)));
  }

  async #attachKind(connection: Connection, kind: 'audio' | 'video'): Promise<void> {
    const transceiver = connection.pc
      .getTransceivers()
      .find((candidate) => candidate.receiver.track.kind === kind);
    if (transceiver === undefined) {
      return;
    }
    // The answer takes the intersection with what the relay offered (RFC 9429 section 5.3.1), so a line
    // that is sendonly on the relay's side still becomes recvonly here. Later calls must not touch it:
    // a new direction would want a negotiation.
    if (connection.pc.signalingState === 'have-remote-offer') {
      transceiver.direction = 'sendrecv';
    }
    const track = this.#local[kind];
    // Compared with what was asked for, not with what is there: an earlier wish may still be on its way.
    if (connection.attached[kind] === track) {
      return;
    }
    connection.attached[kind] = track;
    try {
      await transceiver.sender.replaceTrack(track);
    } catch (error) {
      // A connection that was closed meanwhile has nothing left to send on.
      if (this.#holds(connection)) {
        throw error;
      }
    }
  }

  async #addCandidate({ pc, relayed }: Connection, candidate: string): Promise<void> {
    if (relayed !== candidate.startsWith(`candidate:${TURN_FOUNDATION} `)) {
      return;
    }
    try {
      // Everything is bundled on the first media line.
      await pc.addIceCandidate({ candidate, sdpMid: '0', sdpMLineIndex: 0 });
    } catch {
      // A candidate that this browser cannot use; the others may do, and the time-out sees to the rest.
    }
  }

  #fail(connection: Connection): void {
    if (this.#holds(connection)) {
      if (connection.hasTurn && !gotThrough(connection)) {
        this.#relayed = !connection.relayed;
      }
      this.#drop(connection);
      this.#events.failed(connection.peerId);
    }
  }

  #holds(connection: Connection): boolean {
    return this.#connections.includes(connection);
  }

  #drop(connection: Connection): void {
    this.#connections = this.#connections.filter((held) => held !== connection);
    clearTimeout(connection.timer);
    connection.pc.ontrack = null;
    connection.pc.onconnectionstatechange = null;
    connection.pc.close();
    const [oldest] = this.#connections;
    if (oldest) {
      this.#deliverTracks(oldest);
    }
    this.#tellState();
  }
}

/** False when not one of the connectivity checks was answered; a failed DTLS handshake says nothing about the way. */
function gotThrough({ up, pc }: Connection): boolean {
  return up || pc.iceConnectionState === 'connected' || pc.iceConnectionState === 'completed';
}

/** iPadOS calls itself a Macintosh; only its touch points tell it apart. */
function isAppleMobile(): boolean {
  return (
    /iPhone|iPad|iPod/.test(navigator.userAgent) ||
    (navigator.userAgent.includes('Macintosh') && navigator.maxTouchPoints > 1)
  );
}

/** The variant that the relay offers, where a codec has several (RFC 6184 section 8.1, RFC 9628 section 6.1). */
const FORMAT_OFFERED: Record<VideoCodec, (fmtp: string) => boolean> = {
  VP8: () => true,
  H264: (fmtp) => /packetization-mode=1/.test(fmtp) && /profile-level-id=42/i.test(fmtp),
  VP9: (fmtp) => !/profile-id=[1-9]/.test(fmtp),
  AV1: (fmtp) => !/\bprofile=[1-9]/.test(fmtp),
};

/**
 * Codecs this browser can send or receive, best first: H.264 on iPhone and iPad, which encode it in hardware
 * and keep cool, VP8 elsewhere; VP9 and AV1, which cost a phone most, only when nothing else is common.
 */
export function supportedVideoCodecs(direction: 'send' | 'receive'): VideoCodec[] {
  if (typeof RTCRtpSender === 'undefined' || typeof RTCRtpReceiver === 'undefined') {
    return [];
  }
  const codecs =
    (direction === 'send' ? RTCRtpSender.getCapabilities('video') : RTCRtpReceiver.getCapabilities('video'))
      ?.codecs ?? [];
  const preference: VideoCodec[] = isAppleMobile()
    ? ['H264', 'VP8', 'VP9', 'AV1']
    : ['VP8', 'H264', 'VP9', 'AV1'];
  return preference.filter((name) =>
    codecs.some(
      ({ mimeType, sdpFmtpLine = '' }) =>
        mimeType.toLowerCase() === `video/${name.toLowerCase()}` && FORMAT_OFFERED[name](sdpFmtpLine),
    ),
  );
}
