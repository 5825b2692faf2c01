/** The technician's queue: all sessions as a table that sorts, filters, ages and is worked by keyboard alone. */
import { localized, msg, str } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { SessionId, SessionView } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import './editable-cell.ts';
import { type FieldKey, withField } from './field-grid.ts';
import { customKeys, fieldLabel } from './field-labels.ts';
import { icon } from './icons.ts';
import { compareText, dateAndTime, period } from './localization.ts';
import './running-time.ts';
import { sessionListStyles } from './session-list-styles.ts';
import { readSort, type Sort, sortSessions, writeSort } from './session-sort.ts';
import { isEnded, searchText, toneOf, waitingLevel } from './session-status.ts';
import { displayName, sessionStatusWord, statusWord } from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';
import type { WaitingAlert } from './waiting-alert.ts';

const SKELETON_ROWS = 4;

/** Events: `open-session` with the id, `new-session`. */
@customElement('session-list')
@localized()
export class SessionList extends StatefulElement {
  static override styles = [StatefulElement.styles, sessionListStyles];
  protected override readonly topics: readonly Topic[] = ['sessions', 'connection', 'chat'];

  @property({ attribute: false }) alert: WaitingAlert | undefined;

  @state() private filter = '';
  @state() private sort: Sort = readSort();
  /** The row that the tab key goes to. */
  @state() private current: SessionId | undefined;

  /** Brings the keyboard to a session's row, or to the beginning of the list. */
  async focusRow(id: SessionId | undefined): Promise<void> {
    await this.updateComplete;
    const row = this.renderRoot.querySelector<HTMLElement>(id === undefined ? 'h1' : `tr[data-id="${id}"]`);
    (row ?? this.renderRoot.querySelector<HTMLElement>('h1'))?.focus();
  }

  async #toggleAlert(): Promise<void> {
    const chosen = this.alert?.choose(!this.alert.wanted);
    this.requestUpdate();
    await chosen;
  }

  #visible(): SessionView[] {
    const wanted = this.filter.trim().toLowerCase();
    const sessions = this.state.sessions.filter(
      (session) =>
        wanted === '' ||
        searchText(session, [
          displayName(session.fields),
          sessionStatusWord(session, this.state.now),
        ]).includes(wanted),
    );
    return sortSessions(sessions, this.sort, statusWord, displayName, compareText);
  }

  protected override render(): TemplateResult {
    const sessions = this.#visible();
    const ended = this.state.sessions.filter(({ status }) => isEnded(status));
    return html`
      <div class="toolbar">
        <h1 tabindex="-1">${msg('Sessions')}</h1>
        <button class="button primary" @click=${() => this.dispatchEvent(new CustomEvent('new-session'))}>
          ${icon('plus')}${msg('New Session')}
        </button>
        <span class="spring"></span>
        ${
          this.alert === undefined
            ? nothing
            : html`<button
                class="button quiet small"
                aria-pressed=${this.alert.wanted}
                title=${msg('A sound, and a notification of the desktop, when a customer waits')}
                @click=${this.#toggleAlert}
              >
                ${icon(this.alert.wanted ? 'volume2' : 'volumeX')}${msg('Alert me')}
              </button>`
        }
        ${
          ended.length > 1
            ? html`<button class="button quiet small" @click=${() => this.#clear(ended)}>
                ${icon('trash2')}${msg('Remove ended')}
              </button>`
            : nothing
        }
        <div class="filter">
          ${icon('search')}
          <input
            class="input"
            type="search"
            aria-label=${msg('Filter')}
            placeholder=${msg('Filter')}
            .value=${this.filter}
            @input=${this.#filtered}
          />
        </div>
      </div>
      ${this.state.loaded ? this.#table(sessions) : this.#skeleton()}
    `;
  }

  #table(sessions: SessionView[]): TemplateResult {
    if (this.state.sessions.length === 0) {
      return this.#empty();
    }
    const custom = customKeys(this.state.sessions.map(({ fields }) => fields));
    const current = sessions.find(({ id }) => id === this.current) ?? sessions[0];
    return html`
      <div class="scroll">
        <table role="grid" aria-label=${msg('Sessions')} @keydown=${this.#keyed}>
          <thead>
            <tr>
              ${this.#head('name', fieldLabel('name'))} ${this.#head('id', msg('Session ID'))}
              ${this.#head('status', msg('Status'))} ${this.#head('since', msg('Time'))}
              ${this.#head('channel', msg('Channel'))} ${this.#head('ticketId', fieldLabel('ticketId'))}
              ${custom.map((key) => this.#head(`custom:${key}`, fieldLabel(key)))}
              <th><span class="visually-hidden">${msg('Actions')}</span></th>
            </tr>
          </thead>
          <tbody>
            ${repeat(
              sessions,
              ({ id }) => id,
              (session) => this.#row(session, custom, session === current),
            )}
          </tbody>
        </table>
        ${
          sessions.length === 0
            ? html`<p class="nothing" role="status">${msg(str`No session matches “${this.filter.trim()}”.`)}
                <button class="button quiet small" @click=${() => this.#setFilter('')}>${msg('Show all')}</button>
              </p>`
            : nothing
        }
      </div>
    `;
  }

  #head(key: Sort['key'], label: string): TemplateResult {
    const sorted = this.sort.key === key;
    const direction = sorted ? (this.sort.descending ? 'descending' : 'ascending') : 'none';
    return html`
      <th scope="col" aria-sort=${direction}>
        <button class="sort" @click=${() => this.#sortBy(key)}>
          ${label}${icon(sorted ? (this.sort.descending ? 'chevronDown' : 'chevronUp') : 'chevronsUpDown')}
        </button>
      </th>
    `;
  }

  #row(session: SessionView, custom: string[], current: boolean): TemplateResult {
    const { id, status, statusSince, fields, channel, queuePosition } = session;
    const ended = isEnded(status);
    const unread = this.state.chats.unread(id);
    const { validFrom = 0, expiresAt = 0 } = session.invitation ?? {};
    const appointment = validFrom > this.state.now ? period(validFrom, expiresAt) : '';
    const level = waitingLevel(session, this.state.now, this.state.settings?.waitingSteps);
    return html`
      <tr
        class=${`${ended ? 'ended' : ''} ${level}`}
        data-id=${id}
        tabindex=${current ? 0 : -1}
        @click=${() => this.#open(id)}
        @focus=${() => this.#point(id)}
      >
        <th scope="row" class="name">
          ${displayName(fields)}
          ${unread === 0 ? nothing : html`<span class="unread" title=${msg(str`${unread} unread`)}>${icon('messageSquare')}${unread}<span class="visually-hidden">${msg(str`${unread} unread`)}</span></span>`}
        </th>
        <td class="number">${id}</td>
        <td>
          <span class="chip ${toneOf(session, this.state.now, this.state.settings?.waitingSteps)}">${sessionStatusWord(session, this.state.now)}</span>
          ${appointment === '' ? nothing : html`<span class="muted">${appointment}</span>`}
          ${
            level === 'red'
              ? html`<span class="late" title=${msg('waiting for long')}>
                  ${icon('clockAlert')}<span class="visually-hidden">${msg('waiting for long')}</span>
                </span>`
              : nothing
          }
        </td>
        <td class="number" title=${dateAndTime(statusSince)}>
          <running-time .since=${statusSince} .clockOffsetMs=${this.state.clockOffsetMs}></running-time>
        </td>
        <td>
          ${queuePosition === undefined ? channel || dash() : msg(str`${channel}, place ${queuePosition}`)}
        </td>
        ${(['ticketId', ...custom.map((key) => `custom:${key}`)] as FieldKey[]).map(
          (key) => html`<td>
            <editable-cell
              .key=${key}
              .fields=${fields}
              ?locked=${ended}
              ?current=${current}
              @edited=${({ detail }: CustomEvent<string>) => this.#edit(session, key, detail)}
            ></editable-cell>
          </td>`,
        )}
        <td class="actions">
          ${
            status === 'waiting' || status === 'incoming'
              ? html`<button
                  class="button primary small"
                  tabindex=${current ? 0 : -1}
                  @click=${(event: Event) => this.#start(event, id)}
                >
                  ${icon('play')}${msg('Start')}<span class="visually-hidden">${displayName(fields)}</span>
                </button>`
              : nothing
          }
          ${
            ended
              ? html`<button
                  class="icon-button"
                  tabindex=${current ? 0 : -1}
                  aria-label=${msg('Remove from list')}
                  title=${msg('Remove from list')}
                  @click=${(event: Event) => this.#dismiss(event, id)}
                >
                  ${icon('x')}
                </button>`
              : nothing
          }
        </td>
      </tr>
    `;
  }

  #empty(): TemplateResult {
    return html`
      <div class="empty">
        <span class="disc">${icon('smartphone')}</span>
        <h2>${msg('No session yet')}</h2>
        <p class="muted">
          ${msg('Press “New Session”, read the digits to your customer, and wait here until they are connected.')}
        </p>
      </div>
    `;
  }

  #skeleton(): TemplateResult {
    return html`
      <div class="skeleton" role="status">
        <span class="visually-hidden">${msg('Loading sessions')}</span>
        ${Array.from({ length: SKELETON_ROWS }, () => html`<div><i></i><i></i><i></i><i></i></div>`)}
      </div>
    `;
  }

  // -------------------------------------------------------------- actions

  #point(id: SessionId): void {
    this.current = id;
  }

  #open(id: SessionId): void {
    this.current = id;
    this.dispatchEvent(new CustomEvent('open-session', { detail: id }));
  }

  /** Whoever waits in a queue is everybody's until this. */
  #start(event: Event, id: SessionId): void {
    event.stopPropagation();
    void this.state.start(id);
    this.#open(id);
  }

  async #edit({ id, fields }: SessionView, key: FieldKey, value: string): Promise<void> {
    const answer = await this.state.commands.edit(id, withField(fields, key, value));
    if (!answer.ok) {
      this.state.say(answer.code);
    }
    await this.focusRow(id);
  }

  async #dismiss(event: Event, id: SessionId): Promise<void> {
    event.stopPropagation();
    const next = this.#neighbour(id, 1) ?? this.#neighbour(id, -1);
    await this.state.dismiss(id);
    if (this.isConnected && this.state.session(id) === undefined) {
      await this.focusRow(next);
    }
  }

  #clear(ended: SessionView[]): void {
    for (const { id } of ended) {
      void this.state.dismiss(id);
    }
  }

  #filtered(event: InputEvent): void {
    if (event.currentTarget instanceof HTMLInputElement) {
      this.#setFilter(event.currentTarget.value);
    }
  }

  #setFilter(filter: string): void {
    this.filter = filter;
  }

  #sortBy(key: Sort['key']): void {
    this.sort = { key, descending: this.sort.key === key ? !this.sort.descending : false };
    writeSort(this.sort);
  }

  #neighbour(id: SessionId, step: number): SessionId | undefined {
    const ids = this.#visible().map((session) => session.id);
    return ids[ids.indexOf(id) + step];
  }

  #keyed(event: KeyboardEvent): void {
    const row = event.target instanceof HTMLTableRowElement ? event.target : undefined;
    const id = Number(row?.dataset['id']);
    if (row === undefined || Number.isNaN(id)) {
      return;
    }
    const ids = this.#visible().map((session) => session.id);
    const at = ids.indexOf(id);
    const target: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: ids.length - 1,
    };
    if (event.key === 'Enter') {
      event.preventDefault();
      this.#open(id);
    } else if (event.key === 'Delete') {
      const session = this.state.session(id);
      if (session !== undefined && isEnded(session.status)) {
        void this.#dismiss(event, id);
      }
    } else if (Object.hasOwn(target, event.key)) {
      event.preventDefault();
      const next = ids[target[event.key] ?? at];
      if (next !== undefined) {
        void this.focusRow(next);
      }
    }
  }
}

function dash(): TemplateResult {
  return html`<span class="muted" aria-hidden="true">–</span>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'session-list': SessionList;
  }
}
