/**
 * The phone's camera in a session: what it can do and what the technician is told of it, what is asked of it from afar, and
 * what is covered. Loaded when a session is active, not with the page.
 */
import type { Connection } from '../relay/client/connection.ts';
import type { Preference } from '../relay/client/shape.ts';
import type { CameraEvent, CameraState, CameraWish, SessionId } from '../relay/protocol.ts';
import { LensNumbers } from './camera-abilities.ts';
import { CameraControls } from './camera-controls.ts';
import type { CameraSlotHost } from './camera-slot.ts';
import { type Covers, coveredWord } from './cover-set.ts';
import { CoveredPicture } from './covered-picture.ts';
import { type PhoneChoices, rememberPhone } from './phone-choices.ts';
import './phone-layer.ts';
import { RemoteRequests } from './remote-requests.ts';

/** Chromium knows what a camera can do some time after it is open, and tells nobody. */
const LOOK_AGAIN_MS = [300, 1_500, 5_000] as const;

export type PhoneCameraHost = CameraSlotHost & {
  sessionId: SessionId;
  socket: Pick<Connection, 'request'>;
  /** Of the page before a reload. */
  choices: PhoneChoices;
};

export class PhoneCamera {
  readonly requests: RemoteRequests;
  readonly #host: PhoneCameraHost;
  readonly #controls = new CameraControls();
  readonly #numbers = new LensNumbers();
  readonly #picture = new CoveredPicture(() => this.#host.changed());
  #choices: PhoneChoices;
  #told = '';
  #preview: MediaStream | undefined;
  #looks: ReturnType<typeof setTimeout>[] = [];
  /** The customer is choosing what to cover. */
  #isCovering = false;

  constructor(host: PhoneCameraHost) {
    this.#host = host;
    this.#choices = host.choices;
    this.requests = new RemoteRequests({
      state: () => this.state,
      hasCamera: () => host.camera.video !== null && !host.isPaused() && !host.camera.isInterrupted,
      perform: (wish) => this.#perform(wish),
      answer: (wishId, outcome) =>
        void this.#tell('cameraWishDone', { sessionId: host.sessionId, wishId, outcome }),
      changed: () => host.changed(),
      later: (callback, delayMs) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    });
    this.#picture.cover(this.covers);
    host.media().prefer(this.#choices.preference);
    host.media().saveData(this.#choices.saveData);
  }

  get state(): CameraState {
    const { camera } = this.#host;
    if (this.#controls.use(camera.video ?? undefined) && camera.video) {
      for (const timer of this.#looks) {
        clearTimeout(timer);
      }
      this.#looks = LOOK_AGAIN_MS.map((delayMs) => setTimeout(() => this.settle(), delayMs));
    }
    return {
      ...this.#controls.abilities,
      lenses: this.#numbers.told(camera.lenses),
      lens: camera.video && camera.deviceId ? this.#numbers.of(camera.deviceId) : 0,
      preference: this.#choices.preference,
      saveData: this.#choices.saveData,
      paused: !this.#host.isPaused()
        ? 'nobody'
        : this.#choices.pausedByTechnician
          ? 'technician'
          : 'customer',
      covered: coveredWord(this.covers),
    };
  }

  get covers(): Covers {
    return this.#choices.covers;
  }

  get isMirrored(): boolean {
    return this.#host.camera.isMirrored;
  }

  /** The camera's own picture, for whoever chooses what to cover. */
  get video(): MediaStreamTrack | null {
    return this.#host.camera.video;
  }

  /** What leaves the phone in the camera's place, for the customer to see; undefined while nothing is covered. */
  get preview(): MediaStream | undefined {
    const { track } = this.#picture;
    if (!track || coveredWord(this.covers) === 'nothing') {
      this.#preview = undefined;
    } else if (this.#preview?.getVideoTracks()[0] !== track) {
      // Another one only for another track: a `<video>` begins anew with it.
      this.#preview = new MediaStream([track]);
    }
    return this.#preview;
  }

  /** Bytes of this session. */
  get data(): { sent: number; received: number } {
    return this.#host.media().meter.total;
  }

  /** What may leave the phone in the place of the camera's own track. */
  outgoing(camera: MediaStreamTrack | null): MediaStreamTrack | null {
    const isCovered = coveredWord(this.covers) !== 'nothing';
    if (camera && (isCovered || this.#isCovering)) {
      this.#picture.run(camera);
    } else if (!isCovered) {
      this.#picture.rest();
    }
    const track = camera && (isCovered ? this.#picture.track : camera);
    if (track) {
      const hint = this.#choices.preference === 'sharp' ? 'detail' : 'motion';
      if (track.contentHint !== hint) {
        track.contentHint = hint;
      }
    }
    return track;
  }

  /** Called after every change of the camera; tells the technician what is new. */
  settle(): void {
    if (!this.#host.isPaused()) {
      if (this.#choices.pausedByTechnician) {
        this.#choose({ pausedByTechnician: false });
      }
      if (this.requests.isAsked) {
        this.requests.decide(true);
      }
    }
    const { state } = this;
    const text = JSON.stringify(state);
    if (text !== this.#told) {
      this.#told = text;
      void this.#tell('cameraState', { sessionId: this.#host.sessionId, state });
    }
  }

  /** The relay may have another page's words. */
  tellAgain(): void {
    this.#told = '';
    this.settle();
  }

  hear({ wishId, wish }: Extract<CameraEvent, { type: 'cameraWish' }>): void {
    void this.requests.hear(wishId, wish);
  }

  // -------------------------------------------------------------- what the customer does

  async light(on: boolean): Promise<void> {
    await this.#controls.light(on);
    this.#host.changed();
  }

  saveData(saves: boolean): void {
    this.#choose({ saveData: saves });
    this.#host.media().saveData(saves);
    this.#host.changed();
  }

  /** To the question whether the camera may go on. */
  answer(goesOn: boolean): void {
    if (goesOn) {
      // Which also answers.
      this.#host.pause(false);
    } else {
      this.requests.decide(false);
    }
  }

  /** Has covered frames ready before there is anything to cover, so that not one gets out without. */
  covering(isCovering: boolean): void {
    this.#isCovering = isCovering;
    this.#host.changed();
  }

  cover(covers: Covers): void {
    this.#picture.cover(covers);
    this.#choose({ covers });
    this.#host.changed();
  }

  close(): void {
    for (const timer of this.#looks) {
      clearTimeout(timer);
    }
    this.requests.close();
    this.#picture.rest();
  }

  // -------------------------------------------------------------- what the technician wants

  async #perform(wish: CameraWish): Promise<boolean> {
    const { camera } = this.#host;
    const isDone = await this.#do(wish, camera);
    this.#host.changed();
    return isDone;
  }

  async #do(wish: CameraWish, camera: PhoneCameraHost['camera']): Promise<boolean> {
    switch (wish.type) {
      case 'light':
        return this.#controls.light(wish.on);
      case 'zoom':
        return this.#controls.zoom(wish.value);
      case 'lens': {
        const deviceId = this.#numbers.device(wish.lens);
        if (deviceId !== undefined) {
          await camera.choose(deviceId);
        }
        return deviceId !== undefined && camera.deviceId === deviceId;
      }
      case 'prefer':
        this.prefer(wish.preference);
        return true;
      case 'pause':
        if (wish.paused && !this.#host.isPaused()) {
          this.#choose({ pausedByTechnician: true });
          this.#host.pause(true);
        }
        return true;
    }
  }

  prefer(preference: Preference): void {
    this.#choose({ preference });
    this.#host.media().prefer(preference);
  }

  #choose(change: Partial<PhoneChoices>): void {
    this.#choices = { ...this.#choices, ...change };
    rememberPhone(this.#choices);
  }

  async #tell(...[type, params]: Parameters<Tell>): Promise<void> {
    try {
      await this.#host.socket.request(type, params);
    } catch {
      // No connection: all is told again on the next one. Refused: the wish was given up meanwhile.
    }
  }
}

type Tell = <T extends 'cameraState' | 'cameraWishDone'>(
  type: T,
  params: import('../relay/protocol.ts').Params<T>,
) => void;
