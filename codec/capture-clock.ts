/**
 * When something was captured, in milliseconds of the journal, from RTP timestamps. Sender reports tie picture and voice of
 * a party to one clock (RFC 3550 6.4.1), the party's clock is tied to the journal's by the report that was under way for the
 * shortest time. Without reports, and where they contradict the arrival, the arrival alone counts.
 */
import { ntpToUnixMs } from './ntp.ts';
import { TimestampUnwrapper } from './serial.ts';

/** Captured so long before it arrived: on a poor network, yes; more is a lie or a clock that was set. */
const DELAY_MAX_MS = 5_000;
/** Before it was captured nothing arrives; so much is the error of the estimate. */
const AHEAD_MAX_MS = 250;
/** A report that moves the clock by more is a new clock; less is noise, of which an eighth is taken. */
const STEP_MS = 100;
const SMOOTHING = 1 / 8;

export function ntpMsOf(ntp: bigint): number {
  return ntpToUnixMs(Number(ntp >> 32n), Number(ntp & 0xffff_ffffn));
}

/** What reports said of the clock of a party: its time minus the journal's, where the way was shortest. */
export class PartyClock {
  /** NaN before the first report. */
  #offsetMs = Number.NaN;

  report(ntpMs: number, atMs: number): void {
    const offset = atMs - ntpMs;
    if (!(offset >= this.#offsetMs)) {
      this.#offsetMs = offset;
    }
  }

  /** Milliseconds of the journal; NaN without a report. */
  journalMs(ntpMs: number): number {
    return ntpMs + this.#offsetMs;
  }
}

export class CaptureClock {
  readonly #rate: number;
  readonly #party: PartyClock;
  #unwrapper = new TimestampUnwrapper();
  /** Sender's time and journal's arrival, both minus the timestamp in milliseconds; NaN when not known. */
  #ntpOffsetMs = Number.NaN;
  #arrivalOffsetMs = Number.NaN;

  /** @param rate ticks per second */
  constructor(rate: number, party: PartyClock) {
    this.#rate = rate > 0 ? rate : 90_000;
    this.#party = party;
  }

  /** Timestamps start anew. */
  reset(): void {
    this.#unwrapper = new TimestampUnwrapper();
    this.#ntpOffsetMs = Number.NaN;
    this.#arrivalOffsetMs = Number.NaN;
  }

  report(ntpMs: number, rtpTimestamp: number): void {
    const offset = ntpMs - this.#mediaMs(rtpTimestamp);
    const isNear = Math.abs(offset - this.#ntpOffsetMs) <= STEP_MS;
    this.#ntpOffsetMs = isNear ? this.#ntpOffsetMs + (offset - this.#ntpOffsetMs) * SMOOTHING : offset;
  }

  /** Milliseconds of the journal. */
  captureMs(rtpTimestamp: number, arrivalMs: number): number {
    const mediaMs = this.#mediaMs(rtpTimestamp);
    const reported = this.#party.journalMs(mediaMs + this.#ntpOffsetMs);
    if (isPossible(reported, arrivalMs)) {
      return reported;
    }
    const arrived = mediaMs + this.#arrivalOffsetMs;
    if (isPossible(arrived, arrivalMs)) {
      // Whatever came sooner than all before shows the shortest way so far.
      const sooner = Math.min(0, arrivalMs - arrived);
      this.#arrivalOffsetMs += sooner;
      return arrived + sooner;
    }
    this.#arrivalOffsetMs = arrivalMs - mediaMs;
    return arrivalMs;
  }

  #mediaMs(rtpTimestamp: number): number {
    return (this.#unwrapper.unwrap(rtpTimestamp) / this.#rate) * 1_000;
  }
}

/** False for NaN. */
function isPossible(captureMs: number, arrivalMs: number): boolean {
  const delay = arrivalMs - captureMs;
  return delay >= -AHEAD_MAX_MS && delay <= DELAY_MAX_MS;
}
