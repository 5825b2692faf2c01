/** Adds or edits one account. Event: `saved` with the account as it is afterwards. */
import { localized, msg } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import {
  type Account,
  type AccountRole,
  type Api,
  PASSWORD_MAX_LENGTH,
  PASSWORD_MIN_LENGTH,
} from '../relay/protocol.ts';
import { call } from './api.ts';
import { failureSentence } from './failure-words.ts';
import { icon } from './icons.ts';
import type { FailureCode, Outcome } from './outcome.ts';
import { field } from './password-fields.ts';
import { shared } from './theme.ts';

const ROLES: readonly AccountRole[] = ['technician', 'administrator'];

@customElement('technician-dialog')
@localized()
export class TechnicianDialog extends LitElement {
  static override styles = shared;

  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private shown = false;
  @state() private busy = false;
  @state() private failure: FailureCode | undefined;
  /** Undefined while a new one is added. */
  @state() private edited: Account | undefined;

  async show(technician: Account | undefined): Promise<void> {
    this.edited = technician;
    this.busy = false;
    this.failure = undefined;
    this.shown = true;
    await this.updateComplete;
    this.dialog.showModal();
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement) || this.busy) {
      return;
    }
    const data = new FormData(event.currentTarget);
    this.busy = true;
    const answer = await this.#save(data);
    this.busy = false;
    if (!answer.ok) {
      this.failure = answer.code;
      return;
    }
    this.dispatchEvent(new CustomEvent('saved', { detail: answer.value.technician }));
    this.dialog.close();
  }

  #save(data: FormData): Promise<Outcome<{ technician: Account }>> {
    const password = field(data, 'password');
    const account = {
      name: field(data, 'name').trim(),
      nickname: field(data, 'nickname').trim(),
      email: field(data, 'email').trim(),
      role: field(data, 'role') === 'administrator' ? 'administrator' : 'technician',
    } satisfies Api['PATCH /api/technicians/:id']['body'];
    return this.edited === undefined
      ? call('POST /api/technicians', { ...account, password })
      : call('PATCH /api/technicians/:id', { ...account, ...(password ? { password } : {}) }, this.edited.id);
  }

  protected override render(): TemplateResult {
    return html`
      <dialog
        aria-labelledby="title"
        @close=${() => {
          this.shown = false;
        }}
      >
        ${this.shown ? this.#content() : nothing}
      </dialog>
    `;
  }

  #content(): TemplateResult {
    const { edited } = this;
    return html`
      <form @submit=${this.#submit} aria-busy=${this.busy}>
        <div class="dialog-head">
          <h1 id="title">${edited === undefined ? msg('Add technician') : msg('Edit technician')}</h1>
        </div>
        <div class="dialog-body">
          ${
            this.failure === undefined
              ? nothing
              : html`<div class="notice bad" role="alert">
                  ${icon('circleAlert')}<span>${failureSentence(this.failure)}</span>
                </div>`
          }
          <div class="field">
            <label for="name">${msg('Name')}</label>
            <input class="input" id="name" name="name" .value=${edited?.name ?? ''} required maxlength="100" />
          </div>
          <div class="field">
            <label for="nickname">${msg('Shown to the customer as')}</label>
            <input
              class="input"
              id="nickname"
              name="nickname"
              .value=${edited?.nickname ?? ''}
              maxlength="100"
              aria-describedby="nickname-hint"
            />
            <span class="hint" id="nickname-hint">${msg('For instance a first name. Empty: the full one.')}</span>
          </div>
          <div class="field">
            <label for="email">${msg('Email', { id: 'field-email' })}</label>
            <input
              class="input"
              id="email"
              name="email"
              type="email"
              autocomplete="off"
              .value=${edited?.email ?? ''}
              required
              maxlength="254"
            />
          </div>
          <div class="field">
            <label for="role">${msg('Role')}</label>
            <select class="input" id="role" name="role">
              ${ROLES.map(
                (role) =>
                  html`<option value=${role} ?selected=${role === (edited?.role ?? 'technician')}>${roleWord(role)}</option>`,
              )}
            </select>
          </div>
          <div class="field">
            <label for="password">${edited === undefined ? msg('Password') : msg('New password')}</label>
            <input
              class="input"
              id="password"
              name="password"
              type="password"
              autocomplete="new-password"
              ?required=${edited === undefined}
              minlength=${PASSWORD_MIN_LENGTH}
              maxlength=${PASSWORD_MAX_LENGTH}
              aria-describedby="password-rule"
            />
            <span class="hint" id="password-rule">
              ${msg('At least 12 characters.')}
              ${edited === undefined ? nothing : msg('Leave it empty to keep the present one.')}
            </span>
          </div>
        </div>
        <div class="dialog-foot">
          <button type="button" class="button" @click=${() => this.dialog.close()}>${msg('Cancel')}</button>
          <button class="button primary" ?disabled=${this.busy}>${msg('Save')}</button>
        </div>
      </form>
    `;
  }
}

export function roleWord(role: AccountRole): string {
  return role === 'administrator' ? msg('Administrator') : msg('Technician');
}

declare global {
  interface HTMLElementTagNameMap {
    'technician-dialog': TechnicianDialog;
  }
}
