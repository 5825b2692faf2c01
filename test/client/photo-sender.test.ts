/** A photo on its way. Real: sender and pace. Faked: the relay (an array), the link and time, both virtual. */
import t from 'tap';
import { RequestError } from '../../relay/client/connection.ts';
import { PhotoPace, type PhotoSenderHost, sendPhoto } from '../../relay/client/photo-sender.ts';
import { type Params, PHOTO_PART_MAX_BYTES } from '../../relay/protocol.ts';

const ROUND_TRIP_MS = 60;

/** A relay behind a link of so many bits per second, which is cut when the test says so. */
class World implements PhotoSenderHost {
  readonly sessionId = 1001;
  clock = 0;
  received: number[] = [];
  readonly parts: { bytes: number; tookMs: number }[] = [];
  readonly seen: number[] = [];
  offers = 0;
  /** Times at which the connection is lost for a while. */
  readonly cuts: number[];
  readonly bitsPerSecond: number;
  /** What the relay says once all is there, as often as given. */
  ends: string[] = [];
  total = 0;

  constructor(bitsPerSecond: number, cuts: number[] = []) {
    this.bitsPerSecond = bitsPerSecond;
    this.cuts = cuts;
  }

  now = () => this.clock;

  wait = async (ms: number) => {
    this.clock += ms;
  };

  async #cross(bytes: number): Promise<void> {
    const until = this.clock + ROUND_TRIP_MS + (8000 * bytes) / this.bitsPerSecond;
    const [cut] = this.cuts;
    if (cut !== undefined && until > cut) {
      this.clock = Math.max(this.clock, cut);
      if (this.clock > cut + 3_000) {
        this.cuts.shift();
      }
      throw new RequestError('notConnected', '');
    }
    this.clock = until;
  }

  offer = async ({ photoId, bytes }: Params<'offerPhoto'>) => {
    this.offers += 1;
    await this.#cross(200);
    this.total = bytes;
    return { photoId: photoId || 7, receivedBytes: this.received.length };
  };

  sendPart = async (content: Uint8Array) => {
    const began = this.clock;
    await this.#cross(content.length);
    const header = new DataView(content.buffer);
    const bytes = content.subarray(16);
    if (header.getUint32(12) === this.received.length) {
      this.received.push(...bytes);
    }
    this.parts.push({ bytes: bytes.length, tookMs: this.clock - began });
    const [end] = this.ends;
    if (this.received.length === this.total && end) {
      this.ends.shift();
      this.received = [];
      throw new RequestError(end as 'photoBroken', '');
    }
    return { receivedBytes: this.received.length };
  };

  progress = (_photoId: number, receivedBytes: number) => {
    this.seen.push(receivedBytes);
  };
}

function photo(bytes: number) {
  return {
    type: 'image/jpeg' as const,
    bytes: Uint8Array.from({ length: bytes }, (_, at) => at % 251),
    sha256: 'ab'.repeat(32),
  };
}

const NEVER = new AbortController().signal;

t.test('over 300 kbit/s with two cuts it arrives whole, and no part stands long in the way', async (t) => {
  const world = new World(300_000, [4_000, 12_000]);
  const file = photo(600_000);
  t.same(await sendPhoto(world, 7, file, NEVER), { kept: true, photoId: 7 });
  t.ok(Buffer.from(world.received).equals(Buffer.from(file.bytes)), 'byte by byte');
  t.ok(world.offers >= 3, `asked where to go on ${world.offers} times`);
  const longest = Math.max(...world.parts.map(({ tookMs }) => tookMs));
  t.ok(longest < 250, `longest part ${Math.round(longest)} ms`);
  t.same(
    world.seen,
    [...world.seen].sort((a, b) => a - b),
    'progress never goes back',
  );
  t.ok(world.clock < 40_000, `${Math.round(world.clock / 1000)} s`);
});

t.test('a fast way is used, with as many messages as the relay takes', async (t) => {
  const world = new World(100_000_000);
  await sendPhoto(world, 7, photo(2_000_000), NEVER);
  t.equal(Math.max(...world.parts.map(({ bytes }) => bytes)), PHOTO_PART_MAX_BYTES);
  t.ok(world.parts.length / (world.clock / 1000) < 35, 'messages per second');
});

t.test('one that arrived broken is sent once more, and then given up', async (t) => {
  const once = new World(1_000_000);
  once.ends = ['photoBroken'];
  t.match(await sendPhoto(once, 7, photo(20_000), NEVER), { kept: true });
  const twice = new World(1_000_000);
  twice.ends = ['photoBroken', 'photoBroken'];
  t.same(await sendPhoto(twice, 7, photo(20_000), NEVER), { kept: false, code: 'photoBroken' });
});

t.test('what is not wanted any more is not sent on', async (t) => {
  const world = new World(300_000);
  const stop = new AbortController();
  world.progress = (_photoId, receivedBytes) => {
    if (receivedBytes > 10_000) {
      stop.abort();
    }
  };
  t.match(await sendPhoto(world, 7, photo(600_000), stop.signal), { kept: false, code: 'stopped' });
  t.ok(world.received.length < 30_000);
  const refusing = new World(300_000);
  refusing.offer = async () => {
    throw new RequestError('consentMissing', '');
  };
  t.same(await sendPhoto(refusing, 7, photo(100), NEVER), { kept: false, code: 'consentMissing' });
});

t.test('the pace goes down at once and up with care', async (t) => {
  const pace = new PhotoPace();
  pace.answered(0, 50);
  const sizes = [pace.partBytes];
  for (let part = 0; part < 8; part++) {
    pace.answered(pace.partBytes, 52);
    sizes.push(pace.partBytes);
  }
  t.ok(
    sizes.every((size, at) => size <= 2 * (sizes[at - 1] ?? size)),
    `at most twice as much: ${sizes}`,
  );
  t.equal(sizes.at(-1), PHOTO_PART_MAX_BYTES);
  pace.answered(PHOTO_PART_MAX_BYTES, 1_750);
  t.ok(pace.partBytes < 5_000, `${pace.partBytes} after a slow one`);
});
