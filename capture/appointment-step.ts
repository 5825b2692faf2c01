import { msg } from '@lit/localize';
import { html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Appointment } from '../relay/protocol.ts';
import { currentLanguage } from './localization.ts';
import { StepElement } from './step-element.ts';
import { controls, pageStep } from './theme.ts';

/** Often enough that nobody waits for the page, seldom enough that a clock that is fast asks the relay little. */
const LOOK_EVERY_MS = 5_000;

/** The link was opened before its time: when it works, and that the page goes on by itself then. Event: `appointment-due`. */
@customElement('appointment-step')
export class AppointmentStep extends StepElement {
  static override styles = [controls, pageStep];

  @property({ attribute: false }) appointment: Appointment | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    document.addEventListener('visibilitychange', this.#look);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#look);
  }

  protected override render(): TemplateResult {
    const { appointment } = this;
    if (!appointment) {
      return html``;
    }
    return html`
      <div class="content">
        <div class="words">
          <h1 class="start" tabindex="-1">${msg('Your appointment')}</h1>
          <p><strong>${period(appointment)}</strong></p>
          <p>
            ${msg('It is too early now. Keep this page open, or open the link again then: it goes on by itself.')}
          </p>
        </div>
      </div>
    `;
  }

  readonly #look = (): void => {
    if (this.appointment && Date.now() >= this.appointment.from) {
      this.tell('appointment-due');
    }
  };
}

function period({ from, until }: Appointment): string {
  const format = new Intl.DateTimeFormat(currentLanguage(), { dateStyle: 'full', timeStyle: 'short' });
  return format.formatRange(from, until);
}
