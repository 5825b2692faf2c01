/** What a customer needs to come in, as the technician reads it out or shows it: the PIN, or link and QR code. */
import { localized, msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { copyText } from './clipboard.ts';
import { icon } from './icons.ts';
import { period } from './localization.ts';
import { qrCode } from './qr-code.ts';
import './running-time.ts';
import { shared } from './theme.ts';

const styles = css`
  .line {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: 4px 12px;
    min-height: 30px;
  }

  .where {
    text-align: center;
  }

  .where b {
    font-weight: 650;
    overflow-wrap: anywhere;
  }
`;

type Copied = 'not yet' | 'done' | 'refused';

abstract class InvitationElement extends LitElement {
  /** Epoch milliseconds of the relay's clock. */
  @property({ attribute: false }) expiresAt = 0;
  /** Of an appointment; 0 for what works at once. */
  @property({ attribute: false }) validFrom = 0;
  @property({ attribute: false }) clockOffsetMs = 0;
  @state() protected copied: Copied = 'not yet';

  protected async copy(text: string): Promise<void> {
    this.copied = this.shadowRoot && (await copyText(text, this.shadowRoot)) ? 'done' : 'refused';
  }

  protected expiry(): TemplateResult {
    if (this.validFrom > 0) {
      return html`<span class="muted">${msg(str`works ${period(this.validFrom, this.expiresAt)}`)}</span>`;
    }
    const time = html`<running-time
      class="number"
      .until=${this.expiresAt}
      .clockOffsetMs=${this.clockOffsetMs}
    ></running-time>`;
    return html`<span class="muted">${msg(html`valid for ${time}`)}</span>`;
  }

  protected copyNote(): TemplateResult {
    const words = {
      'not yet': '',
      done: msg('Copied'),
      refused: msg('The browser does not allow copying. Please select the text and copy it yourself.'),
    };
    return html`<span role="status" class=${this.copied === 'done' ? 'good' : 'muted'}>${words[this.copied]}</span>`;
  }
}

@customElement('pin-code')
@localized()
export class PinCode extends InvitationElement {
  static override styles = [
    ...shared,
    styles,
    css`
      :host {
        display: grid;
        gap: 4px;
        justify-items: center;
      }

      output {
        display: flex;
        gap: 0.32em;
        font: 650 52px / 1.2 var(--font);
        font-variant-numeric: tabular-nums;
        letter-spacing: 0.06em;
        color: var(--accent);
        user-select: all;
      }

      .good {
        color: var(--live);
      }
    `,
  ];

  @property({ attribute: false }) pin = '';
  @property({ attribute: false }) customerUrl = '';

  protected override render(): TemplateResult {
    // Two groups without a space between them: what is selected or read by a program is one number.
    return html`
      <output aria-label=${msg('PIN Code')}>${halves(this.pin).map((digits) => html`<span>${digits}</span>`)}</output>
      <div class="line">
        ${this.expiry()}
        <button class="button quiet small" @click=${() => this.copy(this.pin)}>${icon('copy')}${msg('Copy PIN')}</button>
        ${this.copied === 'not yet' ? nothing : this.copyNote()}
      </div>
      ${
        this.customerUrl
          ? html`<p class="where">${msg(html`The customer opens <b>${bare(this.customerUrl)}</b> and types this code.`)}</p>`
          : nothing
      }
    `;
  }
}

/** Link, QR code and how long they live. The link is text: a technician who follows it would use it up. */
@customElement('link-code')
@localized()
export class LinkCode extends InvitationElement {
  static override styles = [
    ...shared,
    styles,
    css`
      :host {
        display: grid;
        grid-template-columns: 148px minmax(0, 1fr);
        gap: 20px;
        align-items: center;
      }

      .qr {
        width: 148px;
        height: 148px;
        border-radius: 8px;
        border: 1px solid var(--line);
      }

      .text {
        display: grid;
        gap: 8px;
        align-content: center;
      }

      code {
        font-family: var(--mono);
        font-size: 13px;
        overflow-wrap: anywhere;
        user-select: all;
      }

      .line {
        justify-content: flex-start;
      }
    `,
  ];

  @property({ attribute: false }) link = '';

  protected override render(): TemplateResult {
    return html`
      ${qrCode(this.link, msg('QR code of the link'))}
      <div class="text">
        <p>${msg('The customer opens this link or points the camera at the code.')}</p>
        <code>${this.link}</code>
        <div class="line">${this.expiry()}</div>
      </div>
    `;
  }
}

function bare(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

function halves(pin: string): string[] {
  const middle = Math.floor(pin.length / 2);
  return [pin.slice(0, middle), pin.slice(middle)];
}

/** Text of the message that carries the link, with the PIN where there is one. */
export function invitationText(link: string, pin: string | undefined): string {
  const lines = [
    msg('Hello,'),
    '',
    msg('please open this link on your phone, so that I can see what your camera sees:'),
    link,
  ];
  if (pin !== undefined) {
    lines.push('', msg(str`If you are asked for a PIN code: ${pin}`));
  }
  return lines.join('\r\n');
}

/** For the system's mail program (RFC 6068). */
export function mailAddress(to: string, subject: string, body: string): string {
  return `mailto:${encodeURIComponent(to)}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`;
}

/** For the system's own messages, where it has some (RFC 5724); `?&` is what both Android and iOS take. */
export function smsAddress(to: string, body: string): string {
  return `sms:${dialled(to)}?&body=${encodeURIComponent(body)}`;
}

/** In a QR code; the cameras of Android and iOS open their messages with it. */
export function smsCodeText(to: string, body: string): string {
  return `SMSTO:${dialled(to)}:${body.replaceAll('\r\n', '\n')}`;
}

function dialled(phone: string): string {
  return phone.replace(/[^\d+]/g, '');
}

declare global {
  interface HTMLElementTagNameMap {
    'pin-code': PinCode;
    'link-code': LinkCode;
  }
}
