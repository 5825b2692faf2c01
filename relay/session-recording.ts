/**
 * The recording of one session: wanted or not, allowed or not, and its parts. What may be is decided here, in the front: nothing is
 * recorded without the customer's consent in the ledger, and taking it back ends it at once. A part is a row in the store and a
 * journal that the session's media worker writes; when the worker is lost, the next part begins by itself.
 */
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { askConsent } from './consent-ledger.ts';
import { UNFINISHED_SUFFIX } from './journal-file.ts';
import type { LiveSession } from './live-session.ts';
import type { Log } from './log.ts';
import type { RecordingEnding, RecordingMedia, RecordingSizes } from './media-plane.ts';
import type {
  ConsentState,
  ErrorCode,
  RecordingEnd,
  RecordingPolicy,
  RecordingView,
  SessionEvent,
  SessionId,
} from './protocol.ts';
import { type Actor, CUSTOMER, type SessionContext, SYSTEM } from './session-context.ts';
import type { RecordingRecord, StoreTransaction } from './store.ts';
import type { Note } from './whiteboard.ts';

/** What recordings of all sessions are made with. */
export type RecordingSetUp = {
  media: RecordingMedia;
  /** Of the journals; it is there. */
  folder: string;
  policyOf: (accountId: number) => RecordingPolicy;
  /** A journal that nobody writes any more, to be made into something that can be played. */
  onClosed: (recording: RecordingRecord) => void;
};

export type RecordingHost = {
  readonly sessionId: SessionId;
  readonly setUp: RecordingSetUp;
  readonly log: Log;
  /** Epoch milliseconds. */
  now: () => number;
  policy: () => RecordingPolicy;
  /** Picture and sound flow, and nobody is missing. */
  active: () => boolean;
  ended: () => boolean;
  consent: () => ConsentState | undefined;
  /** Puts the question before the customer; resolves when it is there. */
  ask: (by: Actor) => Promise<unknown>;
  /** Runs `work` as a step of the session, in one transaction. Without a note nothing is done. */
  note: (by: Actor, work: (tx: StoreTransaction) => Promise<Note | undefined>) => Promise<void>;
  /** Shows the session to everybody concerned. */
  changed: () => void;
};

type Part = {
  record: RecordingRecord;
  /** Why it is to end, since it was asked to. */
  stopping: { reason: RecordingEnd; by: Actor } | undefined;
};

/** Where the journal of a part is, or will be. */
export function journalPath(
  folder: string,
  { sessionId, part }: Pick<RecordingRecord, 'sessionId' | 'part'>,
): string {
  return join(folder, `${sessionId}-${part}.journal`);
}

/** @param note as of `RecordingHost` */
export function openRecording(
  session: LiveSession,
  { recording, log, now }: SessionContext,
  note: RecordingHost['note'],
): SessionRecording {
  return new SessionRecording({
    ...{ sessionId: session.record.id, setUp: recording, log, now, note },
    policy: () => recording.policyOf(session.record.technicianId ?? 0),
    active: () => session.record.machine.state === 'active',
    ended: () => session.ended,
    consent: () => session.consents.shown.recording,
    ask: (by) => askConsent(by, session, 'recording'),
    changed: () => session.show(),
  });
}

export class SessionRecording {
  readonly #host: RecordingHost;
  /** Who wants it recorded; undefined while nobody does. */
  #wantedBy: Actor | undefined;
  #paused = false;
  /** The part that is being written, also while it ends. */
  #part: Part | undefined;
  #parts = 0;
  #beginning = false;
  /** The question is on its way to the customer; an older answer does not count. */
  #asking = false;
  /** Whatever recorded is gone: nothing is begun before there is another one. */
  #awaitsRoom = false;
  /** The next part goes on where one was lost. */
  #continues = false;
  /** A group that records everything has asked, or has tried. */
  #forcedDone = false;
  #view: RecordingView | undefined;
  /** What was recorded before the present stretch began; that one began at this time. */
  #recordedMs = 0;

  constructor(host: RecordingHost) {
    this.#host = host;
  }

  /** What the technician sees. */
  get shown(): RecordingView | undefined {
    return this.#view;
  }

  /** After a restart of the relay. One that went on then goes on when the session does. */
  restore(records: readonly RecordingRecord[]): void {
    const last = records.at(-1);
    this.#parts = last?.part ?? 0;
    if (last?.reason === 'relay') {
      this.#wantedBy = SYSTEM;
      this.#paused = last.paused;
      this.#continues = true;
    } else if (last) {
      this.#forcedDone = true;
    }
  }

  // -------------------------------------------------------------- what technicians do

  start(by: Actor): ErrorCode | undefined {
    if (this.#host.policy().mode === 'off') {
      return 'recordingNotAllowed';
    }
    if (!this.#host.active()) {
      return 'wrongState';
    }
    if (this.#wantedBy === undefined) {
      this.#wantedBy = by;
      this.#paused = false;
      this.#continues = false;
      this.#recordedMs = 0;
      if (this.#host.consent() !== 'granted') {
        this.#ask(by);
      }
    }
    this.#host.changed();
    return undefined;
  }

  #ask(by: Actor): void {
    this.#asking = true;
    this.#show('asked');
    const asked = this.#host.ask(by).finally(() => {
      this.#asking = false;
    });
    this.#follow(asked);
  }

  async pause(by: Actor, paused: boolean): Promise<ErrorCode | undefined> {
    if (this.#host.policy().mode === 'forced') {
      return 'recordingForced';
    }
    const part = this.#part;
    if (part === undefined || part.stopping !== undefined) {
      return 'wrongState';
    }
    if (paused === this.#paused) {
      return undefined;
    }
    const record = { ...part.record, paused };
    await this.#host.note(by, async (tx) => {
      if (part !== this.#part || part.stopping !== undefined) {
        return undefined;
      }
      await tx.updateRecording(record);
      return {
        events: [{ type: paused ? 'recordingPaused' : 'recordingResumed', data: { part: record.part } }],
        done: () => {
          part.record = record;
          this.#setPaused(paused);
          this.#host.setUp.media.pauseRecording(record.id, paused);
          this.#host.changed();
        },
      };
    });
    return undefined;
  }

  stop(by: Actor): ErrorCode | undefined {
    if (this.#host.policy().mode === 'forced') {
      return 'recordingForced';
    }
    if (this.#wantedBy === undefined) {
      return 'wrongState';
    }
    this.#giveUp('technician', by);
    this.#host.changed();
    return undefined;
  }

  // -------------------------------------------------------------- what happens by itself

  /** Brings the recording to what session, consent and policy want. Cheap when nothing is to do. */
  settle(): void {
    const host = this.#host;
    if (host.ended()) {
      this.#giveUp('sessionEnded', SYSTEM);
      return;
    }
    const { mode } = host.policy();
    const consent = host.consent();
    if (mode === 'off') {
      this.#giveUp('policy', SYSTEM);
      return;
    }
    if ((consent === 'withdrawn' || consent === 'refused') && !this.#asking) {
      this.#giveUp(consent, CUSTOMER);
    }
    if (mode === 'forced' && host.active() && this.#wantedBy === undefined && !this.#forcedDone) {
      this.#forcedDone = true;
      if (consent === undefined || consent === 'granted') {
        this.#wantedBy = SYSTEM;
      }
      if (consent === undefined) {
        this.#ask(SYSTEM);
      }
    }
    if (this.#mayBegin && !this.#beginning) {
      this.#begin(this.#wantedBy ?? SYSTEM);
    }
  }

  /** A worker has room again. */
  retryNow(): void {
    this.#awaitsRoom = false;
    this.settle();
  }

  /** Lines of the session's log, put into the journal at this moment. */
  mark(events: readonly SessionEvent[]): void {
    for (const { type, at, data } of events) {
      this.note(type, { at, ...data });
    }
  }

  /** Something of the session that belongs to this moment. */
  note(type: string, detail: object): void {
    if (this.#part && !this.#part.stopping && !this.#paused) {
      this.#host.setUp.media.noteRecording(this.#part.record.id, 'mark', { type, ...detail });
    }
  }

  get #mayBegin(): boolean {
    const { active, consent, policy } = this.#host;
    const isFree = this.#part === undefined && this.#wantedBy !== undefined && !this.#awaitsRoom;
    return isFree && active() && consent() === 'granted' && policy().mode !== 'off';
  }

  // -------------------------------------------------------------- parts

  #begin(by: Actor): void {
    const { sessionId, now, policy } = this.#host;
    const { voice, video, purpose } = policy();
    const part = this.#parts + 1;
    const continued = this.#continues;
    this.#beginning = true;
    const written = this.#host.note(by, async (tx) => {
      if (!this.#mayBegin) {
        return undefined;
      }
      const made = { sessionId, part, paused: this.#paused, startedAt: now(), purpose, voice, video };
      const record = await tx.insertRecording(made);
      return (
        record && {
          events: [{ type: 'recordingStarted', data: { part, ...(continued && { continued }) } }],
          done: () => this.#open(record),
        }
      );
    });
    written
      .catch((error: unknown) => {
        this.#host.log.error({ err: error, sessionId }, 'recordingNotStored');
        this.#wantedBy = undefined;
        this.#show('stopped', 'ioError');
        this.#host.changed();
      })
      .finally(() => {
        this.#beginning = false;
      });
  }

  #open(record: RecordingRecord): void {
    const { setUp, sessionId } = this.#host;
    const part: Part = { record, stopping: undefined };
    const { id: recordingId, voice, video } = record;
    this.#parts = record.part;
    this.#part = part;
    this.#continues = false;
    const path = journalPath(setUp.folder, record);
    const isBegun = setUp.media.startRecording(
      { recordingId, sessionId, path, voice, video },
      {
        recording: ({ dropped }) => {
          if (dropped > 0) {
            this.#host.log.warn({ sessionId, recordingId, dropped }, 'recordingDropsPackets');
          }
        },
        ended: (how, sizes) => {
          // Not asked for: the one that recorded ends, with or without an error.
          this.#awaitsRoom ||= part.stopping === undefined;
          this.#follow(this.#ended(part, how, sizes));
        },
      },
    );
    if (this.#paused) {
      setUp.media.pauseRecording(recordingId, true);
      this.#show('paused');
    } else {
      this.#show('recording');
    }
    if (!isBegun) {
      this.#awaitsRoom = true;
      this.#follow(this.#ended(part, 'workerLost', undefined));
    }
    this.#host.changed();
  }

  /** Nobody writes the journal of this part any more. */
  async #ended(part: Part, how: RecordingEnding, sizes: RecordingSizes | undefined): Promise<void> {
    const { setUp, now } = this.#host;
    const isFailure = how === 'diskFull' || how === 'ioError';
    const reason = isFailure ? how : (part.stopping?.reason ?? 'relay');
    const by = isFailure ? SYSTEM : (part.stopping?.by ?? SYSTEM);
    const path = journalPath(setUp.folder, part.record);
    const bytes = how === 'workerLost' ? await rescue(path) : (sizes?.bytes ?? 0);
    const record: RecordingRecord = {
      ...part.record,
      state: isFailure ? 'failed' : how === 'workerLost' ? 'interrupted' : 'closed',
      ...{ endedAt: now(), bytes, dropped: sizes?.dropped ?? 0, reason },
    };
    await this.#host.note(by, async (tx) => {
      await tx.updateRecording(record);
      return {
        events: [{ type: 'recordingStopped', data: { part: record.part, reason, bytes } }],
        done: () => {
          if (this.#part === part) {
            this.#part = undefined;
          }
          if (isFailure && part.stopping === undefined) {
            this.#wantedBy = undefined;
            this.#show('stopped', reason);
          } else if (reason === 'relay') {
            this.#continues = true;
          }
          if (bytes > 0) {
            setUp.onClosed(record);
          }
          this.#host.changed();
        },
      };
    });
  }

  /** Nobody wants it any more, or it must not be; what was recorded is kept. */
  #giveUp(reason: RecordingEnd, by: Actor): void {
    if (this.#wantedBy === undefined) {
      return;
    }
    this.#wantedBy = undefined;
    this.#paused = false;
    this.#show('stopped', reason);
    if (this.#part !== undefined && this.#part.stopping === undefined) {
      this.#part.stopping = { reason, by };
      this.#host.setUp.media.stopRecording(this.#part.record.id, reason);
    }
  }

  #setPaused(paused: boolean): void {
    if (paused) {
      this.#recordedMs = this.#host.now() - (this.#view?.since ?? this.#host.now());
    }
    this.#paused = paused;
    this.#show(paused ? 'paused' : 'recording');
  }

  #show(state: RecordingView['state'], reason?: RecordingEnd): void {
    const now = this.#host.now();
    const before = this.#view;
    if (state === 'recording') {
      // A part that goes on for one that was lost counts on.
      const since = before?.state === 'recording' ? before.since : now - this.#recordedMs;
      this.#view = { state, since };
    } else {
      this.#view = { state, since: now, ...(reason && { reason }) };
    }
  }

  #follow(step: Promise<unknown>): void {
    step.catch((error: unknown) => {
      this.#host.log.error({ err: error, sessionId: this.#host.sessionId }, 'recordingNotStored');
    });
  }
}

/** Gives a journal that was left unfinished its name. @returns its bytes; 0 when there is none */
export async function rescue(path: string): Promise<number> {
  await rename(path + UNFINISHED_SUFFIX, path).catch(() => undefined);
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
