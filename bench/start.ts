/**
 * How long a technician waits: from the click on Start to the first frame of the customer's camera on the screen.
 * Everything is real: relay with its worker, two pages in Chromium, the fake camera of Chromium at 720p.
 */
import { parseArgs } from 'node:util';
import type { Browser, Locator } from 'playwright-core';
import { launchChromium } from '../test/support/chromium.ts';
import { Customer, Technician } from '../test/support/people.ts';
import { type RelayProcess, startRelay } from '../test/support/relay-process.ts';
import type { Summary } from './main.ts';
import { percentile, round } from './percentiles.ts';

/** Clicks Start and measures in the page, so that neither Playwright nor its socket is in the figure. */
async function measureStart(start: Locator): Promise<number> {
  return start.evaluate(
    (button) =>
      new Promise<number>((resolve) => {
        const findVideo = (root: ParentNode): HTMLVideoElement | undefined => {
          for (const element of root.querySelectorAll('*')) {
            if (element instanceof HTMLVideoElement && element.srcObject) {
              return element;
            }
            const inside = element.shadowRoot && findVideo(element.shadowRoot);
            if (inside) {
              return inside;
            }
          }
          return undefined;
        };
        const watch = (clickedAt: number) => {
          const video = findVideo(document);
          if (video) {
            video.requestVideoFrameCallback((now) => resolve(now - clickedAt));
          } else {
            requestAnimationFrame(() => watch(clickedAt));
          }
        };
        (button as HTMLElement).addEventListener('click', () => watch(performance.now()), { once: true });
        (button as HTMLElement).click();
      }),
  );
}

async function one(browser: Browser, relay: RelayProcess, technician: Technician): Promise<number> {
  const pin = await technician.createPin();
  const customer = await Customer.open(browser, relay.origin, 'en');
  await customer.typePin(pin);
  await customer.join();
  const start = technician.page.getByRole('button', { name: technician.words.start, exact: true }).first();
  await start.waitFor();
  // The prewarmed transports are what is measured; a technician needs longer than this to read the name.
  await Promise.all([customer.mediaConnected(), technician.mediaConnected()]);
  const elapsed = await measureStart(start);
  await technician.end();
  await technician.press(technician.words.remove);
  await customer.goAway();
  return elapsed;
}

export async function start(argv: string[]): Promise<Summary> {
  const { values } = parseArgs({ args: argv, options: { starts: { type: 'string', default: '30' } } });
  const relay = await startRelay();
  const browser = await launchChromium();
  const times: number[] = [];
  try {
    const technician = await Technician.signIn(browser, relay.origin, 'en');
    for (let i = 0; i < Number(values.starts); i++) {
      times.push(await one(browser, relay, technician));
    }
  } finally {
    await browser.close();
    await relay.stop();
  }
  return {
    bench: 'start',
    starts: times.length,
    p50_ms: round(percentile(times, 0.5)),
    p95_ms: round(percentile(times, 0.95)),
    max_ms: round(Math.max(...times)),
    target_p95_ms: 300,
    raw: { times_ms: times.map((time) => round(time)) },
  };
}
