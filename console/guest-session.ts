/** The side of an expert or observer: link, joining, coming back, and what is seen and heard of the session. Owns the connection of the guest's page. */
import { Connection, type RequestError } from '../relay/client/connection.ts';
import { readShownPart } from '../relay/client/freeze-frame.ts';
import { supportedVideoCodecs } from '../relay/client/media.ts';
import {
  type GuestInvitation,
  type GuestStanding,
  type HelloResult,
  type Params,
  PROTOCOL_VERSION,
  type RequestType,
  type ServerEvent,
  type SessionId,
  WEBSOCKET_PATH,
} from '../relay/protocol.ts';
import { ConsoleBoard } from './console-boards.ts';
import { currentLanguage } from './localization.ts';
import { Microphone } from './microphone.ts';
import { type FailureCode, outcomeOf } from './outcome.ts';
import { SessionMedia } from './session-media.ts';

export type GuestStep =
  | { step: 'opening' }
  | { step: 'invited'; invitation: GuestInvitation; joining: boolean }
  | { step: 'refused'; code: FailureCode }
  | { step: 'inside'; sessionId: SessionId; guest: GuestStanding }
  | { step: 'over'; why: 'left' | 'removed' | 'ended' | 'superseded' };

/** Enough of the token to tell links apart; the whole one is nothing to leave lying about. */
const KEY_LENGTH = 12;

export class GuestSession {
  readonly media = new SessionMedia({
    answer: (peerId, sdp) => void this.#answer({ peerId, sdp }),
    failed: (peerId) => this.#tell('peerFailed', { peerId }),
    stalled: (peerId) => {
      this.#tell('peerStalled', { peerId });
      this.#connection.check();
    },
    changed: () => this.#changed(),
  });
  readonly microphone = new Microphone(() => {
    this.#shareVoice();
    this.#changed();
  });
  board: ConsoleBoard | undefined;
  step: GuestStep = { step: 'opening' };
  /** There is no connection, and it is tried again. */
  lost = false;
  readonly #token: string;
  readonly #changed: () => void;
  readonly #connection: Connection;
  #resume: string | undefined;

  constructor(token: string, changed: () => void) {
    this.#token = token;
    this.#changed = changed;
    this.#resume = recall(this.#key);
    this.#connection = new Connection({
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${WEBSOCKET_PATH}`,
      hello: () => ({
        version: PROTOCOL_VERSION,
        role: 'guest',
        language: currentLanguage(),
        videoCodecs: supportedVideoCodecs('receive'),
        peers: this.media.peerIds,
        ...(this.#resume === undefined ? {} : { resume: this.#resume }),
      }),
      onHello: (result) => void this.#greeted(result),
      onHelloError: (error) => this.#refused(error),
      onEvent: (event) => this.#heard(event),
      onBinary: (frame) => {
        const part = readShownPart(frame);
        if (part) {
          this.board?.hearPart(part);
        }
      },
      onStatus: (status) => {
        this.lost = status === 'lost';
        changed();
      },
    });
  }

  begin(): void {
    this.#connection.open();
  }

  /** @param name what the others will read */
  async join(name: string): Promise<void> {
    if (this.step.step !== 'invited' || this.step.joining) {
      return;
    }
    const { invitation } = this.step;
    this.#set({ ...this.step, joining: true });
    if (invitation.role === 'expert') {
      // Within the press, or some browsers would not ask.
      void this.microphone.take();
    }
    // Another tab of this browser may be in already: what it goes on with must stay.
    const before = recall(this.#key);
    // Kept before it is sent: should the answer get lost, `hello` with it tells whether it counted.
    this.#resume = newResumeToken();
    remember(this.#key, this.#resume);
    const asked = this.#connection.request('joinGuest', { token: this.#token, name, resume: this.#resume });
    const answer = await outcomeOf(asked);
    if (answer.ok) {
      this.#enter(answer.value.sessionId, answer.value.guest);
    } else if (answer.code !== 'notConnected') {
      this.#forget();
      remember(this.#key, before);
      this.#end({ step: 'refused', code: answer.code });
    }
  }

  async leave(): Promise<void> {
    const answer = await outcomeOf(this.#connection.request('leave', {}));
    if (answer.ok) {
      this.#forget();
    }
    this.#end({ step: 'over', why: 'left' });
  }

  // -------------------------------------------------------------- what the relay says

  async #greeted(result: HelloResult): Promise<void> {
    if (result.guest && result.sessionId !== undefined) {
      this.#enter(result.sessionId, result.guest);
      void this.board?.link.open();
      this.media.check();
      return;
    }
    const answer = await outcomeOf(this.#connection.request('openGuestLink', { token: this.#token }));
    if (answer.ok) {
      this.#set({ step: 'invited', invitation: answer.value, joining: false });
    } else if (answer.code !== 'notConnected') {
      this.#end({ step: 'refused', code: answer.code });
    }
  }

  #refused({ code }: RequestError): void {
    if (code === 'resumeUnknown') {
      this.#forget();
      this.#connection.open();
      return;
    }
    this.#end({ step: 'refused', code });
  }

  #heard(event: ServerEvent): void {
    switch (event.type) {
      case 'guest':
        if (this.step.step === 'inside') {
          this.#enter(this.step.sessionId, event.guest);
        }
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
      case 'board':
      case 'sketch':
        this.board?.hear(event);
        break;
      case 'superseded':
        this.#end({ step: 'over', why: 'superseded' });
        break;
    }
  }

  #enter(sessionId: SessionId, guest: GuestStanding): void {
    const { phase, role } = guest;
    if (phase === 'ended' || phase === 'left' || phase === 'removed') {
      this.#forget();
      this.#end({ step: 'over', why: phase });
      return;
    }
    if (!this.board) {
      if (role === 'expert') {
        // Once: a refusal is an answer, and asking again with every change of the session would be a nuisance.
        void this.microphone.take();
      }
      this.board = new ConsoleBoard(
        sessionId,
        (type, params) => this.#connection.request(type, params),
        () => this.#changed(),
      );
      void this.board.link.open();
    }
    this.#set({ step: 'inside', sessionId, guest });
    this.#shareVoice();
  }

  /** Nothing leaves the page but while the session is active. */
  #shareVoice(): void {
    const { step } = this;
    const guest = step.step === 'inside' && step.guest.phase === 'active' ? step.guest : undefined;
    this.media.sendVoice(guest?.role === 'expert' ? this.microphone.track : null);
    const { camera, microphone } = guest?.customerDevices ?? {};
    this.media.expectRemote(!guest?.interruption && (camera === 'on' || microphone === 'on'));
  }

  /** May be called in any state. */
  #end(step: GuestStep): void {
    this.#connection.close();
    this.media.close();
    this.microphone.release();
    this.board?.close();
    this.board = undefined;
    this.#set(step);
  }

  #set(step: GuestStep): void {
    this.step = step;
    this.#changed();
  }

  // -------------------------------------------------------------- messages

  /** What the relay refuses it also repairs by an event. */
  #tell<T extends RequestType>(type: T, params: Params<T>): void {
    void outcomeOf(this.#connection.request(type, params));
  }

  /** A peer whose answer did not arrive will never be up; the relay offers another one. */
  async #answer(params: Params<'answer'>): Promise<void> {
    const answer = await outcomeOf(this.#connection.request('answer', params));
    if (!answer.ok) {
      this.media.peerClosed(params.peerId);
    }
  }

  // -------------------------------------------------------------- the token of this browser

  get #key(): string {
    return `fernblick.guest.${this.#token.slice(0, KEY_LENGTH)}`;
  }

  #forget(): void {
    this.#resume = undefined;
    remember(this.#key, undefined);
  }
}

/** 256 bit in base64url. */
function newResumeToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

// Storage may be forbidden by the browser's settings; then a reload cannot go on.
function recall(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(key: string, value: string | undefined): void {
  try {
    if (value === undefined) {
      localStorage.removeItem(key);
    } else {
      localStorage.setItem(key, value);
    }
  } catch {
    // See `recall`.
  }
}
