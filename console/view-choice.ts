/** How the technician of this browser likes to see pictures, kept for the next session. */
import {
  asRotation,
  boundedZoom,
  MIDDLE,
  type PictureView,
  VIEW_MODES,
  WHOLE_PICTURE,
} from './picture-view.ts';

const STORAGE_KEY = 'fernblick.view';
const SHORTCUTS_KEY = 'fernblick.shortcuts';

/** What part of a `localStorage` this needs. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem'>;

/** The last choice; the whole picture when there is none, or none that makes sense. */
export function rememberedView(shelf: Shelf | undefined = browserShelf()): PictureView {
  const kept = parsed(read(shelf, STORAGE_KEY));
  const mode = VIEW_MODES.find((known) => known === kept['mode']);
  const zoom = kept['zoom'];
  const rotation = kept['rotation'];
  return {
    mode: mode ?? WHOLE_PICTURE.mode,
    zoom: typeof zoom === 'number' ? boundedZoom(zoom) : WHOLE_PICTURE.zoom,
    rotation: typeof rotation === 'number' ? asRotation(rotation) : WHOLE_PICTURE.rotation,
    middle: MIDDLE,
  };
}

/** What is in the middle belongs to one picture and is not kept. */
export function rememberView(
  { mode, zoom, rotation }: PictureView,
  shelf: Shelf | undefined = browserShelf(),
): void {
  write(shelf, STORAGE_KEY, JSON.stringify({ mode, zoom, rotation }));
}

/** Single keys may be switched off: they get in the way of speech input and of tremor (WCAG 2.1.4). */
export function shortcutsAreOn(shelf: Shelf | undefined = browserShelf()): boolean {
  return read(shelf, SHORTCUTS_KEY) !== 'off';
}

export function switchShortcuts(on: boolean, shelf: Shelf | undefined = browserShelf()): void {
  write(shelf, SHORTCUTS_KEY, on ? 'on' : 'off');
}

function parsed(text: string | null): Partial<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

// Storage may be forbidden by the browser's settings, or full; the choice then lasts as long as the page.
function browserShelf(): Shelf | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

function read(shelf: Shelf | undefined, key: string): string | null {
  try {
    return shelf?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

function write(shelf: Shelf | undefined, key: string, value: string): void {
  try {
    shelf?.setItem(key, value);
  } catch {
    // See `browserShelf`.
  }
}
