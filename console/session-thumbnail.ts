/**
 * What a session shows, small, on its tab: live, and while it is held the last picture. A video of its own from the beginning,
 * because one that is put up during the hold gets no frame any more.
 */
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { SessionId, SessionStatus } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { StatefulElement } from './stateful-element.ts';

/** Before Start there is nothing to see yet, and an ended session has no media any more. */
const HAVE_PICTURE: readonly SessionStatus[] = ['active', 'onHold', 'outgoing', 'reconnecting'];

@customElement('session-thumbnail')
export class SessionThumbnail extends StatefulElement {
  static override styles = css`
    :host {
      display: contents;
    }

    video {
      width: 44px;
      height: 28px;
      border-radius: 4px;
      background: var(--stage);
      object-fit: cover;
    }

    .held {
      filter: grayscale(0.6) brightness(0.8);
    }
  `;

  protected override readonly topics: readonly Topic[] = ['media', 'sessions'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @query('video') private readonly video!: HTMLVideoElement | null;

  protected override updated(): void {
    const stream = this.state.media.of(this.sessionId)?.stream ?? null;
    if (this.video && this.video.srcObject !== stream) {
      this.video.srcObject = stream;
    }
  }

  override disconnectedCallback(): void {
    if (this.video) {
      this.video.srcObject = null;
    }
    super.disconnectedCallback();
  }

  protected override render(): TemplateResult | typeof nothing {
    const session = this.state.session(this.sessionId);
    if (
      session === undefined ||
      !HAVE_PICTURE.includes(session.status) ||
      !this.state.media.of(this.sessionId)
    ) {
      return nothing;
    }
    const isHeld = session.status !== 'active';
    return html`<video class=${isHeld ? 'held' : ''} aria-hidden="true" muted autoplay playsinline tabindex="-1"></video>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-thumbnail': SessionThumbnail;
  }
}
