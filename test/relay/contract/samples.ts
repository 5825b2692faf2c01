/** Records to put into a store, each with every field set, and folders to put it in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createMachine } from '../../../relay/session-state.ts';
import type {
  AccountRecord,
  ConsentRecord,
  NewEvent,
  SessionRecord,
  SignInRecord,
  Store,
} from '../../../relay/store.ts';

/** Some moment; a Thursday in November 2025. */
export const NOW = 1_763_640_000_000;

export function newFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'fernblick-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function sampleAccount(changes: Partial<AccountRecord> = {}): Omit<AccountRecord, 'id'> {
  return {
    name: 'Jürgen Groß',
    nickname: 'Jürgen',
    email: 'juergen@example.org',
    role: 'technician',
    enabled: true,
    passwordHash: '$argon2id$none',
    createdAt: NOW,
    ...changes,
  };
}

export function sampleSession(
  technicianId: number,
  changes: Partial<SessionRecord> = {},
): Omit<SessionRecord, 'id'> {
  return {
    technicianId,
    groupId: '',
    machine: createMachine(NOW),
    fields: {
      name: 'Anna',
      phone: '+49 30 1',
      email: 'a@example.org',
      ticketId: 'T"1',
      custom: { floor: '2' },
    },
    channel: '',
    createdAt: NOW,
    startedAt: null,
    endedAt: null,
    dismissed: false,
    customer: null,
    resumeHash: null,
    previousResumeHash: null,
    transfer: null,
    outcome: null,
    notes: '',
    rating: null,
    ...changes,
  };
}

export function sampleEvent(changes: Partial<NewEvent> = {}): NewEvent {
  return {
    at: NOW,
    actor: 'technician',
    actorName: 'Jürgen Groß',
    type: 'stateChanged',
    data: { from: 'connecting', attempt: 2, automatic: false },
    ...changes,
  };
}

export function sampleConsent(sessionId: number, changes: Partial<ConsentRecord> = {}): ConsentRecord {
  return {
    sessionId,
    at: NOW,
    kind: 'terms',
    answer: 'granted',
    version: 3,
    language: 'de',
    textHash: 'ab'.repeat(32),
    tokenHash: 'cd'.repeat(32),
    ...changes,
  };
}

export function sampleSignIn(accountId: number, changes: Partial<SignInRecord> = {}): SignInRecord {
  return { tokenHash: 'hash', accountId, createdAt: NOW, expiresAt: NOW + 1000, seenAt: NOW, ...changes };
}

/** The one account of a fresh store. */
export async function addAccount(store: Store, changes: Partial<AccountRecord> = {}): Promise<AccountRecord> {
  const account = await store.transaction((tx) => tx.insertAccount(sampleAccount(changes)));
  if (!account) {
    throw new Error('the address is taken');
  }
  return account;
}

export async function addSession(store: Store, technicianId: number): Promise<SessionRecord> {
  return store.transaction((tx) => tx.insertSession(sampleSession(technicianId)));
}
