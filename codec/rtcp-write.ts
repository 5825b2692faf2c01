/**
 * RTCP written into a given array (formats and references in rtcp.ts).
 *
 * Every writer takes an offset and returns the offset behind what it wrote, or −1 when there is no room; −1 as the
 * offset gives −1 again, so calls chain to a compound packet and one check at the end is enough. After a −1 the bytes
 * behind the offset are undefined. Numbers are cut to their field's width: unwrapped ones may be passed as they are.
 */
import { hasRoom, put8, put16, put24, put32 } from './bytes.ts';
import {
  CNAME,
  EXTENDED_REPORT,
  FIR,
  GOODBYE,
  NACK,
  PLI,
  RECEIVER_REFERENCE_TIME,
  RECEIVER_REPORT,
  REMB,
  REMB_NAME,
  rtcpCount,
  rtcpPacketType,
  SENDER_REPORT,
  SOURCE_DESCRIPTION,
} from './rtcp.ts';

const HEADER_BYTES = 4;
const FEEDBACK_BYTES = 12;
const REPORT_BLOCK_BYTES = 24;
/** Five bits of reception report count. */
const MAX_REPORT_BLOCKS = 31;

function writeHeader(target: Uint8Array, at: number, type: number, count: number, bytes: number): number {
  if (!hasRoom(target, at, bytes)) {
    return -1;
  }
  put8(target, at, 0x80 | count);
  put8(target, at + 1, type);
  put16(target, at + 2, bytes / 4 - 1);
  return at + bytes;
}

/** A sender report without blocks; add them with `addReportBlock`. NTP time as seconds and 2^−32 s. */
export function writeSenderReport(
  target: Uint8Array,
  at: number,
  ssrc: number,
  ntpSeconds: number,
  ntpFraction: number,
  rtpTimestamp: number,
  packetCount: number,
  octetCount: number,
): number {
  const end = writeHeader(target, at, SENDER_REPORT, 0, 28);
  if (end > 0) {
    put32(target, at + 4, ssrc);
    put32(target, at + 8, ntpSeconds);
    put32(target, at + 12, ntpFraction);
    put32(target, at + 16, rtpTimestamp);
    put32(target, at + 20, packetCount);
    put32(target, at + 24, octetCount);
  }
  return end;
}

/** A receiver report without blocks; add one or more with `addReportBlock`. */
export function writeReceiverReport(target: Uint8Array, at: number, ssrc: number): number {
  const end = writeHeader(target, at, RECEIVER_REPORT, 0, 8);
  if (end > 0) {
    put32(target, at + 4, ssrc);
  }
  return end;
}

/**
 * Appends a block to the SR or RR at `at` whose last writer returned `end`, and counts it in the header. Units as in
 * the block… getters; `cumulativeLost` is held at the ends of its 24 bits, `highestSequence` may be an unwrapped number.
 * @returns the new end; −1 without room or with 31 blocks already.
 */
export function addReportBlock(
  target: Uint8Array,
  at: number,
  end: number,
  ssrc: number,
  fractionLost: number,
  cumulativeLost: number,
  highestSequence: number,
  jitter: number,
  lastSr: number,
  delaySinceLastSr: number,
): number {
  const count = rtcpCount(target, at);
  if (!hasRoom(target, end, REPORT_BLOCK_BYTES) || at < 0 || count === MAX_REPORT_BLOCKS) {
    return -1;
  }
  put32(target, end, ssrc);
  put8(target, end + 4, fractionLost);
  put24(target, end + 5, Math.max(-0x800000, Math.min(0x7fffff, cumulativeLost)));
  put32(target, end + 8, highestSequence);
  put32(target, end + 12, jitter);
  put32(target, end + 16, lastSr);
  put32(target, end + 20, delaySinceLastSr);
  return writeHeader(target, at, rtcpPacketType(target, at), count + 1, end + REPORT_BLOCK_BYTES - at);
}

/**
 * An extended report with the receiver's time (RFC 3611 4.4). A sender answers with a DLRR, from which one who sends
 * nothing itself learns the round trip.
 */
export function writeReceiverReferenceTime(
  target: Uint8Array,
  at: number,
  ssrc: number,
  ntpSeconds: number,
  ntpFraction: number,
): number {
  const end = writeHeader(target, at, EXTENDED_REPORT, 0, 20);
  if (end > 0) {
    put32(target, at + 4, ssrc);
    put8(target, at + 8, RECEIVER_REFERENCE_TIME);
    put8(target, at + 9, 0);
    put16(target, at + 10, 2);
    put32(target, at + 12, ntpSeconds);
    put32(target, at + 16, ntpFraction);
  }
  return end;
}

/** One chunk with one CNAME (1–255 bytes of UTF-8); −1 for a longer one. */
export function writeSdesCname(target: Uint8Array, at: number, ssrc: number, cname: Uint8Array): number {
  // At least one zero ends the items, more fill the last word.
  const bytes = (HEADER_BYTES + 4 + 2 + cname.length + 4) & ~3;
  const end = cname.length > 255 ? -1 : writeHeader(target, at, SOURCE_DESCRIPTION, 1, bytes);
  if (end > 0) {
    put32(target, at + 4, ssrc);
    put8(target, at + 8, CNAME);
    put8(target, at + 9, cname.length);
    target.set(cname, at + 10);
    target.fill(0, at + 10 + cname.length, end);
  }
  return end;
}

export function writeBye(target: Uint8Array, at: number, ssrc: number): number {
  const end = writeHeader(target, at, GOODBYE, 1, 8);
  if (end > 0) {
    put32(target, at + 4, ssrc);
  }
  return end;
}

/** The twelve bytes that all feedback starts with; `kind` as in `rtcpKind`, `bytes` the whole sub-packet. */
export function writeFeedbackHeader(
  target: Uint8Array,
  at: number,
  kind: number,
  bytes: number,
  sender: number,
  media: number,
): number {
  const end = writeHeader(target, at, (kind >> 8) & 0xff, kind & 0x1f, bytes);
  if (end > 0) {
    put32(target, at + 4, sender);
    put32(target, at + 8, media);
  }
  return end;
}

/**
 * Asks for `sequenceNumbers[from … to − 1]`, **unwrapped and ascending**, so that the mask packs across the wrap. With
 * at most 4 bytes a number, 250 of them fit a packet whatever they are.
 * @returns `at` when there is nothing to ask for.
 */
export function writeNack(
  target: Uint8Array,
  at: number,
  sender: number,
  media: number,
  sequenceNumbers: ArrayLike<number>,
  from = 0,
  to: number = sequenceNumbers.length,
): number {
  if (at < 0 || from >= to) {
    return at;
  }
  let end = at + FEEDBACK_BYTES;
  let i = from;
  while (i < to) {
    if (!hasRoom(target, end, 4)) {
      return -1;
    }
    const packetId = sequenceNumbers[i++] ?? 0;
    let mask = 0;
    for (; i < to; i++) {
      const behind = (sequenceNumbers[i] ?? 0) - packetId;
      if (behind < 0 || behind > 16) {
        break;
      }
      // 0 is a duplicate and sets no bit.
      mask |= (1 << behind) >> 1;
    }
    put16(target, end, packetId);
    put16(target, end + 2, mask);
    end += 4;
  }
  return writeFeedbackHeader(target, at, NACK, end - at, sender, media);
}

export function writePli(target: Uint8Array, at: number, sender: number, media: number): number {
  return writeFeedbackHeader(target, at, PLI, FEEDBACK_BYTES, sender, media);
}

/** `commandSequence` (8 bits) grows with each new request and stays for a repetition of the same one. */
export function writeFir(
  target: Uint8Array,
  at: number,
  sender: number,
  media: number,
  commandSequence: number,
): number {
  const end = writeFeedbackHeader(target, at, FIR, FEEDBACK_BYTES + 8, sender, 0);
  if (end > 0) {
    put32(target, at + 12, media);
    put32(target, at + 16, commandSequence << 24);
  }
  return end;
}

/** Bits per second for up to 255 SSRCs together; rounded down to 18 significant bits. */
export function writeRemb(
  target: Uint8Array,
  at: number,
  sender: number,
  bitsPerSecond: number,
  ssrcs: ArrayLike<number>,
): number {
  const count = ssrcs.length;
  const bytes = FEEDBACK_BYTES + 8 + 4 * count;
  const end = count > 255 ? -1 : writeFeedbackHeader(target, at, REMB, bytes, sender, 0);
  if (end > 0) {
    let mantissa = Math.floor(Math.max(0, Math.min(bitsPerSecond, Number.MAX_SAFE_INTEGER)));
    let exponent = 0;
    for (; mantissa > 0x3ffff; exponent++) {
      mantissa = Math.floor(mantissa / 2);
    }
    put32(target, at + 12, REMB_NAME);
    put8(target, at + 16, count);
    put24(target, at + 17, (exponent << 18) | mantissa);
    for (let i = 0; i < count; i++) {
      put32(target, at + 20 + 4 * i, ssrcs[i] ?? 0);
    }
  }
  return end;
}
