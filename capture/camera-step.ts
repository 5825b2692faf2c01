import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { type BrowserKind, ownBrowserLink } from './browser.ts';
import { icons } from './icons.ts';
import { recoveryOf } from './recovery-text.ts';
import { StepElement } from './step-element.ts';
import { controls, pageStep } from './theme.ts';
import type { CameraProblem } from './user-media.ts';

/**
 * Says why the camera is needed, asks for it in the tap, and explains the way out when it does not open.
 * Events: `camera-wanted`, its detail whether the microphone is wanted too; `camera-skipped`; `leave`.
 */
@customElement('camera-step')
export class CameraStep extends StepElement {
  static override styles = [
    controls,
    pageStep,
    css`
      ol {
        display: grid;
        gap: 12px;
        padding-inline-start: 0;
        list-style: none;
        counter-reset: step;
      }

      li {
        display: flex;
        gap: 12px;
        counter-increment: step;
      }

      li::before {
        content: counter(step);
        flex: none;
        width: 32px;
        height: 32px;
        border-radius: 50%;
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 700;
        line-height: 32px;
        text-align: center;
      }

      .picture {
        display: flex;
        gap: 8px;
        color: var(--accent);
      }

      .picture .icon {
        box-sizing: content-box;
        width: 32px;
        height: 32px;
        padding: 16px;
        border-radius: var(--radius);
        background: var(--accent-soft);
      }

      li > div {
        flex: 1;
        display: grid;
        gap: 8px;
      }

      .drawing {
        width: min(200px, 100%);
        fill: none;
        stroke: none;
        stroke-width: 2;
        stroke-linecap: round;
        stroke-linejoin: round;
      }

      .drawing .line {
        stroke: var(--ink);
      }

      .drawing .fill {
        fill: var(--accent-soft);
      }

      .drawing .faint {
        stroke: var(--line);
      }

      .drawing .mark {
        stroke: var(--warn);
        stroke-width: 3;
      }

      .drawing .on {
        fill: var(--accent);
      }

      .drawing .knob {
        fill: var(--card);
      }

      .drawing .tick {
        stroke: var(--accent);
        stroke-width: 3;
      }

      .waiting {
        display: flex;
        gap: 12px;
        align-items: center;
      }
    `,
  ];

  @property({ attribute: false }) problem: CameraProblem | undefined;
  @property({ attribute: false }) browser: BrowserKind = 'desktop';
  /** The browser's own question is on the screen. */
  @property({ type: Boolean }) busy = false;
  /** The session runs already, so there must be a way out of it. */
  @property({ type: Boolean }) inside = false;
  @state() private copied = false;
  /** Of the steps, once they are here. */
  @state() private pictures: (TemplateResult | undefined)[] = [];

  protected override updated(changes: Map<PropertyKey, unknown>): void {
    if (changes.has('problem') && this.problem) {
      this.renderRoot.querySelector<HTMLElement>('.start')?.focus();
      void this.illustrate();
    }
  }

  private async illustrate(): Promise<void> {
    if (this.pictures.length === 0 && (this.problem === 'denied' || this.problem === 'microphoneDenied')) {
      try {
        const { recoveryPictures } = await import('./recovery-pictures.ts');
        this.pictures = recoveryPictures(this.browser);
      } catch {
        // The words say it all, too.
      }
    }
  }

  protected override render(): TemplateResult {
    return html`<div class="content">${this.problem ? this.recovery(this.problem) : this.question()}</div>`;
  }

  private question(): TemplateResult {
    const inApp = this.browser === 'inApp';
    return html`
      <div class="words">
      <div class="picture">${icons.camera}${icons.microphone}</div>
      <h1 class="start" tabindex="-1">${msg('Camera and microphone')}</h1>
      <p>${msg('So that the technician can see the problem and talk to you, this page needs your camera and your microphone.')}</p>
      <p class="quiet-text">${msg('Your browser will ask you. Please choose “Allow”. Nothing is sent yet.')}</p>
      ${inApp ? html`<p>${msg('If this app does not let the page use the camera, open the page in your browser.')}</p>` : nothing}
      </div>
      ${this.actions(msg('Allow camera and microphone'), true, false, inApp)}
    `;
  }

  private recovery(problem: CameraProblem): TemplateResult {
    const { title, text, steps } = recoveryOf(problem, this.browser);
    const withoutMicrophone =
      problem === 'microphoneDenied' || problem === 'noMicrophone' || problem === 'microphoneInUse';
    const showsPictures =
      problem === 'microphoneDenied' || (problem === 'denied' && this.browser !== 'inApp');
    const elsewhere = problem === 'unsupported' || (problem === 'denied' && this.browser === 'inApp');
    return html`
      <div class="words">
      <div role="alert">
        <h1 class="start" tabindex="-1">${title}</h1>
      </div>
      <p>${text}</p>
      ${steps.length > 0 ? html`<ol>${steps.map((step, i) => html`<li><div>${step}${showsPictures ? this.pictures[i] : nothing}</div></li>`)}</ol>` : nothing}
      ${withoutMicrophone ? nothing : html`<p>${msg('You can also go on without the camera and send photos.')}</p>`}
      </div>
      ${
        problem === 'insecure'
          ? html`<div class="actions">
              <a class="button primary" href=${secureAddress()}>${msg('Open the secure page')}</a>
              ${this.skip()}
            </div>`
          : this.actions(msg('Try again'), !withoutMicrophone, withoutMicrophone, elsewhere)
      }
    `;
  }

  private actions(
    label: string,
    primary: boolean,
    withoutMicrophone = false,
    elsewhere = false,
  ): TemplateResult {
    return html`
      <div class="actions">
        <div role="status">
          ${
            this.busy
              ? html`<p class="waiting"><span class="spinner"></span>${msg('Please answer the question of your browser.')}</p>`
              : nothing
          }
        </div>
        ${
          withoutMicrophone
            ? html`<button class="primary" ?disabled=${this.busy} @click=${() => this.tell('camera-wanted', false)}>
                ${msg('Continue without microphone')}
              </button>`
            : nothing
        }
        <button
          class=${primary ? 'primary' : ''}
          ?disabled=${this.busy}
          @click=${() => this.tell('camera-wanted', true)}
        >
          ${label}
        </button>
        ${elsewhere ? this.waysElsewhere() : nothing}
        ${this.problem && !withoutMicrophone ? this.skip() : nothing}
        ${this.inside ? html`<button @click=${() => this.tell('leave')}>${msg('Disconnect')}</button>` : nothing}
      </div>
    `;
  }

  private skip(): TemplateResult {
    return html`<button ?disabled=${this.busy} @click=${() => this.tell('camera-skipped')}>
      ${msg('Go on without camera')}
    </button>`;
  }

  private waysElsewhere(): TemplateResult {
    const link = ownBrowserLink(navigator.userAgent, location.href);
    return html`
      ${link ? html`<a class="button" href=${link}>${msg('Open in browser')}</a>` : nothing}
      <button @click=${this.copyAddress}>
        ${this.copied ? icons.check : nothing} ${this.copied ? msg('Address copied') : msg('Copy address')}
      </button>
    `;
  }

  private async copyAddress(): Promise<void> {
    try {
      await navigator.clipboard.writeText(location.href);
      this.copied = true;
    } catch {
      // No clipboard in this app either: the menu, which the text names first, remains.
    }
  }
}

function secureAddress(): string {
  const address = new URL(location.href);
  address.protocol = 'https:';
  return address.href;
}
