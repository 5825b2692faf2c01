/** How good the technician's connection to a live session is, in words and, for those who ask, in figures. */
import { localized } from '@lit/localize';
import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { SessionId } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { figures, linkState } from './link-quality.ts';
import './quality-panel.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('link-status')
@localized()
export class LinkStatus extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px 10px;
      }

      .figures {
        color: var(--muted);
        font-size: 12.5px;
        white-space: nowrap;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['sessions', 'media', 'connection', 'quality'];

  @property({ attribute: false }) sessionId: SessionId = 0;

  protected override render(): TemplateResult | undefined {
    const session = this.state.session(this.sessionId);
    if (session === undefined) {
      return undefined;
    }
    const media = this.state.media.of(this.sessionId);
    const { word, tone } = linkState(session, media?.state, this.state.connectionStatus);
    return html`
      <span class="figures number">${
        session.customer?.picture.mode === 'stills'
          ? ''
          : figures(this.state.quality.of(session.id)?.recent ?? [])
      }</span>
      <span class="chip ${tone}" role="status">${word}</span>
      <quality-panel .state=${this.state} .sessionId=${session.id}></quality-panel>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'link-status': LinkStatus;
  }
}
