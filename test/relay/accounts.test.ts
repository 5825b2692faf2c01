/** Real: the SQLite store, the limiter in memory, argon2id. Faked: the clock. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import t, { type Test } from 'tap';
import {
  ACCOUNT_LIMIT,
  Accounts,
  ADDRESS_LIMIT,
  type NewAccount,
  SIGN_IN_IDLE_MS,
  SIGN_IN_LIFE_MS,
  type SignedIn,
} from '../../relay/accounts.ts';
import { createMemoryLimiter } from '../../relay/memory.ts';
import { hashToken } from '../../relay/secrets.ts';
import type { AccountRecord, Store } from '../../relay/store.ts';
import { openSqliteStore } from '../../relay/store-sqlite.ts';
import { NOW, newFolder } from './contract/samples.ts';

const PASSWORD = 'correct horse battery';
const ADDRESS = '192.0.2.1';
const MINUTE_MS = 60_000;
/** After this all counts of the account limit are forgotten. */
const THROTTLE_OVER_MS = ACCOUNT_LIMIT.windowMs * 1.25;

const ANNA: NewAccount = {
  name: 'Anna Muster',
  nickname: 'Anna',
  email: 'anna@example.org',
  role: 'technician',
  password: PASSWORD,
};

type World = {
  accounts: Accounts;
  store: Store;
  clock: { now: number };
  ended: number[];
  transactions(): number;
  /** Runs this in front of the next transaction: what another request has done just before. */
  first(work: () => Promise<unknown>): void;
  /** As after a restart of the relay: another object on the same store. */
  restart(): Accounts;
};

async function open(t: Test): Promise<World> {
  const opened = await openSqliteStore(join(newFolder(t), 'fernblick.db'));
  t.teardown(() => opened.close());
  const clock = { now: NOW };
  const ended: number[] = [];
  let transactions = 0;
  let before: (() => Promise<unknown>) | undefined;
  const store: Store = {
    ...opened,
    async transaction(work) {
      transactions += 1;
      const first = before;
      before = undefined;
      await first?.();
      return opened.transaction(work);
    },
  };
  const first = (work: () => Promise<unknown>): void => {
    before = work;
  };
  const restart = (): Accounts =>
    new Accounts(store, createMemoryLimiter({ now: () => clock.now }), {
      now: () => clock.now,
      onSignInsEnded: (accountId) => ended.push(accountId),
    });
  return { accounts: restart(), store, clock, ended, transactions: () => transactions, first, restart };
}

function expectAccount(result: AccountRecord | string): AccountRecord {
  if (typeof result === 'string') {
    throw new Error(`expected an account, got ${result}`);
  }
  return result;
}

function expectSignedIn(result: SignedIn | string): SignedIn {
  if (typeof result === 'string') {
    throw new Error(`expected a sign-in, got ${result}`);
  }
  return result;
}

async function withAnna(t: Test): Promise<World & { anna: AccountRecord }> {
  const world = await open(t);
  return { ...world, anna: expectAccount(await world.accounts.create(ANNA)) };
}

t.test('the right password signs in, by any spelling of the address', async (t) => {
  const { accounts, anna } = await withAnna(t);
  for (const email of ['anna@example.org', ' Anna@EXAMPLE.org ']) {
    const { account, token, expiresAt } = expectSignedIn(await accounts.signIn(email, PASSWORD, ADDRESS));
    t.strictSame(account, anna);
    t.match(token, /^[\w-]{43}$/);
    t.equal(expiresAt, NOW + SIGN_IN_LIFE_MS);
    t.strictSame(await accounts.byToken(token), anna);
  }
});

t.test('passwords are kept as argon2id, tokens as their hash', async (t) => {
  const { accounts, store, anna } = await withAnna(t);
  t.match(anna.passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  const bert = expectAccount(await accounts.create({ ...ANNA, email: 'bert@example.org' }));
  t.not(bert.passwordHash, anna.passwordHash, 'each has its own salt');
  const { token } = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
  t.equal(await store.signIn(token), undefined);
  t.match(await store.signIn(hashToken(token)), { accountId: anna.id });
});

t.test('a wrong password and an unknown address get the same answer in the same time', async (t) => {
  const { accounts } = await withAnna(t);
  async function median(email: string): Promise<number> {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      t.equal(await accounts.signIn(email, `${PASSWORD}!`, ADDRESS), 'credentialsWrong');
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[2] ?? 0;
  }
  const known = await median(ANNA.email);
  const unknown = await median('nobody@example.org');
  t.comment(`known ${known.toFixed(0)} ms, unknown ${unknown.toFixed(0)} ms`);
  // Without hashing, the unknown one would take a hundredth. The bounds leave room for a busy machine.
  t.ok(unknown > known / 4 && unknown < known * 4, `${unknown} ms against ${known} ms`);
});

t.test('a password is the same however its umlauts are composed', async (t) => {
  const { accounts } = await open(t);
  const password = 'Übergrößenträger 1';
  expectAccount(await accounts.create({ ...ANNA, password: password.normalize('NFD') }));
  expectSignedIn(await accounts.signIn(ANNA.email, password.normalize('NFC'), ADDRESS));
});

t.test('new passwords have 12 to 128 characters', async (t) => {
  const { accounts } = await open(t);
  const rows: [string, string | undefined][] = [
    ['', 'passwordTooShort'],
    ['x'.repeat(11), 'passwordTooShort'],
    ['😀'.repeat(11), 'passwordTooShort'],
    ['x'.repeat(12), undefined],
    ['ü'.repeat(128), undefined],
    ['x'.repeat(129), 'invalidField'],
  ];
  for (const [i, [password, expected]] of rows.entries()) {
    const result = await accounts.create({ ...ANNA, email: `a${i}@example.org`, password });
    t.equal(typeof result === 'string' ? result : undefined, expected, `${password.length} units`);
  }
});

t.test('ten failures in a quarter of an hour close an account, even to the right password', async (t) => {
  const { accounts, clock } = await withAnna(t);
  for (let i = 0; i < ACCOUNT_LIMIT.points; i++) {
    const email = i % 2 === 0 ? ANNA.email : 'ANNA@example.org';
    t.equal(await accounts.signIn(email, 'wrong password', `192.0.2.${i}`), 'credentialsWrong');
  }
  t.equal(await accounts.signIn(ANNA.email, PASSWORD, '198.51.100.1'), 'throttled');
  clock.now += ACCOUNT_LIMIT.windowMs - 1;
  t.equal(await accounts.signIn(ANNA.email, PASSWORD, '198.51.100.1'), 'throttled');
  clock.now = NOW + THROTTLE_OVER_MS;
  expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, '198.51.100.1'));
});

t.test('an address that does not exist is throttled like one that does', async (t) => {
  const { accounts } = await open(t);
  for (let i = 0; i < ACCOUNT_LIMIT.points; i++) {
    t.equal(await accounts.signIn('nobody@example.org', PASSWORD, `192.0.2.${i}`), 'credentialsWrong');
  }
  t.equal(await accounts.signIn('nobody@example.org', PASSWORD, '198.51.100.1'), 'throttled');
});

t.test('a success clears the failures of the account', async (t) => {
  const { accounts } = await withAnna(t);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < ACCOUNT_LIMIT.points - 1; i++) {
      t.equal(await accounts.signIn(ANNA.email, 'wrong password', ADDRESS), 'credentialsWrong');
    }
    expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
  }
});

t.test('many attempts at the same time get no more tries than one after the other', async (t) => {
  const { accounts } = await withAnna(t);
  const attempts = Array.from({ length: 40 }, (_, i) =>
    accounts.signIn(ANNA.email, `wrong password ${i}`, `192.0.2.${i}`),
  );
  const results = await Promise.all(attempts);
  t.equal(results.filter((result) => result === 'credentialsWrong').length, ACCOUNT_LIMIT.points);
  t.equal(results.filter((result) => result === 'throttled').length, 40 - ACCOUNT_LIMIT.points);
});

t.test(
  'fifty failures in an hour close an address, to all accounts, and successes do not count',
  async (t) => {
    const { accounts, clock } = await withAnna(t);
    const home = (i: number): string => `2001:db8:1:2::${i.toString(16)}`;
    for (let i = 0; i < 3; i++) {
      expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, home(i)));
    }
    for (let i = 0; i < ADDRESS_LIMIT.points; i++) {
      const result = await accounts.signIn(`nobody${i}@example.org`, PASSWORD, home(i));
      t.equal(result, 'credentialsWrong', `failure ${i + 1}, of one household`);
    }
    t.equal(await accounts.signIn(ANNA.email, PASSWORD, home(99)), 'throttled');
    expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, '2001:db8:1:3::1'));
    clock.now += ADDRESS_LIMIT.windowMs * 1.25;
    expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, home(99)));
  },
);

t.test(
  'a flood of sign-ins is refused rather than queued for ever, and refusals are no failures',
  async (t) => {
    const { accounts } = await open(t);
    const attempt = (i: number) => accounts.signIn(`flood${i}@example.org`, PASSWORD, `192.0.2.${i}`);
    const results = await Promise.all(Array.from({ length: 80 }, (_, i) => attempt(i)));
    const refused = results.flatMap((result, i) => (result === 'throttled' ? [i] : []));
    t.equal(refused.length, 80 - 2 - 64, 'two at work, 64 waiting');
    const [index = 0] = refused;
    for (let i = 0; i < ACCOUNT_LIMIT.points; i++) {
      t.equal(await attempt(index), 'credentialsWrong', 'all ten tries are still there');
    }
  },
);

t.test('a sign-in ends half an hour after its last use, and after twelve hours in any case', async (t) => {
  const { accounts, clock, anna } = await withAnna(t);
  const { token } = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
  const idle = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS)).token;
  for (; clock.now < NOW + SIGN_IN_LIFE_MS; clock.now += SIGN_IN_IDLE_MS - 1) {
    t.strictSame(await accounts.byToken(token), anna, `${(clock.now - NOW) / MINUTE_MS} min`);
  }
  t.equal(await accounts.byToken(idle), undefined);
  clock.now = NOW + SIGN_IN_LIFE_MS - 1;
  t.strictSame(await accounts.byToken(token), anna);
  clock.now = NOW + SIGN_IN_LIFE_MS;
  t.equal(await accounts.byToken(token), undefined);
});

t.test('the last use is written at most once a minute', async (t) => {
  const { accounts, clock, transactions } = await withAnna(t);
  const { token } = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
  const before = transactions();
  clock.now += MINUTE_MS - 1;
  await accounts.byToken(token);
  t.equal(transactions(), before);
  clock.now += 1;
  await Promise.all(Array.from({ length: 20 }, () => accounts.byToken(token)));
  await accounts.byToken(token);
  t.equal(transactions(), before + 1);
});

t.test('ended sign-ins do not pile up', async (t) => {
  const { accounts, store, clock } = await withAnna(t);
  const { token } = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
  clock.now += SIGN_IN_LIFE_MS;
  expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
  t.equal(await store.signIn(hashToken(token)), undefined);
});

t.test('signing out ends that browser and no other', async (t) => {
  const { accounts, ended, anna } = await withAnna(t);
  const one = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS)).token;
  const other = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS)).token;
  await accounts.signOut(one);
  t.equal(await accounts.byToken(one), undefined);
  t.strictSame(await accounts.byToken(other), anna);
  t.strictSame(ended, [anna.id]);
  for (const none of ['', one, 'x'.repeat(43)]) {
    await accounts.signOut(none);
    t.equal(await accounts.byToken(none), undefined);
  }
  t.strictSame(ended, [anna.id]);
});

t.test(
  'a disabled account is out at once, says so only to who knows the password, and stays out',
  async (t) => {
    const { accounts, ended, anna } = await withAnna(t);
    const { token } = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
    expectAccount(await accounts.update(anna.id, { enabled: false }));
    t.equal(await accounts.byToken(token), undefined);
    t.strictSame(ended, [anna.id]);
    t.equal(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS), 'accountDisabled');
    t.equal(await accounts.signIn(ANNA.email, 'wrong password', ADDRESS), 'credentialsWrong');
    expectAccount(await accounts.update(anna.id, { enabled: true }));
    t.equal(await accounts.byToken(token), undefined, 'the old sign-in does not come back');
    expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
  },
);

t.test('a password that stopped being right while it was checked does not get in', async (t) => {
  for (const change of [{ enabled: false }, { passwordHash: 'another' }]) {
    const { accounts, store, anna, first } = await withAnna(t);
    first(() => store.transaction((tx) => tx.updateAccount({ ...anna, ...change })));
    t.equal(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS), 'credentialsWrong');
  }
  const { accounts, store, anna, first } = await withAnna(t);
  first(() => store.transaction((tx) => tx.updateAccount({ ...anna, passwordHash: 'another' })));
  t.equal(await accounts.changePassword(anna, PASSWORD, 'staple staple staple', ''), 'credentialsWrong');
  t.match(await store.account(anna.id), { passwordHash: 'another' });
});

t.test('a new password ends all other sign-ins', async (t) => {
  const { accounts, ended, anna } = await withAnna(t);
  const mine = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS)).token;
  const other = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS)).token;
  const next = 'staple staple staple';
  t.equal(await accounts.changePassword(anna, PASSWORD, 'short', mine), 'passwordTooShort');
  t.equal(await accounts.changePassword(anna, 'wrong password', next, mine), 'credentialsWrong');
  t.strictSame(ended, []);
  t.equal((await accounts.byToken(other))?.id, anna.id);

  t.equal(await accounts.changePassword(anna, PASSWORD, next, mine), undefined);
  t.strictSame(ended, [anna.id]);
  t.equal((await accounts.byToken(mine))?.id, anna.id);
  t.equal(await accounts.byToken(other), undefined);
  t.equal(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS), 'credentialsWrong');
  expectSignedIn(await accounts.signIn(ANNA.email, next, ADDRESS));
});

t.test('guessing the current password through the change of it is throttled', async (t) => {
  const { accounts, anna } = await withAnna(t);
  for (let i = 0; i < ACCOUNT_LIMIT.points; i++) {
    t.equal(await accounts.changePassword(anna, 'wrong password', PASSWORD, ''), 'credentialsWrong');
  }
  t.equal(await accounts.changePassword(anna, PASSWORD, PASSWORD, ''), 'throttled');
});

t.test('changing the password undoes nothing that an administrator has changed meanwhile', async (t) => {
  const { accounts, store, anna, first } = await withAnna(t);
  first(() => accounts.update(anna.id, { enabled: false, name: 'Anna Neu' }));
  t.equal(await accounts.changePassword(anna, PASSWORD, 'staple staple staple', ''), undefined);
  t.match(await store.account(anna.id), { enabled: false, name: 'Anna Neu' });

  const other = expectAccount(await accounts.create({ ...ANNA, email: 'other@example.org' }));
  const stale = { ...other, email: anna.email };
  t.equal(await accounts.changePassword(stale, PASSWORD, 'staple staple staple', ''), 'credentialsWrong');
});

t.test('an administrator changes what is given and nothing else', async (t) => {
  const { accounts, anna, ended } = await withAnna(t);
  const { token } = expectSignedIn(await accounts.signIn(ANNA.email, PASSWORD, ADDRESS));
  const renamed = expectAccount(await accounts.update(anna.id, { name: 'Anna B.', email: 'b@example.org' }));
  t.strictSame(renamed, { ...anna, name: 'Anna B.', email: 'b@example.org' });
  t.strictSame(await accounts.byToken(token), renamed, 'and nobody is signed out by it');
  t.equal(expectAccount(await accounts.update(anna.id, { nickname: '' })).nickname, 'Anna B.');
  t.strictSame(ended, []);

  t.equal(await accounts.update(anna.id, { password: 'short' }), 'passwordTooShort');
  expectAccount(await accounts.update(anna.id, { password: 'staple staple staple' }));
  t.equal(await accounts.byToken(token), undefined, 'a new password signs out');
  t.strictSame(ended, [anna.id]);
  expectSignedIn(await accounts.signIn('b@example.org', 'staple staple staple', ADDRESS));
  t.equal(await accounts.update(4711, { name: 'Nobody' }), 'notFound');
});

t.test('no address is given twice', async (t) => {
  const { accounts, anna } = await withAnna(t);
  t.equal(await accounts.create({ ...ANNA, email: 'ANNA@example.org' }), 'emailTaken');
  const bert = expectAccount(await accounts.create({ ...ANNA, email: 'bert@example.org', nickname: '' }));
  t.equal(bert.nickname, ANNA.name, 'without a nickname the customer sees the name');
  t.equal(await accounts.update(bert.id, { email: 'Anna@Example.Org' }), 'emailTaken');
  t.strictSame(await accounts.list(), [anna, bert]);
});

t.test('there is always an enabled administrator', async (t) => {
  const { accounts, anna } = await withAnna(t);
  const admin = (email: string) => accounts.create({ ...ANNA, email, role: 'administrator' });
  const one = expectAccount(await admin('one@example.org'));
  for (const changes of [{ enabled: false }, { role: 'technician' as const }]) {
    t.equal(await accounts.update(one.id, changes), 'lastAdministrator');
  }
  expectAccount(await accounts.update(one.id, { name: 'Still here' }));
  const two = expectAccount(await admin('two@example.org'));
  expectAccount(await accounts.update(two.id, { enabled: false }));
  t.equal(await accounts.update(one.id, { enabled: false }), 'lastAdministrator', 'a disabled one is none');
  expectAccount(await accounts.update(two.id, { enabled: true }));

  const both = await Promise.all([
    accounts.update(one.id, { role: 'technician' }),
    accounts.update(two.id, { enabled: false }),
  ]);
  t.equal(both.filter((result) => result === 'lastAdministrator').length, 1, 'not both at the same time');
  expectAccount(await accounts.update(anna.id, { enabled: false }));
});

t.test('the set-up link makes the first administrator once, and signs in', async (t) => {
  const { accounts, store, restart } = await open(t);
  const lost = await accounts.ensureFirstAdministrator(undefined);
  const token = (await restart().ensureFirstAdministrator(undefined)) ?? '';
  t.match(token, /^[\w-]{43}$/);
  t.not(token, lost, 'a new one each start');
  t.not(await store.value('setUpTokenHash'), token, 'only its hash is kept');

  const wanted = { token, name: 'Chef', email: 'chef@example.org', password: PASSWORD };
  t.equal(await accounts.redeemSetUp({ ...wanted, token: lost ?? '' }, ADDRESS), 'setUpUnknown');
  t.equal(await accounts.redeemSetUp({ ...wanted, token: '' }, ADDRESS), 'setUpUnknown');
  t.equal(await accounts.redeemSetUp({ ...wanted, password: 'short' }, ADDRESS), 'passwordTooShort');

  const results = await Promise.all([
    accounts.redeemSetUp(wanted, ADDRESS),
    accounts.redeemSetUp({ ...wanted, email: 'thief@example.org' }, ADDRESS),
  ]);
  t.equal(results.filter((result) => result === 'setUpUnknown').length, 1, 'two at once: one of them');
  const signedIn = expectSignedIn(results.find((result) => typeof result !== 'string') ?? 'nobody');
  t.match(signedIn.account, { name: 'Chef', nickname: 'Chef', role: 'administrator', enabled: true });
  t.strictSame(await accounts.byToken(signedIn.token), signedIn.account);
  t.equal(await accounts.redeemSetUp(wanted, ADDRESS), 'setUpUnknown', 'used');
  t.equal(await restart().ensureFirstAdministrator(undefined), undefined);
  t.equal((await accounts.list()).length, 1);
});

t.test('a set-up link is dead once there is an account by other means', async (t) => {
  const { accounts, restart } = await open(t);
  const token = (await accounts.ensureFirstAdministrator(undefined)) ?? '';
  const given = { email: ' Chef@example.org', password: PASSWORD };
  t.equal(await restart().ensureFirstAdministrator(given), undefined);
  const wanted = { token, name: 'Thief', email: 'thief@example.org', password: PASSWORD };
  t.equal(await accounts.redeemSetUp(wanted, ADDRESS), 'setUpUnknown');
  t.equal((await accounts.list()).length, 1);
});

t.test('the configuration makes the first administrator, and only the first', async (t) => {
  const { accounts } = await open(t);
  t.equal(
    await accounts.ensureFirstAdministrator({ email: ' Chef@example.org', password: PASSWORD }),
    undefined,
  );
  const [chef] = await accounts.list();
  t.match(chef, { name: 'Chef', nickname: 'Chef', email: 'Chef@example.org', role: 'administrator' });
  await accounts.ensureFirstAdministrator({ email: 'other@example.org', password: PASSWORD });
  t.strictSame(await accounts.list(), [chef]);
  expectSignedIn(await accounts.signIn('chef@example.org', PASSWORD, ADDRESS));
});

t.test('an administrator that cannot be made stops the start', async (t) => {
  const { accounts } = await open(t);
  for (const given of [
    { email: 'chef', password: PASSWORD },
    { email: 'chef@', password: PASSWORD },
    { email: '@example.org', password: PASSWORD },
    { email: 'a b@example.org', password: PASSWORD },
    { email: 'chef@example.org', password: 'short' },
    { email: 'chef@example.org', password: 'x'.repeat(129) },
  ]) {
    await t.rejects(accounts.ensureFirstAdministrator(given), { code: 'administratorInvalid' });
  }
  t.strictSame(await accounts.list(), []);
});
