/** What was recorded of a session: film, voices, moments of the log to jump to, downloads. Nothing when nothing was recorded. */
import { localized, msg, str } from '@lit/localize';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { PlaybackFormat, PlaybackView, SessionRecordView } from '../relay/protocol.ts';
import { icon } from './icons.ts';
import { decimal, duration } from './localization.ts';
import { jumpPoints } from './playback-time.ts';
import { recordingPlayerStyles } from './recording-player-styles.ts';
import './recording-waveform.ts';
import { displayName } from './session-words.ts';
import { shared } from './theme.ts';
import { timelineOf } from './timeline.ts';

const POLL_MS = 1_000;
const SPEEDS = [0.5, 1, 1.5, 2, 3] as const;
const JUMP_S = 10;
/** What is offered; Matroska plays nowhere that WebM or MP4 does not. */
const OFFERED: readonly PlaybackFormat[] = ['webm', 'mkv', 'mp4', 'wav'];
const NAMES: Record<PlaybackFormat, string> = { webm: 'WebM', mkv: 'MKV', mp4: 'MP4', wav: 'WAV' };

type Ready = Extract<PlaybackView, { state: 'ready' }>;

@customElement('recording-player')
@localized()
export class RecordingPlayer extends LitElement {
  static override styles = [...shared, recordingPlayerStyles];

  @property({ attribute: false }) record: SessionRecordView | undefined;
  @state() private view: PlaybackView | undefined;
  @state() private positionMs = 0;
  @state() private speed = 1;
  /** Wanted and not there yet. */
  @state() private wanted: PlaybackFormat | undefined;
  @state() private isAskedToDelete = false;
  @state() private hasFailed = false;
  @query('video') private readonly video!: HTMLVideoElement | null;
  #poll: ReturnType<typeof setTimeout> | undefined;

  get #address(): string {
    return `/api/sessions/${this.record?.id ?? 0}/recording`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('keydown', this.#onKey);
  }

  override disconnectedCallback(): void {
    clearTimeout(this.#poll);
    super.disconnectedCallback();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('record') && changed.get('record')?.id !== this.record?.id) {
      this.view = undefined;
      void this.#load();
    }
  }

  async #load(): Promise<void> {
    clearTimeout(this.#poll);
    const address = this.#address;
    try {
      const response = await fetch(`${address}/state`, { credentials: 'same-origin' });
      const view: unknown = response.ok ? await response.json() : undefined;
      if (address !== this.#address) {
        return;
      }
      this.view = view as PlaybackView | undefined;
      this.hasFailed &&= !response.ok;
    } catch {
      // Asked again as long as something is awaited.
    }
    if (this.isConnected && (this.view?.state === 'preparing' || this.wanted !== undefined)) {
      this.#poll = setTimeout(
        () => (this.wanted === undefined ? this.#load() : this.#fetch(this.wanted)),
        POLL_MS,
      );
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { view } = this;
    if (view === undefined || view.state === 'none') {
      return nothing;
    }
    return html`<h2>${msg('Recording')}</h2>
      ${view.state === 'ready' ? this.#ready(view) : view.state === 'preparing' ? preparing(view.done) : this.#failed(view.problem)}
      ${this.#problem()}`;
  }

  #problem(): TemplateResult | typeof nothing {
    return this.hasFailed
      ? html`<p class="notice bad" role="alert">${icon('circleAlert')}<span>${msg('This did not work. Please try again.')}</span></p>`
      : nothing;
  }

  #failed(problem: 'nothingRecorded' | 'failed'): TemplateResult {
    if (problem === 'nothingRecorded') {
      return html`<p class="muted">${msg('The recording has neither picture nor voice.')}</p>`;
    }
    return html`<p class="notice bad" role="alert">
        ${icon('circleAlert')}<span>${msg('The recording could not be prepared. What was recorded is kept.')}</span>
      </p>
      <button class="button" @click=${() => this.#send('POST')}>${msg('Try again')}</button>`;
  }

  #ready({ durationMs, hasPicture, speakers, stretches, formats }: Ready): TemplateResult {
    const { record } = this;
    const items = record ? timelineOf(record.events, record.chat, record.fields) : [];
    const points = jumpPoints(stretches, items);
    return html`
      <div class=${hasPicture ? 'stage' : 'stage sound'}>
        <div>
          <video
            controls
            playsinline
            preload="metadata"
            aria-label=${msg('Recording')}
            src=${this.#address}
            @timeupdate=${this.#onTime}
            @seeked=${this.#onTime}
            @ratechange=${() => {
              this.speed = this.video?.playbackRate ?? 1;
            }}
          ></video>
          <div class="voices">
            <recording-waveform
              .speakers=${speakers}
              .durationMs=${durationMs}
              .positionMs=${this.positionMs}
              @seek=${(event: CustomEvent<number>) => this.#seek(event.detail)}
            ></recording-waveform>
            <p class="names">${speakers.map(({ party }) => this.#nameOf(party)).join(' · ')}</p>
          </div>
        </div>
        <ol class="points" aria-label=${msg('Jump to')}>
          ${points.map(
            ({ filmMs, item }) =>
              html`<li>
                <button @click=${() => this.#seek(filmMs)}><span class="number">${duration(filmMs)}</span><span>${item.text}</span></button>
              </li>`,
          )}
        </ol>
      </div>
      <div class="tools">
        <label
          >${msg('Speed')}
          <select @change=${this.#onSpeed}>
            ${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === this.speed}>${speedWord(speed)}</option>`)}
          </select>
        </label>
        <span class="spring"></span>
        ${OFFERED.filter(
          (format) => formats[format] !== undefined && (format !== 'mkv' || formats.webm === undefined),
        ).map((format) => this.#download(format, formats[format] ?? 0))}
        ${this.#deletion()}
      </div>
    `;
  }

  #download(format: PlaybackFormat, done: number): TemplateResult {
    const name = NAMES[format];
    if (done === 1) {
      return html`<a class="button" href=${`${this.#address}?format=${format}`} download>${icon('download')}${msg(str`Download ${name}`)}</a>`;
    }
    if (this.wanted === format) {
      return html`<button class="button" disabled>
        <span class="spinner"></span>${msg(str`Making ${name}: ${decimal(100 * done, 0)} %`)}
      </button>`;
    }
    return html`<button class="button" ?disabled=${this.wanted !== undefined} @click=${() => this.#fetch(format)}>
      ${icon('download')}${msg(str`Download ${name}`)}
    </button>`;
  }

  #deletion(): TemplateResult {
    if (!this.isAskedToDelete) {
      return html`<button
        class="button"
        @click=${() => {
          this.isAskedToDelete = true;
        }}
      >
        ${icon('trash2')}${msg('Delete recording')}
      </button>`;
    }
    return html`<span role="alert">${msg('Delete the recording for good?')}</span>
      <button class="button danger" @click=${() => this.#send('DELETE')}>${msg('Delete')}</button>
      <button
        class="button"
        @click=${() => {
          this.isAskedToDelete = false;
        }}
      >
        ${msg('Cancel')}
      </button>`;
  }

  #nameOf(party: string): string {
    const { record } = this;
    if (party === 'customer' && record) {
      return displayName(record.fields);
    }
    return party === 'technician' && record?.technician ? record.technician : party;
  }

  /** Asks for a format until it is there, then has the browser keep it. */
  async #fetch(format: PlaybackFormat): Promise<void> {
    this.wanted = format;
    this.hasFailed = false;
    const address = `${this.#address}?format=${format}`;
    try {
      // HEAD asks without taking: the download itself is the browser's.
      const { status } = await fetch(address, { method: 'HEAD', credentials: 'same-origin' });
      if (status === 200) {
        this.wanted = undefined;
        const link = document.createElement('a');
        link.href = address;
        link.download = '';
        link.click();
      } else if (status !== 202) {
        throw new Error(String(status));
      }
    } catch {
      this.wanted = undefined;
      this.hasFailed = true;
    }
    await this.#load();
  }

  async #send(method: 'POST' | 'DELETE'): Promise<void> {
    this.isAskedToDelete = false;
    try {
      const { ok } = await fetch(this.#address, { method, credentials: 'same-origin' });
      this.hasFailed = !ok;
    } catch {
      this.hasFailed = true;
    }
    await this.#load();
  }

  #seek(ms: number): void {
    const { video } = this;
    if (video) {
      video.currentTime = ms / 1_000;
      this.positionMs = ms;
    }
  }

  #onTime = (): void => {
    this.positionMs = 1_000 * (this.video?.currentTime ?? 0);
  };

  #onSpeed = (event: Event): void => {
    if (this.video) {
      this.video.playbackRate = Number((event.target as HTMLSelectElement).value);
    }
  };

  /** As players have it: K plays and pauses, J and L go back and on. */
  #onKey = (event: KeyboardEvent): void => {
    const { video } = this;
    if (
      !video ||
      event.ctrlKey ||
      event.altKey ||
      event.metaKey ||
      event.composedPath()[0] instanceof HTMLSelectElement
    ) {
      return;
    }
    switch (event.key.toLowerCase()) {
      case 'k':
        void (video.paused ? video.play().catch(() => undefined) : video.pause());
        break;
      case 'j':
        this.#seek(Math.max(0, 1_000 * (video.currentTime - JUMP_S)));
        break;
      case 'l':
        this.#seek(1_000 * Math.min(video.duration || 0, video.currentTime + JUMP_S));
        break;
      default:
        return;
    }
    event.preventDefault();
    // The keys of the session's page are not meant.
    event.stopPropagation();
  };
}

function preparing(done: number): TemplateResult {
  const text = msg('Recording is being prepared');
  return html`<p role="status">${text} …</p>
    <progress aria-label=${text} max="1" value=${done}></progress>`;
}

function speedWord(speed: number): string {
  return `${decimal(speed, Number.isInteger(speed) ? 0 : 1)}×`;
}

declare global {
  interface HTMLElementTagNameMap {
    'recording-player': RecordingPlayer;
  }
}
