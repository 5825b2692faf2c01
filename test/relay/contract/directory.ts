/** What every adapter of `Directory` must do. The factory gives a fresh directory, on a store that has one account. */
import type { Test } from 'tap';
import {
  type Directory,
  type Invitation,
  PIN_QUARANTINE_MS,
  type Store,
  type StoreTransaction,
} from '../../../relay/store.ts';
import { addSession, NOW } from './samples.ts';

export type DirectoryUnderTest = {
  store: Store;
  directory: Directory;
  technicianId: number;
  /** Closes and opens again at that time, as a restart does. */
  reopen(now: number): Promise<DirectoryUnderTest>;
  /** From now on, draws the PIN that was given back last; so that giving back can be seen. */
  drawsLastFirst: boolean;
};

const MINUTE_MS = 60_000;
const EXPIRES_AT = NOW + 20 * MINUTE_MS;

type Wanted = Partial<Parameters<Directory['open']>[1]>;

async function newSession({ store, technicianId }: DirectoryUnderTest): Promise<number> {
  return (await addSession(store, technicianId)).id;
}

function invite(on: DirectoryUnderTest, sessionId: number, wanted: Wanted): Promise<Invitation | undefined> {
  const defaults = { sessionId, pin: false, link: false, expiresAt: EXPIRES_AT, now: NOW };
  return on.store.transaction((tx) => on.directory.open(tx, { ...defaults, ...wanted }));
}

async function inviteByPin(on: DirectoryUnderTest, sessionId: number, wanted: Wanted = {}): Promise<string> {
  return (await invite(on, sessionId, { pin: true, ...wanted }))?.pin ?? 'no PIN';
}

function end(
  on: DirectoryUnderTest,
  sessionId: number,
  state: 'used' | 'expired' | 'cancelled',
  now: number,
): Promise<void> {
  return on.store.transaction((tx) => on.directory.finish(tx, sessionId, state, now));
}

export function directoryContract(t: Test, open: (t: Test) => Promise<DirectoryUnderTest>): void {
  t.test('a PIN of six digits leads to its session', async (t) => {
    const on = await open(t);
    const sessionId = await newSession(on);
    const invitation = await invite(on, sessionId, { pin: true });
    t.match(invitation, { sessionId, pin: /^\d{6}$/, token: null, expiresAt: EXPIRES_AT, state: 'live' });
    t.strictSame(await on.directory.findPin(invitation?.pin ?? '', NOW), invitation);
    t.strictSame(await on.directory.live(sessionId), invitation);
    t.equal(await on.directory.live(await newSession(on)), undefined);
  });

  t.test('a link token of 256 bits leads to its session', async (t) => {
    const on = await open(t);
    const sessionId = await newSession(on);
    const invitation = await invite(on, sessionId, { link: true });
    t.match(invitation, { sessionId, pin: null, token: /^[\w-]{43}$/, expiresAt: EXPIRES_AT, state: 'live' });
    t.strictSame(await on.directory.findToken(invitation?.token ?? ''), invitation);
  });

  t.test('what is neither a live PIN nor a token leads nowhere', async (t) => {
    const on = await open(t);
    const pin = await inviteByPin(on, await newSession(on));
    for (const other of ['', '0', pin.slice(1), `${pin}0`, ` ${pin}`, '٠١٢٣٤٥', 'x'.repeat(10_000)]) {
      t.equal(await on.directory.findPin(other, NOW), undefined);
      t.equal(await on.directory.findToken(other), undefined);
    }
  });

  t.test('the other method is added to the invitation, and neither is ever replaced', async (t) => {
    const on = await open(t);
    const sessionId = await newSession(on);
    const first = await invite(on, sessionId, { pin: true });
    const both = await invite(on, sessionId, { link: true, expiresAt: EXPIRES_AT + 5 });
    t.match(both, { pin: first?.pin, token: /^[\w-]{43}$/, expiresAt: EXPIRES_AT + 5 });
    const again = await invite(on, sessionId, { pin: true, link: true, expiresAt: EXPIRES_AT + 9 });
    t.strictSame(again, both, 'nothing was added, so nothing changes');

    const other = await newSession(on);
    await invite(on, other, { link: true });
    t.match(await invite(on, other, { pin: true, expiresAt: EXPIRES_AT - 5 }), { expiresAt: EXPIRES_AT });
  });

  t.test('sessions never share a live PIN or a token', async (t) => {
    const on = await open(t);
    const pins = new Set<string | null | undefined>();
    const tokens = new Set<string | null | undefined>();
    for (let i = 0; i < 200; i++) {
      const invitation = await invite(on, await newSession(on), { pin: true, link: true });
      pins.add(invitation?.pin);
      tokens.add(invitation?.token);
    }
    t.equal(pins.size, 200);
    t.equal(tokens.size, 200);
  });

  t.test('an ended invitation opens nothing, and its link says what became of it', async (t) => {
    const on = await open(t);
    for (const state of ['used', 'expired', 'cancelled'] as const) {
      const sessionId = await newSession(on);
      const invitation = await invite(on, sessionId, { pin: true, link: true });
      await end(on, sessionId, state, NOW + 1);
      t.equal(await on.directory.findPin(invitation?.pin ?? '', NOW + 1), undefined);
      t.equal(await on.directory.live(sessionId), undefined);
      t.match(await on.directory.findToken(invitation?.token ?? ''), { sessionId, state });
      await end(on, sessionId, 'cancelled', NOW + 2);
      t.match(await on.directory.findToken(invitation?.token ?? ''), { state }, 'the first end counts');
    }
  });

  t.test('a PIN opens nothing from its expiry on, though nobody has ended it', async (t) => {
    const on = await open(t);
    const sessionId = await newSession(on);
    const invitation = await invite(on, sessionId, { pin: true, link: true });
    const pin = invitation?.pin ?? '';
    t.match(await on.directory.findPin(pin, EXPIRES_AT - 1), { sessionId });
    t.equal(await on.directory.findPin(pin, EXPIRES_AT), undefined);

    const later = { now: EXPIRES_AT, expiresAt: EXPIRES_AT + 1000 };
    const next = await invite(on, sessionId, { pin: true, link: true, ...later });
    t.match(next, { state: 'live', expiresAt: EXPIRES_AT + 1000 });
    t.not(next?.pin, pin);
    t.match(await on.directory.findToken(invitation?.token ?? ''), { state: 'expired' });
    t.strictSame(await on.directory.live(sessionId), next);
  });

  t.test('an ended PIN is not given out again for a day, also after a restart', async (t) => {
    let on = await open(t);
    t.ok(on.drawsLastFirst);
    const pin = await inviteByPin(on, await newSession(on));
    const endedAt = NOW + MINUTE_MS;
    await end(on, (await on.directory.findPin(pin, NOW))?.sessionId ?? 0, 'used', endedAt);
    const rested = endedAt + PIN_QUARANTINE_MS;
    const live = { expiresAt: rested + MINUTE_MS };
    t.not(await inviteByPin(on, await newSession(on), { ...live, now: endedAt }), pin);
    t.not(await inviteByPin(on, await newSession(on), { ...live, now: rested - 1 }), pin);
    on = await on.reopen(rested - 1);
    t.not(await inviteByPin(on, await newSession(on), { ...live, now: rested - 1 }), pin);
    t.equal(await inviteByPin(on, await newSession(on), { ...live, now: rested }), pin);
  });

  t.test('live PINs and links survive a restart and are not given out twice', async (t) => {
    const before = await open(t);
    const sessionId = await newSession(before);
    const invitation = await invite(before, sessionId, { pin: true, link: true });
    const on = await before.reopen(NOW);
    t.strictSame(await on.directory.findPin(invitation?.pin ?? '', NOW), invitation);
    t.strictSame(await on.directory.findToken(invitation?.token ?? ''), invitation);
    t.strictSame(await on.directory.live(sessionId), invitation);
    t.not(await inviteByPin(on, await newSession(on)), invitation?.pin);
  });

  t.test('a PIN drawn in a transaction that fails is free again', async (t) => {
    const on = await open(t);
    const sessionId = await newSession(on);
    const drawn: (string | null | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      const failing = on.store.transaction(async (tx) => {
        const wanted = { sessionId, pin: true, link: true, expiresAt: EXPIRES_AT, now: NOW };
        drawn.push((await on.directory.open(tx, wanted))?.pin);
        throw new Error('changed my mind');
      });
      await t.rejects(failing, { message: 'changed my mind' });
      t.equal(await on.directory.live(sessionId), undefined);
      t.equal(await on.directory.findPin(drawn[0] ?? '', NOW), undefined);
    }
    t.strictSame(drawn, [drawn[0], drawn[0], drawn[0]]);
    t.equal(await inviteByPin(on, sessionId), drawn[0]);
  });

  t.test('an end in a transaction that fails has not happened', async (t) => {
    const on = await open(t);
    const sessionId = await newSession(on);
    const invitation = await invite(on, sessionId, { pin: true });
    const failing = on.store.transaction(async (tx) => {
      await on.directory.finish(tx, sessionId, 'used', NOW);
      throw new Error('changed my mind');
    });
    await t.rejects(failing, { message: 'changed my mind' });
    t.strictSame(await on.directory.findPin(invitation?.pin ?? '', NOW), invitation);
    const later = { now: NOW + 2 * PIN_QUARANTINE_MS, expiresAt: NOW + 3 * PIN_QUARANTINE_MS };
    t.not(
      await inviteByPin(on, await newSession(on), later),
      invitation?.pin,
      'and it is not set free later',
    );
  });

  t.test('cancelling and inviting anew in one transaction gives another PIN', async (t) => {
    const on = await open(t);
    const sessionId = await newSession(on);
    const pin = await inviteByPin(on, sessionId);
    const next = await on.store.transaction(async (tx) => {
      await on.directory.finish(tx, sessionId, 'cancelled', NOW);
      const wanted = { sessionId, pin: true, link: false, expiresAt: EXPIRES_AT, now: NOW };
      return on.directory.open(tx, wanted);
    });
    t.not(next?.pin, pin);
    t.equal(await on.directory.findPin(pin, NOW), undefined);
    t.match(await on.directory.findPin(next?.pin ?? '', NOW), { sessionId });
  });

  t.test('a transaction that is over opens no invitation', async (t) => {
    const on = await open(t);
    const sessionId = await newSession(on);
    const kept: StoreTransaction[] = [];
    await on.store.transaction(async (tx) => {
      kept.push(tx);
    });
    for (const tx of kept) {
      const wanted = { sessionId, pin: true, link: false, expiresAt: EXPIRES_AT, now: NOW };
      await t.rejects(on.directory.open(tx, wanted));
    }
    t.equal(await on.directory.live(sessionId), undefined);
  });
}
