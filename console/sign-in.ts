/** The way in: sign-in, and the set-up page of the first administrator. Both end with an `entered` event. */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { type Account, PASSWORD_MAX_LENGTH } from '../relay/protocol.ts';
import { call } from './api.ts';
import { failureSentence } from './failure-words.ts';
import { icon, mark } from './icons.ts';
import type { FailureCode, Outcome } from './outcome.ts';
import { field, passwordFields } from './password-fields.ts';
import { BASE } from './routes.ts';
import { shared } from './theme.ts';

export type EnteredEvent = CustomEvent<Account>;

const card = css`
  :host {
    display: grid;
    place-items: center;
    min-height: 100%;
    padding: 32px 16px;
  }

  form {
    display: grid;
    gap: 16px;
    width: min(400px, 100%);
    padding: 32px;
    border: 1px solid var(--line);
    border-radius: 14px;
    background: var(--surface);
    box-shadow: var(--shadow);
  }

  header {
    display: grid;
    gap: 16px;
    margin-bottom: 8px;
  }

  .brand {
    display: flex;
    align-items: center;
    gap: 10px;
    font-size: 20px;
    font-weight: 650;
    letter-spacing: -0.01em;
  }

  .brand svg {
    width: 36px;
    height: 36px;
  }

  .input {
    min-height: 42px;
  }

  .button {
    min-height: 44px;
    margin-top: 4px;
  }
`;

/** What both forms do: one request at a time, the refusal in words, the focus where the repair begins. */
abstract class EntryForm extends LitElement {
  static override styles = [...shared, card];

  /** Why one is here, when it was not by choice. */
  @property({ attribute: false }) notice: FailureCode | undefined;
  @state() protected failure: FailureCode | undefined;
  @state() protected busy = false;

  protected abstract ask(data: FormData): Promise<Outcome<{ account: Account }>>;

  protected async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    if (this.busy || !(form instanceof HTMLFormElement)) {
      return;
    }
    this.busy = true;
    this.failure = undefined;
    const answer = await this.ask(new FormData(form));
    this.busy = false;
    if (!this.isConnected) {
      return;
    }
    if (answer.ok) {
      this.dispatchEvent(new CustomEvent('entered', { detail: answer.value.account }));
      return;
    }
    this.failure = answer.code;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>('input[type="password"]')?.select();
  }

  protected brand(): TemplateResult {
    return html`<div class="brand">${mark()}<span>Fernblick</span></div>`;
  }

  protected problem(): TemplateResult | typeof nothing {
    const code = this.failure ?? this.notice;
    return code === undefined
      ? nothing
      : html`<div class="notice bad" role="alert">${icon('circleAlert')}<span>${failureSentence(code)}</span></div>`;
  }
}

@customElement('sign-in')
@localized()
export class SignIn extends EntryForm {
  protected override ask(data: FormData): Promise<Outcome<{ account: Account }>> {
    return call('POST /api/sign-in', { email: field(data, 'email'), password: field(data, 'password') });
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
  }

  protected override render(): TemplateResult {
    return html`
      <form @submit=${this.submit} aria-busy=${this.busy}>
        <header>
          ${this.brand()}
          <h1>${msg('Sign in to the console')}</h1>
        </header>
        ${this.problem()}
        <div class="field">
          <label for="email">${msg('Email', { id: 'field-email' })}</label>
          <input class="input" id="email" name="email" type="email" autocomplete="username" required maxlength="254" />
        </div>
        <div class="field">
          <label for="password">${msg('Password')}</label>
          <input
            class="input"
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            maxlength=${PASSWORD_MAX_LENGTH}
          />
        </div>
        <button class="button primary" ?disabled=${this.busy}>${msg('Sign in')}</button>
      </form>
    `;
  }
}

@customElement('set-up')
@localized()
export class SetUp extends EntryForm {
  /** One-time token of the link that the terminal printed. */
  @property({ attribute: false }) token = '';
  @state() private differs = false;

  protected override ask(data: FormData): Promise<Outcome<{ account: Account }>> {
    return call('POST /api/set-up', {
      token: this.token,
      name: field(data, 'name').trim(),
      email: field(data, 'email').trim(),
      password: field(data, 'password'),
    });
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
  }

  protected override async submit(event: SubmitEvent): Promise<void> {
    const form = event.currentTarget;
    if (form instanceof HTMLFormElement) {
      const data = new FormData(form);
      this.differs = field(data, 'password') !== field(data, 'repeat');
      if (this.differs) {
        event.preventDefault();
        this.renderRoot.querySelector<HTMLInputElement>('#repeat')?.select();
        return;
      }
    }
    await super.submit(event);
  }

  protected override render(): TemplateResult {
    return html`
      <form @submit=${this.submit} aria-busy=${this.busy}>
        <header>
          ${this.brand()}
          <div>
            <h1>${msg('Set up Fernblick')}</h1>
            <p class="muted">${msg('Create the account of the first administrator.')}</p>
          </div>
        </header>
        ${this.problem()}
        <div class="field">
          <label for="name">${msg('Name')}</label>
          <input class="input" id="name" name="name" autocomplete="name" required maxlength="100" />
        </div>
        <div class="field">
          <label for="email">${msg('Email', { id: 'field-email' })}</label>
          <input class="input" id="email" name="email" type="email" autocomplete="username" required maxlength="254" />
        </div>
        ${passwordFields(this.differs)}
        <button class="button primary" ?disabled=${this.busy}>${msg('Create account')}</button>
        ${this.failure === 'setUpUnknown' ? html`<a href=${BASE}>${msg('To the sign-in page')}</a>` : nothing}
      </form>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'sign-in': SignIn;
    'set-up': SetUp;
  }
}
