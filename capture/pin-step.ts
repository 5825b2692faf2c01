import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { icons } from './icons.ts';
import { parsePin } from './pin.ts';
import { problemText } from './problem-text.ts';
import type { Problem } from './standing.ts';
import { StepElement } from './step-element.ts';
import { controls, pageStep } from './theme.ts';

/** Asks for the digits. Event: `pin-entered` with the digits. */
@customElement('pin-step')
export class PinStep extends StepElement {
  static override styles = [
    controls,
    pageStep,
    css`
      /* "PIN-Code" breaks at its hyphen only where it is longer than a line. */
      .word {
        display: inline-block;
        max-width: 100%;
        overflow-wrap: break-word;
      }

      .entry {
        display: flex;
        flex-direction: column;
        gap: 16px;
        margin-top: 16px;
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
        font-size: clamp(1.25rem, 10vw, 2.5rem);
        font-variant-numeric: tabular-nums;
        font-weight: 600;
        letter-spacing: 0.18em;
        text-align: center;
      }

      input[aria-invalid='true'] {
        border-color: var(--danger);
      }

      @media (orientation: landscape) and (min-width: 560px) and (max-height: 560px) {
        .entry {
          flex: 0 0 19rem;
          margin-top: 0;
        }
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
      <form class="content" novalidate @submit=${this.submit}>
        <div class="words">
          <h1><label for="pin">${words(msg('Enter your six-digit PIN code'))}</label></h1>
          <p id="hint" class="quiet-text">${msg('The technician tells you the digits; sometimes there are eight.')}</p>
        </div>
        <div class="entry">
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
          <button class="primary" type="submit" aria-disabled=${this.busy ? 'true' : 'false'}>
            ${this.busy ? html`<span class="spinner"></span>` : nothing} ${msg('Connect')}
          </button>
        </div>
      </form>
    `;
  }

  private errorText(): string | undefined {
    if (this.incomplete) {
      return msg('Please enter all digits.');
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

function words(text: string): TemplateResult[] {
  return text.split(' ').map((word) => html`<span class="word">${word}</span> `);
}
