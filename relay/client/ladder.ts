/**
 * The adaptation ladder: how much the phone sends of its picture on the network that it has. Voice comes first, then
 * single stills, then video in fewer or smaller pictures, then all of it. Pure: time and measurements come in once a second,
 * the next state with everything to do comes out.
 */
import type { PictureState } from '../protocol.ts';
import type { Preference, SendShape } from './shape.ts';

/** What the browser says of the network (Network Information API); all false where it says nothing. */
export type NetworkHints = {
  /** Mobile data. */
  cellular: boolean;
  /** 3g or less by the browser's own guess. */
  slow: boolean;
  /** The person asked the browser to save data. */
  saveData: boolean;
};

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

export type LadderInput = {
  preference: Preference;
  hints: NetworkHints;
  /** Size of the camera's picture; undefined while there is none to send. */
  camera: { width: number; height: number } | undefined;
  /** A media connection with the relay is up. */
  connected: boolean;
  /** Media connections given up since one was last up. */
  failures: number;
  link: LinkSample | undefined;
  /** Upload of the last still in bits per second; undefined before the first. */
  stillBps: number | undefined;
};

/** `ready`: another still may be due soon; keep camera and canvas, send nothing. */
export type StillPlan = { sending: 'off' | 'ready' | 'on'; intervalMs: number };

/** One step of size and rate. `side` is the shorter side of the picture in pixels. */
type Rung = { side: number; framesPerSecond: number };

/** A choice among numbered levels that moves up only after a while, and later each time that it was wrong. */
type Step = {
  level: number;
  /** Since when another level would be right; undefined while this one is. */
  lowerSince: number | undefined;
  higherSince: number | undefined;
  raisedAt: number;
  raiseAfterMs: number;
};

/** The way between video and stills on a weak link. */
type Weakness = {
  state: 'video' | 'stills' | 'trial';
  since: number;
  weakSince: number | undefined;
  goodSince: number | undefined;
  /** From one failed trial to the next. */
  waitMs: number;
  /** Upload of stills when the last trial failed. */
  failedAtBps: number;
};

export type Ladder = {
  readonly band: Step;
  readonly processor: Step;
  readonly weakness: Weakness;
  readonly lean: boolean;
  readonly blocked: boolean;
  /** Since when `connected` is what it is. */
  readonly connectedSince: number;
  readonly connected: boolean;
  readonly picture: PictureState;
  readonly pictureSince: number;
  readonly shape: SendShape;
  readonly stills: StillPlan;
};

// ---------------------------------------------------------------- figures

/** What a phone's uplink and heat allow for 720p (facts/reliability.md 6.2); the estimate moves below it. */
const MAX_BPS = 2_500_000;
/** Mobile data costs; 720p of a still scene needs no more. */
const MAX_CELLULAR_BPS = 1_500_000;
/** 270 MB an hour, and enough for 480p at 15 frames. */
const MAX_SAVING_BPS = 600_000;
const SAVING: Rung = { side: 480, framesPerSecond: 15 };

/** 24 come from the camera; more only heats a phone. */
const FULL: Rung = { side: Number.POSITIVE_INFINITY, framesPerSecond: 30 };

/** From `fromBps` on, voice included. The lowest has no floor: below it stills take over. */
const BANDS: Record<Preference, readonly (Rung & { fromBps: number })[]> = {
  // Type plates have to be readable: the size stays until five frames a second are reached.
  sharp: [
    { ...FULL, fromBps: 700_000 },
    { side: 720, framesPerSecond: 15, fromBps: 400_000 },
    { side: 720, framesPerSecond: 8, fromBps: 250_000 },
    { side: 480, framesPerSecond: 6, fromBps: 150_000 },
    { side: 360, framesPerSecond: 5, fromBps: 0 },
  ],
  smooth: [
    { ...FULL, fromBps: 1_000_000 },
    { side: 540, framesPerSecond: 24, fromBps: 500_000 },
    { side: 360, framesPerSecond: 24, fromBps: 300_000 },
    { side: 240, framesPerSecond: 20, fromBps: 180_000 },
    { side: 180, framesPerSecond: 20, fromBps: 0 },
  ],
};
/** From this band on people notice, and are told. */
const NOTICED_BAND = 2;
/** To go up, the estimate must be that much above the floor: it swings by some 15 % on a steady link. */
const RAISE_MARGIN = 1.2;
const LOWER_AFTER_MS = 1_500;
const RAISE_AFTER_MS = 2_000;
const RAISE_AFTER_LONGEST_MS = 10_000;
/** A level that was left again within this was the wrong one. */
const REGRET_MS = 15_000;

/** An encoder that cannot keep up, level by level (facts/reliability.md 6.2: 540p20, then lower). */
const PROCESSOR: readonly (Rung & { maxBps: number })[] = [
  { ...FULL, maxBps: MAX_BPS },
  { side: 540, framesPerSecond: 20, maxBps: 1_200_000 },
  { side: 360, framesPerSecond: 15, maxBps: 600_000 },
];
/** Shorter ones are a page that opens or a phone call that rings. */
const PROCESSOR_LOWER_AFTER_MS = 5_000;
/** A phone that got hot cools slowly. */
const PROCESSOR_RAISE_AFTER_MS = 30_000;
const PROCESSOR_RAISE_AFTER_LONGEST_MS = 300_000;
const PROCESSOR_REGRET_MS = 60_000;

/** Below this, video takes the voice with it. */
const STILLS_BELOW_BPS = 100_000;
const STILLS_AFTER_MS = 2_000;
/** More is not repaired in time any more. */
const STILLS_FROM_LOSS = 0.4;
/** A trial that holds this for so long is over, and video goes on. */
const VIDEO_FROM_BPS = 150_000;
const VIDEO_AFTER_MS = 2_000;
const TRIAL_LOSS = 0.25;
/** The browser's probes need about two seconds to show a good link. */
const TRIAL_MS = 5_000;
/** Below this a trial only disturbs the voice; it is given up at once, but not before the first probes are back. */
const TRIAL_HOPELESS_BPS = 80_000;
const TRIAL_HOPELESS_AFTER_MS = 2_500;
const TRIAL_WAIT_FIRST_MS = 4_000;
const TRIAL_WAIT_GROWTH = 1.5;
/** Longer would miss the 20 s in which a link that is good again has to be used again. */
const TRIAL_WAIT_LONGEST_MS = 10_000;
/** Video that lasted this long was no mistake; the next trial is as quick as the first. */
const TRIAL_FORGIVEN_MS = 30_000;
/** An upload of stills that became this much faster is a reason not to wait. */
const TRIAL_UPLOAD_BPS = 250_000;
const TRIAL_UPLOAD_GROWTH = 2;
/** What is sent to try: little, for the estimate grows by the browser's own probes. */
const TRIAL: Rung = { side: 240, framesPerSecond: 5 };

/** Voice alone cannot connect either, but pictures can go through the WebSocket. */
const BLOCKED_AFTER_MS = 8_000;
const BLOCKED_FAILURES = 2;
const UNBLOCKED_AFTER_MS = 500;

/** Opus at 16 kHz and more; Chromium's own default is 32 kbit/s. */
const VOICE_BPS = 40_000;
const VOICE_LEAN_BPS = 24_000;
/** Still wide band. With its headers, 50 packets a second, it takes 40 kbit/s of the link. */
const VOICE_LEAST_BPS = 16_000;
/** Redundancy doubles the voice; where there is little it has to go. */
const LEAN_BELOW_BPS = 200_000;
const LEAN_UNTIL_BPS = 300_000;

const STILL_INTERVAL_MS = 1_500;
/** Nothing else is on the way. */
const STILL_INTERVAL_BLOCKED_MS = 1_000;

/** A sentence that says "it got better" stays away so long, so that nobody reads two in a row. */
const PICTURE_HOLD_MS = 5_000;

// ---------------------------------------------------------------- steps

export function createLadder(now: number): Ladder {
  const ladder = {
    band: createStep(now, RAISE_AFTER_MS),
    processor: createStep(now, PROCESSOR_RAISE_AFTER_MS),
    weakness: videoAgain(now, TRIAL_WAIT_FIRST_MS),
    lean: false,
    blocked: false,
    connected: false,
    connectedSince: now,
    picture: { mode: 'none', cause: 'none' },
    pictureSince: now,
    stills: { sending: 'off', intervalMs: STILL_INTERVAL_MS },
  } as const;
  const hints = { cellular: false, slow: false, saveData: false };
  const input: LadderInput = {
    preference: 'sharp',
    hints,
    camera: undefined,
    connected: false,
    failures: 0,
    link: undefined,
    stillBps: undefined,
  };
  return { ...ladder, shape: shapeOf(ladder, input) };
}

/** @param now milliseconds of any clock that only goes forward */
export function stepLadder(before: Ladder, input: LadderInput, now: number): Ladder {
  const connectedSince = before.connected === input.connected ? before.connectedSince : now;
  const fresh = input.connected && !before.connected;
  const blocked = isBlocked(before, input, now - connectedSince);
  // What was measured on another connection says nothing of this one.
  const base = fresh ? { ...before, ...createMeasures(now) } : before;
  const link = input.connected && input.camera !== undefined ? input.link : undefined;
  const weakness = link === undefined ? base.weakness : weigh(base.weakness, link, input.stillBps, now);
  const video = weakness.state === 'video' ? link : undefined;
  const next = {
    band: video?.availableBps === undefined ? base.band : stepBand(base.band, input.preference, video, now),
    processor: video === undefined ? base.processor : stepProcessor(base.processor, video, now),
    weakness,
    lean: isLean(base.lean, link),
    blocked,
    connected: input.connected,
    connectedSince,
  };
  const picture = holdPicture(before, pictureOf(next, input), now);
  return {
    ...next,
    picture,
    pictureSince: picture === before.picture ? before.pictureSince : now,
    shape: shapeOf(next, input),
    stills: stillsOf(next, input),
  };
}

type Measures = Pick<Ladder, 'band' | 'weakness' | 'lean'>;
type Position = Pick<Ladder, 'band' | 'processor' | 'weakness' | 'lean' | 'blocked'>;

function createMeasures(now: number): Measures {
  return {
    band: createStep(now, RAISE_AFTER_MS),
    weakness: videoAgain(now, TRIAL_WAIT_FIRST_MS),
    lean: false,
  };
}

function isBlocked(before: Ladder, { connected, failures }: LadderInput, sameForMs: number): boolean {
  if (connected) {
    return before.blocked && sameForMs < UNBLOCKED_AFTER_MS;
  }
  return before.blocked || sameForMs >= BLOCKED_AFTER_MS || failures >= BLOCKED_FAILURES;
}

// ---------------------------------------------------------------- levels

function createStep(now: number, raiseAfterMs: number): Step {
  return {
    level: 0,
    lowerSince: undefined,
    higherSince: undefined,
    raisedAt: now - REGRET_MS,
    raiseAfterMs,
  };
}

/** Level 0 is the best. `lower` and `higher` are the levels that would do now, equal to the present one if it does. */
function moveStep(
  step: Step,
  wanted: { lower: number; higher: number },
  rules: { lowerAfterMs: number; raiseAfterMs: number; longestMs: number; regretMs: number },
  now: number,
): Step {
  const lowerSince = wanted.lower > step.level ? (step.lowerSince ?? now) : undefined;
  const higherSince = wanted.higher < step.level ? (step.higherSince ?? now) : undefined;
  if (lowerSince !== undefined && now - lowerSince >= rules.lowerAfterMs) {
    const regretted = step.level < wanted.lower && now - step.raisedAt < rules.regretMs;
    const raiseAfterMs = regretted ? Math.min(step.raiseAfterMs * 2, rules.longestMs) : rules.raiseAfterMs;
    return { ...step, level: wanted.lower, lowerSince: undefined, higherSince: undefined, raiseAfterMs };
  }
  if (higherSince !== undefined && now - higherSince >= step.raiseAfterMs) {
    return { ...step, level: wanted.higher, lowerSince: undefined, higherSince: undefined, raisedAt: now };
  }
  return { ...step, lowerSince, higherSince };
}

/** The first band whose floor is reached; the last has none. */
function bandFor(preference: Preference, availableBps: number): number {
  return BANDS[preference].findIndex(({ fromBps }) => availableBps >= fromBps);
}

function stepBand(step: Step, preference: Preference, link: LinkSample, now: number): Step {
  const availableBps = link.availableBps ?? Number.POSITIVE_INFINITY;
  const wanted = {
    lower: bandFor(preference, availableBps),
    higher: bandFor(preference, availableBps / RAISE_MARGIN),
  };
  const rules = {
    lowerAfterMs: LOWER_AFTER_MS,
    raiseAfterMs: RAISE_AFTER_MS,
    longestMs: RAISE_AFTER_LONGEST_MS,
    regretMs: REGRET_MS,
  };
  return moveStep(step, wanted, rules, now);
}

function stepProcessor(step: Step, { limitation }: LinkSample, now: number): Step {
  const wanted = {
    lower: limitation === 'cpu' ? Math.min(step.level + 1, PROCESSOR.length - 1) : step.level,
    higher: limitation === 'cpu' ? step.level : Math.max(step.level - 1, 0),
  };
  const rules = {
    lowerAfterMs: PROCESSOR_LOWER_AFTER_MS,
    raiseAfterMs: PROCESSOR_RAISE_AFTER_MS,
    longestMs: PROCESSOR_RAISE_AFTER_LONGEST_MS,
    regretMs: PROCESSOR_REGRET_MS,
  };
  return moveStep(step, wanted, rules, now);
}

function isLean(lean: boolean, link: LinkSample | undefined): boolean {
  const availableBps = link?.availableBps;
  if (availableBps === undefined) {
    return lean;
  }
  return availableBps < (lean ? LEAN_UNTIL_BPS : LEAN_BELOW_BPS);
}

// ---------------------------------------------------------------- video or stills

function videoAgain(now: number, waitMs: number): Weakness {
  return {
    state: 'video',
    since: now,
    weakSince: undefined,
    goodSince: undefined,
    waitMs,
    failedAtBps: 0,
  };
}

/** Where a browser gives no estimate, what arrives on a link that loses or delays much. */
function estimateOf({ availableBps, sentBps, loss, roundTripMs = 0 }: LinkSample): number {
  if (availableBps !== undefined) {
    return availableBps;
  }
  const strained = loss >= 0.1 || roundTripMs >= 1_000;
  return strained ? sentBps * (1 - loss) : Number.POSITIVE_INFINITY;
}

function weigh(weakness: Weakness, link: LinkSample, stillBps: number | undefined, now: number): Weakness {
  switch (weakness.state) {
    case 'video':
      return weighVideo(weakness, link, now);
    case 'stills':
      return weighStills(weakness, link, stillBps, now);
    case 'trial':
      return weighTrial(weakness, link, stillBps, now);
  }
}

function weighVideo(weakness: Weakness, link: LinkSample, now: number): Weakness {
  const weak = estimateOf(link) < STILLS_BELOW_BPS || link.loss >= STILLS_FROM_LOSS;
  const weakSince = weak ? (weakness.weakSince ?? now) : undefined;
  if (weakSince === undefined || now - weakSince < STILLS_AFTER_MS) {
    return { ...weakness, weakSince };
  }
  const lasted = now - weakness.since >= TRIAL_FORGIVEN_MS;
  const waitMs = lasted ? TRIAL_WAIT_FIRST_MS : longer(weakness.waitMs);
  return { ...videoAgain(now, waitMs), state: 'stills' };
}

function weighStills(weakness: Weakness, link: LinkSample, stillBps = 0, now: number): Weakness {
  const uploadGrew = stillBps >= TRIAL_UPLOAD_BPS && stillBps >= weakness.failedAtBps * TRIAL_UPLOAD_GROWTH;
  const due =
    now - weakness.since >= weakness.waitMs ||
    (now - weakness.since >= STILLS_AFTER_MS && (uploadGrew || (link.availableBps ?? 0) >= VIDEO_FROM_BPS));
  return due ? { ...weakness, state: 'trial', since: now, goodSince: undefined } : weakness;
}

function weighTrial(weakness: Weakness, link: LinkSample, stillBps = 0, now: number): Weakness {
  const estimate = estimateOf(link);
  const good = estimate >= VIDEO_FROM_BPS && link.loss < TRIAL_LOSS;
  const goodSince = good ? (weakness.goodSince ?? now) : undefined;
  if (goodSince !== undefined && now - goodSince >= VIDEO_AFTER_MS) {
    return videoAgain(now, weakness.waitMs);
  }
  const lastedMs = now - weakness.since;
  const hopeless = estimate < TRIAL_HOPELESS_BPS && lastedMs >= TRIAL_HOPELESS_AFTER_MS;
  if (goodSince === undefined && (hopeless || lastedMs >= TRIAL_MS)) {
    return {
      ...videoAgain(now, longer(weakness.waitMs)),
      state: 'stills',
      failedAtBps: stillBps,
    };
  }
  return { ...weakness, goodSince };
}

function longer(waitMs: number): number {
  return Math.min(waitMs * TRIAL_WAIT_GROWTH, TRIAL_WAIT_LONGEST_MS);
}

// ---------------------------------------------------------------- what follows

function pictureOf({ band, processor, weakness, blocked }: Position, input: LadderInput): PictureState {
  if (input.camera === undefined) {
    return { mode: 'none', cause: 'none' };
  }
  if (blocked) {
    return { mode: 'stills', cause: 'blocked' };
  }
  if (weakness.state !== 'video') {
    return { mode: 'stills', cause: 'bandwidth' };
  }
  if (band.level >= NOTICED_BAND) {
    return { mode: 'reduced', cause: 'bandwidth' };
  }
  if (processor.level > 0) {
    return { mode: 'reduced', cause: 'processor' };
  }
  return input.hints.saveData ? { mode: 'reduced', cause: 'saveData' } : { mode: 'video', cause: 'none' };
}

/** What changes between video and stills or nothing is told at once; between shades of video not before the last was read. */
function holdPicture(before: Ladder, next: PictureState, now: number): PictureState {
  const held = before.picture;
  if (held.mode === next.mode && held.cause === next.cause) {
    return held;
  }
  const shades = isVideo(held) && isVideo(next);
  return shades && now - before.pictureSince < PICTURE_HOLD_MS ? held : next;
}

function isVideo({ mode }: PictureState): boolean {
  return mode === 'video' || mode === 'reduced';
}

function shapeOf({ band, processor, weakness, lean, blocked }: Position, input: LadderInput): SendShape {
  const { preference, hints, camera } = input;
  const rungs: Rung[] = [BANDS[preference][band.level] ?? FULL, PROCESSOR[processor.level] ?? FULL];
  if (hints.saveData || hints.slow) {
    rungs.push(SAVING);
  }
  if (weakness.state === 'trial') {
    rungs.push(TRIAL);
  }
  const side = Math.min(...rungs.map((rung) => rung.side));
  const shorter = camera === undefined ? 0 : Math.min(camera.width, camera.height);
  return {
    preference,
    video: {
      active: weakness.state !== 'stills' && !blocked,
      maxBitrate: Math.min(
        hints.saveData || hints.slow ? MAX_SAVING_BPS : hints.cellular ? MAX_CELLULAR_BPS : MAX_BPS,
        PROCESSOR[processor.level]?.maxBps ?? MAX_BPS,
      ),
      maxFramerate: Math.min(...rungs.map((rung) => rung.framesPerSecond)),
      scaleResolutionDownBy: Math.max(1, shorter / side),
    },
    audio: {
      maxBitrate: weakness.state !== 'video' ? VOICE_LEAST_BPS : lean ? VOICE_LEAN_BPS : VOICE_BPS,
      redundancy: weakness.state === 'video' && !lean,
    },
  };
}

function stillsOf({ weakness, blocked }: Position, { camera }: LadderInput): StillPlan {
  if (camera === undefined) {
    return { sending: 'off', intervalMs: STILL_INTERVAL_MS };
  }
  if (blocked) {
    return { sending: 'on', intervalMs: STILL_INTERVAL_BLOCKED_MS };
  }
  const sending = weakness.state === 'video' ? 'off' : weakness.state === 'trial' ? 'ready' : 'on';
  return { sending, intervalMs: STILL_INTERVAL_MS };
}
