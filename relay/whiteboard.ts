/**
 * The whiteboard of one session at work: marks to disk and then to both pages, sketches past everything, and the still
 * that both draw on. What is allowed is in `board.ts`.
 */
import { type BoardStep, SessionBoard, type StoredBoard } from './board.ts';
import type { Participant } from './party-media.ts';
import {
  type BoardChange,
  type BoardOperation,
  type ErrorCode,
  FREEZE_PART_MAX_BYTES,
  LIVE_SURFACE,
  type Result,
  type Role,
  type SessionId,
  type Sketch,
  type Surface,
} from './protocol.ts';
import type { LoggedEvent } from './session-context.ts';
import { type FreezePart, FreezeUpload, showFreezePart } from './stills.ts';
import type { BoardReads, StoreTransaction } from './store.ts';

/** A phone that is asked for a still and says nothing more for so long has none. */
const FREEZE_TIMEOUT_MS = 15_000;

/** What one step writes, says in the log and does once both are on disk. */
export type Note = { events: readonly LoggedEvent[]; done: () => void };

export type WhiteboardHost = {
  readonly sessionId: SessionId;
  readonly store: BoardReads;
  /** Milliseconds. */
  now: () => number;
  /** Runs `callback` once after the delay; returns the undo. */
  later: (callback: () => void, delayMs: number) => () => void;
  /** Picture and sound flow, or would if nobody were missing. */
  active: () => boolean;
  /** The group's setting. */
  customerDraws: () => boolean;
  page: (party: Role) => Participant | undefined;
  /** Pages that watch and do not draw. */
  onlookers: () => readonly Participant[];
  /** Runs `work` as a step of the session, in one transaction. Without a note nothing is done. */
  note: (by: Role, work: (tx: StoreTransaction) => Promise<Note | undefined>) => Promise<void>;
};

type Upload = { receiving: FreezeUpload; renew: () => void; cancel: () => void };

export class Whiteboard {
  readonly #host: WhiteboardHost;
  readonly #board = new SessionBoard();
  /** The phone was asked for a still. */
  #upload: Upload | undefined;
  /** Of the surface in front; read from disk when a page asks for it after a restart. */
  #still: { surface: Surface; jpeg: Uint8Array } | undefined;

  constructor(host: WhiteboardHost) {
    this.#host = host;
  }

  restore(stored: StoredBoard): void {
    this.#board.restore(stored);
  }

  /** @param by undefined for a page that only watches */
  open(by: Role | undefined, after: number): Result<'openBoard'> {
    return { ...this.#board.part(after), mayDraw: by !== undefined && this.#mayDraw(by) };
  }

  #mayDraw(by: Role): boolean {
    return by === 'technician' || this.#host.customerDraws();
  }

  #refusal(by: Role): ErrorCode | undefined {
    if (!this.#mayDraw(by)) {
      return 'notAllowed';
    }
    return this.#host.active() ? undefined : 'wrongState';
  }

  async draw(by: Role, operation: BoardOperation): Promise<ErrorCode | undefined> {
    const refusal = this.#refusal(by);
    if (refusal) {
      return refusal;
    }
    if (!this.#board.allows(by, this.#host.now())) {
      return 'tooManyMessages';
    }
    let refused: ErrorCode | undefined;
    await this.#host.note(by, async (tx) => {
      // In here, where no other change can come between.
      const step = this.#board.plan(operation, by);
      if (step === undefined || typeof step === 'string') {
        refused = step;
        return undefined;
      }
      await this.#write(tx, step);
      return { events: this.#logOf(step.change), done: () => this.#make(step) };
    });
    return refused;
  }

  /** A busy board is not a busy log: who reads it wants to know that there was drawing, and what was wiped away. */
  #logOf({ type }: BoardChange): LoggedEvent[] {
    if (type === 'shown' && this.#board.isUntouched) {
      return [{ type: 'boardUsed', data: {} }];
    }
    return type === 'cleared' ? [{ type: 'boardErased', data: {} }] : [];
  }

  async #write(tx: StoreTransaction, { change, forgotten }: BoardStep): Promise<void> {
    const { sessionId } = this.#host;
    await tx.deleteMarks(sessionId, { ids: forgotten });
    switch (change.type) {
      case 'shown':
        return tx.saveMark(sessionId, change.mark);
      case 'hidden':
        return tx.hideMark(sessionId, change.markId);
      case 'cleared':
        return tx.deleteMarks(sessionId, { surface: change.surface });
      case 'surface':
        if (this.#board.surface !== LIVE_SURFACE) {
          await tx.deleteMarks(sessionId, { surface: this.#board.surface });
        }
    }
  }

  #make(step: BoardStep): void {
    this.#board.make(step);
    const { sessionId, page, onlookers } = this.#host;
    for (const each of [page('technician'), page('customer'), ...onlookers()]) {
      each?.send({ type: 'board', sessionId, change: step.change });
    }
  }

  /** To the other pages at once, if they are there and read fast enough; else never. */
  sketch(by: Role, sketch: Sketch): ErrorCode | undefined {
    const refusal = this.#refusal(by);
    if (refusal) {
      return refusal;
    }
    const other = by === 'technician' ? 'customer' : 'technician';
    const { sessionId, page, onlookers } = this.#host;
    for (const each of [page(other), ...onlookers()]) {
      each?.sendVolatile({ type: 'sketch', sessionId, sketch });
    }
    return undefined;
  }

  // -------------------------------------------------------------- the still

  /** Asks the phone for a still. */
  freeze(): ErrorCode | undefined {
    const { sessionId, active, page, later } = this.#host;
    if (!active()) {
      return 'wrongState';
    }
    const customer = page('customer');
    if (!customer) {
      return 'noStill';
    }
    if (this.#upload) {
      return undefined;
    }
    const surface = this.#board.nextSurface;
    let cancel = () => {};
    const renew = () => {
      cancel();
      cancel = later(() => this.#giveUp(), FREEZE_TIMEOUT_MS);
    };
    renew();
    this.#upload = { receiving: new FreezeUpload(surface), renew, cancel: () => cancel() };
    customer.send({ type: 'freezeWanted', sessionId, surface });
    return undefined;
  }

  /** The phone says that it has none. */
  freezeFailed(surface: Surface): ErrorCode | undefined {
    if (this.#upload?.receiving.surface !== surface) {
      return 'wrongState';
    }
    this.#giveUp();
    return undefined;
  }

  #giveUp(): void {
    this.#endUpload();
    const { sessionId, page } = this.#host;
    page('technician')?.send({ type: 'freezeFailed', sessionId, code: 'noStill' });
  }

  #endUpload(): void {
    this.#upload?.cancel();
    this.#upload = undefined;
  }

  /** A part of the still that the phone was asked for; nothing else is kept. Takes a copy of the bytes. */
  async part(part: FreezePart): Promise<ErrorCode | undefined> {
    const upload = this.#upload;
    if (upload?.receiving.surface !== part.surface || !this.#host.active()) {
      return 'wrongState';
    }
    const taken = upload.receiving.take(part);
    if (typeof taken === 'string') {
      this.#giveUp();
      return taken;
    }
    if (!taken.jpeg) {
      upload.renew();
      return undefined;
    }
    this.#endUpload();
    await this.#bringToFront('customer', part.surface, taken.jpeg);
    return undefined;
  }

  async unfreeze(): Promise<ErrorCode | undefined> {
    this.#endUpload();
    await this.#bringToFront('technician', LIVE_SURFACE, undefined);
    return undefined;
  }

  #bringToFront(by: Role, surface: Surface, jpeg: Uint8Array | undefined): Promise<void> {
    return this.#host.note(by, async (tx) => {
      const step = this.#board.planSurface(surface);
      if (!step) {
        return undefined;
      }
      await this.#write(tx, step);
      await tx.saveSurface(this.#host.sessionId, surface, jpeg);
      return {
        events: [],
        done: () => {
          this.#still = jpeg && { surface, jpeg };
          this.#make(step);
        },
      };
    });
  }

  /** Sends a part of the still in front to a page that has asked for it. */
  async openStill(
    page: Participant,
    surface: Surface,
    offset: number,
  ): Promise<{ totalBytes: number } | ErrorCode> {
    const { sessionId, store } = this.#host;
    if (surface === LIVE_SURFACE || surface !== this.#board.surface) {
      return 'wrongState';
    }
    if (this.#still?.surface !== surface) {
      const jpeg = await store.boardStill(sessionId);
      this.#still = jpeg && { surface, jpeg };
    }
    const jpeg = this.#still?.jpeg;
    if (!jpeg || offset >= jpeg.length) {
      return 'wrongState';
    }
    const bytes = jpeg.subarray(offset, offset + FREEZE_PART_MAX_BYTES);
    const frame = showFreezePart(sessionId, { surface, offset, totalBytes: jpeg.length, bytes });
    return page.sendStill(frame) ? { totalBytes: jpeg.length } : 'tooManyMessages';
  }
}
