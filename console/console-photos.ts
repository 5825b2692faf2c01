/**
 * The photos of the opened sessions: what is wanted, on its way and kept, their bytes once they are shown, and the wishes that wait
 * for the customer's consent.
 */
import { type Connection, RequestError } from '../relay/client/connection.ts';
import { type PhotoFile, photoFileOf, senderOn, sendPhoto } from '../relay/client/photo-sender.ts';
import type { Mark, PhotoEvent, PhotoId, PhotoView, SessionId, SessionView } from '../relay/protocol.ts';
import { type FailureCode, outcomeOf } from './outcome.ts';
import { PhotoMarks } from './photo-marks.ts';

export type ConsolePhotosHost = {
  connection: () => Connection | undefined;
  session: (id: SessionId) => SessionView | undefined;
  askConsent: (id: SessionId) => Promise<void>;
  /** What went wrong, for the page to say. */
  say: (code: FailureCode | undefined) => void;
  changed: () => void;
};

/** A picture of the video with what was drawn on it, as it was when the button was pressed. */
export type Snapshot = { jpeg: Blob; marks: readonly Mark[] };

/** What is done as soon as the customer has agreed. */
type Wish = { snapshots: Snapshot[]; photo: boolean };

/** The photos of one session. */
class Album {
  readonly photos = new Map<PhotoId, PhotoView>();
  readonly images = new Map<PhotoId, { url: string; blob: Blob } | 'loading'>();
  readonly marks = new Map<PhotoId, PhotoMarks>();
  wish: Wish | undefined;
}

export class ConsolePhotos {
  readonly #host: ConsolePhotosHost;
  readonly #albums = new Map<SessionId, Album>();

  constructor(host: ConsolePhotosHost) {
    this.#host = host;
  }

  /** The newest first. Asked for from the relay when first needed. */
  of(id: SessionId): PhotoView[] {
    return [...this.#album(id).photos.values()].sort((one, other) => other.id - one.id);
  }

  /** The customer is asked, and has not answered. */
  waitsForConsent(id: SessionId): boolean {
    return this.#albums.get(id)?.wish !== undefined;
  }

  /** The phone is asked and has nothing to send yet. */
  isTaking(id: SessionId): boolean {
    const photos = [...(this.#albums.get(id)?.photos.values() ?? [])];
    return photos.some(({ state }) => state === 'wanted');
  }

  /** An address of its bytes, once they are here. */
  imageOf(id: SessionId, photo: PhotoView): { url: string; blob: Blob } | undefined {
    const { images } = this.#album(id);
    const image = images.get(photo.id);
    if (image === undefined && photo.state === 'kept') {
      images.set(photo.id, 'loading');
      void this.#load(id, photo.id);
    }
    return image === 'loading' ? undefined : image;
  }

  marksOf(sessionId: SessionId, photoId: PhotoId): PhotoMarks {
    const { marks } = this.#album(sessionId);
    let own = marks.get(photoId);
    if (!own) {
      own = new PhotoMarks({ sessionId, photoId }, (type, params) => this.#connected.request(type, params));
      marks.set(photoId, own);
    }
    return own;
  }

  /** The phone takes one; the customer is asked first if they have not agreed yet. */
  async take(sessionId: SessionId): Promise<void> {
    if (!this.#isAllowed(sessionId)) {
      this.#wishOf(sessionId).photo = true;
      return;
    }
    const answer = await outcomeOf(this.#connected.request('takePhoto', { sessionId }));
    if (answer.ok) {
      this.#put(sessionId, answer.value.photo);
    }
    this.#host.say(answer.ok ? undefined : answer.code);
  }

  async keep(sessionId: SessionId, snapshot: Snapshot): Promise<void> {
    if (!this.#isAllowed(sessionId)) {
      this.#wishOf(sessionId).snapshots.push(snapshot);
      return;
    }
    const file = await photoFileOf(snapshot.jpeg, 'image/jpeg');
    if (file) {
      await this.#send(sessionId, file, snapshot.marks);
    }
  }

  async #send(sessionId: SessionId, file: PhotoFile, marks: readonly Mark[]): Promise<void> {
    const connection = this.#host.connection();
    if (!connection) {
      this.#host.say('notConnected');
      return;
    }
    const sender = senderOn(connection, sessionId, () => undefined);
    const outcome = await sendPhoto(sender, 0, file, new AbortController().signal);
    if (!outcome.kept) {
      this.#host.say(outcome.code === 'stopped' ? 'notConnected' : outcome.code);
    } else if (marks.length > 0) {
      this.marksOf(sessionId, outcome.photoId).add(marks);
    }
  }

  cancel(sessionId: SessionId, photoId: PhotoId): void {
    this.#connected.request('cancelPhoto', { sessionId, photoId }).catch((error: unknown) => {
      // Gone or whole in this very moment: either shows by itself.
      if (error instanceof RequestError && error.code !== 'noSuchPhoto') {
        this.#host.say(error.code);
      }
    });
  }

  /** For good. @returns whether it is gone */
  async delete(sessionId: SessionId, photoId: PhotoId): Promise<boolean> {
    const answer = await outcomeOf(this.#connected.request('deletePhoto', { sessionId, photoId }));
    const isGone = answer.ok || answer.code === 'noSuchPhoto';
    if (isGone) {
      this.#drop(sessionId, photoId);
    } else {
      this.#host.say(answer.code);
    }
    return isGone;
  }

  /** The technician does not wait for the customer's answer any more. */
  forgetWish(id: SessionId): void {
    this.#album(id).wish = undefined;
    this.#host.changed();
  }

  /** Consents may have changed. */
  settle(): void {
    for (const [id, album] of this.#albums) {
      const { wish } = album;
      const consent = this.#host.session(id)?.customer?.consents.photos;
      if (!wish || consent === 'asked') {
        continue;
      }
      album.wish = undefined;
      if (consent === 'granted') {
        for (const snapshot of wish.snapshots) {
          void this.keep(id, snapshot);
        }
        if (wish.photo) {
          void this.take(id);
        }
      } else {
        this.#host.say('consentMissing');
      }
      this.#host.changed();
    }
  }

  #isAllowed(id: SessionId): boolean {
    return this.#host.session(id)?.customer?.consents.photos === 'granted';
  }

  #wishOf(id: SessionId): Wish {
    const album = this.#album(id);
    if (album.wish) {
      return album.wish;
    }
    const wish: Wish = { snapshots: [], photo: false };
    void this.#ask(id, album, wish);
    return wish;
  }

  /** Only once the relay shows that it is asked does anything else count as the answer. */
  async #ask(id: SessionId, album: Album, wish: Wish): Promise<void> {
    await this.#host.askConsent(id);
    const state = this.#host.session(id)?.customer?.consents.photos;
    if (state === 'asked' || state === 'granted') {
      album.wish = wish;
      this.settle();
      this.#host.changed();
    }
  }

  hear(event: PhotoEvent): void {
    if (event.type === 'photo') {
      this.#put(event.sessionId, event.photo);
    } else if (event.type === 'photoGone') {
      this.#drop(event.sessionId, event.photoId);
      if (event.code) {
        this.#host.say(event.code);
      }
    }
  }

  #put(id: SessionId, photo: PhotoView): void {
    const photos = this.#albums.get(id)?.photos;
    // The answer to a request and an event may come in either order.
    if (photos && photos.get(photo.id)?.state !== 'kept') {
      photos.set(photo.id, photo);
      this.#host.changed();
    }
  }

  #drop(id: SessionId, photoId: PhotoId): void {
    const album = this.#albums.get(id);
    const image = album?.images.get(photoId);
    if (image && image !== 'loading') {
      URL.revokeObjectURL(image.url);
    }
    album?.images.delete(photoId);
    album?.photos.delete(photoId);
    this.#host.changed();
  }

  /** There is a new connection. */
  reopen(): void {
    for (const id of this.#albums.keys()) {
      void this.#open(id);
    }
  }

  async #open(sessionId: SessionId): Promise<void> {
    const answer = await outcomeOf(this.#connected.request('openPhotos', { sessionId }));
    const album = this.#albums.get(sessionId);
    if (!answer.ok || !album) {
      return;
    }
    const there = new Set(answer.value.photos.map(({ id }) => id));
    for (const id of [...album.photos.keys()].filter((held) => !there.has(held))) {
      this.#drop(sessionId, id);
    }
    for (const photo of answer.value.photos) {
      album.photos.set(photo.id, photo);
    }
    this.#host.changed();
  }

  async #load(id: SessionId, photoId: PhotoId): Promise<void> {
    const images = this.#albums.get(id)?.images;
    try {
      const response = await fetch(`/api/sessions/${id}/photos/${photoId}`);
      if (!response.ok) {
        throw new Error(String(response.status));
      }
      const blob = await response.blob();
      if (images && this.#albums.get(id)?.images === images) {
        images.set(photoId, { url: URL.createObjectURL(blob), blob });
      }
    } catch {
      // Tried again when it is to be seen next.
      images?.delete(photoId);
      return;
    }
    this.#host.changed();
  }

  #album(id: SessionId): Album {
    let album = this.#albums.get(id);
    if (!album) {
      album = new Album();
      this.#albums.set(id, album);
      void this.#open(id);
    }
    return album;
  }

  get #connected(): Pick<Connection, 'request'> {
    return this.#host.connection() ?? { request: () => Promise.reject(new RequestError('notConnected', '')) };
  }

  forget(id: SessionId): void {
    for (const photoId of this.#albums.get(id)?.photos.keys() ?? []) {
      this.#drop(id, photoId);
    }
    this.#albums.delete(id);
  }

  forgetAll(): void {
    for (const id of [...this.#albums.keys()]) {
      this.forget(id);
    }
  }
}
