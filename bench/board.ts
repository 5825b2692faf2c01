/**
 * Drawing as both people see it. Real: relay, both pages in Chromium, and every stroke by pointer events. How long a stroke
 * takes from the pointer to the other side's canvas, the laser pointer over a far and lossy link, and how smooth a full board stays
 * under a pen.
 */
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import type { BoardChange } from '../relay/protocol.ts';
import { launchChromium } from '../test/support/chromium.ts';
import { CLEAR } from '../test/support/impairment.ts';
import { ImpairedLink } from '../test/support/impairment-proxy.ts';
import { Customer, Technician } from '../test/support/people.ts';
import { startRelay } from '../test/support/relay-process.ts';
import type { Summary } from './main.ts';
import { percentile, round } from './percentiles.ts';

const TARGET_P95_MS = 150;
const TARGET_FPS = 50;
const DRAWING_MS = 4_000;
/** Round trip of 200 ms. Segments of the WebSocket that are lost come a retransmission later, and hold up those behind them. */
const FAR_AND_LOSSY = { delayMs: 100, lossShare: 0.05 };

/** Epoch milliseconds, which both pages share on one machine, when anything is on this canvas; once. */
function firstInk(page: Page, canvas: string): Promise<number> {
  return page.locator(canvas).evaluate(
    (element) =>
      new Promise<number>((resolve) => {
        const board = element as HTMLCanvasElement;
        const look = () => {
          // Where the stroke is, and no more: reading all of a canvas takes longer than drawing on it.
          const { width, height } = board;
          const { data } = board
            .getContext('2d')
            ?.getImageData(width * 0.46, height * 0.48, width * 0.03, height * 0.04) ?? { data: [] };
          if (data.some((value) => value > 0)) {
            resolve(performance.timeOrigin + performance.now());
          } else {
            requestAnimationFrame(look);
          }
        };
        look();
      }),
  );
}

/** Presses the pen and moves it once. @returns when, on the same clock */
function press(page: Page): Promise<number> {
  return page.locator('canvas.moving').evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const event = (type: string, x: number) =>
      new PointerEvent(type, {
        ...{ bubbles: true, pointerId: 1, button: 0, buttons: 1, isPrimary: true },
        clientX: left + width * x,
        clientY: top + height * 0.5,
      });
    // A pointer that was made up cannot be captured.
    element.setPointerCapture = () => undefined;
    const at = performance.timeOrigin + performance.now();
    element.dispatchEvent(event('pointerdown', 0.45));
    element.dispatchEvent(event('pointermove', 0.5));
    return at;
  });
}

function lift(page: Page): Promise<void> {
  return page.locator('canvas.moving').evaluate((element) => {
    element.dispatchEvent(new PointerEvent('pointerup', { pointerId: 1, button: 0 }));
  });
}

/** Latencies of strokes from one page to the other's canvas. */
async function latencies(from: Page, to: Page, undo: (page: Page) => Promise<void>, strokes: number) {
  const times: number[] = [];
  for (let stroke = 0; stroke < strokes; stroke++) {
    const ink = firstInk(to, 'canvas.moving');
    // The eye is open before the pen is pressed.
    await to.waitForTimeout(60);
    const pressedAt = await press(from);
    times.push((await ink) - pressedAt);
    await lift(from);
    await firstInk(to, 'canvas.finished');
    await undo(from);
    await to.waitForFunction(noInk);
  }
  return times;
}

/** The same for what no board keeps: it goes by itself when the pointer is lifted. */
async function laserLatencies(from: Page, to: Page, presses: number): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < presses; at++) {
    await to.waitForFunction(noInk);
    const ink = firstInk(to, 'canvas.moving');
    await to.waitForTimeout(60);
    const pressedAt = await press(from);
    times.push((await ink) - pressedAt);
    await lift(from);
  }
  return times;
}

/** Neither canvas has anything on it; runs in the page. */
function noInk(): boolean {
  const canvases: HTMLCanvasElement[] = [];
  const search = (root: ParentNode) => {
    for (const element of root.querySelectorAll('*')) {
      if (element instanceof HTMLCanvasElement && /finished|moving/.test(element.className)) {
        canvases.push(element);
      } else if (element.shadowRoot) {
        search(element.shadowRoot);
      }
    }
  };
  search(document);
  return canvases.every((canvas) => {
    const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    return !data.some((value) => value > 0);
  });
}

function strokesOf(count: number): BoardChange[] {
  return Array.from({ length: count }, (_, at) => {
    const [x, y] = [(at * 7_919) % 9_000, (at * 104_729) % 9_000];
    const points = Array.from({ length: 20 }, (_, step) => [
      x + step * 40,
      y + ((step * step * 13) % 400),
    ]).flat();
    return {
      type: 'shown',
      seq: at + 1_000,
      mark: {
        ...{ id: `bench${at}`, tool: 'pen', colour: 'blue', points },
        // Below what is drawn from now on, as marks of earlier are.
        ...{ by: 'customer', surface: 0, place: at - count },
      },
    };
  });
}

/** Puts strokes on the console's board and draws on. @returns times between frames, and that of the frame with all strokes */
async function frames(page: Page, strokes: number): Promise<{ fullDrawMs: number; intervalsMs: number[] }> {
  return page.locator('board-view').evaluate(
    async (element, { changes, drawingMs }) => {
      type View = { board: { link: { hear(event: object): void } } };
      const { link } = (element as unknown as View).board;
      const canvas = element.shadowRoot?.querySelector('canvas.moving');
      const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
      if (!canvas) {
        throw new Error('there is no canvas');
      }
      await nextFrame();
      for (const change of changes) {
        link.hear({ type: 'board', sessionId: 0, change });
      }
      const began = performance.now();
      await nextFrame();
      await nextFrame();
      const fullDrawMs = performance.now() - began;
      const { left, top, width, height } = canvas.getBoundingClientRect();
      canvas.setPointerCapture = () => undefined;
      const point = (type: string, at: number) =>
        canvas.dispatchEvent(
          new PointerEvent(type, {
            ...{ bubbles: true, pointerId: 2, button: 0, buttons: 1, isPrimary: true },
            clientX: left + width * (0.5 + 0.3 * Math.cos(at / 300)),
            clientY: top + height * (0.5 + 0.2 * Math.sin(at / 170)),
          }),
        );
      const intervalsMs: number[] = [];
      let before = await nextFrame();
      const end = before + drawingMs;
      let strokeEnds = 0;
      while (before < end) {
        if (before > strokeEnds) {
          point('pointerup', before);
          point('pointerdown', before);
          strokeEnds = before + 1_000;
        }
        point('pointermove', before);
        const now = await nextFrame();
        intervalsMs.push(now - before);
        before = now;
      }
      point('pointerup', before);
      return { fullDrawMs, intervalsMs };
    },
    { changes: strokesOf(strokes), drawingMs: DRAWING_MS },
  );
}

function latencyOf(times: readonly number[]) {
  return { p50_ms: round(percentile(times, 0.5)), p95_ms: round(percentile(times, 0.95)) };
}

export async function board(argv: string[]): Promise<Summary> {
  const { values } = parseArgs({
    args: argv,
    options: {
      strokes: { type: 'string', default: '30' },
      marks: { type: 'string', default: '5000' },
    },
  });
  const relay = await startRelay();
  const browser = await launchChromium();
  const link = await ImpairedLink.open({ relayPort: relay.port });
  try {
    const technician = await Technician.signIn(browser, relay.origin, 'en');
    const pin = await technician.createPin();
    const customer = await Customer.open(browser, link.origin, 'en', { link });
    await customer.typePin(pin);
    await customer.join();
    await technician.start();
    await technician.pictureArrives();
    const { page: desk } = technician;
    const { page: phone } = customer;
    await desk.getByRole('button', { name: 'Pen', exact: true }).click();
    await phone.getByRole('button', { name: 'Draw', exact: true }).click();
    const undo = (page: Page) => page.getByRole('button', { name: 'Undo', exact: true }).click();
    const toPhone = await latencies(desk, phone, undo, Number(values.strokes));
    const toDesk = await latencies(phone, desk, undo, Number(values.strokes));
    await desk.getByRole('button', { name: 'Laser pointer', exact: true }).click();
    link.change(FAR_AND_LOSSY);
    const laser = await laserLatencies(desk, phone, Number(values.strokes));
    link.change(CLEAR);
    await desk.getByRole('button', { name: 'Pen', exact: true }).click();
    const { fullDrawMs, intervalsMs } = await frames(desk, Number(values.marks));
    const seconds = intervalsMs.reduce((sum, interval) => sum + interval, 0) / 1_000;
    return {
      bench: 'board',
      strokes: Number(values.strokes),
      to_phone: latencyOf(toPhone),
      to_console: latencyOf(toDesk),
      target_p95_ms: TARGET_P95_MS,
      laser_200_ms_rtt_5_percent_loss: latencyOf(laser),
      marks: Number(values.marks),
      full_draw_ms: round(fullDrawMs),
      frames_per_s: round(intervalsMs.length / seconds),
      frame_p95_ms: round(percentile(intervalsMs, 0.95)),
      target_frames_per_s: TARGET_FPS,
      raw: { to_phone_ms: toPhone, to_console_ms: toDesk, laser_ms: laser, frame_intervals_ms: intervalsMs },
    };
  } finally {
    await browser.close();
    await link.close();
    await relay.stop();
  }
}
