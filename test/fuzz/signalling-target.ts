/**
 * Fuzz target for sequences of messages against the front (real and faked: see signalling-scene.ts). An input is a text,
 * one line per step: who does it, then a message as JSON, in which `"$session"`, `"$pin"`, `"$token"`, `"$peer"`,
 * `"$resume"` and `"$hash"` stand for what was last heard; or `!` and something else that happens.
 *
 * Every message is answered exactly once with a stable code, nothing is reported as an error of the relay's own, no
 * session is lost, and afterwards ordinary work goes on.
 */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { parseClientMessage } from '../../relay/messages.ts';
import type { Account, ServerMessage } from '../../relay/protocol.ts';
import { builtInTexts, termsOf } from '../../relay/terms.ts';
import { mutatedLines } from './mutate.ts';
import { chance, pick, type Random } from './random.ts';
import { ANNA, BERT, FakeSocket, type Front, openFront } from './signalling-scene.ts';
import type { FuzzTarget, Verdict } from './target.ts';
import { damagedMessage } from './text-targets.ts';

const MAX_BYTES = 60_000;
const MAX_LINES = 150;
/** A disk full of sessions is not what is fuzzed here. */
const INPUTS_PER_FRONT = 200;
/** Turns of the event loop until an answer counts as lost; a request takes some ten. */
const MOST_TURNS = 20_000;
/** Messages of floods in one input. */
const FLOODS_MAX = 300;
/** So that the limit of 50 messages a second is met by those who mean to. */
const STEP_MS = 25;

const { hash: HASH, version: VERSION } = termsOf(builtInTexts('Fernblick'), 1).en;
const FIELDS = { name: 'Frau Keller', phone: '', email: '', ticketId: '', custom: {} };
const DEVICES = { microphone: 'on', camera: 'on' };
const PREFLIGHT = {
  ...{ camera: 'noPicture', microphone: 'works', relay: 'slow', media: 'blocked', uplink: 'poor' },
  ...{ roundTripMs: 400, uplinkKbps: 90 },
};

const CAMERA = {
  ...{ light: 'off', zoom: { value: 1, min: 1, max: 8, step: 0.1 }, lens: 1 },
  lenses: [{ id: 1, kind: 'wide', number: 0 }],
  ...{ preference: 'sharp', saveData: false, paused: 'nobody', covered: 'parts' },
};

let lastId = 0;
function line(actor: string, type: string, params: object = {}): string {
  lastId++;
  return `${actor} ${JSON.stringify({ type, id: lastId, ...params })}`;
}
const hello = (actor: string, more: object = {}) =>
  line(actor, 'hello', {
    ...{ version: 1, role: actor === ANNA || actor === BERT ? 'technician' : 'customer' },
    ...{ language: 'en', videoCodecs: ['VP8'], peers: [], ...more },
  });
const agreed = { version: VERSION, language: 'en', hash: '$hash' };

const ARRIVAL = [
  ...[hello(ANNA), line(ANNA, 'createSession', { fields: FIELDS, method: 'pin' }), hello('carl')],
  ...[line('carl', 'claimPin', { pin: '$pin' })],
  line('carl', 'acceptTerms', { ...agreed, devices: DEVICES, browser: 'Test', resume: '$resume' }),
];
const CALL = [
  ...ARRIVAL,
  ...[
    line(ANNA, 'answer', { peerId: '$peer', sdp: 'v=0' }),
    line('carl', 'answer', { peerId: '$peer', sdp: 'v=0' }),
  ],
  ...['* !connected', line(ANNA, 'startSession', { sessionId: '$session' }), '* !flowing', '* !tick 1000'],
];
const FLOWS: readonly string[][] = [
  [
    ...CALL,
    line(ANNA, 'endSession', { sessionId: '$session' }),
    line(ANNA, 'dismissSession', { sessionId: '$session' }),
  ],
  [
    ...CALL,
    'carl !close 1006',
    '* !tick 2000',
    hello('carl', { resume: '$resume' }),
    '* !tick 1000',
    line('carl', 'leave'),
  ],
  [
    ...CALL,
    `${ANNA} !close 1001`,
    '* !tick 400000',
    hello(ANNA),
    line(ANNA, 'openLog', { sessionId: '$session' }),
  ],
  [
    ...[...CALL, '* !silent', line('carl', 'peerStalled', { peerId: '$peer' })],
    ...[line('carl', 'peerFailed', { peerId: '$peer' }), '* !closed', '* !tick 5000'],
  ],
  [
    ...[hello(ANNA), line(ANNA, 'createSession', { fields: FIELDS, method: 'link' }), hello('dora')],
    ...[line('dora', 'claimLink', { token: '$token' }), line('dora', 'declineTerms', agreed)],
    ...[line('dora', 'claimChannel', { channel: 'help' }), line('dora', 'declineTerms', agreed)],
  ],
  [
    ...[
      ...ARRIVAL,
      line('carl', 'devices', { sessionId: '$session', devices: { microphone: 'muted', camera: 'none' } }),
    ],
    ...[line(ANNA, 'invite', { sessionId: '$session', method: 'link' })],
    ...[line(ANNA, 'editSession', { sessionId: '$session', fields: FIELDS }), line('carl', 'ping')],
    ...[line('carl', 'picture', { sessionId: '$session', picture: { mode: 'stills', cause: 'bandwidth' } })],
    ...[line('carl', 'probe', { sessionId: '$session', padding: 'x'.repeat(40) })],
    ...[line('carl', 'preflight', { sessionId: '$session', preflight: PREFLIGHT })],
    'carl !binary 0100000007ffd8ff00',
  ],
  [
    ...CALL,
    line('carl', 'openBoard', { sessionId: '$session', after: 0 }),
    ...[
      {
        type: 'add',
        surface: 0,
        mark: { id: 'aaaaaaaa', tool: 'pen', colour: 'blue', points: [0, 0, 10_000, 9] },
      },
      {
        type: 'add',
        surface: 0,
        mark: { id: 'bbbbbbbb', tool: 'text', colour: 'black', points: [5, 5], text: 'x' },
      },
      { type: 'remove', markId: 'aaaaaaaa' },
      { type: 'restore', markId: 'aaaaaaaa' },
      { type: 'clear', surface: 0 },
    ].flatMap((operation) =>
      ['carl', ANNA].map((who) => line(who, 'draw', { sessionId: '$session', operation })),
    ),
    line(ANNA, 'sketch', {
      sessionId: '$session',
      sketch: { markId: 'cccccccc', surface: 0, tool: 'laser', colour: 'blue', from: 0, points: [1, 2] },
    }),
    line(ANNA, 'freeze', { sessionId: '$session' }),
    'carl !binary 0200000063000000010000000000000006ffd8ffe00010',
    line(ANNA, 'openStill', { sessionId: '$session', surface: 1, offset: 0 }),
    line(ANNA, 'unfreeze', { sessionId: '$session' }),
    line(ANNA, 'freeze', { sessionId: '$session' }),
    line('carl', 'freezeFailed', { sessionId: '$session', surface: 2 }),
  ],
  [
    ...CALL,
    ...[line('carl', 'cameraState', { sessionId: '$session', state: CAMERA })],
    ...[
      ...[
        { type: 'light', on: true },
        { type: 'zoom', value: 2 },
        { type: 'lens', lens: 1 },
      ],
      ...[
        { type: 'prefer', preference: 'smooth' },
        { type: 'pause', paused: false },
      ],
    ].map((wish) => line(ANNA, 'askCamera', { sessionId: '$session', wish })),
    ...['done', 'asked', 'declined'].map((outcome, i) =>
      line('carl', 'cameraWishDone', { sessionId: '$session', wishId: i + 1, outcome }),
    ),
    '* !tick 200000',
    line(ANNA, 'takePhoto', { sessionId: '$session' }),
    line(ANNA, 'askConsent', { sessionId: '$session', kind: 'photos' }),
    line('carl', 'openPhotos', { sessionId: '$session' }),
    line('carl', 'offerPhoto', {
      ...{ sessionId: '$session', photoId: 0, format: 'image/jpeg' },
      ...{ bytes: 6, sha256: 'ab'.repeat(32) },
    }),
    'carl !binary 0300000007408f4800000000000000000100000000ffd8ffe00010',
    line(ANNA, 'openPhotoMarks', { sessionId: '$session', photoId: 1 }),
    line(ANNA, 'markPhoto', {
      ...{ sessionId: '$session', photoId: 1 },
      operations: [{ type: 'remove', markId: 'aaaaaaaa' }],
    }),
    line(ANNA, 'deletePhoto', { sessionId: '$session', photoId: 1 }),
    line('carl', 'photoFailed', { sessionId: '$session', photoId: 1, reason: 'failed' }),
    line('carl', 'cancelPhoto', { sessionId: '$session', photoId: 1 }),
  ],
  [
    hello(ANNA),
    hello(BERT),
    line(BERT, 'createSession', { fields: FIELDS, method: 'pin' }),
    `${ANNA} !flood 300`,
  ],
];
const SEEDS = FLOWS.map((flow) => flow.join('\n'));
const ACTORS = [ANNA, BERT, 'carl', 'dora', 'emil'] as const;
const HAPPENINGS = [
  ...['* !tick 1000', '* !tick 600000', '* !connected', '* !flowing', '* !silent', '* !closed', '* !hurry'],
  ...['carl !close 1006', 'carl !close 1001', 'anna !close 1006', 'dora !binary 01000000', 'carl !flood 120'],
];

function make(random: Random): string {
  const lines = mutatedLines(random, SEEDS, MAX_BYTES).split('\n');
  for (let more = random(12); more > 0; more--) {
    const at = random(lines.length + 1);
    const other = pick(random, FLOWS[random(FLOWS.length)] ?? CALL);
    const said = `${pick(random, ACTORS)} ${other.slice(other.indexOf(' ') + 1)}`;
    const nonsense = `${pick(random, ACTORS)} ${damagedMessage(random).slice(0, 2_000)}`;
    lines.splice(at, 0, chance(random, 20) ? pick(random, HAPPENINGS) : chance(random, 70) ? said : nonsense);
  }
  return lines.join('\n');
}

// ---------------------------------------------------------------- running one

/** What somebody has heard last; the words that messages use for it. */
type Heard = { session: number; pin: string; token: string; resume: string };

class Conversation {
  readonly complaints: string[] = [];
  messages = 0;
  readonly #front: Front;
  readonly #sockets = new Map<string, FakeSocket>();
  readonly #all: FakeSocket[] = [];
  readonly #heard: Heard = { session: 0, pin: '000000', token: '', resume: '' };
  readonly #peers = new Map<string, string>();
  readonly #created = new Set<number>();
  readonly #removed = new Set<number>();
  /** By actor: sessions to be dismissed, by word of a page that may not live to hear that they are. */
  readonly #dismissing = new Map<string, Set<number>>();
  readonly #network: string;
  #floods = 0;
  /** Nobody waits for answers any more. */
  #hurries = false;

  constructor(front: Front, input: number) {
    this.#front = front;
    // As a page makes it: of the right form, and its own.
    this.#heard.resume = String(input).padStart(43, 'R');
    this.#network = `10.${(input >> 16) & 255}.${(input >> 8) & 255}.${input & 255}`;
  }

  async run(text: string): Promise<void> {
    for (const each of text.split('\n').slice(0, MAX_LINES)) {
      const space = each.indexOf(' ');
      const actor = ACTORS.find((name) => name === each.slice(0, space)) ?? 'carl';
      await this.#step(actor, each.slice(space + 1));
      if (!this.#hurries) {
        await this.#settle();
      }
    }
    await this.#settle();
    await this.#cleanUp();
    this.complaints.push(...this.#all.flatMap((socket) => socket.complaints));
    this.complaints.push(...this.#front.errors.splice(0));
  }

  async #step(actor: string, what: string): Promise<void> {
    const { scene, plane, signalling } = this.#front;
    scene.clock.now += STEP_MS;
    const [, happening, argument = ''] = /^!(\w+) ?(.*)$/.exec(what) ?? [];
    switch (happening) {
      case undefined:
        this.#say(actor, what);
        return;
      case 'tick':
        scene.clock.now += Math.min(24 * 3_600_000, Math.max(0, Number(argument) || 0));
        await scene.sessions.tick();
        return;
      case 'connected':
      case 'flowing':
      case 'silent':
      case 'closed':
        plane.tell(happening);
        return;
      case 'hurry':
        this.#hurries = true;
        return;
      case 'close':
        this.#close(actor, Number(argument) || 1006);
        return;
      case 'binary': {
        const socket = this.#socket(actor);
        const bytes = Buffer.from(argument, 'hex');
        this.messages++;
        socket.expectsId(bytes.length < 5 ? 0 : bytes.readUInt32BE(1));
        signalling.binary(socket, bytes);
        return;
      }
      case 'flood':
        this.#floods = Math.max(this.#floods, FLOODS_MAX - (Number(argument) || 0));
        for (; this.#floods < FLOODS_MAX && this.#socket(actor).closed === undefined; this.#floods++) {
          this.#say(actor, '{"type":"ping","id":999}');
        }
    }
  }

  #say(actor: string, template: string): void {
    const { session, pin, token, resume } = this.#heard;
    const text = template
      .replaceAll('"$session"', String(session))
      .replaceAll('$pin', pin)
      .replaceAll('$token', token)
      .replaceAll('$resume', resume)
      .replaceAll('$hash', HASH)
      .replaceAll('$peer', this.#peers.get(actor) ?? 'none');
    const socket = this.#socket(actor);
    this.messages++;
    socket.expects(text);
    const parsed = parseClientMessage(text);
    if (parsed.ok && parsed.message.type === 'dismissSession') {
      const { sessionId } = parsed.message;
      this.#dismissing.set(actor, (this.#dismissing.get(actor) ?? new Set()).add(sessionId));
    }
    this.#front.signalling.message(socket, text, Buffer.byteLength(text));
    if (socket.closed !== undefined) {
      this.#close(actor, socket.closed);
    }
  }

  #socket(actor: string): FakeSocket {
    const present = this.#sockets.get(actor);
    if (present !== undefined && present.closed === undefined) {
      return present;
    }
    this.#close(actor, 1006);
    const socket = new FakeSocket(actor, this.#network, (message) => this.#hear(actor, message));
    this.#sockets.set(actor, socket);
    this.#all.push(socket);
    this.#front.signalling.open(socket);
    return socket;
  }

  /** As the library does it: the listener is told after the socket is gone. */
  #close(actor: string, code: number): void {
    const socket = this.#sockets.get(actor);
    if (socket !== undefined) {
      this.#sockets.delete(actor);
      for (const id of this.#dismissing.get(actor) ?? []) {
        this.#removed.add(id);
      }
      socket.close(code);
      this.#front.signalling.close(socket, code);
    }
  }

  #hear(actor: string, message: ServerMessage): void {
    if (message.type === 'offer') {
      this.#peers.set(actor, message.peerId);
    } else if (message.type === 'sessionRemoved') {
      this.#removed.add(message.sessionId);
    } else if (message.type === 'ok') {
      this.#learn(message.result);
    }
  }

  #learn(result: object): void {
    const { session, resume } = result as { session?: { id: number; invitation?: object }; resume?: string };
    this.#heard.resume = resume ?? this.#heard.resume;
    if (session !== undefined) {
      const { pin, link } = (session.invitation ?? {}) as { pin?: string; link?: string };
      this.#created.add(session.id);
      this.#heard.session = session.id;
      this.#heard.pin = pin ?? this.#heard.pin;
      this.#heard.token = link?.split('/').at(-1) ?? this.#heard.token;
    }
  }

  /** Until everything is answered. */
  async #settle(): Promise<void> {
    for (let turns = 0; turns < MOST_TURNS; turns++) {
      await turnOfTheLoop();
      for (const [actor, socket] of this.#sockets) {
        if (socket.closed !== undefined) {
          this.#close(actor, socket.closed);
        }
      }
      if (this.#all.every((socket) => socket.pending === 0)) {
        return;
      }
    }
    this.complaints.push('a message that was never answered');
  }

  /** Everybody goes, everything is there, and all of it can be ended and dismissed. */
  async #cleanUp(): Promise<void> {
    const { scene, signalling } = this.#front;
    for (const actor of [...this.#sockets.keys()]) {
      this.#close(actor, 1001);
    }
    for (let turns = 0; turns < 200 && signalling.pageCount > 0; turns++) {
      await turnOfTheLoop();
    }
    if (signalling.pageCount > 0) {
      this.complaints.push(`${signalling.pageCount} pages are left`);
    }
    const listed = [scene.anna, scene.bert].flatMap((account) =>
      scene.sessions.views(account).map(({ id }) => id),
    );
    const lost = [...this.#created].filter((id) => !listed.includes(id) && !this.#removed.has(id));
    if (lost.length > 0) {
      this.complaints.push(`sessions ${lost.join(' ')} are lost`);
    }
    for (const account of [scene.anna, scene.bert]) {
      await this.#dismissAll(account);
    }
    await turnOfTheLoop();
  }

  async #dismissAll(account: Account): Promise<void> {
    const { sessions } = this.#front.scene;
    for (const { id } of sessions.views(account)) {
      const session = sessions.owned(account, id);
      if (session !== undefined) {
        await sessions.end(account, session);
        const refused = await sessions.dismiss(account, session);
        if (refused !== undefined) {
          this.complaints.push(`session ${id} cannot be dismissed: ${refused}`);
        }
      }
    }
    if (sessions.views(account).length > 0) {
      this.complaints.push('sessions that were dismissed are there');
    }
  }
}

let front: Promise<Front> | undefined;
let inputs = 0;

async function freshFront(): Promise<Front> {
  if (front === undefined || inputs % INPUTS_PER_FRONT === 0) {
    await (await front)?.close();
    front = openFront();
  }
  inputs++;
  return front;
}

async function run(input: Buffer): Promise<Verdict> {
  const conversation = new Conversation(await freshFront(), inputs);
  await conversation.run(input.toString());
  return { complaints: conversation.complaints, steps: Math.max(1, conversation.messages) };
}

export const SIGNALLING_TARGET: FuzzTarget = {
  name: 'signalling',
  about: 'conversations of pages with the front, in any order',
  corpora: ['signalling'],
  maxBytes: MAX_BYTES,
  seeds: SEEDS.map((text) => Buffer.from(text)),
  slowestMs: 10_000,
  asynchronous: true,
  make: (random) => Buffer.from(make(random)),
  run,
  async close() {
    await (await front)?.close();
    front = undefined;
    inputs = 0;
  },
};
