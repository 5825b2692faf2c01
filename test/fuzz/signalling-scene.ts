/**
 * A front without sockets for the signalling fuzzer. Real: signalling, admission, sessions, store, limits. Faked: the
 * sockets, which count what they are told; the media plane, which offers at once and does what it is told; sign-in by
 * the name in the cookie; the clock.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdmission } from '../../relay/admission.ts';
import { createChannels } from '../../relay/channels.ts';
import { Groups } from '../../relay/groups.ts';
import { Guessing } from '../../relay/guessing.ts';
import { createLog, type Log } from '../../relay/log.ts';
import { createMail } from '../../relay/mail.ts';
import type { MediaPlane, PeerListener } from '../../relay/media-plane.ts';
import { createMemoryLimiter } from '../../relay/memory.ts';
import { parseClientMessage } from '../../relay/messages.ts';
import { ERRORS, type PeerId, type ServerMessage } from '../../relay/protocol.ts';
import type { HttpRequest, Socket } from '../../relay/server.ts';
import { DEFINITIONS } from '../../relay/settings-documents.ts';
import { createSignalling, type Signalling } from '../../relay/signalling.ts';
import { builtInTexts, termsOf } from '../../relay/terms.ts';
import { CHANNEL, openScene, type Scene } from '../support/sessions-scene.ts';

export const ANNA = 'anna';
export const BERT = 'bert';
/** Documents as a new relay has them, and one channel. */
const DOCUMENTS = { groups: DEFINITIONS.groups.initial, channels: { channels: [CHANNEL] } };

/** Memory where there is some: a fuzzer has no use for a disk that keeps. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A media plane whose peers exist as soon as they are wished for; what becomes of them is up to the programme. */
export class ObedientPlane implements MediaPlane {
  readonly peers = new Map<PeerId, PeerListener>();
  #last = 0;

  createPeer(_peer: object, listener: PeerListener): PeerId {
    this.#last++;
    const peerId = `peer-${this.#last}`;
    this.peers.set(peerId, listener);
    queueMicrotask(() => this.peers.get(peerId)?.offer(peerId, 'v=0'));
    return peerId;
  }

  answer(peerId: PeerId): void {
    queueMicrotask(() => this.peers.get(peerId)?.candidates(peerId, []));
  }

  mute(): void {}

  closePeer(peerId: PeerId): void {
    this.peers.delete(peerId);
  }

  tell(what: 'connected' | 'flowing' | 'silent' | 'closed'): void {
    for (const [peerId, listener] of [...this.peers]) {
      if (what === 'connected') {
        listener.connected(peerId);
      } else if (what === 'closed') {
        this.peers.delete(peerId);
        listener.closed(peerId, 'failed');
      } else {
        listener.media(peerId, what === 'flowing');
      }
    }
  }

  gate(): void {}
  expect(): void {}
  closeSession(): void {}
  onRoom(): void {}
}

/** One WebSocket, and whether every message on it was answered once. */
export class FakeSocket implements Socket {
  readonly request: HttpRequest;
  readonly heard: ServerMessage[] = [];
  readonly complaints: string[] = [];
  closed: number | undefined;
  /** Stills sent to this page. */
  stills = 0;
  /** Answers that are due, by id. */
  readonly #due = new Map<number, number>();
  readonly #onHeard: (message: ServerMessage) => void;

  constructor(cookie: string, address: string, onHeard: (message: ServerMessage) => void) {
    this.#onHeard = onHeard;
    this.request = {
      ...{ method: 'GET', path: '/ws', query: new URLSearchParams(), address },
      headers: new Map([['cookie', cookie]]),
      body: async () => undefined,
    };
  }

  get pending(): number {
    return this.#due.size;
  }

  expects(text: string): void {
    const parsed = parseClientMessage(text);
    this.expectsId(parsed.ok ? parsed.message.id : parsed.id);
  }

  expectsId(id: number): void {
    this.#due.set(id, (this.#due.get(id) ?? 0) + 1);
  }

  send(text: string): boolean {
    if (this.closed !== undefined) {
      return false;
    }
    const message = JSON.parse(text) as ServerMessage;
    if (message.type === 'ok' || message.type === 'error') {
      this.#answered(message.id);
    }
    if (message.type === 'error' || message.type === 'closing') {
      const { code } = message;
      if (!Object.hasOwn(ERRORS, code) || message.message !== ERRORS[code] || code === 'internal') {
        this.complaints.push(`answered with ${text}`);
      }
    }
    this.heard.push(message);
    this.#onHeard(message);
    return true;
  }

  sendBinary(): boolean {
    this.stills++;
    return true;
  }

  isBehind(): boolean {
    return false;
  }

  close(code: number): void {
    this.closed ??= code;
    this.#due.clear();
  }

  #answered(id: number): void {
    const due = this.#due.get(id) ?? 0;
    if (due === 0) {
      this.complaints.push(`an answer with id ${id} that nobody waited for`);
    } else if (due === 1) {
      this.#due.delete(id);
    } else {
      this.#due.set(id, due - 1);
    }
  }
}

export type Front = {
  scene: Scene;
  signalling: Signalling;
  plane: ObedientPlane;
  /** Of the log, at level error. */
  errors: string[];
  close(): Promise<void>;
};

function watchedLog(errors: string[]): Log {
  const log = createLog('silent');
  log.error = ((fields: { err?: unknown }, message?: string) => {
    errors.push(`${message}: ${fields.err instanceof Error ? (fields.err.stack ?? '') : String(fields.err)}`);
  }) as Log['error'];
  return log;
}

export async function openFront(): Promise<Front> {
  const folder = mkdtempSync(join(FOLDER, 'fernblick-fuzz-'));
  const plane = new ObedientPlane();
  const errors: string[] = [];
  const log = watchedLog(errors);
  const scene = await openScene(folder, { plane, log });
  const { sessions, directory, clock, store } = scene;
  const now = () => clock.now;
  const signalling = createSignalling({
    store,
    sessions,
    // Refusals take their time for real; here they would only take ours.
    admission: createAdmission({
      directory,
      guessing: new Guessing(),
      sessions,
      now,
      onLevelChange: () => undefined,
      wait: async () => {},
    }),
    channels: createChannels({
      groups: new Groups((name) => DOCUMENTS[name]),
      queue: sessions.queues,
      limiter: createMemoryLimiter(),
      mail: createMail({ settings: () => DEFINITIONS.mail.initial }),
      brand: 'Fernblick',
      consoleUrl: () => '',
      log,
    }),
    accountOf: async ({ headers }) =>
      ({ [ANNA]: scene.anna, [BERT]: scene.bert })[headers.get('cookie') ?? ''],
    refuseOrigin: () => undefined,
    terms: () => termsOf(builtInTexts('Fernblick'), 1),
    brand: 'Fernblick',
    consoleSettings: () => ({
      customerUrl: '',
      maxActiveSessions: 1,
      smsGateway: false,
      mailGateway: false,
      ways: [],
      waitingSteps: { amberMs: 60_000, redMs: 180_000 },
      awayMs: 0,
      fields: [],
      replies: [],
      recording: 'onDemand',
    }),
    mayInvite: () => true,
    log,
    now,
  });
  return {
    ...{ scene, signalling, plane, errors },
    async close() {
      await scene.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
