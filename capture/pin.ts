/** What a customer types or arrives with, read forgivingly. Pure. */

const PIN = /^[0-9]{6}$/;
/** A token of the relay is URL-safe Base64; whether it is known is the relay's business. */
const LINK_PATH = /^\/j\/([A-Za-z0-9_-]{1,128})\/?$/;

/**
 * Six digits out of what was typed, dictated to a keyboard or pasted: with spaces, dashes, dots or
 * invisible characters between them, and in full-width or Arabic digits.
 */
export function parsePin(text: string): string | undefined {
  const digits = text
    .normalize('NFKC')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replace(/[\s\p{Pd}\p{Cf}.·/_]/gu, '');
  return PIN.test(digits) ? digits : undefined;
}

/** The token of an invitation link, from the path of the page's address. */
export function parseLinkToken(path: string): string | undefined {
  return LINK_PATH.exec(path)?.[1];
}
