/**
 * A media session without a network, for unit tests. Real: offers, answers, uptracks, downtracks. Faked: the connections,
 * which here are arrays of what was sent, and time where it is an argument.
 */
import { put24 } from '../../codec/bytes.ts';
import * as rtcp from '../../codec/rtcp.ts';
import * as rtp from '../../codec/rtp.ts';
import { MediaSession } from '../../relay/media-session.ts';
import type { PacketReceiver, PeerEvents } from '../../relay/peer.ts';
import type { VideoCodec } from '../../relay/protocol.ts';
import { type Estimation, type MediaRole, NO_PACKETS } from '../../relay/worker-protocol.ts';
import { ABSOLUTE_SEND_TIME_OFFSET, syntheticPacket, writeVp8Payload } from './media-packets.ts';

/** A connection without a network. */
export class FakePipe {
  readonly pipe = { iceUfrag: 'ufra', icePwd: 'p'.repeat(22), fingerprint: 'sha-256 AB', candidates: [] };
  readonly sent: Buffer[] = [];
  readonly receiver: PacketReceiver;
  readonly events: PeerEvents;
  connected = false;
  closed = 0;

  constructor(receiver: PacketReceiver, events: PeerEvents) {
    this.receiver = receiver;
    this.events = events;
  }

  accept(): string[] {
    return ['candidate:1 1 UDP 1 127.0.0.1 5 typ host'];
  }

  send(packet: Buffer): boolean {
    this.sent.push(Buffer.from(packet));
    return true;
  }

  close(): void {
    this.closed++;
  }

  connect(): void {
    this.connected = true;
    this.events.connected();
  }

  rtp(): Buffer[] {
    return this.sent.filter((packet) => rtp.isRtp(packet));
  }

  rtcp(kind: number): Buffer[] {
    return this.sent.filter((packet) => rtcp.rtcpKind(packet, 0, packet.length) === kind);
  }
}

/** An answer as a browser gives it: the offer's own lines, turned round. */
export function answerTo(offer: string, ssrcs: Record<string, number>): string {
  let kind = '';
  return offer
    .split('\r\n')
    .flatMap((line) => {
      kind = /^m=(\w+)/.exec(line)?.[1] ?? kind;
      if (line.startsWith('a=fingerprint')) {
        return [`a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`];
      }
      if (line === 'a=setup:actpass') {
        return ['a=setup:active', ...(ssrcs[kind] === undefined ? [] : [`a=ssrc:${ssrcs[kind]} cname:x`])];
      }
      return line.startsWith('a=ssrc') ? [] : [line];
    })
    .join('\r\n');
}

export function mediaSession() {
  const counters = { ...NO_PACKETS };
  const states: string[] = [];
  const flows: string[] = [];
  const lossy: string[] = [];
  const pipes = new Map<string, FakePipe>();
  const room = { free: true };
  const media = new MediaSession(
    5,
    (name, receiver, events) => {
      if (!room.free) {
        return undefined;
      }
      const pipe = new FakePipe(receiver, events);
      pipes.set(name, pipe);
      return pipe;
    },
    {
      peerState: (peerId, state) => states.push(`${peerId} ${state}`),
      peerMedia: (peerId, flowing) => flows.push(`${peerId} ${flowing}`),
      peerLossy: (peerId) => lossy.push(peerId),
      wake: () => {},
    },
    counters,
  );
  /** Makes a peer, answers for its browser and connects it. */
  const join = (
    peerId: string,
    role: MediaRole,
    ssrcs: Record<string, number>,
    codec: VideoCodec = 'VP8',
    estimation: Estimation = 'sendSide',
    lines: { party?: string; voices?: number } = {},
  ) => {
    const offer = media.createPeer(peerId, role, codec, estimation, lines) ?? '';
    const answered = media.answer(peerId, answerTo(offer, ssrcs));
    const pipe = pipes.get(`5/${peerId}`);
    if (pipe === undefined || 'problem' in answered) {
      throw new Error(`peer ${peerId}: ${JSON.stringify(answered)}`);
    }
    pipe.connect();
    const sends = (kind: 'audio' | 'video', sequence: number, keyframe = false) => {
      const type = kind === 'audio' ? 111 : codec === 'VP8' ? 96 : 98;
      const packet = syntheticPacket(120, type, ssrcs[kind] ?? 0, {
        sequence,
        timestamp: sequence * 100,
        transportSequence: sequence,
      });
      put24(packet, ABSOLUTE_SEND_TIME_OFFSET, Math.floor((sequence * 2 ** 18) / 1_000) & 0xff_ffff);
      if (kind === 'video') {
        writeVp8Payload(packet, { pictureId: 1, start: true, keyframe });
      }
      pipe.receiver.rtp(packet, 1_000 + sequence);
    };
    return { pipe, offer, sends };
  };
  const both = () => ({
    customer: join('c', 'customer', { audio: 1, video: 2 }),
    technician: join('t', 'technician', { audio: 3 }),
  });
  return { media, counters, states, flows, lossy, room, join, both };
}

/** Payload types that arrived, in order. */
export const types = (pipe: FakePipe) => pipe.rtp().map((packet) => rtp.payloadType(packet));
export const sourceOf = (offer: string, kind: string) =>
  Number(new RegExp(`m=${kind}[^]*?a=ssrc:(\\d+)`).exec(offer)?.[1]);
