/** The place of photos in the page: empty until the technician wants one or the customer has chosen one. */
import type { Connection } from '../relay/client/connection.ts';
import type { CustomerView, PhotoEvent, SessionId } from '../relay/protocol.ts';
import type { PhonePhotos } from './phone-photos.ts';

/** What the customer is told of the photo on its way. */
export type PhotoSending =
  | { state: 'sending'; wanted: boolean; share: number }
  | { state: 'sent'; wanted: boolean }
  | { state: 'failed'; wanted: boolean };

export type PhotoSlotHost = {
  /**
   * What may be shown of the camera; null while it is paused or away. While something is covered, the covered frames: the camera's
   * own photo has other edges than its video, so that covers would not lie where they were drawn.
   */
  camera: () => MediaStreamTrack | null;
  /** The camera is there and the customer has paused it. */
  paused: () => boolean;
  changed: () => void;
};

export class PhotoSlot {
  readonly #host: PhotoSlotHost;
  #photos: Promise<PhonePhotos> | undefined;
  #loaded: PhonePhotos | undefined;
  #customer: CustomerView | undefined;
  #inside: { socket: Connection; sessionId: SessionId } | undefined;

  constructor(host: PhotoSlotHost) {
    this.#host = host;
  }

  get sending(): PhotoSending | undefined {
    return this.#loaded?.sending;
  }

  settle(
    socket: Connection,
    { sessionId, customer }: { sessionId: SessionId; customer: CustomerView },
  ): void {
    this.#customer = customer;
    if (this.#inside?.sessionId !== sessionId) {
      this.#inside = { socket, sessionId };
      void this.entered();
    }
  }

  /** There is a new connection within the session: photos may be missing. */
  async entered(): Promise<void> {
    const inside = this.#inside;
    try {
      const listed = await inside?.socket.request('openPhotos', { sessionId: inside.sessionId });
      const unfinished = listed?.photos.filter(({ state }) => state !== 'kept') ?? [];
      if (unfinished.length > 0 && this.#inside === inside) {
        (await this.#load())?.goOn(unfinished);
      }
    } catch {
      // The connection is gone again; the next one asks again.
    }
  }

  hear(event: PhotoEvent): void {
    if (event.type === 'photoWanted' || this.#loaded) {
      void this.#load().then((photos) => photos?.hear(event));
    }
  }

  /** One that the customer has taken with the phone's own camera app. */
  async choose(file: Blob): Promise<void> {
    (await this.#load())?.choose(file);
  }

  async #load(): Promise<PhonePhotos | undefined> {
    const inside = this.#inside;
    if (!inside) {
      return undefined;
    }
    this.#photos ??= import('./phone-photos.ts').then(
      ({ PhonePhotos }) =>
        new PhonePhotos({
          ...{ ...this.#host, ...inside },
          locationAllowed: () => this.#customer?.consents.location === 'granted',
        }),
    );
    try {
      this.#loaded = await this.#photos;
    } catch {
      // The network is gone in this moment; the next connection asks again.
      this.#photos = undefined;
    }
    return this.#loaded;
  }

  /** The session is over. */
  close(): void {
    this.#loaded?.close();
    this.#loaded = undefined;
    this.#photos = undefined;
    this.#inside = undefined;
  }
}
