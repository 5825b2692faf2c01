/**
 * Local accounts: who may sign in, the sign-ins of browsers, and the first administrator.
 * Passwords are argon2id (this file is the only importer); of tokens only hashes are kept.
 */
import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { addressKey } from './address-key.ts';
import { type AccountRole, type ErrorCode, PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './protocol.ts';
import { hashToken, newToken, sameHash } from './secrets.ts';
import { StartError } from './start-error.ts';
import { type AccountRecord, emailKey, type Limit, type Limiter, type Store } from './store.ts';

const MINUTE_MS = 60_000;
/** Reliability.md 3.3: long enough for a call that nobody clicks in, short enough for a desk that was left. */
export const SIGN_IN_IDLE_MS = 30 * MINUTE_MS;
/** One working day. */
export const SIGN_IN_LIFE_MS = 12 * 60 * MINUTE_MS;
/** Each use would be one write to disk otherwise; the idle limit is that much less exact. */
const SEEN_INTERVAL_MS = MINUTE_MS;

/** Failures only (reliability.md 3.9, S5). */
export const ACCOUNT_LIMIT: Limit = { name: 'signin-account', points: 10, windowMs: 15 * MINUTE_MS };
export const ADDRESS_LIMIT: Limit = { name: 'signin-address', points: 50, windowMs: 60 * MINUTE_MS };

/** OWASP's first choice; some 40 ms and 19 MiB each. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Bounds memory and leaves the thread pool a few threads for files. */
const HASHES_AT_ONCE = 2;
/** A few seconds of work; whoever comes later is told to try again. */
const HASHES_WAITING_MAX = 64;

const SET_UP_KEY = 'setUpTokenHash';

export type SignedIn = {
  account: AccountRecord;
  /** For the cookie; kept nowhere. */
  token: string;
  /** End of the absolute life, epoch milliseconds. */
  expiresAt: number;
};

export type NewAccount = {
  name: string;
  /** Empty: the name. */
  nickname: string;
  email: string;
  role: AccountRole;
  password: string;
};

export type AccountChanges = Partial<NewAccount> & { enabled?: boolean };

export type AccountsOptions = {
  /** Epoch milliseconds. */
  now: () => number;
  /**
   * Some sign-ins of the account have just ended (signed out, disabled, new password). Whoever holds a socket of it asks
   * `byToken` again and closes the socket when the answer is undefined.
   */
  onSignInsEnded?: (accountId: number) => void;
};

export class Accounts {
  readonly #store: Store;
  readonly #limiter: Limiter;
  readonly #now: () => number;
  readonly #onSignInsEnded: (accountId: number) => void;
  readonly #hashing = new Slots(HASHES_AT_ONCE, HASHES_WAITING_MAX);
  /** Compared with when there is no such account, so that the time of a refusal does not tell. */
  readonly #nobodysHash = unmatchableHash();
  /** Sign-ins whose last use is just being written. */
  readonly #touching = new Set<string>();

  constructor(store: Store, limiter: Limiter, options: AccountsOptions) {
    this.#store = store;
    this.#limiter = limiter;
    this.#now = options.now;
    this.#onSignInsEnded = options.onSignInsEnded ?? (() => undefined);
  }

  // -------------------------------------------------------------- signing in and out

  /**
   * @param address of the client, as text
   * @returns `credentialsWrong` for an unknown address and a wrong password alike, `accountDisabled` only to who knows the
   *          password, `throttled` whether or not the password is right
   */
  async signIn(email: string, password: string, address: string): Promise<SignedIn | ErrorCode> {
    const checked = await this.#check(email, password, address);
    if (typeof checked === 'string') {
      return checked;
    }
    if (!checked.enabled) {
      return 'accountDisabled';
    }
    return (await this.#begin(checked)) ?? 'credentialsWrong';
  }

  /** The account that a browser is signed in to, or undefined; counts as a use. */
  async byToken(token: string): Promise<AccountRecord | undefined> {
    if (token === '') {
      return undefined;
    }
    const tokenHash = hashToken(token);
    const signIn = await this.#store.signIn(tokenHash);
    const now = this.#now();
    if (!signIn || now >= signIn.expiresAt || now - signIn.seenAt >= SIGN_IN_IDLE_MS) {
      return undefined;
    }
    const account = await this.#store.account(signIn.accountId);
    if (!account?.enabled) {
      return undefined;
    }
    if (now - signIn.seenAt >= SEEN_INTERVAL_MS) {
      await this.#touch(tokenHash, now);
    }
    return account;
  }

  /** Writes that the sign-in was used now, unless that is being written or was a moment ago. */
  async #touch(tokenHash: string, now: number): Promise<void> {
    if (this.#touching.has(tokenHash)) {
      return;
    }
    this.#touching.add(tokenHash);
    try {
      const present = await this.#store.signIn(tokenHash);
      if (present && now - present.seenAt >= SEEN_INTERVAL_MS) {
        await this.#store.transaction((tx) => tx.touchSignIn(tokenHash, now));
      }
    } finally {
      this.#touching.delete(tokenHash);
    }
  }

  async signOut(token: string): Promise<void> {
    const tokenHash = hashToken(token);
    const signIn = await this.#store.signIn(tokenHash);
    if (signIn) {
      await this.#store.transaction((tx) => tx.deleteSignIn(tokenHash));
      this.#onSignInsEnded(signIn.accountId);
    }
  }

  /**
   * Ends all sign-ins of the account but the one of `keepToken`.
   * @returns undefined when done, or `credentialsWrong`, `throttled`, `passwordTooShort`, `invalidField`
   */
  async changePassword(
    account: AccountRecord,
    current: string,
    password: string,
    keepToken: string,
  ): Promise<ErrorCode | undefined> {
    const refusal = passwordRefusal(password);
    if (refusal) {
      return refusal;
    }
    const checked = await this.#check(account.email, current);
    if (typeof checked === 'string') {
      return checked;
    }
    const passwordHash = await this.#hash(password);
    if (passwordHash === undefined) {
      return 'throttled';
    }
    const changed = await this.#store.transaction(async (tx) => {
      // Read again: an administrator may have changed the account, or given its address to another, in the meantime.
      // Hashes have random salts, so equal ones are the same password of the same account.
      const present = await this.#store.account(account.id);
      if (present?.passwordHash !== checked.passwordHash) {
        return false;
      }
      await tx.updateAccount({ ...present, passwordHash });
      await tx.deleteSignInsOf(account.id, hashToken(keepToken));
      return true;
    });
    if (!changed) {
      return 'credentialsWrong';
    }
    this.#onSignInsEnded(account.id);
    return undefined;
  }

  // -------------------------------------------------------------- administration

  list(): Promise<AccountRecord[]> {
    return this.#store.accounts();
  }

  /** @returns the account, or `emailTaken`, `passwordTooShort`, `invalidField`, `throttled` */
  async create(wanted: NewAccount): Promise<AccountRecord | ErrorCode> {
    const record = await this.#newRecord(wanted);
    if (typeof record === 'string') {
      return record;
    }
    return (await this.#store.transaction((tx) => tx.insertAccount(record))) ?? 'emailTaken';
  }

  /** @returns the account, or `notFound`, `emailTaken`, `lastAdministrator`, `passwordTooShort`, `invalidField`, `throttled` */
  async update(id: number, changes: AccountChanges): Promise<AccountRecord | ErrorCode> {
    const { password, ...plain } = changes;
    const refusal = password === undefined ? undefined : passwordRefusal(password);
    if (refusal) {
      return refusal;
    }
    const passwordHash = password === undefined ? undefined : await this.#hash(password);
    if (password !== undefined && passwordHash === undefined) {
      return 'throttled';
    }
    let signInsEnded = false;
    const result = await this.#store.transaction(async (tx): Promise<AccountRecord | ErrorCode> => {
      const accounts = await this.#store.accounts();
      const before = accounts.find((account) => account.id === id);
      if (!before) {
        return 'notFound';
      }
      const after: AccountRecord = { ...before, ...plain, ...(passwordHash ? { passwordHash } : {}) };
      after.nickname = after.nickname || after.name;
      const others = accounts.filter((account) => account.id !== id);
      if (isAdministrator(before) && !isAdministrator(after) && !others.some(isAdministrator)) {
        return 'lastAdministrator';
      }
      if (!(await tx.updateAccount(after))) {
        return 'emailTaken';
      }
      if (passwordHash !== undefined || !after.enabled) {
        await tx.deleteSignInsOf(id);
        signInsEnded = true;
      }
      return after;
    });
    if (signInsEnded) {
      this.#onSignInsEnded(id);
    }
    return result;
  }

  // -------------------------------------------------------------- first administrator

  /**
   * Makes the first administrator when there is no account at all.
   * @param given address and password from the configuration; undefined when it has none
   * @returns a set-up token for `redeemSetUp` when there is no account and none was given; it replaces the one before
   * @throws StartError `administratorInvalid`
   */
  async ensureFirstAdministrator(
    given: { email: string; password: string } | undefined,
  ): Promise<string | undefined> {
    const empty = (await this.#store.accounts()).length === 0;
    const token = empty && !given ? newToken() : undefined;
    await this.#store.transaction((tx) => tx.setValue(SET_UP_KEY, token ? hashToken(token) : null));
    if (!empty || !given) {
      return token;
    }
    const email = given.email.trim();
    const problem = isEmail(email) ? await this.#createFirst(email, given.password) : 'invalidField';
    if (problem) {
      throw new StartError(
        'administratorInvalid',
        problem === 'passwordTooShort'
          ? `The password of the first administrator needs at least ${PASSWORD_MIN_LENGTH} characters.`
          : 'The e-mail address or the password of the first administrator is not valid.',
      );
    }
    return undefined;
  }

  async #createFirst(email: string, password: string): Promise<ErrorCode | undefined> {
    const name = email.slice(0, email.indexOf('@'));
    const created = await this.create({ name, nickname: '', email, role: 'administrator', password });
    return typeof created === 'string' ? created : undefined;
  }

  /**
   * The first administrator by the link that the terminal printed; signs in at once. Works once.
   * @returns `setUpUnknown`, `passwordTooShort`, `invalidField` or `throttled` when it did not work
   */
  async redeemSetUp(
    wanted: { token: string; name: string; email: string; password: string },
    address: string,
  ): Promise<SignedIn | ErrorCode> {
    const key = addressKey(address);
    if (!(await this.#limiter.consume(ADDRESS_LIMIT, key))) {
      return 'throttled';
    }
    if (!(await this.#isSetUpToken(wanted.token))) {
      return 'setUpUnknown';
    }
    await this.#limiter.refund(ADDRESS_LIMIT, key);
    const record = await this.#newRecord({ ...wanted, nickname: '', role: 'administrator' });
    if (typeof record === 'string') {
      return record;
    }
    const created = await this.#store.transaction(async (tx) => {
      // Somebody else may have used the link while the password was hashed.
      if (!(await this.#isSetUpToken(wanted.token))) {
        return undefined;
      }
      await tx.setValue(SET_UP_KEY, null);
      return tx.insertAccount(record);
    });
    return (created && (await this.#begin(created))) ?? 'setUpUnknown';
  }

  async #isSetUpToken(token: string): Promise<boolean> {
    const expected = await this.#store.value(SET_UP_KEY);
    return expected !== undefined && sameHash(expected, hashToken(token));
  }

  // -------------------------------------------------------------- inside

  /** Undefined when the account was disabled or got another password since `account` was read. */
  async #begin(account: AccountRecord): Promise<SignedIn | undefined> {
    const token = newToken();
    const now = this.#now();
    const expiresAt = now + SIGN_IN_LIFE_MS;
    const begun = await this.#store.transaction(async (tx) => {
      const present = await this.#store.account(account.id);
      if (!present?.enabled || present.passwordHash !== account.passwordHash) {
        return false;
      }
      await tx.deleteExpiredSignIns(now);
      await tx.insertSignIn({
        tokenHash: hashToken(token),
        accountId: account.id,
        createdAt: now,
        expiresAt,
        seenAt: now,
      });
      return true;
    });
    return begun ? { account, token, expiresAt } : undefined;
  }

  /**
   * The account whose password this is. An attempt is counted before it is tried and taken back when it succeeds, so that
   * many at the same time get no more tries than one after the other.
   */
  async #check(email: string, password: string, address?: string): Promise<AccountRecord | ErrorCode> {
    const counted: [Limit, string][] = [[ACCOUNT_LIMIT, emailKey(email)]];
    if (address !== undefined) {
      counted.unshift([ADDRESS_LIMIT, addressKey(address)]);
    }
    for (const [index, [limit, key]] of counted.entries()) {
      if (!(await this.#limiter.consume(limit, key))) {
        await this.#refund(counted.slice(0, index));
        return 'throttled';
      }
    }
    const account = await this.#store.accountByEmail(email);
    const right = await this.#verify(account?.passwordHash ?? this.#nobodysHash, password);
    if (right === undefined) {
      await this.#refund(counted);
      return 'throttled';
    }
    if (!account || !right) {
      return 'credentialsWrong';
    }
    await this.#refund(counted);
    await this.#limiter.forget(ACCOUNT_LIMIT, emailKey(email));
    return account;
  }

  async #refund(counted: readonly [Limit, string][]): Promise<void> {
    for (const [limit, key] of counted) {
      await this.#limiter.refund(limit, key);
    }
  }

  /** The record to insert, checked. */
  async #newRecord(wanted: NewAccount): Promise<Omit<AccountRecord, 'id'> | ErrorCode> {
    const refusal = passwordRefusal(wanted.password);
    if (refusal) {
      return refusal;
    }
    const passwordHash = await this.#hash(wanted.password);
    if (passwordHash === undefined) {
      return 'throttled';
    }
    return {
      name: wanted.name,
      nickname: wanted.nickname || wanted.name,
      email: wanted.email.trim(),
      role: wanted.role,
      enabled: true,
      passwordHash,
      createdAt: this.#now(),
    };
  }

  /** Undefined when too many are waiting. */
  #hash(password: string): Promise<string | undefined> {
    return this.#hashing.run(() => hash(normalizePassword(password), ARGON2));
  }

  /** Undefined when too many are waiting. */
  #verify(passwordHash: string, password: string): Promise<boolean | undefined> {
    return this.#hashing.run(() => verify(passwordHash, normalizePassword(password)));
  }
}

function isAdministrator(account: AccountRecord): boolean {
  return account.enabled && account.role === 'administrator';
}

/** For an address from the configuration; what browsers send has been checked by its schema. */
function isEmail(email: string): boolean {
  return email.length <= 254 && /^[^\s@]+@[^\s@]+$/u.test(email);
}

/** Counted in characters that a person sees typed, not in UTF-16 units. */
function passwordRefusal(password: string): ErrorCode | undefined {
  const length = [...password].length;
  if (length < PASSWORD_MIN_LENGTH) {
    return 'passwordTooShort';
  }
  return length > PASSWORD_MAX_LENGTH ? 'invalidField' : undefined;
}

/** An umlaut is one code point on one keyboard and two on another (NIST SP 800-63B 5.1.1.2 asks for this). */
function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/** A well-formed hash with our cost that no password has: its salt and sum are random. */
function unmatchableHash(): string {
  const base64 = (bytes: number): string => randomBytes(bytes).toString('base64').replaceAll('=', '');
  const { memoryCost, timeCost, parallelism } = ARGON2;
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${base64(16)}$${base64(32)}`;
}

/** Lets so many run at once and so many wait. */
class Slots {
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(slots: number, waitingMax: number) {
    this.#free = slots;
    this.#waitingMax = waitingMax;
  }

  /** Undefined, and `work` is not run, when too many are waiting. */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#free > 0) {
      this.#free -= 1;
    } else if (this.#waiting.length < this.#waitingMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      return undefined;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) {
        next();
      } else {
        this.#free += 1;
      }
    }
  }
}
