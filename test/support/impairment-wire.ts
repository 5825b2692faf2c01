/** A link direction in real time: datagrams and TCP streams that share its queue, rate and delay. */
import type { Socket } from 'node:net';
import type { LinkDirection } from './impairment.ts';
import { EventQueue } from './virtual-time.ts';

/** Node's timers count whole milliseconds; what is due within half of one goes now. */
const TIMER_SLACK_MS = 0.5;
/** Headers of IPv4 and UDP, of IPv4 and TCP with time stamps: real links carry and count them. */
const DATAGRAM_HEADER_BYTES = 28;
const SEGMENT_HEADER_BYTES = 52;
const SEGMENT_BYTES = 1_400;
/** What one stream may have waiting here before its sender has to stop, as a kernel's buffers would. */
const STREAM_BUFFER_BYTES = 64 * 1024;

/** How well the timers kept up; a busy machine adds delay of its own to the link's. */
export type Lateness = { events: number; late: number; maxMs: number };
const LATE_MS = 5;

/** One timer for everything that is under way, so that order is kept and thousands of packets cost one timer. */
export class Wire {
  readonly direction: LinkDirection;
  /** `late` counts what came more than 5 ms after its time. */
  readonly lateness: Lateness = { events: 0, late: 0, maxMs: 0 };
  readonly #queue = new EventQueue();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(direction: LinkDirection) {
    this.direction = direction;
  }

  datagram(bytes: number, deliver: () => void): void {
    for (const arrivalMs of this.direction.admit(performance.now(), bytes + DATAGRAM_HEADER_BYTES)) {
      this.at(arrivalMs, deliver);
    }
  }

  at(atMs: number, run: () => void): void {
    if (this.#closed) {
      return;
    }
    this.#queue.add(atMs, run);
    if (atMs < this.#timerMs) {
      this.#arm();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#queue.clear();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timerMs = this.#queue.nextMs;
    if (Number.isFinite(this.#timerMs)) {
      this.#timer = setTimeout(() => this.#run(), Math.max(0, this.#timerMs - performance.now()));
    }
  }

  #run(): void {
    const nowMs = performance.now() + TIMER_SLACK_MS;
    const { lateness } = this;
    for (let event = this.#queue.take(nowMs); event; event = this.#queue.take(nowMs)) {
      const lateMs = nowMs - event.atMs;
      lateness.events++;
      lateness.late += lateMs > LATE_MS ? 1 : 0;
      lateness.maxMs = Math.max(lateness.maxMs, lateMs);
      event.run();
    }
    this.#arm();
  }
}

/** Carries one direction of a TCP connection over the wire, segment by segment; the other end sees its end too. */
export function carryStream(
  wire: Wire,
  from: Socket,
  to: Socket,
  rewrite: (chunk: Buffer) => Buffer = (chunk) => chunk,
): void {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let lastArrivalMs = 0;
  let pumping = false;
  let ended = false;

  const pump = () => {
    pumping = false;
    for (let segment = waiting[0]; segment !== undefined; segment = waiting[0]) {
      const result = wire.direction.admitSegment(performance.now(), segment.length + SEGMENT_HEADER_BYTES);
      if ('retryMs' in result) {
        pumping = true;
        wire.at(result.retryMs, pump);
        return;
      }
      waiting.shift();
      waitingBytes -= segment.length;
      // A later segment waits for an earlier one that had to be sent again.
      lastArrivalMs = Math.max(lastArrivalMs, result.arrivalMs);
      const arrived = segment;
      wire.at(lastArrivalMs, () => to.writable && to.write(arrived));
    }
    from.resume();
    if (ended) {
      // Not at the time of a segment of long ago, which would count as late.
      wire.at(Math.max(lastArrivalMs, performance.now()), () => to.end());
    }
  };

  from.on('data', (chunk: Buffer) => {
    const bytes = rewrite(chunk);
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      waiting.push(bytes.subarray(at, at + SEGMENT_BYTES));
    }
    waitingBytes += bytes.length;
    if (waitingBytes > STREAM_BUFFER_BYTES) {
      from.pause();
    }
    if (!pumping) {
      pump();
    }
  });
  from.on('end', () => {
    ended = true;
    if (!pumping) {
      pump();
    }
  });
}
