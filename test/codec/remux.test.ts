/**
 * Real: journals with picture and voices that FFmpeg made, cut into RTP and spoiled; survey, remux and writer. mediabunny
 * reads the files back.
 */
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import t from 'tap';
import { type RemuxResult, remux } from '../../codec/remux.ts';
import { type JournalFile, survey } from '../../codec/remux-survey.ts';
import { makeJournal, makeMedia, type SyntheticTrack } from '../support/synthetic-recording.ts';

const STARTED = 1_790_000_000_000;
const SECONDS = 4;
const LENGTH_MS = 1_000 * SECONDS;
const FRAMES = 15 * SECONDS;

const [vp8, vp9, h264, turned, voice] = await Promise.all([
  makeMedia('VP8', ['-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=15:duration=${SECONDS}`]),
  makeMedia('VP9', ['-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=15:duration=${SECONDS}`]),
  makeMedia('H264', ['-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=15:duration=${SECONDS}`]),
  makeMedia('VP8', ['-f', 'lavfi', '-i', 'testsrc2=size=240x320:rate=15:duration=2']),
  makeMedia('opus', ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${SECONDS}`]),
]);

function fileOf(bytes: Uint8Array, chunkBytes = 65_536): JournalFile {
  return {
    name: '7-1.journal',
    bytes: bytes.length,
    *chunks() {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        yield bytes.subarray(at, at + chunkBytes);
      }
    },
  };
}

type Made = RemuxResult & { bytes: Buffer };

function made(...journals: Uint8Array[]): Made | undefined {
  const found = survey(
    journals.map((bytes) => fileOf(bytes)),
    () => undefined,
  );
  if (found.videos.length + found.voices.length === 0) {
    return undefined;
  }
  const pieces: Buffer[] = [];
  const result = remux(found, { write: (bytes) => pieces.push(Buffer.from(bytes)) });
  return { ...result, bytes: Buffer.concat(pieces) };
}

type TrackFacts = {
  codec: string;
  packets: number;
  firstMs: number;
  lastMs: number;
  keys: number;
  gapMs: number;
};

/** What another reader makes of the file. */
async function read(file: Made | undefined): Promise<{ video: TrackFacts[]; audio: TrackFacts[] }> {
  const input = new Input({
    formats: ALL_FORMATS,
    source: new BufferSource(new Uint8Array(file?.bytes ?? [])),
  });
  try {
    const facts = async (track: Awaited<ReturnType<typeof input.getTracks>>[number]): Promise<TrackFacts> => {
      const found = {
        codec: String(await track.getCodec()),
        packets: 0,
        firstMs: -1,
        lastMs: 0,
        keys: 0,
        gapMs: 0,
      };
      for await (const { timestamp, duration, type } of new EncodedPacketSink(track as never).packets()) {
        const timeMs = timestamp * 1_000;
        found.firstMs = found.packets === 0 ? timeMs : found.firstMs;
        found.gapMs = Math.max(found.gapMs, found.packets === 0 ? 0 : timeMs - found.lastMs);
        found.packets++;
        found.lastMs = Math.max(found.lastMs, timeMs, duration > 0 ? timeMs : 0);
        found.keys += type === 'key' ? 1 : 0;
      }
      return found;
    };
    const video: TrackFacts[] = [];
    const audio: TrackFacts[] = [];
    for (const track of await input.getTracks()) {
      (track.isVideoTrack() ? video : audio).push(await facts(track));
    }
    return { video, audio };
  } finally {
    input.dispose();
  }
}

function part(tracks: SyntheticTrack[], durationMs = LENGTH_MS + 100, more = {}) {
  return makeJournal({ startedAtMs: STARTED, durationMs, tracks, ...more });
}

const picture = (more: Partial<SyntheticTrack> = {}): SyntheticTrack => ({
  party: 'customer',
  media: vp8,
  ...more,
});
const speech = (more: Partial<SyntheticTrack> = {}): SyntheticTrack => ({
  party: 'customer',
  media: voice,
  ...more,
});
const answer = (more: Partial<SyntheticTrack> = {}) =>
  speech({ party: 'technician', clockMs: 86_400_000, ...more });

t.test('picture and both voices stand in the file as they were sent', async (t) => {
  for (const [media, codec, container] of [
    [vp8, 'vp8', 'webm'],
    [vp9, 'vp9', 'webm'],
    [h264, 'avc', 'mkv'],
  ] as const) {
    const file = made(part([picture({ media }), speech(), answer()]));
    const { video, audio } = await read(file);
    t.equal(file?.container, container);
    t.equal(file?.sessionNumber, 7);
    t.match(
      file?.videos,
      [{ party: 'customer', width: 320, height: 240, frames: FRAMES, brokenFrames: 0 }],
      codec,
    );
    t.match(
      video,
      [{ codec, packets: FRAMES, keys: media.packets.filter(({ isKey }) => isKey).length }],
      codec,
    );
    t.equal(audio.length, 2);
    for (const { codec: sound, lastMs, gapMs } of audio) {
      t.equal(sound, 'opus');
      t.ok(Math.abs(lastMs - LENGTH_MS - 80) <= 40, `the voice goes on to ${lastMs} ms`);
      t.ok(gapMs <= 21, `longest gap ${gapMs} ms`);
    }
    t.equal(file?.durationMs, LENGTH_MS + 100);
  }
});

t.test('what arrives late, twice and in disorder stands in its place', async (t) => {
  // Deterministic disorder: every fifth packet a quarter of a second late.
  const delayMs = (_: number, packet: number) => (packet % 5 === 3 ? 250 : 40);
  const file = made(part([picture({ delayMs }), speech({ delayMs })], LENGTH_MS + 500));
  const { video } = await read(file);
  t.equal(file?.videos[0]?.frames, FRAMES);
  t.equal(file?.lostPackets, 0);
  t.equal(video[0]?.packets, FRAMES);
});

t.test('picture and voice are together although one of them came late', async (t) => {
  const file = made(
    part([picture({ delayMs: () => 900, clockMs: -5_000 }), speech({ clockMs: -5_000 })], LENGTH_MS + 1_000),
  );
  const { video } = await read(file);
  const firstMs = video[0]?.firstMs ?? -1;
  t.ok(Math.abs(firstMs - 40) <= 20, `by the reports: ${firstMs} ms`);
  const without = await read(
    made(part([picture({ delayMs: () => 900, reports: false })], LENGTH_MS + 1_000)),
  );
  t.ok(Math.abs((without.video[0]?.firstMs ?? 0) - 900) <= 1, 'without reports by its arrival');
});

t.test('sender reports that lie are not believed', async (t) => {
  const lie = picture();
  const { video } = await read(made(part([{ ...lie, clockMs: -1e12 }, speech({ clockMs: 1e12 })])));
  t.ok((video[0]?.firstMs ?? 0) < 300);
  t.ok((video[0]?.lastMs ?? 0) < LENGTH_MS + 300);
});

t.test('lost packets cost the frames that they were of, and no silence stays open', async (t) => {
  const isLost = (packet: number) => packet % 20 === 19;
  const file = made(part([picture({ isLost }), speech({ isLost })], LENGTH_MS + 100));
  const { video, audio } = await read(file);
  const frames = file?.videos[0]?.frames ?? 0;
  t.ok(frames >= FRAMES * 0.6 && frames < FRAMES, `${frames} of ${FRAMES} frames`);
  t.ok((file?.lostPackets ?? 0) > 5);
  t.equal(video[0]?.packets, frames);
  t.ok((audio[0]?.gapMs ?? 99) <= 21, 'filled with silence');
});

t.test('a hold keeps its time, a turned phone its size; a pause is cut out', async (t) => {
  const hold = (timeMs: number) => timeMs < 1_000 || timeMs > 3_000;
  const held = made(part([picture({ keep: hold }), speech({ keep: hold })]));
  const { video, audio } = await read(held);
  t.ok((video[0]?.gapMs ?? 0) > 1_900, 'the picture stands');
  t.ok((audio[0]?.gapMs ?? 99) <= 21, 'the voice is silent');
  t.equal(held?.durationMs, LENGTH_MS + 100);

  const rotated = made(part([picture(), picture({ media: turned, fromMs: LENGTH_MS })], LENGTH_MS + 2_100));
  t.equal(rotated?.videos.length, 1);
  t.equal(rotated?.videos[0]?.frames, FRAMES + 30);

  const events = [
    { atMs: 1_000, event: 'pause' },
    { atMs: 3_000, event: 'resume' },
  ];
  const paused = made(part([picture({ keep: hold }), speech({ keep: hold })], LENGTH_MS + 100, { events }));
  const cut = await read(paused);
  t.equal(paused?.durationMs, LENGTH_MS - 1_900);
  t.ok((cut.video[0]?.gapMs ?? 9_999) < 400, `${cut.video[0]?.gapMs} ms`);
  t.match(paused?.stretches, [
    { fileMs: 0, epochMs: STARTED, durationMs: 1_000 },
    { fileMs: 1_000, epochMs: STARTED + 3_000, durationMs: 1_100 },
  ]);
});

t.test('parts of one recording become one file', async (t) => {
  const first = part([picture(), speech()]);
  const again = (startedAtMs: number) =>
    makeJournal({ startedAtMs, durationMs: LENGTH_MS, tracks: [picture({ firstSequence: 3 }), answer()] });
  const soon = made(first, again(STARTED + LENGTH_MS + 2_000));
  t.equal(soon?.durationMs, 2 * LENGTH_MS + 2_000, 'two seconds without a worker are kept');
  const { video, audio } = await read(soon);
  t.equal(video.length, 1);
  t.equal(audio.length, 2);
  t.ok((video[0]?.packets ?? 0) > 1.9 * FRAMES);
  const later = made(first, again(STARTED + 3_600_000));
  t.equal(later?.durationMs, 2 * LENGTH_MS + 100 + 1_000, 'an hour between two recordings is not');
});

t.test('a change of the codec gives the picture a second track', async (t) => {
  const file = made(part([picture(), picture({ media: h264, fromMs: LENGTH_MS })], 2 * LENGTH_MS + 100));
  t.equal(file?.container, 'mkv');
  t.match(
    (await read(file)).video.map(({ codec }) => codec),
    ['vp8', 'avc'],
  );
});

t.test('a journal that was cut anywhere is a file up to there', async (t) => {
  const whole = part([picture(), speech(), answer()]);
  let longest = 0;
  for (let cut = 0; cut < whole.length; cut += 9_973) {
    const file = made(whole.subarray(0, cut));
    if (file === undefined) {
      t.ok(cut < 40_000, `nothing up to byte ${cut}`);
      continue;
    }
    const { video, audio } = await read(file);
    const packets = (video[0]?.packets ?? 0) + (audio[0]?.packets ?? 0);
    t.ok(packets >= longest || packets > 0, `byte ${cut}: ${packets} packets`);
    longest = Math.max(longest, packets);
  }
  t.ok(longest > FRAMES);
});

t.test('damaged bytes in the middle cost what stood there', async (t) => {
  const spoiled = Buffer.from(part([picture(), speech()]));
  spoiled.fill(0xa5, 60_000, 61_000);
  const file = made(spoiled);
  t.ok((file?.damagedBytes ?? 0) >= 1_000);
  t.match(file?.problems, [/Damaged at byte/]);
  t.ok((file?.videos[0]?.frames ?? 0) > FRAMES * 0.7);
});

t.test('what cannot be put into a file is said', async (t) => {
  t.equal(made(Buffer.alloc(0)), undefined);
  t.equal(made(Buffer.from('no journal at all'.repeat(50))), undefined);
  const found = survey([fileOf(Buffer.alloc(0))], () => undefined);
  t.match(found.problems, ['7-1.journal: The file is empty.']);
  const av1 = { ...vp8, codec: 'AV1' as never };
  t.match(survey([fileOf(part([picture({ media: av1 })]))], () => undefined).problems, [/AV1/]);
});
