/** The phone's camera in the wire protocol: what it can do, what the technician asks of it, what came of that. Types and constants only; part of `protocol.ts`. */
import type { Empty, SessionId } from './protocol.ts';

/** Where a camera looks and how wide, as far as the phone can tell. */
export const LENS_KINDS = ['wide', 'ultraWide', 'tele', 'front', 'other'] as const;
export type LensKind = (typeof LENS_KINDS)[number];

/** The phone makes the id; the browser's own ids of its cameras stay on the phone. */
export type CameraLens = {
  id: number;
  kind: LensKind;
  /** Among several of its kind, counted from 1; 0 when it is the only one. */
  number: number;
};

/** What the camera in use can do, and how everything stands. */
export type CameraState = {
  /** `none`: this camera has no light, or its browser gives pages none. */
  light: 'on' | 'off' | 'none';
  /** Absent where the browser gives pages no zoom. */
  zoom?: { value: number; min: number; max: number; step: number };
  /** Empty while the browser does not name its cameras. */
  lenses: CameraLens[];
  /** Id of the one in use; 0 for none. */
  lens: number;
  preference: 'sharp' | 'smooth';
  /** The customer wants few bytes. */
  saveData: boolean;
  /** Who has paused the camera. */
  paused: 'nobody' | 'customer' | 'technician';
  /** What of the picture the customer has blacked out; the relay never had it. */
  covered: 'nothing' | 'parts' | 'everything';
};

export type CameraWish =
  | { type: 'light'; on: boolean }
  | { type: 'lens'; lens: number }
  | { type: 'zoom'; value: number }
  | { type: 'prefer'; preference: CameraState['preference'] }
  /** Pausing is done at once; to go on is for the customer to decide. */
  | { type: 'pause'; paused: boolean };

/** `asked`: the customer has the question before them; their answer follows as `done` or `declined`. */
export const WISH_OUTCOMES = ['done', 'asked', 'declined', 'cannot', 'noCamera', 'failed'] as const;
/** `noAnswer`: said by the relay, when the phone says nothing. */
export type WishOutcome = (typeof WISH_OUTCOMES)[number] | 'noAnswer';

export type CameraRequests = {
  /** Technician: the phone shall do something. What came of it comes as `cameraWishDone`. */
  askCamera: { params: { sessionId: SessionId; wish: CameraWish }; result: { wishId: number } };
  /** Customer: said on arrival and whenever it has changed. */
  cameraState: { params: { sessionId: SessionId; state: CameraState }; result: Empty };
  /** Customer: what came of a wish. */
  cameraWishDone: {
    params: { sessionId: SessionId; wishId: number; outcome: Exclude<WishOutcome, 'noAnswer'> };
    result: Empty;
  };
};

export type CameraEvent =
  /** Customer: the technician asks for it. */
  | { type: 'cameraWish'; sessionId: SessionId; wishId: number; wish: CameraWish }
  /** Technician: what came of a wish. */
  | { type: 'cameraWishDone'; sessionId: SessionId; wishId: number; outcome: WishOutcome };

/** No phone has as many; a computer with virtual cameras may. */
export const LENSES_MAX = 16;
/** Wishes of one session that the phone has not answered. */
export const WISHES_OPEN_MAX = 8;
/** Of one session, sustained and at once: a slider that is dragged. */
export const WISH_RATE_PER_S = 5;
export const WISH_BURST = 20;
