/**
 * The path from a phone to the relay: what it loses, how much it carries, and whether its loss is such that the phone's own
 * estimate is of no use. Pure, time is an argument.
 */
import { LossShare, MAX_BITRATE_BPS } from './bandwidth.ts';
import { START_BITRATE_KBPS } from './negotiation.ts';
import { ReceiveSideBandwidth } from './receive-side.ts';
import type { Estimation } from './worker-protocol.ts';

/** Up to 10 % Chromium's own estimate holds a megabit, behind 20 % it ends at 60 kbit/s (bench loss). */
const LOSSY_SHARE = 0.12;
/** What is lost while so much is queued is lost for want of room, which the browser judges best. */
const LOSSY_QUEUE_MS = 100;
const LOSSY_FOR_MS = 1_000;
/** Two seconds; an outage is counted when it is over, in one or two. */
const LOSSY_INTERVALS = 4;

export class Uplink {
  readonly estimation: Estimation;
  readonly #loss = new LossShare();
  readonly #bandwidth = new ReceiveSideBandwidth(START_BITRATE_KBPS * 1_000, MAX_BITRATE_BPS);
  #lossySince = Number.POSITIVE_INFINITY;

  constructor(estimation: Estimation) {
    this.estimation = estimation;
  }

  /** Before anything was sent again. */
  get lossShare(): number {
    return this.#loss.share;
  }

  /** Bits per second that the path carries, as far as the relay can see. */
  get bps(): number {
    return this.#bandwidth.bps;
  }

  /** What the phone is to be told of that; infinite while it judges itself. */
  get limitBps(): number {
    return this.estimation === 'receiveSide' ? this.#bandwidth.bps : Number.POSITIVE_INFINITY;
  }

  /** As `ReceiveSideBandwidth.onPacket`. */
  onPacket(sendTime: number, bytes: number, now: number): void {
    this.#bandwidth.onPacket(sendTime, bytes, now);
  }

  /**
   * To be called many times a second.
   * @param sent totals of what should have come and has not. While the phone judges itself, of all that it sends: when its
   *   estimate has fallen so far that it sends no picture, the voice alone has to show why
   */
  tick(sent: { expected: number; missing: number }, roundTripMs: number, now: number): void {
    this.#loss.tick(sent.expected, sent.missing, now);
    this.#bandwidth.tick(now, roundTripMs, this.#loss.share);
    const isLossy =
      this.#bandwidth.started &&
      this.#loss.share >= LOSSY_SHARE &&
      this.#loss.intervalsInARow >= LOSSY_INTERVALS &&
      this.#bandwidth.queueMs < LOSSY_QUEUE_MS;
    this.#lossySince = isLossy ? Math.min(this.#lossySince, now) : Number.POSITIVE_INFINITY;
  }

  /** The phone's own estimate cannot be relied on any more. */
  isLossy(now: number): boolean {
    return this.estimation === 'sendSide' && now - this.#lossySince >= LOSSY_FOR_MS;
  }
}
