/** Ranges of files, and a slow reader. Real: files; the library's response is an array that takes what it likes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { type FileSink, readRange, sendFile } from '../../relay/file-body.ts';

const folder = mkdtempSync(join(tmpdir(), 'fernblick-body-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'film');
const film = Buffer.alloc(700_000, 'The quick brown fox. ');
writeFileSync(path, film);

t.test('a range is one that the file has, or none', async (t) => {
  const cases: [string | undefined, unknown][] = [
    [undefined, undefined],
    ['bytes=0-', { from: 0, length: 1_000 }],
    ['bytes=0-0', { from: 0, length: 1 }],
    ['bytes=990-2000', { from: 990, length: 10 }],
    ['bytes=-10', { from: 990, length: 10 }],
    ['bytes=-5000', { from: 0, length: 1_000 }],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=-', undefined],
    ['bytes=9-3', undefined],
    ['bytes=0-1,3-4', undefined],
    ['items=0-1', undefined],
    ['bytes=0x1-', undefined],
    ['bytes=99999999999999999999-', undefined],
  ];
  for (const [header, expected] of cases) {
    t.same(readRange(header, 1_000), expected, String(header));
  }
  t.equal(readRange('bytes=0-', 0), 'unsatisfiable', 'of an empty file');
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(5_000), (text, from, to, size) => {
      for (const header of [text, `bytes=${from}-${to}`, `bytes=${text}`]) {
        const range = readRange(header, size);
        if (
          typeof range === 'object' &&
          (range.from < 0 || range.length < 1 || range.from + range.length > size)
        ) {
          return false;
        }
      }
      return true;
    }),
  );
});

/** Takes at most `share` of what it is given, then wants to be asked again. */
function slowReader(share: number): FileSink & { got: () => Buffer; isClosed: () => boolean } {
  const taken: Buffer[] = [];
  let offset = 0;
  let closed = false;
  let listener: ((at: number) => boolean) | undefined;
  return {
    cork: (work) => work(),
    tryEnd(bytes) {
      const length = listener === undefined ? Math.ceil(bytes.length * share) : bytes.length;
      taken.push(Buffer.from(bytes.subarray(0, length)));
      offset += length;
      if (length < bytes.length) {
        setImmediate(() => {
          const resume = listener;
          resume?.(offset);
          listener = undefined;
        });
        return [false, false];
      }
      return [true, false];
    },
    onWritable(resume) {
      listener = resume;
    },
    getWriteOffset: () => offset,
    close() {
      closed = true;
    },
    got: () => Buffer.concat(taken),
    isClosed: () => closed,
  };
}

t.test('readers of every speed get what was promised', async (t) => {
  for (const share of [1, 0.5, 0.01]) {
    const sink = slowReader(share);
    await sendFile(sink, { file: path, from: 1_234, length: 600_000 }, () => false);
    t.ok(sink.got().equals(film.subarray(1_234, 601_234)), `${share} of each piece`);
  }
});

t.test('a file that is shorter than said, or gone, ends the connection', async (t) => {
  for (const body of [
    { file: path, from: 0, length: film.length + 1 },
    { file: join(folder, 'absent'), from: 0, length: 10 },
  ]) {
    const sink = slowReader(1);
    await sendFile(sink, body, () => false);
    t.ok(sink.isClosed());
  }
});

t.test('a reader that has gone gets nothing more', async (t) => {
  const sink = slowReader(1);
  await sendFile(sink, { file: path, from: 0, length: film.length }, () => sink.got().length > 0);
  t.ok(sink.got().length < film.length);
});
