/**
 * A network link that loses, delays, reorders, duplicates and queues packets: pure, seeded, time is an argument. Used in
 * virtual time by unit tests and in real time by impairment-proxy.ts.
 */
import type { VirtualTime } from './virtual-time.ts';

/** What one direction of a link does to packets. */
export type Impairment = {
  /** Mean share of packets that are lost, 0 to 1. */
  lossShare: number;
  /**
   * Mean length of a run of lost packets (Gilbert-Elliott: everything is lost in the bad state, nothing in the good
   * one). 1: every packet is lost or not for itself.
   */
  burstPackets: number;
  delayMs: number;
  /** Every packet takes up to this longer, equally distributed. */
  jitterMs: number;
  /**
   * True: jitter never makes a packet overtake another, as on nearly all real paths ("no-reordering bounded packet
   * delay variation" of RFC 8868). False: each packet arrives when its own jitter says.
   */
  inOrder: boolean;
  /** Share of packets that come late by another 1 to REORDER_LATE_MS, so that later ones overtake them. */
  reorderShare: number;
  duplicateShare: number;
  /** Infinity: no limit. */
  rateBps: number;
  /** Room of the drop-tail queue before the rate limit. */
  queueBytes: number;
  /** Nothing gets through. */
  blackhole: boolean;
};

/** A link that does nothing. */
export const CLEAR: Impairment = {
  lossShare: 0,
  burstPackets: 1,
  delayMs: 0,
  jitterMs: 0,
  inOrder: true,
  reorderShare: 0,
  duplicateShare: 0,
  rateBps: Number.POSITIVE_INFINITY,
  queueBytes: Number.POSITIVE_INFINITY,
  blackhole: false,
};

/** A few packets at video rates: enough to look like loss to an impatient receiver. */
const REORDER_LATE_MS = 15;

/**
 * How much of the queue a stream fills. A real TCP sender swings between a full queue and 0.7 of it (CUBIC's
 * multiplicative decrease, RFC 9438 section 4.6), so datagrams beside it always find some room.
 */
const STREAM_QUEUE_SHARE = 0.7;
/** A segment that is lost seven times is a connection that is lost. */
const STREAM_MAX_RETRANSMISSIONS = 7;

/** Room for so many milliseconds at that rate, and never less than three full packets. */
export function queueFor(rateBps: number, queueMs: number): number {
  return Math.max(3 * 1_500, Math.round((rateBps * queueMs) / 8_000));
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What happened to the packets of one direction so far. */
export type LinkCounters = {
  packets: number;
  /** Of everything that was to be sent. */
  bytes: number;
  /** Of what had room before the rate limit: what the link was used for. */
  sentBytes: number;
  /** By chance. */
  lost: number;
  /** Because the queue was full. */
  overflowed: number;
  blackholed: number;
  duplicated: number;
};

/** One direction of a link. Settings may change at any time; packets under way keep theirs. */
export class LinkDirection {
  readonly counters: LinkCounters = {
    packets: 0,
    bytes: 0,
    sentBytes: 0,
    lost: 0,
    overflowed: 0,
    blackholed: 0,
    duplicated: 0,
  };
  readonly #random: () => number;
  #impairment: Impairment;
  #burst = false;
  /** When the last bit of what is queued has left. */
  #freeAtMs = 0;
  #lastArrivalMs = 0;

  constructor(impairment: Partial<Impairment>, seed: number) {
    this.#impairment = { ...CLEAR, ...impairment };
    this.#random = seededRandom(seed);
  }

  get impairment(): Readonly<Impairment> {
    return this.#impairment;
  }

  /** What is not named stays as it is. */
  change(impairment: Partial<Impairment>): void {
    this.#impairment = { ...this.#impairment, ...impairment };
  }

  /** Waiting before the rate limit. */
  queuedBytes(nowMs: number): number {
    const { rateBps } = this.#impairment;
    return Number.isFinite(rateBps) ? (Math.max(0, this.#freeAtMs - nowMs) * rateBps) / 8_000 : 0;
  }

  /**
   * One datagram enters the link. `nowMs` must not run backwards.
   * @returns when it arrives: [] when it is lost, two times when it was duplicated
   */
  admit(nowMs: number, bytes: number): number[] {
    const { delayMs, jitterMs, inOrder, reorderShare, duplicateShare, queueBytes, blackhole } =
      this.#impairment;
    const lost = this.#drawLoss();
    // Always as many numbers per packet, so that changing one setting does not change what the others draw.
    const jitter = this.#random() * jitterMs;
    const late = this.#random() < reorderShare;
    const lateBy = 1 + this.#random() * (REORDER_LATE_MS - 1);
    const duplicated = this.#random() < duplicateShare;
    this.counters.packets++;
    this.counters.bytes += bytes;
    if (blackhole) {
      this.counters.blackholed++;
      return [];
    }
    if (this.queuedBytes(nowMs) + bytes > queueBytes) {
      this.counters.overflowed++;
      return [];
    }
    const sentMs = this.#transmit(nowMs, bytes);
    // What the air loses has taken its time on the link all the same.
    if (lost) {
      this.counters.lost++;
      return [];
    }
    let arrivalMs = sentMs + delayMs + jitter;
    if (late) {
      arrivalMs += lateBy;
    } else if (inOrder) {
      arrivalMs = Math.max(arrivalMs, this.#lastArrivalMs);
      this.#lastArrivalMs = arrivalMs;
    }
    if (!duplicated) {
      return [arrivalMs];
    }
    this.counters.duplicated++;
    return [arrivalMs, arrivalMs];
  }

  /**
   * One segment of a reliable stream enters the link, beside the datagrams: it waits for room instead of being
   * dropped, and each loss costs it a round trip. Streams have to keep their own order.
   * @returns when it arrives, or when to try again because there is no room now
   */
  admitSegment(nowMs: number, bytes: number): { arrivalMs: number } | { retryMs: number } {
    const { delayMs, jitterMs, queueBytes, rateBps, blackhole } = this.#impairment;
    if (blackhole) {
      return { retryMs: nowMs + Math.max(50, 2 * delayMs) };
    }
    const queued = this.queuedBytes(nowMs);
    const excess = queued + bytes - Math.max(queueBytes * STREAM_QUEUE_SHARE, bytes);
    if (excess > 0) {
      return { retryMs: nowMs + (excess * 8_000) / rateBps };
    }
    this.counters.packets++;
    this.counters.bytes += bytes;
    let arrivalMs = this.#transmit(nowMs, bytes) + delayMs + this.#random() * jitterMs;
    for (let tries = 0; tries < STREAM_MAX_RETRANSMISSIONS && this.#drawLoss(); tries++) {
      this.counters.lost++;
      arrivalMs += 2 * delayMs + jitterMs;
    }
    return { arrivalMs };
  }

  /** @returns when the last bit has left */
  #transmit(nowMs: number, bytes: number): number {
    this.counters.sentBytes += bytes;
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (bytes * 8_000) / this.#impairment.rateBps;
    return this.#freeAtMs;
  }

  #drawLoss(): boolean {
    const { lossShare, burstPackets } = this.#impairment;
    const draw = this.#random();
    if (lossShare <= 0) {
      this.#burst = false;
    } else if (lossShare >= 1 || burstPackets * (1 - lossShare) <= 1) {
      // So short are the runs of independent losses on average anyway.
      this.#burst = draw < lossShare;
    } else if (this.#burst) {
      this.#burst = draw >= 1 / burstPackets;
    } else {
      this.#burst = draw < lossShare / (burstPackets * (1 - lossShare));
    }
    return this.#burst;
  }
}

/** Both directions of someone's access to the network; up is away from the person. */
export type Link = { up: LinkDirection; down: LinkDirection };

export type LinkSettings = { up?: Partial<Impairment>; down?: Partial<Impairment> };

export function openLink({ up = {}, down = {} }: LinkSettings, seed: number): Link {
  return { up: new LinkDirection(up, seed), down: new LinkDirection(down, seed ^ 0x5bd1_e995) };
}

/** Both directions alike. */
export function bothWays(impairment: Partial<Impairment>): LinkSettings {
  return { up: impairment, down: impairment };
}

/** Sends a datagram over the link in virtual time; `deliver` is called at each arrival. */
export function transmit(
  time: VirtualTime,
  direction: LinkDirection,
  bytes: number,
  deliver: (arrivalMs: number) => void,
): void {
  for (const arrivalMs of direction.admit(time.now, bytes)) {
    time.at(arrivalMs, () => deliver(arrivalMs));
  }
}

export type Preset = 'wifi' | 'lte' | 'congested' | 'train';

/**
 * Networks that customers really have. Queue lengths are those of RFC 8868 section 4: 70 ms short, 300 to 500 ms
 * nominal, 1 to 2 s bufferbloat. None is measured; each is the plain middle of its kind.
 */
export const PRESETS: Record<Preset, LinkSettings> = {
  // At home, a room away from the router: the access line is the limit; retries of the radio show as jitter, and what
  // is lost is lost in short runs when the channel is taken.
  wifi: {
    up: wireless({ rateBps: 10e6, delayMs: 8, jitterMs: 8, lossShare: 0.003, burstPackets: 3, queueMs: 300 }),
    down: wireless({
      rateBps: 50e6,
      delayMs: 8,
      jitterMs: 8,
      lossShare: 0.003,
      burstPackets: 3,
      queueMs: 300,
    }),
  },
  // A good cell: 45 ms round trip is what test services take for 4G; link-layer retransmission hides nearly all loss and
  // turns it into up to 15 ms of jitter. Uplinks are a fifth of the downlink.
  lte: {
    up: wireless({
      rateBps: 8e6,
      delayMs: 23,
      jitterMs: 15,
      lossShare: 0.002,
      burstPackets: 2,
      queueMs: 500,
    }),
    down: wireless({
      rateBps: 40e6,
      delayMs: 22,
      jitterMs: 8,
      lossShare: 0.002,
      burstPackets: 2,
      queueMs: 500,
    }),
  },
  // A full cell or a hotel network: little rate, much of the delay in the queue, losses from other people's bursts.
  congested: {
    up: wireless({
      rateBps: 600e3,
      delayMs: 40,
      jitterMs: 30,
      lossShare: 0.03,
      burstPackets: 4,
      queueMs: 1_000,
    }),
    down: wireless({
      rateBps: 1.5e6,
      delayMs: 40,
      jitterMs: 30,
      lossShare: 0.02,
      burstPackets: 4,
      queueMs: 1_000,
    }),
  },
  // Moving through cells: handovers take 20 to 50 packets at once, and a few packets come by way of the old cell.
  train: {
    up: {
      ...wireless({
        rateBps: 1.2e6,
        delayMs: 50,
        jitterMs: 50,
        lossShare: 0.04,
        burstPackets: 20,
        queueMs: 1_000,
      }),
      reorderShare: 0.005,
    },
    down: {
      ...wireless({
        rateBps: 4e6,
        delayMs: 50,
        jitterMs: 50,
        lossShare: 0.04,
        burstPackets: 20,
        queueMs: 1_000,
      }),
      reorderShare: 0.005,
    },
  },
};

function wireless({
  queueMs,
  ...rest
}: Pick<Impairment, 'rateBps' | 'delayMs' | 'jitterMs' | 'lossShare' | 'burstPackets'> & {
  queueMs: number;
}): Partial<Impairment> {
  return { ...rest, queueBytes: queueFor(rest.rateBps, queueMs) };
}
