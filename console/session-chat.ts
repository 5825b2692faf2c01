/** The chat of a session: what was said, how far it came, and the field to write in. */
import { localized, msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { CHAT_TEXT_MAX_LENGTH, type ChatLine } from '../relay/client/chat.ts';
import { linkedText } from '../relay/client/linked-text.ts';
import type { SessionId } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { timeOfDay } from './localization.ts';
import { isEnded } from './session-status.ts';
import { deliveryWord } from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';

/** Nearer to the end than this, the view follows new lines; further up somebody is reading. */
const FOLLOW_DISTANCE_PX = 40;

@customElement('session-chat')
@localized()
export class SessionChatElement extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
      }

      .lines {
        flex: 1;
        min-height: 120px;
        overflow: auto;
      }

      ol {
        display: flex;
        flex-direction: column;
        gap: 8px;
        margin: 0;
        padding: 8px 2px;
        list-style: none;
      }

      li {
        display: grid;
        gap: 2px;
        max-width: 88%;
        justify-self: start;
        align-self: flex-start;
      }

      li.own {
        align-self: flex-end;
        justify-items: end;
      }

      .text {
        padding: 7px 11px;
        border-radius: 12px;
        background: var(--sunken);
        overflow-wrap: anywhere;
        white-space: pre-wrap;
        unicode-bidi: isolate;
      }

      .own .text {
        background: var(--accent-soft);
      }

      .meta {
        font-size: 12px;
        color: var(--muted);
      }

      .failed .meta {
        color: var(--danger);
      }

      .typing {
        min-height: 20px;
        font-size: 12.5px;
        color: var(--muted);
      }

      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 8px;
        align-items: end;
      }

      select {
        margin-bottom: 8px;
      }

      textarea {
        resize: none;
        field-sizing: content;
        min-height: 40px;
        max-height: 140px;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['chat', 'sessions'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @query('.lines') private readonly box!: HTMLElement;
  @query('textarea') private readonly field!: HTMLTextAreaElement;
  #follow = true;

  /** Where somebody who opens the chat goes on. */
  focusField(): void {
    void this.updateComplete.then(() => this.field?.focus());
  }

  protected override updated(): void {
    if (document.visibilityState === 'visible') {
      this.state.chats.of(this.sessionId).read();
    }
    requestAnimationFrame(() => {
      if (this.#follow && this.box) {
        this.box.scrollTop = this.box.scrollHeight;
      }
    });
  }

  protected override render(): TemplateResult | typeof nothing {
    const session = this.state.session(this.sessionId);
    if (!session) {
      return nothing;
    }
    const chat = this.state.chats.of(this.sessionId);
    const { lines } = chat;
    const open = session.customer !== undefined && !isEnded(session.status);
    return html`
      <div class="lines" tabindex="0" role="log" aria-label=${msg('Chat')} @scroll=${this.#scrolled}>
        <ol>
          ${
            lines.length === 0
              ? html`<li class="muted">${msg('Nothing has been written yet.')}</li>`
              : repeat(
                  lines,
                  ({ key }) => key,
                  (line) => this.#line(line),
                )
          }
        </ol>
      </div>
      <p class="typing" role="status">${chat.otherIsTyping && open ? msg('The customer is writing …') : ''}</p>
      ${open ? this.#form() : html`<p class="muted">${msg('The chat is closed while no customer is there.')}</p>`}
    `;
  }

  #line({ key, own, text, at, delivery }: ChatLine): TemplateResult {
    const who = own ? msg('You') : msg('Customer');
    return html`<li class="${own ? 'own' : ''} ${delivery ?? ''}">
      <span class="visually-hidden">${msg(str`${who} wrote:`)}</span>
      <span class="text" dir="auto"
        >${linkedText(text).map((part) =>
          part.href === undefined
            ? part.text
            : html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`,
        )}</span
      >
      <span class="meta">
        <time class="number">${timeOfDay(at)}</time>
        ${delivery === undefined ? nothing : html`· ${deliveryWord(delivery)}`}
        ${
          delivery === 'failed'
            ? html`<button class="button quiet small" @click=${() => this.state.chats.of(this.sessionId).retry(key)}>
                ${msg('Try again')}
              </button>`
            : nothing
        }
      </span>
    </li>`;
  }

  #form(): TemplateResult {
    const replies = this.state.settings?.replies ?? [];
    return html`${replies.length === 0 ? nothing : this.#replies(replies)}
    <form @submit=${this.#submit}>
      <textarea
        class="input"
        rows="1"
        maxlength=${CHAT_TEXT_MAX_LENGTH}
        aria-label=${msg('Message')}
        placeholder=${msg('Message')}
        @input=${() => this.state.chats.of(this.sessionId).typing()}
        @keydown=${this.#keyed}
      ></textarea>
      <button class="button primary">${msg('Send')}</button>
    </form>`;
  }

  /** Chosen, an answer is put into the field: it may need a word more. */
  #replies(replies: readonly string[]): TemplateResult {
    return html`<select
      class="input"
      aria-label=${msg('Ready-made answer')}
      @change=${(event: Event) => {
        if (event.target instanceof HTMLSelectElement) {
          this.field.value = [this.field.value.trim(), event.target.value]
            .filter((part) => part !== '')
            .join(' ');
          event.target.value = '';
          this.field.focus();
        }
      }}
    >
      <option value="">${msg('Ready-made answer …')}</option>
      ${replies.map((reply) => html`<option value=${reply}>${reply}</option>`)}
    </select>`;
  }

  readonly #scrolled = (): void => {
    const { scrollHeight, scrollTop, clientHeight } = this.box;
    this.#follow = scrollHeight - scrollTop - clientHeight < FOLLOW_DISTANCE_PX;
  };

  /** Enter sends, with Shift it begins a line. */
  #keyed(event: KeyboardEvent): void {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    }
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    this.#send();
  }

  #send(): void {
    this.#follow = true;
    this.state.chats.of(this.sessionId).send(this.field.value);
    this.field.value = '';
    this.field.focus();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-chat': SessionChatElement;
  }
}
