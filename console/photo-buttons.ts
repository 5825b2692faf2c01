/** The two ways to a picture that stays: a photo of the phone's camera, and the picture of the video of this moment. Event: `photos-wanted`. */
import { localized, msg } from '@lit/localize';
import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { SessionId } from '../relay/protocol.ts';
import type { Snapshot } from './console-photos.ts';
import type { Topic } from './console-state.ts';
import { icon } from './icons.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('photo-buttons')
@localized()
export class PhotoButtons extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: contents;
      }

      /* As those of the toolbar that they stand in. */
      .button {
        width: 96px;
        min-height: 36px;
        padding: 4px 0;
        flex-direction: column;
        gap: 2px;
        font-size: 10.5px;
        white-space: normal;
        hyphens: auto;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['photos'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  /** What the technician sees now; undefined while there is no picture. */
  @property({ attribute: false }) picture: () => Promise<Snapshot | undefined> = async () => undefined;

  protected override render(): TemplateResult {
    const { photos } = this.state;
    const isBusy = photos.isTaking(this.sessionId) || photos.waitsForConsent(this.sessionId);
    return html`
      <button class="button" ?disabled=${isBusy} @click=${this.#take}>
        ${icon('camera')}${msg('Take photo')}
      </button>
      <button class="button" @click=${this.#keep}>
        ${icon('imageDown')}${msg('Snapshot')}
      </button>
    `;
  }

  #take(): void {
    this.#show();
    void this.state.photos.take(this.sessionId);
  }

  async #keep(): Promise<void> {
    const snapshot = await this.picture();
    if (snapshot) {
      this.#show();
      await this.state.photos.keep(this.sessionId, snapshot);
    } else {
      this.state.say('noStill');
    }
  }

  #show(): void {
    this.dispatchEvent(new CustomEvent('photos-wanted', { bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'photo-buttons': PhotoButtons;
  }
}
