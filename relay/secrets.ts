/** The server key and what is done with it: keyed hashes, sealed strings, tokens. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StartError } from './start-error.ts';

const KEY_BYTES = 32;
/** 256 bit, twice what reliability.md 3.9 S6 asks for. */
const TOKEN_BYTES = 32;
/** NIST SP 800-38D 8.2.2: random nonces of 96 bit, fine for 2^32 seals under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_FILE = 'server.key';

export type Secrets = {
  /** HMAC-SHA-256 in hex. Values of different purposes never collide. */
  hmac(purpose: string, value: string): string;
  /** AES-256-GCM, base64url; bound to its purpose. For short strings. */
  seal(purpose: string, text: string): string;
  /** Undefined when `sealed` was not made by this key for this purpose, or was altered. */
  open(purpose: string, sealed: string): string | undefined;
};

/** @param key 32 bytes; every use derives its own key from it (RFC 5869), so one leaking tells nothing of the other */
export function createSecrets(key: Uint8Array): Secrets {
  if (key.length !== KEY_BYTES) {
    throw new RangeError(`server key of ${key.length} bytes, ${KEY_BYTES} needed`);
  }
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', key, '', `fernblick ${use}`, KEY_BYTES));
  const macKey = derive('hmac');
  const sealKey = derive('seal');
  return {
    hmac: (purpose, value) => createHmac('sha256', macKey).update(`${purpose}\0${value}`).digest('hex'),
    seal(purpose, text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(purpose));
      const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(sealed).toString('base64url');
    },
    open(purpose, sealed) {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < NONCE_BYTES + TAG_BYTES) {
        return undefined;
      }
      const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      try {
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        // The tag does not fit.
        return undefined;
      }
    },
  };
}

/** `createSecrets` of the key that `loadServerKey` finds. */
export function readSecrets(dataDir: string, configured?: string): Secrets {
  return createSecrets(loadServerKey(dataDir, configured));
}

/** A new random token: 256 bit in base64url, 43 characters. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** SHA-256 in hex. A token is random, so its hash needs neither salt nor slowness. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares two hashes in a time that does not depend on where they differ. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * The server key: as configured (64 hex digits, or 32 bytes in base64), else the file `server.key` of the data
 * directory, which is made with mode 0600 when there is none.
 * @throws StartError `serverKeyInvalid`, `dataDirNotWritable`
 */
export function loadServerKey(dataDir: string, configured = ''): Uint8Array {
  if (configured !== '') {
    return parseKey(configured);
  }
  const path = join(dataDir, KEY_FILE);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return readKeyFile(path) ?? makeKeyFile(path);
  } catch (error) {
    if (error instanceof StartError) {
      throw error;
    }
    throw new StartError('dataDirNotWritable', `The server key ${path} cannot be read or written.`, {
      cause: error,
    });
  }
}

function parseKey(text: string): Uint8Array {
  const trimmed = text.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : Buffer.from(trimmed, 'base64');
  if (key.length !== KEY_BYTES || !/^[0-9A-Za-z+/_-]+=?$/.test(trimmed)) {
    throw new StartError(
      'serverKeyInvalid',
      'The server key must be 32 bytes, written as 64 hex digits or in base64.',
    );
  }
  return key;
}

function readKeyFile(path: string): Uint8Array | undefined {
  let key: Buffer;
  try {
    key = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  if (key.length !== KEY_BYTES) {
    throw new StartError(
      'serverKeyInvalid',
      `The server key ${path} has ${key.length} bytes instead of ${KEY_BYTES}. Put a copy of the former file there.`,
    );
  }
  // A restored backup often comes back readable for everybody.
  if ((statSync(path).mode & 0o077) !== 0) {
    chmodSync(path, 0o600);
  }
  return key;
}

/**
 * Complete or not there at all, also when the power fails half-way: written aside, synced, then renamed.
 * A second relay cannot come in between, because the store is opened first and locks the data directory.
 */
function makeKeyFile(path: string): Uint8Array {
  const key = randomBytes(KEY_BYTES);
  const aside = `${path}.new`;
  const file = openSync(aside, 'w', 0o600);
  try {
    writeSync(file, key);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
  return key;
}
