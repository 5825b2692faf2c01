/**
 * The place of everything that can be done with the phone's camera in a session (`phone-camera.ts`): empty until the session
 * is active and that part of the page is loaded. What the customer has covered is not shown meanwhile.
 */

import { html, nothing, type TemplateResult } from 'lit';
import type { Connection } from '../relay/client/connection.ts';
import type { Preference } from '../relay/client/shape.ts';
import type { CameraEvent, CustomerPhase, SessionId } from '../relay/protocol.ts';
import type { Camera } from './camera.ts';
import { coveredWord } from './cover-set.ts';
import type { DataMeter } from './data-meter.ts';
import type { PhoneCamera } from './phone-camera.ts';
import { noChoices, type PhoneChoices, recallPhone } from './phone-choices.ts';

export type CameraSlotHost = {
  camera: Pick<Camera, 'video' | 'lenses' | 'deviceId' | 'choose' | 'isInterrupted' | 'isMirrored'>;
  isPaused: () => boolean;
  pause: (paused: boolean) => void;
  media: () => { prefer(preference: Preference): void; saveData(saves: boolean): void; meter: DataMeter };
  /** Another track may have to be sent, other words shown. */
  changed: () => void;
};

export class CameraSlot {
  readonly #host: CameraSlotHost;
  #choices: PhoneChoices = recallPhone();
  #phone: PhoneCamera | undefined;
  #loading = false;

  constructor(host: CameraSlotHost) {
    this.#host = host;
  }

  get phone(): PhoneCamera | undefined {
    return this.#phone;
  }

  /** What may leave the phone in the place of the camera's own track. */
  outgoing(camera: MediaStreamTrack | null): MediaStreamTrack | null {
    if (this.#phone) {
      return this.#phone.outgoing(camera);
    }
    return coveredWord(this.#choices.covers) === 'nothing' ? camera : null;
  }

  /** Not on the way to the first picture. */
  async settle(socket: Connection, sessionId: SessionId, phase: CustomerPhase): Promise<void> {
    if (this.#choices.sessionId !== sessionId) {
      const held = coveredWord(this.#choices.covers) !== 'nothing';
      this.#choices = noChoices(sessionId);
      if (held) {
        this.#host.changed();
      }
    }
    if (phase !== 'active' || this.#phone || this.#loading) {
      return;
    }
    this.#loading = true;
    try {
      const { PhoneCamera } = await import('./phone-camera.ts');
      if (this.#loading) {
        this.#phone = new PhoneCamera({ ...this.#host, sessionId, socket, choices: this.#choices });
      }
    } catch {
      // The network is gone in this moment; the next change of the session tries again.
    }
    this.#loading = false;
    this.#host.changed();
  }

  /** What lies over the picture, for the slot `phone` of the session's page. */
  layer(technician: string): TemplateResult | typeof nothing {
    const phone = this.#phone;
    return phone
      ? html`<phone-layer slot="phone" .phone=${phone} .state=${phone.state} .technician=${technician}></phone-layer>`
      : nothing;
  }

  /** There is a new connection within the session. */
  entered(): void {
    this.#phone?.tellAgain();
  }

  hear(event: Extract<CameraEvent, { type: 'cameraWish' }>): void {
    this.#phone?.hear(event);
  }

  /** The session is over. */
  close(): void {
    this.#loading = false;
    this.#phone?.close();
    this.#phone = undefined;
  }
}
