/**
 * How busy and how late this process's event loop is. Its lateness is also the age of the packets that it takes in: they
 * wait for the loop to come round, and nothing else tells how long (facts/peerbench.md section 6, 15).
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * The native timer behind it; a stall is seen up to this much too short.
 */
const RESOLUTION_MS = 20;

export type LoopLoad = { lagMs: number; utilisation: number };

export class LoadMeter {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #utilisation = performance.eventLoopUtilization();

  /** An idle worker needs no fine measure; its wake-ups would be most of what it costs. */
  setFine(on: boolean): void {
    if (on) {
      this.#delay.enable();
    } else {
      this.#delay.disable();
      this.#delay.reset();
    }
  }

  /**
   * Of the time since the sample before.
   * @param latenessMs how late the caller's own timer is: a stall that has just ended may not be in the histogram yet
   */
  sample(latenessMs = 0): LoopLoad {
    // Empty when no timer ran since: then the loop stood still, and the caller's lateness says so.
    const delayMs = this.#delay.max > 0 ? this.#delay.max / 1e6 - RESOLUTION_MS : 0;
    this.#delay.reset();
    const utilisation = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(utilisation, this.#utilisation);
    this.#utilisation = utilisation;
    return { lagMs: Math.max(0, delayMs, latenessMs), utilisation: utilization };
  }
}
