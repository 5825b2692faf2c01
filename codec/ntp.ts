/**
 * NTP time as RTCP uses it (RFC 3550 4): 32 bits of seconds since 1900 and 32 bits of fraction, and its middle 32 bits
 * (16 and 16) for the round trip. Time is an argument: milliseconds since 1970, with fractions.
 */
import { distance32, truncate32 } from './serial.ts';

/** 1900-01-01 to 1970-01-01: 70 years with 17 leap days. */
const UNIX_EPOCH_NTP_S = 2_208_988_800;
const UNITS_PER_MS = 65.536;
/** The longest delay that DLSR can say: 18 h. */
const MAX_DLSR_UNITS = 2 ** 32 - 1;

/** Seconds since 1900, 32 bits (they wrap on 2036-02-07). */
export function ntpSeconds(unixMs: number): number {
  return truncate32(Math.floor(unixMs / 1000) + UNIX_EPOCH_NTP_S);
}

/** The rest of the second in 2^−32 s. */
export function ntpFraction(unixMs: number): number {
  const seconds = unixMs / 1000;
  return Math.floor((seconds - Math.floor(seconds)) * 2 ** 32);
}

/** Milliseconds since 1970. Seconds below 2^31 are taken to be behind the wrap of 2036 (RFC 4330 3). */
export function ntpToUnixMs(seconds: number, fraction: number): number {
  const sinceEpoch = (seconds < 2 ** 31 ? seconds + 2 ** 32 : seconds) - UNIX_EPOCH_NTP_S;
  return sinceEpoch * 1000 + (fraction / 2 ** 32) * 1000;
}

/** The middle 32 bits of an NTP time, in 1/65536 s: what LSR carries. */
export function ntpMiddle32(seconds: number, fraction: number): number {
  return truncate32((seconds << 16) | (fraction >>> 16));
}

/** `ntpMiddle32` of a moment, for `roundTripTimeMs`. */
export function ntpMiddle32At(unixMs: number): number {
  return ntpMiddle32(ntpSeconds(unixMs), ntpFraction(unixMs));
}

/** The DLSR field: the time since the last SR arrived, in 1/65536 s, held at the ends of its 32 bits. */
export function delaySinceLastSrUnits(elapsedMs: number): number {
  return Math.min(MAX_DLSR_UNITS, Math.max(0, Math.round(elapsedMs * UNITS_PER_MS)));
}

/**
 * Round trip by a report block (RFC 3550 6.4.1: arrival − LSR − DLSR); all arguments in 1/65536 s.
 * The peer chooses LSR and DLSR: a caller that steers by the result must bound it.
 * @returns milliseconds, 0 when rounding or clock drift makes it negative, NaN when the peer has seen no SR yet.
 */
export function roundTripTimeMs(nowMiddle32: number, lastSr: number, delaySinceLastSr: number): number {
  if (lastSr === 0) {
    return Number.NaN;
  }
  return Math.max(0, distance32(lastSr + delaySinceLastSr, nowMiddle32)) / UNITS_PER_MS;
}
