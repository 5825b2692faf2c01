import { msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { CameraState } from '../relay/protocol.ts';
import { icons } from './icons.ts';
import { currentLanguage } from './localization.ts';
import type { PhoneCamera } from './phone-camera.ts';
import { dialogStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/** The meter moves while somebody looks at it. */
const METER_INTERVAL_MS = 1_000;

/** Light, covers and data: what is not needed all the time. Event: `cover-wanted`. */
@customElement('more-sheet')
export class MoreSheet extends StepElement {
  static override styles = [
    controls,
    dialogStyles,
    css`
      dialog .actions {
        margin-top: 16px;
      }

      .actions button {
        justify-content: flex-start;
        width: 100%;
        text-align: start;
      }

      .actions .primary {
        justify-content: center;
      }

      .switch {
        display: flex;
        gap: 12px;
        align-items: center;
        min-height: 48px;
        font-weight: 600;
        cursor: pointer;
      }

      .switch input {
        flex: none;
        width: 24px;
        height: 24px;
        margin: 0;
        accent-color: var(--accent);
      }

      .hint {
        margin: 0;
        color: var(--quiet);
        font-size: 0.9375rem;
      }

      .meter {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 4px 12px;
        margin: 12px 0 0;
        padding: 12px 16px;
        border-radius: var(--radius);
        background: var(--accent-soft);
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  @property({ attribute: false }) phone: PhoneCamera | undefined;
  @property({ attribute: false }) state: CameraState | undefined;
  @query('dialog') private readonly dialog!: HTMLDialogElement;
  #timer: ReturnType<typeof setInterval> | undefined;

  open(): void {
    this.requestUpdate();
    this.dialog.showModal();
    this.#timer ??= setInterval(() => this.requestUpdate(), METER_INTERVAL_MS);
  }

  override disconnectedCallback(): void {
    this.#rest();
    super.disconnectedCallback();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  protected override render(): TemplateResult {
    const { phone, state } = this;
    if (!phone || !state) {
      return html``;
    }
    const isLit = state.light === 'on';
    return html`
      <dialog aria-labelledby="title" @close=${this.#rest}>
        <h2 id="title">${msg('More')}</h2>
        <div class="actions">
          ${
            state.light === 'none'
              ? nothing
              : html`<button aria-pressed=${isLit} @click=${() => phone.light(!isLit)}>
                  ${icons.light}<span>${isLit ? msg('Turn light off') : msg('Turn light on')}</span>
                </button>`
          }
          <button @click=${this.#cover}>
            ${icons.cover}<span>${msg('Cover')}</span>
          </button>
        </div>
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            .checked=${state.saveData}
            @change=${({ target }: Event) => phone.saveData((target as HTMLInputElement).checked)}
          />
          <span>${msg('Save data')}</span>
        </label>
        <p class="hint">${msg('The picture gets smaller and needs about a quarter of the data.')}</p>
        <p class="meter">
          <span>${msg('Data of this session')}</span>
          <strong>${dataWords(phone.data)}</strong>
        </p>
        <div class="actions"><button class="primary" @click=${() => this.dialog.close()}>${msg('Close')}</button></div>
      </dialog>
    `;
  }

  #cover(): void {
    this.dialog.close();
    this.tell('cover-wanted');
  }
}

function dataWords({ sent, received }: { sent: number; received: number }): string {
  const sentText = megabytes(sent);
  const receivedText = megabytes(received);
  return msg(str`${sentText} sent, ${receivedText} received`);
}

/** As data plans count: a million bytes. */
function megabytes(bytes: number): string {
  const value = new Intl.NumberFormat(currentLanguage(), {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  return `${value.format(bytes / 1_000_000)} MB`;
}

declare global {
  interface HTMLElementTagNameMap {
    'more-sheet': MoreSheet;
  }
}
