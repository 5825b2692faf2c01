import { msg, str } from '@lit/localize';
import { css, html, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

const STARS = [1, 2, 3, 4, 5] as const;
const COMMENT_MAX_LENGTH = 1_000;

/** How the customer found it, after the end: five stars and a few words, or nothing at all. */
@customElement('session-survey')
export class SessionSurvey extends StepElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        margin-top: 24px;
      }

      form {
        display: grid;
        gap: 12px;
      }

      fieldset {
        display: flex;
        gap: 4px;
        margin: 0;
        padding: 0;
        border: 0;
      }

      legend {
        padding: 0;
        margin-bottom: 8px;
        font-weight: 650;
      }

      label.star {
        position: relative;
        display: grid;
        place-items: center;
        width: 48px;
        height: 48px;
        border-radius: 12px;
        font-size: 32px;
        line-height: 1;
        cursor: pointer;
      }

      .star input {
        position: absolute;
        inset: 0;
        margin: 0;
        opacity: 0;
        cursor: pointer;
      }

      .star:has(:focus-visible) {
        outline: 3px solid var(--accent);
      }

      textarea {
        width: 100%;
        min-height: 72px;
        padding: 10px 14px;
        border: 2px solid var(--line);
        border-radius: 14px;
        background: var(--card);
        color: var(--ink);
        font: inherit;
      }

      .lit {
        color: var(--accent);
      }
    `,
  ];

  /** Says which session it was. */
  @property({ attribute: false }) token = '';
  @query('textarea') private readonly field!: HTMLTextAreaElement;
  @state() private stars = 0;
  @state() private progress: 'asking' | 'sending' | 'sent' | 'failed' = 'asking';

  protected override render(): TemplateResult {
    if (this.progress === 'sent') {
      return html`<p role="status"><strong>${msg('Thank you for your answer.')}</strong></p>`;
    }
    return html`
      <form @submit=${this.#submit}>
        <fieldset>
          <legend>${msg('How satisfied were you?')}</legend>
          ${STARS.map(
            (stars) => html`<label class="star ${stars <= this.stars ? 'lit' : ''}">
              <input
                type="radio"
                name="stars"
                aria-label=${msg(str`${stars} of 5 stars`)}
                .checked=${this.stars === stars}
                @change=${() => {
                  this.stars = stars;
                }}
              />
              <span aria-hidden="true">${stars <= this.stars ? '★' : '☆'}</span>
            </label>`,
          )}
        </fieldset>
        <textarea
          rows="2"
          maxlength=${COMMENT_MAX_LENGTH}
          aria-label=${msg('What can we do better? (optional)')}
          placeholder=${msg('What can we do better? (optional)')}
        ></textarea>
        <button ?disabled=${this.stars === 0 || this.progress === 'sending'}>${msg('Send answer')}</button>
        <p role="status">
          ${this.progress === 'failed' ? msg('Your answer could not be sent. Please try again in a moment.') : ''}
        </p>
      </form>
    `;
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    this.progress = 'sending';
    this.progress = (await this.#send()) ? 'sent' : 'failed';
  }

  async #send(): Promise<boolean> {
    try {
      const response = await fetch('/api/feedback', {
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: JSON.stringify({ resume: this.token, stars: this.stars, comment: this.field.value.trim() }),
      });
      return response.ok;
    } catch {
      return false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-survey': SessionSurvey;
  }
}
