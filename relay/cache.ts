/**
 * The newest packets of one incoming source, as received, to answer retransmission requests from and to start a new
 * viewer with. A packet costs one copy. Sequence numbers are unwrapped, time is an argument.
 *
 * Memory is what a session has least of. So packets lie in small chunks, as many as `retentionMs` asks for, and chunks
 * that are done with go to whoever in this process wants one next: nothing is left to the garbage collector, which
 * comes by too seldom for blocks of this size.
 */

/** Five packets of a picture. Chunks of one size fit everybody; this one wastes little behind the last packet. */
const CHUNK_BYTES = 6 * 1_024;
/** Entries of a chunk; half a second of voice. */
const CHUNK_PACKETS = 24;
const CHUNK_MEMORY_BYTES = CHUNK_BYTES + CHUNK_PACKETS * 22;
/** Ten packets of a picture, whatever their age. */
const MIN_CHUNKS = 2;
/** Two seconds of a 2 Mbit/s picture. */
const MAX_CHUNKS = 85;
/** Packets are never served when older, whatever is still there. */
const MAX_AGE_MS = 2_000;

/** Chunks without owner: what one session gives back another takes. More than these (0.8 MB) are let go. */
const spare: Chunk[] = [];
const MAX_SPARE = 128;

/** Some packets that came one after the other. */
class Chunk {
  readonly bytes: Buffer;
  readonly sequences: Float64Array;
  readonly arrivedAt: Float64Array;
  /** Start, length and payload offset of each. */
  readonly places: Uint16Array;
  count = 0;
  used = 0;
  /** Of the sequence numbers; retransmissions come late, so that those of neighbours overlap. */
  lowest = 0;
  highest = 0;
  newestAt = 0;

  constructor() {
    const memory = new ArrayBuffer(CHUNK_MEMORY_BYTES);
    this.bytes = Buffer.from(memory, 0, CHUNK_BYTES);
    this.sequences = new Float64Array(memory, CHUNK_BYTES, CHUNK_PACKETS);
    this.arrivedAt = new Float64Array(memory, CHUNK_BYTES + 8 * CHUNK_PACKETS, CHUNK_PACKETS);
    this.places = new Uint16Array(memory, CHUNK_BYTES + 16 * CHUNK_PACKETS, 3 * CHUNK_PACKETS);
  }

  hasRoom(length: number): boolean {
    return this.count < CHUNK_PACKETS && this.used + length <= CHUNK_BYTES;
  }

  put(sequence: number, packet: Buffer, payloadOffset: number, now: number): void {
    const entry = this.count++;
    packet.copy(this.bytes, this.used);
    this.sequences[entry] = sequence;
    this.arrivedAt[entry] = now;
    this.places[3 * entry] = this.used;
    this.places[3 * entry + 1] = packet.length;
    this.places[3 * entry + 2] = payloadOffset;
    this.used += packet.length;
    this.lowest = entry === 0 ? sequence : Math.min(this.lowest, sequence);
    this.highest = entry === 0 ? sequence : Math.max(this.highest, sequence);
    this.newestAt = now;
  }

  /** −1 when it is not here. */
  find(sequence: number): number {
    if (sequence < this.lowest || sequence > this.highest) {
      return -1;
    }
    for (let entry = this.count - 1; entry >= 0; entry--) {
      if (this.sequences[entry] === sequence) {
        return entry;
      }
    }
    return -1;
  }

  empty(): this {
    this.count = 0;
    this.used = 0;
    return this;
  }
}

export class PacketCache {
  /** How long packets should stay; at most 2 s. */
  retentionMs = 0;
  /** Oldest first; packets are put into the last. */
  readonly #chunks: Chunk[] = [];

  /** Bytes of memory in use. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_MEMORY_BYTES;
  }

  /** Copies a packet of at most 1500 bytes in. */
  put(sequence: number, packet: Buffer, payloadOffset: number, now: number): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || !chunk.hasRoom(packet.length)) {
      chunk = this.#nextChunk(now);
      this.#chunks.push(chunk);
    }
    chunk.put(sequence, packet, payloadOffset, now);
  }

  /** @returns what the functions below take, good until the next `put`; −1 when the packet is not here (any more) */
  find(sequence: number, now: number): number {
    for (let index = this.#chunks.length - 1; index >= 0; index--) {
      const chunk = this.#chunks[index];
      const entry = chunk === undefined ? -1 : chunk.find(sequence);
      if (entry >= 0) {
        return now - (chunk?.arrivedAt[entry] ?? 0) <= MAX_AGE_MS ? index * CHUNK_PACKETS + entry : -1;
      }
    }
    return -1;
  }

  length(slot: number): number {
    return this.#place(slot, 1);
  }

  payloadOffset(slot: number): number {
    return this.#place(slot, 2);
  }

  /** Copies bytes `from … to − 1` of a packet to `target` at `at`, which has room for them. */
  copy(slot: number, target: Buffer, at: number, from: number, to: number): void {
    const start = this.#place(slot, 0);
    this.#chunkOf(slot)?.bytes.copy(target, at, start + from, start + to);
  }

  /** Gives the memory back when nothing has come for a while. */
  tick(now: number): void {
    if (now - (this.#chunks.at(-1)?.newestAt ?? now) > MAX_AGE_MS) {
      this.clear();
    }
  }

  clear(): void {
    for (const chunk of this.#chunks) {
      release(chunk);
    }
    this.#chunks.length = 0;
  }

  #chunkOf(slot: number): Chunk | undefined {
    return this.#chunks[Math.floor(slot / CHUNK_PACKETS)];
  }

  #place(slot: number, field: 0 | 1 | 2): number {
    return this.#chunkOf(slot)?.places[3 * (slot % CHUNK_PACKETS) + field] ?? 0;
  }

  /** An empty one: the oldest when nobody asks for its packets any more, else another. */
  #nextChunk(now: number): Chunk {
    const neededFrom = now - Math.min(MAX_AGE_MS, this.retentionMs);
    let old: Chunk | undefined;
    while (
      this.#chunks.length >= MIN_CHUNKS &&
      ((this.#chunks[0]?.newestAt ?? now) < neededFrom || this.#chunks.length >= MAX_CHUNKS)
    ) {
      if (old !== undefined) {
        release(old);
      }
      old = this.#chunks.shift();
    }
    return (old ?? spare.pop() ?? new Chunk()).empty();
  }
}

function release(chunk: Chunk): void {
  if (spare.length < MAX_SPARE) {
    spare.push(chunk);
  }
}
