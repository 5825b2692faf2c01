/**
 * CRC-32 of IEEE 802.3 (the one of zlib, PNG and Ethernet), eight bytes a step (slicing-by-8, Kounavis and Berry 2005):
 * a recorder computes one for every packet it writes. Node's own is not used, because codec knows no machine.
 */

/** Reversed representation of the polynomial 0x04c11db7. */
const POLYNOMIAL = 0xedb88320;
const SLICES = 8;

const TABLE = makeTable();

/**
 * The checksum of `b` from `start` to before `end`.
 * @param previous checksum of the bytes before these, as zlib's `crc32(data, value)` takes it; 0 at the beginning
 */
export function crc32(b: Uint8Array, start = 0, end: number = b.length, previous = 0): number {
  const table = TABLE;
  let crc = ~previous;
  let at = start;
  for (const last = end - SLICES; at <= last; at += SLICES) {
    const low =
      crc ^ ((b[at] ?? 0) | ((b[at + 1] ?? 0) << 8) | ((b[at + 2] ?? 0) << 16) | ((b[at + 3] ?? 0) << 24));
    crc =
      (table[0x700 | (low & 0xff)] ?? 0) ^
      (table[0x600 | ((low >>> 8) & 0xff)] ?? 0) ^
      (table[0x500 | ((low >>> 16) & 0xff)] ?? 0) ^
      (table[0x400 | (low >>> 24)] ?? 0) ^
      (table[0x300 | (b[at + 4] ?? 0)] ?? 0) ^
      (table[0x200 | (b[at + 5] ?? 0)] ?? 0) ^
      (table[0x100 | (b[at + 6] ?? 0)] ?? 0) ^
      (table[b[at + 7] ?? 0] ?? 0);
  }
  for (; at < end; at++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (b[at] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}

/** Eight tables of 256 words behind each other: the effect of a byte that is 0 to 7 bytes before the end of a step. */
function makeTable(): Int32Array {
  const table = new Int32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    }
    table[byte] = crc;
  }
  for (let index = 256; index < table.length; index++) {
    const before = table[index - 256] ?? 0;
    table[index] = (before >>> 8) ^ (table[before & 0xff] ?? 0);
  }
  return table;
}
