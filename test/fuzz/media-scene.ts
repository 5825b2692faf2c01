/** A media session with connections that exist only here: what is sent to a browser goes to whoever wants to judge it. */

import { MediaSession } from '../../relay/media-session.ts';
import type { Answer } from '../../relay/negotiation.ts';
import type { PacketReceiver, PeerEvents } from '../../relay/peer.ts';
import type { PeerId, Role, SessionId, VideoCodec } from '../../relay/protocol.ts';
import { NO_PACKETS, type PacketCounters } from '../../relay/worker-protocol.ts';

export type OnSend = (to: FakePeer, packet: Buffer) => boolean;

export class FakePeer {
  readonly pipe = { iceUfrag: 'ufra', icePwd: 'p'.repeat(22), fingerprint: 'sha-256 AB', candidates: [] };
  readonly id: PeerId;
  readonly role: Role;
  readonly codec: VideoCodec;
  readonly receiver: PacketReceiver;
  readonly events: PeerEvents;
  readonly #onSend: OnSend;
  /** What would have been given to the library. */
  readonly accepted: Answer[] = [];
  offer = '';
  /** As a browser would answer the offer. */
  answer = '';
  connected = false;
  closed = false;

  constructor(
    { id, role, codec }: Pick<FakePeer, 'id' | 'role' | 'codec'>,
    receiver: PacketReceiver,
    events: PeerEvents,
    onSend: OnSend,
  ) {
    this.id = id;
    this.role = role;
    this.codec = codec;
    this.receiver = receiver;
    this.events = events;
    this.#onSend = onSend;
  }

  accept(answer: Answer): string[] {
    this.accepted.push(answer);
    return ['candidate:1 1 UDP 1 127.0.0.1 5 typ host'];
  }

  send(packet: Buffer): boolean {
    return this.connected && !this.closed && this.#onSend(this, packet);
  }

  close(): void {
    this.closed = true;
    this.connected = false;
  }

  connect(): void {
    if (!this.closed && !this.connected) {
      this.connected = true;
      this.events.connected();
    }
  }
}

/** The offer's own lines turned round, with the browser's fingerprint and sources. */
export function answerTo(offer: string, sources: Record<string, readonly [number, number?]>): string {
  let kind = '';
  return offer
    .split('\r\n')
    .flatMap((line) => {
      kind = /^m=(\w+)/.exec(line)?.[1] ?? kind;
      if (line.startsWith('a=fingerprint')) {
        return [`a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`];
      }
      if (line === 'a=setup:actpass') {
        const [ssrc, rtx] = sources[kind] ?? [];
        const group = rtx === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtx}`];
        return ['a=setup:active', ...group, ...(ssrc === undefined ? [] : [`a=ssrc:${ssrc} cname:x`])];
      }
      return line.startsWith('a=ssrc') ? [] : [line];
    })
    .join('\r\n');
}

export type MediaScene = {
  session: MediaSession;
  counters: PacketCounters;
  /** As told by the session. */
  states: string[];
  /** Makes a peer and answers for its browser; it is not connected yet. */
  join(
    id: PeerId,
    role: Role,
    codec: VideoCodec,
    sources?: Record<string, readonly [number, number?]>,
  ): FakePeer;
};

export function mediaScene(id: SessionId, onSend: OnSend = () => true): MediaScene {
  const counters = { ...NO_PACKETS };
  const states: string[] = [];
  let opened: FakePeer | undefined;
  let wanted: Pick<FakePeer, 'id' | 'role' | 'codec'> = { id: '', role: 'customer', codec: 'VP8' };
  const session = new MediaSession(
    id,
    (_name, receiver, events) => {
      opened = new FakePeer(wanted, receiver, events, onSend);
      return opened;
    },
    {
      peerState: (peerId, state) => states.push(`${peerId} ${state}`),
      peerMedia: (peerId, flowing) => states.push(`${peerId} ${flowing ? 'flows' : 'silent'}`),
      peerLossy: () => {},
      wake: () => {},
    },
    counters,
  );
  return {
    session,
    counters,
    states,
    join(peerId, role, codec, sources = { audio: [1], video: [2, 3] }) {
      wanted = { id: peerId, role, codec };
      const offer = session.createPeer(peerId, role, codec);
      if (offer === undefined || opened === undefined) {
        throw new Error('The session made no peer.');
      }
      opened.offer = offer;
      opened.answer = answerTo(offer, sources);
      const answered = session.answer(peerId, opened.answer);
      if ('problem' in answered) {
        throw new Error(`The session refused the answer: ${answered.problem}.`);
      }
      return opened;
    },
  };
}
