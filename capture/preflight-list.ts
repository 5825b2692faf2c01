import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { lightOf, PREFLIGHT_CHECKS, worstLight } from '../relay/client/preflight-lights.ts';
import type { PreflightCheck, PreflightFindings } from '../relay/protocol.ts';
import { icons } from './icons.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/** What the pre-flight has found, compactly: a sign for each check, and a sentence for what is not well. */
@customElement('preflight-list')
export class PreflightList extends StepElement {
  static override styles = [
    controls,
    css`
      :host {
        display: grid;
        gap: 8px;
      }

      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 6px 14px;
        list-style: none;
        font-size: 0.9375rem;
      }

      li {
        display: flex;
        gap: 6px;
        align-items: center;
      }

      .icon {
        width: 18px;
        height: 18px;
      }

      .green {
        color: var(--live);
      }

      .amber {
        color: var(--warn);
      }

      .red {
        color: var(--danger);
      }

      .spinner {
        width: 16px;
        height: 16px;
        border-width: 2px;
      }

      p {
        display: flex;
        gap: 8px;
        font-size: 0.9375rem;
      }

      [role='status'] {
        display: grid;
        gap: 6px;
      }
    `,
  ];

  @property({ attribute: false }) findings: Partial<PreflightFindings> = {};

  protected override render(): TemplateResult {
    const { findings } = this;
    const running = PREFLIGHT_CHECKS.some((check) => findings[check] === undefined);
    return html`
      <ul aria-label=${msg('Check')}>${PREFLIGHT_CHECKS.map((check) => this.row(check))}</ul>
      <div role="status">
        ${
          running
            ? html`<p class="visually-hidden">${msg('Camera, microphone and connection are being checked.')}</p>`
            : worstLight(findings) === 'green'
              ? html`<p class="visually-hidden">${msg('Everything works.')}</p>`
              : PREFLIGHT_CHECKS.map((check) => this.trouble(check))
        }
      </div>
    `;
  }

  private row(check: PreflightCheck): TemplateResult {
    const light = lightOf(check, this.findings);
    switch (light) {
      case undefined:
        return html`<li><span class="spinner"></span>${NAMES[check]()} ${hidden(msg('is being checked'))}</li>`;
      case 'unknown':
        return html`<li class="quiet-text">– ${NAMES[check]()} ${hidden(msg('not checked yet'))}</li>`;
      case 'green':
        return html`<li><span class="green">${icons.check}</span>${NAMES[check]()} ${hidden(msg('good'))}</li>`;
      case 'amber':
        return html`<li><span class="amber">${icons.alert}</span>${NAMES[check]()} ${hidden(msg('limited'))}</li>`;
      case 'red':
        return html`<li><span class="red">${icons.cross}</span>${NAMES[check]()} ${hidden(msg('does not work'))}</li>`;
    }
  }

  private trouble(check: PreflightCheck): TemplateResult | typeof nothing {
    const words = preflightWords(check, this.findings);
    return words === '' ? nothing : html`<p>${words}</p>`;
  }
}

function hidden(words: string): TemplateResult {
  return html`<span class="visually-hidden">${words}</span>`;
}

const NAMES = {
  camera: () => msg('Camera'),
  microphone: () => msg('Microphone'),
  relay: () => msg('Connection'),
  media: () => msg('Picture and sound'),
  uplink: () => msg('Upload speed'),
} as const satisfies Record<PreflightCheck, () => string>;

type Words = { [C in PreflightCheck]: Record<PreflightFindings[C], () => string> };

const none = () => '';

const WORDS: Words = {
  camera: {
    works: none,
    paused: () => msg('Your camera is paused.'),
    noPicture: () => msg('Your camera gives no picture. Perhaps another app is using it.'),
    missing: () => msg('Without the camera you can send photos during the session.'),
  },
  microphone: {
    works: none,
    muted: () => msg('Your microphone is muted.'),
    silent: () => msg('Your microphone gives no sound. Perhaps it is switched off or used by a call.'),
    missing: () => msg('The technician cannot hear you: there is no microphone.'),
  },
  relay: {
    works: none,
    slow: () => msg('Your connection is slow; answers may take a moment.'),
    verySlow: () => msg('Your connection is very slow. Please go closer to the Wi-Fi, or use mobile data.'),
  },
  media: {
    udp: none,
    turn: () => msg('Your network lets picture and sound through by a detour only; they may lag a little.'),
    blocked: () => msg('Your network blocks video and sound. The technician will see photos instead.'),
    unknown: none,
  },
  uplink: {
    good: none,
    narrow: () => msg('Your upload is slow. The picture may be simpler, so that you can talk well.'),
    poor: () => msg('Your upload is very slow. The technician may see photos instead of video.'),
    unknown: none,
  },
};

/** Why something is not well; empty when it is, or when nothing is known. */
export function preflightWords(check: PreflightCheck, findings: Partial<PreflightFindings>): string {
  const words: Record<string, () => string> = WORDS[check];
  const finding = findings[check];
  return (finding === undefined ? undefined : words[finding]?.()) ?? '';
}

declare global {
  interface HTMLElementTagNameMap {
    'preflight-list': PreflightList;
  }
}
