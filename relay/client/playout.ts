/**
 * How long picture and voice wait in this browser before they are shown. On a good path as short as the browser likes; where
 * packets have to be sent again, long enough for them to come in time: without, every repaired picture is a little freeze
 * (bench loss: 25 % of the time at 20 % loss, none with 150 ms). Pure core, and a thin edge that reads `getStats`.
 */

/** What one look at the statistics adds. */
export type PlayoutSample = {
  packets: number;
  /** Lost on the way here, repaired later or not. */
  missed: number;
  freezes: number;
  /** Seconds of voice, and of voice made up for what was missing. */
  heardS: number;
  concealedS: number;
};

export type Playout = {
  /** Index into the targets. */
  readonly step: number;
  readonly steppedAt: number;
  /** Since when nothing was wrong. */
  readonly calmSince: number;
  /** How long it has to be calm before a step back. */
  readonly calmForMs: number;
  /** Sums of the last seconds. */
  readonly recent: PlayoutSample;
};

/**
 * For 5 % loss on both legs with round trips of 65 ms, for 10 to 20 %, and for what is worse. In virtual calls of 25 s
 * (support/virtual-call.ts, 24 seeds) 5 % freezes 0.3 % of the time with 150 ms and 0.04 % with 200; 20 % freezes 5.5 % with
 * 200, 2.7 % with 250 and 0.2 % with 400.
 */
const TARGETS_MS = [0, 200, 250, 400];

const LOOK_INTERVAL_MS = 1_000;
/** What is left of a sum after each look: four seconds in the mean. */
const KEPT = 0.75;
const MIN_PACKETS = 100;
const MISSED_SHARE = 0.015;
/**
 * Requests and answers get lost as well, so that a third round is common: waiting for a freeze to tell is too late. Lost
 * packets of the voice come again as they were and do not count: of all packets, 10 % loss misses 6 %.
 */
const MISSED_SHARE_HEAVY = 0.045;
const CONCEALED_SHARE = 0.01;
const MIN_HEARD_S = 2;
/** One freeze is chance. */
const FREEZES = 1.5;

/** A target takes the browser some seconds to reach. */
const STEP_UP_AFTER_MS = 5_000;
const CALM_FOR_MS = 20_000;
const CALM_FOR_LONGEST_MS = 120_000;
/** Wrong again so soon after a step back: that was too early. */
const REGRET_MS = 20_000;

const NOTHING: PlayoutSample = { packets: 0, missed: 0, freezes: 0, heardS: 0, concealedS: 0 };

export function createPlayout(now: number): Playout {
  return {
    step: 0,
    steppedAt: now - REGRET_MS,
    calmSince: now,
    calmForMs: CALM_FOR_MS,
    recent: NOTHING,
  };
}

/** Milliseconds for `jitterBufferTarget`; null for the browser's own choice. */
export function targetMs({ step }: Playout): number | null {
  return TARGETS_MS[step] || null;
}

/** To be called once a second. @param now milliseconds of any clock that only goes forward */
export function stepPlayout(before: Playout, sample: PlayoutSample, now: number): Playout {
  const recent = added(before.recent, sample);
  const missedShare = recent.packets >= MIN_PACKETS ? recent.missed / recent.packets : 0;
  const stepOfLoss = missedShare > MISSED_SHARE_HEAVY ? 2 : missedShare > MISSED_SHARE ? 1 : 0;
  // A microphone that is switched off leaves a gap as well, and loses nothing.
  const isHeard =
    recent.missed > 0 && recent.heardS >= MIN_HEARD_S && recent.concealedS > CONCEALED_SHARE * recent.heardS;
  const isBroken = isHeard || recent.freezes >= FREEZES;
  const calmSince = isBroken || (stepOfLoss > 0 && before.step <= stepOfLoss) ? now : before.calmSince;
  const same = { ...before, recent, calmSince };
  // Loss alone is what the first steps are for; more only while something is seen or heard of it.
  const wanted = Math.min(
    TARGETS_MS.length - 1,
    Math.max(stepOfLoss, isBroken ? before.step + 1 : before.step),
  );
  if (wanted > before.step && (stepOfLoss > before.step || now - before.steppedAt >= STEP_UP_AFTER_MS)) {
    const isRegretted = before.step === 0 && now - before.steppedAt < REGRET_MS;
    return {
      ...same,
      step: wanted,
      steppedAt: now,
      calmForMs: isRegretted ? Math.min(2 * before.calmForMs, CALM_FOR_LONGEST_MS) : before.calmForMs,
      recent: { ...recent, freezes: 0, concealedS: 0, heardS: 0 },
    };
  }
  if (before.step > 0 && now - calmSince >= before.calmForMs && now - before.steppedAt >= before.calmForMs) {
    return { ...same, step: before.step - 1, steppedAt: now };
  }
  return same;
}

function added(before: PlayoutSample, sample: PlayoutSample): PlayoutSample {
  const sum = (key: keyof PlayoutSample) => KEPT * before[key] + sample[key];
  return {
    packets: sum('packets'),
    missed: sum('missed'),
    freezes: sum('freezes'),
    heardS: sum('heardS'),
    concealedS: sum('concealedS'),
  };
}

// ---------------------------------------------------------------- at the browser

/** Follows one connection. */
export class ConnectionPlayout {
  #playout: Playout | undefined;
  #totals: PlayoutSample | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #targetMs: number | null = null;

  /** Takes a report of this connection, as often as there is one, and sets its receivers to what follows. */
  look(report: RTCStatsReport, pc: RTCPeerConnection, now: number): void {
    if (now - this.#lookedAt < LOOK_INTERVAL_MS) {
      return;
    }
    this.#lookedAt = now;
    const totals = totalsOf(report);
    const before = this.#totals;
    this.#totals = totals;
    this.#playout ??= createPlayout(now);
    if (before) {
      this.#playout = stepPlayout(this.#playout, difference(totals, before), now);
    }
    const target = targetMs(this.#playout);
    if (target !== this.#targetMs) {
      this.#targetMs = target;
      for (const receiver of pc.getReceivers()) {
        // Safari has none, and its own choice has to do.
        if ('jitterBufferTarget' in receiver) {
          receiver.jitterBufferTarget = target;
        }
      }
    }
  }
}

function totalsOf(report: RTCStatsReport): PlayoutSample {
  const totals = { ...NOTHING };
  report.forEach((entry: RTCStats) => {
    if (entry.type === 'inbound-rtp') {
      const inbound = entry as RTCInboundRtpStreamStats;
      totals.packets += inbound.packetsReceived ?? 0;
      // What was sent again is no measure: the relay also sends copies that nobody asked for.
      totals.missed += Math.max(0, inbound.packetsLost ?? 0);
      totals.freezes += inbound.freezeCount ?? 0;
      const { totalSamplesReceived = 0, totalSamplesDuration = 0 } = inbound;
      totals.heardS += totalSamplesDuration;
      // Silence that stands for a microphone that is off is no gap.
      const concealed = (inbound.concealedSamples ?? 0) - (inbound.silentConcealedSamples ?? 0);
      totals.concealedS +=
        totalSamplesReceived > 0 ? (concealed / totalSamplesReceived) * totalSamplesDuration : 0;
    }
  });
  return totals;
}

function difference(after: PlayoutSample, before: PlayoutSample): PlayoutSample {
  const grown = (key: keyof PlayoutSample) => Math.max(0, after[key] - before[key]);
  return {
    packets: grown('packets'),
    missed: grown('missed'),
    freezes: grown('freezes'),
    heardS: grown('heardS'),
    concealedS: grown('concealedS'),
  };
}
