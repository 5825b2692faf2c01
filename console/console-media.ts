/** The media of all sessions of this console and the technician's voice, which goes to the live ones only. */
import type { Params, PeerId, ServerEvent, SessionId } from '../relay/protocol.ts';
import { Microphone } from './microphone.ts';
import { SessionMedia } from './session-media.ts';

export type Offer = Extract<ServerEvent, { type: 'offer' }>;

export type MediaHost = {
  isLive: (id: SessionId) => boolean;
  /** The customer is sending, as far as is known. */
  customerSends: (id: SessionId) => boolean;
  answer: (params: Params<'answer'>) => void;
  peerFailed: (params: Params<'peerFailed'>) => void;
  peerStalled: (params: Params<'peerStalled'>) => void;
  mediaChanged: () => void;
  voiceChanged: () => void;
};

export class ConsoleMedia {
  readonly microphone = new Microphone(() => this.#voiceChanged());
  readonly #host: MediaHost;
  readonly #media = new Map<SessionId, SessionMedia>();
  /** Sessions that a microphone was taken for. */
  readonly #needVoice = new Set<SessionId>();
  #speakerMuted = false;

  constructor(host: MediaHost) {
    this.#host = host;
  }

  get speakerMuted(): boolean {
    return this.#speakerMuted;
  }

  get peerIds(): PeerId[] {
    return [...this.#media.values()].flatMap((media) => media.peerIds);
  }

  of(id: SessionId): SessionMedia | undefined {
    return this.#media.get(id);
  }

  hear(event: Extract<ServerEvent, { type: 'offer' | 'candidates' | 'peerClosed' }>): void {
    switch (event.type) {
      case 'offer':
        (this.#media.get(event.sessionId) ?? this.#create(event.sessionId)).offer(event);
        break;
      case 'candidates':
        this.#holding(event.peerId)?.candidates(event.peerId, event.candidates);
        break;
      case 'peerClosed':
        this.peerClosed(event.peerId);
        break;
    }
  }

  peerClosed(peerId: PeerId): void {
    this.#holding(peerId)?.peerClosed(peerId);
  }

  /** The customer's phone sent a single picture instead of video. */
  still(sessionId: SessionId, jpeg: Uint8Array<ArrayBuffer>): void {
    this.#media.get(sessionId)?.showStill(jpeg);
  }

  /** Takes the microphone ahead of Start, so that Start itself waits for nothing. */
  prepareVoice(id: SessionId): void {
    if (!this.#needVoice.has(id)) {
      this.#needVoice.add(id);
      void this.microphone.take();
    }
  }

  setSpeakerMuted(muted: boolean): void {
    this.#speakerMuted = muted;
    this.#silenceGuests();
    this.#host.voiceChanged();
  }

  /** Attaches the voice where a session is live and detaches it everywhere else; and what is due is expected. */
  shareVoice(): void {
    for (const [id, media] of this.#media) {
      media.sendVoice(this.#host.isLive(id) ? this.microphone.track : null);
      media.expectRemote(this.#host.customerSends(id));
    }
  }

  /** The way to the relay may have changed. */
  check(): void {
    for (const media of this.#media.values()) {
      media.check();
    }
  }

  /** Gives back everything of an ended session; may be called again. */
  end(id: SessionId): void {
    const media = this.#media.get(id);
    if (media !== undefined) {
      media.close();
      this.#media.delete(id);
      this.#host.mediaChanged();
    }
    if (this.#needVoice.delete(id) && this.#needVoice.size === 0) {
      this.#hush();
    }
  }

  endAll(): void {
    for (const id of [...this.#media.keys()]) {
      this.end(id);
    }
    this.#needVoice.clear();
    this.#hush();
  }

  #silenceGuests(): void {
    for (const media of this.#media.values()) {
      media.silenceGuests(this.#speakerMuted);
    }
  }

  #hush(): void {
    this.#speakerMuted = false;
    this.#silenceGuests();
    this.microphone.release();
  }

  #create(id: SessionId): SessionMedia {
    const media = new SessionMedia({
      answer: (peerId, sdp) => this.#host.answer({ peerId, sdp }),
      failed: (peerId) => this.#host.peerFailed({ peerId }),
      stalled: (peerId) => this.#host.peerStalled({ peerId }),
      changed: () => this.#host.mediaChanged(),
    });
    media.silenceGuests(this.#speakerMuted);
    this.#media.set(id, media);
    this.shareVoice();
    this.#host.mediaChanged();
    return media;
  }

  #holding(peerId: PeerId): SessionMedia | undefined {
    return [...this.#media.values()].find((media) => media.peerIds.includes(peerId));
  }

  #voiceChanged(): void {
    this.shareVoice();
    this.#host.voiceChanged();
  }
}
