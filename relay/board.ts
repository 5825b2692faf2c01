/**
 * The whiteboard of one session: which marks there are, in which order, and what may be done to them. Pure: it says what
 * a change would be, and makes it once whoever asked has it on disk.
 */
import {
  BOARD_MARKS_MAX,
  BOARD_PART_BYTES,
  BOARD_POINTS_MAX,
  type BoardChange,
  type BoardOperation,
  DRAW_BURST,
  DRAW_RATE_PER_S,
  type ErrorCode,
  LIVE_SURFACE,
  type Mark,
  type PlacedMark,
  type Role,
  type Surface,
} from './protocol.ts';

/** A mark with whether it was taken back; then its author may still restore it. */
export type HeldMark = { mark: PlacedMark; hidden: boolean };

/** A change to come. */
export type BoardStep = {
  change: BoardChange;
  /** Marks that nobody can restore any more. */
  forgotten: string[];
};

/** What of a board is on disk, oldest mark first. */
export type StoredBoard = { marks: HeldMark[]; surface: Surface; surfaces: number };

/** JSON of a mark without its points, and of one coordinate, about. */
const MARK_BYTES = 160;
const COORDINATE_BYTES = 5;

export class SessionBoard {
  /** In the order of their places. */
  readonly #marks = new Map<string, HeldMark & { seq: number }>();
  readonly #paces: Record<Role, DrawPace> = { technician: new DrawPace(), customer: new DrawPace() };
  #points = 0;
  #seq = 0;
  #lastPlace = 0;
  #surface: Surface = LIVE_SURFACE;
  /** Number of the newest still; each has its own. */
  #surfaces = 0;

  /** Which picture is in front. */
  get surface(): Surface {
    return this.#surface;
  }

  /** Nobody has drawn here yet. */
  get isUntouched(): boolean {
    return this.#lastPlace === 0;
  }

  restore({ marks, surface, surfaces }: StoredBoard): void {
    for (const held of marks) {
      this.#hold(held.mark, held.hidden, held.mark.place);
    }
    this.#seq = this.#lastPlace;
    this.#surface = surface;
    this.#surfaces = surfaces;
  }

  /** @param now milliseconds */
  allows(by: Role, now: number): boolean {
    return this.#paces[by].allows(now);
  }

  /** @returns undefined when everything is so already, such as for what a page says again after a lost answer */
  plan(operation: BoardOperation, by: Role): BoardStep | ErrorCode | undefined {
    switch (operation.type) {
      case 'add':
        return this.#planAdd(operation.mark, operation.surface, by);
      case 'remove':
      case 'restore':
        return this.#planTurn(operation.markId, operation.type, by);
      case 'clear':
        return by === 'technician'
          ? this.#step({ type: 'cleared', seq: this.#seq + 1, surface: operation.surface })
          : 'notAllowed';
    }
  }

  #planAdd(mark: Mark, surface: Surface, by: Role): BoardStep | ErrorCode | undefined {
    const held = this.#marks.get(mark.id);
    if (held) {
      return held.mark.by === by ? undefined : 'notAllowed';
    }
    // Whoever was drawing on the live picture when it was frozen meant that one.
    if (surface !== this.#surface && surface !== LIVE_SURFACE) {
      return 'wrongState';
    }
    const forgotten = [...this.#marks.values()].filter(({ mark, hidden }) => hidden && mark.by === by);
    const points = forgotten.reduce((sum, { mark }) => sum + mark.points.length / 2, 0);
    if (
      this.#marks.size - forgotten.length >= BOARD_MARKS_MAX ||
      this.#points - points + mark.points.length / 2 > BOARD_POINTS_MAX
    ) {
      return 'boardFull';
    }
    const placed: PlacedMark = {
      ...mark,
      by,
      surface,
      place: this.#lastPlace + 1,
      ...this.#numberFor(mark, surface),
    };
    return this.#step(
      { type: 'shown', seq: this.#seq + 1, mark: placed },
      forgotten.map(({ mark: { id } }) => id),
    );
  }

  #planTurn(markId: string, turn: 'remove' | 'restore', by: Role): BoardStep | ErrorCode | undefined {
    const held = this.#marks.get(markId);
    if (!held) {
      return turn === 'remove' ? undefined : 'wrongState';
    }
    const { mark, hidden } = held;
    if (mark.by !== by) {
      return 'notAllowed';
    }
    if (hidden === (turn === 'remove')) {
      return undefined;
    }
    const seq = this.#seq + 1;
    return this.#step(
      turn === 'remove'
        ? { type: 'hidden', seq, markId }
        : { type: 'shown', seq, mark: { ...mark, ...this.#numberFor(mark, mark.surface) } },
    );
  }

  /** The next one after those that can be seen: a number is never there twice, and one that was taken back is free. */
  #numberFor({ tool }: Mark, surface: Surface): { number?: number } {
    if (tool !== 'numberedArrow') {
      return {};
    }
    let highest = 0;
    for (const { mark, hidden } of this.#marks.values()) {
      if (!hidden && mark.surface === surface && (mark.number ?? 0) > highest) {
        highest = mark.number ?? 0;
      }
    }
    return { number: highest + 1 };
  }

  /** The number of the next still. */
  get nextSurface(): Surface {
    return this.#surfaces + 1;
  }

  /** Another picture in front. The marks of the still before go with it; those of the live picture stay. */
  planSurface(surface: Surface): BoardStep | undefined {
    return surface === this.#surface
      ? undefined
      : this.#step({ type: 'surface', seq: this.#seq + 1, surface });
  }

  #step(change: BoardChange, forgotten: string[] = []): BoardStep {
    return { change, forgotten };
  }

  make({ change, forgotten }: BoardStep): void {
    this.#seq = change.seq;
    for (const id of forgotten) {
      this.#forget(id);
    }
    switch (change.type) {
      case 'shown':
        this.#hold(change.mark, false, change.seq);
        break;
      case 'hidden': {
        const held = this.#marks.get(change.markId);
        if (held) {
          held.hidden = true;
          held.seq = change.seq;
        }
        break;
      }
      case 'cleared':
        this.#forgetAll(change.surface);
        break;
      case 'surface':
        if (this.#surface !== LIVE_SURFACE) {
          this.#forgetAll(this.#surface);
        }
        this.#surface = change.surface;
        this.#surfaces = Math.max(this.#surfaces, change.surface);
        break;
    }
  }

  /** What a page is told of the board, as changes: the marks after that place, as many as fit into one answer. */
  part(after: number): { changes: BoardChange[]; next?: number } {
    const changes: BoardChange[] = [{ type: 'surface', seq: this.#seq, surface: this.#surface }];
    let bytes = 0;
    let last = after;
    for (const { mark, hidden, seq } of this.#marks.values()) {
      if (hidden || mark.place <= after) {
        continue;
      }
      if (bytes >= BOARD_PART_BYTES) {
        return { changes, next: last };
      }
      changes.push({ type: 'shown', seq, mark });
      bytes += MARK_BYTES + mark.points.length * COORDINATE_BYTES;
      last = mark.place;
    }
    return { changes };
  }

  #hold(mark: PlacedMark, hidden: boolean, seq: number): void {
    if (!this.#marks.has(mark.id)) {
      this.#points += mark.points.length / 2;
    }
    this.#marks.set(mark.id, { mark, hidden, seq });
    this.#lastPlace = Math.max(this.#lastPlace, mark.place);
  }

  #forgetAll(surface: Surface): void {
    for (const { mark } of [...this.#marks.values()]) {
      if (mark.surface === surface) {
        this.#forget(mark.id);
      }
    }
  }

  #forget(id: string): void {
    this.#points -= (this.#marks.get(id)?.mark.points.length ?? 0) / 2;
    this.#marks.delete(id);
  }
}

/** Token bucket of one person: each mark is a wait for the disk. */
class DrawPace {
  #allowance = DRAW_BURST;
  #at = 0;

  allows(now: number): boolean {
    const earned = (Math.max(0, now - this.#at) / 1000) * DRAW_RATE_PER_S;
    this.#allowance = Math.min(DRAW_BURST, this.#allowance + earned);
    this.#at = now;
    if (this.#allowance < 1) {
      return false;
    }
    this.#allowance -= 1;
    return true;
  }
}
