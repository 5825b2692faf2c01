import { msg } from '@lit/localize';
import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { LEVEL_STEPS } from './microphone-level.ts';
import { StepElement } from './step-element.ts';

/** Volume of the customer's own microphone, as bars of growing height. */
@customElement('level-meter')
export class LevelMeter extends StepElement {
  static override styles = css`
    :host {
      display: inline-flex;
      color: var(--live);
    }

    div {
      display: flex;
      gap: 3px;
      align-items: flex-end;
      height: 20px;
    }

    i {
      width: 5px;
      border: 1px solid currentColor;
      border-radius: 2px;
    }

    i:nth-child(1) {
      height: 6px;
    }

    i:nth-child(2) {
      height: 9px;
    }

    i:nth-child(3) {
      height: 13px;
    }

    i:nth-child(4) {
      height: 16px;
    }

    i:nth-child(5) {
      height: 20px;
    }

    .lit {
      background: currentColor;
    }
  `;

  /** 0 to LEVEL_STEPS */
  @property({ type: Number }) level = 0;

  protected override render(): TemplateResult {
    return html`
      <div
        role="meter"
        aria-label=${msg('Volume of your microphone')}
        aria-valuemin="0"
        aria-valuemax=${LEVEL_STEPS}
        aria-valuenow=${this.level}
      >
        ${Array.from({ length: LEVEL_STEPS }, (_, step) => html`<i class=${step < this.level ? 'lit' : ''}></i>`)}
      </div>
    `;
  }
}
