import { msg, str } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { CustomerView, DeviceState, PictureState } from '../relay/protocol.ts';
import { icons } from './icons.ts';
import './level-meter.ts';
import { sessionStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';
import { type Trouble, troubleWords } from './trouble.ts';

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
  /** The system took the camera away. */
  interrupted: boolean;
  canSwitch: boolean;
  soundBlocked: boolean;
};

/** Events: `microphone-toggle`, `camera-pause`, `camera-switch`, `leave`. (Sound needs no event: any tap turns it on.) */
@customElement('session-view')
export class SessionView extends StepElement {
  static override styles = [controls, sessionStyles];

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
        ${isWaiting ? nothing : status(condition)} ${isWaiting ? nothing : pictureStatus(condition)}
      </div>
      <div class="middle">
        <div role="status">${isWaiting ? nothing : notice(condition)}</div>
        ${condition.soundBlocked ? html`<button class="primary">${icons.sound} ${msg('Turn on sound')}</button>` : nothing}
      </div>
      ${isWaiting ? this.waiting(condition) : this.bottom(condition)}
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

  protected override updated(changes: Map<PropertyKey, unknown>): void {
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
          ${
            condition.connected
              ? msg('The technician will start in a moment. Please keep this page open.')
              : msg('Connection lost, reconnecting…')
          }
        </p>
        <p class="quiet-text">${msg('Nothing is sent yet.')}</p>
        <div class="actions"><button @click=${this.ask}>${msg('Disconnect')}</button></div>
      </div>
    `;
  }

  private bottom(condition: SessionCondition): TemplateResult {
    return html`
      <div class="bottom">
        ${condition.customer.phase === 'active' ? this.microphone(condition) : nothing} ${this.bar(condition)}
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

  private bar({ devices, canSwitch, interrupted }: SessionCondition): TemplateResult {
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
          name: isPaused ? msg('Resume camera') : msg('Pause camera'),
          label: isPaused ? msg('Resume') : msg('Pause'),
          icon: isPaused ? icons.cameraOff : icons.camera,
          look: isPaused ? 'off' : '',
          run: () => this.tell('camera-pause'),
        })}
        ${
          canSwitch
            ? this.button({
                name: msg('Switch camera'),
                label: msg('Switch'),
                icon: icons.switchCamera,
                look: '',
                run: () => this.tell('camera-switch'),
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
  `;
}

/** Why the technician sees less than live video; the worst causes have their own place in `notice`. */
function pictureStatus({ customer, trouble, picture }: SessionCondition): TemplateResult | typeof nothing {
  const words = pictureWords(picture);
  return words && !trouble && customer.phase === 'active'
    ? html`<p class="pill wide">${picture.mode === 'stills' ? icons.photo : icons.alert}<span>${words}</span></p>`
    : nothing;
}

function pictureWords({ mode, cause }: PictureState): string {
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
      return msg('Your browser saves data. The picture has been made smaller.');
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

function card(sign: TemplateResult, title: string, text: string): TemplateResult {
  return html`<div class="notice">${sign}<p><strong>${title}</strong> ${text}</p></div>`;
}
