/** What is read on a photo: codes and printed text, to be copied, or taken into the notes or a field of the session. */
import { localized, msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { SessionId } from '../relay/protocol.ts';
import { copyText } from './clipboard.ts';
import { FIELD_MAX_LENGTH, type FieldKey, labelOf, withField } from './field-grid.ts';
import { customKeys } from './field-labels.ts';
import { icon } from './icons.ts';
import { addNoteDraft, withNote } from './note-drafts.ts';
import { isEnded } from './session-status.ts';
import { StatefulElement } from './stateful-element.ts';

type Reading =
  | { state: 'none' }
  | { state: 'busy'; share: number | undefined }
  | { state: 'failed' }
  | { state: 'done'; lines: string[] };

@customElement('photo-reading')
@localized()
export class PhotoReading extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: grid;
        align-content: start;
        gap: 10px;
        width: 240px;
        padding: 12px;
        overflow: auto;
      }

      ul {
        display: grid;
        gap: 10px;
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        gap: 4px;
        padding-bottom: 10px;
        border-bottom: 1px solid var(--line);
        overflow-wrap: anywhere;
      }

      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
      }

      p {
        margin: 0;
      }

      progress {
        width: 100%;
        accent-color: var(--accent);
      }
    `,
  ];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @property({ attribute: false }) photo: Blob | undefined;
  @state() private reading: Reading = { state: 'none' };
  @state() private said = '';
  /** The field that a line can be taken into. */
  @state() private field: FieldKey = 'ticketId';

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('photo')) {
      this.reading = { state: 'none' };
      this.said = '';
    }
  }

  protected override render(): TemplateResult {
    const isBusy = this.reading.state === 'busy';
    return html`
      <div class="row">
        <button class="button small" ?disabled=${isBusy || !this.photo} @click=${this.#readCodes}>
          ${icon('qrCode')}${msg('Read codes')}
        </button>
        <button class="button small" ?disabled=${isBusy || !this.photo} @click=${this.#readText}>
          ${icon('type')}${msg('Read text')}
        </button>
      </div>
      <div role="status">${this.#result()}</div>
      <p role="status" class="muted">${this.said}</p>
    `;
  }

  #result(): TemplateResult | typeof nothing {
    const { reading } = this;
    switch (reading.state) {
      case 'none':
        return nothing;
      case 'busy':
        return html`<p>${msg('Reading …')}</p>
          ${reading.share === undefined ? nothing : html`<progress aria-hidden="true" max="1" .value=${reading.share}></progress>`}`;
      case 'failed':
        return html`<p>${msg('The photo could not be read. Please try again.')}</p>`;
      case 'done':
        return reading.lines.length === 0
          ? html`<p>${msg('Nothing was found on this photo.')}</p>`
          : html`${this.#fields()}
            <ul aria-label=${msg('Read on the photo')}>
              ${reading.lines.map((line) => this.#line(line))}
            </ul>`;
    }
  }

  #isOver(): boolean {
    const session = this.state.session(this.sessionId);
    return session === undefined || isEnded(session.status);
  }

  /** Which field; nothing where nobody named any, or none can be changed any more. */
  #fields(): TemplateResult | typeof nothing {
    const keys: FieldKey[] = ['ticketId', ...customKeys([]).map((key): FieldKey => `custom:${key}`)];
    if (this.#isOver() || keys.length === 1) {
      return nothing;
    }
    return html`<div class="field">
      <label for="into">${msg('Field of the session')}</label>
      <select class="input" id="into" @change=${this.#chooseField}>
        ${keys.map((key) => html`<option value=${key} ?selected=${key === this.field}>${labelOf(key)}</option>`)}
      </select>
    </div>`;
  }

  readonly #chooseField = ({ target }: Event) => {
    if (target instanceof HTMLSelectElement) {
      this.field = target.value as FieldKey;
    }
  };

  async #fill(line: string): Promise<void> {
    const session = this.state.session(this.sessionId);
    if (session === undefined) {
      return;
    }
    const value = line.slice(0, FIELD_MAX_LENGTH);
    const answer = await this.state.commands.edit(session.id, withField(session.fields, this.field, value));
    if (answer.ok) {
      this.said = msg(str`Taken into “${labelOf(this.field)}”`);
    } else {
      this.state.say(answer.code);
    }
  }

  #line(line: string): TemplateResult {
    return html`<li>
      <span>${line}</span>
      <span class="row">
        <button class="button small" aria-label=${msg(str`Copy: ${line}`)} @click=${() => this.#copy(line)}>
          ${msg('Copy')}
        </button>
        <button class="button small" aria-label=${msg(str`To the notes: ${line}`)} @click=${() => this.#note(line)}>
          ${msg('To the notes')}
        </button>
        ${
          this.#isOver()
            ? nothing
            : html`<button
                class="button small"
                aria-label=${msg(str`To “${labelOf(this.field)}”: ${line}`)}
                @click=${() => this.#fill(line)}
              >
                ${msg(str`To “${labelOf(this.field)}”`)}
              </button>`
        }
      </span>
    </li>`;
  }

  readonly #readCodes = () =>
    this.#read(async (photo) => {
      const { readCodes } = await import('./read-codes.ts');
      return (await readCodes(photo)).map(({ text }) => text);
    });

  readonly #readText = () =>
    this.#read(async (photo) => {
      const { readText } = await import('./read-text.ts');
      return readText(photo, (share) => {
        if (this.photo === photo && this.reading.state === 'busy') {
          this.reading = { state: 'busy', share };
        }
      });
    });

  async #read(read: (photo: Blob) => Promise<string[]>): Promise<void> {
    const { photo } = this;
    if (!photo) {
      return;
    }
    this.said = '';
    this.reading = { state: 'busy', share: undefined };
    const reading: Reading = await read(photo).then(
      (lines) => ({ state: 'done', lines: [...new Set(lines)] }) as const,
      () => ({ state: 'failed' }) as const,
    );
    if (this.photo === photo) {
      this.reading = reading;
    }
  }

  async #copy(line: string): Promise<void> {
    const isCopied = await copyText(line, this.shadowRoot ?? new ShadowRoot());
    this.said = isCopied ? msg('Copied') : msg('The browser does not allow copying. Please select the text.');
  }

  /** Of a session that is over, at once; else they are in the dialog that ends it. */
  #note(line: string): void {
    const session = this.state.session(this.sessionId);
    if (session && isEnded(session.status)) {
      void this.state.commands.end(session.id, { notes: withNote(session.notes ?? '', line) });
    } else {
      addNoteDraft(this.sessionId, line);
    }
    this.said = msg('Taken into the notes');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'photo-reading': PhotoReading;
  }
}
