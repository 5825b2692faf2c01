/** The technician's own password. */
import { localized, msg } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { PASSWORD_MAX_LENGTH } from '../relay/protocol.ts';
import { call } from './api.ts';
import { failureSentence } from './failure-words.ts';
import { icon } from './icons.ts';
import type { FailureCode } from './outcome.ts';
import { field, passwordFields } from './password-fields.ts';
import { shared } from './theme.ts';

@customElement('password-dialog')
@localized()
export class PasswordDialog extends LitElement {
  static override styles = shared;

  /** For password managers, which keep a password with its account. */
  @property({ attribute: false }) email = '';
  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private shown = false;
  @state() private busy = false;
  @state() private changed = false;
  @state() private differs = false;
  @state() private failure: FailureCode | undefined;

  async show(): Promise<void> {
    this.busy = false;
    this.changed = false;
    this.differs = false;
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
    this.differs = field(data, 'password') !== field(data, 'repeat');
    if (this.differs) {
      return;
    }
    this.busy = true;
    const answer = await call('POST /api/account/password', {
      current: field(data, 'current'),
      password: field(data, 'password'),
    });
    this.busy = false;
    this.failure = answer.ok ? undefined : answer.code;
    this.changed = answer.ok;
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
    if (this.changed) {
      return html`
        <div class="dialog-head"><h1 id="title">${msg('Change password')}</h1></div>
        <div class="dialog-body">
          <div class="notice good" role="status">
            ${icon('circleCheck')}<span>${msg('Your password has been changed.')}</span>
          </div>
        </div>
        <div class="dialog-foot">
          <button class="button primary" autofocus @click=${() => this.dialog.close()}>${msg('Close')}</button>
        </div>
      `;
    }
    return html`
      <form @submit=${this.#submit} aria-busy=${this.busy}>
        <div class="dialog-head"><h1 id="title">${msg('Change password')}</h1></div>
        <div class="dialog-body">
          ${
            this.failure === undefined
              ? nothing
              : html`<div class="notice bad" role="alert">
                  ${icon('circleAlert')}<span>${this.#sentence(this.failure)}</span>
                </div>`
          }
          <input hidden name="username" autocomplete="username" .value=${this.email} />
          <div class="field">
            <label for="current">${msg('Current password')}</label>
            <input
              class="input"
              id="current"
              name="current"
              type="password"
              autocomplete="current-password"
              required
              maxlength=${PASSWORD_MAX_LENGTH}
            />
          </div>
          ${passwordFields(this.differs, msg('New password'))}
        </div>
        <div class="dialog-foot">
          <button type="button" class="button" @click=${() => this.dialog.close()}>${msg('Cancel')}</button>
          <button class="button primary" ?disabled=${this.busy}>${msg('Change password')}</button>
        </div>
      </form>
    `;
  }

  /** The relay calls both "wrong credentials"; here only the password can be meant. */
  #sentence(code: FailureCode): string {
    return code === 'credentialsWrong' ? msg('The current password is wrong.') : failureSentence(code);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'password-dialog': PasswordDialog;
  }
}
