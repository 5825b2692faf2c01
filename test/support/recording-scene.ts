/** Stands in for the media workers that record: writes down what it is asked, and tells what a test has them tell. */
import type {
  RecordingEnding,
  RecordingListener,
  RecordingMedia,
  RecordingSizes,
  RecordingWanted,
} from '../../relay/media-plane.ts';
import type { RecordingPolicy } from '../../relay/protocol.ts';
import type { RecordingRecord } from '../../relay/store.ts';

export const ON_DEMAND: RecordingPolicy = { mode: 'onDemand', voice: true, video: true, purpose: 'proof' };

export class TestRecordings implements RecordingMedia {
  /** As `start 1 of 1001`. */
  readonly calls: string[] = [];
  readonly wanted: RecordingWanted[] = [];
  /** Of the set-up. */
  readonly closed: RecordingRecord[] = [];
  readonly #listeners = new Map<number, RecordingListener>();
  /** No worker has room. */
  full = false;

  startRecording(wanted: RecordingWanted, listener: RecordingListener): boolean {
    this.calls.push(`start ${wanted.recordingId} of ${wanted.sessionId}${this.full ? ': full' : ''}`);
    this.wanted.push(wanted);
    if (!this.full) {
      this.#listeners.set(wanted.recordingId, listener);
    }
    return !this.full;
  }

  pauseRecording(recordingId: number, paused: boolean): void {
    this.calls.push(`${paused ? 'pause' : 'resume'} ${recordingId}`);
  }

  noteRecording(): void {}

  stopRecording(recordingId: number, reason: string): void {
    this.calls.push(`stop ${recordingId}: ${reason}`);
  }

  /** The worker is done with it. */
  end(recordingId: number, how: RecordingEnding, sizes?: RecordingSizes): void {
    const listener = this.#listeners.get(recordingId);
    this.#listeners.delete(recordingId);
    listener?.ended(how, sizes);
  }

  /** The calls since the last time somebody asked. */
  take(): string[] {
    return this.calls.splice(0);
  }
}
