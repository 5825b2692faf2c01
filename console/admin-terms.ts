/** Administration: what customers agree to before anything else. A published version stays; a change is a new one. */
import { localized, msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { LANGUAGES, type Language, type TermsVersion } from '../relay/protocol.ts';
import { call } from './api.ts';
import type { Topic } from './console-state.ts';
import { failureSentence } from './failure-words.ts';
import { icon } from './icons.ts';
import { dateAndTime } from './localization.ts';
import type { FailureCode, Outcome } from './outcome.ts';
import { StatefulElement } from './stateful-element.ts';

/** As the relay allows. */
const TEXT_MAX_LENGTH = 20_000;

@customElement('admin-terms')
@localized()
export class AdminTerms extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: grid;
        gap: 24px;
        max-width: 960px;
      }

      form {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
        gap: 16px;
      }

      form > * {
        min-width: 0;
      }

      textarea {
        resize: vertical;
      }

      .wide {
        grid-column: 1 / -1;
      }

      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 16px;
      }

      .good {
        color: var(--live);
      }

      details {
        padding: 10px 0;
        border-top: 1px solid var(--line);
      }

      summary {
        cursor: pointer;
      }

      .text {
        margin: 8px 0;
        padding: 12px;
        border-radius: var(--radius-small);
        background: var(--sunken);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      code {
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['phase'];

  @state() private versions: readonly TermsVersion[] = [];
  @state() private draft: Record<Language, string> = { de: '', en: '' };
  @state() private failure: FailureCode | undefined;
  @state() private isBusy = false;
  @state() private isPublished = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void call('GET /api/admin/terms', undefined).then((answer) => this.#show(answer));
  }

  #show(answer: Outcome<{ versions: TermsVersion[] }>): void {
    this.failure = answer.ok ? undefined : answer.code;
    if (answer.ok) {
      const [newest] = answer.value.versions;
      this.versions = answer.value.versions;
      this.draft = { de: newest?.texts.de.text ?? '', en: newest?.texts.en.text ?? '' };
    }
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.isBusy) {
      return;
    }
    this.isBusy = true;
    const answer = await call('POST /api/admin/terms', { texts: this.draft });
    this.isBusy = false;
    this.isPublished = answer.ok;
    if (!answer.ok && answer.code === 'notSignedIn') {
      this.state.say(answer.code);
      return;
    }
    this.#show(answer);
  }

  get #isChanged(): boolean {
    const [newest] = this.versions;
    return LANGUAGES.some((language) => newest?.texts[language].text !== this.draft[language].trim());
  }

  protected override render(): TemplateResult {
    return html`
      <p class="muted">
        ${msg('Customers read this text and accept it before they come into a session. Whoever is reading when a new version is published is shown the new one.')}
      </p>
      ${
        this.failure === undefined
          ? nothing
          : html`<div class="notice bad" role="alert">
              ${icon('circleAlert')}<span>${failureSentence(this.failure)}</span>
            </div>`
      }
      <form @submit=${this.#submit} aria-busy=${this.isBusy}>
        ${LANGUAGES.map((language) => this.#field(language))}
        <div class="wide foot">
          <button class="button primary" ?disabled=${this.isBusy || !this.#isChanged}>${msg('Publish new version')}</button>
          <span role="status" class="good">${this.isPublished ? msg(str`Version ${this.versions[0]?.version} is published`) : ''}</span>
        </div>
      </form>
      <section aria-labelledby="versions">
        <h2 id="versions">${msg('Versions')}</h2>
        ${this.versions.map((version) => this.#version(version))}
      </section>
    `;
  }

  #field(language: Language): TemplateResult {
    return html`<div class="field">
      <label for=${language}>${languageWord(language)}</label>
      <textarea
        class="input"
        id=${language}
        lang=${language}
        rows="14"
        maxlength=${TEXT_MAX_LENGTH}
        required
        .value=${this.draft[language]}
        @input=${(event: Event) => {
          if (event.target instanceof HTMLTextAreaElement) {
            this.isPublished = false;
            this.draft = { ...this.draft, [language]: event.target.value };
          }
        }}
      ></textarea>
    </div>`;
  }

  #version({ version, publishedAt, publishedBy, texts }: TermsVersion): TemplateResult {
    const when = dateAndTime(publishedAt);
    return html`<details>
      <summary>
        ${publishedBy ? msg(str`Version ${version}, ${when}, ${publishedBy}`) : msg(str`Version ${version}, ${when}, came with the relay`)}
      </summary>
      ${LANGUAGES.map(
        (language) => html`
          <h3>${languageWord(language)}</h3>
          <div class="text" lang=${language}>${texts[language].text}</div>
          <p class="hint">${msg('SHA-256')} <code>${texts[language].hash}</code></p>
        `,
      )}
    </details>`;
  }
}

function languageWord(language: Language): string {
  return language === 'de' ? msg('German') : msg('English');
}

declare global {
  interface HTMLElementTagNameMap {
    'admin-terms': AdminTerms;
  }
}
