/**
 * Video or stills: when a link is too weak for video, when to try video again, and whether that worked. Pure; a part of
 * ladder.ts.
 */

/** Statistics of the last second. */
export type LinkSample = {
  /** The browser's estimate of the way up, in bits per second; the relay's REMB is already in it. */
  availableBps: number | undefined;
  /** Voice and picture as sent, in bits per second. */
  sentBps: number;
  /** Share of packets that the relay did not get, 0 to 1. */
  loss: number;
  roundTripMs: number | undefined;
  /** What keeps the encoder from doing what it was asked for. */
  limitation: 'none' | 'cpu' | 'bandwidth' | 'other' | undefined;
};

export type WeakLink = {
  /** `trial`: a trickle of video is sent to see what the link carries; people still see stills. */
  readonly state: 'video' | 'stills' | 'trial';
  /** Milliseconds of the ladder's clock. */
  readonly since: number;
  readonly weakSince: number | undefined;
  readonly goodSince: number | undefined;
  /** The best estimate of this trial, and when it came. */
  readonly bestBps: number;
  readonly bestAt: number;
  /** From here to the next trial. */
  readonly waitMs: number;
};

/**
 * Below this, video takes the voice with it. On a link of 100 kbit/s the browser's estimate swings between 60 and 90, on one
 * of 150 between 80 and 130.
 */
const STILLS_BELOW_BPS = 85_000;
const STILLS_AFTER_MS = 2_500;
/** More is not repaired in time any more. */
const STILLS_FROM_LOSS = 0.4;

const VIDEO_FROM_BPS = 130_000;
const VIDEO_AFTER_MS = 2_000;
const VIDEO_BELOW_LOSS = 0.25;

/**
 * A trial lasts while the estimate grows. The browser's probes double it every few hundred milliseconds; once video fills
 * the link there are no probes, and it grows by 8 % a second.
 */
const TRIAL_STALLED_MS = 2_000;
const TRIAL_GROWTH = 1.1;
const TRIAL_ENOUGH_BPS = 1_500_000;
const TRIAL_LONGEST_MS = 15_000;

const WAIT_FIRST_MS = 4_000;
const WAIT_GROWTH = 1.5;
/** Longer could miss the 20 s in which a link that is good again has to be used again. */
const WAIT_LONGEST_MS = 10_000;
/** While even stills are slow, a trial has no chance and costs a syllable; the next still tells when that is over. */
const WAIT_SLOW_MS = 30_000;
const SLOW_UPLOAD_BPS = 100_000;
/** With round trips of 65 ms and this, TCP carries 0.4 Mbit/s at best (Mathis), and time-outs make that a tenth. */
const LOSS_SLOWS_TCP = 0.08;
/** Video that lasted this long was no mistake; the next trial is as quick as the first. */
const FORGIVEN_MS = 30_000;

export function createWeakLink(now: number): WeakLink {
  return entered('video', now, WAIT_FIRST_MS);
}

/** @param stillBps upload of the last still; undefined before the first */
export function stepWeakLink(
  weak: WeakLink,
  link: LinkSample,
  stillBps: number | undefined,
  now: number,
): WeakLink {
  switch (weak.state) {
    case 'video':
      return stepVideo(weak, link, now);
    case 'stills':
      return stepStills(weak, link, stillBps, now);
    case 'trial':
      return stepTrial(weak, link, now);
  }
}

function entered(state: WeakLink['state'], now: number, waitMs: number): WeakLink {
  return { state, since: now, weakSince: undefined, goodSince: undefined, bestBps: 0, bestAt: now, waitMs };
}

function stepVideo(weak: WeakLink, link: LinkSample, now: number): WeakLink {
  const isWeak = estimateOf(link) < STILLS_BELOW_BPS || link.loss >= STILLS_FROM_LOSS;
  const weakSince = isWeak ? (weak.weakSince ?? now) : undefined;
  if (weakSince === undefined || now - weakSince < STILLS_AFTER_MS) {
    return { ...weak, weakSince };
  }
  const lasted = weakSince - weak.since >= FORGIVEN_MS;
  return entered('stills', now, lasted ? WAIT_FIRST_MS : longer(weak.waitMs));
}

function stepStills(weak: WeakLink, link: LinkSample, stillBps: number | undefined, now: number): WeakLink {
  // TCP is slow wherever much is lost, however wide the path: that says nothing of what video would do.
  const isTelling = link.loss < LOSS_SLOWS_TCP;
  const isSlow = isTelling && stillBps !== undefined && stillBps < SLOW_UPLOAD_BPS;
  const isDue = now - weak.since >= (isSlow ? WAIT_SLOW_MS : weak.waitMs);
  return isDue ? entered('trial', now, weak.waitMs) : weak;
}

function stepTrial(weak: WeakLink, link: LinkSample, now: number): WeakLink {
  const estimate = estimateOf(link);
  const grew = estimate > weak.bestBps * TRIAL_GROWTH;
  const best = grew ? { bestBps: estimate, bestAt: now } : { bestBps: weak.bestBps, bestAt: weak.bestAt };
  const isGood = estimate >= VIDEO_FROM_BPS && link.loss < VIDEO_BELOW_LOSS;
  const goodSince = isGood ? (weak.goodSince ?? now) : undefined;
  const isStalled = now - best.bestAt >= TRIAL_STALLED_MS || now - weak.since >= TRIAL_LONGEST_MS;
  const isProven = goodSince !== undefined && now - goodSince >= VIDEO_AFTER_MS;
  if (isProven && (isStalled || estimate >= TRIAL_ENOUGH_BPS)) {
    return entered('video', now, weak.waitMs);
  }
  return isStalled && goodSince === undefined
    ? entered('stills', now, longer(weak.waitMs))
    : { ...weak, ...best, goodSince };
}

/** Where a browser gives no estimate: what arrives on a link that loses or delays much. */
function estimateOf({ availableBps, sentBps, loss, roundTripMs = 0 }: LinkSample): number {
  if (availableBps !== undefined) {
    return availableBps;
  }
  const isStrained = loss >= 0.1 || roundTripMs >= 1_000;
  return isStrained ? sentBps * (1 - loss) : Number.POSITIVE_INFINITY;
}

function longer(waitMs: number): number {
  return Math.min(waitMs * WAIT_GROWTH, WAIT_LONGEST_MS);
}
