/** What is kept of a session: facts, the line of time with what was said in it, consents; and all of it as a case file. */
import { localized, msg } from '@lit/localize';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ConsentEntry, SessionId, SessionRecordView } from '../relay/protocol.ts';
import { call } from './api.ts';
import { caseFileName } from './case-file.ts';
import { caseMedia, photoAddress } from './case-media.ts';
import { failureSentence } from './failure-words.ts';
import { icon } from './icons.ts';
import { dateAndTime, day, timeOfDay } from './localization.ts';
import type { FailureCode } from './outcome.ts';
import { sourceWord } from './photo-words.ts';
import './recording-player.ts';
import { factsOf } from './record-facts.ts';
import { pathOf } from './routes.ts';
import { sessionPageStyles } from './session-page-styles.ts';
import { consentSubject, consentWord, displayName, statusWord } from './session-words.ts';
import { shared } from './theme.ts';
import { TIMELINE_KINDS, type TimelineItem, type TimelineKind, timelineOf } from './timeline.ts';

@customElement('session-page')
@localized()
export class SessionPage extends LitElement {
  static override styles = [...shared, sessionPageStyles];

  @property({ attribute: false }) sessionId: SessionId = 0;
  /** It is in the list of sessions, where it can be worked with. */
  @property({ attribute: false }) isLive = false;
  @state() private record: SessionRecordView | undefined;
  @state() private problem: FailureCode | undefined;
  /** Undefined for everything. */
  @state() private kind: TimelineKind | undefined;
  @state() private isPacking = false;
  @query('h1') private readonly heading!: HTMLElement | null;

  async focusHeading(): Promise<void> {
    await this.updateComplete;
    this.heading?.focus();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('sessionId')) {
      this.record = undefined;
      this.kind = undefined;
      void this.#load();
    }
  }

  async #load(): Promise<void> {
    const { sessionId } = this;
    this.problem = undefined;
    const answer = await call('GET /api/sessions/:id', undefined, sessionId);
    if (sessionId !== this.sessionId) {
      return;
    }
    if (answer.ok) {
      this.record = answer.value;
    } else {
      this.problem = answer.code;
    }
  }

  protected override render(): TemplateResult {
    const { record } = this;
    const back = html`<a class="back" href=${pathOf({ page: 'archive' })}>${icon('arrowLeft')}${msg('Past sessions')}</a>`;
    if (!record) {
      return html`${back}
        <h1 tabindex="-1">${msg('Session')} ${this.sessionId}</h1>
        ${
          this.problem
            ? html`<p role="alert">${failureSentence(this.problem)}</p>
                <button class="button" @click=${() => this.#load()}>${msg('Try again')}</button>`
            : html`<p class="muted" role="status"><span class="spinner"></span> ${msg('Loading …')}</p>`
        }`;
    }
    return html`
      ${back}
      <header>
        <h1 tabindex="-1">${displayName(record.fields)}</h1>
        <span class="chip quiet">${statusWord(record.state)}</span>
        <span class="spring"></span>
        ${this.isLive ? html`<a class="button" href=${pathOf({ page: 'session', id: record.id })}>${msg('To the session')}</a>` : nothing}
        <button class="button" ?disabled=${this.isPacking} @click=${() => this.#download(record)}>
          ${icon('download')}${this.isPacking ? msg('Making the case file …') : msg('Download case file')}
        </button>
      </header>
      ${
        this.problem
          ? html`<p class="notice bad" role="alert">${icon('circleAlert')}<span>${failureSentence(this.problem)}</span></p>`
          : nothing
      }
      <recording-player .record=${record}></recording-player>
      <div class="columns">
        <section aria-labelledby="facts">
          <h2 id="facts">${msg('Details')}</h2>
          <dl>
            ${factsOf(record).map(({ name, value }) => html`<dt>${name}</dt><dd>${value}</dd>`)}
          </dl>
          <h2 id="consents">${msg('Consents')}</h2>
          ${
            record.consents.length === 0
              ? html`<p class="muted">${msg('None.')}</p>`
              : html`<ul class="ledger" aria-labelledby="consents">${record.consents.map(consentLine)}</ul>
                  <a href="/api/sessions/${record.id}/consents" download="consents-${record.id}.json">${msg('Download consents')}</a>`
          }
        </section>
        <section class="time" aria-labelledby="timeline">
          <div class="head">
            <h2 id="timeline">${msg('Timeline')}</h2>
            <div class="kinds" role="group" aria-label=${msg('Show')}>
              ${[undefined, ...TIMELINE_KINDS].map((kind) => this.#kindButton(kind))}
            </div>
          </div>
          ${this.#timeline(record)}
        </section>
        ${record.photos.length > 0 ? this.#photos(record) : nothing}
      </div>
    `;
  }

  #photos({ id, photos }: SessionRecordView): TemplateResult {
    return html`<section class="photos" aria-labelledby="photos">
      <h2 id="photos">${msg('Photos')}</h2>
      <ul>
        ${photos.map((photo) => {
          const words = `${sourceWord(photo)}, ${dateAndTime(photo.at)}`;
          return html`<li>
            <a href=${photoAddress(id, photo)} target="_blank" rel="noopener">
              <img src=${photoAddress(id, photo)} alt=${words} loading="lazy" decoding="async" />
            </a>
            <span class="muted">${words}</span>
          </li>`;
        })}
      </ul>
    </section>`;
  }

  #kindButton(kind: TimelineKind | undefined): TemplateResult {
    return html`<button
      class="button small"
      aria-pressed=${this.kind === kind}
      @click=${() => {
        this.kind = kind;
      }}
    >
      ${kindWord(kind)}
    </button>`;
  }

  #timeline({ events, chat, fields }: SessionRecordView): TemplateResult {
    const items = timelineOf(events, chat, fields).filter(
      ({ kind }) => this.kind === undefined || kind === this.kind,
    );
    if (items.length === 0) {
      return html`<p class="muted">${msg('Nothing of this kind has happened.')}</p>`;
    }
    return html`<ol>
      ${repeat(
        items,
        ({ key }) => key,
        (item, index) => timelineLine(item, items[index - 1]),
      )}
    </ol>`;
  }

  async #download(record: SessionRecordView): Promise<void> {
    this.isPacking = true;
    this.problem = undefined;
    try {
      const { caseArchive } = await import('./case-archive.ts');
      const url = URL.createObjectURL(await caseArchive(record, caseMedia(record), Date.now()));
      const link = document.createElement('a');
      link.href = url;
      link.download = `${caseFileName(record)}.zip`;
      link.click();
      // The browser has taken the bytes over by then.
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch {
      this.problem = 'notConnected';
    } finally {
      this.isPacking = false;
    }
  }
}

function kindWord(kind: TimelineKind | undefined): string {
  switch (kind) {
    case undefined:
      return msg('Everything');
    case 'course':
      return msg('Course');
    case 'chat':
      return msg('Chat');
    case 'consents':
      return msg('Consents');
    case 'technical':
      return msg('Technical');
  }
}

function timelineLine(item: TimelineItem, before: TimelineItem | undefined): TemplateResult {
  const isNewDay =
    before === undefined || new Date(before.at).toDateString() !== new Date(item.at).toDateString();
  return html`
    ${isNewDay ? html`<li class="day">${day(item.at)}</li>` : nothing}
    <li class=${item.kind}>
      <time class="number" datetime=${new Date(item.at).toISOString()}>${timeOfDay(item.at)}</time>
      <span class="who">${item.who}</span>
      <span class="text">${item.text}</span>
    </li>
  `;
}

function consentLine({ at, kind, answer, version, language }: ConsentEntry): TemplateResult {
  return html`<li>
    <span>${kind === 'terms' ? msg('Terms') : consentSubject(kind)}</span>
    <strong>${consentWord(answer)}</strong>
    <span class="muted">${dateAndTime(at)}, ${msg('Version')} ${version} (${language})</span>
  </li>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'session-page': SessionPage;
  }
}
