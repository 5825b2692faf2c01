/** What the customer is told of the photo on its way, with how far it is. */
import { msg } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { icons } from './icons.ts';
import type { PhotoSending } from './photo-slot.ts';

export function photoStatus(sending: PhotoSending | undefined): TemplateResult | typeof nothing {
  switch (sending?.state) {
    case undefined:
      return nothing;
    case 'sending':
      // The words stay the same while the bar moves, or every step would be read out.
      return html`<p class="pill wide photo-sending">
        ${icons.photo}<span
          >${
            sending.wanted
              ? msg('At the technician’s wish a photo was taken. It is being sent…')
              : msg('The photo is being sent in full size…')
          }<progress aria-label=${msg('Progress')} max="1" .value=${sending.share}></progress
        ></span>
      </p>`;
    case 'sent':
      return html`<p class="pill">${icons.check}<span>${msg('Photo sent')}</span></p>`;
    case 'failed':
      return html`<p class="pill wide">${icons.alert}<span>${
        sending.wanted
          ? msg('The photo could not be sent.')
          : msg('The photo could not be sent in full size.')
      }</span></p>`;
  }
}
