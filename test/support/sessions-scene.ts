/**
 * A front without sockets and media: real sessions on a real SQLite store with a real directory of PINs, pages that
 * write down what they are told, a media plane that does nothing, and a clock that stands still until it is moved.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openBlobFiles } from '../../relay/blob-files.ts';
import { openSqliteDirectory } from '../../relay/directory-sqlite.ts';
import type { LiveSession } from '../../relay/live-session.ts';
import { createLog, type Log } from '../../relay/log.ts';
import type { MediaPlane } from '../../relay/media-plane.ts';
import type { Participant } from '../../relay/party-media.ts';
import type {
  Account,
  Channel,
  CustomerFields,
  InvitationMethod,
  RecordingPolicy,
  ServerEvent,
  SessionView,
  Terms,
  VideoCodec,
} from '../../relay/protocol.ts';
import { createSecrets } from '../../relay/secrets.ts';
import { Sessions } from '../../relay/sessions.ts';
import type { Blob, Directory, Store } from '../../relay/store.ts';
import { openSqliteStore } from '../../relay/store-sqlite.ts';
import { ON_DEMAND, TestRecordings } from './recording-scene.ts';

export const MINUTE_MS = 60_000;
export const FIELDS: CustomerFields = { name: 'Frau Keller', phone: '', email: '', ticketId: '', custom: {} };
export const TERMS: Terms = { version: 1, language: 'de', text: 'Text', hash: 'ab'.repeat(32) };
export const CHANNEL: Channel = {
  name: 'help',
  groupId: 'support',
  enabled: true,
  ...{ titleEn: 'Help', titleDe: 'Hilfe', textEn: '', textDe: '', hoursEn: '', hoursDe: '' },
  ...{ whenAbsent: 'wait', absentEn: '', absentDe: '' },
};
export const DEVICES = { microphone: 'on', camera: 'on' } as const;

type EventOf<T extends ServerEvent['type']> = Extract<ServerEvent, { type: T }>;

/** A page that writes down what it is told. */
export class Page implements Participant {
  readonly videoCodecs: readonly VideoCodec[] = ['VP8'];
  readonly heard: ServerEvent[] = [];
  readonly #onTold: (event: ServerEvent) => void;

  constructor(onTold: (event: ServerEvent) => void = () => undefined) {
    this.#onTold = onTold;
  }

  send(event: ServerEvent): void {
    // As on the wire: what is changed afterwards does not change what was said.
    this.heard.push(structuredClone(event));
    this.#onTold(event);
  }

  readonly stills: Uint8Array[] = [];

  sendStill(frame: Uint8Array): boolean {
    this.stills.push(frame);
    return true;
  }

  sendVolatile(event: ServerEvent): void {
    this.send(event);
  }

  of<T extends ServerEvent['type']>(type: T): EventOf<T>[] {
    return this.heard.filter((event): event is EventOf<T> => event.type === type);
  }
}

const NO_MEDIA: MediaPlane = {
  createPeer: () => undefined,
  answer: () => undefined,
  closePeer: () => undefined,
  gate: () => undefined,
  mute: () => undefined,
  closeSession: () => undefined,
  expect: () => undefined,
  onRoom: () => undefined,
};

export type Scene = {
  sessions: Sessions;
  /** The one that the sessions work on, with its transactions watched. */
  store: Store;
  directory: Directory;
  blob: Blob;
  clock: { now: number };
  settings: {
    invitationMs: number;
    offlineMs: number;
    maxActiveSessions: number;
    waitingMs: number;
    idleMs: number;
    groupOf: (accountId: number) => string;
    customersDraw: boolean;
    recording: RecordingPolicy;
  };
  recordings: TestRecordings;
  /** Where journals would be. */
  journals: string;
  anna: Account;
  bert: Account;
  /** Number of transactions that are on disk. */
  committed(): number;
  /** Has the next transaction fail when all its work is done. */
  failNext(): void;
  /** Has the next transaction wait before it is committed, until the returned function is called. */
  holdNext(): () => void;
  /** The relay again, on the same disk; nobody is connected. */
  restart(): Promise<Sessions>;
  close(): Promise<void>;
};

/** @param parts what is to be real, or watched, instead of the silent ones */
export async function openScene(
  folder: string,
  { plane = NO_MEDIA, log = createLog('silent') }: { plane?: MediaPlane; log?: Log } = {},
): Promise<Scene> {
  const clock = { now: 1_767_225_600_000 };
  const settings: Scene['settings'] = {
    invitationMs: 20 * MINUTE_MS,
    offlineMs: 5 * MINUTE_MS,
    maxActiveSessions: 1,
    waitingMs: 0,
    idleMs: 0,
    groupOf: () => 'support',
    customersDraw: true,
    recording: ON_DEMAND,
  };
  const recordings = new TestRecordings();
  const journals = join(folder, 'recordings');
  const sqlite = await openSqliteStore(join(folder, 'fernblick.db'));
  const secrets = createSecrets(randomBytes(32));
  const directory = await openSqliteDirectory(sqlite, secrets, clock.now);
  let commits = 0;
  let failing = false;
  let held: Promise<void> | undefined;
  const store: Store = {
    ...sqlite,
    async transaction(work, options) {
      const fail = failing;
      const hold = held;
      failing = false;
      held = undefined;
      const result = await sqlite.transaction(async (tx) => {
        const done = await work(tx);
        await hold;
        if (fail) {
          throw new Error('disk full');
        }
        return done;
      }, options);
      commits += 1;
      return result;
    },
  };
  const blob = await openBlobFiles(join(folder, 'files'));
  const open = () =>
    Sessions.open({
      store,
      blob,
      directory,
      plane,
      recording: {
        media: recordings,
        folder: journals,
        policyOf: () => settings.recording,
        onClosed: (recording) => recordings.closed.push(recording),
      },
      log,
      secrets,
      now: () => clock.now,
      later: () => () => undefined,
      settings: {
        origin: () => 'https://help.example.org',
        get invitationMs() {
          return settings.invitationMs;
        },
        get offlineMs() {
          return settings.offlineMs;
        },
        get maxActiveSessions() {
          return settings.maxActiveSessions;
        },
        groupOf: (accountId) => settings.groupOf(accountId),
        waitingMs: () => settings.waitingMs,
        idleMs: () => settings.idleMs,
        groups: () => [
          { id: 'support', name: 'Support' },
          { id: 'sales', name: 'Sales' },
        ],
        customersDraw: () => settings.customersDraw,
        turn: { urls: [], secret: '' },
      },
    });
  const addAccount = async (name: string): Promise<Account> => {
    const account = {
      name,
      nickname: name,
      email: `${name}@example.org`,
      role: 'technician',
      enabled: true,
    } as const;
    const record = await store.transaction((tx) =>
      tx.insertAccount({ ...account, passwordHash: '', createdAt: clock.now }),
    );
    return { ...account, id: record?.id ?? 0 };
  };
  return {
    sessions: await open(),
    store,
    directory,
    blob,
    clock,
    settings,
    recordings,
    journals,
    anna: await addAccount('Anna'),
    bert: await addAccount('Bert'),
    committed: () => commits,
    failNext() {
      failing = true;
    },
    holdNext() {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    restart: open,
    close: () => sqlite.close(),
  };
}

/** @throws when `value` is the code of a refusal, or nothing */
export function granted<T extends object>(value: T | string | undefined): T {
  if (typeof value !== 'object') {
    throw new Error(`refused: ${value}`);
  }
  return value;
}

export async function createSession(
  { sessions }: Pick<Scene, 'sessions'>,
  account: Account,
  method: InvitationMethod = 'pin',
): Promise<{ session: LiveSession; view: SessionView }> {
  const view = granted(await sessions.create(account, FIELDS, method));
  return { session: granted(sessions.owned(account, view.id)), view };
}

export function accept(sessions: Sessions, session: LiveSession, page: Page, resumeHash: string) {
  return sessions.customers.accept(session, page, {
    terms: TERMS,
    devices: DEVICES,
    browser: 'Test',
    resumeHash,
  });
}

/** A session whose customer waits, with the customer's page; it resumes by `hash-ID`. */
export async function createWaiting(
  scene: Pick<Scene, 'sessions'>,
  account: Account,
): Promise<{ session: LiveSession; customer: Page }> {
  const { session } = await createSession(scene, account);
  const customer = new Page();
  await scene.sessions.customers.claim(session, customer, 'pin');
  granted(await accept(scene.sessions, session, customer, `hash-${session.record.id}`));
  return { session, customer };
}
