/** Real: the drawings beside the steps. Nothing is faked. */
import t from 'tap';
import type { BrowserKind } from '../../capture/browser.ts';
import { recoveryPictures } from '../../capture/recovery-pictures.ts';
import { recoveryOf } from '../../capture/recovery-text.ts';

const BROWSERS: BrowserKind[] = [
  ...(['chromeAndroid', 'samsung', 'firefoxAndroid', 'safariIos', 'otherIos'] as const),
  ...(['inApp', 'safariMac', 'desktop'] as const),
];

t.test('every way to allow the camera is drawn, step by step, but for the return to this page', async (t) => {
  for (const browser of BROWSERS) {
    // In the web view of an app only a microphone alone has such steps.
    const { steps } = recoveryOf('microphoneDenied', browser);
    const pictures = recoveryPictures(browser);
    t.equal(pictures.length, steps.length - 1, browser);
    t.ok(
      pictures.every((picture) => picture?.strings[0]?.includes('<svg')),
      browser,
    );
    t.ok(
      pictures.every((picture) => picture?.strings.join('').includes('aria-hidden="true"')),
      browser,
    );
  }
});
