/** The whiteboard as a page knows it: changes in whatever order they arrive, always the same board. Pure. */
import { type BoardChange, LIVE_SURFACE, type PlacedMark, type Surface } from '../protocol.ts';

type Entry = { mark: PlacedMark | undefined; shown: number; hidden: number };

/**
 * Each change has a number that grows over the session, and what a change says is whole. So for each mark, each erased
 * surface and the picture in front, the change with the greatest number is all that counts.
 */
export class Board {
  readonly #entries = new Map<string, Entry>();
  readonly #cleared = new Map<Surface, number>();
  #front = { surface: LIVE_SURFACE, seq: -1 };
  #sorted: { surface: Surface; marks: PlacedMark[] } | undefined;

  /** Which picture is in front. */
  get surface(): Surface {
    return this.#front.surface;
  }

  apply(change: BoardChange): void {
    this.#sorted = undefined;
    const { seq } = change;
    switch (change.type) {
      case 'shown': {
        const entry = this.#entry(change.mark.id);
        if (seq > entry.shown) {
          entry.shown = seq;
          entry.mark = change.mark;
        }
        break;
      }
      case 'hidden': {
        const entry = this.#entry(change.markId);
        entry.hidden = Math.max(entry.hidden, seq);
        break;
      }
      case 'cleared':
        this.#cleared.set(change.surface, Math.max(this.#cleared.get(change.surface) ?? -1, seq));
        break;
      case 'surface':
        if (seq > this.#front.seq) {
          this.#front = { surface: change.surface, seq };
        }
        break;
    }
  }

  /** What can be seen on a surface, the lowest first. The same array until something changes. */
  marks(surface: Surface): readonly PlacedMark[] {
    if (this.#sorted?.surface !== surface) {
      const cleared = this.#cleared.get(surface) ?? -1;
      const marks = [...this.#entries.values()].flatMap(({ mark, shown, hidden }) =>
        mark && mark.surface === surface && shown > Math.max(hidden, cleared) ? mark : [],
      );
      this.#sorted = { surface, marks: marks.sort((one, other) => one.place - other.place) };
    }
    return this.#sorted.marks;
  }

  /** Of a new connection: the relay tells everything again. */
  reset(): void {
    this.#entries.clear();
    this.#cleared.clear();
    this.#front = { surface: this.#front.surface, seq: -1 };
    this.#sorted = undefined;
  }

  #entry(id: string): Entry {
    let entry = this.#entries.get(id);
    if (!entry) {
      entry = { mark: undefined, shown: -1, hidden: -1 };
      this.#entries.set(id, entry);
    }
    return entry;
  }
}
