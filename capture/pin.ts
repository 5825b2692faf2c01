/** What a customer types or arrives with, read forgivingly. Pure. */

/** Six, and more when the relay has reason to (`longPin` of its store). */
const PIN = /^[0-9]{6,9}$/;
/** A token of the relay is URL-safe Base64; whether it is known is the relay's business. */
const CHANNEL_PATH = /^\/c\/([a-z0-9-]{1,40})\/?$/;
const LINK_PATH = /^\/j\/([A-Za-z0-9_-]{1,128})\/?$/;

/**
 * The digits out of what was typed, dictated to a keyboard or pasted: with spaces, dashes, dots or
 * invisible characters between them, and in full-width or Arabic digits.
 */
export function parsePin(text: string): string | undefined {
  const digits = text
    .normalize('NFKC')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replace(/[\s\p{Pd}\p{Cf}.·/_]/gu, '');
  return PIN.test(digits) ? digits : undefined;
}

/** What the page's address says of where the customer comes from: an invitation's link or the page of a channel. */
export type Entry = { token: string } | { channel: string };

export function parseEntry(path: string): Entry | undefined {
  const token = LINK_PATH.exec(path)?.[1];
  const channel = CHANNEL_PATH.exec(path)?.[1];
  return token ? { token } : channel ? { channel } : undefined;
}

/** The same text for the same entry; a stored session belongs to the one that it came by. */
export function entryKey(entry: Entry): string {
  return 'token' in entry ? entry.token : `/c/${entry.channel}`;
}
