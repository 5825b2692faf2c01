/**
 * Voices by what is heard in them: decoded with libopus as WebAssembly, reduced to peaks for a waveform and to silences.
 * The only importer of opus-decoder.
 */
import { OpusDecoder } from 'opus-decoder';
import { opusDurationMs } from './opus-packet.ts';

/** Width of a peak until the recording is so long that there would be too many. */
const PEAK_MS = 100;
const PEAKS_MAX = 18_000;
const SAMPLES_PER_MS = 48;
/** Peaks are whole numbers up to this, full scale. */
const FULL_SCALE = 255;
/** Below −40 dBFS for so long nobody speaks. */
const SILENCE_PEAK = 0.01;
const SILENCE_MIN_MS = 1_000;

export type Span = { fromMs: number; toMs: number };

/** Highest sample of each stretch of `peakMs`, 0 … 255. */
export type Waveform = { peakMs: number; peaks: number[] };

/** Fixed memory, however long it gets: with twice the width when there would be too many. */
export class WaveformMeter {
  #peakMs = PEAK_MS;
  #peaks: number[] = [];

  /** The loudest sample (0 … 1) of `durationMs` from `timeMs` on. */
  add(timeMs: number, durationMs: number, peak: number): void {
    if (!(timeMs >= 0) || !(peak >= 0)) {
      return;
    }
    const level = Math.min(FULL_SCALE, Math.round(peak * FULL_SCALE));
    const endMs = timeMs + Math.max(1, durationMs);
    while (endMs / this.#peakMs > PEAKS_MAX) {
      this.#halve();
    }
    const last = Math.floor((endMs - 1) / this.#peakMs);
    for (let index = Math.floor(timeMs / this.#peakMs); index <= last; index++) {
      while (this.#peaks.length <= index) {
        this.#peaks.push(0);
      }
      this.#peaks[index] = Math.max(this.#peaks[index] ?? 0, level);
    }
  }

  waveform(): Waveform {
    return { peakMs: this.#peakMs, peaks: this.#peaks };
  }

  #halve(): void {
    this.#peakMs *= 2;
    const halved: number[] = [];
    for (let index = 0; index < this.#peaks.length; index += 2) {
      halved.push(Math.max(this.#peaks[index] ?? 0, this.#peaks[index + 1] ?? 0));
    }
    this.#peaks = halved;
  }
}

/** Where nobody speaks for a second or longer. */
export function silencesOf({ peakMs, peaks }: Waveform): Span[] {
  const silences: Span[] = [];
  let from = -1;
  for (let index = 0; index <= peaks.length; index++) {
    const isSilent = index < peaks.length && (peaks[index] ?? 0) <= SILENCE_PEAK * FULL_SCALE;
    if (isSilent && from < 0) {
      from = index;
    } else if (!isSilent && from >= 0) {
      if ((index - from) * peakMs >= SILENCE_MIN_MS) {
        silences.push({ fromMs: from * peakMs, toMs: index * peakMs });
      }
      from = -1;
    }
  }
  return silences;
}

/** One voice, decoded packet by packet; what is no Opus is silence. */
export class VoiceDecoder {
  readonly #decoder: OpusDecoder;

  private constructor(decoder: OpusDecoder) {
    this.#decoder = decoder;
  }

  static async open(): Promise<VoiceDecoder> {
    const decoder = new OpusDecoder({ channels: 1 });
    await decoder.ready;
    return new VoiceDecoder(decoder);
  }

  /** Mono samples at 48 kHz, −1 … 1; they last until the next call. */
  decode(packet: Uint8Array): Float32Array {
    if (opusDurationMs(packet) === 0) {
      return new Float32Array(0);
    }
    return this.#decoder.decodeFrame(packet).channelData[0] ?? new Float32Array(0);
  }

  /** The loudest sample of the packet, 0 … 1, and its length. */
  measure(packet: Uint8Array): { peak: number; durationMs: number } {
    const samples = this.decode(packet);
    let peak = 0;
    for (let index = 0; index < samples.length; index++) {
      const level = Math.abs(samples[index] ?? 0);
      if (level > peak) {
        peak = level;
      }
    }
    return { peak: Math.min(1, peak), durationMs: samples.length / SAMPLES_PER_MS };
  }

  close(): void {
    this.#decoder.free();
  }
}
