/** How good the technician's connection to a live session is, in words and, for those who ask, in figures. */
import { localized } from '@lit/localize';
import { css, html, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { SessionId } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { figures, type LinkSample, linkState, sampleOf } from './link-quality.ts';
import { StatefulElement } from './stateful-element.ts';

const MEASURE_INTERVAL_MS = 2_000;

@customElement('link-status')
@localized()
export class LinkStatus extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 10px;
      }

      .figures {
        color: var(--muted);
        font-size: 12.5px;
        white-space: nowrap;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['sessions', 'media', 'connection'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @state() private figures = '';
  #timer: ReturnType<typeof setInterval> | undefined;
  #last: LinkSample | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer ??= setInterval(() => void this.#measure(), MEASURE_INTERVAL_MS);
  }

  override disconnectedCallback(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#last = undefined;
    super.disconnectedCallback();
  }

  async #measure(): Promise<void> {
    const report = await this.state.media.of(this.sessionId)?.stats();
    if (!this.isConnected) {
      return;
    }
    const sample = report && sampleOf(report);
    this.figures = figures(sample, this.#last);
    this.#last = sample;
  }

  protected override render(): TemplateResult | undefined {
    const session = this.state.session(this.sessionId);
    if (session === undefined) {
      return undefined;
    }
    const media = this.state.media.of(this.sessionId);
    const { word, tone } = linkState(session, media?.state, this.state.connectionStatus);
    return html`
      <span class="figures number">${session.customer?.picture.mode === 'stills' ? '' : this.figures}</span>
      <span class="chip ${tone}" role="status">${word}</span>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'link-status': LinkStatus;
  }
}
