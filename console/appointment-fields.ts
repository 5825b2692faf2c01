/**
 * Whether a new session is for later, and for when: times that people agree on, so no clock is corrected. Event: `appointment-edited`
 * with them, or null for a session that begins at once.
 */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Appointment } from '../relay/protocol.ts';
import { inputValue } from './field-grid.ts';
import { shared } from './theme.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

@customElement('appointment-fields')
@localized()
export class AppointmentFields extends LitElement {
  static override styles = [
    ...shared,
    css`
      :host {
        display: grid;
        gap: 8px;
      }

      .times {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 200px), 1fr));
        gap: 12px 16px;
      }
    `,
  ];

  @property({ attribute: false }) appointment: Appointment | undefined;
  /** The session is made: its times stay. */
  @property({ attribute: false }) fixed = false;

  protected override render(): TemplateResult {
    const { appointment } = this;
    return html`
      <label class="choice">
        <input
          type="checkbox"
          .checked=${appointment !== undefined}
          ?disabled=${this.fixed}
          @change=${(event: Event) => {
            const wanted = event.target instanceof HTMLInputElement && event.target.checked;
            this.#tell(wanted ? this.#nextHour() : null);
          }}
        />
        <span>${msg('Schedule for later')}</span>
      </label>
      ${
        appointment === undefined
          ? nothing
          : html`<div class="times" role="group" aria-label=${msg('Appointment')}>
              ${this.#field(msg('From'), appointment.from, (from) => {
                // The length stays when the beginning moves.
                this.#tell({ from, until: from + (appointment.until - appointment.from) });
              })}
              ${this.#field(msg('Until'), appointment.until, (until) => this.#tell({ ...appointment, until }))}
            </div>`
      }
    `;
  }

  #field(label: string, at: number, edited: (at: number) => void): TemplateResult {
    const id = label.toLowerCase();
    return html`<div class="field">
      <label for=${id}>${label}</label>
      <input
        class="input"
        id=${id}
        type="datetime-local"
        required
        ?disabled=${this.fixed}
        .value=${localValue(at)}
        @change=${(event: Event) => {
          const typed = new Date(inputValue(event)).getTime();
          if (Number.isFinite(typed)) {
            edited(typed);
          }
        }}
      />
    </div>`;
  }

  #nextHour(): Appointment {
    const from = Math.ceil((Date.now() + MINUTE_MS) / HOUR_MS) * HOUR_MS;
    return { from, until: from + HOUR_MS };
  }

  #tell(detail: Appointment | null): void {
    this.dispatchEvent(new CustomEvent('appointment-edited', { detail }));
  }
}

/** As `datetime-local` takes it: the time of this computer's zone, to the minute. */
function localValue(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * MINUTE_MS);
  return local.toISOString().slice(0, 16);
}

declare global {
  interface HTMLElementTagNameMap {
    'appointment-fields': AppointmentFields;
  }
}
