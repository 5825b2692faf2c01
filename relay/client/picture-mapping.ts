/** Where a point of the page lies on the picture, and back: letterboxing, cropping, turns and mirrors. Pure. */
import { BOARD_UNITS } from '../protocol.ts';

export type Size = { width: number; height: number };
export type Box = Size & { left: number; top: number };
export type Point = { x: number; y: number };

/** How a picture stands in an element. */
export type PictureView = {
  /** What the upright picture covers, turned as it is shown; in the element's own pixels, perhaps beyond its edges. */
  content: Box;
  /** Clockwise. */
  quarterTurns: 0 | 1 | 2 | 3;
  mirrored: boolean;
};

/** As `object-fit` does it, centred. @param picture upright */
export function fitPicture(
  element: Size,
  picture: Size,
  fit: 'contain' | 'cover',
  quarterTurns: PictureView['quarterTurns'] = 0,
): Box {
  const isTurned = quarterTurns % 2 === 1;
  const shape = isTurned ? { width: picture.height, height: picture.width } : picture;
  const [across, down] = [element.width / shape.width, element.height / shape.height];
  const scale = fit === 'contain' ? Math.min(across, down) : Math.max(across, down);
  const [width, height] = [shape.width * scale, shape.height * scale];
  return { left: (element.width - width) / 2, top: (element.height - height) / 2, width, height };
}

/** @returns the point in board units, at the edge where it is beyond */
export function toPicture({ content, quarterTurns, mirrored }: PictureView, { x, y }: Point): Point {
  const across = (x - content.left) / content.width;
  const down = (y - content.top) / content.height;
  const [u, v] = (
    [
      [across, down],
      [down, 1 - across],
      [1 - across, 1 - down],
      [1 - down, across],
    ] as const
  )[quarterTurns];
  return { x: units(mirrored ? 1 - u : u), y: units(v) };
}

function units(share: number): number {
  const within = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  return Math.round(within * BOARD_UNITS);
}

/** The reverse. @param point in board units */
export function toElement({ content, quarterTurns, mirrored }: PictureView, { x, y }: Point): Point {
  const u = mirrored ? 1 - x / BOARD_UNITS : x / BOARD_UNITS;
  const v = y / BOARD_UNITS;
  const [across, down] = (
    [
      [u, v],
      [1 - v, u],
      [1 - u, 1 - v],
      [v, 1 - u],
    ] as const
  )[quarterTurns];
  return { x: content.left + across * content.width, y: content.top + down * content.height };
}

export function isSameView(one: PictureView, other: PictureView): boolean {
  const [a, b] = [one.content, other.content];
  return (
    one.quarterTurns === other.quarterTurns &&
    one.mirrored === other.mirrored &&
    a.left === b.left &&
    a.top === b.top &&
    a.width === b.width &&
    a.height === b.height
  );
}
