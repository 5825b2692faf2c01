/** How marks look on a canvas. Every one has an outline of the opposite brightness, so that it stands out on any picture. */
import type { Mark, MarkColour } from '../protocol.ts';
import { type PictureView, type Point, toElement } from './picture-mapping.ts';
import { strokeOutline } from './stroke-outline.ts';

/** Okabe and Ito, "Color Universal Design" (2008). */
export const COLOURS: Record<MarkColour, string> = {
  vermilion: '#d55e00',
  orange: '#e69f00',
  yellow: '#f0e442',
  green: '#009e73',
  skyBlue: '#56b4e9',
  blue: '#0072b2',
  purple: '#cc79a7',
  black: '#000000',
};

/** Dark ones, which need a light outline. */
const DARK: ReadonlySet<MarkColour> = new Set(['vermilion', 'green', 'blue', 'black']);

/** Shares of the picture's longer side, so that marks cover the same of it on every screen. */
const PEN = 0.007;
const LINE = 0.006;
const HIGHLIGHTER = 0.03;
const ARROW_HEAD = 0.032;
const DISC = 0.02;
export const TEXT = 0.034;
const HALO = 0.0022;
const LASER_DOT = 0.018;
const LASER_TAIL = 0.008;
const LASER_STRENGTH = 1.5;
/** A line without length is not drawn at all, not even its round ends. */
const SPECK = 0.01;
const HIGHLIGHTER_OPACITY = 0.45;

/** What is drawn of a mark: also one that is not finished. */
export type Drawn = Pick<Mark, 'colour' | 'points' | 'text'> & { tool: Mark['tool']; number?: number };

export function outlineOf(colour: MarkColour): string {
  return DARK.has(colour) ? '#ffffff' : '#101418';
}

export function drawMark(
  context: CanvasRenderingContext2D,
  view: PictureView,
  mark: Drawn,
  finished = true,
): void {
  const side = Math.max(view.content.width, view.content.height);
  const points = pointsOf(view, mark.points);
  const pen: Pen = { context, side, colour: COLOURS[mark.colour], outline: outlineOf(mark.colour) };
  context.lineJoin = 'round';
  context.lineCap = 'round';
  const [first = { x: 0, y: 0 }] = points;
  const last = points.at(-1) ?? first;
  switch (mark.tool) {
    case 'pen':
      fill(pen, strokeOutline(points, PEN * side, finished));
      break;
    case 'highlighter':
      highlight(pen, points);
      break;
    case 'arrow':
      arrow(pen, first, last);
      break;
    case 'numberedArrow':
      arrow(pen, first, last);
      disc(pen, first, mark.number ?? 0);
      break;
    case 'circle':
      line(pen, ellipse(first, last));
      break;
    case 'rectangle':
      line(pen, rectangle(first, last));
      break;
    case 'text':
      text(pen, first, mark.text ?? '');
      break;
  }
}

type Pen = { context: CanvasRenderingContext2D; side: number; colour: string; outline: string };

export function pointsOf(view: PictureView, flat: readonly number[]): Point[] {
  const points: Point[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    points.push(toElement(view, { x: flat[at] ?? 0, y: flat[at + 1] ?? 0 }));
  }
  return points;
}

function fill({ context, side, colour, outline }: Pen, path: Path2D): void {
  context.strokeStyle = outline;
  context.lineWidth = 2 * HALO * side;
  context.stroke(path);
  context.fillStyle = colour;
  context.fill(path);
}

function line({ context, side, colour, outline }: Pen, path: Path2D): void {
  context.strokeStyle = outline;
  context.lineWidth = (LINE + 2 * HALO) * side;
  context.stroke(path);
  context.strokeStyle = colour;
  context.lineWidth = LINE * side;
  context.stroke(path);
}

/** In one piece, or it would be darker where it crosses itself. */
function highlight({ context, side, colour }: Pen, points: readonly Point[]): void {
  const path = new Path2D();
  const [first = { x: 0, y: 0 }] = points;
  path.moveTo(first.x, first.y);
  for (const { x, y } of points) {
    path.lineTo(x + SPECK, y);
  }
  context.globalAlpha = HIGHLIGHTER_OPACITY;
  context.strokeStyle = colour;
  context.lineWidth = HIGHLIGHTER * side;
  context.stroke(path);
  context.globalAlpha = 1;
}

function arrow(pen: Pen, tail: Point, tip: Point): void {
  const length = Math.hypot(tip.x - tail.x, tip.y - tail.y);
  const angle = Math.atan2(tip.y - tail.y, tip.x - tail.x);
  const head = Math.min(ARROW_HEAD * pen.side, length * 0.8);
  const barb = (turn: number): Point => ({
    x: tip.x - head * Math.cos(angle + turn),
    y: tip.y - head * Math.sin(angle + turn),
  });
  const [left, right] = [barb(0.5), barb(-0.5)];
  const shaft = new Path2D();
  shaft.moveTo(tail.x, tail.y);
  shaft.lineTo(tip.x, tip.y);
  shaft.moveTo(left.x, left.y);
  shaft.lineTo(tip.x, tip.y);
  shaft.lineTo(right.x, right.y);
  line(pen, shaft);
}

function disc(pen: Pen, centre: Point, number: number): void {
  const { context, side, outline } = pen;
  const path = new Path2D();
  path.arc(centre.x, centre.y, DISC * side, 0, 2 * Math.PI);
  fill(pen, path);
  context.fillStyle = outline;
  context.font = `700 ${DISC * side * 1.25}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(String(number), centre.x, centre.y);
}

function ellipse(one: Point, other: Point): Path2D {
  const path = new Path2D();
  const [rx, ry] = [Math.abs(one.x - other.x) / 2, Math.abs(one.y - other.y) / 2];
  path.ellipse((one.x + other.x) / 2, (one.y + other.y) / 2, rx, ry, 0, 0, 2 * Math.PI);
  return path;
}

function rectangle(one: Point, other: Point): Path2D {
  const path = new Path2D();
  path.rect(
    Math.min(one.x, other.x),
    Math.min(one.y, other.y),
    Math.abs(one.x - other.x),
    Math.abs(one.y - other.y),
  );
  return path;
}

/** Upright on every screen, whatever turn the picture has. */
function text({ context, side, colour, outline }: Pen, { x, y }: Point, words: string): void {
  context.font = `600 ${TEXT * side}px system-ui, sans-serif`;
  context.textAlign = 'left';
  context.textBaseline = 'top';
  context.strokeStyle = outline;
  context.lineWidth = 2.5 * HALO * side;
  context.strokeText(words, x, y);
  context.fillStyle = colour;
  context.fillText(words, x, y);
}

/** The red dot with a tail that fades. @param trail with ages of the points from 0, just now, to 1, gone */
export function drawLaser(
  context: CanvasRenderingContext2D,
  view: PictureView,
  trail: readonly { x: number; y: number; age: number }[],
): void {
  const side = Math.max(view.content.width, view.content.height);
  context.lineCap = 'round';
  trail.forEach((point, at) => {
    const { x, y } = toElement(view, point);
    const before = toElement(view, trail[at - 1] ?? point);
    // At full strength until the next sign of a pointer that stands still is due.
    const strength = Math.min(1, LASER_STRENGTH * (1 - point.age));
    const isDot = at === trail.length - 1;
    const width = (isDot ? LASER_DOT : LASER_TAIL * strength) * side;
    context.globalAlpha = strength;
    for (const [extra, colour] of [
      [2 * HALO * side, '#ffffff'],
      [0, '#e8001c'],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width + extra;
      context.beginPath();
      context.moveTo(isDot ? x : before.x, isDot ? y : before.y);
      context.lineTo(x + SPECK, y);
      context.stroke();
    }
  });
  context.globalAlpha = 1;
}
