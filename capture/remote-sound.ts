import { MoreVoices } from '../relay/client/more-voices.ts';

/** The technician's voice, and those of guests. Browsers play sound only after a tap, and some only from an element that played in one. */
export class RemoteSound {
  /** To be put into the page. */
  readonly element = document.createElement('audio');
  readonly #changed: () => void;
  readonly #guests = new MoreVoices();
  #isBlocked = false;

  /** @param changed calls back when `isBlocked` is another */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.element.autoplay = true;
  }

  /** The browser wants a tap. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** @param voice 0 is the technician's; others play beside it */
  play(track: MediaStreamTrack, voice = 0): void {
    if (voice > 0) {
      this.#guests.play(track, voice);
      return;
    }
    this.element.srcObject = new MediaStream([track]);
    this.#play();
  }

  /** While a tap is handled this unlocks the element for all that it plays later. */
  unlock(): void {
    this.element.srcObject ??= new MediaStream();
    this.#play();
  }

  /** In a tap, of whatever kind. */
  wake(): void {
    if (this.#isBlocked) {
      this.#play();
    }
  }

  silence(): void {
    this.#guests.close();
    this.element.srcObject = null;
  }

  #play(): void {
    this.element.play().then(
      () => this.#block(false),
      (error: unknown) => this.#block(error instanceof Error && error.name === 'NotAllowedError'),
    );
  }

  #block(isBlocked: boolean): void {
    if (isBlocked !== this.#isBlocked) {
      this.#isBlocked = isBlocked;
      this.#changed();
    }
  }
}
