/**
 * Fuzz targets for a whole media session: what hostile browsers send, in any order, between ticks. An input is a little
 * programme, one operation after the other (`OPERATIONS` in media-programme.ts), so that what fails can be cut down.
 *
 * `media` judges every packet that goes out. `media-wrap` runs one programme from every start number around the wraps:
 * which packets come through must not depend on it. Real: the media session and all below it, and its clock, which is
 * moved by the programme. Faked: the connections.
 */
import { type Delivery, MediaProgramme, operation, START } from './media-programme.ts';
import { START_SEQUENCES } from './packets.ts';
import { chance, pick, type Random, randomBytes } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** Some two hundred operations. */
const MAX_BYTES = 700;
const SLOWEST_MS = 2_000;

/** What people do first: a customer and a technician who see and hear each other. */
const ORDINARY = [
  ...[operation('join', 0), operation('join', 1), operation('connect', 0), operation('connect', 1)],
  ...[operation('gate', 1), operation('voice', 0), operation('picture', 1), operation('burst', 20)],
];
const WITH_LOSS = [
  ...ORDINARY,
  ...[operation('lose', 3), operation('burst', 10), operation('tick', 2), operation('nack', 5)],
  ...[operation('repeat', 4), operation('retransmit', 3), operation('tick', 4), operation('burst', 30)],
];
const HANDOVER = [
  ...ORDINARY,
  ...[operation('join', 0), operation('connect', 2), operation('voice', 2), operation('picture', 3)],
  ...[operation('burst', 10), operation('close', 0), operation('picture', 3), operation('tick', 5)],
  ...[operation('gate', 0), operation('burst', 5), operation('gate', 1), operation('pli', 9)],
];
const SEEDS = [ORDINARY, WITH_LOSS, HANDOVER].map((operations) =>
  Buffer.concat([Buffer.from([0]), ...operations]),
);

function programme(random: Random, names: readonly Parameters<typeof operation>[0][]): Buffer {
  const operations = [
    Buffer.from([random(256)]),
    ...(chance(random, 90) ? pick(random, [ORDINARY, HANDOVER]) : []),
  ];
  for (let more = random(120); more > 0; more--) {
    operations.push(operation(pick(random, names), random(256)));
  }
  return Buffer.concat(operations);
}

const HARMLESS = (['picture', 'voice', 'burst', 'tick', 'tick', 'lose'] as const).flatMap((name) => [
  name,
  name,
]);
const ANYTHING = [
  ...HARMLESS,
  ...([
    'repeat',
    'jump',
    'jump',
    'retransmit',
    'report',
    'nack',
    'nack',
    'pli',
    'rtcp',
    'rtp',
    'hostile',
  ] as const),
  ...([
    'cut',
    'oversize',
    'sdes',
    'gate',
    'join',
    'connect',
    'connect',
    'close',
    'lost',
    'expect',
    'shed',
  ] as const),
  ...(['blocked', 'technicianVoice', 'technicianPicture', 'padding'] as const),
];
/** Those that say nothing in absolute numbers. */
const RELATIVE = [
  ...HARMLESS,
  ...([
    'repeat',
    'retransmit',
    'nack',
    'pli',
    'gate',
    'join',
    'connect',
    'connect',
    'close',
    'shed',
  ] as const),
  ...(['technicianVoice', 'padding', 'report'] as const),
];

const media: FuzzTarget = {
  name: 'media',
  about: 'a media session between hostile browsers',
  decides: true,
  corpora: ['media'],
  maxBytes: MAX_BYTES,
  seeds: SEEDS,
  slowestMs: SLOWEST_MS,
  make: (random) =>
    chance(random, 90)
      ? programme(random, ANYTHING)
      : Buffer.concat([Buffer.from([0]), randomBytes(random, 200)]),
  run: (input) => {
    const ran = new MediaProgramme(input, START_SEQUENCES[(input[0] ?? 0) % START_SEQUENCES.length] ?? 0);
    ran.run();
    return {
      complaints: ran.complaints,
      steps: Math.max(1, ran.packets),
      accepted: ran.delivered.length > 0,
    };
  },
};

const text = (deliveries: readonly Delivery[]) =>
  deliveries.map(({ to, index }) => `${index}>${to}`).join(' ');

const mediaWrap: FuzzTarget = {
  name: 'media-wrap',
  about: 'the same from every start number: the same packets come through',
  decides: true,
  corpora: ['media-wrap'],
  maxBytes: MAX_BYTES,
  seeds: SEEDS,
  slowestMs: SLOWEST_MS,
  make: (random) => programme(random, RELATIVE),
  run: (input) => {
    const usual = new MediaProgramme(input, START, true);
    usual.run();
    const complaints = [...usual.complaints];
    let packets = usual.packets;
    for (const start of START_SEQUENCES) {
      const other = new MediaProgramme(input, start, true);
      other.run();
      packets += other.packets;
      if (text(other.delivered) !== text(usual.delivered)) {
        complaints.push(
          `from ${start} other packets come through: ${difference(usual.delivered, other.delivered)}`,
        );
      }
    }
    return { complaints, steps: Math.max(1, packets), accepted: usual.delivered.length > 0 };
  },
};

function difference(one: readonly Delivery[], other: readonly Delivery[]): string {
  const at = one.findIndex(({ to, index }, i) => other[i]?.to !== to || other[i]?.index !== index);
  return `${text(one.slice(at, at + 3))} against ${text(other.slice(at, at + 3))}`;
}

export const MEDIA_TARGETS: readonly FuzzTarget[] = [media, mediaWrap];
