import { type CameraLabel, type Lens, lensesOf } from './lenses.ts';
import {
  type Acquired,
  acquire,
  acquireMicrophone,
  type CameraChoice,
  type CameraProblem,
  type Facing,
  stopAll,
} from './user-media.ts';

/** Whoever has the camera, such as a call, gives it back some time; asking costs little. */
const RECOVER_INTERVAL_MS = 2_000;

/** Problems of a camera that worked a moment ago, which pass by themselves. */
const PASSING: ReadonlySet<CameraProblem> = new Set([
  'inUse',
  'microphoneInUse',
  'failed',
  'noCamera',
  'noMicrophone',
]);

const MICROPHONE_PROBLEMS: ReadonlySet<CameraProblem> = new Set([
  'microphoneDenied',
  'noMicrophone',
  'microphoneInUse',
  'unsupported',
]);

/**
 * The phone's camera and microphone over the life of a page: opening, choosing, interruptions by the system, closing.
 * Everything that changes is told through one callback; whoever listens reads the properties again.
 */
export class Camera {
  readonly #changed: () => void;
  #audio: MediaStreamTrack | undefined;
  #video: MediaStreamTrack | undefined;
  /** A new stream for each new video track, because a `<video>` notices nothing else. */
  #preview: MediaStream | undefined;
  #withMicrophone = true;
  #count = 0;
  #lenses: readonly Lens[] = [];
  #busy = false;
  #problem: CameraProblem | undefined;
  #stopWatching: (() => void) | undefined;
  #recoverTimer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with every open, switch and stop: what an older one brings home is thrown away. */
  #generation = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#video !== undefined;
  }

  /** Why the camera did not open the last time it was tried. */
  get problem(): CameraProblem | undefined {
    return this.#problem;
  }

  /** While the person answers the browser's question or a lens is changed. */
  get isBusy(): boolean {
    return this.#busy;
  }

  get audio(): MediaStreamTrack | null {
    return this.#audio ?? null;
  }

  get video(): MediaStreamTrack | null {
    return this.#video ?? null;
  }

  /** Picture only: a preview with sound would howl. */
  get preview(): MediaStream | null {
    return this.#preview ?? null;
  }

  /** The system took the picture away: a call, a lock screen, an unplugged camera. */
  get isInterrupted(): boolean {
    return isAway(this.#video);
  }

  /** The same with the voice. */
  get isSilenced(): boolean {
    return isAway(this.#audio);
  }

  /** Of the camera in use, where the browser tells. */
  get deviceId(): string | undefined {
    return this.#video?.getSettings().deviceId;
  }

  /** One that looks at the person, or does not say where it looks, as on a desk. */
  get isMirrored(): boolean {
    return this.#video !== undefined && facingOf(this.#video) === 'user';
  }

  /** What there is to choose from, once the browser tells names. */
  get lenses(): readonly Lens[] {
    return this.#lenses;
  }

  get canSwitch(): boolean {
    return this.#count > 1;
  }

  /**
   * Best called while a tap is handled; without one, some browsers ask and some refuse.
   * @param deviceId the camera that a page before this one had
   */
  async open(microphone: boolean, deviceId?: string): Promise<void> {
    if (this.#video || this.#busy) {
      this.stop();
    }
    this.#withMicrophone = microphone;
    if (deviceId) {
      await this.#acquire({ deviceId }, microphone);
      if (this.#problem !== 'noCamera') {
        return;
      }
    }
    await this.#acquire({ facing: 'environment' }, microphone);
  }

  /** The voice alone, where the camera cannot be had; without a microphone there is nothing to be said about it. */
  async openMicrophone(): Promise<void> {
    this.#withMicrophone = true;
    await this.#take(acquireMicrophone(navigator), MICROPHONE_PROBLEMS);
  }

  /** Front to back and back, or the next one where cameras do not say which way they look. */
  async switch(): Promise<void> {
    const track = this.#video;
    if (!track || this.#busy) {
      return;
    }
    const { deviceId } = track.getSettings();
    const facing = facingOf(track);
    const next = await nextCamera(deviceId);
    if (track !== this.#video || this.#busy) {
      return;
    }
    const choices: CameraChoice[] = [];
    if (facing) {
      choices.push({ exactFacing: facing === 'user' ? 'environment' : 'user' });
    }
    if (next) {
      choices.push({ deviceId: next });
    }
    if (deviceId) {
      // The way back, if no other camera opens.
      choices.push({ deviceId });
    }
    await this.#replaceVideo(choices);
  }

  /** One of `lenses`; the way back is the one in use. */
  async choose(deviceId: string): Promise<void> {
    const current = this.deviceId;
    if (this.#video && !this.#busy && deviceId !== current) {
      await this.#replaceVideo([{ deviceId }, ...(current ? [{ deviceId: current }] : [])]);
    }
  }

  /**
   * Takes back what the system has ended; harmless while all runs. Tried again until it works: the person can do
   * nothing about a call but end it.
   */
  async recover(): Promise<void> {
    const video = this.#video;
    if (this.#busy) {
      return;
    }
    const isPictureGone = video?.readyState === 'ended';
    const isVoiceGone = this.#audio?.readyState === 'ended';
    let problem: CameraProblem | undefined;
    if (isPictureGone) {
      const { deviceId } = video.getSettings();
      const choices = [...(deviceId ? [{ deviceId }] : []), { facing: facingOf(video) ?? 'environment' }];
      for (const choice of choices) {
        problem = await this.#acquire(choice, isVoiceGone && this.#withMicrophone, PASSING);
        if (!problem) {
          break;
        }
      }
    } else if (isVoiceGone) {
      problem = await this.#take(acquireMicrophone(navigator), PASSING);
    }
    if (problem && PASSING.has(problem)) {
      this.#recoverLater();
    }
  }

  #recoverLater(): void {
    clearTimeout(this.#recoverTimer);
    this.#recoverTimer = setTimeout(() => {
      // A hidden page is given no camera; coming back it asks by itself.
      if (document.visibilityState === 'visible') {
        void this.recover();
      }
    }, RECOVER_INTERVAL_MS);
  }

  /** Camera light off. */
  stop(): void {
    this.#generation += 1;
    this.#busy = false;
    this.#problem = undefined;
    clearTimeout(this.#recoverTimer);
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#video?.stop();
    this.#audio?.stop();
    this.#video = undefined;
    this.#audio = undefined;
    this.#preview = undefined;
    this.#changed();
  }

  /** Android gives a second camera only after the first was let go. */
  async #replaceVideo(choices: CameraChoice[]): Promise<void> {
    this.#video?.stop();
    for (const choice of choices) {
      await this.#acquire(choice, false);
      if (!this.#problem) {
        return;
      }
    }
  }

  /** @param bearable problems that are returned and not shown */
  #acquire(
    choice: CameraChoice,
    microphone: boolean,
    bearable?: ReadonlySet<CameraProblem>,
  ): Promise<CameraProblem | undefined> {
    return this.#take(acquire(navigator, window.isSecureContext, choice, microphone), bearable);
  }

  async #take(
    acquiring: Promise<Acquired>,
    bearable?: ReadonlySet<CameraProblem>,
  ): Promise<CameraProblem | undefined> {
    this.#generation += 1;
    const generation = this.#generation;
    this.#busy = true;
    this.#problem = undefined;
    this.#changed();
    const acquired = await acquiring;
    if (generation !== this.#generation) {
      stopAll('stream' in acquired ? acquired.stream : undefined);
      return undefined;
    }
    this.#busy = false;
    if ('stream' in acquired) {
      this.#hold(acquired.stream);
      await this.#countCameras();
    } else if (!bearable?.has(acquired.problem)) {
      this.#problem = acquired.problem;
    }
    this.#changed();
    return 'problem' in acquired ? acquired.problem : undefined;
  }

  /** Takes the place of the earlier tracks of the same kinds. */
  #hold(stream: MediaStream): void {
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    if (video) {
      this.#video?.stop();
      // A type plate has to be readable: sharp before smooth. Chromium then starts at full size (first picture
      // 113 instead of 132 ms after Start, and 1280×720 at once instead of 960×540 for twelve seconds).
      video.contentHint = 'detail';
      this.#video = video;
      this.#preview = new MediaStream([video]);
    }
    if (audio) {
      this.#audio?.stop();
      this.#audio = audio;
    }
    this.#watch();
  }

  #watch(): void {
    this.#stopWatching?.();
    const tracks = [this.#video, this.#audio].filter((track) => track !== undefined);
    const onChange = () => this.#changed();
    const recover = () => {
      if (document.visibilityState === 'visible') {
        void this.recover();
      }
      this.#changed();
    };
    const onDevices = () => {
      void this.recover();
      void this.#countCameras().then(onChange);
    };
    for (const track of tracks) {
      track.addEventListener('mute', onChange);
      track.addEventListener('unmute', onChange);
      track.addEventListener('ended', recover);
    }
    document.addEventListener('visibilitychange', recover);
    navigator.mediaDevices.addEventListener('devicechange', onDevices);
    this.#stopWatching = () => {
      for (const track of tracks) {
        track.removeEventListener('mute', onChange);
        track.removeEventListener('unmute', onChange);
        track.removeEventListener('ended', recover);
      }
      document.removeEventListener('visibilitychange', recover);
      navigator.mediaDevices.removeEventListener('devicechange', onDevices);
    };
  }

  async #countCameras(): Promise<void> {
    const cameras = await camerasOf();
    this.#count = cameras.length;
    this.#lenses = lensesOf(cameras);
  }
}

function isAway(track: MediaStreamTrack | undefined): boolean {
  return track !== undefined && (track.muted || track.readyState === 'ended');
}

function facingOf(track: MediaStreamTrack): Facing | undefined {
  const { facingMode } = track.getSettings();
  return facingMode === 'user' || facingMode === 'environment' ? facingMode : undefined;
}

async function camerasOf(): Promise<CameraLabel[]> {
  try {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter(({ kind }) => kind === 'videoinput');
  } catch {
    return [];
  }
}

async function nextCamera(current: string | undefined): Promise<string | undefined> {
  const ids = (await camerasOf()).map(({ deviceId }) => deviceId);
  const next = ids[(ids.indexOf(current ?? '') + 1) % Math.max(1, ids.length)];
  return next === current ? undefined : next;
}
