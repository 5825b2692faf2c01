/** Pages with one thing on them, and the language switch that stands on every page. */
import { msg } from '@lit/localize';
import { html, type TemplateResult } from 'lit';
import { LANGUAGES, type Language } from '../relay/protocol.ts';
import { type IconName, icon } from './icons.ts';
import { currentLanguage } from './localization.ts';

/** Each language in its own words, or those who look for theirs would not find it. */
const NAMES: Record<Language, string> = { de: 'Deutsch', en: 'English' };

export function languageSwitch(choose: (language: Language) => unknown): TemplateResult {
  const current = currentLanguage();
  return html`<div class="languages" role="group" aria-label=${msg('Language')}>
    ${LANGUAGES.map(
      (language) => html`<button
        lang=${language}
        aria-pressed=${language === current}
        @click=${() => choose(language)}
      >
        ${NAMES[language]}
      </button>`,
    )}
  </div>`;
}

export function problemPage(content: {
  icon: IconName;
  title: string;
  text: string;
  button: string;
  press: () => unknown;
}): TemplateResult {
  return html`<main class="entry">
    <div class="problem" role="alert">
      <span class="disc">${icon(content.icon)}</span>
      <h1>${content.title}</h1>
      <p class="muted">${content.text}</p>
      <button class="button primary" @click=${content.press}>${content.button}</button>
    </div>
  </main>`;
}
