/** What the technician asks of the phone: done at once, put before the customer, or refused; and what the customer is shown of it. */
import type { CameraState, CameraWish, Params } from '../relay/protocol.ts';

type Outcome = Params<'cameraWishDone'>['outcome'];

/** What the customer reads for a few seconds. */
export type RemoteNotice = 'lightOn' | 'lightOff' | 'lens' | 'zoom' | 'sharp' | 'smooth' | 'paused';

export type RemoteRequestsHost = {
  state: () => CameraState;
  /** There is a picture of the camera in use to work with. */
  hasCamera: () => boolean;
  /** Whether it worked. */
  perform: (wish: CameraWish) => Promise<boolean>;
  answer: (wishId: number, outcome: Outcome) => void;
  changed: () => void;
  /** Runs `callback` once after the delay; returns the undo. */
  later: (callback: () => void, delayMs: number) => () => void;
};

/** Long enough to look at the screen and to read six words. */
const NOTICE_MS = 6_000;

/** What is to become of a wish before anything is touched. Pure. */
export function judge(wish: CameraWish, state: CameraState, hasCamera: boolean): 'perform' | 'ask' | Outcome {
  if (wish.type === 'prefer') {
    return 'perform';
  }
  if (wish.type === 'pause') {
    // Nobody but the customer shows again what was hidden.
    return wish.paused || state.paused === 'nobody' ? 'perform' : 'ask';
  }
  if (!hasCamera) {
    return 'noCamera';
  }
  switch (wish.type) {
    case 'light':
      return state.light === 'none' ? 'cannot' : 'perform';
    case 'zoom':
      return state.zoom === undefined ? 'cannot' : 'perform';
    case 'lens':
      return state.lenses.some(({ id }) => id === wish.lens) ? 'perform' : 'cannot';
  }
}

export class RemoteRequests {
  readonly #host: RemoteRequestsHost;
  #notice: RemoteNotice | undefined;
  #cancel: () => void = () => undefined;
  /** Wishes to go on, which wait for the customer. */
  #asked: number[] = [];

  constructor(host: RemoteRequestsHost) {
    this.#host = host;
  }

  get notice(): RemoteNotice | undefined {
    return this.#notice;
  }

  /** The technician would like the camera to go on. */
  get isAsked(): boolean {
    return this.#asked.length > 0;
  }

  async hear(wishId: number, wish: CameraWish): Promise<void> {
    const host = this.#host;
    const verdict = judge(wish, host.state(), host.hasCamera());
    if (verdict === 'ask') {
      this.#asked.push(wishId);
      host.answer(wishId, 'asked');
      host.changed();
      return;
    }
    if (verdict !== 'perform') {
      host.answer(wishId, verdict);
      return;
    }
    const before = host.state();
    const isDone = await host.perform(wish).catch(() => false);
    host.answer(wishId, isDone ? 'done' : 'failed');
    const notice = isDone ? noticeOf(wish, before) : undefined;
    if (notice) {
      this.#show(notice);
    }
  }

  /** The customer has decided; also when they have let the camera go on by themselves. */
  decide(goesOn: boolean): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const wishId of asked) {
      this.#host.answer(wishId, goesOn ? 'done' : 'declined');
    }
    this.#host.changed();
  }

  close(): void {
    this.#cancel();
    this.#asked = [];
  }

  #show(notice: RemoteNotice): void {
    this.#notice = notice;
    this.#cancel();
    this.#cancel = this.#host.later(() => {
      this.#notice = undefined;
      this.#host.changed();
    }, NOTICE_MS);
    this.#host.changed();
  }
}

/** Nothing is said of what was so already. */
function noticeOf(wish: CameraWish, before: CameraState): RemoteNotice | undefined {
  switch (wish.type) {
    case 'light':
      return wish.on === (before.light === 'on') ? undefined : wish.on ? 'lightOn' : 'lightOff';
    case 'lens':
      return wish.lens === before.lens ? undefined : 'lens';
    case 'zoom':
      return 'zoom';
    case 'prefer':
      return wish.preference === before.preference ? undefined : wish.preference;
    case 'pause':
      return wish.paused && before.paused === 'nobody' ? 'paused' : undefined;
  }
}
