/** The shape of a line drawn by hand; the only importer of perfect-freehand. */
import { getStroke } from 'perfect-freehand';
import type { Point } from './picture-mapping.ts';

/** @param width in the unit of the points. @param finished the end is where the pen was lifted */
export function strokeOutline(points: readonly Point[], width: number, finished: boolean): Path2D {
  const outline = getStroke([...points], {
    size: width,
    thinning: 0.35,
    smoothing: 0.5,
    // What is drawn while drawing must not lag behind the pen.
    streamline: 0.25,
    last: finished,
  });
  const path = new Path2D();
  outline.forEach(([x = 0, y = 0], at) => {
    const [nextX = 0, nextY = 0] = outline[(at + 1) % outline.length] ?? [];
    if (at === 0) {
      path.moveTo((x + nextX) / 2, (y + nextY) / 2);
    } else {
      path.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
  });
  path.closePath();
  return path;
}
