/**
 * Real: the way from a camera request to a stream or to a problem with words. Faked: the browser's media devices and
 * permissions, because no test machine has a busy microphone or a denied camera at hand.
 */
import t from 'tap';
import { acquire, type MediaSource } from '../../capture/user-media.ts';

type Constraints = { video?: unknown; audio?: unknown };
type Answer = (constraints: Constraints) => string | undefined;

class Phone {
  readonly asked: Constraints[] = [];
  stopped = 0;
  readonly #answer: Answer;
  readonly #kinds: string[];
  readonly #permissions: Record<string, string> | undefined;

  /** @param answer name of the error that a request fails with, if it does */
  constructor(answer: Answer, kinds = ['videoinput', 'audioinput'], permissions?: Record<string, string>) {
    this.#answer = answer;
    this.#kinds = kinds;
    this.#permissions = permissions;
  }

  get source(): MediaSource {
    const permissions = this.#permissions;
    const source = {
      mediaDevices: {
        getUserMedia: async (constraints: Constraints) => {
          this.asked.push(constraints);
          const name = this.#answer(constraints);
          if (name) {
            throw Object.assign(new Error(name), { name });
          }
          return { getTracks: () => [{ stop: () => (this.stopped += 1) }] };
        },
        enumerateDevices: async () => this.#kinds.map((kind) => ({ kind })),
      },
      permissions: permissions && {
        query: async ({ name }: { name: string }) => ({ state: permissions[name] }),
      },
    };
    return source as unknown as MediaSource;
  }
}

async function problemOf(phone: Phone, microphone = true): Promise<string> {
  const acquired = await acquire(phone.source, true, { facing: 'environment' }, microphone);
  return 'problem' in acquired ? acquired.problem : 'none';
}

t.test('asks for the rear camera at 720p and for a microphone without echo', async (t) => {
  const phone = new Phone(() => undefined);
  t.equal(await problemOf(phone), 'none');
  t.match(phone.asked, [
    {
      video: {
        facingMode: { ideal: 'environment' },
        width: { ideal: 1280 },
        height: { ideal: 720 },
        frameRate: { max: 30 },
      },
      audio: { echoCancellation: true, noiseSuppression: true },
    },
  ]);
});

t.test('drops what the camera cannot do, one thing after the other, and nothing else', async (t) => {
  const phone = new Phone(({ video }) => (video === true ? undefined : 'OverconstrainedError'));
  t.equal(await problemOf(phone), 'none');
  t.same(
    phone.asked.map(({ video }) => (video === true ? 'any' : Object.keys(video as object).join(' '))),
    ['facingMode width height frameRate', 'facingMode width height', 'facingMode', 'any'],
  );
  t.ok(phone.asked.every(({ audio }) => audio));
});

t.test('a chosen camera is that one or none', async (t) => {
  const phone = new Phone(() => 'OverconstrainedError');
  const acquired = await acquire(phone.source, true, { deviceId: 'rear-2' }, false);
  t.match(acquired, { problem: 'noCamera' });
  t.equal(phone.asked.length, 3);
  t.ok(phone.asked.every(({ video }) => JSON.stringify(video).includes('{"exact":"rear-2"}')));
});

t.test('a denial is asked only once', async (t) => {
  const phone = new Phone(() => 'NotAllowedError');
  t.equal(await problemOf(phone), 'denied');
  t.equal(phone.asked.length, 1);
});

t.test('each failure becomes the problem that a person can do something about', async (t) => {
  const both: Answer = ({ audio }) => (audio ? 'NotAllowedError' : undefined);
  const cases: readonly (readonly [string, Phone, boolean, string])[] = [
    [
      'camera denied',
      new Phone(() => 'NotAllowedError', [], { camera: 'denied', microphone: 'granted' }),
      true,
      'denied',
    ],
    [
      'both denied',
      new Phone(() => 'NotAllowedError', [], { camera: 'denied', microphone: 'denied' }),
      true,
      'denied',
    ],
    [
      'microphone denied',
      new Phone(both, [], { camera: 'granted', microphone: 'denied' }),
      true,
      'microphoneDenied',
    ],
    [
      'denied without microphone',
      new Phone(() => 'NotAllowedError', [], { camera: 'granted', microphone: 'denied' }),
      false,
      'denied',
    ],
    ['no device at all', new Phone(() => 'NotFoundError', []), true, 'noCamera'],
    ['only a microphone', new Phone(() => 'NotFoundError', ['audioinput']), true, 'noCamera'],
    [
      'only a camera',
      new Phone(({ audio }) => (audio ? 'NotFoundError' : undefined), ['videoinput']),
      true,
      'noMicrophone',
    ],
    ['camera busy', new Phone(() => 'NotReadableError'), true, 'inUse'],
    [
      'microphone busy',
      new Phone(({ audio }) => (audio ? 'NotReadableError' : undefined)),
      true,
      'microphoneInUse',
    ],
    ['start aborted', new Phone(() => 'AbortError'), true, 'inUse'],
    ['forbidden by policy', new Phone(() => 'SecurityError'), true, 'unsupported'],
    ['something new', new Phone(() => 'StrangeError'), true, 'failed'],
  ];
  for (const [name, phone, microphone, problem] of cases) {
    t.equal(await problemOf(phone, microphone), problem, name);
  }
});

t.test('the camera that was opened to find the culprit is closed again', async (t) => {
  const phone = new Phone(({ audio }) => (audio ? 'NotReadableError' : undefined));
  await problemOf(phone);
  t.equal(phone.stopped, 1);
});

t.test('without media devices it is the address or the browser', async (t) => {
  t.same(await acquire({}, false, { facing: 'environment' }, true), { problem: 'insecure' });
  t.same(await acquire({}, true, { facing: 'environment' }, true), { problem: 'unsupported' });
});
