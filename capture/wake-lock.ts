/**
 * Keeps the screen on during a session. The browser lets go whenever the page is hidden, and iOS may then want a tap
 * before it grants it again (WebKit 255363), so each return and each tap asks once more.
 */
export class WakeLock {
  #sentinel: WakeLockSentinel | undefined;
  #stop: (() => void) | undefined;

  /** May be called again while held. */
  hold(): void {
    if (this.#stop) {
      return;
    }
    const ask = () => void this.#request();
    document.addEventListener('visibilitychange', ask);
    document.addEventListener('pointerdown', ask);
    this.#stop = () => {
      document.removeEventListener('visibilitychange', ask);
      document.removeEventListener('pointerdown', ask);
    };
    ask();
  }

  release(): void {
    this.#stop?.();
    this.#stop = undefined;
    void this.#sentinel?.release();
    this.#sentinel = undefined;
  }

  async #request(): Promise<void> {
    if (document.visibilityState !== 'visible' || (this.#sentinel && !this.#sentinel.released)) {
      return;
    }
    try {
      const sentinel = await navigator.wakeLock?.request('screen');
      if (this.#stop) {
        this.#sentinel = sentinel;
      } else {
        await sentinel?.release();
      }
    } catch {
      // Low battery or no permission: the screen goes dark as it always does, the session survives it.
    }
  }
}
