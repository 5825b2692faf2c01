/** The photos of a session: small, with how far those are that are on their way. */
import { localized, msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { PhotoView, SessionId } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { icon } from './icons.ts';
import { dateAndTime, decimal } from './localization.ts';
import './photo-viewer.ts';
import type { PhotoViewer } from './photo-viewer.ts';
import { sourceWord } from './photo-words.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('photo-gallery')
@localized()
export class PhotoGallery extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: block;
        padding: 16px;
        overflow: auto;
      }

      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(128px, 1fr));
        gap: 12px;
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        grid-template-rows: auto 1fr;
        gap: 6px;
        min-width: 0;
      }

      .thumb {
        display: grid;
        place-items: center;
        width: 100%;
        aspect-ratio: 4 / 3;
        padding: 0;
        overflow: hidden;
        border: 1px solid var(--line-strong);
        border-radius: var(--radius-small);
        background: var(--stage);
        color: var(--on-stage);
        font-size: 24px;
      }

      button.thumb {
        cursor: zoom-in;
      }

      img {
        display: block;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }

      p {
        margin: 0;
        font-size: 12.5px;
      }

      .way {
        display: grid;
        gap: 6px;
        align-content: start;
      }

      progress {
        width: 100%;
        height: 8px;
        accent-color: var(--accent);
      }

      .empty,
      .asking {
        margin: 0 0 12px;
        font-size: inherit;
      }

      .asking {
        display: flex;
        gap: 8px;
        align-items: center;
        justify-content: space-between;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['photos'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @query('photo-viewer') private readonly viewer!: PhotoViewer;

  protected override render(): TemplateResult {
    const { photos } = this.state;
    const all = photos.of(this.sessionId);
    const asks = photos.waitsForConsent(this.sessionId);
    return html`
      <div role="status">
        ${
          asks
            ? html`<p class="asking">
                <span>${msg('The customer is asked whether photos may be taken.')}</span>
                <button class="button small" @click=${() => photos.forgetWish(this.sessionId)}>${msg('Cancel')}</button>
              </p>`
            : nothing
        }
      </div>
      ${
        all.length === 0 && !asks
          ? html`<p class="empty muted">${msg('No photos yet. “Take photo” takes one with the customer’s phone.')}</p>`
          : nothing
      }
      <ul aria-label=${msg('Photos')}>
        ${all.map((photo) => html`<li>${photo.state === 'kept' ? this.#kept(photo) : this.#onItsWay(photo)}</li>`)}
      </ul>
      <photo-viewer .state=${this.state} .sessionId=${this.sessionId}></photo-viewer>
    `;
  }

  #kept(photo: PhotoView): TemplateResult {
    const image = this.state.photos.imageOf(this.sessionId, photo);
    const { width = 0, height = 0, bytes = 0 } = photo.file ?? {};
    const name = `${sourceWord(photo)}, ${dateAndTime(photo.at)}`;
    return html`
      <button class="thumb" aria-label=${msg(str`Open: ${name}`)} @click=${() => this.viewer.show(photo.id)}>
        ${image ? html`<img src=${image.url} alt="" decoding="async" />` : html`<span class="spinner"></span>`}
      </button>
      <div>
        <p>${sourceWord(photo)}</p>
        <p class="muted number">${dateAndTime(photo.at)}</p>
        <p class="muted number">${width} × ${height} · ${sizeWord(bytes)}</p>
      </div>
    `;
  }

  #onItsWay(photo: PhotoView): TemplateResult {
    const { file, receivedBytes } = photo;
    const percent = file ? Math.floor((100 * receivedBytes) / file.bytes) : 0;
    return html`
      <div class="thumb">${icon('image')}</div>
      <div class="way">
        <p>${sourceWord(photo)}</p>
        ${
          file
            ? html`<progress aria-label=${msg('Photo is being received')} max="100" .value=${percent}></progress>
                <p class="muted number">${msg(str`${percent} % of ${sizeWord(file.bytes)}`)}</p>`
            : html`<p class="muted">${msg('The phone takes it …')}</p>`
        }
        <button class="button small" @click=${() => this.state.photos.cancel(this.sessionId, photo.id)}>
          ${msg('Cancel')}
        </button>
      </div>
    `;
  }
}

function sizeWord(bytes: number): string {
  return bytes >= 1_000_000
    ? `${decimal(bytes / 1_000_000, 1)}\u00a0MB`
    : `${Math.ceil(bytes / 1_000)}\u00a0kB`;
}

declare global {
  interface HTMLElementTagNameMap {
    'photo-gallery': PhotoGallery;
  }
}
