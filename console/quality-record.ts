/** The quality of one session as it goes on: the last minute for the eyes, and the whole of it in few numbers. Pure. */
import type { QualityReport, Spread } from '../relay/protocol.ts';
import { figuresOf, type QualitySample } from './quality-samples.ts';

export const HISTORY_MS = 60_000;
/** What is called the worst lasted this long: a single lost packet of a slow second is no judgement. */
export const WINDOW_MS = 5_000;
/** A computer that slept measured nothing. */
const ELAPSED_MAX_MS = 10_000;

/** What the phone is sending of its camera, as far as is known. */
export type Due = 'video' | 'stills' | 'none';

/** Values in classes of five percent: a median of hours in a few hundred counters. */
export class Tally {
  static readonly #CLASS = Math.log(1.05);
  readonly #counts = new Map<number, number>();
  readonly #worse: (a: number, b: number) => number;
  #total = 0;
  #worst: number | undefined;

  /** @param worse which of two values is the worse one */
  constructor(worse: (a: number, b: number) => number) {
    this.#worse = worse;
  }

  add(value: number): void {
    const index = Math.round(Math.log1p(value) / Tally.#CLASS);
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + 1);
    this.#total += 1;
    this.#worst = this.#worst === undefined ? value : this.#worse(this.#worst, value);
  }

  get spread(): Spread | undefined {
    if (this.#worst === undefined) {
      return undefined;
    }
    let left = this.#total / 2;
    for (const [index, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) {
        // The middle of the class must not be better than the best or worse than the worst.
        const median = Math.expm1(index * Tally.#CLASS);
        const isBeyond = this.#worse(median, this.#worst) === median;
        return { median: rounded(isBeyond ? this.#worst : median), worst: rounded(this.#worst) };
      }
    }
    return undefined;
  }
}

export class QualityRecord {
  #history: QualitySample[] = [];
  #window: QualitySample[] = [];
  #windowMs = 0;
  #seconds = 0;
  #freezeSeconds = 0;
  #stillsSeconds = 0;
  /** How long video has been due without a break. */
  #dueMs = 0;
  readonly #pictureKbps = new Tally(Math.min);
  readonly #pictureLoss = new Tally(Math.max);
  readonly #voiceLoss = new Tally(Math.max);
  readonly #roundTrip = new Tally(Math.max);

  /** The last minute, oldest first. */
  get history(): readonly QualitySample[] {
    return this.#history;
  }

  /** The last few seconds: what "now" is. */
  get recent(): readonly QualitySample[] {
    const last = this.#history.at(-1);
    return last === undefined ? [] : this.#history.filter(({ at }) => at > last.at - WINDOW_MS);
  }

  add(measured: QualitySample, due: Due): void {
    const sample = fitted(measured, due, this.#dueMs);
    this.#history = [...this.#history.filter(({ at }) => at > sample.at - HISTORY_MS), sample];
    const { elapsedMs } = sample;
    if (elapsedMs > ELAPSED_MAX_MS) {
      this.#dueMs = 0;
      return;
    }
    this.#dueMs = due === 'video' ? this.#dueMs + elapsedMs : 0;
    this.#seconds += elapsedMs / 1000;
    this.#stillsSeconds += due === 'stills' ? elapsedMs / 1000 : 0;
    this.#freezeSeconds += (sample.picture?.frozenMs ?? 0) / 1000;
    this.#window.push(sample);
    this.#windowMs += elapsedMs;
    if (this.#windowMs >= WINDOW_MS) {
      this.#closeWindow();
    }
  }

  #closeWindow(): void {
    const figures = figuresOf(this.#window);
    this.#window = [];
    this.#windowMs = 0;
    for (const [tally, value] of [
      [this.#pictureKbps, figures.pictureKbps],
      [this.#pictureLoss, figures.pictureLossPercent],
      [this.#voiceLoss, figures.voiceLossPercent],
      [this.#roundTrip, figures.roundTripMs],
    ] as const) {
      if (value !== undefined) {
        tally.add(value);
      }
    }
  }

  /** Undefined before anything was measured. A session of less than a window has what there is of it. */
  report(): QualityReport | undefined {
    if (this.#seconds === 0) {
      return undefined;
    }
    if (this.#roundTrip.spread === undefined && this.#pictureKbps.spread === undefined) {
      this.#closeWindow();
    }
    const [kbps, pictureLoss] = [this.#pictureKbps.spread, this.#pictureLoss.spread];
    const [voiceLoss, roundTrip] = [this.#voiceLoss.spread, this.#roundTrip.spread];
    return {
      seconds: rounded(this.#seconds),
      freezeSeconds: rounded(this.#freezeSeconds),
      stillsSeconds: rounded(this.#stillsSeconds),
      ...(kbps && { pictureKbps: kbps }),
      ...(pictureLoss && { pictureLossPercent: pictureLoss }),
      ...(voiceLoss && { voiceLossPercent: voiceLoss }),
      ...(roundTrip && { roundTripMs: roundTrip }),
    };
  }
}

/**
 * Without what was not to be expected: a paused camera is no bad picture. Browsers count a freeze when it is over, so
 * one that began before video was due is cut to what was due.
 */
function fitted(sample: QualitySample, due: Due, dueMs: number): QualitySample {
  const { picture, ...rest } = sample;
  if (picture === undefined || due !== 'video') {
    return rest;
  }
  return { ...rest, picture: { ...picture, frozenMs: Math.min(picture.frozenMs, dueMs) } };
}

/** One digit behind the point says enough. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
