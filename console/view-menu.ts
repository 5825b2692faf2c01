/** "View": how large the picture is, which way up, and what of it is seen. Everything that mouse and keys can do is here as a button. */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { type IconName, icon } from './icons.ts';
import type { PictureStage, ViewAction } from './picture-stage.ts';
import { VIEW_MODES, type ViewMode, ZOOM_MAX, ZOOM_MIN } from './picture-view.ts';
import { popoverStyles } from './popover-styles.ts';
import { shared } from './theme.ts';

const MODES: Record<ViewMode, () => string> = {
  fit: () => msg('Fit Window'),
  actual: () => msg('Actual Size'),
  stretch: () => msg('Stretch to Window'),
  zoom: () => msg('Custom zoom'),
};

@customElement('view-menu')
@localized()
export class ViewMenu extends LitElement {
  static override styles = [
    ...shared,
    popoverStyles,
    css`
      .row {
        display: flex;
        align-items: center;
        gap: 8px;
      }

      .row .button {
        min-width: 36px;
        padding: 0 9px;
      }

      .row .wide {
        flex: 1;
        padding: 0 8px;
      }

      .percent {
        flex: 1;
        display: flex;
        align-items: center;
        gap: 6px;
      }

      .percent .input {
        text-align: right;
      }
    `,
  ];

  @property({ attribute: false }) stage: PictureStage | undefined;
  /** Goes up with each change of the stage, which keeps its view itself. */
  @property({ attribute: false }) revision = 0;
  @property({ attribute: false }) isFullScreen = false;
  @query('.panel') private readonly panel!: HTMLElement;
  @query('[popovertarget]') private readonly opener!: HTMLElement;

  protected override render(): TemplateResult {
    return html`
      <button class="button tool" popovertarget="panel" title=${msg('View')}>
        ${icon('scanEye')}<span>${msg('View')}</span>
      </button>
      <div class="panel" id="panel" popover role="dialog" aria-label=${msg('View')} @beforetoggle=${this.#toggling} @toggle=${this.#toggled}>
        ${this.#content()}
      </div>
    `;
  }

  #content(): TemplateResult {
    const { stage } = this;
    const placement = stage?.placement;
    const mode = stage?.view.mode ?? 'fit';
    return html`
      <fieldset class="choices">
        <legend class="legend">${msg('Size')}</legend>
        ${VIEW_MODES.map(
          (value) => html`<label class="choice">
            <input
              type="radio"
              name="mode"
              .checked=${mode === value}
              @change=${() => this.stage?.perform(value)}
            />
            ${MODES[value]()}
          </label>`,
        )}
      </fieldset>
      <div class="row" role="group" aria-label=${msg('Zoom')}>
        ${this.#button('zoomOut', 'minus', msg('Zoom out'))}
        <label class="percent">
          <span class="visually-hidden">${msg('Zoom in percent')}</span>
          <input
            class="input number"
            type="number"
            inputmode="numeric"
            min=${ZOOM_MIN}
            max=${ZOOM_MAX}
            .value=${String(Math.round(placement?.zoom ?? 100))}
            @change=${this.#typed}
          />
          <span aria-hidden="true">%</span>
        </label>
        ${this.#button('zoomIn', 'plus', msg('Zoom in'))}
      </div>
      <div class="row">
        ${this.#button('turnLeft', 'rotateCcw', msg('Rotate left by 90 degrees'))}
        ${this.#button('turnRight', 'rotateCw', msg('Rotate right by 90 degrees'))}
        <span class="hint number">${stage?.view.rotation ?? 0}°</span>
      </div>
      <div class="row" role="group" aria-label=${msg('Move the picture')}>
        ${this.#pan('left', 'arrowLeft', msg('Show more on the left'))}
        ${this.#pan('up', 'arrowUp', msg('Show more above'))}
        ${this.#pan('down', 'arrowDown', msg('Show more below'))}
        ${this.#pan('right', 'arrowRight', msg('Show more on the right'))}
      </div>
      <div class="row">
        <button class="button wide" aria-pressed=${this.isFullScreen} @click=${() => this.#ask('full-screen')}>
          ${icon('maximize')}${msg('Full screen')}
        </button>
      </div>
      ${
        document.pictureInPictureEnabled
          ? html`<div class="row">
              <button class="button wide" @click=${() => this.#ask('picture-in-picture')}>
                ${icon('pictureInPicture')}${msg('Picture in picture')}
              </button>
            </div>`
          : nothing
      }
    `;
  }

  #button(action: ViewAction, name: IconName, label: string): TemplateResult {
    return html`<button class="button" title=${label} aria-label=${label} @click=${() => this.stage?.perform(action)}>
      ${icon(name)}
    </button>`;
  }

  #pan(action: ViewAction, name: IconName, label: string): TemplateResult {
    const isCropped = this.stage?.placement?.isCropped === true;
    return html`<button
      class="button"
      title=${label}
      aria-label=${label}
      ?disabled=${!isCropped}
      @click=${() => this.stage?.perform(action)}
    >
      ${icon(name)}
    </button>`;
  }

  #typed(event: Event): void {
    const field = event.target;
    if (field instanceof HTMLInputElement) {
      if (field.value === '') {
        field.value = String(Math.round(this.stage?.placement?.zoom ?? 100));
      } else {
        this.stage?.zoomTo(field.valueAsNumber);
      }
    }
  }

  #ask(what: 'full-screen' | 'picture-in-picture'): void {
    this.panel.hidePopover();
    this.dispatchEvent(new CustomEvent(what));
  }

  /** The browser gives the focus back by itself only when it has moved it. */
  #toggling(event: ToggleEvent): void {
    if (event.newState === 'closed' && this.panel.contains(this.shadowRoot?.activeElement ?? null)) {
      this.opener.focus();
    }
  }

  /** The keyboard goes to what is chosen now. */
  #toggled(event: ToggleEvent): void {
    if (event.newState === 'open') {
      this.panel.querySelector<HTMLInputElement>('input:checked')?.focus();
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'view-menu': ViewMenu;
  }
}
