import { msg } from '@lit/localize';
import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { icons } from './icons.ts';
import type { PhotoReason, PhotoState } from './photos.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/**
 * What a customer without a camera does: take photos with the phone's own camera app.
 * Event: `photo-taken`, its detail the file.
 */
@customElement('photo-card')
export class PhotoCard extends StepElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        width: min(26rem, 100%);
      }

      .card {
        display: grid;
        gap: 12px;
        padding: 16px 20px 20px;
        border-radius: 16px;
        background: var(--card);
        color: var(--ink);
      }

      h2 {
        font-size: 1.125rem;
        line-height: 1.25;
      }

      img {
        display: block;
        max-width: 100%;
        max-height: 32vh;
        margin: 0 auto;
        border-radius: var(--radius);
      }

      input {
        display: none;
      }

      button {
        padding-inline: 12px;
      }

      .state {
        display: flex;
        gap: 8px;
        align-items: center;
        min-height: 24px;
      }

      .bad {
        color: var(--danger);
      }

      .good {
        color: var(--live);
      }

      @media (max-height: 600px) {
        img {
          max-height: 24vh;
        }
      }

      @media (orientation: landscape) and (max-height: 560px) {
        img {
          max-height: 20vh;
        }
      }
    `,
  ];

  @property({ attribute: false }) reason: PhotoReason = 'cameraFailed';
  @property({ attribute: false }) state: PhotoState = 'none';
  /** The one that the technician has. */
  @property({ attribute: false }) photo: Uint8Array<ArrayBuffer> | undefined;
  #url = '';

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    URL.revokeObjectURL(this.#url);
    this.#url = '';
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('photo') || (this.photo && this.#url === '')) {
      URL.revokeObjectURL(this.#url);
      this.#url = this.photo ? URL.createObjectURL(new Blob([this.photo], { type: 'image/jpeg' })) : '';
    }
  }

  protected override render(): TemplateResult {
    const isSending = this.state === 'sending';
    return html`
      <div class="card">
        ${
          this.#url
            ? html`<img src=${this.#url} alt=${msg('Your last photo')} />`
            : html`<h2>${title(this.reason)}</h2>
                <p>${msg('You can take photos instead. The technician sees each one as soon as it is sent.')}</p>`
        }
        <div role="status">${this.words()}</div>
        <input
          type="file"
          accept="image/*"
          capture="environment"
          tabindex="-1"
          aria-hidden="true"
          @change=${this.taken}
        />
        <div class="actions">
          <button class="primary" ?disabled=${isSending} @click=${this.take}>${icons.photo} ${msg('Take a photo')}</button>
        </div>
      </div>
    `;
  }

  private words(): TemplateResult | typeof nothing {
    switch (this.state) {
      case 'none':
        return nothing;
      case 'sending':
        return html`<p class="state"><span class="spinner"></span>${msg('The photo is being sent…')}</p>`;
      case 'sent':
        return html`<p class="state"><span class="good">${icons.check}</span>${msg('The technician sees this photo.')}</p>`;
      case 'noImage':
        return html`<p class="state"><span class="bad">${icons.alert}</span>${msg('This file is not a picture that can be shown. Please take a photo.')}</p>`;
      case 'notSent':
        return html`<p class="state"><span class="bad">${icons.alert}</span>${msg('The photo could not be sent. Please try again.')}</p>`;
    }
  }

  private take(): void {
    this.renderRoot.querySelector('input')?.click();
  }

  private taken(event: Event): void {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    // The same file again is a change, too.
    input.value = '';
    if (file) {
      this.tell('photo-taken', file);
    }
  }
}

function title(reason: PhotoReason): string {
  switch (reason) {
    case 'cameraDenied':
      return msg('The camera is not allowed');
    case 'cameraMissing':
      return msg('No camera found');
    case 'cameraInUse':
      return msg('The camera is in use');
    case 'cameraFailed':
      return msg('The camera does not work here');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'photo-card': PhotoCard;
  }
}
