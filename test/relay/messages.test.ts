/**
 * Real: the schemas, and the examples of relay/PROTOCOL.md as valid messages to start from. Nothing is faked.
 */
import t from 'tap';
import { BODIES, parseClientMessage } from '../../relay/messages.ts';
import { exampleRequests } from '../support/protocol-document.ts';

type Json = Record<string, unknown>;

const examples = new Map(exampleRequests().map(({ type, text }) => [type, text]));

/** The document's example of a request, changed by `edit`. */
function edited(type: string, edit: (message: Json) => void): string {
  const message = JSON.parse(examples.get(type) ?? 'null') as Json;
  edit(message);
  return JSON.stringify(message);
}

/** Sets what stands at a path such as `fields.name`. */
function withValue(type: string, path: string, value: unknown): string {
  return edited(type, (message) => {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let at = message;
    for (const key of keys) {
      at = at[key] as Json;
    }
    at[last] = value;
  });
}

const customFields = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`field${index}`, '']));
const peerIds = (count: number) => Array.from({ length: count }, (_, index) => `peer-${index}`);

/** What is just allowed and what is just too much, for every bound of every message. */
const BOUNDS: { type: string; path: string; good: unknown[]; bad: unknown[] }[] = [
  { type: 'ping', path: 'id', good: [0, Number.MAX_SAFE_INTEGER], bad: [-1, 1.5, 2 ** 53, '1', null] },
  { type: 'hello', path: 'version', good: [0, 1, 99], bad: [1.5, '1', null] },
  { type: 'hello', path: 'role', good: ['customer'], bad: ['', 'administrator', 'Technician'] },
  { type: 'hello', path: 'language', good: ['de'], bad: ['fr', 'DE', 0] },
  {
    type: 'hello',
    path: 'videoCodecs',
    good: [[], ['VP9', 'AV1'], Array(8).fill('VP8')],
    bad: [Array(9).fill('VP8'), ['H265'], 'VP8'],
  },
  {
    type: 'hello',
    path: 'peers',
    good: [[], peerIds(40), ['p'.repeat(64)]],
    bad: [peerIds(41), [''], ['p'.repeat(65)], [7]],
  },
  { type: 'hello', path: 'resume', good: ['', 'r'.repeat(128)], bad: ['r'.repeat(129), null, 7] },
  { type: 'answer', path: 'peerId', good: ['p', 'p'.repeat(64)], bad: ['', 'p'.repeat(65)] },
  { type: 'answer', path: 'sdp', good: ['', 's'.repeat(32 * 1024)], bad: ['s'.repeat(32 * 1024 + 1)] },
  { type: 'peerFailed', path: 'peerId', good: ['p'.repeat(64)], bad: ['', 'p'.repeat(65)] },
  { type: 'devices', path: 'sessionId', good: [1], bad: [0, -1, 1.5, '1'] },
  { type: 'devices', path: 'devices.microphone', good: ['on', 'none'], bad: ['paused', ''] },
  { type: 'devices', path: 'devices.camera', good: ['paused', 'none'], bad: ['muted', ''] },
  ...['name', 'phone', 'email', 'ticketId'].map((field) => ({
    type: 'createSession',
    path: `fields.${field}`,
    good: ['', 'ü'.repeat(200), '<b>', "'; drop table session"],
    bad: ['x'.repeat(201), 'a\u0000b', 'a\nb', 'a\u0085b', 7, null],
  })),
  {
    type: 'editSession',
    path: 'fields.custom',
    good: [{}, customFields(20), { ['k'.repeat(40)]: 'v'.repeat(200) }],
    bad: [
      customFields(21),
      { '': '' },
      { ['k'.repeat(41)]: '' },
      { k: 'v'.repeat(201) },
      { k: 'a\tb' },
      { 'a\nb': '' },
      [],
    ],
  },
  { type: 'invite', path: 'method', good: ['pin', 'link'], bad: ['sms', ''] },
  { type: 'claimPin', path: 'pin', good: ['', '1'.repeat(32)], bad: ['1'.repeat(33), 481627] },
  { type: 'claimChannel', path: 'channel', good: ['help', 'c'.repeat(40)], bad: ['c'.repeat(41)] },
  { type: 'claimLink', path: 'token', good: ['', 't'.repeat(128)], bad: ['t'.repeat(129)] },
  { type: 'acceptTerms', path: 'version', good: [1], bad: [0, -1, 1.5] },
  {
    type: 'acceptTerms',
    path: 'hash',
    good: ['0'.repeat(64)],
    bad: ['0'.repeat(63), '0'.repeat(65), 'A'.repeat(64), ''],
  },
  {
    type: 'acceptTerms',
    path: 'browser',
    good: ['', 'b'.repeat(200)],
    bad: ['b'.repeat(201), 'Chrome\r\nSet-Cookie: a=b'],
  },
  {
    type: 'acceptTerms',
    path: 'resume',
    good: ['A'.repeat(43), `${'_-'.repeat(21)}9`],
    bad: ['', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, `${'A'.repeat(42)}/`],
  },
  { type: 'declineTerms', path: 'hash', good: ['f'.repeat(64)], bad: ['g'.repeat(64)] },
];

t.test('every bound holds: the largest value passes, the first beyond it does not', async (t) => {
  for (const { type, path, good, bad } of BOUNDS) {
    for (const value of good) {
      const text = withValue(type, path, value);
      t.ok(parseClientMessage(text).ok, `${type} ${path}: ${JSON.stringify(value).slice(0, 60)}`);
    }
    for (const value of bad) {
      const text = withValue(type, path, value);
      t.notOk(parseClientMessage(text).ok, `${type} ${path}: ${JSON.stringify(value).slice(0, 60)}`);
    }
  }
});

t.test('an unknown key is refused wherever it stands', async (t) => {
  for (const [type, text] of examples) {
    const paths = ['surplus'];
    for (const [key, value] of Object.entries(JSON.parse(text) as Json)) {
      if (typeof value === 'object' && !Array.isArray(value)) {
        paths.push(`${key}.surplus`);
      }
    }
    for (const path of paths) {
      t.same(
        parseClientMessage(withValue(type, path, '')),
        { ok: false, id: (JSON.parse(text) as Json)['id'], code: 'badMessage' },
        `${type} ${path}`,
      );
    }
  }
});

/** Of the examples. */
const OPTIONAL = ['hello resume', 'endSession outcome', 'endSession notes'];

t.test('a missing key is refused, but for those that are optional', async (t) => {
  for (const [type, text] of examples) {
    for (const key of Object.keys(JSON.parse(text) as Json)) {
      const without = edited(type, (message) => {
        delete message[key];
      });
      const optional = OPTIONAL.includes(`${type} ${key}`);
      t.equal(parseClientMessage(without).ok, optional, `${type} without ${key}`);
    }
  }
});

t.test('what is accepted is what was sent', async (t) => {
  for (const [type, text] of examples) {
    t.same(parseClientMessage(text), { ok: true, message: JSON.parse(text) }, type);
  }
});

t.test('a message that is no object with type and id is answered with id 0', async (t) => {
  const broken = ['', ' ', '{', 'null', '[]', '7', '"ping"', '{}', '{"type":"ping"}', '{"id":1}'];
  for (const text of [...broken, '{"type":7,"id":1}', '{"type":"ping","id":"1"}', '\u0000', '\ud800']) {
    t.same(parseClientMessage(text), { ok: false, id: 0, code: 'badMessage' }, JSON.stringify(text));
  }
});

t.test('a type that is no request is unknown, also when every object has such a member', async (t) => {
  const types = ['', 'Ping', 'ok', 'session', 'x'.repeat(40)];
  for (const type of [...types, '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const text = JSON.stringify({ type, id: 3 });
    t.same(parseClientMessage(text), { ok: false, id: 3, code: 'unknownMessage' }, type);
  }
  t.same(
    parseClientMessage(JSON.stringify({ type: 'x'.repeat(41), id: 3 })),
    { ok: false, id: 0, code: 'badMessage' },
    'a type longer than any we have is not even looked up',
  );
});

t.test('keys of the prototype neither pollute it nor come through', async (t) => {
  const texts = [
    '{"type":"ping","id":1,"__proto__":{"polluted":true}}',
    '{"type":"ping","id":1,"constructor":{"prototype":{"polluted":true}}}',
    '{"__proto__":{"type":"ping","id":1}}',
    withValue('createSession', 'fields.custom', JSON.parse('{"__proto__":{"polluted":"x"}}')),
    withValue('createSession', 'fields.custom', JSON.parse('{"__proto__":"polluted"}')),
    withValue('createSession', 'fields', JSON.parse('{"__proto__":{"name":"x"}}')),
  ];
  for (const text of texts) {
    const parsed = parseClientMessage(text);
    const shown = JSON.stringify(parsed);
    t.notMatch(shown, /polluted/, text);
    t.equal(Reflect.get({}, 'polluted'), undefined, text);
  }
  const harmless = parseClientMessage(withValue('createSession', 'fields.custom', { constructor: 'x' }));
  t.ok(harmless.ok, 'an unlucky name of a custom field is only a name');
});

t.test('depth and size cost nothing but a refusal', async (t) => {
  const depth = 100_000;
  const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const nested = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
  const texts = {
    'deep array': deep,
    'deep array as a parameter': `{"type":"ping","id":1,"x":${deep}}`,
    'deep object as fields': `{"type":"createSession","id":1,"method":"pin","fields":${nested}}`,
    'a long string': JSON.stringify({ type: 'answer', id: 1, peerId: 'p', sdp: 's'.repeat(1_000_000) }),
    'many peers': JSON.stringify({ type: 'hello', id: 1, peers: Array(100_000).fill('p') }),
    'many keys': JSON.stringify({ type: 'ping', id: 1, ...customFields(50_000) }),
    'a long number': `{"type":"ping","id":${'9'.repeat(100_000)}}`,
  };
  for (const [name, text] of Object.entries(texts)) {
    const startedAt = performance.now();
    t.notOk(parseClientMessage(text).ok, name);
    // The socket refuses anything above 256 KiB before this; a megabyte here leaves a wide margin.
    t.ok(performance.now() - startedAt < 1_000, `${name} in time`);
  }
});

t.test('bodies of the HTTP API are trimmed, bounded and strict', async (t) => {
  const create = BODIES['POST /api/technicians'];
  const good = {
    name: ' Anna ',
    nickname: '',
    email: ' anna@example.org ',
    role: 'technician',
    password: '',
  };
  t.match(create.parse(good), { name: 'Anna', email: 'anna@example.org' });
  const bad: Record<string, unknown[]> = {
    name: ['', '  ', 'x'.repeat(101), 7],
    nickname: ['x'.repeat(101)],
    email: ['', 'anna', 'anna@', '@example.org', 'a b@example.org', 'anna@example', 'a@b.c, d@e.f'],
    role: ['owner', ''],
    password: ['x'.repeat(129), null],
    surplus: [1],
  };
  for (const [key, values] of Object.entries(bad)) {
    for (const value of values) {
      t.notOk(create.safeParse({ ...good, [key]: value }).success, `${key}: ${JSON.stringify(value)}`);
    }
  }
  const long = `${'a'.repeat(243)}@example.org`;
  t.notOk(create.safeParse({ ...good, email: long }).success, 'an address of 255 characters');
  t.ok(create.safeParse({ ...good, email: long.slice(1) }).success, 'an address of 254 characters');
  t.ok(BODIES['PATCH /api/technicians/:id'].safeParse({}).success, 'a patch may be empty');
  t.notOk(BODIES['PATCH /api/technicians/:id'].safeParse({ enabled: undefined }).success);
  t.notOk(BODIES['POST /api/sign-in'].safeParse({ email: 'a@b.c' }).success);
});
