/**
 * STUN messages (RFC 8489 5, 14) as ICE uses them (RFC 8445 16), by offset. `isStun` checks the lengths of a datagram
 * once; the functions after it trust its verdict, and on other bytes return rubbish without throwing.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |0 0|     message type          |         message length        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         magic cookie                          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     transaction id (96 bits)                  |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |         attribute type        |        attribute length       |  value, padded to 32 bits
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import { put16, put32, u8, u16, u32 } from './bytes.ts';

export const STUN_HEADER_BYTES = 20;
const ATTRIBUTE_HEADER_BYTES = 4;
const MAGIC_COOKIE = 0x2112a442;
const IPV4_FAMILY = 1;
const IPV4_VALUE_BYTES = 8;

/** Message types of RFC 8489 18.1 and RFC 8656 18. */
export const BINDING_REQUEST = 0x0001;
export const BINDING_SUCCESS = 0x0101;

/** Attribute types of RFC 8489 18.3 and RFC 8445 16.1. */
export const USERNAME = 0x0006;
export const MESSAGE_INTEGRITY = 0x0008;
export const XOR_MAPPED_ADDRESS = 0x0020;
export const FINGERPRINT = 0x8028;
export const ICE_CONTROLLED = 0x8029;
export const ICE_CONTROLLING = 0x802a;

/** True for exactly one whole STUN message with the cookie of RFC 5389; its attributes are not checked. */
export function isStun(b: Uint8Array, length: number = b.length): boolean {
  return (
    length >= STUN_HEADER_BYTES &&
    u16(b, 0) < 0x4000 &&
    u32(b, 4) === MAGIC_COOKIE &&
    (length & 3) === 0 &&
    u16(b, 2) === length - STUN_HEADER_BYTES
  );
}

export function messageType(b: Uint8Array): number {
  return u16(b, 0);
}

/** Sets the length field as if the message ended at `end`: what integrity and fingerprint are computed over. */
export function setEnd(b: Uint8Array, end: number): void {
  put16(b, 2, end - STUN_HEADER_BYTES);
}

/** @returns where the value of the first attribute of this type begins, −1 when there is none that fits the message */
export function findAttribute(b: Uint8Array, type: number, length: number = b.length): number {
  let at = STUN_HEADER_BYTES;
  while (at + ATTRIBUTE_HEADER_BYTES <= length) {
    const value = at + ATTRIBUTE_HEADER_BYTES;
    const bytes = u16(b, at + 2);
    if (value + bytes > length) {
      return -1;
    }
    if (u16(b, at) === type) {
      return value;
    }
    at = value + ((bytes + 3) & ~3);
  }
  return -1;
}

/** Length of the attribute whose value begins there, without padding; 0 for −1. */
export function attributeLength(b: Uint8Array, value: number): number {
  return value < ATTRIBUTE_HEADER_BYTES ? 0 : u16(b, value - 2);
}

/**
 * Sets the value of an XOR-MAPPED-ADDRESS (RFC 8489 14.2) to this IPv4 address.
 * @returns false, with nothing changed, when the value is not that of an IPv4 address or the text is none
 */
export function putXorMappedIpv4(b: Uint8Array, value: number, address: string, port: number): boolean {
  const octets = address.split('.').map(Number);
  const [first = 0, second = 0, third = 0, fourth = 0] = octets;
  if (
    value < 0 ||
    attributeLength(b, value) !== IPV4_VALUE_BYTES ||
    u8(b, value + 1) !== IPV4_FAMILY ||
    octets.length !== 4 ||
    !octets.every((octet) => octet >= 0 && octet <= 255)
  ) {
    return false;
  }
  put16(b, value + 2, port ^ (MAGIC_COOKIE >>> 16));
  put32(b, value + 4, ((first << 24) | (second << 16) | (third << 8) | fourth) ^ MAGIC_COOKIE);
  return true;
}
