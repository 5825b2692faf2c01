/** Addresses of the loopback network that count as different places: each in a /24 of its own. */

/** 127.0.0.0/8 without the /16 that everybody else uses. */
const NETWORKS = 255 * 256;

/** @param index below 65 280 */
export function loopbackAddress(index: number): string {
  if (index >= NETWORKS) {
    throw new RangeError(`There are ${NETWORKS} networks.`);
  }
  return `127.${1 + (index >> 8)}.${index & 255}.1`;
}
