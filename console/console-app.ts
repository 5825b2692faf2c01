/** The console: which page is shown, the bar above it, and what holds for all pages. Owns the state. */
import { localized, msg } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { Steady } from '../relay/client/steady.ts';
import type { Account, SessionId, SessionView } from '../relay/protocol.ts';
import './admin-view.ts';
import './channel-poster.ts';
import type { AdminView } from './admin-view.ts';
import { consoleBar, type MenuChoice } from './console-bar.ts';
import { ConsoleState, type Topic } from './console-state.ts';
import { consoleStyles } from './console-styles.ts';
import { failureSentence } from './failure-words.ts';
import { icon } from './icons.ts';
import { chooseLanguage, preferredLanguage, useLanguage } from './localization.ts';
import './new-session-dialog.ts';
import type { NewSessionDialog } from './new-session-dialog.ts';
import './password-dialog.ts';
import type { PasswordDialog } from './password-dialog.ts';
import { languageSwitch, problemPage } from './plain-pages.ts';
import { BASE, parseRoute, pathOf, type Route } from './routes.ts';
import { everySecond } from './running-time.ts';
import './session-archive.ts';
import type { SessionArchive } from './session-archive.ts';
import './session-list.ts';
import type { SessionList } from './session-list.ts';
import './session-page.ts';
import type { SessionPage } from './session-page.ts';
import { isStartable } from './session-status.ts';
import './session-view.ts';
import { displayName, statusWord } from './session-words.ts';
import { WaitingAlert } from './waiting-alert.ts';
import './sign-in.ts';
import type { EnteredEvent } from './sign-in.ts';
import { shared } from './theme.ts';

const TOPICS: readonly Topic[] = ['phase', 'connection', 'sessions', 'chat', 'notice'];
/** Signs of life. */
const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const;
/** How long the page waits before it looks for a relay again that did not answer at all. */
const RETRY_MS = 3_000;

@localized()
export class ConsoleApp extends LitElement {
  static override styles = [...shared, consoleStyles];

  readonly #state = new ConsoleState();
  readonly #alert = new WaitingAlert();
  @query('session-list') private readonly list!: SessionList | null;
  @query('new-session-dialog') private readonly newSession!: NewSessionDialog | null;
  @query('password-dialog') private readonly password!: PasswordDialog | null;
  readonly #lost = new Steady(() => this.requestUpdate());
  @state() private route: Route = parseRoute(location);
  /** Read out by screen readers; nobody sees it. */
  @state() private announcement = '';
  #archiveSeen = false;
  #shownSession: SessionId | undefined;
  #hasReopened = false;
  #undo: (() => void)[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    const popped = () => this.#show(parseRoute(location));
    window.addEventListener('popstate', popped);
    this.#undo = [
      ...TOPICS.map((topic) => this.#state.on(topic, () => this.#changed())),
      this.#state.onStatusChange(({ session, before }) => this.#announce(session, before !== undefined)),
      everySecond(() => {
        this.#state.age();
        this.#state.colleagues.age(Date.now());
      }),
      () => window.removeEventListener('popstate', popped),
      ...TOUCHES.map((type) => {
        const touched = () => this.#state.colleagues.touched(Date.now());
        window.addEventListener(type, touched, { passive: true, capture: true });
        return () => window.removeEventListener(type, touched, { capture: true });
      }),
    ];
    void this.#begin();
  }

  override disconnectedCallback(): void {
    for (const undo of this.#undo.splice(0)) {
      undo();
    }
    clearTimeout(this.#retry);
    super.disconnectedCallback();
  }

  async #begin(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#state.begin();
    if (this.isConnected && this.#state.phase === 'unreachable') {
      this.#retry = setTimeout(() => void this.#begin(), RETRY_MS);
    }
  }

  /** The tabs of sessions that go on come back after a reload; once, because whoever shuts one of a held session means it. */
  #reopen(): void {
    if (!this.#state.loaded || this.#hasReopened) {
      return;
    }
    this.#hasReopened = true;
    for (const { id, status } of this.#state.sessions) {
      if (this.#state.isLive(id) || status === 'onHold') {
        this.#state.open(id);
      }
    }
  }

  #changed(): void {
    const { route } = this;
    this.#reopen();
    // The session went away, or was never ours.
    if (route.page === 'session' && this.#state.loaded && this.#state.session(route.id) === undefined) {
      // Taken from the list just now, or from somebody's bookmarks: the page of a session stays.
      this.#go(
        this.#shownSession === route.id ? { page: 'sessions' } : { page: 'record', id: route.id },
        true,
      );
    } else if (route.page === 'session' && this.#state.loaded && !this.#state.opened.includes(route.id)) {
      this.#state.open(route.id);
    }
    this.#shownSession = route.page === 'session' && this.#state.session(route.id) ? route.id : undefined;
    this.requestUpdate();
  }

  #announce(session: SessionView, known: boolean): void {
    if (this.#state.loaded && (session.status === 'waiting' || session.status === 'incoming')) {
      this.#alert.tell(displayName(session.fields), statusWord(session.status), () =>
        this.#go({ page: 'session', id: session.id }),
      );
    }
    if (known || session.status !== 'connecting') {
      this.announcement = `${displayName(session.fields)}: ${statusWord(session.status)}`;
    }
  }

  // -------------------------------------------------------------- routes

  #go(route: Exclude<Route, { page: 'setUp' }>, replace = false): void {
    const path = pathOf(route);
    if (path !== location.pathname) {
      history[replace ? 'replaceState' : 'pushState'](null, '', path);
    }
    this.#show(route);
  }

  #show(route: Route): void {
    const before = this.route;
    this.route = route;
    if (route.page === 'session') {
      this.#state.open(route.id);
    }
    this.#state.say(undefined);
    void this.#focus(route, before);
  }

  /** The keyboard goes where the eyes go. */
  async #focus(route: Route, before: Route): Promise<void> {
    await this.updateComplete;
    // Focus and scrolling lay the page out, and the first picture after Start is worth more.
    await new Promise(requestAnimationFrame);
    this.renderRoot
      .querySelector('.opened [aria-current="page"]')
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    if (route.page === 'session') {
      await this.renderRoot
        .querySelector<HTMLElementTagNameMap['session-view']>('session-view:not([hidden])')
        ?.focusHeading();
    } else if (route.page === 'record') {
      await this.renderRoot.querySelector<SessionPage>('session-page')?.focusHeading();
    } else if (route.page === 'archive') {
      await this.renderRoot.querySelector<SessionArchive>('session-archive')?.focusHeading();
    } else if (route.page === 'admin') {
      await this.renderRoot.querySelector<AdminView>('admin-view')?.focusHeading();
    } else if (route.page === 'sessions' && before.page !== 'sessions') {
      await this.list?.focusRow(before.page === 'session' ? before.id : undefined);
    }
  }

  /** Links inside the console change the page without loading it; with a modifier key they are ordinary links. */
  #clicked(event: MouseEvent): void {
    const link = event.composedPath().find((target) => target instanceof HTMLAnchorElement);
    if (
      link === undefined ||
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey ||
      link.target !== '' ||
      link.origin !== location.origin ||
      !link.pathname.startsWith(BASE)
    ) {
      return;
    }
    event.preventDefault();
    const route = parseRoute(new URL(link.href));
    if (route.page !== 'setUp') {
      this.#go(route);
    }
  }

  #entered(event: EnteredEvent): void {
    if (this.route.page === 'setUp') {
      this.#go({ page: 'sessions' }, true);
    }
    this.#state.enter(event.detail);
  }

  // -------------------------------------------------------------- rendering

  protected override updated(): void {
    document.title = this.#title();
  }

  #title(): string {
    const waiting = this.#state.sessions.filter(({ status }) => isStartable(status)).length;
    const session = this.route.page === 'session' ? this.#state.session(this.route.id) : undefined;
    const page = session ? `${displayName(session.fields)} – Fernblick` : 'Fernblick';
    return this.#state.phase === 'signedIn' && waiting > 0 ? `(${waiting}) ${page}` : page;
  }

  protected override render(): TemplateResult {
    if (this.route.page === 'setUp') {
      return html`<main class="entry">
        <set-up .token=${this.route.token} @entered=${this.#entered}></set-up>
        ${languageSwitch(chooseLanguage)}
      </main>`;
    }
    switch (this.#state.phase) {
      case 'starting':
        return html`<main aria-busy="true"></main>`;
      case 'signedOut':
        return html`<main class="entry">
          <sign-in .notice=${this.#state.notice} @entered=${this.#entered}></sign-in>
          ${languageSwitch(chooseLanguage)}
        </main>`;
      case 'signedIn':
        return this.#pages(this.#state.account);
      case 'superseded':
        return problemPage({
          icon: 'externalLink',
          title: msg('Opened in another window'),
          text: msg('You are working with Fernblick in another window. This one has gone quiet.'),
          button: msg('Use here'),
          press: () => this.#state.account && this.#state.enter(this.#state.account),
        });
      case 'outdated':
        return problemPage({
          icon: 'refreshCw',
          title: msg('A new version is here'),
          text: failureSentence('versionMismatch'),
          button: msg('Reload'),
          press: () => location.reload(),
        });
      case 'unreachable':
        return problemPage({
          icon: 'wifiOff',
          title: msg('The relay does not answer'),
          text: msg('The page tries again by itself. If it lasts, ask whoever runs the relay.'),
          button: msg('Try again'),
          press: () => void this.#begin(),
        });
    }
  }

  #pages(account: Account | undefined): TemplateResult {
    const { route } = this;
    const opened = this.#state.opened.flatMap((id) => this.#state.session(id) ?? []);
    const admin = account?.role === 'administrator';
    return html`
      <div class="shell" @click=${this.#clicked}>
        ${consoleBar({
          state: this.#state,
          route,
          opened,
          shut: (id) => this.#shut(id),
          chosen: (choice) => this.#menu(choice),
        })}
        ${this.#banners()}
        <main>
          <session-list
            .alert=${this.#alert}
            ?hidden=${route.page !== 'sessions'}
            .state=${this.#state}
            @new-session=${() => this.newSession?.show()}
            @open-session=${(event: CustomEvent<SessionId>) => this.#go({ page: 'session', id: event.detail })}
          ></session-list>
          ${repeat(
            opened,
            ({ id }) => id,
            ({ id }) => {
              const shown = route.page === 'session' && route.id === id;
              return html`<session-view
                ?hidden=${!shown}
                .state=${this.#state}
                .sessionId=${id}
                .shown=${shown}
              ></session-view>`;
            },
          )}
          ${this.#archive()}
          ${this.#administration(admin)}
        </main>
      </div>
      <new-session-dialog
        .state=${this.#state}
        @session-created=${(event: CustomEvent<SessionId>) => this.#state.open(event.detail)}
        @session-started=${(event: CustomEvent<SessionId>) => this.#go({ page: 'session', id: event.detail })}
      ></new-session-dialog>
      <password-dialog .email=${account?.email ?? ''}></password-dialog>
      <div class="visually-hidden" role="status">${this.announcement}</div>
    `;
  }

  #archive(): TemplateResult | typeof nothing {
    const { route } = this;
    const shows = route.page === 'archive' || route.page === 'record';
    if (!shows && !this.#archiveSeen) {
      return nothing;
    }
    this.#archiveSeen = true;
    const all = this.#state.account?.role === 'administrator';
    // The list stays behind a page that was opened from it: coming back, its search and place are as they were.
    return html`
      <session-archive ?hidden=${route.page !== 'archive'} .all=${all}></session-archive>
      ${
        route.page === 'record'
          ? html`<session-page .sessionId=${route.id} .isLive=${this.#state.session(route.id) !== undefined}></session-page>`
          : nothing
      }
    `;
  }

  #administration(isAdministrator: boolean): TemplateResult | typeof nothing {
    const { route } = this;
    if (route.page !== 'admin' && route.page !== 'poster') {
      return nothing;
    }
    if (!isAdministrator) {
      return html`<p class="forbidden">${failureSentence('notAllowed')} <a href=${BASE}>${msg('To the sessions')}</a></p>`;
    }
    return route.page === 'poster'
      ? html`<channel-poster .state=${this.#state} channel=${route.channel}></channel-poster>`
      : html`<admin-view .state=${this.#state} .section=${route.section}></admin-view>`;
  }

  #banners(): TemplateResult {
    const { notice, connectionStatus, pinAlarm } = this.#state;
    return html`
      <div role="status">
        ${
          this.#lost.show(connectionStatus === 'lost' ? true : undefined)
            ? html`<div class="banner lost">
                <span class="spinner"></span>
                <span>${msg('The connection to the relay is lost. Trying again … Sessions go on as soon as it is back.')}</span>
              </div>`
            : nothing
        }
      </div>
      <div role="alert">
        ${
          pinAlarm === 'none'
            ? nothing
            : html`<div class="banner ${pinAlarm === 'closed' ? 'bad' : 'lost'}">
                ${icon('circleAlert')}
                <span>${
                  pinAlarm === 'closed'
                    ? msg(
                        'Somebody has tried too many PIN codes. PIN codes are not accepted for now: please send your customers a link.',
                      )
                    : msg(
                        'Somebody is trying out PIN codes. Please check who is waiting before you press Start. New PIN codes have eight digits meanwhile.',
                      )
                }</span>
              </div>`
        }
      </div>
      ${
        notice === undefined
          ? nothing
          : html`<div class="banner bad" role="alert">
              ${icon('circleAlert')}<span>${failureSentence(notice)}</span>
              <button class="icon-button" aria-label=${msg('Close message')} @click=${() => this.#state.say(undefined)}>
                ${icon('x')}
              </button>
            </div>`
      }
    `;
  }

  #shut(id: SessionId): void {
    if (this.route.page === 'session' && this.route.id === id) {
      this.#go({ page: 'sessions' });
    }
    this.#state.shut(id);
  }

  #menu(choice: MenuChoice): void {
    if (choice === 'password') {
      void this.password?.show();
    } else {
      void this.#state.signOut();
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'console-app': ConsoleApp;
  }
}

// The language first, or the page would appear in English for a moment.
await useLanguage(preferredLanguage());
customElements.define('console-app', ConsoleApp);
void import('./web-awesome.ts');
