/**
 * The window that pictures are seen through. Whatever stands inside (video, still, last picture) is sized,
 * turned, zoomed and moved as one; wheel, pinch and drag change it. What is in the slot `over` has the size of the window and
 * follows `placement` by itself. The geometry is in picture-view.ts.
 */
import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import {
  boundedZoom,
  type PictureView,
  type Placement,
  type Point,
  panned,
  place,
  rotated,
  type Scene,
  type Size,
  steppedTo,
  type ViewMode,
  WHOLE_PICTURE,
  ZOOM_STEP,
  zoomed,
} from './picture-view.ts';
import { rememberedView, rememberView } from './view-choice.ts';

/** What a person may want of the view; names are those of the buttons. */
export type ViewAction = ViewMode | 'zoomIn' | 'zoomOut' | 'turnRight' | 'turnLeft' | Direction;
export type Direction = 'left' | 'right' | 'up' | 'down';

const TOWARDS: Record<Direction, Point> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
};

/** Of a wheel that counts in lines (Firefox). */
const LINE_PX = 33;
/** A notch of the wheel has 100 px and is one step; a pinch on a touchpad has a few and follows the fingers. */
const ZOOM_PER_PX = 0.01;
/** Sides of a picture in other proportions than this are another picture: the phone was turned. */
const SAME_SHAPE = 0.03;

@customElement('picture-stage')
export class PictureStage extends LitElement {
  static override styles = css`
    :host {
      position: absolute;
      inset: 0;
      overflow: hidden;
      touch-action: pan-x pan-y;
    }

    :host([cropped]) {
      touch-action: none;
      cursor: grab;
    }

    :host([grabbed]) {
      cursor: grabbing;
    }

    .turned {
      position: absolute;
      top: 0;
      left: 0;
      width: 100%;
      height: 100%;
      transform-origin: 0 0;
    }
  `;

  /** Of what is shown, in its own pixels; undefined before the first picture. */
  @property({ attribute: false }) picture: Size | undefined;
  /** In front of the technician. */
  @property({ attribute: false }) shown = false;
  /** What is shown is looked at once: whole at first, and how it is turned says nothing of the next one. */
  @property({ type: Boolean }) oneTime = false;
  @query('.turned') private readonly turned!: HTMLElement;
  readonly #observer = new ResizeObserver(() => this.requestUpdate());
  readonly #pointers = new Map<number, Point>();
  #view = rememberedView();
  #placement: Placement | undefined;
  /** Chosen for this session; until then it follows what was chosen last in any. */
  #isOwn = false;
  #fullWidth = 0;
  #fullShape = 0;
  /** What was too little for a whole percent. */
  #zoomRest = 1;

  constructor() {
    super();
    this.addEventListener('wheel', (event) => this.#wheel(event));
    this.addEventListener('pointerdown', (event) => this.#down(event));
    this.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel'] as const) {
      this.addEventListener(end, (event) => this.#up(event));
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    this.#observer.disconnect();
    this.#pointers.clear();
    super.disconnectedCallback();
  }

  get view(): PictureView {
    return this.#view;
  }

  /** Undefined before the first picture. For whoever draws on it; `view-changed` tells of a new one. */
  get placement(): Placement | undefined {
    return this.#placement;
  }

  perform(action: ViewAction): void {
    const scene = this.#scene();
    switch (action) {
      case 'zoomIn':
      case 'zoomOut':
        this.#choose(zoomed(this.#view, scene, action === 'zoomIn' ? ZOOM_STEP : 1 / ZOOM_STEP));
        break;
      case 'turnLeft':
      case 'turnRight':
        this.#choose(rotated(this.#view, action === 'turnRight'));
        break;
      case 'zoom':
        // From what is on the screen, so that choosing it changes nothing yet.
        this.#choose(zoomed(this.#view, scene, 1));
        break;
      case 'fit':
      case 'actual':
      case 'stretch':
        this.#choose({ ...this.#view, mode: action });
        break;
      default:
        this.#choose(steppedTo(this.#view, scene, TOWARDS[action]));
    }
  }

  zoomTo(percent: number): void {
    this.#choose({ ...this.#view, mode: 'zoom', zoom: boundedZoom(percent) });
  }

  #choose(view: PictureView): void {
    this.#view = view;
    this.#isOwn = true;
    if (!this.oneTime) {
      rememberView(view);
    }
    this.requestUpdate();
  }

  #scene(): Scene {
    return {
      window: { width: this.clientWidth, height: this.clientHeight },
      picture: this.picture ?? { width: 0, height: 0 },
      fullWidth: this.#fullWidth,
      pixelRatio: devicePixelRatio,
    };
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('shown') && this.shown && !this.#isOwn) {
      this.#view = this.oneTime ? WHOLE_PICTURE : rememberedView();
    }
    if (changed.has('picture') && this.picture !== undefined && this.picture.height > 0) {
      const { width, height } = this.picture;
      const isSame = Math.abs(width / height / this.#fullShape - 1) < SAME_SHAPE;
      this.#fullWidth = isSame ? Math.max(width, this.#fullWidth) : width;
      this.#fullShape = width / height;
    }
  }

  protected override updated(): void {
    const placement = place(this.#view, this.#scene());
    const { style } = this.turned;
    style.width = placement ? `${placement.element.width}px` : '';
    style.height = placement ? `${placement.element.height}px` : '';
    style.transform = placement ? `matrix(${placement.matrix.join()})` : '';
    // Inherited by what stands inside. A still of other proportions than the video keeps them.
    this.style.setProperty('--picture-fit', this.#view.mode === 'stretch' ? 'fill' : 'contain');
    this.toggleAttribute('cropped', placement?.isCropped === true);
    const before = JSON.stringify(this.#placement);
    this.#placement = placement;
    if (JSON.stringify(placement) !== before) {
      this.dispatchEvent(new CustomEvent('view-changed'));
    }
  }

  protected override render(): TemplateResult {
    return html`<div class="turned"><slot></slot></div><slot name="over"></slot>`;
  }

  // -------------------------------------------------------------- wheel, pinch, drag

  #wheel(event: WheelEvent): void {
    const scale = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    const [x, y] = [event.deltaX * scale, event.deltaY * scale];
    if (event.ctrlKey) {
      event.preventDefault();
      const most = Math.log(ZOOM_STEP);
      this.#zoomBy(Math.exp(-Math.max(-most, Math.min(most, y * ZOOM_PER_PX))), this.#pointOf(event));
    } else if (this.#placement?.isCropped) {
      event.preventDefault();
      const isAcross = event.shiftKey && x === 0;
      this.#choose(panned(this.#view, this.#scene(), isAcross ? { x: -y, y: 0 } : { x: -x, y: -y }));
    }
  }

  #zoomBy(factor: number, anchor: Point): void {
    this.#zoomRest = Math.max(1 / ZOOM_STEP, Math.min(ZOOM_STEP, this.#zoomRest * factor));
    const next = zoomed(this.#view, this.#scene(), this.#zoomRest, anchor);
    if (next.zoom !== this.#view.zoom || this.#view.mode !== 'zoom') {
      this.#zoomRest = 1;
      this.#choose(next);
    }
  }

  /** Of the window that the picture is seen through. */
  #pointOf({ clientX, clientY }: MouseEvent): Point {
    const { left, top } = this.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  #down(event: PointerEvent): void {
    // Whoever draws on the picture keeps the pointer for that.
    if (event.defaultPrevented || event.button !== 0) {
      return;
    }
    this.#pointers.set(event.pointerId, this.#pointOf(event));
    if (this.#placement?.isCropped || this.#pointers.size === 2) {
      this.setPointerCapture(event.pointerId);
      this.toggleAttribute('grabbed', true);
    }
  }

  #move(event: PointerEvent): void {
    const from = this.#pointers.get(event.pointerId);
    if (from === undefined) {
      return;
    }
    const to = this.#pointOf(event);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, to);
    if (other !== undefined) {
      const distance = (point: Point) => Math.hypot(point.x - other.x, point.y - other.y);
      this.#zoomBy(distance(to) / Math.max(1, distance(from)), {
        x: (to.x + other.x) / 2,
        y: (to.y + other.y) / 2,
      });
    } else if (this.#placement?.isCropped) {
      this.#choose(panned(this.#view, this.#scene(), { x: to.x - from.x, y: to.y - from.y }));
    }
  }

  #up(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    this.toggleAttribute('grabbed', this.#pointers.size > 0 && this.#placement?.isCropped === true);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'picture-stage': PictureStage;
  }
}
