/**
 * Journals of recordings that never were, with picture and voices that really decode: FFmpeg (the library that the product
 * ships) makes them, they are cut into RTP here. Losses, late packets, holds and several parts are the caller's.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferSource, EncodedPacketSink, Input, MATROSKA } from 'mediabunny';
import { loadFfmpeg } from '../../codec/ffmpeg-core.ts';
import {
  JOURNAL_HEADER_BYTES,
  JOURNAL_VERSION,
  type JournalRecord,
  writeJournalHeader,
  writeRecord,
} from '../../codec/journal.ts';
import { ntpFraction, ntpSeconds } from '../../codec/ntp.ts';
import { writeRtpHeader } from '../../codec/rtp.ts';

const RTP_PAYLOAD_MAX_BYTES = 1_100;
const VIDEO_RATE = 90_000;
const AUDIO_RATE = 48_000;
const SALT = 0x5eed;

export type MediaPacket = { timeMs: number; data: Uint8Array; isKey: boolean };
export type SyntheticMedia = {
  codec: 'VP8' | 'VP9' | 'H264' | 'opus';
  packets: MediaPacket[];
  /** Of H.264, without their start codes. */
  parameterSets: Uint8Array[];
};

/** @param input arguments of FFmpeg up to the encoder's options, for example `-f lavfi -i testsrc2=…` */
export async function makeMedia(codec: SyntheticMedia['codec'], input: string[]): Promise<SyntheticMedia> {
  const folder = mkdtempSync(join(tmpdir(), 'fernblick-media-'));
  try {
    const lines: string[] = [];
    const listener = {
      log: (line: string) => lines.push(line),
      progress: () => undefined,
      isCancelled: () => false,
    };
    const ffmpeg = await loadFfmpeg(listener);
    ffmpeg.mount(folder, '/out', false);
    const encoder = {
      VP8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '400k', '-g', '30'],
      VP9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '300k', '-g', '30'],
      H264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-profile:v', 'baseline', '-bf', '0', '-g', '30'],
      opus: ['-c:a', 'libopus', '-b:a', '32k', '-ac', '1'],
    }[codec];
    const code = ffmpeg.run([
      '-v',
      'error',
      ...input,
      ...encoder,
      '-pix_fmt',
      'yuv420p',
      '-f',
      'matroska',
      '/out/media.mkv',
    ]);
    if (code !== 0) {
      throw new Error(`FFmpeg made no ${codec}: ${lines.join(' ')}`);
    }
    return await readMedia(codec, readFileSync(join(folder, 'media.mkv')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function readMedia(codec: SyntheticMedia['codec'], bytes: Buffer): Promise<SyntheticMedia> {
  const input = new Input({ formats: [MATROSKA], source: new BufferSource(new Uint8Array(bytes)) });
  try {
    const track = codec === 'opus' ? await input.getPrimaryAudioTrack() : await input.getPrimaryVideoTrack();
    if (!track) {
      throw new Error('no track');
    }
    const packets: MediaPacket[] = [];
    for await (const { timestamp, data, type } of new EncodedPacketSink(track).packets()) {
      packets.push({ timeMs: timestamp * 1_000, data: data.slice(), isKey: type === 'key' });
    }
    const config = await track.getDecoderConfig();
    const description = config?.description;
    const parameterSets =
      codec === 'H264' && description ? readAvc(new Uint8Array(description as ArrayBuffer)) : [];
    return { codec, packets, parameterSets };
  } finally {
    input.dispose();
  }
}

/** One SPS and one PPS of an AVCDecoderConfigurationRecord. */
function readAvc(b: Uint8Array): Uint8Array[] {
  const view = new DataView(b.buffer, b.byteOffset, b.length);
  const spsEnd = 8 + view.getUint16(6);
  return [b.slice(8, spsEnd), b.slice(spsEnd + 3, spsEnd + 3 + view.getUint16(spsEnd + 1))];
}

/** Payloads of one frame. */
function payloadsOf({ codec, parameterSets }: SyntheticMedia, { data, isKey }: MediaPacket): Uint8Array[] {
  if (codec === 'opus') {
    return [data];
  }
  if (codec !== 'H264') {
    return pieces(data).map((piece, index, all) => {
      const isLast = index === all.length - 1;
      const head =
        codec === 'VP8'
          ? index === 0
            ? 0x10
            : 0
          : (isKey ? 0 : 0x40) | (index === 0 ? 0x08 : 0) | (isLast ? 0x04 : 0);
      return Buffer.concat([Uint8Array.of(head), piece]);
    });
  }
  const payloads: Uint8Array[] = [];
  if (isKey) {
    const sized = parameterSets.flatMap((set) => [Uint8Array.of(set.length >> 8, set.length & 0xff), set]);
    payloads.push(Buffer.concat([Uint8Array.of(0x78), ...sized]));
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (let at = 0; at < data.length; ) {
    const unit = data.subarray(at + 4, at + 4 + view.getUint32(at));
    at += 4 + unit.length;
    const type = (unit[0] ?? 0) & 0x1f;
    if (type === 6) {
      continue;
    }
    if (unit.length <= RTP_PAYLOAD_MAX_BYTES) {
      payloads.push(unit);
      continue;
    }
    const parts = pieces(unit.subarray(1));
    payloads.push(
      ...parts.map((piece, index) => {
        const edge = index === 0 ? 0x80 : index === parts.length - 1 ? 0x40 : 0;
        return Buffer.concat([Uint8Array.of(((unit[0] ?? 0) & 0xe0) | 28, edge | type), piece]);
      }),
    );
  }
  return payloads;
}

function pieces(data: Uint8Array): Uint8Array[] {
  const count = Math.ceil(data.length / RTP_PAYLOAD_MAX_BYTES);
  const size = Math.ceil(data.length / count);
  return Array.from({ length: count }, (_, index) => data.subarray(index * size, (index + 1) * size));
}

export type SyntheticTrack = {
  party: string;
  media: SyntheticMedia;
  /** Where the media begins in the part. */
  fromMs?: number;
  /** What of the media goes in: its own times. */
  keep?: (timeMs: number) => boolean;
  /** Way from the sender; the same for all packets of a moment. */
  delayMs?: (timeMs: number, packet: number) => number;
  isLost?: (packet: number) => boolean;
  /** The party's clock minus the relay's. */
  clockMs?: number;
  reports?: boolean;
  firstSequence?: number;
  firstTimestamp?: number;
};

export type SyntheticPart = {
  sessionNumber?: number;
  startedAtMs: number;
  durationMs: number;
  tracks: readonly SyntheticTrack[];
  events?: readonly { atMs: number; event: string }[];
  /** Without the last record. */
  isTorn?: boolean;
};

/** The bytes of one journal. */
export function makeJournal({
  sessionNumber = 7,
  startedAtMs,
  durationMs,
  tracks,
  events = [],
  isTorn,
}: SyntheticPart): Buffer {
  const records: JournalRecord[] = [];
  for (const [index, track] of tracks.entries()) {
    records.push(...recordsOf(index + 1, track, startedAtMs));
  }
  records.push(
    ...events.map(({ atMs, event }): JournalRecord => ({ kind: 'event', atUs: atMs * 1_000, event })),
  );
  records.sort((one, other) => one.atUs - other.atUs);
  const within = records.filter(({ atUs }) => atUs <= durationMs * 1_000);
  if (!isTorn) {
    within.push({ kind: 'end', atUs: durationMs * 1_000, reason: 'stopped' });
  }
  const target = Buffer.alloc(2 ** 16);
  const written: Buffer[] = [];
  writeJournalHeader(target, 0, { version: JOURNAL_VERSION, sessionNumber, startedAtMs }, SALT);
  written.push(Buffer.from(target.subarray(0, JOURNAL_HEADER_BYTES)));
  for (const record of within) {
    written.push(Buffer.from(target.subarray(0, writeRecord(target, 0, SALT, record))));
  }
  return Buffer.concat(written);
}

function recordsOf(number: number, track: SyntheticTrack, startedAtMs: number): JournalRecord[] {
  const { party, media, fromMs = 0, keep, delayMs = () => 40, isLost, clockMs = 0, reports = true } = track;
  const isAudio = media.codec === 'opus';
  const rate = isAudio ? AUDIO_RATE : VIDEO_RATE;
  const timestampOf = (ms: number) =>
    ((track.firstTimestamp ?? 4_294_900_000) + Math.round((ms * rate) / 1_000)) >>> 0;
  const records: JournalRecord[] = [
    {
      ...{
        kind: 'track',
        atUs: 0,
        track: number,
        party,
        medium: isAudio ? 'audio' : 'video',
        codec: media.codec,
      },
      ...{ clockRate: rate, payloadType: 100 + number },
    },
  ];
  let sequence = track.firstSequence ?? 65_500;
  let count = 0;
  let reportedMs = Number.NEGATIVE_INFINITY;
  for (const packet of media.packets) {
    if (keep?.(packet.timeMs) === false) {
      continue;
    }
    const capturedMs = fromMs + packet.timeMs;
    const payloads = payloadsOf(media, packet);
    for (const [index, payload] of payloads.entries()) {
      const bytes = new Uint8Array(12 + payload.length);
      writeRtpHeader(
        bytes,
        index === payloads.length - 1,
        100 + number,
        sequence,
        timestampOf(capturedMs),
        1_000 + number,
      );
      bytes.set(payload, 12);
      sequence++;
      const arrivedMs = capturedMs + delayMs(packet.timeMs, count);
      if (isLost?.(count++) !== true) {
        records.push({ kind: 'rtp', atUs: Math.round(arrivedMs * 1_000), track: number, packet: bytes });
      }
    }
    if (reports && capturedMs - reportedMs >= 1_000) {
      reportedMs = capturedMs;
      const senderMs = startedAtMs + capturedMs + clockMs;
      const ntp = (BigInt(ntpSeconds(senderMs)) << 32n) | BigInt(ntpFraction(senderMs));
      const rtpTimestamp = timestampOf(capturedMs);
      records.push({
        kind: 'senderReport',
        atUs: Math.round((capturedMs + 40) * 1_000),
        track: number,
        ntp,
        rtpTimestamp,
      });
    }
  }
  return records;
}
