/** That a session is being recorded, for how long, or why it is not any more. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { RecordingView, SessionId } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { icon } from './icons.ts';
import { recordingEndSentence } from './recording-words.ts';
import './running-time.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('recording-sign')
@localized()
export class RecordingSign extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        position: absolute;
        inset: 12px auto auto 12px;
        max-width: calc(100% - 24px);
        pointer-events: none;
      }

      p {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        margin: 0;
        padding: 6px 12px;
        border-radius: 16px;
        background: rgb(11 18 23 / 88%);
        color: var(--on-stage);
        font-weight: 550;
      }

      /* The word says it; the colour helps. */
      .dot {
        width: 10px;
        height: 10px;
        border-radius: 50%;
        background: #ff6b6b;
      }

      [role='status'] {
        display: inline-flex;
        align-items: center;
        gap: 8px;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['sessions'];

  @property({ attribute: false }) sessionId: SessionId = 0;

  protected override render(): TemplateResult {
    const recording = this.state.session(this.sessionId)?.recording;
    const words = signOf(recording);
    // The time is outside of what is read out, or it would be every second.
    return html`<p ?hidden=${words === nothing}>
      <span role="status">${words}</span>
      ${
        recording?.state === 'recording'
          ? html`<running-time
              class="number"
              .since=${recording.since}
              .clockOffsetMs=${this.state.clockOffsetMs}
            ></running-time>`
          : nothing
      }
    </p>`;
  }
}

function signOf(recording: RecordingView | undefined): TemplateResult | typeof nothing {
  switch (recording?.state) {
    case 'asked':
      return html`${icon('target')}${msg('Recording begins when the customer agrees.')}`;
    case 'recording':
      return html`<i class="dot"></i><abbr title=${msg('This session is being recorded')}>${msg('REC')}</abbr>`;
    case 'paused':
      return html`${icon('pause')}${msg('Recording paused')}`;
    case 'stopped': {
      const sentence = recordingEndSentence(recording.reason);
      return sentence === '' ? nothing : html`${icon('info')}${sentence}`;
    }
    default:
      return nothing;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'recording-sign': RecordingSign;
  }
}
