/**
 * Everything the console knows: who is signed in, the sessions, their logs and media; owns the connection. Elements read it and call it.
 */
import { Connection, type ConnectionStatus } from '../relay/client/connection.ts';
import { supportedVideoCodecs } from '../relay/client/media.ts';
import { readShownStill } from '../relay/client/still-frame.ts';
import {
  type Account,
  type ConsoleSettings,
  type HelloResult,
  type Params,
  type PinAlarm,
  PROTOCOL_VERSION,
  type RequestType,
  type Result,
  type ServerEvent,
  type SessionEvent,
  type SessionId,
  type SessionView,
  WEBSOCKET_PATH,
} from '../relay/protocol.ts';
import { call } from './api.ts';
import { Colleagues } from './colleagues.ts';
import { ConsoleBoards } from './console-boards.ts';
import { ConsoleMedia } from './console-media.ts';
import { ConsolePhotos } from './console-photos.ts';
import type { Phase, StatusChange, Topic } from './console-topics.ts';
import { nameFields } from './field-labels.ts';
import { currentLanguage } from './localization.ts';
import { type FailureCode, NOT_CONNECTED, type Outcome, outcomeOf } from './outcome.ts';
import { PhoneWishes } from './phone-wishes.ts';
import { QualityWatch } from './quality-watch.ts';
import { SessionChats } from './session-chats.ts';
import { SessionCommands, type SessionRequest } from './session-commands.ts';
import { SessionLogs } from './session-logs.ts';
import { customerSends, isEnded, isStartable, waitingLevel } from './session-status.ts';
import { VoiceReports } from './voice-reports.ts';

export type { Phase, StatusChange, Topic };

export class ConsoleState {
  readonly #listeners = new Map<Topic, Set<() => void>>();
  readonly #statusListeners = new Set<(change: StatusChange) => void>();
  readonly #sessions = new Map<SessionId, SessionView>();
  /** Start was pressed at this time and the relay has not answered yet: shown as active at once. */
  readonly #starting = new Map<SessionId, number>();
  readonly #logs = new SessionLogs(
    (sessionId) => this.#request('openLog', { sessionId }),
    () => this.#emit('log'),
  );
  readonly commands = new SessionCommands(
    (type, params) => {
      if (type === 'endSession' && 'sessionId' in params) {
        // The relay takes no figures after the end.
        this.quality.report(params.sessionId);
      }
      return this.#ask(type, params);
    },
    (code) => this.say(code),
  );
  readonly colleagues = new Colleagues({
    request: (type, params) => this.#request(type, params),
    say: (code) => this.say(code),
    changed: () => this.#emit('sessions'),
    busy: () => this.sessions.some(({ id }) => this.isLive(id)),
    awayMs: () => this.settings?.awayMs ?? 0,
  });
  readonly chats = new SessionChats(
    (type, params) => this.#connected.request(type, params),
    () => this.#emit('chat'),
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
      this.#tellVoice();
      this.#emit('voice');
    },
  });
  readonly quality = new QualityWatch({
    sessions: () => this.sessions,
    isLive: (id) => this.isLive(id),
    stats: async (id) => this.media.of(id)?.stats(),
    report: (sessionId, quality) => this.#tell('quality', { sessionId, quality }),
    measured: () => this.#emit('quality'),
  });
  readonly #voiceReports = new VoiceReports((params) => this.#tell('devices', params));
  readonly boards = new ConsoleBoards(
    () => this.#connection,
    () => this.#emit('media'),
  );
  readonly phones = new PhoneWishes({
    request: (params) => this.#request('askCamera', params),
    changed: () => this.#emit('sessions'),
    later: (callback, delayMs) => void setTimeout(callback, delayMs),
  });
  readonly photos = new ConsolePhotos({
    connection: () => this.#connection,
    session: (id) => this.session(id),
    askConsent: (id) => this.commands.askConsent(id, 'photos'),
    say: (code) => this.say(code),
    changed: () => this.#emit('photos'),
  });
  phase: Phase = 'starting';
  account: Account | undefined;
  settings: ConsoleSettings | undefined;
  connectionStatus: ConnectionStatus = 'closed';
  /** False until the first list has come. */
  loaded = false;
  /** Relay's clock minus this computer's, in milliseconds. */
  clockOffsetMs = 0;
  /** Whether somebody tries out PINs. */
  pinAlarm: PinAlarm = 'none';
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
    void this.quality.measure();
    const levels = this.sessions
      .map((session) => waitingLevel(session, this.now, this.settings?.waitingSteps))
      .join();
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
        this.boards.hearFrame(frame);
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
    this.chats.forgetAll();
    this.boards.forgetAll();
    this.photos.forgetAll();
    this.loaded = false;
    this.#setPhase('signedOut');
  }

  /** Ends everything that lives with the connection. May be called in any state. */
  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#starting.clear();
    this.#voiceReports.forgetAll();
    this.media.endAll();
  }

  #setPhase(phase: Phase): void {
    this.phase = phase;
    this.#emit('phase');
  }

  // -------------------------------------------------------------- sessions

  /** The way from the click to the picture is measured: the request goes out first, everything else follows it. */
  async start(sessionId: SessionId): Promise<void> {
    const answer = this.#ask('startSession', { sessionId });
    this.#starting.set(sessionId, this.now);
    this.#sessionsChanged();
    this.#report(await answer);
    this.#starting.delete(sessionId);
    this.#sessionsChanged();
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

  get #connected(): Pick<Connection, 'request'> {
    return this.#connection ?? NOT_CONNECTED;
  }

  #request<T extends RequestType>(type: T, params: Params<T>): Promise<Outcome<Result<T>>> {
    return outcomeOf(this.#connected.request(type, params));
  }

  /** For messages whose answer changes nothing here: what the relay refuses it also repairs by an event. */
  #tell<T extends 'peerFailed' | 'peerStalled' | 'devices' | 'quality'>(type: T, params: Params<T>): void {
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
    this.chats.of(sessionId);
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
    this.colleagues.greeted();
    this.settings = result.settings && nameFields(result.settings);
    this.pinAlarm = result.pinAlarm ?? 'none';
    this.account = result.account ?? this.account;
    this.loaded = true;
    this.#voiceReports.forgetAll();
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
    this.chats.reopen();
    this.boards.reopen();
    this.phones.reset();
    this.photos.reopen();
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
      case 'settings':
        this.settings = nameFields(event.settings);
        this.#emit('sessions');
        break;
      case 'log':
        this.#logs.add(event.event);
        break;
      case 'chat':
      case 'chatSeen':
      case 'typing':
        this.chats.receive(event);
        break;
      case 'pinAlarm':
        this.pinAlarm = event.alarm;
        this.#emit('notice');
        break;
      case 'superseded':
        this.#disconnect();
        this.#setPhase('superseded');
        break;
      case 'offer':
      case 'candidates':
      case 'peerClosed':
        this.media.hear(event);
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
      case 'board':
      case 'sketch':
      case 'freezeFailed':
        this.boards.hear(event);
        break;
      case 'cameraWishDone':
        this.phones.hear(event);
        break;
      case 'photo':
      case 'photoGone':
        this.photos.hear(event);
        break;
      case 'freezeWanted':
      case 'cameraWish':
      case 'photoWanted':
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
    const { chats, boards, phones, photos } = this;
    for (const part of [this.#logs, this.#voiceReports, chats, boards, phones, photos]) {
      part.forget(id);
    }
    this.#opened = this.#opened.filter((opened) => opened !== id);
    this.media.end(id);
    this.#sessionsChanged();
  }

  #sessionsChanged(): void {
    this.media.shareVoice();
    this.#tellVoice();
    this.photos.settle();
    this.#emit('sessions');
  }

  #tellVoice(): void {
    if (this.connectionStatus === 'open') {
      this.#voiceReports.tell(this.media.microphone, this.#sessions.values());
    }
  }
}
