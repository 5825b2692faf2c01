/**
 * The technician's microphone: asked for when a session is opened, kept while one of them needs it, and given back
 * as soon as none does, so that the browser's recording mark goes out.
 */

export type MicrophoneStatus =
  | 'off'
  /** The browser is asking the person. */
  | 'asking'
  | 'on'
  | 'denied'
  | 'absent'
  /** Another program holds it, or the system refused. */
  | 'failed'
  /** Browsers give no microphone to a page that came over plain http from another machine. */
  | 'insecure';

const CONSTRAINTS: MediaStreamConstraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

export class Microphone {
  readonly #changed: () => void;
  #status: MicrophoneStatus = 'off';
  #stream: MediaStream | undefined;
  #muted = false;
  /** Grows with every `release`, so that a permission that comes too late is given back. */
  #generation = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get status(): MicrophoneStatus {
    return this.#status;
  }

  get muted(): boolean {
    return this.#muted;
  }

  get stream(): MediaStream | undefined {
    return this.#stream;
  }

  get track(): MediaStreamTrack | null {
    return this.#stream?.getAudioTracks()[0] ?? null;
  }

  /** Asks for the microphone unless we have it or are asking. Never rejects; see `status`. */
  async take(): Promise<void> {
    if (this.#status === 'on' || this.#status === 'asking') {
      return;
    }
    if (navigator.mediaDevices === undefined) {
      this.#set('insecure');
      return;
    }
    this.#generation += 1;
    const generation = this.#generation;
    this.#set('asking');
    try {
      const stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
      if (generation !== this.#generation) {
        stop(stream);
        return;
      }
      this.#keep(stream);
    } catch (error) {
      if (generation === this.#generation) {
        this.#set(reason(error));
      }
    }
  }

  release(): void {
    this.#generation += 1;
    if (this.#stream !== undefined) {
      stop(this.#stream);
      this.#stream = undefined;
    }
    this.#muted = false;
    if (this.#status !== 'off') {
      this.#set('off');
    }
  }

  /** A muted microphone stays attached and sends silence: unmuting cuts off no syllable. */
  setMuted(muted: boolean): void {
    this.#muted = muted;
    if (this.track) {
      this.track.enabled = !muted;
    }
    this.#changed();
  }

  #keep(stream: MediaStream): void {
    this.#stream = stream;
    for (const track of stream.getAudioTracks()) {
      track.enabled = !this.#muted;
      // Unplugged, or taken back by the person.
      track.onended = () => {
        if (this.#stream === stream) {
          this.#stream = undefined;
          this.#set('absent');
        }
      };
    }
    this.#set('on');
  }

  #set(status: MicrophoneStatus): void {
    this.#status = status;
    this.#changed();
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

function reason(error: unknown): MicrophoneStatus {
  const name = error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'absent';
    default:
      return 'failed';
  }
}
