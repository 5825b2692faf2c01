/**
 * The terms that a customer agrees to before anything of the session is told or sent. Every version stays in the store, so
 * that the hash in a consent leads to the words that were shown.
 */
import { createHash } from 'node:crypto';
import { type Account, LANGUAGES, type Language, type Terms, type TermsVersion } from './protocol.ts';
import type { Store, TermsRecord } from './store.ts';

const TEXTS: Record<Language, (brand: string) => string> = {
  de: (brand) =>
    [
      `Sie zeigen einer Mitarbeiterin oder einem Mitarbeiter von ${brand} mit der Kamera Ihres Telefons, worum es geht, und sprechen miteinander.`,
      'Bild und Ton werden erst übertragen, wenn die Sitzung gestartet wird. Sie können Kamera und Mikrofon jederzeit anhalten und die Sitzung jederzeit beenden.',
      'Bild und Ton werden verschlüsselt übertragen. Aufgezeichnet wird nur, wenn Sie vorher gefragt wurden und zugestimmt haben.',
      'Gespeichert werden: Zeitpunkt und Dauer der Sitzung, die Art Ihres Browsers, Ihre Antwort auf diese Bedingungen und was während der Sitzung geschrieben und gezeichnet wird.',
      'Bitte zeigen Sie keine anderen Personen ohne deren Einverständnis und nichts, was vertraulich bleiben soll.',
    ].join('\n\n'),
  en: (brand) =>
    [
      `You show a technician of ${brand} what it is about with the camera of your phone, and you talk to each other.`,
      'Picture and sound are sent only after the session has been started. You can pause camera and microphone at any time, and you can end the session at any time.',
      'Picture and sound are encrypted on the way. Nothing is recorded unless you were asked before and agreed.',
      'We store: time and length of the session, the kind of your browser, your answer to these terms, and what is written and drawn during the session.',
      'Please do not show other people without their consent, or anything that should stay confidential.',
    ].join('\n\n'),
};

/** The texts that come with the relay, until an administrator publishes others. */
export function builtInTexts(brand: string): Record<Language, string> {
  return { de: TEXTS.de(brand), en: TEXTS.en(brand) };
}

/** @param version grows with every change of a text */
export function termsOf(texts: Record<Language, string>, version: number): Record<Language, Terms> {
  const entries = LANGUAGES.map((language) => {
    const text = texts[language];
    return [language, { version, language, text, hash: createHash('sha256').update(text).digest('hex') }];
  });
  return Object.fromEntries(entries) as Record<Language, Terms>;
}

export type TermsBook = {
  /** What customers agree to now. */
  current(): Record<Language, Terms>;
  /** The newest first. */
  versions(): Promise<TermsVersion[]>;
  /** From the moment it is on disk customers agree to these texts; who stands before the old ones is shown the new ones. */
  publish(by: Account, texts: Record<Language, string>): Promise<void>;
};

export type TermsOptions = { store: Store; brand: string; now: () => number };

/** Reads the newest version. The built-in texts become one when there is none, or when they (or the brand) have changed. */
export async function openTerms({ store, brand, now }: TermsOptions): Promise<TermsBook> {
  let current = newest(await store.terms());

  async function publish(texts: Record<Language, string>, by: number | null): Promise<void> {
    const next = termsOf(texts, (current?.version ?? 0) + 1);
    await store.transaction(async (tx) => {
      for (const terms of Object.values(next)) {
        await tx.insertTerms({ ...terms, publishedAt: now(), publishedBy: by });
      }
    });
    current = { version: next.en.version, publishedBy: by, terms: next };
  }

  const builtIn = builtInTexts(brand);
  const isOurs = current === undefined || current.publishedBy === null;
  if (isOurs && LANGUAGES.some((language) => current?.terms[language].text !== builtIn[language])) {
    await publish(builtIn, null);
  }

  return {
    current: () => current?.terms ?? termsOf(builtIn, 1),
    async versions() {
      const names = new Map((await store.accounts()).map(({ id, name }) => [id, name]));
      const records = await store.terms();
      const numbers = [...new Set(records.map(({ version }) => version))].reverse();
      return numbers.map((version) => {
        const of = records.filter((record) => record.version === version);
        return {
          version,
          publishedAt: of[0]?.publishedAt ?? 0,
          publishedBy: names.get(of[0]?.publishedBy ?? 0) ?? '',
          texts: byLanguage(of),
        };
      });
    },
    publish: (by, texts) => publish(texts, by.id),
  };
}

type Newest = { version: number; publishedBy: number | null; terms: Record<Language, Terms> };

function newest(records: readonly TermsRecord[]): Newest | undefined {
  const last = records.at(-1);
  if (!last) {
    return undefined;
  }
  const { version, publishedBy } = last;
  const texts = byLanguage(records.filter((record) => record.version === version));
  return { version, publishedBy, terms: termsOf({ de: texts.de.text, en: texts.en.text }, version) };
}

function byLanguage(records: readonly TermsRecord[]): TermsVersion['texts'] {
  const of = (language: Language) => {
    const found = records.find((record) => record.language === language);
    return { text: found?.text ?? '', hash: found?.hash ?? '' };
  };
  return { de: of('de'), en: of('en') };
}
