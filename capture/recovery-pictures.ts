/**
 * Small drawings beside the steps of `recovery-text.ts`: where to tap. They repeat what the words say, so they are hidden from
 * screen readers and nothing is missing without them. Loaded when somebody needs them, not with the page.
 */
import { html, type SVGTemplateResult, svg, type TemplateResult } from 'lit';
import type { BrowserKind } from './browser.ts';

/** For the steps in their order; a step that needs none has none. */
export function recoveryPictures(browser: BrowserKind): (TemplateResult | undefined)[] {
  switch (browser) {
    case 'chromeAndroid':
    case 'desktop':
    case 'inApp':
      return [addressBar(SLIDERS, 'top'), switches()];
    case 'samsung':
      return [addressBar(LOCK, 'top'), switches()];
    case 'firefoxAndroid':
      return [addressBar(SHIELD, 'top'), words()];
    case 'safariIos':
      return [addressBar(PAGE, 'bottom'), words()];
    case 'otherIos':
      return [settingsApp(), switches()];
    case 'safariMac':
      return [menuBar(), words()];
  }
}

const WIDTH = 200;
const HEIGHT = 72;

/** `.line` outlines, `.fill` surfaces, `.mark` where to tap; camera-step.ts has the colours. */
function drawing(shapes: SVGTemplateResult): TemplateResult {
  return html`<svg class="drawing" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" focusable="false">${shapes}</svg>`;
}

// Symbols within 14 x 14, drawn around their middle.
const SLIDERS = svg`<path class="line" d="M-7-4H1M5-4H7M-7 4H-5M-1 4H7" /><circle class="line" cx="3" cy="-4" r="2" /><circle class="line" cx="-3" cy="4" r="2" />`;
const LOCK = svg`<rect class="line" x="-5" y="-1" width="10" height="7" rx="1.5" /><path class="line" d="M-3-1v-2a3 3 0 0 1 6 0v2" />`;
const SHIELD = svg`<path class="line" d="M0-7 6-4.5v4C6 3 3 6 0 7-3 6-6 3-6-.5v-4z" />`;
const PAGE = svg`<rect class="line" x="-6" y="-7" width="12" height="8" rx="1.5" /><path class="line" d="M-6 4H6M-6 7H2" />`;
const CAMERA = svg`<rect class="line" x="-7" y="-4" width="9" height="8" rx="1.5" /><path class="line" d="m2-1 5-3v8l-5-3" />`;
const MICROPHONE = svg`<rect class="line" x="-2.5" y="-7" width="5" height="8" rx="2.5" /><path class="line" d="M-5-1a5 5 0 0 0 10 0M0 4v3" />`;

function at(x: number, y: number, shapes: SVGTemplateResult): SVGTemplateResult {
  return svg`<g transform="translate(${x} ${y})">${shapes}</g>`;
}

function ring(x: number, y: number): SVGTemplateResult {
  return svg`<circle class="mark" cx=${x} cy=${y} r="14" />`;
}

/** The edge of a phone's or computer's window with its address. */
function addressBar(symbol: SVGTemplateResult, edge: 'top' | 'bottom'): TemplateResult {
  const y = edge === 'top' ? 26 : 46;
  const frame =
    edge === 'top'
      ? svg`<path class="line" d="M12 72V14a10 10 0 0 1 10-10H178a10 10 0 0 1 10 10V72" />`
      : svg`<path class="line" d="M12 0V58a10 10 0 0 0 10 10H178a10 10 0 0 0 10-10V0" />`;
  return drawing(svg`
    ${frame}
    <rect class="fill" x="22" y=${y - 13} width="156" height="26" rx="13" />
    ${at(40, y, symbol)}
    <path class="faint" d="M64 ${y}H140" />
    ${ring(40, y)}
  `);
}

/** Two rows of a list, camera and microphone, with what is to be tapped at their ends. */
function rows(end: (y: number) => SVGTemplateResult): TemplateResult {
  return drawing(svg`
    ${[CAMERA, MICROPHONE].map((symbol, i) => {
      const y = 20 + i * 32;
      return svg`<rect class="fill" x="12" y=${y - 14} width="176" height="28" rx="8" />
        ${at(30, y, symbol)}<path class="faint" d="M50 ${y}H104" />${end(y)}`;
    })}
  `);
}

function switches(): TemplateResult {
  return rows(
    (y) => svg`<rect class="on" x="142" y=${y - 8} width="32" height="16" rx="8" />
      <circle class="knob" cx="166" cy=${y} r="6" />`,
  );
}

/** A word that changes when it is tapped, as a tick says. */
function words(): TemplateResult {
  return rows(
    (y) => svg`<rect class="mark" x="126" y=${y - 10} width="54" height="20" rx="10" />
      <path class="tick" d="m144 ${y} 6 5 11-10" />`,
  );
}

function settingsApp(): TemplateResult {
  const teeth = Array.from(
    { length: 8 },
    (_, i) => svg`<path class="line" transform="rotate(${i * 45})" d="M0-11v-4" />`,
  );
  return drawing(svg`
    ${[40, 100, 160].map((x) => svg`<rect class="fill" x=${x - 24} y="12" width="48" height="48" rx="12" />`)}
    ${at(100, 36, svg`<circle class="line" r="10" /><circle class="line" r="4" />${teeth}`)}
    <rect class="mark" x="74" y="10" width="52" height="52" rx="14" />
  `);
}

/** The first menu beside the apple, opened. */
function menuBar(): TemplateResult {
  return drawing(svg`
    <rect class="fill" x="4" y="4" width="192" height="18" rx="3" />
    <circle class="faint" cx="16" cy="13" r="4" />
    <path class="faint" d="M34 13H64M80 13H100M116 13H136" />
    <rect class="fill" x="28" y="26" width="110" height="44" rx="6" />
    <path class="faint" d="M38 38H100M38 58H86" />
    <path class="tick" d="M38 48H124" />
    <rect class="mark" x="28" y="5" width="42" height="16" rx="4" />
  `);
}
