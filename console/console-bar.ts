/** The bar above every page: list, opened sessions, administration, language, account. */
import { msg, str } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { SessionId, SessionView } from '../relay/protocol.ts';
import type { ConsoleState } from './console-state.ts';
import { icon, mark } from './icons.ts';
import { chooseLanguage } from './localization.ts';
import { languageSwitch } from './plain-pages.ts';
import { pathOf, type Route } from './routes.ts';
import { isStartable, toneOf, waitingLevel } from './session-status.ts';
import './session-thumbnail.ts';
import { displayName, statusWord, technicianStatusWord } from './session-words.ts';

export type MenuChoice = 'password' | 'signOut';

export type BarOptions = {
  state: ConsoleState;
  route: Route;
  opened: SessionView[];
  shut: (id: SessionId) => void;
  chosen: (choice: MenuChoice) => void;
};

export function consoleBar(options: BarOptions): TemplateResult {
  const { state, route, opened } = options;
  const { account } = state;
  return html`
    <header class="bar">
      <a class="brand" href=${pathOf({ page: 'sessions' })} aria-label="Fernblick">${mark()}<span>Fernblick</span></a>
      <nav aria-label=${msg('Pages')}>
        <a href=${pathOf({ page: 'sessions' })} aria-current=${route.page === 'sessions' ? 'page' : nothing}>
          ${icon('list')}${msg('Sessions')}${waitingBadge(state)}
        </a>
        <a
          class="archive"
          href=${pathOf({ page: 'archive' })}
          title=${msg('Past sessions')}
          aria-current=${route.page === 'archive' || route.page === 'record' ? 'page' : nothing}
        >
          ${icon('archive')}<span>${msg('Past sessions')}</span>
        </a>
        <div class="opened">
          ${repeat(
            opened,
            ({ id }) => id,
            (session) => sessionTab(session, options),
          )}
        </div>
        ${
          account?.role === 'administrator'
            ? html`<a
                class="administration"
                href=${pathOf({ page: 'admin', section: 'technicians' })}
                title=${msg('Administration')}
                aria-current=${route.page === 'admin' ? 'page' : nothing}
              >
                ${icon('users')}<span>${msg('Administration')}</span>
              </a>`
            : nothing
        }
      </nav>
      <button
        class="button quiet small presence ${state.colleagues.away ? 'away' : ''}"
        aria-pressed=${state.colleagues.away}
        title=${state.colleagues.away ? msg('You take no sessions from colleagues at the moment.') : msg('Colleagues can hand sessions over to you.')}
        @click=${() => state.colleagues.choose(!state.colleagues.away)}
      >
        <i class="dot ${state.colleagues.away ? 'attention' : 'live'}" aria-hidden="true"></i>${technicianStatusWord(state.colleagues.away ? 'away' : 'online')}
      </button>
      ${languageSwitch(chooseLanguage)}
      <wa-dropdown placement="bottom-end" @wa-select=${(event: Event) => select(event, options.chosen)}>
        <button slot="trigger" class="button quiet small account" aria-label=${msg(str`Account of ${account?.name ?? ''}`)}>
          <span>${account?.name}</span>${icon('chevronDown')}
        </button>
        <wa-dropdown-item value="password"><span slot="icon">${icon('keyRound')}</span>${msg('Change password')}</wa-dropdown-item>
        <wa-dropdown-item value="signOut"><span slot="icon">${icon('logOut')}</span>${msg('Sign out')}</wa-dropdown-item>
      </wa-dropdown>
    </header>
  `;
}

/** How many customers are waiting, in the colour of the one who waits longest. */
function waitingBadge(state: ConsoleState): TemplateResult | typeof nothing {
  const waiting = state.sessions.filter(({ status }) => isStartable(status));
  if (waiting.length === 0) {
    return nothing;
  }
  const levels = waiting.map((session) => waitingLevel(session, state.now, state.settings?.waitingSteps));
  const level = levels.includes('red') ? 'red' : levels.includes('amber') ? 'amber' : 'fresh';
  const label = msg(str`${waiting.length} waiting`);
  return html`<span class="badge ${level}">${waiting.length}<span class="visually-hidden">${label}</span></span>`;
}

function sessionTab(session: SessionView, { state, route, shut }: BarOptions): TemplateResult {
  const { id, fields, status, statusSince } = session;
  const name = displayName(fields);
  return html`
    <span class="tab">
      <a
        href=${pathOf({ page: 'session', id })}
        aria-current=${route.page === 'session' && route.id === id ? 'page' : nothing}
      >
        <i class="dot ${toneOf(session, state.now, state.settings?.waitingSteps)}"></i>
        <span class="visually-hidden">${statusWord(status)}</span>
        <session-thumbnail .state=${state} .sessionId=${id}></session-thumbnail>
        <span class="name">${name}</span>
        ${unreadBadge(state.chats.unread(id))}
        <running-time class="number" .since=${statusSince} .clockOffsetMs=${state.clockOffsetMs}></running-time>
      </a>
      ${
        // The tab of a live session stays: behind it the camera and the microphone are on.
        state.isLive(id)
          ? nothing
          : html`<button
                class="icon-button"
                id=${`shut-${id}`}
                aria-label=${msg(str`Close the tab of ${name}`)}
                @click=${() => shut(id)}
              >
                ${icon('x')}
              </button>
              <wa-tooltip for=${`shut-${id}`}>${msg(str`Close the tab of ${name}`)}</wa-tooltip>`
      }
    </span>
  `;
}

function unreadBadge(unread: number): TemplateResult | typeof nothing {
  return unread === 0
    ? nothing
    : html`<span class="badge"
        ><span aria-hidden="true">${unread}</span><span class="visually-hidden">${msg(str`${unread} unread`)}</span></span
      >`;
}

/** Web Awesome has types for its event, in the file that is loaded late. */
function select(event: Event, chosen: (choice: MenuChoice) => void): void {
  const { detail } = event as CustomEvent<{ item: { value: string } }>;
  if (detail.item.value === 'password' || detail.item.value === 'signOut') {
    chosen(detail.item.value);
  }
}
