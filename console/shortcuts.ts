/**
 * The keys of an opened session. Each is a single key without a modifier: those with Ctrl, Alt or Meta belong to the
 * browser and the system, those with Insert or Caps Lock to screen readers. The pure part; session-keys.ts listens.
 */
import { msg } from '@lit/localize';
import type { ViewAction } from './picture-stage.ts';

export type KeyAction =
  | 'microphone'
  | 'speaker'
  | 'fullScreen'
  | 'pictureInPicture'
  | 'overview'
  | ViewAction;

export type Shortcut = { key: string; action: KeyAction; name: () => string };

/** `key` as a keyboard event says it, in lower case. */
export const SHORTCUTS: readonly Shortcut[] = [
  { key: 'm', action: 'microphone', name: () => msg('Mute microphone') },
  { key: 's', action: 'speaker', name: () => msg('Mute speaker') },
  { key: '0', action: 'fit', name: () => msg('Fit Window') },
  { key: '1', action: 'actual', name: () => msg('Actual Size') },
  { key: '2', action: 'stretch', name: () => msg('Stretch to Window') },
  { key: '+', action: 'zoomIn', name: () => msg('Zoom in') },
  { key: '-', action: 'zoomOut', name: () => msg('Zoom out') },
  { key: 'r', action: 'turnRight', name: () => msg('Rotate right by 90 degrees') },
  { key: 'f', action: 'fullScreen', name: () => msg('Full screen') },
  { key: 'p', action: 'pictureInPicture', name: () => msg('Picture in picture') },
  { key: '?', action: 'overview', name: () => msg('Keyboard shortcuts') },
];

/** Where + needs Shift, the same key without it means it too. */
const ALIASES: Record<string, string> = { '=': '+' };

/** Those that may come again while the key is held down. */
const REPEATED: readonly KeyAction[] = ['zoomIn', 'zoomOut'];

export type PressedKey = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'repeat' | 'isComposing'
>;

/** What a pressed key means; undefined when it means nothing here. */
export function actionOf(event: PressedKey): KeyAction | undefined {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) {
    return undefined;
  }
  const key = ALIASES[event.key] ?? event.key.toLowerCase();
  const action = SHORTCUTS.find((shortcut) => shortcut.key === key)?.action;
  return action === undefined || (event.repeat && !REPEATED.includes(action)) ? undefined : action;
}

/** What of an element tells whether typing into it is writing. */
export type KeyTarget = { tag: string; type: string; isEditable: boolean };

const NO_WRITING = ['checkbox', 'radio', 'button', 'submit', 'reset', 'range', 'color', 'file', 'image'];

/** Letters go into a field, and choose the entry of a list. */
export function takesLetters({ tag, type, isEditable }: KeyTarget): boolean {
  return (
    isEditable ||
    tag === 'textarea' ||
    tag === 'select' ||
    (tag === 'input' && !NO_WRITING.includes(type.toLowerCase()))
  );
}
