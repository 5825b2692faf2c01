/**
 * "Create New Session": who the customer is, four ways to let them in, and Start as soon as they are there.
 * Closing the dialog leaves the session in the list; Cancel ends it.
 */
import { localized, msg, str } from '@lit/localize';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import {
  type Appointment,
  type CustomerFields,
  INVITATION_WAYS,
  type InvitationMethod,
  type InvitationWay,
  type SessionId,
  type SessionView,
} from '../relay/protocol.ts';
import './appointment-fields.ts';
import { copyText } from './clipboard.ts';
import type { Topic } from './console-state.ts';
import { failureSentence } from './failure-words.ts';
import { type FieldKey, fieldInputs, withField } from './field-grid.ts';
import { icon } from './icons.ts';
import './invitation.ts';
import { period } from './localization.ts';
import './message-panels.ts';
import { microphoneNotice } from './microphone-notice.ts';
import { newSessionStyles } from './new-session-styles.ts';
import type { FailureCode, Outcome } from './outcome.ts';
import './preflight-list.ts';
import { EMPTY_FIELDS, isEnded, isStartable } from './session-status.ts';
import { deviceNotes, endedSentence } from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';

/** Events: `session-created` and `session-started` with the id. */
@customElement('new-session-dialog')
@localized()
export class NewSessionDialog extends StatefulElement {
  static override styles = [StatefulElement.styles, newSessionStyles];
  protected override readonly topics: readonly Topic[] = ['sessions', 'connection', 'voice'];

  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private shown = false;
  @state() private method: InvitationWay = 'pin';
  @state() private fields: CustomerFields = EMPTY_FIELDS;
  @state() private appointment: Appointment | undefined;
  @state() private sessionId: SessionId | undefined;
  @state() private failure: FailureCode | undefined;
  @state() private busy = false;
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
    this.appointment = undefined;
    this.method = this.#ways[0] ?? 'pin';
    this.fields = EMPTY_FIELDS;
    this.sessionId = undefined;
    this.failure = undefined;
    this.busy = false;
    this.done = '';
  }

  /** What the technician's group may use, in the order of the tabs. A PIN would be live for too long before an appointment. */
  get #ways(): readonly InvitationWay[] {
    const allowed = this.state.settings?.ways ?? INVITATION_WAYS;
    return INVITATION_WAYS.filter(
      (way) => allowed.includes(way) && (way !== 'pin' || this.appointment === undefined),
    );
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
        <appointment-fields
          .appointment=${this.appointment}
          .fixed=${session !== undefined}
          @appointment-edited=${this.#scheduled}
        ></appointment-fields>
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
        ${this.#ways.map(
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
    const notes = customer === undefined ? [] : deviceNotes(customer);
    return html`<div class="connected" role="status">
      <span class="disc">${icon('circleCheck')}</span>
      <h2>${msg('Customer connected')}</h2>
      <p class="muted">${customer?.browser}</p>
      ${notes.length > 0 ? html`<p class="notes">${notes.join(' · ')}</p>` : nothing}
      <preflight-list .preflight=${customer?.preflight}></preflight-list>
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
      const { validFrom = 0, expiresAt = 0 } = session.invitation ?? {};
      if (validFrom > this.state.now) {
        return html`<div class="notice">
          ${icon('circleCheck')}<span>${msg(str`Scheduled: ${period(validFrom, expiresAt)}. The session is in the list; you can close this window.`)}</span>
        </div>`;
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
        return html`<sms-panel
          .state=${this.state}
          .fields=${this.fields}
          .need=${this.#needLink}
          @field-edited=${this.#panelEdited}
          @fields-committed=${this.#saveFields}
          @failed=${this.#panelFailed}
        ></sms-panel>`;
      case 'email':
        return html`<email-panel
          .state=${this.state}
          .fields=${this.fields}
          .need=${this.#needLink}
          @field-edited=${this.#panelEdited}
          @fields-committed=${this.#saveFields}
          @failed=${this.#panelFailed}
        ></email-panel>`;
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

  #linkPanel(session: SessionView | undefined): TemplateResult {
    const invitation = session?.invitation;
    return html`
      ${
        invitation?.link === undefined
          ? html`<p class="muted">${msg('A link for this one session, for any messenger, and its QR code.')}</p>`
          : html`<link-code
              .link=${invitation.link}
              .validFrom=${invitation.validFrom ?? 0}
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

  #choose(method: InvitationWay): void {
    this.method = method;
    this.done = '';
    this.failure = undefined;
  }

  #tabKeyed(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const edge = { Home: 0, End: this.#ways.length - 1 }[event.key];
    if (step === undefined && edge === undefined) {
      return;
    }
    event.preventDefault();
    const at =
      edge ?? (this.#ways.indexOf(this.method) + (step ?? 0) + this.#ways.length) % this.#ways.length;
    this.#choose(this.#ways[at] ?? this.method);
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
      this.#judge(await this.state.commands.edit(session.id, this.fields));
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
      ? await this.state.commands.create(this.fields, method, this.appointment)
      : await this.state.commands.invite(session.id, method);
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

  readonly #needLink = (): Promise<SessionView | undefined> => this.#need('link');

  #scheduled({ detail }: CustomEvent<Appointment | null>): void {
    this.appointment = detail ?? undefined;
    this.failure = undefined;
    if (!this.#ways.includes(this.method)) {
      this.#choose(this.#ways[0] ?? 'link');
    }
  }

  #panelEdited({ detail: [key, value] }: CustomEvent<readonly [FieldKey, string]>): void {
    this.#edit(key, value);
  }

  /** Null is what an event without detail has. */
  #panelFailed({ detail }: CustomEvent<FailureCode | null>): void {
    this.failure = detail ?? undefined;
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
      void this.state.commands.end(session.id);
    }
    this.dialog.close();
  }

  #closed(): void {
    this.shown = false;
    this.#reset();
  }
}

function methodLabel(method: InvitationWay): string {
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
function panelLabel(method: InvitationWay): string {
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

declare global {
  interface HTMLElementTagNameMap {
    'new-session-dialog': NewSessionDialog;
  }
}
