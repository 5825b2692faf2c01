/** The browser's storage, which throws where cookies are blocked; the page then just remembers nothing. */

export type Area = 'local' | 'session';

function areaOf(area: Area): Storage {
  return area === 'local' ? localStorage : sessionStorage;
}

export function recall(area: Area, key: string): string | undefined {
  try {
    return areaOf(area).getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Undefined forgets. */
export function remember(area: Area, key: string, value: string | undefined): void {
  try {
    if (value === undefined) {
      areaOf(area).removeItem(key);
    } else {
      areaOf(area).setItem(key, value);
    }
  } catch {
    // Blocked or full: nothing depends on it but the comfort of not choosing again.
  }
}
