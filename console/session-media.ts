/** The media of one session as the console sees it: a stream that a video element shows, and our voice. */
import { MediaPeer } from '../relay/client/media.ts';
import { MoreVoices } from '../relay/client/more-voices.ts';
import type { PeerId, ServerEvent } from '../relay/protocol.ts';

export type MediaSignals = {
  answer: (peerId: PeerId, sdp: string) => void;
  failed: (peerId: PeerId) => void;
  stalled: (peerId: PeerId) => void;
  changed: () => void;
};

/** A single picture; `at` is when it came, in epoch milliseconds of this computer. */
export type Still = { jpeg: Blob; at: number };

export class SessionMedia {
  /** Set on a video element once, before Start; tracks come and go inside it. */
  readonly stream = new MediaStream();
  /** Called before the picture goes, for whoever wants to keep its last frame. */
  beforePictureGoes: (() => void) | undefined;
  readonly #peer: MediaPeer;
  readonly #changed: () => void;
  #state: RTCPeerConnectionState = 'new';
  #voice: MediaStreamTrack | null = null;
  readonly #guests = new MoreVoices();

  /** The last one, for as long as the session is here. */
  still: Still | undefined;

  constructor(signals: MediaSignals) {
    this.#changed = signals.changed;
    this.#peer = new MediaPeer({
      answer: signals.answer,
      failed: signals.failed,
      stalled: signals.stalled,
      track: (track, voice) => (voice > 0 ? this.#guests.play(track, voice) : this.#replace(track)),
      state: (state) => {
        this.#state = state;
        signals.changed();
      },
    });
  }

  /** State of the newest connection. */
  get state(): RTCPeerConnectionState {
    return this.#state;
  }

  get peerIds(): string[] {
    return this.#peer.peerIds;
  }

  offer({ peerId, sdp, iceServers }: Extract<ServerEvent, { type: 'offer' }>): void {
    void this.#peer.offer(peerId, sdp, iceServers);
  }

  candidates(peerId: PeerId, candidates: string[]): void {
    void this.#peer.candidates(peerId, candidates);
  }

  peerClosed(peerId: PeerId): void {
    if (this.#peer.peerIds.length === 1) {
      this.beforePictureGoes?.();
    }
    this.#peer.peerClosed(peerId);
  }

  showStill(jpeg: Uint8Array<ArrayBuffer>): void {
    this.still = { jpeg: new Blob([jpeg], { type: 'image/jpeg' }), at: Date.now() };
    this.#changed();
  }

  /** Whether the customer is sending, as far as is known: only then is silence a sign of something. */
  expectRemote(sends: boolean): void {
    this.#peer.expectRemote(sends);
  }

  /** The path may just have died. */
  check(): void {
    this.#peer.check();
  }

  /** Null sends nothing at all. */
  sendVoice(track: MediaStreamTrack | null): void {
    if (track !== this.#voice) {
      this.#voice = track;
      void this.#peer.send({ audio: track, video: null });
    }
  }

  /** What the video element plays is the page's own to silence. */
  silenceGuests(silent: boolean): void {
    this.#guests.muted = silent;
  }

  async stats(): Promise<RTCStatsReport | undefined> {
    return await this.#peer.stats();
  }

  close(): void {
    this.#peer.close();
    this.#guests.close();
    for (const track of this.stream.getTracks()) {
      this.stream.removeTrack(track);
    }
  }

  #replace(track: MediaStreamTrack): void {
    if (track.kind === 'video') {
      this.beforePictureGoes?.();
    }
    for (const held of this.stream.getTracks()) {
      if (held.kind === track.kind && held !== track) {
        this.stream.removeTrack(held);
      }
    }
    this.stream.addTrack(track);
  }
}
