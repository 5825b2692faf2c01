/** Marks over the customer's own picture, and the frozen picture that covers it. Stands in the self-view. */
import { msg } from '@lit/localize';
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { BoardLayers } from '../relay/client/board-layers.ts';
import { fitPicture, type PictureView } from '../relay/client/picture-mapping.ts';
import type { PhoneBoard } from './phone-board.ts';

@customElement('board-layer')
export class BoardLayer extends LitElement {
  static override styles = css`
    :host,
    canvas {
      position: absolute;
      inset: 0;
    }

    canvas {
      width: 100%;
      height: 100%;
    }

    [hidden] {
      display: none;
    }

    .still {
      background: #0b1318;
      object-fit: contain;
    }

    .hand {
      touch-action: none;
    }

    .hand:focus-visible {
      outline: 3px solid #ffffff;
      outline-offset: -6px;
    }
  `;

  @property({ attribute: false }) board!: PhoneBoard;
  /** The video below, of which marks take their place. */
  @property({ attribute: false }) video: HTMLVideoElement | null = null;
  @query('.still') private readonly stillCanvas!: HTMLCanvasElement | null;
  @query('.finished') private readonly finished!: HTMLCanvasElement;
  @query('.moving') private readonly moving!: HTMLCanvasElement;
  #layers: BoardLayers | undefined;
  #drawnStill: ImageBitmap | undefined;
  #stop: (() => void) | undefined;
  #watched: HTMLVideoElement | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = this.board.on(() => {
      this.#layers?.redraw();
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    this.#stop?.();
    this.#watched?.removeEventListener('resize', this.#resized);
    this.#watched = null;
    this.#layers?.close();
    this.#layers = undefined;
    super.disconnectedCallback();
  }

  readonly #resized = (): void => this.#layers?.redraw();

  protected override updated(): void {
    if (this.video !== this.#watched) {
      this.#watched?.removeEventListener('resize', this.#resized);
      this.#watched = this.video;
      this.#watched?.addEventListener('resize', this.#resized);
    }
    const { board } = this;
    this.#layers ??= new BoardLayers({
      link: board.link,
      finished: this.finished,
      moving: this.moving,
      view: () => this.#view(),
      write: () => undefined,
    });
    this.#layers.enabled = board.drawing;
    this.#layers.hand.colour = board.colour;
    if (board.still !== this.#drawnStill) {
      this.#drawnStill = board.still;
      this.#drawStill();
    }
    this.#layers.redraw();
  }

  #view(): PictureView | undefined {
    const { board, moving, video } = this;
    const { videoWidth = 0, videoHeight = 0 } = video ?? {};
    const picture = board.frozen ? board.still : { width: videoWidth, height: videoHeight };
    if (!picture || picture.width === 0) {
      return undefined;
    }
    const element = { width: moving.clientWidth, height: moving.clientHeight };
    const content = fitPicture(element, picture, board.showsWhole ? 'contain' : 'cover');
    return { content, quarterTurns: 0, mirrored: board.mirrored };
  }

  #drawStill(): void {
    const { still } = this.board;
    const canvas = this.stillCanvas;
    if (canvas && still) {
      canvas.width = still.width;
      canvas.height = still.height;
      canvas.getContext('2d')?.drawImage(still, 0, 0);
    }
  }

  protected override render(): TemplateResult {
    const { drawing, frozen, still } = this.board;
    return html`
      <canvas
        class="still"
        role="img"
        aria-label=${msg('Frozen picture')}
        ?hidden=${!frozen || !still}
      ></canvas>
      <canvas class="finished" aria-hidden="true"></canvas>
      ${
        // The same canvas in both cases: its strokes go on.
        html`<canvas
          class="moving ${drawing ? 'hand' : ''}"
          role=${drawing ? 'application' : 'none'}
          aria-label=${drawing ? msg('Drawing area') : ''}
          aria-description=${
            drawing
              ? msg('Arrow keys move the cross, Enter begins a line and finishes it, Escape takes it back.')
              : ''
          }
          tabindex=${drawing ? 0 : -1}
        ></canvas>`
      }
    `;
  }
}
