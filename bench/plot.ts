/** Series as an SVG that needs nothing but a browser: panels over one axis, of time unless it is named; pure. */

export type Series = {
  /** Empty for one that needs no legend. */
  name: string;
  colour: string;
  /** Times in seconds; NaN leaves a gap. */
  points: readonly (readonly [seconds: number, value: number])[];
  /** A step holds its value until the next one; a bar is drawn for single events. */
  style?: 'line' | 'step' | 'bar';
  dashed?: boolean;
};

export type Panel = { title: string; unit: string; max?: number; series: readonly Series[] };

export type Plot = {
  title: string;
  subtitle?: string;
  /** Length of the axis: seconds, or what `axis` says. */
  seconds: number;
  axis?: string;
  panels: readonly Panel[];
  /** Vertical lines through all panels. */
  marks?: readonly { seconds: number; label: string }[];
};

const WIDTH = 1_000;
const LEFT = 76;
const RIGHT = 20;
const HEAD = 72;
const PANEL = 150;
/** Title and legend of a panel. */
const PANEL_HEAD = 44;
const FOOT = 44;
const INK = '#14212b';
const MUTED = '#5b6a72';
const GRID = '#e1e6e8';

/** Tells lines apart on white, also for people who see few colours (Okabe and Ito). */
export const COLOURS = {
  blue: '#0072b2',
  orange: '#d55e00',
  green: '#009e73',
  purple: '#aa4499',
  grey: '#8a979e',
} as const;

export function plotSvg(plot: Plot): string {
  const { title, subtitle = '', seconds, axis = 'time in s', panels, marks = [] } = plot;
  const height = HEAD + panels.length * (PANEL_HEAD + PANEL) + FOOT;
  const x = (at: number) => LEFT + ((WIDTH - LEFT - RIGHT) * at) / seconds;
  const bottom = height - FOOT;
  const body = [
    text(LEFT, 30, title, { size: 19, weight: 600 }),
    text(LEFT, 50, subtitle, { size: 12, colour: MUTED }),
    ...panels.flatMap((panel, index) => drawPanel(panel, HEAD + index * (PANEL_HEAD + PANEL), seconds, x)),
    ...marks.flatMap((mark) => [
      line(x(mark.seconds), HEAD + PANEL_HEAD, x(mark.seconds), bottom, MUTED, '3 3'),
      text(x(mark.seconds) + 4, HEAD + 14, mark.label, { size: 11, colour: MUTED }),
    ]),
    ...ticks(seconds, 10).flatMap((at) => [
      line(x(at), bottom, x(at), bottom + 5, MUTED),
      text(x(at), bottom + 19, String(at), { size: 11, anchor: 'middle' }),
    ]),
    text(x(seconds / 2), height - 8, axis, { size: 12, anchor: 'middle', colour: MUTED }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ' font-family="system-ui, DejaVu Sans, sans-serif">',
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#ffffff"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

function drawPanel(panel: Panel, top: number, seconds: number, x: (at: number) => number): string[] {
  const values = panel.series.flatMap(({ points }) => points.map(([, value]) => value));
  const highest = values.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, value) : max), 0);
  const steps = ticks(panel.max ?? (highest || 1), 4);
  const max = Math.max(panel.max ?? 0, steps.at(-1) ?? 1);
  const areaTop = top + PANEL_HEAD;
  const areaBottom = areaTop + PANEL - 22;
  const y = (value: number) => areaBottom - ((areaBottom - areaTop) * Math.min(value, max)) / max;
  return [
    text(LEFT, top + 34, panel.title, { size: 13, weight: 600 }),
    ...legend(panel.series, top + 34),
    ...steps.flatMap((step) => [
      line(x(0), y(step), x(seconds), y(step), step === 0 ? MUTED : GRID),
      text(LEFT - 8, y(step) + 4, String(step), { size: 11, anchor: 'end' }),
    ]),
    `<text transform="translate(16 ${(areaTop + areaBottom) / 2}) rotate(-90)" text-anchor="middle" font-size="11" fill="${MUTED}">${escapeXml(panel.unit)}</text>`,
    ...panel.series.map((series) => drawSeries(series, x, y, areaBottom)),
  ];
}

function legend(series: readonly Series[], baseline: number): string[] {
  let right = WIDTH - RIGHT;
  const named = series.filter(({ name }) => name !== '');
  return named.reverse().flatMap(({ name, colour, dashed }) => {
    // No way to measure text here; 6.4 is the mean width of a letter at this size.
    right -= 6.4 * name.length;
    const label = text(right, baseline, name, { size: 11 });
    const sample = line(right - 24, baseline - 4, right - 5, baseline - 4, colour, dashed ? '4 3' : '', 2.5);
    right -= 40;
    return [label, sample];
  });
}

function drawSeries(
  { points, colour, style = 'line', dashed }: Series,
  x: (at: number) => number,
  y: (value: number) => number,
  zero: number,
): string {
  const stroke = `stroke="${colour}" stroke-width="1.8"${dashed ? ' stroke-dasharray="4 3"' : ''}`;
  if (style === 'bar') {
    const bars = points.filter(([, value]) => value > 0);
    const path = bars.map(([at, value]) => `M${one(x(at))} ${one(zero)}V${one(y(value))}`).join('');
    return `<path d="${path}" fill="none" ${stroke}/>`;
  }
  let path = '';
  let pen = false;
  for (const [at, value] of points) {
    if (!Number.isFinite(value)) {
      pen = false;
      continue;
    }
    const to = pen && style === 'step' ? `H${one(x(at))}V${one(y(value))}` : `${one(x(at))} ${one(y(value))}`;
    path += pen && style === 'step' ? to : `${pen ? 'L' : 'M'}${to}`;
    pen = true;
  }
  return `<path d="${path}" fill="none" stroke-linejoin="round" ${stroke}/>`;
}

/** Round numbers from 0 up to at least `max`, about `count` steps of 1, 2 or 5 times a power of ten. */
export function ticks(max: number, count: number): number[] {
  const rough = Math.max(max, 1e-9) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const last = Math.ceil(max / step - 1e-6);
  return Array.from({ length: last + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

const one = (value: number) => Math.round(value * 10) / 10;

function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: string,
  dashes = '',
  width = 1,
): string {
  const dash = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
  return `<line x1="${one(x1)}" y1="${one(y1)}" x2="${one(x2)}" y2="${one(y2)}" stroke="${colour}" stroke-width="${width}"${dash}/>`;
}

function text(
  x: number,
  y: number,
  content: string,
  {
    size,
    weight = 400,
    anchor = 'start',
    colour = INK,
  }: { size: number; weight?: number; anchor?: string; colour?: string },
): string {
  return `<text x="${one(x)}" y="${one(y)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${colour}">${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
