/** Files as the body of an answer: piece by piece, as fast as the reader takes them; and the ranges that players ask for. */
import { type FileHandle, open } from 'node:fs/promises';

const PIECE_BYTES = 256 * 1_024;

/** `length` bytes of a file from `from` on. */
export type FileBody = { file: string; from: number; length: number };

/** What this uses of the library's response. */
export type FileSink = {
  cork(work: () => void): unknown;
  tryEnd(bytes: Uint8Array, totalBytes: number): [taken: boolean, finished: boolean];
  onWritable(listener: (offset: number) => boolean): unknown;
  getWriteOffset(): number;
  close(): unknown;
};

/** Sends the file behind headers that are written already. A file that is shorter than said ends the connection. */
export async function sendFile(
  sink: FileSink,
  { file, from, length }: FileBody,
  isAborted: () => boolean,
): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, length));
    for (let sent = 0; sent < length && !isAborted(); ) {
      const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, length - sent), from + sent);
      if (isAborted()) {
        return;
      }
      if (bytesRead === 0) {
        sink.close();
        return;
      }
      await taken(sink, piece.subarray(0, bytesRead), sent, length, isAborted);
      sent += bytesRead;
    }
  } catch {
    if (!isAborted()) {
      sink.close();
    }
  } finally {
    await handle?.close();
  }
}

/** Resolves when the library has all of the piece, or the reader is gone. */
function taken(
  sink: FileSink,
  piece: Buffer,
  sent: number,
  length: number,
  isAborted: () => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const give = (bytes: Buffer): boolean => {
      let isTaken = false;
      sink.cork(() => {
        [isTaken] = sink.tryEnd(bytes, length);
      });
      if (isTaken) {
        clearInterval(watch);
        resolve();
      }
      return isTaken;
    };
    // A reader that goes away while the socket is full is told by nothing else here.
    const watch = setInterval(() => {
      if (isAborted()) {
        clearInterval(watch);
        resolve();
      }
    }, 1_000);
    if (!give(piece)) {
      sink.onWritable((offset) => isAborted() || give(piece.subarray(offset - sent)));
    }
  });
}

export type ByteRange = { from: number; length: number };

/**
 * The one range of a `Range` header (RFC 9110 14); undefined for all of it: no header, another unit, several ranges.
 * @returns `unsatisfiable` when it begins behind the end
 */
export function readRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') {
    return undefined;
  }
  if (first === '') {
    const length = Math.min(size, Number(last));
    return length === 0 ? 'unsatisfiable' : { from: size - length, length };
  }
  const from = Number(first);
  const to = last === '' ? size - 1 : Math.min(size - 1, Number(last));
  if (from >= size) {
    return 'unsatisfiable';
  }
  // A range that ends before it begins is none at all.
  return to < from ? undefined : { from, length: to - from + 1 };
}
