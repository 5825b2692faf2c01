/** Says plainly when the customer cannot hear the technician, why, and what to do. */
import { msg } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import type { ConsoleMedia } from './console-media.ts';
import { icon } from './icons.ts';
import type { MicrophoneStatus } from './microphone.ts';

export function microphoneNotice({
  microphone,
}: Pick<ConsoleMedia, 'microphone'>): TemplateResult | typeof nothing {
  const reason = reasonOf(microphone.status);
  if (reason === undefined) {
    return nothing;
  }
  if (microphone.status === 'asking') {
    return html`<div class="notice" role="status">${icon('mic')}<span>${reason}</span></div>`;
  }
  return html`
    <div class="notice warn" role="status">
      ${icon('micOff')}
      <span><b>${msg('You have no microphone; the customer cannot hear you.')}</b> ${reason}</span>
      <button class="button small" @click=${() => microphone.take()}>${msg('Try again')}</button>
    </div>
  `;
}

function reasonOf(status: MicrophoneStatus): string | undefined {
  switch (status) {
    case 'on':
    case 'off':
      return undefined;
    case 'asking':
      return msg('The browser is asking whether it may use your microphone.');
    case 'denied':
      return msg('The browser blocks it. Allow the microphone beside the address of this page.');
    case 'absent':
      return msg('No microphone was found on this computer.');
    case 'failed':
      return msg('Another program may be using it.');
    case 'insecure':
      return msg('Browsers give it only to pages that come over https.');
  }
}
