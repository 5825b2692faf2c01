/** A picture worth supporting: what the simulated customer of demo and screenshots shows instead of a test pattern. */
import { writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';

const WIDTH = 1280;
const HEIGHT = 720;
/** A slow sway and a blinking lamp: enough to see that the picture lives, small enough to make in seconds. */
const FRAMES = 24;

/** A heating unit with a pressure gauge far too low and the error that goes with it. */
function drawing(frame: number): string {
  const phase = (frame / FRAMES) * 2 * Math.PI;
  const x = 10 * Math.sin(phase);
  const y = 5 * Math.sin(2 * phase);
  const lamp = frame % 12 < 6 ? '#ff5a3c' : '#5a1d14';
  const ticks = Array.from({ length: 9 }, (_, i) => {
    const angle = 135 + i * 33.75;
    return `<rect x="-2" y="-92" width="4" height="${i % 2 ? 10 : 18}" fill="#25313a" transform="rotate(${angle + 90})"/>`;
  }).join('');
  return `<!doctype html><style>body{margin:0;background:#cfc7b8}</style>
<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 1280 720" font-family="DejaVu Sans, sans-serif">
  <defs>
    <linearGradient id="wall" x2="1" y2="1"><stop stop-color="#e4ddd0"/><stop offset="1" stop-color="#b3a996"/></linearGradient>
    <linearGradient id="case" x2="0" y2="1"><stop stop-color="#fdfdfc"/><stop offset="1" stop-color="#d9dcdc"/></linearGradient>
    <linearGradient id="pipe" x2="1"><stop stop-color="#8a5a34"/><stop offset=".4" stop-color="#e0a878"/><stop offset="1" stop-color="#6e4426"/></linearGradient>
    <radialGradient id="light" cx=".3" cy=".2" r="1"><stop stop-color="#fff" stop-opacity=".5"/><stop offset="1" stop-color="#000" stop-opacity=".28"/></radialGradient>
  </defs>
  <rect width="1280" height="720" fill="url(#wall)"/>
  <g transform="translate(${x} ${y}) rotate(-1.2 640 360) scale(1.02)">
    ${[330, 460, 800, 930].map((at) => `<rect x="${at}" y="560" width="34" height="220" fill="url(#pipe)"/><rect x="${at - 8}" y="596" width="50" height="26" rx="5" fill="#8d949a"/>`).join('')}
    <rect x="236" y="20" width="820" height="560" rx="26" fill="#00000030"/>
    <rect x="224" y="-40" width="820" height="600" rx="26" fill="url(#case)" stroke="#b9bfc1" stroke-width="2"/>
    <text x="270" y="52" font-size="30" font-weight="700" fill="#5b6a72" letter-spacing="3">NORDTHERM 24</text>
    <rect x="268" y="110" width="420" height="230" rx="16" fill="#1c2830"/>
    <rect x="286" y="128" width="384" height="150" rx="8" fill="#b9d6b4"/>
    <text x="310" y="234" font-size="92" font-weight="700" fill="#203024" font-family="DejaVu Sans Mono, monospace">E 118</text>
    <text x="312" y="266" font-size="22" fill="#35493a">low water pressure</text>
    <circle cx="310" cy="308" r="11" fill="${lamp}"/>
    <text x="332" y="316" font-size="20" fill="#c8d3d8">fault</text>
    ${['−', 'OK', '+'].map((label, i) => `<rect x="${268 + i * 148}" y="372" width="124" height="64" rx="14" fill="#e8ebeb" stroke="#aab2b5" stroke-width="2"/><text x="${330 + i * 148}" y="414" font-size="28" text-anchor="middle" fill="#34424a">${label}</text>`).join('')}
    <g transform="translate(872 236)">
      <circle r="138" fill="#aeb6ba"/><circle r="126" fill="#fbfbf8"/>
      <path d="M -65 65 A 92 92 0 0 1 -92 -6" fill="none" stroke="#d5402b" stroke-width="16"/>
      <path d="M -80 -46 A 92 92 0 0 1 46 -80" fill="none" stroke="#2e9a57" stroke-width="16"/>
      ${ticks}
      <g transform="rotate(-116)"><path d="M -7 16 L 0 -100 L 7 16 Z" fill="#b3241b"/></g>
      <circle r="13" fill="#25313a"/><text y="72" font-size="26" text-anchor="middle" fill="#25313a">bar</text>
    </g>
    <rect x="746" y="404" width="252" height="96" rx="6" fill="#f3f0e6" stroke="#cfc8b4"/>
    <text x="762" y="438" font-size="19" fill="#3c3a33">Type NT-24/2  230 V~</text>
    <text x="762" y="464" font-size="19" fill="#3c3a33">Serial 4471-0938-12</text>
    <text x="762" y="490" font-size="19" fill="#3c3a33">max. 3 bar  90 °C</text>
  </g>
  <rect width="1280" height="720" fill="url(#light)"/>
</svg>`;
}

/** Draws the scene as Motion JPEG, which Chromium takes for a camera. */
export async function writeScene(browser: Browser, path: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
  const frames: Buffer[] = [];
  for (let frame = 0; frame < FRAMES; frame++) {
    await page.setContent(drawing(frame));
    frames.push(await page.screenshot({ type: 'jpeg', quality: 88 }));
  }
  await page.close();
  writeFileSync(path, Buffer.concat(frames));
}

/** Launch options of a Chromium whose camera shows that file. */
export function sceneCamera(path: string): string[] {
  return [`--use-file-for-fake-video-capture=${path}`];
}
