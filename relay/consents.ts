/**
 * Consents apart from the terms: what is asked, and how they stand in a session. Whatever needs a consent asks `refusal`
 * here, in the front: a page cannot begin it. Pure.
 */
import { createHash } from 'node:crypto';
import {
  CONSENT_KINDS,
  type ConsentKind,
  type ConsentState,
  type Consents,
  type ErrorCode,
  LANGUAGES,
  type Language,
  type Question,
} from './protocol.ts';
import type { ConsentRecord } from './store.ts';

/** Raised with every change of a question below; stored with each answer. */
export const QUESTIONS_VERSION = 1;

const QUESTIONS: Record<ConsentKind, Record<Language, string>> = {
  recording: {
    de: 'Darf diese Sitzung mit Bild und Ton aufgezeichnet werden? Sie können Ihre Zustimmung jederzeit zurücknehmen; die Aufzeichnung endet dann sofort.',
    en: 'May this session be recorded with picture and sound? You can take your consent back at any time; the recording then ends at once.',
  },
  photos: {
    de: 'Darf die Technikerin oder der Techniker Fotos mit der Kamera Ihres Telefons machen und speichern? Sie können Ihre Zustimmung jederzeit zurücknehmen.',
    en: 'May the technician take photos with the camera of your phone and keep them? You can take your consent back at any time.',
  },
  location: {
    de: 'Darf die Technikerin oder der Techniker sehen, wo Sie sind? Sie können Ihre Zustimmung jederzeit zurücknehmen.',
    en: 'May the technician see where you are? You can take your consent back at any time.',
  },
};

function question(text: string): Question {
  return { text, hash: createHash('sha256').update(text).digest('hex') };
}

/** What each consent asks, as the customer's page shows it. */
export const CONSENT_QUESTIONS = Object.fromEntries(
  CONSENT_KINDS.map((kind) => [
    kind,
    Object.fromEntries(LANGUAGES.map((language) => [language, question(QUESTIONS[kind][language])])),
  ]),
) as Record<ConsentKind, Record<Language, Question>>;

/** How the consents of one session stand. */
export class SessionConsents {
  #states: Consents = {};

  get shown(): Consents {
    return this.#states;
  }

  /** From the ledger, the newest last. What was only asked is asked again by whoever wants it. */
  restore(ledger: readonly ConsentRecord[]): void {
    for (const { kind, answer } of ledger) {
      if (kind !== 'terms') {
        this.set(kind, answer);
      }
    }
  }

  set(kind: ConsentKind, state: ConsentState): void {
    this.#states = { ...this.#states, [kind]: state };
  }

  /** Why something that needs this consent must not be: undefined when the customer has granted it. */
  refusal(kind: ConsentKind): ErrorCode | undefined {
    return this.#states[kind] === 'granted' ? undefined : 'consentMissing';
  }
}
