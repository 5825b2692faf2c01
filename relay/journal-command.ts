/**
 * `npm run -s journal -- inspect|verify|export FILE`: what is in the journal of a recording, whether it is whole, and its packets as a
 * capture for Wireshark. Reads a journal that is still being written as well.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { JournalReader, type JournalRecord } from '../codec/journal.ts';
import { PCAP_PACKET_OVERHEAD, writePcapHeader, writePcapPacket } from '../codec/pcap.ts';
import { writeSenderReport } from '../codec/rtcp-write.ts';
import * as rtp from '../codec/rtp.ts';

const USAGE = `What is in the journal of a recording.

  npm run -s journal -- inspect FILE            tracks, events, times
  npm run -s journal -- verify FILE             whether it is whole; 0 when it is, 1 when not
  npm run -s journal -- export FILE OUT.pcap    its packets, as a capture`;
const READ_BYTES = 1_024 * 1_024;
const FIRST_PORT = 5_000;
const SENDER_REPORT_BYTES = 28;

type Track = {
  description: string;
  packets: number;
  bytes: number;
  reports: number;
  firstUs: number;
  lastUs: number;
};

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Hands every record on; the reader says what is wrong. */
function readFile(path: string, take: (record: JournalRecord, reader: JournalReader) => void): JournalReader {
  const reader = new JournalReader();
  const file = openSync(path, 'r');
  const chunk = Buffer.allocUnsafe(READ_BYTES);
  try {
    for (let read = -1; read !== 0; ) {
      read = readSync(file, chunk);
      if (read > 0) {
        reader.push(chunk.subarray(0, read));
      } else {
        reader.finish();
      }
      for (let record = reader.next(); record !== undefined; record = reader.next()) {
        take(record, reader);
      }
    }
  } finally {
    closeSync(file);
  }
  return reader;
}

const clock = (us: number) => `${(us / 1e6).toFixed(3).padStart(10)} s`;

function inspect(path: string): number {
  const tracks = new Map<number, Track>();
  const lines: string[] = [];
  let end = 'no end: it was interrupted, or is being written';
  let lastUs = 0;
  const reader = readFile(path, (record) => {
    lastUs = Math.max(lastUs, record.atUs);
    if (record.kind === 'track') {
      const { medium, party, codec, clockRate, payloadType } = record;
      const description = `${party}, ${medium}, ${codec}/${clockRate}, payload type ${payloadType}`;
      const before = tracks.get(record.track);
      tracks.set(record.track, {
        ...(before ?? { packets: 0, bytes: 0, reports: 0, firstUs: -1, lastUs: 0 }),
        description,
      });
      lines.push(`${clock(record.atUs)}  track ${record.track}: ${description}`);
      return;
    }
    if (record.kind === 'event') {
      lines.push(`${clock(record.atUs)}  ${record.event} ${JSON.stringify(record.detail ?? {})}`);
      return;
    }
    if (record.kind === 'end') {
      end = `ended: ${record.reason}`;
      return;
    }
    const track = tracks.get(record.track);
    if (track && record.kind === 'rtp') {
      track.packets += 1;
      track.bytes += record.packet.length;
      track.firstUs = track.firstUs < 0 ? record.atUs : track.firstUs;
      track.lastUs = record.atUs;
    } else if (track) {
      track.reports += 1;
    }
  });
  const header = reader.header();
  if (header === undefined) {
    process.stderr.write(`${path}: ${reader.problem}\n`);
    return 1;
  }
  print(
    `session ${header.sessionNumber}, version ${header.version}, from ${new Date(header.startedAtMs).toISOString()}`,
  );
  print(`${(lastUs / 1e6).toFixed(3)} s, ${reader.position} bytes, ${end}`);
  for (const [id, { description, packets, bytes, reports, firstUs, lastUs: last }] of tracks) {
    const times = packets > 0 ? `,${clock(firstUs)} to${clock(last)}` : '';
    print(
      `track ${id} (${description}): ${packets} packets, ${bytes} bytes, ${reports} sender reports${times}`,
    );
  }
  lines.forEach(print);
  tellDamage(reader);
  return 0;
}

function tellDamage(reader: JournalReader): void {
  for (const { at, bytes } of reader.damages) {
    print(`damaged: ${bytes} bytes from byte ${at} on`);
  }
  if (reader.damagedBytes > 0) {
    print(`${reader.damagedBytes} bytes lost altogether. ${reader.problem}`);
  }
}

function verify(path: string): number {
  let records = 0;
  let isEnded = false;
  const reader = readFile(path, ({ kind }) => {
    records += 1;
    isEnded ||= kind === 'end';
  });
  if (reader.header() === undefined) {
    print(`${path}: ${reader.problem}`);
    return 1;
  }
  tellDamage(reader);
  const isWhole = reader.damagedBytes === 0 && isEnded;
  print(`${path}: ${records} records, ${isWhole ? 'whole' : isEnded ? 'damaged' : 'without an end'}`);
  return isWhole ? 0 : 1;
}

/** Each track has a sender and a port of its own: RTP on even ones, its sender reports on the next. */
function exportPcap(path: string, target: string): number {
  const out = openSync(target, 'wx', 0o600);
  const buffer = Buffer.allocUnsafe(PCAP_PACKET_OVERHEAD + 0xffff);
  const ssrcs = new Map<number, number>();
  let packets = 0;
  try {
    writeSync(out, buffer, 0, writePcapHeader(buffer, 0));
    const reader = readFile(path, (record, journal) => {
      const { startedAtMs = 0 } = journal.header() ?? {};
      if (record.kind !== 'rtp' && record.kind !== 'senderReport') {
        return;
      }
      let payload: Uint8Array;
      let port = FIRST_PORT + 2 * record.track;
      if (record.kind === 'rtp') {
        payload = record.packet;
        ssrcs.set(record.track, rtp.ssrc(payload));
      } else {
        payload = new Uint8Array(SENDER_REPORT_BYTES);
        port += 1;
        const [seconds, fraction] = [Number(record.ntp >> 32n), Number(record.ntp & 0xffff_ffffn)];
        writeSenderReport(
          payload,
          0,
          ssrcs.get(record.track) ?? 0,
          seconds,
          fraction,
          record.rtpTimestamp,
          0,
          0,
        );
      }
      const at = startedAtMs * 1_000 + record.atUs;
      const end = writePcapPacket(buffer, 0, at, record.track, port, payload);
      if (end > 0) {
        writeSync(out, buffer, 0, end);
        packets += 1;
      }
    });
    if (reader.header() === undefined) {
      process.stderr.write(`${path}: ${reader.problem}\n`);
      return 1;
    }
    tellDamage(reader);
  } finally {
    closeSync(out);
  }
  print(`${target}: ${packets} packets`);
  return 0;
}

function main([command, path, target]: readonly string[]): number {
  try {
    if (command === 'inspect' && path !== undefined) {
      return inspect(path);
    }
    if (command === 'verify' && path !== undefined) {
      return verify(path);
    }
    if (command === 'export' && path !== undefined && target !== undefined) {
      return exportPcap(path, target);
    }
  } catch (error) {
    const { code, path: where } = error as NodeJS.ErrnoException;
    if (code === undefined) {
      throw error;
    }
    process.stderr.write(`${where ?? path}: ${code}\n`);
    return 2;
  }
  print(USAGE);
  return command === '--help' ? 0 : 2;
}

process.exitCode = main(process.argv.slice(2));
