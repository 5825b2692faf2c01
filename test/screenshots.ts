/**
 * `npm run screenshots`: pictures of every screen and state in both languages, light and dark, below dist/screenshots,
 * and the two of the README.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium } from './support/chromium.ts';
import { sceneCamera, writeScene } from './support/scene.ts';
import { tour } from './support/tour.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'dist', 'screenshots');
const CAMERA = join(FOLDER, 'camera.mjpeg');
/** Of the English, light tour. */
const README_PICTURES = [
  { stop: 'console-live', path: join(ROOT, 'console', 'console-live.png') },
  { stop: 'capture-live', path: join(ROOT, 'capture', 'capture-live.png') },
];

mkdirSync(FOLDER, { recursive: true });
const artist = await launchChromium();
await writeScene(artist, CAMERA);
await artist.close();
const browser = await launchChromium(sceneCamera(CAMERA));
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
for (const { stop, path } of README_PICTURES) {
  copyFileSync(join(FOLDER, 'en-light', `${stop}.png`), path);
}
