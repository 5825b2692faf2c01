/**
 * What the customer has blacked out of the picture. Rectangles in shares of the picture as it stands upright, so that they
 * fit every size in which it leaves the phone: video, stills, frozen pictures, photos. Pure but for `paintCovers`.
 */
import { COVERS_MAX, type Cover, type Covers, coveredWord } from './cover-set.ts';

/** A finger needs something to hold on to. */
export const COVER_MIN = 0.04;
/** Where the keyboard begins: a quarter of the picture, in its middle. */
const COVER_MIDDLE: Cover = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
/** The edges of a cover are on no half pixels: what is just beside it must not shine through. */
const MARGIN_PX = 1;

/** Two opposite corners, in any order, also beyond the edges. */
export function coverBetween(fromX: number, fromY: number, toX: number, toY: number): Cover {
  const [left, right] = [Math.min(fromX, toX), Math.max(fromX, toX)].map(share) as [number, number];
  const [top, bottom] = [Math.min(fromY, toY), Math.max(fromY, toY)].map(share) as [number, number];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** A tap is no cover. */
export function isLargeEnough({ width, height }: Cover): boolean {
  return width >= COVER_MIN && height >= COVER_MIN;
}

export function withCover(covers: Covers, cover: Cover = COVER_MIDDLE): Covers {
  return covers.parts.length < COVERS_MAX ? { ...covers, parts: [...covers.parts, cover] } : covers;
}

export function withoutCover(covers: Covers, index: number): Covers {
  return { ...covers, parts: covers.parts.filter((_, i) => i !== index) };
}

export function withChanged(covers: Covers, index: number, changed: Cover): Covers {
  return { ...covers, parts: covers.parts.map((cover, i) => (i === index ? changed : cover)) };
}

/** Stays whole within the picture. */
export function moved(cover: Cover, byX: number, byY: number): Cover {
  return {
    ...cover,
    x: Math.min(Math.max(0, cover.x + byX), 1 - cover.width),
    y: Math.min(Math.max(0, cover.y + byY), 1 - cover.height),
  };
}

/** The lower right corner moves; the upper left one stays. */
export function resized(cover: Cover, byX: number, byY: number): Cover {
  return {
    ...cover,
    width: Math.min(Math.max(COVER_MIN, cover.width + byX), 1 - cover.x),
    height: Math.min(Math.max(COVER_MIN, cover.height + byY), 1 - cover.y),
  };
}

/** As it looks in a mirror, or from there back. */
export function mirroredCover(cover: Cover): Cover {
  return { ...cover, x: 1 - cover.x - cover.width };
}

/** What a canvas context needs for it. */
export type CoverCanvas = {
  fillStyle: string | CanvasGradient | CanvasPattern;
  fillRect(x: number, y: number, width: number, height: number): void;
};

/**
 * Blacks out what is covered in a picture that was just drawn.
 * @param width of the picture in the canvas, which begins at its upper left corner
 */
export function paintCovers(context: CoverCanvas, covers: Covers, width: number, height: number): void {
  if (coveredWord(covers) === 'nothing') {
    return;
  }
  context.fillStyle = '#000000';
  if (covers.everything) {
    context.fillRect(0, 0, width, height);
    return;
  }
  for (const cover of covers.parts) {
    const left = Math.floor(cover.x * width) - MARGIN_PX;
    const top = Math.floor(cover.y * height) - MARGIN_PX;
    const right = Math.ceil((cover.x + cover.width) * width) + MARGIN_PX;
    const bottom = Math.ceil((cover.y + cover.height) * height) + MARGIN_PX;
    context.fillRect(left, top, right - left, bottom - top);
  }
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
