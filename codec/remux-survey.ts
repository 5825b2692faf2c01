/**
 * First reading of a recording's journals: which tracks there are, how large the picture, how long it goes, how the clocks
 * of the parties stand. A file's head needs that before its first frame.
 */
import { ntpMsOf, PartyClock } from './capture-clock.ts';
import { avcConfiguration, Depayloader, isVideoCodec, type VideoCodec } from './depayload.ts';
import { JournalReader, type JournalRecord } from './journal.ts';
import { isOpusStereo } from './opus-packet.ts';
import { Reorder } from './reorder.ts';
import * as rtp from './rtp.ts';

/** One file of a recording; readable as often as needed. */
export type JournalFile = { name: string; bytes: number; chunks(): Iterable<Uint8Array> };

/** Between two parts stands nothing: the relay was away, or the recording was stopped. So much of it is kept. */
const PART_GAP_MAX_MS = 15_000;
const PART_GAP_MS = 1_000;
/** A record that says it is later than two days is damage; believed, it would fill the file with silence. */
const RECORD_MAX_US = 48 * 3_600 * 1e6;

export type VideoTrack = {
  party: string;
  codec: VideoCodec;
  width: number;
  height: number;
  codecPrivate: Uint8Array | undefined;
};
export type VoiceTrack = { party: string; channels: number };

/** Where a stretch without a pause stands: in the file, in the journal's time, on the clock. */
export type Stretch = { fileMs: number; journalMs: number; epochMs: number; durationMs: number };

/** A part in the file; pauses are cut out. */
export type Part = {
  file: JournalFile;
  stretches: Stretch[];
  clocks: ReadonlyMap<string, PartyClock>;
  /** First report of each track, for what came before it: track, its description's place, NTP ms, RTP time. */
  firstReports: ReadonlyMap<string, { ntpMs: number; rtpTimestamp: number }>;
};

export type Survey = {
  sessionNumber: number;
  parts: Part[];
  videos: VideoTrack[];
  voices: VoiceTrack[];
  durationMs: number;
  damagedBytes: number;
  /** What could not be taken, in sentences. */
  problems: string[];
};

export class Cancelled extends Error {}

/** Calls back with each record; the reader of the file afterwards. */
export function readRecords(
  file: JournalFile,
  take: (record: JournalRecord) => void,
  check: (bytesRead: number) => void,
): JournalReader {
  const reader = new JournalReader();
  let bytes = 0;
  const drain = () => {
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      if (record.atUs <= RECORD_MAX_US) {
        take(record);
      }
    }
  };
  for (const chunk of file.chunks()) {
    check(bytes);
    bytes += chunk.length;
    reader.push(chunk);
    drain();
  }
  reader.finish();
  drain();
  return reader;
}

/** @param check throws `Cancelled` to stop */
export function survey(files: readonly JournalFile[], check: (bytesRead: number) => void): Survey {
  const found: Survey = {
    sessionNumber: 0,
    parts: [],
    videos: [],
    voices: [],
    durationMs: 0,
    damagedBytes: 0,
    problems: [],
  };
  let before = 0;
  for (const file of files) {
    surveyPart(found, file, (bytes) => check(before + bytes));
    before += file.bytes;
  }
  return found;
}

function surveyPart(found: Survey, file: JournalFile, check: (bytesRead: number) => void): void {
  const clocks = new Map<string, PartyClock>();
  const firstReports = new Map<string, { ntpMs: number; rtpTimestamp: number }>();
  const tracks = new Map<number, SurveyedTrack>();
  let lastUs = 0;
  /** Moments at which recording went on and paused, in turn. */
  const turns = [0];
  const reader = readRecords(
    file,
    (record) => {
      lastUs = Math.max(lastUs, record.atUs);
      if (record.kind === 'event' && record.event === (turns.length % 2 === 1 ? 'pause' : 'resume')) {
        turns.push(record.atUs / 1_000);
      }
      if (record.kind === 'track') {
        tracks.get(record.track)?.flush();
        const times = (tracks.get(record.track)?.times ?? 0) + 1;
        tracks.set(record.track, new SurveyedTrack(found, record, times));
        if (!clocks.has(record.party)) {
          clocks.set(record.party, new PartyClock());
        }
      } else if (record.kind === 'rtp') {
        tracks.get(record.track)?.take(record.packet, record.atUs);
      } else if (record.kind === 'senderReport') {
        const track = tracks.get(record.track);
        if (track) {
          const ntpMs = ntpMsOf(record.ntp);
          clocks.get(track.party)?.report(ntpMs, record.atUs / 1_000);
          const key = segmentKey(record.track, track.times);
          if (!firstReports.has(key)) {
            firstReports.set(key, { ntpMs, rtpTimestamp: record.rtpTimestamp });
          }
        }
      }
    },
    check,
  );
  for (const track of tracks.values()) {
    track.flush();
  }
  found.damagedBytes += reader.damagedBytes;
  if (reader.problem !== undefined) {
    found.problems.push(`${file.name}: ${reader.problem}`);
  }
  const header = reader.header();
  if (header === undefined) {
    return;
  }
  found.sessionNumber ||= header.sessionNumber;
  const before = found.parts.at(-1)?.stretches.at(-1);
  const gapMs = before === undefined ? 0 : header.startedAtMs - before.epochMs - before.durationMs;
  // A clock that was set back makes no gap; a long one is cut short.
  const keptMs = gapMs < 0 ? 0 : gapMs > PART_GAP_MAX_MS ? PART_GAP_MS : gapMs;
  const stretches = stretchesOf([...turns, lastUs / 1_000], found.durationMs + keptMs, header.startedAtMs);
  const last = stretches.at(-1);
  found.parts.push({ file, stretches, clocks, firstReports });
  found.durationMs = last === undefined ? found.durationMs : last.fileMs + last.durationMs;
}

/** @param turns on, pause, on, pause … and the end, which may be either */
function stretchesOf(turns: readonly number[], fromMs: number, epochMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  let fileMs = fromMs;
  for (let index = 0; index + 1 < turns.length; index += 2) {
    const journalMs = turns[index] ?? 0;
    const durationMs = Math.max(0, (turns[index + 1] ?? 0) - journalMs);
    stretches.push({ fileMs, journalMs, epochMs: epochMs + journalMs, durationMs });
    fileMs += durationMs;
  }
  return stretches;
}

/** A moment of the journal in the file; one within a pause, or before the part, is the nearest that is there. */
export function fileTimeMs({ stretches }: Part, journalMs: number): number {
  let found = 0;
  for (const stretch of stretches) {
    if (journalMs < stretch.journalMs && stretch !== stretches[0]) {
      break;
    }
    const withinMs = Math.min(Math.max(0, journalMs - stretch.journalMs), stretch.durationMs);
    found = stretch.fileMs + withinMs;
  }
  return found;
}

/** A track between two of its descriptions is numbered without a break. */
export function segmentKey(track: number, times: number): string {
  return `${track}/${times}`;
}

/** Looks at a track until it is known what the head of a file has to say of it. */
class SurveyedTrack {
  readonly party: string;
  readonly times: number;
  readonly #found: Survey;
  #reorder: Reorder | undefined;

  constructor(found: Survey, record: JournalRecord & { kind: 'track' }, times: number) {
    const { party, medium, codec } = record;
    this.party = party;
    this.times = times;
    this.#found = found;
    if (medium === 'audio' && codec.toLowerCase() === 'opus') {
      if (!found.voices.some((voice) => voice.party === party)) {
        found.voices.push({ party, channels: 1 });
      }
      return;
    }
    if (medium === 'video' && isVideoCodec(codec)) {
      this.#lookForPicture(codec);
      return;
    }
    const problem = `The codec ${codec.slice(0, 20)} of ${party} cannot be put into a file.`;
    if (!found.problems.includes(problem)) {
      found.problems.push(problem);
    }
  }

  take(packet: Uint8Array, atUs: number): void {
    if (this.#reorder === undefined) {
      this.#lookForStereo(packet);
      return;
    }
    this.#reorder.push(packet, atUs);
    this.#reorder?.advance(atUs);
  }

  flush(): void {
    this.#reorder?.flush();
    this.#reorder = undefined;
  }

  #lookForPicture(codec: VideoCodec): void {
    const { party } = this;
    const { videos } = this.#found;
    const isKnown = () => videos.some((video) => video.party === party && video.codec === codec);
    if (isKnown()) {
      return;
    }
    const depayloader = new Depayloader(codec, () => {
      const { width, height } = depayloader;
      if (this.#reorder !== undefined && width > 0) {
        this.#reorder = undefined;
        if (isKnown()) {
          return;
        }
        const codecPrivate = codec === 'H264' ? avcConfiguration(depayloader) : undefined;
        videos.push({ party, codec, width, height, codecPrivate });
      }
    });
    this.#reorder = new Reorder((packet) => depayloader.push(packet));
  }

  #lookForStereo(packet: Uint8Array): void {
    const voice = this.#found.voices.find(({ party }) => party === this.party);
    const payload = rtp.validateRtp(packet);
    if (
      voice?.channels === 1 &&
      payload >= 0 &&
      payload < packet.length &&
      isOpusStereo(packet.subarray(payload))
    ) {
      voice.channels = 2;
    }
  }
}
