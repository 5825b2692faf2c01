/** The terms that a customer agrees to before anything of the session is told or sent. */
import { createHash } from 'node:crypto';
import { LANGUAGES, type Language, type Terms } from './protocol.ts';

/** Raised with every change of a text below; stored with each acceptance. */
const TERMS_VERSION = 1;

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

export function currentTerms(brand: string): Record<Language, Terms> {
  const entries = LANGUAGES.map((language) => {
    const text = TEXTS[language](brand);
    const hash = createHash('sha256').update(text).digest('hex');
    return [language, { version: TERMS_VERSION, language, text, hash }];
  });
  return Object.fromEntries(entries) as Record<Language, Terms>;
}
