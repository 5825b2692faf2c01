/** Steps of the meter; few enough that a change is worth drawing. */
export const LEVEL_STEPS = 5;

/** Fast enough to look immediate, slow enough to cost a phone nothing. */
const INTERVAL_MS = 100;
/** Quiet speech close to a phone and loud speech, in dB of full scale. */
const QUIETEST_DB = -52;
const LOUDEST_DB = -18;

/**
 * Loudness of a run of samples as 0 (silence) to {@link LEVEL_STEPS}. Pure.
 * @param samples -1 to 1
 */
export function levelOf(samples: ArrayLike<number>): number {
  let energy = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const sample = samples[i] ?? 0;
    energy += sample * sample;
  }
  const decibels = 10 * Math.log10(energy / Math.max(1, samples.length));
  const share = (decibels - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB);
  return Math.max(0, Math.min(LEVEL_STEPS, Math.ceil(share * LEVEL_STEPS)));
}

/** Listens to the customer's own microphone, locally. */
export class MicrophoneLevel {
  readonly #onLevel: (level: number) => void;
  #context: AudioContext | undefined;
  #track: MediaStreamTrack | null = null;
  #disconnect: (() => void) | undefined;
  #heard = false;

  constructor(onLevel: (level: number) => void) {
    this.#onLevel = onLevel;
  }

  /** The track gave something else than zeros; undefined where nothing is measured. */
  get heard(): boolean | undefined {
    return this.#heard || (this.#disconnect && this.#context?.state === 'running' ? false : undefined);
  }

  /** To be called while a tap is handled: an audio context starts asleep otherwise. */
  unlock(): void {
    try {
      this.#context ??= new AudioContext();
      void this.#context.resume();
    } catch {
      // No audio hardware: there is nothing to measure then.
    }
  }

  /** Wakes what a call or a reload put to sleep; to be called while a tap is handled. */
  resume(): void {
    void this.#context?.resume();
  }

  /** Null stops; the same track again changes nothing. */
  listen(track: MediaStreamTrack | null): void {
    if (track === this.#track) {
      return;
    }
    this.#track = track;
    this.#disconnect?.();
    this.#disconnect = undefined;
    this.#heard = false;
    this.#onLevel(0);
    if (track) {
      this.unlock();
      this.#connect(track);
    }
  }

  close(): void {
    this.listen(null);
    void this.#context?.close();
    this.#context = undefined;
  }

  #connect(track: MediaStreamTrack): void {
    const context = this.#context;
    if (!context) {
      return;
    }
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    const source = connectSource(context, track, analyser);
    if (!source) {
      return;
    }
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#heard ||= samples.some((sample) => sample !== 0);
      this.#onLevel(levelOf(samples));
    }, INTERVAL_MS);
    this.#disconnect = () => {
      clearInterval(timer);
      source.disconnect();
    };
  }
}

function connectSource(
  context: AudioContext,
  track: MediaStreamTrack,
  analyser: AnalyserNode,
): MediaStreamAudioSourceNode | undefined {
  try {
    const source = context.createMediaStreamSource(new MediaStream([track]));
    source.connect(analyser);
    return source;
  } catch {
    // Firefox connects no microphone whose sample rate differs from the context's; the meter stays empty there.
    return undefined;
  }
}
