/**
 * The tabs SMS and e-mail of a new session: sent by the relay where a gateway or mail server is set up, else by the technician's own
 * phone or mail program. Events: `field-edited` with `[key, value]`, `fields-committed`, `failed` with the code.
 */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { CustomerFields, SessionView } from '../relay/protocol.ts';
import { call } from './api.ts';
import type { Topic } from './console-state.ts';
import { type FieldKey, inputValue } from './field-grid.ts';
import { icon } from './icons.ts';
import { invitationText, mailAddress, smsAddress, smsCodeText } from './invitation.ts';
import { currentLanguage } from './localization.ts';
import type { FailureCode } from './outcome.ts';
import { qrCode } from './qr-code.ts';
import { EMPTY_FIELDS } from './session-status.ts';
import { StatefulElement } from './stateful-element.ts';

const panelStyles = css`
  :host {
    display: grid;
    gap: 12px;
  }

  fieldset {
    display: grid;
    gap: 4px;
    margin: 0;
    padding: 0;
    border: 0;
  }

  .press {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
  }

  .phone {
    display: grid;
    grid-template-columns: 148px minmax(0, 1fr);
    gap: 20px;
    align-items: center;
  }

  .qr {
    width: 148px;
    height: 148px;
    border: 1px solid var(--line);
    border-radius: 8px;
  }

  @media (max-width: 480px) {
    .phone {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;

abstract class MessagePanel extends StatefulElement {
  static override styles = [StatefulElement.styles, panelStyles];
  protected override readonly topics: readonly Topic[] = ['sessions'];

  @property({ attribute: false }) fields: CustomerFields = EMPTY_FIELDS;
  /** Makes the session and its link, if they are not there yet. */
  @property({ attribute: false }) need: () => Promise<SessionView | undefined> = async () => undefined;
  @state() protected isBusy = false;
  /** What the last press of the button led to, in words. */
  @state() protected done = '';

  protected to(key: 'phone' | 'email', type: 'tel' | 'email', placeholder = ''): TemplateResult {
    return html`<div class="field">
      <label for="to">${msg('To')}</label>
      <input
        class="input"
        id="to"
        type=${type}
        autocomplete="off"
        placeholder=${placeholder}
        .value=${this.fields[key]}
        @input=${(event: Event) => this.#tell('field-edited', [key, inputValue(event)])}
        @change=${() => this.#tell('fields-committed')}
      />
    </div>`;
  }

  protected async send(by: 'sms' | 'email', to: string): Promise<void> {
    const session = await this.need();
    if (session === undefined) {
      return;
    }
    this.isBusy = true;
    this.done = msg('Sending …');
    const language = currentLanguage();
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const wanted = { sessionId: session.id, by, to, language, timeZone };
    const answer = await call('POST /api/send-invitation', wanted);
    this.isBusy = false;
    this.done = answer.ok ? msg('Sent') : '';
    this.#tell('failed', answer.ok ? undefined : answer.code);
  }

  protected press(label: TemplateResult, usable: boolean, press: () => unknown): TemplateResult {
    return html`<div class="press">
      <button class="button primary" ?disabled=${this.isBusy || !usable} @click=${press}>
        ${this.isBusy ? html`<span class="spinner"></span>` : nothing}${label}
      </button>
      <span role="status" class="muted">${this.done}</span>
    </div>`;
  }

  #tell(type: string, detail?: readonly [FieldKey, string] | FailureCode): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

@customElement('sms-panel')
@localized()
export class SmsPanel extends MessagePanel {
  /** Without a gateway: what the technician's own phone is to send. */
  @state() private message: string | undefined;

  protected override render(): TemplateResult {
    const { phone } = this.fields;
    const hasNumber = phone.trim() !== '';
    const field = this.to('phone', 'tel', '+49 170 1234567');
    if (this.state.settings?.smsGateway === true) {
      const label = html`${icon('messageSquare')}${msg('Send SMS')}`;
      return html`${field} ${this.press(label, hasNumber, () => this.send('sms', phone))}`;
    }
    const label = html`${icon('smartphone')}${msg('Send from my own phone')}`;
    return html`
      ${field}
      <p class="muted">${msg('No SMS gateway is set up. Your own phone can send the message instead.')}</p>
      ${this.message === undefined ? this.press(label, hasNumber, () => this.#prepare()) : this.#ownPhone(this.message, phone)}
    `;
  }

  async #prepare(): Promise<void> {
    const invitation = (await this.need())?.invitation;
    if (invitation?.link !== undefined) {
      this.message = invitationText(invitation.link, invitation.pin);
    }
  }

  #ownPhone(message: string, phone: string): TemplateResult {
    return html`<div class="phone">
      ${qrCode(smsCodeText(phone, message), msg('QR code of the message'))}
      <div>
        <p>${msg('Point your phone’s camera at the code: the finished message opens. Please send it from there.')}</p>
        <p><a href=${smsAddress(phone, message)}>${msg('This computer sends text messages itself')}</a></p>
      </div>
    </div>`;
  }
}

@customElement('email-panel')
@localized()
export class EmailPanel extends MessagePanel {
  @state() private byServer = false;

  protected override render(): TemplateResult {
    const { email } = this.fields;
    const ready = this.state.settings?.mailGateway === true;
    const usable = !this.byServer || (ready && email.trim() !== '');
    return html`
      ${this.to('email', 'email')}
      <fieldset>
        <legend class="visually-hidden">${msg('How to send')}</legend>
        ${this.#way(false, msg("Send email via this computer's default email client"))}
        ${this.#way(true, msg('Send email via the server on my behalf'))}
      </fieldset>
      ${
        this.byServer && !ready
          ? html`<div class="notice">
              ${icon('info')}<span>${msg('No mail server is configured yet, so the relay cannot send e-mail.')}
              ${msg('Please use PIN code, link or your own e-mail program.')}</span>
            </div>`
          : nothing
      }
      ${this.press(html`${icon('mail')}${msg('Email Link')}`, usable, () => this.#email(email))}
    `;
  }

  #way(byServer: boolean, label: string): TemplateResult {
    return html`<label class="choice">
      <input
        type="radio"
        name="way"
        .checked=${this.byServer === byServer}
        @change=${() => {
          this.byServer = byServer;
        }}
      />
      <span>${label}</span>
    </label>`;
  }

  async #email(to: string): Promise<void> {
    if (this.byServer) {
      await this.send('email', to);
      return;
    }
    const invitation = (await this.need())?.invitation;
    if (invitation?.link === undefined) {
      return;
    }
    const anchor = document.createElement('a');
    anchor.href = mailAddress(
      to,
      msg('Your support session'),
      invitationText(invitation.link, invitation.pin),
    );
    anchor.click();
    this.done = msg('Your e-mail program opens with the finished text. Please send it from there.');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'sms-panel': SmsPanel;
    'email-panel': EmailPanel;
  }
}
