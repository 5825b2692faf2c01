/**
 * Puts text into the clipboard.
 * @param within where a text field may stand for a moment: inside the open dialog, if there is one
 * @returns false when the browser does not let us; the text must then be visible to be copied by hand
 */
export async function copyText(text: string, within: ShadowRoot): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not a secure context (plain http on the LAN), no focus, or forbidden.
    return copyByCommand(text, within);
  }
}

/** Deprecated, and the only way that works over plain http. */
function copyByCommand(text: string, within: ShadowRoot): boolean {
  const focused = within.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  within.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) {
    focused.focus();
  }
  return copied;
}
