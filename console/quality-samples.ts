/**
 * What `getStats` says about picture and voice at this end: counters in, samples of a second out, and what several
 * samples say together. Pure.
 */

/** Running counters of one medium of one connection. */
export type Counters = {
  /** `DOMHighResTimeStamp` of the report. */
  at: number;
  roundTripMs: number | undefined;
  picture: PictureCounters | undefined;
  voice: VoiceCounters | undefined;
  /** Our own voice; the relay's last word on what it lost, and when that came. */
  sent: { id: string; bytes: number; lossPercent: number | undefined; heardAt: number } | undefined;
};

type StreamCounters = { id: string; bytes: number; packets: number; lost: number };
type PictureCounters = StreamCounters & {
  width: number;
  height: number;
  framesPerSecond: number;
  frozenMs: number;
};
type VoiceCounters = StreamCounters & { samples: number; concealed: number };

/** What happened between two reports. */
export type QualitySample = {
  /** Epoch milliseconds of this computer. */
  at: number;
  elapsedMs: number;
  roundTripMs?: number;
  picture?: StreamSample & { width: number; height: number; framesPerSecond: number; frozenMs: number };
  voice?: StreamSample & { samples: number; concealed: number };
  sent?: { bits: number; lossPercent?: number };
};

type StreamSample = { bits: number; packets: number; lost: number };

export function countersOf(report: RTCStatsReport): Counters {
  const counters: Counters = {
    at: 0,
    roundTripMs: undefined,
    picture: undefined,
    voice: undefined,
    sent: undefined,
  };
  const heard = { lossPercent: undefined as number | undefined, heardAt: 0 };
  report.forEach((entry: RTCStats) => {
    counters.at = Math.max(counters.at, entry.timestamp);
    switch (entry.type) {
      case 'inbound-rtp':
        readInbound(entry as RTCInboundRtpStreamStats, counters);
        break;
      case 'outbound-rtp': {
        const { id, kind, bytesSent = 0 } = entry as RTCOutboundRtpStreamStats;
        if (kind === 'audio') {
          counters.sent = { id, bytes: bytesSent, ...heard };
        }
        break;
      }
      case 'remote-inbound-rtp': {
        const { kind, fractionLost, timestamp } = entry as RTCStats & {
          kind?: string;
          fractionLost?: number;
        };
        if (kind === 'audio' && fractionLost !== undefined) {
          Object.assign(heard, { lossPercent: fractionLost * 100, heardAt: timestamp });
        }
        break;
      }
      case 'candidate-pair': {
        const { nominated, currentRoundTripTime } = entry as RTCIceCandidatePairStats;
        if (nominated === true && currentRoundTripTime !== undefined) {
          counters.roundTripMs = currentRoundTripTime * 1000;
        }
        break;
      }
      default:
        break;
    }
  });
  if (counters.sent !== undefined) {
    Object.assign(counters.sent, heard);
  }
  return counters;
}

function readInbound(entry: RTCInboundRtpStreamStats, counters: Counters): void {
  const stream: StreamCounters = {
    id: `${entry.id} ${entry.ssrc}`,
    bytes: entry.bytesReceived ?? 0,
    packets: entry.packetsReceived ?? 0,
    lost: entry.packetsLost ?? 0,
  };
  if (entry.kind === 'video') {
    counters.picture = {
      ...stream,
      width: entry.frameWidth ?? 0,
      height: entry.frameHeight ?? 0,
      framesPerSecond: entry.framesPerSecond ?? 0,
      frozenMs: (entry.totalFreezesDuration ?? 0) * 1000,
    };
  } else {
    counters.voice = {
      ...stream,
      samples: entry.totalSamplesReceived ?? 0,
      // Silence that was made up for silence is nothing that anybody misses.
      concealed: (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0),
    };
  }
}

/**
 * What happened since `before`; undefined when the two cannot be compared. A stream of another connection has counters
 * of its own and is left out once.
 */
export function sampleBetween(now: Counters, before: Counters, at: number): QualitySample | undefined {
  const elapsedMs = now.at - before.at;
  if (!(elapsedMs > 0)) {
    return undefined;
  }
  const sample: QualitySample = { at, elapsedMs };
  if (now.roundTripMs !== undefined) {
    sample.roundTripMs = now.roundTripMs;
  }
  const { picture, voice, sent } = now;
  if (picture && continues(picture, before.picture)) {
    const { width, height, framesPerSecond } = picture;
    // Counted when it is over, so it may be longer than the time since the last report.
    const frozenMs = Math.max(0, picture.frozenMs - before.picture.frozenMs);
    sample.picture = { ...streamSample(picture, before.picture), width, height, framesPerSecond, frozenMs };
  }
  if (voice && continues(voice, before.voice)) {
    const samples = Math.max(0, voice.samples - before.voice.samples);
    const concealed = Math.min(samples, Math.max(0, voice.concealed - before.voice.concealed));
    sample.voice = { ...streamSample(voice, before.voice), samples, concealed };
  }
  if (sent && before.sent?.id === sent.id && sent.bytes >= before.sent.bytes) {
    const isNews = sent.lossPercent !== undefined && sent.heardAt > before.sent.heardAt;
    sample.sent = {
      bits: (sent.bytes - before.sent.bytes) * 8,
      ...(isNews && sent.lossPercent !== undefined ? { lossPercent: sent.lossPercent } : {}),
    };
  }
  return sample;
}

function continues<T extends StreamCounters>(now: T, before: T | undefined): before is T {
  return (
    before !== undefined && before.id === now.id && now.bytes >= before.bytes && now.packets >= before.packets
  );
}

function streamSample(now: StreamCounters, before: StreamCounters): StreamSample {
  return {
    bits: (now.bytes - before.bytes) * 8,
    packets: now.packets - before.packets,
    // What was counted as lost and came after all is taken back.
    lost: Math.max(0, now.lost - before.lost),
  };
}

// ---------------------------------------------------------------- several samples

/** Of the picture and voice of some seconds; undefined where there was nothing to measure. */
export type Figures = {
  pictureKbps: number | undefined;
  pictureLossPercent: number | undefined;
  framesPerSecond: number | undefined;
  /** Share of the time. */
  frozenPercent: number | undefined;
  voiceKbps: number | undefined;
  voiceLossPercent: number | undefined;
  /** Share of the voice that had to be made up. */
  voiceGapsPercent: number | undefined;
  sentKbps: number | undefined;
  sentLossPercent: number | undefined;
  roundTripMs: number | undefined;
};

export type FigureName = keyof Figures;

export function figuresOf(samples: readonly QualitySample[]): Figures {
  const pictures = samples.filter(({ picture }) => picture !== undefined);
  const voices = samples.filter(({ voice }) => voice !== undefined);
  const sent = samples.filter((sample) => sample.sent !== undefined);
  const picture = (value: (sample: NonNullable<QualitySample['picture']>) => number) =>
    sum(pictures.map((sample) => (sample.picture ? value(sample.picture) : 0)));
  const voice = (value: (sample: NonNullable<QualitySample['voice']>) => number) =>
    sum(voices.map((sample) => (sample.voice ? value(sample.voice) : 0)));
  const pictureMs = sum(pictures.map(({ elapsedMs }) => elapsedMs));
  return {
    pictureKbps: ratio(
      picture(({ bits }) => bits),
      pictureMs,
    ),
    pictureLossPercent: lossPercent(
      picture(({ lost }) => lost),
      picture(({ packets }) => packets),
    ),
    framesPerSecond: ratio(
      picture(({ framesPerSecond }) => framesPerSecond),
      pictures.length,
    ),
    frozenPercent: ratio(
      Math.min(
        pictureMs,
        picture(({ frozenMs }) => frozenMs),
      ) * 100,
      pictureMs,
    ),
    voiceKbps: ratio(
      voice(({ bits }) => bits),
      sum(voices.map(({ elapsedMs }) => elapsedMs)),
    ),
    voiceLossPercent: lossPercent(
      voice(({ lost }) => lost),
      voice(({ packets }) => packets),
    ),
    voiceGapsPercent: ratio(
      voice(({ concealed }) => concealed) * 100,
      voice((one) => one.samples),
    ),
    sentKbps: ratio(
      sum(sent.map((sample) => sample.sent?.bits ?? 0)),
      sum(sent.map(({ elapsedMs }) => elapsedMs)),
    ),
    sentLossPercent: mean(sent.flatMap((sample) => sample.sent?.lossPercent ?? [])),
    roundTripMs: mean(samples.flatMap(({ roundTripMs }) => roundTripMs ?? [])),
  };
}

function lossPercent(lost: number, packets: number): number | undefined {
  return ratio(lost * 100, lost + packets);
}

function mean(values: readonly number[]): number | undefined {
  return ratio(sum(values), values.length);
}

function ratio(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
