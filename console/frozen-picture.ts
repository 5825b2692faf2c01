/** The still that both sides look at, over whatever is live. Stands in the stage, of which it takes size and turn. */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';

@customElement('frozen-picture')
@localized()
export class FrozenPicture extends LitElement {
  static override styles = css`
    :host,
    canvas {
      position: absolute;
      inset: 0;
    }

    canvas {
      width: 100%;
      height: 100%;
      background: var(--stage);
      object-fit: var(--picture-fit, contain);
    }
  `;

  @property({ attribute: false }) still!: ImageBitmap;
  /** In front of the technician. */
  @property({ attribute: false }) shown = false;
  @query('canvas') private readonly canvas!: HTMLCanvasElement;

  protected override updated(changed: PropertyValues): void {
    if (changed.has('still')) {
      this.canvas.width = this.still.width;
      this.canvas.height = this.still.height;
      this.canvas.getContext('2d')?.drawImage(this.still, 0, 0);
    }
  }

  protected override render(): TemplateResult {
    return html`<canvas role="img" aria-label=${this.shown ? msg('Frozen picture') : nothing}></canvas>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'frozen-picture': FrozenPicture;
  }
}
