/** What the customer has allowed in this session, the questions that can be put, and the ledger to keep. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { CONSENT_KINDS, type ConsentKind, type SessionId, type SessionView } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { isEnded } from './session-status.ts';
import { consentSubject, consentWord } from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('session-consents')
@localized()
export class SessionConsentsElement extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      ul {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        gap: 6px 10px;
        margin: 6px 0 10px;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        grid-column: 1 / -1;
        grid-template-columns: subgrid;
        align-items: center;
        min-height: 32px;
      }

      .granted {
        color: var(--live);
        font-weight: 550;
      }

      .refused,
      .withdrawn {
        color: var(--amber);
        font-weight: 550;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['sessions'];

  @property({ attribute: false }) sessionId: SessionId = 0;

  protected override render(): TemplateResult | typeof nothing {
    const session = this.state.session(this.sessionId);
    if (!session?.customer) {
      return nothing;
    }
    // A plain link: the browser keeps the file, with the cookie of this page.
    return html`
      <ul>
        ${CONSENT_KINDS.map((kind) => this.#row(session, kind))}
      </ul>
      <a href="/api/sessions/${session.id}/consents" download="consents-${session.id}.json"
        >${msg('Download consents')}</a
      >
    `;
  }

  #row(session: SessionView, kind: ConsentKind): TemplateResult {
    const state = session.customer?.consents[kind];
    const isOpen = state === 'granted' || state === 'asked';
    const canAsk = !isOpen && !isEnded(session.status) && session.status !== 'offline';
    const subject = consentSubject(kind);
    return html`<li>
      <span>${subject}</span>
      <span role="status" class=${state ?? 'unasked'}>${consentWord(state)}</span>
      ${
        canAsk
          ? html`<button
              class="button small"
              aria-label="${msg('Ask')}: ${subject}"
              @click=${() => this.state.commands.askConsent(session.id, kind)}
            >
              ${msg('Ask')}
            </button>`
          : nothing
      }
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-consents': SessionConsentsElement;
  }
}
