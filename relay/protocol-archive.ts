/** What the archive of sessions tells: past sessions in a list, and everything that is kept of one. */
import type {
  ConsentEntry,
  Language,
  PhotoId,
  PhotoSource,
  PhotoView,
  PlacedMark,
  SessionId,
} from './protocol.ts';
import type {
  ChatMessage,
  CustomerFields,
  SessionEvent,
  SessionOutcome,
  SessionState,
} from './protocol-sessions.ts';

/** A line of the list. Times are epoch milliseconds. */
export type PastSession = {
  id: SessionId;
  state: SessionState;
  fields: CustomerFields;
  /** Name of the technician who had it last; empty when nobody took it. */
  technician: string;
  channel: string;
  createdAt: number;
  /** First time active; absent when nobody started it. */
  startedAt?: number;
  /** Absent while it goes on. */
  endedAt?: number;
  outcome?: SessionOutcome;
  /** What the customer gave it, 1 to 5. */
  stars?: number;
};

/** A photo or snapshot; its bytes are at `/api/sessions/:id/photos/:photo`. */
export type KeptPhoto = {
  id: PhotoId;
  source: PhotoSource;
  at: number;
  file: NonNullable<PhotoView['file']>;
  /** Apart from the picture, the lowest first. */
  marks: readonly PlacedMark[];
};

/** Everything that is kept of a session, for its page and for the case file. */
export type SessionRecordView = PastSession & {
  notes: string;
  /** The customer's words afterwards. */
  comment: string;
  browser: string;
  language?: Language;
  events: SessionEvent[];
  chat: ChatMessage[];
  photos: KeptPhoto[];
  consents: ConsentEntry[];
};

export type ArchivePage = {
  /** The newest first. */
  sessions: PastSession[];
  /** There may be more before this one; absent at the end. */
  before?: SessionId;
};

export const ARCHIVE_PAGE_SESSIONS = 50;
export const ARCHIVE_SEARCH_MAX_LENGTH = 200;
