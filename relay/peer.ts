/**
 * A browser connection as a pipe: ICE and DTLS-SRTP by libdatachannel, every RTP and RTCP packet in and out as
 * bytes. The only importer of node-datachannel in relay/.
 *
 * A connection has exactly one media line and one track as libdatachannel sees it. Then every packet, whatever
 * its SSRC, comes to that track, and the endless loop on a malformed SDES cannot be reached
 * (facts/peerbench.md section 6). The library aborts the process when a callback throws, when no port is free,
 * when a description is set on a connection without a track; this file keeps all of that from happening.
 */
import { PeerConnection, type RtcConfig, type Track, Video } from 'node-datachannel';
import { isRtcp } from '../codec/rtp.ts';
import {
  type Answer,
  announceCandidates,
  type PipeDescription,
  readPipe,
  VIDEO_PAYLOAD_TYPES,
  writePipeAnswer,
} from './negotiation.ts';
import type { IngressTarget, TurnIngress } from './turn-ingress.ts';
import { freeUdpPorts } from './udp-ports.ts';
import type { PacketCounters, WorkerConfig } from './worker-protocol.ts';

/** Requirement S4 (facts/reliability.md 3.9): what one participant may send; at most one second's worth at once. */
const INGRESS_MAX_PACKETS_PER_S = 4_000;
const INGRESS_MAX_BYTES_PER_S = 8_000_000 / 8;
/** Chromium sends some 40 at most, with feedback every 50 ms and lost packets named as they are missed. */
const RTCP_MAX_PACKETS_PER_S = 200;
/** Whoever exceeds a limit in this many seconds in a row is no browser: decrypting it is work that others miss. */
const STRIKES_MAX = 3;
const STRIKE_INTERVAL_MS = 1_000;

/** Larger ones would not pass an Ethernet path after SRTP, and no browser sends them. */
const PACKET_MAX_BYTES = 1_400;

/** About 350 of 400 connected over one socket in libdatachannel#1455; up to here all did. */
const MUX_MAX_PEERS = 150;

/**
 * Ports of the range that are never counted on: other programs may hold some, and a closed connection's is
 * free a moment later than we know. Finding none free would abort the process.
 */
const reservedPorts = (size: number) => Math.max(1, Math.ceil(size / 8));

/** Where a peer's packets go. The packet is the receiver's for the duration of the call. */
export type PacketReceiver = {
  /** Anything that is not RTCP by RFC 5761; not validated yet. `now` in milliseconds, monotonic. */
  rtp(packet: Buffer, now: number): void;
  /** A compound RTCP packet, not validated yet. */
  rtcp(packet: Buffer, now: number): void;
};

/** `flooded`: it sent more than it may for too long. */
export type PeerEnd = 'failed' | 'closed' | 'flooded';

export type PeerEvents = {
  connected(): void;
  /** Told once, never from inside a call into the peer, and not after `close`. */
  lost(state: PeerEnd): void;
};

/** An exception out of our own code, which must not reach the library. */
export type FaultHandler = (where: string, error: unknown) => void;

/** Wraps a callback so that nothing it throws escapes: an escaping exception is the end of the process. */
export function guard<T>(
  where: string,
  onFault: FaultHandler,
  callback: (value: T) => void,
): (value: T) => void {
  return (value: T) => {
    try {
      callback(value);
    } catch (error) {
      onFault(where, error);
    }
  };
}

/** The UDP side of a worker: makes peers as long as ports last. */
export class Transport {
  readonly capacity: number;
  readonly #config: WorkerConfig;
  /** With `mux` its port is the first that was free when the library opened it. */
  readonly #rtcConfig: RtcConfig;
  readonly #counters: PacketCounters;
  readonly #onFault: FaultHandler;
  readonly #ingress: TurnIngress | undefined;
  /** Native objects that exist; a wrapper that is collected closes its connection, so they stay here. */
  readonly #held = new Set<Peer>();
  /** Peers closed because they flooded. */
  flooded = 0;

  /** @param ingress the door for pages behind a TURN server, where there is one */
  constructor(config: WorkerConfig, counters: PacketCounters, onFault: FaultHandler, ingress?: TurnIngress) {
    this.#config = config;
    this.#counters = counters;
    this.#onFault = onFault;
    this.#ingress = ingress;
    const size = config.portRangeEnd - config.portRangeBegin + 1;
    this.capacity = config.mux ? MUX_MAX_PEERS : size - reservedPorts(size);
    this.#rtcConfig = {
      // No STUN or TURN server on the relay's side: browsers come to its host addresses.
      iceServers: [],
      portRangeBegin: config.portRangeBegin,
      portRangeEnd: config.mux ? config.portRangeBegin : config.portRangeEnd,
      enableIceUdpMux: config.mux,
      ...(config.bindAddress !== undefined && { bindAddress: config.bindAddress }),
    };
  }

  /** Connections that hold a port, also those that are just closing. */
  get size(): number {
    return this.#held.size;
  }

  /** Makes a peer that is ready to be offered; undefined when the ports are used up or the library refuses. */
  open(name: string, receiver: PacketReceiver, events: PeerEvents): Peer | undefined {
    if (this.#held.size >= this.capacity || !this.#findPort()) {
      return undefined;
    }
    let peer: Peer | undefined;
    try {
      peer = new Peer(name, {
        rtcConfig: this.#rtcConfig,
        announcedIps: this.#config.announcedIps,
        counters: this.#counters,
        receiver,
        events: {
          connected: () => events.connected(),
          lost: (state) => {
            if (state === 'flooded') {
              this.flooded++;
            }
            events.lost(state);
          },
        },
        onFault: this.#onFault,
        ...(this.#ingress && { ingress: this.#ingress }),
        onReleased: (released) => this.#held.delete(released),
      });
      this.#held.add(peer);
      peer.gather();
      return peer;
    } catch (error) {
      this.#onFault('open peer', error);
      peer?.close();
      return undefined;
    }
  }

  /** False when the library would find no port and abort the process. */
  #findPort(): boolean {
    const { portRangeBegin, portRangeEnd, mux } = this.#config;
    if (mux && this.#held.size > 0) {
      return true;
    }
    const free = freeUdpPorts(portRangeBegin, portRangeEnd);
    if (mux && free?.[0] !== undefined) {
      this.#rtcConfig.portRangeBegin = free[0];
      this.#rtcConfig.portRangeEnd = free[0];
    }
    return free === undefined || free.length > 0;
  }
}

type PeerOptions = {
  rtcConfig: RtcConfig;
  announcedIps: readonly string[];
  counters: PacketCounters;
  receiver: PacketReceiver;
  events: PeerEvents;
  onFault: FaultHandler;
  ingress?: TurnIngress;
  onReleased: (peer: Peer) => void;
};

/** One browser connection. Made by `Transport.open`. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #counters: PacketCounters;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  #pipe: PipeDescription = { iceUfrag: '', icePwd: '', fingerprint: '', candidates: [] };
  #answered = false;
  #connected = false;
  #closed = false;
  /** Token buckets of the ingress limit. */
  #packetAllowance = INGRESS_MAX_PACKETS_PER_S;
  #byteAllowance = INGRESS_MAX_BYTES_PER_S;
  #rtcpAllowance = RTCP_MAX_PACKETS_PER_S;
  #allowanceAt = 0;
  /** Seconds in a row in which a limit was exceeded, and when the last of them began. */
  #strikes = 0;
  #strikeAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, options: PeerOptions) {
    this.#options = options;
    this.#counters = options.counters;
    const { onFault } = options;
    this.#connection = new PeerConnection(name, options.rtcConfig);
    const media = new Video('0', 'SendRecv');
    media.addVP8Codec(VIDEO_PAYLOAD_TYPES.VP8.media);
    this.#track = this.#connection.addTrack(media);
    this.#connection.onStateChange(
      guard('peer state', onFault, (state: string) => this.#stateChanged(state)),
    );
    this.#track.onOpen(guard<void>('peer open', onFault, () => this.#opened()));
    // Only with this callback does the binding forget the track; else its list of tracks grows with every peer.
    this.#track.onClosed(guard<void>('peer closed', onFault, () => {}));
    this.#track.onMessage(guard('peer packet', onFault, (packet: Buffer) => this.#received(packet)));
  }

  /** What the offer has to say about the transport. */
  get pipe(): PipeDescription {
    return this.#pipe;
  }

  get connected(): boolean {
    return this.#connected && !this.#closed;
  }

  /** Binds the port. Host candidates are there when the call returns, because no server is asked. */
  gather(): void {
    this.#connection.setLocalDescription('offer');
    const pipe = readPipe(this.#connection.localDescription()?.sdp ?? '');
    if (pipe === undefined || pipe.candidates.length === 0) {
      throw new Error('libdatachannel found no local address');
    }
    this.#pipe = pipe;
    const target = ingressTarget(pipe);
    if (target !== undefined) {
      this.#options.ingress?.add(target);
    }
  }

  /**
   * Applies the browser's answer, once.
   * @returns the candidates that the browser may now be told; undefined when the answer is of no use
   */
  accept(answer: Answer): string[] | undefined {
    if (this.#answered || this.#closed) {
      return undefined;
    }
    this.#answered = true;
    try {
      this.#connection.setRemoteDescription(writePipeAnswer(answer), 'answer');
    } catch {
      return undefined;
    }
    const own = announceCandidates(this.#pipe.candidates, this.#options.announcedIps);
    return [...own, ...(this.#options.ingress?.candidates(own) ?? [])];
  }

  /**
   * Sends one RTP or compound RTCP packet. The library copies it before this returns.
   * @returns false when it was not sent: back-pressure of the socket, a closed connection, or a sequence
   * number that SRTP refuses
   */
  send(packet: Buffer): boolean {
    if (!this.#connected || this.#closed) {
      return false;
    }
    try {
      if (this.#track.sendMessageBinary(packet)) {
        return true;
      }
      this.#counters.droppedBackpressure++;
    } catch {
      this.#counters.sendErrors++;
    }
    return false;
  }

  /** Ends the connection; may be called again. The native objects are kept until the library is done with them. */
  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#options.ingress?.remove(this.#pipe.iceUfrag);
      this.#connection.close();
    }
  }

  #opened(): void {
    if (!this.#closed) {
      this.#connected = true;
      this.#options.events.connected();
    }
  }

  #stateChanged(state: string): void {
    if (state !== 'failed' && state !== 'closed' && state !== 'disconnected') {
      return;
    }
    if (!this.#closed) {
      this.close();
      this.#options.events.lost(state === 'closed' ? 'closed' : 'failed');
    }
    if (state === 'closed') {
      // The library's threads are done with this connection. Its callbacks hold the track, which holds them:
      // without this a closed peer is never collected (16 kB each, 2 000 peers opened and closed).
      this.#track.close();
      this.#options.onReleased(this);
    }
  }

  #received(packet: Buffer): void {
    if (this.#closed) {
      return;
    }
    const now = performance.now();
    const counters = this.#counters;
    counters.received++;
    counters.receivedBytes += packet.length;
    if (!this.#allows(packet.length, now)) {
      counters.droppedLimit++;
      this.#exceed(now);
    } else if (packet.length > PACKET_MAX_BYTES) {
      counters.droppedOversize++;
    } else if (!isRtcp(packet)) {
      this.#options.receiver.rtp(packet, now);
    } else if (this.#rtcpAllowance < 1) {
      counters.droppedRtcpLimit++;
      this.#exceed(now);
    } else {
      this.#rtcpAllowance--;
      counters.rtcpReceived++;
      this.#options.receiver.rtcp(packet, now);
    }
  }

  /** One packet too many. Seconds count, not packets: a short burst after a stalled network is no flood. */
  #exceed(now: number): void {
    const passed = now - this.#strikeAt;
    if (passed < STRIKE_INTERVAL_MS) {
      return;
    }
    this.#strikes = passed < 2 * STRIKE_INTERVAL_MS ? this.#strikes + 1 : 1;
    this.#strikeAt = now;
    if (this.#strikes > STRIKES_MAX) {
      this.close();
      this.#options.events.lost('flooded');
    }
  }

  #allows(bytes: number, now: number): boolean {
    const seconds = (now - this.#allowanceAt) / 1000;
    this.#allowanceAt = now;
    this.#packetAllowance = Math.min(
      INGRESS_MAX_PACKETS_PER_S,
      this.#packetAllowance + seconds * INGRESS_MAX_PACKETS_PER_S,
    );
    this.#byteAllowance = Math.min(
      INGRESS_MAX_BYTES_PER_S,
      this.#byteAllowance + seconds * INGRESS_MAX_BYTES_PER_S,
    );
    this.#rtcpAllowance = Math.min(
      RTCP_MAX_PACKETS_PER_S,
      this.#rtcpAllowance + seconds * RTCP_MAX_PACKETS_PER_S,
    );
    if (this.#packetAllowance < 1 || this.#byteAllowance < bytes) {
      return false;
    }
    this.#packetAllowance--;
    this.#byteAllowance -= bytes;
    return true;
  }
}

/** Where the ingress reaches this pipe: any address will do; one of IPv4 needs no zone. */
function ingressTarget({ iceUfrag, icePwd, candidates }: PipeDescription): IngressTarget | undefined {
  const places = candidates.map((candidate) => candidate.split(' '));
  const [, , , , address, port] = places.find((fields) => !fields[4]?.includes(':')) ?? places[0] ?? [];
  return address === undefined ? undefined : { iceUfrag, icePwd, address, port: Number(port) };
}
