/**
 * Whether a peer that owes packets is silent (facts/reliability.md 1.3). libdatachannel and browsers notice a dead
 * path after 28 to 36 s; this after `MEDIA_WATCHDOG_MS`. Pure, time is an argument; what is not due is never missed.
 */
import { MEDIA_WATCHDOG_MS } from './worker-protocol.ts';

/**
 * When checks come later than this the worker itself was held up: packets wait in the library's queue, and silence
 * says nothing about the peer.
 */
const MAX_CHECK_GAP_MS = 500;

export class Watchdog {
  #heardAt = Number.NEGATIVE_INFINITY;
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** Since when something has been due; undefined while nothing is. */
  #dueSince: number | undefined;
  /** Undefined before the first packet and the first silence. */
  #flowing: boolean | undefined;

  /**
   * Any packet of the peer.
   * @returns true when this is news: the first ever, or the first after a silence that was told
   */
  heard(now: number): boolean {
    this.#heardAt = now;
    if (this.#flowing === true) {
      return false;
    }
    this.#flowing = true;
    return true;
  }

  /**
   * To be called many times a second.
   * @param due whether the peer should be sending something, be it only reports
   * @returns true when the peer has just become suspect; once for each silence
   */
  isSilent(due: boolean, now: number): boolean {
    const heldUp = now - this.#checkedAt > MAX_CHECK_GAP_MS;
    this.#checkedAt = now;
    if (!due) {
      this.#dueSince = undefined;
      return false;
    }
    if (this.#dueSince === undefined || heldUp) {
      this.#dueSince = now;
    }
    if (this.#flowing === false || now - Math.max(this.#heardAt, this.#dueSince) < MEDIA_WATCHDOG_MS) {
      return false;
    }
    this.#flowing = false;
    return true;
  }
}
