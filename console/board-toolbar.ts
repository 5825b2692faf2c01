/** Tools of the whiteboard, at the picture's side; with room for the buttons of what else is done with the picture. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { DrawingTool } from '../relay/client/drawing-hand.ts';
import { COLOURS } from '../relay/client/mark-drawing.ts';
import { MARK_COLOURS, type MarkColour, type SessionId } from '../relay/protocol.ts';
import type { ConsoleBoard } from './console-boards.ts';
import { failureSentence } from './failure-words.ts';
import { type IconName, icon } from './icons.ts';
import { savePicture } from './save-picture.ts';
import { StatefulElement } from './stateful-element.ts';

export const TOOLS = [
  ['pen', 'pencil'],
  ['highlighter', 'highlighter'],
  ['arrow', 'arrowUpRight'],
  ['numberedArrow', 'listOrdered'],
  ['circle', 'circle'],
  ['rectangle', 'square'],
  ['text', 'type'],
  ['laser', 'target'],
] as const satisfies readonly (readonly [DrawingTool, IconName])[];

@customElement('board-toolbar')
@localized()
export class BoardToolbar extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 10px;
        padding: 8px;
        border: 1px solid var(--line);
        border-bottom: 0;
        border-right: 0;
        border-radius: var(--radius) 0 0;
        background: var(--surface);
        overflow: auto;
      }

      .tools,
      .colours {
        display: grid;
        grid-template-columns: repeat(2, 36px);
        gap: 4px;
        justify-content: center;
      }

      .tools .button {
        min-height: 36px;
        padding: 0;
        font-size: 16px;
      }

      .button[aria-pressed='true'] {
        border-color: var(--accent);
        background: var(--accent);
        color: var(--on-accent);
      }

      .colours button {
        display: grid;
        place-items: center;
        width: 36px;
        height: 28px;
        padding: 0;
        border: 2px solid transparent;
        border-radius: var(--radius-small);
        background: none;
        cursor: pointer;
      }

      .colours button[aria-pressed='true'] {
        border-color: var(--ink);
      }

      .colours span {
        width: 20px;
        height: 20px;
        border: 1px solid var(--line-strong);
        border-radius: 50%;
      }

      .still {
        display: grid;
        gap: 4px;
        justify-items: stretch;
      }

      .still .button {
        width: 96px;
        min-height: 36px;
        padding: 4px 2px;
        flex-direction: column;
        gap: 2px;
        font-size: 11.5px;
        white-space: normal;
        hyphens: auto;
      }

      .said {
        width: 96px;
        font-size: 12px;
        overflow-wrap: anywhere;
      }

      .bad {
        color: var(--danger);
      }

      /* Above the picture, where there is no room beside it. */
      @container (max-width: 480px) {
        :host {
          flex-flow: row wrap;
          gap: 6px;
          border-right: 1px solid var(--line);
          border-radius: var(--radius) var(--radius) 0 0;
        }

        .tools,
        .colours {
          grid-template-columns: repeat(8, 36px);
        }

        .actions {
          grid-template-columns: repeat(3, 36px);
        }

        .still {
          grid-auto-flow: column;
        }

        .said {
          width: auto;
        }
      }
    `,
  ];

  @property({ attribute: false }) board!: ConsoleBoard;
  @property({ attribute: false }) sessionId: SessionId = 0;
  #stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = this.board.on(() => this.requestUpdate());
    this.setAttribute('role', 'group');
  }

  override disconnectedCallback(): void {
    this.#stop?.();
    super.disconnectedCallback();
  }

  protected override render(): TemplateResult {
    const { board } = this;
    const { link, colour } = board;
    this.setAttribute('aria-label', msg('Whiteboard'));
    return html`
      <div class="tools">
        ${TOOLS.map(([tool, sign]) => this.#tool(tool, sign))}
      </div>
      <div class="colours" role="group" aria-label=${msg('Colour')}>
        ${MARK_COLOURS.map((each) => {
          const name = colourWord(each);
          return html`<button
            title=${name}
            aria-label=${name}
            aria-pressed=${each === colour}
            @click=${() => board.paint(each)}
          >
            <span .style=${`background:${COLOURS[each]}`}></span>
          </button>`;
        })}
      </div>
      <div class="tools actions">
        ${this.#action(msg('Undo'), 'undo2', !link.canUndo, () => link.undo())}
        ${this.#action(msg('Redo'), 'redo2', !link.canRedo, () => link.redo())}
        ${this.#action(msg('Erase all'), 'eraser', link.marks.length === 0, () => link.clear())}
      </div>
      <div class="still">${this.#freezing()}<slot></slot></div>
      <p class="said ${board.problem ? 'bad' : ''}" role="status">${this.#said()}</p>
    `;
  }

  #tool(tool: DrawingTool, sign: IconName): TemplateResult {
    const { board } = this;
    const name = toolWord(tool);
    const pressed = board.tool === tool;
    return html`<button
      class="button"
      title=${name}
      aria-label=${name}
      aria-pressed=${pressed}
      ?disabled=${!board.link.mayDraw}
      @click=${() => board.choose(pressed ? undefined : tool)}
    >
      ${icon(sign)}
    </button>`;
  }

  #action(name: string, sign: IconName, disabled: boolean, run: () => void): TemplateResult {
    return html`<button class="button" title=${name} aria-label=${name} ?disabled=${disabled} @click=${run}>
      ${icon(sign)}
    </button>`;
  }

  #freezing(): TemplateResult {
    const { board } = this;
    return html`
      <button
        class="button"
        ?disabled=${board.freezing || !board.link.mayDraw}
        @click=${() => void (board.frozen ? board.unfreeze() : board.freeze())}
      >
        ${icon('snowflake')}${board.frozen ? msg('Unfreeze') : msg('Freeze')}
      </button>
      ${
        board.frozen && board.still
          ? html`<button class="button" @click=${() => this.#save(board.still)}>
              ${icon('download')}${msg('Save picture')}
            </button>`
          : nothing
      }
    `;
  }

  #said(): string | typeof nothing {
    const { problem, freezing } = this.board;
    if (problem) {
      return failureSentence(problem);
    }
    return freezing ? msg('Freezing …') : nothing;
  }

  #save(still: ImageBitmap | undefined): void {
    if (!still) {
      return;
    }
    const time = new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
    const name = `session-${this.sessionId}-${time}.png`;
    void savePicture(still, this.board.link.marks, { name, type: 'image/png' });
  }
}

export function toolWord(tool: DrawingTool): string {
  switch (tool) {
    case 'pen':
      return msg('Pen');
    case 'highlighter':
      return msg('Highlighter');
    case 'arrow':
      return msg('Arrow');
    case 'numberedArrow':
      return msg('Numbered arrow');
    case 'circle':
      return msg('Circle');
    case 'rectangle':
      return msg('Rectangle');
    case 'text':
      return msg('Text');
    case 'laser':
      return msg('Laser pointer');
  }
}

export function colourWord(colour: MarkColour): string {
  switch (colour) {
    case 'vermilion':
      return msg('Red');
    case 'orange':
      return msg('Orange');
    case 'yellow':
      return msg('Yellow');
    case 'green':
      return msg('Green');
    case 'skyBlue':
      return msg('Light blue');
    case 'blue':
      return msg('Blue');
    case 'purple':
      return msg('Pink');
    case 'black':
      return msg('Black');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'board-toolbar': BoardToolbar;
  }
}
