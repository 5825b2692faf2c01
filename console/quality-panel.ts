/** How good a live session is: first in words, with what limits it and why, then a minute of figures. */
import { localized, msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { SessionId, SessionView } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { icon } from './icons.ts';
import type { QualityRecord } from './quality-record.ts';
import { type FigureName, type Figures, figuresOf } from './quality-samples.ts';
import { judge, type Verdict } from './quality-verdict.ts';
import { dueOf } from './quality-watch.ts';
import { FIGURE_SCALES, figureLabel, figureText, gradeWord, limitWords } from './quality-words.ts';
import { deviceNotes, pictureNote } from './session-words.ts';
import { sparkline } from './sparkline.ts';
import { StatefulElement } from './stateful-element.ts';

const TONES = { good: 'live', fair: 'attention', poor: 'urgent' } as const;

const PICTURE: FigureName[] = ['pictureKbps', 'pictureLossPercent', 'framesPerSecond', 'frozenPercent'];
const VOICE: FigureName[] = ['voiceKbps', 'voiceLossPercent', 'voiceGapsPercent'];
const YOURS: FigureName[] = ['sentKbps', 'sentLossPercent', 'roundTripMs'];

/** One measurement of the last minute. */
type Measured = { at: number; figures: Figures };

@customElement('quality-panel')
@localized()
export class QualityPanel extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: inline-block;
      }

      .panel {
        width: min(380px, calc(100vw - 16px));
        max-height: calc(100vh - 120px);
        padding: 16px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        color: var(--ink);
        box-shadow: var(--shadow-high);
        overflow: auto;
      }

      .panel:popover-open {
        display: grid;
        gap: 12px;
      }

      /* Browsers without it show the panel in the middle of the window. */
      @supports (position-area: bottom) {
        .panel {
          inset: auto;
          margin: 8px 0;
          position-area: bottom span-left;
          position-try-fallbacks: flip-inline;
        }
      }

      .head {
        display: flex;
        align-items: center;
        gap: 10px;
      }

      .head .chip {
        font-size: 14px;
        padding: 4px 12px;
      }

      .head .icon-button {
        margin: -6px -6px -6px auto;
      }

      ul {
        display: grid;
        gap: 8px;
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li b {
        display: block;
        font-weight: 600;
      }

      table {
        width: 100%;
        border-collapse: collapse;
        font-size: 13px;
      }

      caption {
        padding: 0 0 2px;
        text-align: left;
        font-size: 12.5px;
        font-weight: 600;
      }

      th,
      td {
        height: 28px;
        padding: 0;
        text-align: left;
        font-weight: 400;
      }

      th {
        width: 88px;
        color: var(--muted);
      }

      td:last-child {
        width: 92px;
        text-align: right;
        white-space: nowrap;
      }

      .spark {
        display: block;
        width: 100%;
        height: 24px;
      }

      .line {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.5;
        stroke-linejoin: round;
        vector-effect: non-scaling-stroke;
      }

      .ground {
        stroke: var(--line);
        vector-effect: non-scaling-stroke;
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['sessions', 'media', 'connection', 'quality'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  @state() private isOpen = false;
  @query('.panel') private readonly panel!: HTMLElement;
  @query('[popovertarget]') private readonly opener!: HTMLElement;

  protected override render(): TemplateResult {
    const session = this.state.session(this.sessionId);
    return html`
      <button class="button quiet small" popovertarget="panel">${icon('activity')}${msg('Quality')}</button>
      <div
        class="panel"
        id="panel"
        popover
        role="dialog"
        aria-label=${msg('Quality')}
        @beforetoggle=${this.#toggling}
        @toggle=${(event: ToggleEvent) => {
          this.isOpen = event.newState === 'open';
        }}
      >
        ${this.isOpen && session ? this.#content(session, this.state.quality.of(this.sessionId)) : nothing}
      </div>
    `;
  }

  /** Who closed it from within goes on where it was opened. */
  #toggling(event: ToggleEvent): void {
    if (event.newState === 'closed' && this.panel.contains(this.shadowRoot?.activeElement ?? null)) {
      this.opener.focus();
    }
  }

  #content(session: SessionView, record: QualityRecord | undefined): TemplateResult {
    const now = figuresOf(record?.recent ?? []);
    const minute = (record?.history ?? []).map((sample) => ({ at: sample.at, figures: figuresOf([sample]) }));
    const verdict = judge(now, {
      isRelayLost: this.state.connectionStatus !== 'open',
      isMediaUp: this.state.media.of(session.id)?.state === 'connected',
      customer: session.customer,
      isPictureDue: dueOf(session) === 'video',
    });
    return html`
      <div class="head">
        <h2>${msg('Quality')}</h2>
        <span class="chip ${TONES[verdict.grade]}" role="status">${gradeWord(verdict.grade)}</span>
        <button class="icon-button" popovertarget="panel" popovertargetaction="hide" aria-label=${msg('Close')}>
          ${icon('x')}
        </button>
      </div>
      ${limits(verdict)}
      ${this.#table(msg('Picture, as it arrives'), PICTURE, now, minute)}
      ${this.#table(msg('Customer’s voice, as it arrives'), VOICE, now, minute)}
      ${this.#table(msg('Your voice, on its way to the relay'), YOURS, now, minute)}
      <div>
        <h2>${msg('Customer’s phone')}</h2>
        <p class="muted">${phoneWords(session)}</p>
      </div>
      <p class="hint">${msg('The lines show the last 60 seconds.')}</p>
    `;
  }

  #table(
    caption: string,
    names: readonly FigureName[],
    now: Figures,
    minute: readonly Measured[],
  ): TemplateResult {
    return html`<table>
      <caption>
        ${caption}
      </caption>
      <tbody>
        ${names.map((name) => this.#row(name, now, minute))}
      </tbody>
    </table>`;
  }

  #row(name: FigureName, now: Figures, minute: readonly Measured[]): TemplateResult {
    const points = minute.map(({ at, figures }) => ({ at, value: figures[name] }));
    const values = points.flatMap(({ value }) => value ?? []);
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => figureText(name, value));
    const label = values.length === 0 ? msg('Nothing measured yet') : msg(str`Between ${least} and ${most}`);
    return html`<tr>
      <th scope="row">${figureLabel(name)}</th>
      <td>${sparkline(points, FIGURE_SCALES[name], label)}</td>
      <td class="number">${figureText(name, now[name])}</td>
    </tr>`;
  }
}

function limits({ limits: found }: Verdict): TemplateResult {
  if (found.length === 0) {
    return html`<p>${msg('Nothing limits picture and voice at the moment.')}</p>`;
  }
  return html`<ul>
    ${found.map((limit) => {
      const [what, why] = limitWords(limit);
      return html`<li><b>${what}</b><span class="muted">${why}</span></li>`;
    })}
  </ul>`;
}

/** What the phone says of itself. */
function phoneWords({ customer }: SessionView): string {
  if (customer === undefined || !customer.connected) {
    return msg('The customer is not reachable');
  }
  const words = [pictureNote(customer.picture), ...deviceNotes(customer)].filter(Boolean);
  return words.length > 0 ? words.join(' ') : msg('Sends everything that its camera and microphone give.');
}

declare global {
  interface HTMLElementTagNameMap {
    'quality-panel': QualityPanel;
  }
}
