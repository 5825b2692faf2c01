/**
 * The whiteboard on the phone: what the technician draws over the customer's own picture, and the customer's pen. Loaded when
 * a session is active, not with the page.
 */
import { BoardLink } from '../relay/client/board-link.ts';
import type { Connection } from '../relay/client/connection.ts';
import { readShownPart, StillDownload, sendStill, takeStill } from '../relay/client/freeze-frame.ts';
import {
  type BoardEvent,
  LIVE_SURFACE,
  type MarkColour,
  type SessionId,
  type Surface,
} from '../relay/protocol.ts';
import './board-layer.ts';
import './draw-tools.ts';

export type PhoneBoardHost = {
  sessionId: SessionId;
  socket: Connection;
  /** What may be shown of the camera; null while it is paused or away. */
  camera: () => MediaStreamTrack | null;
  /** The live picture is shown as in a mirror. */
  mirrored: () => boolean;
  changed: () => void;
};

export class PhoneBoard {
  readonly link: BoardLink;
  readonly #host: PhoneBoardHost;
  readonly #listeners = new Set<() => void>();
  /** The customer has the pen in the hand. */
  drawing = false;
  colour: MarkColour = 'yellow';
  /** What both draw on, while it is in front. */
  still: ImageBitmap | undefined;
  /** Too many marks; said until the next one gets through. */
  isFull = false;
  #shownSurface = LIVE_SURFACE;
  #wasUsed = false;
  #own: { surface: Surface; jpeg: Blob } | undefined;
  #download: StillDownload | undefined;

  constructor(host: PhoneBoardHost) {
    this.#host = host;
    this.link = new BoardLink({
      sessionId: host.sessionId,
      me: 'customer',
      request: (type, params) => host.socket.request(type, params),
      changed: () => {
        this.#settleStill();
        this.changed();
      },
      refused: (code) => {
        this.isFull = code === 'boardFull';
        this.changed();
      },
      now: () => performance.now(),
      later: (callback, delayMs) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    });
    void this.link.open();
  }

  get frozen(): boolean {
    return this.link.surface !== LIVE_SURFACE;
  }

  get mirrored(): boolean {
    return !this.frozen && this.#host.mirrored();
  }

  /**
   * Marks at the edges must be seen too, which a picture that fills the screen cuts off. From the first one on, or the
   * picture would change its size with each that comes and goes.
   */
  get showsWhole(): boolean {
    const { marks, sketches } = this.link;
    this.#wasUsed ||= this.drawing || this.frozen || marks.length > 0 || sketches.length > 0;
    return this.#wasUsed;
  }

  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of [...this.#listeners]) {
      listener();
    }
    this.#host.changed();
  }

  draw(drawing: boolean): void {
    this.drawing = drawing;
    this.changed();
  }

  paint(colour: MarkColour): void {
    this.colour = colour;
    this.changed();
  }

  hear(event: BoardEvent): void {
    if (event.type === 'freezeWanted') {
      void this.#freeze(event.surface);
    } else {
      this.link.hear(event);
    }
  }

  hearFrame(frame: ArrayBuffer): void {
    const part = readShownPart(frame);
    if (part) {
      this.#download?.take(part);
    }
  }

  /** The technician wants a still. */
  async #freeze(surface: Surface): Promise<void> {
    const { sessionId, socket, camera } = this.#host;
    const track = camera();
    const jpeg = track && (await takeStill(track).catch(() => undefined));
    try {
      if (!jpeg || camera() !== track) {
        await socket.request('freezeFailed', { sessionId, surface });
        return;
      }
      this.#own = { surface, jpeg: new Blob([jpeg], { type: 'image/jpeg' }) };
      await sendStill((kind, content) => socket.sendBinary(kind, content), surface, jpeg);
    } catch {
      // The connection went, or the technician changed their mind; the relay knows either way.
    }
  }

  #settleStill(): void {
    const { surface } = this.link;
    if (surface === this.#shownSurface) {
      return;
    }
    this.#shownSurface = surface;
    this.still?.close();
    this.still = undefined;
    this.#download = undefined;
    if (surface !== LIVE_SURFACE) {
      void this.#show(surface);
    }
  }

  /** The phone's own copy; after a reload, the relay's. */
  async #show(surface: Surface): Promise<void> {
    const { sessionId, socket } = this.#host;
    let jpeg = this.#own?.surface === surface ? this.#own.jpeg : undefined;
    if (!jpeg) {
      this.#download = new StillDownload(sessionId, surface);
      jpeg = await this.#download.load((params) => socket.request('openStill', params));
    }
    const still = jpeg && (await createImageBitmap(jpeg).catch(() => undefined));
    if (surface === this.#shownSurface) {
      this.still = still;
      this.changed();
    } else {
      still?.close();
    }
  }

  close(): void {
    this.link.close();
    this.#download = undefined;
    this.still?.close();
    this.still = undefined;
  }
}
