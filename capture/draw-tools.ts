/** What the customer has in the hand while drawing: colours, undo, done. */
import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { COLOURS } from '../relay/client/mark-drawing.ts';
import type { MarkColour } from '../relay/protocol.ts';
import { icons } from './icons.ts';
import type { PhoneBoard } from './phone-board.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/** As many as fit beside each other under a thumb, as different as can be. */
const OFFERED = ['yellow', 'vermilion', 'skyBlue', 'black'] as const satisfies readonly MarkColour[];

@customElement('draw-tools')
export class DrawTools extends StepElement {
  static override styles = [
    controls,
    css`
      .bar {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
        align-items: center;
        justify-content: center;
        padding: 8px;
        border-radius: 20px;
        background: rgb(11 19 24 / 0.78);
        color: #ffffff;
      }

      .colour,
      .round {
        display: grid;
        place-items: center;
        width: 44px;
        min-height: 44px;
        padding: 0;
        border: 2px solid transparent;
        border-radius: 50%;
        background: none;
        color: inherit;
      }

      .colour[aria-pressed='true'] {
        border-color: #ffffff;
      }

      .colour span {
        width: 28px;
        height: 28px;
        border: 2px solid rgb(255 255 255 / 0.7);
        border-radius: 50%;
      }

      .round:disabled {
        opacity: 0.45;
      }

      .done {
        min-height: 48px;
        padding: 0 14px;
      }

      .full {
        flex: 1 0 100%;
        text-align: center;
      }

      .bar :focus-visible {
        outline-color: #ffffff;
        outline-offset: 0;
      }
    `,
  ];

  @property({ attribute: false }) board!: PhoneBoard;
  #stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = this.board.on(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    this.#stop?.();
    super.disconnectedCallback();
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>('.done')?.focus();
  }

  protected override render(): TemplateResult {
    const { board } = this;
    return html`
      <div class="bar" role="group" aria-label=${msg('Draw on the picture')}>
        ${
          board.isFull
            ? html`<p class="full" role="status">${msg('There are too many marks on the picture. Please take some back.')}</p>`
            : nothing
        }
        ${OFFERED.map(
          (colour) => html`<button
            class="colour"
            aria-label=${colourWord(colour)}
            aria-pressed=${colour === board.colour}
            @click=${() => board.paint(colour)}
          >
            <span .style=${`background:${COLOURS[colour]}`}></span>
          </button>`,
        )}
        <button class="round" aria-label=${msg('Undo')} ?disabled=${!board.link.canUndo} @click=${() => board.link.undo()}>
          ${icons.undo}
        </button>
        <button class="done primary" @click=${() => board.draw(false)}>${icons.check} ${msg('Done')}</button>
      </div>
    `;
  }
}

function colourWord(colour: (typeof OFFERED)[number]): string {
  switch (colour) {
    case 'vermilion':
      return msg('Red');
    case 'yellow':
      return msg('Yellow');
    case 'skyBlue':
      return msg('Blue');
    case 'black':
      return msg('Black');
  }
}
