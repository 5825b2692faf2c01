/** What a session is given to work with, and what a step of it is made of. */
import type { Log } from './log.ts';
import type { MediaPlane } from './media-plane.ts';
import type { Participant } from './party-media.ts';
import type { Account, EventData, PinAlarm, SessionEvent, SessionEventType } from './protocol.ts';
import type { Secrets } from './secrets.ts';
import type { Clock } from './session-media.ts';
import type { RecordingSetUp } from './session-recording.ts';
import type { SessionInput } from './session-state.ts';
import type { Blob, Directory, InvitationState, SessionRecord, Store, StoreTransaction } from './store.ts';
import type { TurnSettings } from './turn.ts';

export type SessionSettings = {
  /** Scheme, host and port under which customers reach this relay. */
  origin: () => string;
  invitationMs: number;
  offlineMs: number;
  maxActiveSessions: number;
  /** Whose queue an account sees. */
  groupOf: (accountId: number) => string;
  /** Until a waiting session, and an active one in which nothing happens, is over; 0 for never. */
  waitingMs: () => number;
  idleMs: () => number;
  groups: () => readonly { id: string; name: string }[];
  /** Whether customers of this technician may draw on the picture. */
  customersDraw: (accountId: number) => boolean;
  turn: TurnSettings;
};

/** The window in which a technician works, if one is open. */
export type Console = { participant: Participant; account: Account };

export type SessionContext = Clock & {
  store: Store;
  /** Files that belong to sessions. */
  blob: Blob;
  directory: Directory;
  plane: MediaPlane;
  recording: RecordingSetUp;
  log: Log;
  secrets: Secrets;
  settings: SessionSettings;
  consoleOf(technicianId: number): Console | undefined;
  /** Every window that has the session in its list. */
  watchersOf(record: SessionRecord): Iterable<Console>;
  /** Undefined for a session that waits in no queue. */
  queuePositionOf(record: SessionRecord): number | undefined;
  pinAlarm(): PinAlarm;
};

export type Actor = Pick<SessionEvent, 'actor' | 'actorName'>;

export const SYSTEM: Actor = { actor: 'system', actorName: '' };
export const CUSTOMER: Actor = { actor: 'customer', actorName: '' };

export function technicianActor(account: Account): Actor {
  return { actor: 'technician', actorName: account.name };
}

/** What the relay itself knows of a loss; what the page said before may explain it better. */
export type LossCause = 'connection' | 'left' | 'noMedia' | 'relay';

/** With an actor of its own where that is not who makes the change. */
export type LoggedEvent = { type: SessionEventType; data: EventData } & Partial<Actor>;

export type Change = {
  by: Actor;
  input?: SessionInput;
  events?: readonly LoggedEvent[];
  record?: Partial<Omit<SessionRecord, 'id' | 'machine'>>;
  /** Refused once the session is over: what happens late is not part of it. */
  whileLive?: true;
  /** How the live invitation ends with this change. */
  finishInvitation?: Exclude<InvitationState, 'live'>;
  /** More that belongs into the same transaction. */
  write?: (tx: StoreTransaction) => Promise<void>;
  /** Runs when the change is on disk and before anybody is shown it. */
  done?: () => void;
};
