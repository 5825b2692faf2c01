/** Debian's Chromium with a fake camera and microphone, driven by playwright-core. */
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Without the background switches Chromium looks for hosts that a closed network refuses. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

export function launchChromium(extraArgs: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, headless: true, args: [...ARGS, ...extraArgs] });
}

export type ContextOptions = {
  locale: 'de-DE' | 'en-GB';
  viewport: { width: number; height: number };
  phone?: boolean;
  dark?: boolean;
};

/**
 * A context whose pages keep their RTCPeerConnections in `window.connections` and what getUserMedia gave them in
 * `window.captured`, so that a test can ask the browser itself instead of believing the page.
 */
export async function openContext(browser: Browser, options: ContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext({
    locale: options.locale,
    viewport: options.viewport,
    colorScheme: options.dark ? 'dark' : 'light',
    ...(options.phone ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
    permissions: ['camera', 'microphone', 'clipboard-read', 'clipboard-write'],
  });
  await context.addInitScript(() => {
    const connections: RTCPeerConnection[] = [];
    const captured: MediaStreamTrack[] = [];
    Object.assign(window, { connections, captured });
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        connections.push(this);
      }
    };
    // Absent on pages that are no secure context.
    const devices: MediaDevices | undefined = navigator.mediaDevices;
    if (devices) {
      const getUserMedia = devices.getUserMedia.bind(devices);
      devices.getUserMedia = async (constraints) => {
        const stream = await getUserMedia(constraints);
        captured.push(...stream.getTracks());
        return stream;
      };
    }
  });
  return context;
}

/** What `openContext` puts into every page. */
export type Instrumented = { connections: RTCPeerConnection[]; captured: MediaStreamTrack[] };
