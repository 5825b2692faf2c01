/** The whiteboard over the customer's picture, live or frozen: in the window that it is seen through, however it is turned and zoomed there. */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { BoardLayers, type LayersHost } from '../relay/client/board-layers.ts';
import { TEXT } from '../relay/client/mark-drawing.ts';
import type { PictureView, Point } from '../relay/client/picture-mapping.ts';
import { MARK_TEXT_MAX_LENGTH } from '../relay/protocol.ts';
import type { ConsoleBoard } from './console-boards.ts';
import type { Placement } from './picture-view.ts';

const QUARTERS = { 0: 0, 90: 1, 180: 2, 270: 3 } as const;

/** Where the person writes, in units of the board and in pixels of this element. */
type Writing = { at: Point; place: Point };

/** The whiteboard of a session, or the marks on a photo. */
export type DrawnOn = Pick<ConsoleBoard, 'tool' | 'colour' | 'frozen' | 'still' | 'on'> & {
  readonly link: LayersHost['link'];
};

@customElement('board-view')
@localized()
export class BoardView extends LitElement {
  static override styles = css`
    :host,
    canvas {
      position: absolute;
      inset: 0;
    }

    :host {
      pointer-events: none;
    }

    canvas {
      width: 100%;
      height: 100%;
    }

    .hand {
      pointer-events: auto;
      touch-action: none;
      cursor: crosshair;
    }

    .hand:focus-visible {
      outline: 2px solid #5cc8d4;
      outline-offset: -4px;
    }

    input {
      position: absolute;
      min-width: 120px;
      padding: 2px 4px;
      border: 2px dashed #101418;
      border-radius: 4px;
      background: rgb(255 255 255 / 92%);
      font: 600 16px system-ui, sans-serif;
      pointer-events: auto;
    }
  `;

  @property({ attribute: false }) board!: DrawnOn;
  /** In front of the technician. */
  @property({ attribute: false }) shown = false;
  /** Of the picture in its window. */
  @property({ attribute: false }) placement: Placement | undefined;
  @query('.finished') private readonly finished!: HTMLCanvasElement;
  @query('.moving') private readonly moving!: HTMLCanvasElement;
  @state() private writing: Writing | undefined;
  #layers: BoardLayers | undefined;
  #undo: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#undo = this.board.on(() => {
      this.#layers?.redraw();
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    this.#undo?.();
    this.#layers?.close();
    this.#layers = undefined;
    super.disconnectedCallback();
  }

  protected override updated(changed: PropertyValues): void {
    const layers = this.#open();
    const { tool, colour } = this.board;
    layers.enabled = tool !== undefined;
    layers.hand.tool = tool ?? 'pen';
    layers.hand.colour = colour;
    if (changed.has('placement')) {
      layers.redraw();
    }
    if (changed.has('writing') && this.writing) {
      this.renderRoot.querySelector('input')?.focus();
    }
  }

  #open(): BoardLayers {
    this.#layers ??= new BoardLayers({
      link: this.board.link,
      finished: this.finished,
      moving: this.moving,
      view: () => this.#view(),
      write: (at, place) => {
        this.writing = { at, place };
      },
    });
    return this.#layers;
  }

  #view(): PictureView | undefined {
    const { board, placement } = this;
    if (!placement || (board.frozen && !board.still)) {
      return undefined;
    }
    const { x: left, y: top, width, height } = placement.box;
    return {
      content: { left, top, width, height },
      quarterTurns: QUARTERS[placement.rotation],
      mirrored: false,
    };
  }

  protected override render(): TemplateResult {
    const { tool } = this.board;
    const draws = tool !== undefined && this.shown;
    return html`
      <canvas class="finished" aria-hidden="true"></canvas>
      <canvas
        class="moving ${draws ? 'hand' : ''}"
        role=${draws ? 'application' : nothing}
        aria-hidden=${draws ? nothing : 'true'}
        aria-label=${draws ? msg('Drawing area') : nothing}
        aria-description=${
          draws
            ? msg('Arrow keys move the cross, Enter begins a mark and finishes it, Escape takes it back.')
            : nothing
        }
        tabindex=${draws ? '0' : nothing}
      ></canvas>
      ${this.writing ? this.#input(this.writing) : nothing}
    `;
  }

  #input({ at, place }: Writing): TemplateResult {
    const size = TEXT * Math.max(this.clientWidth, this.clientHeight) * 0.8;
    return html`<input
      aria-label=${msg('Text on the picture')}
      maxlength=${MARK_TEXT_MAX_LENGTH}
      .style=${`left:${place.x}px;top:${place.y}px;font-size:${size}px`}
      @keydown=${(event: KeyboardEvent) => {
        event.stopPropagation();
        if (event.key === 'Enter') {
          this.#write(at, event);
        } else if (event.key === 'Escape') {
          this.#stopWriting();
        }
      }}
      @blur=${(event: FocusEvent) => this.#write(at, event)}
    />`;
  }

  #write(at: Point, { target }: Event): void {
    const text = target instanceof HTMLInputElement ? target.value.trim() : '';
    if (this.writing?.at === at && text !== '') {
      this.#layers?.hand.write(at, text);
    }
    if (this.writing?.at === at) {
      this.#stopWriting();
    }
  }

  #stopWriting(): void {
    this.writing = undefined;
    this.moving.focus({ preventScroll: true });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'board-view': BoardView;
  }
}
