/** Administration of groups and their channels. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { Account, Channel, Group } from '../relay/protocol.ts';
import { call } from './api.ts';
import './channel-dialog.ts';
import { absenceWord, type ChannelDialog } from './channel-dialog.ts';
import type { Topic } from './console-state.ts';
import './group-dialog.ts';
import { type GroupDialog, wayWord } from './group-dialog.ts';
import { icon } from './icons.ts';
import { pathOf } from './routes.ts';
import { readSettings, writeSettings } from './settings.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('admin-channels')
@localized()
export class AdminChannels extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 16px;
        margin: 24px 0 8px;
      }

      .head:first-child {
        margin-top: 0;
      }

      ul {
        margin: 0;
        padding: 0;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        list-style: none;
      }

      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 16px;
        padding: 12px 16px;
      }

      li + li {
        border-top: 1px solid var(--line);
      }

      .words {
        flex: 1 1 240px;
        min-width: 0;
        overflow-wrap: anywhere;
      }

      .words strong {
        display: block;
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }

      .empty {
        padding: 16px;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['phase'];

  @query('group-dialog') private readonly groupDialog!: GroupDialog;
  @query('channel-dialog') private readonly channelDialog!: ChannelDialog;
  @state() private groups: readonly Group[] | undefined;
  @state() private channels: readonly Channel[] = [];
  @state() private technicians: readonly Account[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    const [groups, channels, accounts] = await Promise.all([
      readSettings('groups'),
      readSettings('channels'),
      call('GET /api/technicians', undefined),
    ]);
    const failed = [groups, channels, accounts].find((answer) => !answer.ok);
    if (groups.ok && channels.ok && accounts.ok) {
      this.groups = groups.value.groups;
      this.channels = channels.value.channels;
      this.technicians = accounts.value.technicians;
    }
    this.state.say(failed && !failed.ok ? failed.code : undefined);
  }

  async #saveGroups(groups: readonly Group[]): Promise<void> {
    const answer = await writeSettings('groups', { groups: [...groups] });
    if (answer.ok) {
      this.groups = answer.value.groups;
    }
    this.state.say(answer.ok ? undefined : answer.code);
  }

  async #saveChannels(channels: readonly Channel[]): Promise<void> {
    const answer = await writeSettings('channels', { channels: [...channels] });
    if (answer.ok) {
      this.channels = answer.value.channels;
    }
    this.state.say(answer.ok ? undefined : answer.code);
  }

  /** Somebody who is put into this group leaves the one before. */
  #putGroup(group: Group): void {
    const others = (this.groups ?? []).map((other) => ({
      ...other,
      technicianIds: other.technicianIds.filter((id) => !group.technicianIds.includes(id)),
    }));
    const isNew = others.every(({ id }) => id !== group.id);
    void this.#saveGroups(
      isNew ? [...others, group] : others.map((one) => (one.id === group.id ? group : one)),
    );
  }

  #putChannel(before: string | undefined, channel: Channel): void {
    const isNew = this.channels.every(({ name }) => name !== before);
    void this.#saveChannels(
      isNew ? [...this.channels, channel] : this.channels.map((one) => (one.name === before ? channel : one)),
    );
  }

  #editedChannel: string | undefined;

  #editChannel(channel: Channel | undefined): void {
    this.#editedChannel = channel?.name;
    void this.channelDialog.show(channel);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.groups === undefined) {
      return nothing;
    }
    const { groups } = this;
    return html`
      <div class="head">
        <h2>${msg('Groups')}</h2>
        <button class="button small" @click=${() => this.groupDialog.show(undefined)}>${icon('plus')}${msg('Add group')}</button>
      </div>
      <ul>${groups.map((group) => this.#group(group, groups.length))}</ul>
      <div class="head">
        <h2>${msg('Channels')}</h2>
        <button class="button small" @click=${() => this.#editChannel(undefined)}>${icon('plus')}${msg('Add channel')}</button>
      </div>
      ${
        this.channels.length === 0
          ? html`<p class="empty muted">
              ${msg('A channel is a page where customers start without a PIN code and wait for a group.')}
            </p>`
          : html`<ul>${this.channels.map((channel) => this.#channel(channel, groups))}</ul>`
      }
      <group-dialog
        .technicians=${this.technicians}
        @saved=${({ detail }: CustomEvent<Group>) => this.#putGroup(detail)}
      ></group-dialog>
      <channel-dialog
        .groups=${groups}
        .taken=${this.channels.map(({ name }) => name)}
        @saved=${({ detail }: CustomEvent<Channel>) => this.#putChannel(this.#editedChannel, detail)}
      ></channel-dialog>
    `;
  }

  #group(group: Group, count: number): TemplateResult {
    const used = this.channels.some(({ groupId }) => groupId === group.id);
    const names = this.technicians
      .filter(({ id }) => group.technicianIds.includes(id))
      .map(({ name }) => name);
    const ways = group.ways.map(wayWord).join(', ');
    return html`<li>
      <div class="words">
        <strong>${group.name}</strong>
        <span class="muted">${[ways, ...names].filter((word) => word !== '').join(' · ')}</span>
      </div>
      <div class="buttons">
        <button class="button quiet small" @click=${() => this.groupDialog.show(group)}>
          ${icon('pencil')}${msg('Edit')}<span class="visually-hidden">${group.name}</span>
        </button>
        <button
          class="button quiet small"
          ?disabled=${used || count === 1}
          title=${used ? msg('A channel uses this group.') : nothing}
          @click=${() => this.#saveGroups((this.groups ?? []).filter(({ id }) => id !== group.id))}
        >
          ${icon('trash2')}${msg('Delete')}<span class="visually-hidden">${group.name}</span>
        </button>
      </div>
    </li>`;
  }

  #channel(channel: Channel, groups: readonly Group[]): TemplateResult {
    const group = groups.find(({ id }) => id === channel.groupId)?.name ?? '';
    return html`<li>
      <div class="words">
        <strong>/c/${channel.name}</strong>
        <span class="muted">${[channel.titleEn, channel.titleDe].join(' / ')} · ${group} · ${absenceWord(channel.whenAbsent)}</span>
      </div>
      <span class="chip ${channel.enabled ? 'live' : 'quiet'}">${channel.enabled ? msg('Enabled') : msg('Disabled')}</span>
      <div class="buttons">
        <a class="button quiet small" href=${pathOf({ page: 'poster', channel: channel.name })}>
          ${icon('qrCode')}${msg('Poster')}<span class="visually-hidden">${channel.name}</span>
        </a>
        <button class="button quiet small" @click=${() => this.#editChannel(channel)}>
          ${icon('pencil')}${msg('Edit')}<span class="visually-hidden">${channel.name}</span>
        </button>
        <button
          class="button quiet small"
          @click=${() => this.#saveChannels(this.channels.filter(({ name }) => name !== channel.name))}
        >
          ${icon('trash2')}${msg('Delete')}<span class="visually-hidden">${channel.name}</span>
        </button>
      </div>
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'admin-channels': AdminChannels;
  }
}
