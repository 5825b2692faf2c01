import { configureLocalization } from '@lit/localize';
import { LANGUAGES, type Language } from '../relay/protocol.ts';
import * as german from './locales/de.ts';
import { recall, remember } from './storage.ts';

/**
 * Both languages are in the first script: together they are smaller than one round trip of a phone is long, and
 * switching works without a connection.
 */
const { setLocale } = configureLocalization({
  sourceLocale: 'en',
  targetLocales: ['de'],
  loadLocale: async () => german,
});

const KEY = 'fernblick.language';

let chosen: Language = 'en';

export function currentLanguage(): Language {
  return chosen;
}

/** Chosen by hand earlier, else asked for by the link (`?lang=de`), else the first of the browser's that we speak. */
export function preferredLanguage(): Language {
  const wishes = [
    recall('local', KEY),
    new URLSearchParams(location.search).get('lang'),
    ...navigator.languages,
  ];
  for (const wish of wishes) {
    const language = LANGUAGES.find((known) => wish?.toLowerCase().split('-')[0] === known);
    if (language) {
      return language;
    }
  }
  return 'en';
}

export async function useLanguage(language: Language): Promise<void> {
  chosen = language;
  document.documentElement.lang = language;
  await setLocale(language);
}

/** The customer's own choice; kept for the next visit. */
export async function chooseLanguage(language: Language): Promise<void> {
  remember('local', KEY, language);
  await useLanguage(language);
}
