/** The whiteboards of all opened sessions: what is drawn on each, the still in front, and the tool in the technician's hand. */
import { type BoardHost, BoardLink } from '../relay/client/board-link.ts';
import { type Connection, RequestError } from '../relay/client/connection.ts';
import type { DrawingTool } from '../relay/client/drawing-hand.ts';
import { readShownPart, StillDownload } from '../relay/client/freeze-frame.ts';
import { type BoardEvent, LIVE_SURFACE, type MarkColour, type SessionId } from '../relay/protocol.ts';
import { type FailureCode, type Outcome, outcomeOf } from './outcome.ts';

type Request = BoardHost['request'];

/** What the whiteboard of one session shows and offers. */
export class ConsoleBoard {
  readonly link: BoardLink;
  /** Undefined while the technician does not draw. */
  tool: DrawingTool | undefined;
  colour: MarkColour = 'vermilion';
  /** The phone was asked for a still. */
  freezing = false;
  problem: FailureCode | undefined;
  /** What both draw on while it is in front; undefined until it is loaded. */
  still: ImageBitmap | undefined;
  readonly #sessionId: SessionId;
  readonly #request: Request;
  readonly #stillChanged: () => void;
  readonly #listeners = new Set<() => void>();
  #download: StillDownload | undefined;
  #shownSurface = LIVE_SURFACE;

  /** @param stillChanged the picture in front is another one */
  constructor(sessionId: SessionId, request: Request, stillChanged: () => void) {
    this.#sessionId = sessionId;
    this.#request = request;
    this.#stillChanged = stillChanged;
    this.link = new BoardLink({
      sessionId,
      me: 'technician',
      request,
      changed: () => {
        this.#settleStill();
        this.#emit();
      },
      refused: (code) => {
        // What was drawn on a picture that is gone meanwhile is no loss to speak of.
        this.problem = code === 'wrongState' ? undefined : code;
        this.#emit();
      },
      now: () => performance.now(),
      later: (callback, delayMs) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    });
  }

  get frozen(): boolean {
    return this.link.surface !== LIVE_SURFACE;
  }

  /** Calls back after each change; returns the undo. */
  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #emit(): void {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }

  hear(event: BoardEvent): void {
    if (event.type === 'freezeFailed') {
      this.freezing = false;
      this.problem = event.code;
      this.#emit();
    } else {
      this.link.hear(event);
    }
  }

  hearPart(part: NonNullable<ReturnType<typeof readShownPart>>): void {
    this.#download?.take(part);
  }

  choose(tool: DrawingTool | undefined): void {
    this.tool = tool;
    this.problem = undefined;
    this.#emit();
  }

  paint(colour: MarkColour): void {
    this.colour = colour;
    this.#emit();
  }

  async freeze(): Promise<void> {
    this.freezing = true;
    this.problem = undefined;
    this.#emit();
    const { ok, code } = codeOf(await outcomeOf(this.#request('freeze', { sessionId: this.#sessionId })));
    if (!ok) {
      this.freezing = false;
      this.problem = code;
      this.#emit();
    }
  }

  async unfreeze(): Promise<void> {
    const answer = await outcomeOf(this.#request('unfreeze', { sessionId: this.#sessionId }));
    this.problem = codeOf(answer).code;
    this.#emit();
  }

  #settleStill(): void {
    const { surface } = this.link;
    if (surface === this.#shownSurface) {
      return;
    }
    this.#shownSurface = surface;
    this.still?.close();
    this.still = undefined;
    this.#stillChanged();
    this.#download = undefined;
    if (surface === LIVE_SURFACE) {
      this.freezing = false;
      return;
    }
    const download = new StillDownload(this.#sessionId, surface);
    this.#download = download;
    void this.#load(download);
  }

  async #load(download: StillDownload): Promise<void> {
    const jpeg = await download.load((params) => this.#request('openStill', params));
    const still = jpeg && (await createImageBitmap(jpeg).catch(() => undefined));
    if (this.#download !== download) {
      still?.close();
      return;
    }
    this.still = still;
    this.#stillChanged();
    this.freezing = false;
    this.problem = still ? undefined : 'noStill';
    this.#emit();
  }

  close(): void {
    this.link.close();
    this.#download = undefined;
    this.still?.close();
    this.still = undefined;
  }
}

function codeOf(answer: Outcome<unknown>): { ok: boolean; code: FailureCode | undefined } {
  return { ok: answer.ok, code: answer.ok ? undefined : answer.code };
}

export class ConsoleBoards {
  readonly #request: Request;
  readonly #stillChanged: () => void;
  readonly #boards = new Map<SessionId, ConsoleBoard>();

  constructor(connection: () => Connection | undefined, stillChanged: () => void) {
    this.#stillChanged = stillChanged;
    this.#request = (type, params) =>
      connection()?.request(type, params) ?? Promise.reject(new RequestError('notConnected', ''));
  }

  /** Opened when first asked for. */
  of(id: SessionId): ConsoleBoard {
    let board = this.#boards.get(id);
    if (!board) {
      board = new ConsoleBoard(id, this.#request, this.#stillChanged);
      this.#boards.set(id, board);
      void board.link.open();
    }
    return board;
  }

  /** There is a new connection. */
  reopen(): void {
    for (const { link } of this.#boards.values()) {
      void link.open();
    }
  }

  hear(event: BoardEvent): void {
    this.#boards.get(event.sessionId)?.hear(event);
  }

  hearFrame(frame: ArrayBuffer): void {
    const part = readShownPart(frame);
    if (part) {
      this.#boards.get(part.sessionId)?.hearPart(part);
    }
  }

  forget(id: SessionId): void {
    this.#boards.get(id)?.close();
    this.#boards.delete(id);
  }

  forgetAll(): void {
    for (const id of [...this.#boards.keys()]) {
      this.forget(id);
    }
  }
}
