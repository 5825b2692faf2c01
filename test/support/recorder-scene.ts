/** A disk for recorders that is slow, full or broken when a test says so, and a reader of what is on it. Faked: the disk and time. */
import { JournalReader, type JournalRecord } from '../../codec/journal.ts';
import type { Disk } from '../../relay/journal-file.ts';

const PLENTY_BYTES = 1e12;

function errorOf(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

export class FakeDisk implements Disk {
  readonly files = new Map<string, Buffer>();
  /** Bytes that a write takes at most, as a disk that is nearly full does. */
  writeMax = Number.POSITIVE_INFINITY;
  /** What the next calls answer with. */
  error: string | undefined;
  openError: string | undefined;
  freeBytes = PLENTY_BYTES;
  /** While true, nothing that was asked for happens. */
  stalled = false;
  syncs = 0;
  /** Bytes that are on the disk for good. */
  synced = 0;
  #path = '';
  #waiting: (() => void)[] = [];

  /** What was held up happens now, and what follows from it. */
  release(): void {
    this.stalled = false;
    this.settle();
  }

  /** Everything that was asked for by now happens. */
  settle(): void {
    while (this.#waiting.length > 0 && !this.stalled) {
      this.#waiting.shift()?.();
    }
  }

  open(path: string, done: (error: NodeJS.ErrnoException | null, fd: number) => void): void {
    this.#later(() => {
      if (this.openError) {
        done(errorOf(this.openError), -1);
        return;
      }
      this.#path = path;
      this.files.set(path, Buffer.alloc(0));
      done(null, 7);
    });
  }

  write(
    _fd: number,
    bytes: Buffer,
    offset: number,
    length: number,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void {
    this.#later(() => {
      if (this.error) {
        done(errorOf(this.error), 0);
        return;
      }
      const written = Math.min(length, this.writeMax);
      const before = this.files.get(this.#path) ?? Buffer.alloc(0);
      this.files.set(this.#path, Buffer.concat([before, bytes.subarray(offset, offset + written)]));
      done(null, written);
    });
  }

  sync(_fd: number, done: (error: NodeJS.ErrnoException | null) => void): void {
    this.#later(() => {
      this.syncs += 1;
      this.synced = this.files.get(this.#path)?.length ?? 0;
      done(this.error ? errorOf(this.error) : null);
    });
  }

  close(_fd: number, done: (error: NodeJS.ErrnoException | null) => void): void {
    this.#later(() => done(null));
  }

  rename(from: string, to: string, done: (error: NodeJS.ErrnoException | null) => void): void {
    this.#later(() => {
      this.files.set(to, this.files.get(from) ?? Buffer.alloc(0));
      this.files.delete(from);
      done(null);
    });
  }

  free(_path: string, done: (error: NodeJS.ErrnoException | null, bytes: number) => void): void {
    this.#later(() => done(null, this.freeBytes));
  }

  #later(work: () => void): void {
    this.#waiting.push(work);
  }
}

/** All records of a journal, and its reader for what is wrong with it. */
export function readJournal(file: Uint8Array): { reader: JournalReader; records: JournalRecord[] } {
  const reader = new JournalReader();
  reader.push(file);
  reader.finish();
  const records: JournalRecord[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    records.push(record);
  }
  return { reader, records };
}

/** As `rtp 2`, `track 1 customer audio opus`, `event hold`, `end stopped`. */
export function lines(records: readonly JournalRecord[]): string[] {
  return records.map(lineOf);
}

function lineOf(record: JournalRecord): string {
  switch (record.kind) {
    case 'track':
      return `track ${record.track} ${record.party} ${record.medium} ${record.codec}`;
    case 'rtp':
    case 'senderReport':
      return `${record.kind} ${record.track}`;
    case 'event':
      return `event ${record.event}`;
    case 'end':
      return `end ${record.reason}`;
  }
}
