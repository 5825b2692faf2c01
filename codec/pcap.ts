/**
 * Captures as other programs read them (pcap, draft-ietf-opsawg-pcap): a file header, then packets, each as UDP in IPv4 without a
 * link layer (LINKTYPE_RAW). Addresses and ports are made up; the time is that of the packet.
 */
import { hasRoom, put8, put16, put32, u16 } from './bytes.ts';

export const PCAP_HEADER_BYTES = 24;
/** Record header, IPv4 header, UDP header. */
export const PCAP_PACKET_OVERHEAD = 16 + 20 + 8;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const SNAP_LENGTH = 0xffff;
const LINKTYPE_RAW = 101;
const UDP = 17;
const IPV4_BYTES = 20;
const UDP_BYTES = 8;

export function writePcapHeader(target: Uint8Array, at: number): number {
  if (!hasRoom(target, at, PCAP_HEADER_BYTES)) {
    return -1;
  }
  put32(target, at, MAGIC_MICROSECONDS);
  put16(target, at + 4, 2);
  put16(target, at + 6, 4);
  put32(target, at + 8, 0);
  put32(target, at + 12, 0);
  put32(target, at + 16, SNAP_LENGTH);
  put32(target, at + 20, LINKTYPE_RAW);
  return at + PCAP_HEADER_BYTES;
}

/** @param from last byte of the sender's address 10.0.0.x, and its port; the receiver is 10.0.1.1 with the same port */
export function writePcapPacket(
  target: Uint8Array,
  at: number,
  unixUs: number,
  from: number,
  port: number,
  payload: Uint8Array,
): number {
  const udpLength = UDP_BYTES + payload.length;
  const length = IPV4_BYTES + udpLength;
  if (length > SNAP_LENGTH || !hasRoom(target, at, 16 + length)) {
    return -1;
  }
  put32(target, at, Math.floor(unixUs / 1e6));
  put32(target, at + 4, Math.floor(unixUs % 1e6));
  put32(target, at + 8, length);
  put32(target, at + 12, length);
  const ip = at + 16;
  put16(target, ip, 0x4500);
  put16(target, ip + 2, length);
  put32(target, ip + 4, 0);
  put8(target, ip + 8, 64);
  put8(target, ip + 9, UDP);
  put16(target, ip + 10, 0);
  put32(target, ip + 12, 0x0a00_0000 | (from & 0xff));
  put32(target, ip + 16, 0x0a00_0101);
  put16(target, ip + 10, internetChecksum(target, ip, ip + IPV4_BYTES));
  const udp = ip + IPV4_BYTES;
  put16(target, udp, port);
  put16(target, udp + 2, port);
  put16(target, udp + 4, udpLength);
  // No checksum (RFC 768): a reader has nothing to check.
  put16(target, udp + 6, 0);
  target.set(payload, udp + UDP_BYTES);
  return udp + udpLength;
}

/** RFC 1071, of an even number of bytes. */
function internetChecksum(b: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2) {
    sum += u16(b, at);
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ~sum & 0xffff;
}
