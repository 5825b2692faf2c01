import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import {
  CONSENT_KINDS,
  type ConsentKind,
  type ConsentState,
  type Consents,
  type HelloResult,
} from '../relay/protocol.ts';
import { currentLanguage } from './localization.ts';
import { dialogStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/** Event detail. */
export type ConsentAnswer = { kind: ConsentKind; granted: boolean };

/**
 * What the technician asks to be allowed, one question at a time, and what was allowed, to be taken back.
 * Event: `consent-answer`. Nothing is allowed before the relay shows it as granted.
 */
@customElement('consent-sheet')
export class ConsentSheet extends StepElement {
  static override styles = [
    controls,
    dialogStyles,
    css`
      ul {
        display: grid;
        gap: 16px;
        margin: 16px 0 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 4px 12px;
        align-items: center;
      }

      li strong {
        display: block;
      }

      li button {
        width: auto;
        padding-inline: 16px;
      }
    `,
  ];

  @property({ attribute: false }) consents: Consents = {};
  @property({ attribute: false }) questions: HelloResult['questions'];
  /** Answered on this page and not yet shown so by the relay. */
  #answering: ConsentKind | undefined;

  /** Shows what was allowed. */
  open(): void {
    this.#dialog('allowed')?.showModal();
  }

  protected override updated(): void {
    const dialog = this.#dialog('asked');
    const kind = this.#asked;
    if (kind !== this.#answering) {
      this.#answering = undefined;
    }
    if (kind !== undefined && this.#answering === undefined && !dialog?.open) {
      dialog?.showModal();
    } else if (kind === undefined) {
      dialog?.close();
    }
  }

  protected override render(): TemplateResult {
    const kind = this.#asked;
    // Escape is no answer.
    return html`
      <dialog id="asked" aria-labelledby="asked-title" aria-describedby="asked-text" @cancel=${(event: Event) => event.preventDefault()}>
        <h2 id="asked-title">${kind === undefined ? nothing : title(kind)}</h2>
        <p id="asked-text">${kind === undefined ? nothing : this.#question(kind)}</p>
        <div class="actions">
          <button class="primary" @click=${() => kind && this.#answer(kind, true)}>${msg('Allow')}</button>
          <button autofocus @click=${() => kind && this.#answer(kind, false)}>${msg('Do not allow')}</button>
        </div>
      </dialog>
      <dialog id="allowed" aria-labelledby="allowed-title">
        <h2 id="allowed-title">${msg('Permissions')}</h2>
        <ul>${CONSENT_KINDS.map((each) => this.#row(each, this.consents[each]))}</ul>
        <div class="actions"><button class="primary" autofocus @click=${() => this.#dialog('allowed')?.close()}>${msg('Close')}</button></div>
      </dialog>
    `;
  }

  #row(kind: ConsentKind, state: ConsentState | undefined): TemplateResult | typeof nothing {
    if (state === undefined || state === 'asked') {
      return nothing;
    }
    const granted = state === 'granted';
    return html`<li>
      <span><strong>${subject(kind)}</strong><span role="status">${granted ? msg('Allowed') : msg('Not allowed')}</span></span>
      <button @click=${() => this.#tell(kind, !granted)} aria-label=${granted ? `${msg('Take back')}: ${subject(kind)}` : `${msg('Allow')}: ${subject(kind)}`}>
        ${granted ? msg('Take back') : msg('Allow')}
      </button>
    </li>`;
  }

  get #asked(): ConsentKind | undefined {
    return CONSENT_KINDS.find((kind) => this.consents[kind] === 'asked');
  }

  #question(kind: ConsentKind): string {
    return this.questions?.[kind][currentLanguage()].text ?? '';
  }

  #answer(kind: ConsentKind, granted: boolean): void {
    this.#answering = kind;
    this.#dialog('asked')?.close();
    this.#tell(kind, granted);
  }

  #tell(kind: ConsentKind, granted: boolean): void {
    this.tell('consent-answer', { kind, granted } satisfies ConsentAnswer);
  }

  #dialog(id: 'asked' | 'allowed'): HTMLDialogElement | null {
    return this.renderRoot.querySelector(`dialog#${id}`);
  }
}

function title(kind: ConsentKind): string {
  switch (kind) {
    case 'recording':
      return msg('Allow recording?');
    case 'photos':
      return msg('Allow photos?');
    case 'location':
      return msg('Share your location?');
  }
}

function subject(kind: ConsentKind): string {
  switch (kind) {
    case 'recording':
      return msg('Recording');
    case 'photos':
      return msg('Photos');
    case 'location':
      return msg('Location');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'consent-sheet': ConsentSheet;
  }
}
