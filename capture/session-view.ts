import { msg, str } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Chat } from '../relay/client/chat.ts';
import type {
  CustomerView,
  DeviceState,
  GuestShown,
  HelloResult,
  PictureState,
  PreflightFindings,
} from '../relay/protocol.ts';
import './consent-sheet.ts';
import { icons } from './icons.ts';
import './lens-menu.ts';
import { type Lens, needsMenu } from './lenses.ts';
import './level-meter.ts';
import './photo-card.ts';
import type { PhotoSending } from './photo-slot.ts';
import { photoStatus } from './photo-status.ts';
import { asPhotoReason, type PhotoReason, type PhotoState } from './photos.ts';
import './preflight-list.ts';
import { dialogStyles, pillStyles, sessionStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';
import { type Trouble, troubleWords } from './trouble.ts';

/** Not in the page's first load. */
const loadChat = () => import('./chat-sheet.ts');
const loadRecordingSign = () => import('./recording-sign.ts');

/** What a session says and offers while it waits, runs, is held or is interrupted. */
export type SessionCondition = {
  customer: CustomerView;
  /** The socket is open. */
  connected: boolean;
  /** What has kept the session from going on for a moment already. */
  trouble: Trouble | undefined;
  /** Picture and sound have their own connection, which may be younger than the session. */
  mediaConnected: boolean;
  devices: DeviceState;
  /** What the technician gets to see, and why not more. */
  picture: PictureState;
  /** Photos take the place of the camera. */
  photos: { reason: PhotoReason; state: PhotoState; last: Uint8Array<ArrayBuffer> | undefined } | undefined;
  /** The photo on its way to the relay. */
  sending: PhotoSending | undefined;
  /** What the phone has found out about itself, while waiting. */
  findings: Partial<PreflightFindings>;
  /** The system took the camera away. */
  interrupted: boolean;
  canSwitch: boolean;
  lenses: readonly Lens[];
  /** The camera in use. */
  lens: string | undefined;
  soundBlocked: boolean;
  /** What the customer can do on the picture; `drawing` makes room for the tools, which are in the slot `tools`. */
  drawing: 'no' | 'possible' | 'drawing';
  /** There is more to do with the camera, behind a button. */
  hasMore: boolean;
  /** Both look at a still. */
  frozen: boolean;
  /** What a consent asks. */
  questions: HelloResult['questions'];
  chat: Chat | undefined;
};

/** Events: `microphone-toggle`, `camera-pause`, `camera-switch`, `lens-chosen`, `camera-retry`, `photo-taken`, `draw`, `more`, `consent-answer`, `leave`. (Sound needs no event: any tap turns it on.) */
@customElement('session-view')
export class SessionView extends StepElement {
  static override styles = [controls, pillStyles, sessionStyles, dialogStyles];

  @property({ attribute: false }) condition: SessionCondition | undefined;
  @property({ type: Number }) level = 0;

  protected override render(): TemplateResult {
    const condition = this.condition;
    if (!condition) {
      return html``;
    }
    const isWaiting = condition.customer.phase === 'waiting';
    // The live regions stay through all phases: what is inserted together with its region is not read out.
    return html`
      ${isWaiting ? nothing : html`<h1 class="start visually-hidden" tabindex="-1">${msg('Your session')}</h1>`}
      <div class="top" role="status">
        ${recordingSign(condition.customer)} ${isWaiting ? nothing : status(condition)} ${isWaiting ? nothing : pictureStatus(condition)}
        ${frozenStatus(condition)} ${photoStatus(condition.sending)} <slot name="phone"></slot>
      </div>
      <div class="middle">
        <div role="status">${isWaiting ? nothing : notice(condition)}</div>
        ${this.photos(condition)}
        ${condition.soundBlocked ? html`<button class="primary">${icons.sound} ${msg('Turn on sound')}</button>` : nothing}
      </div>
      ${isWaiting ? this.waiting(condition) : this.bottom(condition)}
      <consent-sheet
        .consents=${condition.customer.consents}
        .questions=${condition.questions}
      ></consent-sheet>
      <chat-sheet .chat=${condition.chat} .technician=${condition.customer.technician}></chat-sheet>
      <lens-menu .lenses=${condition.lenses} .current=${condition.lens}></lens-menu>
      <dialog aria-labelledby="question">
        <h2 id="question">${msg('Do you want to disconnect?')}</h2>
        <p>${msg('The session ends then, and your camera is switched off.')}</p>
        <div class="actions">
          <button class="primary" autofocus @click=${this.stay}>${msg('Stay in the session')}</button>
          <button class="danger" @click=${this.leave}>${msg('Yes, disconnect')}</button>
        </div>
      </dialog>
    `;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    loadChat().catch(() => undefined);
  }

  protected override updated(changes: Map<PropertyKey, unknown>): void {
    if (this.condition?.customer.recording) {
      loadRecordingSign().catch(() => undefined);
    }
    // The chat is the same object with other words in it.
    this.renderRoot.querySelector('chat-sheet')?.requestUpdate?.();
    const before = changes.get('condition') as SessionCondition | undefined;
    if (before && before.customer.phase === 'waiting' && this.condition?.customer.phase !== 'waiting') {
      this.renderRoot.querySelector<HTMLElement>('.start')?.focus({ preventScroll: true });
    }
  }

  private waiting(condition: SessionCondition): TemplateResult {
    return html`
      <div class="sheet">
        <div class="wait"><span class="spinner"></span><h1 class="start" tabindex="-1">${msg('Please wait')}</h1></div>
        <p role="status">
          ${condition.connected ? waitingWords(condition.customer) : msg('Connection lost, reconnecting…')}
        </p>
        <preflight-list .findings=${condition.findings}></preflight-list>
        <p class="quiet-text">${msg('No picture and no sound is sent yet.')}</p>
        <div class="actions"><button @click=${this.ask}>${msg('Disconnect')}</button></div>
      </div>
    `;
  }

  /** The newest words, until they are read. */
  private latest({ chat }: SessionCondition): TemplateResult | typeof nothing {
    const message = chat && chat.unread > 0 ? chat.latest : undefined;
    return message
      ? html`<button class="message" @click=${this.chat}>
          ${icons.chat}<span dir="auto">${message.text}</span>
        </button>`
      : nothing;
  }

  private photos({ customer, photos, trouble }: SessionCondition): TemplateResult | typeof nothing {
    return photos && customer.phase === 'active' && !trouble
      ? html`<photo-card .reason=${photos.reason} .state=${photos.state} .photo=${photos.last}></photo-card>`
      : nothing;
  }

  private bottom(condition: SessionCondition): TemplateResult {
    return html`
      <div class="bottom">
        <div role="status">${this.latest(condition)}</div>
        ${condition.customer.phase === 'active' ? this.microphone(condition) : nothing}
        ${condition.drawing === 'drawing' ? html`<slot name="tools"></slot>` : this.bar(condition)}
      </div>
    `;
  }

  private microphone({ devices }: SessionCondition): TemplateResult {
    switch (devices.microphone) {
      case 'none':
        return html`<p class="pill">${icons.microphoneOff}<span>${msg('Without microphone')}</span></p>`;
      case 'muted':
        return html`<p class="pill">${icons.microphoneOff}<span>${msg('Your microphone is muted')}</span></p>`;
      case 'on':
        return html`<p class="pill">${icons.microphone}<level-meter .level=${this.level}></level-meter></p>`;
    }
  }

  private bar(condition: SessionCondition): TemplateResult {
    const { chat, customer, devices, canSwitch, interrupted, photos, drawing, hasMore } = condition;
    const unread = chat?.unread ?? 0;
    const isAsked = Object.values(customer.consents).some((state) => state !== 'asked');
    const isMuted = devices.microphone === 'muted';
    const isPaused = devices.camera === 'paused' && !interrupted;
    return html`
      <div class="bar">
        ${
          devices.microphone === 'none'
            ? nothing
            : this.button({
                name: isMuted ? msg('Unmute microphone') : msg('Mute microphone'),
                label: isMuted ? msg('Unmute') : msg('Mute'),
                icon: isMuted ? icons.microphoneOff : icons.microphone,
                look: isMuted ? 'off' : '',
                run: () => this.tell('microphone-toggle'),
              })
        }
        ${this.button({
          name: unread > 0 ? msg(str`Chat, ${unread} unread`) : msg('Chat'),
          label: msg('Chat'),
          icon: html`${icons.chat}${unread > 0 ? html`<span class="badge">${unread}</span>` : nothing}`,
          look: '',
          run: () => void this.chat(),
        })}
        ${
          photos
            ? this.button({
                name: msg('Use the camera'),
                label: msg('Camera'),
                icon: icons.cameraOff,
                look: '',
                run: () => this.tell('camera-retry'),
              })
            : this.button({
                name: isPaused ? msg('Resume camera') : msg('Pause camera'),
                label: isPaused ? msg('Resume') : msg('Pause'),
                icon: isPaused ? icons.cameraOff : icons.camera,
                look: isPaused ? 'off' : '',
                run: () => this.tell('camera-pause'),
              })
        }
        ${
          canSwitch && !photos
            ? this.button({
                name: msg('Switch camera'),
                label: msg('Switch'),
                icon: icons.switchCamera,
                look: '',
                run: () => this.switch(),
              })
            : nothing
        }
        ${
          drawing === 'possible'
            ? this.button({
                name: msg('Draw'),
                label: msg('Draw'),
                icon: icons.pencil,
                look: '',
                run: () => this.tell('draw'),
              })
            : nothing
        }
        ${
          isAsked
            ? this.button({
                name: msg('Permissions'),
                label: msg('Permissions'),
                icon: icons.safe,
                look: '',
                run: () => this.renderRoot.querySelector('consent-sheet')?.open(),
              })
            : nothing
        }
        ${
          hasMore
            ? this.button({
                name: msg('More'),
                label: msg('More'),
                icon: icons.more,
                look: '',
                run: () => this.tell('more'),
              })
            : nothing
        }
        ${this.button({
          name: msg('Disconnect'),
          label: msg('Disconnect'),
          icon: icons.disconnect,
          look: 'end',
          run: () => this.ask(),
        })}
      </div>
    `;
  }

  /** The short label is part of the full name, so that speaking what is visible presses the button (WCAG 2.5.3). */
  private button(button: BarButton): TemplateResult {
    return html`
      <button class=${button.look} aria-label=${button.name} @click=${button.run}>
        <span class="round">${button.icon}</span><span>${button.label}</span>
      </button>
    `;
  }

  private switch(): void {
    if (needsMenu(this.condition?.lenses ?? [])) {
      this.renderRoot.querySelector('lens-menu')?.open();
    } else {
      this.tell('camera-switch');
    }
  }

  private async chat(): Promise<void> {
    // Begun when the session was; here again, should the network have been away.
    await loadChat();
    this.renderRoot.querySelector('chat-sheet')?.open();
  }

  private ask(): void {
    this.renderRoot.querySelector('dialog')?.showModal();
  }

  private stay(): void {
    this.renderRoot.querySelector('dialog')?.close();
  }

  private leave(): void {
    this.stay();
    this.tell('leave');
  }
}

function waitingWords({ queuePosition }: CustomerView): string {
  switch (queuePosition) {
    case undefined:
      return msg('The technician will start in a moment. Please keep this page open.');
    case 1:
      return msg('You are next. Please keep this page open.');
    default:
      return msg(str`You are number ${queuePosition} in the queue. Please keep this page open.`);
  }
}

type BarButton = { name: string; label: string; icon: TemplateResult; look: string; run: () => void };

function nameOf(customer: CustomerView): string {
  return customer.technician || msg('The technician');
}

function status(condition: SessionCondition): TemplateResult | typeof nothing {
  const { customer, mediaConnected } = condition;
  if (condition.trouble) {
    return nothing;
  }
  if (customer.phase === 'active' && !mediaConnected && condition.picture.cause !== 'blocked') {
    return html`<p class="pill"><span class="spinner"></span><span>${msg('Connecting picture and sound…')}</span></p>`;
  }
  const isMuted = customer.technicianDevices.microphone === 'muted';
  return html`
    <p class="pill">
      <span class="dot"></span>
      <span>
        ${msg(str`Connected with ${nameOf(customer)}`)}
        ${isMuted ? html`<span class="aside">${icons.microphoneOff}<span>${msg('muted')}</span></span>` : nothing}
      </span>
    </p>
    ${customer.guests ? html`<p class="pill wide">${othersWords(customer.guests)}</p>` : nothing}
  `;
}

function othersWords(others: readonly GuestShown[]): string {
  const names = others.map(
    ({ name, role }) => `${name} (${role === 'expert' ? msg('expert') : msg('observer')})`,
  );
  return msg(str`Also in this session: ${names.join(', ')}`);
}

/** Why the technician sees less than live video; the worst causes have their own place in `notice`. */
function pictureStatus({ customer, trouble, picture }: SessionCondition): TemplateResult | typeof nothing {
  const words = pictureWords(picture);
  return words && !trouble && customer.phase === 'active'
    ? html`<p class="pill wide">${picture.mode === 'stills' ? icons.photo : icons.alert}<span>${words}</span></p>`
    : nothing;
}

function pictureWords({ mode, cause }: PictureState): string {
  if (asPhotoReason(cause)) {
    // Said where the photos are taken.
    return '';
  }
  if (mode === 'stills') {
    return cause === 'blocked'
      ? msg('This network blocks video and sound. The technician sees a new photo every second.')
      : msg('Your connection is weak. The technician sees photos instead of video; you can go on talking.');
  }
  if (mode !== 'reduced') {
    return '';
  }
  switch (cause) {
    case 'processor':
      return msg('Your phone is busy. The picture has been made smaller.');
    case 'saveData':
      return msg('Data is being saved. The picture has been made smaller.');
    default:
      return msg(
        'Your connection is weak. The picture has been made simpler, so that you can go on talking.',
      );
  }
}

/** The one thing that keeps the session from going on, the worst first. */
function notice(condition: SessionCondition): TemplateResult | typeof nothing {
  const { customer, devices, trouble } = condition;
  if (trouble) {
    const { title, text } = troubleWords(trouble, nameOf(customer));
    return card(html`<span class="spinner"></span>`, title, text);
  }
  if (customer.phase === 'onHold') {
    return card(
      icons.pause,
      msg(str`${nameOf(customer)} has put the session on hold.`),
      msg('Nothing is sent until it goes on.'),
    );
  }
  if (condition.interrupted) {
    return card(
      icons.cameraOff,
      msg('The camera was interrupted.'),
      msg('Perhaps by a call. It goes on by itself.'),
    );
  }
  if (devices.camera === 'paused') {
    return card(icons.cameraOff, msg('Camera paused'), msg('The technician does not see your picture.'));
  }
  return nothing;
}

/** A picture that stands still on purpose is not taken for one that hangs. */
function frozenStatus({ frozen, customer, trouble }: SessionCondition): TemplateResult | typeof nothing {
  return frozen && !trouble && customer.phase === 'active'
    ? html`<p class="pill">${icons.pause}<span>${msg('The picture is frozen')}</span></p>`
    : nothing;
}

/** The word stands there also where the rest of it could not be loaded. */
function recordingSign({ recording }: CustomerView): TemplateResult | typeof nothing {
  return recording
    ? html`<recording-sign .recording=${recording}>${recording.state === 'recording' ? msg('REC') : nothing}</recording-sign>`
    : nothing;
}

function card(sign: TemplateResult, title: string, text: string): TemplateResult {
  return html`<div class="notice">${sign}<p><strong>${title}</strong> ${text}</p></div>`;
}
