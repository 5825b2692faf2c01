/**
 * Real: recorder, journal, media session with its uptracks. Faked: connections (arrays of what was sent), the disk (memory that is
 * slow, full or broken when told), and time.
 */
import t from 'tap';
import { put16, put32 } from '../../codec/bytes.ts';
import * as rtcp from '../../codec/rtcp.ts';
import { writeSenderReport } from '../../codec/rtcp-write.ts';
import * as rtp from '../../codec/rtp.ts';
import { UNFINISHED_SUFFIX } from '../../relay/journal-file.ts';
import { Recorder } from '../../relay/recorder.ts';
import { paddingPacket, syntheticPacket, writeVp8Payload } from '../support/media-packets.ts';
import { mediaSession } from '../support/media-session-scene.ts';
import { FakeDisk, lines, readJournal } from '../support/recorder-scene.ts';

const PATH = '/recordings/5-1.journal';

function recorderScene(options: { voice?: boolean; video?: boolean } = {}) {
  const scene = mediaSession();
  const disk = new FakeDisk();
  const told: string[] = [];
  const recorder = new Recorder(
    { sessionId: 5, path: PATH, voice: true, video: true, ...options },
    {
      recording: ({ dropped }) => told.push(`recording${dropped > 0 ? `, dropped ${dropped}` : ''}`),
      ended: (_recorder, code) => told.push(`ended ${code ?? 'well'}`),
    },
    1_000,
    disk,
  );
  disk.settle();
  /** As the worker does, several times a second. */
  const pass = (from: number, to: number) => {
    for (let now = from; now <= to; now += 50) {
      recorder.tick(now);
      disk.settle();
    }
  };
  const stop = (reason = 'technician', now = 60_000) => {
    recorder.stop(reason, now);
    disk.settle();
  };
  const written = () =>
    readJournal(disk.files.get(PATH) ?? disk.files.get(PATH + UNFINISHED_SUFFIX) ?? Buffer.alloc(0));
  return { ...scene, disk, told, recorder, pass, stop, written };
}

t.test(
  'what comes through the gate is in the journal, of both sides, with its track before it',
  async (t) => {
    const { media, both, recorder, pass, stop, written, told, disk } = recorderScene();
    const { customer, technician } = both();
    media.setRecorder(recorder, 1_000);
    customer.sends('audio', 1);
    media.setGate(true, 1_000);
    customer.sends('audio', 2);
    customer.sends('video', 7, true);
    technician.sends('audio', 4);
    customer.sends('video', 8);
    pass(1_000, 1_400);
    t.ok(disk.files.has(PATH + UNFINISHED_SUFFIX), 'while it grows it is called otherwise');
    stop();
    t.same([...disk.files.keys()], [PATH]);
    const { reader, records } = written();
    t.equal(reader.problem, undefined);
    t.equal(reader.header()?.sessionNumber, 5);
    t.same(lines(records), [
      'event unhold',
      ...['track 1 customer audio opus', 'rtp 1'],
      ...['track 2 customer video VP8', 'rtp 2'],
      ...['track 3 technician audio opus', 'rtp 3'],
      ...['rtp 2', 'end technician'],
    ]);
    const [first] = records.filter((record) => record.kind === 'rtp');
    t.equal(first?.atUs, 2_000, 'its time is that of its arrival');
    t.match(first?.kind === 'rtp' && rtp.ssrc(first.packet), 1);
    t.equal(first?.kind === 'rtp' && rtp.sequenceNumber(first.packet), 2);
    t.same(told, ['recording', 'ended well']);
    t.equal(disk.synced, disk.files.get(PATH)?.length, 'all of it is on the disk before it is told');
  },
);

t.test('bytes are those that came, whatever viewers get', async (t) => {
  const { media, both, recorder, stop, written } = recorderScene();
  const { customer, technician } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  customer.sends('video', 7, true);
  const shown = technician.pipe.rtp()[0];
  stop();
  const record = written().records.find(({ kind }) => kind === 'rtp');
  t.ok(record?.kind === 'rtp' && rtp.ssrc(record.packet) === 2 && rtp.sequenceNumber(record.packet) === 7);
  t.not(shown && rtp.ssrc(shown), 2, 'a viewer sees numbers of its own');
});

t.test('a closed gate lets nothing in, and is noted', async (t) => {
  const { media, both, recorder, stop, written } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  customer.sends('audio', 1);
  media.setGate(false, 1_100);
  customer.sends('audio', 2);
  media.setGate(true, 1_200);
  customer.sends('audio', 3);
  stop();
  t.same(lines(written().records), [
    ...['track 1 customer audio opus', 'rtp 1', 'event hold', 'event unhold', 'rtp 1', 'end technician'],
  ]);
});

t.test('paused: nothing is written but that; afterwards the track is described anew', async (t) => {
  const { media, both, recorder, stop, written } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  customer.sends('audio', 1);
  recorder.pause(1_100);
  customer.sends('audio', 2);
  const again = { ...customer };
  recorder.resume(1_200);
  again.sends('audio', 3);
  stop();
  const { records } = written();
  t.same(lines(records), [
    ...['track 1 customer audio opus', 'rtp 1', 'event pause', 'event resume'],
    ...['track 1 customer audio opus', 'rtp 1', 'end technician'],
  ]);
  t.same(
    records.flatMap((record) => (record.kind === 'rtp' ? [rtp.sequenceNumber(record.packet)] : [])),
    [1, 3],
  );
});

t.test('a connection that takes over continues its track, with a description of its own', async (t) => {
  const { media, both, join, recorder, stop, written } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  customer.sends('video', 1, true);
  const next = join('c2', 'customer', { audio: 11, video: 12 }, 'H264');
  customer.sends('video', 2);
  next.sends('audio', 1);
  media.closePeer('c');
  next.sends('video', 1, true);
  stop();
  t.same(
    lines(written().records),
    [
      ...['track 1 customer video VP8', 'rtp 1', 'rtp 1'],
      ...['track 2 customer audio opus', 'rtp 2'],
      ...['track 1 customer video H264', 'rtp 1', 'end technician'],
    ].map((line) => line.replace(/^(track|rtp) ([12])/, (_, kind, id) => `${kind} ${id === '1' ? 2 : 1}`)),
  );
});

t.test('voice or picture alone, as the group wants it', async (t) => {
  for (const [options, kinds] of [
    [{ video: false }, ['audio', 'audio']],
    [{ voice: false }, ['video']],
  ] as const) {
    const { media, both, recorder, stop, written } = recorderScene(options);
    const { customer, technician } = both();
    media.setGate(true, 1_000);
    media.setRecorder(recorder, 1_000);
    customer.sends('audio', 1);
    customer.sends('video', 1, true);
    technician.sends('audio', 1);
    stop();
    t.same(
      written().records.flatMap((record) => (record.kind === 'track' ? [record.medium] : [])),
      kinds,
    );
  }
});

t.test('sender reports are in it, each once, behind the description of their track', async (t) => {
  const { media, both, recorder, pass, stop, written } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  const report = Buffer.alloc(28);
  const end = writeSenderReport(report, 0, 1, 0xe9c1_0000, 0x8000_0000, 960, 10, 1_000);
  customer.pipe.receiver.rtcp(report.subarray(0, end), 1_010);
  pass(1_010, 1_100);
  customer.sends('audio', 1);
  pass(1_100, 1_300);
  stop();
  const { records } = written();
  t.same(lines(records), ['track 1 customer audio opus', 'rtp 1', 'senderReport 1', 'end technician']);
  t.match(records[2], { atUs: 10_000, ntp: 0xe9c1_0000_8000_0000n, rtpTimestamp: 960 });
});

t.test('of packets without content and of retransmissions only what is new', async (t) => {
  const { media, both, recorder, stop, written } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  customer.sends('video', 1, true);
  customer.pipe.receiver.rtp(paddingPacket(96, 2, 2), 1_010);
  customer.sends('video', 4);
  // Number 3 is missing and comes again, in the format of RFC 4588.
  const late = Buffer.alloc(122);
  const packet = Buffer.alloc(120, 1);
  put16(packet, 0, 0x8060);
  put16(packet, 2, 3);
  put32(packet, 4, 300);
  put32(packet, 8, 2);
  packet[12] = 0x10;
  rtp.writeRtx(late, packet, packet.length, 99, 97, 50);
  for (let again = 0; again < 2; again++) {
    customer.pipe.receiver.rtp(Buffer.from(late), 1_020);
  }
  stop();
  t.same(
    written().records.flatMap((record) => (record.kind === 'rtp' ? [rtp.sequenceNumber(record.packet)] : [])),
    [1, 4, 3],
  );
});

t.test('keyframes are asked for until one is whole, and again for places to jump to', async (t) => {
  const { media, both, recorder, pass } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  const plis = () => customer.pipe.rtcp(rtcp.PLI).length;
  customer.sends('video', 1, true);
  const before = plis();
  media.setRecorder(recorder, 1_010);
  media.tick(1_600);
  t.equal(plis(), before + 1, 'when it begins');
  customer.sends('video', 602, true);
  pass(1_650, 3_000);
  customer.sends('video', 2_000);
  pass(3_050, 3_100);
  t.equal(plis(), before + 2, 'a keyframe whose end has not come is none');
  const end = syntheticPacket(200, 96, 2, { sequence: 2_201, timestamp: 7, marker: true });
  writeVp8Payload(end, { pictureId: 5, start: true, keyframe: true });
  customer.pipe.receiver.rtp(end, 3_201);
  for (let at = 3_250; at < 18_000; at += 50) {
    customer.pipe.receiver.rtp(
      syntheticPacket(100, 96, 2, { sequence: 2_202 + (at - 3_250) / 50, timestamp: 8 + at }),
      at,
    );
    pass(at, at);
  }
  t.equal(plis(), before + 2, 'one that is whole is enough');
  pass(18_000, 19_000);
  t.equal(plis(), before + 3, 'for fifteen seconds');
});

t.test(
  'a disk that stands still for a moment loses nothing; for long, packets, which are counted and told',
  async (t) => {
    const { media, both, recorder, pass, stop, written, told, disk } = recorderScene();
    const { customer } = both();
    media.setGate(true, 1_000);
    media.setRecorder(recorder, 1_000);
    disk.stalled = true;
    let sequence = 0;
    const send = (count: number) => {
      for (let sent = 0; sent < count; sent++) {
        sequence += 1;
        customer.sends('audio', sequence);
        if (sequence % 50 === 0) {
          recorder.tick(1_000 + sequence);
        }
      }
    };
    send(7_000);
    t.equal(recorder.dropped, 0, 'a buffer takes 1 MB');
    send(10_000);
    t.ok(recorder.dropped > 5_000, `${recorder.dropped} packets had no room`);
    disk.release();
    pass(30_000, 31_000);
    send(10);
    pass(32_000, 33_000);
    stop();
    const { reader, records } = written();
    t.equal(reader.problem, undefined);
    const gap = records.find((record) => record.kind === 'event' && record.event === 'dropped');
    t.match(gap, { detail: { packets: recorder.dropped } }, 'where they are missing');
    t.equal(records.filter(({ kind }) => kind === 'rtp').length, sequence - recorder.dropped);
    t.ok(
      told.includes(`recording, dropped ${recorder.dropped}`) ||
        told.some((line) => line.includes('dropped')),
    );
    t.equal(told.at(-1), 'ended well');
    t.equal(customer.pipe.closed, 0, 'the call goes on');
  },
);

t.test('a disk that takes less than it was given gets the rest', async (t) => {
  const { media, both, recorder, pass, stop, written, disk } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  disk.writeMax = 33;
  for (let sequence = 1; sequence <= 20; sequence++) {
    customer.sends('audio', sequence);
  }
  pass(1_050, 1_500);
  stop();
  t.equal(written().reader.problem, undefined);
  t.equal(written().records.filter(({ kind }) => kind === 'rtp').length, 20);
});

for (const [what, breakIt, code] of [
  ['is full', (disk: FakeDisk) => Object.assign(disk, { error: 'ENOSPC' }), 'diskFull'],
  ['has a quota that is used up', (disk: FakeDisk) => Object.assign(disk, { error: 'EDQUOT' }), 'diskFull'],
  ['breaks', (disk: FakeDisk) => Object.assign(disk, { error: 'EIO' }), 'ioError'],
  [
    'has little room left for others',
    (disk: FakeDisk) => Object.assign(disk, { freeBytes: 1e6 }),
    'diskFull',
  ],
] as const) {
  t.test(`a disk that ${what}: the recording ends, what is there stays, the call goes on`, async (t) => {
    const { media, both, recorder, pass, written, told, disk } = recorderScene();
    const { customer, technician } = both();
    media.setGate(true, 1_000);
    media.setRecorder(recorder, 1_000);
    customer.sends('audio', 1);
    pass(1_050, 1_500);
    breakIt(disk);
    customer.sends('audio', 2);
    pass(1_600, 5_000);
    t.same(told, ['recording', `ended ${code}`]);
    t.same(lines(written().records).slice(0, 2), ['track 1 customer audio opus', 'rtp 1']);
    t.ok(disk.files.has(PATH), 'under its name');
    const heard = technician.pipe.rtp().length;
    customer.sends('audio', 3);
    t.equal(technician.pipe.rtp().length, heard + 1);
    recorder.stop('technician', 6_000);
    pass(6_000, 6_200);
    t.equal(told.length, 2, 'told once');
  });
}

t.test('a file that cannot be made: told, nothing else', async (t) => {
  const { disk } = recorderScene();
  disk.openError = 'EEXIST';
  const told: string[] = [];
  const recorder = new Recorder(
    { sessionId: 5, path: PATH, voice: true, video: true },
    { recording: () => told.push('recording'), ended: (_recorder, code) => told.push(`ended ${code}`) },
    0,
    disk,
  );
  disk.settle();
  recorder.tick(1_000);
  recorder.stop('technician', 2_000);
  disk.settle();
  t.same(told, ['ended ioError']);
});

t.test('what a killed worker loses: at most the last quarter of a second', async (t) => {
  const { media, both, recorder, pass, written } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  for (let at = 0; at < 3_000; at += 20) {
    customer.sends('audio', at);
    pass(1_000 + at, 1_000 + at);
  }
  const last = written()
    .records.filter(({ kind }) => kind === 'rtp')
    .at(-1);
  t.ok(3_000 - (last?.atUs ?? 0) / 1_000 <= 250, `${3_000 - (last?.atUs ?? 0) / 1_000} ms`);
});

t.test('synced every second, not more often', async (t) => {
  const { media, both, recorder, pass, disk } = recorderScene();
  const { customer } = both();
  media.setGate(true, 1_000);
  media.setRecorder(recorder, 1_000);
  for (let at = 0; at < 5_000; at += 100) {
    customer.sends('audio', at);
    pass(1_000 + at, 1_000 + at);
  }
  t.ok(disk.syncs >= 3 && disk.syncs <= 5, `${disk.syncs} in five seconds`);
});
