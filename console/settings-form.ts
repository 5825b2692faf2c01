/**
 * A document of central settings as a form: says which fields there are, loads, saves and says how that went. Whoever uses it
 * gives the fields; what belongs to one document alone goes into the slot. Event: `edited` with the document as it is typed.
 */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { SECRET_KEPT, type SettingsDocuments } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { failureSentence } from './failure-words.ts';
import { icon } from './icons.ts';
import type { FailureCode } from './outcome.ts';
import { readSettings, writeSettings } from './settings.ts';
import { StatefulElement } from './stateful-element.ts';

/** Documents whose members are texts, numbers and lists of words. */
export type FormName = 'sms' | 'mail' | 'templates' | 'sessions' | 'fields';
export type FormDocument = Record<string, string | number | string[]>;

export type FormField = {
  key: string;
  label: string;
  hint?: string;
  /** `secret`: shown as set or not, typed anew; `words`: a list, separated by commas. */
  kind: 'text' | 'email' | 'url' | 'number' | 'secret' | 'words' | 'lines' | 'choice';
  required?: boolean;
  maxLength?: number;
  min?: number;
  max?: number;
  options?: readonly (readonly [value: string, label: string])[];
};

@customElement('settings-form')
@localized()
export class SettingsForm extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      form {
        display: grid;
        gap: 16px;
        max-width: 640px;
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

      textarea {
        resize: vertical;
      }

      /* Each English field stands beside its German one. */
      @media (min-width: 761px) {
        :host([pairs]) form {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }

        :host([pairs]) :is(.notice, .foot) {
          grid-column: 1 / -1;
        }
      }

      /* What comes of the fields stays in view while they are edited. */
      @media (min-width: 1180px) {
        :host([beside]) {
          display: grid;
          grid-template-columns: minmax(0, 640px) minmax(320px, 1fr);
          gap: 40px;
          align-items: start;
        }

        :host([beside]) ::slotted(*) {
          position: sticky;
          top: 0;
        }
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['phase'];

  @property() name: FormName = 'sms';
  /** Which fields there are may follow from what is chosen in others. */
  @property({ attribute: false }) fields: (document: FormDocument) => readonly FormField[] = () => [];
  @state() private shown: FormDocument | undefined;
  @state() private failure: FailureCode | undefined;
  @state() private isBusy = false;
  @state() private isSaved = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    const answer = await readSettings(this.name);
    if (answer.ok) {
      this.#show({ ...answer.value });
    } else {
      this.failure = answer.code;
    }
  }

  #show(document: FormDocument): void {
    this.shown = document;
    this.dispatchEvent(new CustomEvent('edited', { detail: document }));
  }

  #edit(field: FormField, text: string): void {
    const values: Record<string, string | number | string[]> = {
      number: Number(text),
      words: text.split(/[\s,;]+/).filter((word) => word !== ''),
    };
    this.isSaved = false;
    this.#show({ ...this.shown, [field.key]: values[field.kind] ?? text });
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.shown === undefined || this.isBusy) {
      return;
    }
    this.isBusy = true;
    this.isSaved = false;
    // The relay checks every member against the document's schema.
    const answer = await writeSettings(this.name, this.shown as unknown as SettingsDocuments[FormName]);
    this.isBusy = false;
    this.failure = answer.ok ? undefined : answer.code;
    if (answer.ok) {
      this.isSaved = true;
      this.#show({ ...answer.value });
    } else if (answer.code === 'notSignedIn') {
      this.state.say(answer.code);
    }
  }

  protected override render(): TemplateResult {
    const { shown } = this;
    return html`
      <form @submit=${this.#submit} aria-busy=${this.isBusy}>
        ${
          this.failure === undefined
            ? nothing
            : html`<div class="notice bad" role="alert">
                ${icon('circleAlert')}<span>${failureSentence(this.failure)}</span>
              </div>`
        }
        ${shown === undefined ? nothing : this.fields(shown).map((field) => this.#field(field, shown[field.key] ?? ''))}
        ${shown === undefined ? nothing : this.#foot()}
      </form>
      <slot></slot>
    `;
  }

  #foot(): TemplateResult {
    return html`<div class="foot">
      <button class="button primary" ?disabled=${this.isBusy}>${msg('Save')}</button>
      <span role="status" class="good">${this.isSaved ? msg('Saved') : ''}</span>
    </div>`;
  }

  #field(field: FormField, value: string | number | string[]): TemplateResult {
    return html`<div class="field">
      <label for=${field.key}>${field.label}</label>
      ${this.#control(field, value)}
      ${field.hint === undefined ? nothing : html`<span class="hint" id=${`${field.key}-hint`}>${field.hint}</span>`}
    </div>`;
  }

  #control(field: FormField, value: string | number | string[]): TemplateResult {
    const { key, kind, required = false, maxLength = 500, hint } = field;
    const describedBy = hint === undefined ? nothing : `${key}-hint`;
    const typed = (event: Event) => {
      const { target } = event;
      if (
        target instanceof HTMLInputElement ||
        target instanceof HTMLTextAreaElement ||
        target instanceof HTMLSelectElement
      ) {
        this.#edit(field, target.value);
      }
    };
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    switch (kind) {
      case 'choice':
        return html`<select class="input" id=${key} aria-describedby=${describedBy} @change=${typed}>
          ${(field.options ?? []).map(
            ([option, label]) =>
              html`<option value=${option} ?selected=${option === value}>${label}</option>`,
          )}
        </select>`;
      case 'lines':
        return html`<textarea
          class="input"
          id=${key}
          rows="8"
          maxlength=${maxLength}
          ?required=${required}
          aria-describedby=${describedBy}
          .value=${text}
          @input=${typed}
        ></textarea>`;
      case 'secret':
        // What is kept is not shown; the first key pressed replaces all of it.
        return html`<input
          class="input"
          id=${key}
          type="password"
          autocomplete="new-password"
          maxlength=${maxLength}
          aria-describedby=${describedBy}
          .value=${text}
          @focus=${(event: FocusEvent) => {
            if (event.target instanceof HTMLInputElement && text === SECRET_KEPT) {
              event.target.select();
            }
          }}
          @input=${typed}
        />`;
      default:
        return html`<input
          class="input"
          id=${key}
          type=${kind === 'words' ? 'text' : kind}
          autocomplete="off"
          maxlength=${kind === 'number' ? nothing : maxLength}
          min=${field.min ?? nothing}
          max=${field.max ?? nothing}
          ?required=${required || kind === 'number'}
          aria-describedby=${describedBy}
          .value=${text}
          @change=${kind === 'words' ? typed : nothing}
          @input=${kind === 'words' ? nothing : typed}
        />`;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'settings-form': SettingsForm;
  }
}
