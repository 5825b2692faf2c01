/**
 * Which browser this is, as far as the words for "how to allow the camera" differ. Pure; never used to decide what
 * the page can do (that is asked of the browser itself), so a wrong guess costs one less fitting sentence.
 */

export type BrowserKind =
  | 'chromeAndroid'
  | 'samsung'
  | 'firefoxAndroid'
  | 'safariIos'
  /** Chrome, Firefox or Edge on an iPhone: the permission belongs to the app and is in the system's settings. */
  | 'otherIos'
  /** The web view inside a chat or social app, which often cannot use the camera at all. */
  | 'inApp'
  | 'safariMac'
  | 'desktop';

export type Browser = {
  kind: BrowserKind /** As it is told to the technician, such as "Chrome 141, Android". */;
  name: string;
};

const IN_APP =
  /FBAN|FBAV|FB_IAB|Instagram|Line\/|MicroMessenger|Snapchat|TikTok|musical_ly|Pinterest|LinkedInApp|Twitter|GSA\//;

/** Order matters: most browsers also claim to be the ones further down. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/SamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/(?:EdgA|EdgiOS|Edg)\/(\d+)/, 'Edge'],
  [/(?:OPR|OPT)\/(\d+)/, 'Opera'],
  [/(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/(?:Chrome|CriOS)\/(\d+)/, 'Chrome'],
  [/Version\/(\d+)(?:[.\d]*) .*Safari\//, 'Safari'],
];

/**
 * @param userAgent `navigator.userAgent`
 * @param touchPoints `navigator.maxTouchPoints`: an iPad calls itself a Macintosh, but no Macintosh has a touch screen
 */
export function detectBrowser(userAgent: string, touchPoints: number): Browser {
  const system = systemOf(userAgent, touchPoints);
  const found = NAMES.map(([pattern, name]) => ({ name, version: pattern.exec(userAgent)?.[1] })).find(
    ({ version }) => version !== undefined,
  );
  const inApp = isInApp(userAgent, system);
  const product = inApp ? 'App' : found ? `${found.name} ${found.version}` : 'Browser';
  return { kind: inApp ? 'inApp' : kindOf(system, found?.name ?? ''), name: `${product}, ${system}` };
}

/**
 * The way from the web view inside an app to the browser that the phone's owner has chosen: Android hands an intent
 * that names no package to it. The page there starts anew by the same link, which is not used up before the terms.
 * @param address of this page
 * @returns undefined where the system has no such way, as on iOS
 */
export function ownBrowserLink(userAgent: string, address: string): string | undefined {
  if (!/Android/.test(userAgent)) {
    return undefined;
  }
  const { protocol, host, pathname, search } = new URL(address);
  const intent = `scheme=${protocol.slice(0, -1)};action=android.intent.action.VIEW;category=android.intent.category.BROWSABLE`;
  return `intent://${host}${pathname}${search}#Intent;${intent};end`;
}

function systemOf(userAgent: string, touchPoints: number): string {
  if (/iPhone|iPod/.test(userAgent)) {
    return 'iOS';
  }
  if (/iPad/.test(userAgent) || (/Macintosh/.test(userAgent) && touchPoints > 1)) {
    return 'iPadOS';
  }
  for (const [pattern, name] of [
    [/Android/, 'Android'],
    [/Macintosh/, 'macOS'],
    [/Windows/, 'Windows'],
    [/CrOS/, 'ChromeOS'],
    [/Linux|X11/, 'Linux'],
  ] as const) {
    if (pattern.test(userAgent)) {
      return name;
    }
  }
  return 'other';
}

function isInApp(userAgent: string, system: string): boolean {
  if (IN_APP.test(userAgent)) {
    return true;
  }
  if (system === 'Android') {
    // Marker that Chrome's documentation gives for WebView, Lollipop and later.
    return /; wv\)/.test(userAgent);
  }
  // Every real browser on iOS has "Safari/" in its name; a bare WKWebView has not.
  return (system === 'iOS' || system === 'iPadOS') && !/Safari\//.test(userAgent);
}

function kindOf(system: string, name: string): BrowserKind {
  switch (system) {
    case 'iOS':
    case 'iPadOS':
      return name === 'Safari' ? 'safariIos' : 'otherIos';
    case 'Android':
      if (name === 'Samsung Internet') {
        return 'samsung';
      }
      return name === 'Firefox' ? 'firefoxAndroid' : 'chromeAndroid';
    case 'macOS':
      return name === 'Safari' ? 'safariMac' : 'desktop';
    default:
      return 'desktop';
  }
}
