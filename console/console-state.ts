/**
 * Everything the console knows, in one place: who is signed in, the sessions, their logs and media.
 * It owns the connection and all that lives with it. Elements read it, call its methods and never build messages.
 */
import { Connection, type ConnectionStatus } from '../relay/client/connection.ts';
import { supportedVideoCodecs } from '../relay/client/media.ts';
import { readShownStill } from '../relay/client/still-frame.ts';
import {
  type Account,
  type ConsoleSettings,
  type CustomerFields,
  type DeviceState,
  type HelloResult,
  type InvitationMethod,
  type Params,
  PROTOCOL_VERSION,
  type RequestType,
  type Result,
  type ServerEvent,
  type SessionEvent,
  type SessionId,
  type SessionStatus,
  type SessionView,
  WEBSOCKET_PATH,
} from '../relay/protocol.ts';
import { call } from './api.ts';
import { ConsoleMedia } from './console-media.ts';
import { currentLanguage } from './localization.ts';
import { type FailureCode, failure, type Outcome, outcomeOf } from './outcome.ts';
import { SessionLogs } from './session-logs.ts';
import { customerSends, isEnded, isStartable, waitingLevel } from './session-status.ts';

export type Phase =
  /** Not yet known whether somebody is signed in. */
  | 'starting'
  | 'unreachable'
  | 'signedOut'
  | 'signedIn'
  /** Another window of the same account took over. */
  | 'superseded'
  /** The relay speaks a newer protocol: the page must be reloaded. */
  | 'outdated';

/** What changed; `sessions` covers list and single session, `voice` microphone and speaker. */
export type Topic = 'phase' | 'connection' | 'sessions' | 'log' | 'media' | 'voice' | 'notice';

export type StatusChange = { session: SessionView; before: SessionStatus | undefined };

/** Requests that answer with the session as it is afterwards. */
type SessionRequest = 'createSession' | 'invite' | 'editSession' | 'startSession' | 'endSession';

export class ConsoleState {
  readonly #listeners = new Map<Topic, Set<() => void>>();
  readonly #statusListeners = new Set<(change: StatusChange) => void>();
  readonly #sessions = new Map<SessionId, SessionView>();
  /** Start was pressed at this time and the relay has not answered yet: shown as active at once. */
  readonly #starting = new Map<SessionId, number>();
  readonly #toldDevices = new Map<SessionId, string>();
  readonly #logs = new SessionLogs(
    (sessionId) => this.#request('openLog', { sessionId }),
    () => this.#emit('log'),
  );
  #connection: Connection | undefined;
  #opened: SessionId[] = [];
  #levels = '';

  readonly media = new ConsoleMedia({
    isLive: (id) => this.isLive(id),
    customerSends: (id) => customerSends(this.session(id)),
    answer: (params) => void this.#answer(params),
    peerFailed: (params) => this.#tell('peerFailed', params),
    peerStalled: (params) => {
      this.#tell('peerStalled', params);
      // What silenced the media may have killed the socket too.
      this.#connection?.check();
    },
    mediaChanged: () => this.#emit('media'),
    voiceChanged: () => {
      this.#tellDevices();
      this.#emit('voice');
    },
  });
  phase: Phase = 'starting';
  account: Account | undefined;
  settings: ConsoleSettings | undefined;
  connectionStatus: ConnectionStatus = 'closed';
  /** False until the first list has come. */
  loaded = false;
  /** Relay's clock minus this computer's, in milliseconds. */
  clockOffsetMs = 0;
  /** What went wrong last, for the page to say. */
  notice: FailureCode | undefined;

  // -------------------------------------------------------------- observing

  /** Calls back after each change of a topic; returns the undo. */
  on(topic: Topic, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Calls back when a session is new or its status is another; returns the undo. */
  onStatusChange(listener: (change: StatusChange) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  #emit(topic: Topic): void {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      listener();
    }
  }

  // -------------------------------------------------------------- reading

  /** Epoch milliseconds of the relay's clock. */
  get now(): number {
    return Date.now() + this.clockOffsetMs;
  }

  get sessions(): SessionView[] {
    return [...this.#sessions.keys()].flatMap((id) => this.session(id) ?? []);
  }

  session(id: SessionId): SessionView | undefined {
    const session = this.#sessions.get(id);
    const startedAt = this.#starting.get(id);
    return session !== undefined && startedAt !== undefined && isStartable(session.status)
      ? { ...session, status: 'active', statusSince: startedAt }
      : session;
  }

  /** Sessions with a tab, in the order of opening. */
  get opened(): SessionId[] {
    return this.#opened.filter((id) => this.#sessions.has(id));
  }

  log(id: SessionId): SessionEvent[] {
    return this.#logs.of(id);
  }

  /** Called every second: waiting customers change their colour by time alone. */
  age(): void {
    const levels = this.sessions.map((session) => waitingLevel(session, this.now)).join();
    if (levels !== this.#levels) {
      this.#levels = levels;
      this.#emit('sessions');
    }
  }

  /** Active, or interrupted while it was. */
  isLive(id: SessionId): boolean {
    const session = this.session(id);
    return session?.status === 'active' || session?.before === 'active';
  }

  // -------------------------------------------------------------- account

  /** Finds out who is signed in. */
  async begin(): Promise<void> {
    const answer = await call('GET /api/account', undefined);
    if (answer.ok) {
      this.enter(answer.value.account);
    } else if (answer.code === 'notSignedIn' || answer.code === 'accountDisabled') {
      this.#refused(answer.code);
    } else {
      this.#setPhase('unreachable');
    }
  }

  /** Somebody signed in, or this window takes over from another one. */
  enter(account: Account): void {
    this.account = account;
    this.notice = undefined;
    this.#setPhase('signedIn');
    this.#connection ??= new Connection({
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${WEBSOCKET_PATH}`,
      hello: () => ({
        version: PROTOCOL_VERSION,
        role: 'technician',
        language: currentLanguage(),
        videoCodecs: supportedVideoCodecs('receive'),
        peers: this.media.peerIds,
      }),
      onHello: (result) => this.#greeted(result),
      onHelloError: (error) => this.#refused(error.code),
      onEvent: (event) => this.#heard(event),
      onBinary: (frame) => {
        const still = readShownStill(frame);
        if (still !== undefined) {
          this.media.still(still.sessionId, still.jpeg);
        }
      },
      onStatus: (status) => {
        this.connectionStatus = status;
        this.#emit('connection');
      },
    });
    this.#connection.open();
  }

  async signOut(): Promise<void> {
    this.#disconnect();
    const answer = await call('POST /api/sign-out', {});
    this.#leave(answer.ok ? undefined : answer.code);
  }

  #refused(code: FailureCode): void {
    if (code === 'versionMismatch') {
      this.#disconnect();
      this.#setPhase('outdated');
    } else {
      this.#leave(code === 'notSignedIn' ? undefined : code);
    }
  }

  #leave(notice: FailureCode | undefined): void {
    this.#disconnect();
    this.account = undefined;
    this.notice = notice;
    this.#opened = [];
    this.#sessions.clear();
    this.#logs.forgetAll();
    this.loaded = false;
    this.#setPhase('signedOut');
  }

  /** Ends everything that lives with the connection. May be called in any state. */
  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#starting.clear();
    this.#toldDevices.clear();
    this.media.endAll();
  }

  #setPhase(phase: Phase): void {
    this.phase = phase;
    this.#emit('phase');
  }

  // -------------------------------------------------------------- sessions

  createSession(fields: CustomerFields, method: InvitationMethod): Promise<Outcome<SessionView>> {
    return this.#ask('createSession', { fields, method });
  }

  /** Adds the other method to the invitation. */
  invite(sessionId: SessionId, method: InvitationMethod): Promise<Outcome<SessionView>> {
    return this.#ask('invite', { sessionId, method });
  }

  editSession(sessionId: SessionId, fields: CustomerFields): Promise<Outcome<SessionView>> {
    return this.#ask('editSession', { sessionId, fields });
  }

  /** The way from the click to the picture is measured: the request goes out first, everything else follows it. */
  async start(sessionId: SessionId): Promise<void> {
    const answer = this.#ask('startSession', { sessionId });
    this.#starting.set(sessionId, this.now);
    this.#sessionsChanged();
    this.#report(await answer);
    this.#starting.delete(sessionId);
    this.#sessionsChanged();
  }

  async end(sessionId: SessionId): Promise<void> {
    this.#report(await this.#ask('endSession', { sessionId }));
  }

  /** Takes an ended session out of the list. */
  async dismiss(sessionId: SessionId): Promise<void> {
    const answer = await this.#request('dismissSession', { sessionId });
    if (answer.ok) {
      this.#remove(sessionId);
    }
    this.#report(answer);
  }

  /** Shows the sentence of a failure, or takes the last one away. */
  say(code: FailureCode | undefined): void {
    if (code === 'notSignedIn') {
      this.#leave(undefined);
    } else if (this.notice !== code) {
      this.notice = code;
      this.#emit('notice');
    }
  }

  #report(answer: Outcome<unknown>): void {
    this.say(answer.ok ? undefined : answer.code);
  }

  async #ask<T extends SessionRequest>(type: T, params: Params<T>): Promise<Outcome<SessionView>> {
    const answer: Outcome<{ session: SessionView }> = await this.#request(type, params);
    if (!answer.ok) {
      return answer;
    }
    this.#update(answer.value.session);
    return { ok: true, value: answer.value.session };
  }

  async #request<T extends RequestType>(type: T, params: Params<T>): Promise<Outcome<Result<T>>> {
    return this.#connection === undefined
      ? failure('notConnected')
      : await outcomeOf(this.#connection.request(type, params));
  }

  /** For messages whose answer changes nothing here: what the relay refuses it also repairs by an event. */
  #tell<T extends 'peerFailed' | 'peerStalled' | 'devices'>(type: T, params: Params<T>): void {
    void this.#request(type, params);
  }

  /** A peer whose answer did not arrive will never be up; the relay offers another one. */
  async #answer(params: Params<'answer'>): Promise<void> {
    const answer = await this.#request('answer', params);
    if (!answer.ok) {
      this.media.peerClosed(params.peerId);
    }
  }

  /** Gives the session a tab and loads its log. */
  open(sessionId: SessionId): void {
    if (!this.#opened.includes(sessionId)) {
      this.#opened = [...this.#opened, sessionId];
      this.#emit('sessions');
    }
    this.#logs.open(sessionId);
  }

  /** Takes the tab away; the session itself stays as it is. */
  shut(sessionId: SessionId): void {
    this.#opened = this.#opened.filter((id) => id !== sessionId);
    this.#emit('sessions');
  }

  // -------------------------------------------------------------- what the relay says

  #greeted(result: HelloResult): void {
    const sessions = result.sessions ?? [];
    this.clockOffsetMs = result.now - Date.now();
    this.settings = result.settings;
    this.account = result.account ?? this.account;
    this.loaded = true;
    this.#toldDevices.clear();
    const listed = new Set(sessions.map(({ id }) => id));
    for (const id of [...this.#sessions.keys()].filter((held) => !listed.has(held))) {
      this.#remove(id);
    }
    for (const session of sessions) {
      this.#update(session);
      if (this.isLive(session.id)) {
        this.open(session.id);
      }
    }
    // Lines of the time without connection are missing in the open logs.
    for (const id of this.opened) {
      void this.#logs.reload(id);
    }
    this.media.check();
    this.#emit('sessions');
    this.#emit('connection');
  }

  #heard(event: ServerEvent): void {
    switch (event.type) {
      case 'session':
        this.#update(event.session);
        break;
      case 'sessionRemoved':
        this.#remove(event.sessionId);
        break;
      case 'log':
        this.#logs.add(event.event);
        break;
      case 'superseded':
        this.#disconnect();
        this.#setPhase('superseded');
        break;
      case 'offer':
        this.media.offer(event);
        break;
      case 'candidates':
        this.media.candidates(event.peerId, event.candidates);
        break;
      case 'peerClosed':
        this.media.peerClosed(event.peerId);
        break;
      case 'closing':
        if (
          event.code === 'notSignedIn' ||
          event.code === 'accountDisabled' ||
          event.code === 'versionMismatch'
        ) {
          this.#refused(event.code);
        }
        break;
      case 'customer':
        break;
    }
  }

  #update(session: SessionView): void {
    const before = this.#sessions.get(session.id)?.status;
    this.#sessions.set(session.id, session);
    if (isEnded(session.status)) {
      this.media.end(session.id);
    }
    this.#sessionsChanged();
    if (before !== session.status) {
      for (const listener of [...this.#statusListeners]) {
        listener({ session, before });
      }
    }
  }

  #remove(id: SessionId): void {
    this.#sessions.delete(id);
    this.#logs.forget(id);
    this.#toldDevices.delete(id);
    this.#opened = this.#opened.filter((opened) => opened !== id);
    this.media.end(id);
    this.#sessionsChanged();
  }

  #sessionsChanged(): void {
    this.media.shareVoice();
    this.#tellDevices();
    this.#emit('sessions');
  }

  /** Customers of active sessions see whether they can be heard. Told once, and again when it changes. */
  #tellDevices(): void {
    const { status, muted } = this.media.microphone;
    if (status === 'off' || status === 'asking') {
      // Not known yet; the log of the session need not have it.
      return;
    }
    const devices: DeviceState = {
      microphone: status !== 'on' ? 'none' : muted ? 'muted' : 'on',
      camera: 'none',
    };
    for (const session of this.#sessions.values()) {
      if (
        session.status === 'active' &&
        this.connectionStatus === 'open' &&
        this.#toldDevices.get(session.id) !== devices.microphone
      ) {
        this.#toldDevices.set(session.id, devices.microphone);
        this.#tell('devices', { sessionId: session.id, devices });
      }
    }
  }
}
