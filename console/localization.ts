/** Which language the console speaks, and dates and durations in it. */
import { configureLocalization } from '@lit/localize';
import { LANGUAGES, type Language } from '../relay/protocol.ts';

const STORAGE_KEY = 'fernblick.language';

const { getLocale, setLocale } = configureLocalization({
  sourceLocale: 'en',
  targetLocales: ['de'],
  loadLocale: () => import('./locales/de.ts'),
});

export function currentLanguage(): Language {
  return asLanguage(getLocale()) ?? 'en';
}

/** What was chosen here before, else the browser's first language that we speak, else English. */
export function preferredLanguage(): Language {
  return (
    asLanguage(read()) ??
    navigator.languages.map((tag) => asLanguage(tag.slice(0, 2).toLowerCase())).find(Boolean) ??
    'en'
  );
}

/** Loads the words and re-renders every element that is `@localized()`. */
export async function useLanguage(language: Language): Promise<void> {
  await setLocale(language);
  document.documentElement.lang = language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  write(language);
  await useLanguage(language);
}

function asLanguage(tag: string | null): Language | undefined {
  return LANGUAGES.find((language) => language === tag);
}

// Storage may be forbidden by the browser's settings; the choice then lasts as long as the page.
function read(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function write(language: Language): void {
  try {
    localStorage.setItem(STORAGE_KEY, language);
  } catch {
    // See `read`.
  }
}

// ---------------------------------------------------------------- dates, numbers, durations

/** The person's own variant of the language, for instance en-GB, decides how dates look. */
function region(): string {
  const language = currentLanguage();
  return navigator.languages.find((tag) => tag.slice(0, 2).toLowerCase() === language) ?? language;
}

/** Making a formatter takes milliseconds, using it microseconds: each is made once per language. */
function perLanguage<T>(make: (locale: string) => T): () => T {
  const made = new Map<string, T>();
  return () => {
    const locale = region();
    const format = made.get(locale) ?? make(locale);
    made.set(locale, format);
    return format;
  };
}

const timeFormat = perLanguage((locale) => new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }));
const dayFormat = perLanguage((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'full' }));
const momentFormat = perLanguage(
  (locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }),
);
const periodFormat = perLanguage(
  (locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }),
);
const wholeNumber = perLanguage((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }));
const oneDigit = perLanguage(
  (locale) => new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
);
const collator = perLanguage((locale) => new Intl.Collator(locale, { numeric: true, sensitivity: 'base' }));

/** Time of day with seconds, as in the session log. @param at epoch milliseconds */
export function timeOfDay(at: number): string {
  return timeFormat().format(at);
}

/** @param at epoch milliseconds */
export function dateAndTime(at: number): string {
  return momentFormat().format(at);
}

/** From one moment to another, to the minute, without repeating what both have. Epoch milliseconds. */
export function period(from: number, until: number): string {
  return periodFormat().formatRange(from, until);
}

/** @param at epoch milliseconds */
export function day(at: number): string {
  return dayFormat().format(at);
}

/** @param digits behind the decimal sign */
export function decimal(value: number, digits: 0 | 1): string {
  return (digits === 0 ? wholeNumber() : oneDigit()).format(value);
}

/** `mm:ss`, from an hour on `h:mm:ss`; never negative. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** Sorts names as people of the language expect, numbers inside by value. */
export function compareText(a: string, b: string): number {
  return collator().compare(a, b);
}
