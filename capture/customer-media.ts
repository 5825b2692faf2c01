import { Adaptation } from '../relay/client/adaptation.ts';
import { type LocalTracks, MediaPeer } from '../relay/client/media.ts';
import type { Preference } from '../relay/client/shape.ts';
import type {
  CustomerView,
  DeviceState,
  Params,
  PictureState,
  PreflightFindings,
  ServerEvent,
  SessionId,
} from '../relay/protocol.ts';
import { DataMeter } from './data-meter.ts';
import { type PhotoReason, Photos } from './photos.ts';
import { mediaPathOf, PreflightRun } from './preflight.ts';

/** The session that the page is in. */
export type Inside = { sessionId: SessionId; customer: CustomerView };

type MediaRequest = 'peerFailed' | 'peerStalled' | 'devices' | 'picture' | 'preflight';

export type CustomerMediaParts = {
  /** Undefined while there is none. */
  inside(): Inside | undefined;
  /** Whether the relay answered, whatever it said. */
  tell<T extends MediaRequest>(type: T, params: Params<T>): Promise<boolean>;
  /** Rejects when no answer arrived, or a refusal. */
  ask<T extends 'answer' | 'ping' | 'probe'>(type: T, params: Params<T>): Promise<unknown>;
  /** Whether the microphone gives anything; undefined where that cannot be measured. */
  heard(): boolean | undefined;
  sendStill: ConstructorParameters<typeof Adaptation>[0]['sendStill'];
  /** What silenced the media may have killed the socket too. */
  checkConnection(): void;
  changed(): void;
  /** @param voice 0 is the technician's */
  remoteAudio(track: MediaStreamTrack, voice: number): void;
};

const loadPhotoFile = () => import('./photo-file.ts');

const NO_TRACKS: LocalTracks = { audio: null, video: null };
const NO_DEVICES: DeviceState = { microphone: 'none', camera: 'none' };
const DEVICE_KEYS = ['microphone', 'camera', 'pausedBy'] as const;

/** Picture and voice of a customer: what of the camera leaves the phone is decided by the phase of the session alone. */
export class CustomerMedia {
  readonly #parts: CustomerMediaParts;
  readonly #peer: MediaPeer;
  readonly #adaptation: Adaptation;
  readonly #preflight: PreflightRun;
  readonly photos: Photos;
  /** What the session has cost so far. */
  readonly meter = new DataMeter();
  #photoReason: PhotoReason | undefined;
  #technicianThere = false;
  #state: RTCPeerConnectionState = 'new';
  #tracks: LocalTracks = NO_TRACKS;
  /** Undefined until the camera was opened or could not be. */
  #devices: DeviceState | undefined;
  #offeredAt: number | undefined;

  constructor(parts: CustomerMediaParts) {
    this.#parts = parts;
    this.#peer = new MediaPeer({
      answer: (peerId, sdp) => void this.#answer(peerId, sdp),
      failed: (peerId) => {
        this.#adaptation.failed();
        void parts.tell('peerFailed', { peerId });
      },
      stalled: (peerId) => {
        void parts.tell('peerStalled', { peerId });
        parts.checkConnection();
      },
      track: (track, voice) => {
        if (track.kind === 'audio') {
          parts.remoteAudio(track, voice);
        }
      },
      state: (state) => {
        this.#state = state;
        this.#adaptation.connected(state === 'connected');
        parts.changed();
      },
    });
    this.#adaptation = new Adaptation({
      stats: async () => {
        const report = await this.#peer.stats();
        if (report) {
          this.meter.count(report);
        }
        return report;
      },
      shape: (shape) => this.#peer.shape(shape),
      picture: () => {
        this.#tellPicture();
        parts.changed();
      },
      sendStill: (jpeg) => this.#sendStill(jpeg),
    });
    this.photos = new Photos({
      shrink: async (file, maxBytes) => (await loadPhotoFile()).shrinkPhoto(file, maxBytes),
      send: (jpeg) => this.#sendStill(jpeg),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      changed: () => parts.changed(),
    });
    this.#preflight = new PreflightRun({
      devices: () => this.devices,
      camera: () => this.#tracks.video,
      heard: () => parts.heard(),
      mediaPath: async () => {
        const report = this.#state === 'connected' ? await this.#peer.stats() : undefined;
        return report && mediaPathOf(report);
      },
      offeredAt: () => this.#offeredAt,
      ping: () => parts.ask('ping', {}),
      probe: (padding) => {
        const inside = parts.inside();
        return inside
          ? parts.ask('probe', { sessionId: inside.sessionId, padding })
          : Promise.reject(new Error('There is no session.'));
      },
      found: () => parts.changed(),
      done: (preflight) => {
        const inside = parts.inside();
        if (inside) {
          void parts.tell('preflight', { sessionId: inside.sessionId, preflight });
        }
      },
    });
  }

  get state(): RTCPeerConnectionState {
    return this.#state;
  }

  /** What the technician gets to see of the camera, and why not more. */
  get picture(): PictureState {
    return this.#photoReason ? { mode: 'stills', cause: this.#photoReason } : this.#adaptation.picture;
  }

  /** Which of the two goes first where there is not enough of both. */
  prefer(preference: Preference): void {
    this.#adaptation.prefer(preference);
  }

  saveData(saves: boolean): void {
    this.#adaptation.saveData(saves);
  }

  #sendStill(jpeg: Uint8Array): Promise<void> {
    this.meter.sent(jpeg.length);
    return this.#parts.sendStill(jpeg);
  }

  /** Photos in the place of the camera, or the camera again. */
  usePhotos(reason: PhotoReason | undefined): void {
    if (this.#photoReason !== reason) {
      this.#photoReason = reason;
      this.#tellPicture();
      if (reason) {
        // While the network still lets it through.
        loadPhotoFile().catch(() => undefined);
      }
    }
  }

  /** What the phone has found out about itself so far, while its customer waits. */
  get findings(): Partial<PreflightFindings> {
    return this.#preflight.findings;
  }

  get peerIds(): string[] {
    return this.#peer.peerIds;
  }

  get devices(): DeviceState {
    return this.#devices ?? NO_DEVICES;
  }

  /** What the camera has. */
  offer(tracks: LocalTracks, devices: DeviceState): void {
    this.#tracks = tracks;
    const before = this.#devices;
    this.#devices = devices;
    this.apply();
    if (DEVICE_KEYS.some((key) => before?.[key] !== devices[key])) {
      this.#tellDevices();
      this.#preflight.lookAgain();
    }
  }

  receive(event: Extract<ServerEvent, { type: 'offer' | 'candidates' | 'peerClosed' }>): void {
    switch (event.type) {
      case 'offer':
        this.#offeredAt ??= performance.now();
        void this.#peer.offer(event.peerId, event.sdp, event.iceServers);
        break;
      case 'candidates':
        void this.#peer.candidates(event.peerId, event.candidates);
        break;
      case 'peerClosed':
        this.#peer.peerClosed(event.peerId);
        break;
    }
  }

  /** The terms are accepted. That there will be no video is something to know before Start. */
  entered(): void {
    if (this.#photoReason) {
      this.#tellPicture();
    }
  }

  /** The relay knows this page again: it is told what it may have missed. */
  greeted(): void {
    this.#tellDevices();
    this.#tellPicture();
    this.#preflight.tellAgain();
    this.#peer.check();
  }

  /** Nothing leaves the phone unless the session is active. */
  apply(): void {
    const customer = this.#parts.inside()?.customer;
    const isActive = customer?.phase === 'active';
    this.#peer.send(isActive ? this.#tracks : NO_TRACKS).catch(() => {
      // A track that ended in this very moment; the camera reports it and hands over the next one.
    });
    this.#peer.expectRemote(isActive && technicianSends(customer));
    if (isActive) {
      this.#adaptation.run(this.#tracks.video);
    } else {
      this.#adaptation.rest();
    }
    const isThere = isActive && customer.technicianConnected;
    if (isThere && !this.#technicianThere) {
      void this.photos.again();
    }
    this.#technicianThere = isThere;
    if (customer?.phase === 'waiting') {
      this.#preflight.run();
    } else {
      this.#preflight.rest();
    }
  }

  close(): void {
    this.#adaptation.rest();
    this.#preflight.rest();
    this.#peer.close();
  }

  #tellPicture(): void {
    const inside = this.#parts.inside();
    if (inside) {
      void this.#parts.tell('picture', { sessionId: inside.sessionId, picture: this.picture });
    }
  }

  #tellDevices(): void {
    const inside = this.#parts.inside();
    if (inside && this.#devices) {
      void this.#parts.tell('devices', { sessionId: inside.sessionId, devices: this.#devices });
    }
  }

  /** A peer whose answer did not arrive will never be up; the relay offers another one. */
  async #answer(peerId: string, sdp: string): Promise<void> {
    try {
      await this.#parts.ask('answer', { peerId, sdp });
    } catch {
      this.#peer.peerClosed(peerId);
    }
  }
}

/** Something of the technician is due now; while they are away nothing is. */
function technicianSends({ technicianConnected, technicianDevices, interruption }: CustomerView): boolean {
  return technicianConnected && interruption?.party !== 'technician' && technicianDevices.microphone === 'on';
}
