/** The technician's marks on one photo: drawn at once, sent to the relay in order, kept apart from the picture. */
import { RequestError } from '../relay/client/connection.ts';
import type { DrawingTool } from '../relay/client/drawing-hand.ts';
import {
  LIVE_SURFACE,
  type Mark,
  type MarkColour,
  type Params,
  PHOTO_MARK_OPERATIONS_MAX,
  type PhotoId,
  type PhotoMarkOperation,
  type PlacedMark,
  type Result,
  type SessionId,
} from '../relay/protocol.ts';
import type { FailureCode } from './outcome.ts';

export type MarksRequest = <T extends 'openPhotoMarks' | 'markPhoto'>(
  type: T,
  params: Params<T>,
) => Promise<Result<T>>;

const RETRY_MS = 1_000;

/** Stands where a whiteboard stands for `board-view`. */
export class PhotoMarks {
  tool: DrawingTool | undefined;
  colour: MarkColour = 'vermilion';
  problem: FailureCode | undefined;
  readonly frozen = false;
  readonly still = undefined;
  readonly #photo: { sessionId: SessionId; photoId: PhotoId };
  readonly #request: MarksRequest;
  readonly #listeners = new Set<() => void>();
  readonly #operations: PhotoMarkOperation[] = [];
  #undone: PlacedMark[] = [];
  #marks: readonly PlacedMark[] = [];
  #loaded = false;
  #working = false;

  constructor(photo: { sessionId: SessionId; photoId: PhotoId }, request: MarksRequest) {
    this.#photo = photo;
    this.#request = request;
    void this.#load();
  }

  /** What `BoardLayers` draws from and adds to. Nobody else draws here, so nothing is in progress elsewhere. */
  readonly link = {
    surface: LIVE_SURFACE,
    sketchesFlow: false,
    sketches: [],
    marks: this.#marks,
    age: () => false,
    sketch: () => undefined,
    add: (mark: Mark) => this.add([mark]),
  };

  get marks(): readonly PlacedMark[] {
    return this.#marks;
  }

  get canUndo(): boolean {
    return this.#marks.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  choose(tool: DrawingTool | undefined): void {
    this.tool = tool;
    this.#emit();
  }

  paint(colour: MarkColour): void {
    this.colour = colour;
    this.#emit();
  }

  add(marks: readonly Mark[]): void {
    this.#undone = [];
    this.#put(marks);
  }

  #put(marks: readonly Mark[]): void {
    const placed = marks.map((mark, at) => ({
      ...mark,
      ...{ by: 'technician' as const, surface: LIVE_SURFACE, place: this.#marks.length + 1 + at },
      ...(mark.tool === 'numberedArrow' && { number: this.#nextNumber() }),
    }));
    this.#show([...this.#marks, ...placed]);
    this.#operations.push(...marks.map((mark) => ({ type: 'add' as const, mark: bare(mark) })));
    void this.#work();
  }

  #nextNumber(): number {
    return 1 + this.#marks.reduce((highest, { number = 0 }) => Math.max(highest, number), 0);
  }

  undo(): void {
    const last = this.#marks.at(-1);
    if (last) {
      this.#undone.push(last);
      this.#remove([last]);
    }
  }

  redo(): void {
    const mark = this.#undone.pop();
    if (mark) {
      this.#put([mark]);
    }
  }

  clear(): void {
    this.#remove([...this.#marks]);
  }

  #remove(marks: readonly PlacedMark[]): void {
    const ids = new Set(marks.map(({ id }) => id));
    this.#show(this.#marks.filter(({ id }) => !ids.has(id)));
    this.#operations.push(...[...ids].map((markId) => ({ type: 'remove' as const, markId })));
    void this.#work();
  }

  #show(marks: readonly PlacedMark[]): void {
    this.#marks = marks;
    this.link.marks = marks;
    this.#emit();
  }

  async #load(): Promise<void> {
    for (;;) {
      try {
        const { marks } = await this.#request('openPhotoMarks', this.#photo);
        // What was drawn before the answer lies above.
        this.#show([...marks, ...this.#marks.filter(({ id }) => !marks.some((mark) => mark.id === id))]);
        break;
      } catch (error) {
        if (!isPassing(error)) {
          break;
        }
        await pause();
      }
    }
    this.#loaded = true;
    void this.#work();
  }

  /** In order, and as often as it takes. */
  async #work(): Promise<void> {
    if (this.#working || !this.#loaded) {
      return;
    }
    this.#working = true;
    while (this.#operations.length > 0) {
      const operations = this.#operations.slice(0, PHOTO_MARK_OPERATIONS_MAX);
      try {
        await this.#request('markPhoto', { ...this.#photo, operations });
        this.#operations.splice(0, operations.length);
        this.problem = undefined;
      } catch (error) {
        if (isPassing(error)) {
          await pause();
          continue;
        }
        this.#operations.splice(0, operations.length);
        this.problem = error instanceof RequestError ? error.code : 'internal';
        this.#emit();
      }
    }
    this.#working = false;
  }

  #emit(): void {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }
}

function bare({ id, tool, colour, points, text }: Mark): Mark {
  return { id, tool, colour, points, ...(text !== undefined && { text }) };
}

function isPassing(error: unknown): boolean {
  const code = error instanceof RequestError ? error.code : 'internal';
  return code === 'notConnected' || code === 'tooManyMessages' || code === 'draining';
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, RETRY_MS));
}
