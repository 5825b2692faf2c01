/**
 * Somebody waits, and the technician is looking elsewhere: a short sound, and where the browser was allowed to, a notification of
 * the desktop. Both are chosen by the technician, because both need a press to begin with.
 */
const KEY = 'fernblick.alerts';
/** Two tones, a third apart: heard in an office, no alarm. */
const TONES_HZ = [659, 523] as const;
const TONE_S = 0.16;
const VOLUME = 0.15;

export class WaitingAlert {
  #context: AudioContext | undefined;
  #wanted = recall();

  /** Whether the technician wants to be told. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Called in a press: that is when a browser lets a page ask, and sound. */
  async choose(wanted: boolean): Promise<void> {
    this.#wanted = wanted;
    try {
      localStorage.setItem(KEY, wanted ? 'on' : 'off');
    } catch {
      // Blocked: the choice holds until the page is closed.
    }
    if (wanted) {
      this.#sound();
      if ('Notification' in window && Notification.permission === 'default') {
        await Notification.requestPermission();
      }
    }
  }

  /** @param pressed called when the notification is clicked */
  tell(title: string, body: string, pressed: () => void): void {
    if (!this.#wanted) {
      return;
    }
    this.#sound();
    if ('Notification' in window && Notification.permission === 'granted' && !document.hasFocus()) {
      const notification = new Notification(title, { body, tag: 'fernblick-waiting' });
      notification.addEventListener('click', () => {
        window.focus();
        notification.close();
        pressed();
      });
    }
  }

  #sound(): void {
    this.#context ??= new AudioContext();
    const context = this.#context;
    void context.resume();
    TONES_HZ.forEach((hertz, index) => {
      const oscillator = new OscillatorNode(context, { frequency: hertz });
      const gain = new GainNode(context, { gain: VOLUME });
      const begin = context.currentTime + index * TONE_S;
      gain.gain.setTargetAtTime(0, begin + TONE_S / 2, TONE_S / 4);
      oscillator.connect(gain).connect(context.destination);
      oscillator.start(begin);
      oscillator.stop(begin + 2 * TONE_S);
    });
  }
}

function recall(): boolean {
  try {
    return localStorage.getItem(KEY) === 'on';
  } catch {
    return false;
  }
}
