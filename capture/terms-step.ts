import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Terms } from '../relay/protocol.ts';
import { icons } from './icons.ts';
import { problemText } from './problem-text.ts';
import type { Problem } from './standing.ts';
import { StepElement } from './step-element.ts';
import { controls, sheetStep } from './theme.ts';

/** The terms, to be accepted or declined. Events: `terms-accepted`, `terms-declined`. */
@customElement('terms-step')
export class TermsStep extends StepElement {
  static override styles = [
    controls,
    sheetStep,
    css`
      :host {
        overflow: hidden;
      }

      .text {
        flex: 1 1 auto;
        min-height: 5rem;
        padding: 12px 16px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        overflow-y: auto;
        overscroll-behavior: contain;
        white-space: pre-line;
        overflow-wrap: break-word;
      }

      .actions {
        flex-flow: row-reverse wrap;
      }

      .actions button {
        flex: 1 1 6.5rem;
        padding-inline: 12px;
      }

      @media (max-height: 340px), (max-width: 240px) {
        :host {
          overflow-y: auto;
        }

        .text {
          flex: none;
          max-height: none;
        }
      }

      @media (orientation: landscape) and (max-height: 560px) {
        :host {
          min-height: 0;
          height: 100%;
        }
      }
    `,
  ];

  @property({ attribute: false }) terms: Terms | undefined;
  @property({ attribute: false }) problem: Problem | undefined;
  @property({ type: Boolean }) busy = false;

  protected override render(): TemplateResult {
    return html`
      <h1 class="start" tabindex="-1" id="title">${msg('Terms of use')}</h1>
      <div class="text" role="region" aria-labelledby="title" tabindex="0" lang=${this.terms?.language ?? nothing}>${this.terms?.text}</div>
      <div role="alert">
        ${
          this.problem && !this.busy
            ? html`<p class="alert">${icons.alert}<span>${problemText(this.problem)}</span></p>`
            : nothing
        }
      </div>
      <div class="actions">
        <button class="primary" ?disabled=${this.busy} @click=${() => this.tell('terms-accepted')}>
          ${this.busy ? html`<span class="spinner"></span>` : nothing} ${msg('Accept')}
        </button>
        <button ?disabled=${this.busy} @click=${() => this.tell('terms-declined')}>${msg('Decline')}</button>
      </div>
    `;
  }
}
