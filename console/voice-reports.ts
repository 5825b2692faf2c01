/** What the relay was told of the technician's voice, for each active session. */
import type { DeviceState, SessionId, SessionView } from '../relay/protocol.ts';
import type { Microphone } from './microphone.ts';

export class VoiceReports {
  readonly #send: (params: { sessionId: SessionId; devices: DeviceState }) => void;
  readonly #told = new Map<SessionId, DeviceState['microphone']>();

  constructor(send: (params: { sessionId: SessionId; devices: DeviceState }) => void) {
    this.#send = send;
  }

  /** Customers of active sessions see whether they can be heard. Told once, and again when it changes. */
  tell({ status, muted }: Pick<Microphone, 'status' | 'muted'>, sessions: Iterable<SessionView>): void {
    if (status === 'off' || status === 'asking') {
      // Not known yet; the log of the session need not have it.
      return;
    }
    const microphone = status !== 'on' ? 'none' : muted ? 'muted' : 'on';
    for (const session of sessions) {
      if (session.status === 'active' && this.#told.get(session.id) !== microphone) {
        this.#told.set(session.id, microphone);
        this.#send({ sessionId: session.id, devices: { microphone, camera: 'none' } });
      }
    }
  }

  forget(id: SessionId): void {
    this.#told.delete(id);
  }

  /** After a new connection: what was told before may not have arrived. */
  forgetAll(): void {
    this.#told.clear();
  }
}
