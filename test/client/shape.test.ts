/**
 * How shapes get into senders. Real: the order, the serialising and what is written. Faked: the sender, with Chromium's rules:
 * `setParameters` only with what the last `getParameters` returned, and not while another one is under way.
 */
import t from 'tap';
import { SenderShape, type SendShape, type ShapedSender } from '../../relay/client/shape.ts';

const SHAPE: SendShape = {
  preference: 'sharp',
  video: { active: true, maxBitrate: 2_500_000, maxFramerate: 30, scaleResolutionDownBy: 1 },
  audio: { maxBitrate: 80_000 },
};
const OPUS = { mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 111 };
const RED = { mimeType: 'audio/red', clockRate: 48_000, channels: 2, payloadType: 63 };

type Written = RTCRtpSendParameters & { degradationPreference?: string };

class FakeSender implements ShapedSender {
  readonly written: Written[] = [];
  parameters: Written;
  refuse: (parameters: Written) => boolean = () => false;
  #transaction = 0;
  #busy = false;
  #release: (() => void)[] = [];
  /** While true, setParameters waits for `release`. */
  slow = false;

  constructor(codecs: RTCRtpCodecParameters[] = [], encodings: Written['encodings'] = [{ active: true }]) {
    this.parameters = { transactionId: '', encodings, codecs, headerExtensions: [], rtcp: {} };
  }

  getParameters(): Written {
    this.#transaction += 1;
    return structuredClone({ ...this.parameters, transactionId: String(this.#transaction) });
  }

  async setParameters(parameters: Written): Promise<void> {
    if (this.#busy || parameters.transactionId !== String(this.#transaction)) {
      throw new DOMException('', 'InvalidStateError');
    }
    this.#busy = true;
    if (this.slow) {
      await new Promise<void>((resolve) => this.#release.push(resolve));
    }
    await undefined;
    this.#busy = false;
    if (this.refuse(parameters)) {
      throw new DOMException('', 'InvalidModificationError');
    }
    this.written.push(parameters);
    this.parameters = parameters;
  }

  release(): void {
    this.slow = false;
    for (const resolve of this.#release.splice(0)) {
      resolve();
    }
  }
}

t.test('a picture gets its limits, and what to give up first', async (t) => {
  const sender = new FakeSender();
  const shaped = new SenderShape(sender, 'video');
  await shaped.apply(SHAPE);
  t.match(sender.parameters, {
    encodings: [{ active: true, maxBitrate: 2_500_000, maxFramerate: 30, scaleResolutionDownBy: 1 }],
    degradationPreference: 'maintain-resolution',
  });
  await shaped.apply({
    ...SHAPE,
    preference: 'smooth',
    video: { active: false, maxBitrate: 600_000, maxFramerate: 20, scaleResolutionDownBy: 2.25 },
  });
  t.match(sender.parameters, {
    encodings: [{ active: false, maxBitrate: 600_000, maxFramerate: 20, scaleResolutionDownBy: 2.25 }],
    degradationPreference: 'maintain-framerate',
  });
});

t.test('a voice gets its limit; where it is doubled, each copy half of it', async (t) => {
  const sender = new FakeSender([RED, OPUS]);
  await new SenderShape(sender, 'audio').apply(SHAPE);
  t.same(sender.parameters.encodings, [{ active: true, maxBitrate: 40_000 }]);

  const plain = new FakeSender([OPUS, RED]);
  await new SenderShape(plain, 'audio').apply(SHAPE);
  t.same(plain.parameters.encodings, [{ active: true, maxBitrate: 80_000 }]);
});

t.test('one at a time, and of many wishes the last', async (t) => {
  const sender = new FakeSender();
  const shaped = new SenderShape(sender, 'video');
  sender.slow = true;
  const first = shaped.apply(SHAPE);
  for (const maxFramerate of [25, 20, 15]) {
    void shaped.apply({ ...SHAPE, video: { ...SHAPE.video, maxFramerate } });
  }
  sender.release();
  await first;
  t.same(
    sender.written.map(({ encodings }) => encodings[0]?.maxFramerate),
    [30, 15],
  );
});

t.test('a browser that does not know everything still takes the limit', async (t) => {
  const sender = new FakeSender();
  sender.refuse = ({ degradationPreference }) => degradationPreference !== undefined;
  await new SenderShape(sender, 'video').apply(SHAPE);
  t.same(sender.parameters.encodings, [{ active: true, maxBitrate: 2_500_000 }]);
});

t.test(
  'a sender that is closed or not negotiated yet is left alone, and tried again the next time',
  async (t) => {
    const sender = new FakeSender();
    const shaped = new SenderShape(sender, 'video');
    sender.refuse = () => true;
    await shaped.apply(SHAPE);
    t.same(sender.written, []);
    sender.refuse = () => false;
    await shaped.apply(SHAPE);
    t.equal(sender.written.length, 1);

    const early = new FakeSender([], []);
    await new SenderShape(early, 'video').apply(SHAPE);
    t.same(early.written, []);

    const throwing: ShapedSender = {
      getParameters: () => {
        throw new DOMException('', 'InvalidStateError');
      },
      setParameters: async () => undefined,
    };
    await new SenderShape(throwing, 'video').apply(SHAPE);
  },
);
