/** Log and chat of a session in one line of time. Pure but for the words, which are those of the page's language. */
import type { ChatMessage, CustomerFields, SessionEvent, SessionEventType } from '../relay/protocol.ts';
import { actorWord, displayName, eventSentence } from './session-words.ts';

export const TIMELINE_KINDS = ['course', 'chat', 'consents', 'technical'] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

export type TimelineItem = {
  /** Unique within the session. */
  key: string;
  /** Epoch milliseconds. */
  at: number;
  kind: TimelineKind;
  who: string;
  text: string;
};

const KINDS: Partial<Record<SessionEventType, TimelineKind>> = {
  termsAccepted: 'consents',
  termsDeclined: 'consents',
  consentAsked: 'consents',
  consentGranted: 'consents',
  consentRefused: 'consents',
  consentWithdrawn: 'consents',
  devicesChanged: 'technical',
  preflightFailed: 'technical',
  mediaConnected: 'technical',
  mediaFailed: 'technical',
  pictureChanged: 'technical',
  pinAlarm: 'technical',
  qualitySummary: 'technical',
};

/** The oldest first; what was said at the same moment as something happened stands behind it. */
export function timelineOf(
  events: readonly SessionEvent[],
  chat: readonly ChatMessage[],
  fields: CustomerFields,
): TimelineItem[] {
  const happened = events.map(
    (event): TimelineItem => ({
      key: `e${event.id}`,
      at: event.at,
      kind: KINDS[event.type] ?? 'course',
      who: actorWord(event),
      text: eventSentence(event, undefined),
    }),
  );
  const said = chat.map(
    (message): TimelineItem => ({
      key: `c${message.id}`,
      at: message.at,
      kind: 'chat',
      who: message.from === 'customer' ? displayName(fields) : message.name,
      text: message.text,
    }),
  );
  return [...happened, ...said].sort((one, other) => one.at - other.at);
}
