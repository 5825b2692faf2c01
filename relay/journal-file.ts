/**
 * A journal on its way to the disk. Records go into one of two buffers while the other is being written, so nobody ever waits for
 * the disk; when both are full, records are refused and counted. The first error ends it: what is in the file by then stays.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import {
  type JournalHeader,
  type JournalRecord,
  writeJournalHeader,
  writeRecord,
  writeRtp,
  writeSenderReport,
} from '../codec/journal.ts';

/** A buffer is written this often, or when it is half full. */
const WRITE_INTERVAL_MS = 200;
/** What the kernel has is brought to the disk this often: a lost power supply costs no more. */
const SYNC_INTERVAL_MS = 1_000;
/**
 * Each of two: a session sends 2.5 Mbit/s at most, so the disk may stand still for three seconds. Memory that is never reached
 * is never given by the system; a disk that follows uses 60 kB of each.
 */
const BUFFER_BYTES = 1_024 * 1_024;
/** Kept free for what has to be said at the end, also when packets are refused. */
const RESERVED_BYTES = 2_048;

/** The relay's database is usually on the same disk, and must not find it full. */
const DISK_RESERVE_BYTES = 128 * 1_024 * 1_024;
const DISK_CHECK_INTERVAL_MS = 2_000;

/** As long as it grows. */
export const UNFINISHED_SUFFIX = '.part';

export type JournalFailure = 'diskFull' | 'ioError';

export type JournalFileEvents = {
  /** The file is there and begun. */
  opened(): void;
  /** Nothing more is written. Told once, and then `closed` follows. */
  failed(code: JournalFailure): void;
  /** Nothing touches the file any more; it has its name unless it was never there. */
  closed(): void;
};

type Done = (error: NodeJS.ErrnoException | null) => void;

/** What is needed of a file system; tests have one that is full or slow. */
export type Disk = {
  open(path: string, done: (error: NodeJS.ErrnoException | null, fd: number) => void): void;
  write(
    fd: number,
    bytes: Buffer,
    offset: number,
    length: number,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void;
  sync(fd: number, done: Done): void;
  close(fd: number, done: Done): void;
  /** With the folder's entry on disk. */
  rename(from: string, to: string, done: Done): void;
  free(path: string, done: (error: NodeJS.ErrnoException | null, bytes: number) => void): void;
};

export const NODE_DISK: Disk = {
  // Never one that is there already: a journal is only appended to by who began it.
  open: (path, done) => fs.open(path, 'wx', 0o600, done),
  write: (fd, bytes, offset, length, done) => fs.write(fd, bytes, offset, length, null, done),
  sync: (fd, done) => fs.fdatasync(fd, done),
  close: (fd, done) => fs.close(fd, done),
  rename: (from, to, done) =>
    fs.rename(from, to, (error) => {
      if (error) {
        done(error);
        return;
      }
      fs.open(dirname(to), 'r', (openError, fd) => {
        if (openError) {
          done(null);
          return;
        }
        fs.fsync(fd, () => fs.close(fd, () => done(null)));
      });
    }),
  free: (path, done) =>
    fs.statfs(path, (error, stats) => done(error, error ? 0 : stats.bavail * stats.bsize)),
};

export class JournalFile {
  /** In the file. */
  bytes = 0;
  /** Refused for want of room, since the beginning. */
  dropped = 0;
  readonly #path: string;
  readonly #salt: number;
  readonly #disk: Disk;
  readonly #events: JournalFileEvents;
  #filling = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #other = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #filled = 0;
  #fd = -1;
  #opening = true;
  #writing = false;
  #syncing = false;
  #checking = false;
  #unsynced = false;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #syncedAt: number;
  #checkedAt: number;
  #droppedSaid = 0;
  /** Nothing more is taken. */
  #ending = false;
  #failed = false;
  #closed = false;

  /**
   * @param path of the finished file; the folder is there
   * @param now monotonic milliseconds
   */
  constructor(
    path: string,
    header: JournalHeader,
    salt: number,
    now: number,
    events: JournalFileEvents,
    disk: Disk = NODE_DISK,
  ) {
    this.#path = path;
    this.#salt = salt;
    this.#disk = disk;
    this.#events = events;
    this.#syncedAt = now;
    this.#checkedAt = now;
    this.#filled = writeJournalHeader(this.#filling, 0, header, salt);
    this.#open();
  }

  // -------------------------------------------------------------- records

  /** @returns false when it was refused */
  rtp(atUs: number, track: number, packet: Uint8Array, length: number): boolean {
    const isTaken = !this.#ending && this.#sayDropped(atUs);
    const end = isTaken ? writeRtp(this.#filling, this.#filled, this.#salt, atUs, track, packet, length) : -1;
    return this.#take(end);
  }

  senderReport(
    atUs: number,
    track: number,
    report: { ntpSeconds: number; ntpFraction: number; rtpTimestamp: number },
  ): boolean {
    const { ntpSeconds, ntpFraction, rtpTimestamp } = report;
    const end = this.#ending
      ? -1
      : writeSenderReport(
          this.#filling,
          this.#filled,
          this.#salt,
          atUs,
          track,
          ntpSeconds,
          ntpFraction,
          rtpTimestamp,
        );
    return this.#take(end);
  }

  /** Not for packets: it may use the room that those leave. */
  record(record: Exclude<JournalRecord, { kind: 'rtp' }>): boolean {
    if (this.#ending) {
      return false;
    }
    const end = writeRecord(this.#filling, this.#filled, this.#salt, record);
    if (end < 0) {
      return false;
    }
    this.#filled = end;
    return true;
  }

  #take(end: number): boolean {
    if (end < 0 || end > BUFFER_BYTES - RESERVED_BYTES) {
      this.dropped += this.#ending ? 0 : 1;
      return false;
    }
    this.#filled = end;
    return true;
  }

  /** Where packets are missing stands before the next one. @returns false when there is no room for it */
  #sayDropped(atUs: number): boolean {
    const packets = this.dropped - this.#droppedSaid;
    if (packets === 0) {
      return true;
    }
    if (this.#filled > BUFFER_BYTES / 2) {
      return false;
    }
    this.#droppedSaid = this.dropped;
    return this.record({ atUs, kind: 'event', event: 'dropped', detail: { packets } });
  }

  // -------------------------------------------------------------- disk

  /** To be called many times a second. */
  tick(now: number): void {
    if (this.#failed || this.#fd < 0) {
      return;
    }
    const isDue = now - this.#writtenAt >= WRITE_INTERVAL_MS || this.#filled > BUFFER_BYTES / 2;
    if (this.#filled > 0 && !this.#writing && (isDue || this.#ending)) {
      this.#writtenAt = now;
      this.#write();
    }
    if (this.#unsynced && !this.#syncing && now - this.#syncedAt >= SYNC_INTERVAL_MS && !this.#ending) {
      this.#syncedAt = now;
      this.#sync();
    }
    if (!this.#checking && now - this.#checkedAt >= DISK_CHECK_INTERVAL_MS && !this.#ending) {
      this.#checkedAt = now;
      this.#check();
    }
  }

  /** Its last record. Everything that was taken is brought to disk, and the file gets its name; then `closed`. */
  close(atUs: number, reason: string): void {
    if (this.#ending) {
      return;
    }
    this.record({ atUs, kind: 'end', reason });
    this.#ending = true;
    this.#goOn();
  }

  #open(): void {
    this.#disk.free(dirname(this.#path), (freeError, free) => {
      if (!freeError && free < DISK_RESERVE_BYTES) {
        this.#opening = false;
        this.#fail('diskFull');
        return;
      }
      this.#disk.open(this.#path + UNFINISHED_SUFFIX, (error, fd) => {
        this.#opening = false;
        if (error) {
          this.#fail(codeOf(error));
          return;
        }
        this.#fd = fd;
        this.#events.opened();
        this.#goOn();
      });
    });
  }

  #write(): void {
    const bytes = this.#filling;
    const length = this.#filled;
    this.#filling = this.#other;
    this.#other = bytes;
    this.#filled = 0;
    this.#writing = true;
    this.#writeFrom(bytes, 0, length);
  }

  #writeFrom(bytes: Buffer, offset: number, length: number): void {
    this.#disk.write(this.#fd, bytes, offset, length - offset, (error, written) => {
      this.bytes += error ? 0 : written;
      if (error) {
        this.#writing = false;
        this.#fail(codeOf(error));
      } else if (offset + written < length) {
        this.#writeFrom(bytes, offset + written, length);
      } else {
        this.#writing = false;
        this.#unsynced = true;
        this.#goOn();
      }
    });
  }

  #sync(): void {
    this.#syncing = true;
    this.#unsynced = false;
    this.#disk.sync(this.#fd, (error) => {
      this.#syncing = false;
      if (error) {
        this.#fail(codeOf(error));
      } else {
        this.#goOn();
      }
    });
  }

  #check(): void {
    this.#checking = true;
    this.#disk.free(dirname(this.#path), (error, free) => {
      this.#checking = false;
      if (!error && free < DISK_RESERVE_BYTES) {
        this.#fail('diskFull');
      } else {
        this.#goOn();
      }
    });
  }

  #fail(code: JournalFailure): void {
    if (!this.#failed && !this.#closed) {
      this.#failed = true;
      this.#ending = true;
      this.#events.failed(code);
    }
    this.#goOn();
  }

  /** The end, step by step: the rest written, synced, closed, renamed. Nothing while it is not the end. */
  #goOn(): void {
    if (!this.#ending || this.#closed || this.#opening || this.#writing || this.#syncing || this.#checking) {
      return;
    }
    if (this.#fd >= 0 && this.#filled > 0 && !this.#failed) {
      this.#write();
    } else if (this.#fd >= 0 && this.#unsynced && !this.#failed) {
      this.#sync();
    } else {
      this.#closed = true;
      this.#finish();
    }
  }

  #finish(): void {
    if (this.#fd < 0) {
      this.#events.closed();
      return;
    }
    const fd = this.#fd;
    this.#fd = -1;
    // A name for what is there needs no room on the disk.
    this.#disk.close(fd, () =>
      this.#disk.rename(this.#path + UNFINISHED_SUFFIX, this.#path, () => this.#events.closed()),
    );
  }
}

function codeOf({ code }: NodeJS.ErrnoException): JournalFailure {
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'diskFull' : 'ioError';
}
