/** The findings of a phone's pre-flight in words of the current language. */
import { msg, str } from '@lit/localize';
import type { Preflight, PreflightCheck, PreflightFindings, PreflightLight } from '../relay/protocol.ts';

const LIGHT_WORDS = {
  green: () => msg('good'),
  amber: () => msg('limited'),
  red: () => msg('does not work'),
  unknown: () => msg('not checked yet'),
} as const satisfies Record<PreflightLight, () => string>;

export function lightWord(light: PreflightLight): string {
  return LIGHT_WORDS[light]();
}

const NAMES = {
  camera: () => msg('Camera'),
  microphone: () => msg('Microphone'),
  relay: () => msg('Connection'),
  media: () => msg('Picture and sound'),
  uplink: () => msg('Upload speed'),
} as const satisfies Record<PreflightCheck, () => string>;

/** @param check also one that this page does not know, as an old log may have */
export function preflightName(check: string): string {
  return Object.hasOwn(NAMES, check) ? NAMES[check as PreflightCheck]() : check;
}

/** What was measured, where there is a figure. */
export function figureOf(check: PreflightCheck, { roundTripMs, uplinkKbps }: Preflight): string {
  if (check === 'relay' && roundTripMs !== undefined) {
    return msg(str`${roundTripMs} ms`);
  }
  if (check === 'uplink' && uplinkKbps !== undefined) {
    return uplinkKbps >= 10_000 ? msg('over 10 Mbit/s') : msg(str`about ${uplinkKbps} kbit/s`);
  }
  return '';
}

const none = () => '';

const SENTENCES: { [C in PreflightCheck]: Record<PreflightFindings[C], () => string> } = {
  camera: {
    works: none,
    paused: () => msg('The customer’s camera is paused.'),
    noPicture: () =>
      msg('The customer’s camera is open but gives no picture. Perhaps another app is using it.'),
    missing: none,
  },
  microphone: {
    works: none,
    muted: () => msg('The customer’s microphone is muted.'),
    silent: () =>
      msg('The customer’s microphone gives no sound. Perhaps it is switched off or used by a call.'),
    missing: () => msg('The customer’s browser has no microphone to use.'),
  },
  relay: {
    works: none,
    slow: () => msg('The customer’s connection is slow; answers may take a moment.'),
    verySlow: () => msg('The customer’s connection is very slow.'),
  },
  media: {
    udp: none,
    turn: () =>
      msg('The customer’s network blocks UDP; picture and sound take the way through the TURN server.'),
    blocked: () => msg('The customer’s network blocks video and sound; expect single stills.'),
    unknown: none,
  },
  uplink: {
    good: none,
    narrow: () => msg('The customer’s upload is slow; the picture may be smaller or slower.'),
    poor: () => msg('The customer’s upload is very slow; expect single stills instead of video.'),
    unknown: none,
  },
};

/** The cause of what is not well; empty when it is, or when nothing is known. */
export function preflightSentence(check: PreflightCheck, preflight: Preflight): string {
  const sentences: Record<string, () => string> = SENTENCES[check];
  return sentences[preflight[check]]?.() ?? '';
}
