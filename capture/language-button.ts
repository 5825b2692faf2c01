import { html, type TemplateResult } from 'lit';
import { chooseLanguage, currentLanguage } from './localization.ts';

/**
 * The other language by its own name, or by its first two letters where room is short.
 * @param chosen the page speaks it now
 */
export function languageButton(
  isShort: boolean,
  chosen: (language: ReturnType<typeof currentLanguage>) => void,
): TemplateResult {
  const [language, name] =
    currentLanguage() === 'de' ? (['en', 'English'] as const) : (['de', 'Deutsch'] as const);
  const choose = async () => {
    await chooseLanguage(language);
    chosen(language);
  };
  return html`<button lang=${language} @click=${choose}>
    ${isShort ? html`${language.toUpperCase()} <span class="visually-hidden">${name}</span>` : name}
  </button>`;
}
