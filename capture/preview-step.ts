import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { icons } from './icons.ts';
import './lens-menu.ts';
import { type Lens, needsMenu } from './lenses.ts';
import './level-meter.ts';
import { StepElement } from './step-element.ts';
import { controls, sheetStep } from './theme.ts';

/** The customer looks at their own picture first. Events: `preview-done`, `camera-switch`, `lens-chosen`. */
@customElement('preview-step')
export class PreviewStep extends StepElement {
  static override styles = [
    controls,
    sheetStep,
    css`
      .microphone {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 12px;
        align-items: center;
        min-height: 32px;
      }
    `,
  ];

  @property({ type: Boolean }) hasMicrophone = false;
  @property({ type: Boolean }) canSwitch = false;
  @property({ attribute: false }) lenses: readonly Lens[] = [];
  /** The camera in use. */
  @property({ attribute: false }) lens: string | undefined;
  @property({ type: Number }) level = 0;

  protected override render(): TemplateResult {
    return html`
      <h1 class="start" tabindex="-1">${msg('This is your picture')}</h1>
      <p>${msg('Nothing is sent yet. Only you can see it.')}</p>
      <div class="microphone">
        ${
          this.hasMicrophone
            ? html`${icons.microphone}<span>${msg('Your microphone')}</span><level-meter .level=${this.level}></level-meter>`
            : html`${icons.microphoneOff}<span>${msg('Without microphone')}</span>`
        }
      </div>
      <div class="actions">
        <button class="primary" @click=${() => this.tell('preview-done')}>${msg('Continue')}</button>
        ${
          this.canSwitch
            ? html`<button @click=${this.switch}>${icons.switchCamera} ${msg('Switch camera')}</button>`
            : nothing
        }
      </div>
      <lens-menu .lenses=${this.lenses} .current=${this.lens}></lens-menu>
    `;
  }

  private switch(): void {
    if (needsMenu(this.lenses)) {
      this.renderRoot.querySelector('lens-menu')?.open();
    } else {
      this.tell('camera-switch');
    }
  }
}
