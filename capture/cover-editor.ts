import { msg, str } from '@lit/localize';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { COVERS_MAX, type Cover, type Covers, coveredWord, NO_COVERS } from './cover-set.ts';
import { coverStyles } from './cover-styles.ts';
import {
  coverBetween,
  isLargeEnough,
  mirroredCover,
  moved,
  resized,
  withChanged,
  withCover,
  withoutCover,
} from './covers.ts';
import { icons } from './icons.ts';
import type { PhoneCamera } from './phone-camera.ts';
import { dialogStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/** Of one press of an arrow key, in shares of the picture. */
const STEP = 0.02;

type Point = { x: number; y: number };
type Drag = { from: Point } & ({ kind: 'new' } | { kind: 'move'; index: number; cover: Cover });

/** The customer blacks out parts of their picture, or all of it, and sees beside it what is left for the technician. */
@customElement('cover-editor')
export class CoverEditor extends StepElement {
  static override styles = [controls, dialogStyles, coverStyles];

  @property({ attribute: false }) phone: PhoneCamera | undefined;
  @property({ attribute: false }) covers: Covers = NO_COVERS;
  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @query('.own') private readonly picture!: HTMLElement;
  @state() private isOpen = false;
  /** While the finger is down; it covers when it is let go. */
  @state() private drawn: Cover | undefined;
  @state() private shape = 16 / 9;
  #drag: Drag | undefined;
  #own: MediaStream | undefined;
  #sent: MediaStream | undefined;
  /** Its cover gets the focus once it is there. */
  #focusLast = false;

  open(): void {
    this.isOpen = true;
    this.phone?.covering(true);
    this.dialog.showModal();
  }

  #closed(): void {
    this.isOpen = false;
    this.#drag = undefined;
    this.drawn = undefined;
    this.phone?.covering(false);
  }

  protected override updated(changed: PropertyValues): void {
    if (this.#focusLast && changed.has('covers')) {
      this.#focusLast = false;
      [...this.renderRoot.querySelectorAll<HTMLElement>('.cover')].at(-1)?.focus();
    }
  }

  protected override render(): TemplateResult {
    const { phone, covers, isOpen } = this;
    const camera = (isOpen && phone?.video) || undefined;
    this.#own = streamOf(camera, this.#own);
    // The very track that the senders have.
    this.#sent = streamOf((camera && phone?.outgoing(camera)) || undefined, this.#sent);
    const isMirrored = phone?.isMirrored === true;
    return html`
      <dialog aria-labelledby="title" @close=${this.#closed}>
        <div class="frame">
          <h2 id="title">${msg('Cover')}</h2>
          <p class="hint">
            ${msg('Draw over what the technician must not see. Covers do not move along with the phone.')}
          </p>
          <div
            class="own"
            .style=${`aspect-ratio: ${this.shape}`}
            @pointerdown=${this.#down}
            @pointermove=${this.#move}
            @pointerup=${this.#up}
            @pointercancel=${this.#cancel}
          >
            <video
              class=${isMirrored ? 'mirrored' : ''}
              .srcObject=${this.#own ?? null}
              .muted=${true}
              autoplay
              playsinline
              aria-hidden="true"
              @resize=${this.#sized}
            ></video>
            ${covers.everything ? html`<span class="shade"></span>` : nothing}
            ${covers.parts.map((cover, i) => this.#cover(cover, i, isMirrored))}
            ${this.drawn ? html`<span class="cover drawing" .style=${place(this.drawn, isMirrored)}></span>` : nothing}
          </div>
          <div class="tools">
            <button aria-pressed=${covers.everything} @click=${() => this.#change({ ...covers, everything: !covers.everything })}>
              ${msg('Cover everything')}
            </button>
            <button ?disabled=${covers.parts.length >= COVERS_MAX} @click=${this.#add}>${msg('Add a cover')}</button>
            <button ?disabled=${coveredWord(covers) === 'nothing'} @click=${() => this.#change(NO_COVERS)}>
              ${msg('Remove cover')}
            </button>
          </div>
          <div class="below">
            <section aria-labelledby="sees">
              <h3 id="sees">${msg('The technician sees this')}</h3>
              ${
                this.#sent
                  ? html`<video
                      class="sent"
                      .style=${`aspect-ratio: ${this.shape}`}
                      .srcObject=${this.#sent}
                      .muted=${true}
                      autoplay
                      playsinline
                      aria-label=${msg('What leaves your phone')}
                    ></video>`
                  : html`<p class="hint">${msg('Nothing at the moment')}</p>`
              }
            </section>
            <button class="primary" @click=${() => this.dialog.close()}>${icons.check}${msg('Done')}</button>
          </div>
        </div>
      </dialog>
    `;
  }

  #cover(cover: Cover, index: number, isMirrored: boolean): TemplateResult {
    const number = index + 1;
    return html`<button
      class="cover"
      data-index=${index}
      .style=${place(cover, isMirrored)}
      aria-label=${msg(str`Cover ${number}`)}
      aria-describedby="keys"
      @keydown=${(event: KeyboardEvent) => this.#pressed(event, index)}
    >
      ${index === 0 ? html`<span class="visually-hidden" id="keys">${msg('Arrow keys move it, with Shift they change its size, Delete removes it.')}</span>` : nothing}
    </button>`;
  }

  #change(covers: Covers): void {
    this.phone?.cover(covers);
  }

  #add(): void {
    this.#focusLast = true;
    this.#change(withCover(this.covers));
  }

  #pressed(event: KeyboardEvent, index: number): void {
    const cover = this.covers.parts[index];
    const way = WAYS[event.key];
    if (!cover) {
      return;
    }
    if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      this.#change(withoutCover(this.covers, index));
      return;
    }
    if (way) {
      event.preventDefault();
      const [x, y] = way;
      const byX = (this.phone?.isMirrored && !event.shiftKey ? -x : x) * STEP;
      const change = event.shiftKey ? resized : moved;
      this.#change(withChanged(this.covers, index, change(cover, byX, y * STEP)));
    }
  }

  /** Of the picture as it leaves the phone, not as in a mirror. */
  #at({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.picture.getBoundingClientRect();
    const x = (clientX - left) / width;
    return { x: this.phone?.isMirrored ? 1 - x : x, y: (clientY - top) / height };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0 || this.#drag) {
      return;
    }
    const from = this.#at(event);
    const index = Number(
      (event.target as HTMLElement).closest<HTMLElement>('.cover')?.dataset['index'] ?? -1,
    );
    const cover = this.covers.parts[index];
    this.#drag = cover ? { kind: 'move', index, cover, from } : { kind: 'new', from };
    this.picture.setPointerCapture(event.pointerId);
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag;
    if (!drag) {
      return;
    }
    const { x, y } = this.#at(event);
    if (drag.kind === 'move') {
      const cover = moved(drag.cover, x - drag.from.x, y - drag.from.y);
      this.#change(withChanged(this.covers, drag.index, cover));
    } else {
      this.drawn = coverBetween(drag.from.x, drag.from.y, x, y);
    }
  }

  #up(): void {
    if (this.drawn && isLargeEnough(this.drawn)) {
      this.#change(withCover(this.covers, this.drawn));
    }
    this.#cancel();
  }

  #cancel(): void {
    this.#drag = undefined;
    this.drawn = undefined;
  }

  #sized({ target }: Event): void {
    const { videoWidth, videoHeight } = target as HTMLVideoElement;
    if (videoWidth > 0) {
      this.shape = videoWidth / videoHeight;
    }
  }
}

const WAYS: Partial<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** As a property: the content security policy refuses attributes with styles. */
function place(cover: Cover, isMirrored: boolean): string {
  const { x, y, width, height } = isMirrored ? mirroredCover(cover) : cover;
  const percent = (share: number) => `${(share * 100).toFixed(3)}%`;
  return `left: ${percent(x)}; top: ${percent(y)}; width: ${percent(width)}; height: ${percent(height)}`;
}

/** The same stream as long as it is the same track: a `<video>` begins anew with another one. */
function streamOf(track: MediaStreamTrack | undefined, before: MediaStream | undefined) {
  return track && before?.getVideoTracks()[0] === track ? before : track && new MediaStream([track]);
}

declare global {
  interface HTMLElementTagNameMap {
    'cover-editor': CoverEditor;
  }
}
