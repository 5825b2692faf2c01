/**
 * A page of a session without a browser: real signalling over a real WebSocket, media by a `SyntheticPeer` for each offer
 * that comes. It sends what its role sends, all the time, and counts what arrives; the relay's gate decides what passes.
 */
import * as rtp from '../codec/rtp.ts';
import { OPUS_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPES } from '../relay/negotiation.ts';
import type { PeerId, Role, ServerEvent, SessionId } from '../relay/protocol.ts';
import {
  syntheticPacket,
  TRANSPORT_SEQUENCE_OFFSET,
  writeVp8Payload,
} from '../test/support/media-packets.ts';
import { acceptTerms, NO_FIELDS, SignallingClient } from '../test/support/signalling-client.ts';
import { SyntheticPeer } from './synthetic-peer.ts';

const AUDIO_BYTES = 90;
const VIDEO_BYTES = 1_000;
const SEND_INTERVAL_MS = 20;
const AUDIO_TICKS = 48 * SEND_INTERVAL_MS;
const VIDEO_TICKS = 90 * SEND_INTERVAL_MS;
/** A viewer that starts anew waits for one at most this long, also without asking. */
const KEYFRAME_INTERVAL_PACKETS = 25;

const FLOOD_PACKET = syntheticPacket(1_300, OPUS_PAYLOAD_TYPE, 1);

let lastSsrc = 1_000;

type Sources = { audio: number; video: number };
type Connection = { peer: SyntheticPeer; audio: Buffer; video: Buffer; open: boolean };

export class SyntheticPage {
  readonly role: Role;
  client: SignallingClient;
  /** RTP packets received, by kind. */
  readonly received = { audio: 0, video: 0 };
  /** When the last picture and sound came, of the monotonic clock. */
  readonly lastAt = { audio: Number.NaN, video: Number.NaN };
  /** Longest pause between two packets so far, in ms. */
  readonly longestGapMs = { audio: 0, video: 0 };
  /** Offers so far. */
  offers = 0;
  /** Packets of picture that a customer sends every 20 ms, 8 kbit each: 400 kbit/s for one. */
  videoPerInterval = 1;
  /** True: sends nothing by itself. */
  quiet = false;
  /** Sees every packet that arrives; the buffer is the callee's. */
  onPacket: ((packet: Buffer, sessionId: SessionId) => void) | undefined;
  resume: string | undefined;
  /** Stops sending, as a path that takes nothing any more; the connections stay. */
  silent = false;
  readonly #connections = new Map<PeerId, Connection>();
  readonly #sender: NodeJS.Timeout;
  readonly #sources: Sources | undefined;
  #sent = 0;
  #videoSent = 0;
  #transportSequence = 0;
  #flooded = 0;

  private constructor(role: Role, client: SignallingClient, sources?: Sources) {
    this.role = role;
    this.#sources = sources;
    this.client = client;
    this.adopt(client);
    this.#sender = setInterval(() => this.#send(), SEND_INTERVAL_MS);
  }

  static async technician(origin: string, cookie: string): Promise<SyntheticPage> {
    return new SyntheticPage('technician', await SignallingClient.technician(origin, cookie));
  }

  /** A customer who types the PIN and accepts. @param sources its SSRCs, if somebody else makes its packets */
  static async customer(origin: string, pin: string, sources?: Sources): Promise<SyntheticPage> {
    const client = await SignallingClient.customer(origin);
    const page = new SyntheticPage('customer', client, sources);
    page.resume = (await acceptTerms(client, await client.request('claimPin', { pin }))).resume;
    return page;
  }

  /** A customer's page that has just been loaded again. */
  static resumed(client: SignallingClient): SyntheticPage {
    return new SyntheticPage('customer', client);
  }

  /** A session with both sides here, started, and media flowing both ways. */
  static async call(
    origin: string,
    cookie: string,
  ): Promise<{ technician: SyntheticPage; customer: SyntheticPage; sessionId: SessionId }> {
    const technician = await SyntheticPage.technician(origin, cookie);
    const { session } = await technician.client.request('createSession', {
      fields: NO_FIELDS,
      method: 'pin',
    });
    const customer = await SyntheticPage.customer(origin, session.invitation?.pin ?? '');
    await technician.client.event(
      'the media of both sides to be connected',
      (event) =>
        event.type === 'session' &&
        event.session.id === session.id &&
        event.session.customer?.mediaReady === true,
    );
    await technician.client.request('startSession', { sessionId: session.id });
    return { technician, customer, sessionId: session.id };
  }

  /** Connections that it holds, oldest first. */
  get peerIds(): PeerId[] {
    return [...this.#connections.keys()];
  }

  /** Goes on with another socket, such as after a restart of the relay. */
  adopt(client: SignallingClient): void {
    this.client = client;
    client.onEvent = (event) => this.#hear(event);
    for (const event of client.events) {
      this.#hear(event);
    }
  }

  /** Drops every connection, as a page does whose relay is gone. */
  dropMedia(): void {
    for (const peerId of [...this.#connections.keys()]) {
      this.#close(peerId);
    }
  }

  /** Sends `count` of the largest packets at once, over every connection. */
  flood(count: number): void {
    for (const { peer, open } of this.#connections.values()) {
      for (let i = 0; open && i < count; i++) {
        // With a number of its own each, else SRTP drops it as a replay.
        this.#flooded++;
        FLOOD_PACKET.writeUInt16BE(this.#flooded & 0xffff, 2);
        if (!trySend(peer, FLOOD_PACKET)) {
          break;
        }
      }
    }
  }

  /** Sends a packet as it is over the newest connection that is open. @returns false when it was not sent */
  send(packet: Buffer): boolean {
    const newest = this.#newest;
    return newest !== undefined && trySend(newest.peer, packet);
  }

  get #newest(): Connection | undefined {
    return [...this.#connections.values()].findLast(({ open }) => open);
  }

  /** Goes without a word, as when a battery is empty. */
  vanish(): void {
    clearInterval(this.#sender);
    this.dropMedia();
    this.client.terminate();
  }

  leave(): void {
    clearInterval(this.#sender);
    this.dropMedia();
    this.client.close();
  }

  #hear(event: ServerEvent): void {
    if (event.type === 'offer') {
      this.#answer(event.peerId, event.sessionId, event.sdp);
    } else if (event.type === 'candidates') {
      this.#connections.get(event.peerId)?.peer.addCandidates(event.candidates);
    } else if (event.type === 'peerClosed') {
      this.#close(event.peerId);
    }
  }

  #answer(peerId: PeerId, sessionId: SessionId, sdp: string): void {
    this.offers++;
    const { audio: audioSsrc, video: videoSsrc } = this.#sources ?? { audio: ++lastSsrc, video: ++lastSsrc };
    const peer = new SyntheticPeer({ name: peerId, onPacket: (packet) => this.#count(packet, sessionId) });
    const connection: Connection = {
      peer,
      audio: syntheticPacket(AUDIO_BYTES, OPUS_PAYLOAD_TYPE, audioSsrc),
      video: syntheticPacket(VIDEO_BYTES, VIDEO_PAYLOAD_TYPES.VP8.media, videoSsrc),
      open: false,
    };
    this.#connections.set(peerId, connection);
    const video = this.role === 'customer' ? { ssrc: videoSsrc } : undefined;
    const answer = peer.answer(sdp, [{ ssrc: audioSsrc }, video]);
    // A refusal means that the relay has closed the peer meanwhile, and then says so.
    this.client.request('answer', { peerId, sdp: answer }).catch(() => undefined);
    peer.opened.then(() => {
      connection.open = this.#connections.has(peerId);
    });
  }

  #close(peerId: PeerId): void {
    const connection = this.#connections.get(peerId);
    if (connection) {
      this.#connections.delete(peerId);
      connection.open = false;
      connection.peer.close();
    }
  }

  #send(): void {
    if (this.quiet) {
      return;
    }
    this.#sent++;
    const firstVideo = this.#videoSent;
    this.#videoSent += this.videoPerInterval;
    for (const { peer, audio, video, open } of this.#connections.values()) {
      if (!open || this.silent) {
        continue;
      }
      this.#number(audio, this.#sent, AUDIO_TICKS);
      trySend(peer, audio);
      if (this.role === 'customer') {
        const keyframe = this.#sent % KEYFRAME_INTERVAL_PACKETS === 0;
        for (let piece = 0; piece < this.videoPerInterval; piece++) {
          this.#number(video, firstVideo + piece + 1, 0);
          video.writeUInt32BE((this.#sent * VIDEO_TICKS) >>> 0, 4);
          writeVp8Payload(video, { pictureId: this.#sent, start: piece === 0, keyframe });
          trySend(peer, video);
        }
      }
    }
  }

  #count(packet: Buffer, sessionId: SessionId): void {
    this.onPacket?.(packet, sessionId);
    if (!rtp.isRtp(packet)) {
      return;
    }
    const kind = rtp.payloadType(packet) === OPUS_PAYLOAD_TYPE ? 'audio' : 'video';
    const now = performance.now();
    const gapMs = now - this.lastAt[kind];
    this.lastAt[kind] = now;
    this.received[kind]++;
    if (gapMs > this.longestGapMs[kind]) {
      this.longestGapMs[kind] = gapMs;
    }
  }

  #number(packet: Buffer, sequence: number, ticks: number): void {
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE((sequence * ticks) >>> 0, 4);
    packet.writeUInt16BE(this.#transportSequence++ & 0xffff, TRANSPORT_SEQUENCE_OFFSET);
  }
}

/** A connection that is just closing refuses by an exception; the packet is lost, as on a network. */
function trySend(peer: SyntheticPeer, packet: Buffer): boolean {
  try {
    return peer.send(packet);
  } catch {
    return false;
  }
}
