/** All keys of a session at a glance, and the switch for those who are better off without. */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { icon } from './icons.ts';
import { SHORTCUTS } from './shortcuts.ts';
import { shared } from './theme.ts';
import { shortcutsAreOn, switchShortcuts } from './view-choice.ts';

@customElement('shortcuts-dialog')
@localized()
export class ShortcutsDialog extends LitElement {
  static override styles = [
    ...shared,
    css`
      :host {
        display: contents;
      }

      dialog {
        width: min(460px, calc(100vw - 32px));
      }

      table {
        border-collapse: collapse;
        width: 100%;
      }

      th,
      td {
        padding: 6px 0;
        border-bottom: 1px solid var(--line);
        text-align: left;
        font-weight: 400;
      }

      thead th {
        font-size: 12.5px;
        color: var(--muted);
      }

      td:last-child,
      th:last-child {
        width: 1%;
        text-align: right;
        white-space: nowrap;
      }

      kbd {
        display: inline-block;
        min-width: 26px;
        padding: 2px 7px;
        border: 1px solid var(--line-strong);
        border-bottom-width: 2px;
        border-radius: 5px;
        background: var(--paper);
        font: 600 13px / 1.4 var(--font);
        text-align: center;
      }

      .off kbd {
        color: var(--muted);
        border-style: dashed;
      }
    `,
  ];

  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private shown = false;
  @state() private on = true;

  async show(): Promise<void> {
    this.on = shortcutsAreOn();
    this.shown = true;
    await this.updateComplete;
    if (!this.dialog.open) {
      this.dialog.showModal();
    }
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
    return html`
      <div class="dialog-head">
        <h1 id="title">${msg('Keyboard shortcuts')}</h1>
        <button class="icon-button" aria-label=${msg('Close')} autofocus @click=${() => this.dialog.close()}>
          ${icon('x')}
        </button>
      </div>
      <div class="dialog-body">
        <table class=${this.on ? '' : 'off'}>
          <thead>
            <tr>
              <th scope="col">${msg('Action')}</th>
              <th scope="col">${msg('Key')}</th>
            </tr>
          </thead>
          <tbody>
            ${SHORTCUTS.map(
              ({ key, name }) => html`<tr>
                <th scope="row">${name()}</th>
                <td><kbd>${key.toUpperCase()}</kbd></td>
              </tr>`,
            )}
          </tbody>
        </table>
        <div>
          <label class="choice">
            <input type="checkbox" .checked=${this.on} @change=${this.#switched} />
            ${msg('Use single-key shortcuts')}
          </label>
          <p class="hint">
            ${msg('They rest while you type in a field. Zoom also with Ctrl and the mouse wheel or with two fingers; drag moves the picture.')}
          </p>
        </div>
      </div>
    `;
  }

  #switched(event: Event): void {
    if (event.target instanceof HTMLInputElement) {
      this.on = event.target.checked;
      switchShortcuts(this.on);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'shortcuts-dialog': ShortcutsDialog;
  }
}
