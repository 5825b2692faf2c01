/** Adds or edits one channel. Event: `saved` with the channel as it is to be. */
import { localized, msg } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Channel, Group } from '../relay/protocol.ts';
import { field } from './password-fields.ts';
import { shared } from './theme.ts';

type TextKey = 'titleEn' | 'titleDe' | 'textEn' | 'textDe' | 'hoursEn' | 'hoursDe' | 'absentEn' | 'absentDe';

const WHEN_ABSENT = ['wait', 'mail', 'page'] as const;

@customElement('channel-dialog')
@localized()
export class ChannelDialog extends LitElement {
  static override styles = shared;

  @property({ attribute: false }) groups: readonly Group[] = [];
  /** Names that other channels have. */
  @property({ attribute: false }) taken: readonly string[] = [];

  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private shown = false;
  @state() private edited: Channel | undefined;
  @state() private isTaken = false;
  @state() private whenAbsent: Channel['whenAbsent'] = 'wait';

  /** @param channel undefined for a new one */
  async show(channel: Channel | undefined): Promise<void> {
    this.edited = channel;
    this.isTaken = false;
    this.whenAbsent = channel?.whenAbsent ?? 'wait';
    this.shown = true;
    await this.updateComplete;
    this.dialog.showModal();
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) {
      return;
    }
    const data = new FormData(event.currentTarget);
    const text = (key: TextKey) => field(data, key).replaceAll('\r\n', '\n').trim();
    const name = field(data, 'name').trim();
    this.isTaken = name !== this.edited?.name && this.taken.includes(name);
    if (this.isTaken) {
      return;
    }
    const channel: Channel = {
      name,
      groupId: field(data, 'groupId'),
      enabled: data.has('enabled'),
      titleEn: text('titleEn'),
      titleDe: text('titleDe'),
      textEn: text('textEn'),
      textDe: text('textDe'),
      hoursEn: text('hoursEn'),
      hoursDe: text('hoursDe'),
      whenAbsent: this.whenAbsent,
      absentEn: this.whenAbsent === 'page' ? text('absentEn') : (this.edited?.absentEn ?? ''),
      absentDe: this.whenAbsent === 'page' ? text('absentDe') : (this.edited?.absentDe ?? ''),
    };
    this.dispatchEvent(new CustomEvent('saved', { detail: channel }));
    this.dialog.close();
  }

  protected override render(): TemplateResult {
    return html`
      <dialog
        aria-labelledby="title"
        @close=${() => {
          this.shown = false;
        }}
      >
        ${this.shown ? this.#content() : nothing}
      </dialog>
    `;
  }

  #content(): TemplateResult {
    const { edited } = this;
    return html`
      <form @submit=${this.#submit}>
        <div class="dialog-head">
          <h1 id="title">${edited === undefined ? msg('Add channel') : msg('Edit channel')}</h1>
        </div>
        <div class="dialog-body">
          <div class="field">
            <label for="name">${msg('Name in the address')}</label>
            <input
              class="input"
              id="name"
              name="name"
              .value=${edited?.name ?? ''}
              required
              maxlength="40"
              pattern="[a-z0-9]+(-[a-z0-9]+)*"
              autocapitalize="none"
              spellcheck="false"
              aria-describedby="name-hint"
              aria-invalid=${this.isTaken ? 'true' : 'false'}
            />
            ${
              this.isTaken
                ? html`<span class="error-text" id="name-hint" role="alert">${msg('Another channel has this name.')}</span>`
                : html`<span class="hint" id="name-hint">
                    ${msg('Small letters, digits and hyphens; it comes after /c/ in the address.')}
                  </span>`
            }
          </div>
          <div class="field">
            <label for="groupId">${msg('Queue of the group')}</label>
            <select class="input" id="groupId" name="groupId">
              ${this.groups.map(
                ({ id, name }) =>
                  html`<option value=${id} ?selected=${id === edited?.groupId}>${name}</option>`,
              )}
            </select>
          </div>
          ${this.#line('titleEn', msg('Heading (English)'), true)} ${this.#line('titleDe', msg('Heading (German)'), true)}
          ${this.#text('textEn', msg('Text (English)'))} ${this.#text('textDe', msg('Text (German)'))}
          ${this.#line('hoursEn', msg('Opening hours (English)'), false)}
          ${this.#line('hoursDe', msg('Opening hours (German)'), false)}
          <div class="field">
            <label for="whenAbsent">${msg('When nobody of the group is signed in')}</label>
            <select
              class="input"
              id="whenAbsent"
              @change=${(event: Event) => {
                const { value } = event.target as HTMLSelectElement;
                this.whenAbsent = WHEN_ABSENT.find((one) => one === value) ?? 'wait';
              }}
            >
              ${WHEN_ABSENT.map(
                (one) =>
                  html`<option value=${one} ?selected=${one === this.whenAbsent}>${absenceWord(one)}</option>`,
              )}
            </select>
          </div>
          ${
            this.whenAbsent === 'page'
              ? [
                  this.#text('absentEn', msg('Text meanwhile (English)')),
                  this.#text('absentDe', msg('Text meanwhile (German)')),
                ]
              : nothing
          }
          <label class="choice">
            <input type="checkbox" name="enabled" .checked=${edited?.enabled ?? true} />${msg('Customers can use it')}
          </label>
        </div>
        <div class="dialog-foot">
          <button type="button" class="button" @click=${() => this.dialog.close()}>${msg('Cancel')}</button>
          <button class="button primary">${msg('Save')}</button>
        </div>
      </form>
    `;
  }

  #line(key: TextKey, label: string, required: boolean): TemplateResult {
    return html`<div class="field">
      <label for=${key}>${label}</label>
      <input
        class="input"
        id=${key}
        name=${key}
        .value=${this.edited?.[key] ?? ''}
        ?required=${required}
        maxlength=${required ? 80 : 200}
      />
    </div>`;
  }

  #text(key: TextKey, label: string): TemplateResult {
    return html`<div class="field">
      <label for=${key}>${label}</label>
      <textarea class="input" id=${key} name=${key} rows="3" maxlength="4000" .value=${this.edited?.[key] ?? ''}></textarea>
    </div>`;
  }
}

export function absenceWord(whenAbsent: Channel['whenAbsent']): string {
  switch (whenAbsent) {
    case 'wait':
      return msg('Customers can wait');
    case 'mail':
      return msg('Customers can wait, the group gets an email');
    case 'page':
      return msg('Customers read a text and cannot wait');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'channel-dialog': ChannelDialog;
  }
}
