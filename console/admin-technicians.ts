/** Administration of accounts: who may work with the console. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { Account } from '../relay/protocol.ts';
import { call } from './api.ts';
import type { Topic } from './console-state.ts';
import { icon } from './icons.ts';
import { compareText } from './localization.ts';
import { StatefulElement } from './stateful-element.ts';
import './technician-dialog.ts';
import { roleWord, type TechnicianDialog } from './technician-dialog.ts';

@customElement('admin-technicians')
@localized()
export class AdminTechnicians extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 16px;
      }

      .toolbar {
        display: flex;
        align-items: center;
        gap: 16px;
      }

      .scroll {
        min-height: 0;
        overflow: auto;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }

      table {
        width: 100%;
        border-collapse: collapse;
      }

      th,
      td {
        height: 46px;
        padding: 0 10px;
        border-bottom: 1px solid var(--line);
        text-align: left;
        font-weight: 400;
        white-space: nowrap;
        max-width: 260px;
        overflow: hidden;
        text-overflow: ellipsis;
      }

      tr:last-child > * {
        border-bottom: 0;
      }

      th:first-child {
        padding-left: 20px;
      }

      thead th {
        height: 38px;
        color: var(--muted);
        font-size: 12.5px;
        font-weight: 600;
      }

      tbody th {
        font-weight: 600;
      }

      .off th,
      .off td {
        color: var(--muted);
      }

      .actions {
        position: sticky;
        right: 0;
        width: 1px;
        max-width: none;
        background: var(--surface);
      }

      .actions > div {
        display: flex;
        justify-content: flex-end;
      }

      /* The pencil says enough where the words have no room; they stay for screen readers. */
      @media (max-width: 1100px) {
        .word {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
      }

      .you {
        color: var(--muted);
        font-weight: 400;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['phase'];

  @query('technician-dialog') private readonly dialog!: TechnicianDialog;
  @state() private technicians: Account[] | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    const answer = await call('GET /api/technicians', undefined);
    if (!this.isConnected) {
      return;
    }
    if (answer.ok) {
      this.technicians = answer.value.technicians;
    }
    this.state.say(answer.ok ? undefined : answer.code);
  }

  protected override render(): TemplateResult {
    const technicians = [...(this.technicians ?? [])].sort((a, b) => compareText(a.name, b.name));
    return html`
      <div class="toolbar">
        <button class="button primary" @click=${() => this.dialog.show(undefined)}>
          ${icon('userPlus')}${msg('Add technician')}
        </button>
      </div>
      ${
        this.technicians === undefined
          ? nothing
          : html`<div class="scroll">
              <table>
                <thead>
                  <tr>
                    <th scope="col">${msg('Name')}</th>
                    <th scope="col">${msg('Nickname')}</th>
                    <th scope="col">${msg('Email', { id: 'field-email' })}</th>
                    <th scope="col">${msg('Role')}</th>
                    <th scope="col">${msg('Account')}</th>
                    <th scope="col"><span class="visually-hidden">${msg('Actions')}</span></th>
                  </tr>
                </thead>
                <tbody>
                  ${technicians.map((technician) => this.#row(technician))}
                </tbody>
              </table>
            </div>`
      }
      <technician-dialog @saved=${(event: CustomEvent<Account>) => this.#put(event.detail)}></technician-dialog>
    `;
  }

  #row(technician: Account): TemplateResult {
    const { name, nickname, email, role, enabled, id } = technician;
    const self = id === this.state.account?.id;
    return html`
      <tr class=${enabled ? '' : 'off'}>
        <th scope="row">${name}${self ? html` <span class="you">${msg('(you)')}</span>` : nothing}</th>
        <td>${nickname}</td>
        <td>${email}</td>
        <td>${roleWord(role)}</td>
        <td><span class="chip ${enabled ? 'live' : 'quiet'}">${enabled ? msg('Enabled') : msg('Disabled')}</span></td>
        <td class="actions"><div>
          <button class="button quiet small" title=${msg('Edit')} @click=${() => this.dialog.show(technician)}>
            ${icon('pencil')}<span class="word">${msg('Edit')}</span><span class="visually-hidden">${name}</span>
          </button>
          <button class="button quiet small" ?disabled=${self} @click=${() => this.#setEnabled(technician)}>
            ${enabled ? msg('Disable') : msg('Enable')}<span class="visually-hidden">${name}</span>
          </button>
        </div></td>
      </tr>
    `;
  }

  async #setEnabled({ id, enabled }: Account): Promise<void> {
    const answer = await call('PATCH /api/technicians/:id', { enabled: !enabled }, id);
    if (!this.isConnected) {
      return;
    }
    if (answer.ok) {
      this.#put(answer.value.technician);
    }
    this.state.say(answer.ok ? undefined : answer.code);
  }

  #put(technician: Account): void {
    this.technicians = [...(this.technicians ?? []).filter(({ id }) => id !== technician.id), technician];
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'admin-technicians': AdminTechnicians;
  }
}
