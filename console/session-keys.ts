/** Listens for the keys of the session that is in front of the technician. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { actionOf, type KeyAction, takesLetters } from './shortcuts.ts';
import { shortcutsAreOn } from './view-choice.ts';

/** Things with keys of their own: in a menu a letter goes to the entry that begins with it. */
const OWN_KEYS = '[role="menu"], [role="listbox"], [role="combobox"], [role="textbox"], [role="grid"]';

export class SessionKeys implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #target: () => Element | null;
  readonly #pressed: (action: KeyAction) => void;

  /** @param target what the keys are for, as long as the session is live and in front; else null */
  constructor(
    host: ReactiveControllerHost & HTMLElement,
    target: () => Element | null,
    pressed: (action: KeyAction) => void,
  ) {
    this.#host = host;
    this.#target = target;
    this.#pressed = pressed;
    host.addController(this);
  }

  hostConnected(): void {
    window.addEventListener('keydown', this.#keyed);
  }

  hostDisconnected(): void {
    window.removeEventListener('keydown', this.#keyed);
  }

  readonly #keyed = (event: KeyboardEvent): void => {
    const action = event.defaultPrevented ? undefined : actionOf(event);
    const target = this.#target();
    if (
      action === undefined ||
      target === null ||
      !shortcutsAreOn() ||
      isTaken(event) ||
      !this.#isReachable(target)
    ) {
      return;
    }
    event.preventDefault();
    this.#pressed(action);
  };

  /** A modal dialog makes everything behind it inert, and what is inert cannot be hit. */
  #isReachable(target: Element): boolean {
    const { left, top, width, height } = target.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const isOnScreen = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
    return !isOnScreen || this.#host.shadowRoot?.elementsFromPoint(x, y).includes(target) === true;
  }
}

/** The key belongs to what has the focus. */
function isTaken(event: KeyboardEvent): boolean {
  return event.composedPath().some(
    (target) =>
      target instanceof HTMLElement &&
      (target.matches(OWN_KEYS) ||
        takesLetters({
          tag: target.localName,
          type: target instanceof HTMLInputElement ? target.type : '',
          isEditable: target.isContentEditable,
        })),
  );
}
