/**
 * Journals of one recording → WebM (VP8, VP9, Opus) or Matroska (H.264, Opus), without decoding: packets in order, frames
 * out of them, each at the time of its capture. Read twice, written once from front to back; memory does not grow with the
 * length but for the waveforms, which have a bound. What voices lack (loss, holds, silence of a muted microphone) is filled
 * with packets of silence, because players let a later voice begin too early behind a gap.
 */
import { CaptureClock, ntpMsOf, type PartyClock } from './capture-clock.ts';
import { Depayloader, isVideoCodec } from './depayload.ts';
import type { JournalRecord } from './journal.ts';
import { opusDurationMs, opusHead, SILENCE, SILENCE_MS } from './opus-packet.ts';
import { fileTimeMs, type Part, readRecords, type Stretch, type Survey, segmentKey } from './remux-survey.ts';
import { type OrderedPacket, Reorder } from './reorder.ts';
import * as rtp from './rtp.ts';
import { type WebmTrack, WebmWriter } from './webm.ts';

/** A voice may come so late and is still taken: the longest delay that a clock believes, and what reordering waits. */
const VOICE_SLACK_MS = 8_000;
/** How often what waits is looked at. */
const ADVANCE_US = 100_000;
/** A packet this much before the end of what is written is a repetition. */
const OVERLAP_MAX_MS = 30;

const CODEC_IDS = { VP8: 'V_VP8', VP9: 'V_VP9', H264: 'V_MPEG4/ISO/AVC' } as const;
/** The order of the tracks: players take the first of each kind. */
const PARTIES = ['customer', 'technician'];

export type RemuxOptions = {
  write(bytes: Uint8Array): void;
  /** Each packet of a voice, at its place in the file; gaps are not told. */
  onVoice?(party: string, timeMs: number, packet: Uint8Array): void;
  /** `done` of 1; throws `Cancelled` to stop. */
  onProgress?(done: number): void;
};

export type RemuxResult = {
  sessionNumber: number;
  container: 'webm' | 'mkv';
  durationMs: number;
  /** What of the clock is where in the file. */
  stretches: Stretch[];
  videos: {
    party: string;
    codec: string;
    width: number;
    height: number;
    frames: number;
    brokenFrames: number;
  }[];
  voices: { party: string; packets: number }[];
  lostPackets: number;
  damagedBytes: number;
  problems: string[];
};

/** @param found what `survey` found in the same files; has at least one track */
export function remux(found: Survey, options: RemuxOptions): RemuxResult {
  const total = Math.max(
    1,
    found.parts.reduce((sum, { file }) => sum + file.bytes, 0),
  );
  const writing = new Writing(found, options);
  let before = 0;
  for (const part of found.parts) {
    writing.part(part, (bytes) => options.onProgress?.(Math.min(1, (before + bytes) / total)));
    before += part.file.bytes;
  }
  return writing.end();
}

class Writing {
  readonly #found: Survey;
  readonly #webm: WebmWriter;
  readonly #pictures: PictureOutput[];
  readonly #voices: VoiceOutput[];
  #lost = 0;

  constructor(found: Survey, { write, onVoice }: RemuxOptions) {
    this.#found = found;
    const videos = found.videos.toSorted(byParty);
    const voices = found.voices.toSorted(byParty);
    const tracks: WebmTrack[] = [
      ...videos.map(({ party, codec, width, height, codecPrivate }): WebmTrack => {
        return { medium: 'video', name: party, codecId: CODEC_IDS[codec], width, height, codecPrivate };
      }),
      ...voices.map(({ party, channels }): WebmTrack => {
        return {
          medium: 'audio',
          name: party,
          codecId: 'A_OPUS',
          channels,
          codecPrivate: opusHead(channels),
        };
      }),
    ];
    this.#webm = new WebmWriter(tracks, write);
    this.#pictures = videos.map((video, index) => new PictureOutput(this.#webm, index, video));
    this.#voices = voices.map(
      ({ party }, index) => new VoiceOutput(this.#webm, videos.length + index, party, onVoice),
    );
  }

  part(part: Part, check: (bytesRead: number) => void): void {
    const tracks = new Map<number, TrackReading>();
    const times = new Map<number, number>();
    let advancedUs = 0;
    const take = (record: JournalRecord) => {
      if (record.kind === 'rtp') {
        tracks.get(record.track)?.reorder.push(record.packet, record.atUs);
      } else if (record.kind === 'senderReport') {
        tracks.get(record.track)?.clock.report(ntpMsOf(record.ntp), record.rtpTimestamp);
      } else if (record.kind === 'track') {
        this.#close(tracks.get(record.track));
        const count = (times.get(record.track) ?? 0) + 1;
        times.set(record.track, count);
        const reading = this.#open(record, part);
        const first = part.firstReports.get(segmentKey(record.track, count));
        if (reading && first) {
          reading.clock.report(first.ntpMs, first.rtpTimestamp);
        }
        setOrDelete(tracks, record.track, reading);
      }
      if (record.atUs - advancedUs >= ADVANCE_US) {
        advancedUs = record.atUs;
        for (const { reorder } of tracks.values()) {
          reorder.advance(advancedUs);
        }
        this.#fill(fileTimeMs(part, advancedUs / 1_000) - VOICE_SLACK_MS);
      }
    };
    readRecords(part.file, take, check);
    for (const reading of tracks.values()) {
      this.#close(reading);
    }
    this.#fill(fileTimeMs(part, Number.POSITIVE_INFINITY));
  }

  end(): RemuxResult {
    this.#webm.flush();
    const { sessionNumber, durationMs, damagedBytes, problems, parts } = this.#found;
    const isWebm = this.#found.videos.every(({ codec }) => codec !== 'H264');
    return {
      ...{ sessionNumber, container: isWebm ? 'webm' : 'mkv', durationMs, damagedBytes, problems },
      stretches: parts.flatMap(({ stretches }) => stretches),
      videos: this.#pictures.map(({ video: { party, codec, width, height }, frames, brokenFrames }) => {
        return { party, codec, width, height, frames, brokenFrames };
      }),
      voices: this.#voices.map(({ party, packets }) => ({ party, packets })),
      lostPackets: this.#lost,
    };
  }

  #open(record: JournalRecord & { kind: 'track' }, part: Part): TrackReading | undefined {
    const { party, medium, codec, clockRate } = record;
    const partyClock = part.clocks.get(party);
    if (partyClock === undefined) {
      return undefined;
    }
    const clock = new CaptureClock(clockRate, partyClock as PartyClock);
    if (medium === 'audio') {
      const output = this.#voices.find((voice) => voice.party === party);
      return output && codec.toLowerCase() === 'opus' ? voiceReading(clock, output, part) : undefined;
    }
    const output = isVideoCodec(codec)
      ? this.#pictures.find(({ video }) => video.party === party && video.codec === codec)
      : undefined;
    return output && pictureReading(clock, output, part);
  }

  #close(reading: TrackReading | undefined): void {
    if (reading) {
      reading.reorder.flush();
      reading.flush();
      this.#lost += reading.reorder.lost;
    }
  }

  #fill(toMs: number): void {
    for (const voice of this.#voices) {
      voice.fill(toMs);
    }
  }
}

type TrackReading = { reorder: Reorder; clock: CaptureClock; flush(): void };

function pictureReading(clock: CaptureClock, output: PictureOutput, part: Part): TrackReading {
  const depayloader = new Depayloader(output.video.codec, ({ data, isKey, timestamp, atUs }) =>
    output.add(fileTimeMs(part, clock.captureMs(timestamp, atUs / 1_000)), data, isKey),
  );
  const reorder = new Reorder((packet) => depayloader.push(packet));
  return {
    reorder,
    clock,
    flush() {
      depayloader.flush();
      output.brokenFrames += depayloader.broken;
    },
  };
}

function voiceReading(clock: CaptureClock, output: VoiceOutput, part: Part): TrackReading {
  const take = ({ bytes, payload, end, atUs }: OrderedPacket) => {
    const timeMs = fileTimeMs(part, clock.captureMs(rtp.timestamp(bytes), atUs / 1_000));
    output.add(timeMs, bytes.subarray(payload, end));
  };
  return { reorder: new Reorder(take), clock, flush: () => undefined };
}

class PictureOutput {
  readonly video: Survey['videos'][number];
  frames = 0;
  brokenFrames = 0;
  readonly #webm: WebmWriter;
  readonly #track: number;
  #lastMs = -1;

  constructor(webm: WebmWriter, track: number, video: Survey['videos'][number]) {
    this.#webm = webm;
    this.#track = track;
    this.video = video;
  }

  add(timeMs: number, data: Uint8Array, isKey: boolean): void {
    // The resolution of the file; two frames never stand at one moment.
    this.#lastMs = Math.max(this.#lastMs + 1, Math.round(timeMs));
    this.#webm.add(this.#track, this.#lastMs, data, isKey);
    this.frames++;
  }
}

class VoiceOutput {
  readonly party: string;
  packets = 0;
  readonly #webm: WebmWriter;
  readonly #track: number;
  readonly #onVoice: RemuxOptions['onVoice'];
  /** Where the voice ends that is written. */
  #endMs = 0;

  constructor(webm: WebmWriter, track: number, party: string, onVoice: RemuxOptions['onVoice']) {
    this.#webm = webm;
    this.#track = track;
    this.party = party;
    this.#onVoice = onVoice;
  }

  add(timeMs: number, packet: Uint8Array): void {
    const durationMs = opusDurationMs(packet);
    if (durationMs === 0 || timeMs < this.#endMs - OVERLAP_MAX_MS) {
      return;
    }
    // To the nearest packet of silence: a voice is never more than half of one off, and no gap stays.
    this.#silence(Math.round((timeMs - this.#endMs) / SILENCE_MS));
    this.#webm.add(this.#track, this.#endMs, packet, true);
    this.#onVoice?.(this.party, this.#endMs, packet);
    this.#endMs += durationMs;
    this.packets++;
  }

  fill(toMs: number): void {
    this.#silence(Math.floor((toMs - this.#endMs) / SILENCE_MS));
  }

  #silence(packets: number): void {
    for (let left = packets; left > 0; left--) {
      this.#webm.add(this.#track, this.#endMs, SILENCE, true);
      this.#endMs += SILENCE_MS;
    }
  }
}

function byParty(one: { party: string }, other: { party: string }): number {
  const place = ({ party }: { party: string }) =>
    (PARTIES.indexOf(party) + PARTIES.length + 1) % (PARTIES.length + 1);
  return place(one) - place(other);
}

function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) {
    map.delete(key);
  } else {
    map.set(key, value);
  }
}
