/** What the technician really sees and hears, taken inside the page: presented frames, and the sound as samples. */
import type { Page } from 'playwright-core';
import type { Instrumented } from '../test/support/chromium.ts';
import { percentile } from './percentiles.ts';

type Senses = {
  presentedAtMs: number[];
  heard?: { samples: Float32Array[]; sampleRateHz: number; stop(): void };
};

/** Notes when each frame of the video with that accessible name is presented. */
export async function watchFrames(page: Page, videoName: string): Promise<void> {
  await page
    .getByLabel(videoName, { exact: true })
    .first()
    .evaluate((element) => {
      const senses = window as unknown as Senses;
      senses.presentedAtMs = [];
      const video = element as HTMLVideoElement;
      const next = (nowMs: number) => {
        senses.presentedAtMs.push(nowMs);
        video.requestVideoFrameCallback(next);
      };
      video.requestVideoFrameCallback(next);
    });
}

/** Times since the last call, on the page's clock, with the time of the call. */
export function takeFrames(page: Page): Promise<{ nowMs: number; presentedAtMs: number[] }> {
  return page.evaluate(() => {
    const senses = window as unknown as Senses;
    return { nowMs: performance.now(), presentedAtMs: senses.presentedAtMs.splice(0) };
  });
}

/** Keeps the receivers of the page at this much buffer, whatever the page itself asks for; 0 as the browser likes. */
export async function holdPlayout(page: Page, targetMs: number): Promise<void> {
  await page.evaluate((target) => {
    const held = window as unknown as Instrumented & { playoutTimer?: number };
    clearInterval(held.playoutTimer);
    held.playoutTimer = setInterval(() => {
      for (const receiver of held.connections.at(-1)?.getReceivers() ?? []) {
        receiver.jitterBufferTarget = target === 0 ? null : target;
      }
    }, 100) as unknown as number;
  }, targetMs);
}

/** Records what comes out of the newest connection's jitter buffer, concealment and all. */
export async function startListening(page: Page): Promise<void> {
  await page.evaluate(() => {
    const senses = window as unknown as Senses & Instrumented;
    const receiver = senses.connections
      .at(-1)
      ?.getReceivers()
      .find(({ track }) => track.kind === 'audio');
    if (!receiver) {
      return;
    }
    const context = new AudioContext({ sampleRate: 48_000 });
    const source = context.createMediaStreamSource(new MediaStream([receiver.track]));
    // An audio worklet would need a module, which the page's content security policy does not let in.
    const tap = context.createScriptProcessor(4_096, 1, 1);
    const samples: Float32Array[] = [];
    tap.onaudioprocess = ({ inputBuffer }) => {
      samples.push(inputBuffer.getChannelData(0).slice());
    };
    source.connect(tap).connect(context.destination);
    senses.heard = { samples, sampleRateHz: context.sampleRate, stop: () => void context.close() };
  });
}

export async function stopListening(page: Page): Promise<{ samples: Float32Array; sampleRateHz: number }> {
  const { base64, sampleRateHz } = await page.evaluate(async () => {
    const { heard } = window as unknown as Senses;
    heard?.stop();
    const blob = new Blob((heard?.samples ?? []) as BlobPart[]);
    const reader = new FileReader();
    const done = new Promise((resolve) => {
      reader.onload = resolve;
    });
    reader.readAsDataURL(blob);
    await done;
    return { base64: String(reader.result).split(',')[1] ?? '', sampleRateHz: heard?.sampleRateHz ?? 48_000 };
  });
  const bytes = Buffer.from(base64, 'base64');
  const samples = new Float32Array(bytes.length / 4);
  for (let n = 0; n < samples.length; n++) {
    samples[n] = bytes.readFloatLE(4 * n);
  }
  return { samples, sampleRateHz };
}

/**
 * Share of a window in which the picture stood still. A gap counts, as a whole, when it is longer than three frames and
 * 150 ms more than one (the freeze of W3C webrtc-stats); gaps at the edges count too, so that no picture at all is 1.
 */
export function freezeShare(presentedAtMs: readonly number[], startMs: number, endMs: number): number {
  const times = [startMs, ...presentedAtMs.filter((time) => time > startMs && time < endMs), endMs];
  const gaps = times.slice(1).map((time, n) => time - (times[n] ?? time));
  // The median, because a mean would grow with what is to be found.
  const usualMs = percentile(gaps, 0.5);
  const limitMs = Math.min(Math.max(3 * usualMs, usualMs + 150), 1_000);
  const frozenMs = gaps.reduce((sum, gap) => sum + (gap > limitMs ? gap : 0), 0);
  return frozenMs / (endMs - startMs);
}

export function longestGapMs(presentedAtMs: readonly number[], startMs: number, endMs: number): number {
  const times = [startMs, ...presentedAtMs.filter((time) => time > startMs && time < endMs), endMs];
  return times.slice(1).reduce((longest, time, n) => Math.max(longest, time - (times[n] ?? time)), 0);
}

type Ear = { gaps: { startMs: number; lengthMs: number }[]; lastMs: number };

/**
 * Watches the voice: `timestamp` of a synchronization source is when a packet of it was last played (W3C webrtc,
 * RTCRtpContributingSource; on the clock of the epoch), so between two of them there was nothing but concealment.
 */
export async function watchVoice(page: Page): Promise<void> {
  await page.evaluate(() => {
    const ear: Ear = { gaps: [], lastMs: performance.now() };
    Object.assign(window, { ear });
    // One packet is 20 ms, so twice as often.
    setInterval(() => {
      const { connections } = window as unknown as Instrumented;
      let playedMs = ear.lastMs;
      for (const connection of connections.slice(-3)) {
        for (const receiver of connection.connectionState === 'closed' ? [] : connection.getReceivers()) {
          const [source] = receiver.track.kind === 'audio' ? receiver.getSynchronizationSources() : [];
          playedMs = Math.max(playedMs, (source?.timestamp ?? 0) - performance.timeOrigin);
        }
      }
      if (playedMs > ear.lastMs) {
        if (playedMs - ear.lastMs > 100) {
          ear.gaps.push({ startMs: ear.lastMs, lengthMs: playedMs - ear.lastMs });
        }
        ear.lastMs = playedMs;
      }
    }, 10);
  });
}

/** Interruptions of more than 100 ms since the last call, one that has not ended yet as the last; page's clock. */
export function takeVoiceGaps(page: Page): Promise<{ nowMs: number; gaps: Ear['gaps'] }> {
  return page.evaluate(() => {
    const { ear } = window as unknown as { ear: Ear };
    const nowMs = performance.now();
    const running = { startMs: ear.lastMs, lengthMs: nowMs - ear.lastMs };
    return { nowMs, gaps: [...ear.gaps.splice(0), ...(running.lengthMs > 100 ? [running] : [])] };
  });
}
