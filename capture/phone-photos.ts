/**
 * Photos on the phone: takes those that the technician wants, sends one at a time, and holds each until the relay has all of it.
 * Loaded with the first photo, not with the page.
 */
import type { Connection } from '../relay/client/connection.ts';
import { type PhotoFile, photoFileOf, senderOn, sendPhoto } from '../relay/client/photo-sender.ts';
import {
  PHOTO_MAX_BYTES,
  type PhotoEvent,
  type PhotoFailure,
  type PhotoId,
  type PhotoView,
  type SessionId,
} from '../relay/protocol.ts';
import { takePhoto } from './photo-camera.ts';
import { preparedPhoto } from './photo-file.ts';
import type { PhotoSending, PhotoSlotHost } from './photo-slot.ts';

export type PhonePhotosHost = PhotoSlotHost & {
  socket: Connection;
  sessionId: SessionId;
  /** Place and device may stay in the photo. */
  locationAllowed: () => boolean;
};

/** A page that was just loaded again has its camera by then. */
const CAMERA_TIMEOUT_MS = 8_000;
const POLL_MS = 100;
/** So long "sent" or "not sent" stays. */
const SAID_MS = 4_000;

type Job = {
  /** 0 for one of the customer's own that the relay has not numbered yet. */
  photoId: PhotoId;
  file: PhotoFile;
  stop: AbortController;
};

export class PhonePhotos {
  readonly #host: PhonePhotosHost;
  readonly #jobs: Job[] = [];
  /** Wanted ones for which the camera is at work. */
  readonly #taking = new Set<PhotoId>();
  #working = false;
  #cancelSaid: () => void = () => undefined;
  sending: PhotoSending | undefined;

  constructor(host: PhonePhotosHost) {
    this.#host = host;
  }

  hear(event: PhotoEvent): void {
    switch (event.type) {
      case 'photoWanted':
        void this.#take(event.photoId);
        break;
      case 'photoGone':
        this.#forget(event.photoId);
        break;
      case 'photo':
        // Its own progress the page knows by the answers.
        break;
    }
  }

  /** What the relay misses, after a connection was lost or the page was loaded again. */
  goOn(unfinished: readonly PhotoView[]): void {
    for (const { id, source } of unfinished) {
      if (source === 'camera') {
        void this.#take(id);
      } else if (source === 'chosen' && !this.#jobs.some(({ photoId }) => photoId === id || photoId === 0)) {
        // The page that had it is gone, and the file with it.
        const { socket, sessionId } = this.#host;
        socket.request('cancelPhoto', { sessionId, photoId: id }).catch(() => undefined);
      }
    }
  }

  async #take(photoId: PhotoId): Promise<void> {
    if (this.#taking.has(photoId) || this.#jobs.some((job) => job.photoId === photoId)) {
      return;
    }
    this.#taking.add(photoId);
    const taken = await this.#taken().catch((): PhotoFailure => 'failed');
    const isWanted = this.#taking.delete(photoId);
    if (!isWanted) {
      return;
    }
    if (typeof taken === 'string') {
      const { socket, sessionId } = this.#host;
      socket.request('photoFailed', { sessionId, photoId, reason: taken }).catch(() => undefined);
      return;
    }
    this.#add(photoId, taken);
  }

  async #taken(): Promise<PhotoFile | PhotoFailure> {
    const { camera, paused, locationAllowed } = this.#host;
    const deadline = performance.now() + CAMERA_TIMEOUT_MS;
    while (!camera() && !paused() && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const track = camera();
    if (!track) {
      return paused() ? 'cameraPaused' : 'noCamera';
    }
    const photo = await takePhoto(track);
    // A camera that was paused or covered meanwhile was so for a reason.
    if (!photo || camera() !== track) {
      return camera() === null ? 'cameraPaused' : 'failed';
    }
    const prepared = await preparedPhoto(photo, locationAllowed());
    if (!prepared) {
      return 'failed';
    }
    return prepared.blob.size > PHOTO_MAX_BYTES
      ? 'tooLarge'
      : ((await photoFileOf(prepared.blob, prepared.type)) ?? 'failed');
  }

  /** A file of the customer's own choice. What is no image has been told by then. */
  async choose(file: Blob): Promise<void> {
    const prepared = await preparedPhoto(file, this.#host.locationAllowed()).catch(() => undefined);
    const isTooLarge = prepared !== undefined && prepared.blob.size > PHOTO_MAX_BYTES;
    const photo = prepared && !isTooLarge && (await photoFileOf(prepared.blob, prepared.type));
    if (photo) {
      this.#add(0, photo);
    } else if (isTooLarge) {
      this.#say({ state: 'failed', wanted: false });
    }
  }

  #add(photoId: PhotoId, file: PhotoFile): void {
    this.#jobs.push({ photoId, file, stop: new AbortController() });
    void this.#work();
  }

  /** One after the other: two at once would only make both late. */
  async #work(): Promise<void> {
    if (this.#working) {
      return;
    }
    this.#working = true;
    for (let job = this.#jobs[0]; job; job = this.#jobs[0]) {
      await this.#send(job);
      this.#jobs.splice(this.#jobs.indexOf(job), 1);
    }
    this.#working = false;
  }

  async #send(job: Job): Promise<void> {
    const { socket, sessionId } = this.#host;
    const wanted = job.photoId !== 0;
    const sender = senderOn(socket, sessionId, (photoId, receivedBytes) => {
      job.photoId = photoId;
      this.#say({ state: 'sending', wanted, share: receivedBytes / job.file.bytes.length });
    });
    const wantedId = job.photoId;
    this.#say({ state: 'sending', wanted, share: 0 });
    const outcome = await sendPhoto(sender, wantedId, job.file, job.stop.signal);
    if (outcome.kept) {
      this.#say({ state: 'sent', wanted });
    } else if (
      outcome.code === 'stopped' ||
      outcome.code === 'noSuchPhoto' ||
      outcome.code === 'wrongState'
    ) {
      this.#say(undefined);
    } else {
      this.#say({ state: 'failed', wanted });
      this.#giveUp(job.photoId, wanted);
    }
  }

  /** The technician must not wait for it any longer. */
  #giveUp(photoId: PhotoId, wanted: boolean): void {
    const { socket, sessionId } = this.#host;
    if (photoId === 0) {
      return;
    }
    const telling = wanted
      ? socket.request('photoFailed', { sessionId, photoId, reason: 'failed' })
      : socket.request('cancelPhoto', { sessionId, photoId });
    telling.catch(() => undefined);
  }

  #forget(photoId: PhotoId): void {
    this.#taking.delete(photoId);
    this.#jobs.find((job) => job.photoId === photoId)?.stop.abort();
  }

  #say(sending: PhotoSending | undefined): void {
    this.#cancelSaid();
    this.#cancelSaid = () => undefined;
    this.sending = sending;
    if (sending && sending.state !== 'sending') {
      const timer = setTimeout(() => this.#say(undefined), SAID_MS);
      this.#cancelSaid = () => clearTimeout(timer);
    }
    this.#host.changed();
  }

  close(): void {
    this.#taking.clear();
    for (const { stop } of this.#jobs) {
      stop.abort();
    }
    this.#cancelSaid();
  }
}
