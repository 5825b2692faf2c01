/** A channel as a page to print and hang up: heading, QR code and address, in both languages. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Channel, Language } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { qrCode } from './qr-code.ts';
import { pathOf } from './routes.ts';
import { readSettings } from './settings.ts';
import { StatefulElement } from './stateful-element.ts';

/** Both languages hang on the same wall, whatever the console speaks. */
const INVITATIONS: readonly (readonly [Language, string])[] = [
  ['de', 'Mit der Handy-Kamera scannen und uns zeigen, worum es geht. Keine App nötig.'],
  ['en', 'Scan with your phone’s camera and show us what it is about. No app needed.'],
];

@customElement('channel-poster')
@localized()
export class ChannelPoster extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        padding: 20px 24px 24px;
      }

      .toolbar {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
        margin-bottom: 20px;
      }

      /* Paper is white in both themes. */
      .paper {
        display: grid;
        justify-items: center;
        gap: 24px;
        max-width: 640px;
        margin: 0 auto;
        padding: 48px 32px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: #fff;
        color: #111;
        text-align: center;
      }

      .paper h1 {
        font-size: 32px;
      }

      .paper h1 span {
        display: block;
      }

      .qr {
        width: min(320px, 100%);
      }

      .address {
        font-size: 20px;
        font-weight: 600;
        overflow-wrap: anywhere;
      }

      .hours {
        display: grid;
        gap: 4px;
      }

      @media print {
        .toolbar {
          display: none;
        }

        .paper {
          border: 0;
        }
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['phase'];

  @property() channel = '';
  @state() private shown: Channel | undefined;
  @state() private isUnknown = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    const answer = await readSettings('channels');
    if (answer.ok) {
      this.shown = answer.value.channels.find(({ name }) => name === this.channel);
      this.isUnknown = this.shown === undefined;
    }
    this.state.say(answer.ok ? undefined : answer.code);
  }

  protected override render(): TemplateResult {
    return html`
      <div class="toolbar">
        <a class="button" href=${pathOf({ page: 'admin', section: 'channels' })}>${msg('Back')}</a>
        ${this.shown ? html`<button class="button primary" @click=${() => print()}>${msg('Print')}</button>` : nothing}
      </div>
      ${this.isUnknown ? html`<p role="alert">${msg('There is no such channel any more.')}</p>` : nothing}
      ${this.shown ? this.#paper(this.shown) : nothing}
    `;
  }

  #paper(channel: Channel): TemplateResult {
    const origin = this.state.settings?.customerUrl ?? location.origin;
    const address = `${origin}/c/${channel.name}`;
    const hours = [...new Set([channel.hoursDe, channel.hoursEn])].filter((text) => text !== '');
    return html`<div class="paper">
      <h1>
        ${[...new Set([channel.titleDe, channel.titleEn])].map((title) => html`<span>${title}</span>`)}
      </h1>
      ${qrCode(address, msg('QR code of the page'))}
      <p class="address">${address.replace(/^https?:\/\//, '')}</p>
      ${INVITATIONS.map(([language, text]) => html`<p lang=${language}>${text}</p>`)}
      ${hours.length === 0 ? nothing : html`<p class="hours">${hours.map((text) => html`<span>${text}</span>`)}</p>`}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'channel-poster': ChannelPoster;
  }
}
