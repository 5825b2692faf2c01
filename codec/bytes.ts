/**
 * Big-endian reads and writes that cannot throw. A read outside the array is 0 and a write outside it is nothing, so a
 * missed bounds check is a wrong value and not a dead process; parsers still check lengths before they read.
 * (`Buffer.readUInt16BE` throws on a bad offset and does not exist on Uint8Array.)
 */

export function u8(b: Uint8Array, offset: number): number {
  return b[offset] ?? 0;
}

export function u16(b: Uint8Array, offset: number): number {
  return ((b[offset] ?? 0) << 8) | (b[offset + 1] ?? 0);
}

export function u24(b: Uint8Array, offset: number): number {
  return ((b[offset] ?? 0) << 16) | ((b[offset + 1] ?? 0) << 8) | (b[offset + 2] ?? 0);
}

export function u32(b: Uint8Array, offset: number): number {
  return (
    (((b[offset] ?? 0) << 24) |
      ((b[offset + 1] ?? 0) << 16) |
      ((b[offset + 2] ?? 0) << 8) |
      (b[offset + 3] ?? 0)) >>>
    0
  );
}

/** Two's complement, −32768 … 32767. */
export function i16(b: Uint8Array, offset: number): number {
  return (u16(b, offset) << 16) >> 16;
}

/** Two's complement, −8388608 … 8388607. */
export function i24(b: Uint8Array, offset: number): number {
  return (u24(b, offset) << 8) >> 8;
}

/** The low 8 bits of `value`; true of the wider ones in their width. */
export function put8(b: Uint8Array, offset: number, value: number): void {
  b[offset] = value;
}

export function put16(b: Uint8Array, offset: number, value: number): void {
  b[offset] = value >>> 8;
  b[offset + 1] = value;
}

export function put24(b: Uint8Array, offset: number, value: number): void {
  b[offset] = value >>> 16;
  b[offset + 1] = value >>> 8;
  b[offset + 2] = value;
}

export function put32(b: Uint8Array, offset: number, value: number): void {
  b[offset] = value >>> 24;
  b[offset + 1] = value >>> 16;
  b[offset + 2] = value >>> 8;
  b[offset + 3] = value;
}

/** True when `size` more bytes fit behind `offset`; false for the −1 of an earlier writer, so that writers chain. */
export function hasRoom(b: Uint8Array, offset: number, size: number): boolean {
  return offset >= 0 && offset + size <= b.length;
}
