/** Real: the guess at the browser, from names that browsers really send. Nothing is faked. */
import t from 'tap';
import { type BrowserKind, detectBrowser, ownBrowserLink } from '../../capture/browser.ts';

const ANDROID = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)';

const KNOWN: readonly (readonly [string, number, BrowserKind, string])[] = [
  [`${ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36`, 5, 'chromeAndroid', 'Chrome 141, Android'],
  [
    `${ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36 EdgA/141.0.0.0`,
    5,
    'chromeAndroid',
    'Edge 141, Android',
  ],
  [`${ANDROID} Chrome/136.0.0.0 Mobile Safari/537.36 OPR/90.0.0.0`, 5, 'chromeAndroid', 'Opera 90, Android'],
  [
    `${ANDROID} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36`,
    5,
    'samsung',
    'Samsung Internet 27, Android',
  ],
  [
    'Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0',
    5,
    'firefoxAndroid',
    'Firefox 140, Android',
  ],
  [`${IPHONE} Version/18.1 Mobile/15E148 Safari/604.1`, 5, 'safariIos', 'Safari 18, iOS'],
  [`${IPHONE} CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1`, 5, 'otherIos', 'Chrome 141, iOS'],
  [`${IPHONE} FxiOS/140.0 Mobile/15E148 Safari/604.1`, 5, 'otherIos', 'Firefox 140, iOS'],
  [`${MAC} Version/18.1 Safari/605.1.15`, 5, 'safariIos', 'Safari 18, iPadOS'],
  [`${MAC} Version/18.1 Safari/605.1.15`, 0, 'safariMac', 'Safari 18, macOS'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
    0,
    'desktop',
    'Edge 141, Windows',
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    0,
    'desktop',
    'Firefox 140, Linux',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36',
    5,
    'inApp',
    'App, Android',
  ],
  [`${IPHONE} Mobile/15E148 Instagram 300.0.0.0`, 5, 'inApp', 'App, iOS'],
  [`${IPHONE} Mobile/15E148`, 5, 'inApp', 'App, iOS'],
  [`${ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/480.0;]`, 5, 'inApp', 'App, Android'],
  ['', 0, 'desktop', 'Browser, other'],
];

t.test('browsers are told apart as far as their menus differ', async (t) => {
  for (const [userAgent, touchPoints, kind, name] of KNOWN) {
    t.same(detectBrowser(userAgent, touchPoints), { kind, name }, userAgent || 'no name at all');
  }
});

t.test('an app on Android can hand the page to the browser, with the same link', async (t) => {
  const token = 'A'.repeat(43);
  const address = `https://help.example.org:8443/j/${token}`;
  t.equal(
    ownBrowserLink(`${ANDROID} Instagram 300.0`, address),
    `intent://help.example.org:8443/j/${token}#Intent;scheme=https;action=android.intent.action.VIEW;category=android.intent.category.BROWSABLE;end`,
  );
  t.equal(ownBrowserLink(`${IPHONE} Instagram 300.0`, address), undefined, 'iOS has no such way');
});
