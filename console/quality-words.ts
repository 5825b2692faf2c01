/** The quality of a session in words and figures of the current language. */
import { msg, str } from '@lit/localize';
import type { EventData, QualityReport, Spread } from '../relay/protocol.ts';
import { decimal, duration } from './localization.ts';
import type { FigureName } from './quality-samples.ts';
import { type Grade, gradeOf, type Limit } from './quality-verdict.ts';

export function gradeWord(grade: Grade): string {
  switch (grade) {
    case 'good':
      return msg('Good');
    case 'fair':
      return msg('Fair');
    case 'poor':
      return msg('Poor');
  }
}

/** What limits it, and why or what helps. */
const LIMITS: Record<Limit, () => [what: string, why: string]> = {
  relayLost: () => [
    msg('Your connection to the relay is lost'),
    msg('Your computer’s network does not get through at the moment; the page keeps trying.'),
  ],
  customerAway: () => [
    msg('The customer is not reachable'),
    msg('The phone’s connection is lost, or its page was closed. It continues by itself.'),
  ],
  mediaDown: () => [msg('Picture and sound are not connected'), msg('A new connection is being made.')],
  blocked: () => [
    msg('Stills instead of video'),
    msg('The customer’s network lets neither video nor sound through.'),
  ],
  stills: () => [
    msg('Stills instead of video'),
    msg('The customer’s upload is too weak for video; the voice has priority.'),
  ],
  uplink: () => [
    msg('The customer’s upload is weak'),
    msg('The phone sends a smaller picture so that the voice gets through. Better reception or Wi-Fi helps.'),
  ],
  processor: () => [
    msg('The customer’s phone is busy'),
    msg('Its processor does not keep up with a larger picture. Closing other apps helps.'),
  ],
  saveData: () => [
    msg('The customer’s phone saves data'),
    msg('The customer wants to use little of a data plan, so the picture is smaller.'),
  ],
  pictureLoss: () => [
    msg('Parts of the picture get lost'),
    msg('Packets are lost between the phone and you.'),
  ],
  voiceGaps: () => [
    msg('The customer’s voice has gaps'),
    msg('Packets of the voice are lost or come too late.'),
  ],
  yourUplink: () => [
    msg('Your upload loses packets'),
    msg('The customer hears you with gaps. A cable instead of Wi-Fi helps.'),
  ],
  delay: () => [
    msg('Long delay'),
    msg('Your way to the relay takes long. Please wait a moment before you answer.'),
  ],
  freezes: () => [msg('The picture stands still at times'), msg('Frames come late or not at all.')],
  fewFrames: () => [
    msg('Few frames per second'),
    msg('The phone sends fewer of them: it is dark, the link is weak or the phone is busy.'),
  ],
};

export function limitWords(limit: Limit): [what: string, why: string] {
  return LIMITS[limit]();
}

// ---------------------------------------------------------------- figures

/** Short: it stands below the heading of its medium. */
export function figureLabel(name: FigureName): string {
  switch (name) {
    case 'pictureKbps':
    case 'voiceKbps':
    case 'sentKbps':
      return msg('Bit rate');
    case 'pictureLossPercent':
    case 'voiceLossPercent':
    case 'sentLossPercent':
      return msg('Loss');
    case 'framesPerSecond':
      return msg('Frame rate');
    case 'frozenPercent':
      return msg('Frozen');
    case 'voiceGapsPercent':
      return msg('Gaps');
    case 'roundTripMs':
      return msg('Round trip');
  }
}

export function figureText(name: FigureName, value: number | undefined): string {
  if (value === undefined) {
    return '–';
  }
  switch (name) {
    case 'pictureKbps':
    case 'voiceKbps':
    case 'sentKbps':
      return bitRate(value);
    case 'framesPerSecond':
      return `${decimal(value, 0)} ${msg('fps')}`;
    case 'roundTripMs':
      return `${decimal(value, 0)} ms`;
    default:
      return percent(value);
  }
}

/** From where on a chart of it is full, unless there is more. */
export const FIGURE_SCALES: Record<FigureName, number> = {
  pictureKbps: 2_000,
  pictureLossPercent: 10,
  framesPerSecond: 30,
  frozenPercent: 100,
  voiceKbps: 60,
  voiceLossPercent: 10,
  voiceGapsPercent: 10,
  sentKbps: 60,
  sentLossPercent: 10,
  roundTripMs: 300,
};

function bitRate(kbps: number): string {
  return kbps >= 1_000 ? `${decimal(kbps / 1_000, 1)} Mbit/s` : `${decimal(kbps, 0)} kbit/s`;
}

function percent(value: number): string {
  return `${decimal(value, value < 10 ? 1 : 0)} %`;
}

// ---------------------------------------------------------------- the whole session

/** The line of the log at the end. What never happened is not in it. */
export function summarySentence(data: EventData): string {
  const report = reportOf(data);
  const grade = gradeWord(gradeOf(report));
  const { freezeSeconds, stillsSeconds } = report;
  const parts = [
    ...part(report.pictureKbps, bitRate, (usual, worst) => msg(str`picture ${usual} (min. ${worst})`)),
    ...part(report.pictureLossPercent, percent, (usual, worst) => msg(str`loss ${usual} (max. ${worst})`)),
    ...part(report.voiceLossPercent, percent, (usual, worst) =>
      msg(str`loss of the voice ${usual} (max. ${worst})`),
    ),
    ...part(
      report.roundTripMs,
      (value) => `${decimal(value, 0)} ms`,
      (usual, worst) => msg(str`round trip ${usual} (max. ${worst})`),
    ),
    ...(freezeSeconds > 0 ? [msg(str`frozen for ${secondsText(freezeSeconds)}`)] : []),
    ...(stillsSeconds > 0 ? [msg(str`stills for ${secondsText(stillsSeconds)}`)] : []),
  ];
  const measured = duration(report.seconds * 1000);
  return msg(str`Quality over ${measured}: ${grade} – ${parts.join(', ')}`);
}

function part(
  spread: Spread | undefined,
  text: (value: number) => string,
  words: (usual: string, worst: string) => string,
): string[] {
  return spread === undefined || spread.worst + spread.median === 0
    ? []
    : [words(text(spread.median), text(spread.worst))];
}

function secondsText(seconds: number): string {
  return `${decimal(seconds, seconds < 10 ? 1 : 0)} s`;
}

/** The flat data of the log line as a report again. */
function reportOf(data: EventData): QualityReport {
  const number = (key: string) => (typeof data[key] === 'number' ? Number(data[key]) : 0);
  const spread = (name: 'pictureKbps' | 'pictureLossPercent' | 'voiceLossPercent' | 'roundTripMs') =>
    typeof data[`${name}Median`] === 'number'
      ? { [name]: { median: number(`${name}Median`), worst: number(`${name}Worst`) } }
      : {};
  return {
    seconds: number('seconds'),
    freezeSeconds: number('freezeSeconds'),
    stillsSeconds: number('stillsSeconds'),
    ...spread('pictureKbps'),
    ...spread('pictureLossPercent'),
    ...spread('voiceLossPercent'),
    ...spread('roundTripMs'),
  };
}
