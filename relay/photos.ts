/**
 * The photos of one session: wanted, offered, received part by part, kept. What was acknowledged is on disk; a page that was
 * away asks where to go on. The bytes are looked at only as far as needed to know that they are an image, and never changed.
 */
import { IMAGE_HEAD_BYTES, imageTypeOf, readImageHeader } from './image-header.ts';
import type { Participant } from './party-media.ts';
import { markedPhoto } from './photo-marks.ts';
import type { PhotoPart } from './photo-part.ts';
import {
  type ErrorCode,
  type Params,
  PHOTO_MAX_BYTES,
  PHOTO_SIDE_MAX,
  PHOTOS_MAX,
  PHOTOS_UNFINISHED_MAX,
  type PhotoFailure,
  type PhotoId,
  type PhotoMarkOperation,
  type PhotoPartResult,
  type PhotoView,
  type PlacedMark,
  type Result,
  type Role,
  type SessionId,
} from './protocol.ts';
import type { LoggedEvent } from './session-context.ts';
import type { Blob, PhotoReads, PhotoRecord, StoreTransaction } from './store.ts';
import type { Note } from './whiteboard.ts';

/** Enough for a bar that moves; each part would be a message to two pages. */
const PROGRESS_INTERVAL_MS = 250;
/** Parts that wait for the disk: a page sends one at a time, and may have sent one before its connection was lost. */
const PENDING_MAX = 4;

export type PhotosHost = {
  readonly sessionId: SessionId;
  readonly store: PhotoReads;
  readonly blob: Blob;
  /** Milliseconds. */
  now: () => number;
  /** Picture and sound flow, or would if nobody were missing. */
  active: () => boolean;
  ended: () => boolean;
  /** Why the technician must not take photos; undefined when the customer has agreed. */
  refusal: () => ErrorCode | undefined;
  page: (party: Role) => Participant | undefined;
  /** Runs `work` as a step of the session, in one transaction. Without a note nothing is done. */
  note: (by: Role, work: (tx: StoreTransaction) => Promise<Note | undefined>) => Promise<void>;
};

type Held = PhotoRecord & { receivedBytes: number };

export class SessionPhotos {
  readonly #host: PhotosHost;
  readonly #photos = new Map<PhotoId, Held>();
  /** The last change; the next one waits for it, so that parts of a file never overlap. */
  #turn: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #toldAt = 0;

  constructor(host: PhotosHost) {
    this.#host = host;
  }

  async restore(records: readonly PhotoRecord[]): Promise<void> {
    for (const record of records) {
      const receivedBytes = await this.#host.blob.size(this.#nameOf(record.id));
      this.#photos.set(record.id, { ...record, receivedBytes });
    }
    if (this.#host.ended()) {
      await this.over();
    }
  }

  open(): Result<'openPhotos'> {
    return { photos: [...this.#photos.values()].map(viewOf) };
  }

  /** The phone shall take a photo. Pressed again while it is asked, it is the same one. */
  take(): Promise<Result<'takePhoto'> | ErrorCode> {
    return this.#inTurn(async () => {
      const { sessionId, active, refusal, page } = this.#host;
      const refused = active() ? refusal() : 'wrongState';
      if (refused) {
        return refused;
      }
      const asked = [...this.#photos.values()].find(
        ({ source, kept, file }) => source === 'camera' && !kept && !file,
      );
      const photo = asked ?? (await this.#insert('technician', 'camera', undefined));
      if (typeof photo === 'string') {
        return photo;
      }
      page('customer')?.send({ type: 'photoWanted', sessionId, photoId: photo.id });
      return { photo: viewOf(photo) };
    });
  }

  async #insert(
    by: Role,
    source: PhotoRecord['source'],
    file: PhotoRecord['file'],
  ): Promise<Held | ErrorCode> {
    const unfinished = [...this.#photos.values()].filter(({ kept }) => !kept);
    if (this.#photos.size >= PHOTOS_MAX || unfinished.length >= PHOTOS_UNFINISHED_MAX) {
      return 'photosFull';
    }
    const { sessionId, now, note } = this.#host;
    let held: Held | undefined;
    await note(by, async (tx) => {
      const record = await tx.insertPhoto({ sessionId, source, at: now(), file });
      return {
        events: [],
        done: () => {
          held = { ...record, receivedBytes: 0 };
          this.#set(held);
        },
      };
    });
    return held ?? 'internal';
  }

  /** A page has a file. Says from where to go on with it. */
  offer(by: Role, params: Params<'offerPhoto'>): Promise<Result<'offerPhoto'> | ErrorCode> {
    return this.#inTurn(async () => {
      const { photoId, format, bytes, sha256 } = params;
      const file = { type: format, bytes, sha256, width: 0, height: 0 };
      const found = photoId === 0 ? this.#ownOf(by, sha256) : this.#photos.get(photoId);
      const refused = this.#refusalOf(by, found, photoId);
      if (refused) {
        return refused;
      }
      if (bytes > PHOTO_MAX_BYTES) {
        await this.#drop(by, found, 'photoTooLarge', 'tooLarge');
        return 'photoTooLarge';
      }
      if (!found) {
        const inserted = await this.#insert(by, by === 'technician' ? 'snapshot' : 'chosen', file);
        return typeof inserted === 'string' ? inserted : { photoId: inserted.id, receivedBytes: 0 };
      }
      if (found.file?.sha256 === sha256) {
        if (!found.kept && found.receivedBytes === found.file.bytes) {
          // The relay was killed between the last part and this.
          const finished = await this.#finish(by, found, found.file);
          return typeof finished === 'string' ? finished : { photoId: found.id, ...finished };
        }
        return { photoId: found.id, receivedBytes: found.receivedBytes };
      }
      if (found.kept) {
        return 'wrongState';
      }
      // Another picture than the one before: the page was loaded again and has taken a new one.
      await this.#host.blob.delete(this.#nameOf(found.id));
      await this.#update(by, { ...found, file, receivedBytes: 0 }, []);
      return { photoId: found.id, receivedBytes: 0 };
    });
  }

  #ownOf(by: Role, sha256: string): Held | undefined {
    return [...this.#photos.values()].find(
      ({ source, file }) => source !== 'camera' && senderOf(source) === by && file?.sha256 === sha256,
    );
  }

  #refusalOf(by: Role, photo: Held | undefined, photoId: PhotoId): ErrorCode | undefined {
    if (this.#host.ended()) {
      return 'wrongState';
    }
    if (!photo && photoId !== 0) {
      return 'noSuchPhoto';
    }
    if (photo && senderOf(photo.source) !== by) {
      return 'notAllowed';
    }
    // What the customer sends by themselves needs nobody's question.
    const isAsked = by === 'technician' || photo?.source === 'camera';
    return isAsked && !photo?.kept ? this.#host.refusal() : undefined;
  }

  /** A part of a photo that was offered. Takes a copy of the bytes. */
  part(by: Role, { photoId, offset, bytes }: PhotoPart): Promise<PhotoPartResult | ErrorCode> {
    if (this.#pending >= PENDING_MAX) {
      return Promise.resolve('tooManyMessages');
    }
    // The memory of a frame is only good until this function returns.
    const copy = bytes.slice();
    this.#pending += 1;
    return this.#inTurn(() => this.#take(by, photoId, offset, copy)).finally(() => {
      this.#pending -= 1;
    });
  }

  async #take(
    by: Role,
    photoId: PhotoId,
    offset: number,
    bytes: Uint8Array,
  ): Promise<PhotoPartResult | ErrorCode> {
    const photo = this.#photos.get(photoId);
    const refused = this.#refusalOf(by, photo, photoId);
    if (refused || !photo?.file) {
      return refused ?? 'noSuchPhoto';
    }
    if (photo.kept || offset !== photo.receivedBytes) {
      return { receivedBytes: photo.receivedBytes };
    }
    if (offset + bytes.length > photo.file.bytes) {
      return 'badMessage';
    }
    if (offset === 0 && imageTypeOf(bytes) !== photo.file.type) {
      return this.#drop(by, photo, 'photoNotImage', 'notImage');
    }
    const receivedBytes = await this.#host.blob.append(this.#nameOf(photoId), offset, bytes);
    if (this.#photos.get(photoId) !== photo) {
      return 'noSuchPhoto';
    }
    photo.receivedBytes = receivedBytes;
    if (receivedBytes === photo.file.bytes) {
      return this.#finish(by, photo, photo.file);
    }
    const now = this.#host.now();
    if (Math.abs(now - this.#toldAt) >= PROGRESS_INTERVAL_MS) {
      this.#toldAt = now;
      this.#tell(photo);
    }
    return { receivedBytes };
  }

  async #finish(
    by: Role,
    photo: Held,
    file: NonNullable<PhotoRecord['file']>,
  ): Promise<PhotoPartResult | ErrorCode> {
    const { blob } = this.#host;
    const name = this.#nameOf(photo.id);
    const header = readImageHeader(await blob.head(name, IMAGE_HEAD_BYTES));
    if (header?.type !== file.type || Math.max(header.width, header.height) > PHOTO_SIDE_MAX) {
      return this.#drop(by, photo, 'photoNotImage', 'notImage');
    }
    if (!(await blob.finish(name, file.sha256))) {
      photo.receivedBytes = 0;
      this.#tell(photo);
      return 'photoBroken';
    }
    const { width, height } = header;
    const kept: Held = { ...photo, kept: true, file: { ...file, width, height } };
    const data = { bytes: file.bytes, width, height };
    await this.#update(by, kept, [{ type: 'photoTaken', data }]);
    return { receivedBytes: kept.receivedBytes };
  }

  /** The phone says that it has none. */
  failed(photoId: PhotoId, reason: PhotoFailure): Promise<ErrorCode | undefined> {
    return this.#inTurn(async () => {
      const photo = this.#photos.get(photoId);
      if (photo?.source !== 'camera' || photo.kept) {
        return 'noSuchPhoto';
      }
      await this.#drop('customer', photo, reason === 'tooLarge' ? 'photoTooLarge' : 'noPhoto', reason);
      return undefined;
    });
  }

  /** It is not wanted any more. What is kept stays. */
  cancel(by: Role, photoId: PhotoId): Promise<ErrorCode | undefined> {
    return this.#inTurn(async () => {
      const photo = this.#photos.get(photoId);
      if (!photo || photo.kept) {
        return 'noSuchPhoto';
      }
      if (by === 'customer' && photo.source !== 'chosen') {
        return 'notAllowed';
      }
      await this.#drop(by, photo, undefined, 'cancelled');
      return undefined;
    });
  }

  /** A kept photo goes for good, with its marks. The log keeps that there was one. */
  remove(photoId: PhotoId): Promise<ErrorCode | undefined> {
    return this.#inTurn(async () => {
      const photo = this.#photos.get(photoId);
      if (!photo?.kept) {
        return 'noSuchPhoto';
      }
      await this.#discard('technician', photo, { type: 'photoDeleted', data: { source: photo.source } });
      return undefined;
    });
  }

  /** The customer has taken the permission back: what is on its way stops. */
  async withdrawn(): Promise<void> {
    await this.#dropUnfinished(({ source }) => source !== 'chosen', 'photosNotAllowed', 'withdrawn');
  }

  /** The session is over: what is not whole will not be. */
  async over(): Promise<void> {
    await this.#dropUnfinished(() => true, undefined, 'sessionEnded');
  }

  #dropUnfinished(
    which: (photo: Held) => boolean,
    code: ErrorCode | undefined,
    reason: string,
  ): Promise<void> {
    return this.#inTurn(async () => {
      for (const photo of [...this.#photos.values()]) {
        if (!photo.kept && which(photo)) {
          await this.#drop('customer', photo, code, reason);
        }
      }
    });
  }

  async #drop<C extends ErrorCode | undefined>(
    by: Role,
    photo: Held | undefined,
    code: C,
    reason: string,
  ): Promise<C> {
    if (photo) {
      await this.#discard(by, photo, { type: 'photoFailed', data: { reason } }, code);
    }
    return code;
  }

  async #discard(by: Role, { id: photoId }: Held, event: LoggedEvent, code?: ErrorCode): Promise<void> {
    const { sessionId, blob, note } = this.#host;
    await note(by, async (tx) => {
      await tx.deletePhoto(photoId);
      return {
        events: [event],
        done: () => {
          this.#photos.delete(photoId);
          this.#send({ type: 'photoGone', sessionId, photoId, ...(code && { code }) });
        },
      };
    });
    await blob.delete(this.#nameOf(photoId));
  }

  // -------------------------------------------------------------- marks

  marks(photoId: PhotoId): { marks: PlacedMark[] } | ErrorCode {
    const photo = this.#photos.get(photoId);
    return photo ? { marks: [...photo.marks] } : 'noSuchPhoto';
  }

  mark(photoId: PhotoId, operations: readonly PhotoMarkOperation[]): Promise<ErrorCode | undefined> {
    return this.#inTurn(async () => {
      const photo = this.#photos.get(photoId);
      if (!photo) {
        return 'noSuchPhoto';
      }
      const marks = markedPhoto(photo.marks, operations);
      if (typeof marks === 'string') {
        return marks;
      }
      await this.#update('technician', { ...photo, marks }, []);
      return undefined;
    });
  }

  // -------------------------------------------------------------- the map, the disk, the pages

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #update(by: Role, photo: Held, events: readonly LoggedEvent[]): Promise<void> {
    await this.#host.note(by, async (tx) => {
      await tx.updatePhoto(photo);
      return { events, done: () => this.#set(photo) };
    });
  }

  #set(photo: Held): void {
    this.#photos.set(photo.id, photo);
    this.#tell(photo);
  }

  #tell(photo: Held): void {
    this.#send({ type: 'photo', sessionId: this.#host.sessionId, photo: viewOf(photo) });
  }

  #send(event: Parameters<Participant['send']>[0]): void {
    for (const party of ['technician', 'customer'] as const) {
      this.#host.page(party)?.send(event);
    }
  }

  #nameOf(photoId: PhotoId): string {
    return photoFileName(this.#host.sessionId, photoId);
  }
}

/** Of its bytes among the relay's files. */
export function photoFileName(sessionId: SessionId, photoId: PhotoId): string {
  return `photos/${sessionId}/${photoId}`;
}

function senderOf(source: PhotoRecord['source']): Role {
  return source === 'snapshot' ? 'technician' : 'customer';
}

function viewOf({ id, source, at, kept, file, receivedBytes }: Held): PhotoView {
  const state = kept ? 'kept' : file ? 'sending' : 'wanted';
  if (!file) {
    return { id, source, at, state, receivedBytes };
  }
  const { sha256: _, ...shown } = file;
  return { id, source, at, state, receivedBytes, file: shown };
}
