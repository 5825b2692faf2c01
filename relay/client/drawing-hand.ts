/**
 * A pen in a hand, whatever moves it: pointer or arrow keys. Turns points into marks, and tells of them in batches while
 * they grow. Coordinates in board units.
 */
import {
  BOARD_UNITS,
  MARK_POINTS_MAX,
  type Mark,
  type MarkColour,
  type MarkTool,
  SKETCH_POINTS_MAX,
  type Sketch,
  type Surface,
} from '../protocol.ts';
import type { Point } from './picture-mapping.ts';

export type DrawingTool = MarkTool | 'laser';

export type HandHost = {
  add: (mark: Mark) => void;
  sketch: (sketch: Sketch) => void;
  /** Whether sketches get away; else their points wait for the next one. */
  sketchesFlow: () => boolean;
  surface: () => Surface;
  /** The person is to write something at this point. */
  write: (at: Point) => void;
  later: (callback: () => void, delayMs: number) => () => void;
  newId: () => string;
};

/** What is drawn now. */
export type Stroke = { id: string; tool: DrawingTool; colour: MarkColour; points: number[] };

/** Between two sketches of a stroke: about two frames of a screen. */
const SKETCH_INTERVAL_MS = 33;
const LASER_REPEAT_MS = 300;
/** Points of a stroke keep at least this distance; long strokes have fewer, so that all fit into one mark. */
const STEP = 15;
const STEPS_GROW_AFTER = 250;
/** A press without a way gives a mark of this size. */
const SHORT = 60;
const ORDINARY = 700;

export class DrawingHand {
  #tool: DrawingTool = 'pen';
  colour: MarkColour = 'vermilion';
  readonly #host: HandHost;
  #stroke: Stroke | undefined;
  #sent = 0;
  #cancelTimer: (() => void) | undefined;
  #cancelHold: (() => void) | undefined;

  constructor(host: HandHost) {
    this.#host = host;
  }

  get tool(): DrawingTool {
    return this.#tool;
  }

  /** Another one in the hand drops what the one before was drawing. */
  set tool(tool: DrawingTool) {
    if (tool !== this.#tool) {
      this.cancel();
      this.#tool = tool;
    }
  }

  get stroke(): Stroke | undefined {
    return this.#stroke;
  }

  begin(at: Point): void {
    this.cancel();
    if (this.tool === 'text') {
      this.#host.write(at);
      return;
    }
    this.#stroke = { id: this.#host.newId(), tool: this.tool, colour: this.colour, points: [at.x, at.y] };
    this.#sent = 0;
    this.#tell();
  }

  move(to: Point): void {
    const stroke = this.#stroke;
    if (!stroke) {
      return;
    }
    const { points, tool } = stroke;
    if (isFreehand(tool)) {
      const [x = 0, y = 0] = points.slice(-2);
      const count = points.length / 2;
      const step = STEP * (1 + Math.max(0, count - STEPS_GROW_AFTER) / 50);
      if (Math.hypot(to.x - x, to.y - y) < step || count >= MARK_POINTS_MAX) {
        return;
      }
      points.push(to.x, to.y);
    } else {
      points.splice(2, 2, to.x, to.y);
      this.#sent = 0;
    }
    this.#tell();
  }

  /** The mark is finished. */
  end(): void {
    const stroke = this.#stroke;
    if (!stroke) {
      return;
    }
    this.#flush();
    this.cancel();
    const { id, tool, colour, points } = stroke;
    if (tool !== 'laser') {
      this.#host.add({ id, tool, colour, points: isFreehand(tool) ? points : withSize(tool, points) });
    }
  }

  /** Nothing comes of it. */
  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#cancelHold?.();
    this.#cancelHold = undefined;
    this.#stroke = undefined;
  }

  /** What was written at that point. */
  write(at: Point, text: string): void {
    this.#host.add({ id: this.#host.newId(), tool: 'text', colour: this.colour, points: [at.x, at.y], text });
  }

  /** At once, and then not more often than the interval. */
  #tell(): void {
    if (this.#cancelTimer) {
      return;
    }
    this.#cancelHold?.();
    this.#cancelHold = undefined;
    this.#flush();
    this.#cancelTimer = this.#host.later(() => {
      this.#cancelTimer = undefined;
      if (this.#stroke && this.#sent < this.#stroke.points.length / 2) {
        this.#tell();
      } else if (this.#stroke?.tool === 'laser') {
        this.#cancelHold = this.#host.later(() => {
          // One that stands still would fade at the other side.
          this.#sent = 0;
          this.#tell();
        }, LASER_REPEAT_MS);
      }
    }, SKETCH_INTERVAL_MS);
  }

  #flush(): void {
    const stroke = this.#stroke;
    if (!stroke || stroke.tool === 'text' || !this.#host.sketchesFlow()) {
      return;
    }
    const from = stroke.tool === 'laser' ? Math.min(this.#sent, 1) : this.#sent;
    const points = stroke.points.slice(2 * from, 2 * (from + SKETCH_POINTS_MAX));
    if (points.length === 0) {
      return;
    }
    this.#sent = from + points.length / 2;
    const { id, tool, colour } = stroke;
    this.#host.sketch({ markId: id, surface: this.#host.surface(), tool, colour, from, points });
    if (tool === 'laser') {
      // It has no beginning: a person may point for an hour.
      stroke.points.splice(0, stroke.points.length - 2);
      this.#sent = 1;
    }
  }
}

function isFreehand(tool: DrawingTool): boolean {
  return tool === 'pen' || tool === 'highlighter' || tool === 'laser';
}

function within(value: number): number {
  return Math.min(BOARD_UNITS, Math.max(0, Math.round(value)));
}

/** An arrow that points at where the person pressed; a frame around it. */
function withSize(tool: DrawingTool, points: readonly number[]): number[] {
  const [x = 0, y = 0, endX = x, endY = y] = points;
  if (Math.hypot(endX - x, endY - y) >= SHORT) {
    return [x, y, endX, endY];
  }
  if (tool === 'circle' || tool === 'rectangle') {
    return [within(x - ORDINARY), within(y - ORDINARY), within(x + ORDINARY), within(y + ORDINARY)];
  }
  const side = x > 2 * ORDINARY ? -1 : 1;
  return [within(x + side * 1.5 * ORDINARY), within(y + (y > 2 * ORDINARY ? -1 : 1) * 1.5 * ORDINARY), x, y];
}

/** Unique in a session, also among the pages of other people. */
export function newMarkId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
