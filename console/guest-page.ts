/** The page behind `/g/TOKEN`: who is invited as what, then the session, then how it ended. Nothing is used up before the button is pressed. */
import { localized, msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { GUEST_NAME_MAX_LENGTH, type GuestInvitation } from '../relay/protocol.ts';
import { failureSentence } from './failure-words.ts';
import { GuestSession, type GuestStep } from './guest-session.ts';
import './guest-view.ts';
import { guestEnding } from './guest-words.ts';
import { icon } from './icons.ts';
import { chooseLanguage, preferredLanguage, useLanguage } from './localization.ts';
import { languageSwitch } from './plain-pages.ts';
import { shared } from './theme.ts';

@localized()
export class GuestPage extends LitElement {
  static override styles = [
    ...shared,
    css`
      main {
        display: grid;
        grid-template-rows: 1fr auto;
        justify-items: center;
        min-height: 100dvh;
        padding: 16px;
      }

      main.inside {
        display: block;
        padding: 0;
      }

      .card {
        align-self: center;
        display: grid;
        gap: 14px;
        width: min(420px, 100%);
      }

      .card.plain {
        justify-items: center;
        text-align: center;
      }

      .disc {
        font-size: 34px;
        color: var(--accent);
      }

      .languages {
        display: flex;
        gap: 8px;
      }

      .languages button {
        border: 0;
        background: none;
        color: var(--muted);
        font: inherit;
        cursor: pointer;
      }

      .languages button[aria-pressed='true'] {
        color: var(--ink);
        font-weight: 650;
      }
    `,
  ];

  @state() private revision = 0;
  readonly #session = new GuestSession(location.pathname.split('/')[2] ?? '', () => {
    this.revision += 1;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#session.begin();
  }

  protected override updated(): void {
    document.title = 'Fernblick';
  }

  protected override render(): TemplateResult {
    const { step } = this.#session;
    if (step.step === 'inside') {
      return html`<main class="inside">
        <guest-view .session=${this.#session} .guest=${step.guest} .revision=${this.revision}></guest-view>
      </main>`;
    }
    return html`<main>${this.#card(step)}${languageSwitch(chooseLanguage)}</main>`;
  }

  #card(step: Exclude<GuestStep, { step: 'inside' }>): TemplateResult {
    switch (step.step) {
      case 'opening':
        return html`<div class="card plain" role="status">
          ${this.#session.lost ? msg('The relay does not answer') : nothing}
        </div>`;
      case 'invited':
        return this.#form(step.invitation, step.joining);
      case 'refused':
        return html`<div class="card plain">
          <span class="disc">${icon('link')}</span>
          <h1>${msg('This link does not open anything any more.')}</h1>
          <p class="muted">${failureSentence(step.code)}</p>
        </div>`;
      case 'over':
        return html`<div class="card plain">
          <span class="disc">${icon('circleCheck')}</span>
          <h1>${guestEnding(step.why)}</h1>
        </div>`;
    }
  }

  #form({ name, role, technician, brand }: GuestInvitation, joining: boolean): TemplateResult {
    const who = technician || brand;
    return html`<form class="card" @submit=${this.#submit} aria-busy=${joining}>
      <h1>${msg('Join a session')}</h1>
      <p>
        ${role === 'expert' ? msg(str`${who} invites you as an expert.`) : msg(str`${who} invites you as an observer.`)}
        ${
          role === 'expert'
            ? msg(
                'You see the customer’s picture and hear everybody. Your browser asks for your microphone, so that everybody hears you.',
              )
            : msg('You see the customer’s picture and hear everybody. Nobody sees or hears you.')
        }
      </p>
      <p class="muted">${msg('Everybody in the session sees your name.')}</p>
      <div class="field">
        <label for="name">${msg('Your name')}</label>
        <input
          class="input"
          id="name"
          name="name"
          required
          autocomplete="name"
          maxlength=${GUEST_NAME_MAX_LENGTH}
          .defaultValue=${name}
        />
      </div>
      <button class="button primary large" ?disabled=${joining}>${msg('Join', { id: 'guest-join' })}</button>
    </form>`;
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    if (event.currentTarget instanceof HTMLFormElement) {
      const name = String(new FormData(event.currentTarget).get('name') ?? '').trim();
      if (name !== '') {
        void this.#session.join(name);
      }
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'guest-page': GuestPage;
  }
}

// The language first, or the page would appear in English for a moment.
await useLanguage(preferredLanguage());
customElements.define('guest-page', GuestPage);
