/**
 * Sending again what a viewer did not get: answers to its NACKs (RFC 4585 section 6.2.1), out of the uptrack's cache as
 * retransmissions of a picture (RFC 4588), out of an own one as the very same packets of a voice. To a viewer that loses
 * much, each packet of a picture is sent twice without being asked: waiting for a NACK costs a round trip, and the NACK
 * and the answer are lost as often as the packet.
 */
import { put16, put24 } from '../codec/bytes.ts';
import { readNack } from '../codec/rtcp.ts';
import * as rtp from '../codec/rtp.ts';
import { PacketCache } from './cache.ts';
import type { SendPacket } from './feedback.ts';
import type { RoundTrip } from './loss.ts';
import { absoluteSendTimeOffset, SEND_TIME_UNITS_PER_MS } from './packet.ts';
import type { PictureIds } from './picture-ids.ts';
import type { Rewriter } from './rewriter.ts';
import type { Uptrack } from './uptrack.ts';
import type { PacketCounters } from './worker-protocol.ts';

/**
 * For how long a viewer may ask again: one who loses nothing, whose first request comes a frame after the gap and may get lost
 * once, and one who has just asked.
 */
const RETENTION_CALM_MS = 100;
const RETENTION_CALM_ROUND_TRIPS = 2.5;
const RETENTION_LOSSY_MS = 400;
const RETENTION_LOSSY_ROUND_TRIPS = 12;
const LOSSY_FOR_MS = 10_000;

/** The same packet again sooner than this answers a NACK that crossed the answer to the one before. */
const MIN_RESEND_INTERVAL_MS = 20;
const RESEND_ROUND_TRIPS = 0.8;
/** A request for what was sent again this recently is the second for the same gap; longer ago it may be another packet's. */
const ASKED_AGAIN_MS = 500;
/** Packets whose last retransmission is remembered; a power of two. */
const RESEND_MEMORY = 1_024;

/** Numbers of one NACK that are answered; more than Chromium misses at one time when anything is to be saved. */
const MAX_RESENDS = 256;
/** Whoever asks for more than what was sent, three times over, is not repairing a loss. */
const RESEND_BYTES_PER_BYTE = 2;
const RESEND_ALLOWANCE_BYTES = 128 * 1_024;

/** A viewer that loses more than this share loses answers too. */
const HEAVY_LOSS = 0.08;
/** Above this one copy in seven is of no use, and a frame of six packets seldom comes whole: two copies. */
const VERY_HEAVY_LOSS = 0.15;
/** A viewer cannot ask for the first packets of all: it does not know that they were sent. They go twice. */
const GUARD_BEGINNING_MS = 200;
/** A copy comes this long after the packet, not to be lost with it in a short burst. */
const COPY_AFTER_MS = 15;
/** Copies on their way; a power of two. 17 times a second of this is more than the phone sends at such loss. */
const COPY_QUEUE = 512;

/** Numbers of one NACK that are looked at. */
const nacked = new Uint16Array(1_024);
/** Written and sent within one call; the peer copies it. */
const scratch = Buffer.alloc(1_536);

export type RetransmitterOptions = {
  kind: 'audio' | 'video';
  /** Of the retransmissions of a picture. */
  rtxSsrc: number | undefined;
  initialSequence: number;
  /** To the viewer and back. */
  roundTrip: RoundTrip;
  rewriter: Rewriter;
  pictureIds: PictureIds;
  send: SendPacket;
  /** Wants `poll` at this time. */
  wake: (at: number) => void;
  counters: PacketCounters;
};

export class Retransmitter {
  /** Share of the packets sent to this viewer that it did not get, 0 to 1. */
  lossShare = 0;
  /** False while the path to the viewer is full: copies would only make it fuller. */
  hasRoom = true;
  readonly #options: RetransmitterOptions;
  /** Undefined until the viewer has agreed to retransmissions of a picture. */
  #rtxPayloadType: number | undefined;
  #rtxSequence: number;
  /** Voice as sent: without a retransmission stream a packet goes out again as it was, to the last bit. */
  readonly #sent: PacketCache | undefined;
  /** When each packet was last sent again, whole milliseconds, by the low bits of its number; made when needed. */
  #resentAt: Uint32Array | undefined;
  #nackedAt = Number.NEGATIVE_INFINITY;
  #guardedUntil = Number.NEGATIVE_INFINITY;
  #allowance = RESEND_ALLOWANCE_BYTES;
  /** Numbers to be sent again, how often, and when next, in this order; made when needed. */
  #copyNumbers: Uint16Array | undefined;
  #copiesLeft: Uint8Array | undefined;
  #copyDueAt: Float64Array | undefined;
  #copyHead = 0;
  #copyTail = 0;
  #nackedPackets = 0;
  #retransmitted = 0;
  #misses = 0;

  constructor(options: RetransmitterOptions) {
    this.#options = options;
    this.#rtxSequence = options.initialSequence;
    this.#sent = options.kind === 'audio' ? new PacketCache('audio') : undefined;
  }

  get stats(): { nackedPackets: number; retransmitted: number; cacheMisses: number } {
    return {
      nackedPackets: this.#nackedPackets,
      retransmitted: this.#retransmitted,
      cacheMisses: this.#misses,
    };
  }

  /** How long packets should be kept for this viewer. */
  retentionMs(now: number): number {
    const { ms } = this.#options.roundTrip;
    return now - this.#nackedAt < LOSSY_FOR_MS
      ? Math.max(RETENTION_LOSSY_MS, RETENTION_LOSSY_ROUND_TRIPS * ms)
      : RETENTION_CALM_MS + RETENTION_CALM_ROUND_TRIPS * ms;
  }

  agree(rtxPayloadType: number | undefined): void {
    this.#rtxPayloadType = rtxPayloadType;
  }

  /** The first packet of all goes out next. */
  onBegin(now: number): void {
    this.#guardedUntil = now + GUARD_BEGINNING_MS;
  }

  /** A packet goes out for the first time. @param number unwrapped */
  onSent(number: number, bytes: Buffer, payloadOffset: number, now: number): void {
    this.#allowance = Math.min(
      RESEND_ALLOWANCE_BYTES,
      this.#allowance + RESEND_BYTES_PER_BYTE * bytes.length,
    );
    if (this.#sent !== undefined) {
      this.#sent.put(number, bytes, payloadOffset, now);
    } else if (this.hasRoom && this.#rtxPayloadType !== undefined) {
      this.#queueCopies(number, this.#copies(now), now);
    }
  }

  /**
   * The viewer misses packets. What the relay misses itself it has asked for already; the publisher hears nothing of this.
   * @param source undefined while nothing is sent from it
   */
  onNack(packet: Uint8Array, at: number, end: number, source: Uptrack | undefined, now: number): void {
    const count = readNack(packet, at, end, nacked);
    this.#nackedPackets += count;
    if (source === undefined) {
      // Behind a closed gate nothing goes out again either.
      return;
    }
    this.#nackedAt = now;
    const roundTripMs = this.#options.roundTrip.measuredMs ?? 0;
    const interval = Math.max(MIN_RESEND_INTERVAL_MS, RESEND_ROUND_TRIPS * roundTripMs);
    for (let index = 0; index < count && index < MAX_RESENDS; index++) {
      const number = nacked[index] ?? 0;
      if (this.#resentWithin(number, interval, now)) {
        continue;
      }
      if (this.#sent !== undefined) {
        this.#repeat(this.#sent, number, source, now);
      } else {
        // Asked for again: request or answer got lost, and the picture waits for it already.
        const again = this.#resentWithin(number, ASKED_AGAIN_MS, now) ? 1 : 0;
        if (this.#resend(number, source, now)) {
          this.#queueCopies(number, Math.max(again, this.#copies(now)), now);
        }
      }
    }
  }

  /** Sends the copies that are due. @param source undefined while nothing is sent from it */
  poll(source: Uptrack | undefined, now: number): void {
    const numbers = this.#copyNumbers;
    const copies = this.#copiesLeft;
    const dueAt = this.#copyDueAt;
    if (numbers === undefined || copies === undefined || dueAt === undefined) {
      return;
    }
    while (this.#copyHead !== this.#copyTail && (dueAt[this.#copyHead & (COPY_QUEUE - 1)] ?? 0) <= now) {
      const slot = this.#copyHead++ & (COPY_QUEUE - 1);
      const number = numbers[slot] ?? 0;
      this.#resend(number, source, now);
      this.#queueCopies(number, (copies[slot] ?? 0) - 1, now);
    }
    if (this.#copyHead !== this.#copyTail) {
      this.#options.wake(dueAt[this.#copyHead & (COPY_QUEUE - 1)] ?? now);
    }
  }

  tick(now: number): void {
    if (this.#sent !== undefined) {
      this.#sent.retentionMs = this.retentionMs(now);
      this.#sent.tick(now);
    }
  }

  /** Gives back what is kept for this viewer. */
  close(): void {
    this.#sent?.clear();
  }

  /** How often each packet goes again without being asked for. */
  #copies(now: number): number {
    if (this.lossShare > VERY_HEAVY_LOSS) {
      return 2;
    }
    return this.lossShare > HEAVY_LOSS || now < this.#guardedUntil ? 1 : 0;
  }

  #queueCopies(number: number, copies: number, now: number): void {
    if (copies <= 0 || this.#copyTail - this.#copyHead >= COPY_QUEUE) {
      return;
    }
    this.#copyNumbers ??= new Uint16Array(COPY_QUEUE);
    this.#copiesLeft ??= new Uint8Array(COPY_QUEUE);
    this.#copyDueAt ??= new Float64Array(COPY_QUEUE);
    const slot = this.#copyTail++ & (COPY_QUEUE - 1);
    this.#copyNumbers[slot] = number;
    this.#copiesLeft[slot] = copies;
    this.#copyDueAt[slot] = now + COPY_AFTER_MS;
    if (this.#copyTail - this.#copyHead === 1) {
      this.#options.wake(now + COPY_AFTER_MS);
    }
  }

  #resentWithin(number: number, intervalMs: number, now: number): boolean {
    const at = this.#resentAt?.[number & (RESEND_MEMORY - 1)] ?? 0;
    return at !== 0 && (Math.floor(now) - at) >>> 0 < intervalMs;
  }

  #noteResent(number: number, now: number): void {
    this.#resentAt ??= new Uint32Array(RESEND_MEMORY);
    this.#resentAt[number & (RESEND_MEMORY - 1)] = Math.floor(now);
  }

  /**
   * Sends a packet of a picture as a retransmission.
   * @param number as the viewer knows it, its low 16 bits
   * @returns whether it was there
   */
  #resend(number: number, source: Uptrack | undefined, now: number): boolean {
    const { rewriter, pictureIds, rtxSsrc } = this.#options;
    const sequence = rewriter.incoming(number);
    const rtxType = this.#rtxPayloadType;
    if (source === undefined || sequence < 0 || rtxType === undefined || rtxSsrc === undefined) {
      return false;
    }
    const { cache } = source;
    const slot = cache.find(sequence, now);
    if (slot < 0) {
      this.#missed(source, sequence);
      return false;
    }
    const length = cache.length(slot);
    const header = cache.payloadOffset(slot);
    cache.copy(slot, scratch, 0, 0, header);
    cache.copy(slot, scratch, header + 2, header, length);
    if (pictureIds.moves) {
      pictureIds.move(scratch, header + 2, length + 2);
    }
    // RFC 4588 section 4: own source, type and numbers, the original number before the payload, no padding.
    put16(scratch, header, number);
    rtp.setPayloadType(scratch, rtxType);
    rtp.setSequenceNumber(scratch, this.#rtxSequence++);
    rtp.setTimestamp(scratch, rewriter.timestamp(rtp.timestamp(scratch)));
    rtp.setSsrc(scratch, rtxSsrc);
    const bytes = scratch.subarray(0, rtp.stripPadding(scratch, length + 2));
    const sendTime = absoluteSendTimeOffset(bytes);
    if (sendTime >= 0) {
      put24(bytes, sendTime, now * SEND_TIME_UNITS_PER_MS);
    }
    this.#noteResent(number, now);
    this.#send(bytes);
    return true;
  }

  /** Sends a packet of the voice once more. Not a bit of it may differ: AES-GCM must not see a number with two contents. */
  #repeat(sent: PacketCache, number: number, source: Uptrack, now: number): void {
    const { rewriter } = this.#options;
    const slot = sent.find(rewriter.outgoing(number), now);
    if (slot < 0) {
      this.#missed(source, rewriter.incoming(number));
      return;
    }
    const length = sent.length(slot);
    sent.copy(slot, scratch, 0, 0, length);
    this.#noteResent(number, now);
    this.#send(scratch.subarray(0, length));
  }

  #missed(source: Uptrack, sequence: number): void {
    // What the relay has asked for itself is on its way.
    if (sequence >= 0 && !source.isMissing(sequence)) {
      this.#misses++;
      this.#options.counters.cacheMisses++;
    }
  }

  #send(bytes: Buffer): void {
    if (this.#allowance >= bytes.length && this.#options.send(bytes)) {
      this.#allowance -= bytes.length;
      this.#retransmitted++;
      this.#options.counters.retransmitted++;
    }
  }
}
