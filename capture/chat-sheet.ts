import { msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { CHAT_TEXT_MAX_LENGTH, type Chat, type ChatLine, type Delivery } from '../relay/client/chat.ts';
import { linkedText } from '../relay/client/linked-text.ts';
import { dialogStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/** What both have written, over the picture, and the field to write in. The page asks for an update when the chat has changed. */
@customElement('chat-sheet')
export class ChatSheet extends StepElement {
  static override styles = [
    controls,
    dialogStyles,
    css`
      dialog {
        width: min(32rem, 100vw);
        max-width: 100vw;
        height: min(36rem, 85dvh);
        max-height: 85dvh;
        margin: auto auto 0;
        padding: 16px;
        border-radius: 20px 20px 0 0;
      }

      .frame {
        display: flex;
        flex-direction: column;
        gap: 8px;
        height: 100%;
      }

      .head {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 12px;
      }

      .head h2 {
        margin: 0;
      }

      .head button,
      form button,
      li button {
        width: auto;
        padding-inline: 16px;
      }

      .lines {
        flex: 1;
        min-height: 0;
        overflow: auto;
      }

      ol {
        display: flex;
        flex-direction: column;
        gap: 10px;
        margin: 0;
        padding: 4px 0;
        list-style: none;
      }

      li {
        display: grid;
        gap: 2px;
        max-width: 88%;
        align-self: flex-start;
        justify-items: start;
      }

      li.own {
        align-self: flex-end;
        justify-items: end;
      }

      .text {
        padding: 10px 14px;
        border-radius: 16px;
        background: var(--field, rgb(127 140 150 / 0.18));
        overflow-wrap: anywhere;
        white-space: pre-wrap;
        unicode-bidi: isolate;
      }

      .text a {
        color: var(--accent);
      }

      .own .text {
        background: var(--accent-soft);
      }

      .meta {
        color: var(--muted);
        font-size: 0.8125rem;
      }

      .typing {
        min-height: 1.5em;
        margin: 0;
        color: var(--muted);
        font-size: 0.875rem;
      }

      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 8px;
        align-items: end;
      }

      textarea {
        field-sizing: content;
        min-height: 48px;
        max-height: 140px;
        padding: 11px 14px;
        border: 2px solid var(--line);
        border-radius: 14px;
        background: var(--card);
        color: var(--ink);
        font: inherit;
        resize: none;
      }
    `,
  ];

  @property({ attribute: false }) chat: Chat | undefined;
  @property() technician = '';
  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @query('textarea') private readonly field!: HTMLTextAreaElement;
  @query('.lines') private readonly box!: HTMLElement;

  open(): void {
    this.dialog.showModal();
    this.field.focus();
    this.#settle();
  }

  protected override updated(): void {
    this.#settle();
  }

  /** What is on the screen is read, and the newest is in sight. */
  #settle(): void {
    if (this.dialog?.open) {
      if (document.visibilityState === 'visible') {
        this.chat?.read();
      }
      this.box.scrollTop = this.box.scrollHeight;
    }
  }

  protected override render(): TemplateResult {
    const { chat } = this;
    const lines = chat?.lines ?? [];
    return html`
      <dialog aria-labelledby="chat-title">
        <div class="frame">
          <div class="head">
            <h2 id="chat-title">${msg('Chat')}</h2>
            <button @click=${() => this.dialog.close()}>${msg('Close')}</button>
          </div>
          <div class="lines" role="log" aria-label=${msg('Messages')} tabindex="0">
            <ol>
              ${
                lines.length === 0
                  ? html`<li class="meta">${msg('Nothing has been written yet.')}</li>`
                  : repeat(
                      lines,
                      ({ key }) => key,
                      (line) => this.#line(line),
                    )
              }
            </ol>
          </div>
          <p class="typing" role="status">
            ${chat?.otherIsTyping ? msg(str`${this.technician || msg('The technician')} is writing…`) : nothing}
          </p>
          <form @submit=${this.#submit}>
            <textarea
              rows="1"
              maxlength=${CHAT_TEXT_MAX_LENGTH}
              aria-label=${msg('Message')}
              placeholder=${msg('Message')}
              @input=${() => chat?.typing()}
            ></textarea>
            <button class="primary">${msg('Send')}</button>
          </form>
        </div>
      </dialog>
    `;
  }

  #line({ key, own, name, text, delivery }: ChatLine): TemplateResult {
    const who = own ? msg('You') : name || msg('The technician');
    return html`<li class=${own ? 'own' : ''}>
      <span class="visually-hidden">${msg(str`${who} wrote:`)}</span>
      <span class="text" dir="auto"
        >${linkedText(text).map((part) =>
          part.href === undefined
            ? part.text
            : html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`,
        )}</span
      >
      ${delivery === undefined ? nothing : html`<span class="meta">${deliveryWord(delivery)}</span>`}
      ${
        delivery === 'failed'
          ? html`<button @click=${() => this.chat?.retry(key)}>${msg('Try again')}</button>`
          : nothing
      }
    </li>`;
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    this.chat?.send(this.field.value);
    this.field.value = '';
    this.field.focus();
  }
}

function deliveryWord(delivery: Delivery): string {
  switch (delivery) {
    case 'sending':
      return msg('is being sent');
    case 'failed':
      return msg('not sent');
    case 'sent':
      return msg('sent');
    case 'delivered':
      return msg('delivered');
    case 'read':
      return msg('read');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-sheet': ChatSheet;
  }
}
