/** A field of a session within the list: its value, and in its place an input as soon as it is pressed. */
import { localized, msg, str } from '@lit/localize';
import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { CustomerFields } from '../relay/protocol.ts';
import { FIELD_MAX_LENGTH, type FieldKey, fieldValue, labelOf } from './field-grid.ts';
import { displayName } from './session-words.ts';
import { shared } from './theme.ts';

/** Event: `edited` with the new value, when Enter is pressed or the input is left. Escape leaves all as it was. */
@customElement('editable-cell')
@localized()
export class EditableCell extends LitElement {
  static override styles = [
    shared,
    css`
      button {
        display: block;
        width: 100%;
        min-height: 28px;
        padding: 2px 6px;
        border: 1px solid transparent;
        border-radius: var(--radius-small);
        background: none;
        color: inherit;
        font: inherit;
        text-align: left;
        overflow: hidden;
        text-overflow: ellipsis;
        cursor: text;
      }

      button:hover {
        border-color: var(--line);
      }

      .input {
        width: 100%;
        min-width: 96px;
        height: 30px;
        padding: 2px 6px;
      }
    `,
  ];

  @property({ attribute: false }) key: FieldKey = 'ticketId';
  @property({ attribute: false }) fields: CustomerFields | undefined;
  /** Nothing can be changed any more. */
  @property({ type: Boolean }) locked = false;
  /** In the row that the tab key goes to. */
  @property({ type: Boolean }) current = false;
  @state() private isOpen = false;
  @query('input') private readonly input!: HTMLInputElement | null;

  protected override updated(changed: PropertyValues): void {
    if (changed.has('isOpen') && this.isOpen) {
      this.input?.select();
    }
  }

  protected override render(): TemplateResult {
    const value = this.fields === undefined ? '' : fieldValue(this.fields, this.key);
    const shown = value === '' ? html`<span class="muted" aria-hidden="true">–</span>` : html`${value}`;
    if (this.locked) {
      return shown;
    }
    const label = labelOf(this.key);
    if (this.isOpen) {
      return html`<input
        class="input"
        aria-label=${label}
        autocomplete="off"
        maxlength=${FIELD_MAX_LENGTH}
        .value=${value}
        @click=${(event: Event) => event.stopPropagation()}
        @keydown=${this.#keyed}
        @blur=${() => this.#close(true)}
      />`;
    }
    const whose = this.fields === undefined ? '' : displayName(this.fields);
    return html`<button
      tabindex=${this.current ? 0 : -1}
      aria-label=${value === '' ? msg(str`${label} of ${whose}: empty, change`) : msg(str`${label} of ${whose}: ${value}, change`)}
      @click=${this.#open}
      @keydown=${(event: Event) => event.stopPropagation()}
    >
      ${shown}
    </button>`;
  }

  #open(event: Event): void {
    event.stopPropagation();
    this.isOpen = true;
  }

  #keyed(event: KeyboardEvent): void {
    // The list moves between rows with the same keys.
    event.stopPropagation();
    if (event.key === 'Enter' || event.key === 'Escape') {
      event.preventDefault();
      this.#close(event.key === 'Enter');
    }
  }

  #close(keep: boolean): void {
    if (!this.isOpen) {
      return;
    }
    const value = this.input?.value.trim() ?? '';
    this.isOpen = false;
    if (keep && this.fields !== undefined && value !== fieldValue(this.fields, this.key)) {
      this.dispatchEvent(new CustomEvent('edited', { detail: value }));
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'editable-cell': EditableCell;
  }
}
