/** Addresses in what people write: only http and https, shown as they are. Pure. */

export type TextPart = { text: string; href?: string };

const ADDRESS = /https?:\/\/[^\s<>"'`]+/giu;
/** At the end of an address they belong to the sentence. */
const TRAILING = /[.,;:!?)\]}»“”']+$/u;

/** The text in parts; those with `href` are links, and their text is the whole address. */
export function linkedText(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(TRAILING, '');
    if (!isWebAddress(address)) {
      continue;
    }
    if (match.index > end) {
      parts.push({ text: text.slice(end, match.index) });
    }
    parts.push({ text: address, href: address });
    end = match.index + address.length;
  }
  return end < text.length ? [...parts, { text: text.slice(end) }] : parts;
}

function isWebAddress(address: string): boolean {
  try {
    const { protocol, hostname, username } = new URL(address);
    // "https://bank.example@evil.example" looks like another address than it is.
    return (protocol === 'http:' || protocol === 'https:') && hostname !== '' && username === '';
  } catch {
    return false;
  }
}
