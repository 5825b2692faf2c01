/** One opened session: its head, the stage (invitation, Start, live picture or the end), details and log. */
import { localized, msg, str } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { CustomerFields, SessionId, SessionView, TransferView } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import './end-dialog.ts';
import type { EndDialog } from './end-dialog.ts';
import { type FieldKey, fieldInputs, withField } from './field-grid.ts';
import { icon } from './icons.ts';
import './invitation.ts';
import './link-status.ts';
import './live-view.ts';
import { dateAndTime } from './localization.ts';
import { microphoneNotice } from './microphone-notice.ts';
import './photo-gallery.ts';
import './preflight-list.ts';
import './running-time.ts';
import './session-chat.ts';
import type { SessionChatElement } from './session-chat.ts';
import './session-consents.ts';
import './session-log.ts';
import { pathOf } from './routes.ts';
import { isEnded, isStartable, toneOf } from './session-status.ts';
import { sessionViewStyles } from './session-view-styles.ts';
import {
  deviceNotes,
  displayName,
  endedSentence,
  interruptionSentence,
  pictureNote,
  sessionStatusWord,
} from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';
import './transfer-dialog.ts';
import type { TransferDialog } from './transfer-dialog.ts';

const SIDES = ['details', 'chat', 'photos'] as const;
type Side = (typeof SIDES)[number];

@customElement('session-view')
@localized()
export class SessionViewElement extends StatefulElement {
  static override styles = [StatefulElement.styles, sessionViewStyles];
  protected override readonly topics: readonly Topic[] = ['sessions', 'voice', 'chat'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @property({ attribute: false }) shown = false;
  @query('end-dialog') private readonly endDialog!: EndDialog;
  @query('transfer-dialog') private readonly transferDialog!: TransferDialog;
  @query('session-chat') private readonly chat!: SessionChatElement | null;
  @state() private side: Side = 'details';
  /** What is typed and not saved yet. */
  @state() private draft: CustomerFields | undefined;
  @state() private saved = false;

  async focusHeading(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('h1')?.focus();
  }

  protected override updated(): void {
    const session = this.state.session(this.sessionId);
    if (
      this.shown &&
      session !== undefined &&
      (isStartable(session.status) || this.state.isLive(session.id))
    ) {
      this.state.media.prepareVoice(session.id);
    }
  }

  protected override render(): TemplateResult {
    const session = this.state.session(this.sessionId);
    if (session === undefined) {
      return html``;
    }
    const live = this.state.isLive(session.id);
    // Behind another tab only the stage is kept: it holds the stream.
    return html`
      ${this.shown ? this.#head(session) : nothing}
      <div class="body">
        <div class="stage">
          <live-view
            class=${live ? '' : 'behind'}
            .state=${this.state}
            .sessionId=${session.id}
            .shown=${this.shown && live}
            @end-wanted=${() => this.endDialog.show(session.id)}
            @photos-wanted=${() => this.#show('photos')}
            @transfer-wanted=${() => this.transferDialog.show(session.id)}
          ></live-view>
          ${live || !this.shown ? nothing : html`<div class="card">${this.#card(session)}</div>`}
        </div>
        ${this.shown ? this.#side(session) : nothing}
      </div>
      <end-dialog .state=${this.state}></end-dialog>
      <transfer-dialog .state=${this.state}></transfer-dialog>
    `;
  }

  #head(session: SessionView): TemplateResult {
    const { id, fields, statusSince, channel } = session;
    return html`
      <header>
        <h1 tabindex="-1">${displayName(fields)}</h1>
        <span class="chip ${toneOf(session, this.state.now, this.state.settings?.waitingSteps)}">${sessionStatusWord(session, this.state.now)}</span>
        <running-time
          class="number"
          .since=${statusSince}
          .clockOffsetMs=${this.state.clockOffsetMs}
        ></running-time>
        <span class="muted number">${msg('Session ID')} ${id}</span>
        ${channel ? html`<span class="muted">${msg('Channel')} ${channel}</span>` : nothing}
        <span class="spring"></span>
        ${
          this.state.isLive(id)
            ? html`<link-status .state=${this.state} .sessionId=${id}></link-status>`
            : nothing
        }
      </header>
    `;
  }

  #card(session: SessionView): TemplateResult {
    if (isEnded(session.status)) {
      return this.#ended(session);
    }
    if (session.transfer) {
      return this.#offered(session, session.transfer);
    }
    if (isStartable(session.status)) {
      return this.#waiting(session);
    }
    return session.status === 'connecting' ? this.#connecting(session) : this.#interrupted(session);
  }

  #connecting({ id, invitation }: SessionView): TemplateResult {
    return html`
      ${
        invitation?.pin === undefined
          ? nothing
          : html`<pin-code
              .pin=${invitation.pin}
              .expiresAt=${invitation.expiresAt}
              .clockOffsetMs=${this.state.clockOffsetMs}
              .customerUrl=${this.state.settings?.customerUrl ?? ''}
            ></pin-code>`
      }
      ${
        invitation?.link === undefined
          ? nothing
          : html`<link-code
              .link=${invitation.link}
              .validFrom=${invitation.validFrom ?? 0}
              .expiresAt=${invitation.expiresAt}
              .clockOffsetMs=${this.state.clockOffsetMs}
            ></link-code>`
      }
      ${
        (invitation?.validFrom ?? 0) > this.state.now
          ? html`<p class="waiting">${msg('The customer can come in from then on.')}</p>`
          : html`<p class="waiting" role="status"><span class="spinner"></span>${msg('Waiting for the customer to connect …')}</p>`
      }
      <button class="button" @click=${this.#press(() => this.state.commands.end(id))}>${msg('Cancel')}</button>
    `;
  }

  #waiting({ id, customer }: SessionView): TemplateResult {
    const notes = customer === undefined ? [] : deviceNotes(customer);
    return html`
      <span class="disc good">${icon('circleCheck')}</span>
      <h2>${msg('Customer connected')}</h2>
      <p class="muted">
        ${
          customer?.devices.camera === 'none'
            ? pictureNote(customer.picture) || msg('The customer comes without a camera.')
            : msg('The camera is on at the customer’s side; you see it as soon as you start.')
        }
        ${customer?.browser ? html`<br />${customer.browser}` : nothing}
      </p>
      ${customer ? html`<preflight-list .preflight=${customer.preflight}></preflight-list>` : nothing}
      ${notes.length > 0 ? html`<p class="notes">${notes.join(' · ')}</p>` : nothing}
      <div class="press">
        <button class="button primary large" @click=${this.#press(() => this.#start(id))}>${icon('play')}${msg('Start')}</button>
        <button class="button large" @click=${this.#press(() => this.transferDialog.show(id))}>${msg('Transfer')}</button>
        <button class="button large" @click=${this.#press(() => this.state.commands.end(id))}>${msg('End')}</button>
      </div>
      ${microphoneNotice(this.state.media)}
    `;
  }

  /** A session that changes hands: its receiver takes or refuses it, its technician keeps it. */
  #offered({ id, status }: SessionView, { from, to, comment }: TransferView): TemplateResult {
    const incoming = status === 'incoming';
    return html`
      <span class="disc">${icon('userPlus')}</span>
      <h2>${incoming ? msg(str`${from} hands this session over`) : msg(str`Offered to ${to}`)}</h2>
      ${comment === '' ? nothing : html`<p class="said">${comment}</p>`}
      <p class="muted">
        ${
          incoming
            ? msg('Press Start to take it. Log and chat are beside this.')
            : msg('The session stays yours until it is taken. Press Start to keep it.')
        }
      </p>
      <div class="press">
        <button class="button primary large" @click=${this.#press(() => this.#start(id))}>${icon('play')}${msg('Start')}</button>
        ${
          incoming
            ? html`<button class="button large" @click=${this.#press(() => this.state.colleagues.refuse(id))}>${msg('Refuse')}</button>`
            : nothing
        }
      </div>
    `;
  }

  #interrupted({ id, status, interruption }: SessionView): TemplateResult {
    const held = status === 'onHold';
    const words = held
      ? msg('The session is on hold: camera and microphone of the customer are stopped.')
      : status === 'offline'
        ? msg('The customer is offline. The same link brings them back.')
        : interruption
          ? interruptionSentence(interruption, false)
          : msg('The connection is interrupted. It continues by itself.');
    return html`
      <span class="disc">${icon(held ? 'pause' : 'wifiOff')}</span>
      <h2>${words}</h2>
      <div class="press">
        ${
          held
            ? html`<button class="button primary large" @click=${this.#press(() => this.state.commands.resume(id))}>
                ${icon('play')}${msg('Resume')}
              </button>`
            : nothing
        }
        ${
          held
            ? html`<button class="button large" @click=${this.#press(() => this.transferDialog.show(id))}>${msg('Transfer')}</button>`
            : nothing
        }
        <button class="button ${held ? 'large' : ''}" @click=${this.#press(() => this.endDialog.show(id))}>${msg('End')}</button>
      </div>
    `;
  }

  #ended(session: SessionView): TemplateResult {
    const { id, status, statusSince } = session;
    return html`
      <span class="disc">${icon('phoneOff')}</span>
      <h2>${endedSentence(status)}</h2>
      <p class="muted">${dateAndTime(statusSince)}</p>
      ${session.customer ? this.#said(session) : nothing}
      <a class="button" href=${pathOf({ page: 'record', id })}>${icon('archive')}${msg('Session page')}</a>
      <button class="button" @click=${this.#press(() => this.state.dismiss(id))}>${icon('trash2')}${msg('Remove from list')}</button>
    `;
  }

  /** What the technician says of it, to be changed afterwards. */
  #said({ id, outcome, notes }: SessionView): TemplateResult {
    return html`
      <p>${outcome === undefined ? msg('No outcome noted.') : outcome === 'resolved' ? msg('Resolved') : msg('Unresolved')}</p>
      ${notes === '' ? nothing : html`<p class="muted said">${notes}</p>`}
      <button class="button" @click=${() => this.endDialog.show(id)}>${msg('Change outcome and notes')}</button>
    `;
  }

  #side(session: SessionView): TemplateResult {
    const unread = this.state.chats.unread(session.id);
    return html`
      <aside>
        <div class="tabs" role="tablist" aria-label=${msg('Session')} @keydown=${this.#tabKeyed}>
          ${this.#tab('details', msg('Details'))}
          ${this.#tab('chat', html`${msg('Chat')}${unread > 0 ? html` <span class="badge"><span aria-hidden="true">${unread}</span><span class="visually-hidden">${msg(str`${unread} unread`)}</span></span>` : nothing}`)}
          ${this.#tab('photos', msg('Photos'))}
        </div>
        <div class="tab-panel" role="tabpanel" id="side-panel" aria-labelledby=${`tab-${this.side}`}>
          ${
            this.side === 'chat'
              ? html`<session-chat .state=${this.state} .sessionId=${session.id}></session-chat>`
              : this.side === 'photos'
                ? html`<photo-gallery .state=${this.state} .sessionId=${session.id}></photo-gallery>`
                : this.#details(session)
          }
        </div>
      </aside>
    `;
  }

  #tab(side: Side, label: string | TemplateResult): TemplateResult {
    return html`<button
      role="tab"
      id=${`tab-${side}`}
      aria-selected=${side === this.side}
      aria-controls="side-panel"
      tabindex=${side === this.side ? 0 : -1}
      @click=${() => this.#show(side)}
    >
      ${label}
    </button>`;
  }

  #show(side: Side): void {
    this.side = side;
    if (side === 'chat') {
      void this.updateComplete.then(() => this.chat?.focusField());
    }
  }

  #tabKeyed(event: KeyboardEvent): void {
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      event.preventDefault();
      const step = event.key === 'ArrowRight' ? 1 : SIDES.length - 1;
      this.side = SIDES[(SIDES.indexOf(this.side) + step) % SIDES.length] ?? 'details';
      void this.updateComplete.then(() => {
        this.renderRoot.querySelector<HTMLElement>(`#tab-${this.side}`)?.focus();
      });
    }
  }

  #details(session: SessionView): TemplateResult {
    return html`
        <section aria-labelledby="details">
          <div class="title">
            <h2 id="details">${msg('Details')}</h2>
            <span class="hint" role="status">${this.saved ? msg('Saved') : nothing}</span>
          </div>
          <div class="fields" @keydown=${this.#keyed}>
            ${fieldInputs(this.draft ?? session.fields, {
              disabled: isEnded(session.status),
              edited: (key, value) => this.#edit(session, key, value),
              committed: () => this.#save(session.id),
            })}
          </div>
        </section>
        ${
          session.customer
            ? html`<section aria-labelledby="consents">
                <h2 id="consents">${msg('Consents')}</h2>
                <session-consents .state=${this.state} .sessionId=${session.id}></session-consents>
              </section>`
            : nothing
        }
        <section class="log" aria-labelledby="log">
          <h2 id="log">${msg('Session log')}</h2>
          <session-log .state=${this.state} .sessionId=${session.id}></session-log>
        </section>
    `;
  }

  // -------------------------------------------------------------- actions

  /** Who opens a session by a double click must not press with its second half what has appeared there. */
  #press(action: () => unknown): (event: MouseEvent) => void {
    return (event) => {
      if (event.detail <= 1) {
        action();
      }
    };
  }

  #start(id: SessionId): void {
    void this.state.start(id);
    void this.focusHeading();
  }

  #edit(session: SessionView, key: FieldKey, value: string): void {
    this.saved = false;
    this.draft = withField(this.draft ?? session.fields, key, value);
  }

  async #save(id: SessionId): Promise<void> {
    const draft = this.draft;
    if (draft === undefined) {
      return;
    }
    const answer = await this.state.commands.edit(id, draft);
    if (!answer.ok) {
      this.state.say(answer.code);
    } else if (this.draft === draft) {
      // Nobody typed on meanwhile.
      this.draft = undefined;
      this.saved = true;
    }
  }

  #keyed(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.draft !== undefined) {
      this.draft = undefined;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-view': SessionViewElement;
  }
}
