/** What the customer's phone has found out while waiting: a sign for each check, and the cause of what is not well. */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { lightOf, PREFLIGHT_CHECKS } from '../relay/client/preflight-lights.ts';
import type { Preflight, PreflightCheck } from '../relay/protocol.ts';
import { icon } from './icons.ts';
import { figureOf, lightWord, preflightName, preflightSentence } from './preflight-words.ts';

@customElement('preflight-list')
@localized()
export class PreflightList extends LitElement {
  static override styles = css`
    :host {
      display: grid;
      gap: 8px;
      justify-items: center;
    }

    ul {
      display: flex;
      flex-wrap: wrap;
      gap: 6px 16px;
      justify-content: center;
      margin: 0;
      padding: 0;
      list-style: none;
    }

    li {
      display: flex;
      gap: 6px;
      align-items: center;
    }

    svg {
      width: 1.15em;
      height: 1.15em;
      fill: none;
      stroke: currentColor;
      stroke-width: 2;
      stroke-linecap: round;
      stroke-linejoin: round;
    }

    .green {
      color: var(--live);
    }

    .amber {
      color: var(--amber);
    }

    .red {
      color: var(--danger);
    }

    .sign {
      display: inline-flex;
    }

    .unknown,
    .muted {
      color: var(--muted);
    }

    p {
      max-width: 60ch;
      margin: 0;
      padding: 0 16px;
      text-wrap: balance;
    }

    .words {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
      white-space: nowrap;
    }
  `;

  /** Undefined while the phone looks. */
  @property({ attribute: false }) preflight: Preflight | undefined;

  protected override render(): TemplateResult {
    const { preflight } = this;
    if (preflight === undefined) {
      return html`<p class="muted" role="status">${msg('The customer’s phone is being checked …')}</p>`;
    }
    const sentences = PREFLIGHT_CHECKS.map((check) => preflightSentence(check, preflight)).filter(
      (sentence) => sentence !== '',
    );
    return html`
      <ul aria-label=${msg('Check of the customer’s phone')}>
        ${PREFLIGHT_CHECKS.map((check) => this.#row(check, preflight))}
      </ul>
      <div role="status">${sentences.map((sentence) => html`<p>${sentence}</p>`)}</div>
    `;
  }

  #row(check: PreflightCheck, preflight: Preflight): TemplateResult {
    const light = lightOf(check, preflight) ?? 'unknown';
    const figure = figureOf(check, preflight);
    return html`<li class=${light === 'unknown' ? light : ''}>
      <span class="sign ${light}">${light === 'unknown' ? '–' : icon(SIGNS[light])}</span>
      ${preflightName(check)}
      ${figure ? html`<span class="muted">${figure}</span>` : nothing}
      <span class="words">${lightWord(light)}</span>
    </li>`;
  }
}

/** Different shapes, not only colours. */
const SIGNS = { green: 'circleCheck', amber: 'triangleAlert', red: 'circleAlert' } as const;

declare global {
  interface HTMLElementTagNameMap {
    'preflight-list': PreflightList;
  }
}
