/** Fuzz target for the journal of a recording: what its reader makes of any bytes, and that what it reads is written the same. */
import { crc32 } from '../../codec/crc32.ts';
import {
  JOURNAL_HEADER_BYTES,
  JournalReader,
  type JournalRecord,
  RECORD_HEADER_BYTES,
  writeJournalHeader,
  writeRecord,
  writeRtp,
  writeSenderReport,
} from '../../codec/journal.ts';
import {
  PCAP_HEADER_BYTES,
  PCAP_PACKET_OVERHEAD,
  writePcapHeader,
  writePcapPacket,
} from '../../codec/pcap.ts';
import { chance } from './random.ts';
import type { FuzzTarget } from './target.ts';

const SALT = 0x1234_5678;
const MAX_BYTES = 4_000;
const again = Buffer.alloc(2 * MAX_BYTES + PCAP_HEADER_BYTES + PCAP_PACKET_OVERHEAD);

function seed(): Buffer {
  const file = Buffer.alloc(MAX_BYTES);
  let end = writeJournalHeader(
    file,
    0,
    { version: 1, sessionNumber: 1001, startedAtMs: 1_767_225_600_000 },
    SALT,
  );
  const records: JournalRecord[] = [
    {
      ...{ atUs: 1, kind: 'track', track: 2, medium: 'video', party: 'customer' },
      ...{ codec: 'VP8', clockRate: 90_000, payloadType: 96 },
    },
    { atUs: 2, kind: 'event', event: 'mark', detail: { type: 'chat' } },
    { atUs: 4, kind: 'end', reason: 'technician' },
  ];
  for (const record of records) {
    end = writeRecord(file, end, SALT, record);
    end = writeRtp(file, end, SALT, 3, 2, Buffer.alloc(60, 0x80), 55);
    end = writeSenderReport(file, end, SALT, 3, 2, 1, 2, 3);
  }
  return file.subarray(0, end);
}

const WHOLE = seed();

export const JOURNAL_TARGET: FuzzTarget = {
  name: 'journal',
  about: 'the journal of a recording, whole, cut and damaged',
  corpora: ['journal'],
  decides: true,
  maxBytes: MAX_BYTES,
  seeds: [WHOLE],
  make: (random) => {
    const file = Buffer.from(WHOLE);
    // Behind the header: with that gone there is nothing to read.
    for (let changes = chance(random, 20) ? 0 : random(6); changes > 0; changes--) {
      file[JOURNAL_HEADER_BYTES + random(file.length - JOURNAL_HEADER_BYTES)] = random(256);
    }
    return chance(random, 30) ? file.subarray(0, random(file.length)) : file;
  },
  slowestMs: 500,
  run: (input) => {
    const complaints: string[] = [];
    const reader = new JournalReader();
    // In pieces that differ from input to input.
    const piece = 1 + (crc32(input) % 700);
    let wholeBytes = 0;
    const drain = () => {
      for (let record = reader.next(); record !== undefined; record = reader.next()) {
        wholeBytes += check(record, complaints);
      }
    };
    for (let at = 0; at < input.length; at += piece) {
      reader.push(input.subarray(at, at + piece));
      drain();
    }
    reader.finish();
    drain();
    const header = reader.header();
    const hasHeader = header !== undefined;
    if (header && writeJournalHeader(again, 0, header, SALT) !== JOURNAL_HEADER_BYTES) {
      complaints.push('cannot write the header again');
    }
    if (hasHeader && reader.position !== input.length) {
      complaints.push(`stopped at ${reader.position} of ${input.length}`);
    }
    const headerBytes = hasHeader ? JOURNAL_HEADER_BYTES : 0;
    if (wholeBytes > input.length - headerBytes || reader.damagedBytes > input.length) {
      complaints.push(`${wholeBytes} bytes of records, ${reader.damagedBytes} damaged, of ${input.length}`);
    }
    if (!hasHeader && input.length > 0 && reader.problem === undefined) {
      complaints.push('no header and no word about it');
    }
    return { complaints, accepted: reader.damagedBytes === 0 && hasHeader };
  },
};

/** @returns the least that it can have taken in the file */
function check(record: JournalRecord, complaints: string[]): number {
  const end = writeRecord(again, 0, SALT, record);
  if (end < 0) {
    complaints.push(`cannot write ${record.kind} again`);
  }
  if (record.kind !== 'rtp') {
    return RECORD_HEADER_BYTES;
  }
  const begun = writePcapHeader(again, 0);
  const captured = writePcapPacket(again, begun, record.atUs, record.track, 5_000, record.packet);
  if (captured !== PCAP_HEADER_BYTES + PCAP_PACKET_OVERHEAD + record.packet.length) {
    complaints.push(`captured to ${captured}`);
  }
  return RECORD_HEADER_BYTES + record.packet.length;
}
