import { msg } from '@lit/localize';
import { css, html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { icons } from './icons.ts';
import { StepElement } from './step-element.ts';
import { controls, pageStep } from './theme.ts';

/** What is going to happen, in three sentences. Event: `tutorial-done`. */
@customElement('tutorial-step')
export class TutorialStep extends StepElement {
  static override styles = [
    controls,
    pageStep,
    css`
      ul {
        display: grid;
        gap: 16px;
        list-style: none;
      }

      li {
        display: flex;
        gap: 16px;
        align-items: center;
      }

      .actions {
        flex-flow: row-reverse wrap;
      }

      .actions button {
        flex: 1 1 auto;
        padding-inline: 12px;
      }

      li .icon {
        box-sizing: content-box;
        padding: 12px;
        border-radius: var(--radius);
        background: var(--accent-soft);
        color: var(--accent);
      }
    `,
  ];

  protected override render(): TemplateResult {
    const done = () => this.tell('tutorial-done');
    return html`
      <div class="content">
        <div class="words">
        <h1 class="start" tabindex="-1">${msg('Show the technician what you see')}</h1>
        <ul>
          <li>${icons.camera}<span>${msg('You point the camera of this phone at the problem.')}</span></li>
          <li>${icons.talk}<span>${msg('The technician sees the picture and talks to you.')}</span></li>
          <li>
            ${icons.safe}
            <span>${msg('Nothing is sent until the technician starts. You can stop at any time.')}</span>
          </li>
        </ul>
        </div>
        <div class="actions">
          <button class="primary" @click=${done}>${msg('OK')}</button>
          <button @click=${done}>${msg('Skip')}</button>
        </div>
      </div>
    `;
  }
}
