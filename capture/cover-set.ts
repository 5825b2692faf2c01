/** What is covered of the picture, as the page keeps it over a reload. Apart from `covers.ts`, because the first load needs it. Pure. */
import type { CameraState } from '../relay/protocol.ts';

/** Left and top edge, width and height, each in shares of the picture from 0 to 1. */
export type Cover = { x: number; y: number; width: number; height: number };

export type Covers = { everything: boolean; parts: readonly Cover[] };

export const NO_COVERS: Covers = { everything: false, parts: [] };
/** More cannot be told apart on a small screen. */
export const COVERS_MAX = 12;
export function coveredWord({ everything, parts }: Covers): CameraState['covered'] {
  return everything ? 'everything' : parts.length > 0 ? 'parts' : 'nothing';
}

/** From storage, where anybody may have written. What cannot be read covers everything rather than nothing. */
export function readCovers(value: unknown): Covers {
  if (value === undefined) {
    return NO_COVERS;
  }
  const { everything, parts } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Covers>;
  const isRead = typeof everything === 'boolean' && Array.isArray(parts) && parts.every(isCover);
  return isRead ? { everything, parts: parts.slice(0, COVERS_MAX) } : { everything: true, parts: [] };
}

function isCover(value: unknown): value is Cover {
  const cover = (typeof value === 'object' && value !== null ? value : {}) as Cover;
  const sides = [cover.x, cover.y, cover.width, cover.height];
  return (
    sides.every((side) => typeof side === 'number' && side >= 0 && side <= 1) &&
    cover.x + cover.width <= 1.001 &&
    cover.y + cover.height <= 1.001
  );
}
