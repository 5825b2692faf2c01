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

/**
 * A camera of half the usual rate, for tests that are not about the rate: two encoders and decoders in software take most of the
 * processors otherwise, and tests that run beside each other disturb each other.
 */
export const SLOW_CAMERA = ['--use-fake-device-for-media-stream=fps=10'];

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
  /** The network that the pages are behind (impairment-proxy.ts); they have to be opened at its `origin`. */
  link?: CandidateRewriter;
};

type CandidateRewriter = {
  /** What a page is to add in the place of a candidate of the relay; undefined for nothing. */
  candidate(line: string): Promise<string | undefined>;
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
  if (options.link) {
    await putBehind(context, options.link);
  }
  return context;
}

/** The pages of the context learn of the relay's media address only as the link rewrites it. */
async function putBehind(context: BrowserContext, link: CandidateRewriter): Promise<void> {
  await context.exposeBinding('candidateBehindLink', (_source, line: string) => link.candidate(line));
  await context.addInitScript(() => {
    const { candidateBehindLink } = window as unknown as {
      candidateBehindLink: (line: string) => Promise<string | undefined>;
    };
    const { addIceCandidate } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.addIceCandidate = async function (
      this: RTCPeerConnection,
      init?: RTCIceCandidateInit | null,
    ) {
      const candidate = await candidateBehindLink(init?.candidate ?? '');
      if (candidate !== undefined) {
        await Reflect.apply(addIceCandidate, this, [{ ...init, candidate }]);
      }
    };
  });
}

/** What `openContext` puts into every page. */
export type Instrumented = { connections: RTCPeerConnection[]; captured: MediaStreamTrack[] };
