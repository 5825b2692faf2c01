import { msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { icons } from './icons.ts';
import type { Lens } from './lenses.ts';
import { dialogStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/** Which camera, where there are more than two. Event: `lens-chosen`, its detail the device. */
@customElement('lens-menu')
export class LensMenu extends StepElement {
  static override styles = [
    controls,
    dialogStyles,
    css`
      dialog .actions {
        margin-top: 16px;
      }

      .lens {
        justify-content: space-between;
        overflow-wrap: anywhere;
      }

      .lens[aria-pressed='true'] {
        background: var(--accent-soft);
      }
    `,
  ];

  @property({ attribute: false }) lenses: readonly Lens[] = [];
  /** The one in use. */
  @property({ attribute: false }) current: string | undefined;

  open(): void {
    this.renderRoot.querySelector('dialog')?.showModal();
  }

  protected override render(): TemplateResult {
    return html`
      <dialog aria-labelledby="title">
        <h2 id="title">${msg('Which camera?')}</h2>
        <div class="actions">
          ${this.lenses.map((lens) => {
            const isCurrent = lens.deviceId === this.current;
            return html`<button class="lens" aria-pressed=${isCurrent} @click=${() => this.choose(lens)}>
              <span>${lensName(lens)}</span>${isCurrent ? icons.check : nothing}
            </button>`;
          })}
          <button class="primary" @click=${this.close}>${msg('Close')}</button>
        </div>
      </dialog>
    `;
  }

  private choose({ deviceId }: Lens): void {
    this.close();
    if (deviceId !== this.current) {
      this.tell('lens-chosen', deviceId);
    }
  }

  private close(): void {
    this.renderRoot.querySelector('dialog')?.close();
  }
}

/** Rear cameras that are only numbered may be of any kind. */
function lensName({ kind, number, label }: Lens): string {
  switch (kind) {
    case 'wide':
      return number > 0 ? msg(str`Rear camera ${number}`) : msg('Wide');
    case 'ultraWide':
      return numbered(msg('Ultra wide'), number);
    case 'tele':
      return numbered(msg('Tele'), number);
    case 'front':
      return numbered(msg('Front'), number);
    case 'other':
      return label || numbered(msg('Camera'), number);
  }
}

function numbered(name: string, number: number): string {
  return number > 0 ? `${name} ${number}` : name;
}

declare global {
  interface HTMLElementTagNameMap {
    'lens-menu': LensMenu;
  }
}
