/** How good a session is right now and what keeps it from being better. Pure; the words are in quality-words.ts. */
import type { QualityReport, SessionView } from '../relay/protocol.ts';
import type { Figures } from './quality-samples.ts';

export type Grade = 'good' | 'fair' | 'poor';

/** What limits picture or voice, the gravest first. */
export type Limit =
  | 'relayLost'
  | 'customerAway'
  | 'mediaDown'
  | 'blocked'
  | 'stills'
  | 'uplink'
  | 'processor'
  | 'saveData'
  | 'pictureLoss'
  | 'voiceGaps'
  | 'yourUplink'
  | 'delay'
  | 'freezes'
  | 'fewFrames';

export type Verdict = { grade: Grade; limits: Limit[] };

/** From the first on it is noticed, from the second on it disturbs. */
type Threshold = readonly [fair: number, poor: number];

/** Retransmission hides some loss; beyond that the picture breaks. */
const PICTURE_LOSS_PERCENT: Threshold = [4, 15];
const VOICE_GAPS_PERCENT: Threshold = [2, 8];
const SENT_LOSS_PERCENT: Threshold = [4, 15];
/** People begin to talk into each other's words at 400 ms there and back (ITU-T G.114: 150 to 400 ms one way). */
const ROUND_TRIP_MS: Threshold = [300, 700];
const FROZEN_PERCENT: Threshold = [5, 30];
/** Fewer are worse. */
const FRAMES_PER_SECOND: Threshold = [11, 4];

export type Circumstances = {
  /** Whether this page has its socket and its media. */
  isRelayLost: boolean;
  isMediaUp: boolean;
  customer: SessionView['customer'];
  /** The customer's camera is on. */
  isPictureDue: boolean;
};

export function judge(figures: Figures, circumstances: Circumstances): Verdict {
  const { isRelayLost, isMediaUp, customer, isPictureDue } = circumstances;
  if (isRelayLost) {
    return { grade: 'poor', limits: ['relayLost'] };
  }
  if (customer?.connected === false) {
    return { grade: 'poor', limits: ['customerAway'] };
  }
  if (!isMediaUp || customer?.mediaReady === false) {
    return { grade: 'poor', limits: ['mediaDown'] };
  }
  const found: [Grade, Limit][] = [];
  const note = (limit: Limit, value: number | undefined, [fair, poor]: Threshold) => {
    const isMore = poor > fair;
    const reaches = (bound: number) => value !== undefined && (isMore ? value >= bound : value <= bound);
    if (reaches(fair)) {
      found.push([reaches(poor) ? 'poor' : 'fair', limit]);
    }
  };
  const phone = phoneLimit(customer?.picture);
  if (phone) {
    found.push(phone);
  }
  if (isPictureDue) {
    note('pictureLoss', figures.pictureLossPercent, PICTURE_LOSS_PERCENT);
    note('freezes', figures.frozenPercent, FROZEN_PERCENT);
    note('fewFrames', figures.framesPerSecond, FRAMES_PER_SECOND);
  }
  note('voiceGaps', figures.voiceGapsPercent, VOICE_GAPS_PERCENT);
  note('yourUplink', figures.sentLossPercent, SENT_LOSS_PERCENT);
  note('delay', figures.roundTripMs, ROUND_TRIP_MS);
  const grade = found.some(([bad]) => bad === 'poor') ? 'poor' : found.length > 0 ? 'fair' : 'good';
  found.sort(([a], [b]) => Number(b === 'poor') - Number(a === 'poor'));
  return { grade, limits: found.map(([, limit]) => limit) };
}

/** What the phone says of itself. */
function phoneLimit(
  picture: NonNullable<SessionView['customer']>['picture'] | undefined,
): [Grade, Limit] | undefined {
  if (picture?.mode === 'stills') {
    return ['poor', picture.cause === 'blocked' ? 'blocked' : 'stills'];
  }
  if (picture?.mode !== 'reduced') {
    return undefined;
  }
  return ['fair', picture.cause === 'processor' || picture.cause === 'saveData' ? picture.cause : 'uplink'];
}

/** Of a whole session, by what was usual in it. */
export function gradeOf(report: QualityReport): Grade {
  const { seconds, freezeSeconds, stillsSeconds } = report;
  const share = (part: number) => (seconds > 0 ? (part / seconds) * 100 : 0);
  const marks = [
    mark(share(stillsSeconds), [10, 50]),
    mark(share(freezeSeconds), FROZEN_PERCENT),
    mark(report.pictureLossPercent?.median ?? 0, PICTURE_LOSS_PERCENT),
    mark(report.voiceLossPercent?.median ?? 0, VOICE_GAPS_PERCENT),
    mark(report.roundTripMs?.median ?? 0, ROUND_TRIP_MS),
  ];
  return marks.includes('poor') ? 'poor' : marks.includes('fair') ? 'fair' : 'good';
}

function mark(value: number, [fair, poor]: Threshold): Grade {
  return value >= poor ? 'poor' : value >= fair ? 'fair' : 'good';
}
