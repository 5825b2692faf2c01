/**
 * The newest packets of one incoming source, as received, to answer retransmission requests from and to start a new
 * viewer with. One ring of bytes and a small index: a packet costs one copy, nothing is allocated but when the ring has
 * to grow. Sequence numbers are unwrapped, time is an argument.
 *
 * Memory is what a session has least of, so the ring holds only what `retentionMs` asks for: at every lap it has taken
 * in one ringful of packets, and the time that took says whether it should grow by a step or shrink.
 */

/** Bounds of the index; it grows with the ring. A packet that is 1024 numbers old cannot be asked for. */
const MIN_SLOTS = 64;
const MAX_SLOTS = 1_024;
/** 14 packets of a picture, then two seconds of a 2 Mbit/s one. */
const MIN_BYTES = 16 * 1_024;
const MAX_BYTES = 512 * 1_024;
/** Packets are never served when older, whatever the ring still holds. */
const MAX_AGE_MS = 2_000;
/** A ring that has lasted this many times as long as asked is too large: a step smaller it is still large enough. */
const GENEROUS_LAPS = 2;
/** Of a ring for each slot: pictures come in packets of 500 to 1200 bytes, those of a thin stream are few anyway. */
const BYTES_PER_SLOT = 512;

/** The sizes of a ring: powers of two and the middle between them, since doubling alone would waste a third of it. */
const larger = (bytes: number) => (isPowerOfTwo(bytes) ? bytes * 1.5 : (bytes * 4) / 3);
const smaller = (bytes: number) => (isPowerOfTwo(bytes) ? bytes * 0.75 : (bytes * 2) / 3);
const isPowerOfTwo = (value: number) => (value & (value - 1)) === 0;

export class PacketCache {
  /** How long packets should stay; at most 2 s. */
  retentionMs = 0;
  readonly #minBytes: number;
  #ring: Buffer = Buffer.alloc(0);
  /** By sequence number, lowest bits: which packet is there, where its bytes are, how many, when they came. */
  #sequences = new Float64Array(0);
  #positions = new Float64Array(0);
  #lengths = new Uint16Array(0);
  #payloadOffsets = new Uint16Array(0);
  #arrivedAt = new Float64Array(0);
  #slotMask = -1;
  /** Bytes written since the ring is what it is: a position is one of these, its offset the rest of the division. */
  #written = 0;
  /** When the oldest byte of the full ring was written. */
  #lapAt = 0;
  #putAt = 0;

  /** @param minBytes where the ring starts, a power of two of at least 2048 */
  constructor(minBytes: number = MIN_BYTES) {
    this.#minBytes = minBytes;
  }

  /** Bytes of memory in use. */
  get bytes(): number {
    return this.#ring.length + this.#sequences.length * 28;
  }

  /** Copies a packet of at most 1500 bytes in. */
  put(sequence: number, packet: Buffer, payloadOffset: number, now: number): void {
    const { length } = packet;
    let offset = this.#ring.length === 0 ? 0 : this.#written % this.#ring.length;
    if (offset + length > this.#ring.length) {
      this.#written += this.#ring.length - offset;
      this.#startLap(now);
      offset = this.#written % this.#ring.length;
    }
    packet.copy(this.#ring, offset);
    const slot = sequence & this.#slotMask;
    this.#sequences[slot] = sequence;
    this.#positions[slot] = this.#written;
    this.#lengths[slot] = length;
    this.#payloadOffsets[slot] = payloadOffset;
    this.#arrivedAt[slot] = now;
    this.#written += length;
    this.#putAt = now;
  }

  /** @returns what the functions below take, good until the next `put`; −1 when the packet is not here (any more) */
  find(sequence: number, now: number): number {
    const slot = sequence & this.#slotMask;
    const kept =
      this.#sequences[slot] === sequence &&
      (this.#positions[slot] ?? 0) >= this.#written - this.#ring.length &&
      now - (this.#arrivedAt[slot] ?? 0) <= MAX_AGE_MS;
    return kept ? slot : -1;
  }

  length(slot: number): number {
    return this.#lengths[slot] ?? 0;
  }

  payloadOffset(slot: number): number {
    return this.#payloadOffsets[slot] ?? 0;
  }

  /** Copies bytes `from … to − 1` of a packet to `target` at `at`, which has room for them. */
  copy(slot: number, target: Buffer, at: number, from: number, to: number): void {
    const start = (this.#positions[slot] ?? 0) % this.#ring.length;
    this.#ring.copy(target, at, start + from, start + to);
  }

  /** Gives the memory back when nothing has come for a while. */
  tick(now: number): void {
    if (this.#ring.length > 0 && now - this.#putAt > MAX_AGE_MS) {
      this.clear();
    }
  }

  clear(): void {
    this.#ring = Buffer.alloc(0);
    this.#sequences = new Float64Array(0);
    this.#slotMask = -1;
    this.#written = 0;
  }

  /** The ring is full, or there is none yet: keeps it, or makes another that fits the time. */
  #startLap(now: number): void {
    const size = this.#ring.length;
    const heldMs = now - this.#lapAt;
    if (size > 0 && heldMs < Math.min(MAX_AGE_MS, this.retentionMs) && size < MAX_BYTES) {
      // Everything is taken along, so that what the ring holds goes on reaching back to the same time.
      this.#resize(larger(size));
      return;
    }
    this.#lapAt = now;
    if (size === 0) {
      this.#resize(this.#minBytes);
      return;
    }
    let fitting = size;
    while ((heldMs * fitting) / size > GENEROUS_LAPS * this.retentionMs && fitting > this.#minBytes) {
      fitting = smaller(fitting);
    }
    if (fitting < size) {
      this.#resize(fitting);
    }
  }

  /** Called when the whole ring is written: takes its newest bytes along, as many as fit. */
  #resize(size: number): void {
    const ring = this.#ring;
    const sequences = this.#sequences;
    const positions = this.#positions;
    const lengths = this.#lengths;
    const payloadOffsets = this.#payloadOffsets;
    const arrivedAt = this.#arrivedAt;
    const kept = Math.min(size, ring.length);
    const shift = this.#written - kept;
    const slots = Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, 2 ** Math.ceil(Math.log2(size / BYTES_PER_SLOT))));
    this.#ring = Buffer.allocUnsafeSlow(size);
    ring.copy(this.#ring, 0, ring.length - kept);
    this.#sequences = new Float64Array(slots).fill(-1);
    this.#positions = new Float64Array(slots);
    this.#lengths = new Uint16Array(slots);
    this.#payloadOffsets = new Uint16Array(slots);
    this.#arrivedAt = new Float64Array(slots);
    this.#slotMask = slots - 1;
    this.#written = kept;
    for (let index = 0; index < sequences.length; index++) {
      const sequence = sequences[index] ?? -1;
      const position = (positions[index] ?? 0) - shift;
      const slot = sequence & this.#slotMask;
      if (sequence >= 0 && position >= 0 && sequence > (this.#sequences[slot] ?? 0)) {
        this.#sequences[slot] = sequence;
        this.#positions[slot] = position;
        this.#lengths[slot] = lengths[index] ?? 0;
        this.#payloadOffsets[slot] = payloadOffsets[index] ?? 0;
        this.#arrivedAt[slot] = arrivedAt[index] ?? 0;
      }
    }
  }
}
