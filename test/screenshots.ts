/** `npm run screenshots`: pictures of every screen and state in both languages, light and dark, below dist/screenshots. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium } from './support/chromium.ts';
import { tour } from './support/tour.ts';

const FOLDER = join(import.meta.dirname, '..', 'screenshots');

const browser = await launchChromium();
try {
  for (const tongue of ['en', 'de'] as const) {
    for (const dark of [false, true]) {
      const folder = join(FOLDER, `${tongue}-${dark ? 'dark' : 'light'}`);
      mkdirSync(folder, { recursive: true });
      await tour({
        browser,
        tongue,
        dark,
        visit: async (stop, page) => {
          await page.screenshot({ path: join(folder, `${stop}.png`) });
        },
      });
      console.log(folder);
    }
  }
} finally {
  await browser.close();
}
