/**
 * What both ends of a media connection agree on: writes the offer that a browser sees, reads its answer, and
 * translates between that and the one-line SDP that libdatachannel sees. Pure; SDP as in RFC 8866 and
 * RFC 9429 (JSEP). Everything read from a browser is hostile until it has passed `readAnswer`.
 */
import type { VideoCodec } from './protocol.ts';
import type { Estimation, MediaRole } from './worker-protocol.ts';

/** Payload types, the same on every leg, so that a packet is forwarded without touching them. */
export const OPUS_PAYLOAD_TYPE = 111;
/** Opus with an earlier packet in each (RFC 2198). */
export const RED_PAYLOAD_TYPE = 63;
export const VIDEO_PAYLOAD_TYPES: Record<VideoCodec, { media: number; rtx: number }> = {
  VP8: { media: 96, rtx: 97 },
  H264: { media: 98, rtx: 99 },
  VP9: { media: 100, rtx: 101 },
  AV1: { media: 102, rtx: 103 },
};

/** What tells variants of a codec apart; the one that every browser which has the codec can do. */
const VIDEO_FORMATS: Record<VideoCodec, readonly string[]> = {
  VP8: [],
  // Constrained baseline 3.1, the one profile that every browser has; packets may be fragmented (RFC 6184).
  H264: ['level-asymmetry-allowed=1', 'packetization-mode=1', 'profile-level-id=42e01f'],
  // 4:2:0 in 8 bits (RFC 9628 section 6.1).
  VP9: ['profile-id=0'],
  // Main profile, level 3.1, main tier, as Chromium offers it.
  AV1: ['level-idx=5', 'profile=0', 'tier=0'],
};

/** Ids of the header extensions (RFC 8285), the same on every leg. No orientation: the phone turns pixels. */
export const ABSOLUTE_SEND_TIME_EXTENSION = 2;
export const TRANSPORT_SEQUENCE_EXTENSION = 3;
export const MID_EXTENSION = 4;
const EXTENSION_URIS: Record<number, string> = {
  [ABSOLUTE_SEND_TIME_EXTENSION]: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  [TRANSPORT_SEQUENCE_EXTENSION]: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  [MID_EXTENSION]: 'urn:ietf:params:rtp-hdrext:sdes:mid',
};

export const AUDIO_CLOCK_RATE_HZ = 48_000;
export const VIDEO_CLOCK_RATE_HZ = 90_000;

/** Limits of requirement S2 (facts/reliability.md 3.9). */
const ANSWER_MAX_LENGTH = 32 * 1024;
const ANSWER_MAX_SECTIONS = 8;

/**
 * Where the phone's bandwidth estimate starts; Chromium takes it from the description it answers. Measured with
 * Chromium 156 on loopback, Start to first 720p camera frame rendered, median of 60 starts: 172 ms at 500 (the
 * picture begins at 640x360, at 300 at 320x180), 140 ms at 1000, 140 ms at 1500 (both at 960x540). 1000 is the
 * least of those that start fastest, and so loads a slow uplink the least until the first feedback is back.
 */
export const START_BITRATE_KBPS = 1_000;

/** What the packets of one track are, the same in every section of its kind. */
export type TrackFormat = {
  kind: 'audio' | 'video';
  codec: 'opus' | VideoCodec;
  payloadType: number;
  rtxPayloadType?: number;
  /** Packets of it carry earlier ones too. */
  redPayloadType?: number;
  clockRateHz: number;
};

export const AUDIO_FORMAT: TrackFormat = {
  kind: 'audio',
  codec: 'opus',
  payloadType: OPUS_PAYLOAD_TYPE,
  redPayloadType: RED_PAYLOAD_TYPE,
  clockRateHz: AUDIO_CLOCK_RATE_HZ,
};

export function videoFormat(codec: VideoCodec): TrackFormat {
  const { media, rtx } = VIDEO_PAYLOAD_TYPES[codec];
  return {
    kind: 'video',
    codec,
    payloadType: media,
    rtxPayloadType: rtx,
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
  };
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export type Codec = {
  payloadType: number;
  /** As in rtpmap, for example `opus/48000/2`. */
  encoding: string;
  feedback: readonly string[];
  format?: string;
};

/** What the relay sends in a section. Tracks of one `streamId` are played in sync. */
export type OutgoingStream = {
  ssrc: number;
  rtxSsrc?: number;
  streamId: string;
  trackId: string;
  cname: string;
};

/** One media line of the offer; `direction` is the relay's. */
export type MediaSection = {
  kind: 'audio' | 'video';
  mid: string;
  direction: Direction;
  codecs: readonly Codec[];
  /** Ids of the header extensions offered. */
  extensions: readonly number[];
  stream?: OutgoingStream;
};

/** What libdatachannel says of its end of the pipe. Candidates without `a=`. */
export type PipeDescription = {
  iceUfrag: string;
  icePwd: string;
  /** Algorithm and value, for example `sha-256 AB:CD:…`. */
  fingerprint: string;
  candidates: readonly string[];
};

export type AnsweredSection = {
  mid: string;
  /** False when the browser refused the line or none of its codecs is known to it. */
  accepted: boolean;
  payloadTypes: readonly number[];
  ssrc?: number;
  rtxSsrc?: number;
};

/** The part of a browser's answer that the relay uses. */
export type Answer = {
  iceUfrag: string;
  icePwd: string;
  fingerprint: string;
  setup: 'active' | 'passive';
  sections: readonly AnsweredSection[];
};

/**
 * Voice: Opus with its own error correction, and before it, where the browser knows it, the same with the packet before
 * in each one (Chromium and Safari do; the first is what they send). Offered NACK, Chromium 156 asks for lost packets of the
 * voice and sends them again, although its answer does not say so.
 */
function audioCodecs(feedback: readonly string[]): Codec[] {
  return [
    {
      payloadType: RED_PAYLOAD_TYPE,
      encoding: 'red/48000/2',
      feedback: AUDIO_FEEDBACK,
      format: `${OPUS_PAYLOAD_TYPE}/${OPUS_PAYLOAD_TYPE}`,
    },
    {
      payloadType: OPUS_PAYLOAD_TYPE,
      encoding: 'opus/48000/2',
      feedback: [...AUDIO_FEEDBACK, ...feedback],
      format: 'minptime=10;useinbandfec=1',
    },
  ];
}

const AUDIO_FEEDBACK = ['nack'];
const VIDEO_FEEDBACK = ['nack', 'nack pli', 'ccm fir', 'goog-remb'];

/**
 * Send-side estimation: the browser judges the path to the relay from TWCC. Without transport-cc the receiver does and says
 * it in a REMB: the viewer always, the relay to a phone whose own estimate loss would ruin. Then no packet may carry the
 * transport's number either: Chromium without feedback on it lowers its rate by a fifth each second (RttBasedBackoff).
 * All of them need the sender's clock in the packets.
 */
const TRANSPORT_FEEDBACK = 'transport-cc';

/** The video codec of a session with its retransmission format (RFC 4588). */
export function videoCodecs(
  codec: VideoCodec,
  options: { startBitrate: boolean; rtx: boolean; feedback: readonly string[] },
): Codec[] {
  const payloadTypes = VIDEO_PAYLOAD_TYPES[codec];
  const format = [
    ...VIDEO_FORMATS[codec],
    ...(options.startBitrate ? [`x-google-start-bitrate=${START_BITRATE_KBPS}`] : []),
  ];
  const media: Codec = {
    payloadType: payloadTypes.media,
    encoding: `${codec}/${VIDEO_CLOCK_RATE_HZ}`,
    feedback: [...VIDEO_FEEDBACK, ...options.feedback],
    ...(format.length > 0 && { format: format.join(';') }),
  };
  const rtx: Codec = {
    payloadType: payloadTypes.rtx,
    encoding: `rtx/${VIDEO_CLOCK_RATE_HZ}`,
    feedback: [],
    format: `apt=${payloadTypes.media}`,
  };
  return options.rtx ? [media, rtx] : [media];
}

/** After those of the voice and the picture; a page tells voices apart by it (client/media.ts). */
const FIRST_EXTRA_MID = 2;

/**
 * The media lines of one participant: voice both ways, the picture from the customer to everybody else, and a line for each
 * voice more that may come.
 */
export function mediaSections(
  role: MediaRole,
  codec: VideoCodec,
  streams: { audio: OutgoingStream; video?: OutgoingStream; voices?: readonly OutgoingStream[] },
  estimation: Estimation = 'sendSide',
): MediaSection[] {
  const toCustomer = role === 'customer';
  const isSendSide = toCustomer && estimation === 'sendSide';
  const feedback = isSendSide ? [TRANSPORT_FEEDBACK] : [];
  const extensions = [
    ABSOLUTE_SEND_TIME_EXTENSION,
    ...(isSendSide ? [TRANSPORT_SEQUENCE_EXTENSION] : []),
    MID_EXTENSION,
  ];
  return [
    {
      kind: 'audio',
      mid: '0',
      direction: role === 'observer' ? 'sendonly' : 'sendrecv',
      codecs: audioCodecs(feedback),
      extensions,
      stream: streams.audio,
    },
    {
      kind: 'video',
      mid: '1',
      direction: toCustomer ? 'recvonly' : 'sendonly',
      extensions,
      codecs: videoCodecs(codec, {
        feedback,
        startBitrate: toCustomer,
        // Towards a viewer only once the relay retransmits with it.
        rtx: toCustomer || streams.video?.rtxSsrc !== undefined,
      }),
      ...(streams.video !== undefined && { stream: streams.video }),
    },
    ...(streams.voices ?? []).map(
      (stream, index): MediaSection => ({
        kind: 'audio',
        mid: String(FIRST_EXTRA_MID + index),
        direction: 'sendonly',
        codecs: audioCodecs(feedback),
        extensions,
        stream,
      }),
    ),
  ];
}

/**
 * The offer for a browser: one BUNDLE of the given lines over the pipe. Deliberately without candidates: the
 * browser must not be able to reach the pipe before its answer was applied (facts/peerbench.md section 5).
 */
export function writeOffer(
  pipe: PipeDescription,
  sections: readonly MediaSection[],
  origin: { id: number; version: number },
): string {
  const lines = [
    'v=0',
    `o=- ${origin.id} ${origin.version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${sections.map((section) => section.mid).join(' ')}`,
    'a=msid-semantic: WMS *',
    'a=ice-options:trickle',
    ...sections.flatMap((section) => sectionLines(pipe, section)),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function sectionLines(pipe: PipeDescription, section: MediaSection): string[] {
  const payloadTypes = section.codecs.map((codec) => codec.payloadType).join(' ');
  return [
    `m=${section.kind} 9 UDP/TLS/RTP/SAVPF ${payloadTypes}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${pipe.iceUfrag}`,
    `a=ice-pwd:${pipe.icePwd}`,
    `a=fingerprint:${pipe.fingerprint}`,
    // An offer must leave the choice (RFC 8842 section 5.2); browsers then take the active part.
    'a=setup:actpass',
    `a=mid:${section.mid}`,
    ...section.extensions.map((id) => `a=extmap:${id} ${EXTENSION_URIS[id]}`),
    `a=${section.direction}`,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...section.codecs.flatMap((codec) => [
      `a=rtpmap:${codec.payloadType} ${codec.encoding}`,
      ...codec.feedback.map((feedback) => `a=rtcp-fb:${codec.payloadType} ${feedback}`),
      ...(codec.format === undefined ? [] : [`a=fmtp:${codec.payloadType} ${codec.format}`]),
    ]),
    ...(section.stream === undefined ? [] : streamLines(section.stream)),
  ];
}

function streamLines({ ssrc, rtxSsrc, streamId, trackId, cname }: OutgoingStream): string[] {
  return [
    `a=msid:${streamId} ${trackId}`,
    ...(rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
    `a=ssrc:${ssrc} cname:${cname}`,
    ...(rtxSsrc === undefined ? [] : [`a=ssrc:${rtxSsrc} cname:${cname}`]),
  ];
}

/** Reads libdatachannel's local description; undefined when something is missing from it. */
export function readPipe(sdp: string): PipeDescription | undefined {
  const lines = sdp.split(/\r?\n/);
  const value = (attribute: string) =>
    lines.find((line) => line.startsWith(`a=${attribute}:`))?.slice(attribute.length + 3);
  const iceUfrag = value('ice-ufrag');
  const icePwd = value('ice-pwd');
  const fingerprint = value('fingerprint');
  if (iceUfrag === undefined || icePwd === undefined || fingerprint === undefined) {
    return undefined;
  }
  const candidates = lines.filter((line) => line.startsWith('a=candidate:')).map((line) => line.slice(2));
  return { iceUfrag, icePwd, fingerprint, candidates };
}

/**
 * The candidates that browsers are told: the relay's own, or, behind a one-to-one NAT, the announced
 * addresses with the relay's ports (RFC 8839 section 5.1).
 */
export function announceCandidates(candidates: readonly string[], announcedIps: readonly string[]): string[] {
  if (announcedIps.length === 0) {
    return [...candidates];
  }
  const ports = new Set(candidates.map((candidate) => candidate.split(' ')[5]).filter((port) => port));
  return [...ports].flatMap((port) =>
    announcedIps.map((ip, index) => {
      // Host type preference 126, earlier addresses preferred (RFC 8445 section 5.1.2.1).
      const priority = 126 * 2 ** 24 + (65_535 - index) * 2 ** 8 + 255;
      return `candidate:${index + 1} 1 UDP ${priority} ${ip} ${port} typ host`;
    }),
  );
}

const ICE_UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const ICE_PWD = /^[A-Za-z0-9+/]{22,256}$/;
const FINGERPRINT = /^(sha-256|sha-384|sha-512) ((?:[0-9A-F]{2}:){31,63}[0-9A-F]{2})$/i;
const FINGERPRINT_BYTES: Record<string, number> = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 };
const MEDIA_LINE = /^m=(audio|video) (\d{1,5}) UDP\/TLS\/RTP\/SAVPF((?: \d{1,3}){1,64})$/;

/**
 * Reads a browser's answer to an offer of these sections. Returns what was understood, or a word for what is
 * wrong with it, meant for the log; never throws. Candidates are ignored wherever they stand.
 */
export function readAnswer(
  sdp: unknown,
  offered: readonly MediaSection[],
): { answer: Answer } | { problem: string } {
  if (typeof sdp !== 'string' || sdp.length === 0) {
    return { problem: 'empty' };
  }
  if (sdp.length > ANSWER_MAX_LENGTH) {
    return { problem: 'too long' };
  }
  const [session = [], ...blocks] = splitSections(sdp);
  if (blocks.length > ANSWER_MAX_SECTIONS || blocks.length !== offered.length) {
    return { problem: 'number of media lines' };
  }
  const sections: AnsweredSection[] = [];
  for (const [index, block] of blocks.entries()) {
    const section = readSection(block, offered[index]);
    if (section === undefined) {
      return { problem: 'media line' };
    }
    sections.push(section);
  }
  const bundled = blocks[sections.findIndex((section) => section.accepted)];
  if (bundled === undefined) {
    return { problem: 'every media line refused' };
  }
  // Transport attributes stand in the first accepted line of the bundle or at session level.
  const find = (attribute: string) => attributeOf(bundled, attribute) ?? attributeOf(session, attribute);
  const iceUfrag = find('ice-ufrag') ?? '';
  const icePwd = find('ice-pwd') ?? '';
  if (!ICE_UFRAG.test(iceUfrag) || !ICE_PWD.test(icePwd)) {
    return { problem: 'ice credentials' };
  }
  const fingerprint = readFingerprint(find('fingerprint') ?? '');
  if (fingerprint === undefined) {
    return { problem: 'fingerprint' };
  }
  const setup = find('setup');
  if (setup !== 'active' && setup !== 'passive') {
    return { problem: 'setup' };
  }
  return { answer: { iceUfrag, icePwd, fingerprint, setup, sections } };
}

/** Lines of the session part, then of each media section. */
function splitSections(sdp: string): string[][] {
  const sections: string[][] = [[]];
  for (const line of sdp.split(/\r?\n/)) {
    if (line.startsWith('m=')) {
      sections.push([]);
    }
    sections.at(-1)?.push(line);
  }
  return sections;
}

function attributeOf(lines: readonly string[], attribute: string): string | undefined {
  const prefix = `a=${attribute}:`;
  return lines
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length)
    .trim();
}

function readFingerprint(text: string): string | undefined {
  const [, algorithm = '', value = ''] = FINGERPRINT.exec(text) ?? [];
  const bytes = FINGERPRINT_BYTES[algorithm.toLowerCase()];
  if (bytes === undefined || value.length !== bytes * 3 - 1) {
    return undefined;
  }
  return `${algorithm.toLowerCase()} ${value.toUpperCase()}`;
}

function readSection(
  lines: readonly string[],
  offered: MediaSection | undefined,
): AnsweredSection | undefined {
  const [, kind, port, formats = ''] = MEDIA_LINE.exec(lines[0] ?? '') ?? [];
  if (offered === undefined || kind !== offered.kind) {
    return undefined;
  }
  const known = new Set(offered.codecs.map((codec) => codec.payloadType));
  const payloadTypes = formats
    .trim()
    .split(' ')
    .map(Number)
    .filter((payloadType) => known.has(payloadType));
  const media = offered.kind === 'audio' ? OPUS_PAYLOAD_TYPE : (offered.codecs[0]?.payloadType ?? -1);
  const accepted = port !== '0' && payloadTypes.includes(media) && !lines.includes('a=inactive');
  const { ssrc, rtxSsrc } = readSsrcs(lines);
  return {
    mid: offered.mid,
    accepted,
    payloadTypes: accepted ? payloadTypes : [],
    ...(accepted && ssrc !== undefined && { ssrc }),
    ...(accepted && rtxSsrc !== undefined && { rtxSsrc }),
  };
}

/** The source of a section and its retransmissions (RFC 5576; RFC 4588 section 8.6 for the FID group). */
function readSsrcs(lines: readonly string[]): { ssrc?: number; rtxSsrc?: number } {
  const group = attributeOf(lines, 'ssrc-group');
  const [, first, second] = /^FID (\d{1,10}) (\d{1,10})$/.exec(group ?? '') ?? [];
  const ssrc = readSsrc(first ?? /^(\d{1,10}) /.exec(attributeOf(lines, 'ssrc') ?? '')?.[1]);
  const rtxSsrc = readSsrc(second);
  return { ...(ssrc !== undefined && { ssrc }), ...(rtxSsrc !== undefined && { rtxSsrc }) };
}

function readSsrc(text: string | undefined): number | undefined {
  const ssrc = Number(text ?? Number.NaN);
  return ssrc >= 1 && ssrc <= 0xffff_ffff ? ssrc : undefined;
}

/** The answer that libdatachannel gets: one line, and nothing that was not checked above. */
export function writePipeAnswer({ iceUfrag, icePwd, fingerprint, setup }: Answer): string {
  const payloadType = VIDEO_PAYLOAD_TYPES.VP8.media;
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    `m=video 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${iceUfrag}`,
    `a=ice-pwd:${icePwd}`,
    `a=fingerprint:${fingerprint}`,
    `a=setup:${setup}`,
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    `a=rtpmap:${payloadType} VP8/${VIDEO_CLOCK_RATE_HZ}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}
