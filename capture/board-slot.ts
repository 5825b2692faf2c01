/** The place of the whiteboard in the page: empty until a session is active and that part of the page is loaded. */
import type { Connection } from '../relay/client/connection.ts';
import type { BoardEvent, CustomerPhase, SessionId } from '../relay/protocol.ts';
import type { PhoneBoard } from './phone-board.ts';

export type BoardSlotHost = {
  camera: () => MediaStreamTrack | null;
  mirrored: () => boolean;
  changed: () => void;
};

export class BoardSlot {
  readonly #host: BoardSlotHost;
  #board: PhoneBoard | undefined;
  #loading = false;

  constructor(host: BoardSlotHost) {
    this.#host = host;
  }

  get board(): PhoneBoard | undefined {
    return this.#board;
  }

  /** What the customer can do on the picture. */
  get drawing(): 'no' | 'possible' | 'drawing' {
    if (this.#board?.link.mayDraw !== true) {
      return 'no';
    }
    return this.#board.drawing ? 'drawing' : 'possible';
  }

  /** Not on the way to the first picture. */
  async settle(socket: Connection, sessionId: SessionId, phase: CustomerPhase): Promise<void> {
    if (phase !== 'active' || this.#board || this.#loading) {
      return;
    }
    this.#loading = true;
    try {
      const { PhoneBoard } = await import('./phone-board.ts');
      if (this.#loading) {
        this.#board = new PhoneBoard({ sessionId, socket, ...this.#host });
      }
    } catch {
      // The network is gone in this moment; the next change of the session tries again.
    }
    this.#loading = false;
    this.#host.changed();
  }

  /** There is a new connection within the session. */
  entered(): void {
    void this.#board?.link.open();
  }

  hear(event: BoardEvent): void {
    this.#board?.hear(event);
  }

  hearFrame(frame: ArrayBuffer): void {
    this.#board?.hearFrame(frame);
  }

  /** The session is over. */
  close(): void {
    this.#loading = false;
    this.#board?.close();
    this.#board = undefined;
  }
}
