/**
 * Real: the writers and the reader of the journal, and Node's own CRC-32 beside ours. Nothing is stood in for.
 */
import { isDeepStrictEqual } from 'node:util';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { crc32 } from '../../codec/crc32.ts';
import {
  JOURNAL_HEADER_BYTES,
  JournalReader,
  type JournalRecord,
  RECORD_HEADER_BYTES,
  RECORD_MAX_BYTES,
  writeJournalHeader,
  writeRecord,
  writeRtp,
} from '../../codec/journal.ts';

const HEADER = { version: 1, sessionNumber: 4711, startedAtMs: 1_763_900_000_123 };
const SALT = 0x9e37_79b9;

function journal(records: readonly JournalRecord[], salt = SALT): { file: Uint8Array; ends: number[] } {
  const file = new Uint8Array(2_000_000);
  let end = writeJournalHeader(file, 0, HEADER, salt);
  const ends = [end];
  for (const record of records) {
    end = writeRecord(file, end, salt, record);
    if (end < 0) {
      throw new Error(`no room for ${record.kind}`);
    }
    ends.push(end);
  }
  return { file: file.slice(0, end), ends };
}

function readAll(
  file: Uint8Array,
  chunk = file.length || 1,
): { reader: JournalReader; records: JournalRecord[] } {
  const reader = new JournalReader();
  const records: JournalRecord[] = [];
  const drain = () => {
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      records.push(record);
    }
  };
  for (let at = 0; at < file.length; at += chunk) {
    reader.push(file.subarray(at, at + chunk));
    drain();
  }
  reader.finish();
  drain();
  return { reader, records };
}

/** Comparable whatever array a packet is a view of. */
const plain = (record: JournalRecord) =>
  record.kind === 'rtp' ? { ...record, packet: Buffer.from(record.packet).toString('hex') } : record;

const packet = (size: number, seed: number) => Uint8Array.from({ length: size }, (_, index) => index * seed);
const track = (id: number, medium: 'audio' | 'video'): JournalRecord => ({
  ...{ atUs: 0, kind: 'track', track: id, medium, party: 'customer' },
  ...(medium === 'audio'
    ? { codec: 'opus', clockRate: 48_000, payloadType: 111 }
    : { codec: 'VP8', clockRate: 90_000, payloadType: 96 }),
});
const SAMPLE: JournalRecord[] = [
  track(1, 'audio'),
  track(2, 'video'),
  { atUs: 12, kind: 'senderReport', track: 2, ntp: 0xe9c1_2345_89ab_cdefn, rtpTimestamp: 0xffff_ffff },
  { atUs: 20_000, kind: 'rtp', track: 2, packet: packet(1_200, 7) },
  { atUs: 20_001, kind: 'rtp', track: 1, packet: packet(83, 3) },
  { atUs: 3_000_000, kind: 'event', event: 'hold' },
  { atUs: 5_000_000_000, kind: 'event', event: 'chat', detail: { from: 'Jürgen 🛠', text: 'õFBJ' } },
  { atUs: 36_000_000_000, kind: 'rtp', track: 1, packet: packet(12, 1) },
  { atUs: 36_000_000_001, kind: 'end', reason: 'stopped' },
];

t.test('CRC-32 is that of zlib, in one piece and in two', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(300),
      fc.nat(0xffff_ffff),
      (bytes, cut, previous) => {
        const at = Math.min(cut, bytes.length);
        const whole = crc32(bytes, 0, bytes.length, previous);
        return (
          whole === zlibCrc32(bytes, previous) &&
          whole === crc32(bytes, at, bytes.length, crc32(bytes, 0, at, previous))
        );
      },
    ),
  );
});

t.test('everything that is written is read, whatever the pieces', async (t) => {
  const { file } = journal(SAMPLE);
  for (const chunk of [file.length, 1, 7, 64]) {
    const { reader, records } = readAll(file, chunk);
    t.same(reader.header(), HEADER);
    t.same(records.map(plain), SAMPLE.map(plain), `pieces of ${chunk}`);
    t.equal(reader.damagedBytes, 0);
    t.equal(reader.problem, undefined);
    t.equal(reader.position, file.length);
  }
});

const arbitraryRecord: fc.Arbitrary<JournalRecord> = fc
  .tuple(
    fc.nat(2 ** 48 - 1),
    fc.nat(255),
    fc.oneof(
      fc.uint8Array({ maxLength: 1_500 }).map((bytes) => ({ kind: 'rtp' as const, packet: bytes })),
      fc.tuple(fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(0xffff_ffff)).map(([ntp, rtpTimestamp]) => ({
        ...{ kind: 'senderReport' as const, ntp, rtpTimestamp },
      })),
      fc.tuple(fc.string({ unit: 'grapheme' }), fc.jsonValue()).map(([event, detail]) => ({
        ...{ kind: 'event' as const, event, detail: JSON.parse(JSON.stringify(detail)) as unknown },
      })),
    ),
  )
  .map(([atUs, id, rest]) => (rest.kind === 'event' ? { atUs, ...rest } : { atUs, track: id, ...rest }));

t.test('any records, any salt, any pieces', async () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryRecord, { maxLength: 12 }),
      fc.nat(0xffff_ffff),
      fc.integer({ min: 1, max: 4_000 }),
      (records, salt, chunk) => {
        const { reader, records: read } = readAll(journal(records, salt).file, chunk);
        return isDeepStrictEqual(read.map(plain), records.map(plain)) && reader.damagedBytes === 0;
      },
    ),
    { numRuns: 60 },
  );
});

t.test('cut at every byte: what is whole is read, and the rest is counted', async (t) => {
  const { file, ends } = journal(SAMPLE);
  let wrong = 0;
  for (let cut = 0; cut < file.length; cut++) {
    const { reader, records } = readAll(file.subarray(0, cut));
    const whole = ends.filter((end) => end <= cut).length - 1;
    const lost = whole < 0 ? cut : cut - (ends[whole] ?? 0);
    const isAtEnd = lost === 0 && cut > 0;
    if (
      records.length !== Math.max(0, whole) ||
      reader.damagedBytes !== lost ||
      (reader.problem === undefined) !== isAtEnd
    ) {
      wrong++;
    }
  }
  t.equal(wrong, 0);
  const torn = readAll(file.subarray(0, (ends[4] ?? 0) + 30));
  t.equal(
    torn.reader.problem,
    `The journal ends in the middle of a record: 30 bytes from byte ${ends[4]} on are lost.`,
  );
});

t.test('one flipped bit costs one record at most, and is told where it is', async (t) => {
  const { file, ends } = journal(SAMPLE);
  let wrong = 0;
  for (let bit = 0; bit < file.length * 8; bit += 3) {
    const at = bit >> 3;
    const damaged = file.slice();
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (bit & 7));
    const { reader, records } = readAll(damaged, 997);
    const expected =
      at < JOURNAL_HEADER_BYTES
        ? SAMPLE
        : SAMPLE.filter((_, index) => (ends[index] ?? 0) > at || (ends[index + 1] ?? 0) <= at);
    const from = at < JOURNAL_HEADER_BYTES ? (at < 36 ? 0 : 36) : ends.filter((end) => end <= at).at(-1);
    const size = at < JOURNAL_HEADER_BYTES ? 36 : (ends.find((end) => end > at) ?? 0) - (from ?? 0);
    const same =
      JSON.stringify(records.map(plain), bigints) === JSON.stringify(expected.map(plain), bigints) &&
      reader.damages[0]?.at === from &&
      reader.damages[0]?.bytes === size &&
      reader.damagedBytes === size;
    wrong += same ? 0 : 1;
  }
  t.equal(wrong, 0);
});

const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

t.test('bytes put in or taken out anywhere: reading goes on behind them', async () => {
  const { file, ends } = journal(SAMPLE);
  fc.assert(
    fc.property(
      fc.integer({ min: JOURNAL_HEADER_BYTES, max: file.length }),
      fc.nat(2_000),
      fc.uint8Array({ maxLength: 200 }),
      (at, removed, put) => {
        const damaged = Buffer.concat([file.subarray(0, at), put, file.subarray(at + removed)]);
        const { reader, records } = readAll(damaged, 500);
        const untouched = SAMPLE.filter(
          (_, index) => (ends[index + 1] ?? 0) <= at || (ends[index] ?? 0) >= at + removed,
        ).map(plain);
        const read = new Set(records.map((record) => JSON.stringify(plain(record), bigints)));
        return (
          untouched.every((record) => read.has(JSON.stringify(record, bigints))) &&
          records.length <= SAMPLE.length &&
          reader.position === damaged.length
        );
      },
    ),
    { numRuns: 200 },
  );
});

t.test('a record that a customer has put into a packet is not taken for one', async (t) => {
  const forged = new Uint8Array(600);
  const end = writeRecord(forged, 0, 0, { atUs: 1, kind: 'end', reason: 'forged' });
  const records: JournalRecord[] = [
    { atUs: 1, kind: 'rtp', track: 2, packet: forged.subarray(0, end) },
    { atUs: 2, kind: 'end', reason: 'stopped' },
  ];
  const { file } = journal(records);
  file[JOURNAL_HEADER_BYTES + 5] = (file[JOURNAL_HEADER_BYTES + 5] ?? 0) ^ 1;
  t.same(readAll(file).records, [records[1]]);
});

t.test('no journal, a newer one, an empty one: a sentence and no record', async (t) => {
  const newer = journal(SAMPLE).file;
  writeJournalHeader(newer, 0, { ...HEADER, version: 2 }, SALT);
  const headless = journal(SAMPLE).file;
  headless[20] = 1;
  headless[60] = 1;
  for (const [file, problem] of [
    [new Uint8Array(0), 'The file is empty.'],
    [new Uint8Array(71), 'The file ends before a journal begins.'],
    [Buffer.alloc(5_000, 'photo'), 'The file is no journal.'],
    [headless, 'The header of the journal is damaged.'],
    [newer, 'The journal is of version 2; this program reads version 1.'],
  ] as const) {
    const { reader, records } = readAll(file);
    t.equal(reader.problem, problem);
    t.equal(reader.header(), undefined);
    t.same(records, []);
    t.equal(reader.damagedBytes, problem.includes('ends before') ? 71 : file.length);
  }
});

t.test('kinds of a later time are passed over', async (t) => {
  const { file, ends } = journal([SAMPLE[5] as JournalRecord, SAMPLE[8] as JournalRecord]);
  const at = ends[0] ?? 0;
  file[at + 8] = 77;
  const sum = crc32(file, at + 8, ends[1], SALT);
  new DataView(file.buffer).setUint32(at + 4, sum);
  const { reader, records } = readAll(file);
  t.same(records, [SAMPLE[8]]);
  t.equal(reader.unknownRecords, 1);
  t.equal(reader.damagedBytes, 0);
});

t.test('without room nothing is written behind the end, and the answer is −1', async (t) => {
  const target = new Uint8Array(RECORD_HEADER_BYTES + 100);
  t.equal(writeRtp(target, 0, SALT, 1, 1, packet(100, 1)), target.length);
  t.equal(writeRtp(target, 1, SALT, 1, 1, packet(100, 1)), -1);
  t.equal(writeRtp(target, -1, SALT, 1, 1, packet(10, 1)), -1, 'passes a −1 on');
  t.equal(writeRtp(target, 0, SALT, 1, 1, packet(10, 1), 11), -1, 'more than there is');
  t.equal(writeJournalHeader(new Uint8Array(71), 0, HEADER, SALT), -1);
  const large = new Uint8Array(3 * RECORD_MAX_BYTES);
  t.equal(writeRtp(large, 0, SALT, 1, 1, new Uint8Array(RECORD_MAX_BYTES + 1)), -1);
  const detail = 'x'.repeat(RECORD_MAX_BYTES);
  t.equal(writeRecord(large, 0, SALT, { atUs: 1, kind: 'event', event: 'chat', detail }), -1);
  const part = new Uint8Array(200);
  const end = writeRtp(part, 0, SALT, 9, 1, packet(80, 5), 40);
  t.equal(end, RECORD_HEADER_BYTES + 40);
  t.same(Buffer.from(part.subarray(RECORD_HEADER_BYTES, end)), Buffer.from(packet(80, 5).subarray(0, 40)));
});
