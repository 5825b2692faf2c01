/**
 * "Create New Session": who the customer is, four ways to let them in, and Start as soon as they are there.
 * Closing the dialog leaves the session in the list; Cancel ends it.
 */
import { localized, msg } from '@lit/localize';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { CustomerFields, InvitationMethod, SessionId, SessionView } from '../relay/protocol.ts';
import { copyText } from './clipboard.ts';
import type { Topic } from './console-state.ts';
import { failureSentence } from './failure-words.ts';
import { type FieldKey, fieldInputs, inputValue, withField } from './field-grid.ts';
import { icon } from './icons.ts';
import { invitationText } from './invitation.ts';
import { microphoneNotice } from './microphone-notice.ts';
import { newSessionStyles } from './new-session-styles.ts';
import type { FailureCode, Outcome } from './outcome.ts';
import { EMPTY_FIELDS, isEnded, isStartable } from './session-status.ts';
import { deviceNotes, endedSentence } from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';

const METHODS = ['pin', 'sms', 'email', 'link'] as const;
type Method = (typeof METHODS)[number];

/** Events: `session-created` and `session-started` with the id. */
@customElement('new-session-dialog')
@localized()
export class NewSessionDialog extends StatefulElement {
  static override styles = [StatefulElement.styles, newSessionStyles];
  protected override readonly topics: readonly Topic[] = ['sessions', 'connection', 'voice'];

  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private shown = false;
  @state() private method: Method = 'pin';
  @state() private fields: CustomerFields = EMPTY_FIELDS;
  @state() private sessionId: SessionId | undefined;
  @state() private failure: FailureCode | undefined;
  @state() private busy = false;
  @state() private byServer = false;
  /** What the last press of a button led to, in words. */
  @state() private done = '';

  /** Begins anew, whatever the dialog showed before. */
  async show(): Promise<void> {
    this.#reset();
    this.shown = true;
    await this.updateComplete;
    this.dialog.showModal();
    this.renderRoot.querySelector<HTMLElement>('#name')?.focus();
  }

  #reset(): void {
    this.method = 'pin';
    this.fields = EMPTY_FIELDS;
    this.sessionId = undefined;
    this.failure = undefined;
    this.busy = false;
    this.byServer = false;
    this.done = '';
  }

  get #session(): SessionView | undefined {
    return this.sessionId === undefined ? undefined : this.state.session(this.sessionId);
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const session = this.#session;
    if (this.shown && session !== undefined && isStartable(session.status)) {
      this.state.media.prepareVoice(session.id);
    }
    this.#keepFocus();
  }

  /** The button that was pressed may be gone with what it led to; the keyboard goes on where the work does. */
  #keepFocus(): void {
    if (this.shown && this.dialog.open && !this.shadowRoot?.activeElement && document.hasFocus()) {
      const next = this.renderRoot.querySelector<HTMLElement>(
        '.start:not(:disabled), [aria-selected="true"]',
      );
      next?.focus({ preventScroll: true });
    }
  }

  protected override render(): TemplateResult {
    return html`
      <dialog aria-labelledby="title" @close=${this.#closed}>
        ${this.shown ? this.#content() : nothing}
      </dialog>
    `;
  }

  #content(): TemplateResult {
    const session = this.#session;
    return html`
      <div class="dialog-head">
        <h1 id="title">${msg('Create New Session')}</h1>
        <button class="icon-button" aria-label=${msg('Close')} title=${msg('Close')} @click=${() => this.dialog.close()}>
          ${icon('x')}
        </button>
      </div>
      <div class="dialog-body">
        <div class="who">
          ${fieldInputs(this.fields, {
            disabled: session !== undefined && isEnded(session.status),
            edited: (key, value) => this.#edit(key, value),
            committed: () => this.#saveFields(),
          })}
        </div>
        ${session !== undefined && isStartable(session.status) ? this.#connected(session) : this.#methods(session)}
        ${
          this.failure === undefined
            ? nothing
            : html`<div class="notice bad" role="alert">${icon('circleAlert')}<span>${failureSentence(this.failure)}</span></div>`
        }
        ${this.#progress(session)}
      </div>
      <div class="dialog-foot">
        <button class="button" @click=${this.#cancel}>${msg('Cancel')}</button>
        <button
          class="button primary start"
          ?disabled=${session === undefined || !isStartable(session.status)}
          @click=${this.#start}
        >
          ${icon('play')}${msg('Start')}
        </button>
      </div>
    `;
  }

  #methods(session: SessionView | undefined): TemplateResult {
    return html`
      <div>
      <div class="tabs" role="tablist" aria-label=${msg('Invitation')} @keydown=${this.#tabKeyed}>
        ${METHODS.map(
          (method) => html`<button
            role="tab"
            id=${`tab-${method}`}
            aria-selected=${method === this.method}
            aria-controls="panel"
            tabindex=${method === this.method ? 0 : -1}
            @click=${() => this.#choose(method)}
          >
            ${methodLabel(method)}
          </button>`,
        )}
      </div>
      <div class="panel" role="tabpanel" id="panel" aria-label=${panelLabel(this.method)}>${this.#panel(session)}</div>
    </div>
    `;
  }

  #connected({ customer }: SessionView): TemplateResult {
    const notes = customer === undefined ? [] : deviceNotes(customer.devices);
    return html`<div class="connected" role="status">
      <span class="disc">${icon('circleCheck')}</span>
      <h2>${msg('Customer connected')}</h2>
      <p class="muted">${customer?.browser}</p>
      ${notes.length > 0 ? html`<p class="notes">${notes.join(' · ')}</p>` : nothing}
      ${microphoneNotice(this.state.media)}
    </div>`;
  }

  /** How far the customer has come; the one line that the technician watches. */
  #progress(session: SessionView | undefined): TemplateResult {
    const line = (): TemplateResult | typeof nothing => {
      if (session === undefined || isStartable(session.status)) {
        return nothing;
      }
      if (isEnded(session.status)) {
        return html`<div class="notice warn">${icon('triangleAlert')}<span>${endedSentence(session.status)}</span></div>`;
      }
      return html`<div class="notice">
        <span class="spinner"></span><span>${msg('Waiting for the customer to connect …')}</span>
      </div>`;
    };
    return html`<div role="status">${line()}</div>`;
  }

  #panel(session: SessionView | undefined): TemplateResult {
    switch (this.method) {
      case 'pin':
        return this.#pinPanel(session);
      case 'sms':
        return this.#smsPanel();
      case 'email':
        return this.#emailPanel();
      case 'link':
        return this.#linkPanel(session);
    }
  }

  #pinPanel(session: SessionView | undefined): TemplateResult {
    const invitation = session?.invitation;
    if (invitation?.pin !== undefined) {
      return html`<pin-code
        .pin=${invitation.pin}
        .expiresAt=${invitation.expiresAt}
        .clockOffsetMs=${this.state.clockOffsetMs}
        .customerUrl=${this.state.settings?.customerUrl ?? ''}
      ></pin-code>`;
    }
    return html`
      <p class="center muted">${msg('Six digits to read out. The customer types them on their phone.')}</p>
      <button class="center button primary" ?disabled=${this.busy} @click=${() => this.#need('pin')}>
        ${msg('Create PIN Code')}
      </button>
    `;
  }

  #smsPanel(): TemplateResult {
    const ready = this.state.settings?.smsGateway === true;
    return html`
      <div class="field">
        <label for="sms-to">${msg('To')}</label>
        <input
          class="input"
          id="sms-to"
          type="tel"
          autocomplete="off"
          placeholder="+49 170 1234567"
          .value=${this.fields.phone}
          @input=${(event: Event) => this.#edit('phone', inputValue(event))}
          @change=${this.#saveFields}
        />
      </div>
      ${ready ? nothing : noGateway(msg('No SMS gateway is configured yet, so the relay cannot send text messages.'))}
      <button class="button primary" disabled>${icon('messageSquare')}${msg('Send SMS')}</button>
    `;
  }

  #emailPanel(): TemplateResult {
    const ready = this.state.settings?.mailGateway === true;
    const usable = !this.byServer && !this.busy;
    return html`
      <div class="field">
        <label for="email-to">${msg('To')}</label>
        <input
          class="input"
          id="email-to"
          type="email"
          autocomplete="off"
          .value=${this.fields.email}
          @input=${(event: Event) => this.#edit('email', inputValue(event))}
          @change=${this.#saveFields}
        />
      </div>
      <fieldset>
        <legend class="visually-hidden">${msg('How to send')}</legend>
        ${this.#way(false, msg("Send email via this computer's default email client"))}
        ${this.#way(true, msg('Send email via the server on my behalf'))}
      </fieldset>
      ${
        this.byServer && !ready
          ? noGateway(msg('No mail server is configured yet, so the relay cannot send e-mail.'))
          : nothing
      }
      <div class="press">
        <button class="button primary" ?disabled=${!usable} @click=${this.#email}>
          ${icon('mail')}${msg('Email Link')}
        </button>
        <span role="status" class="muted">${this.done}</span>
      </div>
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

  #linkPanel(session: SessionView | undefined): TemplateResult {
    const invitation = session?.invitation;
    return html`
      ${
        invitation?.link === undefined
          ? html`<p class="muted">${msg('A link for this one session, for any messenger, and its QR code.')}</p>`
          : html`<link-code
              .link=${invitation.link}
              .expiresAt=${invitation.expiresAt}
              .clockOffsetMs=${this.state.clockOffsetMs}
            ></link-code>`
      }
      <div class="press">
        <button class="button primary" ?disabled=${this.busy} @click=${this.#copyLink}>
          ${icon('copy')}${msg('Copy Link to Clipboard')}
        </button>
        <span role="status" class="muted">${this.done}</span>
      </div>
    `;
  }

  // -------------------------------------------------------------- actions

  #choose(method: Method): void {
    this.method = method;
    this.done = '';
    this.failure = undefined;
  }

  #tabKeyed(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const edge = { Home: 0, End: METHODS.length - 1 }[event.key];
    if (step === undefined && edge === undefined) {
      return;
    }
    event.preventDefault();
    const at = edge ?? (METHODS.indexOf(this.method) + (step ?? 0) + METHODS.length) % METHODS.length;
    this.#choose(METHODS[at] ?? 'pin');
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<HTMLElement>(`#tab-${this.method}`)?.focus();
    });
  }

  #edit(key: FieldKey, value: string): void {
    this.fields = withField(this.fields, key, value);
  }

  async #saveFields(): Promise<void> {
    const session = this.#session;
    if (session !== undefined && !isEnded(session.status)) {
      this.#judge(await this.state.editSession(session.id, this.fields));
    }
  }

  /** Makes the session, or adds the method to it. @returns the session with its invitation, or undefined */
  async #need(method: InvitationMethod): Promise<SessionView | undefined> {
    const session = this.#session;
    if (session?.invitation?.[method] !== undefined) {
      return session;
    }
    this.busy = true;
    this.failure = undefined;
    // An ended session cannot be revived: what is asked for then is a new one for the same customer.
    const created = session === undefined || isEnded(session.status);
    const answer = created
      ? await this.state.createSession(this.fields, method)
      : await this.state.invite(session.id, method);
    this.busy = false;
    this.#judge(answer);
    if (!answer.ok) {
      return undefined;
    }
    if (created) {
      if (session !== undefined) {
        this.state.shut(session.id);
      }
      this.sessionId = answer.value.id;
      this.dispatchEvent(new CustomEvent('session-created', { detail: answer.value.id }));
    }
    return this.isConnected ? answer.value : undefined;
  }

  #judge(answer: Outcome<unknown>): void {
    this.failure = answer.ok ? undefined : answer.code;
  }

  async #copyLink(): Promise<void> {
    const link = (await this.#need('link'))?.invitation?.link;
    if (link !== undefined && this.shadowRoot) {
      this.done = (await copyText(link, this.shadowRoot))
        ? msg('Copied')
        : msg('The browser does not allow copying. Please select the text and copy it yourself.');
    }
  }

  async #email(): Promise<void> {
    const invitation = (await this.#need('link'))?.invitation;
    if (invitation?.link === undefined) {
      return;
    }
    const subject = encodeURIComponent(msg('Your support session'));
    const body = encodeURIComponent(invitationText(invitation.link, invitation.pin));
    const anchor = document.createElement('a');
    anchor.href = `mailto:${encodeURIComponent(this.fields.email)}?subject=${subject}&body=${body}`;
    anchor.click();
    this.done = msg('Your e-mail program opens with the finished text. Please send it from there.');
  }

  #start(): void {
    const id = this.sessionId;
    if (id === undefined) {
      return;
    }
    void this.state.start(id);
    this.dispatchEvent(new CustomEvent('session-started', { detail: id }));
    this.dialog.close();
  }

  #cancel(): void {
    const session = this.#session;
    if (session !== undefined && !isEnded(session.status)) {
      void this.state.end(session.id);
    }
    this.dialog.close();
  }

  #closed(): void {
    this.shown = false;
    this.#reset();
  }
}

function methodLabel(method: Method): string {
  switch (method) {
    case 'pin':
      return msg('PIN Code');
    case 'sms':
      return msg('SMS');
    case 'email':
      return msg('Email', { id: 'tab-email' });
    case 'link':
      return msg('Link');
  }
}

/** Not the words of the tab: the e-mail tab and the e-mail field would have the same name. */
function panelLabel(method: Method): string {
  switch (method) {
    case 'pin':
      return msg('By PIN');
    case 'sms':
      return msg('By text message');
    case 'email':
      return msg('By e-mail');
    case 'link':
      return msg('By link or QR code');
  }
}

function noGateway(sentence: string): TemplateResult {
  return html`<div class="notice">
    ${icon('info')}<span>${sentence} ${msg('Please use PIN code, link or your own e-mail program.')}</span>
  </div>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'new-session-dialog': NewSessionDialog;
  }
}
