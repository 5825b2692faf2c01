/** Administration of SMS, mail and what they say. */
import { localized, msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { LANGUAGES, type Language, type MessagePreview, type SettingsDocuments } from '../relay/protocol.ts';
import { call } from './api.ts';
import type { Topic } from './console-state.ts';
import { failureSentence } from './failure-words.ts';
import { icon } from './icons.ts';
import { currentLanguage } from './localization.ts';
import type { FailureCode } from './outcome.ts';
import { field } from './password-fields.ts';
import './settings-form.ts';
import type { FormDocument, FormField } from './settings-form.ts';
import { StatefulElement } from './stateful-element.ts';

const WEB_ADDRESS_MAX_LENGTH = 500;
const COUNT_MAX = 100_000;
/** Typing goes on; the preview follows when it rests. */
const PREVIEW_DELAY_MS = 300;
const SMS_MAX_SEPTETS = 160;

/** Sends one message with made-up link and PIN, to see that gateway or mail server work. */
@customElement('send-test')
@localized()
export class SendTest extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      form {
        display: grid;
        gap: 12px;
        max-width: 640px;
        margin-top: 24px;
        padding-top: 16px;
        border-top: 1px solid var(--line);
      }

      .press {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 16px;
      }

      .good {
        color: var(--live);
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['phase'];

  @property() by: 'sms' | 'email' = 'sms';
  @state() private isBusy = false;
  @state() private failure: FailureCode | undefined;
  @state() private isSent = false;

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement) || this.isBusy) {
      return;
    }
    const to = field(new FormData(event.currentTarget), 'to').trim();
    this.isBusy = true;
    this.isSent = false;
    this.failure = undefined;
    const answer = await call('POST /api/admin/send-test', { by: this.by, to, language: currentLanguage() });
    this.isBusy = false;
    this.isSent = answer.ok;
    this.failure = answer.ok ? undefined : answer.code;
  }

  protected override render(): TemplateResult {
    const isSms = this.by === 'sms';
    return html`<form @submit=${this.#submit} aria-busy=${this.isBusy}>
      <h2>${msg('Try it')}</h2>
      <p class="muted">${msg('Sends one message with a made-up link, with the settings as they are saved.')}</p>
      <div class="field">
        <label for="to">${msg('To')}</label>
        <input class="input" id="to" name="to" type=${isSms ? 'tel' : 'email'} required autocomplete="off" />
      </div>
      <div class="press">
        <button class="button" ?disabled=${this.isBusy}>
          ${this.isBusy ? html`<span class="spinner"></span>` : icon(isSms ? 'messageSquare' : 'mail')}${msg('Send test')}
        </button>
        <span role="status" class="good">${this.isBusy ? msg('Sending …') : this.isSent ? msg('Sent') : ''}</span>
      </div>
      ${
        this.failure === undefined
          ? nothing
          : html`<div class="notice bad" role="alert">${icon('circleAlert')}<span>${failureSentence(this.failure)}</span></div>`
      }
    </form>`;
  }
}

/** What the templates make of it, as the relay itself would send it. */
@customElement('message-preview')
@localized()
export class MessagePreviewElement extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      section {
        max-width: 640px;
        margin-top: 24px;
        padding-top: 16px;
        border-top: 1px solid var(--line);
      }

      @media (min-width: 1180px) {
        section {
          margin-top: 0;
          padding-top: 0;
          border-top: 0;
        }
      }

      .sample {
        margin: 4px 0 12px;
        padding: 12px;
        border: 1px solid var(--line);
        border-radius: var(--radius-small);
        background: var(--surface);
        white-space: pre-line;
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['phase'];

  @property({ attribute: false }) templates: SettingsDocuments['templates'] | undefined;
  @state() private previews: Partial<Record<Language, MessagePreview>> = {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    clearTimeout(this.#timer);
    super.disconnectedCallback();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('templates') && this.templates) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#load(), PREVIEW_DELAY_MS);
    }
  }

  async #load(): Promise<void> {
    const { templates } = this;
    if (!templates) {
      return;
    }
    for (const language of LANGUAGES) {
      const answer = await call('POST /api/admin/preview', { templates, language });
      if (answer.ok && templates === this.templates) {
        this.previews = { ...this.previews, [language]: answer.value };
      }
    }
  }

  protected override render(): TemplateResult {
    return html`<section aria-label=${msg('Preview')}>
      <h2>${msg('Preview')}</h2>
      ${LANGUAGES.map((language) => this.#preview(language, this.previews[language]))}
    </section>`;
  }

  #preview(language: Language, preview: MessagePreview | undefined): TemplateResult | typeof nothing {
    if (!preview) {
      return nothing;
    }
    const { sms, septets, mailSubject, mailText } = preview;
    const name = language === 'de' ? msg('German') : msg('English');
    return html`
      <p class="muted">${msg(str`SMS, ${name}`)} · ${msg(str`${septets} of ${SMS_MAX_SEPTETS} characters`)}</p>
      ${
        sms === undefined
          ? html`<div class="notice bad" role="alert">${icon('circleAlert')}<span>${failureSentence('textTooLong')}</span></div>`
          : html`<p class="sample" lang=${language}>${sms}</p>`
      }
      <p class="muted">${msg(str`Email, ${name}`)}</p>
      <div class="sample" lang=${language}><strong>${mailSubject}</strong>${'\n\n'}${mailText}</div>
    `;
  }
}

/** The three documents, each with what belongs to it. */
@customElement('admin-messages')
@localized()
export class AdminMessages extends StatefulElement {
  protected override readonly topics: readonly Topic[] = ['phase'];

  @property() section: 'sms' | 'mail' | 'templates' = 'sms';
  @state() private templates: SettingsDocuments['templates'] | undefined;

  protected override render(): TemplateResult {
    switch (this.section) {
      case 'sms':
        return html`<settings-form name="sms" .state=${this.state} .fields=${smsFields}>
          <send-test by="sms" .state=${this.state}></send-test>
        </settings-form>`;
      case 'mail':
        return html`<settings-form name="mail" .state=${this.state} .fields=${mailFields}>
          <send-test by="email" .state=${this.state}></send-test>
        </settings-form>`;
      case 'templates':
        return html`<settings-form
          name="templates"
          beside
          .state=${this.state}
          .fields=${templateFields}
          @edited=${({ detail }: CustomEvent<SettingsDocuments['templates']>) => {
            this.templates = detail;
          }}
        >
          <message-preview .state=${this.state} .templates=${this.templates}></message-preview>
        </settings-form>`;
    }
  }
}

function smsFields({ gateway }: FormDocument): readonly FormField[] {
  const isWebhook = gateway === 'webhook';
  const isAccount = gateway === 'twilio' || gateway === 'vonage' || gateway === 'sns';
  return [
    {
      key: 'gateway',
      kind: 'choice',
      label: msg('Gateway'),
      options: [
        ['none', msg('None: technicians send from their own phone')],
        ['webhook', msg('HTTP webhook')],
        ['twilio', 'Twilio'],
        ['vonage', 'Vonage'],
        ['sns', 'AWS SNS'],
      ],
    },
    ...(isWebhook ? webhookFields() : []),
    ...(isAccount ? accountFields(gateway === 'sns') : []),
    ...(gateway === 'none' ? [] : limitFields()),
  ];
}

function webhookFields(): FormField[] {
  return [
    {
      key: 'webhookUrl',
      kind: 'url',
      label: msg('Address'),
      required: true,
      maxLength: WEB_ADDRESS_MAX_LENGTH,
    },
    {
      key: 'webhookTemplate',
      kind: 'lines',
      label: msg('JSON body'),
      maxLength: 4_000,
      hint: msg('May contain {to}, {text}, {sender}, {id} and {statusUrl}, each inside quotation marks.'),
    },
    {
      key: 'webhookSecret',
      kind: 'secret',
      label: msg('Key of the signature'),
      hint: msg('The header X-Fernblick-Signature has the HMAC-SHA-256 of the body. Empty: no signature.'),
    },
    { key: 'sender', kind: 'text', label: msg('Sender'), maxLength: 20 },
  ];
}

function accountFields(isAws: boolean): FormField[] {
  return [
    {
      key: 'accountId',
      kind: 'text',
      label: isAws ? msg('Access key') : msg('Account'),
      required: true,
      maxLength: 128,
    },
    { key: 'accountSecret', kind: 'secret', label: isAws ? msg('Secret key') : msg('Password or key') },
    { key: 'sender', kind: 'text', label: msg('Sender'), maxLength: 20 },
    ...(isAws ? [{ key: 'region', kind: 'text', label: msg('Region'), maxLength: 30 } as const] : []),
  ];
}

function limitFields(): FormField[] {
  const count = (key: string, label: string): FormField => ({
    key,
    kind: 'number',
    label,
    min: 1,
    max: COUNT_MAX,
  });
  return [
    {
      key: 'countries',
      kind: 'words',
      label: msg('Countries that may be written to'),
      hint: msg(
        'Codes of two letters, such as DE, AT, CH. The first one is that of numbers without country code.',
      ),
    },
    count('perNumberPerDay', msg('Messages to one number a day, at most')),
    count('perTechnicianPerHour', msg('Messages of one technician an hour, at most')),
    count('perDay', msg('Messages a day altogether, at most')),
  ];
}

function mailFields(): readonly FormField[] {
  return [
    {
      key: 'host',
      kind: 'text',
      label: msg('Mail server (SMTP)'),
      maxLength: 253,
      hint: msg('Empty: technicians use their own e-mail program.'),
    },
    { key: 'port', kind: 'number', label: msg('Port'), min: 1, max: 65_535 },
    {
      key: 'security',
      kind: 'choice',
      label: msg('Encryption'),
      options: [
        ['startTls', msg('STARTTLS, usually port 587')],
        ['tls', msg('TLS, usually port 465')],
        ['none', msg('None')],
      ],
    },
    { key: 'user', kind: 'text', label: msg('User'), maxLength: 254 },
    { key: 'password', kind: 'secret', label: msg('Password') },
    { key: 'from', kind: 'email', label: msg('Sender address'), maxLength: 254 },
    { key: 'fromName', kind: 'text', label: msg('Sender name'), maxLength: 100 },
  ];
}

function templateFields(): readonly FormField[] {
  const hint = msg(
    '{name} is the technician, {link} the link, {pin} the PIN code, {when} the time of an appointment.',
  );
  const subject = (key: string, label: string): FormField => ({
    key,
    kind: 'text',
    label,
    required: true,
    maxLength: 150,
  });
  const sms = (key: string, label: string): FormField => ({ ...subject(key, label), maxLength: 300, hint });
  const text = (key: string, label: string): FormField => ({
    key,
    kind: 'lines',
    label,
    required: true,
    maxLength: 4_000,
  });
  return [
    sms('smsEn', msg('SMS (English)')),
    sms('smsDe', msg('SMS (German)')),
    subject('mailSubjectEn', msg('Subject of the email (English)')),
    text('mailBodyEn', msg('Text of the email (English)')),
    subject('mailSubjectDe', msg('Subject of the email (German)')),
    text('mailBodyDe', msg('Text of the email (German)')),
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'admin-messages': AdminMessages;
    'message-preview': MessagePreviewElement;
    'send-test': SendTest;
  }
}
