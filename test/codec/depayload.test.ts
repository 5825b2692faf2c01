/** Packets into frames, hostile ones too. Real: everything; bytes by hand and by seeded chance. */
import fc from 'fast-check';
import t from 'tap';
import { CaptureClock, PartyClock } from '../../codec/capture-clock.ts';
import { avcConfiguration, Depayloader, type Frame, type VideoCodec } from '../../codec/depayload.ts';
import { isOpusStereo, opusDurationMs, SILENCE, SILENCE_MS } from '../../codec/opus-packet.ts';
import { type OrderedPacket, Reorder } from '../../codec/reorder.ts';
import { sequenceNumber, writeRtpHeader } from '../../codec/rtp.ts';
import * as vp9 from '../../codec/vp9.ts';
import { hex } from './vectors.ts';

function packet(sequence: number, payload: Uint8Array, { timestamp = 0, marker = true } = {}): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  writeRtpHeader(bytes, marker, 96, sequence, timestamp, 1);
  bytes.set(payload, 12);
  return bytes;
}

function framesOf(codec: VideoCodec, packets: readonly [bytes: Uint8Array, atUs: number][]): Frame[] {
  const frames: Frame[] = [];
  const depayloader = new Depayloader(codec, (frame) => frames.push(frame));
  const reorder = new Reorder((one) => depayloader.push(one));
  for (const [bytes, atUs] of packets) {
    reorder.push(bytes, atUs);
    reorder.advance(atUs);
  }
  reorder.flush();
  depayloader.flush();
  return frames;
}

t.test('packets go on in order, each once, and a gap is waited for but not for ever', async (t) => {
  const out: [number, boolean][] = [];
  const reorder = new Reorder(({ bytes, afterGap }: OrderedPacket) =>
    out.push([sequenceNumber(bytes), afterGap]),
  );
  const send = (sequence: number, atMs: number) => {
    reorder.push(packet(sequence & 0xffff, hex('00')), atMs * 1_000);
    reorder.advance(atMs * 1_000);
  };
  send(65_535, 0);
  send(65_534, 5);
  send(0, 10);
  t.same(out, [], 'the beginning is not known at once');
  send(2, 150);
  t.same(
    out,
    [
      [65_534, false],
      [65_535, false],
      [0, false],
    ],
    'swapped first packets are in order, around the wrap',
  );
  send(1, 200);
  send(1, 210);
  t.same(out.slice(3), [
    [1, false],
    [2, false],
  ]);
  send(5, 300);
  send(6, 2_000);
  t.equal(out.length, 5, 'two numbers are missing');
  send(7, 2_900);
  t.same(out.slice(5), [
    [5, true],
    [6, false],
    [7, false],
  ]);
  t.equal(reorder.lost, 2);
  t.equal(reorder.dropped, 1);
  reorder.push(hex('00 01'), 0);
  t.equal(reorder.dropped, 2, 'no RTP');
});

t.test('VP8: a keyframe of two packets, one that began elsewhere, one with a hole', async (t) => {
  const key = hex('10 50 42 00 9d012a 4001 f000 aa');
  const all: [Uint8Array, number][] = [
    [packet(1, hex('00 bb'), { timestamp: 1 }), 0],
    [packet(2, key, { timestamp: 2, marker: false }), 0],
    [packet(3, hex('00 cc'), { timestamp: 2 }), 0],
    [packet(4, hex('10 11 00'), { timestamp: 3, marker: false }), 0],
    [packet(6, hex('00 dd'), { timestamp: 3 }), 200_000],
    [packet(7, hex('10 11 01'), { timestamp: 4 }), 9_000_000],
  ];
  const frames = framesOf('VP8', all);
  t.same(
    frames.map(({ timestamp, isKey, data }) => [timestamp, isKey, Buffer.from(data).toString('hex')]),
    [
      [2, true, '5042009d012a4001f000aacc'],
      [4, false, '1101'],
    ],
  );
});

t.test('H.264: parameter sets, an aggregation and fragments make one frame', async (t) => {
  const sps = '67 42c01f 8c8d40501e9';
  const spsBytes = hex(`${sps}0`);
  const all: [Uint8Array, number][] = [
    [
      packet(1, Buffer.concat([hex('78 0008'), spsBytes.subarray(0, 8), hex('0002 68ce')]), {
        marker: false,
      }),
      0,
    ],
    [packet(2, hex('7c 85 8801'), { marker: false }), 0],
    [packet(3, hex('7c 05 02'), { marker: false }), 0],
    [packet(4, hex('7c 45 03')), 0],
    [packet(5, hex('7c 81 9a'), { timestamp: 9 }), 0],
    [packet(6, hex('41 9a'), { timestamp: 18 }), 0],
  ];
  const frames = framesOf('H264', all);
  t.equal(frames.length, 2, 'fragments without an end are no frame');
  t.equal(
    Buffer.from(frames[0]?.data ?? [])
      .toString('hex')
      .slice(-18),
    `00000005658801${'0203'}`.slice(-18),
  );
  t.ok(frames[0]?.isKey);
  const configuration = avcConfiguration({ sps: spsBytes.subarray(0, 8), pps: hex('68ce') });
  t.equal(
    Buffer.from(configuration ?? [])
      .toString('hex')
      .slice(0, 16),
    '0142c01fffe10008',
  );
  t.equal(avcConfiguration({ sps: new Uint8Array(0), pps: hex('68') }), undefined);
});

t.test('VP9: descriptor with layers, references and scalability; the size of a keyframe', async (t) => {
  const cases: [string, number][] = [
    ['08 aa', 1],
    ['88 8001 aa', 3],
    ['a8 01 00 05 aa', 4],
    ['b8 01 00 aa', 3],
    ['d0 01 03 03 02 aa', 5],
    ['0a 00 aa', 2],
    ['0a 18 0140 00f0 01 04 02 aa', 9],
    ['08', -1],
    ['', -1],
  ];
  for (const [text, expected] of cases) {
    const b = hex(text);
    t.equal(vp9.descriptorLength(b, 0, b.length), expected, text);
  }
  // 320 × 240, colour space 1.
  const key = hex('82 498342 20 13f0 0ef0 00');
  t.equal(vp9.keyframeSize(key, 0, key.length), 320 * 65_536 + 240);
  t.equal(vp9.keyframeSize(hex('86 498342 20 13f0 0ef0 00'), 0, 10), -1, 'no keyframe');
});

t.test('hostile packets make no frame that is not there, and nothing throws', async () => {
  const codecs: VideoCodec[] = ['VP8', 'VP9', 'H264'];
  fc.assert(
    fc.property(
      fc.constantFrom(...codecs),
      fc.array(
        fc.tuple(
          fc.uint8Array({ minLength: 0, maxLength: 60 }),
          fc.integer({ min: 0, max: 0xffff }),
          fc.integer({ min: 0, max: 3 }),
          fc.boolean(),
        ),
        { maxLength: 60 },
      ),
      (codec, packets) => {
        let atUs = 0;
        const sent = packets.map(([payload, sequence, timestamp, marker]): [Uint8Array, number] => {
          atUs += 50_000;
          return [packet(sequence, payload, { timestamp, marker }), atUs];
        });
        const bytes = packets.reduce((sum, [payload]) => sum + payload.length, 0);
        const made = framesOf(codec, sent).reduce((sum, { data }) => sum + data.length, 0);
        // Each NAL unit gets four bytes of length.
        return made <= 5 * bytes + 4;
      },
    ),
    { numRuns: 3_000 },
  );
});

t.test('Opus packets say how long they are', async (t) => {
  const cases: [string, number][] = [
    ['f8 fffe', 20],
    ['78 00', 20],
    ['08 00', 20],
    ['18 00', 60],
    ['e0 00', 2.5],
    ['f9 0000', 40],
    ['f9 00', 0],
    ['fb 06 00', 120],
    ['fb 07 00', 0],
    ['fb', 0],
    ['', 0],
  ];
  for (const [text, expected] of cases) {
    t.equal(opusDurationMs(hex(text)), expected, text);
  }
  t.equal(opusDurationMs(SILENCE), SILENCE_MS);
  t.equal(isOpusStereo(hex('fc')), true);
  t.equal(isOpusStereo(SILENCE), false);
  t.equal(opusDurationMs(new Uint8Array(4_000)), 0, 'longer than a decoder takes');
});

t.test('the clock of a capture: reports, arrival, and a source that jumps', async (t) => {
  const party = new PartyClock();
  const clock = new CaptureClock(90_000, party);
  t.equal(clock.captureMs(90_000, 500), 500, 'the first packet sets it');
  t.equal(clock.captureMs(180_000, 1_620), 1_500, 'a second later, however long it was under way');
  t.equal(clock.captureMs(270_000, 2_450), 2_450, 'one that was quicker than the first sets it anew');
  t.equal(clock.captureMs(999_270_000, 3_000), 3_000, 'a jump begins again');
  clock.reset();
  party.report(10_000, 100);
  clock.report(10_000, 0);
  t.equal(clock.captureMs(90_000, 1_400), 1_100, 'by the report');
  t.equal(clock.captureMs(90_000, 9_000), 9_000, 'not believed when it would have been under way for 8 s');
});
