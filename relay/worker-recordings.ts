/** The front's side of what its workers record: who records what, passed both ways. */
import type { RecordingListener } from './media-plane.ts';
import type { RecordingCommand } from './recorders.ts';
import type { WorkerEvent } from './worker-protocol.ts';
import type { WorkerSlot } from './worker-slot.ts';

type Running = { worker: WorkerSlot; listener: RecordingListener };

export class WorkerRecordings {
  readonly #running = new Map<number, Running>();

  start(
    worker: WorkerSlot,
    command: Extract<RecordingCommand, { type: 'startRecording' }>,
    listener: RecordingListener,
  ): void {
    this.#running.set(command.recordingId, { worker, listener });
    worker.send(command);
  }

  /** Lost with the recording, when that is over. */
  send(command: Exclude<RecordingCommand, { type: 'startRecording' }>): void {
    this.#running.get(command.recordingId)?.worker.send(command);
  }

  onEvent(worker: WorkerSlot, event: Extract<WorkerEvent, { type: 'recordingState' }>): void {
    const { recordingId, bytes, dropped } = event;
    const running = this.#running.get(recordingId);
    // A late word, or one of a worker that does not record this.
    if (running?.worker !== worker) {
      return;
    }
    if (event.state === 'recording') {
      running.listener.recording({ bytes, dropped });
      return;
    }
    this.#running.delete(recordingId);
    running.listener.ended(event.state === 'failed' ? event.code : 'stopped', { bytes, dropped });
  }

  /** The process is lost with everything in it; what it had written is there. */
  workerLost(worker: WorkerSlot): void {
    for (const [recordingId, running] of this.#running) {
      if (running.worker === worker) {
        this.#running.delete(recordingId);
        running.listener.ended('workerLost', undefined);
      }
    }
  }
}
