/** The photos' part of the wire protocol: taken by the phone, chosen by the customer, or kept from the video. Types and constants only; part of `protocol.ts`. */
import type { Empty, ErrorCode, Mark, PlacedMark, SessionId } from './protocol.ts';

/** Grows over all sessions of a relay. */
export type PhotoId = number;

export const PHOTO_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const;
export type PhotoType = (typeof PHOTO_TYPES)[number];

/** `camera`: the technician pressed for it; `chosen`: by the customer; `snapshot`: a picture of the video that the technician kept. */
export type PhotoSource = 'camera' | 'chosen' | 'snapshot';

export type PhotoView = {
  id: PhotoId;
  source: PhotoSource;
  /** Epoch milliseconds; when it was wanted or offered. */
  at: number;
  /** `wanted`: the phone was asked; `sending`: on its way; `kept`: whole, on the relay's disk. */
  state: 'wanted' | 'sending' | 'kept';
  /** Known from `sending` on. */
  file?: { type: PhotoType; bytes: number; width: number; height: number };
  /** On the relay's disk. */
  receivedBytes: number;
};

/** Why a phone that was asked has no photo. */
export const PHOTO_FAILURES = ['noCamera', 'cameraPaused', 'failed', 'tooLarge'] as const;
export type PhotoFailure = (typeof PHOTO_FAILURES)[number];

/** What is done to the marks on a photo, which are kept apart from it. */
export type PhotoMarkOperation = { type: 'add'; mark: Mark } | { type: 'remove'; markId: string };

export type PhotoRequests = {
  /** Technician: the phone shall take a photo. Needs the consent `photos`. `ok` says that the phone was asked. */
  takePhoto: { params: { sessionId: SessionId }; result: { photo: PhotoView } };
  /** Technician, or the customer for one of their own: it is not wanted any more. What is kept stays. */
  cancelPhoto: { params: { sessionId: SessionId; photoId: PhotoId }; result: Empty };
  /** Technician: a kept photo goes for good, with its marks. */
  deletePhoto: { params: { sessionId: SessionId; photoId: PhotoId }; result: Empty };
  /** Every photo of the session; changes come as `photo` and `photoGone` events. */
  openPhotos: { params: { sessionId: SessionId }; result: { photos: PhotoView[] } };
  /**
   * Here is a file: the one that was wanted under this number, or with 0 one of the sender's own. Said again after a lost
   * connection; the answer says from where to go on, and under which number.
   */
  offerPhoto: {
    params: {
      sessionId: SessionId;
      photoId: PhotoId;
      format: PhotoType;
      bytes: number;
      /** Of the file, hex. */
      sha256: string;
    };
    result: { photoId: PhotoId; receivedBytes: number };
  };
  /** Customer: there will be no photo for this `photoWanted`. */
  photoFailed: {
    params: { sessionId: SessionId; photoId: PhotoId; reason: PhotoFailure };
    result: Empty;
  };
  /** Technician: the marks on a photo, the lowest first. */
  openPhotoMarks: {
    params: { sessionId: SessionId; photoId: PhotoId };
    result: { marks: PlacedMark[] };
  };
  /** Technician: the marks change. */
  markPhoto: {
    params: { sessionId: SessionId; photoId: PhotoId; operations: PhotoMarkOperation[] };
    result: Empty;
  };
};

export type PhotoEvent =
  /** Customer: take a photo and offer it under this number. */
  | { type: 'photoWanted'; sessionId: SessionId; photoId: PhotoId }
  /** To both: a photo is new, has got on, or is whole. */
  | { type: 'photo'; sessionId: SessionId; photo: PhotoView }
  /** To both: there is no such photo any more; with a reason when nobody wanted that. */
  | { type: 'photoGone'; sessionId: SessionId; photoId: PhotoId; code?: ErrorCode };

/**
 * A part of a photo, big-endian, from the page that has offered it: `[u8 3][u32 id][f64 session][u32 photo][u32 offset][bytes]`. Answered like a
 * request with that id; the result is a `PhotoPartResult`. Parts go one at a time.
 */
export const PHOTO_FRAME = 3;
export const PHOTO_HEADER_BYTES = 21;
/** How much of it is on the relay's disk: where the next part begins, also when this one did not fit there. */
export type PhotoPartResult = { receivedBytes: number };

export const PHOTO_MAX_BYTES = 25 * 1024 * 1024;
export const PHOTO_PART_MAX_BYTES = 64 * 1024;
/** Of one session; wanted, on their way and kept. */
export const PHOTOS_MAX = 200;
/** On their way or wanted at the same time. */
export const PHOTOS_UNFINISHED_MAX = 5;
/** Longer side; what says to be larger is not decoded by any browser. */
export const PHOTO_SIDE_MAX = 16_384;
export const PHOTO_MARKS_MAX = 500;
/** Points of the marks of one photo altogether. */
export const PHOTO_MARK_POINTS_MAX = 20_000;
export const PHOTO_MARK_OPERATIONS_MAX = 20;
