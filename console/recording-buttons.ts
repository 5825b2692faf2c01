/** Begins, pauses and ends the recording of a session; nothing where the group does not record. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { SessionId } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { icon } from './icons.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('recording-buttons')
@localized()
export class RecordingButtons extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: contents;
      }

      /* As in the bar that they stand in. */
      @container (max-width: 960px) {
        span {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['sessions'];

  @property({ attribute: false }) sessionId: SessionId = 0;

  protected override render(): TemplateResult | typeof nothing {
    const session = this.state.session(this.sessionId);
    const mode = this.state.settings?.recording ?? 'off';
    if (session === undefined || mode === 'off') {
      return nothing;
    }
    const { commands } = this.state;
    const state = session.recording?.state ?? 'stopped';
    if (state === 'stopped' || state === 'asked') {
      return this.#button('target', msg('Record'), () => commands.record(session.id, 'start'), {
        disabled: state === 'asked' || session.status !== 'active',
      });
    }
    if (mode === 'forced') {
      return nothing;
    }
    return html`
      ${
        state === 'paused'
          ? this.#button('play', msg('Continue recording'), () => commands.record(session.id, 'resume'))
          : this.#button('circlePause', msg('Pause recording'), () => commands.record(session.id, 'pause'))
      }
      ${this.#button('circleStop', msg('Stop recording'), () => commands.record(session.id, 'stop'))}
    `;
  }

  #button(
    shape: Parameters<typeof icon>[0],
    name: string,
    press: () => Promise<void>,
    { disabled = false } = {},
  ): TemplateResult {
    return html`<button class="button tool" title=${name} ?disabled=${disabled} @click=${press}>
      ${icon(shape)}<span>${name}</span>
    </button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'recording-buttons': RecordingButtons;
  }
}
