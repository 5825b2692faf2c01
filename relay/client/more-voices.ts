/** The voices of guests, each in a loudspeaker of its own: not every browser plays more than the first track of a stream. */
export class MoreVoices {
  readonly #elements = new Map<number, HTMLAudioElement>();
  #muted = false;

  set muted(muted: boolean) {
    this.#muted = muted;
    for (const element of this.#elements.values()) {
      element.muted = muted;
    }
  }

  /** @param voice a later track with the same number takes the place of this one */
  play(track: MediaStreamTrack, voice: number): void {
    const element = this.#elements.get(voice) ?? new Audio();
    this.#elements.set(voice, element);
    element.muted = this.#muted;
    element.srcObject = new MediaStream([track]);
    // Pages with a camera, a microphone or a tap may play at once; others with the next tap, whatever it is for.
    element.play().catch(() => {
      addEventListener('click', () => void element.play().catch(() => undefined), { once: true });
    });
  }

  close(): void {
    for (const element of this.#elements.values()) {
      element.srcObject = null;
    }
    this.#elements.clear();
  }
}
