/** What the technician asks of the phone's camera: passed on, answered once, given up when the phone says nothing. */
import type { Participant } from './party-media.ts';
import {
  type CameraState,
  type CameraWish,
  type ErrorCode,
  type Role,
  type SessionId,
  WISH_BURST,
  WISH_RATE_PER_S,
  WISHES_OPEN_MAX,
  type WishOutcome,
} from './protocol.ts';

/** Changing the camera takes an old phone three seconds. */
const WISH_TIMEOUT_MS = 10_000;
/** A person is asked, who may be on a ladder. */
const ASKED_TIMEOUT_MS = 120_000;

export type CameraWishesHost = {
  readonly sessionId: SessionId;
  /** Milliseconds. */
  now: () => number;
  /** Runs `callback` once after the delay; returns the undo. */
  later: (callback: () => void, delayMs: number) => () => void;
  /** Picture and sound flow, or would if nobody were missing. */
  active: () => boolean;
  page: (party: Role) => Participant | undefined;
};

/** Whether what the phone has said of itself rules this out. */
export function isBeyond(state: CameraState, wish: CameraWish): boolean {
  switch (wish.type) {
    case 'light':
      return state.light === 'none';
    case 'zoom':
      return state.zoom === undefined || wish.value < state.zoom.min || wish.value > state.zoom.max;
    case 'lens':
      return !state.lenses.some(({ id }) => id === wish.lens);
    case 'prefer':
    case 'pause':
      return false;
  }
}

export class CameraWishes {
  readonly #host: CameraWishesHost;
  /** What the phone last said; not on disk, the page says it again after a restart. */
  #state: CameraState | undefined;
  /** Each with the undo of its time-out. */
  readonly #open = new Map<number, () => void>();
  #lastId = 0;
  #pace = { at: 0, left: WISH_BURST };

  constructor(host: CameraWishesHost) {
    this.#host = host;
  }

  get state(): CameraState | undefined {
    return this.#state;
  }

  setState(state: CameraState): void {
    this.#state = state;
  }

  /** Another page of the customer: nobody answers what was asked before. */
  forget(): void {
    this.#state = undefined;
    for (const wishId of [...this.#open.keys()]) {
      this.#end(wishId, 'noAnswer');
    }
  }

  ask(wish: CameraWish): { wishId: number } | ErrorCode {
    const { sessionId, active, page } = this.#host;
    if (!active()) {
      return 'wrongState';
    }
    const customer = page('customer');
    if (!customer || !this.#state) {
      return 'phoneAway';
    }
    if (isBeyond(this.#state, wish)) {
      return 'phoneCannot';
    }
    if (this.#open.size >= WISHES_OPEN_MAX || !this.#allows()) {
      return 'tooManyMessages';
    }
    this.#lastId += 1;
    const wishId = this.#lastId;
    this.#wait(wishId, WISH_TIMEOUT_MS);
    customer.send({ type: 'cameraWish', sessionId, wishId, wish });
    return { wishId };
  }

  /** What the phone says came of it. */
  answer(wishId: number, outcome: WishOutcome): ErrorCode | undefined {
    if (!this.#open.has(wishId)) {
      return 'wrongState';
    }
    if (outcome === 'asked') {
      this.#wait(wishId, ASKED_TIMEOUT_MS);
      this.#tell(wishId, outcome);
    } else {
      this.#end(wishId, outcome);
    }
    return undefined;
  }

  #wait(wishId: number, timeoutMs: number): void {
    this.#open.get(wishId)?.();
    this.#open.set(
      wishId,
      this.#host.later(() => this.#end(wishId, 'noAnswer'), timeoutMs),
    );
  }

  #end(wishId: number, outcome: WishOutcome): void {
    this.#open.get(wishId)?.();
    this.#open.delete(wishId);
    this.#tell(wishId, outcome);
  }

  #tell(wishId: number, outcome: WishOutcome): void {
    const { sessionId, page } = this.#host;
    page('technician')?.send({ type: 'cameraWishDone', sessionId, wishId, outcome });
  }

  #allows(): boolean {
    const now = this.#host.now();
    const earned = (Math.max(0, now - this.#pace.at) / 1000) * WISH_RATE_PER_S;
    const left = Math.min(WISH_BURST, this.#pace.left + earned);
    this.#pace = { at: now, left: left < 1 ? left : left - 1 };
    return left >= 1;
  }
}
