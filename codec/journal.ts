/**
 * The journal of a recording: what came through the gate of a session, packet by packet, in the order of its arrival.
 * JOURNAL.md draws it byte by byte. Appended to and never changed; every record has a marker, a length and a checksum, so
 * that a reader goes on behind a torn end or damaged bytes and says what is lost.
 *
 * The writers put one record into the caller's array and return the new offset, −1 without room, as all of codec does;
 * `writeRtp` allocates nothing. The reader takes the file in pieces of any size.
 */
import { hasRoom, put8, put16, put32, u8, u16, u32 } from './bytes.ts';
import { crc32 } from './crc32.ts';

export type JournalHeader = { version: number; sessionNumber: number; startedAtMs: number };

/** `atUs`: microseconds since the start of the journal, monotonic. */
export type JournalRecord = { atUs: number } & (
  | {
      kind: 'track';
      track: number;
      medium: 'audio' | 'video';
      party: string;
      codec: string;
      clockRate: number;
      payloadType: number;
    }
  | { kind: 'rtp'; track: number; packet: Uint8Array }
  | { kind: 'senderReport'; track: number; ntp: bigint; rtpTimestamp: number }
  | { kind: 'event'; event: string; detail?: unknown }
  | { kind: 'end'; reason: string }
);

/** Bytes that belong to no record. */
export type JournalDamage = { at: number; bytes: number };

export const JOURNAL_VERSION = 1;
/** "FBJRNL", CR, LF: a transfer as text would show. */
const MAGIC = [0x46, 0x42, 0x4a, 0x52, 0x4e, 0x4c, 0x0d, 0x0a];
const HEADER_BYTES = 36;
const HEADER_COPIES = 2;
/** Where the records begin. */
export const JOURNAL_HEADER_BYTES = HEADER_BYTES * HEADER_COPIES;

/** 0xf5 is in no UTF-8 text, so in no event. */
const SYNC = 0xf5_46_42_4a;
const CHECKSUM_AT = 4;
const KIND_AT = 8;
const TRACK_AT = 9;
const LENGTH_AT = 10;
const TIME_AT = 12;
/** What stands before the content of a record. */
export const RECORD_HEADER_BYTES = 18;
/** Longest content of a record. */
export const RECORD_MAX_BYTES = 0xffff;

const TRACK = 1;
const RTP = 2;
const SENDER_REPORT = 3;
const EVENT = 4;
const END = 5;
const SENDER_REPORT_BYTES = 12;

const UINT32 = 2 ** 32;
/** Spans that are remembered one by one; all are counted. */
const MAX_DAMAGES = 100;

// ---------------------------------------------------------------- writing

/**
 * @param salt random, 32 bits: initial value of every record's checksum, so that nobody who chooses what is in a packet
 * can put a record into it that a reader would take for one behind damaged bytes
 */
export function writeJournalHeader(
  target: Uint8Array,
  at: number,
  header: JournalHeader,
  salt: number,
): number {
  if (!hasRoom(target, at, JOURNAL_HEADER_BYTES)) {
    return -1;
  }
  let end = at;
  for (let copy = 0; copy < HEADER_COPIES; copy++) {
    target.set(MAGIC, end);
    put16(target, end + 8, header.version);
    put16(target, end + 10, 0);
    put32(target, end + 12, salt);
    put64(target, end + 16, header.sessionNumber);
    put64(target, end + 24, header.startedAtMs);
    put32(target, end + 32, crc32(target, end, end + 32));
    end += HEADER_BYTES;
  }
  return end;
}

/** The first `length` bytes of a packet of the track. */
export function writeRtp(
  target: Uint8Array,
  at: number,
  salt: number,
  atUs: number,
  track: number,
  packet: Uint8Array,
  length: number = packet.length,
): number {
  const content = at + RECORD_HEADER_BYTES;
  if (
    length > RECORD_MAX_BYTES ||
    length > packet.length ||
    !hasRoom(target, at, RECORD_HEADER_BYTES + length)
  ) {
    return -1;
  }
  if (length === packet.length) {
    target.set(packet, content);
  } else {
    for (let index = 0; index < length; index++) {
      target[content + index] = packet[index] ?? 0;
    }
  }
  return seal(target, at, salt, atUs, RTP, track, length);
}

/** NTP time as its two halves, as it stands in the report. */
export function writeSenderReport(
  target: Uint8Array,
  at: number,
  salt: number,
  atUs: number,
  track: number,
  ntpSeconds: number,
  ntpFraction: number,
  rtpTimestamp: number,
): number {
  if (!hasRoom(target, at, RECORD_HEADER_BYTES + SENDER_REPORT_BYTES)) {
    return -1;
  }
  const content = at + RECORD_HEADER_BYTES;
  put32(target, content, ntpSeconds);
  put32(target, content + 4, ntpFraction);
  put32(target, content + 8, rtpTimestamp);
  return seal(target, at, salt, atUs, SENDER_REPORT, track, SENDER_REPORT_BYTES);
}

/** Any record; −1 also when its text is too long for one. */
export function writeRecord(target: Uint8Array, at: number, salt: number, record: JournalRecord): number {
  switch (record.kind) {
    case 'rtp':
      return writeRtp(target, at, salt, record.atUs, record.track, record.packet);
    case 'senderReport': {
      const seconds = Number(record.ntp >> 32n);
      const fraction = Number(record.ntp & 0xffff_ffffn);
      const { atUs, track, rtpTimestamp } = record;
      return writeSenderReport(target, at, salt, atUs, track, seconds, fraction, rtpTimestamp);
    }
    case 'track': {
      const { atUs, track, medium, party, codec, clockRate, payloadType } = record;
      return writeText(target, at, salt, atUs, TRACK, track, {
        medium,
        party,
        codec,
        clockRate,
        payloadType,
      });
    }
    case 'event':
      return writeText(target, at, salt, record.atUs, EVENT, 0, {
        event: record.event,
        ...(record.detail !== undefined && { detail: record.detail }),
      });
    case 'end':
      return writeText(target, at, salt, record.atUs, END, 0, { reason: record.reason });
  }
}

function writeText(
  target: Uint8Array,
  at: number,
  salt: number,
  atUs: number,
  kind: number,
  track: number,
  content: object,
): number {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  if (bytes.length > RECORD_MAX_BYTES || !hasRoom(target, at, RECORD_HEADER_BYTES + bytes.length)) {
    return -1;
  }
  target.set(bytes, at + RECORD_HEADER_BYTES);
  return seal(target, at, salt, atUs, kind, track, bytes.length);
}

/** Writes what stands before the content that is there already. */
function seal(
  target: Uint8Array,
  at: number,
  salt: number,
  atUs: number,
  kind: number,
  track: number,
  length: number,
): number {
  const end = at + RECORD_HEADER_BYTES + length;
  const time = Math.max(0, Math.floor(atUs));
  put32(target, at, SYNC);
  put8(target, at + KIND_AT, kind);
  put8(target, at + TRACK_AT, track);
  put16(target, at + LENGTH_AT, length);
  put16(target, at + TIME_AT, time / UINT32);
  put32(target, at + TIME_AT + 2, time);
  put32(target, at + CHECKSUM_AT, crc32(target, at + KIND_AT, end, salt));
  return end;
}

function put64(target: Uint8Array, at: number, value: number): void {
  put32(target, at, value / UINT32);
  put32(target, at + 4, value);
}

// ---------------------------------------------------------------- reading

/**
 * Reads a journal that comes in pieces. `next` gives undefined until there is a whole record; after `finish`, which says
 * that nothing more comes, also what can be read of the end. A packet is a view into memory of the reader, which stays as
 * it is; who keeps few packets of many should copy them.
 */
export class JournalReader {
  /** Bytes that belong to no record, so far. */
  damagedBytes = 0;
  /** Records with a good checksum that this version does not know; passed over. */
  unknownRecords = 0;
  /** The first of the damaged spans. */
  readonly damages: JournalDamage[] = [];
  /** What is wrong, in a sentence; the first of it. */
  problem: string | undefined;
  #header: JournalHeader | undefined;
  #salt = 0;
  #unreadable = false;
  #finished = false;
  /** What has come and is not read: `#bytes` from `#at`; `#bytes` begins at this place of the file. */
  #bytes = new Uint8Array(0);
  #at = 0;
  #offset = 0;
  /** Where the damaged span began that we are in; −1 outside. */
  #damagedFrom = -1;

  /** The place in the file behind the last record that was read. */
  get position(): number {
    return this.#offset + this.#at;
  }

  push(chunk: Uint8Array): void {
    const rest = this.#bytes.length - this.#at;
    const bytes = new Uint8Array(rest + chunk.length);
    bytes.set(this.#bytes.subarray(this.#at));
    bytes.set(chunk, rest);
    this.#offset += this.#at;
    this.#at = 0;
    this.#bytes = bytes;
  }

  /** Nothing more comes: an unfinished record is torn. */
  finish(): void {
    this.#finished = true;
  }

  /** Undefined until it has come, and when there is none that this version can read: see `problem`. */
  header(): JournalHeader | undefined {
    if (this.#header === undefined && !this.#unreadable) {
      this.#readHeader();
    }
    return this.#header;
  }

  next(): JournalRecord | undefined {
    if (this.header() === undefined) {
      this.#skipAll();
      return undefined;
    }
    for (;;) {
      const size = this.#recordSize();
      if (size === 0) {
        return undefined;
      }
      if (size < 0) {
        this.#skip(this.#nextSync());
        continue;
      }
      this.#closeDamage(false);
      const record = this.#decode(this.#bytes, this.#at, size - RECORD_HEADER_BYTES);
      this.#at += size;
      if (record !== undefined) {
        return record;
      }
      this.unknownRecords++;
    }
  }

  #readHeader(): void {
    const b = this.#bytes;
    if (b.length < JOURNAL_HEADER_BYTES) {
      if (this.#finished) {
        this.#refuse(b.length === 0 ? 'The file is empty.' : 'The file ends before a journal begins.');
      }
      return;
    }
    for (let at = 0; at < JOURNAL_HEADER_BYTES; at += HEADER_BYTES) {
      if (crc32(b, at, at + 32) === u32(b, at + 32) && MAGIC.every((byte, index) => b[at + index] === byte)) {
        const version = u16(b, at + 8);
        if (version !== JOURNAL_VERSION) {
          this.#refuse(
            `The journal is of version ${version}; this program reads version ${JOURNAL_VERSION}.`,
          );
          return;
        }
        this.#salt = u32(b, at + 12);
        this.#header = { version, sessionNumber: u64(b, at + 16), startedAtMs: u64(b, at + 24) };
        this.#at = JOURNAL_HEADER_BYTES;
        this.#checkCopies(at);
        return;
      }
    }
    const isJournal = MAGIC.every((byte, index) => b[index] === byte);
    this.#refuse(isJournal ? 'The header of the journal is damaged.' : 'The file is no journal.');
  }

  /** The first good copy stands at `good`: what comes before is damaged, and the second may be. */
  #checkCopies(good: number): void {
    const b = this.#bytes;
    const differs = (at: number) => {
      for (let index = 0; index < HEADER_BYTES; index++) {
        if (b[at + index] !== b[good + index]) {
          return true;
        }
      }
      return false;
    };
    for (let at = 0; at < JOURNAL_HEADER_BYTES; at += HEADER_BYTES) {
      if (differs(at)) {
        this.#noteDamage(at, HEADER_BYTES, `One copy of the header, at byte ${at}, is damaged.`);
        this.damagedBytes += HEADER_BYTES;
      }
    }
  }

  #refuse(problem: string): void {
    this.#unreadable = true;
    this.problem = problem;
  }

  #skipAll(): void {
    if (this.#unreadable) {
      this.damagedBytes += this.#bytes.length - this.#at;
      this.#at = this.#bytes.length;
    }
  }

  /** Of the record at `#at`: 0 when more bytes are needed or nothing is left, −1 when there is none. */
  #recordSize(): number {
    const b = this.#bytes;
    const at = this.#at;
    const available = b.length - at;
    if (available < RECORD_HEADER_BYTES) {
      return this.#tooShort(available);
    }
    if (u32(b, at) !== SYNC) {
      return -1;
    }
    const size = RECORD_HEADER_BYTES + u16(b, at + LENGTH_AT);
    if (available < size) {
      return this.#tooShort(available);
    }
    return crc32(b, at + KIND_AT, at + size, this.#salt) === u32(b, at + CHECKSUM_AT) ? size : -1;
  }

  #tooShort(available: number): number {
    if (this.#finished && available > 0) {
      return -1;
    }
    if (this.#finished) {
      this.#closeDamage(true);
    }
    return 0;
  }

  /** The place in `#bytes` behind `#at` where a record may begin; as far as can be told, else the end. */
  #nextSync(): number {
    const b = this.#bytes;
    for (let at = this.#at + 1; ; at++) {
      at = b.indexOf(SYNC >>> 24, at);
      if (at < 0) {
        return b.length;
      }
      if (b.length - at < 4 || u32(b, at) === SYNC) {
        return at;
      }
    }
  }

  #skip(to: number): void {
    if (this.#damagedFrom < 0) {
      this.#damagedFrom = this.position;
    }
    this.damagedBytes += to - this.#at;
    this.#at = to;
  }

  #closeDamage(isEnd: boolean): void {
    const from = this.#damagedFrom;
    if (from >= 0) {
      this.#damagedFrom = -1;
      const bytes = this.position - from;
      const sentence = isEnd
        ? `The journal ends in the middle of a record: ${bytes} bytes from byte ${from} on are lost.`
        : `Damaged at byte ${from}: ${bytes} bytes are lost, reading went on behind them.`;
      this.#noteDamage(from, bytes, sentence);
    }
  }

  #noteDamage(at: number, bytes: number, sentence: string): void {
    this.problem ??= sentence;
    if (this.damages.length < MAX_DAMAGES) {
      this.damages.push({ at, bytes });
    }
  }

  /** Undefined for a kind of a later time. */
  #decode(b: Uint8Array, at: number, length: number): JournalRecord | undefined {
    const atUs = u16(b, at + TIME_AT) * UINT32 + u32(b, at + TIME_AT + 2);
    const track = u8(b, at + TRACK_AT);
    const content = b.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length);
    switch (u8(b, at + KIND_AT)) {
      case RTP:
        return { atUs, kind: 'rtp', track, packet: content };
      case SENDER_REPORT: {
        const ntp = (BigInt(u32(content, 0)) << 32n) | BigInt(u32(content, 4));
        return { atUs, kind: 'senderReport', track, ntp, rtpTimestamp: u32(content, 8) };
      }
      case TRACK:
        return decodeTrack(atUs, track, readText(content));
      case EVENT: {
        const { event, detail } = readText(content);
        return typeof event === 'string'
          ? { atUs, kind: 'event', event, ...(detail !== undefined && { detail }) }
          : undefined;
      }
      case END: {
        const { reason } = readText(content);
        return typeof reason === 'string' ? { atUs, kind: 'end', reason } : undefined;
      }
      default:
        return undefined;
    }
  }
}

type Text = Record<string, unknown> & { event?: unknown; detail?: unknown; reason?: unknown };

function decodeTrack(atUs: number, track: number, text: Record<string, unknown>): JournalRecord | undefined {
  const { medium, party, codec, clockRate, payloadType } = text as {
    [field in 'medium' | 'party' | 'codec' | 'clockRate' | 'payloadType']?: unknown;
  };
  const isKnown =
    (medium === 'audio' || medium === 'video') &&
    typeof party === 'string' &&
    typeof codec === 'string' &&
    typeof clockRate === 'number' &&
    typeof payloadType === 'number';
  return isKnown ? { atUs, kind: 'track', track, medium, party, codec, clockRate, payloadType } : undefined;
}

/** Its checksum was right, so whoever wrote it wrote no JSON: nothing is known then. */
function readText(content: Uint8Array): Text {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(content));
    return typeof value === 'object' && value !== null ? (value as Text) : {};
  } catch {
    return {};
  }
}

function u64(b: Uint8Array, at: number): number {
  return u32(b, at) * UINT32 + u32(b, at + 4);
}
