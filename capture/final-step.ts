import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { type Ending, wayOnLabel } from './endings.ts';
import { icons } from './icons.ts';
import { StepElement } from './step-element.ts';
import { controls, pageStep } from './theme.ts';

/** Everything that is over, refused or cannot go on: what happened and what to do. Event: `way-on`. */
@customElement('final-step')
export class FinalStep extends StepElement {
  static override styles = [
    controls,
    pageStep,
    css`
      .paragraphs {
        display: grid;
        gap: 12px;
      }

      .sign {
        align-self: flex-start;
        padding: 16px;
        border-radius: var(--radius);
        background: var(--accent-soft);
        color: var(--accent);
      }

      .sign.bad {
        background: var(--danger-soft);
        color: var(--danger);
      }

      .sign .icon {
        width: 32px;
        height: 32px;
      }
    `,
  ];

  @property({ attribute: false }) ending: Ending | undefined;
  /** Of a session that is over: the customer may say how it was. */
  @property({ attribute: false }) token: string | undefined;
  /** Camera and microphone were on and are off now. */
  @property({ type: Boolean }) devicesOff = false;

  protected override willUpdate(): void {
    if (this.token !== undefined) {
      // Without it there is just no question; nobody needs it before the end.
      import('./survey.ts').catch(() => undefined);
    }
  }

  protected override render(): TemplateResult {
    const { ending } = this;
    if (!ending) {
      return html``;
    }
    return html`
      <div class="content">
        <div class="words">
        <div class="sign ${ending.bad ? 'bad' : ''}">${ending.bad ? icons.alert : icons.check}</div>
        <h1 class="start" tabindex="-1">${ending.heading}</h1>
        <div class="paragraphs" role="status">
          ${ending.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
        </div>
        ${
          this.devicesOff
            ? html`<p class="quiet-text">${msg('Camera and microphone are off. Nothing is sent any more.')}</p>`
            : nothing
        }
        </div>
        ${this.token === undefined ? nothing : html`<session-survey .token=${this.token}></session-survey>`}
        ${ending.waysOn.length > 0 ? this.actions(ending) : nothing}
      </div>
    `;
  }

  private actions({ waysOn }: Ending): TemplateResult {
    return html`
      <div class="actions">
        ${waysOn.map(
          (wayOn, i) =>
            html`<button class=${i === 0 ? 'primary' : ''} @click=${() => this.tell('way-on', wayOn)}>${wayOnLabel(wayOn)}</button>`,
        )}
      </div>
    `;
  }
}
