/** Real: the command as a process, on journals on disk. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type JournalRecord, writeJournalHeader, writeRecord } from '../../codec/journal.ts';
import { syntheticPacket } from '../support/media-packets.ts';

const COMMAND = join(import.meta.dirname, '../../relay/journal-command.js');
const STARTED_AT_MS = 1_767_225_600_250;

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function journal(): Buffer {
  const file = Buffer.alloc(20_000);
  let end = writeJournalHeader(file, 0, { version: 1, sessionNumber: 1001, startedAtMs: STARTED_AT_MS }, 7);
  const records: JournalRecord[] = [
    {
      ...{ atUs: 0, kind: 'track', track: 1, medium: 'audio', party: 'customer' },
      ...{ codec: 'opus', clockRate: 48_000, payloadType: 111 },
    },
    { atUs: 1_000, kind: 'rtp', track: 1, packet: syntheticPacket(90, 111, 0xabcd, { sequence: 1 }) },
    { atUs: 2_000, kind: 'senderReport', track: 1, ntp: 5n << 32n, rtpTimestamp: 960 },
    { atUs: 1_500_000, kind: 'event', event: 'hold' },
    { atUs: 2_000_000, kind: 'end', reason: 'technician' },
  ];
  for (const record of records) {
    end = writeRecord(file, end, 7, record);
  }
  return file.subarray(0, end);
}

t.test('inspect says what is in it', async (t) => {
  const path = join(t.testdir(), 'a.journal');
  writeFileSync(path, journal());
  const { status, stdout } = run('inspect', path);
  t.equal(status, 0);
  t.match(stdout, 'session 1001, version 1, from 2026-01-01T00:00:00.250Z');
  t.match(stdout, 'ended: technician');
  t.match(
    stdout,
    'track 1 (customer, audio, opus/48000, payload type 111): 1 packets, 90 bytes, 1 sender reports',
  );
  t.match(stdout, /1\.500 s {2}hold/);
});

t.test('verify: 0 for a whole one, 1 with what is wrong for a torn, damaged or foreign one', async (t) => {
  const path = join(t.testdir(), 'a.journal');
  const whole = journal();
  writeFileSync(path, whole);
  t.match(run('verify', path), { status: 0, stdout: '5 records, whole' });
  writeFileSync(path, whole.subarray(0, -3));
  t.match(run('verify', path), { status: 1, stdout: 'without an end' });
  const damaged = Buffer.from(whole);
  damaged[250] = (damaged[250] ?? 0) ^ 1;
  writeFileSync(path, damaged);
  t.match(run('verify', path), { status: 1, stdout: /bytes from byte \d+ on/ });
  writeFileSync(
    path,
    'no journal at all, but long enough to be one; that is what this text is for, and so on and on',
  );
  t.match(run('verify', path), { status: 1, stdout: 'The file is no journal.' });
  t.match(run('inspect', path), { status: 1, stderr: 'The file is no journal.' });
  t.match(run('inspect', `${path}.gone`), { status: 2, stderr: 'ENOENT' });
  t.match(run('sing', path), { status: 2, stdout: 'inspect FILE' });
});

t.test('export: a capture with RTP and sender reports as they were, at their times', async (t) => {
  const folder = t.testdir();
  const [path, out] = [join(folder, 'a.journal'), join(folder, 'a.pcap')];
  writeFileSync(path, journal());
  t.match(run('export', path, out), { status: 0, stdout: '2 packets' });
  const capture = readFileSync(out);
  t.equal(capture.readUInt32BE(0), 0xa1b2c3d4);
  t.equal(capture.readUInt32BE(20), 101, 'raw IP');
  t.equal(capture.readUInt32BE(24) * 1e6 + capture.readUInt32BE(28), STARTED_AT_MS * 1_000 + 1_000);
  const ip = 24 + 16;
  let sum = 0;
  for (let at = ip; at < ip + 20; at += 2) {
    sum += capture.readUInt16BE(at);
  }
  t.equal((sum & 0xffff) + (sum >>> 16), 0xffff, 'checksum of RFC 1071');
  t.same(capture.subarray(ip + 28, ip + 28 + 90), syntheticPacket(90, 111, 0xabcd, { sequence: 1 }));
  const next = ip + 28 + 90;
  t.equal(capture.readUInt16BE(next + 16 + 20), 5_003, 'reports on the port behind');
  t.equal(capture[next + 16 + 28 + 1], 200);
  t.equal(capture.length, next + 16 + 28 + 28);
  t.match(run('export', path, out), { status: 2, stderr: 'EEXIST' });
  t.ok(existsSync(out), 'what is there is never written over');
});
