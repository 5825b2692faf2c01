/** axe-core on every stop of a part of the tour. Serious and critical findings of WCAG 2.2 A and AA fail; also text that does not fit. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from './chromium.ts';
import type { Tongue } from './people.ts';
import { type TourPart, tour } from './tour.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const SMALLEST_PHONE = { width: 320, height: 568 };

type WithAxe = { axe: { run(context: Document, options: object): Promise<AxeResults> } };

async function findings(page: Page): Promise<string[]> {
  // Through the debugger, because the page's own policy refuses foreign scripts.
  const client = await page.context().newCDPSession(page);
  await client.send('Runtime.evaluate', { expression: AXE });
  await client.detach();
  const { violations } = await page.evaluate(
    (tags) =>
      (window as unknown as WithAxe).axe.run(document, {
        runOnly: { type: 'tag', values: tags },
        resultTypes: ['violations'],
      }),
    RULES,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

function overflows(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** Every screen of one part of the tour, on the smallest phone. One language in each colour scheme: contrast is checked in both. */
export function nothingSerious(part: TourPart, stopsAtLeast: number, tongues: readonly Tongue[]): void {
  for (const tongue of tongues) {
    t.test(`nothing serious on any screen of ${part}, ${tongue}`, async (test) => {
      const browser = await launchChromium(SLOW_CAMERA);
      let stops = 0;
      try {
        await tour(
          {
            browser,
            tongue,
            phone: SMALLEST_PHONE,
            dark: tongue === 'de',
            visit: async (stop, page) => {
              stops += 1;
              test.same(await findings(page), [], `${stop}: axe`);
              test.notOk(await overflows(page), `${stop}: fits its screen`);
            },
          },
          [part],
        );
      } finally {
        await browser.close();
      }
      test.ok(stops >= stopsAtLeast, `${stops} stops`);
    });
  }
}
