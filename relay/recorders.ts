/** The recordings of one media worker: begins and ends them as the front says, and tells it how they fare. */
import type { MediaSession } from './media-session.ts';
import type { SessionId } from './protocol.ts';
import { Recorder } from './recorder.ts';
import type { WorkerCommand, WorkerEvent } from './worker-protocol.ts';

export type RecordingCommand = Extract<WorkerCommand, { recordingId: number }>;
type StateEvent = Extract<WorkerEvent, { type: 'recordingState' }>;

export class Recorders {
  readonly #session: (sessionId: SessionId) => MediaSession;
  readonly #send: (event: StateEvent) => void;
  readonly #recorders = new Map<number, Recorder>();
  #allEnded: () => void = () => undefined;

  /** @param session the one with this number, which comes into being if it is not there */
  constructor(session: (sessionId: SessionId) => MediaSession, send: (event: StateEvent) => void) {
    this.#session = session;
    this.#send = send;
  }

  obey(command: RecordingCommand, now: number): void {
    const { recordingId } = command;
    if (command.type === 'startRecording') {
      this.#start(command, now);
      return;
    }
    const recorder = this.#recorders.get(recordingId);
    switch (command.type) {
      case 'pauseRecording':
        recorder?.pause(now);
        return;
      case 'resumeRecording':
        recorder?.resume(now);
        return;
      case 'noteRecording':
        recorder?.note(command.event, command.detail, now);
        return;
      case 'stopRecording':
        recorder?.stop(command.reason, now);
        return;
    }
  }

  #start(command: Extract<RecordingCommand, { type: 'startRecording' }>, now: number): void {
    const { recordingId, sessionId, path, voice, video } = command;
    if (this.#recorders.has(recordingId)) {
      return;
    }
    const session = this.#session(sessionId);
    const recorder = new Recorder(
      { sessionId, path, voice, video },
      {
        recording: ({ bytes, dropped }) =>
          this.#send({ type: 'recordingState', recordingId, state: 'recording', bytes, dropped }),
        ended: ({ bytes, dropped }, code) => {
          this.#recorders.delete(recordingId);
          if (session.recorder === recorder) {
            session.setRecorder(undefined, performance.now());
          }
          const sizes = { recordingId, bytes, dropped };
          this.#send(
            code === undefined
              ? { type: 'recordingState', ...sizes, state: 'stopped' }
              : { type: 'recordingState', ...sizes, state: 'failed', code },
          );
          if (this.#recorders.size === 0) {
            this.#allEnded();
          }
        },
      },
      now,
    );
    this.#recorders.set(recordingId, recorder);
    session.setRecorder(recorder, now);
  }

  /** The session is over: so is its recording. */
  sessionClosed(sessionId: SessionId): void {
    this.#stopThose((recorder) => recorder.sessionId === sessionId, 'sessionEnded');
  }

  /** Resolves when all that was recorded is on disk. */
  close(reason: string): Promise<void> {
    return new Promise((resolve) => {
      this.#allEnded = resolve;
      this.#stopThose(() => true, reason);
      if (this.#recorders.size === 0) {
        resolve();
      }
    });
  }

  #stopThose(which: (recorder: Recorder) => boolean, reason: string): void {
    const now = performance.now();
    for (const recorder of [...this.#recorders.values()].filter(which)) {
      recorder.stop(reason, now);
    }
  }
}
