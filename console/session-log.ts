/** What happened in a session, line by line, live. */
import { localized, msg } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { SessionEvent, SessionId } from '../relay/protocol.ts';
import type { Topic } from './console-state.ts';
import { dateAndTime, day, timeOfDay } from './localization.ts';
import { actorWord, eventSentence } from './session-words.ts';
import { StatefulElement } from './stateful-element.ts';

/** Nearer to the end than this, the view follows new lines; further up somebody is reading. */
const FOLLOW_DISTANCE_PX = 40;

@customElement('session-log')
@localized()
export class SessionLog extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        overflow: auto;
      }

      ol {
        margin: 0;
        padding: 0;
        list-style: none;
        font-size: 13px;
      }

      li {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 0 10px;
        padding: 5px 0;
      }

      li + li {
        border-top: 1px solid var(--line);
      }

      .day {
        display: block;
        padding: 10px 0 4px;
        font-weight: 600;
        color: var(--muted);
      }

      time {
        color: var(--muted);
      }

      .actor {
        grid-column: 2;
        font-size: 12.5px;
        color: var(--muted);
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['log', 'sessions'];

  @property({ attribute: false }) sessionId: SessionId = 0;
  #follow = true;
  #top = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('scroll', this.#scrolled, { passive: true });
  }

  override disconnectedCallback(): void {
    this.removeEventListener('scroll', this.#scrolled);
    super.disconnectedCallback();
  }

  /** Our own scrolling is told late, when the next line may already be below: only who scrolls up is reading. */
  readonly #scrolled = (): void => {
    const isAtEnd = this.scrollHeight - this.scrollTop - this.clientHeight < FOLLOW_DISTANCE_PX;
    this.#follow = isAtEnd || (this.#follow && this.scrollTop >= this.#top);
    this.#top = this.scrollTop;
  };

  protected override updated(): void {
    // With the next frame: asking for the height here would lay the page out in the middle of Start.
    requestAnimationFrame(() => {
      if (this.#follow) {
        this.scrollTop = this.scrollHeight;
      }
    });
  }

  protected override render(): TemplateResult {
    const events = this.state.log(this.sessionId);
    const pin = this.state.session(this.sessionId)?.invitation?.pin;
    return html`
      <div role="log" aria-label=${msg('Session log')} tabindex="0"><ol>
        ${
          events.length === 0
            ? html`<li class="muted">${msg('Nothing has happened yet.')}</li>`
            : repeat(
                events,
                ({ id }) => id,
                (event, index) => line(event, events[index - 1], pin),
              )
        }
      </ol></div>
    `;
  }
}

function line(
  event: SessionEvent,
  before: SessionEvent | undefined,
  pin: string | undefined,
): TemplateResult {
  const newDay = before !== undefined && !sameDay(before.at, event.at);
  return html`
    ${newDay ? html`<li class="day">${day(event.at)}</li>` : nothing}
    <li>
      <time class="number" datetime=${new Date(event.at).toISOString()} title=${dateAndTime(event.at)}>
        ${timeOfDay(event.at)}
      </time>
      <span>${eventSentence(event, pin)}</span>
      <span class="actor">${actorWord(event)}</span>
    </li>
  `;
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

declare global {
  interface HTMLElementTagNameMap {
    'session-log': SessionLog;
  }
}
