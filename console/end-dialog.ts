/** "End": how it went, in one step with the end itself. Opens for a session that is over, too, to change what was said. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { SessionId, SessionOutcome } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { inputValue } from './field-grid.ts';
import { noteDraft, withNote } from './note-drafts.ts';
import { isEnded } from './session-status.ts';
import { StatefulElement } from './stateful-element.ts';

/** As the relay allows. */
const NOTES_MAX_LENGTH = 4_000;

@customElement('end-dialog')
@localized()
export class EndDialog extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      dialog {
        width: min(460px, calc(100vw - 32px));
      }

      fieldset {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 20px;
        margin: 0;
        padding: 0;
        border: 0;
      }

      legend {
        margin-bottom: 4px;
      }

      textarea {
        resize: vertical;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['sessions'];

  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private sessionId: SessionId | undefined;
  @state() private outcome: SessionOutcome | undefined;
  @state() private notes = '';

  async show(sessionId: SessionId): Promise<void> {
    const session = this.state.session(sessionId);
    this.sessionId = sessionId;
    this.outcome = session?.outcome;
    this.notes = noteDraft(sessionId)
      .split('\n')
      .reduce(withNote, session?.notes ?? '');
    await this.updateComplete;
    this.dialog.showModal();
  }

  protected override render(): TemplateResult {
    return html`<dialog aria-labelledby="title" @close=${this.#closed}>${this.#content()}</dialog>`;
  }

  #content(): TemplateResult | typeof nothing {
    const session = this.sessionId === undefined ? undefined : this.state.session(this.sessionId);
    if (!session) {
      return nothing;
    }
    const over = isEnded(session.status);
    return html`
      <form method="dialog" @submit=${this.#submit}>
        <div class="dialog-head"><h1 id="title">${over ? msg('How did it go?') : msg('End the session?')}</h1></div>
        <div class="dialog-body">
          <fieldset>
            <legend>${msg('Outcome')}</legend>
            ${this.#choice('resolved', msg('Resolved'))} ${this.#choice('unresolved', msg('Unresolved'))}
          </fieldset>
          <div class="field">
            <label for="notes">${msg('Notes')}</label>
            <textarea
              class="input"
              id="notes"
              rows="4"
              maxlength=${NOTES_MAX_LENGTH}
              .value=${this.notes}
              @input=${(event: Event) => {
                this.notes = inputValue(event);
              }}
            ></textarea>
          </div>
        </div>
        <div class="dialog-foot">
          <button class="button" type="button" @click=${() => this.dialog.close()}>${msg('Cancel')}</button>
          <button class="button ${over ? 'primary' : 'danger'}" autofocus>${over ? msg('Save') : msg('End')}</button>
        </div>
      </form>
    `;
  }

  #choice(outcome: SessionOutcome, label: string): TemplateResult {
    return html`<label class="choice">
      <input
        type="radio"
        name="outcome"
        .checked=${this.outcome === outcome}
        @change=${() => {
          this.outcome = outcome;
        }}
      />
      <span>${label}</span>
    </label>`;
  }

  #submit(): void {
    const { sessionId, outcome, notes } = this;
    if (sessionId !== undefined) {
      void this.state.commands.end(sessionId, { ...(outcome && { outcome }), notes });
    }
  }

  #closed(): void {
    this.sessionId = undefined;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'end-dialog': EndDialog;
  }
}
