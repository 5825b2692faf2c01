/** What counts as one place on the network when attempts are limited. */

/**
 * One household or office has one IPv4 address, or one IPv6 /64 in which it makes addresses at will (reliability.md 3.2, P4).
 * @param address as text, in any notation; what is no address is its own key
 */
export function addressKey(address: string): string {
  return keyOf(address, 32, 4);
}

/** A /24 or /48: what one provider's customer, or whoever rents a few machines, commonly has. */
export function networkKey(address: string): string {
  return keyOf(address, 24, 3);
}

/** @param ipv4Bits 24 or 32 @param ipv6Groups 16 bits each */
function keyOf(address: string, ipv4Bits: 24 | 32, ipv6GroupCount: number): string {
  if (!address.includes(':')) {
    return ipv4Bits === 32 ? address : ipv4Network(address);
  }
  const groups = ipv6Groups(address.replace(/%.*$/, ''));
  if (groups === undefined) {
    return address;
  }
  // ::ffff:0:0/96, an IPv4 client on a socket that serves both (RFC 4291 2.5.5.2).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    const ipv4 = [high >> 8, high & 255, low >> 8, low & 255].join('.');
    return ipv4Bits === 32 ? ipv4 : ipv4Network(ipv4);
  }
  const network = groups.slice(0, ipv6GroupCount).map((group) => group.toString(16));
  return `${network.join(':')}::/${16 * ipv6GroupCount}`;
}

function ipv4Network(address: string): string {
  return address.replace(/\.\d+$/, '.0/24');
}

/** The eight groups of an IPv6 address; undefined when it is none. */
function ipv6Groups(address: string): number[] | undefined {
  const [, head = address, tail] = /^(.*?)::(.*)$/.exec(address) ?? [];
  const before = parseGroups(head);
  const after = tail === undefined ? [] : parseGroups(tail);
  const missing = 8 - before.length - after.length;
  const groups =
    tail === undefined ? before : [...before, ...Array<number>(Math.max(0, missing)).fill(0), ...after];
  return groups.length === 8 && groups.every((group) => group >= 0 && group <= 0xffff) ? groups : undefined;
}

/** A part between `::`; its last piece may be an IPv4 address. NaN for what is no group. */
function parseGroups(text: string): number[] {
  if (text === '') {
    return [];
  }
  return text.split(':').flatMap((piece) => {
    const octets = piece.split('.');
    if (octets.length === 4) {
      const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
      return [a * 256 + b, c * 256 + d];
    }
    return [/^[0-9a-f]{1,4}$/i.test(piece) ? Number.parseInt(piece, 16) : Number.NaN];
  });
}
