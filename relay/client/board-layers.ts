/**
 * Two canvases over a picture: finished marks, which are drawn again only when they or the picture's place change, and
 * what moves: strokes in progress, the laser, the cross of the keyboard. Pointer and keys become strokes here.
 */
import type { PlacedMark } from '../protocol.ts';
import { type BoardLink, LASER_LIFE_MS } from './board-link.ts';
import { DrawingHand, newMarkId } from './drawing-hand.ts';
import { type Drawn, drawLaser, drawMark } from './mark-drawing.ts';
import { isSameView, type PictureView, type Point, toElement, toPicture } from './picture-mapping.ts';

export type LayersHost = {
  link: Pick<BoardLink, 'surface' | 'marks' | 'sketches' | 'sketchesFlow' | 'age' | 'add' | 'sketch'>;
  finished: HTMLCanvasElement;
  moving: HTMLCanvasElement;
  /** Where the picture in front stands in `moving`; undefined while there is none. */
  view: () => PictureView | undefined;
  /** The person is to write at this place of the element. */
  write: (at: Point, place: Point) => void;
};

/** More pixels than that cost time and show nothing. */
const PIXEL_RATIO_MAX = 2;
/** One press of an arrow key; with Shift a tenth. */
const KEY_STEP = 200;
const CENTRE: Point = { x: 5_000, y: 5_000 };

export class BoardLayers {
  readonly hand: DrawingHand;
  readonly #host: LayersHost;
  readonly #observer: ResizeObserver;
  #frame: number | undefined;
  #view: PictureView | undefined;
  /** What the lower canvas shows. */
  #drawn: readonly PlacedMark[] = [];
  #laser: { x: number; y: number; at: number }[] = [];
  #isMovingEmpty = true;
  #pointer: number | undefined;
  /** Of the keyboard; undefined until an arrow key was pressed. */
  #cross: Point | undefined;
  #enabled = false;

  constructor(host: LayersHost) {
    this.#host = host;
    const { link, moving } = host;
    this.hand = new DrawingHand({
      add: (mark) => link.add(mark),
      sketch: (sketch) => link.sketch(sketch),
      sketchesFlow: () => link.sketchesFlow,
      surface: () => link.surface,
      write: (at) => {
        const view = this.#currentView();
        if (view) {
          host.write(at, toElement(view, at));
        }
      },
      later: (callback, delayMs) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
      newId: newMarkId,
    });
    this.#observer = new ResizeObserver(() => this.redraw());
    this.#observer.observe(moving);
    moving.addEventListener('pointerdown', this.#down);
    moving.addEventListener('pointermove', this.#move);
    moving.addEventListener('pointerup', this.#up);
    moving.addEventListener('pointercancel', this.#cancel);
    moving.addEventListener('keydown', this.#key);
    moving.addEventListener('blur', this.#left);
  }

  /** Whether pointer and keys draw. */
  set enabled(enabled: boolean) {
    this.#enabled = enabled;
    if (!enabled) {
      this.hand.cancel();
      this.#cross = undefined;
      this.redraw();
    }
  }

  close(): void {
    this.hand.cancel();
    this.#observer.disconnect();
    if (this.#frame !== undefined) {
      cancelAnimationFrame(this.#frame);
    }
  }

  /** Something has changed; drawn with the next frame. */
  redraw(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#draw();
    });
  }

  // -------------------------------------------------------------- drawing

  #currentView(): PictureView | undefined {
    const { moving, view } = this.#host;
    return moving.clientWidth === 0 ? undefined : view();
  }

  #draw(): void {
    const view = this.#currentView();
    if (!view) {
      this.#wipe(this.#host.finished);
      this.#wipe(this.#host.moving);
      this.#drawn = [];
      this.#view = undefined;
      return;
    }
    const isMoved = this.#fitCanvases() || !this.#view || !isSameView(view, this.#view);
    this.#view = view;
    this.#drawFinished(view, isMoved);
    if (this.#drawMoving(view)) {
      this.redraw();
    }
  }

  #fitCanvases(): boolean {
    const { finished, moving } = this.#host;
    const ratio = Math.min(devicePixelRatio, PIXEL_RATIO_MAX);
    const [width, height] = [Math.round(moving.clientWidth * ratio), Math.round(moving.clientHeight * ratio)];
    if (moving.width === width && moving.height === height) {
      return false;
    }
    for (const canvas of [finished, moving]) {
      canvas.width = width;
      canvas.height = height;
    }
    return true;
  }

  #drawFinished(view: PictureView, isMoved: boolean): void {
    const { marks } = this.#host.link;
    if (!isMoved && marks === this.#drawn) {
      return;
    }
    // A new mark lies on top of those that are there already.
    const isMore = !isMoved && this.#drawn.every((mark, at) => isSame(mark, marks[at]));
    const context = this.#context(this.#host.finished, !isMore);
    for (const mark of isMore ? marks.slice(this.#drawn.length) : marks) {
      drawMark(context, view, mark);
    }
    this.#drawn = marks;
  }

  /** @returns whether it looks different with the next frame by itself */
  #drawMoving(view: PictureView): boolean {
    const { link, moving } = this.#host;
    const isAlive = link.age();
    const now = performance.now();
    const { stroke } = this.hand;
    const held = stroke?.tool === 'laser' ? this.#laser.at(-1) : undefined;
    if (held) {
      held.at = now;
    }
    this.#laser = this.#laser.filter(({ at }) => now - at < LASER_LIFE_MS);
    const isEmpty = !isAlive && this.#laser.length === 0 && !stroke && !this.#cross;
    if (isEmpty && this.#isMovingEmpty) {
      return false;
    }
    this.#isMovingEmpty = isEmpty;
    const context = this.#context(moving, true);
    for (const { tool, colour, points, times } of link.sketches) {
      if (tool === 'laser') {
        drawLaser(context, view, trailOf(points, times, now));
      } else {
        drawMark(context, view, { tool, colour, points }, false);
      }
    }
    if (this.#laser.length > 0) {
      const trail = this.#laser.map(({ x, y, at }) => ({ x, y, age: (now - at) / LASER_LIFE_MS }));
      drawLaser(context, view, trail);
    }
    if (stroke && stroke.tool !== 'laser') {
      const number = stroke.tool === 'numberedArrow' ? this.#nextNumber() : 0;
      drawMark(context, view, { ...stroke, tool: stroke.tool, number }, false);
    }
    if (this.#cross) {
      drawCross(context, toElement(view, this.#cross));
    }
    return isAlive || this.#laser.length > 0;
  }

  #nextNumber(): number {
    return 1 + this.#host.link.marks.reduce((highest, { number = 0 }) => Math.max(highest, number), 0);
  }

  #context(canvas: HTMLCanvasElement, clean: boolean): CanvasRenderingContext2D {
    const context = canvas.getContext('2d');
    if (!context) {
      throw new Error('This browser cannot draw.');
    }
    const ratio = canvas.width / Math.max(1, canvas.clientWidth);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (clean) {
      context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    }
    return context;
  }

  #wipe(canvas: HTMLCanvasElement): void {
    canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
  }

  // -------------------------------------------------------------- pointer

  readonly #down = (event: PointerEvent): void => {
    const view = this.#currentView();
    if (!this.#enabled || this.#pointer !== undefined || !view || event.button !== 0) {
      return;
    }
    event.preventDefault();
    const { moving } = this.#host;
    moving.focus({ preventScroll: true });
    this.#cross = undefined;
    if (this.hand.tool !== 'text') {
      this.#pointer = event.pointerId;
      moving.setPointerCapture(event.pointerId);
    }
    this.#put(toPicture(view, { x: event.offsetX, y: event.offsetY }), 'begin');
  };

  readonly #move = (event: PointerEvent): void => {
    const view = this.#view;
    if (event.pointerId !== this.#pointer || !view) {
      return;
    }
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const { offsetX, offsetY } of coalesced.length > 0 ? coalesced : [event]) {
      this.#put(toPicture(view, { x: offsetX, y: offsetY }), 'move');
    }
  };

  readonly #up = (event: PointerEvent): void => {
    if (event.pointerId === this.#pointer) {
      this.#pointer = undefined;
      this.hand.end();
      this.redraw();
    }
  };

  readonly #cancel = (event: PointerEvent): void => {
    if (event.pointerId === this.#pointer) {
      this.#pointer = undefined;
      this.hand.cancel();
      this.redraw();
    }
  };

  #put(at: Point, step: 'begin' | 'move'): void {
    this.hand[step](at);
    if (this.hand.stroke?.tool === 'laser') {
      this.#laser.push({ ...at, at: performance.now() });
    }
    this.redraw();
  }

  // -------------------------------------------------------------- keyboard

  /** Arrow keys lead a cross; Enter presses and lifts the pen there, Escape lets go. */
  readonly #key = (event: KeyboardEvent): void => {
    if (!this.#enabled) {
      return;
    }
    const step = event.shiftKey ? KEY_STEP / 10 : KEY_STEP;
    const [x, y] = KEYS[event.key] ?? [0, 0];
    if (event.key === 'Enter' || event.key === ' ') {
      this.#pressKey();
    } else if (event.key === 'Escape' && this.hand.stroke) {
      this.hand.cancel();
    } else if (x === 0 && y === 0) {
      return;
    } else {
      const before = this.#cross ?? CENTRE;
      this.#cross = { x: clamp(before.x + x * step), y: clamp(before.y + y * step) };
      this.#put(this.#cross, this.hand.tool === 'laser' && !this.hand.stroke ? 'begin' : 'move');
    }
    event.preventDefault();
    event.stopPropagation();
    this.redraw();
  };

  #pressKey(): void {
    this.#cross ??= CENTRE;
    if (this.hand.stroke) {
      this.hand.end();
    } else {
      this.#put(this.#cross, 'begin');
    }
  }

  readonly #left = (): void => {
    this.#cross = undefined;
    this.redraw();
  };
}

const KEYS: Record<string, readonly [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function clamp(value: number): number {
  return Math.min(10_000, Math.max(0, value));
}

/** Looks the same: the relay's word for a mark that was drawn here is another object. */
function isSame(one: PlacedMark, other: PlacedMark | undefined): boolean {
  return one.id === other?.id && one.number === other.number;
}

function trailOf(points: readonly number[], times: readonly number[], now: number) {
  return times.flatMap((at, index) => {
    const age = (now - at) / LASER_LIFE_MS;
    return age < 1
      ? [{ x: points[2 * index] ?? 0, y: points[2 * index + 1] ?? 0, age: Math.max(0, age) }]
      : [];
  });
}

function drawCross(context: CanvasRenderingContext2D, { x, y }: Point): void {
  for (const [width, colour] of [
    [5, '#ffffff'],
    [2, '#101418'],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(x - 14, y);
    context.lineTo(x + 14, y);
    context.moveTo(x, y - 14);
    context.lineTo(x, y + 14);
    context.stroke();
  }
}

/** The still with its marks, as large as it is. */
export function drawPicture(picture: ImageBitmap, marks: readonly Drawn[]): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext('2d');
  if (context) {
    context.drawImage(picture, 0, 0);
    const content = { left: 0, top: 0, width: picture.width, height: picture.height };
    for (const mark of marks) {
      drawMark(context, { content, quarterTurns: 0, mirrored: false }, mark);
    }
  }
  return canvas;
}
