/**
 * When frames were presented on the technician's screen, on the clock of the epoch, and kept while the page is loaded
 * anew: what a pause in the picture is measured with.
 */
import type { Page } from 'playwright-core';

/** Longer than any pause that is measured; older times are forgotten in the page. */
const KEPT_MS = 60_000;

type FrameLog = { frameLog: { times: number[]; install(): void } };

/** Watches the video with that accessible name from now on, also after the page was loaded anew. */
export async function keepFrameLog(page: Page, videoName: string): Promise<void> {
  const options = { videoName, keptMs: KEPT_MS };
  await page.context().addInitScript(installFrameLog, options);
  await page.evaluate(installFrameLog, options);
}

/** Runs in the page, before anything of its own when it is loaded anew. */
function installFrameLog({ videoName, keptMs }: { videoName: string; keptMs: number }): void {
  const STORAGE_KEY = 'bench.frames';
  const times: number[] = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]');
  Object.assign(window, { frameLog: { times } });
  window.addEventListener('pagehide', () => sessionStorage.setItem(STORAGE_KEY, JSON.stringify(times)));
  const find = (root: ParentNode): HTMLVideoElement | undefined => {
    for (const element of root.querySelectorAll('*')) {
      if (element instanceof HTMLVideoElement && element.getAttribute('aria-label') === videoName) {
        return element;
      }
      const inside = element.shadowRoot && find(element.shadowRoot);
      if (inside) {
        return inside;
      }
    }
    return undefined;
  };
  let watched: HTMLVideoElement | undefined;
  const watch = (video: HTMLVideoElement): void => {
    watched = video;
    const presented = (now: number): void => {
      const time = performance.timeOrigin + now;
      times.push(time);
      while ((times[0] ?? time) < time - keptMs) {
        times.shift();
      }
      if (watched === video) {
        video.requestVideoFrameCallback(presented);
      }
    };
    video.requestVideoFrameCallback(presented);
  };
  // A view that is built anew has another element.
  setInterval(() => {
    if (!watched?.isConnected) {
      const video = find(document);
      if (video) {
        watch(video);
      }
    }
  }, 50);
}

/** Epoch milliseconds of the frames after `sinceMs`, oldest first; none while the page is between two lives. */
export function presentedSince(page: Page, sinceMs: number): Promise<number[]> {
  return page
    .evaluate(
      (since) => (window as unknown as FrameLog).frameLog.times.filter((time) => time > since),
      sinceMs,
    )
    .catch(() => []);
}

/** Longest time between two frames in a row of which the later one is after `fromMs`; 0 when there is no such pair. */
export function longestPauseMs(times: readonly number[], fromMs: number): number {
  let longest = 0;
  for (const [index, time] of times.entries()) {
    const before = times[index - 1];
    if (before !== undefined && time > fromMs) {
      longest = Math.max(longest, time - before);
    }
  }
  return longest;
}

/** Since when frames have come without a pause longer than `pauseMs` until `nowMs`; undefined when they do not. */
export function steadySince(times: readonly number[], nowMs: number, pauseMs: number): number | undefined {
  let since: number | undefined;
  let later = nowMs;
  for (let index = times.length - 1; index >= 0; index--) {
    const time = times[index] ?? 0;
    if (later - time > pauseMs) {
      break;
    }
    since = time;
    later = time;
  }
  return since;
}
