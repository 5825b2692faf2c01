/**
 * How good picture and voice arrived at the technician's page, as the page says it: in memory until the session is over, then one
 * line of its log. Pure.
 */
import { type EventData, QUALITY_INTERVAL_MIN_MS, type QualityReport, type Spread } from './protocol.ts';

/** One more than is due may come: the last one, at the end. */
const BURST = 2;

export class SessionQuality {
  /** Of pages that were loaded before the one that reports now. */
  #earlier: QualityReport | undefined;
  #current: QualityReport | undefined;
  #allowance = BURST;
  #allowanceAt = 0;

  /** @returns false, with nothing kept, when it comes too soon */
  take(report: QualityReport, now: number): boolean {
    const earned = Math.max(0, now - this.#allowanceAt) / QUALITY_INTERVAL_MIN_MS;
    const allowance = Math.min(BURST, this.#allowance + earned);
    if (allowance < 1) {
      return false;
    }
    this.#allowance = allowance - 1;
    this.#allowanceAt = now;
    // A page counts from its beginning: less than before is another page.
    if (this.#current !== undefined && report.seconds < this.#current.seconds) {
      this.#earlier = merged(this.#earlier, this.#current);
    }
    this.#current = report;
    return true;
  }

  /** Data of the log line; undefined when nothing was ever reported. */
  get summary(): EventData | undefined {
    if (this.#current === undefined) {
      return undefined;
    }
    const { seconds, freezeSeconds, stillsSeconds, ...spreads } = merged(this.#earlier, this.#current);
    const data: EventData = { seconds, freezeSeconds, stillsSeconds };
    for (const [name, spread] of Object.entries(spreads)) {
      data[`${name}Median`] = spread.median;
      data[`${name}Worst`] = spread.worst;
    }
    return data;
  }
}

/** Medians cannot be added: that of the page which measured longest stands for both. */
function merged(a: QualityReport | undefined, b: QualityReport): QualityReport {
  if (a === undefined) {
    return b;
  }
  const [longer, shorter] = a.seconds > b.seconds ? [a, b] : [b, a];
  return {
    seconds: a.seconds + b.seconds,
    freezeSeconds: a.freezeSeconds + b.freezeSeconds,
    stillsSeconds: a.stillsSeconds + b.stillsSeconds,
    ...both('pictureKbps', longer, shorter, Math.min),
    ...both('pictureLossPercent', longer, shorter, Math.max),
    ...both('voiceLossPercent', longer, shorter, Math.max),
    ...both('roundTripMs', longer, shorter, Math.max),
  };
}

type SpreadName = 'pictureKbps' | 'pictureLossPercent' | 'voiceLossPercent' | 'roundTripMs';

function both(
  name: SpreadName,
  longer: QualityReport,
  shorter: QualityReport,
  worse: (a: number, b: number) => number,
): { [N in SpreadName]?: Spread } {
  const [first, second] = [longer[name] ?? shorter[name], shorter[name]];
  return first === undefined
    ? {}
    : { [name]: { median: first.median, worst: worse(first.worst, second?.worst ?? first.worst) } };
}
