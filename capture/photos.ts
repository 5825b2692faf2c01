/** Photos in the place of a camera that cannot be had: taken with the phone's own camera app and sent as stills. */

import type { PictureState } from '../relay/protocol.ts';
import { STILL_INTERVAL_MIN_MS, STILL_MAX_BYTES } from '../relay/protocol.ts';
import type { CameraProblem } from './user-media.ts';

const REASONS = ['cameraDenied', 'cameraMissing', 'cameraInUse', 'cameraFailed'] as const;

/** Why there is no camera, as the technician is told. */
export type PhotoReason = Extract<PictureState['cause'], (typeof REASONS)[number]>;

export function asPhotoReason(value: unknown): PhotoReason | undefined {
  return REASONS.find((reason) => reason === value);
}

/** @param problem undefined when the person did not even try */
export function photoReasonOf(problem: CameraProblem | undefined): PhotoReason {
  switch (problem) {
    case 'denied':
      return 'cameraDenied';
    case 'noCamera':
      return 'cameraMissing';
    case 'inUse':
      return 'cameraInUse';
    default:
      return 'cameraFailed';
  }
}

/** `noImage`: the file is none that the browser can show; `notSent`: it may be tried again. */
export type PhotoState = 'none' | 'sending' | 'sent' | 'noImage' | 'notSent';

export type PhotosHost = {
  /** The photo as a JPEG of so many bytes at most, and nothing of the file but its pixels; undefined when it is no picture. */
  shrink(file: Blob, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Rejects when the relay did not take it. */
  send(jpeg: Uint8Array): Promise<void>;
  wait(ms: number): Promise<void>;
  changed(): void;
};

/** The relay may still have the one before in its mind. */
const TRIES = 3;
/** What a slow way up still carries before the socket counts as dead. */
const SMALL_BYTES = 32 * 1024;

/** One photo at a time; the last one that was sent stays for whoever comes later. */
export class Photos {
  readonly #host: PhotosHost;
  #state: PhotoState = 'none';
  #last: Uint8Array<ArrayBuffer> | undefined;
  #maxBytes = STILL_MAX_BYTES;

  constructor(host: PhotosHost) {
    this.#host = host;
  }

  get state(): PhotoState {
    return this.#state;
  }

  /** The photo that the technician has; the same object until there is another one. */
  get last(): Uint8Array<ArrayBuffer> | undefined {
    return this.#last;
  }

  async send(file: Blob): Promise<void> {
    if (this.#state === 'sending') {
      return;
    }
    this.#enter('sending');
    let jpeg: Uint8Array<ArrayBuffer> | undefined;
    try {
      jpeg = await this.#host.shrink(file, this.#maxBytes);
    } catch {
      // The part of the page that does it could not be loaded.
      this.#enter('notSent');
      return;
    }
    if (jpeg === undefined) {
      this.#enter('noImage');
    } else if (await this.#deliver(jpeg)) {
      this.#last = jpeg;
      this.#enter('sent');
    } else {
      this.#maxBytes = SMALL_BYTES;
      this.#enter('notSent');
    }
  }

  /** The technician's page is a new one and has seen nothing. */
  async again(): Promise<void> {
    if (this.#last && this.#state !== 'sending') {
      await this.#deliver(this.#last);
    }
  }

  async #deliver(jpeg: Uint8Array): Promise<boolean> {
    for (let left = TRIES; left > 0; left--) {
      try {
        await this.#host.send(jpeg);
        return true;
      } catch {
        await this.#host.wait(STILL_INTERVAL_MIN_MS);
      }
    }
    return false;
  }

  #enter(state: PhotoState): void {
    this.#state = state;
    this.#host.changed();
  }
}
