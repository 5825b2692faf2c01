/** What was asked of a customer's phone and came of it. Of a slider that is dragged, only the newest value is asked for. */
import type { CameraWish, Params, Result, ServerEvent, SessionId, WishOutcome } from '../relay/protocol.ts';
import type { FailureCode, Outcome } from './outcome.ts';

type Done = Extract<ServerEvent, { type: 'cameraWishDone' }>;

export type PhoneWishesHost = {
  request: (params: Params<'askCamera'>) => Promise<Outcome<Result<'askCamera'>>>;
  changed: () => void;
  /** Runs `callback` once after the delay. */
  later: (callback: () => void, delayMs: number) => void;
};

/** Of the newest wish; `asking`: the phone has not answered yet. */
export type WishStanding = {
  wish: CameraWish;
  outcome: 'asking' | WishOutcome;
  /** The relay did not even pass it on. */
  refused?: FailureCode;
};

/** Slower than the relay allows (`WISH_RATE_PER_S`), and still a movement. */
const PACE_MS = 250;

type Phone = {
  standing: WishStanding;
  /** Until the phone has answered and a moment has passed. */
  isBusy: boolean;
  wishId: number | undefined;
  next: CameraWish | undefined;
  /** The phone may answer before the relay's own answer is read. */
  early: Map<number, WishOutcome>;
};

export class PhoneWishes {
  readonly #host: PhoneWishesHost;
  readonly #phones = new Map<SessionId, Phone>();

  constructor(host: PhoneWishesHost) {
    this.#host = host;
  }

  /** Undefined when nothing was asked. */
  of(sessionId: SessionId): WishStanding | undefined {
    return this.#phones.get(sessionId)?.standing;
  }

  ask(sessionId: SessionId, wish: CameraWish): void {
    const held = this.#phones.get(sessionId);
    if (held?.isBusy) {
      held.next = wish;
      held.standing = { wish, outcome: 'asking' };
    } else {
      void this.#send(sessionId, wish);
    }
    this.#host.changed();
  }

  async #send(sessionId: SessionId, wish: CameraWish): Promise<void> {
    const phone: Phone = {
      standing: { wish, outcome: 'asking' },
      isBusy: true,
      wishId: undefined,
      next: undefined,
      early: new Map(),
    };
    this.#phones.set(sessionId, phone);
    const answer = await this.#host.request({ sessionId, wish });
    if (!answer.ok) {
      this.#settle(sessionId, phone, { wish, outcome: 'failed', refused: answer.code });
      return;
    }
    phone.wishId = answer.value.wishId;
    const early = phone.early.get(phone.wishId);
    if (early) {
      this.#settle(sessionId, phone, { wish, outcome: early });
    }
  }

  hear({ sessionId, wishId, outcome }: Done): void {
    const phone = this.#phones.get(sessionId);
    if (phone && phone.wishId === undefined) {
      phone.early.set(wishId, outcome);
    } else if (phone?.wishId === wishId) {
      this.#settle(sessionId, phone, { wish: phone.standing.wish, outcome });
    }
  }

  #settle(sessionId: SessionId, phone: Phone, standing: WishStanding): void {
    if (!phone.next) {
      phone.standing = standing;
    }
    if (phone.isBusy) {
      this.#host.later(() => {
        phone.isBusy = false;
        if (phone.next && this.#phones.get(sessionId) === phone) {
          this.ask(sessionId, phone.next);
        }
      }, PACE_MS);
    }
    this.#host.changed();
  }

  forget(sessionId: SessionId): void {
    this.#phones.delete(sessionId);
  }

  /** After a new connection: answers of the time without one are lost. */
  reset(): void {
    this.#phones.clear();
  }
}
