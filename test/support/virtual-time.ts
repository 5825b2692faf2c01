/** Events in the order of their time: a clock that only moves when told, and the queue that real timers share. */

type Event = { atMs: number; order: number; run: () => void };

/** A binary heap; events of the same time keep the order in which they came. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Time of the earliest event; Infinity when there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  add(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const event = { atMs, order: this.#order++, run };
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(event, above)) {
        break;
      }
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Takes out the earliest event if it is due; the caller runs it. */
  take(nowMs: number): Event | undefined {
    const heap = this.#heap;
    const [first] = heap;
    if (first === undefined || first.atMs > nowMs) {
      return undefined;
    }
    const last = heap.pop();
    if (last !== undefined && last !== first) {
      this.#sink(last);
    }
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = heap[left + 1];
      let child = heap[left];
      let childIndex = left;
      if (right !== undefined && child !== undefined && before(right, child)) {
        child = right;
        childIndex = left + 1;
      }
      if (child === undefined || !before(child, event)) {
        break;
      }
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = event;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** A clock for unit tests: hours pass in milliseconds, and every run is the same. */
export class VirtualTime {
  readonly #queue = new EventQueue();
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  get now(): number {
    return this.#nowMs;
  }

  /** Events that have not run yet. */
  get pending(): number {
    return this.#queue.size;
  }

  /** Runs `run` at that time; a time that has passed already means now, after what is due before it. */
  at(atMs: number, run: () => void): void {
    this.#queue.add(Math.max(atMs, this.#nowMs), run);
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#nowMs + delayMs, run);
  }

  /** Runs `run` every `periodMs`, first after one period, until the returned function is called. */
  every(periodMs: number, run: () => void): () => void {
    let stopped = false;
    const next = () => {
      if (!stopped) {
        run();
        this.after(periodMs, next);
      }
    };
    this.after(periodMs, next);
    return () => {
      stopped = true;
    };
  }

  /** Runs everything that is due until then, including what it adds meanwhile; the clock then stands at `untilMs`. */
  run(untilMs: number): void {
    for (let event = this.#queue.take(untilMs); event; event = this.#queue.take(untilMs)) {
      this.#nowMs = event.atMs;
      event.run();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}
