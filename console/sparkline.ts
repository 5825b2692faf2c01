/** A minute of one figure as a small line. */
import { html, type TemplateResult } from 'lit';
import { HISTORY_MS } from './quality-record.ts';

export type ChartPoint = { at: number; value: number | undefined };

const WIDTH = 120;
const HEIGHT = 24;
/** Half the line's thickness: the line is not cut at the edges. */
const MARGIN = 1;
/** Measurements further apart than this are not one line. */
const GAP_MS = 3_500;

/**
 * Path data, newest at the right edge; empty without a value. Interrupted where there was nothing to measure.
 * @param full the value at the upper edge, unless one is larger
 */
export function sparkPath(points: readonly ChartPoint[], full: number): string {
  const newest = points.at(-1)?.at ?? 0;
  const top = Math.max(full, ...points.map(({ value }) => value ?? 0));
  const parts: string[] = [];
  let before: ChartPoint | undefined;
  for (const point of points) {
    const { at, value } = point;
    if (value !== undefined && newest - at <= HISTORY_MS) {
      const x = WIDTH - ((newest - at) / HISTORY_MS) * WIDTH;
      const y = HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN);
      const isJoined =
        before?.value !== undefined && at - before.at <= GAP_MS && newest - before.at <= HISTORY_MS;
      parts.push(`${isJoined ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`);
    }
    before = point;
  }
  return parts.join('');
}

/** @param label what a screen reader says of it */
export function sparkline(points: readonly ChartPoint[], full: number, label: string): TemplateResult {
  return html`<svg class="spark" role="img" aria-label=${label} viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">
    <path d="M0 ${HEIGHT - MARGIN}H${WIDTH}" class="ground" />
    <path d=${sparkPath(points, full)} class="line" />
  </svg>`;
}
