import { msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { CameraState } from '../relay/protocol.ts';
import './cover-editor.ts';
import { icons } from './icons.ts';
import './more-sheet.ts';
import type { PhoneCamera } from './phone-camera.ts';
import type { RemoteNotice } from './remote-requests.ts';
import { dialogStyles, pillStyles } from './session-styles.ts';
import { StepElement } from './step-element.ts';
import { controls } from './theme.ts';

/** What the technician does with the phone's camera and asks of it, in words, and the sheets behind "More". */
@customElement('phone-layer')
export class PhoneLayer extends StepElement {
  static override styles = [
    controls,
    dialogStyles,
    pillStyles,
    css`
      :host {
        display: contents;
      }
    `,
  ];

  @property({ attribute: false }) phone: PhoneCamera | undefined;
  /** Another object with each change. */
  @property({ attribute: false }) state: CameraState | undefined;
  @property() technician = '';
  @query('dialog') private readonly question!: HTMLDialogElement;

  /** The sheet behind "More". */
  open(): void {
    this.renderRoot.querySelector('more-sheet')?.open();
  }

  protected override render(): TemplateResult {
    const { phone, state } = this;
    if (!phone || !state) {
      return html``;
    }
    const { notice } = phone.requests;
    const who = this.technician || msg('The technician');
    return html`
      ${notice ? html`<p class="pill wide">${icons.camera}<span>${noticeWords(notice, who)}</span></p>` : nothing}
      ${
        state.covered === 'nothing'
          ? nothing
          : html`<p class="pill wide">
              ${icons.cover}<span
                >${
                  state.covered === 'everything'
                    ? msg('Your whole picture is covered')
                    : msg('Parts of your picture are covered')
                }</span
              >
            </p>`
      }
      <dialog aria-labelledby="asked" @cancel=${() => phone.answer(false)}>
        <h2 id="asked">${msg(str`${who} would like to see your camera’s picture again.`)}</h2>
        <p>${msg('It stays paused until you allow it.')}</p>
        <div class="actions">
          <button class="primary" @click=${() => phone.answer(true)}>${msg('Show the picture')}</button>
          <button autofocus @click=${() => phone.answer(false)}>${msg('Stay paused')}</button>
        </div>
      </dialog>
      <more-sheet .phone=${phone} .state=${state} @cover-wanted=${this.#cover}></more-sheet>
      <cover-editor .phone=${phone} .covers=${phone.covers}></cover-editor>
    `;
  }

  protected override updated(): void {
    const isAsked = this.phone?.requests.isAsked === true;
    if (this.question && isAsked !== this.question.open) {
      if (isAsked) {
        this.question.showModal();
      } else {
        this.question.close();
      }
    }
  }

  #cover(): void {
    this.renderRoot.querySelector('cover-editor')?.open();
  }
}

function noticeWords(notice: RemoteNotice, who: string): string {
  switch (notice) {
    case 'lightOn':
      return msg(str`${who} has turned the light on`);
    case 'lightOff':
      return msg(str`${who} has turned the light off`);
    case 'lens':
      return msg(str`${who} has chosen another camera`);
    case 'zoom':
      return msg(str`${who} has zoomed the picture`);
    case 'sharp':
      return msg(str`${who} has asked for a sharp picture`);
    case 'smooth':
      return msg(str`${who} has asked for a smooth picture`);
    case 'paused':
      return msg(str`${who} has paused your camera`);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'phone-layer': PhoneLayer;
  }
}
