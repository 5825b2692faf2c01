/** Fuzz targets for what comes as text: signalling messages, SDP, HTTP requests, PINs, links and addresses. */

import { parseEntry, parsePin } from '../../capture/pin.ts';
import { formatProfileLevelId, isSameProfile, parseProfileLevelId } from '../../codec/h264-profile.ts';
import { addressKey } from '../../relay/address-key.ts';
import { createAdmission } from '../../relay/admission.ts';
import { Guessing } from '../../relay/guessing.ts';
import { parseClientMessage } from '../../relay/messages.ts';
import { isFailure } from '../../relay/outcome.ts';
import {
  ERRORS,
  FREEZE_HEADER_BYTES,
  FREEZE_MAX_BYTES,
  FREEZE_PART_MAX_BYTES,
  FREEZE_SHOWN_HEADER_BYTES,
  STILL_HEADER_BYTES,
  STILL_MAX_BYTES,
  STILL_SHOWN_HEADER_BYTES,
} from '../../relay/protocol.ts';
import type { Sessions } from '../../relay/sessions.ts';
import { FreezeUpload, readFreezePart, readStill, showFreezePart, showStill } from '../../relay/stills.ts';
import type { Directory } from '../../relay/store.ts';
import { exampleRequests } from '../support/protocol-document.ts';
import { type Json, mutatedJson, mutatedText, randomJson } from './mutate.ts';
import { chance, pick, type Random, randomBytes } from './random.ts';
import type { FuzzTarget, Verdict } from './target.ts';

/** Parsing the longest message takes some 5 ms here; a busy machine takes more. */
const SLOWEST_MS = 500;

const EXAMPLES = exampleRequests().map(({ text }) => JSON.parse(text) as Json);
const TEXTS = EXAMPLES.map((example) => JSON.stringify(example));

export function damagedMessage(random: Random): string {
  switch (random(10)) {
    case 0:
      return JSON.stringify(randomJson(random, 6));
    case 1:
      return pick(random, ['[', '{"a":', '{"type":"ping","id":1,"x":']).repeat(random(20_000));
    case 2:
    case 3:
      return mutatedText(random, TEXTS, 70_000);
    default:
      return JSON.stringify(mutatedJson(random, EXAMPLES));
  }
}

const messages: FuzzTarget = {
  name: 'messages',
  about: 'what pages say over the WebSocket',
  decides: true,
  corpora: ['messages'],
  maxBytes: 300_000,
  seeds: TEXTS.map((text) => Buffer.from(text)),
  slowestMs: SLOWEST_MS,
  make: (random) => Buffer.from(damagedMessage(random)),
  run: (input) => judgeMessage(input.toString()),
};

/** A whole message that would be accepted again word for word, or a refusal with a code. */
function judgeMessage(text: string): Verdict {
  const parsed = parseClientMessage(text);
  if (Reflect.get({}, 'polluted') !== undefined || Object.keys(Object.prototype).length > 0) {
    return { complaints: ['changed the prototype of all objects'] };
  }
  if (!parsed.ok) {
    const hasId = Number.isSafeInteger(parsed.id) && parsed.id >= 0;
    const isPlain = hasId && Object.hasOwn(ERRORS, parsed.code);
    return { complaints: isPlain ? [] : [`refused with ${JSON.stringify(parsed)}`] };
  }
  const again = parseClientMessage(JSON.stringify(parsed.message));
  const isSame = again.ok && JSON.stringify(again.message) === JSON.stringify(parsed.message);
  return { complaints: isSame ? [] : ['accepted, and not itself again'], accepted: true };
}

// ---------------------------------------------------------------- PINs, links, addresses

const TYPED = [
  '123456',
  '12 34 56',
  '123-456',
  '１２３４５６',
  '٠١٢٣٤٥',
  '000000',
  ' 987654\n',
  '12345',
  '1234567',
];
const TOKEN = 'aB3_-'.repeat(9).slice(0, 43);
const ADDRESSES = ['127.0.0.1', '::1', '::ffff:10.0.0.1', '2001:db8:1:2:3:4:5:6', 'fe80::1%eth0', '1::', ''];

/** Pages show six to nine digits or ask again; the relay looks up nothing but digits and tokens of its own form. */
const entrance: FuzzTarget = {
  name: 'entrance',
  about: 'PINs and links as typed, and the address they come from',
  decides: true,
  corpora: ['entrance'],
  maxBytes: 400,
  seeds: [...TYPED, TOKEN, `/j/${TOKEN}`, ...ADDRESSES].map((text) => Buffer.from(text)),
  slowestMs: SLOWEST_MS,
  asynchronous: true,
  concurrency: 50,
  make: (random) => Buffer.from(mutatedText(random, [...TYPED, TOKEN, `/j/${TOKEN}`, ...ADDRESSES], 400)),
  run: async (input) => {
    const text = input.toString();
    const complaints: string[] = [];
    const pin = parsePin(text);
    if (pin !== undefined && !/^[0-9]{6,9}$/.test(pin)) {
      complaints.push(`PIN ${pin}`);
    }
    const entry = parseEntry(text);
    const token = entry && ('token' in entry ? entry.token : entry.channel);
    if (token !== undefined && !/^[\w-]{1,128}$/.test(token)) {
      complaints.push(`token ${token}`);
    }
    const key = addressKey(text);
    if (key.length > text.length + 30 || addressKey(key.replace(/::\/64$/, '::')) !== key) {
      complaints.push(`address key ${key} of ${text}`);
    }
    const looked: string[] = [];
    for (const answer of [await entering(looked).byPin(text, text), await entering(looked).byLink(text)]) {
      if (!isFailure(answer)) {
        complaints.push('let in');
      }
    }
    complaints.push(
      ...looked.filter((each) => !/^(\d{6,9}|[\w-]{43})$/.test(each)).map((each) => `looked up ${each}`),
    );
    return { complaints, accepted: pin !== undefined };
  },
};

/** The real admission before a directory in which nothing is, and which writes down what it is asked. */
function entering(looked: string[]) {
  const note = async (what: string) => {
    looked.push(what);
    return undefined;
  };
  return createAdmission({
    directory: { findPin: note, findToken: note } as unknown as Directory,
    guessing: new Guessing(),
    sessions: { invited: () => undefined } as unknown as Sessions,
    now: () => 0,
    onLevelChange: () => undefined,
    wait: async () => undefined,
  });
}

const PROFILES = ['42e01f', '42001f', '4d0032', '640c1f', '64002a', 'f4001e', '42f00b'];

const h264Profiles: FuzzTarget = {
  name: 'h264-profile',
  about: 'H.264 profile-level-id in SDP',
  decides: true,
  corpora: ['h264-profile'],
  maxBytes: 64,
  seeds: PROFILES.map((text) => Buffer.from(text)),
  slowestMs: SLOWEST_MS,
  make: (random) =>
    Buffer.from(
      chance(random, 50)
        ? mutatedText(random, PROFILES, 64)
        : random(2 ** 24)
            .toString(16)
            .padStart(6, '0'),
    ),
  run: (input) => {
    const text = input.toString();
    const parsed = parseProfileLevelId(text);
    const isSame = parsed === null || isSameProfile(formatProfileLevelId(parsed), text);
    return {
      complaints: isSame ? [] : [`${text} is not ${formatProfileLevelId(parsed)}`],
      accepted: parsed !== null,
    };
  },
};

/** A part of a still to draw on, taken as the one part of an upload that waits for it. */
const freezeParts: FuzzTarget = {
  name: 'freeze-parts',
  about: 'parts of a frozen picture over the WebSocket',
  corpora: ['freeze-parts', 'stills'],
  decides: true,
  maxBytes: 140_000,
  seeds: [
    Buffer.from('0200000007000000010000000000000006ffd8ffe00010', 'hex'),
    Buffer.from('02ffffffff00000001', 'hex'),
  ],
  slowestMs: SLOWEST_MS,
  make: (random) => {
    const length = chance(random, 10) ? FREEZE_PART_MAX_BYTES + random(10) - 5 : random(100);
    const head = Buffer.alloc(FREEZE_HEADER_BYTES);
    head.writeUInt8(2, 0);
    head.writeUInt32BE(random(2 ** 32), 1);
    head.writeUInt32BE(random(3), 5);
    head.writeUInt32BE(chance(random, 70) ? 0 : random(2 ** 32), 9);
    head.writeUInt32BE(chance(random, 70) ? length + 3 : random(2 ** 32), 13);
    return Buffer.concat([
      chance(random, 80) ? head : Buffer.from(randomBytes(random, random(FREEZE_HEADER_BYTES + 2))),
      Buffer.from('ffd8ff', 'hex'),
      Buffer.alloc(length, random(256)),
    ]);
  },
  run: (input) => {
    const read = readFreezePart(input);
    const hasId = Number.isInteger(read.id) && read.id >= 0 && read.id < 2 ** 32;
    if (!read.ok) {
      return { complaints: hasId && Object.hasOwn(ERRORS, read.code) ? [] : [JSON.stringify(read)] };
    }
    const { part } = read;
    const taken = new FreezeUpload(1).take(part);
    const jpeg = typeof taken === 'object' ? taken.jpeg : undefined;
    const isWhole = Buffer.from(showFreezePart(7, part).subarray(FREEZE_SHOWN_HEADER_BYTES)).equals(
      part.bytes,
    );
    const fits = part.totalBytes <= FREEZE_MAX_BYTES && part.bytes.length <= FREEZE_PART_MAX_BYTES;
    const isDue = !jpeg || (part.offset === 0 && Buffer.from(jpeg).equals(part.bytes));
    return { complaints: hasId && isWhole && fits && isDue ? [] : ['not what was sent'], accepted: true };
  },
};

/** The kind of binary frame that phones send most. */
const stills: FuzzTarget = {
  name: 'stills',
  about: 'single pictures over the WebSocket',
  corpora: ['freeze'],
  decides: true,
  maxBytes: 140_000,
  seeds: [Buffer.from('0100000007ffd8ffe000104a464946', 'hex'), Buffer.from('01ffffffffffd8ff', 'hex')],
  slowestMs: SLOWEST_MS,
  make: (random) => {
    const length = chance(random, 10) ? STILL_MAX_BYTES + random(10) - 5 : random(100);
    const head = chance(random, 80) ? [1, random(256), 0, 0, random(256)] : randomBytes(random, random(6));
    return Buffer.concat([
      Buffer.from(head),
      Buffer.from('ffd8ff', 'hex'),
      Buffer.alloc(length, random(256)),
    ]);
  },
  run: (input) => {
    const read = readStill(input);
    const hasId = Number.isInteger(read.id) && read.id >= 0 && read.id < 2 ** 32;
    if (!read.ok) {
      return { complaints: hasId && Object.hasOwn(ERRORS, read.code) ? [] : [JSON.stringify(read)] };
    }
    const shown = showStill(7, read.jpeg);
    const isWhole = Buffer.from(shown.subarray(STILL_SHOWN_HEADER_BYTES)).equals(
      input.subarray(STILL_HEADER_BYTES),
    );
    return {
      complaints: hasId && isWhole && read.jpeg.length <= STILL_MAX_BYTES ? [] : ['not what was sent'],
      accepted: true,
    };
  },
};

export const TEXT_TARGETS: readonly FuzzTarget[] = [messages, stills, freezeParts, entrance, h264Profiles];
