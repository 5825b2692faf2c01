/**
 * axe-core on every screen and state, in both languages and on the smallest phone. Real: relay, pages, Chromium. Serious
 * and critical findings of WCAG 2.2 A and AA fail; also text that does not fit a screen of 320 px.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { tour } from '../support/tour.ts';

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

for (const tongue of ['en', 'de'] as const) {
  t.test(`nothing serious on any screen, ${tongue}`, async (test) => {
    const browser = await launchChromium();
    let stops = 0;
    try {
      await tour({
        browser,
        tongue,
        phone: SMALLEST_PHONE,
        // One language in each colour scheme: contrast is checked in both.
        dark: tongue === 'de',
        visit: async (stop, page) => {
          stops += 1;
          test.same(await findings(page), [], `${stop}: axe`);
          test.notOk(await overflows(page), `${stop}: fits its screen`);
        },
      });
    } finally {
      await browser.close();
    }
    test.ok(stops > 25, `${stops} stops`);
  });
}
