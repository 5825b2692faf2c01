/** One opened session: its head, the stage (invitation, Start, live picture or the end), details and log. */
import { localized, msg } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { CustomerFields, SessionId, SessionView } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { type FieldKey, fieldInputs, withField } from './field-grid.ts';
import { icon } from './icons.ts';
import './invitation.ts';
import './link-status.ts';
import './live-view.ts';
import { dateAndTime } from './localization.ts';
import { microphoneNotice } from './microphone-notice.ts';
import './running-time.ts';
import './session-log.ts';
import { isEnded, isStartable, toneOf } from './session-status.ts';
import { sessionViewStyles } from './session-view-styles.ts';
import {
  deviceNotes,
  displayName,
  endedSentence,
  interruptionSentence,
  statusWord,
} from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('session-view')
@localized()
export class SessionViewElement extends StatefulElement {
  static override styles = [StatefulElement.styles, sessionViewStyles];
  protected override readonly topics: readonly Topic[] = ['sessions', 'voice'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @property({ attribute: false }) shown = false;
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
          ></live-view>
          ${live || !this.shown ? nothing : html`<div class="card">${this.#card(session)}</div>`}
        </div>
        ${this.shown ? this.#side(session) : nothing}
      </div>
    `;
  }

  #head(session: SessionView): TemplateResult {
    const { id, fields, status, statusSince, channel } = session;
    return html`
      <header>
        <h1 tabindex="-1">${displayName(fields)}</h1>
        <span class="chip ${toneOf(session, this.state.now)}">${statusWord(status)}</span>
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
              .expiresAt=${invitation.expiresAt}
              .clockOffsetMs=${this.state.clockOffsetMs}
            ></link-code>`
      }
      <p class="waiting" role="status"><span class="spinner"></span>${msg('Waiting for the customer to connect …')}</p>
      <button class="button" @click=${this.#press(() => this.state.end(id))}>${msg('Cancel')}</button>
    `;
  }

  #waiting({ id, customer }: SessionView): TemplateResult {
    const notes = customer === undefined ? [] : deviceNotes(customer.devices);
    return html`
      <span class="disc good">${icon('circleCheck')}</span>
      <h2>${msg('Customer connected')}</h2>
      <p class="muted">
        ${msg('The camera is on at the customer’s side; you see it as soon as you start.')}
        ${customer?.browser ? html`<br />${customer.browser}` : nothing}
      </p>
      ${notes.length > 0 ? html`<p class="notes">${notes.join(' · ')}</p>` : nothing}
      <div class="press">
        <button class="button primary large" @click=${this.#press(() => this.#start(id))}>${icon('play')}${msg('Start')}</button>
        <button class="button large" @click=${this.#press(() => this.state.end(id))}>${msg('End')}</button>
      </div>
      ${microphoneNotice(this.state.media)}
    `;
  }

  #interrupted({ id, status, interruption }: SessionView): TemplateResult {
    const words =
      status === 'onHold'
        ? msg('The session is on hold: camera and microphone of the customer are stopped.')
        : status === 'offline'
          ? msg('The customer is offline. The same link brings them back.')
          : interruption
            ? interruptionSentence(interruption, false)
            : msg('The connection is interrupted. It continues by itself.');
    return html`
      <span class="disc">${icon('wifiOff')}</span>
      <h2>${words}</h2>
      <button class="button" @click=${this.#press(() => this.state.end(id))}>${msg('End')}</button>
    `;
  }

  #ended({ id, status, statusSince }: SessionView): TemplateResult {
    return html`
      <span class="disc">${icon('phoneOff')}</span>
      <h2>${endedSentence(status)}</h2>
      <p class="muted">${dateAndTime(statusSince)}</p>
      <button class="button" @click=${this.#press(() => this.state.dismiss(id))}>${icon('trash2')}${msg('Remove from list')}</button>
    `;
  }

  #side(session: SessionView): TemplateResult {
    return html`
      <aside>
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
        <section class="log" aria-labelledby="log">
          <h2 id="log">${msg('Session log')}</h2>
          <session-log .state=${this.state} .sessionId=${session.id}></session-log>
        </section>
      </aside>
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
    const answer = await this.state.editSession(id, draft);
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
