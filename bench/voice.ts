/** Sounds for the microphones of the benches and for what was heard; pure. */
import { seededRandom } from '../test/support/impairment.ts';

export const SAMPLE_RATE_HZ = 48_000;

/** First three formants in Hz of a, e, i, o, u; male averages after Peterson and Barney (1952). */
const VOWELS = [
  [730, 1090, 2440],
  [530, 1840, 2480],
  [270, 2290, 3010],
  [570, 840, 2410],
  [300, 870, 2240],
] as const;
const FORMANT_BANDWIDTH_HZ = 90;

const SYLLABLE_S = 0.22;
/** The hiss in front of a syllable, as of an s or f. */
const CONSONANT_S = 0.05;
/** A pause for breath in every so many syllables. */
const SYLLABLES_PER_PHRASE = 9;

/**
 * Something that codecs and ears take for speech: vowels by formants over a falling pitch, hisses between them, pauses.
 * Mono, −1 to 1, at SAMPLE_RATE_HZ; the same for the same seed.
 */
export function speechLike(seconds: number, seed: number, pitchHz: number): Float32Array {
  const random = seededRandom(seed);
  const samples = new Float32Array(Math.round(seconds * SAMPLE_RATE_HZ));
  const syllableLength = Math.round(SYLLABLE_S * SAMPLE_RATE_HZ);
  let phase = 0;
  for (let syllable = 0; syllable * syllableLength < samples.length; syllable++) {
    const vowel = VOWELS[Math.floor(random() * VOWELS.length)] ?? VOWELS[0];
    const inPhrase = syllable % SYLLABLES_PER_PHRASE;
    const silent = inPhrase === SYLLABLES_PER_PHRASE - 1;
    const pitch = pitchHz * (1.15 - (0.3 * inPhrase) / SYLLABLES_PER_PHRASE) * (0.95 + 0.1 * random());
    const filters = vowel.map((formantHz) => resonator(formantHz));
    for (let n = 0; n < syllableLength; n++) {
      const at = syllable * syllableLength + n;
      if (at >= samples.length || silent) {
        continue;
      }
      const second = n / SAMPLE_RATE_HZ;
      phase += pitch / SAMPLE_RATE_HZ;
      const pulse = phase >= 1 ? 1 : 0;
      phase -= pulse;
      const voiced = filters.reduce((sum, filter, index) => sum + filter(pulse) / (index + 1), 0);
      const hiss = second < CONSONANT_S ? (random() - 0.5) * 0.12 : 0;
      const envelope = Math.sin(Math.PI * Math.min(1, Math.max(0, second / SYLLABLE_S)));
      samples[at] = Math.max(-1, Math.min(1, 0.5 * voiced * envelope + hiss));
    }
  }
  return samples;
}

/** A pole pair at that frequency, driven by pulses, with a gain of about one at the peak of the answer. */
function resonator(frequencyHz: number): (input: number) => number {
  const radius = Math.exp((-Math.PI * FORMANT_BANDWIDTH_HZ) / SAMPLE_RATE_HZ);
  const angle = (2 * Math.PI * frequencyHz) / SAMPLE_RATE_HZ;
  const feedback = 2 * radius * Math.cos(angle);
  const gain = Math.sin(angle);
  let last = 0;
  let beforeLast = 0;
  return (input) => {
    const output = gain * input + feedback * last - radius * radius * beforeLast;
    beforeLast = last;
    last = output;
    return output;
  };
}

/** A RIFF file of 16-bit mono PCM. */
export function wav(samples: Float32Array, sampleRateHz: number): Buffer {
  const data = Buffer.alloc(samples.length * 2);
  for (const [n, sample] of samples.entries()) {
    data.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), 2 * n);
  }
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(sampleRateHz, 24);
  head.writeUInt32LE(2 * sampleRateHz, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
