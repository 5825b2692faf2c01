import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { icons } from './icons.ts';
import { parsePin } from './pin.ts';
import { problemText } from './problem-text.ts';
import { StepElement } from './step-element.ts';
import type { Problem } from './support-session.ts';
import { controls, pageStep } from './theme.ts';

/** Asks for the six digits. Event: `pin-entered` with the digits. */
@customElement('pin-step')
export class PinStep extends StepElement {
  static override styles = [
    controls,
    pageStep,
    css`
      label {
        font-size: 1.625rem;
        line-height: 1.2;
        font-weight: 700;
        letter-spacing: -0.01em;
        text-wrap: balance;
        hyphens: auto;
      }

      input {
        width: 100%;
        min-height: 72px;
        padding: 8px;
        border: 2px solid var(--line);
        border-radius: var(--radius);
        background: var(--card);
        color: var(--ink);
        font: inherit;
        font-size: clamp(1.75rem, 10vw, 2.5rem);
        font-variant-numeric: tabular-nums;
        font-weight: 600;
        letter-spacing: 0.18em;
        text-align: center;
      }

      input[aria-invalid='true'] {
        border-color: var(--danger);
      }

      .actions {
        margin-top: 0;
        padding-top: 8px;
      }
    `,
  ];

  @property({ attribute: false }) problem: Problem | undefined;
  /** The relay is being asked. */
  @property({ type: Boolean }) busy = false;
  @state() private incomplete = false;

  protected override render(): TemplateResult {
    const error = this.errorText();
    return html`
      <form novalidate @submit=${this.submit}>
        <label for="pin">${msg('Enter your six-digit PIN code')}</label>
        <p id="hint" class="quiet-text">${msg('The technician tells you the six digits.')}</p>
        <input
          id="pin"
          class="start"
          type="text"
          inputmode="numeric"
          autocomplete="one-time-code"
          enterkeyhint="go"
          aria-describedby="hint error"
          aria-invalid=${error ? 'true' : 'false'}
          @input=${this.typing}
        />
        <div id="error" role="alert">
          ${error ? html`<p class="alert">${icons.alert}<span>${error}</span></p>` : nothing}
        </div>
        <div class="actions">
          <button class="primary" type="submit" aria-disabled=${this.busy ? 'true' : 'false'}>
            ${this.busy ? html`<span class="spinner"></span>` : nothing} ${msg('Connect')}
          </button>
        </div>
      </form>
    `;
  }

  private errorText(): string | undefined {
    if (this.incomplete) {
      return msg('Please enter all six digits.');
    }
    return this.problem && !this.busy ? problemText(this.problem) : undefined;
  }

  private typing(): void {
    this.incomplete = false;
    if (this.problem) {
      this.tell('problem-read');
    }
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const field = this.renderRoot.querySelector('input');
    if (!field || this.busy) {
      return;
    }
    const pin = parsePin(field.value);
    this.incomplete = pin === undefined;
    if (pin) {
      this.tell('pin-entered', pin);
    } else {
      field.focus();
    }
  }
}
