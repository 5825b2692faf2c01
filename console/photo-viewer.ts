/** One photo in front of everything: closer, turned, with marks on top that are kept apart from it, and as a file. */
import { localized, msg } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { COLOURS } from '../relay/client/mark-drawing.ts';
import { MARK_COLOURS, type PhotoId, type PhotoView, type SessionId } from '../relay/protocol.ts';
import { colourWord, TOOLS, toolWord } from './board-toolbar.ts';
import './board-view.ts';
import type { Topic } from './console-state.ts';
import { failureSentence } from './failure-words.ts';
import { type IconName, icon } from './icons.ts';
import { dateAndTime } from './localization.ts';
import type { PhotoMarks } from './photo-marks.ts';
import { photoViewerStyles } from './photo-viewer-styles.ts';
import './photo-reading.ts';
import './picture-stage.ts';
import type { PictureStage, ViewAction } from './picture-stage.ts';
import type { Size } from './picture-view.ts';
import { saveFile, savePicture } from './save-picture.ts';
import { StatefulElement } from './stateful-element.ts';

const EXTENSIONS = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' } as const;

@customElement('photo-viewer')
@localized()
export class PhotoViewer extends StatefulElement {
  static override styles = [StatefulElement.styles, photoViewerStyles];
  protected override readonly topics: readonly Topic[] = ['photos'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @query('picture-stage') private readonly stage!: PictureStage | null;
  @state() private photoId: PhotoId | undefined;
  @state() private viewRevision = 0;
  /** The person is asked whether the photo shall go. */
  @state() private isDeleting = false;
  /** As the photo stands upright, which its first bytes do not say. */
  @state() private size: Size | undefined;
  #stopMarks: (() => void) | undefined;

  async show(photoId: PhotoId): Promise<void> {
    this.#open(photoId);
    await this.updateComplete;
    if (!this.dialog.open) {
      this.dialog.showModal();
    }
  }

  #open(photoId: PhotoId | undefined): void {
    this.#stopMarks?.();
    this.#stopMarks = undefined;
    this.photoId = photoId;
    this.isDeleting = false;
    this.size = undefined;
    if (photoId !== undefined) {
      this.#stopMarks = this.state.photos.marksOf(this.sessionId, photoId).on(() => this.requestUpdate());
    }
  }

  override disconnectedCallback(): void {
    this.#open(undefined);
    super.disconnectedCallback();
  }

  get #kept(): PhotoView[] {
    return this.state.photos.of(this.sessionId).filter(({ state }) => state === 'kept');
  }

  protected override render(): TemplateResult {
    const photo = this.#kept.find(({ id }) => id === this.photoId);
    return html`
      <dialog aria-labelledby="title" @close=${() => this.#open(undefined)} @keydown=${this.#keyed}>
        ${photo ? this.#content(photo) : nothing}
      </dialog>
    `;
  }

  #content(photo: PhotoView): TemplateResult {
    const marks = this.state.photos.marksOf(this.sessionId, photo.id);
    const image = this.state.photos.imageOf(this.sessionId, photo);
    return html`
      <div class="dialog-head">
        <h1 id="title">${msg('Photo')} <span class="muted number">${dateAndTime(photo.at)}</span></h1>
        <button class="icon-button" aria-label=${msg('Close')} autofocus @click=${() => this.dialog.close()}>
          ${icon('x')}
        </button>
      </div>
      <div class="middle">
        ${this.#drawing(marks)}
        <div class="picture">
          <picture-stage
            oneTime
            .picture=${this.size}
            .shown=${true}
            @view-changed=${() => {
              this.viewRevision += 1;
            }}
          >
            ${image ? html`<img src=${image.url} alt=${msg('Photo')} draggable="false" @load=${this.#loaded} />` : nothing}
            <board-view
              slot="over"
              .board=${marks}
              .shown=${true}
              .placement=${this.stage?.placement}
              data-revision=${this.viewRevision}
            ></board-view>
          </picture-stage>
        </div>
        <photo-reading .state=${this.state} .sessionId=${this.sessionId} .photo=${image?.blob}></photo-reading>
      </div>
      <p class="said" role="status">${marks.problem ? failureSentence(marks.problem) : nothing}</p>
      <div class="foot">${this.#viewing()}<span class="spring"></span>${this.#files(photo, marks)}</div>
    `;
  }

  #loaded({ target }: Event): void {
    if (target instanceof HTMLImageElement) {
      this.size = { width: target.naturalWidth, height: target.naturalHeight };
    }
  }

  #drawing(marks: PhotoMarks): TemplateResult {
    return html`<div class="drawing" role="group" aria-label=${msg('Marks')}>
      <div class="grid">
        ${TOOLS.filter(([tool]) => tool !== 'laser').map(([tool, sign]) =>
          this.#button(toolWord(tool), sign, {
            pressed: marks.tool === tool,
            run: () => marks.choose(marks.tool === tool ? undefined : tool),
          }),
        )}
      </div>
      <div class="grid" role="group" aria-label=${msg('Colour')}>
        ${MARK_COLOURS.map(
          (colour) => html`<button
            class="colour"
            title=${colourWord(colour)}
            aria-label=${colourWord(colour)}
            aria-pressed=${colour === marks.colour}
            @click=${() => marks.paint(colour)}
          >
            <span .style=${`background:${COLOURS[colour]}`}></span>
          </button>`,
        )}
      </div>
      <div class="grid">
        ${this.#button(msg('Undo'), 'undo2', { disabled: !marks.canUndo, run: () => marks.undo() })}
        ${this.#button(msg('Redo'), 'redo2', { disabled: !marks.canRedo, run: () => marks.redo() })}
        ${this.#button(msg('Erase all'), 'eraser', { disabled: !marks.canUndo, run: () => marks.clear() })}
      </div>
    </div>`;
  }

  #viewing(): TemplateResult {
    const kept = this.#kept;
    const at = kept.findIndex(({ id }) => id === this.photoId);
    const act = (action: ViewAction) => () => this.stage?.perform(action);
    return html`
      ${this.#button(msg('Zoom out'), 'minus', { run: act('zoomOut') })}
      ${this.#button(msg('Zoom in'), 'plus', { run: act('zoomIn') })}
      ${this.#button(msg('Fit'), 'maximize', { run: act('fit') })}
      ${this.#button(msg('Turn left'), 'rotateCcw', { run: act('turnLeft') })}
      ${this.#button(msg('Turn right'), 'rotateCw', { run: act('turnRight') })}
      ${this.#button(msg('Newer photo'), 'arrowLeft', { disabled: at <= 0, run: () => this.#open(kept[at - 1]?.id) })}
      ${this.#button(msg('Older photo'), 'arrowRight', { disabled: at + 1 >= kept.length, run: () => this.#open(kept[at + 1]?.id) })}
    `;
  }

  #button(
    name: string,
    sign: IconName,
    { pressed, disabled = false, run }: { pressed?: boolean; disabled?: boolean; run: () => void },
  ): TemplateResult {
    return html`<button
      class="button square"
      title=${name}
      aria-label=${name}
      aria-pressed=${pressed ?? nothing}
      ?disabled=${disabled}
      @click=${run}
    >
      ${icon(sign)}
    </button>`;
  }

  #files(photo: PhotoView, marks: PhotoMarks): TemplateResult {
    if (this.isDeleting) {
      return html`
        <span id="question">${msg('Delete this photo and its marks for good?')}</span>
        <button class="button" @click=${() => this.#ask(false)}>${msg('Keep')}</button>
        <button class="button danger" aria-describedby="question" @click=${() => this.#delete(photo)}>
          ${icon('trash2')}${msg('Delete')}
        </button>
      `;
    }
    const blob = this.state.photos.imageOf(this.sessionId, photo)?.blob;
    return html`
      ${this.#button(msg('Delete photo'), 'trash2', { run: () => this.#ask(true) })}
      <button class="button" ?disabled=${!blob} @click=${() => blob && saveFile(blob, this.#fileName(photo))}>
        ${icon('download')}${msg('Download')}
      </button>
      <button
        class="button"
        ?disabled=${!blob || marks.marks.length === 0}
        @click=${() => blob && this.#saveWithMarks(photo, blob, marks)}
      >
        ${icon('download')}${msg('Download with marks')}
      </button>
    `;
  }

  /** The keyboard stays where the question is, and at what does no harm. */
  async #ask(isDeleting: boolean): Promise<void> {
    this.isDeleting = isDeleting;
    await this.updateComplete;
    const next = isDeleting ? '.foot .spring ~ .button' : `.foot [aria-label="${msg('Delete photo')}"]`;
    this.renderRoot.querySelector<HTMLElement>(next)?.focus();
  }

  async #delete({ id }: PhotoView): Promise<void> {
    const kept = this.#kept;
    const at = kept.findIndex((photo) => photo.id === id);
    const next = kept[at + 1] ?? kept[at - 1];
    if (!(await this.state.photos.delete(this.sessionId, id))) {
      return;
    }
    if (next) {
      this.#open(next.id);
    } else {
      this.dialog.close();
    }
  }

  #fileName({ id, file }: PhotoView, suffix = ''): string {
    return `session-${this.sessionId}-photo-${id}${suffix}.${EXTENSIONS[file?.type ?? 'image/jpeg']}`;
  }

  async #saveWithMarks(photo: PhotoView, blob: Blob, { marks }: PhotoMarks): Promise<void> {
    // A photo says by itself how it is turned, and the marks lie on the turned one.
    const picture = await createImageBitmap(blob, { imageOrientation: 'from-image' }).catch(() => undefined);
    if (picture) {
      await savePicture(picture, marks, {
        name: this.#fileName(photo, '-marks').replace(/\w+$/, 'jpg'),
        type: 'image/jpeg',
      });
      picture.close();
    }
  }

  readonly #keyed = (event: KeyboardEvent): void => {
    // Keys of the session behind must not do anything meanwhile.
    event.stopPropagation();
    const isTyping = event.composedPath().some((target) => target instanceof HTMLInputElement);
    const action = KEYS[event.key];
    if (action && !isTyping && !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.stage?.perform(action);
    }
  };
}

const KEYS: Record<string, ViewAction> = {
  '+': 'zoomIn',
  '-': 'zoomOut',
  '0': 'fit',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

declare global {
  interface HTMLElementTagNameMap {
    'photo-viewer': PhotoViewer;
  }
}
