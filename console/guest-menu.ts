/** "Participants": experts and observers are invited by a link, muted, put out. */
import { localized, msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import {
  GUEST_NAME_MAX_LENGTH,
  GUEST_ROLES,
  GUESTS_MAX,
  type GuestId,
  type GuestRole,
  type GuestView,
} from '../relay/protocol.ts';
import { copyText } from './clipboard.ts';
import { guestRoleWord, guestStateWord } from './guest-words.ts';
import { icon } from './icons.ts';
import { popoverStyles } from './popover-styles.ts';
import { qrCode } from './qr-code.ts';
import type { SessionCommands } from './session-commands.ts';
import { shared } from './theme.ts';

@customElement('guest-menu')
@localized()
export class GuestMenu extends LitElement {
  static override styles = [
    ...shared,
    popoverStyles,
    css`
      .panel {
        width: min(340px, calc(100vw - 16px));
      }

      ul {
        display: grid;
        gap: 12px;
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        gap: 6px;
      }

      .who {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 8px;
        overflow-wrap: anywhere;
      }

      .doing {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
      }

      .link {
        font-size: 12.5px;
        overflow-wrap: anywhere;
        user-select: all;
      }

      .qr {
        width: 168px;
      }

      form {
        display: grid;
        gap: 10px;
      }

      .standing {
        margin: 0;
        font-size: 12.5px;
      }
    `,
  ];

  @property({ attribute: false }) commands!: SessionCommands;
  @property({ attribute: false }) sessionId = 0;
  @property({ attribute: false }) guests: readonly GuestView[] = [];
  @query('.panel') private readonly panel!: HTMLElement;
  @query('[popovertarget]') private readonly opener!: HTMLElement;
  @state() private shownCode: GuestId | undefined;
  @state() private copied: GuestId | undefined;

  protected override render(): TemplateResult {
    const title = msg('Participants');
    const here = this.guests.filter((guest) => guest.state === 'here').length;
    return html`
      <button class="button tool" popovertarget="panel" title=${title}>
        ${icon('users')}<span>${title}</span>${here > 0 ? html`<span class="number">${here}</span>` : nothing}
      </button>
      <div
        class="panel"
        id="panel"
        popover
        role="dialog"
        aria-label=${title}
        @beforetoggle=${this.#toggling}
        @toggle=${this.#toggled}
      >
        ${
          this.guests.length > 0
            ? html`<ul aria-label=${title}>${this.guests.map((guest) => this.#row(guest))}</ul>`
            : nothing
        }
        ${this.#form()}
        <p class="standing" role="status">${this.copied === undefined ? '' : msg('Copied to the clipboard')}</p>
      </div>
    `;
  }

  #row(guest: GuestView): TemplateResult {
    const { id, name, role, state: stands, muted, link } = guest;
    const isIn = stands === 'here' || stands === 'away';
    return html`<li>
      <span class="who"><b>${name}</b><span class="muted">${guestRoleWord(role)} · ${guestStateWord(stands)}</span></span>
      ${link === undefined ? nothing : this.#link(id, link)}
      ${
        stands === 'invited' || isIn
          ? html`<span class="doing">
              ${
                isIn && role === 'expert'
                  ? html`<button
                      class="button small"
                      aria-pressed=${muted}
                      aria-label=${msg(str`Mute ${name}`)}
                      @click=${() => this.commands.muteGuest(this.sessionId, id, !muted)}
                    >
                      ${icon(muted ? 'micOff' : 'mic')}${msg('Mute', { id: 'guest-mute' })}
                    </button>`
                  : nothing
              }
              <button
                class="button small"
                aria-label=${isIn ? msg(str`Remove ${name}`) : msg(str`Revoke link of ${name}`)}
                @click=${() => this.commands.removeGuest(this.sessionId, id)}
              >
                ${icon('x')}${isIn ? msg('Remove', { id: 'guest-remove' }) : msg('Revoke link')}
              </button>
            </span>`
          : nothing
      }
    </li>`;
  }

  #link(id: GuestId, link: string): TemplateResult {
    const isShown = this.shownCode === id;
    return html`
      <span class="link">${link}</span>
      <span class="doing">
        <button class="button small" @click=${() => this.#copy(id, link)}>${icon('copy')}${msg('Copy link')}</button>
        <button
          class="button small"
          aria-expanded=${isShown}
          @click=${() => {
            this.shownCode = isShown ? undefined : id;
          }}
        >
          ${icon('qrCode')}${msg('QR code')}
        </button>
      </span>
      ${isShown ? qrCode(link, msg('QR code of the link')) : nothing}
    `;
  }

  #form(): TemplateResult {
    const open = this.guests.filter(({ state: stands }) => ['invited', 'here', 'away'].includes(stands));
    if (open.length >= GUESTS_MAX) {
      return html`<p class="muted">${msg('More participants fit in when somebody is removed or a link is revoked.')}</p>`;
    }
    const role = (value: GuestRole, words: string) =>
      html`<label class="choice"><input type="radio" name="role" value=${value} ?checked=${value === 'expert'} />${words}</label>`;
    return html`<form @submit=${this.#invite}>
      <fieldset class="choices">
        <legend class="legend">${msg('Invite somebody')}</legend>
        ${role('expert', msg('Expert: sees, hears and speaks'))}
        ${role('observer', msg('Observer: sees and hears only'))}
      </fieldset>
      <div class="field">
        <label for="name">${msg('Name')}</label>
        <input class="input" id="name" name="name" required maxlength=${GUEST_NAME_MAX_LENGTH} autocomplete="off" />
      </div>
      <button class="button primary">${icon('link')}${msg('Create link')}</button>
    </form>`;
  }

  async #invite(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) {
      return;
    }
    const data = new FormData(form);
    const name = String(data.get('name') ?? '').trim();
    const role = GUEST_ROLES.find((each) => each === data.get('role'));
    if (name !== '' && role) {
      this.copied = undefined;
      await this.commands.inviteGuest(this.sessionId, role, name);
      form.reset();
    }
  }

  async #copy(id: GuestId, link: string): Promise<void> {
    const done = this.shadowRoot && (await copyText(link, this.shadowRoot));
    this.copied = done ? id : undefined;
  }

  /** The browser gives the focus back by itself only when it has moved it. */
  #toggling(event: ToggleEvent): void {
    if (event.newState === 'closed' && this.panel.contains(this.shadowRoot?.activeElement ?? null)) {
      this.opener.focus();
    }
  }

  #toggled(event: ToggleEvent): void {
    if (event.newState === 'open') {
      this.panel.querySelector<HTMLElement>('input, button')?.focus();
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'guest-menu': GuestMenu;
  }
}
