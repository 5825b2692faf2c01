import { msg } from '@lit/localize';
import { endText, problemText } from './problem-text.ts';
import type { Problem, Standing } from './standing.ts';

/** What the customer can do at an end of the way. */
export type WayOn = 'typePin' | 'tryLinkAgain' | 'startOver' | 'reload';

export type Ending = { heading: string; paragraphs: string[]; bad: boolean; waysOn: WayOn[] };

/** Refusals of a link that will not change. */
const LINK_IS_DEAD: ReadonlySet<Problem> = new Set([
  'linkUnknown',
  'linkExpired',
  'linkUsed',
  'channelUnknown',
]);

/** The page is right, only the time is not. */
const CHANNEL_PROBLEMS: ReadonlySet<Problem> = new Set(['channelClosed', 'queueFull', 'throttled']);

export function linkEnding(problem: Problem): Ending {
  return {
    heading: CHANNEL_PROBLEMS.has(problem)
      ? msg('Not possible at the moment')
      : msg('This link does not open'),
    paragraphs: [problemText(problem), msg('If you have a PIN code, you can enter it instead.')],
    bad: true,
    waysOn: LINK_IS_DEAD.has(problem) ? ['typePin'] : ['tryLinkAgain', 'typePin'],
  };
}

/** Undefined while the way goes on. */
export function endingOf(standing: Standing): Ending | undefined {
  switch (standing.kind) {
    case 'over':
      return {
        heading: msg('The session is over'),
        paragraphs: [
          endText(standing.customer.endedAs),
          msg('You can close this page now. If you need more help, ask for a new PIN code.'),
        ],
        bad: standing.customer.endedAs === 'aborted',
        waysOn: ['startOver'],
      };
    case 'declined':
      return {
        heading: msg('You have declined the terms'),
        paragraphs: [
          msg('No session was started and nothing was sent.'),
          msg('If you change your mind, ask the technician for a new PIN code or link.'),
        ],
        bad: false,
        waysOn: ['startOver'],
      };
    case 'gone':
      return goneEnding(standing.why);
    default:
      return undefined;
  }
}

function goneEnding(why: Problem | 'superseded'): Ending {
  if (why === 'superseded') {
    return {
      heading: msg('The session goes on in another window'),
      paragraphs: [msg('You can close this page.')],
      bad: false,
      waysOn: [],
    };
  }
  if (why === 'versionMismatch') {
    return {
      heading: msg('Please reload this page'),
      paragraphs: [problemText(why)],
      bad: true,
      waysOn: ['reload'],
    };
  }
  return {
    heading: msg('The session cannot go on'),
    paragraphs: [problemText(why), msg('Please ask the technician for a new PIN code or link.')],
    bad: true,
    waysOn: ['startOver'],
  };
}

export function wayOnLabel(wayOn: WayOn): string {
  switch (wayOn) {
    case 'typePin':
      return msg('Enter a PIN code');
    case 'tryLinkAgain':
      return msg('Try again');
    case 'startOver':
      return msg('Enter another PIN code');
    case 'reload':
      return msg('Reload page');
  }
}

/** The ways on that begin with a page loaded anew. */
export function leavePage(wayOn: Exclude<WayOn, 'typePin' | 'tryLinkAgain'>): void {
  if (wayOn === 'startOver') {
    location.assign('/');
  } else {
    location.reload();
  }
}
