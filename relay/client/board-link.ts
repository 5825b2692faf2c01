/**
 * One person's hand on the whiteboard of a session: what they draw is there at once, goes to the relay as soon as there is a
 * connection, and is taken back or restored mark by mark. Knows no canvas and no page.
 */
import {
  type BoardChange,
  type BoardEvent,
  type BoardOperation,
  type BoardRequests,
  type ErrorCode,
  LIVE_SURFACE,
  MARK_POINTS_MAX,
  type Mark,
  type Params,
  type PlacedMark,
  type Result,
  type Role,
  type SessionId,
  type Sketch,
  type Surface,
} from '../protocol.ts';
import { Board } from './board.ts';
import { RequestError } from './connection.ts';

export type BoardHost = {
  sessionId: SessionId;
  me: Role;
  /** Rejects with a `RequestError`. */
  request: <T extends keyof BoardRequests>(type: T, params: Params<T>) => Promise<Result<T>>;
  /** Something else is to be seen. */
  changed: () => void;
  /** The relay does not take what was drawn. */
  refused: (code: ErrorCode) => void;
  /** Monotonic milliseconds. */
  now: () => number;
  later: (callback: () => void, delayMs: number) => () => void;
};

/** A stroke of the other side that is not finished, or its laser. */
export type ShownSketch = Pick<Sketch, 'tool' | 'colour' | 'surface'> & {
  points: number[];
  /** When each point came, on the clock of `BoardHost`; the laser fades by it. */
  times: number[];
};

/** A stroke whose end never comes, because its page went away, is not left lying about. */
const SKETCH_LIFE_MS = 4_000;
export const LASER_LIFE_MS = 1_200;
/** Sketches without an answer; more of them would only queue on a slow way and be late. */
const SKETCHES_ON_THE_WAY_MAX = 6;
const RETRY_MS = 1_000;
/** Refusals that pass by themselves. */
const PASSING: ReadonlySet<string> = new Set(['tooManyMessages', 'draining', 'internal']);

/** Before the relay has given a mark its place, it lies on top. */
const NOT_PLACED = Number.MAX_SAFE_INTEGER;

export class BoardLink {
  readonly #host: BoardHost;
  readonly #board = new Board();
  /** Not taken by the relay yet, in order. */
  readonly #operations: BoardOperation[] = [];
  /** Own marks that were taken back last, the newest at the end. */
  #undone: PlacedMark[] = [];
  /** Those of them that the relay is asked to restore. */
  readonly #restoring = new Map<string, PlacedMark>();
  readonly #sketches = new Map<string, ShownSketch>();
  #sketchesOnTheWay = 0;
  #working = false;
  #mayDraw = false;
  #opened = false;
  #marks: { key: readonly PlacedMark[]; surface: Surface; marks: readonly PlacedMark[] } | undefined;
  #cancelRetry: () => void = () => undefined;
  /** Grows with each opening: what an older one brings home is thrown away. */
  #generation = 0;

  constructor(host: BoardHost) {
    this.#host = host;
  }

  /** The relay has told the board and takes marks. */
  get mayDraw(): boolean {
    return this.#opened && this.#mayDraw;
  }

  get surface(): Surface {
    return this.#board.surface;
  }

  /** Whether a page may send another sketch now. */
  get sketchesFlow(): boolean {
    return this.#sketchesOnTheWay < SKETCHES_ON_THE_WAY_MAX;
  }

  /** What can be seen on the picture in front, the lowest first. The same array until something changes. */
  get marks(): readonly PlacedMark[] {
    const { surface } = this;
    const told = this.#board.marks(surface);
    if (this.#marks?.key !== told || this.#marks.surface !== surface) {
      this.#marks = { key: told, surface, marks: this.#withOperations(told, surface) };
    }
    return this.#marks.marks;
  }

  /** Strokes in progress on the picture in front. */
  get sketches(): ShownSketch[] {
    const { surface } = this;
    return [...this.#sketches.values()].filter((sketch) => sketch.surface === surface);
  }

  get canUndo(): boolean {
    return this.#lastOwn() !== undefined;
  }

  get canRedo(): boolean {
    return this.#undone.some(({ surface }) => surface === this.surface);
  }

  // -------------------------------------------------------------- the relay

  /** After each hello: the board anew, then what was drawn meanwhile. */
  async open(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const { sessionId } = this.#host;
    let after: number | undefined = 0;
    let isFirst = true;
    while (after !== undefined) {
      let part: Result<'openBoard'>;
      try {
        part = await this.#host.request('openBoard', { sessionId, after });
      } catch {
        // Without connection the next hello opens it; without a session there is no board.
        return;
      }
      if (generation !== this.#generation) {
        return;
      }
      if (isFirst) {
        this.#board.reset();
        isFirst = false;
      }
      this.#mayDraw = part.mayDraw;
      this.#applyAll(part.changes);
      after = part.next;
    }
    this.#opened = true;
    this.#changed();
    void this.#work();
  }

  hear(event: BoardEvent): void {
    if (event.type === 'board') {
      this.#applyAll([event.change]);
      this.#changed();
    } else if (event.type === 'sketch') {
      this.#hearSketch(event.sketch);
      this.#host.changed();
    }
  }

  #applyAll(changes: readonly BoardChange[]): void {
    for (const change of changes) {
      this.#board.apply(change);
      if (change.type === 'shown') {
        this.#sketches.delete(change.mark.id);
      } else if (change.type !== 'hidden') {
        // Erased, or of a still that went: the relay has nothing more to restore.
        const gone = change.type === 'cleared' ? change.surface : undefined;
        this.#undone = this.#undone.filter(({ surface }) =>
          gone === undefined ? surface === LIVE_SURFACE || surface === change.surface : surface !== gone,
        );
        this.#sketches.clear();
      }
    }
  }

  #changed(): void {
    this.#marks = undefined;
    this.#host.changed();
  }

  // -------------------------------------------------------------- marks

  /** @param mark on the picture in front */
  add(mark: Mark): void {
    const { surface } = this;
    this.#undone = [];
    this.#put({ type: 'add', surface, mark });
  }

  /** Takes the person's own last mark back. */
  undo(): void {
    const mark = this.#lastOwn();
    if (mark) {
      this.#undone.push(mark);
      this.#put({ type: 'remove', markId: mark.id });
    }
  }

  redo(): void {
    const at = this.#undone.findLastIndex(({ surface }) => surface === this.surface);
    const [mark] = at < 0 ? [] : this.#undone.splice(at, 1);
    if (mark) {
      this.#put({ type: 'restore', markId: mark.id }, mark);
    }
  }

  /** Everybody's marks. */
  clear(): void {
    this.#undone = [];
    this.#put({ type: 'clear', surface: this.surface });
  }

  #lastOwn(): PlacedMark | undefined {
    return this.marks.findLast(({ by }) => by === this.#host.me);
  }

  #put(operation: BoardOperation, restored?: PlacedMark): void {
    if (restored) {
      this.#restoring.set(restored.id, restored);
    }
    this.#operations.push(operation);
    this.#changed();
    void this.#work();
  }

  /** One after the other, or a mark might be taken back before it is there. */
  async #work(): Promise<void> {
    if (this.#working || !this.#opened) {
      return;
    }
    this.#working = true;
    for (let operation = this.#operations[0]; operation; operation = this.#operations[0]) {
      try {
        await this.#host.request('draw', { sessionId: this.#host.sessionId, operation });
      } catch (error) {
        const code = error instanceof RequestError ? error.code : 'internal';
        if (code === 'notConnected') {
          // The next opening goes on from here; saying it twice does no harm.
          this.#opened = false;
          break;
        }
        if (PASSING.has(code)) {
          this.#cancelRetry();
          this.#cancelRetry = this.#host.later(() => void this.#work(), RETRY_MS);
          break;
        }
        this.#host.refused(code);
      }
      this.#operations.shift();
      if (operation.type === 'restore') {
        this.#restoring.delete(operation.markId);
      }
      this.#changed();
    }
    this.#working = false;
  }

  #withOperations(told: readonly PlacedMark[], surface: Surface): readonly PlacedMark[] {
    if (this.#operations.length === 0) {
      return told;
    }
    const marks = new Map(told.map((mark) => [mark.id, mark]));
    for (const operation of this.#operations) {
      if (operation.type === 'add') {
        const { mark } = operation;
        if (operation.surface === surface && !marks.has(mark.id)) {
          marks.set(mark.id, {
            ...mark,
            by: this.#host.me,
            surface,
            place: NOT_PLACED,
            ...nextNumber(mark, marks),
          });
        }
      } else if (operation.type === 'remove') {
        marks.delete(operation.markId);
      } else if (operation.type === 'restore') {
        const mark = this.#restoring.get(operation.markId);
        if (mark && mark.surface === surface) {
          marks.set(mark.id, mark);
        }
      } else if (operation.surface === surface) {
        marks.clear();
      }
    }
    return [...marks.values()].sort((one, other) => one.place - other.place);
  }

  // -------------------------------------------------------------- strokes in progress

  /** Nothing waits for the answer, and a lost sketch is lost. */
  sketch(sketch: Sketch): void {
    if (!this.sketchesFlow || !this.mayDraw) {
      return;
    }
    this.#sketchesOnTheWay += 1;
    const { sessionId, request } = this.#host;
    request('sketch', { sessionId, sketch })
      .catch(() => undefined)
      .finally(() => {
        this.#sketchesOnTheWay -= 1;
      });
  }

  #hearSketch({ markId, tool, colour, surface, from, points }: Sketch): void {
    if (this.marks.some(({ id }) => id === markId)) {
      return;
    }
    const now = this.#host.now();
    const held = this.#sketches.get(markId) ?? { tool, colour, surface, points: [], times: [] };
    this.#sketches.set(markId, held);
    const isLaser = tool === 'laser';
    // Where a sketch was lost, the line goes straight over the gap.
    const at = isLaser ? held.times.length : Math.min(from, held.times.length);
    held.points.splice(2 * at, held.points.length, ...points);
    held.times.splice(at, held.times.length, ...Array.from({ length: points.length / 2 }, () => now));
    const tooMany = held.times.length - MARK_POINTS_MAX;
    if (tooMany > 0) {
      held.points.splice(0, 2 * tooMany);
      held.times.splice(0, tooMany);
    }
  }

  /** Takes away what has faded. @returns whether something is still moving */
  age(): boolean {
    const now = this.#host.now();
    for (const [id, { tool, times }] of this.#sketches) {
      const last = times.at(-1) ?? 0;
      if (now - last > (tool === 'laser' ? LASER_LIFE_MS : SKETCH_LIFE_MS)) {
        this.#sketches.delete(id);
      }
    }
    return this.#sketches.size > 0;
  }

  /** Nothing is told to anybody any more. */
  close(): void {
    this.#generation += 1;
    this.#opened = false;
    this.#cancelRetry();
    this.#operations.length = 0;
  }
}

/** What the relay will most likely say. */
function nextNumber({ tool }: Mark, marks: ReadonlyMap<string, PlacedMark>): { number?: number } {
  return tool === 'numberedArrow'
    ? { number: 1 + Math.max(0, ...[...marks.values()].map(({ number = 0 }) => number)) }
    : {};
}
