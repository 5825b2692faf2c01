/** Real: node:crypto and files. Nothing is faked. */
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import {
  createSecrets,
  hashToken,
  loadServerKey,
  newToken,
  readSecrets,
  sameHash,
} from '../../relay/secrets.ts';
import { newFolder } from './contract/samples.ts';

const KEY = Buffer.alloc(32, 7);

t.test('a keyed hash depends on key, purpose and value', async (t) => {
  const secrets = createSecrets(KEY);
  const value = secrets.hmac('pin', '402913');
  t.match(value, /^[0-9a-f]{64}$/);
  t.equal(createSecrets(KEY).hmac('pin', '402913'), value);
  t.not(secrets.hmac('pin', '402914'), value);
  t.not(secrets.hmac('token', '402913'), value);
  t.not(secrets.hmac('pi', 'n402913'), value);
  t.not(createSecrets(Buffer.alloc(32, 8)).hmac('pin', '402913'), value);
});

t.test('what was sealed opens again, and looks different each time', async (t) => {
  const secrets = createSecrets(KEY);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, purpose) => {
      const sealed = secrets.seal(purpose, text);
      return (
        /^[\w-]+$/.test(sealed) &&
        sealed !== secrets.seal(purpose, text) &&
        secrets.open(purpose, sealed) === text
      );
    }),
  );
  t.pass('100 strings');
});

t.test('what was altered, or sealed by another key or for another purpose, does not open', async (t) => {
  const secrets = createSecrets(KEY);
  const sealed = secrets.seal('pin', '402913');
  t.equal(secrets.open('token', sealed), undefined);
  t.equal(createSecrets(Buffer.alloc(32, 8)).open('pin', sealed), undefined);
  const bytes = Buffer.from(sealed, 'base64url');
  for (let i = 0; i < bytes.length * 8; i++) {
    const altered = Buffer.from(bytes);
    altered[i >> 3] = (altered[i >> 3] ?? 0) ^ (1 << (i & 7));
    if (secrets.open('pin', altered.toString('base64url')) !== undefined) {
      t.fail(`bit ${i} does not matter`);
    }
  }
  for (let length = 0; length < bytes.length; length++) {
    t.equal(secrets.open('pin', bytes.subarray(0, length).toString('base64url')), undefined);
  }
  t.equal(secrets.open('pin', 'not base64 at all: ü'), undefined);
});

t.test('tokens have 256 bits and their hash is plain SHA-256', async (t) => {
  const tokens = new Set(Array.from({ length: 1000 }, newToken));
  t.equal(tokens.size, 1000);
  for (const token of tokens) {
    if (!/^[\w-]{43}$/.test(token)) {
      t.fail(token);
    }
  }
  t.equal(hashToken('abc'), createHash('sha256').update('abc').digest('hex'));
  t.equal(sameHash(hashToken('abc'), hashToken('abc')), true);
  t.equal(sameHash(hashToken('abc'), hashToken('abd')), false);
  t.equal(sameHash(hashToken('abc'), ''), false);
});

t.test('the key is made once, for its owner only, and stays', async (t) => {
  const folder = join(newFolder(t), 'data');
  const key = loadServerKey(folder);
  t.equal(key.length, 32);
  t.equal(statSync(join(folder, 'server.key')).mode & 0o777, 0o600);
  t.strictSame(readdirSync(folder), ['server.key']);
  t.ok(Buffer.from(loadServerKey(folder)).equals(key));
  t.notOk(Buffer.from(loadServerKey(newFolder(t))).equals(key));
  t.equal(readSecrets(folder).open('p', createSecrets(key).seal('p', 'text')), 'text');
});

t.test('a key file that others may read is closed to them', async (t) => {
  const folder = newFolder(t);
  loadServerKey(folder);
  chmodSync(join(folder, 'server.key'), 0o644);
  loadServerKey(folder);
  t.equal(statSync(join(folder, 'server.key')).mode & 0o777, 0o600);
});

t.test('what a crash left of making the key is no key', async (t) => {
  const folder = newFolder(t);
  writeFileSync(join(folder, 'server.key.new'), 'half');
  const key = loadServerKey(folder);
  t.equal(key.length, 32);
  t.strictSame(readdirSync(folder), ['server.key']);
});

t.test('a key of the wrong length is refused and stays as it is', async (t) => {
  const folder = newFolder(t);
  for (const content of ['', 'short', 'x'.repeat(33)]) {
    writeFileSync(join(folder, 'server.key'), content);
    t.throws(() => loadServerKey(folder), { code: 'serverKeyInvalid' });
    t.equal(readFileSync(join(folder, 'server.key'), 'utf8'), content);
  }
  t.throws(() => createSecrets(KEY.subarray(1)), RangeError);
});

t.test('a key from the configuration is taken in hex or base64, and makes no file', async (t) => {
  const folder = newFolder(t);
  for (const written of [
    KEY.toString('hex'),
    KEY.toString('hex').toUpperCase(),
    KEY.toString('base64'),
    ` ${KEY.toString('base64url')}\n`,
  ]) {
    t.ok(KEY.equals(loadServerKey(folder, written)), written);
  }
  t.strictSame(readdirSync(folder), []);
  for (const wrong of [
    'secret',
    KEY.toString('hex').slice(1),
    `${KEY.toString('base64')}AAAA`,
    'ü'.repeat(32),
  ]) {
    t.throws(() => loadServerKey(folder, wrong), { code: 'serverKeyInvalid' }, wrong);
  }
});

t.test('a folder that cannot be written is said to be so', async (t) => {
  const folder = newFolder(t);
  writeFileSync(join(folder, 'file'), '');
  t.throws(() => loadServerKey(join(folder, 'file', 'data')), { code: 'dataDirNotWritable' });
});
