import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ChannelClaimResult } from '../relay/protocol.ts';
import { icons } from './icons.ts';
import { currentLanguage } from './localization.ts';
import { StepElement } from './step-element.ts';
import { controls, pageStep } from './theme.ts';

/** The page of a channel: what it is for, when somebody is there, and one button. Events: `channel-start`, `channel-retry`. */
@customElement('channel-step')
export class ChannelStep extends StepElement {
  static override styles = [
    controls,
    pageStep,
    css`
      .text {
        white-space: pre-line;
        overflow-wrap: anywhere;
      }

      .facts {
        display: grid;
        gap: 12px;
        list-style: none;
      }

      .facts li {
        display: flex;
        gap: 12px;
        align-items: center;
      }

      .facts .icon {
        flex: none;
        color: var(--accent);
      }
    `,
  ];

  @property({ attribute: false }) channel: ChannelClaimResult['channel'] | undefined;
  @property({ type: Boolean }) busy = false;

  protected override render(): TemplateResult {
    const { channel } = this;
    if (!channel) {
      return html``;
    }
    const language = currentLanguage();
    const text = channel.closed?.[language] ?? channel.text[language];
    const hours = channel.hours[language];
    return html`
      <div class="content">
        <div class="words">
          <h1 class="start" tabindex="-1">${channel.title[language]}</h1>
          ${
            channel.closed
              ? html`<p role="status"><strong>${msg('Nobody is here at the moment. Please try again later.')}</strong></p>`
              : nothing
          }
          ${text === '' ? nothing : html`<p class="text">${text}</p>`}
          <ul class="facts">
            ${hours === '' ? nothing : html`<li>${icons.clock}<span>${hours}</span></li>`}
            ${channel.closed ? nothing : this.promise(channel.staffed)}
          </ul>
        </div>
        <div class="actions">${channel.closed ? this.retry() : this.start()}</div>
      </div>
    `;
  }

  private promise(isStaffed: boolean): TemplateResult {
    return html`
      ${isStaffed ? nothing : html`<li>${icons.talk}<span>${msg('Nobody is signed in at the moment. You can wait here.')}</span></li>`}
      <li>${icons.camera}<span>${msg('You point the camera of this phone at the problem.')}</span></li>
      <li>
        ${icons.safe}
        <span>${msg('Nothing is sent until the technician starts. You can stop at any time.')}</span>
      </li>
    `;
  }

  private start(): TemplateResult {
    return html`<button class="primary" @click=${() => this.tell('channel-start')}>${msg('Start video support')}</button>`;
  }

  private retry(): TemplateResult {
    return html`<button class="primary" ?disabled=${this.busy} @click=${() => this.tell('channel-retry')}>
      ${msg('Try again')}
    </button>`;
  }
}
