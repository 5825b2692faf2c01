/** Asks a real page what really happens with picture and sound. */
import type { Page } from 'playwright-core';
import type { Instrumented } from './chromium.ts';

/** A wait that ends here says what it waited for. */
const TIMEOUT_MS = 20_000;

/** RTP packets that left the page on all its connections since they were made. */
export function rtpPacketsSent(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { connections } = window as unknown as Instrumented;
    let sent = 0;
    for (const connection of connections) {
      for (const stats of (await connection.getStats()).values()) {
        sent += stats.type === 'outbound-rtp' ? (stats.packetsSent as number) : 0;
      }
    }
    return sent;
  });
}

/** Resolves when the page received sound that is not silence, from the moment of the call on. */
export async function hearsSound(page: Page): Promise<void> {
  const energy = () =>
    page.evaluate(async () => {
      const { connections } = window as unknown as Instrumented;
      let total = 0;
      for (const connection of connections) {
        for (const stats of (await connection.getStats()).values()) {
          total += stats.type === 'inbound-rtp' && stats.kind === 'audio' ? (stats.totalAudioEnergy ?? 0) : 0;
        }
      }
      return total as number;
    });
  const before = await energy();
  await until('audio energy to arrive', async () => (await energy()) > before + 1e-6);
}

/** Energy of the sound that came over that line of the page's newest connection. */
async function energyOfLine(page: Page, mid: string): Promise<number> {
  return page.evaluate(async (line) => {
    const { connections } = window as unknown as Instrumented;
    let energy = 0;
    for (const stats of (await connections.at(-1)?.getStats())?.values() ?? []) {
      energy +=
        stats.type === 'inbound-rtp' && stats.kind === 'audio' && stats.mid === line
          ? (stats.totalAudioEnergy ?? 0)
          : 0;
    }
    return energy as number;
  }, mid);
}

/** Resolves when one voice among several is heard. @param mid of its line: 0 is the other side's, guests begin at 2 */
export async function hearsVoice(page: Page, mid: string): Promise<void> {
  const before = await energyOfLine(page, mid);
  await until(`a voice on line ${mid}`, async () => (await energyOfLine(page, mid)) > before + 1e-6);
}

/** Resolves when that voice has been silent for longer than the pause between two beeps of Chromium's fake microphone. */
export async function hearsVoiceNoMore(page: Page, mid: string): Promise<void> {
  let last = await energyOfLine(page, mid);
  let since = performance.now();
  await until(`silence on line ${mid}`, async () => {
    const now = await energyOfLine(page, mid);
    if (now > last + 1e-6) {
      since = performance.now();
    }
    last = now;
    return performance.now() - since > 2_000;
  });
}

/** Resolves when the picture of the video with that accessible name changes on the screen. */
export async function seesMovement(page: Page, videoName: string): Promise<void> {
  const video = page.getByLabel(videoName, { exact: true }).and(page.locator('video'));
  await video.waitFor();
  const pixels = () =>
    video.evaluate((element) => {
      const { videoWidth, videoHeight } = element as HTMLVideoElement;
      const canvas = document.createElement('canvas');
      canvas.width = videoWidth;
      canvas.height = videoHeight;
      const drawing = canvas.getContext('2d');
      if (!drawing || videoWidth === 0) {
        return [];
      }
      drawing.drawImage(element as HTMLVideoElement, 0, 0);
      return [...drawing.getImageData(0, 0, videoWidth, videoHeight).data.filter((_, i) => i % 401 === 0)];
    });
  let first: number[] = [];
  await until('the first picture', async () => {
    first = await pixels();
    return first.some((value) => value > 32 && value < 255);
  });
  await until('the picture to change', async () => {
    const now = await pixels();
    const changed = now.filter((value, i) => Math.abs(value - (first[i] ?? value)) > 24).length;
    return changed > 10;
  });
}

/** True when every camera and microphone that the page was given is switched off. */
export function devicesAreOff(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { captured } = window as unknown as Instrumented;
    return captured.length > 0 && captured.every((track) => track.readyState === 'ended');
  });
}

/** Polls until `condition` holds. @throws naming `reason` when it takes too long */
export async function until(reason: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`waited ${TIMEOUT_MS} ms for ${reason}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
