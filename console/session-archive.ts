/** Past sessions: a search, the newest first, as many as somebody wants to see. */
import { localized, msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { ARCHIVE_SEARCH_MAX_LENGTH, type PastSession, type SessionId } from '../relay/protocol.ts';
import { call } from './api.ts';
import { failureSentence } from './failure-words.ts';
import { icon } from './icons.ts';
import { dateAndTime } from './localization.ts';
import type { FailureCode } from './outcome.ts';
import { lengthOf, outcomeWord } from './record-facts.ts';
import { pathOf } from './routes.ts';
import { sessionListStyles } from './session-list-styles.ts';
import { displayName, statusWord } from './session-words.ts';
import { shared } from './theme.ts';

/** After the last key; a search may read thousands of sessions. */
const TYPING_PAUSE_MS = 250;

@customElement('session-archive')
@localized()
export class SessionArchive extends LitElement {
  static override styles = [
    ...shared,
    sessionListStyles,
    css`
      .scroll {
        padding-bottom: 8px;
      }

      tbody tr {
        cursor: default;
      }

      td.name {
        max-width: 280px;
        overflow: hidden;
        text-overflow: ellipsis;
      }

      .more {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 12px;
        padding: 14px;
      }
    `,
  ];

  /** Sessions of everybody, not only one's own. */
  @property({ attribute: false }) all = false;
  @state() private search = '';
  @state() private sessions: readonly PastSession[] = [];
  @state() private older: SessionId | undefined;
  @state() private isLoading = false;
  @state() private problem: FailureCode | undefined;
  @query('h1') private readonly heading!: HTMLElement;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Answers to older questions are not wanted any more. */
  #asked = 0;

  override disconnectedCallback(): void {
    clearTimeout(this.#pause);
    super.disconnectedCallback();
  }

  async focusHeading(): Promise<void> {
    await this.updateComplete;
    this.heading.focus();
    // Sessions have ended since it was here last.
    void this.#load();
  }

  protected override firstUpdated(_changed: PropertyValues): void {
    void this.#load();
  }

  /** @param before goes on behind what is there; else from the beginning */
  async #load(before?: SessionId): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.isLoading = true;
    this.problem = undefined;
    const search = this.search.trim();
    const answer = await call(
      'POST /api/sessions/search',
      before === undefined ? { search } : { search, before },
    );
    if (asked !== this.#asked) {
      return;
    }
    this.isLoading = false;
    if (!answer.ok) {
      this.problem = answer.code;
      return;
    }
    this.sessions =
      before === undefined ? answer.value.sessions : [...this.sessions, ...answer.value.sessions];
    this.older = answer.value.before;
  }

  #typed({ target }: InputEvent): void {
    this.search = (target as HTMLInputElement).value;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#load(), TYPING_PAUSE_MS);
  }

  protected override render(): TemplateResult {
    return html`
      <div class="toolbar">
        <h1 tabindex="-1">${msg('Past sessions')}</h1>
        <span class="spring"></span>
        <label class="filter">
          ${icon('search')}
          <input
            class="input"
            type="search"
            maxlength=${ARCHIVE_SEARCH_MAX_LENGTH}
            placeholder=${msg('Search')}
            aria-label=${msg('Search past sessions')}
            .value=${this.search}
            @input=${this.#typed}
          />
        </label>
      </div>
      <div role="status" class="visually-hidden">${this.isLoading ? '' : this.#count()}</div>
      ${this.#body()}
    `;
  }

  #count(): string {
    const { length } = this.sessions;
    return this.older === undefined
      ? msg(str`${length} sessions`)
      : msg(str`${length} sessions, and there may be more`);
  }

  #body(): TemplateResult {
    if (this.sessions.length === 0 && this.older === undefined && !this.isLoading && !this.problem) {
      return html`<div class="empty">
        <p class="muted">${
          this.search.trim() === ''
            ? msg('No session has ended yet.')
            : msg('No past session has these words.')
        }</p>
      </div>`;
    }
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${msg('Past sessions')}>
      <table>
        <thead>
          <tr>
            <th scope="col">${msg('Name')}</th>
            <th scope="col">${msg('Session ID')}</th>
            <th scope="col">${msg('Status')}</th>
            <th scope="col">${msg('Begin')}</th>
            <th scope="col">${msg('Duration')}</th>
            ${this.all ? html`<th scope="col">${msg('Technician')}</th>` : nothing}
            <th scope="col">${msg('Channel')}</th>
            <th scope="col">${msg('Ticket ID')}</th>
            <th scope="col">${msg('Outcome')}</th>
            <th scope="col">${msg('Rating')}</th>
          </tr>
        </thead>
        <tbody>
          ${repeat(
            this.sessions,
            ({ id }) => id,
            (session) => this.#row(session),
          )}
        </tbody>
      </table>
      <div class="more">
        ${this.isLoading ? html`<span class="spinner"></span>` : nothing}
        ${this.problem ? html`<span role="alert">${failureSentence(this.problem)}</span>` : nothing}
        ${
          this.older !== undefined && !this.isLoading
            ? html`<button class="button" @click=${() => this.#load(this.older)}>${msg('Show older ones')}</button>`
            : nothing
        }
        ${
          this.problem
            ? html`<button class="button" @click=${() => this.#load()}>${msg('Try again')}</button>`
            : nothing
        }
      </div>
    </div>`;
  }

  #row(session: PastSession): TemplateResult {
    const { id, fields, state, startedAt, createdAt, technician, channel, stars } = session;
    return html`<tr>
      <td class="name"><a href=${pathOf({ page: 'record', id })}>${displayName(fields)}</a></td>
      <td class="number">${id}</td>
      <td>${statusWord(state)}</td>
      <td class="number">${dateAndTime(startedAt ?? createdAt)}</td>
      <td class="number">${lengthOf(session)}</td>
      ${this.all ? html`<td>${technician}</td>` : nothing}
      <td>${channel}</td>
      <td>${fields.ticketId}</td>
      <td>${outcomeWord(session)}</td>
      <td>${stars === undefined ? nothing : html`<span role="img" aria-label=${msg(str`${stars} of 5`)}>${'★'.repeat(stars)}</span>`}</td>
    </tr>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-archive': SessionArchive;
  }
}
