import { msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { RecordingView } from '../relay/protocol.ts';
import { pillStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';

const SECOND_MS = 1_000;
/** Why it ended is said for so long, and does not stand on the picture for the rest of the session. */
const ENDING_SHOWN_MS = 20_000;

/** That the session is being recorded, and for how long; when it ends by itself, why. Loaded when there is something to say. */
@customElement('recording-sign')
export class RecordingSign extends StepElement {
  static override styles = [
    pillStyles,
    css`
      [hidden] {
        display: none;
      }

      .dot {
        display: inline-block;
        width: 12px;
        height: 12px;
        border-radius: 50%;
        background: #ff6b6b;
      }

      time {
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  @property({ attribute: false }) recording: RecordingView | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** When the ending that is shown was first seen; this phone's clock may differ from the relay's. */
  #endedAt = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.requestUpdate(), SECOND_MS);
  }

  override disconnectedCallback(): void {
    clearInterval(this.#timer);
    super.disconnectedCallback();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const before = changed.get('recording') as RecordingView | undefined;
    if (changed.has('recording') && before?.since !== this.recording?.since) {
      this.#endedAt = Date.now();
    }
  }

  protected override render(): TemplateResult {
    const { recording } = this;
    const words = this.#words();
    return html`<p class="pill" ?hidden=${words === nothing}>
      <span role="status">${words}</span>
      ${recording?.state === 'recording' ? html`<time role="timer">${elapsed(Date.now() - recording.since)}</time>` : nothing}
    </p>`;
  }

  #words(): TemplateResult | string | typeof nothing {
    switch (this.recording?.state) {
      case 'recording':
        return html`<i class="dot"></i> <abbr title=${msg('This session is being recorded')}>${msg('REC')}</abbr>`;
      case 'paused':
        return msg('Recording paused');
      case 'stopped':
        return Date.now() - this.#endedAt < ENDING_SHOWN_MS ? ending(this.recording) : nothing;
      default:
        return nothing;
    }
  }
}

function ending({ reason }: RecordingView): string | typeof nothing {
  switch (reason) {
    case 'withdrawn':
      return msg('You have taken your consent back. The recording has ended.');
    case 'diskFull':
    case 'ioError':
      return msg('The recording has ended because it could not be written. The session goes on.');
    case 'technician':
    case 'policy':
      return msg('The recording has ended.');
    default:
      return nothing;
  }
}

/** Minutes and seconds; hours when there are some. */
function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / SECOND_MS));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3_600);
  return [...(hours > 0 ? [hours] : []), ...parts].map((part) => String(part).padStart(2, '0')).join(':');
}

declare global {
  interface HTMLElementTagNameMap {
    'recording-sign': RecordingSign;
  }
}
