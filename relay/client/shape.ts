/** How much a page sends of picture and voice, and the way of that into the senders of an RTCPeerConnection. */

/** Which of the two goes first where there is not enough of both. */
export type Preference = 'sharp' | 'smooth';

export type SendShape = {
  preference: Preference;
  video: {
    /** While false not one video packet leaves; the track stays attached. */
    active: boolean;
    /** Bits per second. */
    maxBitrate: number;
    /** Frames per second. */
    maxFramerate: number;
    /** At least 1. */
    scaleResolutionDownBy: number;
  };
  audio: {
    /** Bits per second, together with the copies of redundant audio (RFC 2198) where both ends have that. */
    maxBitrate: number;
  };
};

type SendParameters = RTCRtpSendParameters & { degradationPreference?: string };

/** What of a sender is needed; tests pass their own. */
export type ShapedSender = Pick<RTCRtpSender, 'getParameters' | 'setParameters'>;

/**
 * One sender. Chromium refuses a second `setParameters` while one is under way, so there is one at a time and the last
 * wish wins. Never throws or rejects: a browser that refuses sends unshaped, and its own estimate still bounds it.
 */
export class SenderShape {
  readonly #sender: ShapedSender;
  readonly #kind: 'audio' | 'video';
  #wish: SendShape | undefined;
  #working = false;

  constructor(sender: ShapedSender, kind: 'audio' | 'video') {
    this.#sender = sender;
    this.#kind = kind;
  }

  /** @returns a promise of the time when no wish is waiting any more */
  async apply(shape: SendShape): Promise<void> {
    this.#wish = shape;
    if (this.#working) {
      return;
    }
    this.#working = true;
    while (this.#wish !== undefined) {
      const wish: SendShape = this.#wish;
      this.#wish = undefined;
      // A browser that does not know all of it still takes the limit.
      if (!(await this.#set(wish, true))) {
        await this.#set(wish, false);
      }
    }
    this.#working = false;
  }

  /** @returns false when the browser refused */
  async #set(shape: SendShape, everything: boolean): Promise<boolean> {
    try {
      // Read and set without a pause between: setParameters takes only what the last getParameters returned.
      const parameters = this.#sender.getParameters() as SendParameters;
      const [encoding] = parameters.encodings ?? [];
      if (encoding === undefined) {
        return true;
      }
      if (this.#kind === 'video') {
        shapeVideo(parameters, encoding, shape, everything);
      } else {
        shapeAudio(parameters, encoding, shape);
      }
      await this.#sender.setParameters(parameters);
      return true;
    } catch {
      return false;
    }
  }
}

function shapeVideo(
  parameters: SendParameters,
  encoding: RTCRtpEncodingParameters,
  { video, preference }: SendShape,
  everything: boolean,
): void {
  encoding.active = video.active;
  encoding.maxBitrate = video.maxBitrate;
  if (everything) {
    encoding.maxFramerate = video.maxFramerate;
    encoding.scaleResolutionDownBy = video.scaleResolutionDownBy;
    parameters.degradationPreference = preference === 'sharp' ? 'maintain-resolution' : 'maintain-framerate';
  }
}

/**
 * Redundancy cannot be switched off without a negotiation: Chromium 156 takes `encoding.codec = opus` and goes on doubling as
 * long as RED stands before Opus (measured). So the voice itself gets half.
 */
function shapeAudio(
  parameters: SendParameters,
  encoding: RTCRtpEncodingParameters,
  { audio }: SendShape,
): void {
  const isDoubled = parameters.codecs[0]?.mimeType.toLowerCase() === 'audio/red';
  encoding.maxBitrate = isDoubled ? audio.maxBitrate / 2 : audio.maxBitrate;
}

/** All senders of one connection; senders that come later are shaped by the next call. */
export class ConnectionShape {
  readonly #senders = new Map<RTCRtpSender, SenderShape>();

  async apply(pc: RTCPeerConnection, shape: SendShape): Promise<void> {
    await Promise.all(
      pc.getTransceivers().map(({ sender, receiver }) => {
        const { kind } = receiver.track;
        const held =
          this.#senders.get(sender) ?? new SenderShape(sender, kind === 'video' ? 'video' : 'audio');
        this.#senders.set(sender, held);
        return held.apply(shape);
      }),
    );
  }
}
