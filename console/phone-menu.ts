/** "Phone": light, camera, zoom, sharp or smooth, pause. What cannot be asked for is greyed and says why. */
import { localized, msg } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import type { CameraWish, SessionView } from '../relay/protocol.ts';
import { icon } from './icons.ts';
import { currentLanguage } from './localization.ts';
import type { WishStanding } from './phone-wishes.ts';
import { lensWord, type PhoneControl, standingWord, whyNot } from './phone-words.ts';
import { popoverStyles } from './popover-styles.ts';
import { shared } from './theme.ts';

/** Event: `phone-wish`, its detail the wish. */
@customElement('phone-menu')
@localized()
export class PhoneMenu extends LitElement {
  static override styles = [
    ...shared,
    popoverStyles,
    css`
      .row {
        display: grid;
        gap: 4px;
      }

      .switch {
        display: flex;
        align-items: center;
        gap: 10px;
        font-weight: 550;
      }

      .switch input {
        margin: 0;
      }

      [data-why] {
        color: var(--muted);
      }

      .why {
        margin: 0;
        color: var(--muted);
        font-size: 12.5px;
      }

      .zoom {
        display: flex;
        align-items: center;
        gap: 10px;
      }

      .zoom input {
        flex: 1;
        min-width: 0;
        accent-color: var(--accent);
      }

      .standing {
        margin: 0;
        min-height: 1.4em;
        font-size: 12.5px;
      }
    `,
  ];

  @property({ attribute: false }) customer: SessionView['customer'];
  @property({ attribute: false }) standing: WishStanding | undefined;
  @query('.panel') private readonly panel!: HTMLElement;
  @query('[popovertarget]') private readonly opener!: HTMLElement;

  protected override render(): TemplateResult {
    return html`
      <button class="button tool" popovertarget="panel" title=${msg('Phone', { id: 'phone-menu' })}>
        ${icon('smartphone')}<span>${msg('Phone', { id: 'phone-menu' })}</span>
      </button>
      <div class="panel" id="panel" popover role="dialog" aria-label=${msg('Phone', { id: 'phone-menu' })} @beforetoggle=${this.#toggling} @toggle=${this.#toggled}>
        ${this.#light()} ${this.#lenses()} ${this.#zoom()} ${this.#preference()} ${this.#pause()}
        <p class="standing" role="status">${standingWord(this.standing)}</p>
      </div>
    `;
  }

  #light(): TemplateResult {
    const why = this.#why('light');
    return html`<div class="row" ?data-why=${why !== ''}>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          ?disabled=${why !== ''}
          aria-describedby=${why ? 'why-light' : nothing}
          .checked=${live(this.#asked('light')?.on ?? this.customer?.camera?.light === 'on')}
          @change=${({ target }: Event) => this.#wish({ type: 'light', on: (target as HTMLInputElement).checked })}
        />
        ${msg('Light')}
      </label>
      ${whyNote('light', why)}
    </div>`;
  }

  #lenses(): TemplateResult {
    const why = this.#why('lens');
    const { lenses = [], lens = 0 } = this.customer?.camera ?? {};
    return html`<fieldset class="choices" ?data-why=${why !== ''} ?disabled=${why !== ''} aria-describedby=${why ? 'why-lens' : nothing}>
      <legend class="legend">${msg('Camera')}</legend>
      ${lenses.map(
        (each) => html`<label class="choice">
          <input
            type="radio"
            name="lens"
            .checked=${live(each.id === (this.#asked('lens')?.lens ?? lens))}
            @change=${() => this.#wish({ type: 'lens', lens: each.id })}
          />
          ${lensWord(each)}
        </label>`,
      )}
      ${whyNote('lens', why)}
    </fieldset>`;
  }

  #zoom(): TemplateResult {
    const why = this.#why('zoom');
    const { min = 1, max = 2, step = 0.1, value: told = 1 } = this.customer?.camera?.zoom ?? {};
    const value = this.#asked('zoom')?.value ?? told;
    return html`<div class="row" ?data-why=${why !== ''}>
      <label class="legend" for="zoom">${msg('Zoom')}</label>
      <span class="zoom">
        <input
          id="zoom"
          type="range"
          min=${min}
          max=${max}
          step=${step}
          ?disabled=${why !== ''}
          aria-describedby=${why ? 'why-zoom' : nothing}
          .value=${live(String(value))}
          @input=${({ target }: Event) => this.#wish({ type: 'zoom', value: (target as HTMLInputElement).valueAsNumber })}
        />
        ${why ? nothing : html`<span class="number" aria-hidden="true">${zoomWord(value)}</span>`}
      </span>
      ${whyNote('zoom', why)}
    </div>`;
  }

  #preference(): TemplateResult {
    const why = this.#why('prefer');
    const preference = this.#asked('prefer')?.preference ?? this.customer?.camera?.preference ?? 'sharp';
    const choice = (value: 'sharp' | 'smooth', label: string) =>
      html`<label class="choice">
        <input
          type="radio"
          name="preference"
          .checked=${live(preference === value)}
          @change=${() => this.#wish({ type: 'prefer', preference: value })}
        />
        ${label}
      </label>`;
    return html`<fieldset class="choices" ?data-why=${why !== ''} ?disabled=${why !== ''} aria-describedby=${why ? 'why-prefer' : nothing}>
      <legend class="legend">${msg('On a weak connection')}</legend>
      ${choice('sharp', msg('Sharp (for type plates)'))} ${choice('smooth', msg('Smooth (for movement)'))}
      ${whyNote('prefer', why)}
    </fieldset>`;
  }

  #pause(): TemplateResult {
    const why = this.#why('pause');
    const isPaused = (this.customer?.camera?.paused ?? 'nobody') !== 'nobody';
    return html`<div class="row" ?data-why=${why !== ''}>
      <button
        class="button"
        ?disabled=${why !== ''}
        aria-describedby=${why ? 'why-pause' : isPaused ? 'asks' : nothing}
        @click=${() => this.#wish({ type: 'pause', paused: !isPaused })}
      >
        ${icon(isPaused ? 'smartphone' : 'pause')}${isPaused ? msg('Ask for the picture') : msg('Pause camera')}
      </button>
      ${isPaused && !why ? html`<p class="why" id="asks">${msg('The customer decides whether it goes on.')}</p>` : nothing}
      ${whyNote('pause', why)}
    </div>`;
  }

  /** What is on its way to the phone shows already. */
  #asked<T extends CameraWish['type']>(type: T): Extract<CameraWish, { type: T }> | undefined {
    const { wish, outcome } = this.standing ?? {};
    return outcome === 'asking' && wish?.type === type
      ? (wish as Extract<CameraWish, { type: T }>)
      : undefined;
  }

  #why(control: PhoneControl): string {
    return whyNot(control, this.customer);
  }

  /** The browser gives the focus back by itself only when it has moved it. */
  #toggling(event: ToggleEvent): void {
    if (event.newState === 'closed' && this.panel.contains(this.shadowRoot?.activeElement ?? null)) {
      this.opener.focus();
    }
  }

  #toggled(event: ToggleEvent): void {
    if (event.newState === 'open') {
      this.panel.querySelector<HTMLElement>('input:enabled, button:enabled')?.focus();
    }
  }

  #wish(wish: CameraWish): void {
    this.dispatchEvent(new CustomEvent('phone-wish', { detail: wish }));
  }
}

function zoomWord(value: number): string {
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return `${value.toLocaleString(currentLanguage(), digits)}×`;
}

function whyNote(control: PhoneControl, why: string): TemplateResult | typeof nothing {
  return why ? html`<p class="why" id="why-${control}">${why}</p>` : nothing;
}

declare global {
  interface HTMLElementTagNameMap {
    'phone-menu': PhoneMenu;
  }
}
