/**
 * The adaptation ladder: how much the phone sends of its picture on the network that it has. Voice comes first, then
 * single stills, then video in fewer or smaller pictures, then all of it. Pure: time and measurements come in once a
 * second, the next state with everything to do comes out.
 */
import type { PictureState } from '../protocol.ts';
import {
  bandRung,
  createBand,
  createProcessorLevel,
  FULL,
  type Level,
  NOTICED_BAND,
  processorRung,
  type Rung,
  stepBand,
  stepProcessor,
} from './levels.ts';
import type { Preference, SendShape } from './shape.ts';
import { createWeakLink, type LinkSample, stepWeakLink, type WeakLink } from './weak-link.ts';

/** What the browser says of the network (Network Information API); all false where it says nothing. */
export type NetworkHints = {
  /** Mobile data. */
  cellular: boolean;
  /** 3g or less by the browser's own guess from earlier pages. */
  slow: boolean;
  /** The person asked the browser to save data. */
  saveData: boolean;
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
  /** Undefined when nothing was measured since the last step. */
  link: LinkSample | undefined;
  /** Upload of the last still in bits per second; undefined before the first. */
  stillBps: number | undefined;
};

/** `ready`: another still may be due soon; keep camera and canvas, send nothing. */
export type StillPlan = { sending: 'off' | 'ready' | 'on'; intervalMs: number };

type Position = {
  readonly band: Level;
  readonly processor: Level;
  readonly weakLink: WeakLink;
  /** There is so little that the voice makes itself small, too. */
  readonly lean: boolean;
  /** No media connection comes about. */
  readonly blocked: boolean;
  readonly connected: boolean;
  /** Since when `connected` is what it is. */
  readonly connectedSince: number;
};

export type Ladder = Position & {
  /** What people are told; held a while so that nobody reads two sentences in a row. */
  readonly picture: PictureState;
  readonly pictureSince: number;
  readonly shape: SendShape;
  readonly stills: StillPlan;
};

/** What a phone's uplink and heat allow for 720p (facts/reliability.md 6.2); the estimate moves below it. */
const MAX_BPS = 2_500_000;
/** Mobile data costs, and 720p of a still scene needs no more. */
const MAX_CELLULAR_BPS = 1_500_000;
/** 270 MB an hour, and enough for 480p at 15 frames. */
const MAX_SAVING_BPS = 600_000;
const SAVING: Rung = { side: 480, framesPerSecond: 15 };
/** A network that the browser takes for slow begins small; after that the estimate of this very connection knows better. */
const SLOW_START_MS = 10_000;

/**
 * What is sent to try: a trickle, of which nobody sees anything. Chromium probes only while it sends less than 65 % of its
 * estimate (`AlrDetector`), and then at once when the most that it may send has changed (`ProbeController`): hence the nudge
 * to and fro, once a second. Measured: 37 kbit/s to 1.9 Mbit/s in three seconds, without it ten seconds to 119 kbit/s.
 */
const TRIAL: Rung = { side: 90, framesPerSecond: 2 };
const NUDGE_BPS = 50_000;
const NUDGE_EVERY_MS = 1_000;

/** A replacement is up within 4 s on paths that carry it (facts/reliability.md 1.5). */
const BLOCKED_AFTER_MS = 6_000;
const BLOCKED_FAILURES = 2;
/** A connection that is up but no longer than this may be one that breaks again. */
const UNBLOCKED_AFTER_MS = 500;

/** With redundancy, twice Chromium's own 32 kbit/s for one voice and more, so this limits nothing. */
const VOICE_BPS = 80_000;
const VOICE_LEAN_BPS = 32_000;
/**
 * 10 kbit/s twice or 20 once, still wide band. With its headers, 50 packets a second, it takes 42 kbit/s of the link.
 * (`adaptivePtime` makes half as many packets, but Chromium 156 then spends what it saved.)
 */
const VOICE_LEAST_BPS = 20_000;
const LEAN_BELOW_BPS = 200_000;
const LEAN_UNTIL_BPS = 300_000;

const STILL_INTERVAL_MS = 1_500;
/** Nothing else is on the way. */
const STILL_INTERVAL_BLOCKED_MS = 1_000;

const PICTURE_HOLD_MS = 5_000;

const NOTHING: LadderInput = {
  preference: 'sharp',
  hints: { cellular: false, slow: false, saveData: false },
  camera: undefined,
  connected: false,
  failures: 0,
  link: undefined,
  stillBps: undefined,
};

export function createLadder(now: number): Ladder {
  const position: Position = {
    ...createMeasures(now),
    processor: createProcessorLevel(now),
    blocked: false,
    connected: false,
    connectedSince: now,
  };
  return {
    ...position,
    picture: { mode: 'none', cause: 'none' },
    pictureSince: now - PICTURE_HOLD_MS,
    shape: shapeOf(position, NOTHING, now),
    stills: stillsOf(position, NOTHING),
  };
}

/** @param now milliseconds of any clock that only goes forward */
export function stepLadder(before: Ladder, input: LadderInput, now: number): Ladder {
  const position = move(before, input, now);
  const picture = held(before, position, pictureOf(position, input), now);
  return {
    ...position,
    picture,
    pictureSince: picture === before.picture ? before.pictureSince : now,
    shape: shapeOf(position, input, now),
    stills: stillsOf(position, input),
  };
}

// ---------------------------------------------------------------- where we are

/** What was measured on one connection and says nothing of the next. */
function createMeasures(now: number): Pick<Position, 'band' | 'weakLink' | 'lean'> {
  return { band: createBand(now), weakLink: createWeakLink(now), lean: false };
}

function move(before: Ladder, input: LadderInput, now: number): Position {
  const { connected, preference, stillBps } = input;
  const connectedSince = connected === before.connected ? before.connectedSince : now;
  const { band, weakLink, lean } = connected && !before.connected ? createMeasures(now) : before;
  const same = { connected, connectedSince, blocked: isBlocked(before, input, now - connectedSince) };
  const link = connected && input.camera !== undefined ? input.link : undefined;
  if (link === undefined) {
    return { ...same, band, weakLink, lean, processor: before.processor };
  }
  const isVideo = weakLink.state === 'video';
  return {
    ...same,
    weakLink: stepWeakLink(weakLink, link, stillBps, now),
    // What a trial or a voice alone measures says nothing of sizes.
    band: isVideo ? stepBand(band, preference, link, now) : band,
    processor: isVideo ? stepProcessor(before.processor, link, now) : before.processor,
    lean: isLean(lean, link),
  };
}

function isBlocked(before: Ladder, { connected, failures }: LadderInput, sameForMs: number): boolean {
  if (connected) {
    return before.blocked && sameForMs < UNBLOCKED_AFTER_MS;
  }
  return before.blocked || sameForMs >= BLOCKED_AFTER_MS || failures >= BLOCKED_FAILURES;
}

function isLean(lean: boolean, { availableBps }: LinkSample): boolean {
  return availableBps === undefined ? lean : availableBps < (lean ? LEAN_UNTIL_BPS : LEAN_BELOW_BPS);
}

// ---------------------------------------------------------------- what follows from it

function pictureOf({ band, processor, weakLink, blocked }: Position, input: LadderInput): PictureState {
  if (input.camera === undefined) {
    return { mode: 'none', cause: 'none' };
  }
  if (blocked) {
    return { mode: 'stills', cause: 'blocked' };
  }
  if (weakLink.state !== 'video') {
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

/**
 * Between video and stills or nothing it is told at once; between shades of video not before the last was read, nor while
 * it may be stills in a moment.
 */
function held(
  { picture, pictureSince }: Ladder,
  { weakLink }: Position,
  next: PictureState,
  now: number,
): PictureState {
  if (picture.mode === next.mode && picture.cause === next.cause) {
    return picture;
  }
  const isEarly = now - pictureSince < PICTURE_HOLD_MS || weakLink.weakSince !== undefined;
  return isEarly && isVideo(picture) && isVideo(next) ? picture : next;
}

function isVideo({ mode }: PictureState): boolean {
  return mode === 'video' || mode === 'reduced';
}

function shapeOf(position: Position, { preference, hints, camera }: LadderInput, now: number): SendShape {
  const { band, processor, weakLink, lean, blocked } = position;
  const isSlowStart = hints.slow && now - position.connectedSince < SLOW_START_MS;
  const isSaving = hints.saveData || isSlowStart;
  const byProcessor = processorRung(processor);
  const rungs = [
    bandRung(preference, band),
    byProcessor,
    isSaving ? SAVING : FULL,
    weakLink.state === 'trial' ? TRIAL : FULL,
  ];
  const side = Math.min(...rungs.map((rung) => rung.side));
  const shorter = camera === undefined ? 0 : Math.min(camera.width, camera.height);
  const maxBps = isSaving ? MAX_SAVING_BPS : hints.cellular ? MAX_CELLULAR_BPS : MAX_BPS;
  const nudges = weakLink.state === 'trial' ? Math.floor((now - weakLink.since) / NUDGE_EVERY_MS) : 0;
  return {
    preference,
    video: {
      active: weakLink.state !== 'stills' && !blocked,
      // Not lower for a narrow link: the browser's estimate does that, and how far it probes depends on this.
      maxBitrate: Math.min(maxBps, byProcessor.maxBps) - (nudges % 2) * NUDGE_BPS,
      maxFramerate: Math.min(...rungs.map((rung) => rung.framesPerSecond)),
      scaleResolutionDownBy: Math.max(1, shorter / side),
    },
    audio: {
      maxBitrate: weakLink.state !== 'video' ? VOICE_LEAST_BPS : lean ? VOICE_LEAN_BPS : VOICE_BPS,
    },
  };
}

function stillsOf({ weakLink, blocked }: Position, { camera }: LadderInput): StillPlan {
  if (camera === undefined) {
    return { sending: 'off', intervalMs: STILL_INTERVAL_MS };
  }
  if (blocked) {
    return { sending: 'on', intervalMs: STILL_INTERVAL_BLOCKED_MS };
  }
  const sending = weakLink.state === 'video' ? 'off' : weakLink.state === 'trial' ? 'ready' : 'on';
  return { sending, intervalMs: STILL_INTERVAL_MS };
}
