/**
 * RTCP read by offset out of a compound packet: SR, RR, SDES, BYE (RFC 3550 6), NACK and PLI (RFC 4585 6), FIR
 * (RFC 5104 4.3.1), REMB (draft-alvestrand-rmcat-remb-03), DLRR of an XR (RFC 3611 4.5). Written by rtcp-write.ts; TWCC is in twcc.ts.
 *
 * Cut each sub-packet out and advance before looking inside, so that nothing inside can hold the walk up:
 *
 *     for (let at = 0, end = nextRtcp(b, 0); end > 0; at = end, end = nextRtcp(b, at)) {
 *       switch (rtcpKind(b, at, end)) { case NACK: … }   // `at` and `end` are the sub-packet's
 *     }
 *
 * `rtcpKind` has checked the lengths of what it names; the getters for that kind then stay inside `at … end`.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|count/FMT|  packet type  |  length in words, minus one   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         SSRC of sender                        |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 */
import { i24, u8, u16, u24, u32 } from './bytes.ts';
import { truncate16 } from './serial.ts';

export const SENDER_REPORT = 200;
export const RECEIVER_REPORT = 201;
export const SOURCE_DESCRIPTION = 202;
export const GOODBYE = 203;
/** Extended reports (RFC 3611), of which the round trip of one who only receives is used. */
export const EXTENDED_REPORT = 207;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
/** Feedback kinds are packet type and FMT together. */
export const NACK = (TRANSPORT_FEEDBACK << 8) | 1;
export const TWCC = (TRANSPORT_FEEDBACK << 8) | 15;
export const PLI = (PAYLOAD_FEEDBACK << 8) | 1;
export const FIR = (PAYLOAD_FEEDBACK << 8) | 4;
const APPLICATION_FEEDBACK = (PAYLOAD_FEEDBACK << 8) | 15;
/** Application-layer feedback that carries the name REMB. */
export const REMB = (1 << 16) | APPLICATION_FEEDBACK;

/** SDES item (RFC 3550 6.5.1). */
export const CNAME = 1;

const HEADER_BYTES = 4;
const REPORT_BLOCK_BYTES = 24;
const FEEDBACK_BYTES = 12;
/** "REMB". */
export const REMB_NAME = 0x52454d42;

// ---------------------------------------------------------------- walking

/**
 * The end of the sub-packet that starts at `at`.
 * @returns −1 at the end of the compound (`at === length`) and when version, length or padding do not fit the rest.
 */
export function nextRtcp(b: Uint8Array, at: number, length: number = b.length): number {
  if (at < 0 || at + HEADER_BYTES > length || length > b.length || u8(b, at) >> 6 !== 2) {
    return -1;
  }
  const end = at + HEADER_BYTES + 4 * u16(b, at + 2);
  if (end > length) {
    return -1;
  }
  if (hasPadding(b, at)) {
    const padding = u8(b, end - 1);
    if (padding === 0 || padding > end - at - HEADER_BYTES) {
      return -1;
    }
  }
  return end;
}

/**
 * What the sub-packet is: SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, GOODBYE, NACK, TWCC, PLI, FIR or REMB
 * when it is long enough for its own counts; another packet type (or type << 8 | FMT for feedback) as its number.
 * @returns −1 when it is of a known kind and malformed: skip it, the walk goes on behind it.
 */
export function rtcpKind(b: Uint8Array, at: number, end: number): number {
  const packetType = rtcpPacketType(b, at);
  const count = rtcpCount(b, at);
  const size = contentEnd(b, at, end) - at;
  switch (packetType) {
    case SENDER_REPORT:
      return size >= 28 + REPORT_BLOCK_BYTES * count ? SENDER_REPORT : -1;
    case RECEIVER_REPORT:
      return size >= 8 + REPORT_BLOCK_BYTES * count ? RECEIVER_REPORT : -1;
    case SOURCE_DESCRIPTION:
      return walkSdes(b, at, end, -1, CNAME) === SDES_MALFORMED ? -1 : SOURCE_DESCRIPTION;
    case GOODBYE:
      return size >= HEADER_BYTES + 4 * count ? GOODBYE : -1;
    case TRANSPORT_FEEDBACK:
    case PAYLOAD_FEEDBACK:
      return size >= FEEDBACK_BYTES ? feedbackKind(b, at, size) : -1;
    default:
      return packetType;
  }
}

function feedbackKind(b: Uint8Array, at: number, size: number): number {
  const kind = (rtcpPacketType(b, at) << 8) | rtcpCount(b, at);
  switch (kind) {
    case NACK:
      return size >= FEEDBACK_BYTES + 4 ? NACK : -1;
    case TWCC:
      return size >= FEEDBACK_BYTES + 8 ? TWCC : -1;
    case FIR:
      return size >= FEEDBACK_BYTES + 8 ? FIR : -1;
    case APPLICATION_FEEDBACK:
      if (size < FEEDBACK_BYTES + 8 || u32(b, at + 12) !== REMB_NAME) {
        return APPLICATION_FEEDBACK;
      }
      return size >= FEEDBACK_BYTES + 8 + 4 * rembSsrcCount(b, at) ? REMB : -1;
    default:
      return kind;
  }
}

export function rtcpPacketType(b: Uint8Array, at: number): number {
  return u8(b, at + 1);
}

/** Reception report count, source count or feedback message type. */
export function rtcpCount(b: Uint8Array, at: number): number {
  return u8(b, at) & 0x1f;
}

export function senderSsrc(b: Uint8Array, at: number): number {
  return u32(b, at + 4);
}

/** Feedback only: whom it is about (0 in FIR and REMB, which name their SSRCs further inside). */
export function mediaSsrc(b: Uint8Array, at: number): number {
  return u32(b, at + 8);
}

/** `end` without the sub-packet's padding. */
export function contentEnd(b: Uint8Array, at: number, end: number): number {
  return hasPadding(b, at) ? end - u8(b, end - 1) : end;
}

function hasPadding(b: Uint8Array, at: number): boolean {
  return (u8(b, at) & 0x20) !== 0;
}

// ---------------------------------------------------------------- SR and RR

export function srNtpSeconds(b: Uint8Array, at: number): number {
  return u32(b, at + 8);
}

/** In 2^−32 s. */
export function srNtpFraction(b: Uint8Array, at: number): number {
  return u32(b, at + 12);
}

/** The middle 32 bits of the NTP time, which a report block returns as LSR. */
export function srNtpMiddle32(b: Uint8Array, at: number): number {
  return u32(b, at + 10);
}

export function srRtpTimestamp(b: Uint8Array, at: number): number {
  return u32(b, at + 16);
}

export function srPacketCount(b: Uint8Array, at: number): number {
  return u32(b, at + 20);
}

export function srOctetCount(b: Uint8Array, at: number): number {
  return u32(b, at + 24);
}

/** Offset of report block `index` (0 … rtcpCount − 1) of an SR or RR; the block… getters take it. */
export function reportBlock(b: Uint8Array, at: number, index: number): number {
  return at + (rtcpPacketType(b, at) === SENDER_REPORT ? 28 : 8) + REPORT_BLOCK_BYTES * index;
}

/** Offset of the report block about `ssrc`; −1 when there is none. */
export function findReportBlock(b: Uint8Array, at: number, ssrc: number): number {
  const count = rtcpCount(b, at);
  for (let i = 0; i < count; i++) {
    const block = reportBlock(b, at, i);
    if (blockSsrc(b, block) === ssrc) {
      return block;
    }
  }
  return -1;
}

export function blockSsrc(b: Uint8Array, block: number): number {
  return u32(b, block);
}

/** Loss since the last report in 1/256. */
export function blockFractionLost(b: Uint8Array, block: number): number {
  return u8(b, block + 4);
}

/** Packets lost since the beginning; negative after duplicates. */
export function blockCumulativeLost(b: Uint8Array, block: number): number {
  return i24(b, block + 5);
}

/** Extended highest sequence number: cycles in the upper, sequence number in the lower 16 bits. */
export function blockHighestSequence(b: Uint8Array, block: number): number {
  return u32(b, block + 8);
}

/** In timestamp units. */
export function blockJitter(b: Uint8Array, block: number): number {
  return u32(b, block + 12);
}

/** `ntpMiddle32` of the last SR received; 0 before the first. */
export function blockLastSr(b: Uint8Array, block: number): number {
  return u32(b, block + 16);
}

/** Since that SR, in 1/65536 s. */
export function blockDelaySinceLastSr(b: Uint8Array, block: number): number {
  return u32(b, block + 20);
}

// ---------------------------------------------------------------- XR

/** Block types (RFC 3611 4.4 and 4.5). */
export const RECEIVER_REFERENCE_TIME = 4;
const DELAY_SINCE_LAST_RR = 5;
const XR_BLOCKS_AT = 8;
const DLRR_BYTES = 12;

/**
 * Offset of the DLRR sub-block for `ssrc` in an XR: what the other side answers to a receiver reference time. LRR is at
 * +4 and DLRR at +8, in the units of LSR and DLSR. −1 when there is none.
 */
export function findDlrr(b: Uint8Array, at: number, end: number, ssrc: number): number {
  const stop = contentEnd(b, at, end);
  let block = at + XR_BLOCKS_AT;
  while (block + 4 <= stop) {
    const next = block + 4 + 4 * u16(b, block + 2);
    if (next > stop) {
      return -1;
    }
    if (u8(b, block) === DELAY_SINCE_LAST_RR) {
      for (let each = block + 4; each + DLRR_BYTES <= next; each += DLRR_BYTES) {
        if (u32(b, each) === ssrc) {
          return each;
        }
      }
    }
    block = next;
  }
  return -1;
}

export function dlrrLastRr(b: Uint8Array, dlrr: number): number {
  return u32(b, dlrr + 4);
}

/** In 1/65536 s. */
export function dlrrDelaySinceLastRr(b: Uint8Array, dlrr: number): number {
  return u32(b, dlrr + 8);
}

// ---------------------------------------------------------------- SDES and BYE

const SDES_ABSENT = -1;
const SDES_MALFORMED = -2;

/**
 * Offset of the text of an SDES item (`CNAME`) of `ssrc`; its length in bytes is in the byte before. −1 when absent.
 */
export function findSdesItem(b: Uint8Array, at: number, end: number, ssrc: number, item: number): number {
  return Math.max(SDES_ABSENT, walkSdes(b, at, end, ssrc, item));
}

/** Each chunk: SSRC, items (type, length, text) up to a type 0, zeros to the next 32-bit word (RFC 3550 6.5). */
function walkSdes(b: Uint8Array, at: number, end: number, ssrc: number, item: number): number {
  const stop = contentEnd(b, at, end);
  const chunks = rtcpCount(b, at);
  let next = at + HEADER_BYTES;
  for (let i = 0; i < chunks; i++) {
    const wanted = u32(b, next) === ssrc;
    next += 4;
    while (next < stop && u8(b, next) !== 0) {
      const text = next + 2;
      next = text + u8(b, next + 1);
      if (text > stop || next > stop) {
        return SDES_MALFORMED;
      }
      if (wanted && u8(b, text - 2) === item) {
        return text;
      }
    }
    if (next >= stop) {
      return SDES_MALFORMED;
    }
    next += 4 - ((next - at) & 3);
  }
  return next > stop ? SDES_MALFORMED : SDES_ABSENT;
}

/** SSRC `index` (0 … rtcpCount − 1) that says goodbye. */
export function byeSsrc(b: Uint8Array, at: number, index: number): number {
  return u32(b, at + HEADER_BYTES + 4 * index);
}

// ---------------------------------------------------------------- feedback

/**
 * Writes the sequence numbers that a NACK asks for into `out`, in the packet's order; each PID is followed by the
 * numbers of its mask, also across the wrap (PID 65535 with mask 3 asks for 65535, 0, 1).
 * @returns how many; what does not fit into `out` is left off. A full 1200-byte NACK names 5049.
 */
export function readNack(b: Uint8Array, at: number, end: number, out: Uint16Array): number {
  const stop = contentEnd(b, at, end);
  let count = 0;
  for (let fci = at + FEEDBACK_BYTES; fci + 4 <= stop; fci += 4) {
    const packetId = u16(b, fci);
    // Bit 0 is the PID itself, bit n the number n behind it.
    let bits = (u16(b, fci + 2) << 1) | 1;
    for (let i = 0; bits !== 0; i++, bits >>= 1) {
      if ((bits & 1) === 0) {
        continue;
      }
      if (count === out.length) {
        return count;
      }
      out[count++] = truncate16(packetId + i);
    }
  }
  return count;
}

/** The command sequence number of the FIR entry for `ssrc` (the same number again is a repetition); −1 without one. */
export function findFir(b: Uint8Array, at: number, end: number, ssrc: number): number {
  const stop = contentEnd(b, at, end);
  for (let fci = at + FEEDBACK_BYTES; fci + 8 <= stop; fci += 8) {
    if (u32(b, fci) === ssrc) {
      return u8(b, fci + 4);
    }
  }
  return -1;
}

/** Bits per second, at most 2^53 − 1 (18 bits of mantissa shifted by up to 63 reach further than anybody's link). */
export function rembBitrate(b: Uint8Array, at: number): number {
  const word = u24(b, at + 17);
  return Math.min((word & 0x3ffff) * 2 ** (word >> 18), Number.MAX_SAFE_INTEGER);
}

export function rembSsrcCount(b: Uint8Array, at: number): number {
  return u8(b, at + 16);
}

/** SSRC `index` (0 … rembSsrcCount − 1) that the bitrate is about. */
export function rembSsrc(b: Uint8Array, at: number, index: number): number {
  return u32(b, at + 20 + 4 * index);
}
