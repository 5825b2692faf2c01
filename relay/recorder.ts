/**
 * Records one session in a media worker: one more downstream of every uptrack, which writes what comes through the gate into a
 * journal. It reads packets and never changes, delays or asks for any, but for keyframes that a recording needs to begin with and to be
 * searched in.
 */
import { randomInt } from 'node:crypto';
import { JOURNAL_VERSION } from '../codec/journal.ts';
import * as rtp from '../codec/rtp.ts';
import type { SenderReport } from './feedback.ts';
import { type Disk, type JournalFailure, JournalFile, NODE_DISK } from './journal-file.ts';
import type { Downstream, RtpPacket } from './packet.ts';
import type { SessionId } from './protocol.ts';
import { withoutRedundancy } from './redundancy.ts';
import type { Uptrack } from './uptrack.ts';
import type { PartyName } from './worker-protocol.ts';

/** Until a keyframe has come whole it is asked for this often; uptracks have a throttle of their own. */
const KEYFRAME_RETRY_MS = 500;
/**
 * So far apart are the places from which a player can go on after a jump. Browsers send keyframes only when asked; one is
 * worth a third of a second of the picture.
 */
const KEYFRAME_INTERVAL_MS = 15_000;
/** Lost packets are told no more often than this. */
const STATE_INTERVAL_MS = 1_000;

export type RecorderOptions = {
  sessionId: SessionId;
  /** Of the finished journal. */
  path: string;
  voice: boolean;
  video: boolean;
};

export type RecorderEvents = {
  /** The file is begun, or packets were dropped since. */
  recording(recorder: Recorder): void;
  /** It wrote its last byte; `code` when it had to give up. Told once. */
  ended(recorder: Recorder, code: JournalFailure | undefined): void;
};

export type Source = { party: PartyName; uptrack: Uptrack };

export class Recorder {
  readonly #file: JournalFile;
  readonly #options: RecorderOptions;
  readonly #events: RecorderEvents;
  /** Monotonic milliseconds. */
  readonly #startedAt: number;
  readonly #tracks = new Map<string, RecordedTrack>();
  #sources: readonly Source[] = [];
  #paused = false;
  #failure: JournalFailure | undefined;
  #ended = false;
  #toldDropped = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: RecorderOptions, events: RecorderEvents, now: number, disk: Disk = NODE_DISK) {
    this.#options = options;
    this.#events = events;
    this.#startedAt = now;
    const header = { version: JOURNAL_VERSION, sessionNumber: options.sessionId, startedAtMs: Date.now() };
    this.#file = new JournalFile(
      options.path,
      header,
      randomInt(2 ** 32),
      now,
      {
        opened: () => events.recording(this),
        failed: (code) => {
          this.#failure = code;
          this.#leaveAll();
        },
        closed: () => {
          this.#ended = true;
          events.ended(this, this.#failure);
        },
      },
      disk,
    );
  }

  get sessionId(): SessionId {
    return this.#options.sessionId;
  }

  /** In the file. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /** Packets that the disk did not take in time. */
  get dropped(): number {
    return this.#file.dropped;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whom to record from now on: of each party and kind the connection that is forwarded. */
  follow(sources: readonly Source[], now: number): void {
    this.#sources = sources;
    if (this.#paused || this.#failure !== undefined || this.#ended) {
      return;
    }
    for (const track of this.#tracks.values()) {
      const source = sources.find(({ party, uptrack }) => track.is(party, uptrack.format.kind));
      track.switchTo(source?.uptrack, now);
    }
    for (const { party, uptrack } of sources) {
      const { kind } = uptrack.format;
      const wanted = kind === 'audio' ? this.#options.voice : this.#options.video;
      const key = `${party} ${kind}`;
      if (wanted && !this.#tracks.has(key)) {
        const track = new RecordedTrack(this.#tracks.size + 1, party, kind, this.#file, this.#startedAt);
        this.#tracks.set(key, track);
        track.switchTo(uptrack, now);
      }
    }
  }

  /** Nothing comes through a closed gate; here it is only noted. */
  setGate(open: boolean, now: number): void {
    this.note(open ? 'unhold' : 'hold', undefined, now);
    for (const track of this.#tracks.values()) {
      track.expectKeyframe();
    }
  }

  pause(now: number): void {
    if (!this.#paused) {
      this.note('pause', undefined, now);
      this.#paused = true;
      this.#leaveAll();
    }
  }

  resume(now: number): void {
    if (this.#paused) {
      this.#paused = false;
      this.note('resume', undefined, now);
      this.follow(this.#sources, now);
    }
  }

  /** Something of the session that belongs to this moment. */
  note(event: string, detail: unknown, now: number): void {
    const atUs = this.#time(now);
    this.#file.record({ atUs, kind: 'event', event, ...(detail !== undefined && { detail }) });
  }

  tick(now: number): void {
    for (const track of this.#tracks.values()) {
      track.tick(now);
    }
    this.#file.tick(now);
    const { dropped } = this.#file;
    if (dropped > this.#toldDropped && now - this.#toldAt >= STATE_INTERVAL_MS) {
      this.#toldDropped = dropped;
      this.#toldAt = now;
      this.#events.recording(this);
    }
  }

  /** Nothing is taken any more from now on; `ended` follows when all is on disk. */
  stop(reason: string, now: number): void {
    this.#leaveAll();
    this.#file.close(this.#time(now), reason);
  }

  #leaveAll(): void {
    for (const track of this.#tracks.values()) {
      track.switchTo(undefined, 0);
    }
  }

  #time(now: number): number {
    return Math.max(0, now - this.#startedAt) * 1_000;
  }
}

/** One party's voice or picture, whatever connection it comes by. */
class RecordedTrack implements Downstream {
  readonly rewrites = false;
  readonly retentionMs = 0;
  readonly #id: number;
  readonly #party: PartyName;
  readonly #kind: 'audio' | 'video';
  readonly #file: JournalFile;
  readonly #startedAt: number;
  #source: Uptrack | undefined;
  /** Of the packets that the last track record describes. */
  #generation = -1;
  #report: SenderReport | undefined;
  #packetAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  readonly #keyframe = new WholeKeyframe();

  constructor(id: number, party: PartyName, kind: 'audio' | 'video', file: JournalFile, startedAt: number) {
    this.#id = id;
    this.#party = party;
    this.#kind = kind;
    this.#file = file;
    this.#startedAt = startedAt;
  }

  is(party: PartyName, kind: 'audio' | 'video'): boolean {
    return party === this.#party && kind === this.#kind;
  }

  switchTo(source: Uptrack | undefined, now: number): void {
    if (source === this.#source) {
      return;
    }
    this.#source?.unsubscribe(this);
    this.#source = source;
    // What comes next does not continue what came before, also from the same source.
    this.#generation = -1;
    this.#report = undefined;
    this.#keyframe.expect();
    source?.subscribe(this);
    this.#ask(now);
  }

  /** What comes next needs one to begin with. */
  expectKeyframe(): void {
    this.#keyframe.expect();
  }

  forward(packet: RtpPacket): void {
    const atUs = Math.max(0, packet.arrivedAt - this.#startedAt) * 1_000;
    this.#packetAt = packet.arrivedAt;
    if (packet.generation !== this.#generation && !this.#describe(packet.generation, atUs)) {
      return;
    }
    const bytes = packet.redundant ? withoutRedundancy(packet) : packet.bytes;
    const isTaken = this.#file.rtp(atUs, this.#id, bytes, bytes.length);
    if (this.#kind === 'video') {
      this.#keyframe.onPacket(packet, isTaken);
    }
  }

  skip(): void {
    // Nothing that anybody would want to see.
  }

  tick(now: number): void {
    const report = this.#source?.senderReport;
    if (report !== undefined && report !== this.#report && this.#generation >= 0) {
      this.#report = report;
      this.#file.senderReport(Math.max(0, report.arrivedAt - this.#startedAt) * 1_000, this.#id, report);
    }
    // Of a camera that sends nothing there is nothing to ask.
    if (this.#kind === 'video' && this.#packetAt > this.#askedAt) {
      const waitMs = this.#keyframe.isWhole ? KEYFRAME_INTERVAL_MS : KEYFRAME_RETRY_MS;
      const since = Math.max(this.#askedAt, this.#keyframe.isWhole ? this.#keyframe.startedAt : 0);
      if (now - since >= waitMs) {
        this.#ask(now);
      }
    }
  }

  #ask(now: number): void {
    if (this.#kind === 'video' && this.#source !== undefined) {
      this.#askedAt = now;
      this.#source.requestKeyframe(now);
    }
  }

  #describe(generation: number, atUs: number): boolean {
    const format = this.#source?.format;
    if (format === undefined) {
      return false;
    }
    const isWritten = this.#file.record({
      ...{ atUs, kind: 'track', track: this.#id, medium: format.kind, party: this.#party },
      ...{ codec: format.codec, clockRate: format.clockRateHz, payloadType: format.payloadType },
    });
    this.#generation = isWritten ? generation : -1;
    return isWritten;
  }
}

/** Whether all packets of one keyframe are in the journal, in whatever order they came. */
class WholeKeyframe {
  isWhole = false;
  /** When the newest one began, monotonic milliseconds. */
  startedAt = Number.NEGATIVE_INFINITY;
  #first = -1;
  #last = -1;
  #count = 0;
  #timestamp = -1;
  #generation = -1;

  expect(): void {
    this.isWhole = false;
    this.#first = -1;
    this.#timestamp = -1;
  }

  onPacket(packet: RtpPacket, isTaken: boolean): void {
    const { sequence, timestamp, generation } = packet;
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.expect();
    }
    if (!isTaken) {
      // Pictures refer to what is missing now.
      this.expect();
      return;
    }
    if (packet.keyframe && timestamp !== this.#timestamp) {
      this.startedAt = packet.arrivedAt;
      this.#first = sequence;
      this.#last = -1;
      this.#count = 0;
      this.#timestamp = timestamp;
    }
    if (this.isWhole || timestamp !== this.#timestamp || sequence < this.#first) {
      return;
    }
    this.#count++;
    if (rtp.marker(packet.bytes)) {
      this.#last = sequence;
    }
    this.isWhole = this.#last >= 0 && this.#count > this.#last - this.#first;
  }
}
