/** "Transfer": to whom, with what comment. Who can take it is looked up while the dialog is open. */
import { localized, msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { Params, Receivers, SessionId } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { failureSentence } from './failure-words.ts';
import { inputValue } from './field-grid.ts';
import { icon } from './icons.ts';
import type { FailureCode } from './outcome.ts';
import { technicianStatusWord } from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';

/** As the relay allows. */
const COMMENT_MAX_LENGTH = 4_000;
const LOOK_EVERY_MS = 3_000;

type Target = Params<'transferSession'>['to'];

@customElement('transfer-dialog')
@localized()
export class TransferDialog extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      dialog {
        width: min(480px, calc(100vw - 32px));
      }

      fieldset {
        display: grid;
        gap: 2px;
        max-height: 260px;
        margin: 0;
        padding: 0;
        border: 0;
        overflow: auto;
      }

      legend {
        margin-bottom: 6px;
      }

      .choice {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        min-height: 36px;
      }

      .choice:has(:disabled) {
        color: var(--muted);
      }

      .online {
        color: var(--live);
      }

      textarea {
        resize: vertical;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['sessions'];

  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private sessionId: SessionId | undefined;
  @state() private receivers: Receivers | undefined;
  @state() private target: Target | undefined;
  @state() private comment = '';
  @state() private search = '';
  @state() private failure: FailureCode | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  async show(sessionId: SessionId): Promise<void> {
    this.sessionId = sessionId;
    this.receivers = undefined;
    this.target = undefined;
    this.comment = '';
    this.search = '';
    this.failure = undefined;
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    await this.updateComplete;
    this.dialog.showModal();
  }

  override disconnectedCallback(): void {
    clearInterval(this.#timer);
    super.disconnectedCallback();
  }

  async #look(): Promise<void> {
    const answer = await this.state.colleagues.receivers();
    if (answer.ok) {
      this.receivers = answer.value;
    } else {
      this.failure = answer.code;
    }
  }

  protected override render(): TemplateResult {
    return html`<dialog aria-labelledby="title" @close=${this.#closed}>
      ${this.sessionId === undefined ? nothing : this.#content()}
    </dialog>`;
  }

  #content(): TemplateResult {
    return html`
      <form @submit=${this.#submit}>
        <div class="dialog-head"><h1 id="title">${msg('Transfer the session')}</h1></div>
        <div class="dialog-body">
          <div class="field">
            <label for="search">${msg('Search')}</label>
            <input
              class="input"
              id="search"
              type="search"
              autocomplete="off"
              .value=${this.search}
              @input=${(event: Event) => {
                this.search = inputValue(event);
              }}
            />
          </div>
          <fieldset>
            <legend>${msg('To')}</legend>
            ${this.receivers ? this.#choices(this.receivers) : html`<span class="spinner"></span>`}
          </fieldset>
          <div class="field">
            <label for="comment">${msg('Comment')}</label>
            <textarea
              class="input"
              id="comment"
              rows="3"
              maxlength=${COMMENT_MAX_LENGTH}
              .value=${this.comment}
              @input=${(event: Event) => {
                this.comment = inputValue(event);
              }}
            ></textarea>
          </div>
          ${
            this.failure === undefined
              ? nothing
              : html`<div class="notice bad" role="alert">${icon('circleAlert')}<span>${failureSentence(this.failure)}</span></div>`
          }
        </div>
        <div class="dialog-foot">
          <button class="button" type="button" @click=${() => this.dialog.close()}>${msg('Cancel')}</button>
          <button class="button primary" ?disabled=${this.target === undefined}>${msg('Transfer')}</button>
        </div>
      </form>
    `;
  }

  #choices({ technicians, groups }: Receivers): TemplateResult {
    const wanted = this.search.trim().toLowerCase();
    const fits = (name: string) => name.toLowerCase().includes(wanted);
    const people = technicians.filter(({ name }) => fits(name));
    const teams = groups.filter(({ name }) => fits(name));
    if (people.length + teams.length === 0) {
      return html`<p class="muted">${msg('Nobody of this name.')}</p>`;
    }
    return html`
      ${teams.map(({ id, name, online }) =>
        this.#choice(
          { groupId: id },
          name,
          online > 0,
          online > 0 ? msg(str`Group, ${online} online`) : msg('Group, nobody online'),
        ),
      )}
      ${people.map(({ id, name, status }) =>
        this.#choice({ technicianId: id }, name, status === 'online', technicianStatusWord(status)),
      )}
    `;
  }

  #choice(target: Target, name: string, usable: boolean, status: string): TemplateResult {
    return html`<label class="choice">
      <input
        type="radio"
        name="target"
        ?disabled=${!usable}
        .checked=${JSON.stringify(target) === JSON.stringify(this.target)}
        @change=${() => {
          this.target = target;
        }}
      />
      <span>${name}</span>
      <span class=${usable ? 'online' : 'muted'}>${status}</span>
    </label>`;
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { sessionId, target, comment } = this;
    if (sessionId === undefined || target === undefined) {
      return;
    }
    const answer = await this.state.commands.transfer(sessionId, target, comment.trim());
    this.failure = answer.ok ? undefined : answer.code;
    if (answer.ok) {
      this.dialog.close();
    } else {
      void this.#look();
    }
  }

  #closed(): void {
    clearInterval(this.#timer);
    this.sessionId = undefined;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'transfer-dialog': TransferDialog;
  }
}
