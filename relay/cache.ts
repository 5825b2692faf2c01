/**
 * The newest packets of one incoming source, as received, to answer retransmission requests from and to start a new
 * viewer with. A packet costs one copy. Sequence numbers are unwrapped, time is an argument.
 *
 * Memory is what a session has least of. So packets lie in small chunks, as many as `retentionMs` asks for, and chunks
 * that are done with go to whoever in this process wants one next: nothing is left to the garbage collector, which
 * comes by too seldom for blocks of this size.
 */

/**
 * Chunks of one size, and those of them without owner: what one session gives back another takes. More than `maxSpare` (7 MB) are let go,
 * and their memory comes back only when V8 clears its old generation, which hardly ever happens in a worker; with 128
 * of them, 40 sessions that had to catch up a few times left 19 MB behind.
 */
type Pool = {
  readonly bytes: number;
  readonly packets: number;
  readonly maxSpare: number;
  readonly spare: Chunk[];
};

/** Five packets of a picture: little is wasted behind the last. Two fifths of a second of voice. */
const POOLS: Readonly<Record<'audio' | 'video', Pool>> = {
  video: { bytes: 6 * 1_024, packets: 24, maxSpare: 1_024, spare: [] },
  audio: { bytes: 2 * 1_024, packets: 20, maxSpare: 256, spare: [] },
};
/** Of the number, the time and the place of a packet. */
const ENTRY_BYTES = 22;
/** Of each cache, whatever their age. */
const MIN_CHUNKS = 2;
/** Two seconds of a 2 Mbit/s picture. */
const MAX_CHUNKS = 85;
/** Packets are never served when older, whatever is still there. */
const MAX_AGE_MS = 2_000;

/** Some packets that came one after the other. */
class Chunk {
  readonly pool: Pool;
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

  constructor(pool: Pool) {
    const { bytes, packets } = pool;
    const memory = new ArrayBuffer(bytes + packets * ENTRY_BYTES);
    this.pool = pool;
    this.bytes = Buffer.from(memory, 0, bytes);
    this.sequences = new Float64Array(memory, bytes, packets);
    this.arrivedAt = new Float64Array(memory, bytes + 8 * packets, packets);
    this.places = new Uint16Array(memory, bytes + 16 * packets, 3 * packets);
  }

  hasRoom(length: number): boolean {
    return this.count < this.pool.packets && this.used + length <= this.pool.bytes;
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
  readonly #pool: Pool;

  constructor(kind: 'audio' | 'video') {
    this.#pool = POOLS[kind];
  }

  /** Bytes of memory in use. */
  get bytes(): number {
    return this.#chunks.length * (this.#pool.bytes + this.#pool.packets * ENTRY_BYTES);
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
        return now - (chunk?.arrivedAt[entry] ?? 0) <= MAX_AGE_MS ? index * this.#pool.packets + entry : -1;
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
    return this.#chunks[Math.floor(slot / this.#pool.packets)];
  }

  #place(slot: number, field: 0 | 1 | 2): number {
    return this.#chunkOf(slot)?.places[3 * (slot % this.#pool.packets) + field] ?? 0;
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
    return (old ?? this.#pool.spare.pop() ?? new Chunk(this.#pool)).empty();
  }
}

function release(chunk: Chunk): void {
  const { spare, maxSpare } = chunk.pool;
  if (spare.length < maxSpare) {
    spare.push(chunk);
  }
}
