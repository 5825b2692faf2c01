/** What became of a recording: the file, its waveforms, where the clock is in it. Types and constants only; part of `protocol.ts`. */

/** `webm` only when everything in it is; `mkv` holds the same. */
export const PLAYBACK_FORMATS = ['webm', 'mkv', 'mp4', 'wav'] as const;
export type PlaybackFormat = (typeof PLAYBACK_FORMATS)[number];

/** A stretch without a pause: where it begins in the file, when that was (epoch milliseconds), how long it is. */
export type PlaybackStretch = { fileMs: number; epochMs: number; durationMs: number };

/** Highest level of each `peakMs` of a voice, 0 to 255, and where nobody speaks. */
export type PlaybackSpeaker = {
  party: string;
  peakMs: number;
  peaks: number[];
  silences: { fromMs: number; toMs: number }[];
};

/** `nothingRecorded`: the journals have neither picture nor voice. The others: it may work another time. */
export type PlaybackProblem = 'nothingRecorded' | 'failed';

export type PlaybackView =
  /** Nothing was recorded, or it is still going on, or it was deleted. */
  | { state: 'none' }
  /** `done` of 1. */
  | { state: 'preparing'; done: number }
  | { state: 'failed'; problem: PlaybackProblem }
  | {
      state: 'ready';
      durationMs: number;
      hasPicture: boolean;
      stretches: PlaybackStretch[];
      speakers: PlaybackSpeaker[];
      /** How far each format that it can be had in is; 1 is there. What is not there is made when it is asked for. */
      formats: Partial<Record<PlaybackFormat, number>>;
    };

/** Answer 202 to a download that is being made. */
export type PlaybackPreparing = { done: number };
