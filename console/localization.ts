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

/** Time of day with seconds, as in the session log. @param at epoch milliseconds */
export function timeOfDay(at: number): string {
  return new Intl.DateTimeFormat(region(), { timeStyle: 'medium' }).format(at);
}

/** @param at epoch milliseconds */
export function dateAndTime(at: number): string {
  return new Intl.DateTimeFormat(region(), { dateStyle: 'medium', timeStyle: 'medium' }).format(at);
}

/** @param at epoch milliseconds */
export function day(at: number): string {
  return new Intl.DateTimeFormat(region(), { dateStyle: 'full' }).format(at);
}

export function decimal(value: number, digits: number): string {
  return new Intl.NumberFormat(region(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
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
  return new Intl.Collator(currentLanguage(), { numeric: true, sensitivity: 'base' }).compare(a, b);
}
